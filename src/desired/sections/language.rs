//! `language`: the words of the project: their contexts, kinds and relations, and which rules hold them to the code.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{Field, Kind, Repeat, Type};
use crate::model::language::{Anchor, Context, Forbidden, Language, Level, RelationKind, Topic};

use super::Builder;
use super::pipelines::{GLOBS, globs, texts};

/// The sets of the factory that the tooling comes from, for who declares none.
const CONTEXTS: [&str; 4] = ["caretaker", "builder", "ai-dev-team", "shared-kernel"];
const KINDS: [&str; 13] = [
    "aggregate",
    "entity",
    "value_object",
    "domain_event",
    "service",
    "port",
    "adapter",
    "bounded_context",
    "invariant",
    "policy",
    "loop",
    "runner",
    "control_role",
];
const RELATIONS: [&str; 8] =
    ["is_a", "part_of", "publishes", "consumes", "guarded_by", "implements", "depends_on", "contradicts"];
const TOPICS: [(&str, &[&str]); 5] = [
    ("patterns", &["pattern", "convention", "idiom", "always", "prefer"]),
    ("architecture", &["architecture", "layer", "boundary", "design", "module"]),
    ("gotchas", &["gotcha", "trap", "pitfall", "race", "never", "careful"]),
    ("testing", &["test", "tests", "fixture", "flaky", "coverage", "assert"]),
    ("dependencies", &["dependency", "dependencies", "library", "package", "version", "upgrade"]),
];
const LOAD_BEARING: [&str; 4] = ["Loop", "Runner", "Port", "Adapter"];
const TERMS: &str = "wiki/terms";
const WIKI: &str = "wiki";
const ADR: &str = "adr";
const BROAD_ALIAS: usize = 3;
const EXCERPT: usize = 1_500;

const NAME: Type = Type::Name;
const NAMES: Type = Type::List { of: &NAME, max: 100 };
const FOLDER: Type = Type::Text { max: 200 };
const FOLDERS: Type = Type::List { of: &FOLDER, max: 100 };
const WORDS: Type = Type::List { of: &Type::Text { max: 100 }, max: 100 };

static CONTEXT: Kind = Kind {
    name: "context",
    about: "A bounded context. One at least is declared, or those of the built-in set hold.",
    key: Some(Field::new("name", NAME, "Its name, as terms spell it.", "\"builder\"").required()),
    fields: &[Field::new(
        "sources",
        GLOBS,
        "The code that belongs to it, as globs in which `*` stops at `/` and `**` doesn't; a file belongs to the first context that fits.",
        "\"src/loops/**\"",
    )],
    repeat: Repeat::ByKey,
    most: 100,
    example: "context \"builder\" {\n    sources \"src/loops/**\"\n}",
    ..Kind::EMPTY
};

static RELATION: Kind = Kind {
    name: "relation",
    about: "A kind of relation between terms. One at least is declared, or those of the built-in set hold, between all kinds of terms.",
    key: Some(Field::new("name", NAME, "Its name, as terms spell it.", "\"implements\"").required()),
    fields: &[
        Field::new("from", NAMES, "The kinds of terms that may have it; all unless given.", "\"adapter\""),
        Field::new("to", NAMES, "The kinds of terms that it may point to; all unless given.", "\"port\""),
    ],
    repeat: Repeat::ByKey,
    most: 100,
    example: "relation \"implements\" {\n    from \"adapter\"\n    to \"port\"\n}",
    ..Kind::EMPTY
};

static TOPIC: Kind = Kind {
    name: "topic",
    about: "A topic of the wiki: a folder of entries. One at least is declared, or those of the built-in set hold.",
    key: Some(Field::new("name", NAME, "Its name.", "\"gotchas\"").required()),
    fields: &[Field::new(
        "words",
        WORDS,
        "Words that speak for it, whatever their case: what is taken in goes to the topic whose words it uses most.",
        "\"trap\" \"race\"",
    )],
    repeat: Repeat::ByKey,
    most: 100,
    example: "topic \"gotchas\" {\n    words \"trap\" \"race\"\n}",
    ..Kind::EMPTY
};

