//! The identity provider whose tokens count, and who of those for whom it vouches is an operator. Nobody becomes one by Git.

use std::path::PathBuf;

use jsonwebtoken::Algorithm;
use reqwest::Certificate;
use url::Url;

use super::AuthMode;
use super::authorities::{self, AuthoritiesError};
use crate::names::Email;

/// Whose tokens count.
#[derive(Debug, Clone, clap::Args)]
pub struct OidcOptions {
    /// Issuer of the identity provider (OpenID Connect) whose tokens count beside API keys, `https://…`
    #[arg(long, env = "KEYFORGE_AUTH_OIDC_ISSUER", value_name = "URL", value_parser = issuer)]
    pub auth_oidc_issuer: Option<Url>,
    /// Whom the tokens of programs have to be for: one of their `aud`
    #[arg(long, env = "KEYFORGE_AUTH_OIDC_AUDIENCE", value_name = "TEXT")]
    pub auth_oidc_audience: Option<String>,
    /// How it signs them; a token that is signed in another way does not count
    #[arg(long, env = "KEYFORGE_AUTH_OIDC_ALGORITHM", value_name = "NAME", default_value = "RS256", value_parser = algorithm)]
    pub auth_oidc_algorithm: Algorithm,
    /// Claim of its tokens that lists groups
    #[arg(long, env = "KEYFORGE_AUTH_OIDC_GROUPS_CLAIM", value_name = "NAME", default_value = "groups")]
    pub auth_oidc_groups_claim: String,
    /// Authorities, in PEM, of whom one vouches for its certificate [default: those that the system trusts]
    #[arg(long, env = "KEYFORGE_AUTH_OIDC_CA_FILE", value_name = "FILE")]
    pub auth_oidc_ca_file: Option<PathBuf>,
    /// Groups whose members are operators, parted by commas
    #[arg(long, env = "KEYFORGE_AUTH_OPERATOR_GROUPS", value_name = "NAMES", value_delimiter = ',')]
    pub auth_operator_groups: Vec<String>,
    /// Verified addresses of operators, parted by commas
    #[arg(long, env = "KEYFORGE_AUTH_OPERATOR_EMAILS", value_name = "ADDRESSES", value_delimiter = ',')]
    pub auth_operator_emails: Vec<Email>,
}

/// An identity provider, as it is known.
#[derive(Debug, Clone)]
pub struct Provider {
    /// As its tokens name it.
    pub issuer: Url,
    /// Whom the tokens of programs are for; none: they do not count.
    pub audience: Option<String>,
    /// How it signs.
    pub algorithm: Algorithm,
    /// The claim that lists groups.
    pub groups_claim: String,
    /// Who may vouch for its certificate; none: whom the system trusts.
    pub authorities: Option<Vec<Certificate>>,
    /// Who is an operator.
    pub operators: Operators,
}

/// Who is an operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operators {
    /// Groups of the identity provider.
    pub groups: Vec<String>,
    /// Verified addresses.
    pub emails: Vec<Email>,
}

/// The settings do not go together, or the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// It would never be asked.
    #[error("`auth-oidc-issuer` is set and nobody has to say who they are; set `auth` to `required`")]
    Unasked,
    /// Nothing of it would count.
    #[error(
        "`auth-oidc-issuer` is set without `auth-oidc-audience`, for whom the tokens of programs are, and without \
         `auth-oidc-client-id`, as which people sign in: set one of them, or both"
    )]
    NoAudience,
    /// The file of authorities cannot be used.
    #[error(transparent)]
    Authorities(#[from] AuthoritiesError),
}

impl OidcOptions {
    /// The provider, if there is to be one; whether people sign in by it, or programs bring its tokens alone.
    ///
    /// # Errors
    /// Nobody would ask it, for nothing, or the authorities cannot be read.
    pub fn load(self, auth: AuthMode, signs_in: bool) -> Result<Option<Provider>, OidcError> {
        let Some(issuer) = self.auth_oidc_issuer else { return Ok(None) };
        if auth == AuthMode::None {
            return Err(OidcError::Unasked);
        }
        let audience = self.auth_oidc_audience;
        if audience.is_none() && !signs_in {
            return Err(OidcError::NoAudience);
        }
        let authorities = self.auth_oidc_ca_file;
        let authorities = authorities.map(|path| authorities::read(path, certificates)).transpose()?;
        Ok(Some(Provider {
            issuer,
            audience,
            algorithm: self.auth_oidc_algorithm,
            groups_claim: self.auth_oidc_groups_claim,
            authorities,
            operators: Operators { groups: self.auth_operator_groups, emails: self.auth_operator_emails },
        }))
    }
}

fn certificates(text: &[u8]) -> Option<Vec<Certificate>> {
    Certificate::from_pem_bundle(text).ok().filter(|found| !found.is_empty())
}

fn issuer(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https" && url.has_host());
    let url =
        url.filter(|url| url.query().is_none() && url.fragment().is_none() && url.username().is_empty());
    url.ok_or("it is an address such as `https://login.example/realms/federation`")
}

/// One of those whose keys may be public: a secret that both sides know would let whoever verifies sign.
fn algorithm(text: &str) -> Result<Algorithm, &'static str> {
    const KNOWN: [(&str, Algorithm); 9] = [
        ("RS256", Algorithm::RS256),
        ("RS384", Algorithm::RS384),
        ("RS512", Algorithm::RS512),
        ("PS256", Algorithm::PS256),
        ("PS384", Algorithm::PS384),
        ("PS512", Algorithm::PS512),
        ("ES256", Algorithm::ES256),
        ("ES384", Algorithm::ES384),
        ("EdDSA", Algorithm::EdDSA),
    ];
    let found = KNOWN.iter().find(|(name, _)| *name == text).map(|(_, algorithm)| *algorithm);
    found.ok_or("it is RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        options: OidcOptions,
    }

    fn loaded(arguments: &[&str], auth: AuthMode) -> Result<Option<Provider>, String> {
        let typed = ["keyforge"].iter().chain(arguments);
        let parsed = Arguments::try_parse_from(typed).map_err(|error| error.to_string())?;
        parsed.options.load(auth, false).map_err(|error| error.to_string())
    }

    #[test]
    fn a_provider_is_known_whole_or_not_at_all() {
        let issuer = ["--auth-oidc-issuer", "https://login.example"];
        let whole =
            [&issuer[..], &["--auth-oidc-audience", "keyforge", "--auth-operator-groups", "a,b"]].concat();
        let provider = loaded(&whole, AuthMode::Required).expect("sound").expect("there is one");
        assert_eq!(provider.algorithm, Algorithm::RS256);
        assert_eq!(provider.operators.groups, ["a", "b"]);
        assert!(loaded(&[], AuthMode::None).expect("sound").is_none());
        assert!(loaded(&whole, AuthMode::None).expect_err("nobody asks").contains("`auth` to `required`"));
        assert!(loaded(&issuer, AuthMode::Required).expect_err("whose?").contains("auth-oidc-audience"));
        for wrong in
            ["http://login.example", "login.example", "https://a@login.example", "https://x.example?y"]
        {
            assert!(loaded(&["--auth-oidc-issuer", wrong], AuthMode::Required).is_err(), "{wrong}");
        }
        for wrong in ["HS256", "none", "rs256", ""] {
            let arguments = [&whole[..], &["--auth-oidc-algorithm", wrong]].concat();
            assert!(loaded(&arguments, AuthMode::Required).is_err(), "{wrong}");
        }
    }
}
