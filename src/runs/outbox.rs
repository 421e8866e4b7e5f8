//! The outbox of a run: a folder in its home, where the agent puts what it has to say besides its work. Whatever lies
//! there was written by others: it is read without following a link, within bounds, screened for secrets, and what isn't
//! taken is said.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::adapters::fs::{self, Beneath};
use crate::model::{FollowUp, Said, is_hidden};

use super::Redactor;

/// The variable that tells an agent where it is.
pub const OUTBOX: &str = "FACTORY_OUTBOX";

/// Its name in the home.
const FOLDER: &str = "outbox";
/// The most bytes of one text.
const LONGEST: u64 = 32 << 10;
/// The most bytes of a typed answer.
const LONGEST_ANSWER: u64 = 1 << 20;
/// The most follow-ups of one run.
const MOST_FOLLOW_UPS: usize = 5;
/// The most characters of a title.
const LONGEST_TITLE: usize = 120;
/// How many names are looked at.
const MOST_NAMES: usize = 1_000;
/// How many of those that aren't taken are named.
const NAMED: usize = 10;

/// How the name of a follow-up begins and ends.
const FOLLOW_UP: (&str, &str) = ("follow-up-", ".md");
/// The files that there is one of.
const QUESTION: &str = "question.md";
const BLOCKED: &str = "blocked.md";
const NOTE: &str = "note.md";
const ANSWER: &str = "answer.json";

/// What lay in an outbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    /// What it said.
    pub said: Said,
    /// The typed answer, as it was written: JSON, or not. Where one lies there that isn't taken, why not.
    pub answer: Option<Result<String, String>>,
}

/// Where the outbox of a home is.
pub fn folder(home: &Path) -> PathBuf {
    home.join(FOLDER)
}

/// Makes an empty outbox. What an earlier run left there, a link too, is removed and not followed.
///
/// # Errors
/// When it can't be made.
pub fn make(home: &Path) -> Result<(), fs::Error> {
    let folder = folder(home);
    fs::remove_tree(&folder)?;
    fs::private_dir(&folder)
}

/// Reads an outbox once nothing of its run is alive.
///
/// # Errors
/// When this machine doesn't let it be read. What its agent made unreadable is said instead.
pub fn read(home: &Path, redactor: &Redactor) -> Result<Outbox, fs::Error> {
    let mut out = Outbox::default();
    let listed = Beneath::open(home).and_then(|home| Ok((home.names(Path::new(FOLDER), MOST_NAMES)?, home)));
    let ((names, more), home) = match listed {
        Ok(listed) => listed,
        Err(error) if error.is_not_found() => {
            out.said.untaken.push("its outbox is gone".to_owned());
            return Ok(out);
        }
        Err(error) if error.is_of_what_lies_there() => {
            let says = "its outbox isn't the folder that it was given";
            out.said.question = Some(unshown(says));
            out.said.untaken.push(says.to_owned());
            return Ok(out);
        }
        Err(error) => return Err(error),
    };
    let mut reading = Reading { home: &home, redactor, untaken: Vec::new() };
    out.said.question = reading.call(QUESTION)?;
    out.said.blocked = reading.call(BLOCKED)?;
    out.said.note = reading.text(NOTE)?;
    let before = reading.untaken.len();
    let answer = reading.take(OsStr::new(ANSWER), LONGEST_ANSWER)?;
    out.answer = answer.map(Ok).or_else(|| reading.untaken.get(before).map(|(_, why)| Err(why.clone())));
    for name in names {
        let known = [QUESTION, BLOCKED, NOTE, ANSWER].iter().any(|known| name == *known);
        if known {
            continue;
        }
        if !is_follow_up(&name) {
            reading.leaves(&name, "nothing of that name is read");
        } else if out.said.follow_ups.len() == MOST_FOLLOW_UPS {
            reading.leaves(&name, "no more than five follow-ups are taken");
        } else if let Some(text) = reading.take(&name, LONGEST)?.as_deref().and_then(shown) {
            match follow_up(&text) {
                None => reading.leaves(&name, "it has no title in its first line"),
                Some(one) if out.said.follow_ups.contains(&one) => {
                    reading.leaves(&name, "it says what another one says");
                }
                Some(one) => out.said.follow_ups.push(one),
            }
        }
    }
    out.said.untaken = reading.untaken.iter().map(told).collect();
    let rest = out.said.untaken.len().saturating_sub(NAMED);
    out.said.untaken.truncate(NAMED);
    if rest > 0 {
        out.said.untaken.push(format!("{rest} more files"));
    }
    if more {
        out.said.untaken.push(format!("what there is beyond {MOST_NAMES} files"));
    }
    Ok(out)
}

