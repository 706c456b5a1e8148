//! What a new config repo is made from: flags, or a person's answers to the same questions.
//!
//! Each question names what is allowed, shows its default in brackets, and is asked again with the reason when an answer
//! is none.

use std::fmt::Display;
use std::io::{self, BufRead, Write};
use std::str::FromStr;

use super::ci::Forge;
use crate::domain::Domain;
use crate::names::{Email, Line, NameError, SocietyName, UnionName};

/// Everything that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answers {
    pub union: UnionName,
    pub display_name: DisplayName,
    pub domain: Domain,
    pub contact: Email,
    pub society: Option<Society>,
    pub union_reviewer: Reviewer,
    pub reviewer: Reviewer,
    pub forge: Forge,
}

/// The first society.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Society {
    pub name: SocietyName,
    pub display_name: DisplayName,
    pub owner: Email,
}

/// The answers as far as they are known from the command line.
#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    /// Name of the first union, which is that of its directory
    #[arg(long, value_name = "NAME")]
    union: Option<UnionName>,
    /// Name of the union that people see [default: made from --union]
    #[arg(long, value_name = "TEXT")]
    display_name: Option<DisplayName>,
    /// URL that the union's members will use
    #[arg(long, value_name = "URL")]
    domain: Option<Domain>,
    /// Mail address of whom to tell about the union
    #[arg(long, value_name = "ADDRESS")]
    contact: Option<Email>,
    /// Name of the first society of the union [default: none is made]
    #[arg(long, value_name = "NAME")]
    society: Option<SocietyName>,
    /// Name of the society that people see [default: made from --society]
    #[arg(long, value_name = "TEXT", requires = "society")]
    society_display_name: Option<DisplayName>,
    /// Mail address of the society's first owner [default: --contact]
    #[arg(long, value_name = "ADDRESS", requires = "society")]
    owner: Option<Email>,
    /// Who has to agree to changes of the union: `@user`, `@organization/team` or an address [default: --contact]
    #[arg(long, value_name = "WHO")]
    union_reviewer: Option<Reviewer>,
    /// Who has to agree to all other changes [default: --union-reviewer]
    #[arg(long, value_name = "WHO")]
    reviewer: Option<Reviewer>,
    /// Where the repository will be, for its CI [default: github]
    #[arg(long, value_enum)]
    forge: Option<Forge>,
}

impl Flags {
    /// The answers, if those that have no default are given.
    pub(super) fn complete(&self) -> Option<Answers> {
        let (union, domain, contact) = (self.union.clone()?, self.domain.clone()?, self.contact.clone()?);
        let union_reviewer = self.union_reviewer.clone().unwrap_or_else(|| Reviewer::of(&contact));
        Some(Answers {
            display_name: self.display_name.clone().unwrap_or_else(|| DisplayName::of(union.as_str())),
            society: self.society.clone().map(|name| Society {
                display_name: self
                    .society_display_name
                    .clone()
                    .unwrap_or_else(|| DisplayName::of(name.as_str())),
                owner: self.owner.clone().unwrap_or_else(|| contact.clone()),
                name,
            }),
            reviewer: self.reviewer.clone().unwrap_or_else(|| union_reviewer.clone()),
            union_reviewer,
            forge: self.forge.unwrap_or(Forge::Github),
            union,
            domain,
            contact,
        })
    }

