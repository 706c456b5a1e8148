//! Desired state: unions in, manifests out.
//!
//! Golden files are the product's own print of the manifests, beside each case's `union.yaml`.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

use keyforge::desired::{Context, Given, Life, Manifest, Pins, Templates, build, is_of_applier, yaml};
use support::union::{TEMPLATES, case, cases, context, desired, named, union};

const NORTHSIDE: &str = include_str!("cases/desired/northside/union.yaml");

fn overridden(file: &str, text: &str) -> Result<Templates, String> {
    let overrides = BTreeMap::from([(file.to_owned(), text.to_owned())]);
    Templates::with_overrides(&overrides).map_err(|error| error.to_string())
}

/// What becomes of the union `northside` with one template replaced.
fn rendered(file: &str, text: &str) -> Result<Vec<Manifest>, String> {
    let templates = overridden(file, text)?;
    build(&union(NORTHSIDE), &templates, &context(Life::Running))
        .map(|desired| desired.manifests)
        .map_err(|error| error.to_string())
}

fn ids(manifests: &[Manifest]) -> Vec<String> {
    manifests.iter().map(|manifest| manifest.id.to_string()).collect()
}

#[test]
fn a_union_becomes_the_manifests_of_its_golden_file() {
    for folder in cases() {
        let text = yaml(&desired(&case(&folder), Life::Running).manifests);
        insta::with_settings!({snapshot_path => &folder, prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!("manifests", text);
        });
    }
}

#[test]
fn the_same_input_gives_the_same_state_and_another_one_another_digest() {
    let mut digests = Vec::new();
    for folder in cases() {
        let union = case(&folder);
        let state = build(&union, &TEMPLATES, &context(Life::Running)).expect("it renders");
        assert_eq!(desired(&union, Life::Running), state);
        digests.push(state.digest);
    }
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), cases().len());
}

#[test]
fn who_sets_no_limit_has_that_of_the_operator() {
    let mut union = named("northside");
    union.ceiling =
        serde_json::from_value(serde_json::json!({"cpu": "500m", "memory": "768Mi"})).expect("limits");
    let state = desired(&union, Life::Running);
    let range =
        state.manifests.iter().find(|manifest| manifest.id.kind == "LimitRange").expect("it is rendered");
    assert_eq!(
        range.body["spec"]["limits"][0]["default"],
        serde_json::json!({"cpu": "500m", "memory": "768Mi"})
    );
}

#[test]
fn a_public_name_opens_no_private_range() {
    let mut union = named("acme");
    union.egress =
        ["10.20.0.0/16", "smtp.mail.svc"].map(|text| text.parse().expect("a destination")).to_vec();
    let state = desired(&union, Life::Running);
    let policies = state.manifests.iter().filter(|manifest| manifest.id.kind == "NetworkPolicy");
    let text: String = policies.map(|manifest| manifest.body.to_string()).collect();
    assert!(text.contains("\"0.0.0.0/0\"") && !text.contains("10.20.0.0/16"), "{text}");
}

