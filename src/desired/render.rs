//! From a union to its manifests.
//!
//! Templates see the document by the names of the config language (`spec.…`) and a few values made here. What they
//! render is parsed, checked and stamped; nothing of it is trusted.

use std::collections::BTreeSet;

use super::manifest::{self, Draft, Manifest, ManifestError};
use super::reference::{self, Given};
use super::templates::{TEMPLATE_VERSION, Templates};
use super::view::View;
use super::{Controller, DesiredState, Ending, Life, applier, order, removed, stamp};
use crate::digest::Digest;
use crate::ids::ResourceId;
use crate::names::InstallationId;
use crate::spec::{ImageReference, Union};
use handlebars::RenderErrorReason;

/// What a desired state depends on beside union and templates.
#[derive(Debug, Clone)]
pub struct Context {
    /// Whose union it is.
    pub installation: InstallationId,
    /// Where the daemon keeps its own objects.
    pub daemon_namespace: String,
    /// Which life is desired.
    pub life: Life,
    /// How it ends, of a removed union; `None` where no state object is written.
    pub ending: Option<Ending>,
    /// The number of the admin token that was drawn last, if one was: a lowered number in Git is no change.
    pub drawn_admin_token: Option<u32>,
    /// The digest of everything in Git that this state is made from.
    pub input: Digest,
    /// What is known of the Secrets that the document names.
    pub given: Given,
    /// What stays as it was applied, whatever the document says.
    pub pins: Pins,
}

/// What a union keeps of its former state while a rollout by waves has not reached it (decisions.md 1.11).
#[derive(Debug, Clone, Default)]
pub struct Pins {
    /// The server's image.
    pub image: Option<ImageReference>,
}

/// Why a union cannot be rendered. The template is at fault, not the document.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template asks for what is not there, or calls a helper wrongly.
    #[error("templates: {file}:{line}:{column}: {}", words(cause.reason()))]
    Template {
        /// The template's file.
        file: &'static str,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What handlebars says.
        cause: Box<handlebars::RenderError>,
    },
    /// What a template rendered is no object of this union.
    #[error("templates: {file}: {source}")]
    Manifest {
        /// The template's file.
        file: &'static str,
        /// Why.
        source: ManifestError,
    },
}

fn words(reason: &RenderErrorReason) -> String {
    match reason {
        RenderErrorReason::MissingVariable(Some(name)) => format!("there is no `{name}`"),
        other => other.to_string(),
    }
}

/// What should exist for a union.
///
/// # Errors
/// A template that fails, or renders what is no object of this union. Built-in ones do neither.
pub fn build(union: &Union, templates: &Templates, context: &Context) -> Result<DesiredState, RenderError> {
    let pinned;
    let union = match &context.pins.image {
        None => union,
        Some(image) => {
            let mut other = union.clone();
            other.spec.vaultwarden.image = image.clone();
            pinned = other;
            &pinned
        }
    };
    let admin_token = union.spec.rotation.admin_token.max(context.drawn_admin_token.unwrap_or_default());
    let manifests = match context.life {
        Life::Gone => Vec::new(),
        Life::Running | Life::Retained => manifests(union, templates, context, admin_token)?,
    };
    let id = |kind: &str, name: String| ResourceId {
        kind: kind.to_owned(),
        namespace: Some(context.daemon_namespace.clone()),
        name,
        api_version: "v1".to_owned(),
    };
    let controller = (context.life != Life::Gone).then(|| Controller {
        credentials: id("Secret", format!("union-{}-credentials", union.name)),
        admin_token,
        record: id("ConfigMap", format!("union-{}", union.name)),
        input: context.given.digest(context.input),
        template_version: TEMPLATE_VERSION,
    });
    let parts = [union.name.as_str().as_bytes()].into_iter();
    let digest = Digest::of_parts(parts.chain(manifests.iter().map(|m| m.digest.as_bytes().as_slice())));
    let (union, ending) = (union.name.clone(), context.ending.clone());
    Ok(DesiredState { union, life: context.life, digest, manifests, controller, ending })
}

/// All manifests of a union that is not gone, sorted by stage, then by resource.
fn manifests(
    union: &Union,
    templates: &Templates,
    context: &Context,
    admin_token: u32,
) -> Result<Vec<Manifest>, RenderError> {
    let namespace = union.name.namespace();
    let view = View::new(union, &namespace, context, admin_token);
    let references = reference::references(&union.spec);
    let mut drafts = Vec::from(applier::drafts(&union.name, &context.daemon_namespace));
    let mut seen: BTreeSet<ResourceId> = drafts.iter().map(|draft| draft.id.clone()).collect();
    for (file, rendered) in templates.render(&view) {
        let text = rendered.map_err(|cause| RenderError::Template {
            file,
            line: cause.line_no.unwrap_or(1),
            column: cause.column_no.unwrap_or(1),
            cause: Box::new(cause),
        })?;
        let parsed = manifest::parse(&text, &namespace);
        for draft in parsed.map_err(|source| RenderError::Manifest { file, source })? {
            if let Some(slot) = draft.unnamed(&references) {
                let source = ManifestError::Unnamed { slot: slot.clone() };
                return Err(RenderError::Manifest { file, source });
            }
            if !seen.insert(draft.id.clone()) {
                let source = ManifestError::Twice { id: draft.id };
                return Err(RenderError::Manifest { file, source });
            }
            drafts.push(draft);
        }
    }
    stamp::stamp(&mut drafts, &context.given, &union.name, &context.installation, &union.source);
    if context.life == Life::Retained {
        drafts.retain(removed::is_kept);
        drafts.iter_mut().for_each(removed::stop);
    }
    // Who may write is left to nobody.
    let seal = |draft: Draft| {
        let rules = if applier::is_of_applier(&draft.id) { &[][..] } else { &union.ignore };
        draft.seal(rules)
    };
    let mut manifests: Vec<Manifest> = drafts.into_iter().map(seal).collect();
    manifests.sort_by(|a, b| order::compare(&a.id, &b.id, &union.name));
    Ok(manifests)
}
