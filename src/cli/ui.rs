//! Everything that people read: documents on stdout, progress and logs on stderr.

use std::io::{self, IsTerminal, Write};

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::adapters::env::Env;
use crate::plan::render::Style;

use super::exit::{Exit, Fail};

/// When output is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// Where people read.
#[derive(Clone, Debug)]
pub struct Ui {
    out: Style,
    err: Style,
    bars: bool,
}

impl Ui {
    /// The streams of this process.
    pub(crate) fn new(choice: ColorChoice, env: &Env) -> Self {
        let style = |terminal: bool| match choice {
            ColorChoice::Always => Style::Color,
            ColorChoice::Never => Style::Plain,
            ColorChoice::Auto if terminal && !env.no_color() => Style::Color,
            ColorChoice::Auto => Style::Plain,
        };
        let bars = io::stderr().is_terminal();
        Self { out: style(io::stdout().is_terminal()), err: style(bars), bars }
    }

    /// How documents are coloured.
    pub fn style(&self) -> Style {
        self.out
    }

    /// How messages are coloured.
    pub fn err_style(&self) -> Style {
        self.err
    }

    /// Whether progress may be drawn.
    pub(crate) fn draws(&self) -> bool {
        self.bars
    }

    /// Writes a document to stdout. A reader who went away is no error.
    ///
    /// # Errors
    /// When stdout can't be written.
    pub fn print(&self, text: &str) -> Result<(), Fail> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Fail::new(Exit::Error, "the output can't be written").because(error)),
        }
    }

    /// Writes JSON to stdout, as one document.
    ///
    /// # Errors
    /// When stdout can't be written.
    pub fn print_json(&self, json: &serde_json::Value) -> Result<(), Fail> {
        let mut text = serde_json::to_string_pretty(json).expect("a JSON value is always valid JSON");
        text.push('\n');
        self.print(&text)
    }

    /// Writes a line of progress to stderr. Nothing depends on it, so trouble with it is not reported.
    pub fn say(&self, line: &str) {
        let _unread = writeln!(io::stderr().lock(), "{line}");
    }

    /// Reports a failure and gives its exit code.
    pub(crate) fn fail(&self, fail: &Fail) -> Exit {
        if let Some(rendered) = &fail.rendered {
            self.say(rendered.trim_end());
        }
        let (red, reset) = match self.err {
            Style::Color => ("\u{1b}[31m", "\u{1b}[0m"),
            Style::Plain => ("", ""),
        };
        self.say(&format!("{red}error{reset}: {}", fail.message));
        for cause in &fail.causes {
            self.say(&format!("  because: {cause}"));
        }
        if let Some(help) = &fail.help {
            self.say(&format!("  next: {help}"));
        }
        fail.exit
    }
}

/// Progress on a terminal: a spinner, or a bar once it is known how much there is. Elsewhere it draws nothing.
/// It is gone from the terminal when it is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    ui: Ui,
    bar: ProgressBar,
}

impl Progress {
    /// Something whose end isn't known, like reading GitHub.
    pub(crate) fn waiting(ui: &Ui, what: &'static str) -> Self {
        let bar = Self::drawn(ui, None, "{spinner} {msg} {elapsed}");
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { ui: ui.clone(), bar }
    }

    /// So many steps.
    pub(crate) fn of(ui: &Ui, steps: usize) -> Self {
        let bar = Self::drawn(ui, Some(steps as u64), "[{bar:30}] {pos} of {len} {elapsed}");
        Self { ui: ui.clone(), bar }
    }

    /// A step was made; its line stays.
    pub(crate) fn step(&self, line: &str) {
        self.bar.suspend(|| self.ui.say(line));
        self.bar.inc(1);
    }

    fn drawn(ui: &Ui, steps: Option<u64>, template: &str) -> ProgressBar {
        if !ui.draws() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template(template).expect("the templates are ours and right");
        let target = ProgressDrawTarget::stderr();
        ProgressBar::with_draw_target(steps, target).with_style(style.progress_chars("=> "))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Prints what clap says; help and version are no errors.
pub(super) fn usage(error: &clap::Error) -> Exit {
    let _unread = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Done }
}

/// Starts logging to stderr.
pub(super) fn init_logs(verbose: u8, format: LogFormat, env: &Env, ui: &Ui) {
    let level = ["warn", "info", "debug", "trace"][usize::from(verbose.min(3))];
    let filter = env.log().map_or_else(|| EnvFilter::new(format!("factoryctl={level}")), EnvFilter::new);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_span_events(FmtSpan::NONE)
        .with_ansi(ui.err == Style::Color);
    // A second start within one process (tests) keeps the first one's subscriber.
    let _already = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => {
            builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
        }
    };
}
