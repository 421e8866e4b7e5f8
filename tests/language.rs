//! The language of a project from outside: glossaries, terms, lessons, and the code that they are held to.

use std::path::Path;
use std::time::Duration;

use factoryctl::language::render::copied::copied;

use crate::daemon::wait;
use crate::world::{World, world};

pub(crate) const CONFIG: &str = r#"factory "acme"
language {
    roots "src"
    glossary "wiki/glossary.md"
    map "wiki/map.md"
    load-bearing "Service"
    context "core" {
        sources "src/core/**"
    }
    context "edge" {
        sources "src/edge/**"
    }
    forbid "core" to="edge" reason="the core knows nobody"
}
"#;

/// A type with something in it, so that it can be told from others.
fn service(name: &str, fields: &[&str]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|it| format!("    pub {it}: Vec<(u64, String)>,\n")).collect();
    let sum: Vec<String> = fields.iter().map(|_| "total += 1;".to_owned()).collect();
    format!(
        "/// One.\npub struct {name} {{\n{}}}\n\nimpl {name} {{\n    pub fn weigh(&self) -> u64 {{\n        let mut total = 0;\n        {}\n        total\n    }}\n}}\n",
        fields.concat(),
        sum.join(" ")
    )
}

fn term(w: &World, name: &str, anchor: &str) {
    let args = ["term", "new", name, "--kind", "service", "--context", "core", "--anchor", anchor];
    w.run(&[&args[..], &["--definition", "What it stands for in the trade."]].concat()).exits(0);
}

/// What `term lint` finds: rule, and what it says.
fn found(w: &World) -> Vec<(String, String)> {
    let said = w.run(&["term", "lint", "--json"]);
    let all = said.json()["diagnostics"].as_array().unwrap_or_else(|| panic!("{}", said.all())).clone();
    let text = |it: &serde_json::Value, key: &str| it[key].as_str().unwrap().to_owned();
    all.iter()
        .map(|it| {
            (text(it, "code"), format!("{} {}", text(it, "message"), it["help"].as_str().unwrap_or_default()))
        })
        .collect()
}

/// A world with three services, of which one is a term; all is well.
pub(crate) fn yard(test: impl FnOnce(&World)) {
    world(|w| {
        w.write("src/core/crane.rs", &service("CraneService", &["lifts", "loads", "chains"]));
        w.write("src/core/dock.rs", &service("DockService", &["ships", "gates"]));
        w.write("src/edge/desk.rs", &service("DeskService", &["letters", "stamps", "queue", "bell"]));
        w.config(CONFIG);
        for (name, anchor) in [
            ("Crane", "src/core/crane.rs:CraneService"),
            ("Dock", "src/core/dock.rs:DockService"),
            ("Desk", "src/edge/desk.rs:DeskService"),
        ] {
            term(w, name, anchor);
        }
        w.run(&["term", "render"]).exits(0);
        w.commit("The words");
        assert_eq!(found(w), []);
        test(w);
    });
}

/// The project's own glossary, and any other one that is given (`FACTORY_GLOSSARY`): Markdown as it is rendered, or as it is
/// copied from a browser.
#[test]
fn a_glossary_becomes_terms_and_the_same_glossary() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("wiki/glossary.md");
    let given = std::env::var_os("FACTORY_GLOSSARY").map(std::path::PathBuf::from);
    for path in [own].into_iter().chain(given) {
        let text = std::fs::read_to_string(&path).unwrap();
        world(|w| {
            w.config("factory \"acme\"\nlanguage { glossary \"wiki/glossary.md\"; context \"factory\"; context \"twin\"; context \"shared-kernel\"; context \"caretaker\"; context \"builder\"; context \"ai-dev-team\"; }\n");
            w.write("given.md", &text);
            let args = ["term", "import", "given.md", "--dated", "2026-05-01T00:00:00Z"];
            let imported = w.run(&args).exits(0);
            w.run(&["term", "render", "--check"]).exits(0);
            let again = std::fs::read_to_string(w.path("config/wiki/glossary.md")).unwrap();
            let terms = std::fs::read_dir(w.path("config/wiki/terms")).unwrap().count();
            assert!(imported.out.contains(&format!("imported {terms} terms")), "{}", imported.all());
            if text.contains("**Kind:**") {
                assert_eq!(again, text);
                w.run(&["term", "lint"]).exits(0);
            } else {
                let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
                let (copy, text) = (words(&copied(&again)), words(&text));
                let first = copy.split(' ').take(4).collect::<Vec<_>>().join(" ");
                let from = text.find(&first).unwrap();
                assert_eq!(&text[from..from + copy.len()], copy);
            }
            // The same files once more; nothing is written over.
            let twice = w.run(&args).exits(1);
            assert!(
                twice.err.contains("there already") && twice.err.contains("nothing was written"),
                "{}",
                twice.all()
            );
        });
    }
}

