//! The story, chapter by chapter. Each says what happens, does it, and waits until it is seen.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use reqwest::StatusCode;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::eyes::{Tool, until};
use crate::info::{self, Info};
use crate::narrator::Narrator;
use crate::remote::BRANCH;
use crate::scenes;
use crate::stage::Stage;
use crate::vault;

/// The union that joins while the story is told.
const NEW: &str = "harbour";

pub(crate) async fn tell(narrator: &mut Narrator, stage: &Stage) -> Result<()> {
    let unions = stage.remote.unions()?;
    let [first, second, third] = unions.as_slice() else {
        anyhow::bail!("the story is about three unions; example-repo/ has {}", unions.len());
    };
    first_rollout(narrator, stage, [first, third], &unions).await?;
    vault::tell(narrator, stage, second).await?;
    new_union(narrator, stage).await?;
    bad_commit(narrator, stage, first, second).await?;
    drift(narrator, stage, first).await?;
    removal(narrator, stage, third).await?;
    history(narrator, stage, first).await
}

async fn first_rollout(
    narrator: &mut Narrator,
    stage: &Stage,
    [first, last]: [&str; 2],
    unions: &[String],
) -> Result<()> {
    narrator.chapter("From a commit to running servers");
    narrator.say(
        "The repository declares three unions. The daemon has read it and gives each union a namespace of its own \
         with a VaultWarden server, a volume, credentials, network policies and an ingress, or what else its \
         document says: the third has a PostgreSQL server and an address of its own. (A kubelet that has only just \
         started spreads its first probes over ten seconds; later unions are faster.)",
    );
    let start = Instant::now();
    for union in unions {
        stage.api.state(union, "current").await?;
        answers(stage, union).await?;
        narrator.done(&format!("{union} is current and answers /alive"), start);
    }
    narrator.end();
    narrator.command("keyforge status", &stage.keyforge.run("status").await?);
    for get in [
        format!("get pods,pvc,ingress --namespace union-{first}"),
        format!("get pods,pvc,services --namespace union-{last}"),
    ] {
        narrator.command(&format!("{} {get}", stage.kubectl().typed), &stage.kubectl().run(&get).await?);
    }
    if let Some(ca) = stage.ca() {
        let (_, time) = answers(stage, first).await?;
        narrator.command(&format!("curl --cacert {ca} {}/alive", stage.domain(first)), &time);
    }
    Ok(())
}

async fn new_union(narrator: &mut Narrator, stage: &Stage) -> Result<()> {
    narrator.chapter("A push makes a union");
    let file = format!("unions/{NEW}/union.yaml");
    let text = format!(
        "apiVersion: keyforge.dev/v1\nkind: Union\nmetadata:\n  name: {NEW}\nspec:\n  \
         displayName: Harbour Debating Union\n  contacts: [office@{NEW}.example]\n  domain: {}\n",
        stage.domain(NEW),
    );
    narrator.say("Somebody adds a file and pushes. What it does not say comes from `keyforge.yaml`.");
    narrator.command(&format!("cat {file}"), &text);
    stage.remote.write(&file, &text)?;
    let commit = stage.remote.push("Harbour joins")?;
    narrator.command("git push", "");
    let start = Instant::now();
    stage.api.current(NEW, &commit).await?;
    narrator.done(&format!("from the push until {NEW} is current and healthy"), start);
    answers(stage, NEW).await?;
    narrator.done("and its members are answered", start);
    narrator.end();
    Ok(())
}

