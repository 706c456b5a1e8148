//! Whether those who ask the API have to say who they are.

/// Who may ask the API.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct AuthOptions {
    /// Whether who asks the API has to say who they are, by an API key (`keyforge apikey create`): `required`, or `none` for
    /// addresses of this machine
    #[arg(long, env = "KEYFORGE_AUTH", value_name = "WHETHER", value_enum, default_value_t = AuthMode::None)]
    pub auth: AuthMode,
}

/// Whether somebody has to say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum AuthMode {
    /// Nobody has to.
    None,
    /// Everybody has to; probes of health are answered shortly.
    Required,
}
