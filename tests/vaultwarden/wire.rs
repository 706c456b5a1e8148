//! Strange answers: of a server that is away, slow, limited or hostile.

use std::sync::Arc;
use std::time::Duration;

use keyforge::vaultwarden::{CALL_TIMEOUT, Client, Dial, Error, Pipe, Retry, Trust, tcp, tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

use crate::bench::{client_by, drawn};

/// Answers each request by its path, byte for byte; `None`: never.
fn scripted(answer: fn(&str) -> Option<String>) -> Client {
    client_by(answering(answer, Arc::default()), &drawn())
}

/// The way to whoever answers like that; `ended` counts the connections that we hung up.
fn answering(answer: fn(&str) -> Option<String>, ended: Arc<watch::Sender<usize>>) -> Dial {
    Arc::new(move || {
        let ended = Arc::clone(&ended);
        Box::pin(async move {
            let (ours, mut theirs) = tokio::io::duplex(1 << 20);
            tokio::spawn(async move {
                let mut buffer = vec![0; 1 << 16];
                while let Ok(read @ 1..) = theirs.read(&mut buffer).await {
                    let request = String::from_utf8_lossy(&buffer[..read]).into_owned();
                    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                    match answer(&path) {
                        Some(answer) => theirs.write_all(answer.as_bytes()).await.expect("it is read"),
                        None => std::future::pending().await,
                    }
                }
                ended.send_modify(|ended| *ended += 1);
            });
            Ok(Box::new(ours) as Box<dyn Pipe>)
        })
    })
}

fn status(line: &str, body: &str) -> Option<String> {
    Some(format!(
        "HTTP/1.1 {line}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

#[tokio::test]
async fn a_version_that_was_not_tried_is_refused_by_its_name() {
    let other = scripted(|_| status("200 OK", "\"1.40.0\""));
    assert!(matches!(other.version().await, Err(Error::Version { found }) if found == "1.40.0"));
    let unknown = scripted(|_| status("200 OK", "\"\""));
    assert!(
        matches!(unknown.version().await, Err(Error::Version { found }) if found == "of an unknown version")
    );
    let tried = scripted(|_| status("200 OK", "\"1.37.9\""));
    assert_eq!(tried.version().await.expect("tried"), "1.37.9");
}

#[tokio::test]
async fn what_is_no_answer_of_the_protocol_is_refused() {
    let redirects = scripted(|_| {
        Some("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".into())
    });
    assert!(matches!(redirects.version().await, Err(Error::Answer { what: "a redirection", .. })));
    let html = scripted(|_| status("200 OK", "<html>"));
    assert!(matches!(html.version().await, Err(Error::Answer { what: "not what was asked for", .. })));
    let endless = scripted(|_| Some(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 64 << 20)));
    assert!(matches!(endless.version().await, Err(Error::Answer { what: "too large", .. })));
    let no_http = scripted(|_| Some("SSH-2.0-OpenSSH\r\n".into()));
    assert!(matches!(no_http.version().await, Err(Error::Unreachable { .. })));
    let broken = scripted(|_| status("500 Internal Server Error", "boom"));
    let failed = broken.version().await.expect_err("it is broken");
    assert!(matches!(failed, Error::Server { status: 500, .. }) && failed.is_away());
}

#[tokio::test]
async fn a_limit_of_the_server_is_told_with_its_time() {
    let limited = scripted(|path| match path {
        "/identity/connect/token" => {
            status("429 Too Many Requests", "{\"message\":\"Too many login requests\"}")
        }
        _ => status("200 OK", "1"),
    });
    let failed = limited.revision().await.expect_err("no log-in");
    assert_eq!(failed.retry(), Retry::After(Duration::from_secs(60)));
    let admin = scripted(|_| status("429 Too Many Requests", "<html>"));
    let failed = admin.effective_settings().await.expect_err("no log-in");
    assert!(matches!(failed.retry(), Retry::After(wait) if wait >= Duration::from_secs(300)));
}

const TOKEN: &str = "{\"access_token\":\"a\",\"expires_in\":7200,\"refresh_token\":\"r\"}";

#[tokio::test]
async fn a_database_that_is_away_is_told_from_a_token_that_has_ended() {
    let away = scripted(|path| match path {
        "/identity/connect/token" => status("200 OK", TOKEN),
        "/api/now" => status("200 OK", "\"2026-11-28T12:00:00Z\""),
        "/alive" => status("503 Service Unavailable", ""),
        _ => status("401 Unauthorized", "{}"),
    });
    assert!(matches!(away.revision().await, Err(Error::DatabaseAway { .. })));
    let stranger = scripted(|path| match path {
        "/identity/connect/token" => status("200 OK", TOKEN),
        "/api/now" | "/alive" => status("200 OK", "\"2026-11-28T12:00:00Z\""),
        _ => status("401 Unauthorized", "{}"),
    });
    assert!(matches!(stranger.revision().await, Err(Error::Denied { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_costs_ten_seconds_whatever_was_asked() {
    let silent = scripted(|_| None);
    let start = tokio::time::Instant::now();
    let failed = silent.version().await.expect_err("it is silent");
    assert!(matches!(failed, Error::Timeout { .. }), "{failed:?}");
    assert!(start.elapsed() <= CALL_TIMEOUT, "{:?}", start.elapsed());
    let start = tokio::time::Instant::now();
    let failed = silent.revision().await.expect_err("it lets nobody in");
    assert!(matches!(failed, Error::Timeout { .. }), "{failed:?}");
    assert!(start.elapsed() <= CALL_TIMEOUT, "its log-in is part of it: {:?}", start.elapsed());
    let half = scripted(|path| if path == "/api/now" { status("200 OK", "\"\"") } else { None });
    assert!(matches!(half.version().await, Err(Error::DatabaseAway { .. })));
}

#[tokio::test]
async fn what_stands_before_the_server_says_nothing_about_our_account() {
    let mut fields = drawn();
    fields.insert("account-refresh-token".to_owned(), b"good".to_vec().into());
    for line in ["404 Not Found", "403 Forbidden", "400 Bad Request", "401 Unauthorized"] {
        let (answer, name): (fn(&str) -> _, _) = match line {
            "404 Not Found" => (|_| status("404 Not Found", "<html>default backend</html>"), line),
            "403 Forbidden" => (|_| status("403 Forbidden", "{\"error\":\"forbidden\"}"), line),
            "400 Bad Request" => (|_| status("400 Bad Request", "<html>too large a header</html>"), line),
            _ => (|_| status("401 Unauthorized", "<html>sign in</html>"), line),
        };
        let client = client_by(answering(answer, Arc::default()), &fields);
        let failed = client.revision().await.expect_err("no log-in");
        assert!(matches!(failed, Error::Answer { .. }), "{name}: {failed:?}");
        assert_eq!(failed.retry(), Retry::Backoff, "{name}");
        assert!(client.unkept().await.is_none(), "{name}: its token is as good as before");
    }
}

#[tokio::test]
async fn a_token_that_no_header_can_hold_makes_no_call_without_one() {
    let odd = scripted(|path| match path {
        "/identity/connect/token" => status("200 OK", "{\"access_token\":\"a\\nb\",\"expires_in\":7200}"),
        _ => status("200 OK", "1"),
    });
    let failed = odd.revision().await;
    assert!(
        matches!(failed, Err(Error::Answer { what: "a token that no header can hold", .. })),
        "{failed:?}"
    );
}

#[tokio::test]
async fn connections_are_kept_between_calls_and_ended_when_we_hang_up() {
    let ended = Arc::new(watch::Sender::default());
    let dial = answering(|_| status("200 OK", "\"1.37.2\""), Arc::clone(&ended));
    let client = client_by(dial, &drawn());
    client.version().await.expect("an answer");
    client.version().await.expect("an answer");
    assert_eq!(*ended.borrow(), 0);
    client.hang_up();
    ended.subscribe().wait_for(|ended| *ended == 1).await.expect("it is counted");
    client.version().await.expect("on a connection of its own");
}

#[tokio::test]
async fn the_words_of_the_server_are_short_and_on_one_line() {
    let rude = scripted(|path| match path {
        "/identity/connect/token" => {
            let body =
                serde_json::json!({ "error": "", "message": format!("no\n\u{1b}[31m{}", "x".repeat(5000)) });
            status("400 Bad Request", &body.to_string())
        }
        _ => None,
    });
    let Err(Error::Account { message, .. }) = rude.revision().await else { panic!("refused") };
    assert!(message.chars().count() <= 300 && !message.contains(char::is_control), "{message}");
}

#[tokio::test]
async fn nobody_there_and_nobody_trusted_are_told_apart() {
    // Bound and dropped: nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port");
    let nobody = client_by(tcp("127.0.0.1", free.port()), &drawn());
    assert!(matches!(nobody.version().await, Err(Error::Unreachable { .. })));
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = plain.local_addr().expect("a port").port();
    tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.expect("a connection");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("it is read");
    });
    let pair = rcgen::generate_simple_self_signed(["vault.acme.example".to_owned()]).expect("a certificate");
    let trust = Trust::only(&[pair.cert.der().clone()]).expect("an authority");
    let no_tls = client_by(tls(tcp("127.0.0.1", port), "vault.acme.example", &trust), &drawn());
    assert!(matches!(no_tls.version().await, Err(Error::Tls { .. })));
}
