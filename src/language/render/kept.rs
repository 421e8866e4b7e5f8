//! The files that are rendered from terms and lie beside them: what they should be, and whether they are.

use std::collections::BTreeMap;

use crate::language::finding::Finding;
use crate::language::rule::{Found, Rule};
use crate::language::terms::TermFile;
use crate::language::terms::section::ended_like;
use crate::language::wiki::WikiPage;
use crate::model::language::{Language, Level};

use super::glossary::{self, Head};
use super::map::map;

/// The rule that they are as they should be.
pub const RENDERED: Rule<()> = Rule {
    name: "rendered",
    level: Level::Error,
    doc: "the glossary and the context map are as they are rendered from the terms",
    check: (),
};

/// The rendered files that config asks for. `there` gives what lies at a path now: the head of a glossary is kept, and so are the
/// ends of lines.
pub fn rendered<'t>(
    terms: &[&TermFile],
    language: &Language,
    there: impl Fn(&str) -> Option<&'t str>,
) -> Vec<WikiPage> {
    let glossary = language.glossary.iter().map(|path| {
        let head = there(path).map_or_else(Head::default, Head::of);
        let text = glossary::render(terms.iter().map(|file| &file.term), &head);
        (path, text)
    });
    let map = language.map.iter().map(|path| (path, map(terms)));
    let page = |(path, text): (&String, String)| WikiPage {
        path: path.clone(),
        text: ended_like(text, there(path)),
    };
    glossary.chain(map).map(page).collect()
}

/// What of it is missing or differs.
pub fn stale(should: &[WikiPage], there: &[WikiPage], levels: &BTreeMap<String, Level>) -> Vec<Finding> {
    let level = RENDERED.level(levels);
    let mut found = Vec::new();
    for page in should.iter().filter(|_| level != Level::Off) {
        let is = there.iter().find(|it| it.path == page.path);
        if is.is_some_and(|is| is.text == page.text) {
            continue;
        }
        let says = if is.is_some() { "differs from what the terms render to" } else { "isn't there" };
        let wrong = Found::new(&page.path, 0..0, format!("the rendered page {says}"))
            .help("run `factoryctl term render`");
        let wrong = match is {
            Some(is) => wrong.fix(0..is.text.len(), page.text.clone()),
            None => wrong,
        };
        found.push(wrong.of(RENDERED.name, level));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::terms::samples::{ID_A, Sample, language};

    #[test]
    fn the_ends_of_lines_stay() {
        let file = Sample::new(ID_A, "Crane").read("t/a.md").file.unwrap();
        let (glossary, map) = (Some("g.md".to_owned()), Some("m.md".to_owned()));
        let language = Language { glossary, map, ..language() };
        let new = rendered(&[&file], &language, |_| None);
        assert!(new.iter().all(|page| !page.text.contains('\r')));
        let crlf: Vec<String> = new.iter().map(|page| page.text.replace('\n', "\r\n")).collect();
        let there = |path: &str| Some(if path == "g.md" { crlf[0].as_str() } else { crlf[1].as_str() });
        let again = rendered(&[&file], &language, there);
        assert_eq!(again.iter().map(|page| &page.text).collect::<Vec<_>>(), crlf.iter().collect::<Vec<_>>());
        assert_eq!(stale(&again, &again, &BTreeMap::new()), []);
        assert_eq!(
            rendered(&[&file], &language, |path| new
                .iter()
                .find(|it| it.path == path)
                .map(|it| it.text.as_str())),
            new
        );
    }
}
