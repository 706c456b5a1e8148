//! What a code means, for people who met it: in a terminal, and as the help of a SARIF rule.

use super::super::Code;

/// The widest line of prose.
const WIDTH: usize = 92;

/// Meaning, both examples, what to do; with a line end after the last.
pub fn text(code: Code) -> String {
    let prose = |text: &str| wrapped(text, WIDTH);
    format!(
        "{code}\n\n{}\n\nBad:\n\n{}\n\nGood:\n\n{}\n\nWhat to do:\n\n{}\n",
        indented(&prose(code.meaning())),
        indented(code.bad()),
        indented(code.good()),
        indented(&prose(code.remedy())),
    )
}

/// The same as Markdown.
pub fn markdown(code: Code) -> String {
    format!(
        "{}\n\nBad:\n\n```yaml\n{}\n```\n\nGood:\n\n```yaml\n{}\n```\n\n{}\n",
        code.meaning(),
        code.bad(),
        code.good(),
        code.remedy(),
    )
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// The words in lines of at most `width` characters, if none of them is longer.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}
