//! Reads files: the parser, and one way through the tree.
//!
//! The parser is C code and its input is hostile: sizes and steps are bounded, the tree is walked with a cursor
//! and never by recursion. A parser's steps are counted, not timed, so that the same bytes read the same.

use std::cell::Cell;
use std::ops::ControlFlow;

use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use super::file::{FileSymbols, Limits, Skip};
use super::gate;
use super::kinds::Kinds;
use super::languages::{Interest, Language};
use super::mentions::Reading;
use super::walk::{Step, Walk};

/// Bytes that the parser gets at once.
const PIECE: usize = 4_096;

/// What a step costs once a text has errors: each then tries several ways on.
const ERROR_COST: u32 = 12;

/// Reads files of any language; keeps a parser for each that it has met.
pub struct Reader {
    limits: Limits,
    parsers: Vec<(Language, Prepared)>,
}

/// A parser, and the kinds of nodes that it makes.
struct Prepared {
    parser: Parser,
    kinds: Kinds,
}

impl Prepared {
    fn new(language: Language) -> Self {
        let grammar = language.grammar();
        let mut parser = Parser::new();
        parser
            .set_language(&grammar)
            .expect("the grammars in Cargo.toml fit the parser, which a test checks");
        Self { parser, kinds: Kinds::of(language, &grammar) }
    }

    fn parse(&mut self, source: &str, limits: &Limits) -> Option<Tree> {
        let spent = Cell::new(0_u32);
        let spend = |cost: u32| {
            spent.set(spent.get().saturating_add(cost));
            spent.get() <= limits.steps
        };
        let mut go_on = |state: &ParseState| {
            let cost = if state.has_error() { ERROR_COST } else { 1 };
            if spend(cost) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let bytes = source.as_bytes();
        // The text goes in by pieces, so that a scanner that reads to the end again and again is seen to.
        let mut input = |at: usize, _| {
            let end = bytes.len().min(at.saturating_add(PIECE));
            if spend(1) { bytes.get(at..end).unwrap_or_default() } else { &[] }
        };
        let options = ParseOptions::new().progress_callback(&mut go_on);
        let tree = self.parser.parse_with_options(&mut input, None, Some(options));
        let tree = tree.filter(|_| spent.get() <= limits.steps);
        if tree.is_none() {
            self.parser.reset();
        }
        tree
    }
}

impl Reader {
    /// A reader with limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits, parsers: Vec::new() }
    }

    /// What a file says.
    pub fn read(&mut self, language: Language, source: &[u8]) -> FileSymbols {
        if let Some(skip) = gate::skip(language, source, &self.limits) {
            return FileSymbols::empty(language, Some(skip));
        }
        let Ok(source) = std::str::from_utf8(source) else {
            return FileSymbols::empty(language, Some(Skip::NotText));
        };
        let limits = self.limits;
        let prepared = self.prepared(language);
        match prepared.parse(source, &limits) {
            None => FileSymbols::empty(language, Some(Skip::TooSlow)),
            Some(tree) => walk(language, source, &tree, &prepared.kinds, limits),
        }
    }

    fn prepared(&mut self, language: Language) -> &mut Prepared {
        let at = self.parsers.iter().position(|(known, _)| *known == language).unwrap_or_else(|| {
            self.parsers.push((language, Prepared::new(language)));
            self.parsers.len() - 1
        });
        &mut self.parsers[at].1
    }
}