fn is_follow_up(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(FOLLOW_UP.0) && name.ends_with(FOLLOW_UP.1))
}

struct Reading<'a> {
    home: &'a Beneath,
    redactor: &'a Redactor,
    /// What isn't taken: its name, and why not.
    untaken: Vec<(String, String)>,
}

fn told((name, why): &(String, String)) -> String {
    format!("`{name}`: {why}")
}

impl Reading<'_> {
    /// One of the texts.
    fn text(&mut self, name: &str) -> Result<Option<String>, fs::Error> {
        Ok(self.take(OsStr::new(name), LONGEST)?.as_deref().and_then(shown))
    }

    /// A text that calls for a person, who is called also where its words aren't taken.
    fn call(&mut self, name: &str) -> Result<Option<String>, fs::Error> {
        let before = self.untaken.len();
        let taken = self.take(OsStr::new(name), LONGEST)?;
        let text = taken.as_deref().and_then(shown);
        if taken.is_some() && text.is_none() {
            self.leaves(OsStr::new(name), "it says nothing");
        }
        Ok(text.or_else(|| self.untaken.get(before).map(|it| unshown(&told(it)))))
    }

    /// What a file says, unless it isn't there or isn't taken.
    fn take(&mut self, name: &OsStr, limit: u64) -> Result<Option<String>, fs::Error> {
        let bytes = match self.home.read(&Path::new(FOLDER).join(name), limit) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(fs::Error::TooLarge { .. }) => {
                self.leaves(name, &format!("it has more than {} KiB", limit >> 10));
                return Ok(None);
            }
            Err(error) if error.is_of_what_lies_there() => {
                self.leaves(name, "it is no file that can be read");
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let Ok(text) = String::from_utf8(bytes) else {
            self.leaves(name, "it is not UTF-8");
            return Ok(None);
        };
        // Characters that nobody sees may stand within a secret.
        if self.redactor.finds(&text) || self.redactor.finds(&visible(&text)) {
            self.leaves(name, "there is a secret in it");
            return Ok(None);
        }
        Ok(Some(text))
    }

    fn leaves(&mut self, name: &OsStr, why: &str) {
        let name = visible(&name.to_string_lossy());
        let name = self.redactor.clean_text(&name);
        self.untaken.push((name.replace('\n', " "), why.to_owned()));
    }
}

/// What stands for words that aren't taken.
fn unshown(why: &str) -> String {
    format!("in words that can't be shown; {why}")
}

/// A text without what a reader doesn't see.
fn visible(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_hidden(*c)).collect()
}

