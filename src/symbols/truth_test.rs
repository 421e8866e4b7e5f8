//! Histories with a known truth: trees of a few hundred generated files, random moves, renames, deletes and edits.
//! What is said of a broken anchor is never wrong, and at least 95 of 100 real moves and renames are recognised.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::model::language::Anchor;

use super::{Declared, FileChange, Index, Language, Limits, Reader, Verdict, classify};

/// SplitMix64: the same seed gives the same history.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const NOUNS: [&str; 40] = [
    "order", "issue", "plan", "ledger", "queue", "label", "pull", "branch", "commit", "review", "token",
    "cache", "policy", "budget", "event", "signal", "worker", "batch", "page", "term", "alias", "anchor",
    "report", "window", "retry", "lease", "cursor", "digest", "symbol", "import", "module", "client",
    "server", "socket", "stream", "frame", "packet", "route", "filter", "metric",
];
const VERBS: [&str; 20] = [
    "load", "store", "merge", "split", "check", "close", "open", "fetch", "apply", "render", "parse",
    "write", "count", "order", "drop", "find", "match", "score", "rank", "send",
];
/// Names that many files use for things of their own.
const SHARED: [&str; 4] = ["Config", "Meta", "Error", "State"];

#[derive(Clone)]
struct Method {
    name: String,
    lines: Vec<String>,
}

#[derive(Clone)]
struct Item {
    id: usize,
    name: String,
    methods: Vec<Method>,
}

#[derive(Clone)]
struct File {
    path: String,
    items: Vec<Item>,
}

fn line(dice: &mut Dice, language: Language) -> String {
    let (a, b, c) = (dice.pick(&NOUNS), dice.pick(&NOUNS), dice.pick(&VERBS));
    let number = dice.roll(90);
    match (language, dice.roll(4)) {
        (Language::Rust, 0) => format!("let {a}_{b} = self.{b}.{c}({number});"),
        (Language::Rust, 1) => format!("if {a} > {number} {{ return {b}::{c}({a}); }}"),
        (Language::Rust, 2) => format!("for {a} in &self.{b}s {{ {a}.{c}(&{b}); }}"),
        (Language::Rust, _) => format!("{a}.{c}_{b}({b}, {number})?;"),
        (_, 0) => format!("{a}_{b} = self.{b}.{c}({number})"),
        (_, 1) => format!("self.{a} = {c}_{b}(self.{b}, {number})"),
        (_, 2) => format!("assert {a} != {number}, '{b} {c}'"),
        (_, _) => format!("{a}.{c}_{b}(key={b}, size={number})"),
    }
}

