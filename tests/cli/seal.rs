//! `keyforge seal`: from a secret to text in a document, and looking after what is sealed. The secret is nowhere else.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::Shell;

const KEY: &str = "AGE-SECRET-KEY-1LPC773ERPLLE4496E5F8R2FF258M2GACEM32MXE656JEXS4W9ACSZGLU6D";
const RECIPIENT: &str = "age1rl53gc3hrrjlhfark2clxtxpvlqggf8pq5uq4w6rtfxp0pdk59cqjlfaxp";
const OTHER_KEY: &str = "AGE-SECRET-KEY-15L8PSDPZFQZD4WS7W9V4XN47TGGSDMKHXYTC8ULK0PXE0Y9FPV9S4H0SH9";
const OTHER: &str = "age1ruf6zyhw7nzgwlmd365d8h296gangf2tx24kme4vqtpwvjnrj3lqfmz6e5";

/// What must be nowhere but in the sealed text.
const CANARY: &str = "correct-Horse-7-canary";

const CHESS: &str = "unions/acme/societies/chess.yaml";

/// A society whose `bank` is to be sealed; what is written there in other ways stands around it.
const SOCIETY: &str = "\
# The club's own words.
apiVersion: keyforge.dev/v1
kind: Society
metadata:
  name: chess
spec:
  displayName: Chess Society
  members: [{email: magnus@acme.example, role: owner}]
  passwords:
    - name: bank                # the one at the corner
      uris: [https://bank.example]
SEALED
      notes: \"kept: as it is\"   # here too
      fields:
        - {name: branch, value: north}
    - {name: wifi, generate: {}}
";

impl Shell {
    /// A folder with a union, sealed for these recipients, and the keys of both in `one.key` and `other.key`.
    fn with_society(recipients: &[&str], society: &str) -> Self {
        let shell = Self::new();
        let keyforge = format!(
            "apiVersion: keyforge.dev/v1\nkind: Keyforge\nmetadata: {{name: federation}}\nspec:\n  \
             defaults: {{vaultwarden: {{image: 'vaultwarden/server:1.37.2'}}}}\n  limits: {{domains: {{acme: [acme.example]}}}}\n  sealing: {{recipients: [{}]}}\n",
            recipients.join(", ")
        );
        shell.write("keyforge.yaml", &keyforge);
        shell.write(
            "unions/acme/union.yaml",
            "apiVersion: keyforge.dev/v1\nkind: Union\nmetadata: {name: acme}\nspec: {displayName: Acme, \
             contacts: [it@acme.example], domain: https://vault.acme.example, expose: {kind: clusterIP}}\n",
        );
        shell.write(CHESS, &society.replace("SEALED", "      generate: {}"));
        shell.write("one.key", KEY);
        shell.write("other.key", OTHER_KEY);
        shell
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect("a file")
    }

    /// A command with what it is given; its transcript, and standard output alone.
    fn given(&self, command: &str, input: &[u8]) -> (String, String) {
        let mut keyforge = Command::new(env!("CARGO_BIN_EXE_keyforge"));
        keyforge.args(command.split(' ')).current_dir(self.folder.path()).env_clear();
        keyforge.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = keyforge.spawn().expect("keyforge runs");
        // Who refuses reads nothing.
        let _ = child.stdin.take().expect("piped").write_all(input);
        let output = child.wait_with_output().expect("it ends");
        let out = String::from_utf8(output.stdout).expect("text");
        let error = String::from_utf8(output.stderr).expect("text");
        assert!(!out.contains(CANARY) && !error.contains(CANARY), "{out}{error}");
        let error: String = error.lines().map(|line| format!("! {line}\n")).collect();
        let transcript =
            format!("{}{error}[{}]\n", without_text(&out), output.status.code().expect("an exit code"));
        (transcript, out)
    }

    /// The field `sealed` for a place of `acme/chess`, as it is printed.
    fn sealed(&self, place: &str, value: &str) -> String {
        self.given(&format!("seal --union acme --society chess {place}"), value.as_bytes()).1
    }

    fn seal_bank(&self) -> String {
        self.sealed("--name bank", CANARY)
    }
}

/// The same with one line for the lines of each sealed text, which differ from run to run.
fn without_text(text: &str) -> String {
    let mut inside = false;
    let lines = text.lines().filter_map(|line| {
        let was_inside = inside;
        inside = (inside || line.trim_start().starts_with("-----BEGIN")) && !line.contains("-----END");
        match (was_inside, inside) {
            (true, true) => None,
            (false, true) => Some(format!("{line}…")),
            _ => Some(line.to_owned()),
        }
    });
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    // In one line of quotes.
    match (lines.find("FILE-----\\n"), lines.rfind("\\n-----END")) {
        (Some(begin), Some(end)) => format!("{}…{}", &lines[..begin + 9], &lines[end + 2..]),
        _ => lines,
    }
}

/// The same without the numbers of lines: sealed texts have more lines or fewer, since age adds one of random length.
fn without_numbers(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once("chess.yaml:") {
        Some((before, rest)) => {
            format!("{before}chess.yaml:…{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        None => match line.split_once(" |") {
            Some((number, rest)) if number.parse::<u32>().is_ok() => format!("… |{rest}"),
            _ => line.to_owned(),
        },
    });
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_value_becomes_text_that_fits_its_place_and_opens_there() {
    let shell = Shell::with_society(&[RECIPIENT], SOCIETY);
    let (told, text) =
        shell.given("seal --union acme --society chess --name bank", format!("{CANARY}\n").as_bytes());
    insta::assert_snapshot!(told);
    shell.write(CHESS, &SOCIETY.replace("SEALED\n", &text));
    insta::assert_snapshot!(shell.run("validate"), @r"
    $ keyforge validate
    1 union is accepted
    [0]
    ");
    insta::assert_snapshot!(shell.run("seal --check --sealing-key-file one.key"), @r"
    $ keyforge seal --check --sealing-key-file one.key
    the one sealed value opens
    [0]
    ");
    assert!(!shell.read(CHESS).contains(CANARY));
}

#[test]
fn each_way_to_write_a_password_gets_text_of_its_form() {
    let shell = Shell::with_society(&[RECIPIENT, OTHER], SOCIETY);
    let told = |place: &str| {
        let (told, _) =
            shell.given(&format!("seal --union acme --society chess {place}"), b"JBSWY3DPEHPK3PXP");
        format!("── {place}\n{told}")
    };
    let places = [
        "--name bank --totp",
        "--name bank --field=pin",
        "--name wifi",
        "--name wifi --totp",
        "--name car-park",
    ];
    insta::assert_snapshot!(places.map(told).join("\n"));
    let json = shell.sealed("--name bank --output json", CANARY);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["place"], "acme/chess/bank#value");
    assert!(
        json["sealed"].as_str().expect("a text").parse::<keyforge::seal::Sealed>().expect("sealed").keys()
            == 2
    );
}

#[test]
fn a_mistyped_name_is_refused_and_a_new_one_is_told() {
    let shell = Shell::with_society(&[RECIPIENT], SOCIETY);
    let told =
        |names: &str| format!("── {names}\n{}", shell.given(&format!("seal {names}"), CANARY.as_bytes()).0);
    insta::assert_snapshot!(
        [
            "--union acmee --society chess --name bank",
            "--union acme --society ches --name bank",
            "--union acme --society chess --name bnak",
            "--union acme --society chess --name bank --field brnch",
            "--union northside --society rowing --name boathouse",
            "--union acme --society rowing --name boathouse",
            "--union Acme --society chess --name bank",
            "--union acme --society chess",
        ]
        .map(told)
        .join("\n")
    );
}

#[test]
fn what_is_no_value_is_refused_and_what_is_left_out_is_told() {
    let shell = Shell::with_society(&[RECIPIENT], SOCIETY);
    let told = |value: &[u8]| shell.given("seal --union acme --society chess --name bank", value).0;
    for (value, expected) in [
        (&b""[..], "! keyforge: the value is empty\n[2]\n"),
        (b"\n", "! keyforge: the value is empty\n[2]\n"),
        (b"\xff\xfe", "! keyforge: the value is not UTF-8"),
        (&[b'x'; 6000], "! keyforge: the value has more than 5000 bytes\n[2]\n"),
    ] {
        let told = told(value);
        assert!(told.contains(expected), "{told}");
    }
    assert!(
        told(b"hunter2\r\n")
            .contains("! note: the line end after the value is not part of it and was left out\n")
    );
    assert!(told(b"hunter2\n\n").contains("ends with an empty line, which was kept\n"));
    assert!(!told(b"hunter2").contains("note"));
    assert!(told(&[b'x'; 5000]).ends_with("[0]\n"));
    let (seed, _) = shell.given("seal --union acme --society chess --name bank --totp", b"hunter2");
    assert!(seed.starts_with("! keyforge: no codes come of this: the seed is shorter than"), "{seed}");

    shell.write("keyforge.yaml", &shell.read("keyforge.yaml").replace(RECIPIENT, ""));
    insta::assert_snapshot!(told(b"hunter2"));
}

/// The value that was sealed for `bank`, in the places of three others, one of them damaged.
fn moved(shell: &Shell) {
    let bank = shell.seal_bank();
    // Without one of its last lines, in which the value is.
    let mut damaged: Vec<&str> = bank.lines().collect();
    damaged.remove(damaged.len() - 3);
    let damaged = damaged.join("\n");
    let society = SOCIETY.replace("SEALED\n", &bank);
    let society = format!(
        "{society}    - name: forum\n{bank}    - name: old-bank\n{damaged}\n    - name: site\n      totp:\n  {}\n",
        bank.trim_end().replace('\n', "\n  ")
    );
    shell.write(CHESS, &society);
}

#[test]
fn what_would_not_open_is_told_with_its_place_and_never_shown() {
    let shell = Shell::with_society(&[RECIPIENT, OTHER], SOCIETY);
    moved(&shell);
    let told = shell.run("seal --check --sealing-key-file one.key --output line");
    let document = shell.read(CHESS);
    let numbers =
        told.lines().filter_map(|line| line.strip_prefix(CHESS)?.split(':').nth(1)?.parse::<usize>().ok());
    let marked: Vec<&str> =
        numbers.map(|number| document.lines().nth(number - 1).expect("a line").trim()).collect();
    assert_eq!(marked, ["-----BEGIN AGE ENCRYPTED FILE-----"; 3], "{told}");
    insta::assert_snapshot!(without_numbers(&told));
    insta::assert_snapshot!(without_numbers(&shell.run("seal --check . --sealing-key-file one.key")));
    let json = shell.run("seal --check --sealing-key-file other.key --output json");
    assert!(json.contains("\"code\": \"sealed-elsewhere\""), "{json}");

    shell.write("keyforge.yaml", &shell.read("keyforge.yaml").replace(&format!("{RECIPIENT}, "), ""));
    let bank = shell.seal_bank();
    shell.write(CHESS, &SOCIETY.replace("SEALED\n", &bank));
    insta::assert_snapshot!(shell.run("seal --check --sealing-key-file one.key --output line"));
    insta::assert_snapshot!(shell.run("seal --check --sealing-key-file nothing.key"));
    insta::assert_snapshot!(shell.run("seal --check"));
}

#[test]
fn a_renamed_password_opens_until_it_is_sealed_anew() {
    let shell = Shell::with_society(&[RECIPIENT], SOCIETY);
    let bank = shell.seal_bank();
    let renamed = SOCIETY.replace("name: bank ", "name: savings\n      renamedFrom: bank ");
    shell.write(CHESS, &renamed.replace("SEALED\n", &bank));
    insta::assert_snapshot!(shell.run("seal --check --sealing-key-file one.key --output line"));
    let _ = shell.run("seal --rekey --sealing-key-file one.key");
    insta::assert_snapshot!(shell.run("seal --check --sealing-key-file one.key"));
}

#[test]
fn sealing_anew_changes_the_texts_and_no_other_byte() {
    let shell = Shell::with_society(&[RECIPIENT], SOCIETY);
    let bank = shell.seal_bank();
    let quoted = shell.sealed("--name wifi", CANARY);
    let society = SOCIETY.replace("SEALED\n", &bank).replace("generate: {}", quoted.trim_end());
    // As Windows writes it.
    shell.write(CHESS, &society.replace('\n', "\r\n"));
    shell.write("keyforge.yaml", &shell.read("keyforge.yaml").replace(RECIPIENT, OTHER));
    let before = shell.read(CHESS);
    insta::assert_snapshot!(shell.run("seal --rekey --sealing-key-file one.key"));
    let after = shell.read(CHESS);
    assert_ne!(before, after);
    // Both without their sealed texts.
    let rest = |text: &str| {
        let mut parts = text.split("-----BEGIN AGE");
        let first = parts.next().unwrap_or_default().to_owned();
        let rests = parts.map(|part| part.split_once("-----END AGE").expect("whole").1.to_owned());
        std::iter::once(first).chain(rests).collect::<Vec<_>>()
    };
    assert_eq!(rest(&before), rest(&after));
    assert_eq!(before.matches("\r\n").count(), society.matches('\n').count());

    let check = |key: &str| shell.run(&format!("seal --check --output line --sealing-key-file {key}"));
    assert!(check("other.key").ends_with("\n[0]\n"), "{}", check("other.key"));
    assert_eq!(check("one.key").matches("error[sealed-for-others]").count(), 2, "{}", check("one.key"));
    // With a key that opens nothing nothing is changed.
    let told = shell.run("seal --rekey --sealing-key-file one.key --output line");
    assert!(told.ends_with("[1]\n"), "{told}");
    assert_eq!(shell.read(CHESS), after);
    assert_eq!(super::tree(&shell.path("unions")).len(), 2);
}

#[test]
fn sealing_anew_writes_through_no_link_beside_a_document() {
    let shell = Shell::with_society(&[RECIPIENT], SOCIETY);
    let bank = shell.seal_bank();
    shell.write(CHESS, &SOCIETY.replace("SEALED\n", &bank));
    shell.write("elsewhere", "of somebody\n");
    let link = format!("{CHESS}.new");
    std::os::unix::fs::symlink(shell.path("elsewhere"), shell.path(&link)).expect("a link");
    shell.write("keyforge.yaml", &shell.read("keyforge.yaml").replace(RECIPIENT, OTHER));
    let _ = shell.run("seal --rekey --sealing-key-file one.key");
    assert_eq!(shell.read("elsewhere"), "of somebody\n");
    assert!(shell.path(&link).is_symlink() && !shell.path(CHESS).is_symlink());
    let check = shell.run("seal --check --output line --sealing-key-file other.key");
    assert!(!check.contains("sealed-for-others"), "{check}");
}

/// Reads what the program asks, up to this question.
fn asked(error: &mut ChildStderr, question: &str) {
    let mut text = Vec::new();
    while !text.ends_with(question.as_bytes()) {
        let mut byte = [0];
        error.read_exact(&mut byte).expect("the question comes");
        text.push(byte[0]);
    }
}

/// The program at a terminal, and the other end of that.
fn at_a_terminal(shell: &Shell) -> (Child, File) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&person).and_then(|()| unlockpt(&person)).expect("a terminal of ours");
    let name = ptsname(&person, Vec::new()).expect("its name");
    let terminal =
        File::options().read(true).write(true).open(name.to_str().expect("a path")).expect("its other end");
    let mut keyforge = Command::new(env!("CARGO_BIN_EXE_keyforge"));
    keyforge.args(["seal", "--union", "acme", "--society", "chess", "--name", "bank"]);
    keyforge.current_dir(shell.folder.path()).env_clear();
    keyforge.stdin(terminal).stdout(Stdio::piped()).stderr(Stdio::piped());
    (keyforge.spawn().expect("keyforge runs"), person.into())
}

#[test]
fn a_terminal_is_asked_twice_and_shows_nothing() {
    let shell = Shell::with_society(&[RECIPIENT], SOCIETY);
    let (mut child, mut person) = at_a_terminal(&shell);
    let error = child.stderr.as_mut().expect("piped");
    asked(error, "Value for acme/chess/bank#value: ");
    writeln!(person, "{CANARY}").expect("typed");
    asked(error, "Again: ");
    writeln!(person, "{CANARY}").expect("typed");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    // All that the terminal showed: the ends of two lines. Reading fails when there is nothing more.
    let mut shown = [0; 256];
    let length = person.read(&mut shown).expect("the line ends");
    assert_eq!(String::from_utf8_lossy(&shown[..length]).trim(), "");
    shell.write(CHESS, &SOCIETY.replace("SEALED\n", &text));
    assert!(shell.run("seal --check --sealing-key-file one.key").contains("the one sealed value opens"));
}

#[test]
fn two_values_that_differ_and_a_person_who_leaves_seal_nothing() {
    let shell = Shell::with_society(&[RECIPIENT], SOCIETY);
    for (second, told) in
        [("other\n", "the two differ; nothing was sealed"), ("\u{3}", "stopped; nothing was sealed")]
    {
        let (mut child, mut person) = at_a_terminal(&shell);
        let error = child.stderr.as_mut().expect("piped");
        asked(error, "Value for acme/chess/bank#value: ");
        writeln!(person, "{CANARY}").expect("typed");
        asked(error, "Again: ");
        person.write_all(second.as_bytes()).expect("typed");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        let error = String::from_utf8(output.stderr).expect("text");
        assert!(error.contains(told) && !error.contains(CANARY), "{error}");
    }
}
