//! How a request is answered, and the four ways of a refusal.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

pub(crate) type Reply = Response<Full<Bytes>>;
pub(crate) type Answer = Result<Reply, Refusal>;

#[derive(Debug)]
pub(crate) enum Refusal {
    /// By what would have done it, in its own words.
    Said(StatusCode, String),
    /// The same in the smaller form of younger calls.
    Briefly(String),
    /// Before anything looked at it.
    Plain(StatusCode),
    /// In a form of its own.
    Form(Value),
}

/// Most refusals are a 400 with a sentence, also for what is not there and what is not allowed.
pub(crate) fn refuse<T>(why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Said(StatusCode::BAD_REQUEST, why.into()))
}

pub(crate) fn json(value: &Value) -> Answer {
    Ok(as_json(StatusCode::OK, value))
}

/// Every list is complete.
pub(crate) fn list(data: Vec<Value>) -> Answer {
    json(&json!({"data": data, "object": "list", "continuationToken": null}))
}

/// Most writes say nothing, not even of what type.
pub(crate) fn nothing() -> Answer {
    Ok(Response::new(Full::default()))
}

pub(crate) fn page(status: StatusCode, text: &str) -> Reply {
    let page = format!("<!DOCTYPE html>\n<title>{text}</title>\n<p>{text}</p>\n");
    reply(status, "text/html; charset=utf-8", page)
}

/// What becomes of a refusal, to a program that asked for JSON and to one that did not.
pub(crate) fn refusal(refusal: Refusal, programs: bool) -> Reply {
    match refusal {
        Refusal::Said(status, why) => as_json(status, &said(&why)),
        Refusal::Briefly(why) => as_json(
            StatusCode::BAD_REQUEST,
            &json!({
                "message": why, "validationErrors": null, "exceptionMessage": null,
                "exceptionStackTrace": null, "innerExceptionMessage": null, "object": "error",
            }),
        ),
        Refusal::Plain(status) => {
            let (code, reason) = (status.as_u16(), status.canonical_reason().unwrap_or_default());
            if programs {
                as_json(status, &json!({"error": {"code": code, "reason": reason, "description": reason}}))
            } else {
                page(status, &format!("{code}: {reason}"))
            }
        }
        Refusal::Form(value) => as_json(StatusCode::BAD_REQUEST, &value),
    }
}

fn said(why: &str) -> Value {
    json!({
        "message": why,
        "validationErrors": {"": [why]},
        "errorModel": {"message": why, "object": "error"},
        "error": "", "error_description": "",
        "exceptionMessage": null, "exceptionStackTrace": null, "innerExceptionMessage": null,
        "object": "error",
    })
}

fn as_json(status: StatusCode, value: &Value) -> Reply {
    reply(status, "application/json", value.to_string())
}

fn reply(status: StatusCode, kind: &'static str, body: String) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}
