//! Which names a file's code says, and where one of them refers to something.
//!
//! What a language says of its syntax ([`Dialect::part`]) goes down the tree from node to node. A name that is bound nearer by
//! (a parameter, a local variable, a parameter of a type) refers to nothing else as far as that reaches. Comments and texts are no
//! code; what is filled into a text is.

use std::collections::HashMap;
use std::ops::Range;

use tree_sitter::{Node, TreeCursor};

use super::fingerprint::word;
use super::kinds::{Kinds, NodeKind};
use super::languages::Language;

/// The bytes of a name with a package before it, at most.
const QUALIFIED: usize = 200;

/// What a piece of syntax is to the names in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What the piece around it is.
    Same,
    /// Names in it refer to something.
    Code,
    /// Names in it are bound: parameters, and variables of a pattern.
    Binds,
    /// Names in it are bound where it stands in a function, as what is defined or assigned there is; elsewhere they are known anyway.
    Names,
    /// Names in it are parameters of a type, which all that is around them sees.
    Parameter,
    /// Names in it are those of members, keys and labels.
    Other,
    /// Nothing in it refers or binds.
    Nothing,
}

/// How far names reach that are bound in a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Its body, or all of it where it has none: a function.
    Body,
    /// All of it.
    Whole,
    /// All of it, for parameters of types: what it defines is found as a member.
    Type,
}

/// Where a node stands.
pub struct Spot<'a, 't> {
    /// The node.
    pub node: Node<'t>,
    /// Its kind.
    pub kind: &'a str,
    /// The kind of what it stands in.
    pub of: &'a str,
    /// The field of that which it is; empty: none.
    pub field: &'a str,
    /// What is around it, the outermost first.
    pub around: &'a [Node<'t>],
    /// What that is to its names.
    pub inherited: Part,
    /// The text of the file.
    pub source: &'a str,
}

impl<'a, 't> Spot<'a, 't> {
    /// Its text.
    pub fn text(&self) -> &'a str {
        self.source.get(self.node.byte_range()).unwrap_or_default()
    }

    /// Whether nothing of what it stands in comes before it.
    pub fn is_first(&self) -> bool {
        self.around.last().is_none_or(|of| of.start_byte() == self.node.start_byte())
    }

    /// What it stands in, so many steps further out: 0 is what it stands in itself.
    pub fn out(&self, steps: usize) -> Option<Node<'t>> {
        self.around.len().checked_sub(steps + 1).map(|at| self.around[at])
    }
}

/// The names of a file's code.
#[derive(Debug, Default)]
pub struct Mentions<'s> {
    /// Names that refer to something, each with the byte at which it stands, sorted.
    pub refers: Vec<(u32, &'s str)>,
    /// All names, by their numbers, sorted.
    pub words: Vec<u32>,
}

/// A node that names are bound in.
struct Scope {
    depth: usize,
    reach: Reach,
    whole: Range<usize>,
    body: Range<usize>,
}

