//! The page that browsers get: held for a program that was built with the dashboard and for one without it alike.

use reqwest::{Client, Method, Response};
use serde_json::Value;

use crate::fixture::with_unions;
use crate::served::{SOON, Served};

async fn ask(api: &Served, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let client = Client::builder().no_proxy().build().expect("a client");
    let mut request = client.request(method, format!("http://{}{path}", api.address)).timeout(SOON);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("an answer")
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

#[tokio::test]
async fn every_path_that_is_not_the_apis_shows_the_page_which_may_run_only_what_comes_from_here() {
    let (_database, store) = with_unions(&[]).await;
    let api = Served::start(store).await;
    for path in ["/", "/unions/acme", "/deployments?union=acme", "/no/such/page.html"] {
        let answer = ask(&api, Method::GET, path, &[]).await;
        assert_eq!(header(&answer, "content-type").split(';').next(), Some("text/html"), "{path}");
        assert_eq!(header(&answer, "cache-control"), "no-cache", "{path}");
        let policy = header(&answer, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        assert!(answer.text().await.expect("text").contains("<title>Keyforge</title>"), "{path}");
    }
}

#[tokio::test]
async fn what_the_page_is_made_of_is_kept_for_ever_and_comes_compressed() {
    let (_database, store) = with_unions(&[]).await;
    let api = Served::start(store).await;
    let page = api.get("/").await.text().await.expect("text");
    for path in page.split('"').filter(|part| part.starts_with("/assets/")) {
        let answer = ask(&api, Method::GET, path, &[("accept-encoding", "gzip, br")]).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable", "{path}");
        assert_eq!(header(&answer, "content-encoding"), "br", "{path}");
        let tag = header(&answer, "etag").to_owned();
        let again =
            ask(&api, Method::GET, path, &[("accept-encoding", "gzip, br"), ("if-none-match", &tag)]).await;
        assert_eq!(again.status(), 304, "{path}");
        let plain = ask(&api, Method::GET, path, &[]).await;
        assert_eq!(header(&plain, "content-encoding"), "", "{path}");
        assert_ne!(header(&plain, "etag"), tag, "{path}: other bytes have another tag");
    }
}

#[tokio::test]
async fn a_file_of_another_version_is_not_there_and_paths_of_the_api_are_never_the_page() {
    let (_database, store) = with_unions(&[]).await;
    let api = Served::start(store).await;
    for path in
        ["/assets/index-0.js", "/api", "/api/v2/unions", "/health/started", "/admin", "/webhooks/none"]
    {
        let problem: Value = ask(&api, Method::GET, path, &[]).await.json().await.expect("JSON");
        assert_eq!(problem["code"], "no-such-path", "{path}");
    }
    let refused = ask(&api, Method::POST, "/unions", &[]).await;
    assert_eq!(refused.status(), 405);
}