#[test]
fn hostile_text_stays_one_value() {
    let state = desired(&named("hostile"), Life::Running);
    assert_eq!(state.union.as_str(), "hostile");
    let harmless = desired(&named("path"), Life::Running);
    let kinds = |manifests: &[Manifest]| manifests.iter().map(|m| m.id.kind.clone()).collect::<Vec<_>>();
    assert_eq!(kinds(&state.manifests), kinds(&harmless.manifests));
    let namespace = &state.manifests[0].body["metadata"];
    assert_eq!(namespace["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
    let slots: usize = state.manifests.iter().map(|manifest| manifest.slots.len()).sum();
    assert_eq!(slots, 7);
}

#[test]
fn a_kind_or_a_namespace_that_is_not_the_unions_is_refused() {
    let refused = |text: &str| rendered("volume.yaml.hbs", text).expect_err("it is refused");
    assert_eq!(
        refused("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: x}"),
        "templates: volume.yaml.hbs: rbac.authorization.k8s.io/v1 ClusterRoleBinding is none of the kinds of a union: \
         Namespace, ResourceQuota, LimitRange, ServiceAccount, NetworkPolicy, ConfigMap, Secret, \
         PersistentVolumeClaim, Deployment, StatefulSet, CronJob, Service, Ingress, HTTPRoute"
    );
    assert_eq!(
        refused("apiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: kube-system}"),
        "templates: volume.yaml.hbs: Secret `x` is in namespace `kube-system`; the union has `union-northside` only"
    );
    assert_eq!(
        refused("apiVersion: v1\nkind: Namespace\nmetadata: {name: union-acme}"),
        "templates: volume.yaml.hbs: Namespace `union-acme` is in namespace `union-acme`; \
         the union has `union-northside` only"
    );
    assert_eq!(
        refused("apiVersion: v1\nkind: Namespace\nmetadata: {name: union-northside}"),
        "templates: volume.yaml.hbs: Namespace union-northside is there twice"
    );
}

#[test]
fn who_writes_into_the_namespace_is_no_matter_of_templates_or_ignored_fields() {
    let text = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: keyforge-applier}";
    assert_eq!(
        rendered("service-account.yaml.hbs", text).expect_err("it is refused"),
        "templates: service-account.yaml.hbs: ServiceAccount union-northside/keyforge-applier is there twice"
    );
    let usual = named("northside");
    let mut left_alone = usual.clone();
    let rule = serde_json::json!({"manager": "helm", "kind": "RoleBinding", "fields": [".subjects"]});
    left_alone.ignore = vec![serde_json::from_value(rule).expect("a rule")];
    let of = |union| {
        let all = desired(union, Life::Running).manifests.into_iter();
        all.filter(|want| is_of_applier(&want.id)).collect::<Vec<_>>()
    };
    assert_eq!(of(&left_alone), of(&usual));
    assert_eq!(of(&left_alone).len(), 3);
}

#[test]
fn what_no_object_can_hold_is_refused_with_its_place() {
    let refused = |fields: &str| {
        let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata: {fields}");
        rendered("volume.yaml.hbs", &text).expect_err("it is refused")
    };
    assert_eq!(
        refused("{a/b: !env HOME}"),
        "templates: volume.yaml.hbs: `/data/a~1b` has the tag `!env`, which no Kubernetes object can hold"
    );
    assert_eq!(
        refused("{1: a}"),
        "templates: volume.yaml.hbs: `/data` has a key that is no text, which no Kubernetes object can hold"
    );
    assert_eq!(
        refused("{a: .nan}"),
        "templates: volume.yaml.hbs: `/data/a` has the number `.nan`, which no Kubernetes object can hold"
    );
    assert_eq!(
        refused("{a: {{slot \"root-password\"}} }"),
        "templates: volume.yaml.hbs: `root-password` is no slot; known are `admin-token-hash`, `account-address`, \
         `database-password`, `backup-password`, `secret/<name>/<key>`"
    );
    assert_eq!(
        refused("{a: {{spec.storage.color}} }"),
        "templates: volume.yaml.hbs:4:11: there is no `spec.storage.color`"
    );
    assert_eq!(
        refused("[a: b"),
        "templates: volume.yaml.hbs: what it renders is no YAML: did not find expected ',' or ']' at line 5 column 1, \
         while parsing a flow sequence at line 4 column 7"
    );
}

#[test]
fn a_template_that_cannot_be_used_is_told_with_its_place() {
    let refused = |file: &str, text: &str| overridden(file, text).expect_err("it is refused");
    assert_eq!(
        refused("pvc.yaml.hbs", ""),
        "templates: `pvc.yaml.hbs` takes no place; the names are `namespace.yaml.hbs`, `limits.yaml.hbs`, \
         `service-account.yaml.hbs`, `network-policy.yaml.hbs`, `configuration.yaml.hbs`, `volume.yaml.hbs`, \
         `database.yaml.hbs`, `backup.yaml.hbs`, `deployment.yaml.hbs`, `service.yaml.hbs`, `ingress.yaml.hbs`, `route.yaml.hbs`"
    );
    assert_eq!(
        refused("volume.yaml.hbs", "kind: x\na: {{#if b}}"),
        "templates: volume.yaml.hbs:2:13: something is open or unknown from here on"
    );
    assert_eq!(
        refused("volume.yaml.hbs", "a: {{#if b}}\n{{/each}}"),
        "templates: volume.yaml.hbs:2:1: helper \"if\" was opened, but \"each\" is closing"
    );
    assert_eq!(
        refused("volume.yaml.hbs", "a:\n  b: {{{spec.displayName}}}"),
        "templates: volume.yaml.hbs:2:6: a value is written unquoted; two braces and no `&` quote it"
    );
}

#[test]
fn an_override_takes_the_place_of_one_file_and_changes_the_digest() {
    let text = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: vault}";
    let changed = overridden("volume.yaml.hbs", text).expect("it compiles");
    assert_ne!(changed.digest(), TEMPLATES.digest());
    let manifests = rendered("volume.yaml.hbs", text).expect("it renders");
    let volume = manifests.iter().find(|m| m.id.kind == "PersistentVolumeClaim").expect("there is one");
    assert_eq!(
        yaml(std::slice::from_ref(volume)),
        "apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  annotations:
    keyforge.dev/source: unions/northside/union.yaml
  labels:
    app.kubernetes.io/managed-by: keyforge
    app.kubernetes.io/name: vaultwarden
    keyforge.dev/installation: test
    keyforge.dev/union: northside
  name: vault
  namespace: union-northside
"
    );
}