#[test]
fn what_is_wrong_is_said_at_once_and_what_can_be_is_mended() {
    yard(|w| {
        w.write("wiki/how.md", "# How\n\nA hoist lifts. Ask the `hoist` in code.\n");
        let crane = w.path("config/wiki/terms/crane.md");
        let text = std::fs::read_to_string(&crane).unwrap().replace("aliases: []", "aliases: [\"hoist\"]");
        std::fs::write(&crane, text.replace("\"service\"", "\"servise\"")).unwrap();
        w.write("wiki/terms/broken.md", "---\nid: 1\nname: foo\n---\n");
        w.write(
            "src/core/pilot.rs",
            &format!("use crate::edge::desk::DeskService;\n{}", service("PilotService", &["charts"])),
        );
        w.write("src/lib.rs", "pub mod core;\npub mod edge;\n");
        w.write("src/core/mod.rs", "pub mod crane;\npub mod dock;\npub mod pilot;\n");
        w.write("src/edge/mod.rs", "pub mod desk;\n");
        let rules: Vec<String> = found(w).into_iter().map(|(rule, _)| rule).collect();
        for rule in ["canonical-names", "kind", "frontmatter", "coverage", "forbidden-dependency", "rendered"]
        {
            assert!(rules.iter().any(|it| it == rule), "{rule}: {rules:?}");
        }
        let refused = w.run(&["validate"]).exits(3);
        assert!(
            refused.err.contains("the language has")
                && refused.err.contains("servise")
                && refused.err.contains("[wiki/terms/broken.md:3:7]"),
            "{}",
            refused.all()
        );
        w.run(&["term", "lint", "--fix"]).exits(3);
        let page = std::fs::read_to_string(w.path("config/wiki/how.md")).unwrap();
        assert_eq!(page, "# How\n\nA crane lifts. Ask the `hoist` in code.\n");
        let left = |w: &World| found(w).into_iter().map(|(rule, _)| rule).collect::<Vec<String>>();
        let says = |rule: &str| left(w).iter().any(|it| it == rule);
        // What can't be read would be lost from what is rendered.
        assert!(!says("canonical-names") && says("rendered"), "{:?}", left(w));
        std::fs::remove_file(w.path("config/wiki/terms/broken.md")).expect("it was there");
        w.run(&["term", "lint", "--fix"]).exits(3);
        assert!(says("kind") && !says("rendered"), "{:?}", left(w));
    });
}

/// What moved is known by what it is like, and what can't be told is left to a person.
#[test]
fn an_anchor_that_moved_is_followed_and_one_that_is_unclear_is_not() {
    yard(|w| {
        // The file moves; another one is renamed in place; of the third there are two like it now.
        w.git(&["mv", "src/core/crane.rs", "src/core/lifting.rs"]);
        let dock = service("HarbourService", &["ships", "gates"]);
        w.write("src/core/dock.rs", &dock);
        let desk = service("DeskService", &["letters", "stamps", "queue", "bell"]);
        w.git(&["rm", "-q", "src/edge/desk.rs"]);
        w.write("src/edge/one.rs", &desk);
        w.write("src/edge/two.rs", &desk);
        let commit = w.commit("Everything moves");
        let said = found(w);
        let anchors: Vec<&String> =
            said.iter().filter(|(rule, _)| rule == "anchors").map(|(_, says)| says).collect();
        let [crane, desk, dock] = anchors.as_slice() else { panic!("{said:#?}") };
        assert!(crane.contains("src/core/lifting.rs:CraneService"), "{crane}");
        assert!(
            desk.contains("src/edge/one.rs:DeskService") && desk.contains("src/edge/two.rs:DeskService"),
            "{desk}"
        );
        assert!(dock.contains("src/core/dock.rs:HarbourService") && dock.contains(&commit[..7]), "{dock}");
        w.run(&["term", "lint", "--fix"]).exits(3);
        let shown = w.run(&["term", "show", "crane"]).exits(0);
        assert!(shown.out.contains("code: src/core/lifting.rs:CraneService\n"), "{}", shown.all());
        let desk = w.run(&["term", "show", "Desk"]).exits(0);
        assert!(desk.out.contains("not there; one of"), "{}", desk.all());
        // As it was: any commit is looked at without a checkout.
        w.run(&["--at", "HEAD~1", "term", "lint"]).exits(0);
    });
}

/// All changes together say less than each by itself: it has another name in another file, and another text.
#[test]
fn what_moved_and_was_renamed_later_is_followed_commit_by_commit() {
    yard(|w| {
        w.git(&["mv", "src/core/crane.rs", "src/core/hoist.rs"]);
        w.commit("It moves");
        w.write("src/core/hoist.rs", &service("HoistService", &["lifts", "loads", "chains", "hooks"]));
        let commit = w.commit("It has another name, and a field more");
        let said = found(w);
        let anchors: Vec<&String> =
            said.iter().filter(|(rule, _)| rule == "anchors").map(|(_, says)| says).collect();
        let [crane] = anchors.as_slice() else { panic!("{said:#?}") };
        assert!(crane.contains("src/core/hoist.rs:HoistService") && crane.contains(&commit[..7]), "{crane}");
    });
}

