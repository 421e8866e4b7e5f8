//! What became of an anchor, one small case each.

use super::index_test::{at, index};
use super::{Declared, FileChange, Language, Limits, Reader, Revision, Verdict, classify, renaming_commit};

const LONG: &str = "    def run(self, queue, worker):\n        for item in queue.items():\n            worker.apply(item, retries=3)\n        return queue.close() or worker.done\n";
const OTHER: &str = "    def save(self, path):\n        with open(path, 'w') as sink:\n            sink.write(self.render(path, depth=4))\n        raise Broken('no')\n";

const SMALL: &str =
    "    def size(self):\n        return len(self.queue)\n    def name(self):\n        return 'yard'\n";

fn told(broken: &str, before: Option<&str>, now: &str, history: &[(&str, &str, &str)]) -> String {
    let fill = |tree: &str| {
        index(
            &tree.replace("LONG", LONG).replace("OTHER", OTHER).replace("SMALL", SMALL),
            Declared::default(),
        )
    };
    let history: Vec<FileChange> = history
        .iter()
        .map(|(commit, from, to)| FileChange {
            commit: (*commit).to_owned(),
            from: (*from).to_owned(),
            to: (*to).to_owned(),
        })
        .collect();
    match classify(&at(broken), before.map(fill).as_ref(), &fill(now), &history) {
        Verdict::Moved { to } => format!("moved to {to}"),
        Verdict::Renamed { to, commit, similarity } => {
            format!("renamed to {to} by {} ({similarity:.1})", commit.as_deref().unwrap_or("?"))
        }
        Verdict::Ambiguous { candidates } => {
            format!(
                "ambiguous: {}",
                candidates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            )
        }
        Verdict::Gone => "gone".to_owned(),
    }
}

