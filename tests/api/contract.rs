//! The contract, and that every route keeps it: what is true of all of them is tried on each that the contract names.

use std::io::Read as _;

use reqwest::{Client, Method, Response};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor as _};
use url::Url;
use uuid::Uuid;

use crate::served::{SOON, Served, history, newest};

/// What a path of the contract says, with things that there are in the places of its names.
struct Path {
    url: String,
    /// The content type of what is answered when all is well.
    media: String,
    /// Whether its answers have entity tags.
    is_tagged: bool,
}

async fn contract(api: &Served) -> Vec<Path> {
    let deployment = newest(api).await;
    let document = api.json("/api/v1/openapi.json").await;
    let paths = document["paths"].as_object().expect("paths").iter();
    let paths = paths.filter(|(_, item)| item.get("get").is_some()).map(|(path, item)| {
        let responses = &item["get"]["responses"];
        let content = responses["200"]["content"].as_object().expect("a form");
        Path {
            url: path
                .replace("{union}", "acme")
                .replace("{society}", "chess")
                .replace("{deployment}", &deployment)
                .replace("{request}", &Uuid::nil().to_string())
                .replace("{commit}", &"01".repeat(20)),
            media: content.keys().next().expect("a content type").clone(),
            is_tagged: responses.get("304").is_some(),
        }
    });
    paths.collect()
}

async fn ask(api: &Served, method: Method, path: &str, header: (&str, &str)) -> Response {
    let client = Client::builder().no_proxy().build().expect("a client");
    let url = format!("http://{}{path}", api.address);
    client.request(method, url).header(header.0, header.1).timeout(SOON).send().await.expect("an answer")
}

/// What is looked up in a cluster or a config repo, of which there are none here, or was asked for, is tried in tests of its own.
fn is_elsewhere(url: &str) -> bool {
    ["/plan", "/plans", "/fields", "/files", "/pod-logs", "/pod-events"].iter().any(|end| url.ends_with(end))
        || url.contains("/sync/")
}

#[tokio::test]
async fn the_contract_changes_only_on_purpose() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    let document = api.json("/api/v1/openapi.json").await;
    insta::assert_json_snapshot!(document, { ".info.version" => "<version>" });
}

#[tokio::test]
async fn every_path_of_the_contract_is_there_and_answers_in_its_form_to_a_role_that_may_only_read() {
    let (database, _store) = history().await;
    let mut connection = database.connection().await;
    let role = format!("keyforge_read_{}", Uuid::new_v4().simple());
    let may = format!("create role {role}; grant pg_read_all_data to {role}");
    connection.execute(AssertSqlSafe(may)).await.expect("a role");
    let mut url = Url::parse(&database.url).expect("a URL");
    url.query_pairs_mut().append_pair("options[role]", &role);
    let store = database.store_to_read(&["--database-read-url", url.as_str()]);
    let api = Served::start(store.clone()).await;
    api.dependencies.started();
    for Path { url, media, .. } in contract(&api).await {
        let answer = api.get(&url).await;
        if is_elsewhere(&url) {
            let problem: Value = answer.json().await.expect("JSON");
            assert_ne!(problem["code"], "no-such-path", "{url}");
        } else {
            assert_eq!(answer.status().as_u16(), 200, "{url}");
            assert_eq!(answer.headers()["content-type"], media, "{url}");
        }
    }
    api.stopping.cancel();
    store.close().await;
    connection.execute(AssertSqlSafe(format!("drop role {role}"))).await.expect("nothing is left of it");
}

#[tokio::test]
async fn every_answer_tells_browsers_to_do_nothing_with_it() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    let mut urls: Vec<_> = contract(&api).await.into_iter().map(|path| path.url).collect();
    urls.extend(["/api/nowhere", "/api/v1/unions?x=1"].map(str::to_owned));
    let mut ids = Vec::new();
    for url in &urls {
        let answer = api.get(url).await;
        let headers = answer.headers();
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(headers[name], value, "{url}");
        }
        assert!(!headers.contains_key("access-control-allow-origin"), "{url}");
        ids.push(headers["x-request-id"].clone());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), urls.len(), "each request has its own id");
}