#[test]
fn a_removed_union_is_stopped_and_led_to_no_more_or_nothing_of_it_is_wanted() {
    let union = union(NORTHSIDE);
    let retained = desired(&union, Life::Retained);
    assert_eq!(
        ids(&retained.manifests),
        [
            "Namespace union-northside",
            "RoleBinding union-northside/keyforge-applier",
            "RoleBinding union-northside/keyforge-impersonator",
            "ServiceAccount union-northside/keyforge-applier",
            "LimitRange union-northside/union",
            "NetworkPolicy union-northside/default-deny",
            "NetworkPolicy union-northside/vaultwarden",
            "ResourceQuota union-northside/union",
            "ServiceAccount union-northside/vaultwarden",
            "ConfigMap union-northside/vaultwarden",
            "PersistentVolumeClaim union-northside/vaultwarden-data",
            "Secret union-northside/vaultwarden",
            "Deployment union-northside/vaultwarden",
        ]
    );
    let running = desired(&union, Life::Running);
    for manifest in &retained.manifests {
        let stopped = manifest.id.kind == "Deployment" && manifest.body["spec"]["replicas"] == 0;
        assert!(stopped || running.manifests.contains(manifest), "{} is kept as it was", manifest.id);
    }
    let gone = desired(&union, Life::Gone);
    assert_eq!((gone.manifests, gone.controller), (vec![], None));
}

#[test]
fn the_pod_restarts_when_its_configuration_changes_and_only_then() {
    let configuration = |text: &str, drawn: Option<u32>| {
        let mut context = context(Life::Running);
        context.drawn_admin_token = drawn;
        let state = build(&union(text), &TEMPLATES, &context).expect("it renders");
        let pod = state.manifests.iter().find(|m| m.id.kind == "Deployment").expect("there is one");
        pod.body["spec"]["template"].clone()
    };
    let before = configuration(NORTHSIDE, None);
    assert_eq!(configuration(&NORTHSIDE.replace("Northside Sports Union", "Another name"), None), before);
    assert_eq!(configuration(NORTHSIDE, Some(1)), before);
    assert_ne!(configuration(&NORTHSIDE.replace("allowed: true", "allowed: false"), None), before);
    assert_ne!(configuration(&format!("{NORTHSIDE}  rotation: {{adminToken: 2}}\n"), None), before);
}

