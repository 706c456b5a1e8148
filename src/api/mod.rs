//! The API: what the store knows, over HTTP, for people and programs.
//!
//! ```text
//! connection (serve) → id, host, time limit, headers (surface) → who asks (access) → route (here) → noun (unions, …) → wire
//!                                                                                    └─ described ─→ contract (OpenAPI)
//! ```
//!
//! Invariants: nothing is written but that somebody asks for something (`sync`) or signs in; what leaves the process is a type of
//! `wire`; HTTP statuses are known in `problem` alone.
//! Nouns know what their caller sees (`View`) and nothing else. Without authentication it is served on this machine only
//! (`settings::Listen`), to who asks for this machine.

mod access;
mod audit;
mod blocker;
mod contract;
mod cors;
mod crowd;
mod deployments;
mod diagnostics;
mod drift;
mod events;
mod feed;
mod fields;
mod files;
mod filter;
mod follow;
mod health;
mod map;
mod me;
mod metrics;
mod overview;
mod page;
mod peer;
mod place;
mod plans;
mod problem;
mod query;
mod rate;
mod readers;
mod resources;
mod revisions;
mod route;
mod search;
mod serve;
mod sign_in;
mod societies;
mod surface;
mod sync;
mod timeline;
mod trouble;
mod unions;
mod way;
pub mod wire;

pub use access::Access;
pub use fields::Past;
pub use serve::{Door, Limits, serve};

use std::convert::Infallible;

use http::{HeaderValue, StatusCode, header};
use tokio_util::sync::CancellationToken;
use warp::filters::BoxedFilter;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection};

use crate::access::Caller;
use crate::reconcile::dependencies::Dependencies;
use crate::reconcile::live::LivePlans;
use crate::reconcile::request::Requests;
use crate::reconcile::trouble::Troubles;
use crate::store::{Shown, Store};
use crate::telemetry::Metrics;
use place::Places;
use problem::{MethodsAsked, Problem};
use route::Route;

/// What can be shown.
#[derive(Clone)]
pub struct State {
    /// Who is shown something.
    pub access: Access,
    /// What is recorded.
    pub store: Store,
    /// What is counted.
    pub metrics: Metrics,
    /// What the config repo's history says.
    pub past: Past,
    /// What would be done now.
    pub plans: LivePlans,
    /// What is asked for.
    pub requests: Requests,
    /// What is said in unions' namespaces.
    pub troubles: Troubles,
    /// What answers and what does not.
    pub dependencies: Dependencies,
    /// Whether anything is done inside of the unions' servers: not if `reach` is `off`.
    pub looks_inside: bool,
    /// Cancelled once the daemon is asked to end: from then on it is not ready.
    pub stopping: CancellationToken,
}

/// What one caller sees. All that a noun has.
struct View {
    caller: Caller,
    store: Shown,
    places: Places,
    metrics: Metrics,
    past: Past,
    plans: LivePlans,
    requests: Requests,
    troubles: Troubles,
    dependencies: Dependencies,
    looks_inside: bool,
    stopping: CancellationToken,
}

impl View {
    fn new(state: &State, caller: Caller, places: Places) -> Self {
        let State {
            access: _,
            store,
            metrics,
            past,
            plans,
            requests,
            troubles,
            dependencies,
            looks_inside,
            stopping,
        } = state.clone();
        let store = store.shown_to(caller.sight().clone());
        Self {
            caller,
            store,
            places,
            metrics,
            past,
            plans,
            requests,
            troubles,
            dependencies,
            looks_inside,
            stopping,
        }
    }
}

