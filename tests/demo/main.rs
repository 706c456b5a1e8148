//! `make demo`: the whole product on this machine, on real parts, as a story that a newcomer can follow.
//!
//! ```text
//! demo story   tells the story, then stays up until Ctrl-C
//! demo once    tells it, checks every step, leaves nothing behind
//! demo stay    the stage alone: the parts run, nothing is told
//! ```
//!
//! The story sees the product as its users do: Git, the API, `keyforge`, `kubectl` and a union's own URL. It waits for
//! what it tells, with a deadline, and fails with the step that did not come.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the story is told on the terminal")]

mod eyes;
mod info;
mod narrator;
#[path = "../support/part.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
mod part;
#[path = "../support/postgres.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
mod postgres;
mod remote;
mod stage;
#[path = "../support/standin.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
mod standin;
mod story;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use narrator::Narrator;
use stage::Stage;

#[tokio::main]
async fn main() -> ExitCode {
    let told = tokio::select! {
        told = run() => told,
        // Dropping the future has ended the parts.
        _ = tokio::signal::ctrl_c() => return ExitCode::from(130),
    };
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n   ✗ {error:#}\n");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let mut narrator = Narrator::new();
    match mode.as_str() {
        "story" | "stay" => {
            let stage = Stage::set(&mut narrator).await?;
            if mode == "story" {
                story::tell(&mut narrator, &stage).await?;
            }
            story::invite(&narrator, &stage).await?;
            tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")?;
            println!("\n   Ending what was started.");
            stage.strike().await
        }
        "once" => {
            let stage = Stage::set(&mut narrator).await?;
            story::tell(&mut narrator, &stage).await?;
            stage.strike().await?;
            narrator.say("Every step was seen. Nothing is left: no process, no folder.");
            Ok(())
        }
        _ => bail!("usage: demo story | once | stay"),
    }
}
