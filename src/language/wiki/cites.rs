//! What pages of the wiki cite, and whether it is there: `path.ext:symbol`, files of code, dotted paths of modules, and names in
//! fences.
//!
//! Lines and placeholders aren't citations, and names in fences are hints only: an example may well be about other code.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::language::adr::{Pointed, read_citation};
use crate::language::code::{Answer, Code, MODULE_FILES};
use crate::language::finding::Finding;
use crate::language::markdown::Markdown;
use crate::language::rule::{Found, Rule};
use crate::model::language::{Anchor, Level};

use super::page::WikiPage;

/// The rule about them; [`lint`] checks it.
pub const CITATION: Rule<()> = Rule {
    name: "wiki-citation",
    level: Level::Error,
    doc: "the symbols, files and modules that pages of the wiki cite are there",
    check: (),
};

/// Folders, files and names that examples have.
const PLACEHOLDERS: [&str; 12] = [
    "path",
    "file",
    "module",
    "example",
    "foo",
    "bar",
    "symbol",
    "class",
    "classname",
    "name",
    "nnnn",
    "xxx",
];

/// How many names of fences are told.
const MOST_HINTS: usize = 10;

/// The most names of fences that are looked up.
const MOST_NAMES: usize = 500;

/// A citation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cite {
    /// Its bytes, where it stands first.
    pub span: Range<usize>,
    /// What it cites.
    pub style: Style,
}

/// What is cited.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Style {
    /// `path.ext:symbol`.
    Anchor(Anchor),
    /// A dotted path of modules, below a root that is declared.
    Dotted(String),
    /// The path of a file, below a root that is declared.
    File(String),
}

/// Whether what is cited is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// It is.
    There,
    /// It isn't.
    Missing {
        /// What was probably meant.
        suggestion: Option<String>,
    },
    /// Nobody can tell, and why.
    Unknown(String),
}

/// A name in a fence that no file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Its bytes, where it stands first.
    pub span: Range<usize>,
    /// The name.
    pub name: String,
}

/// What a page cites, each once. `roots` are the folders whose modules have dotted paths.
pub fn cites(text: &str, roots: &[String]) -> Vec<Cite> {
    let seen = Markdown::page(text);
    let code = seen.code().iter().cloned().map(|span| (trimmed(text, span), true));
    let words = seen.words().into_iter().map(|span| (span, false));
    let mut all: Vec<(Range<usize>, bool)> = code.chain(words).collect();
    all.sort_by_key(|(span, code)| (span.start, !code));
    let (mut known, mut found) = (BTreeSet::new(), Vec::new());
    for (span, code) in all {
        let word = &text[span.clone()];
        let style = match read_citation(word) {
            Some(Pointed::Symbol(anchor)) if !is_placeholder(anchor.path()) => Some(Style::Anchor(anchor)),
            Some(Pointed::Symbol(_) | Pointed::Line { .. }) => None,
            None if code => {
                dotted(word, roots).map(Style::Dotted).or_else(|| file(word, roots).map(Style::File))
            }
            None => None,
        };
        if let Some(style) = style.filter(|style| known.insert(style.clone())) {
            found.push(Cite { span, style });
        }
    }
    found
}

/// Whether what a page cites is there, and if not, what was probably meant.
pub fn verify(cite: &Cite, code: &dyn Code) -> Verified {
    let answer = match &cite.style {
        Style::Anchor(anchor) => code.resolves(anchor),
        Style::Dotted(dotted) => code.has_dotted(dotted),
        Style::File(path) => code.has_file(path),
    };
    match answer {
        Answer::Yes => Verified::There,
        Answer::Unknown { why } => Verified::Unknown(why),
        Answer::No { suggestion } => Verified::Missing { suggestion },
    }
}

/// What is wrong with the citations of a page, as findings. What nobody can tell is no more than a warning.
pub fn lint(page: &WikiPage, roots: &[String], code: &dyn Code, level: Level) -> Vec<Finding> {
    if level == Level::Off {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for cite in cites(&page.text, roots) {
        let word = &page.text[cite.span.clone()];
        let at = |message: String| Found::new(&page.path, cite.span.clone(), message);
        let found = match verify(&cite, code) {
            Verified::There => continue,
            Verified::Missing { suggestion } => {
                let help = suggestion.map_or_else(
                    || "cite what there is, or say it without".to_owned(),
                    |meant| format!("did it become `{meant}`?"),
                );
                at(format!("`{word}` isn't there")).help(help)
            }
            Verified::Unknown(why) => at(format!("whether `{word}` is there can't be told: {why}"))
                .help("look by hand, or mend what keeps it from being read")
                .warning(),
        };
        findings.push(found.of(CITATION.name, level));
    }
    findings
}

/// Names in the fences of a page that look like names of types or functions and that no file has.
pub fn hints(text: &str, code: &dyn Code) -> Vec<Hint> {
    const PROSE: [&str; 8] = ["", "text", "txt", "console", "sh", "bash", "mermaid", "json"];
    let (mut known, mut found) = (BTreeSet::new(), Vec::new());
    let seen = Markdown::page(text);
    for fence in seen.fences().iter().filter(|fence| !PROSE.contains(&fence.language.as_str())) {
        let mut at = fence.body.start;
        for part in text[fence.body.clone()].split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_')) {
            let name = part.trim_end_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
            let span = at..at + name.len();
            at += part.len();
            let fresh = is_name(name) && known.len() < MOST_NAMES && known.insert(name);
            if fresh && found.len() < MOST_HINTS && matches!(code.has_name(name), Answer::No { .. }) {
                found.push(Hint { span, name: name.to_owned() });
            }
        }
    }
    found
}