fn method(dice: &mut Dice, language: Language, number: usize) -> Method {
    let lines = (0..2 + dice.roll(7)).map(|_| line(dice, language)).collect();
    Method { name: format!("{}_{}{number}", dice.pick(&VERBS), dice.pick(&NOUNS)), lines }
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

fn item(dice: &mut Dice, language: Language, id: usize, name: Option<&str>) -> Item {
    let own = || format!("{}{id}", "X");
    let name = name.map_or_else(own, str::to_owned);
    let name = if name.starts_with('X') {
        format!("{}{}{id}", capital(dice.pick(&NOUNS)), capital(dice.pick(&VERBS)))
    } else {
        name
    };
    Item { id, name, methods: (0..=dice.roll(5)).map(|n| method(dice, language, n)).collect() }
}

fn tree(dice: &mut Dice, language: Language, files: usize) -> Vec<File> {
    let end = if language == Language::Rust { "rs" } else { "py" };
    let mut id = 0;
    (0..files)
        .map(|n| {
            let path = format!("src/{}/{}_{n}.{end}", dice.pick(&NOUNS[..8]), dice.pick(&NOUNS));
            let mut items: Vec<Item> = (0..=dice.roll(5))
                .map(|_| {
                    id += 1;
                    item(dice, language, id, None)
                })
                .collect();
            if dice.roll(3) == 0 {
                id += 1;
                let name = dice.pick(&SHARED);
                items.push(item(dice, language, id, Some(name)));
            }
            File { path, items }
        })
        .collect()
}

fn render(file: &File, language: Language) -> String {
    let mut text = String::new();
    for item in &file.items {
        if language == Language::Rust {
            writeln!(text, "pub struct {0} {{ id: u32 }}\n\nimpl {0} {{", item.name).unwrap();
            for method in &item.methods {
                writeln!(
                    text,
                    "    pub fn {}(&self) {{\n        {}\n    }}",
                    method.name,
                    method.lines.join("\n        ")
                )
                .unwrap();
            }
            text.push_str("}\n\n");
        } else {
            writeln!(text, "class {}(Base):\n    \"\"\"One of many.\"\"\"\n", item.name).unwrap();
            for method in &item.methods {
                writeln!(
                    text,
                    "    def {}(self):\n        {}\n",
                    method.name,
                    method.lines.join("\n        ")
                )
                .unwrap();
            }
        }
    }
    text
}

fn index(files: &[File], language: Language) -> Index {
    let mut reader = Reader::new(Limits::default());
    let read =
        |file: &File| (file.path.clone(), Arc::new(reader.read(language, render(file, language).as_bytes())));
    Index::new(files.iter().map(read).collect::<Vec<_>>(), Declared::default())
}

/// Where each item is, by its number and, for methods, their number.
fn places(files: &[File]) -> BTreeMap<(usize, Option<usize>), Anchor> {
    let mut places = BTreeMap::new();
    for file in files {
        for item in &file.items {
            places.insert((item.id, None), Anchor::new(&file.path, &item.name).unwrap());
            for method in &item.methods {
                let number = method.name.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().ok();
                let symbol = format!("{}.{}", item.name, method.name);
                places.insert((item.id, number.or(Some(99))), Anchor::new(&file.path, &symbol).unwrap());
            }
        }
    }
    places
}

/// Changes some lines of an item: about one in six.
fn edit(dice: &mut Dice, language: Language, item: &mut Item) {
    for method in &mut item.methods {
        for at in 0..method.lines.len() {
            if dice.roll(6) == 0 {
                method.lines[at] = line(dice, language);
            }
        }
    }
}

/// One random history; the changes of files are returned as Git would tell them.
fn change(dice: &mut Dice, language: Language, files: &mut [File]) -> Vec<FileChange> {
    let mut history = Vec::new();
    let mut fresh = 100_000;
    for step in 0..60 {
        let at = dice.roll(files.len());
        let commit = format!("c{step}");
        match dice.roll(8) {
            // A file gets another path, sometimes with edits.
            0 => {
                let to = format!(
                    "src/{}/moved_{step}.{}",
                    dice.pick(&NOUNS[8..12]),
                    files[at].path.rsplit('.').next().unwrap()
                );
                history.push(FileChange { commit, from: files[at].path.clone(), to: to.clone() });
                files[at].path = to;
                if dice.roll(2) == 0
                    && let Some(item) = files[at].items.first_mut()
                {
                    edit(dice, language, item);
                }
            }
            // A definition goes to another file, sometimes with edits.
            1 | 2 => {
                let to = dice.roll(files.len());
                let Some(mut item) = files[at].items.pop() else { continue };
                if dice.roll(2) == 0 {
                    edit(dice, language, &mut item);
                }
                // Two of the same name can't be in one file.
                if to == at || files[to].items.iter().any(|other| other.name == item.name) {
                    continue;
                }
                files[to].items.push(item);
            }
            // A definition gets another name, sometimes with edits.
            3 | 4 => {
                let file = &mut files[at];
                let Some(item) = file.items.first_mut() else { continue };
                item.name = format!("{}Renamed{step}", capital(dice.pick(&NOUNS)));
                history.push(FileChange { commit, from: file.path.clone(), to: file.path.clone() });
                if dice.roll(2) == 0 {
                    edit(dice, language, item);
                }
            }
            // A method gets another name.
            5 => {
                let Some(item) = files[at].items.last_mut() else { continue };
                let method = &mut item.methods[0];
                let number = method.name.trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned();
                method.name = format!("again_{}{number}", dice.pick(&VERBS));
            }
            // A definition goes away; sometimes another one with its name, or in its place, is new.
            6 => {
                let Some(gone) = files[at].items.pop() else { continue };
                fresh += 1;
                match dice.roll(3) {
                    0 => {
                        let to = dice.roll(files.len());
                        if files[to].items.iter().all(|other| other.name != gone.name) && to != at {
                            files[to].items.push(item(dice, language, fresh, Some(&gone.name)));
                        }
                    }
                    1 => files[at].items.push(item(dice, language, fresh, None)),
                    _ => {}
                }
            }
            // A whole file goes away.
            _ => files[at].items.clear(),
        }
    }
    history
}

#[derive(Default, Debug)]
struct Score {
    broken: usize,
    real: usize,
    found: usize,
    wrong: Vec<String>,
    missed: Vec<String>,
}

fn score(before: &[File], after: &[File], history: &[FileChange], language: Language, score: &mut Score) {
    let (was, now) = (index(before, language), index(after, language));
    let truth = places(after);
    for (id, lost) in places(before) {
        if now.resolve(&lost).is_some() {
            continue;
        }
        score.broken += 1;
        let verdict = classify(&lost, Some(&was), &now, history);
        let expected = truth.get(&id);
        score.real += usize::from(expected.is_some());
        let to = match &verdict {
            Verdict::Moved { to } | Verdict::Renamed { to, .. } => Some(to),
            Verdict::Ambiguous { .. } | Verdict::Gone => None,
        };
        match (to, expected) {
            (Some(to), Some(expected)) if to == expected => score.found += 1,
            (Some(_), _) => score.wrong.push(format!("{lost} → {verdict:?}, in truth {expected:?}")),
            (None, Some(expected)) => score.missed.push(format!("{lost} → {verdict:?}, in truth {expected}")),
            (None, None) => {}
        }
    }
}

#[test]
fn no_anchor_is_led_astray_and_real_moves_are_found() {
    for language in [Language::Python, Language::Rust] {
        let (mut total, mut untold) = (Score::default(), Score::default());
        for seed in 0..5 {
            let mut dice = Dice(seed);
            let before = tree(&mut dice, language, 200);
            let mut after = before.clone();
            let history = change(&mut dice, language, &mut after);
            score(&before, &after, &history, language, &mut total);
            // Without a history less may be found, and nothing may be wrong.
            score(&before, &after, &[], language, &mut untold);
        }
        assert!(untold.wrong.is_empty() && untold.found > 100, "{language:?} untold: {:#?}", untold.wrong);
        assert!(total.real > 400, "{language:?}: the histories have too few moves: {}", total.real);
        assert!(total.wrong.is_empty(), "{language:?}: {:#?}", total.wrong);
        let share = total.found * 100 / total.real;
        assert!(share >= 95, "{language:?}: {share} % of {} found: {:#?}", total.real, total.missed);
    }
}

#[test]
fn the_root_of_all_sources_may_get_another_name() {
    for told in [true, false] {
        let mut dice = Dice(77);
        let before = tree(&mut dice, Language::Python, 120);
        let mut after = before.clone();
        let mut history = Vec::new();
        for file in &mut after {
            let to = file.path.replacen("src/", "lib/core/", 1);
            if told {
                history.push(FileChange { commit: "c1".to_owned(), from: file.path.clone(), to: to.clone() });
            }
            file.path = to;
        }
        let mut total = Score::default();
        score(&before, &after, &history, Language::Python, &mut total);
        assert!(total.wrong.is_empty() && total.missed.is_empty(), "{told}: {total:#?}");
        assert_eq!(total.found, total.broken, "{told}");
    }
}
