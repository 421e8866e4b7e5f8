//! Reads the frontmatter of an entry into what it means, with all that is wrong in it.

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::Value;

use crate::language::front::{Error, Field, Page};
use crate::model::RepoName;

use super::entry::{Facts, MOST_BYTES, MOST_ITEMS, MOST_TEXT};
use super::kinds::{CodeRef, Confidence, Source, SourceKind, Standing};
use crate::language::ulid::Ulid;

/// What the frontmatter of a page says as an entry.
pub(super) fn facts(path: &str, page: &Page) -> Result<Facts, Vec<Error>> {
    let mut reader = Reader { page, errors: Vec::new() };
    if page.text().len() > MOST_BYTES {
        let said =
            format!("the entry has {} bytes, and an entry has at most {MOST_BYTES}", page.text().len());
        reader.wrong(0..0, said, "say it shorter, or make it several entries");
    }
    let id = reader.parsed::<Ulid>("id", "an id that `wiki ingest` made");
    let title = reader.line("title");
    let topic = reader.line("topic");
    let source = reader.source();
    let times =
        ["created_at", "updated_at", "valid_from"].map(|key| reader.needed(key).and_then(|f| reader.time(f)));
    let valid_to = reader.some("valid_to").and_then(|field| reader.time(field));
    let confidence = reader.word("confidence", &Confidence::ALL.map(Confidence::name));
    let standing = reader.standing();
    let supersedes = reader.list("supersedes", "ids of entries");
    let corroborations = reader.count("corroborations").filter(|n| *n > 0);
    let corroborated_by = reader.list("corroborated_by", "sources");
    let fixed_in_pr = reader.some("fixed_in_pr").and_then(|field| reader.number(field));
    let code_refs: Vec<CodeRef> = reader.list("code_refs", "files, or `path:Symbol`");
    reader.place(path, id, topic.as_deref());
    let [created_at, updated_at, valid_from] = times;
    reader.order("updated_at", created_at, updated_at, "created_at");
    reader.order("valid_to", valid_from, valid_to, "valid_from");
    if !reader.errors.is_empty() {
        return Err(reader.errors);
    }
    let told = "what is missing was an error above";
    Ok(Facts {
        id: id.expect(told),
        title: title.expect(told),
        topic: topic.expect(told),
        source: source.expect(told),
        created_at: created_at.expect(told),
        updated_at: updated_at.expect(told),
        valid_from: valid_from.expect(told),
        valid_to,
        confidence: Confidence::ALL[confidence.expect(told)],
        standing: standing.expect(told),
        supersedes,
        corroborations: corroborations.expect(told),
        corroborated_by,
        fixed_in_pr,
        code_refs,
    })
}

struct Reader<'a> {
    page: &'a Page,
    errors: Vec<Error>,
}

impl<'a> Reader<'a> {
    fn wrong(&mut self, span: Range<usize>, message: String, help: &str) {
        self.errors.push(Error { span, message, help: help.to_owned() });
    }

    fn not(&mut self, field: &Field, what: &str, help: &str) {
        self.wrong(field.value_span.clone(), format!("`{}` is not {what}", field.key), help);
    }

