//! `recipe` and `gate`: what a repository needs before anybody works in it, and what work on it has to pass.

use std::path::PathBuf;
use std::time::Duration;

use crate::desired::block::{Block, Read};
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{DAY, Field, Kind, Repeat, Type, Value};
use crate::model::{Cache, Gate, Recipe};

use super::Builder;

const LINE: Type = Type::Text { max: 2_000 };
const TIME: Type = Type::Duration { min: 1, max: DAY };
const GLOBS: Type = Type::List { of: &Type::Text { max: 200 }, max: 100 };

static CACHE: Kind = Kind {
    name: "cache",
    about: "A folder of the clone that agents' runs keep and share, as long as the file it goes by stays the same at the commit that they begin with. Within the sandbox it is mounted; without one a link leads to it. Gates never see it, since agents have written there.",
    key: Some(
        Field::new(
            "path",
            Type::Text { max: 200 },
            "Where it lies, from the root of the repository; nothing that is committed lies there.",
            "\"node_modules\"",
        )
        .required(),
    ),
    fields: &[Field::new(
        "key",
        Type::Text { max: 200 },
        "The file that it goes by; one folder for all unless it is given.",
        "\"package-lock.json\"",
    )],
    repeat: Repeat::ByKey,
    most: 20,
    example: "cache \"node_modules\" key=\"package-lock.json\"",
    ..Kind::EMPTY
};

pub(super) static RECIPE: Kind = Kind {
    name: "recipe",
    about: "What is done in a clone of the repository before and after somebody works in it: an agent, or a gate. The nearest layer that has a recipe has all of it. Its lines are run by /bin/sh at the root of the clone, within the agent's sandbox where there is one, with the variables that every run has and none of the agent's own; what they start ends with them. A setup that fails burns no attempt, and after three in a row nothing is started in that repository until the recipe is another one.",
    fields: &[
        Field::new("setup", LINE, "The line that prepares it.", "\"npm ci\""),
        Field::new("teardown", LINE, "The line that cleans up after the agent; that it fails is said, and no more.", "\"docker compose down\""),
        Field::new("network", Type::Flag, "Whether these two reach the network; it is the sandbox that closes it.", "#false").or("#true"),
        Field::new("time", TIME, "How long each of them may take.", "\"10m\"").or("\"10m\""),
        Field::new("ports", Type::Int { min: 0, max: 50 }, "How many free ports of the loopback are looked for and named in FACTORY_PORT_1, FACTORY_PORT_2 and so on. Nobody holds them: who is fast enough may take one first.", "2").or("0"),
        Field::new(
            "readable",
            Type::List { of: &Type::Path, max: 100 },
            "Folders and files that setup, teardown and gates may read besides the system's programs, absolute: where their tools lie.",
            "\"/opt/node\"",
        ),
    ],
    children: &[&CACHE],
    example: "recipe setup=\"npm ci\" teardown=\"docker compose down\" network=#true time=\"10m\" ports=2 {\n    cache \"node_modules\" key=\"package-lock.json\"\n}",
    ..Kind::EMPTY
};

pub(super) static GATE: Kind = Kind {
    name: "gate",
    about: "A line of shell that what an agent made has to pass: it ends with 0 in a clean checkout of the commit, with a setup of its own, by /bin/sh and within the agent's sandbox where there is one. A gate that passes only because it or its tests became weaker ends the run in `weakened`, unless its task says `may-weaken`. A nearer layer's gate of the same name replaces it.",
    key: Some(Field::new("name", Type::Name, "Its name.", "\"test\"").required()),
    fields: &[
        Field::new("command", LINE, "The line.", "\"npm test\""),
        Field::new(
            "enabled",
            Type::Flag,
            "Whether it is there; a nearer layer takes one out with it.",
            "#false",
        )
        .or("#true"),
        Field::new("time", TIME, "How long it may take.", "\"10m\"").or("\"10m\""),
        Field::new(
            "network",
            Type::Flag,
            "Whether it reaches the network; it is the sandbox that closes it.",
            "#true",
        )
        .or("#false"),
        Field::new(
            "tests",
            GLOBS,
            "The files of its tests, as globs in which `*` stops at `/` and `**` doesn't: those of the base commit have to pass, too.",
            "\"tests/**\"",
        ),
        Field::new(
            "files",
            GLOBS,
            "The files that it consists of, as globs: the scripts that it runs, its settings. A change of them makes it weaker.",
            "\"ci/test.sh\" \"package.json\"",
        ),
    ],
    repeat: Repeat::ByKey,
    most: 50,
    example: "gate \"test\" command=\"npm test\" time=\"10m\" {\n    tests \"tests/**\"\n    files \"ci/test.sh\" \"package.json\"\n}",
    ..Kind::EMPTY
};

/// The recipe of a layer, if it has one.
pub(super) fn recipe(block: &Block, cx: &mut Builder<'_>) -> Option<Recipe> {
    let block = block.child(RECIPE.name)?;
    let default = Recipe::default();
    Some(Recipe {
        setup: text(block, "setup"),
        teardown: text(block, "teardown"),
        network: block.flag("network").map_or(default.network, |(on, _)| on),
        time: time(block).unwrap_or(default.time),
        caches: block.each(CACHE.name).filter_map(|cache| self::cache(cache, cx)).collect(),
        ports: block.count("ports").and_then(|n| u16::try_from(n).ok()).unwrap_or(default.ports),
        readable: block.list("readable").iter().filter_map(Read::text).map(PathBuf::from).collect(),
    })
}

