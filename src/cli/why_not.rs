//! `factoryctl why-not`: which rules keep a pull request from landing, and what would satisfy each. It starts nothing.

use serde_json::json;

use crate::model::{Address, Case, PullCase};
use crate::pipeline::{Station, View};
use crate::plan::render::printable;

use super::context::Context;
use super::exit::{Exit, Fail};
use super::issue::{Looked, Meant, Rule};
use super::plan::{incomplete, say_unread};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Its number, with its repository where several have it.
    #[arg(value_name = "PR|OWNER/NAME#PR")]
    pull: String,
    /// Print the versioned JSON document.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let meant = Meant::parse(&args.pull)?;
    let looked = Looked::at(cx).await?;
    let known = looked.in_turn();
    let (view, pull) = find(&looked, &meant, &known)?;
    let at = known.iter().find(|(other, _)| std::ptr::eq(other, view)).map(|(_, at)| at);
    let landed = pull.landed.as_ref();
    let mut rules = if landed.is_some() { Vec::new() } else { Rule::unmet(view, pull) };
    if landed.is_none() {
        rules.splice(0..0, at.and_then(|at| Rule::of_issue(view, at)));
        rules.extend(looked.switched_off(&view.case.repo, pull.number).map(Rule::of_switch));
        let address = Address::repo(&view.case.repo).part("pull", &pull.number.to_string());
        let waiting = looked.judged().document.waiting;
        rules.extend(waiting.iter().filter(|it| it.address == address).map(|it| Rule::of_turn(&it.on)));
    }
    if args.json {
        cx.ui.print_json(&json!({
            "version": 1,
            "repo": view.case.repo.as_str(),
            "pull": pull.number,
            "issue": view.case.number,
            "head": pull.head.as_str(),
            "merged": landed.is_some(),
            "unmet": rules,
        }))?;
    } else {
        cx.ui.print(&text(view.case, pull, &rules))?;
    }
    say_unread(cx, &looked.observed);
    Ok(incomplete(&looked.observed))
}

/// The one pull request that is meant, among those for issues.
fn find<'v, 'a>(
    looked: &Looked,
    meant: &Meant,
    known: &'v [(View<'a>, Station)],
) -> Result<(&'v View<'a>, &'a PullCase), Fail> {
    let in_repo = || known.iter().map(|(view, _)| view).filter(|view| meant.is_in(&view.case.repo));
    let its =
        |view: &'v View<'a>| Some((view, view.case.pulls.iter().find(|pull| pull.number == meant.number)?));
    let found: Vec<_> = in_repo().filter_map(its).collect();
    match found.as_slice() {
        [one] => return Ok(*one),
        [] => {}
        several => {
            return Err(meant.ambiguous("a pull request", several.iter().map(|(view, _)| &view.case.repo)));
        }
    }
    let fail = Fail::new(Exit::Error, format!("no pipeline knows a pull request {meant}"));
    if let Some(view) = in_repo().find(|view| view.case.number == meant.number) {
        let help = format!("it is an issue: factoryctl issue show {}#{}", view.case.repo, meant.number);
        return Err(fail.help(help));
    }
    if let Some(fail) = looked.unread(meant, &format!("a pull request {meant} for an issue")) {
        return Err(fail);
    }
    let open = in_repo().filter_map(|view| Some((view, view.case.pull().filter(|pull| pull.open)?)));
    let open: Vec<String> =
        open.take(10).map(|(view, pull)| format!("{}#{}", view.case.repo, pull.number)).collect();
    Err(fail.help(if open.is_empty() {
        "it knows those that the factory opens for issues, and none is open".to_owned()
    } else {
        format!("it knows those that the factory opens for issues; open are {}", open.join(", "))
    }))
}

/// As people read it.
fn text(case: &Case, pull: &PullCase, rules: &[Rule]) -> String {
    let repo = &case.repo;
    let name = format!("{repo}#{}, for issue #{}, at {}", pull.number, case.number, pull.head.short());
    if let Some(landed) = &pull.landed {
        let by = landed.by.as_deref().unwrap_or("somebody");
        return format!("{name}: it was merged by {} at {:.0}\n", printable(by), landed.at);
    }
    if rules.is_empty() {
        return format!("{name}: nothing keeps it from landing\n");
    }
    let mut out = format!("{name}, is kept from landing:\n");
    for Rule { rule, says, needs } in rules {
        out.push_str(&format!("  {rule}: {}\n    it needs {}\n", printable(says), printable(needs)));
    }
    out
}
