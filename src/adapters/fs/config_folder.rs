//! The config files of a folder: `factory.kdl` and `policies/**/*.{kdl,toml}`, within limits.
//!
//! What stands there and is not read is named, never skipped in silence: what has a config file's name is refused,
//! what only looks like config (`labels.yml`) is passed over with a warning. Names that begin with a dot are no
//! config, since editors keep their own files under such names, and neither is a README. Links are not followed, here
//! nor in a commit.

use std::path::Path;

use super::misplaced::{
    at_root, beside_policies, ends_like_config, folder_at_root, may_be_ours, may_be_policies,
};
use super::{Error, Size};
use crate::model::{ConfigFile, ConfigFiles, Origin, Unread};

/// The most config files that are read.
pub const MAX_CONFIG_FILES: usize = 2_000;
/// The most bytes that one config file may have.
pub const MAX_FILE_BYTES: u64 = 4 << 20;
/// The most bytes that all of them may have.
pub const MAX_CONFIG_BYTES: u64 = 64 << 20;
/// The most bytes of a file outside of config that is looked into.
pub(crate) const MAX_PEEKED: u64 = 1 << 20;
/// How many refusals are named; further ones are counted.
const MAX_UNREAD: usize = 100;
/// How deep folders below `policies` may lie.
const MAX_DEPTH: usize = 16;
/// How many folders are looked into: a commit can name one folder a million times in a few bytes.
const MAX_FOLDERS: usize = 4_000;

/// Whether a path from the root, with `/`, is that of a config file.
pub(crate) fn is_config_path(path: &str) -> bool {
    if path == "factory.kdl" {
        return true;
    }
    let Some(rest) = path.strip_prefix("policies/") else { return false };
    !rest.split('/').any(|part| part.starts_with('.'))
        && Path::new(rest).extension().is_some_and(|e| e == "kdl" || e == "toml")
}

/// Whether a path that is no config file's looks like one: what it says would have no effect, and whoever wrote it
/// should know.
fn looks_like_config(path: &str) -> bool {
    path.starts_with("policies/") && !is_config_path(path) && ends_like_config(path)
}

/// Reads the config files of a folder. The folder itself may be a link.
///
/// # Errors
/// When the folder can't be listed; what is wrong with single files is in [`ConfigFiles::unread`].
pub fn read_config_folder(root: &Path) -> Result<ConfigFiles, Error> {
    let mut found = Collector::default();
    match std::fs::symlink_metadata(root.join("factory.kdl")) {
        Ok(_) => found.entry(root, "factory.kdl"),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            // A folder that is gone is an error; one without this file is the reader's to judge.
            std::fs::metadata(root).map_err(|e| Error::of("read", root, e))?;
        }
        Err(e) => return Err(Error::of("inspect", root, e)),
    }
    for (name, is_folder) in names(root)? {
        if is_folder {
            found.pass_over_folder(&name);
        } else {
            found.pass_over_at_root(&name, &peek(root, &name));
        }
        if is_folder && may_be_policies(&name) {
            let folder = root.join(&name);
            // What isn't config hinders nothing, whether or not it can be listed.
            let files = names(&folder).unwrap_or_default().into_iter().filter(|(_, is_folder)| !is_folder);
            for (file, _) in files {
                found.pass_over_beside_policies(&name, &file, &peek(&folder, &file));
            }
        }
    }
    let policies = root.join("policies");
    match std::fs::symlink_metadata(&policies) {
        Ok(meta) if meta.is_dir() => found.folder(root, "policies", 1)?,
        Ok(_) => found.refuse_policies(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(Error::of("inspect", &policies, e)),
    }
    let origin = Origin {
        place: root.display().to_string(),
        root: Some(root.to_owned()),
        hosted: None,
        commit: None,
        changed: None,
    };
    Ok(found.finish(origin))
}

/// What a file holds that isn't config by its place; nothing where it need not be looked into, or can't be.
fn peek(folder: &Path, name: &str) -> String {
    let bytes = may_be_ours(name).then(|| super::read_no_follow(&folder.join(name), MAX_PEEKED));
    bytes.and_then(Result::ok).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// The names in a folder, and which are folders. A name that isn't UTF-8 is none of config's.
fn names(folder: &Path) -> Result<Vec<(String, bool)>, Error> {
    let failed = |e| Error::of("list", folder, e);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        names.extend(entry.file_name().into_string().ok().map(|name| (name, is_folder)));
    }
    names.sort();
    Ok(names)
}

