//! What an agent kept of what its session used. One that is killed, or dies, hasn't said all of it; what the model was
//! called for is paid all the same. The files lie in the agent's home, where it may write what it likes: they are read
//! without following a link, within bounds, and they only ever add to what was heard.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::adapters::fs::{Beneath, Error, Found};
use crate::model::{Usage, UsageOf};

use super::agents::{Agent, Books};

/// How many folders are looked into.
const MOST_FOLDERS: usize = 1_000;
/// The most bytes of a file that are read.
const LONGEST: u64 = 64 << 20;

/// What this process used at least: what was heard of it, and what its session's books say besides. In the terms that the
/// agent tells its usage in.
///
/// # Errors
/// When the books are there and can't be read.
pub(super) fn reckon(
    agent: &dyn Agent,
    home: &Path,
    session: &str,
    heard: Usage,
    before: Usage,
) -> Result<Usage, Error> {
    let Some(books) = agent.books().filter(|_| !session.is_empty()) else { return Ok(heard) };
    let kept = kept(&books, home, session)?;
    let own = kept.since(before);
    Ok(heard.at_least(match agent.usage_of() {
        UsageOf::Process => own,
        UsageOf::Session => Usage { turns: own.turns, ..kept },
    }))
}

/// The most names of a folder that are looked at.
const MOST_NAMES: usize = 10_000;

fn kept(books: &Books, home: &Path, session: &str) -> Result<Usage, Error> {
    let root = Beneath::open(home)?;
    let mut folders = vec![PathBuf::from(books.folder)];
    let mut used = Usage::default();
    for _ in 0..MOST_FOLDERS {
        let Some(folder) = folders.pop() else { break };
        let names = match root.list(&folder, MOST_NAMES) {
            Ok(names) => names,
            // It has not come to write any.
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(error),
        };
        for (name, found) in names {
            let path = folder.join(&name);
            match found {
                Found::Folder => folders.push(path),
                Found::File { .. } if name.to_str().is_some_and(|name| (books.is_of)(name, session)) => {
                    let mut text = Vec::new();
                    let read = root.file(&path)?.take(LONGEST).read_to_end(&mut text);
                    read.map_err(|source| Error::of("read", &home.join(&path), source))?;
                    used = used.plus((books.used)(&text));
                }
                Found::File { .. } | Found::Link(_) | Found::Special => {}
            }
        }
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::agents::by_kind;

    const SESSION: &str = "11111111-1111-4111-8111-111111111111";

    fn home(path: &str, text: &str) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(path);
        crate::adapters::fs::make_dirs(path.parent().unwrap()).unwrap();
        crate::adapters::fs::replace(&path, text.as_bytes()).unwrap();
        home
    }

    #[test]
    fn what_was_not_said_is_in_the_books() {
        let claude = concat!(
            r#"{"type":"assistant","message":{"id":"m","usage":{"input_tokens":10,"output_tokens":1}}}"#,
            "\nnot JSON\n",
            r#"{"type":"assistant","message":{"id":"m","usage":{"input_tokens":10,"output_tokens":42}}}"#,
            "\n",
            r#"{"type":"assistant","message":{"id":"n","usage":{"input_tokens":20,"cache_read_input_tokens":5,"output_tokens":2}}}"#,
        );
        let codex = concat!(
            r#"{"type":"token_usage_record","payload":{"thread_token_usage":{"input_tokens":15,"cached_input_tokens":5,"output_tokens":42}}}"#,
            "\n",
            r#"{"type":"token_usage_record","payload":{"thread_token_usage":{"input_tokens":35,"cached_input_tokens":5,"output_tokens":44}}}"#,
        );
        let gemini = concat!(
            r#"{"id":"m","type":"gemini","tokens":{"input":10,"output":40,"cached":0,"thoughts":2}}"#,
            "\n",
            r#"{"id":"m","type":"gemini","tokens":{"input":10,"output":40,"cached":0,"thoughts":2}}"#,
            "\n",
            r#"{"id":"n","type":"gemini","tokens":{"input":25,"output":2,"cached":5}}"#,
        );
        let expect = Usage { turns: 2, input: 30, cached: 5, output: 44, cost: None };
        for (kind, path, text) in [
            ("claude", format!(".claude/projects/-w/{SESSION}.jsonl"), claude),
            ("codex", format!(".codex/sessions/2026/01/02/rollout-x-{SESSION}.jsonl"), codex),
            ("gemini", ".gemini/tmp/w/chats/session-2026-01-02T03-04-11111111.jsonl".to_owned(), gemini),
        ] {
            let agent = by_kind(kind).unwrap();
            let home = home(&path, text);
            let used = |heard, before| reckon(agent, home.path(), SESSION, heard, before).unwrap();
            assert_eq!(used(Usage::default(), Usage::default()), expect, "{kind}");
            let more = Usage { input: 70, ..expect };
            assert_eq!(used(more, Usage::default()), more, "{kind}: what was heard stays");
            let before = Usage { turns: 1, input: 10, output: 42, ..Usage::default() };
            let own = agent.usage_of().own(used(Usage::default(), before), before);
            assert_eq!(own, Usage { turns: 1, input: 20, cached: 5, output: 2, cost: None }, "{kind}");
            let other = reckon(agent, home.path(), "22222222-x", Usage::default(), Usage::default());
            assert_eq!(other.unwrap(), Usage::default(), "{kind}: another session");
        }
    }

    #[test]
    fn no_link_is_followed() {
        let elsewhere = home(
            &format!("{SESSION}.jsonl"),
            r#"{"type":"assistant","message":{"id":"m","usage":{"input_tokens":9}}}"#,
        );
        let home = tempfile::tempdir().unwrap();
        let projects = home.path().join(".claude/projects");
        crate::adapters::fs::make_dirs(&projects).unwrap();
        rustix::fs::symlink(elsewhere.path(), projects.join("w")).unwrap();
        let claude = by_kind("claude").unwrap();
        let used = reckon(claude, home.path(), SESSION, Usage::default(), Usage::default()).unwrap();
        assert_eq!(used, Usage::default());
    }
}
