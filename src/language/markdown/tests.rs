//! What is found in texts, and that any text is looked through.

use proptest::prelude::*;

use super::{Markdown, is_empty};

fn shown(text: &str) -> String {
    let mut shown = String::new();
    let mut at = 0;
    for range in Markdown::page(text).hidden().iter().cloned() {
        shown.push_str(&text[at..range.start]);
        shown.push('·');
        at = range.end;
    }
    shown + &text[at..]
}

#[test]
fn what_is_hidden() {
    for (name, text, expected) in [
        ("prose", "a word", "a word"),
        ("frontmatter", "---\na: 1\n---\nb", "·\n·\n·\nb"),
        ("a rule is no frontmatter", "---\na", "---\na"),
        ("a fence", "a\n```rs\nb\n```\nc", "a\n·\n·\n·\nc"),
        ("a longer fence", "~~~~\n~~~\n~~~~\nc", "·\n·\n·\nc"),
        ("a fence in a list", "- a\n  ```\n  b\n  ```\n  c", "- a\n·\n·\n·\n  c"),
        ("a fence in a quote ends with it", "> ```\n> b\nc", "·\n·\nc"),
        ("a fence without end", "```\nb\n\nc", "·\n·\n\n·"),
        ("indented code", "a\n\n    b\n\nc", "a\n\n·\n\nc"),
        ("an indented line of a paragraph", "a\n    b", "a\n    b"),
        ("an indented line of a list", "- a\n\n    b", "- a\n\n    b"),
        ("code in a list", "- a\n\n      b", "- a\n\n·"),
        ("a code span", "a `b` c ``d ` e`` f", "a · c · f"),
        ("a code span over lines", "a `b\nc` d", "a · d"),
        ("no code span over items", "- a `b\n- c` d", "- a `b\n- c` d"),
        ("an escaped backtick", r"a \`b` c", r"a \`b` c"),
        ("a link", "a [b c](d (e) f) g", "a [b c· g"),
        ("a link by reference", "a [b][c] [c] [d]\n\n[c]: e", "a [b]· · [d]\n\n·"),
        ("a footnote", "a[^b] c", "a· c"),
        ("a wiki link", "a [[b]] [[c|d]] e", "a · ·d]] e"),
        ("an address", "a <http://b.c> https://d.e/f g", "a · · g"),
        ("tags", "a <b class=\"c\">d</b> e < f", "a ·d· e < f"),
        ("preformatted", "a <pre>b c</pre> d", "a · d"),
        (
            "what shows code and samples",
            "a <samp>b</samp> <tt>c</tt> <KBD>d</kbd> <var>e</var> f",
            "a · · · · f",
        ),
        ("scripts and styles", "a <script>b</script> <style>.c {}</style> d", "a · · d"),
        ("a drawing", "a <svg width=\"1\"><text>b</text></svg> c <svg/> d", "a · c · d"),
        ("a drawing with a blank line", "<svg>\n<text>b</text>\n\n<text>c</text>\n</svg>\n\nd", "·\n\nd"),
        ("preformatted over paragraphs", "a <pre>b\n\nc</pre> d", "a · d"),
        ("a tag without an end", "a <pre> b <samp> c\n\nd", "a · b · c\n\nd"),
        ("a comment", "a <!-- b --> c", "a · c"),
        ("a comment over lines", "a <!-- b\nc\n\nd --> e\nf", "a ·\n·\n\n·\nf"),
        ("a comment over blocks", "a <!-- b\n\n## c\n\n- d --> e\n- f", "a ·\n\n·\n\n·\n- f"),
        ("a block of HTML", "<div>\na\n</div>\n\nb", "·\n·\n·\n\nb"),
        ("a table", "|a|`b`|\n|-|-|\n|c|d|", "|a|·|\n|-|-|\n|c|d|"),
        ("an image", "a ![b](c \"d\") e", "a ![b· e"),
        ("a link in a link's text", "[![a](b)](c) d", "[![a·· d"),
        ("no link", "a ](b c) [d](e\nf)", "a · [d](e\nf)"),
        ("a comment in code", "a `<!--` b\nc", "a · b\nc"),
    ] {
        assert_eq!(shown(text), expected, "{name}");
    }
}

#[test]
fn what_is_left_open() {
    for (text, expected) in [
        ("a", None),
        ("```\nb", Some("```")),
        ("```", Some("```")),
        ("~~~~\nb\n~~~", Some("~~~~")),
        ("```\r\nb\r\n```\r\n", None),
        ("````md\n```\n````\n", None),
        ("```\nb\n    ```", Some("```")),
        ("> ```\n> b", None),
        ("- ```\n  b", None),
        ("a <!-- b\nc", Some("-->")),
        ("- a <!-- b", Some("-->")),
        ("<!-- b\n\nc", Some("-->")),
        ("<!-- b -->", None),
        ("<pre>\n\nb", Some("</pre>")),
        ("<pre>\n\n</style>", None),
        ("<prefix>\n\nb", None),
    ] {
        assert_eq!(Markdown::of(text, 0).open_end(), expected, "{text}");
    }
}

