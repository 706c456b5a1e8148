//! Git's smart HTTP: one request for the branches, then one for each round of what we have and want.
//!
//! Redirects are followed by hand, since they are a matter of trust: only for the first request, as Git does it, and only
//! within the same server. So credentials never reach another one. Requests run on the runtime while libgit2's thread waits
//! for them, hence a deadline and a cancellation that hold in the middle of everything.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header;
use reqwest::{Client, RequestBuilder, Response, redirect};
use url::Url;

use super::access::{Access, Login};
use super::{RemoteError, Session, Way};
use crate::git::Error;
use crate::git::repo::is_this_machine;

/// After so many redirects it is a circle.
const MAX_REDIRECTS: usize = 3;

/// Some servers answer only to who says that they are Git.
const USER_AGENT: &str = concat!("git/2 (keyforge/", env!("CARGO_PKG_VERSION"), ")");

/// Whom to ask, and as whom.
pub(super) struct Server {
    client: Client,
    /// Where the repository is, after redirects.
    base: Mutex<Url>,
    login: Option<Login>,
}

impl Server {
    pub(super) fn new(url: &Url, access: &Access) -> Result<Self, RemoteError> {
        let mut builder = Client::builder().user_agent(USER_AGENT).redirect(redirect::Policy::none());
        if is_this_machine(url) {
            builder = builder.no_proxy();
        }
        if let Some(authorities) = access.authorities()? {
            builder = builder.tls_certs_only(authorities);
        }
        let client = builder.build().map_err(|source| RemoteError::Client { source })?;
        Ok(Self { client, base: Mutex::new(url.clone()), login: access.login()? })
    }

    fn base(&self) -> Url {
        self.base.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.login {
            Some(login) => request.basic_auth(&login.user, Some(login.password.expose())),
            None => request,
        }
    }

    /// The branches.
    async fn branches(&self) -> Result<Response, RemoteError> {
        let mut base = self.base();
        for _ in 0..=MAX_REDIRECTS {
            let mut asked = at(&base, "info/refs");
            asked.set_query(Some("service=git-upload-pack"));
            let response = self.signed(self.client.get(asked.clone())).send().await.map_err(failed)?;
            if !response.status().is_redirection() {
                *self.base.lock().unwrap_or_else(PoisonError::into_inner) = base;
                return self.checked(response, "application/x-git-upload-pack-advertisement");
            }
            base = elsewhere(&asked, &response).ok_or(RemoteError::Redirected)?;
        }
        Err(RemoteError::Redirected)
    }

    /// The answer to what we have and want.
    async fn pack(&self, body: Vec<u8>) -> Result<Response, RemoteError> {
        let request = self.client.post(at(&self.base(), "git-upload-pack"));
        let request = request
            .header(header::CONTENT_TYPE, "application/x-git-upload-pack-request")
            .header(header::ACCEPT, "application/x-git-upload-pack-result")
            .body(body);
        let response = self.signed(request).send().await.map_err(failed)?;
        self.checked(response, "application/x-git-upload-pack-result")
    }

    fn checked(&self, response: Response, wanted: &str) -> Result<Response, RemoteError> {
        let status = response.status();
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        match status.as_u16() {
            200 if kind == Some(wanted) => Ok(response),
            200 => Err(RemoteError::NotGit),
            status @ (401 | 403) => Err(RemoteError::Refused { status, given: self.login.is_some() }),
            status @ (404 | 410) => Err(RemoteError::NoRepository { status }),
            300..=399 => Err(RemoteError::Redirected),
            status => Err(RemoteError::Status { status }),
        }
    }
}

/// What is below a repository's address.
fn at(base: &Url, name: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{name}", base.path()));
    url
}

/// The repository's address that a redirect leads to, if the same server has it.
fn elsewhere(asked: &Url, response: &Response) -> Option<Url> {
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    let mut url = asked.join(location).ok()?;
    let base = url.path().strip_suffix("/info/refs")?.to_owned();
    url.set_path(&base);
    url.set_query(None);
    url.set_fragment(None);
    let clean = url.username().is_empty() && url.password().is_none();
    (clean && url.origin() == asked.origin()).then_some(url)
}

/// A failed request, in our terms where we know them.
fn failed(error: reqwest::Error) -> RemoteError {
    match tls(&error) {
        Some(rustls::Error::InvalidCertificate(rustls::CertificateError::Other(cause)))
            // The verifier's own type is not the library's to show; a test on real certificates holds these words.
            if cause.0.to_string() == "CaUsedAsEndEntity" =>
        {
            RemoteError::AuthorityAsServer
        }
        Some(source @ rustls::Error::InvalidCertificate(_)) => RemoteError::Certificate { source: source.clone() },
        _ => RemoteError::Unreachable { source: error.without_url() },
    }
}

/// What the TLS library said, however deep. An `io::Error` is not the source of what it carries, it is that itself.
fn tls<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    let mut error = error;
    loop {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        error = match carried {
            Some(carried) => carried,
            None => error.source()?,
        };
    }
}

/// One request with its answer.
pub(super) struct Exchange {
    session: Arc<Session>,
    /// What is asked; `None` for the branches.
    question: Option<Vec<u8>>,
    answer: Option<Response>,
    read: Bytes,
}

impl Exchange {
    pub(super) fn branches(session: Arc<Session>) -> Self {
        Self { session, question: None, answer: None, read: Bytes::new() }
    }

    pub(super) fn pack(session: Arc<Session>) -> Self {
        Self { session, question: Some(Vec::new()), answer: None, read: Bytes::new() }
    }

    /// The next bytes of the answer; none at its end.
    fn more(&mut self) -> Result<Bytes, Error> {
        let Way::Https(server) = &self.session.way else { return Ok(Bytes::new()) };
        let stop = &self.session.stop;
        let answer = match &mut self.answer {
            Some(answer) => answer,
            None => {
                let answer = match self.question.take() {
                    None => stop.wait(server.branches())??,
                    Some(question) => stop.wait(server.pack(question))??,
                };
                self.answer.insert(answer)
            }
        };
        let more = stop.wait(answer.chunk())?.map_err(failed)?.unwrap_or_default();
        self.session.receive(more.len())?;
        Ok(more)
    }
}

impl Read for Exchange {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.read.is_empty() {
            self.read = self.more().map_err(|error| self.session.keep(error))?;
        }
        let taken = self.read.split_to(into.len().min(self.read.len()));
        into[..taken.len()].copy_from_slice(&taken);
        Ok(taken.len())
    }
}

impl Write for Exchange {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.question {
            Some(question) => question.extend_from_slice(bytes),
            None => return Err(io::Error::other("the question was asked already")),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
