//! Fields that the schemas leave out on purpose, in words of their own: plaintext, and settings that Keyforge owns.
//!
//! Somebody who writes one of them knows what it is for; "did you mean" would mock them. Values are never shown.

use super::message::{Document, nearest};
use crate::diagnostic::{Code, shown};
use crate::seal::{Place, Slot};
use crate::spec::finding::Findings;
use crate::spec::node::Node;

/// Names under which people write a secret that belongs in `sealed`.
const PLAIN: [&str; 6] = ["value", "password", "plaintext", "plain", "secret", "seed"];

/// VaultWarden's settings that have fields of their own, by name or (with `*`) by the start of it.
const FIELDS: [(&str, &str); 31] = [
    ("ADMIN_TOKEN", "spec.rotation.adminToken"),
    ("DOMAIN", "spec.domain"),
    ("DATABASE_URL", "spec.database"),
    ("SIGNUPS_ALLOWED", "spec.vaultwarden.signups.allowed"),
    ("SIGNUPS_DOMAINS_WHITELIST", "spec.vaultwarden.signups.domains"),
    ("SIGNUPS_*", "spec.vaultwarden.signups"),
    ("INVITATION_EXPIRATION_HOURS", "spec.vaultwarden.invitations.expire"),
    ("SMTP_HOST", "spec.vaultwarden.smtp.host"),
    ("SMTP_PORT", "spec.vaultwarden.smtp.port"),
    ("SMTP_SECURITY", "spec.vaultwarden.smtp.security"),
    ("SMTP_SSL", "spec.vaultwarden.smtp.security"),
    ("SMTP_EXPLICIT_TLS", "spec.vaultwarden.smtp.security"),
    ("SMTP_FROM", "spec.vaultwarden.smtp.from"),
    ("SMTP_FROM_NAME", "spec.vaultwarden.smtp.fromName"),
    ("SMTP_USERNAME", "spec.vaultwarden.smtp.credentials"),
    ("SMTP_PASSWORD", "spec.vaultwarden.smtp.credentials"),
    ("SMTP_*", "spec.vaultwarden.smtp"),
    ("_ENABLE_SMTP", "spec.vaultwarden.smtp"),
    ("SSO_AUTHORITY", "spec.vaultwarden.sso.authority"),
    ("SSO_CLIENT_ID", "spec.vaultwarden.sso.clientId"),
    ("SSO_CLIENT_SECRET", "spec.vaultwarden.sso.secretRef"),
    ("SSO_ONLY", "spec.vaultwarden.sso.only"),
    ("SSO_SCOPES", "spec.vaultwarden.sso.scopes"),
    ("SSO_SIGNUPS_MATCH_EMAIL", "spec.vaultwarden.sso.matchEmail"),
    ("SSO_*", "spec.vaultwarden.sso"),
    ("PUSH_RELAY_URI", "spec.vaultwarden.push.region"),
    ("PUSH_IDENTITY_URI", "spec.vaultwarden.push.region"),
    ("PUSH_*", "spec.vaultwarden.push"),
    ("ROCKET_TLS", "spec.expose.tls"),
    ("ATTACHMENTS_FOLDER", "spec.storage"),
    ("DATA_FOLDER", "spec.storage"),
];

/// Settings that Keyforge owns without a field for them: where files are, what listens, who administers.
const OWNED: [&str; 24] = [
    "ADMIN_*",
    "CONFIG_FILE",
    "DATABASE_*",
    "DB_CONNECTION_RETRIES",
    "DISABLE_ADMIN_TOKEN",
    "ENABLE_DB_WAL",
    "ENV_FILE",
    "ICON_CACHE_FOLDER",
    "INVITATIONS_ALLOWED",
    "IP_HEADER",
    "IP_HEADER_*",
    "I_REALLY_WANT_VOLATILE_STORAGE",
    "LOG_FILE",
    "ORG_CREATION_USERS",
    "RELOAD_TEMPLATES",
    "ROCKET_*",
    "RSA_KEY_FILENAME",
    "SENDMAIL_COMMAND",
    "SENDS_FOLDER",
    "TEMPLATES_FOLDER",
    "TMP_FOLDER",
    "USE_SENDMAIL",
    "USE_SYSLOG",
    "WEB_VAULT_FOLDER",
];

