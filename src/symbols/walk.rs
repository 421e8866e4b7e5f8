//! What is gathered on the way through a syntax tree: scopes, drafts of definitions, imports; each within limits.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;

use tree_sitter::Node;

use super::file::{Definition, FileSymbols, Implementation, Import, Imported, Kind, Limits};
use super::fingerprint::Tokens;
use super::languages::Language;
use super::mentions::Mentions;

/// The bases of one definition, at most.
const BASES: usize = 64;

/// The references and the implementations of one file, at most.
const MENTIONS: usize = 2_000;

/// What a definition may stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file or a module.
    Module,
    /// A type, of which the members are looked at.
    Type,
    /// An interface, the members of which are as public as it is itself.
    Interface,
    /// A function: what is defined in it is its own affair.
    Function,
}

/// What to do after a node was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Look at what is in it.
    Into,
    /// Look at what is in it, as the inside of a name in the current scope.
    Scope(Place, String),
    /// Go past it.
    Over,
}

/// A definition as a language sees it.
pub struct Draft<'n> {
    /// What it makes.
    pub kind: Kind,
    /// Its name in the current scope; it may have `.` in it.
    pub name: &'n str,
    /// The node of its text.
    pub node: Node<'n>,
    /// Whether others may use it.
    pub public: bool,
    /// The types it is made from, as written.
    pub bases: Vec<String>,
}

/// An open scope.
#[derive(Debug)]
struct Scope {
    place: Place,
    prefix: String,
    depth: u32,
}

/// A definition of which the text is still to be measured.
#[derive(Debug)]
struct Found {
    kind: Kind,
    public: bool,
    more: bool,
    line: u32,
    bases: Vec<String>,
    pieces: Vec<Range<u32>>,
}

/// What stands around a definition and belongs to its text.
#[derive(Clone, Debug)]
struct Outside {
    span: Range<u32>,
    line: u32,
    public: bool,
}

/// The state of one way through a tree.
pub struct Walk<'s> {
    source: &'s str,
    limits: Limits,
    scopes: Vec<Scope>,
    found: BTreeMap<String, Found>,
    public: BTreeSet<String>,
    texts: Vec<(String, Range<u32>)>,
    decorated: HashMap<usize, Outside>,
    /// Nodes, and symbols, that something else may give members.
    more: (HashSet<usize>, BTreeSet<String>),
    /// Where paths stand that lead out of the file, with the modules that they are.
    paths: Vec<(u32, String)>,
    file: FileSymbols,
    references: BTreeSet<String>,
}

impl<'s> Walk<'s> {
    /// The start of a way through a file.
    pub fn new(language: Language, source: &'s str, limits: Limits) -> Self {
        Self {
            source,
            limits,
            scopes: vec![Scope { place: Place::Module, prefix: String::new(), depth: 0 }],
            found: BTreeMap::new(),
            public: BTreeSet::new(),
            texts: Vec::new(),
            decorated: HashMap::new(),
            more: (HashSet::new(), BTreeSet::new()),
            paths: Vec::new(),
            file: FileSymbols::empty(language, None),
            references: BTreeSet::new(),
        }
    }

    /// The text of a node.
    pub fn text(&self, node: Node<'_>) -> &'s str {
        self.source.get(node.byte_range()).unwrap_or_default()
    }

    /// The text of a field of a node.
    pub fn field(&self, node: Node<'_>, name: &str) -> Option<&'s str> {
        node.child_by_field_name(name).map(|child| self.text(child)).filter(|text| !text.is_empty())
    }

    /// What the current scope is.
    pub fn place(&self) -> Place {
        self.scope().place
    }

    /// The names that the current scope is inside of, with `.` between them; empty: the file.
    pub fn within(&self) -> &str {
        &self.scope().prefix
    }

    /// Whether nothing but the file is around.
    pub fn at_top(&self) -> bool {
        self.scopes.len() == 1
    }

    /// The modules of the file around this place, with `.` between them; empty: none but the file.
    pub fn modules(&self) -> &str {
        let module = self.scopes.iter().rfind(|scope| scope.place == Place::Module);
        module.map_or("", |scope| &scope.prefix)
    }

    /// The text from a byte on.
    pub fn from(&self, byte: usize) -> &'s str {
        self.source.get(byte..).unwrap_or_default()
    }

    /// The text before a byte.
    pub fn before(&self, byte: usize) -> &'s str {
        self.source.get(..byte).unwrap_or_default()
    }