/// What of a text is shown, if it says anything.
fn shown(text: &str) -> Option<String> {
    let text = visible(text);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The first line is the title, as a heading or not.
fn follow_up(text: &str) -> Option<FollowUp> {
    let (title, rest) = text.split_once('\n').unwrap_or((text, ""));
    let (title, rest) = (title.trim_start_matches('#').trim(), rest.trim());
    if title.chars().count() <= LONGEST_TITLE {
        return (!title.is_empty()).then(|| FollowUp::new(title, rest));
    }
    // What the title has no room for stands below it.
    let short: String = title.chars().take(LONGEST_TITLE - 1).collect();
    Some(FollowUp::new(&format!("{}…", short.trim_end()), format!("{title}\n\n{rest}").trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a-secret-of-nobody";

    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Self {
            let home = Self(tempfile::tempdir().unwrap());
            make(home.0.path()).unwrap();
            home
        }

        fn at(&self, name: &str) -> PathBuf {
            folder(self.0.path()).join(name)
        }

        fn put(self, name: &str, text: impl AsRef<[u8]>) -> Self {
            fs::replace(&self.at(name), text.as_ref()).unwrap();
            self
        }

        fn read(&self) -> Outbox {
            read(self.0.path(), &Redactor::new([SECRET])).unwrap()
        }
    }

    #[test]
    fn what_is_said_is_taken_by_its_name() {
        let home = Home::new()
            .put("question.md", "Which\u{200b} one?\n")
            .put("note.md", "Mind\tthe gap.\n\nIt is wide.")
            .put("answer.json", "{\"a\": 1}")
            .put("follow-up-b.md", "# Mend the roof\n\nIt leaks.\n")
            .put("follow-up-a.md", "Mend the door");
        let box_ = home.read();
        assert_eq!(box_.answer, Some(Ok("{\"a\": 1}".to_owned())));
        let expect = Said {
            question: Some("Which one?".into()),
            blocked: None,
            note: Some("Mind\tthe gap.\n\nIt is wide.".into()),
            follow_ups: vec![FollowUp::new("Mend the door", ""), FollowUp::new("Mend the roof", "It leaks.")],
            untaken: Vec::new(),
        };
        assert_eq!(box_.said, expect);
        assert_eq!(expect.for_a_person().as_deref(), Some("it asks: Which one?"));
    }

    #[test]
    fn a_title_that_is_too_long_is_told_in_full_below_it() {
        let (fits, long) = ("é".repeat(LONGEST_TITLE), format!("{} end", "é".repeat(LONGEST_TITLE)));
        let home = Home::new()
            .put("follow-up-1.md", format!("# {fits}\n\nIt leaks."))
            .put("follow-up-2.md", format!("# {long}\n\nIt leaks.\n"));
        let short = format!("{}…", "é".repeat(LONGEST_TITLE - 1));
        let expect =
            [FollowUp::new(&fits, "It leaks."), FollowUp::new(&short, &format!("{long}\n\nIt leaks."))];
        assert_eq!(home.read().said.follow_ups, expect);
    }

    #[test]
    fn who_calls_without_a_word_is_heard() {
        let said = Home::new().put("question.md", " \n\u{200b}").put("note.md", "").read().said;
        let asks = "it asks: in words that can't be shown; `question.md`: it says nothing";
        assert_eq!((said.for_a_person().as_deref(), said.note), (Some(asks), None));
    }

    #[test]
    fn what_is_not_taken_is_said() {
        let long = "x".repeat(usize::try_from(LONGEST).unwrap() + 1);
        let home = Home::new()
            .put("note.md", long)
            .put("question.md", b"\xff\xfe")
            .put("answer.json", format!("{{\"k\": \"{SECRET}\"}}"))
            .put("follow-up-1.md", "a-secret\u{200b}-of-nobody\n")
            .put("follow-up-2.md", "##  \n")
            .put("follow-up-3.md", "One\ntext")
            .put("follow-up-4.md", "# One\n\ntext\n")
            .put("odd\u{202e}name", "")
            .put(&format!("x-{SECRET}"), "");
        std::os::unix::fs::symlink("/etc/passwd", home.at("blocked.md")).unwrap();
        std::fs::create_dir(home.at("follow-up-5.md")).unwrap();
        let pipe = home.at("follow-up-6.md");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let said = home.read();
        assert_eq!(said.answer, Some(Err("there is a secret in it".to_owned())));
        assert_eq!(said.said.follow_ups, [FollowUp::new("One", "text")]);
        let called = "it asks: in words that can't be shown; `question.md`: it is not UTF-8";
        assert_eq!(said.said.for_a_person().as_deref(), Some(called));
        let blocked = "in words that can't be shown; `blocked.md`: it is no file that can be read";
        assert_eq!(said.said.blocked.as_deref(), Some(blocked));
        insta::assert_snapshot!(said.said.untaken.join("\n"), @r"
        `question.md`: it is not UTF-8
        `blocked.md`: it is no file that can be read
        `note.md`: it has more than 32 KiB
        `answer.json`: there is a secret in it
        `follow-up-1.md`: there is a secret in it
        `follow-up-2.md`: it has no title in its first line
        `follow-up-4.md`: it says what another one says
        `follow-up-5.md`: it is no file that can be read
        `follow-up-6.md`: it is no file that can be read
        `oddname`: nothing of that name is read
        1 more files
        ");
    }

    #[test]
    fn thousands_are_not_read() {
        let mut home = Home::new().put("note.md", "n");
        for n in 0..MOST_NAMES + 20 {
            home = home.put(&format!("follow-up-{n}.md"), format!("Number {n}"));
        }
        let said = home.read().said;
        assert_eq!((said.follow_ups.len(), said.note.as_deref()), (MOST_FOLLOW_UPS, Some("n")));
        assert_eq!(said.untaken.len(), NAMED + 2);
        assert!(said.untaken[NAMED].ends_with("more files"), "{said:?}");
    }

    #[test]
    fn one_that_is_gone_or_leads_elsewhere_says_nothing_and_is_made_anew() {
        let home = Home::new();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::replace(&elsewhere.path().join("note.md"), b"not its own").unwrap();
        for (leads, says) in
            [(false, "its outbox is gone"), (true, "its outbox isn't the folder that it was given")]
        {
            fs::remove_tree(&folder(home.0.path())).unwrap();
            if leads {
                std::os::unix::fs::symlink(elsewhere.path(), folder(home.0.path())).unwrap();
            }
            let said = home.read().said;
            assert_eq!((&said.untaken[..], said.question.is_some()), (&[says.to_owned()][..], leads));
        }
        make(home.0.path()).unwrap();
        assert_eq!(home.read(), Outbox::default());
        assert!(elsewhere.path().join("note.md").exists());
    }
}
