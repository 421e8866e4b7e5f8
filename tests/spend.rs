//! What runs cost: counted while they run, held to limits, and in the ledger once each.

use serde_json::{Value, json};

use crate::daemon::{Daemon, wait};
use crate::world::{World, sample, world_of};

/// A table by which a token that is read costs three millionths of a dollar, one from the cache one, one written ten.
const PRICES: &str = "prices as-of=\"2026-11-01\" { model \"known-*\" input=3 cached=1 output=10; }\n";

/// A config with tasks for agents that are this shell script, which speaks as claude does.
fn config(w: &World, script: &str, more: &str, tasks: &[(&str, &str)]) -> String {
    let path = w.path("agent.sh");
    let asked = w.path("asked");
    let version = format!(
        "case \"$*\" in *--version*) echo >> {}; echo '2.1.200 (Claude Code)'; exit 0;; esac\ncat > prompt\n",
        asked.display()
    );
    std::fs::write(&path, format!("{version}{SAYS}{script}")).expect("it can be written");
    let program = format!("program \"/bin/sh\" {:?}", path.display().to_string());
    let agent = |name: &str, more: &str| {
        format!("agent {name:?} kind=\"claude\" model=\"known-one\" sandbox=#false {more} {{ {program}; }}\n")
    };
    let agents = [agent("one", more), agent("twin", "account=\"one\""), agent("other", "")].concat();
    let tasks = tasks.iter().map(|(name, agents)| {
        format!(
            "task {name:?} repo=\"acme/anvil\" {{ prompt \"Do {name}.\"; agents {agents}; attempts 1; continuations 0; }}\n"
        )
    });
    format!("factory \"acme\"\nrepo \"acme/anvil\"\n{PRICES}{agents}{}", tasks.collect::<String>())
}

/// A call of the model: `calls NUMBER INPUT OUTPUT`. The last word: `ends INPUT CACHED OUTPUT DOLLARS`, with what the
/// last figure is to be, or without one.
const SAYS: &str = r#"
calls() {
    echo "{\"type\":\"assistant\",\"message\":{\"id\":\"m$1\",\"usage\":{\"input_tokens\":$2,\"output_tokens\":$3}}}"
}
ends() {
    cost=""; if [ -n "$4" ]; then cost=",\"total_cost_usd\":$4"; fi
    echo "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":\"done\"$cost,\"modelUsage\":{\"m\":{\"inputTokens\":$1,\"cacheReadInputTokens\":$2,\"outputTokens\":$3}}}"
}
"#;

fn small(test: impl FnOnce(&World)) {
    world_of(sample::github(), test);
}

fn runs(w: &World) -> Vec<Value> {
    let listed = w.run(&["runs", "list", "--json"]).exits(0).json();
    listed["runs"].as_array().expect("a list").clone()
}

#[track_caller]
fn ended(w: &World) -> Vec<Value> {
    let at_work = |run: &Value| run["state"] == "running" || run["state"] == "starting";
    wait("every run ends", || Some(runs(w)).filter(|all| !all.iter().any(at_work)))
}

/// The runs in the ledger, the newest first.
pub(crate) fn recorded(w: &World) -> Vec<Value> {
    let history = w.run(&["history", "--json"]).exits(0);
    let lines = history.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line["kind"] == "run").map(|line| line["run"].clone()).collect()
}

