//! The proxies in front of the API whose word is taken for whom they ask.

use crate::network::Cidr;

/// Who stands in front of the API.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ProxyOptions {
    /// Networks of the proxies in front of the API, parted by commas: only their `X-Forwarded-For` and `X-Forwarded-Proto`
    /// are believed
    #[arg(long, env = "KEYFORGE_BEHIND_PROXY", value_name = "NETWORKS", value_delimiter = ',')]
    pub behind_proxy: Vec<Cidr>,
}
