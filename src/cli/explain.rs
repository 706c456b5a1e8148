//! `keyforge explain`: what a code means, or who set the fields of a union and when they were applied.
//!
//! A code is explained from this program alone; a union is asked of the daemon, which has the history.

use std::io::Write;
use std::str::FromStr;

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use super::Verdict;
use super::ask::{Asking, Output};
use super::status::short;
use super::table::Table;
use crate::api::wire::Fields;
use crate::diagnostic::print::explanation;
use crate::diagnostic::{Code, visible};
use crate::names::{NameError, SocietyName, UnionName};

/// What to explain.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Code of a finding, or UNION, UNION/SOCIETY or UNION/SOCIETY/PASSWORD; without it, all codes are listed
    #[arg(value_name = "CODE|UNION")]
    subject: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

const EXAMPLES: &str = "\
Examples:
  keyforge explain                      all codes, each in a line
  keyforge explain duplicate-domain     what it means, a bad and a good example, what to do
  keyforge explain acme                 who set the fields of a union, and when they were applied
  keyforge explain acme/chess/bank      those of one password

What is sealed is never shown. What no file sets has the default that `keyforge schema union` names.";

/// A union, or a part of it.
struct Part {
    union: UnionName,
    society: Option<SocietyName>,
    password: Option<String>,
}

impl FromStr for Part {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut parts = text.splitn(3, '/');
        Ok(Self {
            union: parts.next().unwrap_or_default().parse()?,
            society: parts.next().map(str::parse).transpose()?,
            password: parts.next().map(str::to_owned),
        })
    }
}

/// Explains a code, a union, or lists all codes.
///
/// # Errors
/// There is no such code and no such union, or nobody answers.
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let Some(subject) = &args.subject else {
        list(args.asking.output, out)?;
        return Ok(Verdict::Fine);
    };
    if let Some(code) = Code::ALL.iter().find(|code| code.as_str() == subject) {
        one(*code, args.asking.output, out)?;
        return Ok(Verdict::Fine);
    }
    let unknown = || format!("there is no code `{}`{}", visible(subject), suggestion(subject));
    let part: Part = subject.parse().with_context(unknown)?;
    let told = fields(&part, &args.asking, out).await;
    // With a slash it can be nothing but a part of a union.
    if subject.contains('/') { told } else { told.with_context(unknown) }
}

/// The fields of a part, with who set them.
async fn fields(part: &Part, asking: &Asking, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let mut query = Vec::new();
    query.extend(part.society.as_ref().map(|society| ("society", society.as_str())));
    let mut found: Fields = asking.get(&format!("/api/v1/unions/{}/fields", part.union), &query).await?;
    if let Some(name) = &part.password {
        let place = found.items.iter().find(|field| {
            let of_name = field.path.strip_prefix("spec.passwords[").and_then(|rest| rest.split_once("]."));
            of_name.is_some_and(|(_, field)| field == "name") && field.value == *name
        });
        let place = place.map(|field| field.path.trim_end_matches("name").to_owned());
        let place = place.with_context(|| format!("there is no password `{}`", visible(name)))?;
        found.items.retain(|field| field.path.starts_with(&place));
    }
    match asking.output {
        Output::Json => writeln!(out, "{}", serde_json::to_string(&found)?)?,
        Output::Text => write!(out, "{}", text(&found, part.password.as_deref()))?,
    }
    Ok(Verdict::Fine)
}

fn text(fields: &Fields, password: Option<&str>) -> String {
    let mut table =
        Table::new(["FIELD", "VALUE", "SET IN", "COMMIT", "BY", "WRITTEN", "APPLIED", "DEPLOYMENT"]);
    let time = |at: Option<DateTime<Utc>>| at.map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string());
    for field in &fields.items {
        table.row([
            &visible(&field.path),
            &visible(&field.value),
            &format!("{}:{}", visible(&field.file), field.line),
            field.commit.as_deref().and_then(|commit| commit.get(..12)).unwrap_or_default(),
            &field.author.as_deref().map(visible).unwrap_or_default(),
            &time(field.written_at).unwrap_or_default(),
            &time(field.applied_at).unwrap_or_default(),
            field.deployment.as_deref().unwrap_or_default(),
        ]);
    }
    let parts = [Some(fields.union.as_str()), fields.society.as_deref(), password].into_iter().flatten();
    let part = parts.map(|part| visible(part).to_string()).collect::<Vec<_>>().join("/");
    format!("{part} at {}\n\n{table}", short(&fields.revision))
}

fn one(code: Code, output: Output, out: &mut dyn Write) -> std::io::Result<()> {
    match output {
        Output::Text => out.write_all(explanation::text(code).as_bytes()),
        Output::Json => writeln!(out, "{:#}", json(code)),
    }
}

fn list(output: Output, out: &mut dyn Write) -> std::io::Result<()> {
    match output {
        Output::Text => {
            let mut table = Table::new(["CODE", "MEANING"]);
            for code in Code::ALL {
                table.row([code.as_str(), code.meaning()]);
            }
            write!(out, "{table}")
        }
        Output::Json => {
            let codes: Vec<_> = Code::ALL.iter().copied().map(json).collect();
            writeln!(out, "{:#}", serde_json::json!({ "codes": codes }))
        }
    }
}

fn json(code: Code) -> serde_json::Value {
    serde_json::json!({
        "code": code,
        "meaning": code.meaning(),
        "bad": code.bad(),
        "good": code.good(),
        "remedy": code.remedy(),
    })
}

/// The codes that could be meant: those that hold what was typed, else the one that is spelled nearly so.
fn suggestion(typed: &str) -> String {
    let typed = typed.to_ascii_lowercase().replace(['_', ' '], "-");
    let codes = || Code::ALL.iter().map(|code| code.as_str());
    let mut near: Vec<&str> = codes().filter(|code| code.contains(&typed)).collect();
    if near.is_empty() {
        let distance = |code: &str| strsim::osa_distance(&typed, code);
        near.extend(codes().filter(|code| distance(code) <= 3).min_by_key(|code| distance(code)));
    }
    if near.is_empty() {
        return String::new();
    }
    let near: Vec<String> = near.iter().map(|code| format!("`{code}`")).collect();
    format!(", did you mean {}", near.join(" or "))
}