/// The sum of the ledger is the agents' own bill, whether they tell their cost or the table does; and each run is in there
/// once, whoever closed it.
#[test]
fn the_ledger_is_the_agents_bill() {
    small(|w| {
        let bill = w.path("bill");
        let script = format!(
            "n=$(( 0x$(printf %s \"$FACTORY_RUN\" | tail -c 3) % 1000 + 1 ))\ncalls 1 $n 2\n\
             if [ $((n % 2)) = 0 ]; then echo $n >> {0}; ends $n 7 20 0.$(printf %06d $n)\n\
             else echo $((n * 3 + 7 + 200)) >> {0}; ends $n 7 20; fi\n",
            bill.display()
        );
        let names: Vec<String> = (0..20).map(|n| format!("t{n}")).collect();
        let tasks: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "\"one\"")).collect();
        w.config(&format!("{}caps runs=20 runs-per-repo=20\n", config(w, &script, "", &tasks)));
        w.apply(&[]).exits(0);
        assert_eq!(ended(w).len(), 20);
        let asked = std::fs::read_to_string(w.path("asked")).expect("it was asked for its version");
        assert_eq!(asked.lines().count(), 1, "those that start together ask once");
        // Whoever closes them without a ledger leaves the recording to the next.
        w.run(&["reap"]);
        assert_eq!(recorded(w).len(), 0);
        w.apply(&[]);
        w.apply(&[]);
        let all = recorded(w);
        let mut names: Vec<&str> = all.iter().filter_map(|run| run["run"].as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!((all.len(), names.len()), (20, 20));
        let sum: u64 = all.iter().filter_map(|run| run["cost_micros"].as_u64()).sum();
        let own = std::fs::read_to_string(&bill).expect("they wrote it");
        let own: Vec<u64> = own.lines().map(|line| line.parse().expect("a number")).collect();
        assert_eq!((own.len(), sum), (20, own.iter().sum::<u64>()));
        let run = &all[0];
        for (field, value) in [
            ("loop", json!("tasks")),
            ("agent", json!("one")),
            ("agent_kind", json!("claude")),
            ("version", json!("2.1.200")),
            ("account", json!("one")),
            ("model", json!("known-one")),
            ("attempt", json!(1)),
            ("cached", json!(7)),
            ("output", json!(20)),
            ("turns", json!(1)),
        ] {
            assert_eq!(run[field], value, "{field}: {run:#}");
        }
        let commit = w.git(&["rev-parse", "HEAD"]);
        assert_eq!(run["config_commit"], commit.trim());
        assert!(run["prompt"].as_str().is_some_and(|digest| digest.len() == 16), "{run:#}");
        let history = w.run(&["history", "repo/acme/anvil/task/t3"]).exits(0);
        assert!(history.out.contains(", attempt 1 by one: "), "{}", history.all());
        w.run(&["ledger", "verify"]).exits(0);
        stands(w, sum);
        let shown = w.run(&["runs", "list"]).exits(0);
        assert!(shown.out.contains(" tokens  "), "{}", shown.all());
    });
}

/// `status` and the metrics tell the same sum, with and without a daemon.
fn stands(w: &World, micros: u64) {
    let usd = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let said = |text: &str| {
        let usd = usd.trim_end_matches('0');
        assert!(text.contains("agents: 0 of "), "{text}");
        assert!(text.contains(&format!("in all {usd} USD in 20 runs\n")), "{usd}: {text}");
    };
    let metrics = |up: &str| {
        let told = w.run(&["status", "--metrics"]).exits(0).out;
        let sum = |name: &str| {
            let of = |line: &str| line.strip_prefix(name)?.split_whitespace().last()?.parse::<f64>().ok();
            let sum: f64 = told.lines().filter_map(of).sum();
            format!("{sum:.6}")
        };
        assert_eq!(sum("factory_spend_usd_total{"), usd, "{told}");
        assert_eq!(sum("factory_runs_total{"), "20.000000", "{told}");
        assert!(told.lines().any(|line| line == up) && told.ends_with("# EOF\n"), "{told}");
    };
    let down = w.run(&["status"]).exits(1);
    said(&down.out);
    metrics("factory_up 0.0");
    let daemon = Daemon::start(w, &[]);
    said(&w.run(&["status"]).exits(0).out);
    let status = w.run(&["status", "--json"]).exits(0).json();
    assert_eq!(status["agents"]["in_all"]["micros"], micros, "{status:#}");
    metrics("factory_up 1.0");
    daemon.stop();
}