/// Name, broken anchor, tree before, tree now, history, expected.
type Row<'r> = (&'r str, &'r str, Option<&'r str>, &'r str, &'r [(&'r str, &'r str, &'r str)], &'r str);

#[test]
fn what_became_of_it() {
    let a = "=== a.py\nclass A:\nLONG";
    let rows: [Row<'_>; 28] = [
        ("moved", "a.py:A", Some(a), "=== b.py\nclass A:\nLONG", &[], "moved to b.py:A"),
        (
            "a member goes along",
            "a.py:A.run",
            Some(a),
            "=== b.py\nclass A:\nLONG",
            &[],
            "moved to b.py:A.run",
        ),
        (
            "renamed",
            "a.py:A",
            Some(a),
            "=== a.py\nclass B:\nLONG",
            &[("c1", "a.py", "a.py")],
            "renamed to a.py:B by c1 (1.0)",
        ),
        (
            "a member of it",
            "a.py:A.run",
            Some(a),
            "=== a.py\nclass B:\nLONG",
            &[("c1", "a.py", "a.py"), ("c2", "a.py", "a.py")],
            "renamed to a.py:B.run by ? (1.0)",
        ),
        (
            "with its file",
            "a.py:A",
            Some(a),
            "=== b.py\nclass B:\nLONG",
            &[("c1", "a.py", "b.py")],
            "renamed to b.py:B by c1 (1.0)",
        ),
        ("gone", "a.py:A", Some(a), "=== a.py\nclass B:\nOTHER", &[], "gone"),
        (
            "another of that name was there",
            "a.py:A",
            Some("=== a.py\nclass A:\nLONG=== b.py\nclass A:\nOTHER"),
            "=== b.py\nclass A:\nOTHER",
            &[],
            "gone",
        ),
        (
            "a copy of it was there",
            "a.py:A",
            Some("=== a.py\nclass A:\nLONG=== b.py\nclass A:\nLONG"),
            "=== b.py\nclass A:\nLONG",
            &[],
            "ambiguous: b.py:A",
        ),
        (
            "one much like it was there",
            "a.py:A",
            Some("=== a.py\nclass A:\nLONG=== b.py\nclass A:\n    limit = 3\nLONG"),
            "=== b.py\nclass A:\n    limit = 3\nLONG",
            &[],
            "ambiguous: b.py:A",
        ),
        (
            "another of that name is new",
            "a.py:A",
            Some(a),
            "=== b.py\nclass A:\nOTHER",
            &[],
            "ambiguous: b.py:A",
        ),
        (
            "two are new and alike",
            "a.py:A",
            Some(a),
            "=== b.py\nclass A:\nLONG=== c.py\nclass A:\nLONG",
            &[],
            "ambiguous: b.py:A, c.py:A",
        ),
        (
            "two are new, one is it",
            "a.py:A",
            Some(a),
            "=== b.py\nclass A:\nLONG=== c.py\nclass A:\nOTHER",
            &[],
            "moved to b.py:A",
        ),
        (
            "two are lost, one is new",
            "a.py:A",
            Some("=== a.py\nclass A:\nLONG=== b.py\nclass A:\nLONG"),
            "=== c.py\nclass A:\nLONG",
            &[],
            "ambiguous: c.py:A",
        ),
        (
            "too little to tell",
            "a.py:A",
            Some("=== a.py\nclass A(B): pass\n"),
            "=== a.py\nclass C(B): pass\n",
            &[],
            "ambiguous: a.py:C",
        ),
        ("another kind", "a.py:A", Some(a), "=== b.py\ndef A(): pass\n", &[], "gone"),
        ("no memory", "a.py:A", None, "=== b.py\nclass A:\nLONG", &[], "ambiguous: b.py:A"),
        (
            "no memory, but a history",
            "a.py:A",
            None,
            "=== b.py\nclass A:\nLONG",
            &[("c1", "a.py", "b.py")],
            "moved to b.py:A",
        ),
        ("no memory and nothing", "a.py:A", None, "=== b.py\nclass B:\nLONG", &[], "gone"),
        (
            "split, most of it in one of two",
            "a.py:A",
            Some("=== a.py\nclass A:\nLONGOTHERSMALL"),
            "=== a.py\nclass B:\nLONGOTHER\nclass C:\nSMALL",
            &[],
            "ambiguous: a.py:B, a.py:C",
        ),
        (
            "split, with fields in both and a method in each",
            "a.py:A",
            Some("=== a.py\nclass A:\nSMALLLONGOTHER"),
            "=== a.py\nclass B:\nSMALLLONG\nclass C:\nSMALLOTHER",
            &[],
            "ambiguous: a.py:B, a.py:C",
        ),
        (
            "split, and no part is much like it",
            "a.py:A",
            Some("=== a.py\nclass A:\nLONGOTHER"),
            "=== b.py\nclass B:\nLONG=== c.py\nclass C:\nOTHER",
            &[],
            "ambiguous: b.py:B, c.py:C",
        ),
        (
            "a method that stands alone now",
            "a.py:A.run",
            Some("=== a.py\nclass A:\nLONGOTHER"),
            "=== a.py\nclass A:\nOTHER\ndef run(self, queue, worker):\n    for item in queue.items():\n        worker.apply(item, retries=3)\n    return queue.close() or worker.done\n",
            &[],
            "ambiguous: a.py:run",
        ),
        (
            "a short method of another type now",
            "a.py:A.size",
            Some("=== a.py\nclass A:\nSMALLOTHER"),
            "=== a.py\nclass A:\nOTHER=== b.py\nclass B:\nSMALL",
            &[],
            "ambiguous: b.py:B.size",
        ),
        (
            "another method of that name is new",
            "a.py:A.run",
            Some("=== a.py\nclass A:\nLONGOTHER"),
            "=== a.py\nclass A:\nOTHER=== b.py\nclass B:\n    def run(self):\n        return 7\n",
            &[],
            "gone",
        ),
        (
            "split over files",
            "a.py:A",
            Some("=== a.py\nclass A:\nLONGOTHERSMALL"),
            "=== a.py\nclass B:\nLONGOTHER=== b.py\nclass C:\nSMALL",
            &[],
            "ambiguous: a.py:B, b.py:C",
        ),
        (
            "a method of what was split",
            "a.py:A.save",
            Some("=== a.py\nclass A:\nLONGOTHERSMALL"),
            "=== a.py\nclass B:\nLONGSMALL\nclass C:\nOTHER",
            &[],
            "renamed to a.py:C.save by ? (1.0)",
        ),
        (
            "a short namesake that is only alike",
            "a.py:A",
            Some("=== a.py\nclass A(Mixin, lookups.Greater): pass\n"),
            "=== b.py\nclass A(Mixin, lookups.Less): pass\n",
            &[],
            "ambiguous: b.py:A",
        ),
        (
            "no longer given out",
            "__init__.py:A",
            Some("=== __init__.py\nfrom .b import A\n=== b.py\nclass A:\nLONG"),
            "=== __init__.py\n=== b.py\nclass A:\nLONG",
            &[],
            "moved to b.py:A",
        ),
    ];
    for (name, broken, before, now, history, expected) in rows {
        assert_eq!(told(broken, before, now, history), expected, "{name}");
    }
}

#[test]
fn revisions_tell_the_commit() {
    let read = |source: &str| Reader::new(Limits::default()).read(Language::Python, source.as_bytes());
    let (old, both, new) =
        (read("class A: pass\n"), read("class A: pass\nclass B: pass\n"), read("class B: pass\n"));
    let of = |commit, file| Revision { commit, file: Some(file) };
    let revisions = [of("c0", &old), of("c1", &both), of("c2", &new), of("c3", &new)];
    assert_eq!(renaming_commit("A", "B", &revisions), Some("c2"));
    assert_eq!(renaming_commit("A", "C", &revisions), None);
    assert_eq!(renaming_commit("A", "B", &[]), None);
}

/// Small types of a kind have much in common, those of commands of a shell for example: who takes the place of a lost one is
/// shown, and not taken for it.
#[test]
fn another_small_type_in_the_place_of_a_lost_one_is_not_it() {
    let of = |name: &str, fields: &str| {
        format!(
            "=== a.rs\nstruct {name} {{\n{fields}}}\n\nimpl CmdArgument for {name} {{\n    fn take_cell_paths(&mut self) -> \
             Option<Vec<CellPath>> {{\n        self.cell_paths.take()\n    }}\n}}\n"
        )
    };
    let paths = "    cell_paths: Option<Vec<CellPath>>,\n";
    let before = of("Arguments", &format!("{paths}    config: Arc<Config>,\n"));
    let other = of("Endings", &format!("    radix: u32,\n{paths}    signed: bool,\n    endian: Endian,\n"));
    assert_eq!(told("a.rs:Arguments", Some(&before), &other, &[]), "ambiguous: a.rs:Endings");
    let renamed = of("Options", &format!("{paths}    config: Arc<Config>,\n"));
    assert_eq!(told("a.rs:Arguments", Some(&before), &renamed, &[]), "renamed to a.rs:Options by ? (1.0)");
}
