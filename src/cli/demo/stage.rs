//! The demo's stage: temporary directory, twin, config clone, daemon; and the real binary to play with.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use serde_json::Value;

use crate::adapters::fs;
use crate::adapters::process::{Command, Output};
use crate::adapters::service::Service;
use crate::plan::render::Style;
use crate::twin::world::{App, DeliveryOptions, Installation, Repo, World};
use crate::twin::{self, Generate, Options, Twin, WorldHandle};

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Fail};
use crate::cli::init;

const OWNER: &str = "acme";
const CONFIG: &str = "factory";
/// The config repository.
pub(super) const CONFIG_REPO: &str = "acme/factory";
/// A task, and who does it.
const TASK: &str = r#"agent "scribe" kind="command" {
    program "/bin/sh" "-c" "date >> WORKSHOP.md; git add .; git commit -qm 'Describe the workshop'; echo written"
}
task "describe" repo="REPO" {
    prompt "Describe the workshop in WORKSHOP.md."
    agents "scribe"
    paths "WORKSHOP.md"
}
"#;
/// What signs the webhooks.
const SECRET: &str = "demo";
/// How long a state may take to come about before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The factory's two Apps: the author, and a reviewer that may write reviews and nothing else.
fn add_apps(world: &mut World) {
    let mut author = App::new(11, "factory", OWNER);
    author.installations.push(Installation::full(111, OWNER));
    let mut reviewer = App::new(12, "factory-reviewer", OWNER);
    let mut installation = Installation::full(112, OWNER);
    installation.permissions.retain(|name, _| ["pull_requests", "metadata"].contains(&name.as_str()));
    reviewer.installations.push(installation);
    world.apps.extend([(author.id, author), (reviewer.id, reviewer)]);
}

/// Everything the demo works with.
pub(super) struct Stage<'a> {
    cx: &'a Context,
    dir: Option<tempfile::TempDir>,
    root: PathBuf,
    keep: bool,
    twin: Option<Twin>,
    daemon: Option<Service>,
    steps: usize,
}

impl<'a> Stage<'a> {
    /// Makes the directory and starts the twin.
    pub(super) async fn set(cx: &'a Context, repos: usize, keep: bool) -> Result<Self, Fail> {
        let dir = tempfile::Builder::new()
            .prefix("factoryctl-demo-")
            .tempdir()
            .map_err(|error| Fail::new(Exit::Error, "no temporary directory can be made").because(error))?;
        let root = dir.path().to_owned();
        let generate = Generate {
            owner: OWNER.to_owned(),
            repos,
            archived: repos / 6,
            labels_total: repos * 12,
            issues: 2,
            seed: 7,
        };
        let mut world = twin::generate(&generate);
        world.add_repo(OWNER, CONFIG);
        add_apps(&mut world);
        let options = Options { dir: Some(root.join("github")), world, ..Options::default() };
        let twin = Twin::start(options)
            .await
            .map_err(|error| Fail::new(Exit::Error, "the twin can't start").because(error))?;
        Ok(Self { cx, dir: Some(dir), root, keep, twin: Some(twin), daemon: None, steps: 0 })
    }

    /// Ends the daemon and the twin, and removes the directory unless it is kept.
    pub(super) async fn clear(mut self) -> Result<(), Fail> {
        self.stop_daemon().await?;
        if let Some(twin) = self.twin.take() {
            twin.stop().await;
        }
        if let Some(dir) = self.dir.take()
            && self.keep
        {
            let kept = dir.keep();
            self.say(&format!("kept: {}", kept.display()))?;
        }
        Ok(())
    }

    fn twin(&self) -> &Twin {
        self.twin.as_ref().expect("the twin runs until the stage is cleared")
    }

    fn clone_dir(&self) -> PathBuf {
        self.root.join("config")
    }

    /// The repositories that the demo manages, and whether each is archived.
    fn managed(&self) -> Vec<(String, bool)> {
        self.twin().world().with(|world| {
            world
                .repos_of(OWNER)
                .filter(|r| r.name != CONFIG)
                .map(|r| (format!("{OWNER}/{}", r.name), r.settings.archived))
                .collect()
        })
    }

    /// The first managed repository that is not archived.
    pub(super) fn first_repo(&self) -> String {
        self.twin().world().with(|world| {
            let repo = world.repos_of(OWNER).find(|r| r.name != CONFIG && !r.settings.archived);
            repo.map(|r| format!("{OWNER}/{}", r.name)).unwrap_or_default()
        })
    }

    /// The time.
    pub(super) fn now(&self) -> jiff::Timestamp {
        self.cx.clock.now()
    }

