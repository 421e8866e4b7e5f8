//! The reader: nodes against kinds, yielding typed blocks and every problem at once.

use std::collections::HashMap;

use super::block::{Block, Given, Read};
use super::diagnostic::{Draft, Sink, code, nearest};
use super::docs::spell;
use super::misplaced::{homes, near_elsewhere};
use super::shape::{Context, Field, Kind, Problem, Repeat, Type, Vocabulary, check, hex_color};
use super::text::{Files, Node, Scalar, Span, Spelling, shorten};

pub(super) struct Reader<'a> {
    pub(super) files: &'a Files,
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) sink: &'a mut Sink,
    /// All kinds, for saying where a misplaced one belongs.
    pub(super) root: &'static Kind,
}

/// A value on its way to a field: how it was written, and where.
struct Written<'n, 't> {
    name: &'n str,
    span: Span,
    values: &'n [Scalar<'t>],
    /// As `name=value` on the node.
    inline: bool,
    array: bool,
}

impl Reader<'_> {
    /// The blocks that `nodes` are, as children of `parent`.
    pub(super) fn children(&mut self, parent: &'static Kind, nodes: &[&Node<'_>]) -> Vec<Block> {
        let mut out: Vec<Block> = Vec::with_capacity(nodes.len());
        let mut seen: HashMap<(&'static str, String), Span> = HashMap::new();
        let mut counts: HashMap<&'static str, usize> = HashMap::new();
        for node in nodes {
            let Some(kind) = parent.child(&node.name) else {
                self.unknown(parent, None, &node.name, node.span);
                continue;
            };
            let count = counts.entry(kind.name).or_insert(0_usize);
            *count += 1;
            if *count > kind.most {
                if *count == kind.most + 1 {
                    self.too_many(kind, node.span);
                }
                continue;
            }
            let block = self.block(kind, node);
            let id = match kind.repeat {
                Repeat::Many => None,
                Repeat::Once => Some(String::new()),
                Repeat::ByKey => Some(block.key().to_lowercase()).filter(|k| !k.is_empty()),
            };
            if let Some(id) = id {
                if let Some(first) = seen.get(&(kind.name, id.clone())) {
                    self.duplicate(&block, *first);
                    continue;
                }
                seen.insert((kind.name, id), block.key_span());
            }
            out.push(block);
        }
        out
    }

    fn too_many(&mut self, kind: &'static Kind, at: Span) {
        self.sink.push(
            Draft::error(code::TOO_MANY, format!("there are more than {} `{}`", kind.most, kind.name))
                .at(at, "the first one too many")
                .help("split the config over several factories"),
        );
    }

    fn duplicate(&mut self, block: &Block, first: Span) {
        let help = match block.kind.repeat {
            Repeat::Once => format!("`{}` may stand once; merge the two", block.kind.name),
            Repeat::ByKey | Repeat::Many => {
                "remove one of them, or merge them; case makes no difference".to_owned()
            }
        };
        self.sink.push(
            Draft::error(code::DUPLICATE, format!("{} is declared twice", block.quoted()))
                .at(block.key_span(), "declared again here")
                .also(first, "first declared here")
                .help(help),
        );
    }

    /// One node of a known kind.
    pub(super) fn block(&mut self, kind: &'static Kind, node: &Node<'_>) -> Block {
        let mut block =
            Block { kind, span: node.span, key: Vec::new(), fields: Vec::new(), children: Vec::new() };
        self.positional(&mut block, node);
        let own = if kind.open { self.vocabulary.find_loop(block.key()).map(|l| l.kind) } else { None };
        // The settings of a loop that nobody knows can't be judged.
        let blind = kind.open && own.is_none();
        for prop in &node.props {
            let values = std::slice::from_ref(&prop.value);
            let written = Written { name: &prop.name, span: prop.span, values, inline: true, array: false };
            if !self.field(&mut block, own, &written) && !blind {
                match kind.child(&prop.name) {
                    Some(child) => self.not_a_property(kind, child, prop.span),
                    None => self.unknown(kind, own, &prop.name, prop.span),
                }
            }
        }
        let mut nested: Vec<&Node<'_>> = Vec::new();
        for child in &node.children {
            if kind.child(&child.name).is_some() {
                nested.push(child);
                continue;
            }
            let written = Written {
                name: &child.name,
                span: child.span,
                values: &child.args,
                inline: false,
                array: child.array,
            };
            let known = find_field(kind, own, &child.name).is_some();
            if known && (child.block || !child.props.is_empty()) {
                self.not_a_block(kind, own, child);
            } else if !self.field(&mut block, own, &written) && !blind {
                self.unknown(kind, own, &child.name, child.span);
            }
        }
        block.children = self.children(kind, &nested);
        self.key_from_field(&mut block);
        self.required(&block);
        block
    }

    /// The values after the node's name.
    fn positional(&mut self, block: &mut Block, node: &Node<'_>) {
        let kind = block.kind;
        let Some(key) = &kind.key else {
            self.extra(kind, &node.args);
            return;
        };
        let taken = if key.ty.is_list() { node.args.len() } else { node.args.len().min(1) };
        for scalar in &node.args[..taken] {
            if let Some(read) = self.value(key, &subject_of_key(kind, key), scalar, None) {
                block.key.push(read);
            }
        }
        if key.ty.is_list() {
            let (max, list) = (list_max(key.ty), &node.args);
            self.list_length(key, list.len(), max, node.span);
            self.list_twice(key, &block.key);
        }
        self.extra(kind, &node.args[taken..]);
        if node.args.is_empty() && key.required && kind.repeat == Repeat::ByKey {
            self.missing_key(kind, key, node.span);
        }
        if !node.args.is_empty() && block.key.is_empty() && key.required {
            // Reported; a placeholder keeps `required` quiet.
            block.fields.push(Given {
                field: kind.key.as_ref().unwrap_or(key),
                span: node.span,
                values: Vec::new(),
                good: false,
                own: false,
            });
        }
    }

    /// A key that was written as a field: `factory name="acme"`, or in TOML.
    fn key_from_field(&mut self, block: &mut Block) {
        let Some(key) = &block.kind.key else { return };
        if block.kind.repeat == Repeat::ByKey {
            return;
        }
        let Some(at) = block.fields.iter().position(|g| g.field.name == key.name && !g.values.is_empty())
        else {
            return;
        };
        if let Some(first) = block.key.first() {
            self.sink.push(
                Draft::error(
                    code::DUPLICATE,
                    format!("`{}` of `{}` is given twice", key.name, block.kind.name),
                )
                .at(block.fields[at].span, "again here")
                .also(first.span, "first here")
                .help("remove one of them"),
            );
            return;
        }
        block.key = block.fields.remove(at).values;
    }

    fn required(&mut self, block: &Block) {
        let kind = block.kind;
        let key = kind.key.as_ref().filter(|k| k.required && kind.repeat != Repeat::ByKey);
        if let Some(key) = key.filter(|k| block.key.is_empty() && block.given(k.name).is_none()) {
            self.missing_key(kind, key, block.span);
        }
        for field in kind.fields.iter().filter(|f| f.required) {
            if block.given(field.name).is_none() {
                let write = spell(field, self.files.spelling(block.span), true);
                self.sink.push(
                    Draft::error(code::MISSING, format!("{} has no `{}`", block.quoted(), field.name))
                        .at(block.span, "here")
                        .help(format!("add it, e.g. `{write}`: {}", lower_first(field.about))),
                );
            }
        }
    }

    fn missing_key(&mut self, kind: &'static Kind, key: &Field, at: Span) {
        let write = match self.files.spelling(at) {
            Spelling::Kdl => format!("{} {}", kind.name, key.example),
            Spelling::Toml => spell(key, Spelling::Toml, false),
        };
        self.sink.push(
            Draft::error(code::MISSING, format!("this `{}` has no {}", kind.name, key.name))
                .at(at, "here")
                .help(format!("write `{write}`: {}", lower_first(key.about))),
        );
    }

    fn extra(&mut self, kind: &'static Kind, extra: &[Scalar<'_>]) {
        let Some(first) = extra.first() else { return };
        let text = first.raw.text().unwrap_or_default();
        let field = kind.field(text).filter(|_| !text.is_empty());
        let help = match (field, &kind.key) {
            (Some(field), _) => {
                let own =
                    extra.get(1).filter(|_| !field.ty.is_list()).map(|value| self.files.text(value.span));
                let write = own.map(|value| format!("{}={}", field.name, shorten(value)));
                let write = write.unwrap_or_else(|| spell(field, Spelling::Kdl, true));
                format!("write `{}` with `=`: `{write}`", field.name)
            }
            (None, Some(_)) => {
                format!("`{0}` takes one name; further values are fields: `{1}`", kind.name, first_line(kind))
            }
            (None, None) => format!("`{0}` takes no name; write `{1}`", kind.name, first_line(kind)),
        };
        self.sink.push(
            Draft::error(code::EXTRA_VALUE, format!("`{}` takes no further value here", kind.name))
                .at(first.span, "too much")
                .help(help),
        );
    }

    /// Reads a field if the kind has it; false when it hasn't.
    fn field(&mut self, block: &mut Block, own: Option<&'static Kind>, written: &Written<'_, '_>) -> bool {
        let kind = block.kind;
        let Some((field, is_own)) = find_field(kind, own, written.name) else { return false };
        if let Some(first) = block.given(field.name) {
            self.sink.push(
                Draft::error(code::DUPLICATE, format!("`{}` is given twice", field.name))
                    .at(written.span, "given again here")
                    .also(first.span, "first given here")
                    .help("remove one of them"),
            );
            return true;
        }
        let before = self.sink.errors();
        let mut values = Vec::new();
        if field.ty.is_list() {
            self.list_length(field, written.values.len(), list_max(field.ty), written.span);
            for scalar in written.values {
                values.extend(self.value(field, &format!("each of `{}`", field.name), scalar, Some(written)));
            }
            self.list_twice(field, &values);
        } else if let ([scalar], false) = (written.values, written.array) {
            values.extend(self.value(field, &format!("`{}`", field.name), scalar, Some(written)));
        } else {
            self.not_one(field, written);
        }
        let good = self.sink.errors() == before;
        block.fields.push(Given { field, span: written.span, values, good, own: is_own });
        true
    }

    fn value(
        &mut self,
        field: &Field,
        subject: &str,
        scalar: &Scalar<'_>,
        written: Option<&Written<'_, '_>>,
    ) -> Option<Read> {
        let spelling = self.files.spelling(scalar.span);
        let cx = Context { spelling, vocabulary: self.vocabulary };
        match check(field.ty, &scalar.raw, cx) {
            Ok(value) => Some(Read { value, span: scalar.span }),
            Err(problem) => {
                let problem = hex_color(field.ty, self.files.text(scalar.span), cx).unwrap_or(problem);
                let inline = written.is_some_and(|w| w.inline);
                let write = written.map(|_| spell(field, spelling, inline));
                self.bad_value(&problem, subject, scalar.span, write);
                None
            }
        }
    }

    fn bad_value(&mut self, problem: &Problem, subject: &str, at: Span, write: Option<String>) {
        let example = write.map(|w| format!("e.g. `{w}`"));
        let help = problem.hint.clone().or(example).unwrap_or_default();
        let message = problem.whole.clone().unwrap_or_else(|| format!("{subject} {}", problem.says));
        self.sink.push(Draft::error(problem.code, message).at(at, "this value").help(help));
    }

    fn not_one(&mut self, field: &Field, written: &Written<'_, '_>) {
        let write = spell(field, self.files.spelling(written.span), false);
        let mut help = format!("write `{write}`");
        let draft = match written.values {
            [] => {
                Draft::error(code::MISSING, format!("`{}` has no value", field.name)).at(written.span, "here")
            }
            [first, second, ..] if !written.array => {
                help = format!(
                    "write `{} {}`; what follows it stands on a line of its own, or after a `;`",
                    field.name,
                    shorten(self.files.text(first.span))
                );
                let words: Option<Vec<&str>> = written.values.iter().map(|v| v.raw.text()).collect();
                if let (Some(words), Type::Text { .. } | Type::Prose { .. }) = (words, field.ty) {
                    help =
                        format!("text with spaces stands in quotes: `{} {:?}`", field.name, words.join(" "));
                }
                Draft::error(code::EXTRA_VALUE, format!("`{}` takes one value", field.name))
                    .at(second.span, "one too many")
            }
            _ => Draft::error(code::SHAPE, format!("`{}` takes one value, not a list", field.name))
                .at(written.span, "given a list here"),
        };
        self.sink.push(draft.help(help));
    }

    fn list_length(&mut self, field: &Field, length: usize, max: usize, at: Span) {
        if length > max {
            self.sink.push(
                Draft::error(
                    code::TOO_MANY,
                    format!("`{}` takes at most {max} values, not {length}", field.name),
                )
                .at(at, "here"),
            );
        }
    }

    fn list_twice(&mut self, field: &Field, values: &[Read]) {
        if values.len() > list_max(field.ty) || matches!(field.ty, Type::Row { .. }) {
            return;
        }
        for (i, read) in values.iter().enumerate() {
            if let Some(first) = values[..i].iter().find(|v| v.value == read.value) {
                let text = read.text().unwrap_or_default();
                self.sink.push(
                    Draft::error(
                        code::DUPLICATE,
                        format!("`{}` names `{}` twice", field.name, shorten(text)),
                    )
                    .at(read.span, "again here")
                    .also(first.span, "first here")
                    .help("remove one of them"),
                );
            }
        }
    }

    fn not_a_block(&mut self, kind: &'static Kind, own: Option<&'static Kind>, node: &Node<'_>) {
        let Some((field, _)) = find_field(kind, own, &node.name) else { return };
        let write = spell(field, self.files.spelling(node.span), false);
        self.sink.push(
            Draft::error(code::SHAPE, format!("`{}` is a value, not a block", field.name))
                .at(node.span, "written as a block here")
                .help(format!("write `{write}`")),
        );
    }

    /// A kind of node that was written as `name=value`.
    fn not_a_property(&mut self, kind: &'static Kind, child: &'static Kind, at: Span) {
        let write = first_line(child).trim_end_matches([' ', '{']);
        self.sink.push(
            Draft::error(code::SHAPE, format!("`{}` is a node of its own, not a property", child.name))
                .at(at, "written with `=` here")
                .help(format!(
                    "write it within the braces of `{}`, without `=`: `{{ {write}; }}`",
                    kind.name
                )),
        );
    }

    /// A name that the kind doesn't have: what was meant, or where it belongs.
    fn unknown(&mut self, kind: &'static Kind, own: Option<&'static Kind>, name: &str, at: Span) {
        if self.sink.is_full() {
            // Nobody will read what was meant.
            self.sink.push(Draft::error(code::UNKNOWN_KEY, String::new()));
            return;
        }
        let place =
            if kind.name.is_empty() { "at the top".to_owned() } else { format!("in `{}`", kind.name) };
        let fields = kind.fields.iter().chain(own.iter().flat_map(|k| k.fields)).map(|f| f.name);
        let keys = kind.key.iter().filter(|_| kind.repeat != Repeat::ByKey).map(|f| f.name);
        let all: Vec<&str> = fields.chain(keys).chain(kind.children.iter().map(|k| k.name)).collect();
        let homes = homes(self.root, name);
        let near = nearest(name, all.iter().copied());
        let help = if let (Some(near), false) = (near, homes.is_empty()) {
            format!("did you mean `{near}`? `{name}` belongs {}", homes.join(", or "))
        } else if let Some(near) = near {
            format!("did you mean `{near}`?")
        } else if !homes.is_empty() {
            format!("`{name}` belongs {}", homes.join(", or "))
        } else if let Some((near, homes)) = near_elsewhere(self.root, name) {
            format!("did you mean `{near}`? It belongs {}", homes.join(", or "))
        } else if all.is_empty() {
            format!("`{}` has no fields", kind.name)
        } else {
            let mut all: Vec<String> = all.iter().map(|n| format!("`{n}`")).collect();
            all.sort();
            format!("known {place}: {}", all.join(", "))
        };
        self.sink.push(
            Draft::error(code::UNKNOWN_KEY, format!("there is no `{}` {place}", shorten(name)))
                .at(at, "unknown here")
                .help(help),
        );
    }
}

fn find_field(kind: &'static Kind, own: Option<&'static Kind>, name: &str) -> Option<(&'static Field, bool)> {
    let common = kind.field(name).map(|f| (f, false));
    common.or_else(|| own?.fields.iter().find(|f| f.name == name).map(|f| (f, true)))
}

fn list_max(ty: Type) -> usize {
    if let Type::List { max, .. } | Type::Row { max, .. } = ty { max } else { 1 }
}

fn subject_of_key(kind: &Kind, key: &Field) -> String {
    if key.ty.is_list() {
        format!("each name after `{}`", kind.name)
    } else {
        format!("the {} of `{}`", key.name, kind.name)
    }
}

fn first_line(kind: &Kind) -> &'static str {
    kind.example.lines().next().unwrap_or_default()
}

fn lower_first(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}
