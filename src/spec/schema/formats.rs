//! The formats that the schemas name: rules that a pattern cannot hold, or not explain.
//!
//! A format is decided by the type that reads the value later, so that a document that passes can be read; its words are
//! that type's words.

use std::fmt::Display;
use std::str::FromStr;

use chrono::NaiveDate;

use crate::diagnostic::first_invisible;
use crate::domain::Domain;
use crate::duration::Period;
use crate::names::{Email, Line, LoadBalancerClass, ObjectName, SecretKey, SocietyName, UnionName};
use crate::network::{Authority, Cidr, Destination, Endpoint, Host};
use crate::revision::ObjectId;
use crate::schedule::{Cron, Zone};
use crate::seal::{Recipient, Sealed};
use crate::signing::RulePath;
use crate::spec::document::{Fingerprint, Percent, Suffix};
use crate::spec::image::ImageReference;
use crate::spec::quantity::Quantity;

/// Why a text does not have the format, or nothing.
pub(super) type Check = fn(&str) -> Option<String>;

/// All formats by name. `email` and `date` are stricter than the standard's.
pub(super) const ALL: [(&str, Check); 47] = [
    ("date", date),
    ("email", of::<Email>),
    ("keyforge-allowed-signers", text),
    ("keyforge-annotation-key", annotation_key),
    ("keyforge-authority", of::<Authority>),
    ("keyforge-backup-schedule", backup_schedule),
    ("keyforge-bucket", bucket),
    ("keyforge-cidr", of::<Cidr>),
    ("keyforge-commit", of::<ObjectId>),
    ("keyforge-days", |text| units(text, 24 * 60 * 60, "days, such as `180d`")),
    ("keyforge-destination", of::<Destination>),
    ("keyforge-domain", of::<Domain>),
    ("keyforge-duration", of::<Period>),
    ("keyforge-endpoint", endpoint),
    ("keyforge-field-path", field_path),
    ("keyforge-fingerprint", of::<Fingerprint>),
    ("keyforge-host", of::<Host>),
    ("keyforge-hours", |text| units(text, 60 * 60, "hours, such as `12h` or `5d`")),
    ("keyforge-image", of::<ImageReference>),
    ("keyforge-iterations", iterations),
    ("keyforge-kind", kind),
    ("keyforge-label-key", label_key),
    ("keyforge-label-name", label_name),
    ("keyforge-label-value", label_value),
    ("keyforge-line", of::<Line>),
    ("keyforge-load-balancer-class", of::<LoadBalancerClass>),
    ("keyforge-mail-domain", mail_domain),
    ("keyforge-name", of::<SocietyName>),
    ("keyforge-number", number),
    ("keyforge-object-name", of::<ObjectName>),
    ("keyforge-object-name-or-nothing", |text| of::<ObjectName>(text).filter(|_| !text.is_empty())),
    ("keyforge-openpgp", openpgp),
    ("keyforge-path-pattern", of::<RulePath>),
    ("keyforge-percent", of::<Percent>),
    ("keyforge-prefix", prefix),
    ("keyforge-quantity", of::<Quantity>),
    ("keyforge-recipient", of::<Recipient>),
    ("keyforge-repository", repository),
    ("keyforge-schedule", of::<Cron>),
    ("keyforge-sealed", |text| Sealed::whole(text).err().map(|error| error.to_string())),
    ("keyforge-secret-key", of::<SecretKey>),
    ("keyforge-selector", |text| of::<UnionName>(text).filter(|_| text != "*")),
    ("keyforge-suffix", of::<Suffix>),
    ("keyforge-time-zone", of::<Zone>),
    ("keyforge-tls", tls),
    ("keyforge-union-name", of::<UnionName>),
    ("keyforge-uri", text),
];

/// Why a text does not have the format of this name.
pub(super) fn error(format: &str, text: &str) -> Option<String> {
    ALL.iter().find(|(name, _)| *name == format).and_then(|(_, check)| check(text))
}

fn of<T: FromStr<Err: Display>>(text: &str) -> Option<String> {
    text.parse::<T>().err().map(|error| error.to_string())
}

/// What may follow `keyforge.dev/label-` in the name of a Kubernetes label.
fn label_name(text: &str) -> Option<String> {
    const MOST: usize = 57;
    (text.is_empty() || !is_label(text) || text.len() > MOST).then(|| {
        format!(
            "the name of a label has at most {MOST} of `A` to `Z`, `a` to `z`, `0` to `9`, `-`, `_` and `.`, \
             the first and last a letter or digit"
        )
    })
}

fn label_value(text: &str) -> Option<String> {
    const MOST: usize = 63;
    (!is_label(text) || text.len() > MOST).then(|| {
        format!(
            "the value of a label has at most {MOST} of `A` to `Z`, `a` to `z`, `0` to `9`, `-`, `_` and `.`, \
             the first and last a letter or digit"
        )
    })
}

