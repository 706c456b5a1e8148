//! A stand-in for VaultWarden's server, which is in no package registry.
//!
//! It plays the container image for the demo and the tests. `tests/standin.rs` holds it to what the real server does,
//! and runs on the real one when `VAULTWARDEN_BIN` names it. It never answers what the real server would refuse, and
//! what Keyforge does not rely on yet is not here.

mod admin;
mod data;
mod routes;
mod settings;
mod tls;

use std::net::SocketAddr;
use std::process::ExitCode;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use settings::{Environment, Settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log("start", "ERROR", &error);
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Error> {
    let settings = Settings::read(&Environment::of_process())?;
    data::prepare(&settings.data_folder).map_err(Error::Data)?;
    let listener = TcpListener::bind(settings.address).await.map_err(Error::Listen)?;
    let address: SocketAddr = listener.local_addr().map_err(Error::Listen)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signal)?;
    if settings.admin.is_plain() {
        log("vaultwarden", "NOTICE", "You are using a plain text `ADMIN_TOKEN` which is insecure.");
    }
    let tls = settings.tls.as_deref().map(tls::acceptor).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    log("start", "INFO", format!("Rocket has launched from {scheme}://{address}"));
    let serve = async {
        match tls {
            Some(tls) => tls::serve(listener, tls, routes::routes(settings)).await,
            None => warp::serve(routes::routes(settings)).incoming(listener).run().await,
        }
    };
    // The real server closes what is open and ends within milliseconds.
    tokio::select! {
        () = serve => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    log("vaultwarden", "INFO", "Vaultwarden process exited!");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a container's log is its standard output")]
fn log(target: &str, level: &str, message: impl std::fmt::Display) {
    println!("[{}][{target}][{level}] {message}", chrono::Utc::now().format("%F %T%.3f"));
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Settings(#[from] settings::SettingsError),
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    #[error("the data folder cannot be used: {0}")]
    Data(std::io::Error),
    #[error("the address cannot be used: {0}")]
    Listen(std::io::Error),
    #[error("signals cannot be received: {0}")]
    Signal(std::io::Error),
}
