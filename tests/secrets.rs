//! Secrets that an agent was given and tries to carry out, in every way that it has: none is found in what the factory
//! keeps, sends or shows. They are searched for by this test's own means.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use factoryctl::runs::Redactor;
use serde_json::Value;

use crate::daemon::wait;
use crate::world::{World, sample, world_of};

const SECRETS: usize = 30;

/// The planted secrets, of the kinds that there are: words, hex, base64, and signs of all sorts.
fn secrets() -> Vec<String> {
    let one = |n: usize| {
        let hash = blake3::hash(format!("planted {n}").as_bytes());
        match n % 5 {
            0 => format!("pl-{}", &hash.to_hex()[..24]),
            1 => STANDARD.encode(&hash.as_bytes()[..18]),
            2 => format!("pw {}\"{}'&<{n}>", &hash.to_hex()[..8], &hash.to_hex()[8..14]),
            3 => format!("{}%2F\\{}", &hash.to_hex()[..9], &hash.to_hex()[9..18]),
            _ => format!("schlüssel-{}", &hash.to_hex()[..16]),
        }
    };
    (0..SECRETS).map(one).collect()
}

type Encode = fn(&str) -> String;

/// The encodings, written here anew.
const ENCODINGS: [(&str, Encode); 6] = [
    ("plain", |text| text.to_owned()),
    ("base64", |text| STANDARD.encode(text)),
    ("hex", |text| each(text, |out, b| write!(out, "{b:02x}"))),
    ("percent", |text| each(text, |out, b| write!(out, "%{b:02X}"))),
    ("escapes", |text| text.encode_utf16().fold(String::new(), |out, unit| out + &format!("\\u{unit:04x}"))),
    ("base64 of UTF-16", |text| {
        STANDARD.encode(text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())
    }),
];

fn each(text: &str, write: fn(&mut String, u8) -> std::fmt::Result) -> String {
    let mut out = String::new();
    text.bytes().for_each(|b| write(&mut out, b).expect("a string can be written to"));
    out
}

/// Every secret in every encoding.
fn planted() -> Vec<String> {
    secrets().iter().flat_map(|secret| ENCODINGS.map(|(_, encode)| encode(secret))).collect()
}

/// Finds what was planted, and says where.
struct Search {
    all: AhoCorasick,
    names: Vec<String>,
    hits: Vec<String>,
}

impl Search {
    fn new() -> Self {
        let names = planted();
        let all = AhoCorasick::builder().ascii_case_insensitive(true).build(&names).expect("they are few");
        Self { all, names, hits: Vec::new() }
    }

    fn look(&mut self, place: &str, bytes: &[u8]) {
        // A document escapes what it holds.
        let text = String::from_utf8_lossy(bytes);
        let unescaped = text.replace("\\\\", "\\").replace("\\\"", "\"");
        for bytes in [bytes, unescaped.as_bytes()] {
            let found = self.all.find_iter(bytes).map(|found| found.pattern().as_usize());
            self.hits.extend(found.map(|n| format!("{place}: {}", self.names[n])));
        }
    }

    /// Every file below a folder, and its name.
    fn walk(&mut self, folder: &Path, skip: &[&str]) {
        for entry in std::fs::read_dir(folder).expect("it can be listed") {
            let path = entry.expect("it can be read").path();
            let name = path.file_name().expect("it has one").to_string_lossy().into_owned();
            let meta = path.symlink_metadata().expect("it is there");
            if skip.contains(&name.as_str()) {
                continue;
            }
            self.look(&path.display().to_string(), name.as_bytes());
            if meta.is_dir() {
                self.walk(&path, skip);
            } else if meta.is_file() {
                self.look(&path.display().to_string(), &std::fs::read(&path).expect("it can be read"));
            }
        }
    }
}

/// What an agent does with a secret, what of it becomes of the run, and in which words.
const WAYS: &[(&str, &str, &str, &str)] = &[
    (
        "prints",
        "cat $P; cat $P >&2; fold -w 10 $P; echo x > f; git add f; git commit -qm f; echo over",
        "done",
        "",
    ),
    (
        "answers",
        "echo x > f; git add f; git commit -qm f; head -n 2 $P | tail -n 1",
        "policy violation",
        "a secret in its last words",
    ),
    (
        "asks",
        "for f in question.md note.md blocked.md answer.json follow-up-a.md; do cp $P $FACTORY_OUTBOX/$f; done; \
         touch \"$FACTORY_OUTBOX/$(head -n 1 $P)\"; echo x > f; git add f; git commit -qm f; echo over",
        "needs input",
        "`question.md`: there is a secret in it",
    ),
    (
        "notes",
        "for f in note.md answer.json follow-up-a.md; do cp $P $FACTORY_OUTBOX/$f; done; \
         echo x > f; git add f; git commit -qm f; echo over",
        "done",
        "",
    ),
    (
        "names-files",
        "grep -v / $P | while read -r l; do echo x > \"$l\"; done; git add -A; git commit -qm f; echo over",
        "policy violation",
        "there are secrets in what it committed",
    ),
    (
        "says-in-commits",
        "while read -r l; do git commit -q --allow-empty -m \"$l\"; done < $P; echo x > f; git add f; git commit -qm f; echo over",
        "policy violation",
        "the message or a header",
    ),
    (
        "signs",
        "echo x > f; git add f; git commit -qm f --author \"$(sed -n 3p $P) <a@example.com>\"; echo over",
        "policy violation",
        "the message or a header",
    ),
    (
        "names-branches",
        "while read -r l; do git branch \"b/$l\" 2>/dev/null; done < $P; echo x > f; git add f; git commit -qm f; echo over",
        "done",
        "",
    ),
    (
        "commits",
        "cp $P f; git add f; git commit -qm f; echo over",
        "policy violation",
        "there are secrets in what",
    ),
    (
        "commits-packed",
        "gzip -c $P | base64 > f; git add f; git commit -qm f; git rm -q f; echo x > g; git add g; git commit -qm g; echo over",
        "policy violation",
        "there are secrets in what",
    ),
    (
        "stashes",
        "cp $P README.md; git stash -q; cp $P left; echo over",
        "no verdict",
        "committed none of them",
    ),
];