fn code(text: &str) -> Vec<&str> {
    Markdown::of(text, 0).code().iter().map(|span| &text[span.clone()]).collect()
}

#[test]
fn code_is_between_backticks() {
    let rows: [(&str, &str, &[&str]); 9] = [
        ("one", "a `b` c", &["b"]),
        ("over two lines", "a `b\nc` d `e`", &["b\nc", "e"]),
        ("not over a blank line", "a `b\n\nc `d`", &["d"]),
        ("not from item to item", "* a `b\n* c `d`", &["d"]),
        ("two backticks hold one", "``a ` b``", &["a ` b"]),
        ("escaped", "\\`a `b`", &["b"]),
        ("in a fence", "```\n`a`\n```\n`b`", &["b"]),
        ("in a longer fence", "````\n```\n`a`\n````\n`b`", &["b"]),
        ("a fence without an end", "~~~\n`a`", &[]),
    ];
    for (name, text, expected) in rows {
        assert_eq!(code(text), expected, "{name}");
    }
}

#[test]
fn headings_are_outside_of_fences() {
    let text = "# A\n```\n# B\n```\n#C\n##   D  \r\n";
    let seen = Markdown::of(text, 0);
    let titles: Vec<_> = seen.headings().iter().map(|h| (h.level, &text[h.title.clone()])).collect();
    assert_eq!(titles, [(1, "A"), (2, "D")]);
}

#[test]
fn headings_are_those_of_the_page() {
    let text = "#  A *b* ##\nc\n---\n> ## D\n\n- ## E\n\n  ## F\n#\n<!--\n# G\n-->\n## H #i\r\n\tj\n";
    let seen = Markdown::of(text, 0);
    let titles: Vec<_> = seen.headings().iter().map(|h| (h.level, &text[h.title.clone()])).collect();
    assert_eq!(titles, [(1, "A *b*"), (1, ""), (2, "H #i")]);
    let last = seen.headings().last().unwrap();
    assert_eq!((&text[last.span.clone()], &text[last.end..]), ("## H #i", "\tj\n"));
}

#[test]
fn fences_have_a_language_and_a_body() {
    let text = "```Rust,ignore\na\n\nb\n```\n- ~~~ \n  c\n  ~~~\n\n```\n```\n```py\nd";
    let seen = Markdown::of(text, 0);
    let all: Vec<_> = seen.fences().iter().map(|f| (f.language.as_str(), &text[f.body.clone()])).collect();
    assert_eq!(all, [("rust", "a\n\nb\n"), ("", "c\n"), ("", ""), ("py", "d")]);
    let code = |line: &&super::Line| line.code;
    assert_eq!(seen.lines().iter().filter(code).count(), 12);
}

#[test]
fn prose_is_what_belongs_together() {
    let rows: [(&str, &str, &[&str]); 5] = [
        ("paragraphs", "a\nb\n\nc", &["a\nb", "c"]),
        ("items", "- a\n  - b\n\n    c\n1. d", &["a", "b", "c", "d"]),
        ("cells", "|a|b|\n|-|-|\n|c|d|", &["a", "b", "c", "d"]),
        ("a heading", "# *a* b\nc", &["*a* b", "c"]),
        ("none", "```\na\n```\n\n    b\n<!-- c -->\n\n[d]: e\n***\n", &[]),
    ];
    for (name, text, expected) in rows {
        let seen = Markdown::of(text, 0);
        let found: Vec<&str> = seen.prose().iter().map(|run| &text[run.clone()]).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn what_nobody_sees_is_empty() {
    let rows = [
        ("nothing", "", true),
        ("a comment", "\n<!-- write\n here -->\n", true),
        ("a comment without an end", "<!-- a", true),
        ("a heading", "### Sub\n", true),
        ("words after a comment", "<!-- a --> b", false),
    ];
    for (name, text, expected) in rows {
        assert_eq!(is_empty(text), expected, "{name}");
    }
}

proptest! {
    #[test]
    fn every_place_is_one_of_the_text(text in "([#`~ \\n\\r*>a-cé.:|\\[\\]()!<&-]|```|<!--|-->|\\[\\[|<pre>|# |    ){0,80}") {
        let seen = Markdown::of(&text, 0);
        let fences = seen.fences().iter().map(|fence| fence.body.clone());
        for span in seen.code().iter().cloned().chain(seen.words()).chain(fences).chain(seen.hidden().to_vec()).chain(seen.prose().to_vec()) {
            prop_assert!(text.get(span).is_some());
        }
        let joined: String = seen.lines().iter().map(|line| &text[line.span.start..line.end]).collect();
        prop_assert_eq!(&joined, &text);
        for places in [seen.hidden(), seen.prose()] {
            prop_assert!(places.windows(2).all(|two| two[0].end <= two[1].start));
        }
        for heading in seen.headings() {
            prop_assert!(text.get(heading.title.clone()).is_some_and(|title| !title.contains('\n')));
            prop_assert!(heading.span.start <= heading.title.start && heading.title.end <= heading.span.end);
        }
    }
}