#[test]
fn a_rotation_number_is_never_lowered() {
    let number = |document: u32, drawn: Option<u32>| {
        let mut context = context(Life::Running);
        context.drawn_admin_token = drawn;
        let text = format!("{NORTHSIDE}  rotation: {{adminToken: {document}}}\n");
        let state = build(&union(&text), &TEMPLATES, &context).expect("it renders");
        let secret = state.manifests.iter().find(|m| m.id.kind == "Secret").expect("there is one");
        let written = secret.body["metadata"]["annotations"]["keyforge.dev/rotation"].clone();
        (state.controller.expect("it runs").admin_token, written)
    };
    assert_eq!(number(2, None), (2, "2".into()));
    assert_eq!(number(2, Some(1)), (2, "2".into()));
    assert_eq!(number(2, Some(5)), (5, "5".into()));
}

#[test]
fn a_pinned_image_is_rendered_whatever_the_document_says() {
    let context =
        Context { pins: Pins { image: "vaultwarden/server:1.36.0".parse().ok() }, ..context(Life::Running) };
    let state = build(&union(NORTHSIDE), &TEMPLATES, &context).expect("it renders");
    let workload =
        state.manifests.iter().find(|manifest| manifest.id.kind == "Deployment").expect("a Deployment");
    assert_eq!(
        workload.body["spec"]["template"]["spec"]["containers"][0]["image"],
        "vaultwarden/server:1.36.0"
    );
}

#[test]
fn slots_are_in_secrets_and_nowhere_else() {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for folder in cases() {
        for manifest in desired(&case(&folder), Life::Running).manifests {
            for (pointer, slot) in &manifest.slots {
                assert_eq!(manifest.id.kind, "Secret");
                assert_eq!(manifest.body.pointer(pointer), Some(&"".into()));
                found.entry(slot.to_string()).or_default().insert(manifest.id.name.clone());
            }
        }
    }
    let found: Vec<(String, String)> = found
        .into_iter()
        .map(|(slot, places)| (slot, places.into_iter().collect::<Vec<_>>().join(" ")))
        .collect();
    let text: Vec<(&str, &str)> = found.iter().map(|(slot, place)| (slot.as_str(), place.as_str())).collect();
    assert_eq!(
        text,
        [
            ("account-address", "vaultwarden"),
            ("admin-token-hash", "vaultwarden"),
            ("backup-password", "backup"),
            ("database-password", "postgres"),
            ("secret/acme-push/installationId", "vaultwarden-push"),
            ("secret/acme-push/installationKey", "vaultwarden-push"),
            ("secret/acme-smtp/password", "vaultwarden-smtp"),
            ("secret/acme-smtp/username", "vaultwarden-smtp"),
            ("secret/acme-sso/clientSecret", "vaultwarden-sso"),
            ("secret/hostile-s3/accessKeyId", "backup-s3"),
            ("secret/hostile-s3/secretAccessKey", "backup-s3"),
            ("secret/hostile-tls/tls.crt", "vaultwarden-certificate"),
            ("secret/hostile-tls/tls.key", "vaultwarden-certificate"),
            ("secret/lakeside-database/url", "vaultwarden-database"),
            ("secret/lakeside-push/installationId", "vaultwarden-push"),
            ("secret/lakeside-push/installationKey", "vaultwarden-push"),
            ("secret/lakeside-s3/accessKeyId", "backup-s3"),
            ("secret/lakeside-s3/secretAccessKey", "backup-s3"),
            ("secret/lakeside-sso/clientSecret", "vaultwarden-sso"),
            ("secret/path-s3/accessKeyId", "backup-s3"),
            ("secret/path-s3/secretAccessKey", "backup-s3"),
            ("secret/path-tls/tls.crt", "vaultwarden-certificate"),
            ("secret/path-tls/tls.key", "vaultwarden-certificate"),
            ("secret/riverside-tls/tls.crt", "vaultwarden-certificate"),
            ("secret/riverside-tls/tls.key", "vaultwarden-certificate"),
        ]
    );
}

