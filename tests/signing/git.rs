//! The same keys and commits before Git's own judges: `git verify-commit` and we have to agree, and where we are stricter,
//! that is written down here.

use keyforge::signing::Signers;

use crate::bench::{Bench, NOW, output, program, time};
use crate::openpgp::Gpg;

/// Whether Git finds the signature good, by this list of allowed signers and the keys in gpg's home.
fn git_agrees(bench: &Bench, list: &str, commit: git2::Oid) -> bool {
    let path = bench.home().join("allowed_signers");
    std::fs::write(&path, list).expect("a written list");
    let mut git = program("git", &bench.home());
    git.arg("-C").arg(bench.repo.path());
    git.arg("-c").arg(format!("gpg.ssh.allowedSignersFile={}", path.display()));
    let output = git.args(["verify-commit", &commit.to_string()]).output().expect("git runs");
    output.status.success()
}

#[tokio::test]
async fn git_finds_good_what_we_find_good() {
    let bench = Bench::new();
    let gpg = Gpg::new(&bench);
    let [ana, bo] = ["ana", "bo"].map(|name| bench.ssh_key(name, &["ed25519"]));
    let rsa = bench.ssh_key("rsa", &["rsa", "-b", "3072"]);
    let (key, subkey) =
        (gpg.key("ana@acme.example", "rsa3072", "sign"), gpg.key("bo@b.example", "ed25519", "cert"));
    gpg.run("20250101T000000", &["--quick-add-key", &subkey, "ed25519", "sign", "never"], b"");
    let [expired, revoked] =
        ["expired@acme.example", "revoked@acme.example"].map(|address| gpg.key(address, "ed25519", "sign"));
    let draft = || bench.after(&[]).union("acme", "a");
    let [by_expired, by_revoked] = [&expired, &revoked].map(|key| draft().signed(gpg.sign(key)));
    gpg.run("20250101T000100", &["--quick-set-expire", &expired, "1y"], b"");
    gpg.revoke(&revoked);
    let by_sha1 = draft().signed(gpg.sign_with("20260201T000000", &key, &["--digest-algo", "SHA1"]));

    let ssh = draft().signed(ana.sign());
    let list = |options: &str| ana.line(&format!("ana@acme.example {options}"));
    let cases = [
        (list(""), ssh),
        (list(""), draft().unsigned()),
        (list(""), draft().signed(bo.sign())),
        (list(""), draft().signed(ana.sign_for("file"))),
        (list(""), draft().union("acme", "b").carry(&ana.sign()(&draft().payload()))),
        (rsa.line("ana@acme.example"), draft().signed(rsa.sign())),
        (list("namespaces=\"git\""), ssh),
        (list("namespaces=\"g*,!git\""), ssh),
        (list("namespaces=\"file\""), ssh),
        (list("valid-after=\"20260201\""), ssh),
        (list("valid-after=\"20260201000001\""), ssh),
        (list("valid-before=\"20260201Z\""), ssh),
        (list("valid-before=\"202601312359\""), ssh),
        (list("valid-after=\"20250101\",valid-before=\"20270101\""), ssh),
        (format!("# ours\n\n{}{}", bo.line("bo@b.example"), ana.line("\"ana@acme.example\"")), ssh),
        (format!("{}{}", list("valid-before=\"20250101\""), ana.line("a@acme.example")), ssh),
        (list(""), draft().signed(gpg.sign(&key))),
        (list(""), draft().signed(gpg.sign(&subkey))),
        (list(""), draft().union("acme", "b").carry(&gpg.sign(&key)(&draft().payload()))),
        (list(""), by_expired),
        (list(""), by_revoked),
        (list(""), draft().signed(gpg.sign_with("20260201T000000", &key, &["-u", &subkey]))),
    ];
    let armored: Vec<String> = [&key, &subkey, &expired, &revoked].map(|key| gpg.public(key)).into();
    let ours = async |list: &str, commit| {
        let (signers, mistakes) = Signers::read(list, &armored);
        assert_eq!(mistakes, []);
        signers.signer_of(&bench.commit(commit).await, None, time(NOW))
    };
    let mut good = 0;
    for (number, (list, commit)) in cases.iter().enumerate() {
        let ours = ours(list, *commit).await;
        assert_eq!(ours.is_ok(), git_agrees(&bench, list, *commit), "case {number}: {list}{ours:?}");
        good += usize::from(ours.is_ok());
    }
    assert_eq!(good, 10);

    // Stricter than Git, on purpose.
    assert!(git_agrees(&bench, "", by_sha1) && ours("", by_sha1).await.is_err());
}

#[tokio::test]
async fn what_people_sign_with_git_counts() {
    let bench = Bench::new();
    let gpg = Gpg::new(&bench);
    let ana = bench.ssh_key("ana", &["ed25519"]);
    let key = gpg.key("bo@b.example", "ed25519", "sign");
    let tree = bench.repo.git().treebuilder(None).and_then(|tree| tree.write()).expect("an empty tree");
    let signers = Signers::read(&ana.line("ana@acme.example"), &[gpg.public(&key)]).0;
    for (config, signing_key, expected) in [
        ("gpg.format=ssh", ana.path.to_str().expect("a path").to_owned(), "ana@acme.example"),
        ("gpg.format=openpgp", key.clone(), "bo@b.example"),
    ] {
        let mut git = program("git", &bench.home());
        git.arg("-C").arg(bench.repo.path()).args([
            "-c",
            config,
            "-c",
            "user.name=Ana",
            "-c",
            "user.email=a@b.example",
        ]);
        git.args([
            "commit-tree",
            &format!("-S{signing_key}"),
            "-m",
            "Approve\n\nKeyforge-Approve: x",
            &tree.to_string(),
        ]);
        let commit = git2::Oid::from_str(output(&mut git, b"").trim()).expect("a name");
        let commit = bench.commit(commit).await;
        // Both were made just now.
        let signer = signers.signer_of(&commit, None, commit.committed_at).expect("a signer");
        assert_eq!(signer.to_string(), expected);
    }
}
