//! `Union.spec.database`: where the server keeps its rows.

use serde::{Deserialize, Serialize};

use super::SecretKeyRef;
use super::union::{Resources, Storage};
use crate::spec::image::ImageReference;

/// `Union.spec.database`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Database {
    /// A file in the server's volume.
    Sqlite {},
    /// A PostgreSQL server of its own in the union's namespace.
    Postgres {
        /// The server's image.
        #[serde(default = "postgres")]
        image: ImageReference,
        /// Its volume.
        #[serde(default)]
        storage: Storage,
        /// Its compute resources.
        #[serde(default)]
        resources: Resources,
    },
    /// A server that somebody else runs.
    External {
        /// The Secret whose key holds the URL.
        secret_ref: SecretKeyRef,
    },
}

impl Default for Database {
    fn default() -> Self {
        Self::Sqlite {}
    }
}

fn postgres() -> ImageReference {
    ImageReference { repository: "postgres".into(), tag: "17.6".into(), digest: None }
}
