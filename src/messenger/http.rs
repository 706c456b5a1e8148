//! One POST of JSON to a URL that is a secret.

use std::time::Duration;

use reqwest::{Client, header, redirect};
use serde_json::Value;
use url::Url;

use super::{CONNECT_TIMEOUT, Error, Messenger, Parcel, address, is_of_tls, judged};
use crate::network::Destination;
use crate::notice::sign;
use crate::spec::NotificationKind;

/// A shorter key is guessed.
const SHORTEST_KEY: usize = 32;

/// Posts it.
pub(super) async fn post(
    messenger: &Messenger,
    parcel: &Parcel<'_>,
    body: &Value,
    egress: &[Destination],
) -> Result<(), Error> {
    let url = url(parcel)?;
    let (host, port) = url.host_str().zip(url.port_or_known_default()).ok_or(NO_URL)?;
    let addresses = address::allowed(host, port, egress).await?;
    let mut client = Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .resolve_to_addrs(host, &addresses)
        // A proxy would look the name up by itself.
        .no_proxy()
        .retry(reqwest::retry::never());
    if let Some(authorities) = &messenger.authorities {
        client = client.tls_certs_only(authorities.http.clone());
    }
    let client = client.build().map_err(|_| Error::Certificate)?;
    let body = body.to_string();
    let mut request = client
        .post(url.clone())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("keyforge/", env!("CARGO_PKG_VERSION")))
        .header("Idempotency-Key", parcel.id.to_string());
    if parcel.kind == NotificationKind::Webhook {
        let key = parcel.key.filter(|key| key.expose().len() >= SHORTEST_KEY).ok_or(Error::NoKey)?;
        request = request
            .header("Keyforge-Timestamp", parcel.timestamp)
            .header("Keyforge-Signature", sign(key, parcel.timestamp, body.as_bytes()));
    }
    let answer = request.body(body).send().await.map_err(|error| failed(&error))?;
    let retry_after =
        answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    judged(answer.status(), retry_after.map(Duration::from_secs))
}

const NO_URL: Error = Error::NoUrl { wanted: "`https://` URL" };

/// Where it is posted. In clear only where the operator lists the host as one inside, which `address` sees to: what leads
/// outside without TLS is refused here.
fn url(parcel: &Parcel<'_>) -> Result<Url, Error> {
    let mut url = Url::parse(parcel.url.expose().trim()).map_err(|_| NO_URL)?;
    let leads_inside =
        || url.host_str().and_then(|host| host.parse::<crate::network::Host>().ok()?.inside()).is_some();
    match url.scheme() {
        "https" => {}
        "http" if leads_inside() => {}
        _ => return Err(NO_URL),
    }
    if parcel.kind == NotificationKind::Alertmanager && !url.path().ends_with("/api/v2/alerts") {
        let path = format!("{}/api/v2/alerts", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    Ok(url)
}

/// The failure in words of ours: those of the library may hold parts of the URL.
fn failed(error: &reqwest::Error) -> Error {
    if is_of_tls(error) {
        return Error::Certificate;
    }
    match error {
        error if error.is_timeout() => Error::Timeout,
        error if error.is_connect() => Error::Unreachable,
        _ => Error::Broken,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::notice::Payload;
    use crate::redacted::Redacted;

    fn leads(kind: NotificationKind, text: &str) -> Result<String, Error> {
        let (payload, secret) = (Payload::Json(Value::Null), Redacted::new(text.to_owned()));
        let parcel = Parcel {
            kind,
            url: &secret,
            key: None,
            to: None,
            id: Uuid::nil(),
            payload: &payload,
            timestamp: 0,
        };
        url(&parcel).map(String::from)
    }

    #[test]
    fn messages_leave_the_house_by_tls_alone_and_alerts_find_their_path() {
        let hook = |text| leads(NotificationKind::Webhook, text);
        assert_eq!(hook("https://hooks.example/a\n"), Ok("https://hooks.example/a".into()));
        assert_eq!(hook("http://10.0.0.7/a"), Ok("http://10.0.0.7/a".into()));
        for wrong in ["http://hooks.example/a", "ftp://10.0.0.7/a", "hooks.example", ""] {
            assert_eq!(hook(wrong), Err(NO_URL), "{wrong}");
        }
        for (given, used) in [
            ("https://alerts.example", "https://alerts.example/api/v2/alerts"),
            ("https://alerts.example/am/", "https://alerts.example/am/api/v2/alerts"),
            ("https://alerts.example/api/v2/alerts", "https://alerts.example/api/v2/alerts"),
        ] {
            assert_eq!(leads(NotificationKind::Alertmanager, given), Ok(used.into()));
        }
    }
}