fn fits(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

impl Document<'_> {
    /// Whether the unknown field is one of those, and then told.
    pub(super) fn refused(&self, tokens: &[String], name: &str, findings: &mut Findings<'_>) -> bool {
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        match tokens[..] {
            ["spec", "passwords", _] | ["spec", "passwords", _, "totp"] if PLAIN.contains(&name) => {
                let object = self.find(&tokens.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>()).0;
                let Some(value) = object.get(name) else { return false };
                self.plaintext(&tokens, value, findings);
                true
            }
            ["spec", "vaultwarden", "settings"] | ["spec", "defaults", "vaultwarden", "settings"] => {
                self.setting(&tokens, name, findings);
                true
            }
            _ => false,
        }
    }

    /// A secret that was written in plain at or below `spec.passwords[…]`.
    pub(super) fn plaintext(&self, tokens: &[&str], value: &Node, findings: &mut Findings<'_>) {
        let at: Vec<String> = tokens.iter().take(3).map(|token| (*token).to_owned()).collect();
        let password = self.find(&at).0;
        let name = password.get("name").and_then(Node::text);
        let named =
            name.map_or_else(|| "a password".to_owned(), |name| format!("password `{}`", shown(name)));
        let message = match tokens.get(3) {
            Some(&"totp") => {
                format!("the one-time codes of {named} have a plaintext seed; allowed is `sealed`")
            }
            Some(&"fields") => format!("{named} has a field with plaintext in `sealed`"),
            _ => format!("{named} has a plaintext value; allowed are `generate` and `sealed`"),
        };
        let finding = findings
            .error(Code::PlaintextPassword, value.place, message)
            .label("readable by everybody who can read the repository");
        if let Some(place) = self.place(tokens, password) {
            finding.hint(format!(
                "change this password where it is used, then seal the new one: `{}`",
                place.command()
            ));
        }
    }

    /// Which value the tokens are about, if all names are sound.
    fn place(&self, tokens: &[&str], password: &Node) -> Option<Place> {
        let (union, society) = self.path.strip_prefix("unions/")?.split_once("/societies/")?;
        let slot = match tokens.get(3..) {
            Some(["totp", ..]) => Slot::Totp,
            Some(["fields", at, ..]) => {
                let field = password.get("fields")?.items().get(at.parse::<usize>().ok()?)?;
                Slot::Field(field.get("name").and_then(Node::text)?.parse().ok()?)
            }
            _ => Slot::Value,
        };
        Some(Place {
            union: union.parse().ok()?,
            society: society.strip_suffix(".yaml")?.parse().ok()?,
            password: password.get("name").and_then(Node::text)?.parse().ok()?,
            slot,
        })
    }

    /// Whether the password has its value under a name that is told already.
    pub(super) fn has_plaintext(&self, password: &Node) -> bool {
        PLAIN.iter().any(|name| password.get(name).is_some())
    }

    fn setting(&self, tokens: &[&str], name: &str, findings: &mut Findings<'_>) {
        let owned: Vec<String> = tokens.iter().map(|token| (*token).to_owned()).collect();
        let object = self.find(&owned).0;
        let place = object.entry(name).map_or(object.place, |entry| entry.key_place);
        // Settings are written in capitals; who writes them otherwise means the same.
        let capital = name.to_ascii_uppercase();
        let field = FIELDS.iter().find(|(pattern, _)| fits(pattern, &capital)).map(|(_, field)| *field);
        let shown_name = shown(name);
        let (message, label) = if field.is_some() || OWNED.iter().any(|pattern| fits(pattern, &capital)) {
            (format!("the setting `{shown_name}` belongs to Keyforge"), "set by Keyforge")
        } else if capital.ends_with("_FILE") {
            (format!("the setting `{shown_name}` would read a file of the server"), "reads a file")
        } else {
            (
                format!("`{shown_name}` is not among the settings that unions may set"),
                "not an allowed setting",
            )
        };
        let known = self.lookup.fields(self.kind.file(), &owned);
        let finding = findings.error(Code::SettingNotAllowed, place, message).label(label);
        if let Some(field) = field {
            finding.hint(format!("use `{field}`"));
        } else if let Some(near) =
            nearest(&capital, known.into_iter().filter(|known| object.entry(known).is_none()))
        {
            finding.hint(format!("did you mean `{near}`?"));
        }
    }
}