    /// How long ago that was, for people.
    pub(super) fn since(&self, then: jiff::Timestamp) -> String {
        format!("{} ms", self.now().duration_since(then).as_millis())
    }

    // What people see.

    pub(super) fn title(&mut self, text: &str) -> Result<(), Fail> {
        self.steps += 1;
        let line = format!("{}. {text}", self.steps);
        let line =
            if self.cx.ui.style() == Style::Color { format!("\u{1b}[1m{line}\u{1b}[0m") } else { line };
        self.cx.ui.print(&format!("\n{line}\n"))
    }

    pub(super) fn say(&self, text: &str) -> Result<(), Fail> {
        self.cx.ui.print(&format!("   {text}\n"))
    }

    pub(super) fn show_head(&self, text: &str, lines: usize) -> Result<(), Fail> {
        let all: Vec<&str> = text.lines().collect();
        if all.len() <= lines + 2 {
            return self.show(&all);
        }
        self.show(&all[..lines])?;
        self.say(&format!("… {} more lines", all.len() - lines - 1))?;
        self.show(&all[all.len() - 1..])
    }

    pub(super) fn show_tail(&self, text: &str, lines: usize) -> Result<(), Fail> {
        let all: Vec<&str> = text.lines().collect();
        self.show(&all[all.len().saturating_sub(lines)..])
    }

    pub(super) fn show(&self, lines: &[&str]) -> Result<(), Fail> {
        let mut out = String::new();
        for line in lines {
            let _ = writeln!(out, "   │ {line}");
        }
        self.cx.ui.print(&out)
    }

    // The real commands.

