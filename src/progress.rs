//! How far a revision is in a union: from what is recorded of both to the step that it has reached.
//!
//! Apart from who records and from who shows it, so that all that may be the case stands in one table. Invariant: a step
//! counts as reached only where that is recorded; what is not known is a step too few, never one too many.

use crate::outcome::{Outcome, Phase, RevisionState, RevisionStep, UnionState};

/// What a revision was for a union when it was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// Nobody who may vouches for it.
    Unvouched,
    /// Its documents are not acceptable.
    Refused,
    /// Nothing of it but what waits for an approval.
    HeldBack,
    /// Accepted, as far as nothing of it waits.
    Accepted,
    /// The union's end.
    Removed,
}

/// What is recorded of a revision and a union.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// What it was.
    pub judged: Judged,
    /// Whether that is still what was judged last.
    pub is_newest: bool,
    /// Whether something of it waits for an approval.
    pub awaits: bool,
    /// What was told of the union last; none: it is forgotten.
    pub progress: Option<UnionState>,
    /// Whether that was told after this was accepted.
    pub is_told: bool,
    /// Whether what is accepted is applied in full and healthy.
    pub is_applied: bool,
    /// Whether this is the newest revision that was applied in full, with nothing that waited for its time.
    pub was_applied: bool,
    /// The newest deployment of this revision.
    pub deployment: Option<Deployed>,
}

/// A deployment, as far as it tells how far its revision is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deployed {
    /// Where it is.
    pub phase: Phase,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Whether it has a plan.
    pub is_planned: bool,
    /// Whether it failed at one of its stages, not after them.
    pub is_at_stage: bool,
    /// Whether this or an earlier one of the same revision succeeded.
    pub has_succeeded: bool,
}

/// Where a revision stands in a union.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    /// The last step that it has reached.
    pub step: RevisionStep,
    /// How it stands there.
    pub state: RevisionState,
}

impl Facts {
    /// The last step that there is for it. `looks_inside`: vaults are provisioned at all.
    pub fn end(&self, looks_inside: bool) -> RevisionStep {
        match self.judged {
            Judged::Removed => RevisionStep::Applied,
            _ if looks_inside => RevisionStep::Provisioned,
            _ => RevisionStep::Healthy,
        }
    }

    /// Where it stands.
    pub fn stand(&self, looks_inside: bool) -> Stand {
        let step = match self.judged {
            Judged::Unvouched => RevisionStep::Fetched,
            Judged::Refused | Judged::HeldBack => RevisionStep::Verified,
            Judged::Accepted | Judged::Removed => return self.accepted(self.end(looks_inside)),
        };
        let state = if self.is_newest { RevisionState::Waiting } else { RevisionState::Superseded };
        Stand { step, state }
    }

    fn accepted(&self, end: RevisionStep) -> Stand {
        let done = Stand { step: end, state: RevisionState::Done };
        if !self.is_newest {
            // A deployment succeeds beside what waits for its time, and in a suspended union on health alone.
            let was_through =
                self.was_applied && self.deployment.is_some_and(|deployment| deployment.has_succeeded);
            let is_over = self.judged == Judged::Removed && self.progress.is_none();
            let state = RevisionState::Superseded;
            return if was_through || is_over { done } else { Stand { step: self.rolled_out(), state } };
        }
        let state = match self.progress {
            _ if self.awaits => RevisionState::Waiting,
            // Forgotten; and a union that was founded anew has its old end before it.
            None => return done,
            Some(UnionState::Tombstone) if self.judged == Judged::Removed => return done,
            Some(UnionState::Current) if self.is_applied => return done,
            Some(UnionState::Failed) if self.is_told || self.has_failed() => RevisionState::Failed,
            Some(UnionState::Suspended | UnionState::AwaitingApproval) => RevisionState::Waiting,
            Some(_) => RevisionState::InProgress,
        };
        let step = match self.is_applied {
            // What was accepted may be through; what waits is not applied.
            _ if self.awaits => self.rolled_out().min(RevisionStep::Planned),
            true => RevisionStep::Healthy.min(end),
            false => self.rolled_out(),
        };
        Stand { step, state }
    }

    fn has_failed(&self) -> bool {
        self.deployment.is_some_and(|deployment| deployment.outcome == Some(Outcome::Failed))
    }

