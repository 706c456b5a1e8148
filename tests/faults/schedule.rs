//! What is broken in which order: a list that follows from a seed alone, so that a failing one can be run again.
//!
//! The numbers come from SplitMix64, written out here: a library's own may change with its version, and with it what a
//! seed means.

use std::fmt;

use super::fleet::{FOUNDED, Fleet, Push, Union};

/// Daemons that share the work.
pub(crate) const REPLICAS: usize = 3;

/// Steps before what is still broken is mended.
const STEPS: usize = 24;

/// Faults that last, at once.
const AT_ONCE: usize = 3;

/// A daemon by its number.
pub(crate) type Replica = usize;

/// One seed's steps.
pub(crate) struct Schedule {
    pub(crate) seed: u64,
    pub(crate) steps: Vec<Step>,
}

/// What is done, and how many writes to the cluster are let pass before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) after: usize,
    pub(crate) act: Act,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    Push(Push),
    Begin(Fault),
    End(Fault),
    Once(Blow),
}

/// What lasts until it is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `kill -9`; mended by a start.
    Killed(Replica),
    /// Its way to PostgreSQL.
    Database(Replica, Network),
    /// Its way to the API server.
    Cluster(Replica, Network),
    /// Every second request to the API server is refused with this status.
    Refused(Replica, u16),
    /// Files take no more bytes.
    DiskFull(Replica),
    /// The API server of all.
    ApiServerDown,
}

/// How a network fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// Connections end, and none is taken.
    Cut,
    /// What is sent arrives nowhere, and nobody is told.
    Silent,
    /// Everything takes its time.
    Slow,
}

/// What happens at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    /// Ended by SIGTERM and started again, as an update does it.
    Replace(Replica),
    KillApiServer,
    /// By a mode of `pg_ctl`.
    RestartDatabase(&'static str),
    /// PostgreSQL's clock, which is the one that judges, jumps by so many seconds.
    Clock(i32),
    /// A union's server dies.
    KillServer(Union),
    /// Somebody's hand on a union's objects.
    Drift(Union, Hand),
}

/// What people do with kubectl. Not to Secrets: nobody may watch those, so what is done to them is found at a later look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hand {
    Scale,
    EditSettings,
    AddVariable,
    DeleteWorkload,
    DeleteService,
    DeletePolicies,
}

impl Schedule {
    /// The schedule of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut fleet = Fleet::founded();
        let mut open: Vec<Fault> = Vec::new();
        let mut steps = Vec::new();
        while steps.len() < STEPS {
            let act = match dice.below(10) {
                0..=3 => push(&mut dice, &fleet).map(Act::Push),
                4..=6 => fault(&mut dice, &open).map(Act::Begin),
                7 if !open.is_empty() => Some(Act::End(open[dice.below(open.len())])),
                _ => blow(&mut dice, &fleet, &open).map(Act::Once),
            };
            let Some(act) = act else { continue };
            match &act {
                Act::Push(push) => fleet.push(push),
                Act::Begin(fault) => open.push(*fault),
                Act::End(fault) => open.retain(|other| other != fault),
                Act::Once(_) => {}
            }
            steps.push(Step { after: dice.below(30), act });
        }
        while !open.is_empty() {
            let fault = open.swap_remove(dice.below(open.len()));
            steps.push(Step { after: dice.below(30), act: Act::End(fault) });
        }
        Self { seed, steps }
    }
}

fn push(dice: &mut Dice, fleet: &Fleet) -> Option<Push> {
    let (there, left) = (fleet.head(), fleet.left());
    let good: Vec<Union> = there.iter().filter(|(_, doc)| !doc.broken).map(|(union, _)| *union).collect();
    let broken: Vec<Union> = there.iter().filter(|(_, doc)| doc.broken).map(|(union, _)| *union).collect();
    let away: Vec<Union> = left.iter().filter(|union| !there.contains_key(union)).copied().collect();
    // What was removed once stays well: whether a broken one is then held as it was or as a tombstone is a matter of
    // which commits were seen, and not of what they say.
    let steady: Vec<Union> = good.iter().filter(|union| !left.contains(union)).copied().collect();
    Some(match dice.below(9) {
        0 => Push::Found((FOUNDED..).map(Union).find(|new| !there.contains_key(new) && !left.contains(new))?),
        1 | 2 => Push::Change(dice.one(&good)?),
        3 => Push::Rotate(dice.one(&good)?),
        4 => Push::Break(dice.one(&steady)?),
        5 => Push::Mend(dice.one(&broken)?),
        6 => Push::Remove(dice.one(&good)?),
        7 => Push::Return(dice.one(&away)?),
        _ => rewrite(dice, fleet)?,
    })
}

fn rewrite(dice: &mut Dice, fleet: &Fleet) -> Option<Push> {
    let drops = 1 + dice.below(fleet.droppable().clamp(1, 3));
    if drops > fleet.droppable() {
        return None;
    }
    let base = fleet.before(drops);
    let good: Vec<Union> = base.iter().filter(|(_, doc)| !doc.broken).map(|(union, _)| *union).collect();
    Some(Push::Rewrite { drops, changes: dice.one(&good)? })
}

