//! The data folder. What is in it outlives the process, or the volume is not what it should be.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Makes the folder (the real server does so silently), the database and the key that signs tokens, each only once.
pub(crate) fn prepare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    // Nothing is stored yet, and an empty file is an empty SQLite database.
    OpenOptions::new().append(true).create(true).open(folder.join("db.sqlite3"))?;
    match OpenOptions::new().write(true).create_new(true).open(folder.join("rsa_key.pem")) {
        Ok(mut file) => file.write_all(signing_key()?.as_bytes()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn signing_key() -> io::Result<String> {
    let key: Pkcs8V1Der<'_> = KeyPair::generate(KeySize::Rsa2048)
        .and_then(|pair| pair.as_der())
        .map_err(|_| io::Error::other("no RSA key could be drawn"))?;
    let text = STANDARD.encode(key.as_ref());
    let mut lines: Vec<&str> = vec!["-----BEGIN PRIVATE KEY-----"];
    // Base64 is ASCII, so any place is between two characters.
    lines.extend((0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]));
    lines.extend(["-----END PRIVATE KEY-----", ""]);
    Ok(lines.join("\n"))
}
