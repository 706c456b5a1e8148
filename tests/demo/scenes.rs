//! What the walk through the dashboard finds: a union in each state that a person has to know, and texts of people who would
//! like a browser to run them.
//!
//! Apart from the story, which is told before: it has no use for so many bad days. Each is made by its real cause.

use anyhow::Result;

use crate::eyes::until;
use crate::stage::Stage;

/// What a pull request may write wherever a text is free.
const HOSTILE: &str = "<img src=x onerror=alert(1)>\"''><script>alert(2)</script>";

/// Brings the unions of the story into these states, and two more beside them.
pub(crate) async fn make(stage: &Stage) -> Result<()> {
    let remote = &stage.remote;
    remote.write(
        "unions/hollow/union.yaml",
        &format!(
            "apiVersion: keyforge.dev/v1\nkind: Union\nmetadata:\n  name: hollow\n  annotations: {{ticket: '{HOSTILE}'}}\n\
             spec:\n  displayName: '{HOSTILE}'\n  contacts: [office@hollow.example]\n  domain: {}\n",
            stage.domain("hollow")
        ),
    )?;
    remote.write(
        "unions/hollow/societies/choir.yaml",
        &format!(
            "apiVersion: keyforge.dev/v1\nkind: Society\nmetadata:\n  name: choir\nspec:\n  displayName: '{HOSTILE}'\n  \
             members:\n    - {{email: alto@hollow.example, role: owner}}\n  passwords:\n    - name: piano\n      \
             username: '{HOSTILE}'\n      uris: ['https://example.org/{HOSTILE}']\n      notes: '{HOSTILE}'\n      \
             generate: {{length: 20}}\n"
        ),
    )?;
    remote.write(
        "unions/meadow/union.yaml",
        &format!(
            "apiVersion: keyforge.dev/v1\nkind: Union\nmetadata:\n  name: meadow\nspec:\n  displayName: Meadow\n  \
             contacts: [office@meadow.example]\n  domain: {}\n  '{HOSTILE}': 1\n",
            stage.domain("meadow")
        ),
    )?;
    remote.extend(
        "unions/acme/union.yaml",
        &format!("  suspend: {{reason: '{HOSTILE}', until: 2031-01-01}}\n"),
    )?;
    // Older than what has run on its data.
    let file = "unions/northside/union.yaml";
    remote.extend(file, "  vaultwarden: {image: vaultwarden/server:1.37.1}\n")?;
    remote.push_by(HOSTILE, &HOSTILE.replace(['<', '>'], ""))?;
    let scale = "patch deployment vaultwarden --namespace union-harbour --field-manager hpa-controller --type merge \
                 --patch '{\"spec\":{\"replicas\":2}}'";
    stage.kubectl().run(scale).await?;
    for (union, state) in [
        ("hollow", "current"),
        ("meadow", "held"),
        ("acme", "suspended"),
        ("northside", "awaiting-approval"),
        ("harbour", "failed"),
    ] {
        stage.api.state(union, state).await?;
    }
    until("the society of hostile texts is there", async || {
        stage.api.answers("/api/v1/unions/hollow/societies/choir").await
    })
    .await
}
