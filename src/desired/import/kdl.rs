//! Nodes as KDL text: quoting, indentation, comments.

use std::fmt::Write as _;

/// The width after which a list of values goes on in the next line.
const WIDTH: usize = 110;

/// A node to be written.
#[derive(Debug)]
pub(super) struct Node {
    /// The name and, after it, values that are KDL already.
    words: Vec<String>,
    body: Vec<Item>,
}

#[derive(Debug)]
enum Item {
    Node(Node),
    Comment(String),
}

impl Node {
    /// A node of this name.
    pub(super) fn new(name: &str) -> Self {
        Self { words: vec![name.to_owned()], body: Vec::new() }
    }

    /// The same with a value after what it has: text.
    pub(super) fn text(self, text: &str) -> Self {
        self.word(quote(text))
    }

    /// The same with a value that is KDL already.
    pub(super) fn word(mut self, word: impl Into<String>) -> Self {
        self.words.push(word.into());
        self
    }

    /// The same with a text as a property.
    pub(super) fn prop(self, name: &str, text: &str) -> Self {
        self.word(format!("{name}={}", quote(text)))
    }

    /// Puts a node into its braces.
    pub(super) fn push(&mut self, node: Self) {
        self.body.push(Item::Node(node));
    }

    /// Puts a comment into its braces.
    pub(super) fn comment(&mut self, text: impl Into<String>) {
        self.body.push(Item::Comment(text.into()));
    }

    /// Whether nothing stands in its braces.
    pub(super) fn is_bare(&self) -> bool {
        self.body.is_empty()
    }

    /// Appends the node as whole lines.
    pub(super) fn write(&self, out: &mut String) {
        self.write_at(0, out);
    }

    fn write_at(&self, depth: usize, out: &mut String) {
        let indent = "    ".repeat(depth);
        out.push_str(&indent);
        let mut column = indent.len();
        for (i, word) in self.words.iter().enumerate() {
            let width = word.chars().count() + 1;
            // Only lists are that long; their first values stay with the name.
            if i > 1 && column + width > WIDTH && self.body.is_empty() {
                let _ = write!(out, " \\\n{indent}    ");
                column = indent.len() + 4;
            } else if i > 0 {
                out.push(' ');
            }
            out.push_str(word);
            column += width;
        }
        if self.body.is_empty() {
            out.push('\n');
            return;
        }
        out.push_str(" {\n");
        for item in &self.body {
            match item {
                Item::Node(node) => node.write_at(depth + 1, out),
                Item::Comment(text) => {
                    let _ = writeln!(out, "{indent}    // {}", one_line(text));
                }
            }
        }
        let _ = writeln!(out, "{indent}}}");
    }
}

/// Text as KDL 2 writes it: what may not stand there as it is, or would be read otherwise, is escaped.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => show(c, &mut out),
        }
    }
    out.push('"');
    out
}

/// Text that stays within a comment, or within a line on a terminal, whatever is in it.
pub(super) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| show(c, &mut out));
    out
}

/// The character, or its number where it ends lines, turns the direction of reading, or can't be seen.
fn show(c: char, out: &mut String) {
    let hidden = c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    if hidden {
        let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
    } else {
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_becomes_lines() {
        let mut repo = Node::new("repo").text("acme/widgets").word("create=#true");
        repo.push(Node::new("description").text("a \"b\" \\ c\nd\u{202e}"));
        let mut labels = Node::new("labels").text("common");
        labels.push(Node::new("label").text("bug").prop("color", "d73a4a"));
        repo.comment("left out:\n\u{1b}");
        repo.push(labels);
        let mut out = String::new();
        repo.write(&mut out);
        insta::assert_snapshot!(out, @r#"
        repo "acme/widgets" create=#true {
            description "a \"b\" \\ c\nd\u{202e}"
            // left out:\u{a}\u{1b}
            labels "common" {
                label "bug" color="d73a4a"
            }
        }
        "#);
    }

    #[test]
    fn a_long_list_goes_on_in_the_next_line() {
        let list = (0..15).fold(Node::new("match"), |node, i| node.text(&format!("acme/service-{i}")));
        let mut out = String::new();
        list.write(&mut out);
        assert!(out.lines().count() == 3 && out.lines().all(|l| l.len() <= WIDTH + 2), "{out}");
        let read = kdl::KdlDocument::parse_v2(&out).unwrap();
        assert_eq!(read.nodes()[0].entries().len(), 15);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_as_it_was_written(text in proptest::prelude::any::<String>(), odd in "[\u{0}-\u{20}\"\\\\\u{7f}-\u{a0}\u{2000}-\u{2070}\u{feff}]{0,8}") {
            let text = text + &odd;
            let mut node = Node::new("description").text(&text).prop("p", &text);
            node.comment(text.clone());
            let mut out = String::new();
            node.write(&mut out);
            let read = kdl::KdlDocument::parse_v2(&out).map_err(|e| proptest::test_runner::TestCaseError::fail(format!("{out}: {e}")))?;
            let entries = read.nodes()[0].entries();
            proptest::prop_assert_eq!(entries[0].value().as_string(), Some(text.as_str()));
            proptest::prop_assert_eq!(entries[1].value().as_string(), Some(text.as_str()));
        }
    }
}
