//! A config repo behind a web server: Git's own backend, and what can stand in its place.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use keyforge::git::{Change, Error, Mirror, Options, Source};
use tokio_util::sync::CancellationToken;

use crate::fixture::{SOON, acme, fetch, head, snapshot, told};
use crate::support::repo::Repo;
use crate::support::web::{Proof, Web};

/// How a repository is followed through a server.
fn options(repo: &Repo, web: &Web, path: &str) -> Options {
    Options { repo: format!("{}/{path}", web.url), repo_ca_file: Some(web.ca.clone()), ..repo.options() }
}

fn mirror(repo: &Repo, web: &Web, path: &str) -> Mirror {
    Mirror::open(&options(repo, web, path)).expect("a mirror")
}

/// A file beside the repository.
fn file(repo: &Repo, name: &str, content: &str) -> PathBuf {
    let path = repo.path().parent().expect("a folder").join(name);
    fs::write(&path, content).expect("a writable folder");
    path
}

async fn refused(mirror: &Mirror, repo: &Repo) -> String {
    told(&fetch(mirror).await.expect_err("refused"), repo)
}

#[tokio::test]
async fn a_branch_is_followed_through_everything_that_happens_to_it() {
    let repo = acme();
    let web = Web::open(&repo, Proof::OfAuthority).await;
    let mirror = mirror(&repo, &web, "config");
    let first = head(&mirror).await;
    assert_eq!(first.revision.to_string(), "main@sha1:899c8ea885b32fb2a1132a94f4a62a8847ae130c");
    assert_eq!((first.change, first.subject.as_str()), (Change::First, "Add acme"));
    assert_eq!(snapshot(&mirror).await.unions.keys().collect::<Vec<_>>(), ["acme"]);
    assert_eq!(head(&mirror).await.change, Change::Same);

    repo.change().file("unions/northside/union.yaml", "kind: Union\n").push("Add northside");
    let second = head(&mirror).await;
    assert_eq!(second.change, Change::FastForward);
    assert_eq!(snapshot(&mirror).await.unions.len(), 2);

    repo.root().file("keyforge.yaml", "kind: Keyforge # anew\n").push("Begin anew");
    assert_eq!(head(&mirror).await.change, Change::Rewritten { from: second.revision.commit });

    repo.set_branch("trunk", repo.git().refname_to_id("refs/heads/main").expect("main"));
    repo.delete_branch("main");
    let missing = Source::BranchMissing { others: vec!["trunk".into()] };
    assert_eq!(fetch(&mirror).await.expect("a fetch"), missing);
    repo.delete_branch("trunk");
    assert_eq!(fetch(&mirror).await.expect("a fetch"), Source::Empty);
}

#[tokio::test]
async fn a_repository_that_goes_on_costs_one_question_while_nothing_is_new() {
    let repo = acme();
    let web = Web::open(&repo, Proof::OfAuthority).await;
    let mirror = mirror(&repo, &web, "config");
    head(&mirror).await;
    let before = web.asked().len();
    assert_eq!(head(&mirror).await.change, Change::Same);
    assert_eq!(web.asked().len(), before + 1);
}

#[tokio::test]
async fn this_machine_is_asked_without_tls_too() {
    let repo = acme();
    let web = Web::open(&repo, Proof::None).await;
    assert_eq!(head(&mirror(&repo, &web, "config")).await.subject, "Add acme");
}

#[tokio::test]
async fn the_credentials_of_the_file_count_from_the_next_fetch_on() {
    let repo = acme();
    let web = Web::with_login(&repo, "x-access-token:s3cret-t0ken").await;
    let bare = mirror(&repo, &web, "config");
    assert_eq!(
        refused(&bare, &repo).await,
        "config repo: the server refuses to answer without credentials (HTTP 401) (hint: set \
         `repo_credentials_file` to a file with a token, or with `user:password`)"
    );

    let credentials = file(&repo, "credentials", "wr0ng-t0ken\n");
    let options =
        Options { repo_credentials_file: Some(credentials.clone()), ..options(&repo, &web, "config") };
    let mirror = Mirror::open(&options).expect("a mirror");
    assert_eq!(
        refused(&mirror, &repo).await,
        "config repo: the server refuses the credentials (HTTP 401) (hint: renew what is in \
         `repo_credentials_file`; it is read again at each fetch)"
    );
    for right in ["s3cret-t0ken\n", "x-access-token:s3cret-t0ken"] {
        fs::write(&credentials, right).expect("a writable file");
        assert_eq!(head(&mirror).await.subject, "Add acme");
    }
}

