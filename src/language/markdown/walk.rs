//! One walk over the events of a text, in which all that is asked of it is gathered.
//!
//! Beyond CommonMark it knows bare addresses, tags whose content is no prose, targets with spaces in them, and comments
//! that begin within a paragraph and end in another: nobody who writes `<!--` means it to be read.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

use super::{Fence, Heading, Line, Markdown, is_escaped, merged};

/// Tags whose content is no prose either: what they show is code, a sample or a drawing.
const WHOLE: [&str; 9] = ["pre", "code", "script", "style", "svg", "samp", "tt", "kbd", "var"];

/// Those of them that may go on beyond a paragraph.
const WIDE: [&str; 4] = ["pre", "script", "style", DRAWING];

/// The tag of a drawing, in which a block of HTML may begin and a paragraph end it.
const DRAWING: &str = "svg";

/// How blocks of HTML begin that a blank line doesn't end, and what ends them.
const OPEN_HTML: [(&str, &str); 7] = [
    ("<!--", "-->"),
    ("<![cdata[", "]]>"),
    ("<?", "?>"),
    ("<pre", "</pre>"),
    ("<script", "</script>"),
    ("<style", "</style>"),
    ("<textarea", "</textarea>"),
];

/// Looks through a text from a byte on; see [`Markdown::of`].
pub(super) fn walk(text: &str, from: usize) -> Markdown<'_> {
    let mut walk = Walk::new(text, from);
    let options = Options::ENABLE_TABLES | Options::ENABLE_OLD_FOOTNOTES | Options::ENABLE_WIKILINKS;
    let mut events = Parser::new_ext(&text[from..], options).into_offset_iter();
    for (event, range) in events.by_ref() {
        walk.event(event, range.start + from..range.end + from);
    }
    walk.end_run();
    let definitions: Vec<Range<usize>> =
        events.reference_definitions().iter().map(|(_, definition)| definition.span.clone()).collect();
    for span in definitions {
        walk.hide_lines(&(span.start + from..span.end + from));
    }
    let hidden = merged(std::mem::take(&mut walk.seen.hidden));
    Markdown { hidden, ..walk.seen }
}

