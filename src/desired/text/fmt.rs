//! The canonical form: indented by nesting, at most one blank line, no trailing space, a line break at the end.
//!
//! Works on tokens, so that comments, `/-`, raw and multi-line text stay byte for byte; what stands on one line
//! stays on one line. (The parser's own formatter drops and rewrites some of these.)

use crate::desired::diagnostic::{Diagnostic, Sink};
use crate::model::{ConfigFile, ConfigFiles};

use super::lex::{Kind, Token};
use super::{Files, Spelling, lex, lex_toml, parse};

/// The file in canonical form.
///
/// # Errors
/// What is wrong with its syntax; a file that can't be read isn't changed.
pub fn format(file: &ConfigFile) -> Result<String, Vec<Diagnostic>> {
    let config = ConfigFiles { files: vec![file.clone()], ..ConfigFiles::default() };
    let mut sink = Sink::default();
    let files = Files::new(&config, &mut sink);
    match files.files.first() {
        Some(file) if parse(&files, 0, &mut sink).is_some() => Ok(layout(&file.text, file.spelling)),
        _ => Err(sink.finish(&files)),
    }
}

const INDENT: &str = "    ";

fn layout(text: &str, spelling: Spelling) -> String {
    let tokens = match spelling {
        Spelling::Kdl => lex::tokens(text),
        Spelling::Toml => lex_toml::tokens(text),
    };
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_usize;
    let mut blank = false;
    let mut last = None;
    for line in tokens.split(|t| t.kind == Kind::Newline) {
        let line = trim(line);
        let Some(first) = line.first() else {
            blank = true;
            continue;
        };
        let closers = line.iter().take_while(|t| matches!(t.kind, Kind::Close | Kind::Space));
        let closers = closers.filter(|t| t.kind == Kind::Close).count();
        let goes_on = last == Some(Kind::Continuation);
        // Right after an opening and right before a closing brace no line is left blank, nor at the top; but
        // after `\` a blank line ends the node, so it stays.
        let tight = out.is_empty() || last == Some(Kind::Open) || first.kind == Kind::Close;
        if blank && (!tight || goes_on) {
            out.push('\n');
        }
        let level = depth.saturating_sub(closers) + usize::from(goes_on && !blank);
        out.extend(std::iter::repeat_n(INDENT, level));
        for token in line {
            out.push_str(&text[token.start..token.end]);
        }
        if line.last().is_some_and(|t| t.kind == Kind::LineComment) {
            out.truncate(out.trim_end().len());
        }
        out.push('\n');
        for token in line {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth = depth.saturating_sub(1),
                Kind::Space
                | Kind::Newline
                | Kind::LineComment
                | Kind::BlockComment
                | Kind::Slashdash
                | Kind::Text
                | Kind::Semicolon
                | Kind::Continuation
                | Kind::Equals
                | Kind::Word => {}
            }
        }
        let meaning = line
            .iter()
            .rev()
            .find(|t| !matches!(t.kind, Kind::Space | Kind::LineComment | Kind::BlockComment));
        last = meaning.map(|t| t.kind);
        blank = false;
    }
    out
}

