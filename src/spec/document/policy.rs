//! What a revision is judged by: guards and signatures of `keyforge.yaml`.
//!
//! A revision is judged by those of the `keyforge.yaml` accepted before it (decisions.md 1.3).

use serde::{Deserialize, Serialize};

use crate::revision::ObjectId;
use crate::signing::{Policy, Rule, RulePath, Signers, SignersError};

/// `Keyforge.spec.guards`: limits on what one revision may destroy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Guards {
    /// How many unions may be removed by one revision.
    pub unions_removed_per_revision: u32,
    /// What share of a society's members may be removed; never the last owner.
    pub members_removed_percent: u8,
    /// Whether an image may go back behind a migration.
    pub image_downgrade: ImageDowngrade,
    /// Who may approve.
    pub approval: Approval,
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            unions_removed_per_revision: 1,
            members_removed_percent: 25,
            image_downgrade: ImageDowngrade::Refuse,
            approval: Approval::default(),
        }
    }
}

/// `guards.imageDowngrade`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ImageDowngrade {
    /// Waits for an approval.
    Refuse,
    /// Is done.
    Allow,
}

/// `guards.approval`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Approval {
    /// Whether somebody else than the authors of what is approved has to approve it.
    pub second_person: bool,
}

/// `Keyforge.spec.signatures`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Signatures {
    /// Whether a commit without a known signature holds the unions that it touches.
    pub required: bool,
    /// Text of an OpenSSH `allowed_signers` file.
    pub allowed_signers: String,
    /// Armored OpenPGP public keys.
    pub openpgp: Vec<String>,
    /// Who may sign for which part; the first match decides, and without one any allowed signer may.
    pub paths: Vec<SignerPath>,
    /// A commit up to which, itself included, signatures are not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<ObjectId>,
}

impl Default for Signatures {
    fn default() -> Self {
        Self {
            required: true,
            allowed_signers: String::new(),
            openpgp: Vec::new(),
            paths: Vec::new(),
            since: None,
        }
    }
}

impl Signatures {
    /// Who may sign for what, and what is wrong with it: nothing, in a document that was accepted.
    pub fn policy(&self) -> (Policy, Vec<SignersError>) {
        let (signers, mistakes) = Signers::read(&self.allowed_signers, &self.openpgp);
        let rule = |part: &SignerPath| Rule { path: part.path.clone(), signers: part.signers.clone() };
        (Policy { signers, rules: self.paths.iter().map(rule).collect() }, mistakes)
    }
}

/// One of `signatures.paths`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignerPath {
    /// Which part: `keyforge.yaml`, `unions/acme/**`, `unions/north-*/**` or `**`.
    pub path: RulePath,
    /// Principals of `allowedSigners`, addresses or fingerprints of `openpgp` keys.
    pub signers: Vec<String>,
}
