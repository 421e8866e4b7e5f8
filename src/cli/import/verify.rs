//! The promise of import, kept by trying: what will lie in the folder loads, and a plan on it against what has
//! just been read is empty. Else nothing is written.

use std::path::Path;

use crate::adapters::fs::{self, read_config_folder};
use crate::desired::{self, import::Imported};
use crate::engine::{self, Judged, Judging};
use crate::loops::Selection;
use crate::model::{ConfigFile, ConfigFiles, Observed};
use crate::plan::render::{self, Style};
use crate::plan::{Memory, Switches};

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Fail};

/// Loads and plans what the folder will hold.
pub(super) fn check(cx: &Context, root: &Path, imported: &Imported, observed: &Observed) -> Result<(), Fail> {
    let (files, kept) = folder_after(root, imported)?;
    let color = cx.ui.err_style() == Style::Color;
    let loaded = engine::load(files, cx.today()).map_err(|invalid| {
        let rendered = desired::render(&invalid.problems, &invalid.files, color);
        refuse(&kept, Exit::Invalid, "the config would not load", rendered)
    })?;
    let judged = plan(&loaded.desired, observed, cx.clock.now());
    if is_empty(&judged, observed) {
        return Ok(());
    }
    Err(refuse(
        &kept,
        Exit::Error,
        "a plan would not be empty",
        render::text(&judged.document, cx.ui.err_style()),
    ))
}

/// The config files that will lie in the folder, and the names of those that were there and stay.
fn folder_after(root: &Path, imported: &Imported) -> Result<(ConfigFiles, Vec<String>), Fail> {
    let mut files = if fs::exists(root) { read_config_folder(root)? } else { ConfigFiles::default() };
    let replaced = |path: &str| imported.files.iter().any(|(ours, _)| ours == path);
    files.files.retain(|file| !replaced(&file.path));
    files.unread.retain(|file| !replaced(&file.path));
    let kept = files
        .files
        .iter()
        .map(|f| f.path.clone())
        .chain(files.unread.iter().map(|u| u.path.clone()))
        .collect();
    let ours = imported.files.iter();
    files
        .files
        .extend(ours.map(|(path, text)| ConfigFile { path: path.clone(), bytes: text.clone().into_bytes() }));
    files.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((files, kept))
}

fn refuse(kept: &[String], exit: Exit, what: &str, rendered: String) -> Fail {
    let mut fail = if kept.is_empty() {
        Fail::new(Exit::Error, format!("{what}, which is a bug in import; nothing was written"))
    } else {
        let there = kept.join(", ");
        Fail::new(exit, format!("with what is in the folder already ({there}), {what}; nothing was written"))
            .help("remove what the import replaces, or write elsewhere with -o DIR")
    };
    fail.rendered = Some(rendered);
    fail
}

/// The plan of all loops.
pub(super) fn plan(desired: &crate::model::Desired, observed: &Observed, now: jiff::Timestamp) -> Judged {
    let (selection, switches, memory) = (Selection::default(), Switches::default(), Memory::default());
    let judging = Judging::new(desired, &selection, &switches, &memory, now);
    engine::judge(&judging, observed)
}

/// Whether nothing is to be done, waited for or mended; repositories that were not read are another matter.
pub(super) fn is_empty(judged: &Judged, observed: &Observed) -> bool {
    let read = |address: &crate::model::Address| {
        address.repo_name().is_none_or(|name| observed.repos.contains_key(&name))
    };
    judged.document.is_empty()
        && judged.problems.is_empty()
        && !judged.document.unsound
        && !judged.document.waiting.iter().any(|w| read(&w.address))
}
