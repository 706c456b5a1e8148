//! README says what is true: its commands do what is printed below them, its targets and its files exist, its document
//! is the one of `example-repo/`.

#[path = "support/rights.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test program uses some of it")]
mod rights;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The contents of README's code blocks of one language.
fn blocks(language: &str) -> Vec<String> {
    let (readme, fence) = (read("README.md"), format!("```{language}\n"));
    readme
        .split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().expect("a first part").to_owned())
        .collect()
}

#[test]
fn a_console_shows_what_its_command_prints() {
    let consoles = blocks("console");
    assert!(!consoles.is_empty());
    for console in consoles {
        let (command, expected) = console.split_once('\n').expect("a command and its answer");
        let arguments = command.strip_prefix("$ keyforge ").expect("a command of ours").split(' ');
        let mut keyforge = Command::new(env!("CARGO_BIN_EXE_keyforge"));
        let output = keyforge.current_dir(ROOT).args(arguments).output().expect("keyforge runs");
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{command}");
    }
}

#[test]
fn every_command_is_known() {
    let help = Command::new(env!("CARGO_BIN_EXE_keyforge")).arg("--help").output().expect("keyforge runs");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let readme = read("README.md");
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `keyforge "));
    for name in rows.map(|row| row.split([' ', '`']).next().expect("a first word")) {
        assert!(help.lines().any(|line| line.trim_start().starts_with(&format!("{name} "))), "{name}");
    }
}

#[test]
fn every_target_of_make_exists() {
    let (readme, makefile) = (read("README.md"), read("Makefile"));
    let named = readme.split("`make ").skip(1).filter_map(|rest| rest.split(['`', ' ']).next());
    for target in named.chain(["demo", "test"]) {
        assert!(makefile.contains(&format!("\n{target}:")), "make {target}");
    }
}

#[test]
fn every_file_that_is_named_exists() {
    let readme = read("README.md");
    let quoted = readme.split('`').skip(1).step_by(2);
    let ours = ["src/", "schema/", "tests/", "templates/", "example-repo/", "deploy/"];
    for path in quoted.filter(|text| ours.iter().any(|folder| text.starts_with(folder))) {
        assert!(Path::new(ROOT).join(path).exists(), "{path}");
    }
}

#[test]
fn the_rights_in_the_cluster_are_those_that_are_shipped() {
    let readme = read("README.md");
    let mut told = BTreeSet::new();
    for row in readme.lines().filter(|line| line.starts_with("| `keyforge")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [who, verbs, resources, _why] = cells[..] else { continue };
        for resource in resources.split('`').skip(1).step_by(2) {
            for verb in verbs.split(", ") {
                told.insert(format!("{}: {verb} {resource}", who.replace('`', "")));
            }
        }
    }
    assert_eq!(told, rights::granted());
}

#[test]
fn the_union_shown_is_one_that_validates() {
    let shown = &blocks("yaml")[0];
    let fields = |text: &str| -> serde_json::Value { serde_yaml::from_str(text).expect("YAML") };
    assert_eq!(fields(shown), fields(&read("example-repo/unions/northside/union.yaml")));
}
