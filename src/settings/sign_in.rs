//! Signing in on a page: as which client of the identity provider, and to which address people come back.
//!
//! Apart from `oidc`, which says whose word counts: programs need no more than that.

use std::path::PathBuf;

use url::{Host, Url};
use zeroize::Zeroizing;

use super::Provider;
use crate::redacted::Redacted;

/// How people sign in.
#[derive(Debug, Clone, clap::Args)]
pub struct SignInOptions {
    /// Client of the identity provider as which people sign in on a page; without it nobody does
    #[arg(long, env = "KEYFORGE_AUTH_OIDC_CLIENT_ID", value_name = "TEXT")]
    pub auth_oidc_client_id: Option<String>,
    /// File that holds the secret of that client [default: it has none]
    #[arg(long, env = "KEYFORGE_AUTH_OIDC_CLIENT_SECRET_FILE", value_name = "FILE")]
    pub auth_oidc_client_secret_file: Option<PathBuf>,
    /// What the provider is asked for, parted by commas; some tell groups only if asked for `groups`
    #[arg(long, env = "KEYFORGE_AUTH_OIDC_SCOPES", value_name = "NAMES", value_delimiter = ',', default_value = "openid,email,profile", value_parser = scope)]
    pub auth_oidc_scopes: Vec<String>,
    /// Address at which people reach the API, `https://…`; the provider sends them back to `/auth/callback` there
    #[arg(long, env = "KEYFORGE_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<Url>,
}

/// A client of the identity provider.
#[derive(Clone)]
pub struct SignIn {
    /// As the provider knows it.
    pub client_id: String,
    /// What proves that it is the client; none: the code that it redeems does alone (PKCE).
    pub client_secret: Option<Redacted<String>>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Where people reach us: scheme, host and port alone.
    pub public_url: Url,
}

/// The settings do not go together, or the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// There is nobody to ask.
    #[error(
        "`auth-oidc-client-id` is set without `auth-oidc-issuer`: nobody says who it is that signs in; set `auth-oidc-issuer`"
    )]
    NoIssuer,
    /// Nobody could come back.
    #[error(
        "`auth-oidc-client-id` is set without `public-url`: the identity provider has to send people back to us; set \
         `public-url`, and allow `<public-url>/auth/callback` at the provider"
    )]
    NoPublicUrl,
    /// Without `openid` the provider does not say who somebody is.
    #[error(
        "`auth-oidc-scopes` is without `openid`, so that the identity provider would not say who signs in; add it"
    )]
    NoOpenid,
    /// The secret is of no client.
    #[error("`auth-oidc-client-secret-file` is set without `auth-oidc-client-id`: whose secret is it?")]
    NoClient,
    /// The file cannot be read.
    #[error("failed to read the client's secret in {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is empty.
    #[error("{} holds no secret", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
}

impl SignInOptions {
    /// Whether people are to sign in.
    pub fn is_wanted(&self) -> bool {
        self.auth_oidc_client_id.is_some()
    }

    /// How people sign in, if they can.
    ///
    /// # Errors
    /// The settings do not go together, or the secret cannot be read.
    pub fn load(self, provider: Option<&Provider>) -> Result<Option<SignIn>, SignInError> {
        let client_secret = self.client_secret();
        let Some(client_id) = self.auth_oidc_client_id else {
            return self.auth_oidc_client_secret_file.map_or(Ok(None), |_| Err(SignInError::NoClient));
        };
        provider.ok_or(SignInError::NoIssuer)?;
        let public_url = self.public_url.ok_or(SignInError::NoPublicUrl)?;
        if !self.auth_oidc_scopes.iter().any(|scope| scope == "openid") {
            return Err(SignInError::NoOpenid);
        }
        Ok(Some(SignIn {
            client_id,
            client_secret: client_secret?,
            scopes: self.auth_oidc_scopes,
            public_url,
        }))
    }

