//! Follows names through imports: what a re-export gives out, what a file uses, what a type is made from.
//!
//! Names are followed by path, never by likeness: what can't be followed stays unresolved.

use std::collections::{BTreeSet, HashSet};

use crate::model::language::Anchor;

use super::file::{Definition, Import, Imported};
use super::index::Index;
use super::languages::Language;
use super::layout::Located;
use super::walk::local_name;

/// How many steps one question may take: imports may form circles.
const FUEL: u32 = 600;

/// How many files a name is followed through.
const HOPS: u32 = 16;

/// A file depends on something of another file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// The file it depends on: where the symbol is defined, if there is one.
    pub path: String,
    /// The symbol; none: the file as a whole, or a name of it that isn't a definition.
    pub symbol: Option<Anchor>,
    /// The line of the import, from 1; 0: there is none, the language sees the name without.
    pub line: u32,
}

/// A type that another one is made from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Base {
    /// As it is written.
    pub written: String,
    /// Where it is defined; none: outside of the tree, or it can't be told.
    pub anchor: Option<Anchor>,
}

/// Whose imports are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum View {
    /// Those that the file gives out.
    Outside,
    /// All of the file's own.
    Inside,
}

/// What a name means: a definition, or a file as a module.
struct Target<'i> {
    file: u32,
    found: Option<&'i Definition>,
}

/// The definition that a file gives out under an anchor's symbol.
pub(super) fn given_out(index: &Index, anchor: &Anchor) -> Option<Anchor> {
    let file = index.layout.file(anchor.path())?;
    let mut search = Search::new(index);
    let target = search.find(file, anchor.symbol(), View::Outside, 0)?;
    search.anchor(&target)
}

impl Index {
    /// What a file depends on, sorted; never itself.
    pub fn uses(&self, path: &str) -> Vec<Use> {
        let Some(file) = self.layout.file(path) else { return Vec::new() };
        let symbols = self.symbols(file);
        let mut uses = BTreeSet::new();
        for import in &symbols.imports {
            let mut search = Search::new(self);
            for target in search.imported(file, import) {
                let symbol = search.anchor(&target);
                uses.insert(Use {
                    path: self.layout.path(target.file).to_owned(),
                    symbol,
                    line: import.line,
                });
            }
        }
        for name in &symbols.references {
            let mut search = Search::new(self);
            if let Some(target) = search.find(file, name, View::Inside, 0) {
                let symbol = search.anchor(&target);
                uses.insert(Use { path: self.layout.path(target.file).to_owned(), symbol, line: 0 });
            }
        }
        uses.into_iter().filter(|used| used.path != path).collect()
    }

    /// Whether a file gives out all of what lies outside of the tree.
    pub(super) fn gives_out_unseen(&self, path: &str) -> bool {
        let Some(file) = self.layout.file(path) else { return false };
        let symbols = self.symbols(file);
        let dialect = symbols.language.dialect();
        let search = Search::new(self);
        symbols.imports.iter().any(|import| {
            import.what == Imported::All
                && dialect.gives_out(path, import)
                && search.located(file, &import.module).is_empty()
        })
    }

    /// The types that a type is made from, sorted as they are written.
    pub fn bases(&self, anchor: &Anchor) -> Vec<Base> {
        let Some(resolved) = self.resolve(anchor) else { return Vec::new() };
        let anchor = resolved.definition;
        let (Some(file), Some(found)) = (self.layout.file(anchor.path()), self.defined(&anchor)) else {
            return Vec::new();
        };
        let mut bases = BTreeSet::new();
        for written in &found.bases {
            let around = anchor.symbol().rsplit_once('.').map_or("", |(around, _)| around);
            bases.insert(Base { written: written.clone(), anchor: self.written(file, around, written) });
        }
        for (number, other) in (0_u32..).zip(&self.files) {
            for made in &other.implementations {
                if !made.of.contains(anchor.name()) {
                    continue;
                }
                let of = self.written(number, &made.within, &made.of);
                if of.as_ref() == Some(&anchor) {
                    let base = self.written(number, &made.within, &made.base);
                    bases.insert(Base { written: made.base.clone(), anchor: base });
                }
            }
        }
        bases.into_iter().collect()
    }