async fn bad_commit(narrator: &mut Narrator, stage: &Stage, good: &str, bad: &str) -> Result<()> {
    narrator.chapter("A mistake holds one union, the others go on");
    narrator.say(&format!(
        "One commit changes two unions: {good} gets a new display name, and {bad} gets a typing error. `keyforge \
         validate` would have told before the push:"
    ));
    let file = format!("unions/{bad}/union.yaml");
    let before = std::fs::read_to_string(stage.remote.clone().join(&file))?;
    stage.remote.write(&file, &format!("{before}  resorces: {{limits: {{memory: 1Gi}}}}\n"))?;
    stage.remote.edit(&format!("unions/{good}/union.yaml"), |line| {
        match line.strip_prefix("  displayName: ") {
            Some(_) => "  displayName: The Renamed Union".to_owned(),
            None => line.to_owned(),
        }
    })?;
    let (diagnostic, code) =
        stage.keyforge.ask(&format!("validate {}", stage.remote.clone().display())).await?;
    ensure!(code == 1 && diagnostic.contains("did you mean"), "validate ended with {code}: {diagnostic}");
    narrator.command("keyforge validate", &diagnostic);

    let commit = stage.remote.push("Rename one, break the other")?;
    narrator.command("git push", "");
    let start = Instant::now();
    let held = stage.api.state(bad, "held").await?;
    narrator.done(&format!("{bad} is held at what was accepted last"), start);
    ensure!(
        held["appliedRevision"].as_str().is_some_and(|applied| !applied.ends_with(&commit)),
        "{bad} moved"
    );
    answers(stage, bad).await?;
    narrator.done("its members do not notice", start);
    stage.api.current(good, &commit).await?;
    let name = format!("get namespace union-{good} --output jsonpath={{.metadata.annotations}}");
    until("the new display name", async || {
        stage.kubectl().run(&name).await.ok()?.contains("Renamed").then_some(())
    })
    .await?;
    narrator.done(&format!("{good} has its new name"), start);
    narrator.end();

    stage.remote.write(&file, &before)?;
    let commit = stage.remote.push("Mend it")?;
    let start = Instant::now();
    stage.api.current(bad, &commit).await?;
    narrator.done(&format!("mended by the next commit: {bad} is current again"), start);
    narrator.end();
    Ok(())
}

async fn drift(narrator: &mut Narrator, stage: &Stage, union: &str) -> Result<()> {
    narrator.chapter("What is changed by hand is put back");
    narrator.say(
        "Somebody with access to the cluster opens registration to the whole world, past the repository.",
    );
    let kubectl = stage.kubectl();
    let patch = format!(
        "patch configmap vaultwarden --namespace union-{union} --patch '{{\"data\":{{\"SIGNUPS_ALLOWED\":\"true\"}}}}'"
    );
    narrator.command(&format!("{} {patch}", kubectl.typed), &kubectl.run(&patch).await?);
    let start = Instant::now();
    let look = format!(
        "get configmap vaultwarden --namespace union-{union} --output jsonpath={{.data.SIGNUPS_ALLOWED}}"
    );
    until("registration is closed again", async || (kubectl.run(&look).await.ok()? == "false").then_some(()))
        .await?;
    narrator.done("registration is closed again", start);
    narrator.end();

    narrator.say("Somebody deletes the server.");
    let delete = format!("delete deployment vaultwarden --namespace union-{union}");
    narrator.command(&format!("{} {delete}", kubectl.typed), &kubectl.run(&delete).await?);
    let start = Instant::now();
    let look = format!(
        "get deployment vaultwarden --namespace union-{union} --output jsonpath={{.status.readyReplicas}}"
    );
    until("the server is back", async || (kubectl.run(&look).await.ok()? == "1").then_some(())).await?;
    answers(stage, union).await?;
    stage.api.state(union, "current").await?;
    narrator.done("the server is back, on the same volume", start);
    narrator.end();
    Ok(())
}

async fn removal(narrator: &mut Narrator, stage: &Stage, union: &str) -> Result<()> {
    narrator.chapter("A removed union is stopped, its data is kept");
    narrator.say(&format!(
        "The folder of {union} leaves the repository. Its server stops and its URL goes, but volume and secrets stay \
         for a while: a revert of the commit brings it back with its data."
    ));
    stage.remote.remove(&format!("unions/{union}"))?;
    stage.remote.push(&format!("{union} leaves"))?;
    narrator.command(&format!("git rm -r unions/{union} && git push"), "");
    let start = Instant::now();
    stage.api.state(union, "tombstone").await?;
    narrator.done(&format!("{union} is a tombstone"), start);
    let kubectl = stage.kubectl();
    let running = format!("get pods,services,ingresses --namespace union-{union} --output name");
    until("server and URL are gone", async || {
        kubectl.run(&running).await.ok()?.trim().is_empty().then_some(())
    })
    .await?;
    let silent = stage.alive(union).await.is_none_or(|(status, _)| status != StatusCode::OK);
    ensure!(silent, "{union} still answers");
    narrator.done("its server and its URL are gone", start);
    let kept = format!("get pvc,secrets --namespace union-{union} --output name");
    let answer = kubectl.run(&kept).await?;
    ensure!(
        answer.contains("persistentvolumeclaim/") && answer.contains("secret/"),
        "kept is only: {answer}"
    );
    narrator.done("its volume and its secrets are kept", start);
    narrator.end();
    narrator.command(&format!("{} {kept}", kubectl.typed), &answer);
    Ok(())
}

