//! One issue as people read it.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::model::usd;
use crate::plan::render::printable;

use super::listed::ago;
use super::shown::{Attempt, Labels, Prompt, RouteBacks, Said, Shown, Waits};

/// The most characters of an answer that are shown.
const ANSWER: usize = 300;
/// The most new lines of a prompt that are shown.
const LINES: usize = 60;

impl Shown {
    /// As people read it.
    pub(super) fn text(&self, now: Timestamp) -> String {
        let mut out = String::new();
        let mut line = |text: String| {
            let _ = writeln!(out, "{}", printable(&text));
        };
        let open = if self.open { "open" } else { "closed" };
        line(format!("{}#{} {}", self.repo, self.number, self.title));
        line(format!("{open}, by {}, in the pipeline `{}`", self.author, self.pipeline));
        line(format!(
            "phase {}, {}, for {} (since {:.0})",
            self.phase,
            if self.attempts.iter().any(|it| it.outcome.is_none()) { "at work" } else { self.queue },
            ago(self.since, now),
            self.since
        ));
        line(self.next.clone());
        if let Some(Waits { until: Some(until), .. }) = &self.waits {
            line(format!("  until {until:.0}"));
        }
        for tried in &self.tried {
            line(format!("  was tried: {tried}"));
        }
        for planned in &self.plan {
            line(format!("plan: {planned}"));
        }
        for attempt in &self.attempts {
            attempt.lines().into_iter().for_each(&mut line);
        }
        if let RouteBacks { went: went @ 1.., of } = self.route_backs {
            line(format!("its pull request went back to an agent: {went} of {of} times (route-backs)"));
        }
        for (number, became) in &self.earlier_pulls {
            line(format!("earlier pull request #{number}, {became}"));
        }
        if let Some(pull) = &self.pull {
            pull.lines().into_iter().for_each(&mut line);
        }
        line(self.labels.line());
        self.commands.lines().into_iter().for_each(&mut line);
        if let Some(prompt) = &self.prompt {
            prompt.lines().into_iter().for_each(&mut line);
        }
        out
    }
}

impl Attempt {
    fn lines(&self) -> Vec<String> {
        let book = match (&self.playbook, self.round) {
            (Some(book), Some(round)) => format!(" by the playbook `{book}`, round {round}"),
            (_, _) => String::new(),
        };
        let phase = self.phase.map(|phase| format!(" in {phase}")).unwrap_or_default();
        let enriched = self.enriched.as_ref().map(|word| format!(", with {word}")).unwrap_or_default();
        let cost = self.cost_micros.map(|micros| format!(", {}", usd(micros))).unwrap_or_default();
        let outcome = self.outcome.as_ref().map(|word| format!("{word}: ")).unwrap_or_default();
        let unburnt = if self.outcome.is_some() && !self.burnt { " (it used up no attempt)" } else { "" };
        let Self { run, attempt, agent, cause, .. } = self;
        let mut out = vec![
            format!("run {run}{phase}{book}{enriched}, attempt {attempt} by {agent}{cost}"),
            format!("  {outcome}{cause}{unburnt}"),
        ];
        if let Some(answer) = &self.answered {
            let answer = answer.to_string();
            let cut = if answer.chars().count() > ANSWER { "…" } else { "" };
            out.push(format!("  answered {}{cut}", answer.chars().take(ANSWER).collect::<String>()));
        }
        out
    }
}

impl Labels {
    fn line(&self) -> String {
        let names = |all: &[String]| match all {
            [] => "none".to_owned(),
            all => all.join(", "),
        };
        match &self.wanted {
            None => format!("labels: {}; they are left as they are", names(&self.there)),
            Some(wanted) if *wanted == self.there => format!("labels: {}, as wanted", names(wanted)),
            Some(wanted) => format!("labels: {}; wanted: {}", names(&self.there), names(wanted)),
        }
    }
}

impl Said {
    fn lines(&self) -> Vec<String> {
        let heard = self.heard.iter().map(|it| format!("heard: {} by {} at {:.0}", it.command, it.by, it.at));
        let unheard = self.unheard.iter().map(|it| format!("not heard: a command by {}: {}", it.by, it.why));
        heard.chain(unheard).collect()
    }
}

