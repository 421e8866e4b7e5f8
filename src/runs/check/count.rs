//! How many tests ran, as what a gate prints tells it. It is the word of code that an agent wrote: who wants to lie here
//! can, which is why the base commit's own tests are run besides.

use crate::model::Counted;

/// Counts the tests of the runners that it knows, line by line.
#[derive(Clone, Debug, Default)]
pub(super) struct Counter {
    counted: Option<Counted>,
}

/// What a line of one runner tells.
type Reader = fn(&str) -> Option<Counted>;

/// The runners: each tells from a line whether it is its own. What each says of a part is added up.
const RUNNERS: [Reader; 6] = [cargo_test, nextest, pytest, go_test, jest_or_vitest, tap];

impl Counter {
    /// Takes a line.
    pub(super) fn hears(&mut self, line: &str) {
        let line = plain(line);
        if let Some(told) = RUNNERS.iter().find_map(|runner| runner(&line)) {
            let so_far = self.counted.get_or_insert_default();
            so_far.run = so_far.run.saturating_add(told.run);
            so_far.skipped = so_far.skipped.saturating_add(told.skipped);
        }
    }

    /// What was told; `None` when no line was a known runner's.
    pub(super) fn counted(&self) -> Option<Counted> {
        self.counted
    }
}

/// The line without what colours it.
fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // A sequence ends with a letter.
            let _sequence = chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            out.push(c);
        }
    }
    out
}

/// The parts of a list like `3 passed, 1 skipped`, of which each begins with a number.
fn parts<'a>(list: &'a str, separator: &'a str) -> impl Iterator<Item = (u64, &'a str)> {
    list.split(separator).filter_map(|part| {
        let (number, word) = part.trim().split_once(' ')?;
        Some((number.parse().ok()?, word.trim().split([' ', '(']).next().unwrap_or_default()))
    })
}

