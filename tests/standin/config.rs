//! What the admin page can change while the server runs: the settings, `config.json` on top of the environment.
//!
//! A word that is no boolean and a number that does not parse are left aside, as if nothing was set.

use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::admin::token;
use crate::settings::{Environment, SettingsError};

/// With its default, where it has one.
#[derive(Clone, Copy)]
enum Kind {
    Flag(bool),
    Number(Option<u64>),
    Text(Option<&'static str>),
    Secret,
}

use Kind::{Flag, Number, Secret, Text};

/// Name, kind with default, whether the admin page may change it.
#[rustfmt::skip]
const SETTINGS: &[(&str, Kind, bool)] = &[
    ("_enable_smtp", Flag(true), true),
    ("admin_ratelimit_max_burst", Number(Some(3)), false),
    ("admin_ratelimit_seconds", Number(Some(300)), false),
    ("admin_session_lifetime", Number(Some(20)), true),
    ("admin_token", Secret, true),
    ("database_max_conns", Number(Some(10)), false),
    ("database_timeout", Number(Some(30)), false),
    ("disable_admin_token", Flag(false), false),
    ("disable_icon_download", Flag(false), true),
    ("domain", Text(Some("http://localhost")), true),
    ("email_change_allowed", Flag(true), true),
    ("emergency_access_allowed", Flag(true), true),
    ("enable_websocket", Flag(true), false),
    ("events_days_retain", Number(None), false),
    ("invitation_expiration_hours", Number(Some(120)), false),
    ("invitation_org_name", Text(Some("Vaultwarden")), true),
    ("invitations_allowed", Flag(true), true),
    ("ip_header", Text(Some("X-Real-IP")), true),
    ("ip_header_trusted_proxies", Text(Some("local")), true),
    ("login_ratelimit_max_burst", Number(Some(10)), false),
    ("login_ratelimit_seconds", Number(Some(60)), false),
    ("org_attachment_limit", Number(None), true),
    ("org_creation_users", Text(Some("")), true),
    ("org_events_enabled", Flag(false), false),
    ("org_groups_enabled", Flag(false), false),
    ("password_hints_allowed", Flag(true), true),
    ("password_iterations", Number(Some(600_000)), true),
    ("push_enabled", Flag(false), false),
    ("push_identity_uri", Text(Some("https://identity.bitwarden.com")), false),
    ("push_installation_id", Secret, false),
    ("push_installation_key", Secret, false),
    ("push_relay_uri", Text(Some("https://push.bitwarden.com")), false),
    ("require_device_email", Flag(false), true),
    ("sends_allowed", Flag(true), true),
    ("show_password_hint", Flag(false), true),
    ("signups_allowed", Flag(true), true),
    ("signups_domains_whitelist", Text(Some("")), true),
    ("signups_verify", Flag(false), true),
    ("smtp_from", Text(Some("")), true),
    ("smtp_from_name", Text(Some("Vaultwarden")), true),
    ("smtp_host", Text(None), true),
    ("smtp_password", Secret, true),
    ("smtp_port", Number(Some(587)), true),
    ("smtp_security", Text(Some("starttls")), true),
    ("smtp_timeout", Number(Some(15)), true),
    ("smtp_username", Text(None), true),
    ("sso_authority", Text(Some("")), true),
    ("sso_client_id", Text(Some("")), true),
    ("sso_client_secret", Secret, true),
    ("sso_enabled", Flag(false), true),
    ("sso_only", Flag(false), true),
    ("sso_scopes", Text(Some("email profile")), true),
    ("sso_signups_match_email", Flag(true), true),
    ("trash_auto_delete_days", Number(None), true),
    ("unauthenticated_ratelimit_max_burst", Number(Some(50)), false),
    ("unauthenticated_ratelimit_seconds", Number(Some(60)), false),
    ("user_attachment_limit", Number(None), true),
    ("user_send_limit", Number(None), true),
    ("web_vault_enabled", Flag(true), false),
];

/// Of which only the outline is shown.
const MASKED: &[&str] = &[
    "domain",
    "org_creation_users",
    "signups_domains_whitelist",
    "smtp_from",
    "smtp_from_name",
    "smtp_host",
    "smtp_username",
    "sso_authority",
    "sso_client_id",
];

pub(crate) struct Config {
    environment: Map<String, Value>,
    /// What `config.json` says.
    overrides: Map<String, Value>,
    file: PathBuf,
}

impl Config {
    pub(crate) fn read(environment: &Environment, file: PathBuf) -> Result<Self, SettingsError> {
        let mut set = Map::new();
        for (name, kind, _) in SETTINGS {
            let text = environment.text(&name.to_uppercase())?;
            if let Some(value) = text.and_then(|text| kind.parse(&text)) {
                set.insert((*name).to_owned(), value);
            }
        }
        let overrides = match fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text).map_err(SettingsError::ConfigFile)?,
            Err(_) => Map::new(),
        };
        Ok(Self { environment: set, overrides, file })
    }

    fn value(&self, name: &str) -> Value {
        let (_, kind, _) =
            SETTINGS.iter().find(|(known, ..)| *known == name).expect("a setting that the table names");
        let set = [&self.overrides, &self.environment].into_iter().find_map(|set| set.get(name));
        set.filter(|value| !value.is_null()).cloned().unwrap_or_else(|| kind.default())
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.value(name).as_bool().unwrap_or_default()
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.value(name).as_u64().unwrap_or_default()
    }

    /// Empty where nothing is set.
    pub(crate) fn text(&self, name: &str) -> String {
        match self.value(name) {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        }
    }

    pub(crate) fn has_mail(&self) -> bool {
        self.flag("_enable_smtp") && !self.text("smtp_host").is_empty()
    }

    /// The list of domains stands above the flag.
    pub(crate) fn may_sign_up(&self, email: &str) -> bool {
        if self.text("signups_domains_whitelist").is_empty() {
            self.flag("signups_allowed")
        } else {
            self.is_domain_allowed(email)
        }
    }

    pub(crate) fn is_domain_allowed(&self, email: &str) -> bool {
        let Some((local, domain)) = email.rsplit_once('@') else { return false };
        let (allowed, domain) = (self.text("signups_domains_whitelist"), domain.to_lowercase());
        !local.is_empty() && (allowed.is_empty() || allowed.split(',').any(|one| one.trim() == domain))
    }

    pub(crate) fn may_create_organizations(&self, email: &str) -> bool {
        match self.text("org_creation_users").as_str() {
            "" | "all" => true,
            "none" => false,
            list => list.split(',').any(|one| one.trim() == email.to_lowercase()),
        }
    }

    /// Every setting as it is in effect.
    pub(crate) fn shown(&self) -> Value {
        let shown = SETTINGS.iter().map(|(name, kind, _)| {
            let value = match (kind, self.value(name)) {
                (Secret, Value::Null) => Value::Null,
                (Secret, _) => json!("***"),
                (_, Value::String(text)) if MASKED.contains(name) => json!(masked(&text)),
                (_, value) => value,
            };
            ((*name).to_owned(), value)
        });
        Value::Object(shown.collect())
    }

    /// What the server neither starts with nor lets the admin page write: why, or nothing.
    pub(crate) fn check(&self) -> Result<(), String> {
        let set = |name: &str| !self.text(name).is_empty();
        let secure = |name: &str| self.text(name).to_lowercase().starts_with("https://");
        let each = |name: &str, meant: fn(&str) -> bool| self.text(name).split(',').all(meant);
        let creators = self.text("org_creation_users");
        let smtp = self.flag("_enable_smtp");
        let rules = [
            (
                "DOMAIN variable needs to contain the protocol (http, https)",
                secure("domain") || self.text("domain").to_lowercase().starts_with("http://"),
            ),
            ("PASSWORD_ITERATIONS is below 100000", self.number("password_iterations") >= 100_000),
            ("INVITATION_EXPIRATION_HOURS is 0", self.number("invitation_expiration_hours") >= 1),
            (
                "ORG_CREATION_USERS names no address",
                matches!(creators.as_str(), "" | "all" | "none")
                    || each("org_creation_users", |one| one.contains('@')),
            ),
            (
                "SIGNUPS_DOMAINS_WHITELIST has an empty domain",
                !set("signups_domains_whitelist")
                    || each("signups_domains_whitelist", |one| !one.trim().is_empty()),
            ),
            (
                "push needs its id, its key and https",
                !self.flag("push_enabled")
                    || (set("push_installation_id")
                        && set("push_installation_key")
                        && secure("push_relay_uri")
                        && secure("push_identity_uri")),
            ),
            (
                "SSO needs an authority, an id and a secret",
                !self.flag("sso_enabled")
                    || (set("sso_authority") && set("sso_client_id") && set("sso_client_secret")),
            ),
            (
                "SMTP_SECURITY is none of `off`, `starttls`, `force_tls`",
                !smtp || matches!(self.text("smtp_security").as_str(), "off" | "starttls" | "force_tls"),
            ),
            ("SMTP_HOST and SMTP_FROM need each other", !smtp || set("smtp_host") == set("smtp_from")),
            (
                "SMTP_USERNAME and SMTP_PASSWORD need each other",
                !smtp || set("smtp_username") == set("smtp_password"),
            ),
            ("SMTP_FROM is no address", !smtp || !set("smtp_host") || self.text("smtp_from").contains('@')),
        ];
        if let Some((why, _)) = rules.into_iter().find(|(_, meant)| !meant) {
            return Err(why.to_owned());
        }
        token::check(&self.text("admin_token")).map_err(|why| format!("ADMIN_TOKEN is no Argon2 PHC: {why}"))
    }

    /// Makes this the whole `config.json`; what the admin page may not change falls out of it in silence. In effect at
    /// once, also where the file cannot be written.
    pub(crate) fn replace(&mut self, overrides: Map<String, Value>) -> Result<(), String> {
        let editable = |name: &str| SETTINGS.iter().any(|(known, _, editable)| *known == name && *editable);
        let overrides =
            overrides.into_iter().filter(|(name, value)| editable(name) && !value.is_null()).collect();
        let former = std::mem::replace(&mut self.overrides, overrides);
        self.check().inspect_err(|_| self.overrides = former)?;
        let text = serde_json::to_vec_pretty(&self.overrides).expect("it is JSON");
        fs::write(&self.file, text).map_err(|why| why.to_string())
    }

    /// Forgets `config.json`.
    pub(crate) fn forget(&mut self) -> std::io::Result<()> {
        self.overrides = Map::new();
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Kind {
    fn parse(self, text: &str) -> Option<Value> {
        match self {
            Flag(_) => match text.to_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "1" => Some(json!(true)),
                "false" | "f" | "no" | "n" | "0" => Some(json!(false)),
                _ => None,
            },
            Number(_) => text.trim().parse::<u64>().ok().map(|number| json!(number)),
            Text(_) | Secret => Some(json!(text)),
        }
    }

    fn default(self) -> Value {
        match self {
            Flag(default) => json!(default),
            Number(default) => json!(default),
            Text(default) => json!(default),
            Secret => Value::Null,
        }
    }
}

/// Stars for all but the scheme of an address and commas.
fn masked(text: &str) -> String {
    let mut scheme = false;
    let star = |(at, one): (usize, char)| match one {
        ':' if at < 11 => {
            scheme = true;
            one
        }
        '/' if at < 13 && scheme => one,
        ',' => one,
        _ => '*',
    };
    text.chars().enumerate().map(star).collect()
}
