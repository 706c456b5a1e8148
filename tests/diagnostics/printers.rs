//! The printers: one finding, every form.

use std::path::PathBuf;

use keyforge::cli::validate::{self, Output};
use keyforge::diagnostic::print::{self, Paint, Sources};
use keyforge::diagnostic::{Code, Diagnostic, Note, Severity, Span};
use keyforge::settings::SignerOptions;

use super::{cases, here};

fn validate(directory: PathBuf, output: Output) -> String {
    let mut out = Vec::new();
    let (revision, signers) = (None, SignerOptions::default());
    validate::run(&validate::Args { directory, revision, signers, output }, Paint::PLAIN, &mut out)
        .expect("a readable directory");
    String::from_utf8(out).expect("text")
}

fn span(path: &str, line: u32, column: u32, end_line: u32, end_column: u32) -> Span {
    Span { path: path.to_owned(), line, column, end_line, end_column }
}

/// A finding with everything that one can have, in a file that plays tricks.
fn hostile() -> Diagnostic {
    Diagnostic {
        span: span("unions/50%,a:b/union.yaml", 2, 7, 2, 9),
        code: Code::DuplicateKey,
        severity: Severity::Error,
        message: "`a[0]` is `{0}` [here](http://evil.example)\u{1b}[31m".into(),
        label: "the second\none".into(),
        notes: vec![Note {
            span: span("unions/50%,a:b/union.yaml", 1, 1, 1, 2),
            message: "[the first]\n::error::one".into(),
        }],
        hint: Some("100% sure\r\n::stop-commands::x".into()),
    }
}

#[test]
fn annotations_hold_no_command_but_their_own() {
    assert_eq!(
        print::github(&[&hostile()], "held: acme (1 error)\n::warning::no other unions\n"),
        "::error title=duplicate-key,file=unions/50%25%2Ca%3Ab/union.yaml,line=2,endLine=2,col=7,endColumn=9::\
         unions/50%25,a:b/union.yaml:2:7: error[duplicate-key]: `a[0]` is `{0}` [here](http://evil.example)\\u{1b}[31m \
         (100%25 sure\\u{d} ::stop-commands::x)%0A\
         unions/50%25,a:b/union.yaml:1:1: note: [the first] ::error::one\n\
         ::notice title=Keyforge::held: acme (1 error)%0A::warning::no other unions\n"
    );
}

#[test]
fn annotations_of_a_whole_file_have_no_line_and_those_of_several_lines_no_column() {
    let whole = Diagnostic { span: Span::file("unions/acme"), notes: Vec::new(), ..hostile() };
    let several = Diagnostic {
        span: span("keyforge.yaml", 3, 5, 7, 1),
        severity: Severity::Warning,
        notes: Vec::new(),
        ..hostile()
    };
    let printed = print::github(&[&whole, &several], "1 union is accepted\n");
    let properties: Vec<&str> = printed.lines().filter_map(|line| line.split("::").nth(1)).collect();
    assert_eq!(
        properties,
        [
            "error title=duplicate-key,file=unions/acme",
            "warning title=duplicate-key,file=keyforge.yaml,line=3,endLine=7",
            "notice title=Keyforge"
        ]
    );
}

#[test]
fn more_annotations_than_are_shown_are_said_to_be_more() {
    let one = hostile();
    let eleven = [&one; 11];
    let notice = "GitHub shows 10 findings of each kind; the log of this step has all 11";
    assert!(print::github(&eleven, "").contains(notice));
    assert!(!print::github(&eleven[..10], "").contains("GitHub shows"));
}

