//! Issues, a line each.

use jiff::Timestamp;
use serde::Serialize;

use crate::loops::comes_next;
use crate::model::{Phase, usd};
use crate::pipeline::{Station, View};
use crate::plan::Waiting;
use crate::plan::render::{counted, printable};

/// One issue in the list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Listed {
    /// Its repository.
    pub(super) repo: String,
    /// Its number.
    pub(super) number: u64,
    /// Its title.
    pub(super) title: String,
    /// Its phase.
    pub(super) phase: Phase,
    /// Among which it waits.
    pub(super) queue: &'static str,
    /// What comes next, or has to come first.
    pub(super) next: String,
    /// The run that is at work on it.
    pub(super) at_work: Option<String>,
    /// The runs that it has had, the one at work included.
    pub(super) runs: usize,
    /// What they cost as far as that is known, in millionths of a US dollar.
    pub(super) cost_micros: u64,
    /// How many of them told nothing of that.
    pub(super) cost_untold: usize,
    /// Since when it stands there.
    pub(super) since: Timestamp,
}

impl Listed {
    pub(super) fn of(view: &View<'_>, station: &Station, waiting: &[Waiting]) -> Self {
        let (queue, next) = comes_next(view, station, waiting);
        let costs = view.runs.iter().map(|run| run.billed.cost);
        Self {
            repo: view.case.repo.to_string(),
            number: view.case.number,
            title: view.case.title.clone(),
            phase: station.phase,
            queue: queue.as_str(),
            next,
            at_work: view.at_work().map(|run| run.id.to_string()),
            runs: view.runs.len(),
            cost_micros: costs.clone().flatten().map(|cost| cost.micros).sum(),
            cost_untold: costs.filter(Option::is_none).count(),
            since: view.since(),
        }
    }

    /// What it has cost so far.
    fn spent(&self) -> String {
        let runs = counted(self.runs, "run", "runs");
        match (self.runs, self.cost_untold) {
            (0, _) => "no run".to_owned(),
            (all, untold) if all == untold => runs,
            (_, _) => format!("{runs}, {}", usd(self.cost_micros)),
        }
    }

    fn cells(&self, now: Timestamp) -> [String; 5] {
        [
            format!("{}#{}", self.repo, self.number),
            self.phase.to_string(),
            self.queue.to_owned(),
            self.spent(),
            format!("for {}", ago(self.since, now)),
        ]
    }
}

/// How long ago something was, in its largest unit.
pub(super) fn ago(then: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(then).as_mins().max(0);
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2880 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1440),
    }
}

/// All of them as people read them: a line, and below it what comes next.
pub(super) fn text(rows: &[Listed], now: Timestamp) -> String {
    let cells: Vec<[String; 5]> = rows.iter().map(|row| row.cells(now)).collect();
    let width = |n: usize| cells.iter().map(|row| row[n].chars().count()).max().unwrap_or_default();
    let widths: [usize; 5] = std::array::from_fn(width);
    let mut out = String::new();
    for (row, cells) in rows.iter().zip(&cells) {
        for (cell, width) in cells.iter().zip(widths) {
            out.push_str(&format!("{cell:width$}  "));
        }
        out.push_str(&format!("{}\n", printable(&row.title)));
        let next = match &row.at_work {
            Some(run) => format!("run {run} is at work: {}", row.next),
            None => row.next.clone(),
        };
        out.push_str(&format!("    {}\n", printable(&next)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::now;

    fn row(number: u64, minutes: i64, runs: usize, untold: usize) -> Listed {
        Listed {
            repo: "acme/widgets".into(),
            number,
            title: "Mend\nthe roof".into(),
            phase: Phase::Implement,
            queue: "next",
            next: "a run by the playbook `implement`, round 1".into(),
            at_work: None,
            runs,
            cost_micros: 1_250_000,
            cost_untold: untold,
            since: now() - jiff::SignedDuration::from_mins(minutes),
        }
    }

    #[test]
    fn an_issue_has_a_line_and_what_comes_next_another() {
        let at_work = Some("20260601-120000-1230a1b2".to_owned());
        let parked = Listed {
            phase: Phase::Triage,
            queue: "parked",
            next: "waits for its author".into(),
            ..row(7, 5000, 0, 0)
        };
        let rows = [Listed { at_work, ..row(12, 3, 2, 1) }, row(3, 150, 1, 1), parked];
        insta::assert_snapshot!(text(&rows, now()), @r"
        acme/widgets#12  implement  next    2 runs, 1.25 USD  for 3 min  Mend\u{a}the roof
            run 20260601-120000-1230a1b2 is at work: a run by the playbook `implement`, round 1
        acme/widgets#3   implement  next    1 run             for 2 h    Mend\u{a}the roof
            a run by the playbook `implement`, round 1
        acme/widgets#7   triage     parked  no run            for 3 d    Mend\u{a}the roof
            waits for its author
        ");
        assert_eq!(text(&[], now()), "");
    }
}