/// How many config files differ between two states, those that only one of them has included.
pub fn changed(one: &ConfigFiles, other: &ConfigFiles) -> usize {
    let map = |files: &ConfigFiles| -> std::collections::BTreeMap<String, Option<Vec<u8>>> {
        let read = files.files.iter().map(|f| (f.path.clone(), Some(f.bytes.clone())));
        read.chain(files.unread.iter().map(|u| (u.path.clone(), None))).collect()
    };
    let (one, other) = (map(one), map(other));
    let differ = one.iter().filter(|(path, bytes)| other.get(*path) != Some(bytes)).count();
    differ + other.keys().filter(|path| !one.contains_key(*path)).count()
}

/// Gathers config files and enforces the limits, whether they come from a folder or from a commit.
#[derive(Default)]
pub(crate) struct Collector {
    files: Vec<ConfigFile>,
    unread: Vec<Unread>,
    passed_over: Vec<Unread>,
    bytes: u64,
    left_out: usize,
    folders: usize,
    unnamed: usize,
    passed_unnamed: usize,
}

impl Collector {
    /// Whether a file of `size` bytes is still within the limits; if not, it is noted as refused.
    pub(crate) fn admit(&mut self, path: &str, size: u64) -> bool {
        if size > MAX_FILE_BYTES {
            let why = format!("is larger than {}", Size(MAX_FILE_BYTES));
            self.refuse(path.to_owned(), why, "split it into several files under `policies/`");
            return false;
        }
        if self.files.len() >= MAX_CONFIG_FILES || self.bytes + size > MAX_CONFIG_BYTES {
            self.left_out += 1;
            // The first is named; the others are counted, so that a flood stays one problem.
            if self.left_out == 1 {
                let why = if self.files.len() >= MAX_CONFIG_FILES {
                    format!("is one more than the {MAX_CONFIG_FILES} config files that are read")
                } else {
                    format!("brings all config files together above {}", Size(MAX_CONFIG_BYTES))
                };
                self.refuse(path.to_owned(), why, "merge or remove config files");
            }
            return false;
        }
        true
    }

    /// Takes a file that was admitted.
    pub(crate) fn take(&mut self, path: String, bytes: Vec<u8>) {
        self.bytes += bytes.len() as u64;
        self.files.push(ConfigFile { path, bytes });
    }

    /// Notes a file that is not read.
    pub(crate) fn refuse(&mut self, path: String, why: String, help: impl Into<String>) {
        if self.unread.len() < MAX_UNREAD {
            self.unread.push(Unread { path, why, help: help.into() });
        } else {
            self.unnamed += 1;
        }
    }

    /// Notes a file that is no config file, where it looks like one.
    pub(crate) fn pass_over(&mut self, path: &str) {
        if looks_like_config(path) {
            let why = "is not read: config files end in `.kdl` or `.toml`";
            self.note_passed_over(path, why, "write it as KDL or TOML, or move it out of `policies/`");
        }
    }

    /// Notes a file at the root that isn't the root file, where it looks like config.
    pub(crate) fn pass_over_at_root(&mut self, name: &str, text: &str) {
        if let Some((why, help)) = at_root(name, text) {
            self.note_passed_over(name, why, help);
        }
    }

    /// Notes a folder at the root that isn't that of the policies, where it is called nearly so.
    pub(crate) fn pass_over_folder(&mut self, name: &str) {
        if let Some((why, help)) = folder_at_root(name) {
            self.note_passed_over(name, why, help);
        }
    }

    /// Notes a file in a folder that may have been meant for that of the policies, where it looks like config.
    pub(crate) fn pass_over_beside_policies(&mut self, folder: &str, name: &str, text: &str) {
        if let Some((why, help)) = beside_policies(name, text) {
            self.note_passed_over(&format!("{folder}/{name}"), why, help);
        }
    }