static FORBID: Kind = Kind {
    name: "forbid",
    about: "The code of one context must not use that of another.",
    key: Some(
        Field::new("from", NAME, "The context whose code must not use the other's.", "\"shared-kernel\"")
            .required(),
    ),
    fields: &[
        Field::new("to", NAME, "The context whose code it must not use.", "\"builder\"").required(),
        Field::new("reason", Type::Text { max: 300 }, "Why; the finding says it.", "\"everybody uses it\""),
    ],
    repeat: Repeat::Many,
    most: 100,
    example: "forbid \"shared-kernel\" to=\"builder\" reason=\"everybody uses it\"",
    ..Kind::EMPTY
};

static LINT: Kind = Kind {
    name: "lint",
    about: "How much the findings of a rule weigh, where that is to differ from the rule's own level.",
    key: Some(
        Field::new(
            "name",
            Type::Rule,
            "The rule; `factoryctl term lint --rules` lists them all.",
            "\"coverage\"",
        )
        .required(),
    ),
    fields: &[Field::new(
        "level",
        Type::Word(Level::WORDS),
        "`error`: validation fails. `warning`: it is said. `off`: it isn't looked at.",
        "\"off\"",
    )
    .required()],
    repeat: Repeat::ByKey,
    most: 100,
    example: "lint \"coverage\" level=\"off\"",
    ..Kind::EMPTY
};

pub(super) static LANGUAGE: Kind = Kind {
    name: "language",
    about: "The words of a project, as files that are reviewed: where they, the wiki and the decisions lie, what they may say, and which code they are anchored to. At the top it is about the config repository itself; in `defaults`, a `group` or a `repo` about that repository, the innermost one as a whole. Without it none of them is looked at.",
    fields: &[
        Field::new(
            "enabled",
            Type::Flag,
            "Whether they are looked at; `#false` takes back what `defaults` or a `group` says.",
            "#false",
        )
        .or("#true"),
        Field::new("terms", FOLDER, "The folder of the terms.", "\"docs/terms\"").or("\"wiki/terms\""),
        Field::new("wiki", FOLDER, "The folder of the wiki's pages and entries.", "\"docs/wiki\"")
            .or("\"wiki\""),
        Field::new("adr", FOLDER, "The folder of the decisions.", "\"docs/adr\"").or("\"adr\""),
        Field::new(
            "glossary",
            FOLDER,
            "The file that the glossary is rendered to; a rule keeps the two alike. Not rendered unless given.",
            "\"wiki/glossary.md\"",
        ),
        Field::new(
            "map",
            FOLDER,
            "The file that the context map is rendered to; a rule keeps the two alike. Not rendered unless given.",
            "\"wiki/context-map.md\"",
        ),
        Field::new(
            "architecture",
            FOLDER,
            "The page of what the code is made of, which a loop draws up from the code. Not kept unless given.",
            "\"wiki/architecture.md\"",
        ),
        Field::new(
            "roots",
            FOLDERS,
            "The folders whose source files are looked through for what terms are anchored to; `.` is all of the repository. None: no anchor is looked up.",
            "\"src\"",
        ),
        Field::new(
            "ignore",
            GLOBS,
            "Source files that are left out, as globs in which `*` stops at `/` and `**` doesn't.",
            "\"src/generated/**\"",
        ),
        Field::new(
            "kinds",
            NAMES,
            "The kinds of terms; the built-in set holds unless they are given.",
            "\"entity\" \"service\" \"loop\"",
        ),
        Field::new(
            "default-topic",
            NAME,
            "The topic of what no words speak for; the first one unless it is given.",
            "\"patterns\"",
        ),
        Field::new(
            "load-bearing",
            WORDS,
            "What the names of types end in that ought to have a term.",
            "\"Loop\" \"Service\"",
        )
        .or("\"Loop\" \"Runner\" \"Port\" \"Adapter\""),
        Field::new(
            "no-term",
            GLOBS,
            "Code that gets no term, as `path:Symbol` or the path of a file, or globs of these in which `*` stops at `/`: nobody proposes one, and its lack is no finding.",
            "\"src/text/shorten.rs:Shorten\" \"src/vendor/**\"",
        ),
        Field::new(
            "broad-alias",
            Type::Int { min: 0, max: 10_000 },
            "An alias that stands in more pages than this is too common to be one.",
            "10",
        )
        .or("3"),
        Field::new(
            "excerpt",
            Type::Int { min: 0, max: 100_000 },
            "How many tokens, by estimate, an agent is told at most of the terms, decisions and entries that fit its prompt, as its base commit has them. `0`: nothing.",
            "500",
        )
        .or("1500"),
    ],
    children: &[&CONTEXT, &RELATION, &TOPIC, &FORBID, &LINT],
    example: "language {\n    roots \"src\"\n    context \"builder\" {\n        sources \"src/loops/**\"\n    }\n    context \"shared-kernel\"\n    forbid \"shared-kernel\" to=\"builder\"\n    lint \"coverage\" level=\"off\"\n}",
    ..Kind::EMPTY
};