/// A run is stopped when it costs more than it may, by the running figure: the agent alone would go on.
#[test]
fn a_run_is_stopped_when_it_costs_too_much() {
    small(|w| {
        let script = "for n in 1 2 3 4; do calls $n 1000 0; done; sleep 600\n";
        w.config(&config(w, script, "spend=\"$0.01\"", &[("a", "\"one\"")]));
        w.apply(&[]).exits(0);
        ended(w);
        w.apply(&[]);
        let run = &runs(w)[0];
        assert_eq!(
            (&run["outcome"], &run["says"]),
            (&json!("time limit"), &json!("its spend was used up")),
            "{run:#}"
        );
        assert_eq!(run["cost"], json!({ "usd": 0.012, "figure": "table" }), "{run:#}");
        let id = run["run"].as_str().expect("its name");
        let shown = w.run(&["runs", "show", id]).exits(0);
        assert!(shown.out.contains("0 out; 0.012 USD by the table of prices\n"), "{}", shown.all());
    });
}

/// The runs of a day together cost no more than they may: the one that passes it is stopped, and none starts after it.
#[test]
fn the_runs_of_a_day_cost_no_more_than_they_may() {
    small(|w| {
        let script = "calls 1 1000 0; calls 2 1000 0; sleep 600\n";
        let tasks = [("a", "\"one\""), ("b", "\"one\""), ("c", "\"one\"")];
        w.config(&format!("{}caps runs=2 spend-per-day=0.01\n", config(w, script, "", &tasks)));
        w.apply(&[]).exits(0);
        let stopped = wait("one is stopped", || {
            runs(w).into_iter().find(|run| run["state"] == "ended" || run["state"] == "closed")
        });
        assert_eq!(
            stopped["says"], "the day's spend of the factory was used up (caps.spend-per-day)",
            "{stopped:#}"
        );
        // The other one uses nothing more, and learns of it all the same.
        for run in ended(w) {
            assert_eq!((&run["used"]["input"], &run["says"]), (&json!(2_000), &stopped["says"]), "{run:#}");
        }
        let applied = w.apply(&[]);
        assert_eq!(runs(w).len(), 2, "{}", applied.all());
        let plan = w.plan(&[]);
        assert!(plan.out.contains("cost 0.012 USD of 0.01 USD (caps.spend-per-day)"), "{}", plan.all());
    });
}

/// Whoever has said its last word and stays is ended, and what it made is what counts.
#[test]
fn an_agent_that_stays_after_its_last_word_is_done() {
    small(|w| {
        let script =
            "git add prompt; git commit -qm honed; ends 1 0 1 0.1; trap '' TERM; while :; do sleep 1; done\n";
        w.config(&config(w, script, "silence=\"1s\" grace=\"1s\"", &[("a", "\"one\"")]));
        w.apply(&[]).exits(0);
        ended(w);
        w.apply(&[]).exits(0);
        let run = &runs(w)[0];
        let says = "what it made may be published";
        assert_eq!((&run["outcome"], &run["says"]), (&json!("done"), &json!(says)), "{run:#}");
    });
}

/// A quota that is nearly spent stops new starts on its account, whichever agent it was that said so.
#[test]
fn a_quota_that_is_nearly_spent_pauses_its_account() {
    small(|w| {
        let script = "echo '{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":\"allowed\",\"resetsAt\":4102444800,\"utilization\":0.95}}'\n\
                      calls 1 1 1; ends 1 0 1 0.000001\n";
        let tasks = [("a", "\"one\""), ("b", "\"twin\" \"one\""), ("c", "\"twin\" \"other\"")];
        w.config(&format!("{}caps runs=1\n", config(w, script, "", &tasks)));
        w.apply(&[]).exits(0);
        ended(w);
        w.apply(&[]);
        ended(w);
        // Within one second their order is by chance.
        let mut agents: Vec<String> = runs(w).iter().map(|run| run["agent"].to_string()).collect();
        agents.sort_unstable();
        assert_eq!(agents, [r#""one""#, r#""other""#]);
        let plan = w.plan(&[]);
        let says = "2100-01-01T00:00:00Z: none of its agents is let in or has quota left: twin, one (95 % of its quota is used)";
        assert!(plan.out.contains(says), "{}", plan.all());
    });
}
