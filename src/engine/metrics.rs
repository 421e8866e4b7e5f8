//! What `status` says, as metrics: one text in the OpenMetrics format, made anew from one document each time.
//!
//! Names and units follow <https://prometheus.io/docs/specs/om/open_metrics_spec/>: base units in the name (`seconds`,
//! `usd`), counters end in `_total`. Labels are names from config and the closed words of outcomes and states, so that
//! there are no more series than config declares.

use std::fmt;
use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Metric, Registry};

use crate::engine::queues::{AdvisorStatus, BookStatus, Queued, Queues, RunsOfIssues};
use crate::engine::runs::Standing;
use crate::engine::status::Status;
use crate::model::{MICROS, Sum};
use crate::runs::Redactor;

type Labels = Vec<(&'static str, String)>;

/// The metrics of a factory whose daemon says this of itself, or of one without a daemon, of which only the agents are
/// known, who outlive it.
///
/// # Errors
/// When they can't be written, which a text always can.
pub fn metrics(daemon: Option<&Status>, agents: Option<&Standing>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("factory");
    gauge(
        &mut registry,
        "up",
        "Whether the daemon of this config runs and answers",
        [(vec![], flag(daemon.is_some()))],
    );
    if let Some(status) = daemon {
        of_daemon(&mut registry, status);
    }
    if let Some(agents) = agents {
        of_agents(&mut registry, agents);
    }
    let mut out = String::new();
    encode(&mut out, &registry)?;
    // Names come from config, where nobody should have put a token; whoever did has it in no monitoring.
    Ok(Redactor::new([]).clean_text(&out))
}

fn of_daemon(registry: &mut Registry, status: &Status) {
    gauge(registry, "start_time_seconds", "When the daemon started", [(vec![], moment(status.since))]);
    gauge(
        registry,
        "config_rejected",
        "Whether the head of the config's branch is not in force",
        [(vec![], flag(status.config.rejected.is_some()))],
    );
    gauge(
        registry,
        "trouble",
        "Whether something is in the way of everything",
        [(vec![], flag(status.trouble.is_some()))],
    );
    let of_loop = |name: &str| vec![("loop", name.to_owned())];
    let enabled = status.loops.iter().map(|it| (of_loop(&it.name), flag(it.by.is_none())));
    gauge(registry, "loop_enabled", "Whether nobody has switched the loop off", enabled);
    let looked = status.loops.iter().filter_map(|it| Some((of_loop(&it.name), moment(it.last_at?))));
    gauge(registry, "loop_last_look_time_seconds", "When the loop looked last", looked);
    if let Some(data) = &status.data {
        let at = [(vec![], moment(data.looked))];
        gauge(registry, "data_time_seconds", "The moment that all loops have looked after", at);
    }
    if let Some(progress) = &status.progress {
        let plans = [(vec![], progress.plans_applied)];
        counter(registry, "plans_applied", "Plans that were carried out since the start", plans);
        let runs = [(vec![], progress.runs_started)];
        counter(registry, "runs_started", "Runs that were started since the start", runs);
        let took = progress.dispatch_ms.map(|ms| (vec![], real(ms) / 1000.0));
        let help = "The median of what runs took lately from the look that found a place to their start";
        gauge(registry, "run_dispatch_seconds", help, took);
        gauge(registry, "due", "What waits to be done and isn't held back", [(vec![], real(progress.due))]);
        let stuck = flag(progress.stuck_since(status.at).is_some());
        gauge(registry, "stuck", "Whether things are due and none gets on", [(vec![], stuck)]);
    }
    let held = [(vec![], real(status.held.len() as u64))];
    gauge(registry, "actions_held", "Actions that are held back as stuck or fighting", held);
    let requests = [(vec![], status.requests)];
    counter(registry, "github_requests", "Requests sent to GitHub since the start", requests);
    let left = status
        .budgets
        .iter()
        .map(|it| (vec![("whose", it.whose.clone()), ("pool", it.pool.clone())], real(it.remaining)));
    gauge(registry, "github_budget_remaining", "What is left of a limit of GitHub's", left);
    let refused = [(vec![], status.refused_deliveries)];
    counter(
        registry,
        "webhook_deliveries_refused",
        "Webhook deliveries that were refused since the start",
        refused,
    );
    counter(registry, "ledger_records", "Records in the ledger", [(vec![], status.ledger.head)]);
    let waiting = status.ledger.head.saturating_sub(status.ledger.published);
    gauge(registry, "ledger_unpublished", "Records that its branch doesn't have", [(vec![], real(waiting))]);
    if let Some(queues) = &status.queues {
        of_queues(registry, queues, status.at);
    }
    if let Some(runs) = &status.runs_of_issues {
        of_issue_runs(registry, runs);
        of_advisors(registry, &runs.advisors);
    }
}

/// How issues stand.
fn of_queues(registry: &mut Registry, queues: &Queues, now: Timestamp) {
    let of = |it: &Queued| vec![("phase", it.phase.to_string()), ("queue", it.queue.clone())];
    let issues = queues.issues.iter().map(|it| (of(it), real(it.issues)));
    gauge(registry, "issues", "Issues that aren't over, by phase and by what comes next of them", issues);
    let looked = [(vec![], moment(queues.at))];
    gauge(registry, "issues_look_time_seconds", "When that was found", looked);
    let age = |since: Timestamp| now.duration_since(since).as_secs_f64();
    let oldest = queues.oldest.as_ref().map_or(0.0, |oldest| age(oldest.since));
    let help = "How long the issue has waited that waits longest, with nobody at work on it";
    gauge(registry, "issue_oldest_wait_seconds", help, [(vec![], oldest)]);
    let parked = queues.parked_median_since.map_or(0.0, age);
    let help = "The median of how long parked issues have waited for their authors";
    gauge(registry, "issues_parked_median_age_seconds", help, [(vec![], parked)]);
}

/// What became of the runs of issues.
fn of_issue_runs(registry: &mut Registry, runs: &RunsOfIssues) {
    let of = |it: &BookStatus, name, value: &str| {
        vec![("phase", it.phase.to_string()), ("playbook", it.playbook.clone()), (name, value.to_owned())]
    };
    let ended = runs
        .playbooks
        .iter()
        .flat_map(|it| it.outcomes.iter().map(move |(word, n)| (of(it, "outcome", word), *n)));
    counter(registry, "issue_runs", "Runs of issues that are over, by phase, playbook and outcome", ended);
    let shares = || runs.playbooks.iter().flat_map(|it| [(it, "yes", it.enriched), (it, "no", it.plain)]);
    let tried = shares().map(|(it, is, share)| (of(it, "enriched", is), share.runs));
    let help = "Runs of issues that burnt an attempt, by whether their prompt was enriched";
    counter(registry, "issue_attempts", help, tried);
    let done = shares().map(|(it, is, share)| (of(it, "enriched", is), share.done));
    counter(registry, "issue_attempts_done", "Those of them that were done", done);
    let stuck = runs.phases.iter().map(|it| (vec![("phase", it.phase.to_string())], it.stuck));
    counter(
        registry,
        "issues_stuck",
        "How often an issue went on to hitl, by the phase that it came from",
        stuck,
    );
    let over = runs.handed_over.iter().map(|it| {
        let playbook = it.how.playbook.clone().unwrap_or_default();
        (vec![("phase", it.how.phase.to_string()), ("playbook", playbook)], it.times)
    });
    let help = "How often an issue became a person's, by its phase and the playbook of its last run";
    counter(registry, "issues_handed_over", help, over);
}

/// What came of asking advisors.
fn of_advisors(registry: &mut Registry, advisors: &AdvisorStatus) {
    let of = |role: &str, says: &str| vec![("advisor", role.to_owned()), ("says", says.to_owned())];
    let calls = advisors.calls.iter().flat_map(|(role, all)| all.iter().map(|(it, n)| (of(role, it), *n)));
    let help = "Runs of advisors that are over, by what they said, or how they ended that said nothing";
    counter(registry, "advisor_calls", help, calls);
    let of = |severity: &str| vec![("severity", severity.to_owned())];
    let both = [(of("blocking"), advisors.blocking), (of("concern"), advisors.concerns)];
    counter(registry, "advisor_disagreements", "What advisors disagree with, by its weight", both);
    let passed = advisors.passed_over.iter().map(|(role, n)| (vec![("advisor", role.clone())], *n));
    let help = "How often an advisor that gave no word was passed over";
    counter(registry, "advisor_passed_over", help, passed);
}

fn of_agents(registry: &mut Registry, agents: &Standing) {
    let slots = &agents.slots;
    gauge(registry, "run_slots", "Runs that may be at work (caps.runs)", [(vec![], f64::from(slots.of))]);
    let at_work = slots.by_repo.iter().map(|(repo, n)| (vec![("repo", repo.clone())], f64::from(*n)));
    gauge(registry, "runs_at_work", "Runs that are at work, by repository", at_work);
    let ended = agents.by_outcome.iter().map(|(outcome, n)| (vec![("outcome", outcome.clone())], *n));
    counter(registry, "runs", "Runs that are over, by outcome", ended);
    let of_account = |name: &str| vec![("account", name.to_owned())];
    let paused = agents.accounts.iter().map(|it| (of_account(&it.name), flag(it.paused_until.is_some())));
    gauge(registry, "account_paused", "Whether nothing is started on the account", paused);
    let quota =
        agents.accounts.iter().filter_map(|it| Some((of_account(&it.name), f64::from(it.quota?) / 100.0)));
    gauge(
        registry,
        "account_quota_used_ratio",
        "How much of its quota was used, when that was said last",
        quota,
    );
    let usd = |sum: &Sum| dollars(sum.micros);
    let by_source = || agents.by_source.iter().map(|(source, sum)| (vec![("source", source.clone())], sum));
    amount(
        registry,
        "spend_usd",
        "What runs cost, by what they were for",
        by_source().map(|(l, sum)| (l, usd(sum))),
    );
    let untold = by_source().map(|(labels, sum)| (labels, sum.untold));
    counter(registry, "runs_of_unknown_cost", "Runs of which nobody knows what they cost", untold);
    let by_agent = agents.by_agent.iter().map(|(agent, sum)| (vec![("agent", agent.clone())], usd(sum)));
    amount(registry, "agent_spend_usd", "What runs cost, by agent", by_agent);
    let open = [(vec![], usd(&agents.open))];
    gauge(registry, "spend_open_usd", "What runs cost so far that are not over", open);
    let today = [(vec![], usd(&agents.today))];
    gauge(registry, "spend_today_usd", "What the runs of this day (UTC) cost so far", today);
    if let Some(most) = agents.per_day_micros {
        let most = [(vec![], dollars(most))];
        gauge(
            registry,
            "spend_per_day_limit_usd",
            "What the runs of a day may cost (caps.spend-per-day)",
            most,
        );
    }
    let Sum { input, cached, output, .. } = agents.in_all;
    let tokens = [("input", input), ("cached", cached), ("output", output)];
    let tokens = tokens.map(|(kind, n)| (vec![("kind", kind.to_owned())], n));
    counter(registry, "tokens", "Tokens that runs used: read, read from a cache, written", tokens);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, f64)>) {
    put(registry, name, help, values, |gauge: &Gauge<f64, AtomicU64>, value| {
        gauge.set(value);
    });
}