/// What a block says of a language.
pub(super) enum Said {
    /// That there is none, whatever an outer block says.
    Off,
    /// This.
    Kept(Arc<Language>),
}

impl Said {
    /// The language, if there is one.
    pub(super) fn kept(&self) -> Option<Arc<Language>> {
        match self {
            Self::Off => None,
            Self::Kept(language) => Some(Arc::clone(language)),
        }
    }
}

pub(super) fn build(block: Option<&Block>, cx: &mut Builder<'_>) -> Option<Said> {
    let block = block?;
    let language = Arc::new(language(block, cx));
    let enabled = block.flag("enabled").is_none_or(|(enabled, _)| enabled);
    Some(if enabled { Said::Kept(language) } else { Said::Off })
}

fn language(block: &Block, cx: &mut Builder<'_>) -> Language {
    let kinds = given_or(texts(block, "kinds", cx), &KINDS);
    let contexts = contexts(block, cx);
    let relations = relations(block, &kinds, cx);
    let roots = texts(block, "roots", cx);
    for field in ["terms", "wiki", "adr", "glossary", "map", "architecture", "roots"] {
        check_places(block, field, cx);
    }
    check_folders(block, cx);
    check_rendered(block, cx);
    check_topics(block, cx);
    let place = |field: &str, or: &str| {
        block.text(field).map_or(or, |(text, _)| text).trim_end_matches('/').to_owned()
    };
    let rendered = |field: &str| block.text(field).map(|(text, _)| text.to_owned());
    let topics = topics(block, cx);
    let default_topic = default_topic(block, &topics, cx);
    let levels = block.each(LINT.name).filter_map(|rule| {
        let (word, _) = rule.text("level")?;
        Some((rule.key().to_owned(), Level::by_word(word)?))
    });
    let rules: BTreeMap<String, Level> = levels.collect();
    Language {
        terms: place("terms", TERMS),
        wiki: place("wiki", WIKI),
        adr: place("adr", ADR),
        glossary: rendered("glossary"),
        map: rendered("map"),
        architecture: rendered("architecture"),
        roots,
        ignore: globs(block, "ignore", cx),
        forbidden: forbidden(block, &contexts, cx),
        contexts,
        kinds,
        relations,
        topics,
        default_topic,
        load_bearing: given_or(texts(block, "load-bearing", cx), &LOAD_BEARING),
        no_term: globs(block, "no-term", cx),
        broad_alias_pages: block.count("broad-alias").map_or(BROAD_ALIAS, |n| n as usize),
        excerpt_tokens: block.count("excerpt").map_or(EXCERPT, |n| n as usize),
        rules,
    }
}

/// What is given, or the built-in set where nothing is.
fn given_or(given: Vec<String>, built_in: &[&str]) -> Vec<String> {
    if given.is_empty() { built_in.iter().map(|&word| word.to_owned()).collect() } else { given }
}

fn contexts(block: &Block, cx: &mut Builder<'_>) -> Vec<Context> {
    let declared: Vec<Context> = block
        .each(CONTEXT.name)
        .map(|context| Context { name: context.key().to_owned(), sources: globs(context, "sources", cx) })
        .collect();
    if !declared.is_empty() {
        return declared;
    }
    CONTEXTS.iter().map(|&name| Context { name: name.to_owned(), sources: Vec::new() }).collect()
}