struct Walk<'a> {
    seen: Markdown<'a>,
    /// How many lists, quotes and the like there are around the place.
    depth: usize,
    /// The text of the paragraph, heading, item or cell so far.
    run: Option<Range<usize>>,
    /// The links around the place, outermost first.
    links: Vec<Link>,
    /// The block of code around the place: whether it has fences.
    block: Option<bool>,
    /// Whether the heading that was pushed last has no title yet.
    heading: bool,
    /// The tag around the place whose content is no prose, and where it begins.
    tag: Option<(&'static str, usize)>,
    /// The same of one that may go on beyond its paragraph.
    wide: Option<(&'static str, usize)>,
    /// Where a comment ends; what begins before it isn't looked at.
    comment: usize,
    /// Where the last address ends.
    address: usize,
}

struct Link {
    kind: LinkType,
    first: Option<usize>,
    last: usize,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str, from: usize) -> Self {
        let mut lines = Vec::new();
        let (mut hidden, mut at) = (Vec::new(), 0);
        for whole in text.split_inclusive('\n') {
            let (span, end) = (at..at + whole.trim_end_matches(['\n', '\r']).len(), at + whole.len());
            if at >= from {
                lines.push(Line { span, end, code: false });
            } else if end > from {
                lines.push(Line { span: from.min(span.end)..span.end, end, code: false });
            } else if !span.is_empty() {
                hidden.push(span);
            }
            at = end;
        }
        let (fences, headings, code, prose) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let seen = Markdown { text, lines, fences, headings, code, prose, hidden, open: None };
        Self {
            seen,
            depth: 0,
            run: None,
            links: Vec::new(),
            block: None,
            heading: false,
            tag: None,
            wide: None,
            comment: from,
            address: from,
        }
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(&tag, range),
            Event::End(tag) => self.end(tag, &range),
            Event::Rule | Event::TaskListMarker(_) => self.end_run(),
            Event::Text(_) if self.block == Some(true) => {
                let fence = self.seen.fences.last_mut().expect("a fence that began was pushed");
                let start = fence.body.start.min(range.start);
                fence.body = start..range.end.max(start);
            }
            Event::Text(_) if self.block.is_some() => {}
            Event::Html(_) => {}
            Event::Text(_)
            | Event::Code(_)
            | Event::InlineHtml(_)
            | Event::FootnoteReference(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
                if range.start < self.comment => {}
            Event::Text(_) => self.text(&range),
            Event::Code(_) => {
                let marks = self.seen.text[range.clone()].bytes().take_while(|c| *c == b'`').count();
                self.seen.code.push(range.start + marks..range.end - marks);
                self.hide_inline(range);
            }
            Event::InlineHtml(_) => self.inline_html(range),
            Event::FootnoteReference(_) => self.hide_inline(range),
            Event::SoftBreak | Event::HardBreak | Event::InlineMath(_) | Event::DisplayMath(_) => {
                self.inline(&range);
            }
        }
    }

    fn start(&mut self, tag: &Tag<'_>, range: Range<usize>) {
        let looked_at = range.start >= self.comment;
        match place(tag.to_end()) {
            Place::Inline if looked_at => self.inline(&(range.start..range.start)),
            Place::Inline => {}
            Place::Block => self.end_run(),
            Place::Container => {
                self.end_run();
                self.depth += 1;
            }
        }
        if let Tag::Link { link_type, .. } | Tag::Image { link_type, .. } = tag {
            let opens = if matches!(tag, Tag::Image { .. }) { "![" } else { "[" };
            self.links.push(Link { kind: *link_type, first: None, last: range.start + opens.len() });
        } else if matches!(tag, Tag::Emphasis | Tag::Strong) && looked_at {
            self.underscores(if matches!(tag, Tag::Strong) { 2 } else { 1 }, &range);
        } else if let Tag::CodeBlock(kind) = tag {
            self.block = Some(false);
            if looked_at {
                self.code_block(kind, range);
            }
        } else if let Tag::Heading { level, .. } = tag {
            if looked_at && self.depth == 0 {
                self.begin_heading(*level, &range);
            }
        } else if matches!(tag, Tag::HtmlBlock) && looked_at {
            self.html_block(range);
        }
    }

    fn end(&mut self, tag: TagEnd, range: &Range<usize>) {
        if matches!(tag, TagEnd::Link | TagEnd::Image) {
            let link = self.links.pop().expect("a link that ends began");
            self.seen.hidden.push(link.hides(range));
        } else if matches!(tag, TagEnd::CodeBlock) {
            self.block = None;
        } else if matches!(tag, TagEnd::Heading(_)) {
            if let Some(heading) = self.seen.headings.last_mut().filter(|_| self.heading) {
                let end = self.run.as_ref().map_or(heading.title.start, |run| run.end);
                heading.title.end = end.max(heading.title.start);
            }
            self.heading = false;
        }
        match place(tag) {
            Place::Inline => self.inline(range),
            Place::Block => self.end_run(),
            Place::Container => {
                self.end_run();
                self.depth -= 1;
            }
        }
    }

    /// Something of a paragraph, heading, item or cell.
    fn inline(&mut self, range: &Range<usize>) {
        if range.end < self.comment {
            return;
        }
        if let Some(link) = self.links.last_mut() {
            link.first.get_or_insert(range.start);
            link.last = link.last.max(range.end);
        }
        match &mut self.run {
            Some(run) => run.end = run.end.max(range.end),
            None => self.run = Some(range.clone()),
        }
    }

    /// The marks of what is emphasised, where they could be part of a word.
    fn underscores(&mut self, marks: usize, range: &Range<usize>) {
        if self.seen.text[range.clone()].starts_with('_') {
            self.seen.hidden.extend([range.start..range.start + marks, range.end - marks..range.end]);
        }
    }

    fn hide_inline(&mut self, range: Range<usize>) {
        self.inline(&range);
        self.seen.hidden.push(range);
    }

    fn end_run(&mut self) {
        self.seen.prose.extend(self.run.take());
        self.tag = None;
    }

    fn text(&mut self, range: &Range<usize>) {
        self.inline(range);
        let text = self.seen.text;
        for (offset, found) in text[range.clone()].match_indices(['<', ']', 'h', 'H', 'w', 'W']) {
            let at = range.start + offset;
            if at < self.comment || at < self.address {
                continue;
            }
            match found {
                "<" if text[at..].starts_with("<!--") && !is_escaped(text, at) => self.begin_comment(at),
                "]" => self.seen.hidden.extend(lost_target(text, at)),
                "h" | "H" | "w" | "W" if is_address(text, at) => {
                    let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ')');
                    self.address = text[at..].find(ends).map_or(text.len(), |length| at + length);
                    self.seen.hidden.push(at..self.address);
                }
                _ => {}
            }
        }
    }

    /// A comment that the paragraph doesn't end.
    fn begin_comment(&mut self, at: usize) {
        let text = self.seen.text;
        let end = text[at..].find("-->").map(|length| at + length + "-->".len());
        if end.is_none() {
            self.seen.open = Some("-->".to_owned());
        }
        self.comment = end.unwrap_or(text.len());
        let line = self.seen.lines.partition_point(|line| line.end <= at);
        let (span_end, below) =
            self.seen.lines.get(line).map_or((text.len(), text.len()), |line| (line.span.end, line.end));
        self.seen.hidden.push(at..span_end.min(self.comment));
        self.hide_lines(&(below..self.comment.max(below)));
    }

    fn inline_html(&mut self, range: Range<usize>) {
        let written = &self.seen.text[range.clone()];
        let closes = written.starts_with("</");
        let rest = written.trim_start_matches(['<', '/']);
        let name = &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len())];
        if let Some(tag) = WHOLE.into_iter().find(|tag| tag.eq_ignore_ascii_case(name)) {
            if closes {
                self.close(tag, range.end);
            } else if tag != DRAWING || !written.ends_with("/>") {
                self.tag.get_or_insert((tag, range.start));
                if WIDE.contains(&tag) {
                    self.wide.get_or_insert((tag, range.start));
                }
            }
        }
        self.hide_inline(range);
    }

    /// Hides what stands in a tag that ends.
    fn close(&mut self, tag: &str, end: usize) {
        for around in [&mut self.tag, &mut self.wide] {
            if let Some((_, start)) = around.take_if(|(open, _)| *open == tag) {
                self.seen.hidden.push(start..end);
            }
        }
    }

    fn begin_heading(&mut self, level: HeadingLevel, range: &Range<usize>) {
        let level = level as usize;
        let written = self.seen.text[range.clone()].lines().next().unwrap_or_default();
        let rest = written.trim_start_matches('#');
        if written.len() - rest.len() != level || !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
            return;
        }
        let line = self.seen.lines.partition_point(|line| line.end <= range.start);
        // A lone carriage return ends a line for CommonMark, and for nobody who counts lines.
        let begins = |line: &&Line| self.seen.text[line.span.start..range.start].trim().is_empty();
        let Some(line) = self.seen.lines.get(line).filter(begins) else { return };
        let start = range.start + written.len() - rest.trim_start().len();
        let title = start..start;
        self.seen.headings.push(Heading { level, title, span: line.span.clone(), end: line.end });
        self.heading = true;
    }

    fn code_block(&mut self, kind: &CodeBlockKind<'_>, range: Range<usize>) {
        self.hide_lines(&range);
        let first = self.seen.lines.partition_point(|line| line.end <= range.start);
        for line in self.seen.lines[first..].iter_mut().take_while(|line| line.span.start < range.end) {
            line.code = true;
        }
        match kind {
            CodeBlockKind::Indented => {}
            CodeBlockKind::Fenced(info) => {
                self.block = Some(true);
                let language = info.split([' ', ',', '{']).next().unwrap_or_default().to_lowercase();
                self.seen.fences.push(Fence { language, body: range.end..range.end });
                if self.depth == 0 {
                    self.seen.open = open_fence(&self.seen.text[range]);
                }
            }
        }
    }

    fn html_block(&mut self, range: Range<usize>) {
        self.hide_lines(&range);
        self.drawing(&range);
        let written = self.seen.text[range].trim_start().to_lowercase();
        let end = OPEN_HTML.into_iter().find_map(|(begin, end)| {
            let rest = written.strip_prefix(begin)?;
            let named = begin.ends_with(|c: char| c.is_ascii_alphabetic());
            let whole = !named || rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r', '>']);
            whole.then_some((end, named))
        });
        if let Some((end, named)) = end.filter(|_| self.depth == 0) {
            let ends = |end: &str| written[2..].contains(end);
            let closed =
                ends(end) || (named && OPEN_HTML.iter().any(|(_, end)| end.starts_with("</") && ends(end)));
            if !closed {
                self.seen.open = Some(end.to_owned());
            }
        }
    }

    /// A drawing that begins or ends in a block of HTML: after a blank line the rest of it is a paragraph.
    fn drawing(&mut self, range: &Range<usize>) {
        let written = self.seen.text[range.clone()].to_ascii_lowercase();
        let (opens, closes) = (written.rfind("<svg"), written.rfind("</svg"));
        if let Some(at) = closes {
            self.close(DRAWING, range.start + at);
        }
        if let Some(at) = opens.filter(|at| closes < Some(*at)) {
            self.wide.get_or_insert((DRAWING, range.start + at));
        }
    }

    /// Hides the lines that a block touches.
    fn hide_lines(&mut self, range: &Range<usize>) {
        let first = self.seen.lines.partition_point(|line| line.end <= range.start);
        let touched = self.seen.lines[first..].iter().take_while(|line| line.span.start < range.end);
        self.seen.hidden.extend(touched.map(|line| line.span.clone()).filter(|span| !span.is_empty()));
    }
}

