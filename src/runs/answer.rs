//! The typed answer of a run, wherever it gave one: found, freed of secrets, and held against the form that was asked for.
//! What an agent or its program says of it proves nothing.

use serde_json::Value;

use crate::model::{AnswerFrom, AnswerSchema, Typed};

use super::Redactor;

/// Where an answer may stand.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// What the agent's own way of typed answers brought.
    pub typed: Option<Value>,
    /// What `answer.json` in its outbox holds, or why that isn't taken.
    pub file: Option<Result<String, String>>,
    /// Its last words.
    pub words: Option<String>,
}

/// The first answer that fits, by the order of [`Given`].
///
/// # Errors
/// In words for the agent: that there is none, or else what doesn't fit in the first one.
pub fn answer(schema: &AnswerSchema, given: Given, redactor: &Redactor) -> Result<Typed, String> {
    let parse = |text: String| serde_json::from_str(&text).map_err(|error| format!("it isn't JSON: {error}"));
    let file = given.file.map(|text| text.and_then(parse));
    let words = given.words.as_deref().and_then(in_words);
    let all =
        [(AnswerFrom::Agent, given.typed.map(Ok)), (AnswerFrom::Outbox, file), (AnswerFrom::Words, words)];
    let mut first = None;
    for (from, found) in all {
        let Some(found) = found else { continue };
        let fits = found.and_then(|value| {
            let value = redactor.clean_value(&value);
            schema.check(&value)?;
            Ok(Typed { value, from })
        });
        match fits {
            Ok(typed) => return Ok(typed),
            Err(says) => {
                first.get_or_insert_with(|| format!("{from}: {says}"));
            }
        }
    }
    Err(first.unwrap_or_else(|| "there is none".to_owned()))
}

/// The JSON that a text is, or that its last fence of JSON holds. `None` where there is neither.
fn in_words(words: &str) -> Option<Result<Value, String>> {
    if let Ok(whole @ Value::Object(_)) = serde_json::from_str(words) {
        return Some(Ok(whole));
    }
    let fenced = last_fence(words)?;
    Some(
        serde_json::from_str(&fenced)
            .map_err(|error| format!("what its last fence of JSON holds is none: {error}")),
    )
}

/// What the last fence that begins with `json` holds. One that nobody closed goes on to the end.
fn last_fence(words: &str) -> Option<String> {
    let mut last = None;
    let mut open: Option<(usize, bool, Vec<&str>)> = None;
    for line in words.lines() {
        let ticks = line.trim().bytes().take_while(|byte| *byte == b'`').count();
        let rest = line.trim()[ticks..].trim();
        match &mut open {
            None if ticks >= 3 => open = Some((ticks, rest.eq_ignore_ascii_case("json"), Vec::new())),
            None => {}
            Some((opened, ..)) if ticks >= *opened && rest.is_empty() => {
                let (_, is_json, lines) = open.take().expect("it is open");
                last = is_json.then(|| lines.join("\n")).or(last);
            }
            Some((_, _, lines)) => lines.push(line),
        }
    }
    match open {
        Some((_, true, lines)) => Some(lines.join("\n")),
        Some(_) | None => last,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECRET: &str = "one-key-that-nobody-guesses";

    fn schema() -> AnswerSchema {
        AnswerSchema::parse(
            r#"{"type": "object", "properties": {"n": {"type": "integer"}, "why": {"type": "string"}}, "required": ["n"]}"#,
        )
        .unwrap()
    }

    fn found(given: Given) -> Result<(Value, AnswerFrom), String> {
        let redactor = Redactor::new([SECRET]);
        answer(&schema(), given, &redactor).map(|typed| (typed.value, typed.from))
    }

    fn given(typed: Option<Value>, file: &str, words: &str) -> Given {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Given { typed, file: text(file).map(Ok), words: text(words) }
    }

    #[test]
    fn the_first_one_that_fits_is_taken() {
        let fits = |n: u32| json!({ "n": n });
        for (what, given, expect) in [
            (
                "the agent's own",
                given(Some(fits(1)), r#"{"n": 2}"#, r#"{"n": 3}"#),
                Ok((1, AnswerFrom::Agent)),
            ),
            ("the file", given(None, r#"{"n": 2}"#, r#"{"n": 3}"#), Ok((2, AnswerFrom::Outbox))),
            ("the words", given(None, "", r#"{"n": 3}"#), Ok((3, AnswerFrom::Words))),
            (
                "the first isn't valid",
                given(Some(json!({ "n": "x" })), "{", "so:\n```json\n{\"n\": 3}\n```"),
                Ok((3, AnswerFrom::Words)),
            ),
            ("nothing", given(None, "", "I am done."), Err("there is none")),
            (
                "nothing that fits",
                given(Some(json!({ "n": "x" })), r#"{"n": "y"}"#, ""),
                Err("its typed answer: at `/n`: \"x\" is not of type \"integer\""),
            ),
            (
                "no JSON",
                given(None, "{", ""),
                Err("`answer.json`: it isn't JSON: EOF while parsing an object at line 1 column 1"),
            ),
            (
                "a file that isn't taken",
                Given { file: Some(Err("there is a secret in it".to_owned())), ..Given::default() },
                Err("`answer.json`: there is a secret in it"),
            ),
            (
                "a fence without JSON",
                given(None, "", "```json\nno\n```"),
                Err(
                    "its last words: what its last fence of JSON holds is none: expected ident at line 1 column 2",
                ),
            ),
        ] {
            let found = found(given).map(|(value, from)| (value["n"].as_u64().unwrap(), from));
            assert_eq!(found, expect.map_err(str::to_owned), "{what}");
        }
    }

    #[test]
    fn the_last_fence_of_json_counts() {
        for (words, expect) in [
            ("```json\n1\n```\n```json\n2\n```\nbye", Some("2")),
            ("```json\n1\n```\n```\n2\n```", Some("1")),
            ("````JSON\n```json\n3\n```\n````", Some("```json\n3\n```")),
            ("  ```json\n  4\n  ```", Some("  4")),
            ("```json\n5", Some("5")),
            ("```json\n6\n```\n```sh\n7", Some("6")),
            ("json\n8", None),
            ("", None),
        ] {
            assert_eq!(last_fence(words).as_deref(), expect, "{words}");
        }
    }

    #[test]
    fn no_secret_is_in_it() {
        let told = json!({ "n": 1, "why": format!("it is {SECRET}!"), SECRET: [{ "deep": SECRET }] });
        let (value, _) = found(given(Some(told), "", "")).unwrap();
        let kept = value.to_string();
        assert!(!kept.contains(SECRET) && kept.matches("[masked]").count() == 3, "{kept}");
    }
}
