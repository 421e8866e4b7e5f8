//! Yardstick and measure in one process: how long the `kdl` parser takes for a file, how long this crate takes to
//! load it, and how long an offline plan takes. `tests/bench` runs it and explains the figures.
//!
//! `parse_kdl FILE ROUNDS [CACHE API]` prints one line of JSON with medians in milliseconds. The parts are measured in
//! turns, round by round, so that a machine that is slow for a while is slow for all of them. `CACHE` is the cache
//! of a state directory that holds a reading of the GitHub at `API`; without it there is no plan. `parse_kdl FILE` only parses, for timing
//! a whole process.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads files and the time")]
#![expect(clippy::print_stdout, reason = "its result is printed for the script that runs it")]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use factoryctl::adapters::clock::Clock;
use factoryctl::adapters::store::Store;
use factoryctl::engine::{self, Judging, Loaded};
use factoryctl::loops::Selection;
use factoryctl::model::{ConfigFile, ConfigFiles};
use factoryctl::observed;
use factoryctl::plan::render::{self, Style};
use factoryctl::plan::{Memory, Switches};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let Some(file) = args.first() else { return Err("usage: parse_kdl FILE [ROUNDS [CACHE API]]".into()) };
    let text = std::fs::read_to_string(file)?;
    let Some(rounds) = args.get(1) else {
        black_box(parse(&text)?);
        return Ok(());
    };
    let store = match (args.get(2), args.get(3)) {
        (Some(path), Some(api)) => Some((Store::open(Path::new(path))?, api.as_str())),
        _ => None,
    };
    let mut times = Times::default();
    for _ in 0..rounds.parse::<usize>()? {
        round(&text, store.as_ref(), &mut times)?;
    }
    println!("{}", times.json());
    Ok(())
}

fn parse(text: &str) -> Result<kdl::KdlDocument, Failure> {
    Ok(kdl::KdlDocument::parse_v2(text)?)
}

#[derive(Default)]
struct Times {
    parse: Vec<Duration>,
    load: Vec<Duration>,
    read: Vec<Duration>,
    judge: Vec<Duration>,
    render: Vec<Duration>,
    actions: usize,
}

/// Everything once. What a round made is dropped inside the time of who made it.
fn round(text: &str, store: Option<&(Store, &str)>, times: &mut Times) -> Result<(), Failure> {
    let start = Instant::now();
    drop(black_box(parse(text)?));
    times.parse.push(start.elapsed());

    let start = Instant::now();
    let loaded = load(text)?;
    times.load.push(start.elapsed());
    let Some((store, api)) = store else { return Ok(()) };

    let start = Instant::now();
    let observed = observed::load(store, api)?.ok_or("the cache holds no reading")?;
    times.read.push(start.elapsed());

    let start = Instant::now();
    let (selection, switches, memory) = (Selection::default(), Switches::default(), Memory::default());
    let judging = Judging::new(&loaded.desired, &selection, &switches, &memory, Clock::system().now());
    let judged = engine::judge(&judging, &observed);
    times.judge.push(start.elapsed());
    times.actions = judged.document.actions.len();

    let start = Instant::now();
    black_box(render::text(&judged.document, Style::Plain));
    times.render.push(start.elapsed());
    Ok(())
}

fn load(text: &str) -> Result<Loaded, Failure> {
    let file = ConfigFile { path: "factory.kdl".to_owned(), bytes: text.as_bytes().to_vec() };
    let files = ConfigFiles { files: vec![file], ..ConfigFiles::default() };
    engine::load(files, jiff::civil::date(2026, 1, 1))
        .map_err(|invalid| format!("the file has {} problems", invalid.problems.len()).into())
}

impl Times {
    fn json(self) -> String {
        let mut fields = vec![format!("\"actions\":{}", self.actions)];
        for (name, times) in [
            ("parse", self.parse),
            ("load", self.load),
            ("read", self.read),
            ("judge", self.judge),
            ("render", self.render),
        ] {
            if let Some(median) = median(times) {
                fields.push(format!("\"{name}\":{:.3}", median.as_secs_f64() * 1e3));
            }
        }
        format!("{{{}}}", fields.join(","))
    }
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len() / 2).copied()
}