fn counter(registry: &mut Registry, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, u64)>) {
    put(registry, name, help, values, |counter: &Counter, value| {
        counter.inc_by(value);
    });
}

fn amount(registry: &mut Registry, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, f64)>) {
    put(registry, name, help, values, |counter: &Counter<f64, AtomicU64>, value| {
        counter.inc_by(value);
    });
}

/// One metric; a family of them where it has labels.
fn put<M, V>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels, V)>,
    set: impl Fn(&M, V),
) where
    M: Metric + TypedMetric + Default,
{
    let mut values = values.into_iter().peekable();
    if values.peek().is_some_and(|(labels, _)| labels.is_empty()) {
        let one = M::default();
        values.for_each(|(_, value)| set(&one, value));
        return registry.register(name, help, one);
    }
    let family = Family::<Labels, M>::default();
    for (labels, value) in values {
        set(&family.get_or_create(&labels), value);
    }
    registry.register(name, help, family);
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn moment(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below where a double loses ones")]
fn real(n: u64) -> f64 {
    n as f64
}

/// Millionths of a dollar in dollars.
fn dollars(micros: u64) -> f64 {
    real(micros) / real(MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::queues;
    use crate::engine::runs::tests::standing;
    use crate::engine::status::tests::sample;

    #[test]
    fn what_is_known_is_told_as_metrics() {
        let mut status = sample();
        status.agents = Some(standing());
        let told = metrics(Some(&status), status.agents.as_ref()).unwrap();
        // The series of one metric stand in no order.
        let mut values: Vec<&str> = told.lines().filter(|line| !line.starts_with('#')).collect();
        values.sort_unstable();
        insta::assert_snapshot!(values.join("\n"), @r#"
        factory_account_paused{account="shared"} 1.0
        factory_account_paused{account="two"} 0.0
        factory_account_quota_used_ratio{account="shared"} 0.93
        factory_actions_held 1.0
        factory_agent_spend_usd_total{agent="one"} 0.25
        factory_config_rejected 1.0
        factory_data_time_seconds 1767323105.0
        factory_due 2.0
        factory_github_budget_remaining{whose="token",pool="graphql"} 4990.0
        factory_github_requests_total 12
        factory_ledger_records_total 9
        factory_ledger_unpublished 1.0
        factory_loop_enabled{loop="labels"} 1.0
        factory_loop_enabled{loop="repository-settings"} 0.0
        factory_loop_last_look_time_seconds{loop="labels"} 1767323105.0
        factory_loop_last_look_time_seconds{loop="repository-settings"} 1767323105.0
        factory_plans_applied_total 4
        factory_run_dispatch_seconds 0.018
        factory_run_slots 4.0
        factory_runs_at_work{repo="acme/widgets"} 1.0
        factory_runs_of_unknown_cost_total{source="repo/acme/widgets/task/a"} 1
        factory_runs_of_unknown_cost_total{source="repo/acme/widgets/task/b"} 0
        factory_runs_started_total 3
        factory_runs_total{outcome="done"} 2
        factory_spend_open_usd 1.5
        factory_spend_per_day_limit_usd 5.0
        factory_spend_today_usd 1.75
        factory_spend_usd_total{source="repo/acme/widgets/task/a"} 0.0
        factory_spend_usd_total{source="repo/acme/widgets/task/b"} 0.25
        factory_start_time_seconds 1767323045.0
        factory_stuck 0.0
        factory_tokens_total{kind="cached"} 10
        factory_tokens_total{kind="input"} 20
        factory_tokens_total{kind="output"} 2
        factory_trouble 0.0
        factory_up 1.0
        factory_webhook_deliveries_refused_total 2
        "#);
    }

    #[test]
    fn how_issues_stand_is_told_as_metrics() {
        let mut status = sample();
        status.queues = Some(queues::tests::queues());
        status.runs_of_issues = Some(queues::tests::runs());
        status.at = status.queues.as_ref().unwrap().at;
        let told = metrics(Some(&status), None).unwrap();
        let of_issues =
            |line: &&str| line.starts_with("factory_issue") || line.starts_with("factory_advisor");
        let mut values: Vec<&str> = told.lines().filter(of_issues).collect();
        values.sort_unstable();
        insta::assert_snapshot!(values.join("\n"), @r#"
        factory_advisor_calls_total{advisor="post-verify",says="approve"} 2
        factory_advisor_calls_total{advisor="post-verify",says="veto"} 1
        factory_advisor_calls_total{advisor="pre-flight",says="advice"} 3
        factory_advisor_calls_total{advisor="pre-flight",says="crashed"} 2
        factory_advisor_disagreements_total{severity="blocking"} 1
        factory_advisor_disagreements_total{severity="concern"} 2
        factory_advisor_passed_over_total{advisor="pre-flight"} 1
        factory_issue_attempts_done_total{phase="hitl",playbook="diagnose",enriched="no"} 1
        factory_issue_attempts_done_total{phase="hitl",playbook="diagnose",enriched="yes"} 0
        factory_issue_attempts_done_total{phase="implement",playbook="implement",enriched="no"} 2
        factory_issue_attempts_done_total{phase="implement",playbook="implement",enriched="yes"} 1
        factory_issue_attempts_total{phase="hitl",playbook="diagnose",enriched="no"} 1
        factory_issue_attempts_total{phase="hitl",playbook="diagnose",enriched="yes"} 0
        factory_issue_attempts_total{phase="implement",playbook="implement",enriched="no"} 3
        factory_issue_attempts_total{phase="implement",playbook="implement",enriched="yes"} 2
        factory_issue_oldest_wait_seconds 18000.0
        factory_issue_runs_total{phase="hitl",playbook="diagnose",outcome="done"} 1
        factory_issue_runs_total{phase="implement",playbook="implement",outcome="crashed"} 2
        factory_issue_runs_total{phase="implement",playbook="implement",outcome="done"} 3
        factory_issues_handed_over_total{phase="implement",playbook=""} 2
        factory_issues_handed_over_total{phase="implement",playbook="implement"} 1
        factory_issues_look_time_seconds 1780315200.0
        factory_issues_parked_median_age_seconds 18000.0
        factory_issues_stuck_total{phase="hitl"} 0
        factory_issues_stuck_total{phase="implement"} 1
        factory_issues{phase="implement",queue="next"} 4.0
        factory_issues{phase="implement",queue="person"} 1.0
        factory_issues{phase="triage",queue="parked"} 3.0
        "#);
    }

    #[test]
    fn without_a_daemon_the_agents_are_told_of() {
        let told = metrics(None, Some(&standing())).unwrap();
        let has = |line: &str| told.lines().any(|it| it == line);
        assert!(has("factory_up 0.0") && told.ends_with("# EOF\n"), "{told}");
        assert!(has(r#"factory_runs_total{outcome="done"} 2"#), "{told}");
        assert!(!told.contains("factory_loop"), "{told}");
    }

    /// A name that is a token is in no monitoring.
    #[test]
    fn no_token_is_told() {
        let token = format!("ghp_{}", "a1B2".repeat(9));
        let mut agents = standing();
        agents.accounts[0].name.clone_from(&token);
        let told = metrics(None, Some(&agents)).unwrap();
        assert!(!told.contains(&token), "{told}");
    }
}
