//! Asking for a look at once: at the config repo, and at one union.
//!
//! The only routes that have something done. Nothing is decided here: who follows the config repo and who works on unions hear of
//! it by the database, whichever replica they are of.

use http::{HeaderValue, Method, StatusCode, header};
use warp::reply::{Reply, Response};

use super::access::Audience;
use super::route::{self, Described, Form, Route};
use super::{State, View, problem::Problem, wire};
use crate::ids::RequestId;
use crate::names::UnionName;
use crate::reconcile::request::Answer;
use crate::store::SyncRequest;

/// Asking, for all or for one union, and what became of it.
pub(super) fn routes(state: &State) -> [Route; 3] {
    let described = |path, method, about| Described {
        path,
        method,
        about,
        parameters: &[],
        audience: Audience::Operators,
        form: Form::json::<wire::Sync>(),
    };
    let all = described("/api/v1/sync", Method::POST, "Have the config repo looked at now.");
    let about = "Have the config repo and this union looked at now.";
    let one = described("/api/v1/unions/{union}/sync", Method::POST, about);
    let became = described("/api/v1/sync/{request}", Method::GET, "What became of a request to look.");
    [
        Route::new(all, state, |view, (): (), _| async move { ask(&view, None).await }),
        Route::new(one, state, |view, union: UnionName, _| async move { ask(&view, Some(&union)).await }),
        Route::new(became, state, |view, id: RequestId, asked| async move {
            route::json(&find(&view, id).await, &asked.headers)
        }),
    ]
}

/// Asks, or is told what was asked for already.
async fn ask(view: &View, union: Option<&UnionName>) -> Response {
    match asked(view, union).await {
        Ok(request) => {
            let place = HeaderValue::try_from(format!("/api/v1/sync/{}", request.id));
            let body = warp::reply::json(&sync(request));
            let mut response = warp::reply::with_status(body, StatusCode::ACCEPTED).into_response();
            response.headers_mut().extend(place.map(|place| (header::LOCATION, place)));
            response
        }
        Err(problem) => problem.into_response(),
    }
}

async fn asked(view: &View, union: Option<&UnionName>) -> Result<SyncRequest, Problem> {
    if let Some(union) = union
        && view.store.union(union).await?.is_none()
    {
        return Err(Problem::no_union(union));
    }
    match view.requests.ask(&view.caller.name, union).await? {
        Answer::Taken(request) => Ok(request),
        Answer::TooOften { wait } => Err(Problem::AskedTooOften { wait }),
    }
}

async fn find(view: &View, id: RequestId) -> Result<wire::Sync, Problem> {
    let found = view.store.sync_request(id).await?;
    found.map(sync).ok_or_else(|| Problem::NotFound { what: format!("request {id}") })
}

fn sync(request: SyncRequest) -> wire::Sync {
    wire::Sync {
        id: request.id.to_string(),
        union: request.union.map(|union| union.to_string()),
        asked_by: request.asked_by,
        asked_at: request.asked_at,
        looked_at: request.looked_at,
        reason: request.why,
        revision: request.revision.map(|revision| revision.to_string()),
        done: request.looked_at.is_some() && request.is_worked_on,
    }
}
