//! The API: what the store knows, over HTTP, for people and programs.
//!
//! ```text
//! connection (serve) → id, host, time limit, headers (surface) → route (here) → noun (unions, deployments, …) → wire
//! ```
//!
//! Invariants: nothing is written; what leaves the process is a type of `wire`; HTTP statuses are known in `problem` alone.
//! Without authentication it is served on this machine only (`settings::Listen`), to who asks for this machine.

mod deployments;
mod diagnostics;
mod events;
mod fields;
mod health;
mod metrics;
mod plans;
mod problem;
mod query;
mod serve;
mod societies;
mod surface;
mod unions;
pub mod wire;

pub use fields::Past;
pub use serve::{Limits, serve};

use std::convert::Infallible;

use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use warp::filters::BoxedFilter;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection, path};

use crate::ids::DeploymentId;
use crate::names::{SocietyName, UnionName};
use crate::reconcile::dependencies::Dependencies;
use crate::reconcile::live::LivePlans;
use crate::store::Store;
use crate::telemetry::Metrics;
use problem::{METHODS, MethodsAsked, Problem};
use query::query;

/// Items of a page, at most.
const MAX_LIMIT: u32 = 500;

/// What is shown.
#[derive(Clone)]
pub struct State {
    /// What is recorded.
    pub store: Store,
    /// What is counted.
    pub metrics: Metrics,
    /// What the config repo's history says.
    pub past: Past,
    /// What would be done now.
    pub plans: LivePlans,
    /// What answers and what does not.
    pub dependencies: Dependencies,
    /// Whether anything is done inside of the unions' servers: that takes a way to them (`reach`).
    pub looks_inside: bool,
    /// Cancelled once the daemon is asked to end: from then on it is not ready.
    pub stopping: CancellationToken,
}

