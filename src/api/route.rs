//! One route: its path, what it can be asked for, what it answers, and who answers.
//!
//! The table in `mod` is made of these, and the contract is written from what each says of itself: so there is no route that
//! the contract does not know, and none in the contract that is not served.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use warp::filters::BoxedFilter;
use warp::filters::path::FullPath;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection};

use super::access::Audience;
use super::peer::Peer;
use super::problem::{ASKS, MethodsAsked, Problem, READS};
use super::query::{Parameter, Query, query};
use super::{State, View};
use crate::digest::Digest;
use crate::ids::{DeploymentId, RequestId};
use crate::names::{SocietyName, UnionName};
use crate::revision::ShortId;

/// A route, and who answers it.
pub(super) struct Route {
    /// What it says of itself.
    pub(super) described: Described,
    /// Who answers.
    pub(super) served: BoxedFilter<(Response,)>,
}

/// What a route says of itself.
#[derive(Clone)]
pub(super) struct Described {
    /// Its path, with names for what differs: `/api/v1/unions/{union}`.
    pub(super) path: &'static str,
    /// How it is asked: GET for what is read.
    pub(super) method: Method,
    /// What it is for, in a sentence.
    pub(super) about: &'static str,
    /// What it can be asked for.
    pub(super) parameters: &'static [Parameter],
    /// Who is answered.
    pub(super) audience: Audience,
    /// In which form it answers.
    pub(super) form: Form,
}

/// The form of an answer.
#[derive(Clone)]
pub(super) struct Form {
    /// Its content type.
    pub(super) media: &'static str,
    /// The type that it is JSON of.
    pub(super) shape: Option<Shape>,
    /// Whether it has an entity tag.
    pub(super) is_tagged: bool,
    /// Whether the same is told with 503, by what is not ready.
    pub(super) is_of_probes: bool,
}

/// A type that leaves the process.
#[derive(Clone)]
pub(super) struct Shape {
    /// Its name.
    pub(super) name: String,
    /// It and those that it is made of, by name.
    pub(super) schemas: Vec<(String, RefOr<Schema>)>,
}

impl Form {
    /// JSON of this type.
    pub(super) fn json<T: ToSchema>() -> Self {
        let name = T::name().into_owned();
        let mut schemas = vec![(name.clone(), T::schema())];
        T::schemas(&mut schemas);
        let shape = Some(Shape { name, schemas });
        Self { shape, ..Self::other("application/json") }
    }

    /// Something of this content type.
    pub(super) fn other(media: &'static str) -> Self {
        Self { media, shape: None, is_tagged: false, is_of_probes: false }
    }

    /// The same, which also tells with 503 what is missing.
    pub(super) fn of_probes(self) -> Self {
        Self { is_of_probes: true, ..self }
    }

    /// The same with an entity tag.
    pub(super) fn tagged(self) -> Self {
        Self { is_tagged: true, ..self }
    }
}

/// What a request asks for beside its path.
pub(super) struct Asked {
    /// The part after `?`.
    pub(super) query: Query,
    /// Its headers.
    pub(super) headers: HeaderMap,
}

/// What a path names, parsed. No route for what cannot be a name.
pub(super) trait Named: Sized + Send + 'static {
    /// From the parts of a path that differ, in their order.
    fn parse(parts: &[&str]) -> Option<Self>;

    /// The union that it is of, if the path names one.
    fn union(&self) -> Option<&UnionName> {
        None
    }
}

impl Named for () {
    fn parse(parts: &[&str]) -> Option<Self> {
        parts.is_empty().then_some(())
    }
}

macro_rules! named {
    ($($type:ty),+) => {
        $(impl Named for $type {
            fn parse(parts: &[&str]) -> Option<Self> {
                let [part] = parts else { return None };
                part.parse().ok()
            }
        })+
    };
}

named!(DeploymentId, RequestId, ShortId);

impl Named for UnionName {
    fn parse(parts: &[&str]) -> Option<Self> {
        let [part] = parts else { return None };
        part.parse().ok()
    }

    fn union(&self) -> Option<&UnionName> {
        Some(self)
    }
}

impl Named for (UnionName, SocietyName) {
    fn parse(parts: &[&str]) -> Option<Self> {
        let [union, society] = parts else { return None };
        Some((union.parse().ok()?, society.parse().ok()?))
    }

    fn union(&self) -> Option<&UnionName> {
        Some(&self.0)
    }
}

impl Route {
    /// A route that answers callers in JSON, or with a problem.
    pub(super) fn json<N, T, F, R>(
        path: &'static str,
        about: &'static str,
        parameters: &'static [Parameter],
        state: &State,
        find: F,
    ) -> Self
    where
        N: Named,
        T: Serialize + ToSchema,
        F: Fn(View, N, Query) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<T, Problem>> + Send + 'static,
    {
        let form = Form::json::<T>().tagged();
        let audience = Audience::Callers;
        let described = Described { path, method: Method::GET, about, parameters, audience, form };
        Self::new(described, state, move |view, named, asked: Asked| {
            let found = find(view, named, asked.query);
            async move { json(&found.await, &asked.headers) }
        })
    }