    /// The secret of the client as the file has it now, if there is one.
    ///
    /// # Errors
    /// The file cannot be read, or is empty.
    pub fn client_secret(&self) -> Result<Option<Redacted<String>>, SignInError> {
        let Some(path) = self.auth_oidc_client_secret_file.clone() else { return Ok(None) };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(source) => return Err(SignInError::Read { path, source }),
        };
        let secret = text.trim();
        if secret.is_empty() {
            return Err(SignInError::Empty { path });
        }
        Ok(Some(Redacted::new(secret.to_owned())))
    }
}

fn scope(text: &str) -> Result<String, &'static str> {
    let sound = !text.is_empty() && text.bytes().all(|c| c.is_ascii_graphic() && c != b'"' && c != b'\\');
    if sound { Ok(text.to_owned()) } else { Err("it is a word such as `groups`") }
}

/// A cookie is of a whole host and goes over TLS alone; browsers count this machine as such.
fn public_url(text: &str) -> Result<Url, &'static str> {
    let is_here = |host: Option<Host<&str>>| match host {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let url = Url::parse(text).ok();
    let url = url.filter(|url| url.scheme() == "https" || (url.scheme() == "http" && is_here(url.host())));
    let url = url.filter(|url| url.has_host() && url.username().is_empty() && url.password().is_none());
    let url = url.filter(|url| url.path() == "/" && url.query().is_none() && url.fragment().is_none());
    url.ok_or(
        "it is `https://`, a host and perhaps a port, without a path, such as `https://keyforge.example`",
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::settings::{AuthMode, OidcOptions};

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        oidc: OidcOptions,
        #[command(flatten)]
        sign_in: SignInOptions,
    }

    /// The client and whether it has a secret, or what is wrong.
    fn loaded(arguments: &[&str]) -> Result<Option<(String, bool)>, String> {
        let typed = ["keyforge"].iter().chain(arguments);
        let parsed = Arguments::try_parse_from(typed).map_err(|error| error.to_string())?;
        let provider = parsed
            .oidc
            .load(AuthMode::Required, parsed.sign_in.is_wanted())
            .map_err(|error| error.to_string())?;
        let sign_in = parsed.sign_in.load(provider.as_ref()).map_err(|error| error.to_string())?;
        Ok(sign_in.map(|sign_in| (sign_in.client_id, sign_in.client_secret.is_some())))
    }

    #[test]
    fn a_client_is_known_whole_or_not_at_all() {
        let issuer = ["--auth-oidc-issuer", "https://login.example"];
        let client = ["--auth-oidc-client-id", "keyforge"];
        let url = ["--public-url", "https://keyforge.example"];
        let whole = [&issuer[..], &client, &url].concat();
        assert_eq!(loaded(&whole), Ok(Some(("keyforge".into(), false))));
        assert_eq!(loaded(&[]), Ok(None));
        for (arguments, said) in [
            ([&client[..], &url].concat(), "set `auth-oidc-issuer`"),
            ([&issuer[..], &client].concat(), "allow `<public-url>/auth/callback`"),
            (vec!["--auth-oidc-client-secret-file", "x"], "whose secret"),
            ([&whole[..], &["--auth-oidc-client-secret-file", "/nowhere"]].concat(), "/nowhere"),
            ([&whole[..], &["--auth-oidc-client-secret-file", "/dev/null"]].concat(), "holds no secret"),
            ([&whole[..], &["--auth-oidc-scopes", "email"]].concat(), "without `openid`"),
        ] {
            let told = loaded(&arguments).expect_err("they do not go together");
            assert!(told.contains(said), "{told}");
        }
    }

    #[test]
    fn an_address_of_ours_is_a_whole_host_over_tls_or_this_machine() {
        for sound in ["https://keyforge.example", "https://keyforge.example:8443/", "http://localhost:8080"] {
            assert!(public_url(sound).is_ok(), "{sound}");
        }
        for wrong in [
            "http://keyforge.example",
            "https://keyforge.example/app",
            "keyforge.example",
            "https://a@b.example",
        ] {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
    }
}
