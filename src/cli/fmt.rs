//! `factoryctl fmt`: brings config files into their canonical form; comments and meaning stay.

use crate::adapters::fs;
use crate::desired;
use crate::engine::{At, Source};
use crate::plan::render::Style;

use super::context::Context;
use super::exit::{Exit, Fail};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Change nothing; exit 2 when a file is not in its canonical form.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let source = cx.open()?;
    if let (At::Revision(revision), false) = (cx.at(), args.check) {
        let message = format!("files are formatted where they are worked on, not at `{revision}`");
        return Err(
            Fail::new(Exit::Usage, message).help("leave out --at; with --check a revision is looked at")
        );
    }
    let root = match &source {
        Source::Folder(folder) => folder.clone(),
        Source::Local { repo, .. } => {
            repo.work_tree().ok_or_else(|| not_here("a bare repository has no files to format"))?
        }
        Source::Remote { .. } => return Err(not_here("a remote repository has no files to format")),
    };
    let files = source.read(cx.at())?;
    let mut exit = Exit::Done;
    let mut changed = Vec::new();
    for file in &files.files {
        match desired::fmt::format(file) {
            Ok(text) if text.as_bytes() == file.bytes => {}
            Ok(text) => changed.push((&file.path, text)),
            Err(problems) => {
                let color = cx.ui.err_style() == Style::Color;
                cx.ui.say(desired::render(&problems, &files, color).trim_end());
                exit = exit.and(Exit::Invalid);
            }
        }
    }
    for (path, text) in changed {
        if args.check {
            cx.ui.print(&format!("not canonical: {path}\n"))?;
            exit = exit.and(Exit::Changes);
        } else {
            fs::replace_shared(&root.join(path), text.as_bytes())?;
            cx.ui.print(&format!("formatted {path}\n"))?;
        }
    }
    Ok(exit)
}

fn not_here(why: &str) -> Fail {
    Fail::new(Exit::Usage, why).help("run it in a clone")
}
