//! Signatures of OpenPGP, made by gpg: what counts, and the words for what does not.

use std::path::PathBuf;

use keyforge::signing::{Signers, SignersError};
use pgp::composed::{ArmorOptions, Deserializable as _, SignedPublicKey};
use pgp::packet::SubpacketData;

use crate::bench::{Bench, NOW, output, program, time};
use crate::ssh::without_keys;

/// A home of gpg with keys in it. Its agent ends with it.
pub(crate) struct Gpg {
    home: PathBuf,
}

impl Gpg {
    pub(crate) fn new(bench: &Bench) -> Self {
        use std::os::unix::fs::DirBuilderExt as _;
        let home = bench.home();
        std::fs::DirBuilder::new().mode(0o700).create(home.join("gnupg")).expect("a folder");
        Self { home }
    }

    /// Runs gpg as if it were `at`, such as `20260201T000000`.
    pub(crate) fn run(&self, at: &str, arguments: &[&str], input: &[u8]) -> String {
        let mut gpg = program("gpg", &self.home);
        gpg.args(["--batch", "--quiet", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""]);
        output(gpg.args(["--faked-system-time", at]).args(arguments), input)
    }

    /// Makes a key for an address; `usage` is for example `sign` or `cert`.
    pub(crate) fn key(&self, address: &str, kind: &str, usage: &str) -> String {
        let name = format!("Somebody <{address}>");
        self.run("20250101T000000", &["--quick-generate-key", &name, kind, usage, "never"], b"");
        let listed =
            self.run("20250101T000000", &["--with-colons", "--list-keys", &format!("<{address}>")], b"");
        let line = listed.lines().find(|line| line.starts_with("fpr:")).expect("a fingerprint");
        line.split(':').nth(9).expect("a fingerprint").to_owned()
    }

    pub(crate) fn public(&self, key: &str) -> String {
        self.run("20260301T000000", &["--armor", "--export", key], b"")
    }

    pub(crate) fn sign<'g>(&'g self, key: &'g str) -> impl Fn(&[u8]) -> String + 'g {
        self.sign_with("20260201T000000", key, &[])
    }

    pub(crate) fn sign_with<'g>(
        &'g self,
        at: &'g str,
        key: &'g str,
        options: &'g [&'g str],
    ) -> impl Fn(&[u8]) -> String + 'g {
        move |payload| self.run(at, &[options, &["-bsa", "-u", key]].concat(), payload)
    }

    /// Edits a key as a person does at the prompt.
    fn edit(&self, at: &str, key: &str, commands: &str) {
        self.run(
            at,
            &["--command-fd", "0", "--no-batch", "--no-tty", "--edit-key", key],
            commands.as_bytes(),
        );
    }

    /// Revokes a key with the certificate that gpg made for that day.
    pub(crate) fn revoke(&self, key: &str) {
        let path = self.home.join(format!("gnupg/openpgp-revocs.d/{key}.rev"));
        let text = std::fs::read_to_string(path).expect("a certificate").replace(":-----BEGIN", "-----BEGIN");
        self.run("20260215T000000", &["--import"], text.as_bytes());
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let mut gpgconf = program("gpgconf", &self.home);
        let _ = gpgconf.args(["--kill", "all"]).status();
    }
}

/// Who signed the commit by these keys, or why nobody did.
async fn told(bench: &Bench, keys: &[String], commit: git2::Oid) -> String {
    let (signers, mistakes) = Signers::read("", keys);
    assert_eq!(mistakes, []);
    let commit = bench.commit(commit).await;
    without_keys(&signers.signer_of(&commit, None, time(NOW)))
}

#[tokio::test]
async fn each_kind_of_key_counts_that_cannot_be_broken() {
    let bench = Bench::new();
    let gpg = Gpg::new(&bench);
    for (kind, expected) in [
        ("ed25519", "ed25519@acme.example"),
        ("nistp256", "nistp256@acme.example"),
        ("rsa2048", "rsa2048@acme.example"),
        ("rsa1024", "is signed by KEY, an old or short kind of key that can be broken"),
    ] {
        let key = gpg.key(&format!("{kind}@acme.example"), kind, "sign");
        let commit = bench.after(&[]).union("acme", "a").signed(gpg.sign(&key));
        assert_eq!(told(&bench, &[gpg.public(&key)], commit).await, expected);
    }
}