    /// Any route.
    pub(super) fn new<N, F, R>(described: Described, state: &State, answer: F) -> Self
    where
        N: Named,
        F: Fn(View, N, Asked) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Response> + Send + 'static,
    {
        let asked = query(described.parameters).and(empty(described.method.clone()));
        let asked = asked.and(warp::header::headers_cloned());
        let asked = asked.map(|query, headers| Asked { query, headers });
        // Path before method before caller before parameters: so a wrong method is no unknown path, and who is not known
        // is told nothing else.
        let served = at(described.path)
            .and(by(described.method.clone()))
            .and(view(described.audience, state))
            .and_then(seen);
        let served = served.untuple_one().and(asked);
        let served = served.then(move |named, view, asked| answer(view, named, asked));
        // Boxed one by one: otherwise the compiler works on one type of all routes.
        Self { described, served: served.boxed() }
    }
}

/// What the caller sees; or why they see nothing here.
fn view(
    audience: Audience,
    state: &State,
) -> impl Filter<Extract = (View,), Error = Rejection> + Clone + use<> {
    let state = state.clone();
    warp::method().and(warp::header::headers_cloned()).and(warp::ext::optional()).and_then(
        move |method: Method, headers: HeaderMap, peer: Option<Peer>| {
            let state = state.clone();
            async move {
                let view = async {
                    let caller = audience.admits(state.access.caller(&method, &headers, peer).await)?;
                    let places = state.access.places(audience, &caller).await?;
                    Ok(View::new(&state, caller, places))
                };
                view.await.map_err(warp::reject::custom::<Problem>)
            }
        },
    )
}

/// A union that the caller does not see is one that there is not, whatever of it is asked for.
async fn seen<N: Named>(named: N, view: View) -> Result<(N, View), Rejection> {
    match named.union().filter(|union| !view.store.sight().sees(union)) {
        Some(union) => Err(warp::reject::custom(Problem::no_union(union))),
        None => Ok((named, view)),
    }
}

/// What a path of this form names.
fn at<N: Named>(form: &'static str) -> impl Filter<Extract = (N,), Error = Rejection> + Clone {
    warp::path::full().and_then(move |path: FullPath| {
        let named = parts(form, path.as_str()).and_then(|parts| N::parse(&parts));
        async move { named.ok_or_else(warp::reject::not_found) }
    })
}

/// The parts of a path in which paths of this form differ.
fn parts<'a>(form: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let (mut form, mut path) = (form.split('/'), path.split('/'));
    let mut found = Vec::new();
    loop {
        match (form.next(), path.next()) {
            (None, None) => return Some(found),
            (Some(form), Some(part)) if form.starts_with('{') => found.push(part),
            (Some(form), Some(part)) if form == part => {}
            _ => return None,
        }
    }
}

/// Asked in this way. HEAD was made a GET before.
pub(super) fn by(allowed: Method) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    let asked = warp::method().and_then(move |method: Method| {
        let told = if allowed == Method::GET { READS } else { ASKS };
        let judged = match method {
            method if method == allowed => Ok(()),
            Method::OPTIONS => Err(warp::reject::custom(MethodsAsked(told))),
            _ => Err(warp::reject::custom(Problem::MethodNotAllowed { allowed: told })),
        };
        async { judged }
    });
    asked.untuple_one()
}

/// What is to be done stands in the path: content, of whatever type, would be read by nobody. What is read may have some, which
/// means nothing (RFC 9110, 9.3.1).
pub(super) fn empty(method: Method) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    let headers = warp::header::headers_cloned().and_then(move |headers: HeaderMap| {
        let is_announced = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0")
            || headers.contains_key(header::TRANSFER_ENCODING);
        let refused = is_announced && !method.is_safe();
        async move { if refused { Err(warp::reject::custom(Problem::ContentNotTaken)) } else { Ok(()) } }
    });
    headers.untuple_one()
}

/// An answer in JSON, or only that it is what the client has already. Its tag is weak, since it is of what is told: the bytes
/// may be compressed in one way or another.
pub(super) fn json<T: Serialize>(found: &Result<T, Problem>, headers: &HeaderMap) -> Response {
    let body = match found {
        Ok(found) => serde_json::to_vec(found),
        Err(problem) => return problem.clone().into_response(),
    };
    // Wire types have text for keys, so this cannot fail.
    let Ok(body) = body else { return Problem::Internal.into_response() };
    let tag = format!("W/\"{}\"", hex::encode(&Digest::of(&body).as_bytes()[..12]));
    let mut response = if is_known(&tag, headers) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(body.into());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Whether the client says that it has what this tag is of (RFC 9110, 13.1.2).
pub(super) fn is_known(tag: &str, headers: &HeaderMap) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let tag = opaque(tag);
    let given = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|given| given.to_str().ok());
    given.flat_map(|given| given.split(',')).any(|given| given.trim() == "*" || opaque(given) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_the_form_in_each_of_its_parts_or_not_at_all() {
        let form = "/api/v1/unions/{union}/societies/{society}";
        assert_eq!(parts(form, "/api/v1/unions/acme/societies/chess"), Some(vec!["acme", "chess"]));
        for path in [
            "/api/v1/unions/acme/societies",
            "/api/v1/unions/acme/societies/chess/",
            "/api/v1/unions/acme/members/chess",
            "api/v1/unions/acme/societies/chess",
        ] {
            assert_eq!(parts(form, path), None, "{path}");
        }
    }

    #[test]
    fn what_a_client_has_is_found_among_several_tags() {
        let known = |given: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(given));
            is_known("W/\"abc\"", &headers)
        };
        assert!(known("W/\"abc\"") && known("\"abc\"") && known("\"x\", W/\"abc\"") && known("*"));
        assert!(!known("\"ab\"") && !known("abc") && !is_known("W/\"abc\"", &HeaderMap::new()));
    }
}
