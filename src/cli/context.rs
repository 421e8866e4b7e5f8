//! What every command works with: arguments, environment, clock, streams; and config, loaded.

use std::path::PathBuf;

use crate::adapters::clock::Clock;
use crate::adapters::env::{self, Env};
use crate::adapters::git::Access;
use crate::desired;
use crate::engine::{AS_IT_WAS, At, Loaded, Source, SourceError};
use crate::model::{Auth, ConfigFiles, Desired};
use crate::plan::render::{Style, counted};

use super::Global;
use super::exit::{Exit, Fail};
use super::ui::Ui;

/// What every command works with.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) env: Env,
    pub(crate) clock: Clock,
    pub(crate) ui: Ui,
}

impl Context {
    /// Today, UTC.
    pub(crate) fn today(&self) -> jiff::civil::Date {
        self.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    /// The folder that state is kept in.
    pub(crate) fn state_home(&self) -> Result<PathBuf, env::Error> {
        match &self.global.state_dir {
            Some(dir) => Ok(self.env.cwd().join(dir)),
            None => self.env.state_home(),
        }
    }

    /// The place that config is read from, as it is known here.
    pub(crate) fn open(&self) -> Result<Source, SourceError> {
        Source::open(self.env.cwd(), self.state_home(), self.global.config.as_deref())
    }

    /// The place that config is read from, brought up to date.
    pub(crate) async fn source(&self) -> Result<Source, Fail> {
        let source = self.open()?;
        source.fetch(&Access::new(&self.env, self.env.github_token())).await?;
        Ok(source)
    }

    /// Which state of it the arguments ask for.
    pub(crate) fn at(&self) -> At<'_> {
        self.global.at.as_deref().map_or(At::WorkingTree, At::Revision)
    }

    /// Loads a state of the config, with its warnings said.
    pub(crate) fn load(&self, source: &Source, at: At<'_>) -> Result<Loaded, Fail> {
        let mut files = source.read(at)?;
        // A working tree without changes is the commit that is checked out, and says so.
        if at == At::WorkingTree && files.origin.commit.is_none() && files.origin.changed == Some(0) {
            // What is passed over isn't part of a config, and may lie there without being committed.
            let passed_over = files.passed_over;
            files = ConfigFiles { passed_over, ..source.read(At::Revision("HEAD"))? };
        }
        let loaded = self.judge(source, files)?;
        // A URL alone follows the branch that config names, as the daemon does.
        match source.branch_elsewhere(&loaded.desired)? {
            Some(branch) if at == At::WorkingTree => {
                self.judge(source, source.read(At::Revision(&format!("refs/heads/{branch}")))?)
            }
            Some(_) | None => Ok(loaded),
        }
    }

    /// Loads a config of the past, by what was so then: an override that has ended since does no harm to it.
    pub(crate) fn load_past(&self, source: &Source, rev: &str) -> Result<Loaded, Fail> {
        self.decode(source, source.read(At::Revision(rev))?, AS_IT_WAS)
    }

    /// Makes of config files what they mean, with their warnings said.
    pub(crate) fn judge(&self, source: &Source, files: ConfigFiles) -> Result<Loaded, Fail> {
        let loaded = self.decode(source, files, self.today())?;
        if !loaded.warnings.is_empty() {
            let color = self.ui.err_style() == Style::Color;
            self.ui.say(desired::render(&loaded.warnings, &loaded.files, color).trim_end());
        }
        Ok(loaded)
    }

    fn decode(&self, source: &Source, files: ConfigFiles, today: jiff::civil::Date) -> Result<Loaded, Fail> {
        source.load(files, today).map_err(|invalid| {
            let color = self.ui.err_style() == Style::Color;
            let rendered = desired::render(&invalid.problems, &invalid.files, color);
            let message = format!("the config has {}", counted(invalid.errors(), "problem", "problems"));
            let mut fail = Fail::new(Exit::Invalid, message);
            fail.rendered = Some(rendered);
            fail
        })
    }

    /// The API base in force: flag, environment, config.
    pub(crate) fn api(&self, desired: &Desired) -> String {
        self.global.api.clone().unwrap_or_else(|| desired.github.api.value.clone())
    }

    /// The token that the environment gives, which takes the place of a configured token but not of an App.
    pub(crate) fn token_from_environment(&self, desired: &Desired) -> bool {
        matches!(desired.github.auth, Auth::Token(_)) && self.env.github_token().is_some()
    }
}
