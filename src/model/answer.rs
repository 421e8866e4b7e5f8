//! Typed answers: the form in which one is asked for, and one that has it.

use std::fmt;

use jsonschema::{PatternOptions, Validator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::is_hidden;

/// The JSON Schema of an answer: of an object, whole in itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerSchema(Value);

/// The most bytes of an answer, as JSON.
pub const LONGEST_ANSWER: usize = 64 << 10;
/// How many mistakes of an answer are told.
const MISTAKES: usize = 5;
/// The most characters that are told of one.
const LONGEST_MISTAKE: usize = 300;

impl AnswerSchema {
    /// A schema as it is written in config.
    ///
    /// # Errors
    /// In words, when it isn't JSON, isn't a schema, or isn't one of an object; when it needs what lies elsewhere.
    pub fn parse(text: &str) -> Result<Self, String> {
        let schema = serde_json::from_str(text).map_err(|error| format!("it isn't JSON: {error}"))?;
        Self::of(schema)
    }

    /// A schema as it was kept.
    ///
    /// # Errors
    /// As with [`Self::parse`].
    pub fn of(schema: Value) -> Result<Self, String> {
        let schema = Self(schema);
        schema.validator()?;
        if schema.0.get("type").and_then(Value::as_str) != Some("object") {
            return Err("it isn't the schema of an object, which every agent can answer with".to_owned());
        }
        Ok(schema)
    }

    /// A schema of the factory's own, which tests have answers for; what is made again and again isn't looked at again.
    pub(crate) fn own(schema: Value) -> Self {
        Self(schema)
    }

    /// The schema.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Takes an answer that fits.
    ///
    /// # Errors
    /// What doesn't fit, in words for whoever answered.
    pub fn check(&self, answer: &Value) -> Result<(), String> {
        let bytes = answer.to_string().len();
        if bytes > LONGEST_ANSWER {
            return Err(format!("it has {bytes} bytes, and {LONGEST_ANSWER} are allowed"));
        }
        let validator = self.validator()?;
        let mut mistakes = validator.iter_errors(answer).map(|error| {
            let at = error.instance_path().to_string();
            let at = if at.is_empty() { String::new() } else { format!("at `{at}`: ") };
            shown(&format!("{at}{error}"))
        });
        let told: Vec<String> = mistakes.by_ref().take(MISTAKES).collect();
        match (told.is_empty(), mistakes.count()) {
            (true, _) => Ok(()),
            (false, 0) => Err(told.join("; ")),
            (false, more) => Err(format!("{}; and {more} more", told.join("; "))),
        }
    }

    /// It reads nothing from elsewhere, and its patterns take time in proportion to what they look at.
    fn validator(&self) -> Result<Validator, String> {
        let options = jsonschema::options().offline().with_pattern_options(PatternOptions::regex());
        options.build(&self.0).map_err(|error| shown(&format!("it isn't a JSON Schema: {error}")))
    }
}

/// What can be shown of words that others had a part in.
fn shown(words: &str) -> String {
    words.chars().filter(|c| !is_hidden(*c)).take(LONGEST_MISTAKE).collect()
}

/// An answer of the form that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typed {
    /// The answer.
    pub value: Value,
    /// Where it was found.
    pub from: AnswerFrom,
}

/// Where a typed answer was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerFrom {
    /// The agent has typed answers of its own.
    Agent,
    /// In `answer.json` in its outbox.
    Outbox,
    /// In its last words.
    Words,
}

impl fmt::Display for AnswerFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Agent => "its typed answer",
            Self::Outbox => "`answer.json`",
            Self::Words => "its last words",
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> AnswerSchema {
        let schema = json!({
            "type": "object",
            "properties": { "verdict": { "enum": ["good", "bad"] }, "why": { "type": "string" } },
            "required": ["verdict"],
            "additionalProperties": false,
        });
        AnswerSchema::of(schema).unwrap()
    }

    #[test]
    fn what_is_no_schema_of_an_object_is_said() {
        for (text, says) in [
            ("{", "it isn't JSON: EOF while parsing"),
            (r#"{"type": "objekt"}"#, "it isn't a JSON Schema: "),
            (r#"{"type": "object", "required": 3}"#, "it isn't a JSON Schema: "),
            (r#"{"type": "array"}"#, "it isn't the schema of an object"),
            ("true", "it isn't the schema of an object"),
            (r#"{"type": "object", "$ref": "https://example.com/s.json"}"#, "it isn't a JSON Schema: "),
            (r#"{"type": "object", "$ref": "file:///etc/passwd"}"#, "it isn't a JSON Schema: "),
            (r#"{"type": "object", "patternProperties": {"(?=a)b": {}}}"#, "it isn't a JSON Schema: "),
        ] {
            let said = AnswerSchema::parse(text).unwrap_err();
            assert!(said.starts_with(says), "{text}: {said}");
        }
        AnswerSchema::parse(&schema().value().to_string()).unwrap();
    }

    #[test]
    fn an_answer_fits_or_it_is_said_what_does_not() {
        let long = "x".repeat(LONGEST_ANSWER);
        for (answer, says) in [
            (json!({ "verdict": "good" }), None),
            (json!({ "verdict": "good", "why": "so" }), None),
            (json!({}), Some("\"verdict\" is a required property")),
            (json!({ "verdict": "so-so" }), Some("at `/verdict`: \"so-so\" is not one of")),
            (json!({ "verdict": "good", "x": 1 }), Some("Additional properties are not allowed")),
            (json!(["good"]), Some("is not of type \"object\"")),
            (json!({ "verdict": "good", "why": long }), Some("and 65536 are allowed")),
            (json!({ "verdict": "\u{202e}evil" }), Some("at `/verdict`: \"evil\"")),
        ] {
            let said = schema().check(&answer).err();
            let fits = match (&said, says) {
                (Some(said), Some(says)) => said.contains(says),
                (said, says) => said.is_none() && says.is_none(),
            };
            assert!(fits, "{says:?}: {said:?}");
        }
    }

    #[test]
    fn what_is_told_of_an_answer_is_short() {
        let all =
            AnswerSchema::parse(r#"{"type": "object", "additionalProperties": {"type": "null"}}"#).unwrap();
        let many: serde_json::Map<String, Value> =
            (0..9).map(|n| (format!("k{n}"), Value::from("x".repeat(1_000)))).collect();
        let said = all.check(&Value::Object(many)).unwrap_err();
        assert!(said.ends_with("; and 4 more") && said.len() < 2_000, "{said}");
    }
}
