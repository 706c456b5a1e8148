//! The operator's own templates: files of a directory that stand in for built-in ones of the same name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::desired::{TemplateError, Templates};

/// Which templates are used.
#[derive(Debug, Clone, clap::Args)]
pub struct TemplateOptions {
    /// Directory with templates that replace built-in ones of the same file name
    #[arg(long, env = "KEYFORGE_TEMPLATES", value_name = "DIR")]
    pub templates: Option<PathBuf>,
}

/// The templates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OverrideError {
    /// The directory or a file in it cannot be read.
    #[error("failed to read templates from {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// One is wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl TemplateOptions {
    /// The built-in templates with the directory's files in their place.
    ///
    /// # Errors
    /// The directory cannot be read, or a template in it is wrong.
    pub fn load(&self) -> Result<Templates, OverrideError> {
        let Some(directory) = &self.templates else { return Ok(Templates::built_in()) };
        let failed = |path: &PathBuf| {
            let path = path.clone();
            move |source| OverrideError::Read { path, source }
        };
        let mut texts = BTreeMap::new();
        for entry in std::fs::read_dir(directory).map_err(failed(directory))? {
            let path = entry.map_err(failed(directory))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| path.is_file())
            else {
                continue;
            };
            texts.insert(name.to_owned(), std::fs::read_to_string(&path).map_err(failed(&path))?);
        }
        Ok(Templates::with_overrides(&texts)?)
    }
}
