//! An SMTP server that takes mails: as much of RFC 5321 as a client needs, in the clear or wrapped in TLS.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::web::{Proof, acceptor, certificates};

/// A running server; it ends with this.
pub(crate) struct Mailbox {
    /// `host:port`.
    pub(crate) address: String,
    /// What vouches for it, where it speaks TLS.
    pub(crate) authority: String,
    mails: Arc<Mutex<Vec<Mail>>>,
    serving: JoinHandle<()>,
}

/// Whom it does not take a mail for, and what it says then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused {
    pub(crate) to: &'static str,
    pub(crate) word: &'static str,
}

/// A mail that it took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) login: Option<String>,
    pub(crate) data: String,
}

impl Mailbox {
    /// One without TLS, which refuses one recipient, with this word.
    pub(crate) async fn plain(refuses: Option<Refused>) -> Self {
        Self::start(Proof::None, refuses).await
    }

    /// One that speaks TLS from the first byte on, for `localhost`.
    pub(crate) async fn wrapped() -> Self {
        Self::start(Proof::OfAuthority, None).await
    }

    async fn start(proof: Proof, refuses: Option<Refused>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("a bound address").port();
        let (mut authority, mut tls) = (String::new(), None);
        if proof != Proof::None {
            let (certificate, pem, key) = certificates(proof);
            (authority, tls) = (pem, Some(acceptor(certificate, &key)));
        }
        let mails = Arc::<Mutex<Vec<Mail>>>::default();
        let kept = Arc::clone(&mails);
        let serving = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (tls, kept) = (tls.clone(), Arc::clone(&kept));
                tokio::spawn(async move {
                    let ended = match tls {
                        Some(tls) => match tls.accept(connection).await {
                            Ok(connection) => converse(connection, refuses, &kept).await,
                            Err(error) => Err(error),
                        },
                        None => converse(connection, refuses, &kept).await,
                    };
                    // A client that goes without a farewell is not this server's matter.
                    drop(ended);
                });
            }
        });
        let host = if authority.is_empty() { "127.0.0.1" } else { "localhost" };
        Self { address: format!("{host}:{port}"), authority, mails, serving }
    }

    /// The file with what vouches for it.
    pub(crate) fn authority_file(&self) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, &self.authority).expect("written");
        (folder, file)
    }

    /// All that it took.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().expect("whole").clone()
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn converse<C: AsyncRead + AsyncWrite + Unpin>(
    connection: C,
    refuses: Option<Refused>,
    mails: &Mutex<Vec<Mail>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(connection);
    stream.write_all(b"220 mail.example ready\r\n").await?;
    let (mut mail, mut line) = (Mail::default(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let said = line.trim_end();
        let answer = match said.split(' ').next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => "250-mail.example\r\n250 AUTH PLAIN".to_owned(),
            "AUTH" => {
                mail.login = Some(said.to_owned());
                "235 welcome".to_owned()
            }
            "MAIL" => {
                said.clone_into(&mut mail.from);
                "250 ok".to_owned()
            }
            "RCPT" => match refuses {
                Some(Refused { to, word }) if said.contains(to) => format!("550 {word}"),
                _ => {
                    mail.to.push(said.to_owned());
                    "250 ok".to_owned()
                }
            },
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                while stream.read_line(&mut mail.data).await? > 0 && !mail.data.ends_with("\r\n.\r\n") {}
                mails.lock().expect("whole").push(std::mem::take(&mut mail));
                "250 taken".to_owned()
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "500 what?".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}
