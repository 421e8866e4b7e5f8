//! Tests of reading and writing frontmatter.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{MOST_BYTES, Page};

const SAMPLE: &str =
    "---\nid: \"a\"\nlist:  [1,2]   \n\nnothing: null\nother_1: {\"b\": [true]}\n---\n\nBody: text\n---\n";

fn page(text: &str) -> Page {
    Page::parse(text).unwrap_or_else(|errors| panic!("{errors:?}"))
}

#[test]
fn a_page_and_its_parts() {
    let page = page(SAMPLE);
    let keys: Vec<&str> = page.fields().iter().map(|field| field.key.as_str()).collect();
    assert_eq!(keys, ["id", "list", "nothing", "other_1"]);
    let list = page.field("list").unwrap();
    assert_eq!(&SAMPLE[list.value_span.clone()], "[1,2]");
    assert_eq!(&SAMPLE[list.key_span.clone()], "list");
    assert_eq!(page.body(), "\nBody: text\n---\n");
    assert_eq!(page.text(), SAMPLE);
}

#[test]
fn mistakes() {
    let long = format!("---\n{}", "a".repeat(MOST_BYTES));
    let many = format!("---\n{}---\n", "no\n".repeat(1000));
    for (name, text, expected) in [
        ("empty", "", vec!["0..0 the page doesn't begin with frontmatter"]),
        ("none", "\u{feff}# A\nb", vec!["3..6 the page doesn't begin with frontmatter"]),
        ("no end", "---\nno\na: 1", vec!["0..3 the frontmatter doesn't end"]),
        ("old ends of lines", "---\ra: 1\r---\r", vec!["0..13 the page doesn't begin with frontmatter"]),
        ("no colon", "---\nno\n---\n", vec!["4..6 a line of the frontmatter has no colon"]),
        (
            "several",
            "---\nA: 1\na: x\nb: 1\nb: 2\n---\n",
            vec![
                "4..5 `A` is no key",
                "12..13 the value of `a` is no JSON: expected value",
                "19..20 `b` is set twice",
            ],
        ),
        (
            "two lines",
            "---\na: [1,\n2]\n---\n",
            vec![
                "7..10 the value of `a` is no JSON: EOF while parsing a value",
                "11..13 a line of the frontmatter has no colon",
            ],
        ),
        ("too long", &long, vec!["0..0 the page has 1048580 bytes, and a page has at most 1048576"]),
    ] {
        let errors = Page::parse(text).unwrap_err();
        let said: Vec<String> =
            errors.iter().map(|error| format!("{}..{} {error}", error.span.start, error.span.end)).collect();
        assert_eq!(said, expected, "{name}");
    }
    assert_eq!(Page::parse(&many).unwrap_err().len(), 50);
}

#[test]
fn what_is_set_changes_its_value_only() {
    let set = |text: &str, key: &str, value: Value| page(text).with(key, &value).text().to_owned();
    let crlf = SAMPLE.replace('\n', "\r\n");
    for (name, is, expected) in [
        (
            "in place",
            set(SAMPLE, "list", json!(["x", {"y": 1}])),
            SAMPLE.replace("[1,2]", "[\"x\", {\"y\": 1}]"),
        ),
        ("the same, spelt otherwise", set(SAMPLE, "list", json!([1, 2])), SAMPLE.to_owned()),
        ("new", set(SAMPLE, "new", json!("a\nb")), SAMPLE.replacen("---\n\n", "new: \"a\\nb\"\n---\n\n", 1)),
        ("CRLF", set(&crlf, "new", json!(1)), crlf.replacen("---\r\n\r\n", "new: 1\r\n---\r\n\r\n", 1)),
        ("without", page(SAMPLE).without("list").text().to_owned(), SAMPLE.replace("list:  [1,2]   \n", "")),
        ("without what isn't there", page(SAMPLE).without("gone").text().to_owned(), SAMPLE.to_owned()),
        ("body", page("---\na: 1\n---\nb").with_body("c").text().to_owned(), "---\na: 1\n---\nc".to_owned()),
        (
            "body of none",
            page("---\na: 1\n---").with_body("c").text().to_owned(),
            "---\na: 1\n---\nc".to_owned(),
        ),
    ] {
        assert_eq!(is, expected, "{name}");
        assert_eq!(page(&is).text(), expected, "{name}");
    }
}

#[test]
fn a_page_may_grow_beyond_the_limit() {
    let text = format!("---\na: 1\n---\n{}", "b".repeat(MOST_BYTES - 13));
    let grown = page(&text).with("a", &json!("a long value"));
    assert!(Page::parse(grown.text()).is_err());
    assert_eq!(grown.field("a").unwrap().value, json!("a long value"));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[ -~]{200,400}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z]{1,4}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

prop_compose! {
    fn written()(
        bom in prop::bool::ANY,
        crlf in prop::bool::ANY,
        keys in prop::collection::btree_map("[a-z_0-9]{1,6}", (value(), "[ \t]{0,3}", "[ \t]{0,3}"), 0..8),
        body in any::<String>(),
        blank in "( {0,2}\n){0,2}",
    ) -> String {
        let fields: Vec<String> = keys
            .into_iter()
            .map(|(key, (value, before, after))| format!("{key}:{before}{value}{after}\n"))
            .collect();
        let text = format!("---\n{blank}{}---\n", fields.concat());
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        let mark = if bom { "\u{feff}" } else { "" };
        format!("{mark}{text}{body}")
    }
}

/// A text with a piece of it cut out, or another put in.
fn mutated(text: &str, at: prop::sample::Index, cut: usize, put: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = at.index(chars.len() + 1);
    let end = (at + cut).min(chars.len());
    chars.splice(at..end, put.chars());
    chars.into_iter().collect()
}

proptest! {
    #[test]
    fn a_page_is_written_as_it_was_read(text in written(), key in "[a-z_0-9]{1,6}", value in value()) {
        let page = page(&text);
        prop_assert_eq!(page.text(), &text);
        for field in page.fields() {
            let same = page.with(&field.key, &field.value);
            prop_assert_eq!(same.text(), &text);
        }
        let set = page.with(&key, &value);
        prop_assert_eq!(&set.field(&key).unwrap().value, &value);
        prop_assert_eq!(set.body(), page.body());
        for field in page.fields().iter().filter(|field| field.key != key) {
            let kept = set.field(&field.key).unwrap();
            prop_assert_eq!(&text[field.value_span.clone()], &set.text()[kept.value_span.clone()]);
        }
        if page.field(&key).is_none() {
            let back = set.without(&key);
            prop_assert_eq!(back.text(), &text);
        }
        let bodied = page.with_body("other\n");
        prop_assert_eq!(bodied.body(), "other\n");
        prop_assert_eq!(bodied.fields(), page.fields());
    }

    #[test]
    fn a_mutated_page_is_an_error_or_itself(
        text in written(),
        at in any::<prop::sample::Index>(),
        cut in 0_usize..8,
        put in prop_oneof![Just("---\n".to_owned()), Just("\r".to_owned()), Just("\n".to_owned()), any::<String>()],
    ) {
        let text = mutated(&text, at, cut, &put);
        match Page::parse(&text) {
            Ok(page) => {
                prop_assert_eq!(page.text(), &text);
                for field in page.fields() {
                    let same = page.with(&field.key, &field.value);
                    prop_assert_eq!(same.text(), &text);
                    let read: Value = serde_json::from_str(&text[field.value_span.clone()]).unwrap();
                    prop_assert_eq!(&read, &field.value);
                }
            }
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                for error in errors {
                    prop_assert!(text.get(error.span).is_some());
                }
            }
        }
    }
}
