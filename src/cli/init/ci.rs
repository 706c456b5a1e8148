//! The forge that a config repo will live on: where its CI is declared, and how it names who reviews.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;

/// A forge, by its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Forge {
    /// GitHub Actions
    Github,
    /// GitLab CI
    Gitlab,
    /// Gitea Actions, also for Forgejo
    Gitea,
}

impl Forge {
    /// Path and text of the file that checks every change.
    pub(super) fn workflow(self) -> (&'static str, &'static str) {
        match self {
            Self::Github => (".github/workflows/keyforge.yaml", include_str!("github.yaml")),
            Self::Gitlab => (".gitlab-ci.yml", include_str!("gitlab.yaml")),
            // The same commands under other names.
            Self::Gitea => (".gitea/workflows/keyforge.yaml", include_str!("github.yaml")),
        }
    }

    /// The patterns of CODEOWNERS for everything, and for one directory: Gitea has regular expressions.
    pub(super) fn patterns(self, directory: &str) -> (String, String) {
        match self {
            Self::Github | Self::Gitlab => ("*".to_owned(), format!("/{directory}/")),
            Self::Gitea => (".*".to_owned(), format!("{directory}/.*")),
        }
    }
}

impl fmt::Display for Forge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Gitea => "gitea",
        })
    }
}

impl FromStr for Forge {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        <Self as ValueEnum>::from_str(text, true).map_err(|_| "a forge is `github`, `gitlab` or `gitea`")
    }
}