#[tokio::test]
async fn a_signature_counts_for_its_commit_and_its_time_over_a_safe_hash() {
    let bench = Bench::new();
    let gpg = Gpg::new(&bench);
    let (ana, bo) =
        (gpg.key("ana@acme.example", "ed25519", "sign"), gpg.key("bo@acme.example", "ed25519", "sign"));
    let draft = || bench.after(&[]).union("acme", "a");
    for (commit, expected) in [
        (draft().signed(gpg.sign(&ana)), "ana@acme.example"),
        (draft().signed(gpg.sign(&bo)), "is signed by KEY, which is not among the allowed signers"),
        (
            draft().union("acme", "b").carry(&gpg.sign(&ana)(&draft().payload())),
            "has a signature of KEY that does not fit its content",
        ),
        (
            draft().signed(gpg.sign_with("20260201T000000", &ana, &["--digest-algo", "SHA1"])),
            "is signed over the hash SHA1, which can be forged",
        ),
        (
            draft().signed(gpg.sign_with("20260201T000000", &ana, &["--digest-algo", "RIPEMD160"])),
            "is signed over the hash RIPEMD160, which can be forged",
        ),
        (
            draft().signed(gpg.sign_with("20260301T123000", &ana, &[])),
            "has a signature that is dated in the future, 2026-03-01 12:30 UTC",
        ),
        (draft().signed(gpg.sign_with("20260301T120500", &ana, &[])), "ana@acme.example"),
        (
            draft().signed(gpg.sign_with("20260201T000000", &ana, &["--default-sig-expire", "7d"])),
            "has a signature that was valid only until 2026-02-08 00:00 UTC",
        ),
        (
            draft().signed(gpg.sign_with("20260201T000000", &ana, &["--textmode"])),
            "has a signature that cannot be read, or is made with SHA-1",
        ),
        (
            draft().signed(gpg.sign_with("20260201T000000", &ana, &["-u", &bo])),
            "has a signature that cannot be read, or is made with SHA-1",
        ),
        (draft().unsigned(), "is not signed"),
    ] {
        assert_eq!(told(&bench, &[gpg.public(&ana)], commit).await, expected);
    }
}

#[tokio::test]
async fn a_key_counts_while_it_is_valid_and_for_what_it_is_meant() {
    let bench = Bench::new();
    let gpg = Gpg::new(&bench);
    let draft = || bench.after(&[]).union("acme", "a");

    let expired = gpg.key("expired@acme.example", "ed25519", "sign");
    let (before, after) = (
        draft().signed(gpg.sign_with("20250301T000000", &expired, &[])),
        draft().signed(gpg.sign_with("20260201T000000", &expired, &[])),
    );
    gpg.run("20250101T000100", &["--quick-set-expire", &expired, "1y"], b"");
    let keys = [gpg.public(&expired)];
    assert_eq!(told(&bench, &keys, before).await, "expired@acme.example");
    assert_eq!(
        told(&bench, &keys, after).await,
        "is signed by KEY, which was valid only until 2026-01-01 00:01 UTC"
    );

    let revoked = gpg.key("revoked@acme.example", "ed25519", "sign");
    let commit = draft().signed(gpg.sign(&revoked));
    gpg.revoke(&revoked);
    assert_eq!(told(&bench, &[gpg.public(&revoked)], commit).await, "is signed by KEY, which was revoked");

    let other = gpg.key("other@acme.example", "ed25519", "sign,auth");
    let commit = draft().signed(gpg.sign(&other));
    gpg.edit("20250102T000000", &other, "change-usage\nS\nQ\nsave\n");
    let expected = "is signed by KEY, which is not meant for signing commits";
    assert_eq!(told(&bench, &[gpg.public(&other)], commit).await, expected);

    let weak = gpg.key("weak@acme.example", "ed25519", "sign");
    let commit = draft().signed(gpg.sign(&weak));
    gpg.run("20250102T000000", &["--cert-digest-algo", "SHA1", "--quick-set-expire", &weak, "never"], b"");
    let only_newest = gpg.run(
        "20260301T000000",
        &["--armor", "--export-options", "export-minimal", "--export", &weak],
        b"",
    );
    let expected = "is signed by KEY, whose own certification is missing or not sound";
    assert_eq!(told(&bench, &[only_newest], commit).await, expected);
}

