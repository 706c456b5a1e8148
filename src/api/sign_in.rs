//! The paths by which a browser signs in and out. What they do is `access::sign_in`'s.
//!
//! Beside the table of routes and in no contract: they are for browsers alone, and answer by sending them elsewhere.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use warp::Filter as _;
use warp::filters::BoxedFilter;
use warp::reply::{Reply, Response};

use super::access::{Access, Audience, BEGIN, NotSignedIn, Sent, SignedOut};
use super::peer::Peer;
use super::problem::Problem;
use super::route::{self, Described, Form, Route};
use super::{State, wire};

/// By which the page is told why nobody is signed in.
const FAILED: &str = "sign-in-failed";

/// How people and programs say who they are here.
pub(super) fn route(state: &State) -> Route {
    let told = wire::SignIn {
        required: !state.access.is_open(),
        page: state.access.sign_in().ok().map(|_| BEGIN.to_owned()),
    };
    let described = Described {
        path: "/api/v1/sign-in",
        method: Method::GET,
        about: "Whether somebody has to say who they are, and where people can.",
        parameters: &[],
        audience: Audience::Anyone,
        form: Form::json::<wire::SignIn>().tagged(),
    };
    Route::new(described, state, move |_, (): (), asked| {
        let answer = route::json(&Ok(told.clone()), &asked.headers);
        async { answer }
    })
}

/// Signing in, coming back, signing out.
pub(super) fn routes(access: &Access) -> BoxedFilter<(Response,)> {
    let raw = || warp::query::raw().or(warp::any().map(String::new)).unify();
    let ask = |access: &Access| {
        let access = access.clone();
        warp::any().map(move || access.clone())
    };
    let begin = warp::path!("auth" / "sign-in").and(route::by(Method::GET)).and(raw());
    let begin = begin.and(warp::header::headers_cloned()).and(warp::ext::optional()).and(ask(access)).then(
        async |raw: String, headers: HeaderMap, peer: Option<Peer>, access: Access| {
            let sent = async { access.sign_in()?.begin(&raw, peer).await };
            sent.await.map_or_else(|refused| tell(refused, &headers, &access), send)
        },
    );
    let finish = warp::path!("auth" / "callback").and(route::by(Method::GET)).and(raw());
    let finish = finish.and(warp::header::headers_cloned()).and(warp::ext::optional()).and(ask(access)).then(
        async |raw: String, headers: HeaderMap, peer: Option<Peer>, access: Access| {
            let sent = access.finish(&raw, &headers, peer).await;
            sent.map_or_else(|refused| tell(refused, &headers, &access), send)
        },
    );
    let end = warp::path!("auth" / "sign-out").and(route::by(Method::POST));
    let end = end.and(route::empty(Method::POST)).and(warp::header::headers_cloned()).and(ask(access)).then(
        async |headers: HeaderMap, access: Access| {
            let ended = async { access.sign_in()?.end(&headers).await };
            ended.await.map_or_else(Reply::into_response, |SignedOut { cookie, provider }| {
                let mut response = match provider {
                    Some(provider) => {
                        warp::reply::json(&wire::SignedOut { provider: provider.into() }).into_response()
                    }
                    None => StatusCode::NO_CONTENT.into_response(),
                };
                response.headers_mut().insert(header::SET_COOKIE, cookie);
                response
            })
        },
    );
    begin.or(finish).unify().or(end).unify().boxed()
}

/// Tells programs why nobody is signed in, and people on the page that they wanted, which has words for it.
fn tell(NotSignedIn { problem, wanted }: NotSignedIn, headers: &HeaderMap, access: &Access) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains("text/html")) {
        access.told_on_page(&problem);
        let to = with_reason(wanted.as_deref().unwrap_or("/"), problem.reason());
        return send(Sent { to, cookies: Vec::new() });
    }
    problem.into_response()
}

/// A path of ours with the parameter that tells why.
fn with_reason(path: &str, reason: &str) -> String {
    let (path, place) = path.find('#').map_or((path, ""), |place| path.split_at(place));
    let and = if path.contains('?') { '&' } else { '?' };
    format!("{path}{and}{FAILED}={reason}{place}")
}

fn send(Sent { to, cookies }: Sent) -> Response {
    // Addresses are written in ASCII, so this cannot fail.
    let Ok(to) = HeaderValue::try_from(to) else { return Problem::Internal.into_response() };
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, to);
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