#[tokio::test]
async fn what_is_read_is_asked_in_no_other_way() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    for Path { url, .. } in contract(&api).await {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = api.ask(method.clone(), &url).await;
            assert_eq!(answer.status().as_u16(), 405, "{method} {url}");
            assert_eq!(answer.headers()["allow"], "GET, HEAD, OPTIONS");
            assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "method-not-allowed");
        }
        let options = api.ask(Method::OPTIONS, &url).await;
        assert_eq!(options.status().as_u16(), 204, "{url}");
        assert_eq!(options.headers()["allow"], "GET, HEAD, OPTIONS");
    }
    assert_eq!(api.ask(Method::POST, "/api/nowhere").await.status().as_u16(), 404);
}

#[tokio::test]
async fn head_is_answered_like_get_without_its_body() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    for Path { url, .. } in contract(&api).await {
        let (got, head) = (api.get(&url).await, api.ask(Method::HEAD, &url).await);
        assert_eq!(head.status(), got.status(), "{url}");
        let names = |answer: &Response| {
            let mut names: Vec<_> = answer.headers().keys().map(ToString::to_string).collect();
            // How a body ends is said where there is one.
            names.retain(|name| name != "transfer-encoding");
            names.sort();
            names
        };
        assert_eq!(names(&head), names(&got), "{url}");
        for header in ["content-type", "content-length", "etag"] {
            // Problems name their request, metrics tell how much was done meanwhile.
            if !is_elsewhere(&url) && url != "/metrics" {
                assert_eq!(head.headers().get(header), got.headers().get(header), "{url} {header}");
            }
        }
        assert_eq!(head.text().await.expect("a body"), "", "{url}");
    }
}

#[tokio::test]
async fn no_path_takes_a_parameter_that_it_does_not_know() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    for Path { url, .. } in contract(&api).await {
        let answer = api.get(&format!("{url}?unknown=1")).await;
        assert_eq!(answer.status().as_u16(), 400, "{url}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{url}");
        assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "unknown-parameter", "{url}");
    }
}

#[tokio::test]
async fn what_a_client_has_already_is_not_sent_again() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    let tagged: Vec<_> = contract(&api).await.into_iter().filter(|path| path.is_tagged).collect();
    assert!(!tagged.is_empty());
    for Path { url, .. } in tagged {
        if is_elsewhere(&url) {
            continue;
        }
        let first = api.get(&url).await;
        let tag = first.headers()["etag"].to_str().expect("a tag").to_owned();
        let again = ask(&api, Method::GET, &url, ("if-none-match", &tag)).await;
        assert_eq!(again.status().as_u16(), 304, "{url}");
        assert_eq!(again.headers()["etag"], tag, "{url}");
        assert_eq!(again.text().await.expect("a body"), "", "{url}");
        let other = ask(&api, Method::GET, &url, ("if-none-match", "\"other\"")).await;
        assert_eq!(other.status().as_u16(), 200, "{url}");
    }
}

#[tokio::test]
async fn what_is_changed_has_another_tag() {
    let (database, store) = history().await;
    let api = Served::start(store).await;
    let tag = async || api.get("/api/v1/unions/acme").await.headers()["etag"].clone();
    let before = tag().await;
    assert_eq!(before, tag().await);
    sqlx::query("update union_status set display_name = 'Renamed' where union_name = 'acme'")
        .execute(&mut database.connection().await)
        .await
        .expect("changed by hand");
    assert_ne!(before, tag().await);
}

#[tokio::test]
async fn answers_are_compressed_as_the_client_can_read_them_and_streams_are_not() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    let plain = api.get("/api/v1/unions").await.bytes().await.expect("a body");
    for encoding in ["gzip", "br"] {
        let answer = ask(&api, Method::GET, "/api/v1/unions", ("accept-encoding", encoding)).await;
        assert_eq!(answer.headers()["content-encoding"], encoding);
        assert_eq!(answer.headers()["vary"], "accept-encoding");
        let body = answer.bytes().await.expect("a body");
        let mut read = Vec::new();
        match encoding {
            "gzip" => flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut read),
            _ => brotli::Decompressor::new(&body[..], 4096).read_to_end(&mut read),
        }
        .expect("compressed in that way");
        assert_eq!(read, plain);
        let stream = ask(&api, Method::GET, "/api/v1/events", ("accept-encoding", encoding)).await;
        assert!(!stream.headers().contains_key("content-encoding"));
    }
    let other = ask(&api, Method::GET, "/api/v1/unions", ("accept-encoding", "zstd, identity;q=0.5")).await;
    assert_eq!(other.bytes().await.expect("a body"), plain);
}