async fn history(narrator: &mut Narrator, stage: &Stage, union: &str) -> Result<()> {
    narrator.chapter("Everything is recorded");
    let line = format!("history {union}");
    narrator.command(&format!("keyforge {line}"), &stage.keyforge.run(&line).await?);
    Ok(())
}

/// Every page of the dashboard, in a browser: what the story left behind is what they show, and their bad days.
pub(crate) async fn walk(narrator: &mut Narrator, stage: &Stage) -> Result<()> {
    narrator.chapter("The dashboard, page by page");
    let start = Instant::now();
    scenes::make(stage).await?;
    let closed = stage.closed().await?;
    narrator.done("a union in each state, and a daemon that asks who people are", start);
    let start = Instant::now();
    let screens = info::folder().join("screens");
    let browser = Tool {
        typed: "node".into(),
        program: "node".into(),
        before: vec![concat!(env!("CARGO_MANIFEST_DIR"), "/frontend/walk/walk.mjs").into()],
        environment: Vec::new(),
    };
    let more = closed.as_ref().map(|closed| format!("{} {}", closed.url, closed.elsewhere));
    let line = format!("'{}' {} {}", screens.display(), stage.api.url, more.unwrap_or_default());
    let mut walk = browser.command(&line);
    let mut walk = walk.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot run node")?;
    let mut answers = walk.stdin.take().context("it is piped")?;
    let mut said = BufReader::new(walk.stdout.take().context("it is piped")?).lines();
    while let Some(line) = said.next_line().await? {
        match (line.strip_prefix("please "), &closed) {
            (Some(what), Some(closed)) => {
                answers.write_all(closed.hear(stage, what).await?.as_bytes()).await?;
            }
            _ => narrator.done(&line, start),
        }
    }
    ensure!(walk.wait().await?.success(), "the walk found what is told above");
    narrator.end();
    Ok(())
}

/// Waits until a union's server answers that it lives.
async fn answers(stage: &Stage, union: &str) -> Result<(StatusCode, String)> {
    until(&format!("`{union}` answers /alive"), async || {
        stage.alive(union).await.filter(|(status, _)| *status == StatusCode::OK)
    })
    .await
}

/// Writes where everything is, and says what to try.
pub(crate) async fn invite(narrator: &Narrator, stage: &Stage) -> Result<()> {
    let declared = stage.remote.unions()?.len();
    let all = async || stage.api.unions().await.filter(|unions| unions.len() >= declared);
    let unions = until("all unions are listed", all).await?;
    let urls = unions
        .iter()
        .filter(|union| union["state"] != "tombstone")
        .filter_map(|union| Some((union["name"].as_str()?.to_owned(), union["domain"].as_str()?.to_owned())));
    let info = Info {
        api: &stage.api.url,
        kubeconfig: stage.kubeconfig(),
        database_url: stage.database_url(),
        repo: stage.remote.bare().to_str().context("UTF-8")?,
        branch: BRANCH,
        ca: stage.ca(),
        unions: urls.collect::<BTreeMap<_, _>>(),
    };
    println!("   Now it is yours. It stays up until Ctrl-C.\n");
    narrator.row("dashboard", info.api);
    narrator.row("API", &format!("{}/api/v1/unions", info.api));
    narrator.row("health", &format!("{}/health/ready", info.api));
    narrator.row("metrics", &format!("{}/metrics", info.api));
    for url in info.unions.values() {
        narrator.row("union", url);
    }
    if let Some(ca) = info.ca {
        narrator.row("CA of these", ca);
    }
    narrator.row("your clone", &stage.remote.clone().display().to_string());
    narrator.row("its remote", info.repo);
    narrator.row("kubeconfig", info.kubeconfig);
    narrator.row("database", info.database_url);
    narrator.row("logs", &info::folder().join("daemon.log").display().to_string());
    narrator.row("all this", &info::folder().join("info.json").display().to_string());
    println!();
    narrator.say("Try: change a file in your clone, `git commit -a` and `git push`, then look with");
    println!("     $ export KEYFORGE_SERVER={} KUBECONFIG={}", info.api, info.kubeconfig);
    println!("     $ {} status\n", stage.keyforge.program.display());
    info.write()
}
