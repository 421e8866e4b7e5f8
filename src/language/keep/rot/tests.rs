use super::*;
use crate::language::code::known::Known;
use crate::language::keep::samples::Repository;
use crate::language::wiki::sample::entry;
use proptest::prelude::*;

fn code() -> Known {
    Known {
        files: vec![("src/a.py", vec!["Guard", "plan_all"]), ("src/b.py", vec!["Moved"])],
        unread: vec!["src/broken.py"],
        ..Known::default()
    }
}

fn told(repository: &Repository) -> String {
    let kept = repository.kept(keep);
    assert!(kept.proposal.is_none() && kept.asks.is_empty());
    let issue = |issue: &Issue| format!("# {} [{}]\n{}", issue.title, issue.subject, issue.body);
    kept.issues.iter().map(issue).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_page_is_told_once_with_all_that_is_wrong() {
    let page = "# A page\n\nSee `src/a.py:Guard`, `src/a.py:Moved` and `src/a.py:Zzz`.\n\n\
                @alice `src/a.py:Zzz` <!-- src.a.Lost --> `src.a.Lost` `src/broken.py:X`\n\n```py\nLostOne()\n```\n";
    let repository =
        Repository::new(code()).file("wiki/a.md", page).file("wiki/b.md", "All is well: `src/a.py:Guard`\n");
    insta::assert_snapshot!(told(&repository), @"
    # Wiki rot: wiki/a.md cites what is gone [wiki/a.md]
    3 things are wrong in `wiki/a.md`. Correct the page, or delete what no longer holds; this issue closes when nothing is left.

    **Line 3:** `src/a.py:Moved` isn't there. Did it become `src/b.py:Moved`?

    **Line 3:** `src/a.py:Zzz` isn't there.

    ```text
    See `src/a.py:Guard`, `src/a.py:Moved` and `src/a.py:Zzz`.
    ```

    **Line 5:** `src.a.Lost` isn't there.

    ```text
    @alice `src/a.py:Zzz` <!-- src.a.Lost --> `src.a.Lost` `src/broken.py:X`
    ```

    Its examples name what no file has, which may be meant so: `LostOne`.
    ");
    let mended =
        Repository { files: [("wiki/a.md".to_owned(), "`src/b.py:Moved`".to_owned())].into(), ..repository };
    assert_eq!(told(&mended), "");
}

#[test]
fn what_nobody_can_tell_is_named_as_an_issue_names_it() {
    let repository = Repository::new(code())
        .file("wiki/a.md", "`src/broken.py:X` and `src/a.py:Zzz`\n")
        .file("wiki/b.md", "`src/a.py:Guard`\n");
    let kept = repository.kept(keep);
    assert_eq!(kept.unsure, [("wiki/a.md".to_owned(), ["`src/broken.py:X`".to_owned()].into())].into());
    let told = |text: &str| repository.clone().file("wiki/a.md", text).kept(keep).issues.remove(0).tells;
    assert_eq!(told("`src/a.py:Zzz`"), kept.issues[0].tells, "what can't be told isn't told");
    assert_eq!(told("Lines\n\nshift: `src/a.py:Zzz` `src/a.py:Zzz`"), kept.issues[0].tells);
    assert_ne!(told("`src/a.py:Yyy`"), kept.issues[0].tells);
}

#[test]
fn what_entries_claim_is_looked_at() {
    let rows = [
        ("some code is gone", "code_refs: [\"src/a.py:Guard\", \"src/a.py:Gone\"]", "B"),
        (
            "mended, and all code is gone",
            "fixed_in_pr: 7\ncode_refs: [\"src/x.py\", \"src/a.py:Zzz\"]",
            "`src/a.py:Zzz` `src/a.py:Other`",
        ),
        ("mended, and some is there", "fixed_in_pr: 7\ncode_refs: [\"src/a.py:Guard\"]", "B"),
        ("mended, and nobody can tell", "fixed_in_pr: 7\ncode_refs: [\"src/broken.py:X\"]", "B"),
        ("mended, and about no code", "fixed_in_pr: 7", "B"),
        ("nobody can tell", "code_refs: [\"src/broken.py:X\"]", "`src/broken.py:Y`"),
        ("stale", "status: \"stale\"\nstale_reason: \"x\"\ncode_refs: [\"src/x.py\"]", "`src/a.py:Zzz`"),
    ];
    let row = |(name, facts, body): &(&str, &str, &str)| {
        let issues = Repository::new(code()).entry(&entry(1, "gotchas", "T", facts, body)).kept(keep).issues;
        let lines: Vec<String> = issues
            .iter()
            .flat_map(|issue| issue.body.lines().filter(|line| line.starts_with("**")))
            .map(|line| format!("\n  {line}"))
            .collect();
        format!("{name}:{}", lines.concat())
    };
    insta::assert_snapshot!(rows.iter().map(row).collect::<Vec<_>>().join("\n"), @"
    some code is gone:
      **Line 12:** `src/a.py:Gone` isn't there.
    mended, and all code is gone:
      **Line 12:** pull request 7 mended this, it says, and all code that it is about is gone: `src/x.py`, `src/a.py:Zzz`.
      **Line 16:** `src/a.py:Other` isn't there.
    mended, and some is there:
    mended, and nobody can tell:
    mended, and about no code:
    nobody can tell:
    stale:
    ");
}

#[test]
fn lessons_are_covered_by_what_took_their_place() {
    let new = entry(9, "gotchas", "Both", "", "About `src/b.py:Moved`.");
    let by = format!("status: \"superseded\"\nsuperseded_by: \"{}\"", new.facts().id);
    let old = |n: u8, body: &str| entry(n, "gotchas", "Old @x", &by, body);
    let rows = [
        ("one only", vec![old(1, "`src/a.py:Guard`")], false),
        ("two, of which one is lost", vec![old(1, "`src/a.py:Guard`"), old(2, "`src/b.py:Moved`")], true),
        ("both are named", vec![old(1, "`src/b.py:Moved`"), old(2, "`src/b.py:Moved`")], false),
        ("its code is gone as well", vec![old(1, "`src/a.py:Zzz`"), old(2, "words")], false),
        ("nobody can tell", vec![old(1, "`src/broken.py:X`"), old(2, "words")], false),
    ];
    for (name, olds, lost) in rows {
        let repository = olds.iter().fold(Repository::new(code()).entry(&new), Repository::entry);
        assert_eq!(!told(&repository).is_empty(), lost, "{name}");
        if lost {
            insta::assert_snapshot!(told(&repository), @r#"
            # Wiki rot: wiki/gotchas/01ARZ3NDEKTSV4RRFFQ69G5009-a.md lost a lesson [wiki/gotchas/01ARZ3NDEKTSV4RRFFQ69G5009-a.md]
            1 thing is wrong in `wiki/gotchas/01ARZ3NDEKTSV4RRFFQ69G5009-a.md`. Correct the page, or delete what no longer holds; this issue closes when nothing is left.

            **Line 3:** it took the place of `01ARZ3NDEKTSV4RRFFQ69G5001` (“Old @ x”), and names nothing of that one's code, which is still there: `src/a.py:Guard`.

            ```text
            title: "Both"
            ```
            "#);
        }
    }
}

#[test]
fn ten_pages_have_an_issue_and_the_rest_share_one() {
    let many = |n: usize| {
        (0..n).fold(Repository::new(code()), |all, n| {
            all.file(&format!("wiki/p{n:04}.md"), "`src/a.py:Zzz` `src/a.py:Yyy`")
        })
    };
    let ten = many(10).kept(keep).issues;
    assert_eq!((ten.len(), ten.iter().any(|issue| issue.subject == "more")), (10, false));
    let twelve = many(12).kept(keep).issues;
    assert_eq!(twelve[..10], ten);
    insta::assert_snapshot!(twelve[10].body, @"
    Further pages have something rotten. Each gets an issue of its own when there are fewer; `factoryctl term lint` shows all of it.

    * `wiki/p0010.md`: 2
    * `wiki/p0011.md`: 2
    ");
    let all = many(4000).kept(keep).issues;
    assert_eq!(all.len(), 11);
    assert!(all[10].body.len() < 60_000 && all[10].body.ends_with("things.\n"), "{}", all[10].body.len());
}

proptest! {
    #[test]
    fn any_page_makes_a_sound_issue(text in "([`~.:/ @#<\\n\\ra-cé_A]|```py\n|`src/a.py:Zzz`|``src/a.py:Z`z``|---\n){0,60}", many in 1_usize..50) {
        let parts: Vec<String> = (0..many).map(|n| format!("{text} `src/a.py:Z{n}`\n\n")).collect();
        for issue in Repository::new(code()).file("wiki/a.md", &parts.concat()).kept(keep).issues {
            prop_assert!(issue.body.len() < 60_000);
            prop_assert!(!issue.title.contains('\n'));
        }
    }
}
