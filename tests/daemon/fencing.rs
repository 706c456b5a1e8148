//! Replicas that die in turn while they work inside of vaults: by the servers' own records none was worked on under two
//! leases at once, and nothing in it is there twice.

use sqlx::{PgConnection, Row as _};
use tempfile::TempDir;

use super::support::daemon::{Daemon, Told, until};
use super::support::devcluster::DevCluster;
use super::support::records;
use super::support::site::Site;
use super::{KEYFORGE, path, union};

const UNIONS: [&str; 3] = ["a", "b", "c"];

/// So many that a society is not done within a moment.
const PASSWORDS: usize = 30;

struct Replica {
    daemon: Daemon,
    _state: TempDir,
}

impl Replica {
    async fn start(site: &Site) -> Self {
        let state = tempfile::tempdir().expect("a folder");
        let told = Told { state: state.path(), ..site.told() };
        let daemon = Daemon::start_with(&told, &["--workers=2", "--reach=port-forward"]);
        let ready = || async { (daemon.get("/health/ready").await?.0 == 200).then_some(()) };
        daemon.until("it is ready", ready).await;
        Self { daemon, _state: state }
    }
}

/// Two members, two collections beside the one of all.
fn society(name: &str) -> String {
    let passwords = (0..PASSWORDS)
        .map(|n| format!("    - {{name: p{n}, collection: {}, generate: {{}}}}\n", ["one", "two"][n % 2]));
    format!(
        "apiVersion: keyforge.dev/v1\nkind: Society\nmetadata: {{name: {name}}}\nspec:\n  displayName: The {name} society\n  \
         collections: [{{name: one}}, {{name: two}}]\n  members:\n    - {{email: magnus@acme.example, role: owner}}\n    \
         - {{email: vera@acme.example, role: member, collections: [{{name: one, access: write}}]}}\n  passwords:\n{}",
        passwords.collect::<String>()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_die_in_the_middle_of_provisioning_leave_nothing_doubled_and_no_vault_to_two() {
    let cluster = DevCluster::welcoming();
    let site = Site::on(&cluster, "fencing").await;
    let unions = UNIONS.map(|name| site.union(name));
    let documents: Vec<(String, String)> = unions.iter().map(|name| (path(name), union(name))).collect();
    let mut files = vec![("keyforge.yaml", KEYFORGE)];
    files.extend(documents.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    site.commit("Found the unions", &files);
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(Replica::start(&site).await);
    }
    for name in &unions {
        replicas[0].daemon.union_is(name, "current", None).await;
    }
    let mut connection = site.database.connection().await;

    for turn in 0..3 {
        let new = format!("s{turn}");
        let text = society(&new);
        let paths = unions.each_ref().map(|name| format!("unions/{name}/societies/{new}.yaml"));
        let files = paths.each_ref().map(|path| (path.as_str(), text.as_str()));
        let revision = site.commit("Found a society in each", &files);
        let Working { union, holder, lease } = in_the_middle(&mut connection, &new).await;
        let is_it = |replica: &Replica| replica.daemon.log().contains(&format!("this replica is {holder}"));
        let victim = replicas.iter().position(is_it).expect("it is one of them");
        replicas.remove(victim).daemon.kill();
        // What it had sent may still be on its way through the API server.
        is_silent(&site, &unions).await;
        let expired = "update work set leased_until = clock_timestamp() where lease_holder = $1::uuid";
        sqlx::query(expired).bind(&holder).execute(&mut connection).await.expect("the table of work");

        for name in &unions {
            replicas[0].daemon.union_is(name, "current", Some(&revision)).await;
        }
        let asked = records::requests(&site, &union).expect("the server runs");
        let under = |which: fn(i64, i64) -> bool| {
            asked.iter().filter_map(|request| request.lease).any(|other| which(other, lease))
        };
        assert!(under(|other, lease| other == lease) && under(|other, lease| other > lease), "{asked:#?}");
        replicas.push(Replica::start(&site).await);
    }

    for name in &unions {
        let met = records::met(&records::requests(&site, name).expect("the server runs"));
        assert!(met.is_empty(), "{name}: {met:#?}");
        let declared = [(3, 3, PASSWORDS); 3];
        let wrong = records::miscounted(&site, name, &declared).expect("the server runs");
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
}

/// Who works on a society that is founded and not done.
struct Working {
    union: String,
    holder: String,
    lease: i64,
}

async fn in_the_middle(connection: &mut PgConnection, society: &str) -> Working {
    let connection = tokio::sync::Mutex::new(connection);
    let look = || async {
        let row = sqlx::query(
            "select union_name, lease_holder::text, fencing_token from work join society using (union_name)
            where society_name = $1 and ledger is not null and lease_holder is not null",
        );
        let row = row.bind(society).fetch_optional(&mut **connection.lock().await).await;
        let row = row.expect("the tables")?;
        Some(Working { union: row.get(0), holder: row.get(1), lease: row.get(2) })
    };
    until(look).await.expect("somebody founds it")
}

/// None of the servers was asked for anything since a moment ago.
async fn is_silent(site: &Site, unions: &[String]) {
    let all = || unions.iter().map(|name| records::requests(site, name)).collect::<Vec<_>>();
    let silent = || async { (all() == all()).then_some(()) };
    until(silent).await.expect("nobody asks any more");
}