/// Goes through a tree once.
fn walk(language: Language, source: &str, tree: &Tree, kinds: &Kinds, limits: Limits) -> FileSymbols {
    let dialect = language.dialect();
    let mut walk = Walk::new(language, source, limits);
    if tree.root_node().has_error() {
        walk.partial();
    }
    let mut reading = Reading::new(language, kinds, source);
    let mut cursor = tree.walk();
    let mut depth = 0_u32;
    // How deep lies the node of which nothing is to be seen but its names.
    let mut over: Option<u32> = None;
    loop {
        let node = cursor.node();
        let kind = kinds.kind(node);
        reading.enter(&cursor, node, kind);
        if over.is_none() {
            over = match kind.interest {
                Interest::Over => Some(depth),
                Interest::Through => None,
                Interest::Visit => match dialect.visit(node, &mut walk) {
                    Step::Into => None,
                    Step::Over => Some(depth),
                    Step::Scope(place, name) => {
                        walk.open(place, &name, depth);
                        None
                    }
                },
            };
        }
        if cursor.goto_first_child() {
            reading.down();
            depth += 1;
            continue;
        }
        loop {
            walk.close(depth);
            reading.leave();
            over = over.filter(|at| *at < depth);
            if cursor.goto_next_sibling() {
                break;
            }
            if !cursor.goto_parent() {
                dialect.finish(&mut walk);
                return walk.finish(reading.finish());
            }
            reading.up();
            depth = depth.saturating_sub(1);
        }
    }
}

/// Deals files of so many bytes out to so many readers, so that each gets about as many bytes: the largest first, to who
/// has the least. What each gets are the numbers of its files.
pub fn shares(sizes: &[usize], readers: usize) -> Vec<Vec<usize>> {
    let readers = readers.min(sizes.len()).max(1);
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(sizes[*at]));
    let mut shares = vec![(0_usize, Vec::new()); readers];
    for at in order {
        let least = shares.iter_mut().min_by_key(|(bytes, _)| *bytes).expect("there is at least one reader");
        least.0 += sizes[at] + 200;
        least.1.push(at);
    }
    shares.into_iter().map(|(_, share)| share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grammar_fits_the_parser() {
        let mut reader = Reader::new(Limits::default());
        for language in Language::ALL {
            assert!(!reader.read(language, b"").partial, "{language:?}");
        }
    }

    #[test]
    fn hostile_texts_end() {
        let limits = Limits { steps: 1_500, ..Limits::default() };
        let mut reader = Reader::new(limits);
        let texts = [
            "(",
            "{",
            "<",
            "class A { ",
            "mod a {",
            "use a::{b,",
            "r#\"",
            "`${",
            "@#$ ) ( ] [\n",
            "a.b(",
            "\n  \t",
        ];
        for language in Language::ALL {
            for text in texts {
                let source: String = text.repeat(12_000 / text.len());
                let read = reader.read(language, source.as_bytes());
                assert!(read.definitions.len() < 2_000, "{language:?} {text}");
            }
            // A parser that was stopped reads the next file from its start.
            assert_eq!(reader.read(language, b"").skip, None, "{language:?}");
        }
    }

    #[test]
    fn a_text_that_takes_too_many_steps_is_skipped_by_name() {
        let mut reader = Reader::new(Limits { steps: 3, ..Limits::default() });
        let source = "fn a() { b(c, d) }\n".repeat(500);
        assert_eq!(reader.read(Language::Rust, source.as_bytes()).skip, Some(Skip::TooSlow));
        assert_eq!(reader.read(Language::Rust, b"fn a() {}").skip, None);
    }

    #[test]
    fn what_is_too_deep_or_too_much_is_left_out_and_said() {
        let deep = format!("{}fn f() {{}}{}", "mod a { ".repeat(40), "}".repeat(40));
        let many = "fn f() {}\nfn g() {}\n".repeat(3)
            + &('a'..='z').fold(String::new(), |text, c| text + "fn " + &c.to_string() + "() {}\n");
        let limits = Limits { definitions: 20, ..Limits::default() };
        for source in [deep, many] {
            let read = Reader::new(limits).read(Language::Rust, source.as_bytes());
            assert!(read.partial && read.definitions.len() <= 24, "{}", read.definitions.len());
        }
    }

    #[test]
    fn files_are_dealt_out_by_their_bytes() {
        assert_eq!(shares(&[10, 4_000, 20, 3_000], 2), [vec![1], vec![3, 2, 0]]);
        assert_eq!(shares(&[], 0), [Vec::<usize>::new()]);
        assert_eq!(shares(&[1], 4), [vec![0]]);
    }
}
