//! How long what was found equal counts.

use serde_json::json;

use super::*;

const CONFIG_MAP: KindName = ("v1", "ConfigMap");

fn want(kind: &str) -> Manifest {
    let id = ResourceId {
        kind: kind.into(),
        namespace: Some("union-acme".into()),
        name: "vaultwarden".into(),
        api_version: "v1".into(),
    };
    Manifest { id, body: json!({}), slots: Vec::new(), ignored: Vec::new(), digest: Digest::of("wanted") }
}

fn seen() -> Seen {
    Seen {
        uid: Uid("1".into()),
        version: "7".into(),
        generation: None,
        meta: Digest::of("meta"),
        deleting: false,
    }
}

fn server(version: &str, cluster: &str) -> Server {
    Server { version: version.into(), cluster: Uid(cluster.into()) }
}

/// A memory in which this was found equal, and whose watches show it as it was.
fn knowing(want: &Manifest) -> Memory {
    let memory = Memory::new("keyforge".into());
    memory.watch(CONFIG_MAP);
    memory.listed(CONFIG_MAP, HashMap::from([(key(&want.id), seen())]));
    memory.identified(&server("v1.34.4", "a"));
    find_equal(&memory, want);
    memory
}

fn find_equal(memory: &Memory, want: &Manifest) {
    memory.verified(want, seen(), Digest::of("content"), Health::Current);
}

fn still_equal(memory: &Memory, want: &Manifest) -> bool {
    memory.still_equal(want, &seen().uid, &Digest::of("content"))
}

#[tokio::test(start_paused = true)]
async fn another_version_or_another_cluster_makes_everything_be_compared_again() {
    for other in [server("v1.35.0", "a"), server("v1.34.4", "b")] {
        let want = want("ConfigMap");
        let memory = knowing(&want);
        memory.identified(&server("v1.34.4", "a"));
        assert!(memory.trusted(&want).is_some(), "the same one asked again");
        memory.identified(&other);
        assert!(memory.trusted(&want).is_none() && !still_equal(&memory, &want), "{other:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn everything_is_compared_again_within_a_day() {
    let want = want("ConfigMap");
    let memory = knowing(&want);
    tokio::time::advance(VERIFIED_LASTS - Duration::from_secs(1)).await;
    find_equal(&memory, &want);
    assert!(memory.trusted(&want).is_some() && still_equal(&memory, &want));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(memory.trusted(&want).is_none() && !still_equal(&memory, &want), "a read is no comparison");
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_read_every_half_an_hour_and_not_more_often() {
    let want = want("Secret");
    let memory = knowing(&want);
    for _ in 0..3 {
        tokio::time::advance(UNWATCHED_LASTS - Duration::from_secs(1)).await;
        assert!(memory.trusted(&want).is_some(), "read not long ago");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(
            memory.trusted(&want).is_none() && still_equal(&memory, &want),
            "to be read, not to be dry-run"
        );
        find_equal(&memory, &want);
    }
    // Who asks for what is there now has it read at once.
    memory.reread(&"acme".parse().expect("a name"));
    assert!(memory.trusted(&want).is_none() && still_equal(&memory, &want));
}