    /// How far its deployment came.
    fn rolled_out(&self) -> RevisionStep {
        let Some(deployment) = self.deployment.filter(|deployment| deployment.is_planned) else {
            return RevisionStep::Accepted;
        };
        match (deployment.phase, deployment.outcome) {
            (Phase::Waiting, _) | (_, Some(Outcome::Succeeded)) => RevisionStep::Applied,
            (_, Some(Outcome::Failed)) if !deployment.is_at_stage => RevisionStep::Applied,
            _ => RevisionStep::Planned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Facts = Facts {
        judged: Judged::Accepted,
        is_newest: true,
        awaits: false,
        progress: Some(UnionState::InProgress),
        is_told: false,
        is_applied: false,
        was_applied: false,
        deployment: None,
    };

    const RUNNING: Deployed = Deployed {
        phase: Phase::Running,
        outcome: None,
        is_planned: true,
        is_at_stage: false,
        has_succeeded: false,
    };

    fn closed(outcome: Outcome) -> Deployed {
        let has_succeeded = outcome == Outcome::Succeeded;
        Deployed { phase: Phase::Closed, outcome: Some(outcome), has_succeeded, ..RUNNING }
    }

    /// As a person reads it.
    fn told(facts: Facts) -> String {
        let Stand { step, state } = facts.stand(true);
        format!("{step} {state}")
    }

    #[test]
    fn what_is_not_accepted_stands_before_the_step_that_it_was_refused() {
        for (judged, expected) in [
            (Judged::Unvouched, "fetched waiting"),
            (Judged::Refused, "verified waiting"),
            (Judged::HeldBack, "verified waiting"),
        ] {
            assert_eq!(told(Facts { judged, ..NEW }), expected, "{judged:?}");
            let overtaken = told(Facts { judged, is_newest: false, ..NEW });
            assert_eq!(overtaken, expected.replace("waiting", "superseded"), "{judged:?}");
        }
    }

    #[test]
    fn what_is_accepted_goes_on_as_far_as_its_deployment() {
        let failed = closed(Outcome::Failed);
        for (progress, deployment, expected) in [
            (UnionState::InProgress, None, "accepted in-progress"),
            (UnionState::Failed, None, "accepted in-progress"),
            (UnionState::InProgress, Some(Deployed { is_planned: false, ..RUNNING }), "accepted in-progress"),
            (UnionState::InProgress, Some(RUNNING), "planned in-progress"),
            (
                UnionState::InProgress,
                Some(Deployed { phase: Phase::Waiting, ..RUNNING }),
                "applied in-progress",
            ),
            (UnionState::InProgress, Some(closed(Outcome::Interrupted)), "planned in-progress"),
            (UnionState::InProgress, Some(closed(Outcome::Succeeded)), "applied in-progress"),
            (UnionState::Failed, Some(Deployed { is_at_stage: true, ..failed }), "planned failed"),
            (UnionState::Failed, Some(Deployed { is_planned: false, ..failed }), "accepted failed"),
            (UnionState::Failed, Some(failed), "applied failed"),
            (UnionState::Suspended, None, "accepted waiting"),
            (UnionState::AwaitingApproval, Some(closed(Outcome::Succeeded)), "applied waiting"),
        ] {
            let facts = Facts { progress: Some(progress), deployment, ..NEW };
            assert_eq!(told(facts), expected, "{progress:?} {deployment:?}");
        }
        let told_since = Facts { progress: Some(UnionState::Failed), is_told: true, ..NEW };
        assert_eq!(told(told_since), "accepted failed", "it could not even be looked at");
    }

    #[test]
    fn what_is_applied_is_through_once_nothing_of_it_is_left_to_do() {
        let applied = Facts { is_applied: true, ..NEW };
        for (progress, awaits, expected) in [
            (UnionState::Current, false, "provisioned done"),
            (UnionState::Current, true, "accepted waiting"),
            (UnionState::InProgress, false, "healthy in-progress"),
            (UnionState::AwaitingApproval, false, "healthy waiting"),
        ] {
            assert_eq!(told(Facts { progress: Some(progress), awaits, ..applied }), expected, "{progress:?}");
        }
        let current = Facts { progress: Some(UnionState::Current), ..applied };
        assert_eq!(current.stand(false).step, RevisionStep::Healthy, "vaults are left alone");
        assert_eq!(told(Facts { is_applied: false, ..current }), "accepted in-progress", "of an older state");
        let deployment = Some(closed(Outcome::Succeeded));
        let waits = Facts { awaits: true, deployment, ..current };
        assert_eq!(told(waits), "planned waiting", "what waits is not applied");
    }

    #[test]
    fn what_was_overtaken_was_through_before_or_never_will_be() {
        let overtaken = Facts { is_newest: false, is_applied: true, ..NEW };
        let before = Deployed { has_succeeded: true, ..closed(Outcome::Failed) };
        for (deployment, was_applied, expected) in [
            (None, false, "accepted superseded"),
            (Some(closed(Outcome::Superseded)), false, "planned superseded"),
            (Some(closed(Outcome::Succeeded)), false, "applied superseded"),
            (Some(closed(Outcome::Succeeded)), true, "provisioned done"),
            (Some(before), true, "provisioned done"),
        ] {
            assert_eq!(told(Facts { deployment, was_applied, ..overtaken }), expected, "{deployment:?}");
        }
    }

    #[test]
    fn the_end_of_a_union_is_reached_when_nothing_of_it_runs() {
        let removed = Facts { judged: Judged::Removed, is_told: true, ..NEW };
        for (progress, expected) in [
            (Some(UnionState::InProgress), "accepted in-progress"),
            (Some(UnionState::Tombstone), "applied done"),
            (None, "applied done"),
        ] {
            assert_eq!(told(Facts { progress, ..removed }), expected, "{progress:?}");
        }
        assert_eq!(told(Facts { progress: None, is_newest: false, ..removed }), "applied done");
    }
}