/// Who moves something in two commits copies it in the first, and who moves it out of the declared folders hasn't taken it away.
#[test]
fn what_was_copied_first_or_left_the_declared_folders_is_not_gone() {
    yard(|w| {
        w.write("src/core/hoist.rs", &service("CraneService", &["lifts", "loads", "chains", "hooks"]));
        w.commit("It is copied, with a field more");
        w.git(&["rm", "-q", "src/core/crane.rs"]);
        w.git(&["mv", "src/core/dock.rs", "docks.rs"]);
        w.commit("One is removed, the other one is put elsewhere");
        let said = found(w);
        let anchors: Vec<&String> =
            said.iter().filter(|(rule, _)| rule == "anchors").map(|(_, says)| says).collect();
        let [crane, dock] = anchors.as_slice() else { panic!("{said:#?}") };
        assert!(crane.contains("src/core/hoist.rs:CraneService"), "{crane}");
        let outside = "`src/core/dock.rs` was moved: `docks.rs` lies outside of the declared `roots`";
        assert!(dock.contains(outside), "{dock}");
    });
}

/// Whoever renames a folder of sources and says nothing of it in config has taken nothing away.
#[test]
fn what_lay_in_a_folder_that_has_another_name_now_is_not_gone() {
    yard(|w| {
        w.write(
            "wiki/yard.md",
            "# Yard\n\n`src/core/crane.rs:CraneService.weigh` and `src/core/dock.rs:DockService`.\n",
        );
        w.write(
            "adr/0001-weigh.md",
            "# ADR-0001: Weigh\n\n**Status:** Accepted\n**Date:** 2026-11-01\n**Enforcement:** decision-of-record\n\n## Context\n\nMud.\n\n## Decision\n\n`src/edge/desk.rs:DeskService` and `src.core.dock.DockService`.\n\n## Consequences\n\nNoise.\n",
        );
        w.commit("It is cited");
        assert_eq!(found(w), []);
        w.git(&["mv", "src", "lib"]);
        w.commit("The folder has another name");
        let lost = "there is no `src` any more, which is one of the declared `roots`";
        for (rule, says) in found(w) {
            let is_told = says.contains(lost) || says.contains("was moved") || rule == "roots";
            assert!(is_told && !says.contains("isn't there; "), "{rule}: {says}");
        }
        let levels = w.run(&["term", "lint", "--json"]).exits(0).json();
        assert!(levels["diagnostics"].as_array().expect("there are some").len() > 3, "{levels:#}");
        w.config(&CONFIG.replace("src", "lib"));
        w.run(&["term", "lint", "--fix"]);
        let shown = w.run(&["term", "show", "crane"]).exits(0);
        assert!(shown.out.contains("code: lib/core/crane.rs:CraneService\n"), "{}", shown.all());
    });
}

