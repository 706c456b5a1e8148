//! `make demo`: the whole product on this machine, on real parts, as a story that a newcomer can follow.
//!
//! ```text
//! demo story   tells the story, then stays up until Ctrl-C
//! demo once    tells it, checks every step, leaves nothing behind
//! demo dev     the stage alone, with a page and a daemon that follow their sources
//! demo large   no stage: the dashboard of ten thousand unions, measured in a browser
//! ```
//!
//! The story sees the product as its users do: Git, the API, `keyforge`, `kubectl`, a union's own URL, a member's client. It waits for
//! what it tells, with a deadline, and fails with the step that did not come.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the story is told on the terminal")]

mod around;
mod closed;
mod dev;
#[path = "../support/door.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
mod door;
mod eyes;
mod info;
mod large;
mod narrator;
#[path = "../support/part.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
mod part;
#[path = "../support/person.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
mod person;
#[path = "../support/postgres.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
mod postgres;
#[path = "../support/provider.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
mod provider;
mod remote;
#[path = "../support/repo.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
mod repo;
mod scenes;
#[path = "../support/seed.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
mod seed;
mod stage;
#[path = "../support/standin.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
mod standin;
mod story;
mod vault;
#[path = "../support/web.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
mod web;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use narrator::Narrator;
use stage::Stage;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!(
                "\n   ✗ {error:#}\n     The daemon's log: {}\n",
                info::folder().join("daemon.log").display()
            );
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let (told, stays) = match mode.as_str() {
        "story" => (true, true),
        "once" => (true, false),
        "dev" => (false, true),
        "large" => return unless_interrupted(large::walk()).await?.context("interrupted"),
        _ => bail!("usage: demo story | once | dev | large"),
    };
    let mut narrator = Narrator::new();
    let Some(mut stage) = unless_interrupted(Stage::set(&mut narrator)).await? else { return Ok(()) };
    let play = async {
        if told {
            story::tell(&mut narrator, &stage).await?;
            if !stays {
                dev::tried(&mut stage).await?;
                story::walk(&mut narrator, &stage).await?;
            }
        }
        if stays {
            story::invite(&narrator, &stage).await?;
            if !told {
                dev::follow(&narrator, &mut stage).await?;
            }
            std::future::pending::<()>().await;
        }
        Ok(())
    };
    let played = unless_interrupted(play).await;
    // Also after a step that failed: nothing is left behind.
    stage.strike().await?;
    if played?.is_none() && !stays {
        bail!("interrupted");
    }
    narrator.say("Nothing is left: no process, no folder.");
    Ok(())
}

/// What the future gives; `None` if Ctrl-C came first.
async fn unless_interrupted<T>(future: impl Future<Output = Result<T>>) -> Result<Option<T>> {
    tokio::select! {
        given = future => given.map(Some),
        interrupt = tokio::signal::ctrl_c() => interrupt.map(|()| None).context("cannot wait for Ctrl-C"),
    }
}
