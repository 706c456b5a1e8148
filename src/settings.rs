//! Settings: what the process is told at its start, each declared once by the module that it belongs to.
//!
//! A flag, a variable `KEYFORGE_<NAME>` and a key of `keyforge.toml`, in that order. Secrets come from files or the
//! environment only. Invariant: no other module reads the environment.

mod audit;
mod auth;
mod authorities;
mod file;
mod listen;
mod messages;
mod oidc;
mod origins;
mod overrides;
mod proxies;
mod rate;
mod sealing;
mod sign_in;
mod signers;
mod tls;
mod watch;

pub use audit::{AuditKeyError, AuditOptions};
pub use auth::{AuthMode, AuthOptions};
pub use authorities::AuthoritiesError;
pub use file::{DEFAULT_FILE, FileError, names, with_file};
pub use listen::{Listen, ListenError};
pub use messages::MessageOptions;
pub use oidc::{OidcError, OidcOptions, Operators, Provider};
pub use origins::{Origin, OriginError, OriginOptions};
pub use overrides::{OverrideError, TemplateOptions};
pub use proxies::ProxyOptions;
pub use rate::Rate;
pub use sealing::{SealingKeyError, SealingOptions};
pub use sign_in::{SignIn, SignInError, SignInOptions};
pub use signers::{SignerOptions, SignersFileError};
pub use tls::{TlsError, TlsOptions};
pub use watch::Files;

use crate::{cluster, git, reconcile, store, telemetry, vaultwarden};

/// All settings of the daemon. Without `Debug`: the database's URL may carry a password.
#[derive(clap::Args)]
pub struct Settings {
    /// Where unions are declared.
    #[command(flatten, next_help_heading = "Config repo")]
    pub git: git::Options,
    /// Where history is kept.
    #[command(flatten, next_help_heading = "Database")]
    pub store: store::Options,
    /// For how long.
    #[command(flatten, next_help_heading = "History")]
    pub retention: store::Retention,
    /// Who vouches for it.
    #[command(flatten)]
    pub audit: AuditOptions,
    /// Where unions run.
    #[command(flatten, next_help_heading = "Cluster")]
    pub cluster: cluster::Options,
    /// How they are brought there.
    #[command(flatten, next_help_heading = "Reconciling")]
    pub reconcile: reconcile::Options,
    /// How their servers are reached.
    #[command(flatten)]
    pub vaultwarden: vaultwarden::Options,
    /// What they are made of.
    #[command(flatten)]
    pub templates: TemplateOptions,
    /// Who may change them.
    #[command(flatten)]
    pub signers: SignerOptions,
    /// What opens their sealed values.
    #[command(flatten)]
    pub sealing: SealingOptions,
    /// How people are told of them.
    #[command(flatten)]
    pub messages: MessageOptions,
    /// Where the API listens.
    #[command(flatten, next_help_heading = "API and logs")]
    pub listen: Listen,
    /// How it proves who it is.
    #[command(flatten)]
    pub tls: TlsOptions,
    /// Who stands in front of it.
    #[command(flatten)]
    pub proxies: ProxyOptions,
    /// Whose pages may read it.
    #[command(flatten)]
    pub origins: OriginOptions,
    /// How often it may be asked.
    #[command(flatten)]
    pub rate: Rate,
    /// Who may ask it.
    #[command(flatten)]
    pub auth: AuthOptions,
    /// Whose tokens count.
    #[command(flatten)]
    pub oidc: OidcOptions,
    /// How people sign in.
    #[command(flatten)]
    pub sign_in: SignInOptions,
    /// What is logged.
    #[command(flatten)]
    pub telemetry: telemetry::Options,
}
