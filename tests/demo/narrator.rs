//! How the story looks on a terminal: chapters, short paragraphs, commands one could type, and what was seen.

use std::time::Instant;

/// A line of text, without its indent.
const WIDTH: usize = 84;

/// Tells the story on standard output.
pub(crate) struct Narrator {
    chapter: u8,
}

impl Narrator {
    pub(crate) fn new() -> Self {
        println!();
        Self { chapter: 0 }
    }

    pub(crate) fn chapter(&mut self, title: &str) {
        self.chapter += 1;
        println!("{}. {title}\n", self.chapter);
    }

    /// A paragraph.
    pub(crate) fn say(&self, text: &str) {
        let mut line = String::new();
        for word in text.split_whitespace() {
            if !line.is_empty() && line.len() + 1 + word.len() > WIDTH {
                println!("   {line}");
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        println!("   {line}\n");
    }

    /// A command that the reader could type, and its answer.
    pub(crate) fn command(&self, command: &str, answer: &str) {
        println!("     $ {command}");
        for line in answer.trim_end().lines() {
            println!("{}", format!("     {line}").trim_end());
        }
        println!();
    }

    /// A step that was seen to be done.
    pub(crate) fn done(&self, what: &str, since: Instant) {
        println!("   ✓ {what:<WIDTH$} {:>5.1} s", since.elapsed().as_secs_f64());
    }

    /// The last step of a paragraph.
    pub(crate) fn end(&self) {
        println!();
    }

    /// A name and what it is, in two columns.
    pub(crate) fn row(&self, name: &str, value: &str) {
        println!("   {name:<12} {value}");
    }
}