/// Every path there is. Path before method before parameters: so a wrong method is no unknown path.
fn routes(state: State) -> BoxedFilter<(Response,)> {
    let scraper = metrics::Scraper::default();
    let feed = events::Feed::start(&state);
    let state = warp::any().map(move || state.clone());

    let live = path!("health" / "live").and(get()).map(|| Response::new("alive\n".into()));
    let ready = path!("health" / "ready").or(path!("health")).unify();
    let ready = ready.and(get()).and(state.clone()).then(|state: State| async move {
        let (ready, body) = health::readiness(&state).await;
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        warp::reply::with_status(warp::reply::json(&body), status).into_response()
    });
    let metrics = path!("metrics").and(get()).and(state.clone()).then(move |state: State| {
        let scraper = scraper.clone();
        async move {
            let text = scraper.text(&state.metrics, &state.store).await;
            warp::reply::with_header(text, header::CONTENT_TYPE, Metrics::CONTENT_TYPE).into_response()
        }
    });

    let unions = path!("api" / "v1" / "unions").and(get()).and(state.clone());
    let unions = unions.and(query(unions::PARAMETERS)).then(unions::list).map(answer);
    let union = path!("api" / "v1" / "unions" / UnionName).and(get()).and(state.clone());
    let union = union.and(query(&[])).then(|name, state, _| unions::one(name, state)).map(answer);
    let societies = path!("api" / "v1" / "unions" / UnionName / "societies").and(get()).and(state.clone());
    let societies =
        societies.and(query(&[])).then(|union, state, _| societies::list(union, state)).map(answer);
    let society = path!("api" / "v1" / "unions" / UnionName / "societies" / SocietyName).and(get());
    let society = society.and(state.clone()).and(query(&[]));
    let society = society.then(|union, name, state, _| societies::one(union, name, state)).map(answer);
    let fields = path!("api" / "v1" / "unions" / UnionName / "fields").and(get()).and(state.clone());
    let fields = fields.and(query(fields::PARAMETERS)).then(fields::list).map(answer);

    let plan = path!("api" / "v1" / "unions" / UnionName / "plan").and(get()).and(state.clone());
    let plan = plan.and(query(&[])).then(|name, state, _| plans::one(name, state)).map(answer);
    let plans = path!("api" / "v1" / "plans").and(get()).and(state.clone());
    let plans = plans.and(query(plans::PARAMETERS)).then(plans::list).map(answer);

    let diagnostics = path!("api" / "v1" / "diagnostics").and(get()).and(state.clone());
    let diagnostics = diagnostics.and(query(diagnostics::PARAMETERS)).then(diagnostics::list).map(answer);

    let stream = path!("api" / "v1" / "events").and(get()).and(state.clone());
    let stream = stream.and(warp::header::headers_cloned()).and(query(events::PARAMETERS));
    let stream = stream.then(move |state, headers, query| feed.clone().follow(state, headers, query));
    let stream =
        stream.map(|followed: Result<Response, Problem>| followed.unwrap_or_else(Reply::into_response));

    let deployments = path!("api" / "v1" / "deployments").and(get()).and(state.clone());
    let deployments = deployments.and(query(deployments::PARAMETERS)).then(deployments::list).map(answer);
    let deployment = path!("api" / "v1" / "deployments" / DeploymentId).and(get()).and(state.clone());
    let deployment = deployment.and(query(&[])).then(|id, state, _| deployments::one(id, state)).map(answer);
    let events = path!("api" / "v1" / "deployments" / DeploymentId / "events").and(get()).and(state.clone());
    let events = events.and(query(deployments::EVENT_PARAMETERS)).then(deployments::events).map(answer);
    let logs = path!("api" / "v1" / "deployments" / DeploymentId / "logs");
    let logs = logs.or(path!("admin" / "deployments" / DeploymentId / "logs")).unify().and(get()).and(state);
    let logs = logs.and(query(deployments::LOG_PARAMETERS)).then(deployments::logs).map(answer);

    // Boxed one by one: otherwise the compiler works on one type of all routes.
    let all = [
        live.boxed(),
        ready.boxed(),
        metrics.boxed(),
        unions.boxed(),
        union.boxed(),
        societies.boxed(),
        society.boxed(),
        fields.boxed(),
        plan.boxed(),
        plans.boxed(),
        diagnostics.boxed(),
        stream.boxed(),
        deployments.boxed(),
        deployment.boxed(),
        events.boxed(),
        logs.boxed(),
    ];
    let nowhere = warp::any().and_then(async || Err::<Response, _>(warp::reject::not_found())).boxed();
    let routes = all.into_iter().fold(nowhere, |routes, route| routes.or(route).unify().boxed());
    routes.recover(refuse).unify().boxed()
}

/// Reading only. HEAD was made a GET before.
fn get() -> impl Filter<Extract = (), Error = Rejection> + Clone {
    let reading = warp::method().and_then(async |method: Method| match method {
        Method::GET => Ok(()),
        Method::OPTIONS => Err(warp::reject::custom(MethodsAsked)),
        _ => Err(warp::reject::custom(Problem::MethodNotAllowed)),
    });
    reading.untuple_one()
}

/// What routes refuse is a problem, but the question which methods there are.
async fn refuse(rejection: Rejection) -> Result<Response, Infallible> {
    if rejection.find::<MethodsAsked>().is_some() {
        let mut response = StatusCode::NO_CONTENT.into_response();
        response.headers_mut().insert(header::ALLOW, METHODS);
        return Ok(response);
    }
    Ok(rejection.find::<Problem>().cloned().unwrap_or(Problem::NoSuchPath).into_response())
}

fn answer<T: Serialize>(found: Result<T, Problem>) -> Response {
    let body = found.map(|found| serde_json::to_vec(&found));
    match body {
        Ok(Ok(json)) => {
            let mut response = Response::new(json.into());
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response
        }
        // Wire types have text for keys, so this cannot happen.
        Ok(Err(_)) => Problem::Internal.into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// A page of a list that was read with one item more than asked.
fn page<T, W>(
    mut items: Vec<T>,
    limit: u32,
    place: impl Fn(&T) -> String,
    show: impl Fn(T) -> W,
) -> wire::Page<W> {
    let limit = limit as usize;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(place);
    wire::Page { items: items.into_iter().map(show).collect(), next }
}