#[test]
fn whatever_a_document_says_its_pods_are_restricted_and_in_its_namespace() {
    for folder in cases() {
        let union = case(&folder);
        for manifest in desired(&union, Life::Running).manifests {
            let namespace = manifest.body["metadata"].get("namespace");
            match manifest.id.kind.as_str() {
                "Namespace" => assert_eq!(manifest.id.name, union.name.namespace()),
                _ => assert_eq!(namespace, Some(&union.name.namespace().into()), "{}", manifest.id),
            }
            let of = |pointer| manifest.body.pointer(pointer);
            let Some(pod) = of("/spec/template/spec").or_else(|| of("/spec/jobTemplate/spec/template/spec"))
            else {
                continue;
            };
            let told = |pointer: &str| pod.pointer(pointer).cloned().unwrap_or_default();
            assert_eq!(told("/automountServiceAccountToken"), false);
            assert_eq!(told("/securityContext/runAsNonRoot"), true);
            assert_eq!(told("/securityContext/seccompProfile/type"), "RuntimeDefault");
            assert_eq!(pod["containers"].as_array().map(Vec::len), Some(1));
            let parts = ["initContainers", "containers"].into_iter().filter_map(|part| pod[part].as_array());
            for container in parts.flatten() {
                let guard = &container["securityContext"];
                assert_eq!(guard["readOnlyRootFilesystem"], true);
                assert_eq!(guard["allowPrivilegeEscalation"], false);
                assert_eq!(guard["capabilities"]["drop"][0], "ALL");
            }
            let fields = pod.as_object().expect("a pod").keys().map(String::as_str);
            let unheard: Vec<&str> = fields.filter(|field| field.starts_with("host")).collect();
            assert!(unheard.is_empty(), "{unheard:?}");
        }
    }
}

#[test]
fn copies_of_a_union_lie_below_its_own_name_whatever_the_document_says() {
    let repository = |case: &str| {
        let state = desired(&named(case), Life::Running);
        let job = state.manifests.into_iter().find(|m| m.id.kind == "CronJob").expect("there is one");
        let first = "/spec/jobTemplate/spec/template/spec/containers/0/env/0";
        job.body.pointer(first).expect("it has a variable")["value"].as_str().map(str::to_owned)
    };
    assert_eq!(repository("acme").as_deref(), Some("/backups/acme"));
    assert_eq!(repository("lakeside").as_deref(), Some("s3:http://10.20.0.9:9000/vaults/lakeside"));
    assert_eq!(repository("path").as_deref(), Some("s3:https://s3.path.example/vaults/europe/north/path"));
}

#[test]
fn a_removed_union_keeps_its_copies_and_what_opens_them() {
    let kept = |case: &str| {
        let mut manifests = desired(&named(case), Life::Retained).manifests;
        manifests.retain(|m| ["PersistentVolumeClaim", "Secret"].contains(&m.id.kind.as_str()));
        ids(&manifests).join(", ")
    };
    assert_eq!(
        kept("riverside"),
        "PersistentVolumeClaim union-riverside/backups, \
         PersistentVolumeClaim union-riverside/postgres-data, \
         PersistentVolumeClaim union-riverside/vaultwarden-data, Secret union-riverside/backup, \
         Secret union-riverside/postgres, Secret union-riverside/vaultwarden"
    );
    assert_eq!(
        kept("path"),
        "PersistentVolumeClaim union-path/vaultwarden-data, \
         Secret union-path/backup, Secret union-path/vaultwarden"
    );
}

