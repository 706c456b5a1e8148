//! A second daemon beside that of the story: it asks everybody who they are, by an identity provider, only looks, and what it needs is
//! taken away from it when the walk through its pages asks for that.

use std::fs::{self, File};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::door::Door;
use crate::eyes::{Api, Tool, until};
use crate::info;
use crate::part::Part;
use crate::provider::{Key, Provider};
use crate::stage::Stage;

/// As which client people sign in.
const CLIENT: &str = "keyforge page";

/// Somebody who may see and do everything, whom the settings name.
const OPERATOR: &str = "ops@federation.example";

/// Whom `keyforge.yaml` of the example lets see one union, and somebody whom it does not name.
const VIEWER: &str = "it@acme.example";
const STRANGER: &str = "nobody@elsewhere.example";

/// It runs, with everything that is only there for it. The order of the fields is the order in which it ends.
pub(crate) struct Closed {
    /// Where people reach it.
    pub(crate) url: String,
    /// Another site, whose pages may read along.
    pub(crate) elsewhere: String,
    _daemon: Part,
    connection: Door,
    database: Door,
    /// None where the cluster is not ours to take away.
    cluster: Option<Door>,
    provider: Provider,
    signs: Key,
    keyforge: Tool,
}

impl Closed {
    /// Starts it by the command line of a daemon that lacks only where it listens, in a folder of its own.
    pub(crate) async fn start(
        keyforge: &Tool,
        command: impl FnOnce(&Api, &str) -> Result<std::process::Command>,
        (api, elsewhere): (Api, String),
        database_url: &str,
        cluster: Option<Door>,
        folder: &Path,
    ) -> Result<Self> {
        let (provider, signs) = (Provider::start().await, Key::draw("demo"));
        provider.tells(&[&signs]);
        let authority = folder.join("provider.pem");
        fs::write(&authority, &provider.authority)?;
        let database = Door::to(database_url).await;
        database.open();
        let address = api.url.strip_prefix("http://").context("our own URL")?.parse()?;
        let connection = Door::before(address).await;
        connection.open();
        let mut command = command(&api, &database.url)?;
        command
            .args(["--observe", "--auth", "required", "--public-url", &connection.url])
            .args(["--auth-oidc-issuer", &provider.url, "--auth-oidc-algorithm", "ES256"])
            .args(["--auth-oidc-client-id", CLIENT, "--auth-operator-emails", OPERATOR])
            .args(["--allowed-origins", &elsewhere])
            .arg("--auth-oidc-ca-file")
            .arg(authority)
            .stderr(File::create(info::folder().join("closed.log"))?);
        let (daemon, _) = Part::start(&mut command, 0)?;
        until("the daemon that asks who people are is ready", async || api.answers("/health/ready").await)
            .await?;
        let environment = vec![("KEYFORGE_DATABASE_URL", database_url.to_owned())];
        let keyforge = Tool {
            typed: keyforge.typed.clone(),
            program: keyforge.program.clone(),
            before: Vec::new(),
            environment,
        };
        Ok(Self {
            url: connection.url.clone(),
            elsewhere,
            _daemon: daemon,
            connection,
            database,
            cluster,
            provider,
            signs,
            keyforge,
        })
    }

    /// Does what the walk asks for, and tells it what came of that.
    pub(crate) async fn hear(&self, stage: &Stage, what: &str) -> Result<String> {
        match what {
            "an operator comes" => self.comes(OPERATOR)?,
            "a viewer comes" => self.comes(VIEWER)?,
            "a stranger comes" => self.comes(STRANGER)?,
            "everybody out" => drop(self.keyforge.run("session revoke --all").await?),
            "database away" => self.database.shut(),
            "database back" => self.database.open(),
            "connection away" => self.connection.shut(),
            "connection silent" => self.connection.wall_up(),
            "connection back" => {
                // Whoever waits behind a wall does not know that it is gone.
                self.connection.shut();
                self.connection.open();
            }
            "cluster away" | "cluster back" => match &self.cluster {
                Some(cluster) if what == "cluster away" => cluster.shut(),
                Some(cluster) => cluster.open(),
                None => return Ok("not ours\n".to_owned()),
            },
            "git away" => {
                stage.remote.hide()?;
                stage.looks_at_git("down").await?;
            }
            "git back" => {
                stage.remote.show()?;
                stage.looks_at_git("up").await?;
            }
            "a key" => return self.keyforge.run("apikey create walk --all-unions").await,
            _ => bail!("the walk asks for {what:?}, which nobody can do"),
        }
        Ok("done\n".to_owned())
    }

    /// From now on they are whoever is at a browser.
    fn comes(&self, email: &str) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let claims = json!({
            "iss": self.provider.url, "aud": CLIENT, "sub": email, "email": email, "email_verified": true,
            "iat": now, "exp": now + 3_600,
        });
        self.provider.knows(&self.signs, claims);
        Ok(())
    }
}