    /// The flags without which there is nothing to write.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let needed = [
            ("`--union`", self.union.is_none()),
            ("`--domain`", self.domain.is_none()),
            ("`--contact`", self.contact.is_none()),
        ];
        needed.into_iter().filter(|(_, is_missing)| *is_missing).map(|(flag, _)| flag).collect()
    }

    /// The answers, asked for where no flag has them.
    ///
    /// # Errors
    /// The person went away.
    pub(super) fn ask(&self, person: &mut Person<'_>) -> io::Result<Answers> {
        let union =
            person.unless(&self.union, "Name of the first union, of `a` to `z`, `0` to `9` and `-`", None)?;
        let made = DisplayName::of(union.as_str());
        let display_name = person.unless(&self.display_name, "Its name that people see", Some(made))?;
        let domain = person.unless(&self.domain, "URL that its members will use", None)?;
        let contact = person.unless(&self.contact, "Mail address of whom to tell about it", None)?;
        let society = match &self.society {
            Some(name) => Some(name.clone()),
            None => person.optional("Name of its first society, empty for none")?,
        };
        let society = match society {
            None => None,
            Some(name) => {
                let made = DisplayName::of(name.as_str());
                let question = "The society's name that people see";
                let display_name = person.unless(&self.society_display_name, question, Some(made))?;
                let question = "Mail address of the society's first owner";
                let owner = person.unless(&self.owner, question, Some(contact.clone()))?;
                Some(Society { name, display_name, owner })
            }
        };
        let question =
            "Who has to agree to changes of this union: `@user`, `@organization/team` or an address";
        let default = Some(Reviewer::of(&contact));
        let union_reviewer = person.unless(&self.union_reviewer, question, default)?;
        let question = "Who has to agree to all other changes";
        let reviewer = person.unless(&self.reviewer, question, Some(union_reviewer.clone()))?;
        let question = "Where the repository will be: `github`, `gitlab` or `gitea`";
        let forge = person.unless(&self.forge, question, Some(Forge::Github))?;
        Ok(Answers { union, display_name, domain, contact, society, union_reviewer, reviewer, forge })
    }
}

/// Who sits at the terminal.
pub(super) struct Person<'a> {
    pub input: &'a mut dyn BufRead,
    pub prompts: &'a mut dyn Write,
}

impl Person<'_> {
    /// What a flag says, else the answer to a question.
    fn unless<T>(&mut self, given: &Option<T>, question: &str, default: Option<T>) -> io::Result<T>
    where
        T: Clone + Display + FromStr<Err: Display>,
    {
        if let Some(given) = given {
            return Ok(given.clone());
        }
        let brackets = default.as_ref().map(|default| format!(" [{default}]")).unwrap_or_default();
        loop {
            write!(self.prompts, "{question}{brackets}: ")?;
            let answer = self.line()?;
            match (answer.as_str(), &default) {
                ("", Some(default)) => return Ok(default.clone()),
                (text, _) => match text.parse() {
                    Ok(answer) => return Ok(answer),
                    Err(why) => writeln!(self.prompts, "  {why}")?,
                },
            }
        }
    }

    /// The answer to a question that needs none.
    fn optional<T: FromStr<Err: Display>>(&mut self, question: &str) -> io::Result<Option<T>> {
        loop {
            write!(self.prompts, "{question}: ")?;
            match self.line()?.as_str() {
                "" => return Ok(None),
                text => match text.parse() {
                    Ok(answer) => return Ok(Some(answer)),
                    Err(why) => writeln!(self.prompts, "  {why}")?,
                },
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        self.prompts.flush()?;
        let mut line = String::new();
        if self.input.read_line(&mut line)? == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the answers ended before the questions",
            ));
        }
        Ok(line.trim().to_owned())
    }
}

/// Somebody who reviews: a user or team of the forge, or the mail address of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reviewer(String);

/// The text names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a reviewer is `@user`, `@organization/team` or a mail address")]
pub(super) struct ReviewerError;

impl Reviewer {
    fn of(address: &Email) -> Self {
        Self(address.to_string())
    }
}

impl FromStr for Reviewer {
    type Err = ReviewerError;

    fn from_str(text: &str) -> Result<Self, ReviewerError> {
        let is_handle = text.strip_prefix('@').is_some_and(|name| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
            !name.is_empty() && name.chars().all(allowed)
        });
        if is_handle || text.parse::<Email>().is_ok() {
            Ok(Self(text.to_owned()))
        } else {
            Err(ReviewerError)
        }
    }
}