/// What the pods of a case are told to restart by.
fn configurations(case: &str, given: &[((&str, &str), &str)]) -> BTreeMap<String, String> {
    let fingerprints = given.iter().map(|((secret, key), fingerprint)| {
        (((*secret).to_owned(), (*key).to_owned()), (*fingerprint).to_owned())
    });
    let given = Given { fingerprints: fingerprints.collect(), ..Given::default() };
    let context = Context { given, ..context(Life::Running) };
    let state = build(&named(case), &TEMPLATES, &context).expect("it renders");
    let annotation = "/spec/template/metadata/annotations/keyforge.dev~1configuration";
    let told = |manifest: &Manifest| {
        let digest = manifest.body.pointer(annotation)?.as_str()?;
        Some((manifest.id.to_string(), digest.to_owned()))
    };
    state.manifests.iter().filter_map(told).collect()
}

#[test]
fn another_value_of_a_secret_restarts_the_pods_that_read_it_and_no_other() {
    let smtp = |password| [(("acme-smtp", "username"), "1"), (("acme-smtp", "password"), password)];
    assert_ne!(configurations("acme", &smtp("2")), configurations("acme", &smtp("3")));

    // TLS ends in the server: it reads the certificate, its database does not.
    let certificate = |key| [(("riverside-tls", "tls.crt"), "1"), (("riverside-tls", "tls.key"), key)];
    let (before, after) =
        (configurations("riverside", &certificate("2")), configurations("riverside", &certificate("3")));
    let (server, database) =
        ("Deployment union-riverside/vaultwarden", "StatefulSet union-riverside/postgres");
    assert_ne!(before[server], after[server]);
    assert_eq!(before[database], after[database]);

    // TLS ends in the ingress controller: a renewed certificate is its own matter.
    let certificate = |key| [(("path-tls", "tls.crt"), "1"), (("path-tls", "tls.key"), key)];
    assert_eq!(configurations("path", &certificate("2")), configurations("path", &certificate("3")));
}

#[test]
fn a_template_takes_only_secrets_that_the_document_names() {
    let refused = |text: &str| rendered("volume.yaml.hbs", text).expect_err("it is refused");
    assert_eq!(
        refused(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n\
             data: {a: {{slot \"secret\" \"acme-smtp\" \"password\"}} }"
        ),
        "templates: volume.yaml.hbs: secret/acme-smtp/password is a value of a Secret that the document does not name"
    );
}

/// `keyforge render` on a config repo with the union `acme` only.
fn render(arguments: &[&str]) -> Output {
    let repo = tempfile::tempdir().expect("a folder");
    let union = repo.path().join("unions/acme");
    std::fs::create_dir_all(&union).expect("a folder");
    std::fs::write(union.join("union.yaml"), include_str!("cases/desired/acme/union.yaml")).expect("a file");
    let keyforge = "\
apiVersion: keyforge.dev/v1
kind: Keyforge
metadata: {name: federation}
spec:
  limits:
    domains: {acme: [acme.example]}
    tolerations:
      - {key: dedicated, value: vaults, effect: NoSchedule}
      - {key: slow, operator: Exists, effect: NoExecute, tolerationSeconds: 60}
    priorityClasses: [vaults]
";
    std::fs::write(repo.path().join("keyforge.yaml"), keyforge).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyforge"));
    command.env_clear().current_dir(&repo).arg("render").args(arguments).output().expect("it starts")
}

#[test]
fn the_command_line_renders_what_the_daemon_would_apply() {
    let rendered = render(&["--union", "acme", "--installation", "test"]);
    let golden = desired(&named("acme"), Life::Running);
    assert_eq!(String::from_utf8_lossy(&rendered.stderr), "");
    assert_eq!(String::from_utf8_lossy(&rendered.stdout), yaml(&golden.manifests));
    let list = render(&["--union", "acme", "--installation", "test", "--output", "json"]);
    let list: Vec<serde_json::Value> = serde_json::from_slice(&list.stdout).expect("a list");
    assert_eq!(list.len(), golden.manifests.len());
}

#[test]
fn a_union_that_is_not_there_is_told_with_those_that_are() {
    let rendered = render(&["--union", "chess"]);
    assert_eq!(rendered.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&rendered.stderr),
        "keyforge: .: there is no union `chess`; there is `acme`\n"
    );
}