/// Adds up a list by what its words mean; `None` when no word of it means anything.
fn sum<'a>(parts: impl Iterator<Item = (u64, &'a str)>, run: &[&str], skipped: &[&str]) -> Option<Counted> {
    let (mut out, mut known) = (Counted::default(), false);
    for (n, word) in parts {
        let word = word.trim_end_matches([';', '.', ',']);
        let into = if run.contains(&word) {
            &mut out.run
        } else if skipped.contains(&word) {
            &mut out.skipped
        } else {
            continue;
        };
        *into = into.saturating_add(n);
        known = true;
    }
    known.then_some(out)
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`
fn cargo_test(line: &str) -> Option<Counted> {
    let (_, list) = line.trim_start().strip_prefix("test result: ")?.split_once(". ")?;
    sum(parts(list, ";"), &["passed", "failed", "measured"], &["ignored"])
}

/// `     Summary [   0.034s] 3 tests run: 2 passed (1 flaky), 1 failed, 1 skipped`
fn nextest(line: &str) -> Option<Counted> {
    let (_, rest) = line.trim_start().strip_prefix("Summary [")?.split_once(']')?;
    let (_, list) = rest.split_once(" run: ").filter(|(tests, _)| tests.contains("test"))?;
    sum(parts(list, ","), &["passed", "failed", "exec"], &["skipped"])
}

/// `===== 1 failed, 3 passed, 1 skipped, 2 xfailed in 0.12s =====`, and the same without the bars.
fn pytest(line: &str) -> Option<Counted> {
    let (list, time) = line.trim().trim_matches('=').trim().rsplit_once(" in ")?;
    let timed = time.split(' ').next().and_then(|time| time.strip_suffix('s'));
    timed.filter(|time| time.parse::<f64>().is_ok())?;
    list.split(", ").all(|part| part.as_bytes().first().is_some_and(u8::is_ascii_digit)).then_some(())?;
    let run = ["passed", "failed", "error", "errors", "xpassed"];
    sum(parts(list, ","), &run, &["skipped", "deselected", "xfailed"])
}

/// `--- PASS: TestHone (0.00s)`, which `go test -v` says of each; without `-v` it tells of none.
fn go_test(line: &str) -> Option<Counted> {
    let word = line.trim_start().strip_prefix("--- ")?.split_once(": ")?.0;
    match word {
        "PASS" | "FAIL" => Some(Counted { run: 1, skipped: 0 }),
        "SKIP" => Some(Counted { run: 0, skipped: 1 }),
        _ => None,
    }
}

/// `Tests:       1 failed, 2 skipped, 3 passed, 6 total`, and vitest's `Tests  1 failed | 3 passed (4)`.
fn jest_or_vitest(line: &str) -> Option<Counted> {
    let list = line.trim_start().strip_prefix("Tests")?;
    let (list, separator) = match list.strip_prefix(':') {
        Some(list) => (list, ","),
        None => (list.strip_prefix("  ")?, "|"),
    };
    sum(parts(list, separator), &["passed", "failed"], &["skipped", "todo", "pending"])
}

/// `ok 1 - it is sharp # SKIP no whetstone`; what is indented is part of a test that tells for itself.
fn tap(line: &str) -> Option<Counted> {
    let rest = line.strip_prefix("not ").unwrap_or(line).strip_prefix("ok ")?;
    rest.split([' ', '-']).next().filter(|number| number.parse::<u64>().is_ok())?;
    let directive = rest.rsplit_once('#').map(|(_, directive)| directive.trim_start().to_ascii_uppercase());
    let skipped = directive.is_some_and(|word| word.starts_with("SKIP") || word.starts_with("TODO"));
    Some(Counted { run: u64::from(!skipped), skipped: u64::from(skipped) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_runner_is_understood() {
        let cargo = "running 4 tests\ntest a ... ok\ntest b ... ignored\n\ntest result: ok. 2 passed; 1 failed; 1 ignored; 0 \
                     measured; 7 filtered out; finished in 0.00s\n\ntest result: ok. 3 passed; 0 failed; 0 ignored; 0 \
                     measured; 0 filtered out; finished in 0.00s";
        let pytest_bars = "collected 7 items\n== short test summary info ==\n=== 1 failed, 3 passed, 2 skipped, 1 xfailed, 4 \
                           warnings in 0.12s ===";
        let pytest_long = "================== 3 passed, 1 deselected in 75.20s (0:01:15) ==================";
        let go = "=== RUN   TestA\n--- PASS: TestA (0.00s)\n    --- SKIP: TestA/b (0.00s)\n--- FAIL: TestC (0.01s)\nok  \tx\t0.1s";
        let node = "TAP version 13\n# Subtest: a\nok 1 - a\n  ---\n  duration_ms: 1\n    ok 1 - inner\nnot ok 2 - b\nok 3 - c # SKIP\nok 4 - d # todo later\n1..4";
        for (name, printed, expected) in [
            ("cargo", cargo, Some((6, 1))),
            (
                "nextest",
                "     Summary [   0.034s] 4 tests run: 3 passed (1 flaky), 1 failed, 2 skipped",
                Some((4, 2)),
            ),
            (
                "nextest that stopped",
                "     Summary [   1.2s] 2/5 tests run: 1 passed, 1 failed, 0 skipped",
                Some((2, 0)),
            ),
            ("pytest", pytest_bars, Some((4, 3))),
            ("pytest, quiet", "3 passed, 1 skipped in 0.12s", Some((3, 1))),
            ("pytest, long", pytest_long, Some((3, 1))),
            ("go", go, Some((2, 1))),
            ("jest", "Tests:       1 failed, 2 skipped, 1 todo, 3 passed, 7 total", Some((4, 3))),
            (
                "vitest",
                "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m1 failed\u{1b}[22m | 3 passed | 1 skipped (5)",
                Some((4, 1)),
            ),
            ("tap", node, Some((2, 2))),
            ("go without -v", "ok  \texample.com/x\t0.003s", None),
            ("a linter", "All checks passed in 3 files\nok", None),
            ("no runner", "3 eggs in a basket\nTests are good", None),
        ] {
            let mut counter = Counter::default();
            printed.lines().for_each(|line| counter.hears(line));
            let counted = counter.counted().map(|counted| (counted.run, counted.skipped));
            assert_eq!(counted, expected, "{name}");
        }
    }
}
