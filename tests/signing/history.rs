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
        format!("{}: {}", commit.subject, parts.join(" "))
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

    let since = |judged| Since { judged: Some(id(judged)), ..Since::default() };
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
    let exempt = Since { exempt: Some(id(main)), ..Since::default() };
    assert_eq!(told(&bench.history(clean, exempt).await), ["side: unions/acme unions/new"]);
}

#[tokio::test]
async fn what_stands_before_a_range_is_told_as_far_as_it_is_accepted() {
    let bench = Bench::new();
    let root = bench.after(&[]).union("acme", "a").union("north", "n").unsigned();
    let dropped = bench.after(&[root]).union("acme", "b").unsigned();
    let other = bench.after(&[root]).union("north", "m").message("other").unsigned();
    // The mirror has to know what was there before.
    bench.history(dropped, Since::default()).await;

    let judged = |commit| Since { judged: Some(commit), parts: bench.parts_at(dropped), ..Since::default() };
    let borders = |history: &History| -> Vec<String> {
        history.borders.values().flatten().map(ToString::to_string).collect()
    };
    let history = bench.history(other, judged(id(dropped))).await;
    assert_eq!(told(&history), ["other: unions/north"]);
    assert_eq!(borders(&history), ["keyforge.yaml", "unions/new", "unions/north"], "acme was another one");

    let history = bench.history(other, judged([9; 20].into())).await;
    assert_eq!((history.commits.len(), borders(&history).len()), (2, 0), "a mirror that knows nothing of it");
}

#[tokio::test]
async fn what_a_former_revision_brought_is_known_also_after_a_rewrite() {
    let bench = Bench::new();
    let root = bench.after(&[]).union("acme", "a").unsigned();
    let approval = bench.after(&[root]).message("Fine\n\nKeyforge-Approve: 1\n").unsigned();
    let reverted = bench.after(&[approval]).union("acme", "b").unsigned();
    bench.history(reverted, Since::default()).await;
    let again = bench.after(&[approval]).union("acme", "c").unsigned();
    let since = Since { judged: Some(id(root)), former: Some(id(reverted)), ..Since::default() };
    let history = bench.history(again, since).await;
    assert_eq!(history.known.into_iter().collect::<Vec<_>>(), [id(approval)]);
}

#[tokio::test]
async fn unsigned_commits_fill_no_memory_however_much_they_say() {
    let bench = Bench::new();
    let mut head = bench.after(&[]).union("acme", "a").unsigned();
    let words = "x".repeat(200 << 10);
    for number in 0..20 {
        head = bench.after(&[head]).union("acme", &number.to_string()).message(&words).unsigned();
    }
    let history = bench.history(head, Since::default()).await;
    assert!(!history.is_cut(&keyforge::signing::Part::Union("acme".into())));
    let kept: usize = history.commits.iter().map(|commit| commit.subject.len()).sum();
    assert!(kept <= 20 * 200 + 16, "{kept}");
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
