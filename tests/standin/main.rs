//! A stand-in for VaultWarden's server, which is in no package registry.
//!
//! It plays the container image for the demo and the tests. `tests/vaultwarden` holds it to what the real server does,
//! and runs on the real one when `VAULTWARDEN_BIN` names it. It never answers what the real server would refuse, and
//! what Keyforge does not rely on yet is not here.

mod accounts;
mod admin;
mod answer;
mod ciphers;
mod collections;
mod config;
mod database;
mod jwt;
mod limits;
mod mail;
mod members;
mod organizations;
mod registration;
mod request;
mod requests;
mod routes;
mod serve;
mod server;
mod settings;
mod state;
mod sync;
mod tls;
mod tokens;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use server::Server;
use settings::{Environment, Settings};

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime of one thread");
    let ended = runtime.block_on(run());
    // A request that still waits for its database is nobody's any more.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log("start", "ERROR", &error);
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Error> {
    let (settings, config) = Settings::read(&Environment::of_process())?;
    if admin::token::is_plain(&config.text("admin_token")) {
        log("vaultwarden", "NOTICE", "You are using a plain text `ADMIN_TOKEN` which is insecure.");
    }
    let (address, tls) = (settings.address, settings.tls.as_deref().map(tls::acceptor).transpose()?);
    let opened = tokio::task::spawn_blocking(|| Server::open(settings, config)).await;
    let server = Arc::new(opened.map_err(|_| Error::Open)??);
    let listener = TcpListener::bind(address).await.map_err(Error::Listen)?;
    let address: SocketAddr = listener.local_addr().map_err(Error::Listen)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signal)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    log("start", "INFO", format!("Rocket has launched from {scheme}://{address}"));
    // The real server closes what is open and ends within milliseconds.
    tokio::select! {
        () = serve::serve(listener, tls, server) => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    log("vaultwarden", "INFO", "Vaultwarden process exited!");
    Ok(())
}

/// As every answer writes a moment.
fn clock(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[expect(clippy::print_stdout, reason = "a container's log is its standard output")]
fn log(target: &str, level: &str, message: impl std::fmt::Display) {
    println!("[{}][{target}][{level}] {message}", Utc::now().format("%F %T%.3f"));
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Settings(#[from] settings::SettingsError),
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    #[error(transparent)]
    Server(#[from] server::ServerError),
    #[error("it broke while it was set up")]
    Open,
    #[error("the address cannot be used: {0}")]
    Listen(std::io::Error),
    #[error("signals cannot be received: {0}")]
    Signal(std::io::Error),
}
