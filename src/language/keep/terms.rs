//! What the keepers of terms have in common: the terms that may be changed, and the files that change with them.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::front::Page;
use crate::language::render::kept::rendered;
use crate::language::terms::read::read;
use crate::language::terms::{Listing, Read, TermFile, edit};

use super::{Look, Proposal, in_span};

/// The most problems of one kind that are told one by one.
const MOST_TOLD: usize = 10;

/// The most characters of a path or a name in what people are told.
pub(crate) const SHOWN: usize = 120;

/// The terms in use whose files were read without errors, one for each id, sorted by name.
pub(crate) fn sound<'a>(look: &Look<'a>) -> Vec<&'a TermFile> {
    let broken: BTreeSet<&str> = broken(look).map(|read| read.path.as_str()).collect();
    let listing = Listing::of(look.terms);
    let live = listing.terms().iter().copied().filter(|file| file.term.is_live());
    live.filter(|file| !broken.contains(file.path.as_str())).collect()
}

/// The files that were read with errors: what a list of theirs lacks would be lost if they were changed.
pub(crate) fn broken<'a>(look: &Look<'a>) -> impl Iterator<Item = &'a Read> {
    look.terms.iter().filter(|read| !read.errors.is_empty())
}

/// A sentence for each file of a term that is left alone because of what is wrong in it.
pub(crate) fn left_alone(look: &Look<'_>) -> Vec<String> {
    let mut told: Vec<String> = broken(look)
        .map(|read| {
            let first = read.errors.first().map(|error| error.message.as_str()).unwrap_or_default();
            let path = in_span(&read.path, SHOWN);
            let what = in_span(first, SHOWN);
            format!("{path} is left alone because of what is wrong in it: {what}; run `factoryctl term lint`, then correct it")
        })
        .collect();
    capped(&mut told, "files of terms are left alone; run `factoryctl term lint`, then correct them");
    told
}

/// The first of many problems, and how many more there are.
pub(crate) fn capped(told: &mut Vec<String>, what: &str) {
    if let Some(more) = told.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
        told.truncate(MOST_TOLD);
        told.push(format!("{more} more {what}"));
    }
}

