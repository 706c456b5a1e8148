//! `keyforge explain`: what a code means.

use std::io::Write;

use anyhow::bail;

use super::Verdict;
use super::ask::Output;
use super::table::Table;
use crate::diagnostic::print::explanation;
use crate::diagnostic::{Code, visible};

/// What to explain.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Code of a finding; without one, all codes are listed
    subject: Option<String>,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

const EXAMPLES: &str = "\
Examples:
  keyforge explain                      all codes, each in a line
  keyforge explain duplicate-domain     what it means, a bad and a good example, what to do";

/// Explains a code, or lists all.
///
/// # Errors
/// There is no such code.
pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    match &args.subject {
        None => list(args.output, out)?,
        Some(subject) => match Code::ALL.iter().find(|code| code.as_str() == subject) {
            Some(code) => one(*code, args.output, out)?,
            None => bail!("there is no code `{}`{}", visible(subject), suggestion(subject)),
        },
    }
    Ok(Verdict::Fine)
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
    match near.as_slice() {
        [] => "; `keyforge explain` lists them".to_owned(),
        near => format!(
            "; did you mean {}?",
            near.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(" or ")
        ),
    }
}