/// Which side of a merge counts nobody has said: neither is rendered.
#[test]
fn a_merge_that_nobody_finished_is_no_term() {
    yard(|w| {
        let path = w.path("config/wiki/terms/crane.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let merge = "<<<<<<< HEAD\nIt lifts.\n=======\nIt lowers.\n>>>>>>> tides\n";
        std::fs::write(&path, text + merge).unwrap();
        let glossary = || std::fs::read_to_string(w.path("config/wiki/glossary.md")).unwrap();
        let before = glossary();
        w.run(&["term", "lint", "--fix"]).exits(3);
        w.run(&["term", "render"]).exits(3);
        assert_eq!(glossary(), before);
        let said = found(w);
        let of_it: Vec<_> = said.iter().filter(|(_, says)| says.contains("a merge of this file")).collect();
        assert!(matches!(of_it.as_slice(), [(rule, _)] if rule == "unfinished-merge"), "{said:#?}");
    });
}

/// By its date, an edit of a file on one branch comes after the commit of another one that moved it; the merge has both.
#[test]
fn what_one_branch_moved_and_another_one_edited_is_followed() {
    yard(|w| {
        w.git(&["checkout", "-q", "-b", "moves"]);
        w.git(&["mv", "src/core/crane.rs", "src/core/hoist.rs"]);
        w.git(&["mv", "src/core/dock.rs", "docks.rs"]);
        w.commit("It moves");
        w.git(&["checkout", "-q", "main"]);
        w.set("GIT_COMMITTER_DATE", "2026-01-03T00:00:00Z");
        for (path, name, fields) in [
            ("src/core/crane.rs", "CraneService", &["lifts", "loads", "chains"][..]),
            ("src/core/dock.rs", "DockService", &["ships", "gates"][..]),
        ] {
            w.write(path, &format!("{}\n// Said more of it.\n", service(name, fields)));
        }
        w.commit("A day later");
        w.git(&["merge", "-q", "--no-edit", "moves"]);
        let said = found(w);
        let anchors: Vec<&String> =
            said.iter().filter(|(rule, _)| rule == "anchors").map(|(_, says)| says).collect();
        let [crane, dock] = anchors.as_slice() else { panic!("{said:#?}") };
        assert!(crane.contains("it has moved: write \"src/core/hoist.rs:CraneService\""), "{crane}");
        assert!(dock.contains("`src/core/dock.rs` was moved: `docks.rs` lies outside"), "{dock}");
    });
}

/// Dotted paths begin at the root of the repository, or at that of a crate.
#[test]
fn dotted_paths_lead_to_modules_types_and_what_is_in_them() {
    yard(|w| {
        w.write("src/lib.rs", "pub mod core;\n\npub struct Yard;\n");
        w.write("src/core/mod.rs", "pub mod crane;\n");
        w.write("src/shop/__init__.py", "");
        w.write("src/shop/orders.py", "class Order:\n    def total(self):\n        return 1\n");
        w.write("src/shop/goods/stock.go", "package goods\n\nfunc Count() int { return 1 }\n");
        w.write("src/shop/Parcel.java", "class Parcel {\n    int weight() { return 1; }\n}\n");
        let there = [
            "src.shop.orders.Order",
            "src.shop.orders.Order.total",
            "src.shop.orders",
            "src.shop.goods.Count",
            "src.shop.Parcel",
            "src.shop.Parcel.weight",
            "crate::core::crane::CraneService",
            "crate::core::crane::CraneService::weigh",
            "src.core.crane.CraneService",
        ];
        let absent = ["src.shop.orders.Ordre", "src.shop.goods.Weigh", "crate::core::crane::Gone"];
        let cited: Vec<String> = there.iter().chain(&absent).map(|it| format!("`{it}`")).collect();
        let text = format!(
            "# ADR-0001: Words\n\n**Status:** Accepted\n**Date:** 2026-11-01\n**Enforcement:** decision-of-record\n\n## Context\n\n\
             Two fell.\n\n## Decision\n\n{}.\n\n## Consequences\n\nIt takes longer.\n",
            cited.join(", ")
        );
        w.write("adr/0001-words.md", &text);
        let said = w.run(&["adr", "lint", "--json"]).exits(3).json();
        let said: Vec<&str> = said["diagnostics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["message"].as_str().unwrap())
            .collect();
        let expected: Vec<String> =
            absent.iter().map(|it| format!("`{}` isn't there", it.replace("::", "."))).collect();
        assert_eq!(said, expected);
    });
}

/// What isn't read of a file is not gone: fields, what is inherited, what macros make; what was removed is.
#[test]
fn members_that_nobody_can_tell_of_are_not_gone() {
    yard(|w| {
        let hull = "class Hull:\n    draft: int = 3\n\n    def drift(self):\n        return self.draft\n";
        let rig = "from hull import Hull\n\n\nclass Rig(Hull):\n    def lift(self):\n        self.lifts = 1\n\n    \
                   def sink(self):\n        return 1\n";
        w.write("src/hull.py", hull);
        w.write("src/rig.py", rig);
        w.write("src/site.ts", "export const routes = { home: '/' };\nexport enum State { Open }\n");
        w.write(
            "src/out.rs",
            "pub use std::fmt::Display;\n\n#[derive(Clone)]\npub struct Bolt {\n    pub size: u8,\n}\n",
        );
        let there = [
            "src/rig.py:Rig.lifts",
            "src/rig.py:Rig.drift",
            "src/rig.py:Rig.draft",
            "src/hull.py:Hull.draft",
            "src/site.ts:routes.home",
            "src/site.ts:State.Open",
            "src/out.rs:Display",
            "src/out.rs:Bolt.size",
            "src/out.rs:Bolt.clone",
            "src.rig.Rig.lifts",
        ];
        let absent = ["src/hull.py:Hull.keel", "src/site.ts:Stat", "src.hull.Hull.keel"];
        let removed = ["src/rig.py:Rig.sink", "src/hull.py:Hull.drift"];
        let page = |cited: &[&str]| {
            let cited: Vec<String> = cited.iter().map(|it| format!("`{it}`")).collect();
            w.write("wiki/pages/rig.md", &format!("# Rig\n\n{}.\n", cited.join(", ")));
        };
        let says = |w: &World| -> Vec<String> {
            let said = w.run(&["adr", "lint", "--json"]).json();
            let all = said["diagnostics"].as_array().unwrap().iter();
            all.map(|it| it["message"].as_str().unwrap().to_owned()).collect()
        };
        let decision = |cited: &[&str]| {
            let cited: Vec<String> = cited.iter().map(|it| format!("`{it}`")).collect();
            let text = format!(
                "# ADR-0001: Rig\n\n**Status:** Accepted\n**Date:** 2026-11-01\n**Enforcement:** decision-of-record\n\n\
                 ## Context\n\nTwo fell.\n\n## Decision\n\n{}.\n\n## Consequences\n\nIt takes longer.\n",
                cited.join(", ")
            );
            w.write("adr/0001-rig.md", &text);
        };
        let gone = |all: &[&str]| all.iter().map(|it| format!("`{it}` isn't there")).collect::<Vec<_>>();
        page(&there);
        decision(&[&there[..], &removed, &absent].concat());
        term(w, "Draft", "src/hull.py:Hull.draft");
        w.run(&["term", "render"]).exits(0);
        w.commit("The rig");
        let of_decisions = |(rule, _): &(String, String)| rule == "adr-citation";
        assert!(found(w).iter().all(of_decisions), "{:?}", found(w));
        assert_eq!(says(w), gone(&absent));
        let rig = rig.replace("    def sink(self):\n        return 1\n", "    # sink\n");
        w.write("src/rig.py", &rig.replace("    def lift(self):\n        self.lifts = 1\n", "    pass\n"));
        let hull = "class Hull:\n    draft: int = 3\n    \"\"\"No drift.\"\"\"\n\n    def lift(self):\n        self.lifts = 1\n";
        w.write("src/hull.py", hull);
        decision(&[&removed[..], &["src/hull.py:Hull.draft", "src/rig.py:Rig.lift"]].concat());
        w.commit("Nothing sinks or drifts, and every hull lifts");
        assert_eq!(says(w), gone(&removed));
    });
}

/// A mistake in what a second source says takes nothing away from what the first one said.
#[test]
fn code_that_never_was_makes_nothing_stale_and_no_term_gone() {
    yard(|w| {
        w.write("lesson.md", "Beware of rivers at night.\n");
        let learn = |more: &[&str]| {
            let args = ["wiki", "ingest", "lesson.md", "--title", "Rivers at night", "--repo", "acme/yard"];
            w.run(&[&args[..], more].concat()).exits(0)
        };
        learn(&[]);
        let again = learn(&["--issue", "2", "--code", "src/rivers.rs:NightRiver", "--code", "src/no.rs"]);
        assert!(again.out.starts_with("said already"), "{}", again.all());
        assert!(again.err.contains("there is no `src/rivers.rs` here yet"), "{}", again.all());
        w.commit("What was learnt");
        let listed = w.run(&["wiki", "list", "--json"]).exits(0).json();
        assert_eq!(listed["entries"][0]["reasons"], serde_json::json!([]), "{listed:#}");
        let doubts = listed["entries"][0]["doubts"].to_string();
        assert!(doubts.contains("NightRiver isn't there, and never was"), "{doubts}");
        assert!(doubts.contains("src/no.rs isn't there, and never was"), "{doubts}");
        term(w, "River", "src/rivers.rs:River");
        let said = found(w);
        let never = |(rule, says): &&(String, String)| rule == "anchors" && says.contains("never was");
        assert_eq!(said.iter().filter(never).count(), 1, "{said:#?}");
    });
}

/// Each context has words of its own, and a glossary of them becomes the same terms again.
#[test]
fn a_word_of_two_contexts_is_two_terms() {
    yard(|w| {
        let begin = |context: &str| {
            let args = ["term", "new", "Crane", "--kind", "service", "--context", context];
            w.run(&[&args[..], &["--definition", "What it stands for there."]].concat())
        };
        assert_eq!(begin("edge").exits(0).out, "wrote wiki/terms/edge/crane.md\n");
        let refused = begin("edge").exits(64);
        assert!(refused.err.contains("wiki/terms/edge/crane.md is there already"), "{}", refused.all());
        w.run(&["term", "render"]).exits(0);
        assert_eq!(found(w), []);
        let glossary = std::fs::read_to_string(w.path("config").join("wiki/glossary.md")).unwrap();
        w.write("words.md", &glossary);
        w.git(&["rm", "-q", "-r", "--cached", "wiki"]);
        std::fs::remove_dir_all(w.path("config").join("wiki")).unwrap();
        w.run(&["term", "import", "words.md"]).exits(0);
        w.run(&["term", "render"]).exits(0);
        assert_eq!(found(w), []);
        assert_eq!(std::fs::read_to_string(w.path("config").join("wiki/glossary.md")).unwrap(), glossary);
    });
}

/// What is too short to be known by its text alone is known by the file that it stands in.
#[test]
fn what_is_short_is_followed_with_its_file() {
    yard(|w| {
        let code = "pub fn calc(a: u32, b: u32) -> u32 {\n    let c = a * b;\n    c + 1\n}\n\npub const LIMIT: usize = 7;\n";
        w.write("src/core/small.rs", code);
        term(w, "Calc", "src/core/small.rs:calc");
        term(w, "Limit", "src/core/small.rs:LIMIT");
        w.commit("Short ones");
        w.git(&["mv", "src/core/small.rs", "src/core/little.rs"]);
        w.write("src/core/little.rs", &code.replace("calc", "compute").replace("LIMIT", "MOST"));
        let commit = w.commit("All of it at once");
        let said = found(w);
        let about = |to: &str| -> String {
            let is_it = |(rule, says): &&(String, String)| rule == "anchors" && says.contains(to);
            said.iter().find(is_it).unwrap_or_else(|| panic!("{to}: {said:#?}")).1.clone()
        };
        let calc = about("src/core/little.rs:compute");
        assert!(calc.contains(&commit[..7]), "{calc}");
        // What says next to nothing may be another one, and isn't gone either.
        let limit = about("src/core/little.rs:MOST");
        assert!(limit.contains("nobody can tell whether it became"), "{limit}");
    });
}

/// Lessons are about code, wherever that lies now.
#[test]
fn what_was_learnt_follows_code_that_moved() {
    yard(|w| {
        w.write("lesson.md", "Mind the chains before a lift.\n");
        let refs = ["src/core/crane.rs", "src/core/crane.rs:CraneService"];
        for (n, code) in refs.iter().enumerate() {
            let title = format!("Chains {n}");
            w.write("lesson.md", &format!("Mind the chains before lift {n}.\n"));
            w.run(&["wiki", "ingest", "lesson.md", "--title", &title, "--repo", "acme/yard", "--code", code])
                .exits(0);
        }
        w.commit("What was learnt");
        w.git(&["mv", "src/core/crane.rs", "src/core/hoist.rs"]);
        w.commit("It moves");
        w.git(&["mv", "src/core/hoist.rs", "src/core/lift.rs"]);
        w.write("src/core/lift.rs", &service("LiftService", &["lifts", "loads", "chains"]));
        w.commit("It moves on, and has another name");
        let listed = w.run(&["wiki", "list"]).exits(0);
        assert!(!listed.out.contains("doesn't hold"), "{}", listed.all());
        w.git(&["rm", "-q", "src/core/lift.rs"]);
        w.commit("It is gone");
        let listed = w.run(&["wiki", "list"]).exits(0);
        assert_eq!(listed.out.matches("doesn't hold").count(), 2, "{}", listed.all());
    });
}

/// Files that were read once and lie there as they were aren't read again; whatever is done to one, it is.
#[test]
fn a_file_that_is_written_again_is_read_again_however_it_was_left() {
    yard(|w| {
        // What was written right now may be written again in the same moment, and is read each time.
        let began = std::time::Instant::now();
        let settled = || (began.elapsed() > Duration::from_secs(4)).then_some(());
        wait("that nobody has touched the files for some seconds", settled);
        assert_eq!(found(w), []);
        let dock = w.path("config/src/core/dock.rs");
        let written = std::fs::metadata(&dock).and_then(|it| it.modified()).expect("it is there");
        // Of the same length, and said to be as old as it was.
        w.write("src/core/dock.rs", &service("QuayService", &["ships", "gates"]));
        let file = std::fs::File::options().write(true).open(&dock).expect("it opens");
        file.set_modified(written).expect("it is set back");
        let said = found(w);
        assert!(
            said.iter().any(|(rule, says)| rule == "anchors" && says.contains("DockService")),
            "{said:#?}"
        );
        w.write("src/core/dock.rs", &service("DockService", &["ships", "gates"]));
        assert_eq!(found(w), []);
    });
}

/// Links lead elsewhere, and are no files; and what can't be read isn't lost from what is rendered.
#[test]
fn links_are_no_files_and_terms_that_cannot_be_read_are_not_lost() {
    yard(|w| {
        for (to, at) in [
            ("crane.rs", "src/core/link.rs"),
            ("glossary.md", "wiki/link.md"),
            ("crane.md", "wiki/terms/link.md"),
        ] {
            std::os::unix::fs::symlink(to, w.path(&format!("config/{at}"))).expect("it is made");
        }
        assert_eq!(found(w), []);
        w.run(&["validate"]).exits(0);
        let at = |path: &str| w.path(&format!("config/{path}"));
        let read = |path: &str| std::fs::read_to_string(at(path)).expect("it is there");
        let (crane, glossary) = (read("wiki/terms/crane.md"), read("wiki/glossary.md"));
        w.write("wiki/terms/crane.md", &crane.replace("kind: \"service\"", "kind: \"service"));
        let refused = w.run(&["term", "render"]).exits(3);
        assert!(refused.all().contains("wiki/terms/crane.md can't be read as a term"), "{}", refused.all());
        w.run(&["term", "lint", "--fix"]).exits(3);
        assert_eq!(read("wiki/glossary.md"), glossary);
    });
}

/// Where history is cut off, what is there is told.
#[test]
fn a_shallow_clone_is_looked_at_as_far_as_it_goes() {
    yard(|w| {
        w.write("src/core/other.rs", &service("Other", &["one"]));
        w.commit("Something else");
        let (from, to) = (format!("file://{}", w.path("config").display()), w.path("home/shallow"));
        let to = to.to_str().expect("it is UTF-8");
        assert!(w.plain("git", &["clone", "-q", "--depth", "1", &from, to]).status.success());
        w.run(&["--config", to, "term", "show", "crane"]).exits(0);
        w.run(&["--config", to, "term", "lint"]).exits(0);
        std::fs::remove_file(w.path("home/shallow/src/core/crane.rs")).expect("it was there");
        let said = w.run(&["--config", to, "term", "lint"]).exits(3);
        assert!(said.all().contains("isn't there"), "{}", said.all());
        assert!(said.err.contains("this is a shallow clone"), "{}", said.all());
    });
}

/// A text that keeps a parser busy for ever, or takes all memory, costs one file, not the answer.
#[test]
fn a_file_that_no_parser_gets_through_is_left_out_by_name() {
    yard(|w| {
        w.set("FACTORY_READ_FILE_MS", "300");
        w.write("src/edge/hostile.tsx", &"a<b,\n".repeat(40_000));
        let said = w.run(&[
            "term",
            "new",
            "Hostile",
            "--kind",
            "service",
            "--context",
            "edge",
            "--anchor",
            "src/edge/hostile.tsx:a",
            "--definition",
            "What nobody can read in time.",
        ]);
        said.exits(0);
        w.run(&["term", "render"]).exits(0);
        let said = found(w);
        let [(rule, says)] = said.as_slice() else { panic!("{said:#?}") };
        assert_eq!(rule, "anchors");
        assert!(says.contains("couldn't be looked at") && says.contains("takes too long to read"), "{says}");
        w.run(&["validate"]).exits(0);
    });
}

#[test]
fn the_agents_of_a_loop_are_those_that_config_declares() {
    world(|w| {
        w.config("factory \"acme\"\nagent \"claude\" kind=\"claude\"\nloop \"term-proposer\" { agents \"claud\"; }\n");
        let said = w.run(&["validate"]).exits(3);
        assert!(said.err.contains("there is no agent `claud` in this config"), "{}", said.all());
        assert!(
            said.err.contains("factory.kdl:3") && said.err.contains("did you mean `claude`?"),
            "{}",
            said.all()
        );
    });
}

#[test]
fn without_a_language_it_is_said_how_to_declare_one() {
    world(|w| {
        w.config("factory \"acme\"\n");
        let said = w.run(&["term", "list"]).exits(64);
        assert!(said.err.contains("language { roots \"src\"; }"), "{}", said.all());
        w.run(&["validate"]).exits(0);
    });
}

/// What a run or a person learnt is an entry once, whoever says it again, and is told as long as its code is there.
#[test]
fn what_was_learnt_is_taken_in_asked_for_and_no_longer_told_once_its_code_is_gone() {
    yard(|w| {
        w.write("lesson.md", "Chains wear: look at the trap before a lift.\n\n**Why:** two broke.\n");
        let learn = |issue: &str| {
            let args = ["wiki", "ingest", "lesson.md", "--title", "Chains wear", "--repo", "acme/yard"];
            let of = ["--issue", issue, "--code", "src/core/crane.rs:CraneService"];
            w.run(&[&args[..], &of].concat()).exits(0).out
        };
        let added = learn("7");
        assert!(added.starts_with("added wiki/gotchas/") && added.ends_with("-chains-wear.md\n"), "{added}");
        assert!(learn("7").starts_with("known already"), "the same source says it twice");
        assert!(learn("8").starts_with("said already"), "another source says it too");
        w.run(&["wiki", "index"]).exits(0);
        w.run(&["wiki", "index", "--check"]).exits(0);
        assert_eq!(found(w), []);
        let told = w.run(&["wiki", "query", "chains"]).exits(0);
        assert!(told.out.contains("Chains wear") && told.out.contains("(+1)"), "{}", told.all());
        assert_eq!(w.run(&["wiki", "query", "chains", "--budget", "20"]).exits(0).out, "");
        let near = w.run(&["wiki", "query", "--path", "src/core"]).exits(0);
        assert!(near.out.contains("two broke"), "{}", near.all());
        let log = w.run(&["wiki", "log", "--json"]).exits(0).json();
        let done: Vec<&str> =
            log["operations"].as_array().unwrap().iter().map(|it| it["op"].as_str().unwrap()).collect();
        assert_eq!(done, ["ingest", "corroborate"]);
        w.commit("What was learnt");
        // Nothing is written where what isn't text would be lost.
        let logs = w.path("config").join("wiki/log");
        let log = std::fs::read_dir(&logs).unwrap().next().expect("there is one").unwrap().path();
        std::fs::write(&log, [&std::fs::read(&log).unwrap()[..], b"\xff\n"].concat()).unwrap();
        let refused =
            w.run(&["wiki", "ingest", "lesson.md", "--title", "Ropes wear", "--repo", "acme/yard"]).exits(3);
        assert!(
            refused.err.contains("wiki/log/") && refused.err.contains("is not UTF-8"),
            "{}",
            refused.all()
        );
        assert!(
            !w.git(&["status", "--porcelain"]).contains("ropes"),
            "{}",
            w.git(&["status", "--porcelain"])
        );
        w.git(&["checkout", "-q", "."]);
        w.git(&["rm", "-q", "src/core/crane.rs"]);
        let listed = w.run(&["wiki", "list"]).exits(0);
        assert!(listed.out.contains("doesn't hold"), "{}", listed.all());
        assert_eq!(w.run(&["wiki", "query", "chains"]).exits(0).out, "");
        // A person's mistake in one is told with its place.
        let entry = added.trim_start_matches("added ").trim();
        let path = w.path("config").join(entry);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("topic: \"gotchas\"", "topic: \"patterns\"")).unwrap();
        assert!(
            found(w).iter().any(|(rule, says)| rule == "wiki-entry" && says.contains("gotchas")),
            "{:?}",
            found(w)
        );
        let refused = w
            .run(&["wiki", "ingest", "lesson.md", "--title", "x", "--repo", "acme/yard", "--topic", "trapps"])
            .exits(64);
        assert!(refused.err.contains("there is no topic `trapps`"), "{}", refused.all());
    });
}

/// What Git and GitHub write for a revert tells which lesson no longer holds.
#[test]
fn what_was_learnt_of_a_pull_request_ends_with_its_revert() {
    yard(|w| {
        w.config(&CONFIG.replace("factory \"acme\"", "factory \"acme\" { config \"acme/yard\"; }"));
        w.write("lesson.md", "Chains wear: look at the trap before a lift.\n");
        for (title, pull) in [("Chains wear", "7"), ("Ropes wear", "8")] {
            w.write("lesson.md", &format!("{title}: look at the trap before a lift.\n"));
            w.run(&["wiki", "ingest", "lesson.md", "--title", title, "--repo", "acme/yard", "--pull", pull])
                .exits(0);
        }
        w.commit("Look at chains (#7)");
        w.commit("Merge pull request #8 from acme/ropes");
        let listed = |w: &World| w.run(&["wiki", "list"]).exits(0).out;
        assert!(!listed(w).contains("doesn't hold"), "{}", listed(w));
        let landed = w.git(&["rev-parse", "HEAD~1"]).trim().to_owned();
        w.commit(&format!("Revert \"Look at chains (#7)\" (#9)\n\nThis reverts commit {landed}."));
        let says = "Chains wear  doesn't hold: acme/yard#7, which it was learnt from, was reverted\n";
        assert!(listed(w).contains(says) && listed(w).matches("doesn't hold").count() == 1, "{}", listed(w));
        let told = w.run(&["wiki", "query", "wear"]).exits(0).out;
        assert!(!told.contains("Chains") && told.contains("Ropes"), "{told}");
        w.commit("Revert \"Revert \"Look at chains (#7)\" (#9)\" (#10)\n\nReverts acme/yard#9");
        assert!(!listed(w).contains("doesn't hold"), "{}", listed(w));
    });
}

/// Each reads what the others have written before it writes.
#[test]
fn who_writes_words_at_once_loses_nothing() {
    yard(|w| {
        let ingest = |n: usize| {
            let (file, title) = (format!("note-{n}.txt"), format!("Note {n}"));
            w.write(&file, &format!("Beware of {n}.\n"));
            w.start(&["wiki", "ingest", &file, "--title", &title, "--repo", "acme/anvil"])
        };
        let decide = |n: usize| w.start(&["adr", "new", &format!("Ships {n}")]);
        let all: Vec<_> = (0..5).map(ingest).chain((0..3).map(decide)).collect();
        for running in all {
            let ran = running.finish(Duration::from_mins(1));
            assert_eq!(ran.code, 0, "{}", ran.all());
        }
        let log = w.run(&["wiki", "log", "--json"]).exits(0).json();
        assert_eq!(log["operations"].as_array().map(Vec::len), Some(5), "{log}");
        let decisions = w.run(&["adr", "list", "--json"]).exits(0).json();
        let numbers =
            decisions["decisions"].as_array().expect("a list").iter().map(|it| it["number"].as_u64());
        assert_eq!(numbers.collect::<Vec<_>>(), [Some(1), Some(2), Some(3)]);
    });
}
