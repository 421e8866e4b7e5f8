//! What it answers, by the form that is asked for.

use std::path::Path;

use serde_json::{Value, json};

use super::prompt::Prompt;
use super::{Failed, Script, Slip, writes};

/// An answer of the form.
pub(super) fn answer(
    form: &Value,
    prompt: &Prompt<'_>,
    folder: &Path,
    script: &Script,
) -> Result<Value, Failed> {
    let fields: Vec<&str> =
        form["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let has = |field: &str| fields.contains(&field);
    let slips = |slip: Slip| script.slips.contains(&slip) && !prompt.told();
    if slips(Slip::Nonsense) {
        return Ok(json!({ "says": "It looks fine." }));
    }
    let missing = |paths: &mut dyn Iterator<Item = String>| -> Vec<String> {
        paths.filter(|path| !folder.join(path).exists()).collect()
    };
    Ok(if has("ready") {
        triage(slips(Slip::Unready))
    } else if has("problem") {
        brief(prompt, slips(Slip::Brief))
    } else if has("directions") {
        directions()
    } else if has("direction") {
        vote(prompt, slips(Slip::Split))
    } else if has("common_ground") {
        json!({
            "common_ground": "All want it to be simple.", "tension": "Whether it is to last.",
            "synthesis": "The first direction now, and the second where it is outgrown."
        })
    } else if has("approach") {
        plan(script, prompt, slips(Slip::Plan))
    } else if has("compliant") {
        let wanted = writes(script, prompt).into_iter().map(|(path, _)| path);
        let gaps = missing(&mut wanted.chain(script.asks_for.iter().map(|path| prompt.fill(path))));
        json!({ "compliant": gaps.is_empty(), "gaps": lines(&gaps, "there is no file") })
    } else if has("findings") && prompt.is_of_plan() {
        blocked(slips(Slip::Blocked))
    } else if has("findings") {
        let wrong = missing(&mut script.insists_on.iter().map(|path| prompt.fill(path)));
        let finding = |path: &String| {
            json!({ "severity": "high", "text": format!("There is no file {path}, which has to show that it works."),
                    "path": path })
        };
        json!({ "findings": wrong.iter().map(finding).collect::<Vec<_>>() })
    } else if has("verdict") {
        let wrong = missing(&mut script.insists_on.iter().map(|path| prompt.fill(path)));
        let disagreement = |path: &String| json!({ "claim": "It works.", "assessment": format!("There is no file {path}."), "severity": "blocking" });
        let verdict = if wrong.is_empty() { "approve" } else { "veto" };
        json!({
            "verdict": verdict, "reasoning": "Each file that was changed was looked at.",
            "disagreements": wrong.iter().map(disagreement).collect::<Vec<_>>()
        })
    } else if has("rubric") {
        json!({ "risk": "Little can go wrong.", "focus": [], "rubric": ["Is each file there that the issue asks for?"] })
    } else if has("recommendation") {
        json!({ "reasoning": "It can be taken back.", "recommendation": "Take the simplest one.", "confidence": 80 })
    } else if has("root_cause") {
        json!({
            "severity": "P2", "root_cause": "What was tried did not do what was asked for.", "fixable": true,
            "guidance": "Read what was found amiss, and mend that first."
        })
    } else {
        return Err(Failed::Form(fields.join(", ")));
    })
}

fn lines(of: &[String], what: &str) -> Vec<String> {
    of.iter().map(|it| format!("{what} {it}")).collect()
}

fn triage(unready: bool) -> Value {
    if unready {
        return json!({ "ready": false, "clarity": 3, "missing": ["What should happen instead?"] });
    }
    json!({ "ready": true, "clarity": 9, "complexity": 2, "missing": [] })
}

fn brief(prompt: &Prompt<'_>, thin: bool) -> Value {
    if thin {
        return json!({ "problem": "It is unclear.", "criteria": [], "queries": ["What is meant?"], "confidence": 20 });
    }
    let title = prompt.title();
    // Other questions than before: those before are told.
    let asked = prompt.count();
    let queries: Vec<String> = (1..=4).map(|n| format!("Question {n} after {asked} lines")).collect();
    json!({
        "problem": format!("Whoever opened the issue wants this, and finds nothing of it in the repository: {title}"),
        "criteria": [format!("What it says is there: {title}")], "open": [], "queries": queries, "confidence": 90
    })
}

fn directions() -> Value {
    let one = |title: &str, summary: &str| json!({ "title": title, "summary": summary });
    json!({ "directions": [
        one("The plain one", "Write it down where it belongs, and nothing else."),
        one("The general one", "Make a place for everything of its kind first."),
        one("The late one", "Wait until it is asked for again."),
    ] })
}

/// Where the council is to be split, each voice of the first panel is for another one.
fn vote(prompt: &Prompt<'_>, split: bool) -> Value {
    let direction = match prompt.voice() {
        Some("technical lead") if split => 2,
        Some("product strategist") if split => 3,
        Some(_) | None => 1,
    };
    json!({ "direction": direction, "reasoning": "It can be taken back, and costs least.", "confidence": 8 })
}

fn plan(script: &Script, prompt: &Prompt<'_>, lacks: bool) -> Value {
    let files: Vec<String> = if lacks {
        Vec::new()
    } else {
        let all = script.all(prompt).into_iter();
        all.map(|(path, _)| path).collect()
    };
    json!({
        "approach": "Write what the issue asks for into files of its own, so that nothing that is there has to change, and \
                     have each of them looked for afterwards.",
        "steps": [
            "Write each of the files that are named below, as the issue says.",
            "Look whether all of them are there, and commit them together with the reason.",
        ],
        "files": files,
        "tests": if lacks { "" } else { "The checks of the repository look for the files." },
        "open_decisions": []
    })
}

fn blocked(blocks: bool) -> Value {
    if blocks {
        let text = "The plan doesn't say what becomes of what is there already.";
        return json!({ "findings": [{ "severity": "high", "text": text }] });
    }
    json!({ "findings": [] })
}