    fn note_passed_over(&mut self, path: &str, why: &str, help: &str) {
        if self.passed_over.len() >= MAX_UNREAD {
            self.passed_unnamed += 1;
            return;
        }
        let (path, why, help) = (path.to_owned(), why.to_owned(), help.to_owned());
        self.passed_over.push(Unread { path, why, help });
    }

    /// Notes a symbolic link; `target` as the link has it.
    pub(crate) fn refuse_link(&mut self, path: &str, target: &str) {
        let outside = leaves_root(path, target);
        let where_to = if outside { ", which lies outside of the config repository" } else { "" };
        self.refuse(
            path.to_owned(),
            format!("is a symbolic link to `{target}`{where_to}"),
            "put the file itself in its place; links are not followed",
        );
    }

    /// Notes a `policies` that isn't a folder.
    pub(crate) fn refuse_policies(&mut self) {
        let help = "make `policies` a folder that holds the policy files";
        self.refuse("policies".to_owned(), "is not a folder".to_owned(), help);
    }

    /// Notes something that is neither a file nor a folder, or a folder in a file's place.
    pub(crate) fn refuse_kind(&mut self, path: String) {
        self.refuse(path, "is not a regular file".to_owned(), "remove or rename it");
    }

    /// Notes a name that isn't UTF-8.
    pub(crate) fn refuse_name(&mut self, path: String) {
        self.refuse(path, "has a name that is not UTF-8".to_owned(), "rename it");
    }

    /// Whether a folder is still within the limits; if not, it is noted as refused, once.
    pub(crate) fn enter(&mut self, path: &str, depth: usize) -> bool {
        self.folders += 1;
        if depth > MAX_DEPTH {
            let why = format!("lies more than {MAX_DEPTH} folders deep");
            self.refuse(path.to_owned(), why, "use fewer levels of folders");
        } else if self.folders == MAX_FOLDERS + 1 {
            let why = format!("and what follows are more folders than the {MAX_FOLDERS} that are read");
            self.refuse(path.to_owned(), why, "use fewer folders");
        }
        depth <= MAX_DEPTH && self.folders <= MAX_FOLDERS
    }

    /// All that was gathered, sorted by path.
    pub(crate) fn finish(mut self, origin: Origin) -> ConfigFiles {
        if self.left_out > 1
            && let Some(last) = self.unread.iter_mut().find(|u| u.help.starts_with("merge or remove"))
        {
            last.help = format!("merge or remove config files; {} more were not read", self.left_out - 1);
        }
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.unread.sort_by(|a, b| a.path.cmp(&b.path));
        if self.unnamed > 0 {
            let why = format!("holds {} more files that can't be read", self.unnamed);
            let help = "mend those that are named; the next run names more".to_owned();
            self.unread.push(Unread { path: "policies".to_owned(), why, help });
        }
        self.passed_over.sort_by(|a, b| a.path.cmp(&b.path));
        if self.passed_unnamed > 0 {
            let why = format!("holds {} more files that are not read", self.passed_unnamed);
            let help = "config files end in `.kdl` or `.toml`; move the others elsewhere".to_owned();
            self.passed_over.push(Unread { path: "policies".to_owned(), why, help });
        }
        let (files, unread, passed_over) = (self.files, self.unread, self.passed_over);
        ConfigFiles { origin, files, unread, passed_over }
    }