    fn scope(&self) -> &Scope {
        self.scopes.last().expect("the scope of the file is never closed")
    }

    /// Opens a scope for what is deeper than a node at a depth. Scopes that are too deep are functions: nothing
    /// in them is recorded.
    pub fn open(&mut self, place: Place, name: &str, depth: u32) {
        if place == Place::Function || self.place() == Place::Function {
            self.scopes.push(Scope { place: Place::Function, prefix: String::new(), depth });
            return;
        }
        let Some(prefix) = self.nested(name).filter(|_| self.scopes.len() <= self.limits.depth) else {
            self.file.partial = true;
            self.scopes.push(Scope { place: Place::Function, prefix: String::new(), depth });
            return;
        };
        self.scopes.push(Scope { place, prefix, depth });
    }

    /// Closes the scopes opened at a depth or deeper.
    pub fn close(&mut self, depth: u32) {
        while self.scopes.len() > 1 && self.scope().depth >= depth {
            self.scopes.pop();
        }
    }

    fn nested(&self, name: &str) -> Option<String> {
        let prefix = self.within();
        let symbol = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        (self.name_fits(name) && symbol.len() <= self.limits.name_bytes).then_some(symbol)
    }

    fn name_fits(&self, name: &str) -> bool {
        !name.is_empty()
            && name.len() <= self.limits.name_bytes
            && !name.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, ':' | '/'))
            && name.split('.').all(|part| !part.is_empty())
    }

    /// Records a definition. One that is there already gets the text as a further piece of its own.
    pub fn define(&mut self, draft: Draft<'_>) {
        if self.place() == Place::Function {
            return;
        }
        let Some(symbol) = self.nested(draft.name) else {
            self.file.partial = true;
            return;
        };
        if self.found.len() >= self.limits.definitions && !self.found.contains_key(&symbol) {
            self.file.partial = true;
            return;
        }
        let limit = self.limits.name_bytes;
        let mut bases = draft.bases;
        bases.retain(|base| !base.is_empty() && base.len() <= limit);
        bases.truncate(BASES);
        let (span, line, public) = self.decorated.get(&draft.node.id()).map_or_else(
            || (span(draft.node), line(draft.node), draft.public),
            |outside| (outside.span.clone(), outside.line, draft.public || outside.public),
        );
        let more = self.more.0.contains(&draft.node.id());
        match self.found.entry(symbol) {
            Entry::Vacant(entry) => {
                entry.insert(Found { kind: draft.kind, public, more, line, bases, pieces: vec![span] });
            }
            Entry::Occupied(mut entry) => {
                let found = entry.get_mut();
                found.public |= public;
                found.more |= more;
                if draft.kind == Kind::Type && found.kind != Kind::Type {
                    found.kind = Kind::Type;
                    found.line = line;
                    found.pieces.insert(0, span);
                } else {
                    found.pieces.push(span);
                }
                if found.bases.len() + bases.len() <= BASES {
                    found.bases.extend(bases);
                }
            }
        }
    }

    /// Adds a node's text to what a symbol of the file is like, if the file defines it; where it lies stays as it is.
    pub fn add_text(&mut self, symbol: String, node: Node<'_>) {
        if symbol.len() <= self.limits.name_bytes {
            self.texts.push((symbol, span(node)));
        }
    }

    /// Says that a node's text begins and ends with that of another one around it (`@decorator`, `export`), and
    /// whether that makes it public.
    pub fn decorate(&mut self, inner: Node<'_>, outer: Node<'_>, public: bool) {
        let outside = self.decorated.get(&outer.id()).map_or_else(
            || Outside { span: span(outer), line: line(outer), public },
            |around| Outside { public: public || around.public, ..around.clone() },
        );
        self.decorated.insert(inner.id(), outside);
    }

    /// Says that something else may give members to what a node defines.
    pub fn has_more(&mut self, node: Node<'_>) {
        self.more.0.insert(node.id());
    }

    /// The same of what the current scope is inside of.
    pub fn within_has_more(&mut self) {
        if self.more.1.len() < self.limits.definitions {
            self.more.1.insert(self.within().to_owned());
        }
    }

    /// Records where a path stands that leads to a module or into one.
    pub fn path(&mut self, node: Node<'_>, module: String) {
        if self.paths.len() < MENTIONS && module.len() <= self.limits.name_bytes {
            self.paths.push((span(node).start, module));
        }
    }

    /// Whether what is around a node makes it public.
    pub fn published(&self, node: Node<'_>) -> bool {
        self.decorated.get(&node.id()).is_some_and(|outside| outside.public)
    }

    /// Marks a symbol of the file as public, wherever it is defined.
    pub fn publish(&mut self, symbol: &str) {
        if self.public.len() < self.limits.definitions {
            self.public.insert(symbol.to_owned());
        }
    }

    /// Records an import.
    pub fn import(
        &mut self,
        module: &str,
        what: Imported,
        alias: Option<&str>,
        reexport: bool,
        node: Node<'_>,
    ) {
        let limit = self.limits.name_bytes;
        let named = match &what {
            Imported::Name(name) => !name.is_empty() && name.len() <= limit,
            Imported::Module | Imported::All => true,
        };
        let fits = named && module.len() <= limit && alias.is_none_or(|alias| alias.len() <= limit);
        if !fits || self.file.imports.len() >= self.limits.imports {
            self.file.partial = true;
            return;
        }
        let module: String = module.chars().filter(|c| !c.is_whitespace()).collect();
        let alias = alias.map(str::to_owned);
        let top_level = self.at_top();
        self.file.imports.push(Import { module, what, alias, reexport, top_level, line: line(node) });
    }

    /// Records what a type is made from, away from its definition.
    pub fn implement(&mut self, of: &str, base: &str) {
        let limit = self.limits.name_bytes;
        if of.len() > limit || base.len() > limit || self.file.implementations.len() >= MENTIONS {
            self.file.partial = true;
            return;
        }
        let within = self.within().to_owned();
        self.file.implementations.push(Implementation { of: of.to_owned(), base: base.to_owned(), within });
    }

    /// Records the name of a type that is used.
    pub fn refer(&mut self, name: &str) {
        if self.references.len() < MENTIONS
            && name.len() <= self.limits.name_bytes
            && !self.references.contains(name)
        {
            self.references.insert(name.to_owned());
        }
    }

    /// Records the package that the file says it belongs to.
    pub fn package(&mut self, name: &str) {
        if name.len() <= self.limits.name_bytes {
            self.file.package = Some(name.chars().filter(|c| !c.is_whitespace()).collect());
        }
    }

    /// The imports so far, for a language that has to look at them again.
    pub fn imports_mut(&mut self) -> &mut Vec<Import> {
        &mut self.file.imports
    }

    /// The references so far, for the same.
    pub fn references_mut(&mut self) -> &mut BTreeSet<String> {
        &mut self.references
    }

    /// Whether the file defines a symbol, as far as it was looked at.
    pub fn defines(&self, symbol: &str) -> bool {
        self.found.contains_key(symbol)
    }

    /// Says that some of the file could not be read.
    pub fn partial(&mut self) {
        self.file.partial = true;
    }

    /// Measures the texts and hands out what was found.
    pub fn finish(mut self, mentions: Mentions<'_>) -> FileSymbols {
        let tokens =
            if self.found.is_empty() { Tokens::default() } else { Tokens::of(self.source.as_bytes()) };
        let imported: BTreeSet<&str> = self.file.imports.iter().filter_map(local_name).collect();
        let found = &self.found;
        self.file.references = std::mem::take(&mut self.references)
            .into_iter()
            .filter(|name| !found.contains_key(name) && !imported.contains(name.as_str()))
            .collect();
        let refers = self.refers(mentions.refers);
        self.file.words = mentions.words;
        let mut named: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (symbol, found) in &self.found {
            named.insert(symbol.clone(), names_in(&refers, &found.pieces));
        }
        for (symbol, text) in std::mem::take(&mut self.texts) {
            if let Some(found) = self.found.get_mut(&symbol) {
                found.pieces.push(text);
            }
        }
        self.file.definitions = std::mem::take(&mut self.found)
            .into_iter()
            .map(|(symbol, found)| Definition {
                kind: found.kind,
                span: found.pieces[0].clone(),
                line: found.line,
                public: found.public || self.public.contains(&symbol),
                more: found.more || self.more.1.contains(&symbol),
                bases: found.bases,
                names: named.remove(&symbol).unwrap_or_default(),
                fingerprint: tokens.fingerprint(&found.pieces, &symbol),
                symbol,
            })
            .collect();
        self.file
    }

    /// Where names refer to what the file imports, defines or sees, and where the paths stand that lead out of it; each name by its
    /// place among those of the file, sorted by where they stand.
    fn refers(&mut self, all: Vec<(u32, &str)>) -> Vec<(u32, u32)> {
        let file = &self.file;
        let known: HashSet<&str> = file
            .imports
            .iter()
            .filter_map(local_name)
            .chain(self.found.keys().map(String::as_str))
            .chain(file.references.iter().map(String::as_str))
            .collect();
        let paths = std::mem::take(&mut self.paths);
        let all = all.into_iter().filter(|(_, name)| known.contains(name));
        let all: Vec<(u32, &str)> = all.chain(paths.iter().map(|(at, path)| (*at, path.as_str()))).collect();
        let names: BTreeSet<&str> = all.iter().map(|(_, name)| *name).collect();
        let numbers: HashMap<&str, u32> = names.iter().copied().zip(0..).collect();
        let mut refers: Vec<(u32, u32)> = all.iter().map(|(at, name)| (*at, numbers[name])).collect();
        refers.sort_unstable();
        let names = names.into_iter().map(str::to_owned).collect();
        self.file.names = names;
        refers
    }
}

/// The names that stand in some pieces of a text, by their numbers, sorted.
fn names_in(refers: &[(u32, u32)], pieces: &[Range<u32>]) -> Vec<u32> {
    let mut names = Vec::new();
    for piece in pieces {
        let from = refers.partition_point(|(at, _)| *at < piece.start);
        let to = refers.partition_point(|(at, _)| *at < piece.end);
        names.extend(refers[from..to.max(from)].iter().map(|(_, name)| *name));
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// The name that an import gives to its file.
pub(super) fn local_name(import: &Import) -> Option<&str> {
    if let Some(alias) = &import.alias {
        return Some(alias);
    }
    match &import.what {
        Imported::Name(name) => Some(name),
        Imported::Module => import.module.rsplit(['.', '/', ':']).next(),
        Imported::All => None,
    }
}

/// Where a node's text lies.
fn span(node: Node<'_>) -> Range<u32> {
    let at = |byte: usize| u32::try_from(byte).expect("a file that was read has fewer than 2^32 bytes");
    at(node.start_byte())..at(node.end_byte())
}

/// The line that a node starts on, from 1.
fn line(node: Node<'_>) -> u32 {
    u32::try_from(node.start_position().row).map_or(u32::MAX, |row| row.saturating_add(1))
}
