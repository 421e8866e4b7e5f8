//! Where files lie: what a language needs to find the file that an import means.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::file::FileSymbols;
use super::index::Declared;
use super::languages::Language;

/// A place that a module path means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The file, by its number.
    pub file: u32,
    /// The names in it that are left of the path, with `.` between them; empty: the file itself.
    pub within: String,
}

/// The files of a tree, by path and by what their languages group them by.
#[derive(Clone, Debug)]
pub struct Layout {
    paths: Vec<String>,
    declared: Declared,
    crates: BTreeMap<String, Vec<String>>,
    go: BTreeMap<String, Vec<u32>>,
    java: BTreeMap<String, Vec<u32>>,
}

impl Layout {
    /// The layout of files that are sorted by path, each path once.
    pub fn new(paths: Vec<String>, files: &[Arc<FileSymbols>], declared: Declared) -> Self {
        let mut layout =
            Self { paths, declared, crates: BTreeMap::new(), go: BTreeMap::new(), java: BTreeMap::new() };
        for (number, (path, file)) in (0_u32..).zip(layout.paths.iter().zip(files)) {
            match file.language {
                Language::Rust => {
                    let at = path.strip_suffix("/src/lib.rs").or_else(|| path.strip_suffix("/src/main.rs"));
                    if let Some(name) = at.and_then(|at| at.rsplit('/').next()) {
                        let at = at.unwrap_or_default().to_owned();
                        layout.crates.entry(name.replace('-', "_")).or_default().push(at);
                    }
                }
                Language::Go => layout.go.entry(folder(path).to_owned()).or_default().push(number),
                Language::Java => {
                    let package = file.package.clone().unwrap_or_default();
                    layout.java.entry(package).or_default().push(number);
                }
                Language::Python | Language::TypeScript | Language::Tsx | Language::JavaScript => {}
            }
        }
        layout
    }

    /// The number of a file.
    pub fn file(&self, path: &str) -> Option<u32> {
        let at = self.paths.binary_search_by(|known| known.as_str().cmp(path)).ok()?;
        u32::try_from(at).ok()
    }

    /// The path of a file.
    pub fn path(&self, file: u32) -> &str {
        usize::try_from(file).ok().and_then(|at| self.paths.get(at)).map_or("", String::as_str)
    }

    /// Every path, sorted.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// The folders that paths of modules start from.
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        self.declared.roots.iter().map(|root| root.trim_end_matches('/'))
    }

    /// The folders of the packages declared with a name; `-` and `_` are the same.
    pub fn packages(&self, name: &str) -> impl Iterator<Item = &str> {
        let name = name.replace('-', "_");
        let named = move |package: &&(String, String)| package.0.replace('-', "_") == name;
        self.declared.packages.iter().filter(named).map(|(_, at)| at.as_str())
    }

    /// The folders of the declared packages that a path with `/` starts with, and the rest of the path.
    pub fn packages_of_path<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.declared.packages.iter().filter_map(move |(name, at)| {
            let rest = path.strip_prefix(name.as_str())?;
            let rest = if rest.is_empty() { rest } else { rest.strip_prefix('/')? };
            Some((at.as_str(), rest))
        })
    }

    /// The folders with the name of a Rust crate.
    pub fn crates(&self, name: &str) -> impl Iterator<Item = &str> {
        self.crates.get(name).into_iter().flatten().map(String::as_str)
    }

    /// The Go files of an imported package: of a declared module, or in the folder that is the longest end of the
    /// path. Host, owner and name of a repository are never taken for a folder.
    pub fn go_package(&self, from: &str, module: &str) -> &[u32] {
        if module.is_empty() {
            return self.go.get(folder(from)).map_or(&[], Vec::as_slice);
        }
        let declared = self.packages_of_path(module).find_map(|(at, rest)| self.go.get(&join(at, rest)));
        if let Some(files) = declared {
            return files;
        }
        let Some(host) = module.split('/').next().filter(|host| host.contains('.')) else { return &[] };
        let hosted = matches!(host, "github.com" | "gitlab.com" | "bitbucket.org");
        let mut rest = module;
        for dropped in 1.. {
            let Some((_, shorter)) = rest.split_once('/') else { return &[] };
            rest = shorter;
            if !hosted || dropped >= 3 {
                let rooted = self.roots().find_map(|root| self.go.get(&join(root, rest)));
                if let Some(files) = self.go.get(rest).or(rooted) {
                    return files;
                }
            }
        }
        &[]
    }

    /// The Java files of a package.
    pub fn java_package(&self, name: &str) -> &[u32] {
        self.java.get(name).map_or(&[], Vec::as_slice)
    }
}

/// The folder of a path; empty: the root.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path below a folder; either may be empty.
pub(super) fn join(at: &str, path: &str) -> String {
    match (at.is_empty(), path.is_empty()) {
        (true, _) => path.to_owned(),
        (_, true) => at.to_owned(),
        (false, false) => format!("{at}/{path}"),
    }
}
