//! An SMTP server that takes mails: as much of RFC 5321 as a client needs, in the clear, wrapped in TLS, or with TLS from
//! `STARTTLS` on.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

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

/// From when on it speaks TLS.
#[derive(Clone, Copy)]
enum Tls {
    FromStart,
    OnceAsked,
}

const READY: &[u8] = b"220 mail.example ready\r\n";

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
        Self::start(None, refuses).await
    }

    /// One that speaks TLS from the first byte on, for `localhost`.
    pub(crate) async fn wrapped() -> Self {
        Self::start(Some(Tls::FromStart), None).await
    }

    /// One that speaks TLS once it is asked to, for `localhost`, and takes no log-in before.
    pub(crate) async fn upgraded() -> Self {
        Self::start(Some(Tls::OnceAsked), None).await
    }

    async fn start(from: Option<Tls>, refuses: Option<Refused>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("a bound address").port();
        let (mut authority, mut tls) = (String::new(), None);
        if let Some(from) = from {
            let (certificate, pem, key) = certificates(Proof::OfAuthority);
            (authority, tls) = (pem, Some((from, acceptor(certificate, &key))));
        }
        let mails = Arc::<Mutex<Vec<Mail>>>::default();
        let kept = Arc::clone(&mails);
        let serving = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (tls, kept) = (tls.clone(), Arc::clone(&kept));
                tokio::spawn(async move {
                    // A client that goes without a farewell is not this server's matter.
                    drop(receive(connection, tls, refuses, &kept).await);
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

async fn receive(
    mut connection: TcpStream,
    tls: Option<(Tls, TlsAcceptor)>,
    refuses: Option<Refused>,
    mails: &Mutex<Vec<Mail>>,
) -> std::io::Result<()> {
    match tls {
        None => {
            connection.write_all(READY).await?;
            converse(connection, "AUTH PLAIN", refuses, mails).await?;
        }
        Some((Tls::FromStart, tls)) => {
            let mut connection = tls.accept(connection).await?;
            connection.write_all(READY).await?;
            converse(connection, "AUTH PLAIN", refuses, mails).await?;
        }
        Some((Tls::OnceAsked, tls)) => {
            connection.write_all(READY).await?;
            if let Some(connection) = converse(connection, "STARTTLS", refuses, mails).await? {
                converse(tls.accept(connection).await?, "AUTH PLAIN", refuses, mails).await?;
            }
        }
    }
    Ok(())
}

/// Takes mails until the client goes, or asks for the one thing that is offered and ends this: TLS, over the connection that
/// is given back.
async fn converse<C: AsyncRead + AsyncWrite + Unpin>(
    connection: C,
    offered: &'static str,
    refuses: Option<Refused>,
    mails: &Mutex<Vec<Mail>>,
) -> std::io::Result<Option<C>> {
    let mut stream = BufReader::new(connection);
    let (mut mail, mut line) = (Mail::default(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let said = line.trim_end();
        let answer = match said.split(' ').next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => format!("250-mail.example\r\n250 {offered}"),
            "STARTTLS" if offered == "STARTTLS" => {
                stream.write_all(b"220 go on\r\n").await?;
                return Ok(Some(stream.into_inner()));
            }
            "AUTH" if offered != "STARTTLS" => {
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
                return Ok(None);
            }
            _ => "500 what?".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}
