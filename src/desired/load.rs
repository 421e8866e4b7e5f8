//! The whole way from bytes to desired state.

use super::credentials;
use super::diagnostic::{Diagnostic, Draft, Severity, Sink, code};
use super::read::Reader;
use super::sections::{self, Builder};
use super::shape::Vocabulary;
use super::text::{Files, Node, parse};
use crate::model::{ConfigFiles, Desired};

/// The files of which one must hold the `factory` section.
const ROOT_FILES: [&str; 2] = ["factory.kdl", "factory.toml"];

/// Desired state and warnings, or every problem there is.
///
/// # Errors
/// When anything is wrong. Nothing is half-loaded: an error anywhere means that there is no desired state.
pub fn load(
    files: &ConfigFiles,
    vocabulary: &Vocabulary,
) -> Result<(Desired, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut sink = Sink::default();
    let texts = Files::new(files, &mut sink);
    let desired = read(files, &texts, vocabulary, &mut sink);
    let failed = sink.errors() > 0;
    let diagnostics = sink.finish(&texts);
    match desired {
        Some(desired) if !failed => Ok((desired, diagnostics)),
        _ => {
            let mut all = diagnostics;
            all.sort_by_key(|d| d.severity != Severity::Error);
            Err(all)
        }
    }
}

fn read(config: &ConfigFiles, files: &Files, vocabulary: &Vocabulary, sink: &mut Sink) -> Option<Desired> {
    let Ok(count) = u16::try_from(files.files.len()) else {
        sink.push(Draft::error(code::TOO_MANY, format!("there are {} config files", files.files.len())));
        return None;
    };
    let numbers = 0..count;
    let parsed: Vec<_> = numbers.filter_map(|n| Some((n, parse(files, n, sink)?))).collect();
    let syntax_errors = sink.errors();
    let mut nodes: Vec<Node<'_>> = Vec::new();
    for (number, parsed) in &parsed {
        nodes.extend(parsed.nodes(*number, &sections::ROOT, sink));
    }
    root_file(config, files, &nodes, sink);
    let top: Vec<&Node<'_>> = nodes.iter().collect();
    let blocks = Reader { files, vocabulary, sink, root: &sections::ROOT }.children(&sections::ROOT, &top);
    credentials::check(&nodes, files, sink);
    // What a file that could not be read would have declared is unknown, so references are judged only when
    // every file was read: otherwise one missing quote would be followed by a page of "no such label set".
    (syntax_errors == 0).then(|| sections::build(config, &blocks, &mut Builder { files, vocabulary, sink }))
}

/// A config without its root file, or with an empty one, is broken; it never means "nothing".
fn root_file(config: &ConfigFiles, files: &Files, nodes: &[Node<'_>], sink: &mut Sink) {
    const HELP: &str = "write `factory \"acme\"` into `factory.kdl`, with your factory's name; `factoryctl init` makes a commented example";
    let there = |path: &str| ROOT_FILES.contains(&path);
    let unread = config.unread.iter().any(|u| there(&u.path));
    let given = config.files.iter().any(|f| there(&f.path));
    if !given {
        if !unread {
            sink.push(Draft::error(code::NO_FACTORY, "there is no `factory.kdl` at the root").help(HELP));
        }
        return;
    }
    let is_factory = |n: &&Node<'_>| n.name == sections::FACTORY;
    let in_root = |n: &&Node<'_>| there(files.path(n.span));
    if nodes.iter().any(|n| is_factory(&n) && in_root(&n)) {
        return;
    }
    // A file with syntax errors has said so; whether it has the section is not known.
    let readable = files.files.iter().any(|f| there(&f.path)) && sink.errors() == 0;
    if !readable {
        return;
    }
    let root = files.files.iter().find(|f| there(&f.path)).map_or("factory.kdl", |f| &f.path);
    let draft = match nodes.iter().find(is_factory) {
        Some(node) => {
            Draft::error(code::NO_FACTORY, format!("the `factory` section stands outside `{root}`"))
                .at(node.span, "here")
                .help(format!("move it into `{root}`, so that a config whose root file got lost is noticed"))
        }
        None if nodes.iter().any(|n| in_root(&n)) => {
            Draft::error(code::NO_FACTORY, format!("`{root}` has no `factory` section"))
                .in_file(root)
                .help(HELP)
        }
        None => Draft::error(code::NO_FACTORY, format!("`{root}` is empty")).in_file(root).help(HELP),
    };
    sink.push(draft);
}
