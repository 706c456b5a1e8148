//! The dashboard: the files of `frontend/dist`, compiled in, for every path that is not the API's.
//!
//! Apart from the routes, since browsers ask for it and not programs: it is in no contract, and it is the only answer that may
//! run. Invariant: it is the same for everybody and tells nothing of a union; what the page shows, it asks the API for.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};
use warp::filters::path::FullPath;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection};

use super::problem::{MethodsAsked, Problem, READS};
use super::route::is_known;

/// What `npm run build` made; nothing where it was not run, as in `cargo build` alone and on docs.rs.
#[derive(RustEmbed)]
#[folder = "frontend/dist"]
#[allow_missing = true]
struct Built;

/// Marks an answer that is of the page: it may run and be kept, where all other answers are data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page;

/// The first parts of paths that are never the page's, so that a misspelt path of the API is told as what it is.
const OTHERS: [&str; 6] = ["admin", "api", "auth", "health", "metrics", "webhooks"];

/// Where files have a digest of what is in them in their names.
const HASHED: &str = "assets/";

/// The page that every other path of the page shows: it finds out by itself what is asked for.
const INDEX: &str = "index.html";

/// What the page may do: run, look like and ask what comes from here, and be shown by nobody else.
const HEADERS: [(HeaderName, HeaderValue); 2] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
             trusted-types 'none'",
        ),
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// A file whose name changes with it.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Any other: kept, and asked for each time whether it still is the newest.
const ASKED_ANEW: HeaderValue = HeaderValue::from_static("no-cache");

/// Where the page was not built.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><title>Keyforge</title><p>This program was built without its dashboard: \
                         run <code>make frontend</code>, then build it again. The API is at \
                         <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>.";

/// The page, for paths that are not the API's.
pub(super) fn served() -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let asked = warp::path::full().and(warp::method()).and(warp::header::headers_cloned());
    asked.and_then(async |path: FullPath, method: Method, headers: HeaderMap| {
        let path = path.as_str().trim_start_matches('/');
        let first = path.split('/').next().unwrap_or_default();
        match method {
            _ if OTHERS.contains(&first) => Err(warp::reject::not_found()),
            Method::GET => Ok(answer(path, &headers)),
            Method::OPTIONS => Err(warp::reject::custom(MethodsAsked(READS))),
            _ => Err(warp::reject::custom(Problem::MethodNotAllowed { allowed: READS })),
        }
    })
}

fn answer(path: &str, headers: &HeaderMap) -> Response {
    let name = match Built::get(path) {
        Some(_) => path,
        // A page of a former version asks for what is not here any more, and must not take a page for a script.
        None if path.starts_with(HASHED) => return Problem::NoSuchPath.into_response(),
        None => INDEX,
    };
    let Some((file, encoding)) = smallest(name, headers) else {
        return finished(warp::reply::html(NOT_BUILT).into_response(), StatusCode::NOT_FOUND, ASKED_ANEW);
    };
    let tag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..12]));
    let (mut response, status) = if is_known(&tag, headers) {
        (Response::default(), StatusCode::NOT_MODIFIED)
    } else {
        let bytes = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        (Response::new(bytes.into()), StatusCode::OK)
    };
    let media = mime_guess::from_path(name).first_or_octet_stream();
    let told = response.headers_mut();
    let texts = [(header::CONTENT_TYPE, media.as_ref()), (header::ETAG, &tag)];
    for (name, text) in texts.into_iter().chain(encoding.map(|encoding| (header::CONTENT_ENCODING, encoding)))
    {
        if let Ok(text) = HeaderValue::from_str(text) {
            told.insert(name, text);
        }
    }
    let caching = if name.starts_with(HASHED) { IMMUTABLE } else { ASKED_ANEW };
    finished(response, status, caching)
}

/// The file as it was compressed when it was built, where the browser takes that.
fn smallest(name: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let taken = |encoding: &str| {
        let given = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|given| given.to_str().ok());
        given.flat_map(|given| given.split(',')).any(|given| given.trim() == encoding)
    };
    let compressed = [("br", "br"), ("gzip", "gz")].into_iter().filter(|(encoding, _)| taken(encoding));
    let mut compressed = compressed
        .filter_map(|(encoding, end)| Some((Built::get(&format!("{name}.{end}"))?, Some(encoding))));
    compressed.next().or_else(|| Some((Built::get(name)?, None)))
}

fn finished(mut response: Response, status: StatusCode, caching: HeaderValue) -> Response {
    *response.status_mut() = status;
    response.extensions_mut().insert(Page);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, caching);
    headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    for (name, value) in HEADERS {
        headers.insert(name, value);
    }
    response
}