fn is_label(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    edge(text.chars().next())
        && edge(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// Without characters that are not visible, as a terminal or page would show it.
fn text(text: &str) -> Option<String> {
    let lines = text.lines().filter_map(|line| first_invisible(&line.replace('\t', " ")));
    lines
        .into_iter()
        .next()
        .map(|found| format!("only visible text is allowed, without U+{:04X}", u32::from(found)))
}

/// Four digits, two, two, and a day that there is.
fn date(text: &str) -> Option<String> {
    let sound = text.len() == 10 && text.parse::<NaiveDate>().is_ok();
    (!sound).then(|| "a date is a day that there is, written `2027-06-30`".to_owned())
}

/// A duration of whole units of so many seconds.
fn units(text: &str, seconds: u64, noun: &str) -> Option<String> {
    let period: Period = match text.parse() {
        Ok(period) => period,
        Err(_) => return of::<Period>(text),
    };
    (!period.as_secs().is_multiple_of(seconds)).then(|| format!("allowed are whole {noun}"))
}

fn backup_schedule(text: &str) -> Option<String> {
    match text.parse::<Cron>() {
        Err(error) => Some(error.to_string()),
        Ok(cron) => (!cron.is_at_most_hourly()).then(|| {
            "a backup is made at most once an hour, so the minute is one number, such as `15 3 * * *`"
                .to_owned()
        }),
    }
}

fn tls(text: &str) -> Option<String> {
    (text != "external")
        .then(|| "allowed are `{issuer: <name>}`, `{secretName: <name>}` and the word `external`".to_owned())
}

/// A larger one the server ignores, and its default holds.
fn number(text: &str) -> Option<String> {
    let sound = !text.starts_with(['0', '+']) && text.parse::<u32>().is_ok();
    (!sound).then(|| format!("allowed is a whole number from 1 to {}, such as `\"30\"`", u32::MAX))
}

/// What stands after the `@` of an address. The server compares letters, so an address of a machine is never equal.
fn mail_domain(text: &str) -> Option<String> {
    let sound = matches!(text.parse(), Ok(Host::Name(name)) if name.contains('.'));
    (!sound).then(|| "a mail domain is a name such as `acme.example`".to_owned())
}

/// Fewer the server refuses, many more make every log-in a minute of work.
fn iterations(text: &str) -> Option<String> {
    let sound = text.parse().is_ok_and(|count: u32| (100_000..=2_000_000).contains(&count));
    (!sound).then(|| "allowed are 100000 to 2000000".to_owned())
}

fn bucket(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let sound = (3..=63).contains(&text.len())
        && text.chars().all(plain)
        && edge(text.chars().next())
        && edge(text.chars().next_back())
        && !text.contains("..");
    (!sound).then(|| {
        "a bucket has 3 to 63 of `a` to `z`, `0` to `9`, `-` and `.`, the first and last a letter or digit".to_owned()
    })
}

/// A path of it would be taken for the bucket.
fn endpoint(text: &str) -> Option<String> {
    match text.parse::<Endpoint>() {
        Err(error) => Some(error.to_string()),
        Ok(endpoint) => endpoint
            .has_path()
            .then(|| "an endpoint has no path; `bucket` and `prefix` are fields of their own".to_owned()),
    }
}

/// Parts of a key in a bucket: none of them leads up.
fn prefix(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let parts = || text.split('/').all(|part| !part.is_empty() && !part.bytes().all(|b| b == b'.'));
    let sound = text.is_empty() || (text.chars().all(plain) && parts());
    (!sound).then(|| {
        "a prefix has letters, digits, `-`, `_` and `.` between single `/`, without one at its ends"
            .to_owned()
    })
}

fn repository(text: &str) -> Option<String> {
    let sound = format!("{text}:tag").parse::<ImageReference>().is_ok() && !text.ends_with('/');
    (!sound).then(|| "a repository is an image without its tag, such as `vaultwarden/server`".to_owned())
}

/// A name, perhaps below a domain.
fn is_qualified(text: &str) -> bool {
    let (domain, name) = text.split_once('/').unwrap_or(("x", text));
    of::<ObjectName>(domain).is_none() && !name.is_empty() && label_value(name).is_none()
}

fn label_key(text: &str) -> Option<String> {
    (!is_qualified(text))
        .then(|| "the key of a label looks like `topology.kubernetes.io/zone` or `pool`".to_owned())
}

fn annotation_key(text: &str) -> Option<String> {
    (!is_qualified(text))
        .then(|| "the key of an annotation looks like `external-dns.alpha.kubernetes.io/hostname`".to_owned())
}

fn kind(text: &str) -> Option<String> {
    let sound =
        text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().all(|c| c.is_ascii_alphanumeric());
    (!sound).then(|| "a kind looks like `Deployment`".to_owned())
}

fn field_path(text: &str) -> Option<String> {
    let sound = text.starts_with('.') && text.len() > 1 && first_invisible(text).is_none();
    (!sound).then(|| "the path of a field looks like `.spec.replicas`".to_owned())
}

fn openpgp(text: &str) -> Option<String> {
    // A private key is armored too; the check of signers says of it what has to be said.
    let armored = ["-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----BEGIN PGP PRIVATE KEY BLOCK-----"];
    (!armored.iter().any(|begin| text.trim_start().starts_with(begin)))
        .then(|| "an OpenPGP key is armored text, as `gpg --export --armor` prints it".to_owned())
}