fn fault(dice: &mut Dice, open: &[Fault]) -> Option<Fault> {
    let replica = dice.below(REPLICAS);
    let network = [Network::Cut, Network::Silent, Network::Slow][dice.below(3)];
    let new = match dice.below(8) {
        0 | 1 => Fault::Killed(replica),
        2 | 3 => Fault::Database(replica, network),
        4 => Fault::Cluster(replica, network),
        5 => Fault::Refused(replica, [429, 500, 503][dice.below(3)]),
        6 => Fault::DiskFull(replica),
        _ => Fault::ApiServerDown,
    };
    let hinders = |other: &Fault| match (*other, new) {
        // A fault that is there already, in whichever form.
        (Fault::Killed(one), Fault::Killed(two) | Fault::DiskFull(two))
        | (Fault::Database(one, _), Fault::Database(two, _))
        | (Fault::Cluster(one, _), Fault::Cluster(two, _))
        | (Fault::Refused(one, _), Fault::Refused(two, _))
        | (Fault::DiskFull(one), Fault::DiskFull(two)) => one == two,
        (Fault::ApiServerDown, Fault::ApiServerDown) => true,
        _ => false,
    };
    (open.len() < AT_ONCE && !open.iter().any(hinders)).then_some(new)
}

fn blow(dice: &mut Dice, fleet: &Fleet, open: &[Fault]) -> Option<Blow> {
    let there: Vec<Union> = fleet.head().keys().copied().collect();
    let union = dice.one(&there)?;
    let replica = dice.below(REPLICAS);
    let down = open.contains(&Fault::ApiServerDown);
    Some(match dice.below(9) {
        0 if !open.contains(&Fault::Killed(replica)) => Blow::Replace(replica),
        1 if !down => Blow::KillApiServer,
        2 => Blow::RestartDatabase(["fast", "immediate"][dice.below(2)]),
        3 => Blow::Clock([-20, 20, 900][dice.below(3)]),
        4 if !down => Blow::KillServer(union),
        5..=8 if !down => {
            let hands = [
                Hand::Scale,
                Hand::EditSettings,
                Hand::AddVariable,
                Hand::DeleteWorkload,
                Hand::DeleteService,
                Hand::DeletePolicies,
            ];
            Blow::Drift(union, dice.one(&hands)?)
        }
        _ => return None,
    })
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("less than a usize")
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.below(of.len())])
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        for (number, step) in self.steps.iter().enumerate() {
            writeln!(f, "{:>4}. {step}", number + 1)?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {:>2} writes: ", self.after)?;
        match &self.act {
            Act::Push(push) => write!(f, "push: {push}"),
            Act::Begin(fault) => write!(f, "begin: {fault}"),
            Act::End(fault) => write!(f, "end: {fault}"),
            Act::Once(blow) => write!(f, "{blow}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Killed(replica) => write!(f, "replica {replica} is killed"),
            Self::Database(replica, network) => {
                write!(f, "replica {replica}: the network to PostgreSQL is {network}")
            }
            Self::Cluster(replica, network) => {
                write!(f, "replica {replica}: the network to the API server is {network}")
            }
            Self::Refused(replica, status) => {
                write!(f, "replica {replica}: the API server answers every second request with {status}")
            }
            Self::DiskFull(replica) => write!(f, "replica {replica}: its disk is full"),
            Self::ApiServerDown => f.write_str("the API server is down"),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cut => "cut",
            Self::Silent => "silent",
            Self::Slow => "slow",
        })
    }
}

impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replace(replica) => write!(f, "replica {replica} is ended by SIGTERM and started again"),
            Self::KillApiServer => f.write_str("the API server is killed and comes back by itself"),
            Self::RestartDatabase(mode) => write!(f, "PostgreSQL is restarted ({mode})"),
            Self::Clock(seconds) => write!(f, "PostgreSQL's clock jumps by {seconds} s"),
            Self::KillServer(union) => write!(f, "the server of {union} is killed"),
            Self::Drift(union, hand) => write!(f, "by hand, {union}: {hand}"),
        }
    }
}

impl fmt::Display for Hand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scale => "scale the workload",
            Self::EditSettings => "edit the settings",
            Self::AddVariable => "add a variable to the workload",
            Self::DeleteWorkload => "delete the workload",
            Self::DeleteService => "delete the service",
            Self::DeletePolicies => "delete the network policies",
        })
    }
}

#[test]
fn a_seed_always_gives_the_same_schedule_and_another_seed_another_one() {
    let printed = |seed| Schedule::of(seed).to_string();
    assert_eq!(printed(17), printed(17));
    assert_ne!(printed(17), printed(18));
    // What a seed means must not change unnoticed: somebody may be looking for the fault that it found.
    let first: Vec<String> = printed(1).lines().take(4).map(str::to_owned).collect();
    insta::assert_snapshot!(first.join("\n"), @r"
    seed 1
       1. after 21 writes: begin: replica 1: the network to PostgreSQL is cut
       2. after 10 writes: replica 0 is ended by SIGTERM and started again
       3. after 14 writes: end: replica 1: the network to PostgreSQL is cut
    ");
}

#[test]
fn what_is_broken_is_mended_in_the_end() {
    for seed in 0..500 {
        let mut open: Vec<Fault> = Vec::new();
        for step in Schedule::of(seed).steps {
            match step.act {
                Act::Begin(fault) => {
                    assert!(!open.contains(&fault), "seed {seed}: {fault} begins twice");
                    open.push(fault);
                }
                Act::End(fault) => {
                    let place = open.iter().position(|other| *other == fault).expect("it was begun");
                    open.swap_remove(place);
                }
                Act::Push(_) | Act::Once(_) => {}
            }
        }
        assert_eq!(open, [], "seed {seed}");
    }
}