    /// The definition that a type written in a file means.
    fn written(&self, file: u32, around: &str, written: &str) -> Option<Anchor> {
        let symbols = self.symbols(file);
        let dialect = symbols.language.dialect();
        let names = dialect.names(written)?;
        let dotted = names.join(".");
        let mut around = around;
        loop {
            let symbol = if around.is_empty() { dotted.clone() } else { format!("{around}.{dotted}") };
            if symbols.get(&symbol).is_some() {
                return Anchor::new(self.layout.path(file), &symbol).ok();
            }
            if around.is_empty() {
                break;
            }
            around = around.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
        let mut search = Search::new(self);
        if let Some(target) = search.find(file, &dotted, View::Inside, 0) {
            return search.anchor(&target);
        }
        let (first, rest) = names.split_first()?;
        let path = rest.iter().try_fold(first.clone(), |path, name| dialect.child(&path, name))?;
        let located = dialect.modules(&self.layout, self.layout.path(file), &path);
        let target = located
            .iter()
            .filter(|at| !at.within.is_empty())
            .find_map(|at| search.find(at.file, &at.within, View::Inside, 1))?;
        search.anchor(&target)
    }
}

/// One question.
struct Search<'i> {
    index: &'i Index,
    fuel: u32,
    /// What was asked for so far: asking again finds nothing new.
    asked: HashSet<(u32, String, View)>,
}

impl<'i> Search<'i> {
    fn new(index: &'i Index) -> Self {
        Self { index, fuel: FUEL, asked: HashSet::new() }
    }

    fn anchor(&self, target: &Target<'i>) -> Option<Anchor> {
        Anchor::new(self.index.layout.path(target.file), &target.found?.symbol).ok()
    }

