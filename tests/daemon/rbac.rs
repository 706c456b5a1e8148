//! The daemon under exactly the rights that are shipped, on a cluster of its own: they are what it calls, no more and no
//! less; and what the server answers to a thief of its token.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::support::daemon::{Daemon, Told, until};
use super::support::devcluster::DevCluster;
use super::support::gate::{Asked, Gate};
use super::support::rights::{RULES, granted, of_cluster_role};
use super::support::site::Site;
use super::{KEYFORGE, path, union};

const ROUTES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/httproute.crd.yaml");

/// A site on the cluster with these rules, and the kubeconfig of the daemon's ServiceAccount.
async fn narrow(name: &str) -> (Site, PathBuf) {
    static CLUSTER: OnceLock<DevCluster> = OnceLock::new();
    let cluster = tokio::task::block_in_place(|| CLUSTER.get_or_init(DevCluster::start));
    let site = Site::on(cluster, name).await;
    site.kubectl(&["apply", "--server-side", "--force-conflicts", "-k", RULES]);
    site.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", ROUTES]);
    site.kubectl(&["wait", "--for=condition=Established", "crd/httproutes.gateway.networking.k8s.io"]);

    let text = std::fs::read_to_string(&cluster.kubeconfig).expect("a kubeconfig");
    let mut config: Value = serde_saphyr::from_str(&text).expect("a kubeconfig");
    let token = site.kubectl(&["-n", "keyforge", "create", "token", "keyforge"]);
    config["users"][0]["user"] = json!({ "token": token });
    let kubeconfig = site.repo.path().with_extension("kubeconfig");
    std::fs::write(&kubeconfig, config.to_string()).expect("written");

    // The server takes a moment to learn of a policy.
    let bounded = || async {
        let elsewhere = ["create", "namespace", "elsewhere", "--dry-run=server"];
        refusal(&site, &kubeconfig, &elsewhere).contains("ValidatingAdmissionPolicy").then_some(())
    };
    until(bounded).await.expect("the boundary is drawn");
    (site, kubeconfig)
}

/// How the server refuses this to whoever has the kubeconfig.
fn refusal(site: &Site, kubeconfig: &Path, arguments: &[&str]) -> String {
    let mut whole = vec!["--kubeconfig", kubeconfig.to_str().expect("a path of ours")];
    whole.extend(arguments);
    match site.try_kubectl(&whole) {
        Ok(done) => format!("not refused: {done}"),
        Err(said) => said,
    }
}

/// A union with an object of every kind but a route.
fn large(name: &str, rotation: u32) -> String {
    format!(
        "{}  database: {{kind: postgres, image: 'postgres:17.6', storage: {{size: 1Gi}}}}\n  \
         expose: {{kind: ingress}}\n  backup: {{schedule: '15 3 * * *', to: {{kind: volume, size: 1Gi}}}}\n  \
         rotation: {{adminToken: {rotation}}}\n  deletion: {{policy: delete}}\n",
        union(name)
    )
}

