//! What looks like config and stands where none is read: whoever put it there believes that it has an effect.

use std::path::Path;

use crate::model::SECTIONS;

/// Why what is misplaced isn't looked at, and what to do.
type Misplaced = (&'static str, &'static str);

/// What is said of a folder at the root.
pub(super) fn folder_at_root(name: &str) -> Option<Misplaced> {
    let meant = name != "policies" && name.eq_ignore_ascii_case("policies");
    meant.then_some((
        "is not read: the folder of the policy files is called `policies`, in lower case",
        "rename it to `policies`",
    ))
}

/// Whether a folder at the root is called as one might call that of the policies; what is in it tells whether it is.
pub(crate) fn may_be_policies(name: &str) -> bool {
    ["policy", "conf", "config"].iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// What is said of a file in such a folder. `text` is what it holds, if it was looked into.
pub(super) fn beside_policies(name: &str, text: &str) -> Option<Misplaced> {
    let ours = match name.rsplit_once('.') {
        Some(("", _)) | None => false,
        Some((_, "kdl")) => true,
        Some((_, ending)) => ending == "toml" && has_section(text),
    };
    ours.then_some((
        "is not read: the folder of the policy files is called `policies`",
        "move it to `policies/`, where every `.kdl` and `.toml` file is read",
    ))
}

/// Whether a file at the root or in such a folder has to be looked into: other programs keep their TOML there too.
pub(crate) fn may_be_ours(name: &str) -> bool {
    const OTHERS: [&str; 4] = ["Cargo.toml", "rustfmt.toml", "clippy.toml", "pyproject.toml"];
    let is_toml = Path::new(name).extension().is_some_and(|ending| ending == "toml");
    is_toml && !name.starts_with('.') && name != "factory.toml" && !OTHERS.contains(&name)
}

/// Whether a TOML text has a table that is a section of config.
fn has_section(text: &str) -> bool {
    let tables = text.lines().filter_map(|line| line.trim().strip_prefix('['));
    let name = |table: &str| {
        let table = table.trim_start_matches('[').trim_start();
        table.split(['.', ']', ' ']).next().map(|name| name.trim_matches('"').to_owned())
    };
    tables.filter_map(name).any(|name| SECTIONS.contains(&name.as_str()))
}

/// What is said of a file at the root that isn't looked at, where it looks like config. Other programs keep their TOML
/// and JSON there too, but hardly any its KDL. `text` is what it holds, if it was looked into.
pub(super) fn at_root(name: &str, text: &str) -> Option<Misplaced> {
    let (stem, ending) = name.rsplit_once('.')?;
    if name == "factory.kdl" {
        None
    } else if name.eq_ignore_ascii_case("factory.kdl") {
        Some(("is not read: the root file is `factory.kdl`, in lower case", "rename it to `factory.kdl`"))
    } else if stem.eq_ignore_ascii_case("factory") && ends_like_config(name) {
        Some((
            "is not read: the root file is `factory.kdl`",
            "write its `factory` section into `factory.kdl`, and move the rest to a file under `policies/`",
        ))
    } else {
        let ours = ending.eq_ignore_ascii_case("kdl") || (ending == "toml" && has_section(text));
        (!stem.is_empty() && ours).then_some((
            "is not read: at the root only `factory.kdl` is",
            "move it to `policies/`, where every `.kdl` and `.toml` file is read",
        ))
    }
}

pub(super) fn ends_like_config(path: &str) -> bool {
    const ENDINGS: [&str; 5] = ["yml", "yaml", "json", "kdl", "toml"];
    let ending = Path::new(path).extension();
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}