    /// A field that has a value.
    fn some(&mut self, key: &str) -> Option<&'a Field> {
        self.page.field(key).filter(|field| !field.value.is_null())
    }

    fn needed(&mut self, key: &str) -> Option<&'a Field> {
        let found = self.some(key);
        if found.is_none() {
            let span = self.page.field(key).map_or(0..0, |field| field.key_span.clone());
            self.wrong(span, format!("`{key}` is missing"), "an entry needs it; `wiki ingest` writes it");
        }
        found
    }

    fn text(&mut self, field: &'a Field) -> Option<&'a str> {
        match field.value.as_str() {
            Some(text) if text.len() > MOST_TEXT => {
                self.not(
                    field,
                    &format!("at most {MOST_TEXT} bytes long"),
                    "say it shorter; the body has room",
                );
                None
            }
            Some(text) => Some(text),
            None => {
                self.not(field, "a text", "write it as \"…\"");
                None
            }
        }
    }

    /// A text on one line that isn't empty.
    fn line(&mut self, key: &str) -> Option<String> {
        let field = self.needed(key)?;
        let text = self.text(field)?;
        if text.trim().is_empty() || text.contains(char::is_control) {
            self.not(field, "a line with something on it", "write one line");
            return None;
        }
        Some(text.to_owned())
    }

    fn parsed<T: FromStr>(&mut self, key: &str, help: &str) -> Option<T>
    where
        T::Err: ToString,
    {
        let field = self.needed(key)?;
        let text = self.text(field)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                let error: T::Err = error;
                self.wrong(field.value_span.clone(), error.to_string(), &format!("write {help}"));
                None
            }
        }
    }

    /// Which of some words it is.
    fn word(&mut self, key: &str, words: &[&str]) -> Option<usize> {
        let field = self.needed(key)?;
        let found = field.value.as_str().and_then(|text| words.iter().position(|word| *word == text));
        if found.is_none() {
            self.not(field, &format!("one of {}", words.join(", ")), "write one of them");
        }
        found
    }

    fn count(&mut self, key: &str) -> Option<u64> {
        let field = self.needed(key)?;
        self.number(field)
    }

    fn number(&mut self, field: &Field) -> Option<u64> {
        let number = field.value.as_u64().filter(|number| *number > 0);
        if number.is_none() {
            self.not(field, "a number from 1 on", "write it as digits, without quotes");
        }
        number
    }

    /// A time, or a day at whose beginning in UTC it is.
    fn time(&mut self, field: &'a Field) -> Option<Timestamp> {
        let text = field.value.as_str().unwrap_or_default();
        let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
        let time = text.parse().ok().or_else(|| day().map(|day| day.timestamp()));
        if time.is_none() {
            self.not(field, "a time", "write it as \"2026-11-29T09:00:00Z\", or a day as \"2026-11-29\"");
        }
        time
    }

    fn list<T: FromStr>(&mut self, key: &str, what: &str) -> Vec<T> {
        let Some(field) = self.some(key) else { return Vec::new() };
        let texts: Option<Vec<&str>> =
            field.value.as_array().and_then(|items| items.iter().map(Value::as_str).collect());
        let Some(texts) = texts else {
            self.not(field, "a list of texts", "write [\"…\", \"…\"]");
            return Vec::new();
        };
        if texts.len() > MOST_ITEMS || texts.iter().any(|text| text.len() > MOST_TEXT) {
            self.not(
                field,
                &format!("at most {MOST_ITEMS} texts of {MOST_TEXT} bytes"),
                "keep those that matter",
            );
            return Vec::new();
        }
        let mut items = Vec::new();
        for text in texts {
            match text.parse() {
                Ok(item) => items.push(item),
                Err(_) => self.not(field, &format!("a list of {what}: `{text}` is none"), "mend or drop it"),
            }
        }
        items
    }

    fn source(&mut self) -> Option<Source> {
        let field = self.needed("source")?;
        let Some(value) = field.value.as_object() else {
            self.not(
                field,
                "an object",
                "write {\"type\": \"review\", \"issue\": 12, \"repo\": \"owner/name\"}",
            );
            return None;
        };
        let place = field.value_span.clone();
        let kind = value.get("type").and_then(Value::as_str);
        let kind = SourceKind::ALL.into_iter().find(|known| Some(known.name()) == kind);
        if kind.is_none() {
            let names = SourceKind::ALL.map(SourceKind::name).join(", ");
            let said = "`source` has no `type` that is known".to_owned();
            self.wrong(place.clone(), said, &format!("write one of {names}"));
        }
        let repo = value.get("repo").and_then(Value::as_str).and_then(|repo| RepoName::parse(repo).ok());
        if repo.is_none() {
            let said = "`source` has no `repo` that is one".to_owned();
            self.wrong(place.clone(), said, "write \"repo\": \"owner/name\"");
        }
        let mut number = |key: &str| match value.get(key) {
            None | Some(Value::Null) => None,
            Some(number) if number.as_u64().is_some_and(|n| n > 0) => number.as_u64(),
            Some(_) => {
                let said = format!("`source` has a `{key}` that is no number from 1 on");
                self.wrong(place.clone(), said, "write it as digits, without quotes");
                None
            }
        };
        let (issue, pull) = (number("issue"), number("pull"));
        Some(Source { kind: kind?, issue, pull, repo: repo? })
    }

    fn standing(&mut self) -> Option<Standing> {
        let status = self.word("status", &Standing::NAMES);
        let reason = self.some("stale_reason").and_then(|field| self.text(field));
        let by = self
            .some("superseded_by")
            .and_then(|_| self.parsed::<Ulid>("superseded_by", "the id of an entry"));
        let field = self.page.field("status")?;
        let help = "the three go together: stale and `stale_reason`, superseded and `superseded_by`";
        match (Standing::NAMES[status?], reason, by) {
            ("active", None, None) => Some(Standing::Active),
            ("stale", Some(reason), None) => Some(Standing::Stale { reason: reason.to_owned() }),
            ("superseded", None, Some(by)) => Some(Standing::Superseded { by }),
            (name, reason, by) => {
                let has = |there: bool| if there { "a" } else { "no" };
                let said = format!(
                    "{name}, with {} `stale_reason` and {} `superseded_by`",
                    has(reason.is_some()),
                    has(by.is_some())
                );
                self.wrong(field.value_span.clone(), format!("the entry is {said}"), help);
                None
            }
        }
    }

    /// Checks that the file is where the frontmatter says.
    fn place(&mut self, path: &str, id: Option<Ulid>, topic: Option<&str>) {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        if let Some(topic) = topic.filter(|topic| *topic != folder) {
            let span = self.page.field("topic").map_or(0..0, |field| field.value_span.clone());
            let said = format!("the topic is `{topic}`, and the file is in the folder `{folder}`");
            self.wrong(span, said, "move the file, or correct the topic");
        }
        let named = |id: &Ulid| {
            let rest = file.strip_suffix(".md").and_then(|stem| stem.strip_prefix(&id.to_string()));
            rest.is_some_and(|rest| rest.starts_with('-') && rest.len() > 1)
        };
        if let Some(id) = id.filter(|id| !named(id)) {
            let span = self.page.field("id").map_or(0..0, |field| field.value_span.clone());
            self.wrong(
                span,
                format!("the file `{file}` isn't named after its id"),
                &format!("name it `{id}-….md`"),
            );
        }
    }

    fn order(&mut self, key: &str, first: Option<Timestamp>, then: Option<Timestamp>, other: &str) {
        if let (Some(first), Some(then)) = (first, then)
            && then < first
        {
            let span = self.page.field(key).map_or(0..0, |field| field.value_span.clone());
            self.wrong(span, format!("`{key}` is before `{other}`"), "correct one of the two");
        }
    }
}