fn topics(block: &Block, cx: &mut Builder<'_>) -> Vec<Topic> {
    let declared: Vec<Topic> = block
        .each(TOPIC.name)
        .map(|topic| Topic { name: topic.key().to_owned(), words: texts(topic, "words", cx) })
        .collect();
    if !declared.is_empty() {
        return declared;
    }
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    TOPICS.iter().map(|&(name, words)| Topic { name: name.to_owned(), words: owned(words) }).collect()
}

fn default_topic(block: &Block, topics: &[Topic], cx: &mut Builder<'_>) -> String {
    let first = topics.first().map_or_else(String::new, |topic| topic.name.clone());
    let Some((name, span)) = block.text("default-topic") else { return first };
    if !topics.iter().any(|topic| topic.name == name) {
        let names: Vec<String> = topics.iter().map(|topic| topic.name.clone()).collect();
        let draft = Draft::error(code::UNKNOWN_WORD, format!("there is no topic `{name}`"));
        cx.sink.push(draft.at(span, "named here").help(format!("the topics are {}", quoted(&names))));
    }
    name.to_owned()
}

fn relations(block: &Block, kinds: &[String], cx: &mut Builder<'_>) -> Vec<RelationKind> {
    let mut declared = Vec::new();
    for relation in block.each(RELATION.name) {
        for field in ["from", "to"] {
            for read in relation.list(field) {
                let unknown = read.text().filter(|word| !kinds.iter().any(|kind| kind == word));
                let Some(word) = unknown else { continue };
                let says = format!("`{word}` is no kind of terms");
                let draft = Draft::error(code::UNKNOWN_WORD, says).at(read.span, "this kind");
                cx.sink.push(draft.help(format!("the kinds are {}", quoted(kinds))));
            }
        }
        let (from, to) = (texts(relation, "from", cx), texts(relation, "to", cx));
        declared.push(RelationKind { name: relation.key().to_owned(), from, to });
    }
    if !declared.is_empty() {
        return declared;
    }
    let any = |&name: &&str| RelationKind { name: name.to_owned(), from: Vec::new(), to: Vec::new() };
    RELATIONS.iter().map(any).collect()
}

fn forbidden(block: &Block, contexts: &[Context], cx: &mut Builder<'_>) -> Vec<Forbidden> {
    let mut out = Vec::new();
    for forbid in block.each(FORBID.name) {
        let Some((to, to_span)) = forbid.text("to") else { continue };
        let from = forbid.key();
        for (name, span) in [(from, forbid.key_span()), (to, to_span)] {
            match contexts.iter().find(|context| context.name == name) {
                None => {
                    let names: Vec<String> = contexts.iter().map(|context| context.name.clone()).collect();
                    let draft = Draft::error(code::UNKNOWN_WORD, format!("there is no context `{name}`"));
                    cx.sink.push(
                        draft.at(span, "named here").help(format!("the contexts are {}", quoted(&names))),
                    );
                }
                Some(context) if context.sources.is_empty() => {
                    let says = format!("no code belongs to the context `{name}`");
                    let draft =
                        Draft::warning(code::NO_EFFECT, says).at(span, "so that nothing is forbidden");
                    cx.sink.push(draft.help(format!(
                        "say which code does: `context \"{name}\" {{ sources \"src/**\"; }}`"
                    )));
                }
                Some(_) => {}
            }
        }
        if from == to {
            let draft = Draft::error(code::MALFORMED, format!("`{from}` can't be kept from using itself"));
            cx.sink.push(draft.at(to_span, "the same context").help("name another one"));
        }
        let reason = forbid.text("reason").map_or("", |(reason, _)| reason).to_owned();
        out.push(Forbidden { from: from.to_owned(), to: to.to_owned(), reason });
    }
    out
}

