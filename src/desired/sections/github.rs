//! `github`: how GitHub is reached, and as whom.

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{Field, Kind, Repeat, Type, Value};
use crate::model::{Auth, Creations, GitHub, SecretRef, Sourced, Webhook};

use super::Builder;

static AUTH: Kind = Kind {
    name: "auth",
    about: "Who the factory is on GitHub: a token, or an App (which alone can write check runs). Without it the token in `GITHUB_TOKEN` is used.",
    key: Some(
        Field::new(
            "kind",
            Type::Word(&["token", "app"]),
            "Whether a ready-made token or an App.",
            "\"token\"",
        )
        .required(),
    ),
    fields: &[
        Field::new(
            "token",
            Type::Secret,
            "Where the token is found; with `auth \"token\"`.",
            "\"env:GITHUB_TOKEN\"",
        ),
        Field::new("id", Type::Int { min: 1, max: i64::MAX }, "The App's id; with `auth \"app\"`.", "1234"),
        Field::new(
            "key",
            Type::Secret,
            "Where the App's private key is found, in PEM; with `auth \"app\"`.",
            "\"env:FACTORY_APP_KEY\"",
        ),
    ],
    example: "auth \"token\" token=\"env:GITHUB_TOKEN\"",
    ..Kind::EMPTY
};

/// The identity besides the author that has something to do.
const REVIEWER: &str = "reviewer";

static IDENTITY: Kind = Kind {
    name: "identity",
    about: "Who the factory is besides. `auth` is the author: it opens pull requests, and GitHub lets nobody approve their own. The `reviewer` approves what passed the factory's reviews, and does nothing else there; without one they are comments.",
    key: Some(Field::new("name", Type::Name, "What it does: `reviewer`.", "\"reviewer\"").required()),
    fields: &[
        Field::new("kind", Type::Word(&["token", "app"]), "Whether a ready-made token or an App.", "\"app\"")
            .required(),
        Field::new(
            "token",
            Type::Secret,
            "Where the token is found; with `kind=\"token\"`. The token of the environment never takes its place.",
            "\"env:REVIEWER_TOKEN\"",
        ),
        Field::new("id", Type::Int { min: 1, max: i64::MAX }, "The App's id; with `kind=\"app\"`.", "5678"),
        Field::new(
            "key",
            Type::Secret,
            "Where the App's private key is found, in PEM; with `kind=\"app\"`.",
            "\"env:REVIEWER_APP_KEY\"",
        ),
    ],
    repeat: Repeat::ByKey,
    most: 1,
    example: "identity \"reviewer\" kind=\"app\" id=5678 key=\"env:REVIEWER_APP_KEY\"",
    ..Kind::EMPTY
};

static WEBHOOK: Kind = Kind {
    name: "webhook",
    about: "Where the daemon receives GitHub's webhooks, so that it need not wait for a timer. Deliveries whose signature is wrong are refused.",
    fields: &[
        Field::new(
            "listen",
            Type::Listen,
            "The address to listen on; port 0 takes a free one.",
            "\"127.0.0.1:8787\"",
        )
        .required(),
        Field::new(
            "secret",
            Type::Secret,
            "Where the secret is found that signs deliveries.",
            "\"env:HOOK_SECRET\"",
        )
        .required(),
    ],
    example: "webhook listen=\"127.0.0.1:8787\" secret=\"env:HOOK_SECRET\"",
    ..Kind::EMPTY
};

static CREATIONS: Kind = Kind {
    name: "creations",
    about: "How many things the factory creates on GitHub at most: comments, issues, pull requests, labels on issues. github.com \
            allows 80 a minute and 500 an hour, and so much is kept to there unless this says otherwise; other servers have no \
            such limit unless this gives them one. A plan says how long it takes.",
    fields: &[
        Field::new("per-minute", Type::Int { min: 1, max: 100_000 }, "In any minute.", "80").required(),
        Field::new("per-hour", Type::Int { min: 1, max: 1_000_000 }, "In any hour.", "500").required(),
    ],
    example: "creations per-minute=80 per-hour=500",
    ..Kind::EMPTY
};

pub(super) static GITHUB: Kind = Kind {
    name: "github",
    about: "How GitHub is reached, and as whom.",
    fields: &[Field::new(
        "api",
        Type::Api,
        "The base of the REST API; an Enterprise server has it at `/api/v3`. `http://` is for this machine only.",
        "\"https://api.github.com\"",
    )
    .or("\"https://api.github.com\"")],
    children: &[&AUTH, &IDENTITY, &WEBHOOK, &CREATIONS],
    example: "github {\n    api \"https://api.github.com\"\n    auth \"token\" token=\"env:GITHUB_TOKEN\"\n}",
    ..Kind::EMPTY
};

