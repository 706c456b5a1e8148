//! The commands that ask a daemon elsewhere, or the database of all: with a key, until a commit is rolled out, while all is
//! stopped.

use std::path::Path;
use std::process::Output;

use keyforge::store::Decision;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::fixture::{accept, accepted, claim, current, decided, object, with_unions};
use crate::served::Served;

/// What a command says, and its exit code.
fn said(output: Output) -> (String, Option<i32>) {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (format!("{out}{err}"), output.status.code())
}

async fn keyforge(server: &str, arguments: &[&str]) -> (String, Option<i32>) {
    let mut keyforge = Command::new(env!("CARGO_BIN_EXE_keyforge"));
    keyforge.env_clear().env("KEYFORGE_SERVER", server);
    said(keyforge.args(arguments).output().await.expect("keyforge runs"))
}

/// Of nobody.
const KEY: &str = "kf_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A folder with a key, and settings that name it and a server.
fn settings(folder: &Path, server: &str) -> String {
    let (key, file) = (folder.join("key"), folder.join("keyforge.toml"));
    std::fs::write(&key, format!("{KEY}\n")).expect("written");
    let text = format!("server = \"{server}\"\napi_key_file = \"{}\"\n", key.display());
    std::fs::write(&file, text).expect("written");
    file.display().to_string()
}

#[tokio::test]
async fn a_key_is_sent_where_nobody_can_read_along_and_nowhere_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = format!("http://{}", listener.local_addr().expect("an address"));
    let answering = async {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut request = Vec::new();
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut request).await.expect("more of it"), 0, "a whole request");
        }
        let body = r#"{"items": [], "next": null}"#;
        let answer =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.expect("sent");
        String::from_utf8(request).expect("text")
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = settings(folder.path(), &server);
    let mut asking = Command::new(env!("CARGO_BIN_EXE_keyforge"));
    asking.env_clear().args(["history", "--config", &file]);
    let (request, output) = tokio::join!(answering, asking.output());
    assert_eq!(said(output.expect("keyforge runs")), ("no deployments\n".to_owned(), Some(0)));
    assert!(request.contains(&format!("authorization: Bearer {KEY}\r\n")), "{request}");

    let arguments = ["history", "--config", &file, "--server", "http://keyforge.example"];
    let (told, code) = keyforge("", &arguments).await;
    assert_eq!(
        told,
        "keyforge: the API key would be sent in the clear: the address of the daemon has to be `https://…`\n"
    );
    assert_eq!(code, Some(2));
}

#[tokio::test]
async fn keyforge_wait_ends_once_a_commit_is_rolled_out_and_says_what_it_waits_for() {
    let (_database, store) = with_unions(&["acme"]).await;
    let api = Served::start(store.clone()).await;
    let server = format!("http://{}", api.address);
    let wait = async |commit: String, timeout: &str| {
        keyforge(&server, &["wait", "--revision", &commit, "--timeout", timeout]).await
    };
    let (first, second) = (object(1).to_string(), object(2).to_string());
    let told = format!("the time is over: {second} is not fetched\n");
    assert_eq!(wait(second.clone(), "0s").await, (told, Some(1)));
    let short = &first[..12];
    let told = format!(
        "the time is over: main@{short} is applied by 0 of 1 unions that it changed, 1 in-progress\n"
    );
    assert_eq!(wait(first.clone(), "0s").await, (told, Some(1)));

    let waiting = wait(first.clone(), "10m");
    let rolling = async {
        let claim = claim(&store).await;
        store.set_status(&claim, &current(1)).await
    };
    let ((told, code), recorded) = tokio::join!(waiting, rolling);
    recorded.expect("the lease holds");
    assert_eq!(
        (told, code),
        (format!("main@{short} is applied by 1 of 1 unions that it changed, 1 current\n"), Some(0))
    );

    // The commit after it holds another union: whoever waits for it has to know.
    let held = decided("birch", Decision::Held { why: "2 errors in its documents".into() });
    accept(&store, 2, vec![held]).await;
    let (told, code) = wait(second, "10m").await;
    assert!(told.ends_with("applied by 0 of 0 unions that it changed; of all unions 1 held\n"), "{told}");
    assert_eq!(code, Some(1));
    let (_, code) = wait(first, "10m").await;
    assert_eq!(code, Some(0), "what came later is not its fault");
}

#[tokio::test]
async fn keyforge_stop_is_told_to_everybody_until_it_goes_on() {
    let (database, store) = with_unions(&["acme"]).await;
    accept(&store, 2, vec![accepted("acme", 2)]).await;
    let api = Served::start(store).await;
    let server = format!("http://{}", api.address);
    let by_hand = async |arguments: &[&str]| {
        let mut keyforge = Command::new(env!("CARGO_BIN_EXE_keyforge"));
        keyforge.env_clear().env("KEYFORGE_DATABASE_URL", &database.url);
        said(keyforge.args(arguments).output().await.expect("keyforge runs"))
    };
    let stop = ["stop", "--why", "the cluster is\u{7} moved"];
    assert_eq!(by_hand(&stop).await, ("stopped: the cluster is\\u{7} moved\n".to_owned(), Some(0)));
    for arguments in [&["status"][..], &["status", "acme"]] {
        let (told, _) = keyforge(&server, arguments).await;
        let first = told.lines().next().expect("a line");
        assert!(first.starts_with("all work is stopped since "), "{told}");
        assert!(first.ends_with(": the cluster is\\u{7} moved; `keyforge resume` lets it go on"), "{told}");
    }
    assert_eq!(by_hand(&["resume"]).await, ("goes on\n".to_owned(), Some(0)));
    assert_eq!(by_hand(&["resume"]).await, ("nothing was stopped\n".to_owned(), Some(0)));
    let (told, _) = keyforge(&server, &["status"]).await;
    assert!(told.starts_with("UNION"), "{told}");
    let url = "postgres://keyforge:secret@db.example/keyforge";
    let (told, code) = by_hand(&["stop", "--why", "x", "--database-url", url]).await;
    assert!(told.contains("`--database-url` carries a password") && !told.contains("secret"), "{told}");
    assert_eq!(code, Some(2));
}