    /// What a symbol means in a file.
    fn find(&mut self, file: u32, symbol: &str, view: View, hops: u32) -> Option<Target<'i>> {
        if hops > HOPS || self.fuel == 0 {
            return None;
        }
        self.fuel -= 1;
        let symbols = self.index.symbols(file);
        if let Some(found) = symbols.get(symbol) {
            return Some(Target { file, found: Some(found) });
        }
        if !self.asked.insert((file, symbol.to_owned(), view)) {
            return None;
        }
        let path = self.index.layout.path(file);
        let dialect = symbols.language.dialect();
        let seen = |import: &&Import| match view {
            View::Inside => import.top_level,
            View::Outside => dialect.gives_out(path, import),
        };
        for import in symbols.imports.iter().filter(seen) {
            let Some(rest) = local_name(import).and_then(|local| below(symbol, local)) else { continue };
            if let Some(target) = self.follow(file, import, rest, view, hops) {
                return Some(target);
            }
        }
        for import in symbols.imports.iter().filter(seen).filter(|import| import.what == Imported::All) {
            for at in self.located(file, &import.module) {
                if at.file != file
                    && let Some(target) =
                        self.find(at.file, &joined(&at.within, symbol), self.onward(file, view), hops + 1)
                {
                    return Some(target);
                }
            }
        }
        if view == View::Inside { self.beside(file, symbol) } else { None }
    }

    /// What is seen without an import: the other files of the package.
    fn beside(&self, file: u32, symbol: &str) -> Option<Target<'i>> {
        let symbols = self.index.symbols(file);
        let layout = &self.index.layout;
        let files = match symbols.language {
            Language::Go => layout.go_package(layout.path(file), ""),
            Language::Java => layout.java_package(symbols.package.as_deref().unwrap_or_default()),
            Language::Rust
            | Language::Python
            | Language::TypeScript
            | Language::Tsx
            | Language::JavaScript => {
                return None;
            }
        };
        // A folder may hold the tests of a package under another name; theirs is not seen.
        files.iter().filter(|other| self.index.symbols(**other).package == symbols.package).find_map(
            |other| {
                self.index
                    .symbols(*other)
                    .get(symbol)
                    .map(|found| Target { file: *other, found: Some(found) })
            },
        )
    }

    fn located(&self, file: u32, module: &str) -> Vec<Located> {
        if module.is_empty() {
            return vec![Located { file, within: String::new() }];
        }
        let dialect = self.index.symbols(file).language.dialect();
        dialect.modules(&self.index.layout, self.index.layout.path(file), module)
    }

    /// Whose imports are seen in a file that an import of another one leads to.
    fn onward(&self, file: u32, view: View) -> View {
        match self.index.symbols(file).language {
            Language::TypeScript | Language::Tsx | Language::JavaScript => View::Outside,
            // What a parent imports, its children see.
            Language::Rust => view,
            Language::Python | Language::Go | Language::Java => View::Inside,
        }
    }

    /// What is below an import: the rest of a symbol, or what the import itself brings in.
    fn follow(
        &mut self,
        file: u32,
        import: &Import,
        rest: &str,
        view: View,
        hops: u32,
    ) -> Option<Target<'i>> {
        let dialect = self.index.symbols(file).language.dialect();
        let onward = if import.module.is_empty() { View::Inside } else { self.onward(file, view) };
        let (module, name) = match &import.what {
            Imported::Module => (import.module.clone(), None),
            Imported::Name(name) => (import.module.clone(), Some(name.as_str())),
            Imported::All => return None,
        };
        for at in self.located(file, &module) {
            let symbol = joined(&joined(&at.within, name.unwrap_or_default()), rest);
            // A file that gives its own name out under another one asks itself for another symbol.
            if symbol.is_empty() {
                let default =
                    self.index.symbols(at.file).get("default").or_else(|| self.default(at.file, hops));
                return Some(Target { file: at.file, found: default });
            }
            if let Some(target) = self.find(at.file, &symbol, onward, hops + 1) {
                return Some(target);
            }
            // What has a name of its own is also a file's default.
            if name == Some("default")
                && let Some(default) = self.default(at.file, hops)
                && let Some(found) = self.index.symbols(at.file).get(&joined(&default.symbol, rest))
            {
                return Some(Target { file: at.file, found: Some(found) });
            }
        }
        let inner = dialect.child(&module, name?)?;
        let at = self.located(file, &inner).into_iter().next()?;
        let symbol = joined(&at.within, rest);
        if symbol.is_empty() {
            return Some(Target { file: at.file, found: None });
        }
        self.find(at.file, &symbol, onward, hops + 1)
    }

    /// What a script gives out without a name.
    fn default(&mut self, file: u32, hops: u32) -> Option<&'i Definition> {
        if !self.index.symbols(file).language.is_script() {
            return None;
        }
        self.find(file, "default", View::Outside, hops + 1).filter(|target| target.file == file)?.found
    }

    /// Everything that an import of a file brings in.
    fn imported(&mut self, file: u32, import: &Import) -> Vec<Target<'i>> {
        let located = self.located(file, &import.module);
        match &import.what {
            Imported::All => match self.index.symbols(file).language {
                // What is used of the package is told by name.
                Language::Java | Language::Go => Vec::new(),
                Language::Rust
                | Language::Python
                | Language::TypeScript
                | Language::Tsx
                | Language::JavaScript => {
                    located.iter().map(|at| Target { file: at.file, found: None }).collect()
                }
            },
            Imported::Name(_) => match self.follow(file, import, "", View::Inside, 0) {
                Some(target) => vec![target],
                // The name isn't a definition: the file is still used, if it is clear which.
                None if located.len() == 1 => vec![Target { file: located[0].file, found: None }],
                None => Vec::new(),
            },
            Imported::Module => located.into_iter().map(|at| self.longest(at)).collect(),
        }
    }

    /// The longest start of the names in a file that is a definition.
    fn longest(&mut self, at: Located) -> Target<'i> {
        let mut within = at.within.as_str();
        while !within.is_empty() {
            if let Some(target) = self.find(at.file, within, View::Inside, 1) {
                return target;
            }
            within = within.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
        let found = if at.within.is_empty() { self.default(at.file, 0) } else { None };
        Target { file: at.file, found }
    }
}

/// What is left of a symbol after a name it starts with.
fn below<'s>(symbol: &'s str, name: &str) -> Option<&'s str> {
    let rest = symbol.strip_prefix(name).filter(|_| !name.is_empty())?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
}

fn joined(before: &str, after: &str) -> String {
    match (before.is_empty(), after.is_empty()) {
        (true, _) => after.to_owned(),
        (_, true) => before.to_owned(),
        (false, false) => format!("{before}.{after}"),
    }
}