#[tokio::test]
async fn a_subkey_signs_for_the_key_that_it_is_bound_to_in_both_directions() {
    let bench = Bench::new();
    let gpg = Gpg::new(&bench);
    let key = gpg.key("ana@acme.example", "ed25519", "cert");
    gpg.run("20250101T000000", &["--quick-add-key", &key, "ed25519", "sign", "never"], b"");
    let commit = bench.after(&[]).union("acme", "a").signed(gpg.sign(&key));
    let sound = gpg.public(&key);
    assert_eq!(told(&bench, std::slice::from_ref(&sound), commit).await, "ana@acme.example");

    let (mut stolen, _) = SignedPublicKey::from_string(&sound).expect("a key");
    let binding = &mut stolen.public_subkeys[0].signatures[0];
    let is_back = |data: &SubpacketData| matches!(data, SubpacketData::EmbeddedSignature(_));
    let at = binding
        .config()
        .and_then(|config| config.unhashed_subpackets().position(|packet| is_back(&packet.data)));
    binding.unhashed_subpacket_remove(at.expect("a signature of the subkey")).expect("one packet less");
    let stolen = stolen.to_armored_string(ArmorOptions::default()).expect("armor");
    let expected = "is signed by KEY, whose own certification is missing or not sound";
    assert_eq!(told(&bench, &[stolen], commit).await, expected);

    gpg.edit("20260215T000000", &key, "key 1\nrevkey\ny\n0\n\ny\nsave\n");
    assert_eq!(told(&bench, &[gpg.public(&key)], commit).await, "is signed by KEY, which was revoked");
}

#[tokio::test]
async fn the_addresses_of_a_key_are_those_that_it_certifies_and_no_patterns() {
    let bench = Bench::new();
    let gpg = Gpg::new(&bench);
    let key = gpg.key("ana@acme.example", "ed25519", "sign");
    gpg.run("20250102T000000", &["--quick-add-uid", &key, "Everybody <*@acme.example>"], b"");
    gpg.run("20250102T000000", &["--quick-add-uid", &key, "Former <ana@old.example>"], b"");
    gpg.run("20250103T000000", &["--quick-revoke-uid", &key, "Former <ana@old.example>"], b"");
    let commit = bench.after(&[]).union("acme", "a").signed(gpg.sign(&key));
    let (signers, mistakes) = Signers::read("", &[gpg.public(&key)]);
    assert_eq!(mistakes, []);
    let signer = signers.signer_of(&bench.commit(commit).await, None, time(NOW)).expect("a signer");
    let speaks_for = |who: &str| signer.is(who);
    assert!(speaks_for("ana@acme.example") && speaks_for("Ana@Acme.example") && speaks_for(&key));
    assert!(!speaks_for("bo@acme.example") && !speaks_for("ana@old.example") && !signer.is_forge());
}

#[test]
fn what_is_no_public_key_is_told() {
    let bench = Bench::new();
    let gpg = Gpg::new(&bench);
    let key = gpg.key("ana@acme.example", "ed25519", "sign");
    let private = gpg.run("20260201T000000", &["--armor", "--export-secret-keys", &key], b"");
    let public = gpg.public(&key);
    let told = |armor: &str| {
        let (_, mistakes) = Signers::read("", &[armor.to_owned()]);
        mistakes.iter().map(SignersError::to_string).collect::<String>()
    };
    assert_eq!(told(&public), "");
    assert_eq!(told(&private), "key 0 is a private key: it is not secret any more");
    assert_eq!(told(&public[..200]), "key 0 is an OpenPGP public key that cannot be read");
    let expected =
        "key 0 is no armored OpenPGP public key, which begins with `-----BEGIN PGP PUBLIC KEY BLOCK-----`";
    assert_eq!(told("ssh-ed25519 AAAA"), expected);
}