/// A union behind a gateway.
fn routed(name: &str) -> String {
    format!(
        "{}  expose: {{kind: gateway, gateway: {{parentRef: {{name: public, namespace: gateways}}}}}}\n  \
         deletion: {{policy: delete}}\n",
        union(name)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_rights_are_what_the_daemon_uses_from_the_first_rollout_to_the_last_deletion() {
    let (site, kubeconfig) = narrow("rights").await;
    let (gate, through) = Gate::open(&kubeconfig, kubeconfig.parent().expect("a folder")).await;
    let templates = site.repo.path().with_extension("templates");
    std::fs::create_dir(&templates).expect("a folder");
    let accounts = templates.join("service-account.yaml.hbs");
    let built_in = include_str!("../../templates/service-account.yaml.hbs");
    let more = format!("{built_in}---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: extra\n");
    std::fs::write(&accounts, more).expect("written");
    let key = site.repo.path().with_extension("audit-key");
    std::fs::write(&key, "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0\n")
        .expect("written");
    let of_ours = |path: &Path| path.to_str().expect("a path of ours").to_owned();
    let (templates_flag, key_flag) = (of_ours(&templates), of_ours(&key));
    let flags = ["--templates", &*templates_flag, "--audit-key-file", &*key_flag];
    let told = Told { kubeconfig: &through, namespace: "keyforge", ..site.told() };

    let (large_one, routed_one, stays) = (site.union("large"), site.union("routed"), site.union("stays"));
    let policy = format!(
        "{KEYFORGE}  guards: {{unionsRemovedPerRevision: 9}}\n  \
         limits: {{gateways: [{{name: public, namespace: gateways}}]}}\n"
    );
    site.commit(
        "Found the unions",
        &[
            ("keyforge.yaml", &policy),
            (&path(&large_one), &large(&large_one, 1)),
            (&path(&routed_one), &routed(&routed_one)),
            (&path(&stays), &union(&stays)),
        ],
    );
    let daemon = Daemon::start_with(&told, &flags);
    daemon.union_is(&large_one, "current", None).await;
    daemon.union_is(&stays, "current", None).await;
    daemon
        .until("the route is made", || async { site.object("httproute", &routed_one, "vaultwarden") })
        .await;

    // A person's changes are put back, also where they are about who may write.
    let namespace = format!("union-{large_one}");
    site.kubectl(&["-n", &namespace, "scale", "deployment/vaultwarden", "--replicas=3"]);
    site.kubectl(&["-n", &namespace, "delete", "rolebinding", "keyforge-applier", "keyforge-impersonator"]);
    daemon
        .until("all is put back", || async {
            site.object("rolebinding", &large_one, "keyforge-impersonator")?;
            let workload = site.object("deployment", &large_one, "vaultwarden")?;
            (workload["spec"]["replicas"] == 1).then_some(())
        })
        .await;
    std::fs::remove_file(&accounts).expect("it is there");
    daemon
        .until("what templates render no more is deleted", || async {
            site.object("serviceaccount", &large_one, "extra").is_none().then_some(())
        })
        .await;
    let rotated = site.commit("Rotate", &[(&path(&large_one), &large(&large_one, 2))]);
    daemon.union_is(&large_one, "current", Some(&rotated)).await;

    // What cannot be rolled out: what its namespace says is read for who asks. That a node gives no log is no lack of a right.
    let lacks =
        large(&large_one, 2).replace("{kind: ingress}", "{kind: ingress, tls: {secretName: nowhere}}");
    site.commit("Name a certificate that nobody gave", &[(&path(&large_one), &lacks)]);
    daemon.union_is(&large_one, "failed", None).await;
    for what in ["pod-logs", "pod-events"] {
        let told = daemon.get(&format!("/api/v1/unions/{large_one}/{what}")).await;
        assert!(told.is_some_and(|(status, _)| status == 200), "{what}");
    }

    // Another process knows nothing and reads everything.
    assert_eq!(daemon.terminate(), Some(0));
    let daemon = Daemon::start_with(&told, &flags);
    let anchor = format!("keyforge-audit-{}", told.installation);
    let anchored = || async { site.try_kubectl(&["-n", "keyforge", "get", "configmap", &anchor]).ok() };
    daemon.until("the audit is anchored outside of the database", anchored).await;
    daemon
        .until("it has looked at every kind", || async {
            let used = used(&gate.asked());
            let reads = granted().into_iter().filter(|right| right.contains(" get "));
            reads.into_iter().all(|right| used.contains(&right)).then_some(())
        })
        .await;

    site.remove("Dissolve two unions", &[&large_one, &routed_one]);
    for name in [&large_one, &routed_one] {
        daemon.until("its row is gone", || async { daemon.union(name).await.is_none().then_some(()) }).await;
        assert_eq!(site.kubectl(&["get", "namespace", &format!("union-{name}"), "--ignore-not-found"]), "");
    }
    daemon.union_is(&stays, "current", None).await;
    assert_eq!(daemon.terminate(), Some(0));

    let asked = gate.asked();
    let (used, granted) = (used(&asked), granted());
    let difference =
        |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
    assert_eq!(difference(&granted, &used), [""; 0], "rights that nothing uses");
    assert_eq!(difference(&used, &granted), [""; 0], "used without a right");
    assert_eq!(refused(&asked), [""; 0]);
}

/// What was refused and not let in a moment later. Why a namespace does not end is asked as far as it may be; a port-forward is
/// for whoever runs the daemon outside of a cluster, and no role allows it.
fn refused(asked: &[Asked]) -> Vec<String> {
    let was_refused =
        |asked: &&Asked| matches!(asked.status, StatusCode::FORBIDDEN | StatusCode::UNPROCESSABLE_ENTITY);
    let same =
        |a: &Asked, b: &Asked| (&a.method, &a.path, &a.acting_as) == (&b.method, &b.path, &b.acting_as);
    let all = asked.iter().enumerate().filter(|(_, asked)| was_refused(asked));
    let left = all.filter(|(at, refused)| {
        let let_in = asked[*at..].iter().any(|later| same(later, refused) && later.status.is_success());
        let is_doctor = Call::of(refused).is_some_and(|call| call.verb == "list" && call.namespace.is_some());
        let is_forward = refused.path.split('?').next().is_some_and(|path| path.ends_with("/portforward"));
        !let_in && !is_doctor && !is_forward
    });
    left.map(|(_, asked)| format!("{} {} {}", asked.status, asked.method, asked.path)).collect()
}

/// What a request asks for, in the words of rules.
struct Call {
    verb: &'static str,
    resource: String,
    namespace: Option<String>,
}

impl Call {
    /// `None` for what is about the server itself: discovery, its version.
    fn of(asked: &Asked) -> Option<Self> {
        let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (group, rest) = match &parts[..] {
            ["api", _, rest @ ..] => ("", rest),
            ["apis", group, _, rest @ ..] => (*group, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some((*namespace).to_owned()), rest),
            rest => (None, rest),
        };
        let (plural, named) = match rest {
            [plural] => ((*plural).to_owned(), false),
            [plural, _] => ((*plural).to_owned(), true),
            [plural, _, part @ "log"] => (format!("{plural}/{part}"), true),
            _ => return None,
        };
        let verb = match (&asked.method, named) {
            (&Method::GET, _) if query.contains("watch=") => "watch",
            (&Method::GET, true) => "get",
            (&Method::GET, false) => "list",
            (&Method::POST, _) => "create",
            (&Method::PUT, _) => "update",
            (&Method::PATCH, _) => "patch",
            (&Method::DELETE, _) => "delete",
            _ => return None,
        };
        let resource = if group.is_empty() { plural } else { format!("{plural}.{group}") };
        Some(Self { verb, resource, namespace })
    }
}

/// The rights that granted requests took, by the role that has them.
fn used(asked: &[Asked]) -> BTreeSet<String> {
    let cluster_wide = of_cluster_role("keyforge");
    let mut used = BTreeSet::new();
    for asked in asked {
        let Some(call) = Call::of(asked) else { continue };
        // Whether a node has a log is asked after whether it may be read.
        let is_let_in = call.resource == "pods/log" && asked.status != StatusCode::FORBIDDEN;
        if !asked.status.is_success() && !is_let_in {
            continue;
        }
        let mut verbs = vec![call.verb];
        // An apply that makes something takes both.
        if asked.method == Method::PATCH && asked.status == StatusCode::CREATED {
            verbs.push("create");
        }
        for verb in verbs {
            let right = format!("{verb} {}", call.resource);
            if let Some(user) = &asked.acting_as {
                assert!(call.namespace.is_some(), "an applier asks in its namespace only: {}", asked.path);
                let namespace = call.namespace.as_deref().unwrap_or_default();
                assert_eq!(*user, format!("system:serviceaccount:{namespace}:keyforge-applier"));
                used.insert(format!("keyforge-applier: {right}"));
                used.insert("keyforge-impersonator: impersonate serviceaccounts".to_owned());
            } else if cluster_wide.contains(&format!("keyforge: {right}")) {
                used.insert(format!("keyforge: {right}"));
            } else {
                let namespace = call.namespace.as_deref().unwrap_or_default();
                used.insert(format!("keyforge in {namespace}: {right}"));
            }
            if call.resource.starts_with("rolebindings.") && verb == "create" {
                used.insert("keyforge: bind clusterroles.rbac.authorization.k8s.io".to_owned());
            }
        }
    }
    used
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_token_reaches_no_namespace_but_those_of_unions_and_opens_none_of_them() {
    let (site, kubeconfig) = narrow("thief").await;
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&Told { kubeconfig: &kubeconfig, namespace: "keyforge", ..site.told() });
    daemon.union_is(&name, "current", None).await;
    let own = format!("union-{name}");
    let applier = format!("--as=system:serviceaccount:{own}:keyforge-applier");
    let file = |name: &str, object: &Value| {
        let path = site.repo.path().with_extension(name);
        std::fs::write(&path, object.to_string()).expect("written");
        path.to_str().expect("a path of ours").to_owned()
    };
    let tries = |arguments: &[&str], answer: &str| {
        let said = refusal(&site, &kubeconfig, arguments);
        assert!(said.contains(answer), "{arguments:?}: {said}");
    };

    // Secrets, and whoever may read them.
    tries(&["-n", "kube-system", "get", "secrets"], "cannot list resource \"secrets\"");
    tries(&["-n", &own, "get", "secret", "vaultwarden"], "cannot get resource \"secrets\"");
    tries(&["get", "secrets", "--all-namespaces"], "cannot list resource \"secrets\"");
    tries(
        &["-n", "kube-system", &applier, "get", "secrets"],
        "keyforge-applier\" cannot list resource \"secrets\"",
    );
    tries(&["-n", &own, &applier, "get", "secrets"], "keyforge-applier\" cannot list resource \"secrets\"");
    for other in [
        "system:serviceaccount:kube-system:keyforge-applier",
        "system:serviceaccount:default:keyforge-applier",
        "system:serviceaccount:kube-system:generic-garbage-collector",
        &format!("system:serviceaccount:{own}:vaultwarden"),
    ] {
        tries(
            &[&format!("--as={other}"), "-n", "kube-system", "get", "secrets"],
            "cannot impersonate resource",
        );
    }
    tries(&["--as=admin", "--as-group=system:masters", "get", "secrets"], "cannot impersonate resource");
    tries(
        &["-n", &own, "create", "token", "keyforge-applier"],
        "cannot create resource \"serviceaccounts/token\"",
    );

    // More rights, elsewhere or here.
    let to_applier = "--serviceaccount=kube-system:keyforge-applier";
    let bind = |place: &str, name: &str, role: &str, whom: &str, answer: &str| {
        tries(&["-n", place, "create", "rolebinding", name, &format!("--clusterrole={role}"), whom], answer);
    };
    let boundary = "ValidatingAdmissionPolicy 'keyforge' with binding 'keyforge' denied request: ";
    for place in ["kube-system", "default", "keyforge"] {
        bind(place, "keyforge-applier", "keyforge-applier", to_applier, boundary);
        bind(
            place,
            "keyforge-impersonator",
            "keyforge-impersonator",
            "--serviceaccount=keyforge:keyforge",
            boundary,
        );
    }
    let to_default = format!("--serviceaccount={own}:default");
    bind(&own, "evil", "keyforge-applier", &to_default, boundary);
    bind(
        &own,
        "evil",
        "cluster-admin",
        &to_default,
        "is attempting to grant RBAC permissions not currently held",
    );
    tries(
        &[
            "create",
            "clusterrolebinding",
            "evil",
            "--clusterrole=cluster-admin",
            "--serviceaccount=keyforge:keyforge",
        ],
        "cannot create resource \"clusterrolebindings\"",
    );
    let all = r#"{"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}"#;
    tries(
        &["patch", "clusterrole", "keyforge-applier", "--type=merge", "--patch", all],
        "cannot patch resource \"clusterroles\"",
    );
    tries(
        &["-n", &own, &applier, "create", "rolebinding", "evil", "--clusterrole=cluster-admin", &to_default],
        "cannot create resource \"rolebindings\"",
    );
    tries(&["delete", "validatingadmissionpolicy", "keyforge"], "cannot delete resource");
    tries(&["-n", "kube-system", "create", "serviceaccount", "keyforge-applier"], boundary);
    tries(&["-n", &own, "create", "serviceaccount", "evil"], boundary);

    // Namespaces: others', and the guard of its own.
    tries(&["create", "namespace", "elsewhere"], boundary);
    tries(&["delete", "namespace", "keyforge"], boundary);
    tries(&["label", "namespace", "kube-system", "keyforge.dev/installation=thief"], boundary);
    let unguarded = "is labelled for Pod Security `restricted`";
    let enforce = "pod-security.kubernetes.io/enforce";
    tries(&["label", "namespace", &own, &format!("{enforce}=privileged"), "--overwrite"], unguarded);
    tries(&["label", "namespace", &own, &format!("{enforce}-")], unguarded);
    tries(&["label", "namespace", &own, &format!("{enforce}-version=v1.0")], unguarded);
    tries(&["label", "namespace", &own, "keyforge.dev/installation-"], unguarded);
    tries(&["create", "namespace", "union-unguarded"], unguarded);

    // A namespace of somebody else that is called like a union's.
    site.kubectl(&["create", "namespace", "union-payroll"]);
    let not_ours = "namespace `union-payroll` is not labelled as one of Keyforge";
    tries(&["delete", "namespace", "union-payroll"], not_ours);
    let labels = ["app.kubernetes.io/managed-by=keyforge", "keyforge.dev/installation=thief"];
    let restricted = format!("{enforce}=restricted");
    tries(&["label", "namespace", "union-payroll", labels[0], labels[1], &restricted], not_ours);
    tries(&["-n", "union-payroll", "create", "serviceaccount", "keyforge-applier"], not_ours);
    for (role, whom) in [
        ("keyforge-applier", "--serviceaccount=union-payroll:keyforge-applier"),
        ("keyforge-impersonator", "--serviceaccount=keyforge:keyforge"),
    ] {
        bind("union-payroll", role, role, whom, not_ours);
    }

    // Pods that see the node.
    let pod = json!({
        "containers": [{"name": "c", "image": "vaultwarden/server:1.37.2", "securityContext": {"privileged": true}}],
    });
    let alone = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "evil"}, "spec": pod});
    let alone = file("pod", &alone);
    tries(&["-n", &own, "create", "-f", &alone], "cannot create resource \"pods\"");
    tries(&["-n", &own, &applier, "create", "-f", &alone], "cannot create resource \"pods\"");
    tries(&["-n", "default", &applier, "create", "-f", &alone], "cannot create resource \"pods\"");
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "evil"},
        "spec": {
            "selector": {"matchLabels": {"app": "evil"}},
            "template": {"metadata": {"labels": {"app": "evil"}}, "spec": pod},
        },
    });
    let made = refusal(
        &site,
        &kubeconfig,
        &["-n", &own, &applier, "create", "-f", &file("deployment", &deployment)],
    );
    assert!(made.contains("deployment.apps/evil created"), "{made}");
    daemon
        .until("its pod is refused", || async {
            let found = site.object("deployment", &name, "evil")?;
            let conditions = found["status"]["conditions"].as_array()?;
            let words = "violates PodSecurity \"restricted:latest\": privileged";
            conditions
                .iter()
                .any(|found| found["message"].as_str().is_some_and(|why| why.contains(words)))
                .then_some(())
        })
        .await;
}