/// The line without white space around it.
fn trim(line: &[Token]) -> &[Token] {
    let solid = |t: &Token| t.kind != Kind::Space;
    let start = line.iter().position(solid).unwrap_or(line.len());
    let end = line.iter().rposition(solid).map_or(start, |i| i + 1);
    &line[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fmt(path: &str, text: &str) -> String {
        format(&ConfigFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() })
            .unwrap_or_else(|d| panic!("{d:?}\n{text}"))
    }

    /// What a document means, without any of its formatting.
    fn meaning(text: &str) -> String {
        let mut document = kdl::KdlDocument::parse_v2(text).unwrap();
        document.autoformat_no_comments();
        document.to_string()
    }

    fn comments(path: &str, text: &str) -> Vec<String> {
        let tokens = if path.ends_with("kdl") { lex::tokens(text) } else { lex_toml::tokens(text) };
        let is_comment = |t: &&Token| matches!(t.kind, Kind::LineComment | Kind::BlockComment);
        let mut all: Vec<_> =
            tokens.iter().filter(is_comment).map(|t| text[t.start..t.end].trim_end().to_owned()).collect();
        all.sort();
        all
    }

    #[test]
    fn kdl_is_indented_and_keeps_what_people_wrote() {
        let text = "\n\n// about\n  factory \"acme\"   // trailing  \n\n\n\nrepo \"a/b\" {\n\n  has-wiki #false; has-issues #true\n/- archived #true\n      description #\"raw \\ text\"#\n  labels { label \"bug\" {\n color \"d73a4a\"\n}}\n\n}\nrepo \"a/c\" \\\n  create=#true\nloop \"x\" {\n  note \"\"\"\n     two\n       lines\n     \"\"\"\n}";
        insta::assert_snapshot!(fmt("a.kdl", text), @r##"
        // about
        factory "acme"   // trailing

        repo "a/b" {
            has-wiki #false; has-issues #true
            /- archived #true
            description #"raw \ text"#
            labels { label "bug" {
                    color "d73a4a"
            }}
        }
        repo "a/c" \
            create=#true
        loop "x" {
            note """
             two
               lines
             """
        }
        "##);
    }

    #[test]
    fn toml_is_indented_and_keeps_what_people_wrote() {
        let text = "\n# about\n  [repo.\"a/b\"]  # trailing \n\n\n  topics = [\n\"a\", # one\n     \"b\",\n ]\nx = '''\n   kept  \n\n\n'''\n";
        insta::assert_snapshot!(fmt("a.toml", text), @r#"
        # about
        [repo."a/b"]  # trailing

        topics = [
            "a", # one
            "b",
        ]
        x = '''
           kept  


        '''
        "#);
    }

    fn kdl_text() -> impl proptest::strategy::Strategy<Value = String> {
        let piece = proptest::sample::select(vec![
            "repo \"a/b\"",
            " create=#true",
            "{",
            "{\n",
            "}",
            "}\n",
            "\n",
            "\n\n\n",
            ";",
            " ",
            "  \t",
            " // why  \n",
            "// c\n",
            "/* block\n   comment */",
            "/-",
            "x",
            " \"te xt\"",
            " #\"raw\"#",
            " \\\n",
            " \\ // on\n",
            " 12",
            " \"\"\"\n   a\n     b\n   \"\"\"",
            "\r\n",
            "\u{2028}",
        ]);
        proptest::strategy::Strategy::prop_map(proptest::collection::vec(piece, 0..25), |p| p.concat())
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { cases: 4000, max_global_rejects: 400_000, ..Default::default() })]

        #[test]
        fn kdl_keeps_meaning_and_comments_and_is_stable(text in kdl_text()) {
            let mut sink = Sink::default();
            proptest::prop_assume!(lex::check(&text, 0, &mut sink));
            proptest::prop_assume!(kdl::KdlDocument::parse_v2(&text).is_ok());
            let once = fmt("a.kdl", &text);
            proptest::prop_assert_eq!(meaning(&once), meaning(&text));
            proptest::prop_assert_eq!(comments("a.kdl", &once), comments("a.kdl", &text));
            proptest::prop_assert_eq!(fmt("a.kdl", &once), once);
        }

        #[test]
        fn toml_keeps_meaning_and_comments_and_is_stable(
            lines in proptest::collection::vec(proptest::sample::select(vec![
                "", "  ", "# c  ", "  [repo.\"a\"] # t", "[[allow]]", "x = \"a # b\"", " y = [", "1,", "  2 # two", "]",
                "z = '''", "  [kept", "'''", "w = { a = 1, b = [2] }", "v = \"\\\"[\"", "u.t = \"\"\"x\"\"\"\"",
            ]), 0..14),
        ) {
            let text = lines.join("\n");
            let Ok(before) = text.parse::<toml::Table>() else { return Ok(()) };
            let once = fmt("a.toml", &text);
            proptest::prop_assert_eq!(once.parse::<toml::Table>().ok(), Some(before));
            proptest::prop_assert_eq!(comments("a.toml", &once), comments("a.toml", &text));
            proptest::prop_assert_eq!(fmt("a.toml", &once), once);
        }
    }
}
