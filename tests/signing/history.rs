//! What the commits between two heads decide about, as Git has them.

use keyforge::git::Since;
use keyforge::signing::History;

use crate::bench::{Bench, id};

/// The commits with what they touch, newest first.
fn told(history: &History) -> Vec<String> {
    let line = |commit: &keyforge::signing::Commit| {
        let parts: Vec<_> = commit
            .touches
            .iter()
            .map(|(part, content)| format!("{}{part}", if content.is_some() { "" } else { "-" }))
            .collect();
        format!("{}: {}", commit.message.lines().next().unwrap_or_default(), parts.join(" "))
    };
    history.commits.iter().map(line).collect()
}

#[tokio::test]
async fn a_commit_touches_what_it_changes_and_a_merge_what_it_decides() {
    let bench = Bench::new();
    let root = bench
        .after(&[])
        .write("keyforge.yaml", "k")
        .write("README.md", "r")
        .write("unions/README.md", "no union")
        .union("acme", "a")
        .union("north", "n")
        .message("root")
        .unsigned();
    let readme = bench
        .after(&[root])
        .write("README.md", "s")
        .write("unions/README.md", "t")
        .message("readme")
        .unsigned();
    let side = bench.after(&[root]).union("acme", "b").union("new", "w").message("side").unsigned();
    let main = bench.after(&[readme]).remove("unions/north").message("main").unsigned();
    let clean =
        bench.after(&[main, side]).union("acme", "b").union("new", "w").message("clean merge").unsigned();
    let evil =
        bench.after(&[main, side]).union("acme", "evil").union("new", "w").message("evil merge").unsigned();
    let ours = bench.after(&[main, side]).message("merge that throws the side away").unsigned();

    let since = |judged| Since { judged: Some(id(judged)), exempt: None };
    let all = bench.history(clean, Since::default()).await;
    let mut lines = told(&all);
    lines.sort();
    assert_eq!(
        lines,
        [
            "main: -unions/north",
            "root: keyforge.yaml unions/acme unions/north",
            "side: unions/acme unions/new"
        ]
    );
    assert_eq!(all.graph.len(), 5);
    assert_eq!(told(&bench.history(clean, since(main)).await), ["side: unions/acme unions/new"]);
    assert_eq!(
        told(&bench.history(evil, since(main)).await),
        ["evil merge: unions/acme", "side: unions/acme unions/new"]
    );
    assert_eq!(
        told(&bench.history(ours, since(main)).await),
        ["merge that throws the side away: unions/acme -unions/new", "side: unions/acme unions/new"]
    );
    assert_eq!(told(&bench.history(clean, since(clean)).await), Vec::<String>::new());
    let exempt = Since { judged: None, exempt: Some(id(main)) };
    assert_eq!(told(&bench.history(clean, exempt).await), ["side: unions/acme unions/new"]);
}

#[tokio::test]
async fn what_a_rewritten_branch_has_dropped_is_known() {
    let bench = Bench::new();
    let root = bench.after(&[]).union("acme", "a").union("north", "n").unsigned();
    let dropped = bench.after(&[root]).union("acme", "b").unsigned();
    let other = bench.after(&[root]).union("north", "m").message("other").unsigned();
    let judged = Since { judged: Some(id(dropped)), exempt: None };
    // The mirror has to know what was there before.
    bench.history(dropped, Since::default()).await;

    let history = bench.history(other, judged).await;
    assert_eq!(told(&history), ["other: unions/north"]);
    let rewritten = history.rewritten.expect("a rewritten branch");
    let dropped: Vec<_> = rewritten.dropped.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(dropped, ["unions/acme"]);

    let unknown = Since { judged: Some([9; 20].into()), exempt: None };
    let history = bench.history(other, unknown).await;
    assert_eq!(history.commits.len(), 2);
    assert_eq!(history.rewritten.map(|rewritten| rewritten.dropped), Some(None));
}

#[tokio::test]
async fn trailers_are_those_that_git_sees() {
    let bench = Bench::new();
    for (message, expected) in [
        ("Approve\n\nKeyforge-Approve: 1\n", "1"),
        ("Approve\n\nThe text.\n\nkeyforge-approve : 1\nKeyforge-Approve:\n  2\n", "1 2"),
        ("Approve\n\nKeyforge-Approve: 1\n\nA text after it.\n", ""),
        ("Keyforge-Approve: 1\n", ""),
        ("Approve\n\nA text\nwith Keyforge-Approve: 1\n", ""),
        ("Approve\n\nKeyforge-Approve: 1\nSigned-off-by: Ana <ana@acme.example>\n", "1"),
    ] {
        let commit = bench.after(&[]).union("acme", "a").message(message).unsigned();
        let commit = bench.commit(commit).await;
        let found: Vec<_> = commit.trailer("Keyforge-Approve").collect();
        assert_eq!(found.join(" "), expected, "{message}");
    }
}