    fn folder(&mut self, root: &Path, folder: &str, depth: usize) -> Result<(), Error> {
        if !self.enter(folder, depth) {
            return Ok(());
        }
        let dir = root.join(folder);
        let mut names: Vec<_> = std::fs::read_dir(&dir)
            .and_then(|entries| entries.map(|e| e.map(|e| e.file_name())).collect::<Result<_, _>>())
            .map_err(|e| Error::of("list", &dir, e))?;
        names.sort();
        for name in names {
            let Some(name) = name.to_str() else {
                self.refuse_name(format!("{folder}/{}", name.to_string_lossy()));
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let path = format!("{folder}/{name}");
            match std::fs::symlink_metadata(root.join(&path)) {
                Ok(meta) if meta.is_dir() => self.folder(root, &path, depth + 1)?,
                // A link without a config file's name may still be a link to a folder of them.
                Ok(meta) if meta.is_symlink() || is_config_path(&path) => self.entry(root, &path),
                Ok(_) => self.pass_over(&path),
                // Gone since it was listed: as if it had never been there.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => self.refuse(path, format!("can't be inspected: {e}"), "mend its access"),
            }
        }
        Ok(())
    }

    fn entry(&mut self, root: &Path, path: &str) {
        let full = root.join(path);
        if let Ok(target) = std::fs::read_link(&full) {
            let inside = target.strip_prefix(root).map_or(target.as_path(), |inside| inside);
            return self.refuse_link(path, &inside.to_string_lossy());
        }
        let size = std::fs::metadata(&full).map_or(0, |m| m.len());
        if !self.admit(path, size) {
            return;
        }
        match super::read_no_follow(&full, MAX_FILE_BYTES) {
            Ok(bytes) => self.take(path.to_owned(), bytes),
            Err(Error::NotRegular(_)) => self.refuse_kind(path.to_owned()),
            Err(Error::TooLarge { limit, .. }) => {
                let why = format!("is larger than {}", Size(limit));
                self.refuse(path.to_owned(), why, "split it into several files under `policies/`");
            }
            Err(e) => {
                let cause = std::error::Error::source(&e).map_or(e.to_string(), ToString::to_string);
                self.refuse(path.to_owned(), format!("can't be read: {cause}"), "mend its access");
            }
        }
    }
}

/// Whether a link at `path` leads out of the root, judged by its words alone.
fn leaves_root(path: &str, target: &str) -> bool {
    if target.starts_with('/') {
        return true;
    }
    let mut depth = path.matches('/').count();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write what is then read")]
mod tests {
    use super::*;

    fn show(files: &ConfigFiles) -> String {
        let read = files.files.iter().map(|f| format!("{} ({} bytes)", f.path, f.bytes.len()));
        let unread = files.unread.iter().map(|u| format!("! `{}` {}: {}", u.path, u.why, u.help));
        let passed = files.passed_over.iter().map(|u| format!("? `{}` {}: {}", u.path, u.why, u.help));
        read.chain(unread).chain(passed).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_is_config_is_read_and_what_is_refused_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let put = |path: &str, bytes: &[u8]| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        put("factory.kdl", b"one");
        put("policies/b.toml", b"two");
        put("policies/deep/a.kdl", b"");
        put("policies/README.md", b"no config");
        put("policies/labels.yml", b"passed over");
        put("policies/deep/B.TOML", b"passed over");
        put("policies/.hidden.json", b"an editor's");
        put("package.json", b"no config");
        put("Cargo.toml", b"no config");
        put(".kdl", b"no config");
        put("factory.toml", b"passed over");
        put("Factory.KDL", b"passed over");
        put("repos.kdl", b"passed over");
        put("Policies/more.kdl", b"passed over");
        put("politics/more.kdl", b"no config");
        put("labels.toml", b"# ours\n[[label-set]]\n");
        put("deny.toml", b"[licenses]\nallow = [\"MIT\"]\n");
        put("rustfmt.toml", b"[repo]\n");
        put("policy/a.kdl", b"passed over");
        put("policy/b.toml", b" [label-set.x]\n");
        put("conf/nginx.toml", b"[server]\n");
        put("Config/c.toml", b"[ \"repo\" . x]\n");
        put("config/deep/d.kdl", b"no config");
        put("policies/.#a.kdl", b"an editor's");
        put("policies/binary.kdl", b"\xff\x00");
        put("policies/big.kdl", &vec![b' '; usize::try_from(MAX_FILE_BYTES).unwrap() + 1]);
        std::fs::create_dir(root.join("policies/folder.kdl")).unwrap();
        std::os::unix::fs::symlink("../../etc/passwd", root.join("policies/out.kdl")).unwrap();
        std::os::unix::fs::symlink("b.toml", root.join("policies/in.toml")).unwrap();
        std::os::unix::fs::symlink("/etc", root.join("policies/etc")).unwrap();
        insta::assert_snapshot!(show(&read_config_folder(root).unwrap()), @r"
        factory.kdl (3 bytes)
        policies/b.toml (3 bytes)
        policies/binary.kdl (2 bytes)
        policies/deep/a.kdl (0 bytes)
        ! `policies/big.kdl` is larger than 4 MiB: split it into several files under `policies/`
        ! `policies/etc` is a symbolic link to `/etc`, which lies outside of the config repository: put the file itself in its place; links are not followed
        ! `policies/in.toml` is a symbolic link to `b.toml`: put the file itself in its place; links are not followed
        ! `policies/out.kdl` is a symbolic link to `../../etc/passwd`, which lies outside of the config repository: put the file itself in its place; links are not followed
        ? `Config/c.toml` is not read: the folder of the policy files is called `policies`: move it to `policies/`, where every `.kdl` and `.toml` file is read
        ? `Factory.KDL` is not read: the root file is `factory.kdl`, in lower case: rename it to `factory.kdl`
        ? `Policies` is not read: the folder of the policy files is called `policies`, in lower case: rename it to `policies`
        ? `factory.toml` is not read: the root file is `factory.kdl`: write its `factory` section into `factory.kdl`, and move the rest to a file under `policies/`
        ? `labels.toml` is not read: at the root only `factory.kdl` is: move it to `policies/`, where every `.kdl` and `.toml` file is read
        ? `policies/deep/B.TOML` is not read: config files end in `.kdl` or `.toml`: write it as KDL or TOML, or move it out of `policies/`
        ? `policies/labels.yml` is not read: config files end in `.kdl` or `.toml`: write it as KDL or TOML, or move it out of `policies/`
        ? `policy/a.kdl` is not read: the folder of the policy files is called `policies`: move it to `policies/`, where every `.kdl` and `.toml` file is read
        ? `policy/b.toml` is not read: the folder of the policy files is called `policies`: move it to `policies/`, where every `.kdl` and `.toml` file is read
        ? `repos.kdl` is not read: at the root only `factory.kdl` is: move it to `policies/`, where every `.kdl` and `.toml` file is read
        ");
    }

    #[test]
    fn a_flood_is_cut_and_counted() {
        let mut found = Collector::default();
        for n in 0..MAX_CONFIG_FILES + 3 {
            let path = format!("policies/{n:05}.kdl");
            if found.admit(&path, 0) {
                found.take(path, Vec::new());
            }
        }
        let files = found.finish(Origin::default());
        assert_eq!(files.files.len(), MAX_CONFIG_FILES);
        insta::assert_snapshot!(show(&ConfigFiles { files: Vec::new(), ..files }), @"! `policies/02000.kdl` is one more than the 2000 config files that are read: merge or remove config files; 2 more were not read");
        let mut found = Collector::default();
        assert!((0..16).all(|n| {
            let ok = found.admit(&n.to_string(), MAX_FILE_BYTES);
            found.bytes += MAX_FILE_BYTES;
            ok
        }));
        assert!(!found.admit("x", 1));
    }

    #[test]
    fn a_missing_folder_is_an_error_and_an_empty_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(show(&read_config_folder(dir.path()).unwrap()), "");
        assert!(read_config_folder(&dir.path().join("none")).unwrap_err().is_not_found());
        std::fs::write(dir.path().join("policies"), "").unwrap();
        insta::assert_snapshot!(show(&read_config_folder(dir.path()).unwrap()), @"! `policies` is not a folder: make `policies` a folder that holds the policy files");
    }

    #[test]
    fn changes_are_counted_by_file() {
        let of = |files: &[(&str, &str)]| ConfigFiles {
            files: files.iter().map(|(p, b)| ConfigFile { path: (*p).into(), bytes: (*b).into() }).collect(),
            ..ConfigFiles::default()
        };
        let one = of(&[("a", "1"), ("b", "2"), ("c", "3")]);
        assert_eq!(changed(&one, &one), 0);
        assert_eq!(changed(&one, &of(&[("a", "1"), ("b", "x"), ("d", "4")])), 3);
    }

    #[test]
    fn links_are_judged_by_their_words() {
        for (path, target, out) in [
            ("factory.kdl", "other.kdl", false),
            ("factory.kdl", "../x", true),
            ("policies/a.kdl", "../x", false),
            ("policies/a.kdl", "../../x", true),
            ("policies/a.kdl", "b/../../../x", true),
            ("policies/a.kdl", "/x", true),
        ] {
            assert_eq!(leaves_root(path, target), out, "{path} -> {target}");
        }
    }
}