#[tokio::test]
async fn credentials_of_another_kind_are_told_and_never_shown() {
    let repo = acme();
    let web = Web::open(&repo, Proof::OfAuthority).await;
    let credentials = file(&repo, "credentials", "");
    let options =
        Options { repo_credentials_file: Some(credentials.clone()), ..options(&repo, &web, "config") };
    let mirror = Mirror::open(&options).expect("a mirror");
    let mut found = String::new();
    for content in ["", "-----BEGIN OPENSSH PRIVATE KEY-----\ns3cret\n", "s3cret\nt0ken\n"] {
        fs::write(&credentials, content).expect("a writable file");
        found += &format!("{}\n", refused(&mirror, &repo).await);
    }
    fs::remove_file(&credentials).expect("removed");
    found += &refused(&mirror, &repo).await;
    assert_eq!(
        found,
        "\
`repo_credentials_file` holds nothing, and https takes a token or `user:password`, on one line
`repo_credentials_file` holds a key, and https takes a token or `user:password`, on one line
`repo_credentials_file` holds several lines, and https takes a token or `user:password`, on one line
`repo_credentials_file`: failed to read …/credentials: No such file or directory (os error 2) (hint: let the daemon's user read it, or set another)"
    );
}

#[tokio::test]
async fn only_who_proves_to_be_the_server_is_trusted() {
    let repo = acme();
    let mut found = String::new();
    for proof in [Proof::OfAuthority, Proof::SelfSigned, Proof::Authority] {
        let web = Web::open(&repo, proof).await;
        let strange = file(&repo, "strange.pem", &fs::read_to_string(&web.ca).expect("a certificate"));
        let other = Web::open(&repo, Proof::OfAuthority).await;
        let strange = Options { repo_ca_file: Some(strange), ..options(&repo, &other, "config") };
        let own = mirror(&repo, &web, "config");
        let own = match fetch(&own).await {
            Ok(_) => "trusted".to_owned(),
            Err(error) => told(&error, &repo),
        };
        let strange = refused(&Mirror::open(&strange).expect("a mirror"), &repo).await;
        assert_eq!(
            strange,
            "config repo: the server's certificate is not trusted: invalid peer certificate: UnknownIssuer (hint: set \
             `repo_ca_file` to the certificate of the authority that signed it)"
        );
        found += &format!("{own}\n");
    }
    assert_eq!(
        found,
        "\
trusted
trusted
config repo: the server's certificate is an authority's own (CA:TRUE), which no server may use (hint: give the server a certificate that the authority signed; a self-signed one is made with `openssl req -x509 -addext basicConstraints=critical,CA:FALSE`)
"
    );
    let empty = file(&repo, "empty.pem", "no certificate\n");
    let web = Web::open(&repo, Proof::OfAuthority).await;
    let options = Options { repo_ca_file: Some(empty), ..options(&repo, &web, "config") };
    let mirror = Mirror::open(&options).expect("a mirror");
    assert_eq!(refused(&mirror, &repo).await, "`repo_ca_file` holds no certificate in PEM form");
}

#[tokio::test]
async fn a_redirect_is_followed_within_the_server_and_nowhere_else() {
    let repo = acme();
    let elsewhere = Web::open(&repo, Proof::None).await;
    let web = Web::luring(&repo, &format!("{}/config", elsewhere.url)).await;
    let credentials = file(&repo, "credentials", "s3cret-t0ken");
    let with_credentials = |path: &str| {
        let options =
            Options { repo_credentials_file: Some(credentials.clone()), ..options(&repo, &web, path) };
        Mirror::open(&options).expect("a mirror")
    };
    assert_eq!(head(&with_credentials("moved")).await.subject, "Add acme");
    assert_eq!(
        refused(&with_credentials("lured"), &repo).await,
        "config repo: the server redirects to another one, which is not followed (hint: set `repo` to the address \
         that it redirects to)"
    );
    assert_eq!(elsewhere.asked(), []);
}

#[tokio::test]
async fn what_is_no_repository_is_told_apart() {
    let repo = acme();
    let web = Web::open(&repo, Proof::OfAuthority).await;
    let mut found = String::new();
    for path in ["absent", "page", "broken", "config/../page"] {
        found += &format!("{}\n", refused(&mirror(&repo, &web, path), &repo).await);
    }
    assert_eq!(
        found,
        "\
config repo: the server has no such repository, or does not show it (HTTP 404) (hint: compare `repo` with the address that `git clone` takes, and whether the credentials may read it)
config repo: the server's answer is not one of a Git server
config repo: the server answers HTTP 503
config repo: the server's answer is not one of a Git server
"
    );
    let mirror = mirror(&repo, &web, "config");
    drop(web);
    let error = fetch(&mirror).await.expect_err("nobody is there");
    assert!(error.is_passing());
    assert!(told(&error, &repo).starts_with("config repo: the server is not reached: "), "{error:?}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_at_the_deadline() {
    let repo = acme();
    let web = Web::open(&repo, Proof::OfAuthority).await;
    let options = Options { repo_timeout: Duration::from_millis(300), ..options(&repo, &web, "silent") };
    let mirror = Mirror::open(&options).expect("a mirror");
    let error = fetch(&mirror).await.expect_err("too late");
    assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
    // Nothing of it holds the mirror any longer.
    let options = Options { repo_timeout: SOON, ..options };
    let begun = Instant::now();
    let next = Mirror::open(&Options { repo: format!("{}/broken", web.url), ..options }).expect("a mirror");
    assert!(fetch(&next).await.is_err());
    assert!(begun.elapsed() < SOON);
}

#[tokio::test]
async fn a_fetch_that_is_cancelled_in_the_middle_ends_at_once() {
    let repo = acme();
    let web = Web::open(&repo, Proof::OfAuthority).await;
    let mirror = mirror(&repo, &web, "silent");
    let cancel = CancellationToken::new();
    let asked = async {
        while web.asked().is_empty() {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let (fetched, ()) = tokio::time::timeout(SOON, futures::future::join(mirror.fetch(&cancel), asked))
        .await
        .expect("at once");
    assert!(matches!(fetched, Err(Error::Cancelled)), "{fetched:?}");
}

#[tokio::test]
async fn a_server_that_sends_without_end_is_stopped() {
    let repo = acme();
    let web = Web::open(&repo, Proof::OfAuthority).await;
    for path in ["endless", "bottomless"] {
        let options = Options { repo_max_mib: 1, ..options(&repo, &web, path) };
        let mirror = Mirror::open(&options).expect("a mirror");
        assert_eq!(
            refused(&mirror, &repo).await,
            "the config repo sends more than 1 MiB (hint: remove large files from the branch's history, or raise \
             `repo_max_mib`)",
            "{path}"
        );
    }
}