    /// Runs factoryctl; any other exit than the expected one ends the demo with what the command said.
    pub(super) async fn expect(&self, args: &[&str], exit: Exit) -> Result<String, Fail> {
        self.say(&format!("$ factoryctl {}", args.join(" ")))?;
        let output =
            self.factoryctl(args)?.run().await.map_err(|error| broken("factoryctl can't be run", error))?;
        if output.status.code() != Some(i32::from(exit.code())) {
            let mut fail = Fail::new(
                Exit::Error,
                format!("`factoryctl {}` ended with {}", args.join(" "), output.status),
            );
            fail.rendered = Some(format!("{}{}", String::from_utf8_lossy(&output.stdout), output.stderr));
            return Err(fail);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Where this program lies.
    pub(super) fn program(&self) -> Result<String, Fail> {
        let exe = self.cx.env.executable().map_err(|error| broken("this program can't be found", error))?;
        Ok(exe.display().to_string())
    }

    fn factoryctl(&self, args: &[&str]) -> Result<Command, Fail> {
        let mut command = Command::new(self.program()?).args(args.iter().copied()).folder(self.clone_dir());
        for (name, value) in self.variables() {
            command = command.var(name, value);
        }
        Ok(command)
    }

    fn variables(&self) -> Vec<(String, std::ffi::OsString)> {
        let mut vars: Vec<(String, std::ffi::OsString)> = self
            .cx
            .env
            .for_children()
            .into_iter()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
            .collect();
        vars.retain(|(name, _)| name != "HOME");
        let own: [(&str, std::ffi::OsString); 9] = [
            ("HOME", self.root.clone().into()),
            ("FACTORY_GITHUB_API", self.twin().url().into()),
            ("GITHUB_TOKEN", self.twin().token().into()),
            ("FACTORY_STATE_DIR", self.root.join("state").into()),
            ("XDG_RUNTIME_DIR", self.root.join("run").into()),
            ("USER", "demo".into()),
            ("HOOK_SECRET", SECRET.into()),
            ("FACTORY_APP_KEY", App::PRIVATE_KEY.into()),
            ("REVIEWER_APP_KEY", App::PRIVATE_KEY.into()),
        ];
        vars.extend(own.map(|(name, value)| (name.to_owned(), value)));
        vars
    }

    async fn git(&self, args: &[&str]) -> Result<Output, Fail> {
        let pair = base64::engine::general_purpose::STANDARD
            .encode(format!("x-access-token:{}", self.twin().token()));
        let config = [
            ("user.name", "Demo"),
            ("user.email", "demo@example.com"),
            ("init.defaultBranch", "main"),
            ("http.extraHeader", &format!("Authorization: Basic {pair}")),
        ];
        let mut command = Command::new("git").args(args.iter().copied()).folder(self.root.clone());
        for (name, value) in self.variables() {
            command = command.var(name, value);
        }
        command = command.var("GIT_CONFIG_NOSYSTEM", "1").var("GIT_CONFIG_COUNT", config.len().to_string());
        for (i, (key, value)) in config.iter().enumerate() {
            command =
                command.var(format!("GIT_CONFIG_KEY_{i}"), *key).var(format!("GIT_CONFIG_VALUE_{i}"), *value);
        }
        let output = command.run().await.map_err(|error| broken("git can't be run", error))?;
        if output.status.success() {
            return Ok(output);
        }
        let mut fail = Fail::new(Exit::Error, format!("`git {}` failed", args.join(" ")));
        fail.rendered = Some(output.stderr);
        Err(fail)
    }

    // The scenes.

    /// Clones the config repository, fills it from `init`'s template and with the organisation's repositories.
    pub(super) async fn write_config(&mut self) -> Result<(), Fail> {
        let url = format!("{}/{OWNER}/{CONFIG}.git", self.twin().git_url());
        let clone = self.clone_dir();
        let clone_text = clone.display().to_string();
        self.git(&["clone", "--quiet", &url, &clone_text]).await?;
        for (path, text) in init::files(self.cx, OWNER) {
            let text = text.replace("// config \"acme/factory\"", "config \"acme/factory\"");
            put(&clone.join(&path), &text)?;
        }
        let mut repos = String::from("// The organisation's repositories.\n");
        for (name, archived) in self.managed() {
            let archived = if archived { " archived=#true" } else { "" };
            let _ = writeln!(repos, "repo {name:?}{archived}");
        }
        put(&clone.join("policies/repositories.kdl"), &repos)?;
        let n = self.managed().len();
        self.say(&format!("{n} repositories in {OWNER}, managed from {OWNER}/{CONFIG}"))?;
        self.push("Start the factory").await
    }

    /// Writes a config file.
    pub(super) fn write(&self, path: &str, text: &str) -> Result<(), Fail> {
        put(&self.clone_dir().join(path), text)?;
        self.say(&format!("write {path}:"))?;
        self.show(&text.lines().collect::<Vec<_>>())
    }

    /// Replaces text in a config file.
    pub(super) fn edit(&self, path: &str, from: &str, to: &str) -> Result<(), Fail> {
        let file = self.clone_dir().join(path);
        let text = String::from_utf8_lossy(&fs::read(&file, 1 << 20)?).into_owned();
        if !text.contains(from) {
            return Err(Fail::new(Exit::Error, format!("{path} has no `{from}`")));
        }
        self.say(&format!("edit {path}: {from}  →  {to}"))?;
        put(&file, &text.replace(from, to))
    }

    /// Commits everything and pushes it to the config branch.
    pub(super) async fn push(&self, message: &str) -> Result<(), Fail> {
        let clone = self.clone_dir().display().to_string();
        self.git(&["-C", &clone, "add", "--all"]).await?;
        self.git(&["-C", &clone, "commit", "--quiet", "-m", message]).await?;
        self.say(&format!("$ git commit -m {message:?} && git push"))?;
        self.git(&["-C", &clone, "push", "--quiet", "origin", "HEAD:main"]).await.map(drop)
    }

    pub(super) async fn start_daemon(&mut self) -> Result<(), Fail> {
        self.say("$ factoryctl run &")?;
        let service = Service::start(&self.factoryctl(&["run"])?, &self.root.join("daemon.log"));
        self.daemon = Some(service.map_err(|error| broken("the daemon can't be started", error))?);
        self.until("the daemon answers", |stage| {
            stage.root.join("run/factoryctl").read_dir().is_ok_and(|mut d| d.next().is_some())
        })
        .await
    }

    pub(super) async fn stop_daemon(&mut self) -> Result<(), Fail> {
        if let Some(daemon) = self.daemon.take() {
            daemon
                .end(Duration::from_secs(5))
                .await
                .map_err(|error| broken("the daemon can't be ended", error))?;
        }
        Ok(())
    }

    /// Waits for a state of the world.
    pub(super) async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) -> Result<(), Fail> {
        let started = self.cx.clock.now();
        while !holds(self) {
            let ended = self.daemon.as_mut().and_then(|d| d.ended().ok().flatten());
            if ended.is_some() || self.cx.clock.now().duration_since(started).unsigned_abs() > PATIENCE {
                let mut fail = Fail::new(Exit::Error, format!("it never came about that {what}"));
                fail.rendered = self.daemon.as_ref().and_then(|d| d.output().ok());
                return Err(fail);
            }
            self.cx.clock.sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Waits until the daemon has nothing under way and nothing unpublished.
    pub(super) async fn rest(&self) -> Result<(), Fail> {
        let started = self.cx.clock.now();
        loop {
            let output = self.factoryctl(&["status", "--json"])?.run().await;
            let output = output.map_err(|error| broken("factoryctl can't be run", error))?;
            let status: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            let busy = |l: &Value| l["state"] == "running";
            let rests = status["loops"].as_array().is_some_and(|loops| !loops.iter().any(busy));
            if rests && status["ledger"]["head"] == status["ledger"]["published"] {
                return Ok(());
            }
            if self.cx.clock.now().duration_since(started).unsigned_abs() > PATIENCE {
                let mut fail = Fail::new(Exit::Error, "the daemon never came to rest");
                fail.rendered = self.daemon.as_ref().and_then(|d| d.output().ok());
                return Err(fail);
            }
            self.cx.clock.sleep(LOOK_EVERY).await;
        }
    }

    /// Has GitHub tell the daemon of what happens.
    pub(super) async fn listen(&self, events: &[&str]) -> Result<(), Fail> {
        let output = self.factoryctl(&["status", "--json"])?.run().await;
        let output = output.map_err(|error| broken("factoryctl can't be run", error))?;
        let status: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let Some(address) = status["webhooks"].as_str() else {
            return Err(Fail::new(Exit::Error, "the daemon doesn't listen to webhooks"));
        };
        let (url, options) = (format!("http://{address}/"), DeliveryOptions::default());
        let added = self.github().add_hook(OWNER, &url, SECRET, events, options);
        added.map(drop).map_err(|error| broken("the webhook can't be set", error))
    }

    /// What GitHub holds.
    pub(super) fn github(&self) -> WorldHandle {
        self.twin().world()
    }

    /// Something of a repository on GitHub.
    pub(super) fn repo<T: Default>(&self, repo: &str, look: impl FnOnce(&Repo) -> T) -> T {
        let name = repo.split_once('/').map_or(repo, |(_, name)| name);
        self.github().with(|world| world.repo(OWNER, name).map(|repo| look(repo)).unwrap_or_default())
    }

    pub(super) fn edit_label(&self, repo: &str, label: &str, fields: &Value) -> Result<(), Fail> {
        self.say(&format!("by hand on GitHub: {repo}, label {label} {fields}"))?;
        let edited = self.twin().world().edit_label(repo, label, fields);
        edited.map_err(|error| broken("the label can't be changed", error))
    }

    /// Whether a label has this colour in every repository that is not archived.
    pub(super) fn all_labels(&self, label: &str, color: &str) -> bool {
        self.twin().world().with(|world| {
            world
                .repos_of(OWNER)
                .filter(|r| r.name != CONFIG && !r.settings.archived)
                .all(|r| r.labels.iter().any(|l| l.name == label && l.color == color))
        })
    }

    /// Declares a task for an agent that is a few lines of shell here.
    pub(super) async fn write_task(&self, repo: &str) -> Result<(), Fail> {
        self.write("policies/tasks.kdl", &TASK.replace("REPO", repo))?;
        self.push("Have the workshop described").await
    }

    /// Whether a pull request from a branch that begins like this is open.
    pub(super) fn is_proposed(&self, repo: &str, branch: &str) -> bool {
        let name = repo.split_once('/').map_or(repo, |(_, name)| name);
        self.twin().world().with(|world| {
            world.repo(OWNER, name).is_some_and(|repo| {
                let open = |issue: &&twin::world::Issue| issue.state == twin::world::IssueState::Open;
                repo.issues
                    .values()
                    .filter(open)
                    .any(|issue| issue.pull.as_ref().is_some_and(|pull| pull.head_ref.starts_with(branch)))
            })
        })
    }

    pub(super) async fn show_ledger_branch(&self) -> Result<(), Fail> {
        let clone = self.clone_dir().display().to_string();
        self.say("$ git fetch && git log origin/factory/ledger")?;
        self.git(&["-C", &clone, "fetch", "--quiet", "origin"]).await?;
        let log = self.git(&["-C", &clone, "log", "--format=%s", "-6", "origin/factory/ledger"]).await?;
        self.show_head(&String::from_utf8_lossy(&log.stdout), 6)
    }
}

fn put(path: &Path, text: &str) -> Result<(), Fail> {
    if let Some(dir) = path.parent() {
        fs::make_dirs(dir)?;
    }
    Ok(fs::replace(path, text.as_bytes())?)
}

fn broken(what: &str, error: impl std::error::Error) -> Fail {
    Fail::new(Exit::Error, what.to_owned()).because(error)
}