/// Where something stands.
enum Place {
    /// Within a paragraph, heading, item or cell.
    Inline,
    /// Around blocks.
    Container,
    /// It is a block.
    Block,
}

fn place(tag: TagEnd) -> Place {
    match tag {
        TagEnd::Emphasis
        | TagEnd::Strong
        | TagEnd::Strikethrough
        | TagEnd::Superscript
        | TagEnd::Subscript
        | TagEnd::Link
        | TagEnd::Image => Place::Inline,
        TagEnd::BlockQuote(_)
        | TagEnd::List(_)
        | TagEnd::Item
        | TagEnd::FootnoteDefinition
        | TagEnd::DefinitionList
        | TagEnd::DefinitionListTitle
        | TagEnd::DefinitionListDefinition => Place::Container,
        TagEnd::Paragraph
        | TagEnd::Heading(_)
        | TagEnd::CodeBlock
        | TagEnd::HtmlBlock
        | TagEnd::Table
        | TagEnd::TableHead
        | TagEnd::TableRow
        | TagEnd::TableCell
        | TagEnd::MetadataBlock(_) => Place::Block,
    }
}

impl Link {
    /// What of a link isn't prose.
    fn hides(&self, range: &Range<usize>) -> Range<usize> {
        match self.kind {
            LinkType::Inline => self.last.min(range.end)..range.end,
            // `[text][label]`: the first bracket closes what is read.
            LinkType::Reference | LinkType::ReferenceUnknown => (self.last + 1).min(range.end)..range.end,
            LinkType::WikiLink { has_pothole: true } => range.start..self.first.unwrap_or(range.end),
            LinkType::WikiLink { has_pothole: false }
            | LinkType::Collapsed
            | LinkType::CollapsedUnknown
            | LinkType::Shortcut
            | LinkType::ShortcutUnknown
            | LinkType::Autolink
            | LinkType::Email => range.clone(),
        }
    }
}