/// Every path there is.
fn table(state: &State, limits: &Limits) -> Vec<Route> {
    let unions = "/api/v1/unions";
    let mut table = vec![
        sign_in::route(state),
        Route::json("/api/v1/me", "Who asks, and what they may see.", &[], state, me::one),
        Route::json(
            "/api/v1/overview",
            "Whether anything is broken, whose turn it is, and how far the newest commits are.",
            &[],
            state,
            overview::one,
        ),
        Route::json(
            "/api/v1/search",
            "Where something is: unions, societies, people, commits and deployments, a few of each.",
            search::PARAMETERS,
            state,
            search::list,
        ),
        Route::json("/api/v1/map", "The state of each union at a glance.", &[], state, map::one),
        Route::json(
            "/api/v1/map/names",
            "Whose states these are: names in the order of the map.",
            map::NAME_PARAMETERS,
            state,
            map::names,
        ),
        Route::json(unions, "Unions by name, or the worst first.", unions::PARAMETERS, state, unions::list),
        Route::json("/api/v1/unions/{union}", "One union.", &[], state, unions::one),
        Route::json(
            "/api/v1/unions/{union}/societies",
            "The societies of a union, by name.",
            &[],
            state,
            societies::list,
        ),
        Route::json(
            "/api/v1/unions/{union}/societies/{society}",
            "One society: its people and passwords.",
            &[],
            state,
            societies::one,
        ),
        Route::json(
            "/api/v1/unions/{union}/societies/{society}/readers",
            "Who could read what of a society at a moment, and what is different since another one.",
            readers::PARAMETERS,
            state,
            readers::list,
        ),
        Route::json(
            "/api/v1/unions/{union}/fields",
            "The fields that are in force, and who set each.",
            fields::PARAMETERS,
            state,
            fields::list,
        ),
        Route::json(
            "/api/v1/unions/{union}/plan",
            "What would be done for a union now.",
            &[],
            state,
            plans::one,
        ),
        Route::json(
            "/api/v1/unions/{union}/pod-logs",
            "What the newest pods of a union in trouble have said last.",
            &[],
            state,
            trouble::logs,
        ),
        Route::json(
            "/api/v1/unions/{union}/pod-events",
            "What the cluster says of the objects of a union in trouble, newest first.",
            &[],
            state,
            trouble::events,
        ),
        Route::json(
            "/api/v1/unions/{union}/resources",
            "What a union owns in the cluster, in the order in which it was entered.",
            resources::PARAMETERS,
            state,
            resources::list,
        ),
        Route::json(
            "/api/v1/unions/{union}/drift",
            "What somebody else made of what a union owns, and what became of it, the last first.",
            drift::PARAMETERS,
            state,
            drift::list,
        ),
        Route::json(
            "/api/v1/unions/{union}/timeline",
            "What happened to a union, the last first; what happened again and again is told once.",
            timeline::PARAMETERS,
            state,
            timeline::list,
        ),
        Route::json(
            "/api/v1/unions/{union}/deployments",
            "The deployments of a union, newest first.",
            deployments::UNION_PARAMETERS,
            state,
            deployments::of_union,
        ),
        Route::json(
            "/api/v1/audit",
            "What was done to unions, newest first; who sees all of them is told the chain of digests.",
            audit::PARAMETERS,
            state,
            audit::list,
        ),
        Route::json("/api/v1/plans", "The plans of all unions.", plans::PARAMETERS, state, plans::list),
        Route::json(
            "/api/v1/diagnostics",
            "What was found in the files of the newest revision.",
            diagnostics::PARAMETERS,
            state,
            diagnostics::list,
        ),
        Route::json(
            "/api/v1/revisions",
            "The commits that were fetched, the last first.",
            revisions::PARAMETERS,
            state,
            revisions::list,
        ),
        Route::json(
            "/api/v1/revisions/{commit}",
            "One commit, by 7 digits of its name or more: what became of it, and where it stands in each union that it touches.",
            way::PARAMETERS,
            state,
            way::one,
        ),
        Route::json(
            "/api/v1/revisions/{commit}/files",
            "The files that a commit changed since the revision before, by path.",
            files::PARAMETERS,
            state,
            files::list,
        ),
        Route::json(
            "/api/v1/deployments",
            "Deployments, newest first.",
            deployments::PARAMETERS,
            state,
            deployments::list,
        ),
        Route::json("/api/v1/deployments/{deployment}", "One deployment.", &[], state, deployments::one),
        Route::json(
            "/api/v1/deployments/{deployment}/events",
            "What became of its changes, oldest first.",
            deployments::EVENT_PARAMETERS,
            state,
            deployments::events,
        ),
    ];
    table.extend(["/api/v1/deployments/{deployment}/logs", "/admin/deployments/{deployment}/logs"].map(
        |path| {
            let about = "A page of its log, oldest line first.";
            Route::json(path, about, deployments::LOG_PARAMETERS, state, deployments::logs)
        },
    ));
    table.extend(sync::routes(state));
    table.push(follow::route(state, limits.heartbeat));
    table.push(events::route(state, limits));
    table.extend(health::routes(state));
    table.push(metrics::route(state));
    table.push(contract::route(state, &table));
    table
}

/// What answers every request.
fn routes(state: &State, limits: &Limits) -> BoxedFilter<(Response,)> {
    let nowhere = warp::any().and_then(async || Err::<Response, _>(warp::reject::not_found())).boxed();
    let served = table(state, limits).into_iter().map(|route| route.served);
    let routes = served.fold(nowhere, |routes, route| routes.or(route).unify().boxed());
    let pages = sign_in::routes(&state.access).or(page::served()).unify();
    pages.or(routes).unify().recover(refuse).unify().boxed()
}

/// What routes refuse is a problem, but the question which methods there are.
async fn refuse(rejection: Rejection) -> Result<Response, Infallible> {
    if let Some(MethodsAsked(methods)) = rejection.find() {
        let mut response = StatusCode::NO_CONTENT.into_response();
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
        return Ok(response);
    }
    Ok(rejection.find::<Problem>().cloned().unwrap_or(Problem::NoSuchPath).into_response())
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