impl Prompt {
    fn lines(&self) -> Vec<String> {
        if let Some(whole) = &self.whole {
            let title = format!("the next prompt, by the playbook `{}`:", self.playbook);
            return std::iter::once(title).chain(whole.lines().map(|line| format!("  {line}"))).collect();
        }
        let Some(before) = &self.before else {
            let n = self.new.len();
            return vec![format!(
                "the next prompt is the first by the playbook `{}`: {n} lines (--prompt)",
                self.playbook
            )];
        };
        if self.new.is_empty() {
            return vec![format!("the next prompt has nothing that run {before} was not told")];
        }
        let mut out = vec![format!("the next prompt has more than that of run {before}:")];
        out.extend(self.new.iter().take(LINES).map(|line| format!("  + {line}")));
        if let Some(more) = self.new.len().checked_sub(LINES).filter(|more| *more > 0) {
            out.push(format!("  and {more} lines more (--prompt)"));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::issue::Rule;
    use crate::cli::issue::pull::{CheckLine, Pull, ReviewLine};
    use crate::cli::issue::shown::{Heard, Unheard};
    use crate::model::Phase;
    use crate::model::samples::now;

    fn attempt() -> Attempt {
        Attempt {
            run: "20260601-113000-1230a1b2".into(),
            phase: Some(Phase::Implement),
            playbook: Some("implement".into()),
            round: Some(1),
            attempt: 1,
            agent: "smith".into(),
            outcome: Some("crashed".into()),
            cause: "it ended with 1".into(),
            ended: Some(now()),
            burnt: true,
            cost_micros: Some(250_000),
            enriched: None,
            answered: None,
        }
    }

    fn pull() -> Pull {
        let rule = Rule {
            rule: "checks",
            says: "something is missing".into(),
            needs: "the check `ci` to end".into(),
        };
        Pull {
            number: 9,
            state: "open",
            head: "a".repeat(40),
            base: "main".into(),
            behind: Some(2),
            mergeable: "yes",
            checks: Some(vec![CheckLine {
                name: "ci".into(),
                state: "running",
                app: Some(7),
                says: "1 of 2\nmore".into(),
            }]),
            reviews: Some(vec![ReviewLine { by: "ann".into(), verdict: "approved", of_head: false }]),
            open_conversations: Some(1),
            unmet: vec![rule],
        }
    }

    fn shown() -> Shown {
        Shown {
            repo: "acme/widgets".into(),
            number: 7,
            title: "Mend the roof".into(),
            author: "ann".into(),
            open: true,
            pipeline: "short".into(),
            phase: Phase::Implement,
            queue: "next",
            next: "a run by the playbook `implement`, round 1".into(),
            since: now() - jiff::SignedDuration::from_hours(3),
            waits: None,
            tried: Vec::new(),
            plan: vec!["next: start run: playbook `implement`, round 1".into()],
            attempts: vec![attempt()],
            route_backs: RouteBacks { went: 1, of: 8 },
            pull: None,
            earlier_pulls: Vec::new(),
            labels: Labels { wanted: Some(vec!["factory:implement".into()]), there: Vec::new() },
            commands: Said { heard: Vec::new(), unheard: Vec::new() },
            prompt: None,
        }
    }

    #[test]
    fn what_was_tried_and_what_is_new_next_time_is_told() {
        let prompt = Prompt {
            playbook: "implement".into(),
            before: Some(attempt().run),
            new: vec!["What became of the attempts before:".into(), "- attempt 1: `crashed`".into()],
            whole: None,
        };
        let unheard =
            Unheard { by: "eve".into(), why: "needs the permission `write` in this repository".into() };
        let heard = Heard { at: now(), by: "ann".into(), command: "/retry".into() };
        let commands = Said { heard: vec![heard], unheard: vec![unheard] };
        let shown = Shown { prompt: Some(prompt), commands, ..shown() };
        insta::assert_snapshot!(shown.text(now()), @r"
        acme/widgets#7 Mend the roof
        open, by ann, in the pipeline `short`
        phase implement, next, for 3 h (since 2026-06-01T09:00:00Z)
        a run by the playbook `implement`, round 1
        plan: next: start run: playbook `implement`, round 1
        run 20260601-113000-1230a1b2 in implement by the playbook `implement`, round 1, attempt 1 by smith, 0.25 USD
          crashed: it ended with 1
        its pull request went back to an agent: 1 of 8 times (route-backs)
        labels: none; wanted: factory:implement
        heard: /retry by ann at 2026-06-01T12:00:00Z
        not heard: a command by eve: needs the permission `write` in this repository
        the next prompt has more than that of run 20260601-113000-1230a1b2:
          + What became of the attempts before:
          + - attempt 1: `crashed`
        ");
    }

    #[test]
    fn the_rules_that_keep_it_from_landing_are_told() {
        let looked = Attempt {
            outcome: Some("done".into()),
            cause: "it answered".into(),
            enriched: Some("touchpoints".into()),
            answered: Some(serde_json::json!({ "ready": true })),
            ..attempt()
        };
        let labels = Labels { wanted: None, there: vec!["factory:hold".into()] };
        let (phase, earlier_pulls) = (Phase::Merge, vec![(8, "closed")]);
        let at_merge =
            Shown { phase, earlier_pulls, labels, pull: Some(pull()), attempts: vec![looked], ..shown() };
        insta::assert_snapshot!(at_merge.text(now()), @r#"
        acme/widgets#7 Mend the roof
        open, by ann, in the pipeline `short`
        phase merge, next, for 3 h (since 2026-06-01T09:00:00Z)
        a run by the playbook `implement`, round 1
        plan: next: start run: playbook `implement`, round 1
        run 20260601-113000-1230a1b2 in implement by the playbook `implement`, round 1, with touchpoints, attempt 1 by smith, 0.25 USD
          done: it answered
          answered {"ready":true}
        its pull request went back to an agent: 1 of 8 times (route-backs)
        earlier pull request #8, closed
        pull request #9, open, at aaaaaaaaaa for `main`
          mergeable: yes; 2 commits behind its base
          check `ci`: running: 1 of 2
          review by ann: approved, of an earlier head
          conversations that are not resolved: 1
          keeps it from landing: checks: something is missing; it needs the check `ci` to end
        labels: factory:hold; they are left as they are
        "#);
    }

    #[test]
    fn a_prompt_is_told_as_far_as_it_was_asked_for() {
        let prompt = |before: Option<&str>, lines: usize, whole: Option<&str>| Prompt {
            playbook: "plan".into(),
            before: before.map(str::to_owned),
            new: (0..lines).map(|n| format!("line {n}")).collect(),
            whole: whole.map(str::to_owned),
        };
        let first = prompt(None, 3, None).lines();
        assert_eq!(first, ["the next prompt is the first by the playbook `plan`: 3 lines (--prompt)"]);
        let many = prompt(Some("r"), LINES + 2, None).lines();
        assert_eq!((many.len(), many.last().unwrap().as_str()), (LINES + 2, "  and 2 lines more (--prompt)"));
        let whole = prompt(Some("r"), 1, Some("a\nb\n")).lines();
        assert_eq!(whole[1..], ["  a", "  b"]);
    }
}
