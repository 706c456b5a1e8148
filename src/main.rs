//! The program `keyforge`: chooses the process's TLS stack and hands over to the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    // One provider is compiled in; installed by hand, so that a stray dependency can never make the choice ambiguous.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    keyforge::cli::main(std::env::args_os())
}