/// Some of many things by name.
pub(crate) fn named<T: ToString>(things: &[T], most: usize) -> String {
    let shown: Vec<String> = things.iter().take(most).map(|it| in_span(&it.to_string(), SHOWN)).collect();
    match things.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A page with the moment of its last change, if anything differs from how it was.
pub(crate) fn touched(before: &TermFile, after: &Page, look: &Look<'_>) -> Option<String> {
    let differs = after.text() != before.page.text();
    differs.then(|| edit::updated_at(after, look.now).text().to_owned())
}

/// The files that differ after some files of terms have other texts, or none: those, and what is rendered from them.
///
/// Where no term changes nothing does. Nothing does either where what is rendered would lose or gain something else: a file of a
/// term that can't be read, or a rendered page that isn't as the terms of now render; what isn't there isn't made.
pub(crate) fn changed(look: &Look<'_>, edits: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut files = edits;
    files.retain(|path, text| {
        let is = look.terms.iter().find(|read| read.path == *path);
        let page = is.and_then(|read| read.file.as_ref()).map(|file| file.page.text());
        page != Some(text.as_str())
    });
    if files.is_empty() || !unread(look).is_empty() || !stale(look).is_empty() {
        return BTreeMap::new();
    }
    let mut after: Vec<Read> =
        look.terms.iter().filter(|read| !files.contains_key(&read.path)).cloned().collect();
    after.extend(files.iter().map(|(path, text)| read(path, text)));
    after.sort_by(|one, other| one.path.cmp(&other.path));
    let there = |path: &str| look.others.iter().find(|page| page.path == path).map(|page| page.text.as_str());
    for page in rendered(Listing::of(&after).terms(), look.language, there) {
        if there(&page.path).is_some_and(|text| text != page.text) {
            files.insert(page.path, page.text);
        }
    }
    files
}

/// A sentence for each file of a term that can't be read at all: what is rendered from the others would lack it.
pub(crate) fn unread(look: &Look<'_>) -> Vec<String> {
    let folder = format!("{}/", look.language.terms);
    let unread = look.terms.iter().filter(|read| read.file.is_none()).map(|read| &read.path);
    unread
        .chain(look.unread.iter().filter(|path| path.starts_with(&folder)))
        .map(|path| {
            let path = in_span(path, SHOWN);
            format!("no term is changed while {path} can't be read: it would be lost from what is rendered; correct it")
        })
        .collect()
}

/// The rendered pages that are there and aren't as the terms render, by path, as they should be.
pub(crate) fn stale(look: &Look<'_>) -> BTreeMap<String, String> {
    let there = |path: &str| look.others.iter().find(|page| page.path == path).map(|page| page.text.as_str());
    let all = rendered(Listing::of(look.terms).terms(), look.language, there).into_iter();
    let stale = all.filter(|page| there(&page.path).is_some_and(|text| text != page.text));
    stale.map(|page| (page.path, page.text)).collect()
}

/// The change that renders anew what isn't as the terms render, and nothing else: so that the next change of a term is only that.
pub(crate) fn rendering(look: &Look<'_>) -> Option<Proposal> {
    let files = stale(look);
    let title = match files.len() {
        0 => return None,
        1 => format!("Render {} from the terms anew", in_span(files.keys().next()?, SHOWN)),
        many => format!("Render {many} pages from the terms anew"),
    };
    let changes = files.keys().map(|path| {
        format!("{} is as the terms render it; what else stood in it is gone", in_span(path, SHOWN))
    });
    Some(Proposal { title, changes: changes.collect(), files })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::language::code::known::Known;
    use crate::language::keep::samples::Repository;
    use crate::language::keep::{Kept, Look, Proposal};
    use crate::language::terms::samples::{ID_A, ID_B, Sample};

    use super::{Listing, capped, changed, left_alone, read, rendered, sound};

    const PATH: &str = "wiki/terms/crane.md";

    fn proposing(look: &Look<'_>, edits: &[(&str, String)]) -> Kept {
        let edits: BTreeMap<String, String> =
            edits.iter().map(|(path, text)| ((*path).to_owned(), text.clone())).collect();
        let proposal = Proposal { title: "T".into(), changes: vec![], files: changed(look, edits) };
        Kept { proposal: Some(proposal), ..Kept::default() }
    }

    fn crane() -> Sample {
        Sample::new(ID_A, "Crane").with("aliases", "[]")
    }

    #[test]
    fn what_is_rendered_changes_with_its_terms() {
        let mut world = Repository::harbour([(PATH, crane().text())], Known::default());
        let kept = world.kept(|look| proposing(look, &[(PATH, crane().text())]));
        assert_eq!(world.told(&kept), "# T", "the same text is no change");
        let dock = |world: &Repository| {
            world.kept(|look| proposing(look, &[("wiki/terms/dock.md", Sample::new(ID_B, "Dock").text())]))
        };
        let files = |kept: &Kept| kept.proposal.as_ref().unwrap().files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(files(&dock(&world)), ["wiki/terms/dock.md"], "what isn't there isn't made");
        let terms = [read(PATH, &crane().text())];
        let pages = rendered(Listing::of(&terms).terms(), &world.language, |_| None);
        world.files.extend(pages.into_iter().map(|page| (page.path, page.text)));
        assert_eq!(files(&dock(&world)), ["wiki/glossary.md", "wiki/terms/dock.md"]);
        let with = world.applied(&dock(&world).proposal.unwrap());
        assert!(with.files["wiki/glossary.md"].contains("_2 terms across 1 bounded context._"));
        // What would be lost keeps all of it back.
        world.files.get_mut("wiki/glossary.md").unwrap().push_str("\n## Berth\n\nBy hand.\n");
        assert_eq!(files(&dock(&world)), [] as [&str; 0]);
    }

    #[test]
    fn files_with_errors_are_left_alone_and_told() {
        let broken = crane().with("aliases", "[7]").text();
        let world = Repository::harbour(
            [
                ("wiki/terms/a.md", "no frontmatter".to_owned()),
                (PATH, broken),
                ("wiki/terms/dock.md", Sample::new(ID_B, "Dock").text()),
                (
                    "wiki/terms/old.md",
                    Sample::new("01M7YHXEQ0YCPSJZYPWBENKKDD", "Old")
                        .with("confidence", "\"deprecated\"")
                        .text(),
                ),
            ],
            Known::default(),
        );
        let kept = world.kept(|look| {
            let names: Vec<String> = sound(look).iter().map(|file| file.term.name.clone()).collect();
            assert_eq!(names, ["Dock"]);
            Kept { problems: left_alone(look), ..Kept::default() }
        });
        insta::assert_snapshot!(world.told(&kept), @r"
        ! `wiki/terms/a.md` is left alone because of what is wrong in it: `the page doesn't begin with frontmatter`; run `factoryctl term lint`, then correct it
        ! `wiki/terms/crane.md` is left alone because of what is wrong in it: `an item of 'aliases' is no text`; run `factoryctl term lint`, then correct it
        ");
        let mut many: Vec<String> = (0..12).map(|n| n.to_string()).collect();
        capped(&mut many, "of them");
        assert_eq!((many.len(), many[10].as_str()), (11, "2 more of them"));
    }
}
