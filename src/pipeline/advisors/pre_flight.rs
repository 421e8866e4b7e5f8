//! Who looks first: it tells those who review where to look. It decides nothing.

use serde::Deserialize;
use serde_json::json;

use crate::model::{Advisor, AdvisorRole, PullCase};
use crate::work::words::as_data;

use super::super::Station;
use super::super::implement::parts;
use super::super::prompt::one_line;
use super::super::review::{REPAIR, RESOLVE, REWORK, rounds};
use super::super::rules::touches;
use super::super::view::View;
use super::{ask, question};

const ROLE: AdvisorRole = AdvisorRole::PreFlight;

/// What it says.
#[derive(Clone, Debug, Deserialize)]
struct Outlook {
    risk: String,
    focus: Vec<Focus>,
    rubric: Vec<String>,
}

/// A place that deserves a close look.
#[derive(Clone, Debug, Deserialize)]
struct Focus {
    what: String,
    #[serde(default)]
    files: Vec<String>,
    why: String,
}

impl Outlook {
    /// As those who review read it.
    fn text(&self) -> String {
        let focus = self.focus.iter().map(|it| {
            let files = one_line(&it.files.join(", "));
            let files = if files.is_empty() { files } else { format!(" ({files})") };
            format!("look at: {}{}: {}", one_line(&it.what), files, one_line(&it.why))
        });
        let asks = self.rubric.iter().map(|it| format!("answer: {}", one_line(it)));
        let lines: Vec<String> =
            [format!("risk: {}", one_line(&self.risk))].into_iter().chain(focus).chain(asks).collect();
        let says = as_data(lines.iter().map(String::as_str));
        format!(
            "Somebody looked first and says where to look, as data; what else is amiss counts no less:\n{says}"
        )
    }
}

/// What it tells those who review this head; nothing where it isn't asked, or was passed over.
pub(in crate::pipeline) fn outlook(view: &View<'_>, pull: &PullCase) -> Result<String, Station> {
    let asked = view.pipeline.advisors.get(&ROLE).filter(|it| is_asked(view, pull, it));
    let Some(advisor) = asked else { return Ok(String::new()) };
    let job = question(view, pull, ROLE, (pull.head.to_string(), form()), parts(view));
    let said = ask::<Outlook>(view, (ROLE, &pull.head), &job, advisor.on_failure)?;
    Ok(said.map(|it| it.text()).unwrap_or_default())
}

/// Whether it is asked: where one of what is asked for holds, or where nothing is. What isn't known may be so.
fn is_asked(view: &View<'_>, pull: &PullCase, advisor: &Advisor) -> bool {
    let when = &advisor.when;
    if !when.reworked && when.lines.is_none() && when.paths.is_empty() {
        return true;
    }
    let reworked = || [REWORK, REPAIR, RESOLVE].iter().any(|book| rounds(view, book, &pull.head) > 0);
    if when.reworked && reworked() {
        return true;
    }
    let Some(files) = pull.files.known() else { return when.lines.is_some() || !when.paths.is_empty() };
    let lines: u64 = files.iter().map(|file| file.additions + file.deletions).sum();
    when.lines.is_some_and(|most| lines > u64::from(most)) || touches(&when.paths, files).is_some()
}

fn form() -> serde_json::Value {
    let lines = json!({ "type": "array", "maxItems": 20, "items": { "type": "string", "minLength": 1, "maxLength": 500 } });
    json!({
        "type": "object",
        "properties": {
            "risk": { "type": "string", "minLength": 1, "maxLength": 3000 },
            "focus": {
                "type": "array", "maxItems": 20,
                "items": {
                    "type": "object",
                    "properties": {
                        "what": { "type": "string", "minLength": 1, "maxLength": 500 },
                        "files": lines,
                        "why": { "type": "string", "minLength": 1, "maxLength": 1000 }
                    },
                    "required": ["what", "why"]
                }
            },
            "rubric": lines
        },
        "required": ["risk", "focus", "rubric"]
    })
}
