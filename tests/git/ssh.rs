//! A config repo behind an SSH server, which is OpenSSH's own.

use std::fs;
use std::time::Duration;

use keyforge::git::{Change, Error, Mirror, Options};

use crate::fixture::{SOON, acme, fetch, head, snapshot, told};
use crate::support::repo::Repo;
use crate::support::sshd::Sshd;

fn options(repo: &Repo, server: &Sshd) -> Options {
    Options {
        repo: server.url.clone(),
        repo_credentials_file: Some(server.key.clone()),
        repo_known_hosts_file: Some(server.known_hosts.clone()),
        ..repo.options()
    }
}

async fn refused(options: &Options, repo: &Repo) -> String {
    let mirror = Mirror::open(options).expect("a mirror");
    told(&fetch(&mirror).await.expect_err("refused"), repo)
}

#[tokio::test]
async fn a_branch_is_followed_over_ssh() {
    let repo = acme();
    let server = Sshd::open(&repo).await;
    let mirror = Mirror::open(&options(&repo, &server)).expect("a mirror");
    assert_eq!(head(&mirror).await.subject, "Add acme");
    assert_eq!(snapshot(&mirror).await.unions.keys().collect::<Vec<_>>(), ["acme"]);
    assert_eq!(head(&mirror).await.change, Change::Same);
    repo.change().file("unions/northside/union.yaml", "kind: Union\n").push("Add northside");
    assert_eq!(head(&mirror).await.change, Change::FastForward);
    assert_eq!(snapshot(&mirror).await.unions.len(), 2);
}

#[tokio::test]
async fn a_host_key_that_is_not_known_is_refused_and_so_is_a_changed_one() {
    let repo = acme();
    let server = Sshd::open(&repo).await;
    let options = options(&repo, &server);
    fs::write(&server.known_hosts, "").expect("a writable file");
    let unknown = refused(&options, &repo).await;
    let place = server.url.split(['@', '/']).find(|part| part.starts_with("127.")).expect("a place");
    let place = place.replace("127.0.0.1", "[127.0.0.1]");
    assert_eq!(
        unknown,
        format!(
            "config repo: the server's host key is not known: No ED25519 host key is known for {place} and you have \
             requested strict checking. (hint: write the server's host key into the file that `repo_known_hosts_file` \
             names: `ssh-keyscan HOST` shows it, its owner publishes the fingerprint to compare it with)"
        )
    );
    fs::write(&server.known_hosts, server.another_key()).expect("a writable file");
    assert_eq!(
        refused(&options, &repo).await,
        "config repo: the server's host key is another than the known one; somebody may stand in between (hint: ask \
         the server's owner whether they changed it; only then put the new one in the place of the old one in \
         `repo_known_hosts_file`)"
    );
}

#[tokio::test]
async fn a_key_that_the_server_does_not_take_is_told() {
    let repo = acme();
    let server = Sshd::open(&repo).await;
    let options = Options { repo_credentials_file: Some(server.unknown_key()), ..options(&repo, &server) };
    let found = refused(&options, &repo).await;
    assert!(found.starts_with("config repo: the server refuses the key: "), "{found}");
    assert!(found.contains("Permission denied (publickey). (hint: enter the public key"), "{found}");

    let wrong = repo.path().with_extension("token");
    fs::write(&wrong, "s3cret-t0ken").expect("a writable folder");
    let options = Options { repo_credentials_file: Some(wrong), ..options };
    assert_eq!(
        refused(&options, &repo).await,
        "`repo_credentials_file` holds something else, and ssh takes a private key without a passphrase"
    );
}

#[tokio::test]
async fn ssh_needs_a_key_and_known_hosts() {
    let repo = acme();
    let server = Sshd::open(&repo).await;
    let options = options(&repo, &server);
    for (options, expected) in [
        (
            Options { repo_credentials_file: None, ..options.clone() },
            "`repo` is over ssh, which needs `repo_credentials_file` (hint: set `repo_credentials_file` to the file \
             with the private key)",
        ),
        (
            Options { repo_known_hosts_file: None, ..options.clone() },
            "`repo` is over ssh, which needs `repo_known_hosts_file` (hint: write the server's host key into the file \
             that `repo_known_hosts_file` names: `ssh-keyscan HOST` shows it, its owner publishes the fingerprint to \
             compare it with)",
        ),
    ] {
        assert_eq!(told(&Mirror::open(&options).expect_err("refused"), &repo), expected);
    }
}

#[tokio::test]
async fn what_git_on_the_server_says_is_told() {
    let repo = acme();
    let server = Sshd::open(&repo).await;
    let options = Options { repo: format!("{}-absent", server.url), ..options(&repo, &server) };
    let found = refused(&options, &repo).await;
    assert_eq!(
        found,
        "config repo: ssh ended: fatal: '…/config-absent' does not appear to be a git repository"
    );
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_at_the_deadline() {
    let repo = acme();
    let server = Sshd::open(&repo).await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = silent.local_addr().expect("a bound address").port();
    let options = Options {
        repo: format!("ssh://git@127.0.0.1:{port}/config"),
        repo_timeout: Duration::from_millis(300),
        ..options(&repo, &server)
    };
    let mirror = Mirror::open(&options).expect("a mirror");
    let error = tokio::time::timeout(SOON, fetch(&mirror)).await.expect("in time").expect_err("too late");
    assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
    // The program is gone: it has left the connection that it had made.
    let (mut connection, _) = silent.accept().await.expect("it came");
    let mut said = Vec::new();
    let gone = tokio::io::AsyncReadExt::read_to_end(&mut connection, &mut said);
    tokio::time::timeout(SOON, gone).await.expect("it left").expect("what it said");
    assert!(said.starts_with(b"SSH-2.0-OpenSSH"));
}

#[tokio::test]
async fn a_server_that_sends_too_much_is_stopped() {
    let repo = acme();
    let server = Sshd::open(&repo).await;
    // Noise is not packed any smaller.
    let noise: Vec<u8> = (0..10).flat_map(|_| 0..20_000_u64).flat_map(|n| hash(n).to_le_bytes()).collect();
    repo.change().file("noise", noise).push("Add noise");
    let tight = Options { repo_max_mib: 1, ..options(&repo, &server) };
    let found = refused(&tight, &repo).await;
    assert!(found.starts_with("the config repo sends more than 1 MiB"), "{found}");
}

/// Another number each time.
fn hash(n: u64) -> u64 {
    use std::hash::BuildHasher as _;
    std::hash::RandomState::new().hash_one(n)
}