/// The schema of the standard, as the crate `serde-sarif` carries it.
#[test]
fn sarif_is_what_its_schema_says() {
    let schema = include_str!("../cases/sarif/sarif-schema-2.1.0.json");
    let mut schema: serde_json::Value = serde_json::from_str(schema).expect("JSON");
    // Its one pattern that is no regular expression, of a field that we do not write; the standard's errata correct it.
    for place in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][place]["properties"]["language"];
        assert!(language.as_object_mut().expect("a field").remove("pattern").is_some());
    }
    let schema =
        jsonschema::options().should_validate_formats(true).offline().build(&schema).expect("a schema");
    let logs = cases().into_iter().map(|case| validate(case, Output::Sarif));
    for log in logs.chain([print::sarif(&[&hostile()])]) {
        let log = serde_json::from_str(&log).expect("JSON");
        let errors: Vec<String> = schema.iter_errors(&log).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn sarif_has_a_rule_for_every_code_and_a_result_for_every_finding() {
    let log = print::sarif(&[&hostile()]);
    let log: serde_json::Value = serde_json::from_str(&log).expect("JSON");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let ids: Vec<&str> = rules.iter().filter_map(|rule| rule["id"].as_str()).collect();
    assert_eq!(ids, Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>());
    for rule in rules {
        assert!(rule["help"]["markdown"].as_str().is_some_and(|help| help.contains("Good:")));
    }
    let result = &run["results"][0];
    let index = result["ruleIndex"].as_u64().and_then(|index| usize::try_from(index).ok()).expect("an index");
    assert_eq!(rules[index]["id"], result["ruleId"]);
    insta::assert_snapshot!(format!("{result:#}"), @r#"
{
  "level": "error",
  "locations": [
    {
      "physicalLocation": {
        "artifactLocation": {
          "uri": "unions/50%25,a:b/union.yaml",
          "uriBaseId": "%SRCROOT%"
        },
        "region": {
          "endColumn": 9,
          "endLine": 2,
          "startColumn": 7,
          "startLine": 2
        }
      }
    }
  ],
  "message": {
    "text": "`a\\[0\\]` is `{{0}}` \\[here\\](http://evil.example)\\\\u{{1b}}\\[31m\n[\\[the first\\]\\\\u{{a}}::error::one](0)\nhint: 100% sure\\u{{d}}\\u{{a}}::stop-commands::x"
  },
  "relatedLocations": [
    {
      "id": 0,
      "message": {
        "text": "[the first]\\u{{a}}::error::one"
      },
      "physicalLocation": {
        "artifactLocation": {
          "uri": "unions/50%25,a:b/union.yaml",
          "uriBaseId": "%SRCROOT%"
        },
        "region": {
          "endColumn": 2,
          "endLine": 1,
          "startColumn": 1,
          "startLine": 1
        }
      }
    }
  ],
  "ruleId": "duplicate-key",
  "ruleIndex": 13
}
"#);
}

#[test]
fn a_terminal_gets_colours_and_nobody_elses() {
    let sources: Sources<'_> =
        [("unions/50%,a:b/union.yaml", "a: \u{1b}[32mx\nthis: a\n".as_bytes())].into_iter().collect();
    let coloured = print::text(&hostile(), &sources, Paint::COLOURED);
    insta::assert_snapshot!(coloured.replace('\u{1b}', "ESC"), @r#"
ESC[1;31merror[duplicate-key]ESC[0mESC[1m: `a[0]` is `{0}` [here](http://evil.example)\u{1b}[31mESC[0m
  ESC[1;34m-->ESC[0m unions/50%,a:b/union.yaml:2:7
   ESC[1;34m|ESC[0m
ESC[1;34m 2 |ESC[0m this: a
   ESC[1;34m|ESC[0m       ESC[1;31m^ the second oneESC[0m
   ESC[1;34m|ESC[0m
  ESC[1;34m:::ESC[0m unions/50%,a:b/union.yaml:1:1
   ESC[1;34m|ESC[0m
ESC[1;34m 1 |ESC[0m a: \u{1b}[32mx
   ESC[1;34m|ESC[0m ESC[1;34m- [the first] ::error::oneESC[0m
   ESC[1;34m|ESC[0m
   ESC[1;34m=ESC[0m ESC[1mhintESC[0m: 100% sure\u{d} ::stop-commands::x
"#);
    let plain = print::text(&hostile(), &sources, Paint::PLAIN);
    let stripped = anstream::adapter::strip_str(&coloured).to_string();
    assert_eq!(stripped, plain);
    assert!(!plain.contains('\u{1b}'));
}

#[test]
fn a_span_of_several_lines_is_marked_on_its_first() {
    let path = "keyforge.yaml";
    let sources: Sources<'_> =
        [(path, "spec:\n  text: |   \n    one\n    two\n".as_bytes())].into_iter().collect();
    let diagnostic = Diagnostic {
        span: span(path, 2, 9, 4, 8),
        code: Code::InvalidValue,
        severity: Severity::Warning,
        message: "`spec.text` has two lines".into(),
        label: "from here on".into(),
        notes: Vec::new(),
        hint: None,
    };
    insta::assert_snapshot!(print::text(&diagnostic, &sources, Paint::PLAIN), @r#"
warning[invalid-value]: `spec.text` has two lines
  --> keyforge.yaml:2:9
   |
 2 |   text: |
   |         ^ from here on
"#);
}

#[test]
fn paths_are_those_of_the_working_directory_but_in_the_contract_for_programs() {
    // Tests run in the root of the package.
    let case = PathBuf::from("tests/cases/spec/duplicate-key");
    let place = "tests/cases/spec/duplicate-key/unions/acme/union.yaml";
    for output in [Output::Text, Output::Line, Output::Sarif, Output::Github] {
        assert!(validate(case.clone(), output).contains(place), "{output:?}");
    }
    assert!(validate(case.clone(), Output::Text).contains("9 |   displayName: Acme again"));
    assert!(!validate(case, Output::Json).contains(place));
    let absolute = validate(here("tests/cases/spec/duplicate-key"), Output::Line);
    assert!(absolute.starts_with("unions/acme/union.yaml:9:3:"), "{absolute}");
}