fn cache(block: &Block, cx: &mut Builder<'_>) -> Option<Cache> {
    let path = block.key().to_owned();
    if path.is_empty() {
        return None;
    }
    for (what, span) in [(path.as_str(), block.key_span())].into_iter().chain(block.text("key")) {
        if !is_inside(what) {
            cx.sink.push(
                Draft::error(code::MALFORMED, format!("`{what}` isn't the path of something in a repository"))
                    .at(span, "this path")
                    .help("write it from the root of the repository, without `/` in front and without `.`, `..` and `.git`"),
            );
        }
    }
    Some(Cache { path, key: text(block, "key") })
}

fn is_inside(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git"))
}

/// A gate that a layer declares: `None` takes the one of that name out.
pub(super) fn gates(block: &Block, cx: &mut Builder<'_>) -> Vec<(String, Option<Gate>)> {
    let gate = |block: &Block| {
        let name = block.key().to_owned();
        if block.flag("enabled").is_some_and(|(on, _)| !on) {
            return Some((name, None));
        }
        let Some(command) = text(block, "command") else {
            if block.given("command").is_none() {
                cx.sink.push(
                    Draft::error(code::MISSING, format!("{} has no `command`", block.quoted()))
                        .at(block.span, "here")
                        .help(format!("write the line that it runs: `gate {name:?} command=\"make test\"`")),
                );
            }
            return None;
        };
        let default = Gate::new(&name, &command);
        let gate = Gate {
            time: time(block).unwrap_or(default.time),
            network: block.flag("network").map_or(default.network, |(on, _)| on),
            tests: texts(block, "tests"),
            files: texts(block, "files"),
            ..default
        };
        Some((name, Some(gate)))
    };
    block.each(GATE.name).filter_map(gate).collect()
}

/// What is left of the gates of layers, the farthest first.
pub(super) fn laid<'a>(layers: impl Iterator<Item = &'a [(String, Option<Gate>)]>) -> Vec<Gate> {
    let mut out: Vec<Gate> = Vec::new();
    for (name, gate) in layers.flatten() {
        let there = out.iter().position(|there| there.name.eq_ignore_ascii_case(name));
        match (there, gate) {
            (Some(n), Some(gate)) => out[n] = gate.clone(),
            (Some(n), None) => drop(out.remove(n)),
            (None, Some(gate)) => out.push(gate.clone()),
            (None, None) => {}
        }
    }
    out
}

fn text(block: &Block, field: &str) -> Option<String> {
    block.text(field).map(|(text, _)| text.to_owned())
}

fn texts(block: &Block, field: &str) -> Vec<String> {
    block.list(field).iter().filter_map(|read| Some(read.text()?.to_owned())).collect()
}

fn time(block: &Block) -> Option<Duration> {
    let Value::Seconds(n) = block.value("time")?.value else { return None };
    Some(Duration::from_secs(n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::fixture::{files, vocabulary};
    use crate::desired::load;
    use crate::model::RepoName;

    #[test]
    fn documented_defaults_are_the_models() {
        let (recipe, gate) = (Recipe::default(), Gate::new("x", "y"));
        let default = |kind: &Kind, name: &str| kind.field(name).and_then(Field::default_json);
        assert_eq!(default(&RECIPE, "network"), Some(recipe.network.into()));
        assert_eq!(default(&RECIPE, "ports"), Some(recipe.ports.into()));
        assert_eq!(default(&GATE, "network"), Some(gate.network.into()));
        for (kind, time) in [(&RECIPE, recipe.time), (&GATE, gate.time)] {
            assert_eq!(kind.field("time").and_then(|field| field.default), Some("\"10m\""));
            assert_eq!(time, Duration::from_mins(10));
        }
    }

    #[test]
    fn the_nearest_recipe_holds_and_gates_are_laid_over_each_other() {
        let config = r#"
factory "acme"
defaults {
    recipe setup="far" ports=3
    gate "test" command="far"
    gate "lint" command="lint"
}
group "g" { match "acme/*"; gate "Test" command="near" time="3s" { tests "t/**"; }; }
repo "acme/a" { recipe setup="own"; gate "lint" enabled=#false; gate "own" command="own"; }
repo "other/b"
"#;
        let (desired, _) = load(&files([("factory.kdl", config)]), &vocabulary()).unwrap();
        let repo = |name: &str| &desired.repos[&RepoName::parse(name).unwrap()];
        let said = |name: &str| {
            let repo = repo(name);
            let gates: Vec<_> = repo.gates.iter().map(|g| (g.name.as_str(), g.command.as_str())).collect();
            (repo.recipe.setup.clone().unwrap_or_default(), repo.recipe.ports, gates)
        };
        assert_eq!(said("acme/a"), ("own".into(), 0, vec![("Test", "near"), ("own", "own")]));
        assert_eq!(said("other/b"), ("far".into(), 3, vec![("test", "far"), ("lint", "lint")]));
        let gate = &repo("acme/a").gates[0];
        assert_eq!((gate.time, gate.tests.clone()), (Duration::from_secs(3), vec!["t/**".to_owned()]));
    }

    #[test]
    fn a_cache_lies_in_the_repository() {
        for (path, inside) in [
            ("node_modules", true),
            ("a/b.c", true),
            ("/etc", false),
            ("../x", false),
            ("a/../b", false),
            ("a//b", false),
            (".git", false),
            ("sub/.GIT/hooks", false),
        ] {
            assert_eq!(is_inside(path), inside, "{path}");
        }
    }
}