/// What closes a block with fences that isn't closed.
fn open_fence(block: &str) -> Option<String> {
    let first = block.trim_start();
    let mark = first.chars().next()?;
    let length = first.chars().take_while(|c| *c == mark).count();
    let last = block.trim_end_matches(['\n', '\r']).lines().skip(1).last().unwrap_or_default();
    let indent = last.len() - last.trim_start_matches(' ').len();
    let last = last.trim();
    let closed = indent < 4 && last.chars().count() >= length && last.chars().all(|c| c == mark);
    (!closed).then(|| mark.to_string().repeat(length))
}

/// The target of what is meant as a link and is none, because of the spaces in it: `[text](a b)`.
fn lost_target(text: &str, at: usize) -> Option<Range<usize>> {
    let inner = text[at..].strip_prefix("](")?;
    let mut depth = 1_usize;
    for (offset, c) in inner.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return Some(at..at + "](".len() + offset + 1),
            ')' => depth -= 1,
            '[' | ']' | '\n' => return None,
            _ => {}
        }
    }
    None
}

/// Whether an address begins at a place.
fn is_address(text: &str, at: usize) -> bool {
    let starts = |scheme: &str| {
        let start = text.as_bytes()[at..].get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    !text[..at].ends_with(char::is_alphanumeric)
        && ["http://", "https://", "www."].iter().any(|scheme| starts(scheme))
}
