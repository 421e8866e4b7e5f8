//! Tools by which an agent asks a person.

use serde_json::Value;

use super::Event;
use super::json::{list, text};

/// What is asked, where this tool asks something.
pub(super) fn asked(tool: &str, input: &Value) -> Option<Event> {
    let asks =
        matches!(tool, "AskUserQuestion" | "ask_user" | "ask_question" | "question" | "request_user_input");
    asks.then(|| Event::Asked(words(input)))
}

/// The questions in a tool's input, one on a line; all of the input where there are none in the usual places.
fn words(input: &Value) -> String {
    let several = list(input, "/questions").map(|one| text(one, "/question"));
    let questions: Vec<&str> =
        several.chain([text(input, "/question")]).filter(|question| !question.is_empty()).collect();
    if questions.is_empty() { input.to_string() } else { questions.join("\n") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_questions_are_told() {
        for (tool, input, expect) in [
            (
                "AskUserQuestion",
                json!({"questions": [{"question": "A?"}, {"question": "B?"}]}),
                Some("A?\nB?"),
            ),
            ("question", json!({"question": "C?"}), Some("C?")),
            ("ask_user", json!({"x": 1}), Some(r#"{"x":1}"#)),
            ("Bash", json!({"question": "D?"}), None),
        ] {
            assert_eq!(asked(tool, &input), expect.map(|words| Event::Asked(words.to_owned())), "{tool}");
        }
    }
}