/// One way through a tree: whoever goes it says where it leads.
pub(super) struct Reading<'k, 's, 't> {
    language: Language,
    kinds: &'k Kinds,
    source: &'s str,
    /// What is around the node that is looked at, the outermost first.
    around: Vec<Node<'t>>,
    /// Of each of them: its kind, what it is to its names, and how deep lies that which made it so.
    parts: Vec<(&'k NodeKind, Part, usize)>,
    /// The node that is looked at, and the same of it.
    at: Option<(Node<'t>, &'k NodeKind, Part, usize)>,
    scopes: Vec<Scope>,
    refers: Vec<(usize, &'s str)>,
    bound: HashMap<&'s str, Vec<Range<usize>>>,
    words: Vec<u32>,
    /// The depth of an attribute, and where what it is put on begins.
    put_on: Option<(usize, usize)>,
}

impl<'k, 's, 't> Reading<'k, 's, 't> {
    /// At the root.
    pub(super) fn new(language: Language, kinds: &'k Kinds, source: &'s str) -> Self {
        Self {
            language,
            kinds,
            source,
            around: Vec::new(),
            parts: Vec::new(),
            at: None,
            scopes: Vec::new(),
            refers: Vec::new(),
            bound: HashMap::new(),
            words: Vec::new(),
            put_on: None,
        }
    }

    /// Looks at a node.
    pub(super) fn enter(&mut self, cursor: &TreeCursor<'t>, node: Node<'t>, kind: &'k NodeKind) {
        let (of, inherited, since) = self
            .parts
            .last()
            .map_or(("", Part::Code, 0), |(kind, part, since)| (kind.name.as_str(), *part, *since));
        let is_named = node.is_named();
        let part = if is_named && inherited != Part::Nothing {
            let field = self.kinds.field(cursor);
            let (around, source) = (self.around.as_slice(), self.source);
            let spot = Spot { node, kind: &kind.name, of, field, around, inherited, source };
            self.language.dialect().part(&spot)
        } else {
            Part::Same
        };
        let (part, since) = if part == Part::Same { (inherited, since) } else { (part, self.around.len()) };
        if is_named {
            self.look((node, kind), (part, since));
        }
        self.at = Some((node, kind, part, since));
    }

    /// Goes to what is in the node that is looked at.
    pub(super) fn down(&mut self) {
        if let Some((node, kind, part, since)) = self.at.take() {
            self.around.push(node);
            self.parts.push((kind, part, since));
        }
    }

    /// Goes back to what is around.
    pub(super) fn up(&mut self) {
        self.around.pop();
        self.parts.pop();
    }

    fn text(&self, node: Node<'_>) -> &'s str {
        self.source.get(node.byte_range()).unwrap_or_default()
    }

    fn look(&mut self, (node, of_kind): (Node<'t>, &NodeKind), (part, since): (Part, usize)) {
        let kind = of_kind.name.as_str();
        if let Some(reach) = of_kind.reach {
            let whole = node.byte_range();
            let body = node.child_by_field_name("body").filter(|_| reach == Reach::Body);
            let body = body.map_or(whole.clone(), |body| body.byte_range());
            self.scopes.push(Scope { depth: self.around.len(), reach, whole, body });
        }
        if kind == "attribute_item" && self.put_on.is_none() {
            self.put_on = Some((self.around.len(), put_on(node)));
        }
        if part != Part::Nothing && of_kind.qualified {
            let text = self.text(node);
            let plain = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
            if plain && text.len() <= QUALIFIED {
                self.refer(node, text);
            }
        }
        let is_key = matches!(kind, "string" | "string_literal")
            && self
                .around
                .last()
                .is_some_and(|of| of.kind() == "pair" && of.start_byte() == node.start_byte());
        if is_key {
            self.words.push(word(self.text(node).trim_matches(['"', '\''])));
        }
        if !of_kind.is_name || node.child_count() > 0 {
            return;
        }
        let name = self.text(node);
        self.words.push(word(name.trim_start_matches('#')));
        match (kind, part) {
            ("identifier" | "type_identifier" | "shorthand_property_identifier", Part::Code) => {
                self.refer(node, name);
            }
            ("shorthand_field_identifier", Part::Binds | Part::Names)
            | (
                "identifier" | "type_identifier" | "shorthand_property_identifier_pattern",
                Part::Binds | Part::Names | Part::Parameter,
            ) => self.bind(name, part, since),
            _ => {}
        }
    }

    fn refer(&mut self, node: Node<'_>, name: &'s str) {
        let at = self.put_on.map_or(node.start_byte(), |(_, at)| at);
        self.refers.push((at, name));
    }

    fn bind(&mut self, name: &'s str, part: Part, since: usize) {
        // What has a name of its own is not what that name is bound in.
        let depth = if part == Part::Names { since.saturating_sub(1) } else { usize::MAX };
        let Some(scope) = self.scopes.iter().rev().find(|scope| scope.depth < depth) else { return };
        if part == Part::Names && scope.reach == Reach::Type {
            return;
        }
        let mut range = if part == Part::Parameter { scope.whole.clone() } else { scope.body.clone() };
        if let Some(said) = self.around[scope.depth + 1..].iter().rfind(|node| is_said_first(node.kind())) {
            range.start = range.start.max(said.end_byte());
        }
        self.bound.entry(name).or_default().push(range);
    }

    /// Leaves the node that is looked at, or that was gone back to.
    pub(super) fn leave(&mut self) {
        let depth = self.around.len();
        while self.scopes.last().is_some_and(|scope| scope.depth >= depth) {
            self.scopes.pop();
        }
        self.put_on = self.put_on.filter(|(at, _)| *at < depth);
    }

    /// All that was found.
    pub(super) fn finish(mut self) -> Mentions<'s> {
        self.bound.values_mut().for_each(merge);
        let is_free = |(at, name): &(usize, &str)| {
            let first = name.split('.').next().unwrap_or(name);
            let Some(ranges) = self.bound.get(first) else { return true };
            let behind = ranges.partition_point(|range| range.start <= *at);
            behind == 0 || !ranges[behind - 1].contains(at)
        };
        let free = self.refers.into_iter().filter(is_free);
        let mut refers: Vec<(u32, &str)> =
            free.filter_map(|(at, name)| Some((u32::try_from(at).ok()?, name))).collect();
        refers.sort_unstable();
        refers.dedup();
        self.words.sort_unstable();
        self.words.dedup();
        Mentions { refers, words: self.words }
    }
}

/// Brings ranges that overlap together, in their order.
fn merge(ranges: &mut Vec<Range<usize>>) {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges.drain(..) {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            Some(_) | None => merged.push(range),
        }
    }
    *ranges = merged;
}

/// Whether a name that is bound in such a node is seen only behind it: `let store = store();`.
fn is_said_first(kind: &str) -> bool {
    matches!(kind, "let_declaration" | "let_condition" | "short_var_declaration" | "var_spec" | "const_spec")
}

/// Where what an attribute is put on begins.
fn put_on(attribute: Node<'_>) -> usize {
    let mut next = attribute.next_named_sibling();
    while let Some(node) = next {
        if !matches!(node.kind(), "attribute_item" | "line_comment" | "block_comment") {
            return node.start_byte();
        }
        next = node.next_named_sibling();
    }
    attribute.start_byte()
}
