//! What is said on pull requests of what they mean for a language.

use std::collections::BTreeMap;

use super::plan;
use crate::model::meaning::{MeaningSeen, Means};
use crate::model::samples::{desired, name, observed, repo, state};
use crate::model::{CommitId, Desired, Observed, Seen};

const NAME: &str = "language-review";
const W: &str = "acme/widgets";

fn row(title: &'static str, means: Means, said: Seen<&str>) -> (&'static str, Desired, Observed) {
    let said = match said {
        Seen::Known(text) => Seen::Known((9, text.to_owned())),
        Seen::Absent => Seen::Absent,
        Seen::Unknown => Seen::Unknown,
    };
    let head = CommitId::parse(&"ab".repeat(20)).unwrap();
    let mut seen = observed([state(W)]);
    seen.meanings = BTreeMap::from([(name(W), vec![MeaningSeen { number: 7, head, means, said }])]);
    (title, desired([repo(W)]), seen)
}

#[test]
fn a_comment_is_made_once_and_kept_current() {
    let this = || Means::This("- `Quay` was called `Dock`".to_owned());
    let right = "<!-- factoryctl:language-review -->\r\n## What this pull request means for the language\r\n\r\n\
                 - `Quay` was called `Dock`";
    let over = "<!-- factoryctl:language-review -->\n## What this pull request means for the language\n\n\
                Nothing any more: it changes no term, and no code that a term stands for or a decision cites.\n";
    let rows = vec![
        row("it is new", this(), Seen::Absent),
        row("it is said", this(), Seen::Known(right)),
        row("it was something else", this(), Seen::Known(over)),
        row("it means nothing", Means::Nothing, Seen::Absent),
        row("it means nothing any more", Means::Nothing, Seen::Known(right)),
        row("that is said", Means::Nothing, Seen::Known(over)),
        row("nobody knows what is said", this(), Seen::Unknown),
        row("nobody can tell", Means::Unknown("its head to be there".to_owned()), Seen::Known(right)),
    ];
    let told = |(title, desired, observed): (&str, Desired, Observed)| {
        let plan = plan(NAME, &desired, &observed);
        let acts = plan.actions.iter().map(|it| {
            let is_about = format!("at {}", it.after["head"].as_str().unwrap_or("?"));
            format!(
                "  {} {is_about}: {}\n",
                if it.before["body"].is_null() { "new" } else { "anew" },
                it.reason
            )
        });
        let waits = plan.waiting.iter().map(|it| format!("  waits for {}\n", it.on));
        let all: String = acts.chain(waits).collect();
        format!("{title}\n{}", all.replace(&"ab".repeat(20), "abab"))
    };
    insta::assert_snapshot!(rows.into_iter().map(told).collect::<String>(), @r"
    it is new
      new at abab: nobody has said what it means for the language
    it is said
    it was something else
      anew at abab: it means something else by now
    it means nothing
    it means nothing any more
      anew at abab: it means nothing for the language any more
    that is said
    nobody knows what is said
    nobody can tell
      waits for its head to be there
    ");
}