/// Complains of a folder whose files would be read as those of another one as well. Terms and decisions may lie in the wiki.
fn check_folders(block: &Block, cx: &mut Builder<'_>) {
    let given = |field: &'static str, or: &'static str| {
        let (text, span) = block.text(field).map_or((or, None), |(text, span)| (text, Some(span)));
        (field, text.trim_end_matches('/').to_owned(), span)
    };
    let [terms, wiki, adr] = [given("terms", TERMS), given("wiki", WIKI), given("adr", ADR)];
    for (inner, outer) in [(&wiki, &terms), (&wiki, &adr), (&adr, &terms), (&terms, &adr)] {
        let within =
            inner.1.strip_prefix(&outer.1).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let Some(span) = inner.2.or(outer.2).filter(|_| within) else { continue };
        let says = format!(
            "the folder of `{}`, `{}`, lies in that of `{}`, `{}`",
            inner.0, inner.1, outer.0, outer.1
        );
        let draft = Draft::error(code::MALFORMED, says).at(span, "so that its files would be read as both");
        cx.sink.push(draft.help("give each a folder of its own; terms and decisions may lie in the wiki"));
        return;
    }
    for field in ["glossary", "map", "architecture"] {
        let Some((text, span)) = block.text(field) else { continue };
        let into = [&terms, &adr]
            .into_iter()
            .find(|folder| text.strip_prefix(&folder.1).is_some_and(|rest| rest.starts_with('/')));
        let Some(folder) = into else { continue };
        let says = format!("`{text}` lies in the folder of `{}`, whose pages people write", folder.0);
        let draft = Draft::error(code::MALFORMED, says).at(span, "this one");
        cx.sink.push(draft.help("give it a page beside them: `wiki/glossary.md`"));
    }
}

/// Complains of a rendered page that would be written over something else.
fn check_rendered(block: &Block, cx: &mut Builder<'_>) {
    let wiki = block.text("wiki").map_or(WIKI, |(text, _)| text).trim_end_matches('/');
    let index = format!("{wiki}/index.md");
    let mut seen: Vec<&str> = Vec::new();
    for field in ["glossary", "map", "architecture"] {
        let Some((text, span)) = block.text(field) else { continue };
        let is_page = std::path::Path::new(text).extension().is_some_and(|end| end == "md");
        let says = if !is_page {
            format!("`{text}` is no page of Markdown, and `{field}` is written there")
        } else if text.eq_ignore_ascii_case(&index) {
            format!("`{text}` is the place of the page of all entries, which `wiki index` writes")
        } else if seen.iter().any(|other| text.eq_ignore_ascii_case(other)) {
            format!("`{text}` is the place of another rendered page, too")
        } else {
            seen.push(text);
            continue;
        };
        let draft = Draft::error(code::MALFORMED, says).at(span, "this one");
        cx.sink.push(draft.help("give it a page of its own that ends in `.md`: `wiki/glossary.md`"));
    }
}

/// Complains of a topic whose folder is none of the wiki's, or holds something else.
fn check_topics(block: &Block, cx: &mut Builder<'_>) {
    let folder = |field: &str, or: &str| -> String {
        block.text(field).map_or(or, |(text, _)| text).trim_end_matches('/').to_ascii_lowercase()
    };
    let (wiki, others) = (folder("wiki", WIKI), [folder("terms", TERMS), folder("adr", ADR)]);
    for topic in block.each(TOPIC.name) {
        let name = topic.key().to_ascii_lowercase();
        let place = format!("{wiki}/{name}");
        let says = if name.starts_with('.') {
            "begins with a `.`, and so would its folder"
        } else if name == "log" {
            "is the name of the folder of the wiki's log"
        } else if others.iter().any(|other| *other == place || other.starts_with(&format!("{place}/"))) {
            "is the name of the folder of terms or decisions"
        } else {
            continue;
        };
        let draft =
            Draft::error(code::MALFORMED, format!("{} {says}", topic.quoted())).at(topic.span, "this one");
        cx.sink.push(draft.help(
            "give it another name: entries lie in a folder of the wiki that is called like their topic",
        ));
    }
}

/// Complains of a place that isn't one within the repository.
fn check_places(block: &Block, field: &str, cx: &mut Builder<'_>) {
    for read in block.list(field) {
        let Some(text) = read.text() else { continue };
        let is_all = field == "roots" && text == ".";
        let is_gits = text.split('/').any(|part| part.eq_ignore_ascii_case(".git"));
        if !is_all && (is_gits || Anchor::new(text.trim_end_matches('/'), "x").is_err()) {
            let draft =
                Draft::error(code::MALFORMED, format!("`{text}` in `{field}` is no place in the repository"));
            cx.sink.push(draft.at(read.span, "this one").help(
                "write it from the root of the repository, without a leading `/` and without `..` and `.git`: `docs/terms`",
            ));
        }
    }
}

fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
