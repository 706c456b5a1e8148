//! The templates: compiled once at start, passed in as a value.
//!
//! Separate from rendering because it is what an operator can change: a file of theirs takes the place of the built-in
//! one of the same name. Invariant: what is here compiles and quotes every value.

use std::collections::BTreeMap;

use handlebars::{Handlebars, TemplateErrorReason};

use super::quote;
use crate::digest::Digest;

/// The version of what Keyforge renders of itself. Raised with every change of it, so that the change is rolled out like a
/// new image, and an older replica does not take it back.
pub const TEMPLATE_VERSION: u32 = 3;

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../templates/", $name)))),+]
    };
}

/// By name, in the order of rendering.
const BUILT_IN: [(&str, &str); 12] = built_in![
    "namespace.yaml.hbs",
    "limits.yaml.hbs",
    "service-account.yaml.hbs",
    "network-policy.yaml.hbs",
    "configuration.yaml.hbs",
    "volume.yaml.hbs",
    "database.yaml.hbs",
    "backup.yaml.hbs",
    "deployment.yaml.hbs",
    "service.yaml.hbs",
    "ingress.yaml.hbs",
    "route.yaml.hbs",
];

/// A template that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// There is no built-in template whose place it could take.
    #[error("templates: `{file}` takes no place; the names are {}", BUILT_IN.map(|(name, _)| format!("`{name}`")).join(", "))]
    Name {
        /// The file's name.
        file: String,
    },
    /// It does not compile.
    #[error("templates: {file}:{line}:{column}: {}", words(cause.reason()))]
    Syntax {
        /// The file's name.
        file: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the compiler says.
        cause: Box<handlebars::TemplateError>,
    },
    /// It writes a value without quotes: a document could add YAML of its own.
    #[error("templates: {file}:{line}:{column}: a value is written unquoted; two braces and no `&` quote it")]
    Unquoted {
        /// The file's name.
        file: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
}

/// The compiled templates.
#[derive(Debug)]
pub struct Templates {
    registry: Handlebars<'static>,
    digest: Digest,
}

impl Templates {
    /// The built-in ones.
    pub fn built_in() -> Self {
        Self::with_overrides(&BTreeMap::new()).expect("the built-in templates compile: a test renders them")
    }

    /// The built-in ones, some of them replaced: the text of each by its file name.
    ///
    /// # Errors
    /// The first override that cannot be used, with its place.
    pub fn with_overrides(overrides: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        if let Some(file) = overrides.keys().find(|file| BUILT_IN.iter().all(|(name, _)| name != file)) {
            return Err(TemplateError::Name { file: file.clone() });
        }
        let mut registry = Handlebars::new();
        quote::register(&mut registry);
        let version = TEMPLATE_VERSION.to_be_bytes();
        let mut parts = vec![version.as_slice()];
        for (name, built_in) in BUILT_IN {
            let text = overrides.get(name).map_or(built_in, String::as_str);
            compile(&mut registry, name, text)?;
            parts.extend([name.as_bytes(), text.as_bytes()]);
        }
        Ok(Self { registry, digest: Digest::of_parts(parts) })
    }

    /// Of all their texts and the version: equal digests render equal manifests.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Each file rendered, in order. Of a failure: which file.
    pub(super) fn render<'a, T: serde::Serialize>(
        &'a self,
        view: &'a T,
    ) -> impl Iterator<Item = (&'static str, Result<String, handlebars::RenderError>)> + 'a {
        BUILT_IN.iter().map(|(name, _)| (*name, self.registry.render(name, view)))
    }
}

/// Of a syntax error the compiler only lists all that it knows.
fn words(reason: &TemplateErrorReason) -> String {
    match reason {
        TemplateErrorReason::InvalidSyntax(_) => "something is open or unknown from here on".to_owned(),
        other => other.to_string(),
    }
}

fn compile(registry: &mut Handlebars<'_>, name: &str, text: &str) -> Result<(), TemplateError> {
    let file = || name.to_owned();
    if let Some((line, column)) = quote::unquoted(text) {
        return Err(TemplateError::Unquoted { file: file(), line, column });
    }
    registry.register_template_string(name, text).map_err(|cause| {
        let (line, column) = cause.pos().unwrap_or((1, 1));
        TemplateError::Syntax { file: file(), line, column, cause: Box::new(cause) }
    })
}