fn config(payload: &Path) -> String {
    let vars: String = (0..SECRETS).map(|n| format!("var \"K{n}\" secret=\"env:KEY{n}\"; ")).collect();
    let mut out = String::from("factory \"acme\"\nrepo \"acme/anvil\"\ncaps runs=20 runs-per-repo=20\n");
    for (name, script, ..) in WAYS {
        let script = format!("P={}; {script}", payload.display());
        out.push_str(&format!(
            "agent \"{name}\" kind=\"command\" {{ program \"/bin/sh\" \"-c\" {script:?}; readable \"{}\"; {vars} }}\n\
             task \"{name}\" repo=\"acme/anvil\" {{ prompt \"Do it: {name}.\"; agents \"{name}\"; attempts 1; }}\n",
            payload.display()
        ));
    }
    out
}

fn runs(w: &World) -> Vec<Value> {
    let listed = w.run(&["runs", "list", "--json"]).exits(0).json();
    listed["runs"].as_array().expect("a list").clone()
}

/// Every object of every repository on GitHub, and what points to them.
fn on_github(w: &World, search: &mut Search) {
    fn repositories(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("it can be listed") {
            let path = entry.expect("it can be read").path();
            if path.join("objects").is_dir() {
                out.push(path);
            } else if path.is_dir() {
                repositories(&path, out);
            }
        }
    }
    let mut all = Vec::new();
    repositories(&w.path("github"), &mut all);
    assert!(!all.is_empty(), "there are repositories");
    for repository in all {
        let dir = repository.display().to_string();
        let objects = w.plain("git", &["--git-dir", &dir, "cat-file", "--batch-all-objects", "--batch"]);
        assert!(objects.status.success() && !objects.stdout.is_empty());
        search.look(&format!("objects of {dir}"), &objects.stdout);
    }
    search.walk(&w.path("github"), &[]);
    let world = w.github().with(|world| serde_json::to_vec(world).expect("it is plain data"));
    search.look("GitHub", &world);
}

#[test]
fn each_planted_secret_is_known_in_each_encoding() {
    let secrets = secrets();
    let redactor = Redactor::new(secrets.iter().map(String::as_str));
    for text in planted() {
        assert!(redactor.finds(&format!("a {text} z")), "{text}");
        let (cleaned, n) = redactor.clean(text.as_bytes());
        assert!(
            n > 0 && !cleaned.windows(8).any(|part| text.as_bytes().windows(8).any(|own| own == part)),
            "{text}"
        );
    }
}

#[test]
fn no_planted_secret_is_found_anywhere() {
    world_of(sample::github(), |w| {
        for (n, secret) in secrets().iter().enumerate() {
            w.set(&format!("KEY{n}"), secret);
        }
        let payload = w.path("payload");
        std::fs::write(&payload, planted().join("\n") + "\n").expect("it can be written");
        w.config(&config(&payload));
        let mut search = Search::new();
        let mut shows = |args: &[&str]| {
            let ran = w.run(args);
            search.look(&format!("{args:?}"), ran.all().as_bytes());
        };
        shows(&["apply", "--yes"]);
        let at_work = |run: &Value| run["state"] == "running" || run["state"] == "starting";
        wait("every run ends", || Some(runs(w)).filter(|all| !all.is_empty() && !all.iter().any(at_work)));
        shows(&["apply", "--yes"]);
        for args in [
            &["plan"][..],
            &["plan", "--json"],
            &["status"],
            &["history"],
            &["runs", "list"],
            &["runs", "list", "--json"],
        ] {
            shows(args);
        }
        let all = runs(w);
        assert_eq!(all.len(), WAYS.len(), "{all:#?}");
        for run in &all {
            let id = run["run"].as_str().expect("its name");
            for args in [
                &["runs", "show", id][..],
                &["runs", "show", id, "--json"],
                &["runs", "log", id],
                &["runs", "log", id, "--stderr"],
            ] {
                shows(args);
            }
            let way = WAYS.iter().find(|way| run["task"] == way.0).expect("it is one of them");
            assert_eq!(run["outcome"], way.2, "{run:#}");
            assert!(run["says"].as_str().is_some_and(|says| says.contains(way.3)), "{run:#}");
        }
        let asks = all.iter().find(|run| run["task"] == "asks").expect("it ran");
        assert_eq!(asks["said"]["untaken"].as_array().map(Vec::len), Some(6), "{asks:#}");
        on_github(w, &mut search);
        // In its home and its workspace an agent wrote what it wanted, and a mirror's objects hold what was saved of that.
        search.walk(&w.path("home/state"), &["homes", "workspaces", "objects"]);
        assert_eq!(search.hits, [] as [String; 0]);
        let mut own = Search::new();
        own.walk(&w.path("home/state"), &[]);
        assert!(!own.hits.is_empty(), "the search finds what is there");
    });
}
