//! Output without what differs from run to run: places, ports, commits, times.

use super::World;

/// What a world's output is cleaned by.
#[derive(Clone)]
pub(crate) struct Normal {
    words: Vec<(String, String)>,
    commits: Vec<String>,
    secret: String,
}

impl Normal {
    pub(super) fn of(world: &World) -> Self {
        let real = world.folder().canonicalize().expect("the folder is there");
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let mut words = vec![
            (world.twin().url(), "[github]".to_owned()),
            (format!("tester@{}", host.trim()), "tester@[host]".to_owned()),
        ];
        for folder in [world.folder(), &real] {
            words.push((folder.display().to_string(), "[world]".to_owned()));
        }
        Self { words, commits: world.commits.borrow().clone(), secret: world.twin().token().to_owned() }
    }

    /// What no output may show.
    pub(super) fn secret(&self) -> Option<&str> {
        Some(self.secret.as_str()).filter(|secret| !secret.is_empty())
    }

    /// Cleans a text.
    pub(crate) fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.words {
            text = text.replace(from, to);
        }
        let mut out = String::new();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (taken, word) = self.next(rest, out.chars().next_back());
            out.push_str(&word);
            rest = &rest[taken..];
        }
        in_order(out.lines().map(str::trim_end).map(str::to_owned).collect()).join("\n")
    }

    /// The next piece: how long it is in the text, and what stands for it.
    fn next(&self, text: &str, before: Option<char>) -> (usize, String) {
        let at_word = !before.is_some_and(|c| c.is_alphanumeric());
        if at_word {
            if let Some(length) = moment(text) {
                return (length, "[time]".to_owned());
            }
            let word = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
            let is_hex = text[..word].bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            if is_hex && word >= 7 {
                if let Some(n) = self.commits.iter().position(|commit| commit.starts_with(&text[..word])) {
                    return (word, format!("[commit {}]", n + 1));
                }
                match word {
                    40 => return (word, "[commit]".to_owned()),
                    64 => return (word, "[digest]".to_owned()),
                    _ => {}
                }
            }
            if let Some(length) = duration(text) {
                return (length, "[duration]".to_owned());
            }
        }
        let first = text.chars().next().map_or(1, char::len_utf8);
        (first, text[..first].to_owned())
    }
}

/// Lines of progress, `[1/4] done: …`, come as they come; here they are sorted and numbered anew.
fn in_order(mut lines: Vec<String>) -> Vec<String> {
    let told = |line: &String| {
        let (count, what) = line.strip_prefix('[')?.split_once("] ")?;
        let (_, all) = count.split_once('/')?;
        all.bytes().all(|b| b.is_ascii_digit()).then(|| (all.to_owned(), what.to_owned()))
    };
    for run in lines.chunk_by_mut(|a, b| told(a).is_some() && told(a).map(|t| t.0) == told(b).map(|t| t.0)) {
        let mut told: Vec<_> = run.iter().filter_map(told).collect();
        told.sort();
        for (n, ((all, what), line)) in told.into_iter().zip(run).enumerate() {
            *line = format!("[{}/{all}] {what}", n + 1);
        }
    }
    lines
}

/// The length of a timestamp, `2026-01-02T03:04:05.678Z`, that a text begins with.
fn moment(text: &str) -> Option<usize> {
    let shape = "dddd-dd-ddTdd:dd:dd";
    let fits = |(byte, sign): (u8, u8)| if sign == b'd' { byte.is_ascii_digit() } else { byte == sign };
    if text.len() < shape.len() || !text.bytes().zip(shape.bytes()).all(fits) {
        return None;
    }
    let rest = &text[shape.len()..];
    let fraction = rest.bytes().take_while(|b| *b == b'.' || b.is_ascii_digit()).count();
    let zone = usize::from(rest[fraction..].starts_with('Z'));
    Some(shape.len() + fraction + zone)
}

/// The length of a measured time, `0.123 s` or `12 ms`, that a text begins with.
fn duration(text: &str) -> Option<usize> {
    let number = text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let unit = [" ms", "ms"].into_iter().find(|unit| text[number..].starts_with(unit))?;
    let after = text[number + unit.len()..].chars().next();
    (number > 0 && !after.is_some_and(char::is_alphanumeric)).then_some(number + unit.len())
}
