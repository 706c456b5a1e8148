//! The limiters of log-ins: for each client a bucket of so many tokens, into which one falls in each period.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use http::StatusCode;

use crate::answer::Refusal;
use crate::config::Config;

pub(crate) struct Limiter {
    name: &'static str,
    /// Per client how many tokens there were at a moment.
    buckets: Mutex<HashMap<IpAddr, (f64, Instant)>>,
}

impl Limiter {
    /// Its settings are `<name>_ratelimit_seconds` and `<name>_ratelimit_max_burst`.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, buckets: Mutex::default() }
    }

    /// Takes a token. Panics with settings of 0, which switch nothing off.
    pub(crate) fn take(&self, client: IpAddr, config: &Config, why: &str) -> Result<(), Refusal> {
        let setting = |what: &str| config.number(&format!("{}_ratelimit_{what}", self.name));
        let (seconds, burst) = (setting("seconds"), setting("max_burst"));
        assert!(seconds > 0 && burst > 0, "a limiter of 0 works as badly as the real one's");
        let (period, burst) = (Duration::from_secs(seconds), burst as f64);
        let now = Instant::now();
        let mut buckets = self.buckets.lock().expect("it is left whole");
        let (tokens, since) = buckets.get(&client).copied().unwrap_or((burst, now));
        let tokens = (tokens + (now - since).as_secs_f64() / period.as_secs_f64()).min(burst);
        let taken = tokens >= 1.0;
        buckets.insert(client, (if taken { tokens - 1.0 } else { tokens }, now));
        if taken { Ok(()) } else { Err(Refusal::Said(StatusCode::TOO_MANY_REQUESTS, why.to_owned())) }
    }
}
