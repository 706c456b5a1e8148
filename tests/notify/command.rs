//! `keyforge notify test` as an operator runs it.

use std::process::Command;

use serde_json::json;

use crate::house::House;
use crate::receiver::Receiver;

/// Output and exit code.
async fn keyforge(house: &House, arguments: &[&str]) -> (String, Option<i32>) {
    let mut keyforge = Command::new(env!("CARGO_BIN_EXE_keyforge"));
    keyforge.env_clear().env("KEYFORGE_DATABASE_URL", &house.database.url);
    keyforge.env("KEYFORGE_KUBECONFIG", &house.secrets.kubeconfig).args(["notify", "test"]).args(arguments);
    let output =
        tokio::task::spawn_blocking(move || keyforge.output()).await.expect("it ends").expect("it runs");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (said, output.status.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_says_for_each_place_whether_it_took_the_message_and_what_helps() {
    let receiver = Receiver::start().await;
    let places = json!([
        {"kind": "slack", "secretRef": {"name": "slack-hook"}, "events": ["failed"]},
        {"kind": "teams", "secretRef": {"name": "teams-hook"}, "events": ["failed"]},
    ]);
    let house = House::with(&["acme"], places, &[("slack-hook", &[("url", &receiver.url)])]).await;
    let (said, code) = keyforge(&house, &[]).await;
    assert_eq!(
        said,
        "slack by Secret `slack-hook`: sent\n\
         teams by Secret `teams-hook`: not sent: Secret `teams-hook` is not in namespace `keyforge`, or is one that Keyforge made\n  \
         hint: kubectl --namespace keyforge create secret generic teams-hook --from-file=url=/dev/stdin\n"
    );
    assert_eq!((code, receiver.got().len()), (Some(1), 1));
    assert_eq!(keyforge(&house, &["--kind", "slack"]).await.1, Some(0));
    let (said, code) = keyforge(&house, &["--kind", "email"]).await;
    assert_eq!(
        (said.as_str(), code),
        ("the accepted keyforge.yaml names no place of kind `email`\n", Some(1))
    );
}