impl Display for Reviewer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name that people see, as documents take it: a wrong one is told at its question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DisplayName(String);

impl DisplayName {
    /// `first-eleven` as `First Eleven`.
    fn of(name: &str) -> Self {
        let capital = |word: &str| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
                .unwrap_or_default()
        };
        let words = name.split('-').filter(|word| !word.is_empty()).map(capital);
        Self(words.collect::<Vec<_>>().join(" "))
    }
}

impl FromStr for DisplayName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        const MOST: usize = 100;
        text.parse::<Line>()?;
        let found = text.chars().count();
        if found > MOST {
            return Err(NameError::TooLong { max: MOST, found });
        }
        Ok(Self(text.to_owned()))
    }
}

impl Display for DisplayName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;

    fn flags(typed: &[&str]) -> Flags {
        let command = Flags::augment_args(clap::Command::new("init"));
        let matches = command.try_get_matches_from([&["init"], typed].concat()).expect("sound flags");
        Flags::from_arg_matches(&matches).expect("sound flags")
    }

    /// What was asked, and what came of it.
    fn asked(typed: &[&str], answers: &str) -> (String, io::Result<Answers>) {
        let mut prompts = Vec::new();
        let mut person = Person { input: &mut answers.as_bytes(), prompts: &mut prompts };
        let answers = flags(typed).ask(&mut person);
        // What is typed ends the line of its question.
        (String::from_utf8(prompts).expect("text").replace(": ", ":\n"), answers)
    }

    #[test]
    fn a_person_is_asked_again_until_the_answer_is_one() {
        let (prompts, answers) = asked(
            &["--forge", "gitea"],
            "Acme\nacme\nAcme\u{200b}\n\nvault.acme.example\nhttps://vault.acme.example\nit@acme.example\nchess-club\n\n\n@acme/it\n\n",
        );
        assert_eq!(
            prompts,
            "\
Name of the first union, of `a` to `z`, `0` to `9` and `-`:
  a name has only `a` to `z`, `0` to `9` and `-`, not `A`
Name of the first union, of `a` to `z`, `0` to `9` and `-`:
Its name that people see [Acme]:
  a name is one line of visible text, without U+200B
Its name that people see [Acme]:
URL that its members will use:
  a domain is a URL such as `https://vault.example.org`
URL that its members will use:
Mail address of whom to tell about it:
Name of its first society, empty for none:
The society's name that people see [Chess Club]:
Mail address of the society's first owner [it@acme.example]:
Who has to agree to changes of this union:
`@user`, `@organization/team` or an address [it@acme.example]:
Who has to agree to all other changes [@acme/it]:
"
        );
        let expected = flags(&[
            "--union=acme",
            "--domain=https://vault.acme.example",
            "--contact=it@acme.example",
            "--society=chess-club",
            "--union-reviewer=@acme/it",
            "--forge=gitea",
        ]);
        assert_eq!(Some(answers.expect("answers")), expected.complete());
    }

    #[test]
    fn a_person_who_leaves_is_not_waited_for() {
        let (_, answers) = asked(&[], "acme\n");
        assert_eq!(answers.expect_err("no answers").kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn what_has_no_default_is_named_when_it_is_missing() {
        let flags = flags(&["--domain=https://vault.acme.example"]);
        assert_eq!(flags.complete(), None);
        assert_eq!(flags.missing(), ["`--union`", "`--contact`"]);
    }

    #[test]
    fn a_reviewer_is_one_word_that_forges_know() {
        for text in ["@ana", "@federation/it", "it@acme.example"] {
            assert!(text.parse::<Reviewer>().is_ok(), "{text}");
        }
        for text in ["", "@", "ana", "@ana @ben", "@ana\n* @eve", "it@acme"] {
            assert_eq!(text.parse::<Reviewer>(), Err(ReviewerError), "{text:?}");
        }
    }
}
