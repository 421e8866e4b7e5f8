//! The places of a prompt: `{{issue}}` and so on.

use std::ops::Range;

use crate::desired::diagnostic::{Draft, code, nearest};
use crate::desired::text::{Span, shorten};
use crate::model::PLACES;

use super::Builder;

/// A place, as it was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place<'p> {
    /// What stands between the braces; `None` where they aren't closed on their line.
    pub(super) name: Option<&'p str>,
    /// Where it stands, braces included.
    pub(super) at: Range<usize>,
}

/// The places of a prompt in their order.
pub(super) fn places(prompt: &str) -> Vec<Place<'_>> {
    let mut out = Vec::new();
    let mut from = 0;
    while let Some(start) = prompt[from..].find("{{").map(|at| from + at) {
        let inner = start + 2;
        let line = prompt[inner..].lines().next().unwrap_or_default();
        let name = line.split("{{").next().and_then(|rest| Some(rest.split_once("}}")?.0));
        let end = name.map_or(inner, |name| inner + name.len() + 2);
        out.push(Place { name, at: start..end });
        from = end;
    }
    out
}

/// Whether something is ever put into a place of this name.
pub(super) fn is_known(name: &str) -> bool {
    PLACES.iter().any(|(place, _)| *place == name)
}

/// Complains of places that nothing is put into, and of braces that aren't closed.
pub(super) fn check(prompt: &str, span: Span, cx: &mut Builder<'_>) {
    for place in places(prompt) {
        let at = cx.within(span, prompt, place.at);
        let draft = match place.name {
            Some(name) if is_known(name) => continue,
            Some(name) => {
                let all = PLACES.iter().map(|(place, _)| *place);
                let help = nearest(name, all.clone()).map_or_else(
                    || {
                        format!(
                            "the places are {}",
                            all.map(|place| format!("`{place}`")).collect::<Vec<_>>().join(", ")
                        )
                    },
                    |near| format!("did you mean `{{{{{near}}}}}`?"),
                );
                let says = format!("there is no place `{}` in prompts", shorten(name));
                Draft::error(code::UNKNOWN_PLACE, says).at(at, "nothing is put here").help(help)
            }
            None => Draft::error(code::MALFORMED, "`{{` is not closed on its line")
                .at(at, "begins here")
                .help("close it, `{{issue}}`; `{{` begins a place wherever it stands in a prompt"),
        };
        cx.sink.push(draft);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_where_they_stand() {
        for (prompt, expect) in [
            ("", vec![]),
            ("a {b} c }} d", vec![]),
            ("{{issue}}", vec![(Some("issue"), "{{issue}}")]),
            ("é {{a}}{{b}}\n{{c}}", vec![(Some("a"), "{{a}}"), (Some("b"), "{{b}}"), (Some("c"), "{{c}}")]),
            ("{{ issue }}", vec![(Some(" issue "), "{{ issue }}")]),
            ("{{}}", vec![(Some(""), "{{}}")]),
            ("{{issue", vec![(None, "{{")]),
            ("{{issue\n}}", vec![(None, "{{")]),
            ("{{a {{b}}", vec![(None, "{{"), (Some("b"), "{{b}}")]),
            ("{{{a}}}", vec![(Some("{a"), "{{{a}}")]),
        ] {
            let found: Vec<_> = places(prompt).into_iter().map(|p| (p.name, &prompt[p.at])).collect();
            assert_eq!(found, expect, "{prompt:?}");
        }
    }
}
