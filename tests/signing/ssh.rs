//! Signatures of OpenSSH: what counts, and the words for what does not.

use keyforge::signing::{Signer, Signers, Unverified};
use sha2::{Digest as _, Sha256};
use ssh_key::private::Ed25519Keypair;
use ssh_key::public::{KeyData, SkEd25519};
use ssh_key::{Algorithm, HashAlg, LineEnding, PublicKey, Signature, SshSig};

use crate::bench::{Bench, NOW, time};

/// Who signed the commit, or why nobody did; `KEY` stands for each fingerprint.
async fn told(bench: &Bench, list: &str, commit: git2::Oid) -> String {
    let (signers, mistakes) = Signers::read(list, &[]);
    assert_eq!(mistakes, []);
    let commit = bench.commit(commit).await;
    without_keys(&signers.signer_of(&commit, None, time(NOW)))
}

pub(crate) fn without_keys(result: &Result<Signer, Unverified>) -> String {
    let text = match result {
        Ok(signer) => signer.to_string(),
        Err(why) => why.to_string(),
    };
    text.split(' ')
        .map(|word| {
            let bare = word.trim_end_matches(',');
            let is_key = bare.starts_with("SHA256:")
                || (bare.len() >= 16 && bare.chars().all(|c| c.is_ascii_hexdigit()));
            if is_key { word.replace(bare, "KEY") } else { word.to_owned() }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::test]
async fn each_kind_of_key_counts_that_cannot_be_broken() {
    let bench = Bench::new();
    for kind in [
        &["ed25519"][..],
        &["rsa", "-b", "2048"],
        &["ecdsa", "-b", "256"],
        &["ecdsa", "-b", "384"],
        &["ecdsa", "-b", "521"],
    ] {
        let key = bench.ssh_key(&kind.concat(), kind);
        let commit = bench.after(&[]).union("acme", "a").signed(key.sign());
        assert_eq!(told(&bench, &key.line("ana@acme.example"), commit).await, "ana@acme.example", "{kind:?}");
    }
    let short = bench.ssh_key("short", &["rsa", "-b", "1024"]);
    let (_, mistakes) = Signers::read(&short.line("ana@acme.example"), &[]);
    assert_eq!(mistakes[0].to_string(), "line 1: the RSA key has 1024 bits; at least 2048 are asked for");
}

#[tokio::test]
async fn a_signature_counts_for_its_commit_its_purpose_and_its_time_only() {
    let bench = Bench::new();
    let [ana, bo] = ["ana", "bo"].map(|name| bench.ssh_key(name, &["ed25519"]));
    let draft = || bench.after(&[]).union("acme", "a").at("2026-02-01T00:00:00Z");
    let signed = draft().signed(ana.sign());
    let list = |options: &str| ana.line(&format!("ana@acme.example {options}"));
    for (list, commit, expected) in [
        (list(""), signed, "ana@acme.example"),
        (list("namespaces=\"git\""), signed, "ana@acme.example"),
        (list("valid-after=\"20260201\""), signed, "ana@acme.example"),
        (list("valid-before=\"20260201\""), signed, "ana@acme.example"),
        (list(""), draft().unsigned(), "is not signed"),
        (list(""), draft().signed(ana.sign_for("file")), "has a signature for `file`, not for `git`"),
        (list(""), draft().signed(bo.sign()), "is signed by KEY, which is not among the allowed signers"),
        (
            list(""),
            draft().union("acme", "b").carry(&ana.sign()(&draft().payload())),
            "has a signature of KEY that does not fit its content",
        ),
        (list("namespaces=\"file\""), signed, "is signed by KEY, which is not meant for signing commits"),
        (
            list("valid-after=\"20260201000001\""),
            signed,
            "is signed by KEY, which was valid only from 2026-02-01 00:00 UTC",
        ),
        (
            list("valid-before=\"20260131235959\""),
            signed,
            "is signed by KEY, which was valid only until 2026-01-31 23:59 UTC",
        ),
        (
            list("valid-before=\"20260401\""),
            draft().at("2099-01-01T00:00:00Z").signed(ana.sign()),
            "ana@acme.example",
        ),
        (
            list("valid-after=\"20260401\""),
            draft().at("2099-01-01T00:00:00Z").signed(ana.sign()),
            "is signed by KEY, which was valid only from 2026-04-01 00:00 UTC",
        ),
        (
            format!("{}{}", list("valid-before=\"20250101\""), ana.line("a.officer@acme.example")),
            signed,
            "a.officer@acme.example",
        ),
        (
            list(""),
            draft().carry("-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----"),
            "has a signature that cannot be read, or is made with SHA-1",
        ),
        (
            list(""),
            draft().carry("-----BEGIN SIGNED MESSAGE-----\nMIIB\n-----END SIGNED MESSAGE-----"),
            "has a signature that is neither of OpenSSH nor of OpenPGP",
        ),
    ] {
        assert_eq!(told(&bench, &list, commit).await, expected, "{list}");
    }
}

#[tokio::test]
async fn a_text_in_the_message_is_no_signature() {
    let bench = Bench::new();
    let ana = bench.ssh_key("ana", &["ed25519"]);
    let payload = bench.after(&[]).union("acme", "a").payload();
    let armor = ana.sign()(&payload).trim_end().replace('\n', "\n ");
    let quoted = bench.after(&[]).union("acme", "a").message(&format!("Change it\n\ngpgsig {armor}\n"));
    assert_eq!(told(&bench, &ana.line("ana@acme.example"), quoted.unsigned()).await, "is not signed");
}

/// No such device is here, so its part is played: it signs what OpenSSH's PROTOCOL.u2f says.
#[tokio::test]
async fn a_security_key_counts_when_it_was_touched() {
    let bench = Bench::new();
    let device = Ed25519Keypair::from_seed(&[7; 32]);
    let public = KeyData::SkEd25519(SkEd25519::new(device.public, "ssh:"));
    let list = format!("ana@acme.example {}\n", PublicKey::from(public.clone()).to_openssh().expect("a key"));
    let sign = |flags: u8| {
        let (device, public) = (device.clone(), public.clone());
        move |payload: &[u8]| {
            let mut message = Sha256::digest("ssh:").to_vec();
            message.extend([flags, 0, 0, 0, 1]);
            let data = SshSig::signed_data("git", HashAlg::Sha512, payload).expect("data");
            message.extend(Sha256::digest(data));
            let mut bytes = sign_raw(&device, &message);
            bytes.extend([flags, 0, 0, 0, 1]);
            let signature = Signature::new(Algorithm::SkEd25519, bytes).expect("a signature");
            let armored =
                SshSig::new(public.clone(), "git", HashAlg::Sha512, signature).expect("a signature");
            armored.to_pem(LineEnding::LF).expect("armor")
        }
    };
    let touched = bench.after(&[]).union("acme", "a").signed(sign(1));
    assert_eq!(told(&bench, &list, touched).await, "ana@acme.example");
    let untouched = bench.after(&[]).union("acme", "a").signed(sign(0));
    assert_eq!(told(&bench, &list, untouched).await, "is signed by the security key KEY without its touch");
}

/// The bare 64 bytes of a signature, as a device returns them.
fn sign_raw(key: &Ed25519Keypair, message: &[u8]) -> Vec<u8> {
    use aws_lc_rs::signature::Ed25519KeyPair;
    let pair = Ed25519KeyPair::from_seed_unchecked(&key.private.to_bytes()).expect("a key");
    pair.sign(message).as_ref().to_vec()
}