/// Whether a word looks like the name of a type or a function: several words in one.
pub(super) fn is_name(word: &str) -> bool {
    let mut chars = word.chars();
    let first = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let inner = word.trim_matches('_');
    let hump = inner.chars().zip(inner.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    first && (hump || inner.contains('_'))
}

/// A dotted path below a root: `src.plan.Guard`, `crate::plan::Guard`.
fn dotted(word: &str, roots: &[String]) -> Option<String> {
    let dotted = path_of_modules(word)?;
    let below = |root: &str| dotted.strip_prefix(root).is_some_and(|rest| rest.starts_with('.'));
    let rooted =
        below("crate") || roots.iter().any(|root| !root.is_empty() && below(&root.replace('/', ".")));
    rooted.then_some(dotted)
}

/// The dotted paths that a text has in code, each once, wherever they begin.
pub fn dotted_paths(text: &str) -> BTreeSet<String> {
    let seen = Markdown::page(text);
    seen.code().iter().filter_map(|span| path_of_modules(text[span.clone()].trim())).collect()
}

/// The files that a dotted path may lead into, the nearest first: those of its modules, from the longest on.
pub fn files_of(dotted: &str) -> Vec<String> {
    let parts: Vec<&str> = dotted.split('.').collect();
    let parts: Vec<&str> = match parts.as_slice() {
        ["crate", rest @ ..] => ["src"].into_iter().chain(rest.iter().copied()).collect(),
        all => all.to_vec(),
    };
    let modules = (1..=parts.len()).rev().map(|n| parts[..n].join("/"));
    modules.flat_map(|module| MODULE_FILES.map(|end| format!("{module}{end}"))).collect()
}

/// A path of modules and names, with dots between them.
fn path_of_modules(word: &str) -> Option<String> {
    let dotted = word.trim_end_matches("()").replace("::", ".");
    let named = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    let parts: Vec<&str> = dotted.split('.').collect();
    let whole = parts.len() >= 3 && parts.len() <= 20 && parts.iter().all(|part| named(part));
    let meant = !parts.iter().skip(1).any(|part| PLACEHOLDERS.contains(&part.to_lowercase().as_str()));
    // A file such as `src.rs` or `src/a.md` has no dots between its modules.
    (whole && meant).then_some(dotted)
}

/// The path of a file below a root: `src/plan/guard.rs`. A folder, a glob or an address is none.
fn file(word: &str, roots: &[String]) -> Option<String> {
    let below = |root: &String| word.strip_prefix(root.as_str()).is_some_and(|rest| rest.starts_with('/'));
    let plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    let (stem, extension) = word.rsplit('/').next()?.rsplit_once('.')?;
    let named = !stem.is_empty() && (1..=10).contains(&extension.len());
    let spelt = extension.chars().all(|c| c.is_ascii_alphanumeric()) && word.chars().all(plain);
    let direct = word.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    (roots.iter().any(below) && named && spelt && direct && !is_placeholder(word)).then(|| word.to_owned())
}

/// Whether a path is one that examples have: `path.py`, `path/to/x.rs`, `src/foo.rs`.
fn is_placeholder(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.split('.').next().unwrap_or(file).to_lowercase();
    PLACEHOLDERS.contains(&stem.as_str()) || path.starts_with("path/") || path.contains("/path/to/")
}

fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let part = &text[span.clone()];
    let start = span.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::code::known::Known;
    use proptest::prelude::*;

    #[test]
    fn a_dotted_path_leads_into_files() {
        let led = |dotted: &str, path: &str| files_of(dotted).iter().any(|file| file == path);
        for (dotted, path, expected) in [
            ("src.plan.Guard.look", "src/plan.py", true),
            ("src.plan.Guard.look", "src/plan/mod.rs", true),
            ("src.plan.guard", "src/plan/guard.go", true),
            ("crate.plan.Guard", "src/plan.rs", true),
            ("src.plan.Guard", "src/plans.py", false),
            ("src.plan.Guard", "lib/src/plan.py", false),
        ] {
            assert_eq!(led(dotted, path), expected, "{dotted} {path}");
        }
        let found = dotted_paths("`src.a.Guard` and `crate::b::C()`, `src.a.Guard`, `a.b`, and src.a.Lost.");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["crate.b.C", "src.a.Guard"]);
    }

    fn code() -> Known {
        Known {
            files: vec![("src/a.py", vec!["Guard", "Guard.look", "plan_all"]), ("src/b.py", vec!["Moved"])],
            unread: vec!["src/broken.py"],
            ..Known::default()
        }
    }

    fn roots() -> Vec<String> {
        vec!["src".to_owned()]
    }

    #[test]
    fn citations_are_verified() {
        let rows = [
            ("there", "`src/a.py:Guard`, and src/a.py:Guard.look."),
            ("moved", "`src/a.py:Moved`"),
            ("a slip", "`src/a.py:Gaurd`"),
            ("nothing like it", "`src/a.py:Zzz` twice: `src/a.py:Zzz`"),
            ("no file", "`src/c.py:Guard`"),
            ("unread", "`src/broken.py:X`"),
            ("a line", "`src/a.py:12`"),
            ("placeholders", "`path.py:symbol` `path/to/x.py:Y` `src/foo.py:Bar` `src.module.Class`"),
            ("dotted", "`src.a.Guard` `src::a::Guard` `src.a.Lost`"),
            ("dotted, and not ours", "`os.path.join` `self.a.b` src.a.Lost `src.a`"),
            ("files", "`src/a.py` `src/lost.py` `lib/b.py` `src/b.rs` src/c.py"),
            (
                "files, and not ours",
                "`src/` `src/*.py` `src/../a.py` `src/foo.py` `https://a.b/src/x.py` `src/a py`",
            ),
            ("in a fence", "```py\nsrc/a.py:Lost `src.a.Lost`\n```"),
        ];
        let told = |(name, text): &(&str, &str)| {
            let line = |finding: Finding| {
                let level = if finding.level == Level::Error { "error" } else { "warning" };
                format!("\n  {level} {}; {}", finding.message, finding.help.unwrap_or_default())
            };
            let page = WikiPage { path: "wiki/a.md".into(), text: (*text).into() };
            let all = lint(&page, &roots(), &code(), Level::Error);
            format!("{name}:{}", all.into_iter().map(line).collect::<String>())
        };
        insta::assert_snapshot!(rows.iter().map(told).collect::<Vec<_>>().join("\n"), @"
        there:
        moved:
          error `src/a.py:Moved` isn't there; did it become `src/b.py:Moved`?
        a slip:
          error `src/a.py:Gaurd` isn't there; did it become `src/a.py:Guard`?
        nothing like it:
          error `src/a.py:Zzz` isn't there; cite what there is, or say it without
        no file:
          error `src/c.py:Guard` isn't there; did it become `src/a.py:Guard`?
        unread:
          warning whether `src/broken.py:X` is there can't be told: the file doesn't parse; look by hand, or mend what keeps it from being read
        a line:
        placeholders:
        dotted:
          error `src.a.Lost` isn't there; cite what there is, or say it without
        dotted, and not ours:
        files:
          error `src/lost.py` isn't there; cite what there is, or say it without
          error `src/b.rs` isn't there; cite what there is, or say it without
        files, and not ours:
        in a fence:
        ");
        let page = WikiPage { path: "a.md".into(), text: "`src/a.py:Zzz`".into() };
        assert_eq!(lint(&page, &roots(), &code(), Level::Off), []);
    }

    #[test]
    fn names_in_fences_are_hints() {
        let text =
            "```py\nplan_all(lost_one, LostOne, lost, lost_one)\n```\n```sh\nrun_it\n```\nother_name\n";
        let names: Vec<String> = hints(text, &code()).into_iter().map(|hint| hint.name).collect();
        assert_eq!(names, ["lost_one", "LostOne"]);
        let names: Vec<String> = (0..99).map(|n| format!("a_{n}")).collect();
        let many = format!("```py\n{}\n```", names.join(" "));
        assert_eq!(hints(&many, &code()).len(), MOST_HINTS);
    }

    proptest! {
        #[test]
        fn any_page_is_looked_through(text in "([`~.:/ \\n\\ra-cé_A]|```py\n|src/a.py:|src\\.a\\.|---\n){0,60}") {
            for cite in cites(&text, &roots()) {
                prop_assert!(text.get(cite.span.clone()).is_some());
                verify(&cite, &code());
            }
            for hint in hints(&text, &code()) {
                prop_assert_eq!(text.get(hint.span), Some(hint.name.as_str()));
            }
        }
    }
}
