//! What was asked of this server, by whom and when: a line per request in the data folder, for tests that judge by it. The
//! real server has no such file.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use chrono::{DateTime, Utc};
use http::{Method, StatusCode, header};
use serde_json::json;

use crate::request::Request;

pub(crate) struct Requests(File);

impl Requests {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        OpenOptions::new().append(true).create(true).open(folder.join("requests.log")).map(Self)
    }

    /// Records one before it is answered. What only reads is none of them.
    pub(crate) fn record(&self, request: &Request, asked: DateTime<Utc>, status: StatusCode) {
        if request.head.method == Method::GET {
            return;
        }
        let line = json!({
            "asked": crate::clock(asked),
            "answered": crate::clock(Utc::now()),
            "verb": request.verb(),
            "path": request.path(),
            "by": request.header(header::USER_AGENT),
            "status": status.as_u16(),
        });
        let mut log = &self.0;
        // Who tests finds that it is missing.
        let _ = log.write_all(format!("{line}\n").as_bytes());
    }
}
