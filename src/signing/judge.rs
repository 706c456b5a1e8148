//! The judgement: whether somebody vouches for each change that a part of the config repo has seen.
//!
//! Goes back from the head to where the part was as it is accepted, along every line of history: a change that was
//! reverted since needs nobody, one that came in by a merge does. Commits on the way that decide nothing about the part
//! need no signature. One line at least has to lead back to what is accepted: on a branch that was rewritten otherwise
//! nobody would see what is missing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::commit::{Accepted, Commit, History, Part};
use super::signer::{Signer, Unverified, Voucher};
use super::trust::{Refusal, Trust, Verified};
use crate::diagnostic::{Code, Diagnostic, Severity, Span};
use crate::revision::ObjectId;

/// The trailer by which an allowed signer vouches for a commit of somebody else. It names the commit in full, since the
/// beginning of a name can be made to measure.
pub const APPROVE: &str = "Keyforge-Approve";

/// So many commits are told for one part; who mends them is told the next.
const MAX_TOLD: usize = 20;

/// What was found of one part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// What is in the way of accepting it.
    pub refused: Vec<Diagnostic>,
    /// Who vouches for the commits that decide about it, as far as somebody does.
    pub vouched: BTreeSet<Voucher>,
}

/// Judges the parts of one revision.
pub struct Judge<'a> {
    history: &'a History,
    trust: Trust<'a>,
    commits: BTreeMap<ObjectId, (&'a Commit, Verified)>,
    /// The commits that approve another one, by its name.
    approvals: BTreeMap<ObjectId, Vec<&'a Commit>>,
}

impl<'a> Judge<'a> {
    /// Verifies the signatures of a history.
    pub fn new(history: &'a History, trust: Trust<'a>, now: DateTime<Utc>) -> Self {
        let mut approvals: BTreeMap<ObjectId, Vec<&Commit>> = BTreeMap::new();
        for commit in &history.commits {
            for approved in commit.trailer(APPROVE).filter_map(|name| name.parse().ok()) {
                approvals.entry(approved).or_default().push(commit);
            }
        }
        let matters = |commit: &&Commit| {
            commit.touches.keys().any(|part| trust.asks(part)) || commit.trailer(APPROVE).next().is_some()
        };
        let verified = |commit: &'a Commit| (commit.id, (commit, trust.verify(commit, now)));
        let commits = history.commits.iter().filter(matters).map(verified).collect();
        Self { history, trust, commits, approvals }
    }

    /// Whether somebody vouches for a part whose content is not any more the one that was `accepted`, as the history was
    /// told too.
    pub fn part(&self, part: &Part, accepted: Accepted) -> Judgement {
        let mut judgement = Judgement::default();
        if !self.trust.asks(part) {
            return judgement;
        }
        if self.history.is_cut(part) {
            judgement.refused.push(cut(part));
            return judgement;
        }
        let Judgement { refused: found, vouched } = &mut judgement;
        let mut continues = false;
        let mut seen = BTreeSet::new();
        let mut open = vec![self.history.head];
        while let Some(id) = open.pop() {
            let Some(parents) = self.history.graph.get(&id) else {
                continues |= self.history.borders.get(&id).is_some_and(|parts| parts.contains(part));
                continue;
            };
            if !seen.insert(id) {
                continue;
            }
            // Before the first commit there is nothing.
            continues |= parents.is_empty() && accepted.content.is_none();
            if let Some((commit, verified)) = self.commits.get(&id)
                && let Some(content) = commit.touches.get(part)
            {
                if *content == accepted.content {
                    continues = true;
                    continue;
                }
                let signer = self.trust.voucher(verified, part);
                match signer.or_else(|why| self.approver(id, part).ok_or(why)) {
                    Ok(signer) => {
                        vouched.insert(signer.voucher(id));
                    }
                    Err(_) if self.history.exempt.contains(&id) => {}
                    Err(why) => found.push(refused(commit, part, &why)),
                }
            }
            open.extend(parents);
        }
        if let Some(at) = accepted.at
            && !continues
            && self.approver(at, part).is_none()
        {
            found.push(dropped(part, at));
        }
        found.truncate(MAX_TOLD);
        found.sort();
        judgement
    }

    /// Who may sign for a part, is a person, and has approved what a commit did to it.
    fn approver(&self, commit: ObjectId, part: &Part) -> Option<Signer> {
        let approvals = self.approvals.get(&commit).into_iter().flatten();
        let verified = approvals.filter_map(|approval| self.commits.get(&approval.id));
        let mut signers = verified.filter_map(|(_, verified)| self.trust.voucher(verified, part).ok());
        signers.find(|signer| !signer.is_forge())
    }
}

fn refused(commit: &Commit, part: &Part, why: &Refusal) -> Diagnostic {
    let code = match why {
        Refusal::Unverified(Unverified::Unsigned) => Code::UnsignedCommit,
        _ => Code::UntrustedSignature,
    };
    let message = format!("{} {why}", commit.description());
    let hint = format!(
        "revert it, or have somebody who may sign for `{part}` make a signed commit with the trailer `{APPROVE}: {}`",
        commit.id
    );
    diagnostic(part, code, message, hint)
}

fn dropped(part: &Part, from: ObjectId) -> Diagnostic {
    let message =
        format!("the branch was rewritten: accepted changes of `{part}` up to commit {from} are not in it");
    let hint = format!(
        "push them again, or have somebody who may sign for `{part}` make a signed commit with the trailer \
         `{APPROVE}: {from}`"
    );
    diagnostic(part, Code::RewrittenHistory, message, hint)
}

fn cut(part: &Part) -> Diagnostic {
    let message = "there are more commits than can be judged at once".to_owned();
    let hint = "push the branch without them, or set `spec.signatures.since` of keyforge.yaml to a commit from which on \
                all have to be signed";
    diagnostic(part, Code::LongHistory, message, hint.to_owned())
}

fn diagnostic(part: &Part, code: Code, message: String, hint: String) -> Diagnostic {
    Diagnostic {
        span: Span::file(part.to_string()),
        code,
        severity: Severity::Error,
        message,
        label: "not vouched for".into(),
        notes: Vec::new(),
        hint: Some(hint),
    }
}
