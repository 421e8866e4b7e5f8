//! Problems as people read them: the line, a caret, what to do; a second place in another file below.

use std::collections::HashMap;
use std::fmt;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use super::excerpt::{Excerpt, is_wide};
use super::mask::mask;
use super::{Diagnostic, Label, Severity, code};
use crate::desired::text::{shown, strip_mark};
use crate::model::ConfigFiles;

/// How many problems are printed.
pub const SHOWN: usize = 200;

/// How much of a long value is underlined, in bytes.
const MARKED: usize = 60;

/// How wide a sentence may become, in characters.
const WIDTH: usize = 100;

/// Breaks a sentence between words, and nowhere else: addresses and examples stay whole.
fn wrap(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut column = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > 0 {
            let fits = column + 1 + width <= WIDTH;
            out.push(if fits { ' ' } else { '\n' });
            column = if fits { column + 1 } else { 0 };
        }
        out.push_str(word);
        column += width;
    }
    out
}

/// Problems as text; at most [`SHOWN`], and then how many more there are.
pub fn render(diagnostics: &[Diagnostic], files: &ConfigFiles, color: bool) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_wrap_lines(false).with_links(false);
    let sources = Sources::new(diagnostics, files);
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(SHOWN) {
        let report = Report::new(diagnostic, &sources);
        // Writing to a string doesn't fail; a span outside its text is shown without its lines by miette itself.
        if handler.render_report(&mut out, &report).is_err() {
            let _ = write!(out, "{}: {}", diagnostic.code, diagnostic.message);
        }
        out.push('\n');
    }
    if diagnostics.len() > SHOWN {
        let _ = writeln!(out, "… and {} more", diagnostics.len() - SHOWN);
    }
    out
}

/// A file's text, secrets masked.
struct Text {
    text: Arc<str>,
    /// Whether it has lines too long to be drawn whole.
    wide: bool,
}

/// The texts that snippets are taken from, secrets masked.
pub(super) struct Sources {
    texts: HashMap<Arc<str>, Text>,
    secrets: Vec<String>,
}

impl Sources {
    pub(super) fn new(diagnostics: &[Diagnostic], files: &ConfigFiles) -> Self {
        let mut known: HashMap<&str, Vec<Range<usize>>> = HashMap::new();
        let mut wanted: HashMap<&str, Arc<str>> = HashMap::new();
        for diagnostic in diagnostics {
            for label in diagnostic.labels.iter().filter(|l| l.line > 0) {
                wanted.entry(&label.file).or_insert_with(|| Arc::clone(&label.file));
                if diagnostic.code == code::LITERAL_SECRET.name {
                    known.entry(&label.file).or_default().push(label.span.clone());
                }
            }
        }
        let mut secrets = Vec::new();
        let texts = files
            .files
            .iter()
            .filter_map(|file| {
                let path = wanted.get(file.path.as_str())?;
                let text = strip_mark(std::str::from_utf8(&file.bytes).ok()?);
                let known = known.get(file.path.as_str()).map_or(&[][..], Vec::as_slice);
                secrets.extend(known.iter().filter_map(|r| text.get(r.clone())).map(str::to_owned));
                let text = shown(&mask(text, known));
                let wide = is_wide(&text);
                Some((Arc::clone(path), Text { text: text.into(), wide }))
            })
            .collect();
        Self { texts, secrets }
    }

    /// The masked text of a file.
    pub(super) fn text(&self, path: &str) -> Option<&Arc<str>> {
        self.texts.get(path).map(|file| &file.text)
    }

    /// What is drawn of the file in which these labels lie.
    fn excerpt(&self, labels: &[&Label]) -> Option<Excerpt> {
        let first = labels.first().filter(|label| label.line > 0)?;
        let (name, Text { text, wide }) = self.texts.get_key_value(&first.file)?;
        Some(if *wide {
            let places: Vec<_> = labels.iter().map(|label| underlined(label, text)).collect();
            Excerpt::cut(name, text, &places)
        } else {
            Excerpt::whole(name, text)
        })
    }

    /// A message without any secret in it.
    pub(super) fn say(&self, message: &str) -> String {
        let mut message = shown(&mask(message, &[]));
        for secret in self.secrets.iter().filter(|s| s.len() > 3) {
            message = message.replace(secret.trim_matches('"'), "***");
        }
        message
    }
}

/// One problem in the form in which miette draws it.
struct Report {
    message: String,
    code: Option<&'static str>,
    severity: miette::Severity,
    help: Option<String>,
    source: Option<Excerpt>,
    labels: Vec<LabeledSpan>,
    related: Vec<Report>,
}

impl Report {
    fn new(diagnostic: &Diagnostic, sources: &Sources) -> Self {
        let first = diagnostic.labels.first();
        let is_here = |l: &&Label| first.is_some_and(|f| f.file == l.file);
        let (here, elsewhere): (Vec<&Label>, Vec<&Label>) = diagnostic.labels.iter().partition(is_here);
        let source = sources.excerpt(&here);
        Self {
            message: wrap(&sources.say(&diagnostic.message)),
            code: Some(diagnostic.code),
            severity: match diagnostic.severity {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
            },
            help: diagnostic.help.as_deref().map(|h| wrap(&sources.say(h))),
            labels: here.iter().filter_map(|l| span(l, &l.text, source.as_ref(), sources)).collect(),
            source,
            related: elsewhere.into_iter().map(|l| Self::place(l, sources)).collect(),
        }
    }

    /// A place in another file.
    fn place(label: &Label, sources: &Sources) -> Self {
        let source = sources.excerpt(&[label]);
        Self {
            message: sources.say(&label.text),
            code: None,
            severity: miette::Severity::Advice,
            help: None,
            labels: span(label, "", source.as_ref(), sources).into_iter().collect(),
            source,
            related: Vec::new(),
        }
    }
}

/// What is underlined of what a label covers: some of its first line.
fn underlined(label: &Label, text: &str) -> Range<usize> {
    let covered = text.get(label.span.clone()).unwrap_or_default();
    let length = covered.find(['\n', '\r']).unwrap_or(covered.len()).min(MARKED);
    label.span.start..label.span.start + covered.floor_char_boundary(length)
}

fn span(label: &Label, says: &str, source: Option<&Excerpt>, sources: &Sources) -> Option<LabeledSpan> {
    let text = sources.text(&label.file).filter(|_| label.line > 0)?;
    let underlined = underlined(label, text);
    let says = Some(sources.say(says)).filter(|t| !t.is_empty());
    Some(LabeledSpan::new(says, source?.moved(underlined.start), underlined.len()))
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.map(|c| Box::new(c) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_deref().map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|s| s as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        (!self.related.is_empty()).then(|| {
            Box::new(self.related.iter().map(|r| r as &dyn miette::Diagnostic))
                as Box<dyn Iterator<Item = &'a dyn miette::Diagnostic>>
        })
    }
}