pub(super) fn build(block: Option<&Block>, cx: &mut Builder<'_>) -> GitHub {
    let mut out = GitHub::default();
    let Some(block) = block else { return out };
    if let Some((api, at)) = block.text("api") {
        out.api = Sourced::new(api.to_owned(), cx.source(at), block.title());
    }
    if let Some(found) = block.child(AUTH.name).and_then(|b| auth(b, cx)) {
        out.auth = found;
    }
    out.reviewer = block.each(IDENTITY.name).find_map(|b| identity(b, cx));
    if let Some(reviewer) = out.reviewer.as_ref().filter(|it| it.is_same(&out.auth)) {
        one_and_the_same(block, reviewer, cx);
        out.reviewer = None;
    }
    out.webhook = block.child(WEBHOOK.name).and_then(|b| {
        Some(Webhook {
            listen: b.text("listen")?.0.to_owned(),
            secret: SecretRef::parse(b.text("secret")?.0)?,
        })
    });
    out.creations = block
        .child(CREATIONS.name)
        .and_then(|b| Some(Creations { per_minute: b.count("per-minute")?, per_hour: b.count("per-hour")? }));
    out
}

/// The author.
fn auth(block: &Block, cx: &mut Builder<'_>) -> Option<Auth> {
    let named = format!("auth \"{}\"", block.key());
    if block.key() == "token" && block.given("token").is_none() {
        credential(block, block.key(), &named, cx);
        return SecretRef::parse("env:GITHUB_TOKEN").map(Auth::Token);
    }
    credential(block, block.key(), &named, cx)
}

/// An identity besides the author.
fn identity(block: &Block, cx: &mut Builder<'_>) -> Option<Auth> {
    let name = block.key();
    if !name.is_empty() && name != REVIEWER {
        let help = match name {
            "author" => "the author is who `auth` says".to_owned(),
            _ => format!("the one besides the author is the reviewer: `{}`", IDENTITY.example),
        };
        cx.sink.push(
            Draft::error(code::UNKNOWN_WORD, format!("there is no identity `{name}` to be given"))
                .at(block.key_span(), "here")
                .help(help),
        );
        return None;
    }
    let (kind, _) = block.text("kind")?;
    let named = format!("identity \"{name}\" kind=\"{kind}\"");
    if kind == "token" && block.given("token").is_none() {
        cx.sink.push(
            Draft::error(code::MISSING, format!("`{named}` has no `token`"))
                .at(block.span, "here")
                .help("write `identity \"reviewer\" kind=\"token\" token=\"env:REVIEWER_TOKEN\"`"),
        );
    }
    credential(block, kind, &named, cx)
}

/// Who approves must be somebody else.
fn one_and_the_same(block: &Block, reviewer: &Auth, cx: &mut Builder<'_>) {
    let what = match reviewer {
        Auth::App { id, .. } => format!("the App {id}"),
        Auth::Token(reference) => format!("the token in {reference}"),
    };
    let named = block.each(IDENTITY.name).next().map_or(block.span, Block::key_span);
    let says = format!("author and reviewer are both {what}, and an approval of oneself is none");
    let mut draft = Draft::error(code::DUPLICATE, says).at(named, "the same again");
    if let Some(author) = block.child(AUTH.name) {
        draft = draft.also(author.span, "the author");
    }
    cx.sink.push(draft.help(
        "make a second App, or a token of another account; or leave the reviewer out, so that people approve",
    ));
}

/// The fields that the kind of identity needs, and none of the other kind.
fn credential(block: &Block, kind: &str, named: &str, cx: &mut Builder<'_>) -> Option<Auth> {
    let (needs, not): (&[&str], &[&str]) = match kind {
        "token" => (&[], &["id", "key"]),
        "app" => (&["id", "key"], &["token"]),
        _ => return None,
    };
    // What is written before the kind.
    let before = named.strip_suffix(&format!("\"{kind}\"")).unwrap_or(named);
    let is_author = block.kind.name == AUTH.name;
    let (token, key) =
        if is_author { ("GITHUB_TOKEN", "FACTORY_APP_KEY") } else { ("REVIEWER_TOKEN", "REVIEWER_APP_KEY") };
    let example = |kind: &str| match kind {
        "token" => format!("`{before}\"token\" token=\"env:{token}\"`"),
        _ => format!("`{before}\"app\" id=1234 key=\"env:{key}\"`"),
    };
    for name in not {
        if let Some(given) = block.given(name) {
            let (other, what) = if kind == "token" { ("app", "an App") } else { ("token", "a token") };
            cx.sink.push(
                Draft::error(code::NO_EFFECT, format!("`{name}` has no meaning with `{named}`"))
                    .at(given.span, "remove this")
                    .help(format!("{what} is written {}", example(other))),
            );
        }
    }
    for name in needs {
        if block.given(name).is_none() {
            cx.sink.push(
                Draft::error(code::MISSING, format!("`{named}` has no `{name}`"))
                    .at(block.span, "here")
                    .help(format!("write {}", example("app"))),
            );
        }
    }
    if kind == "token" {
        return SecretRef::parse(block.text("token")?.0).map(Auth::Token);
    }
    let id = block.value("id")?;
    let id = if let Value::Int(n) = id.value { u64::try_from(n).ok()? } else { return None };
    Some(Auth::App { id, key: SecretRef::parse(block.text("key")?.0)? })
}
