//! `github`: how GitHub is reached, and as whom.

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{Field, Kind, Type, Value};
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
    children: &[&AUTH, &WEBHOOK, &CREATIONS],
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

/// The fields that the kind of identity needs, and none of the other kind.
fn auth(block: &Block, cx: &mut Builder<'_>) -> Option<Auth> {
    let (kind, needs, not): (_, &[&str], &[&str]) = match block.key() {
        "token" => ("token", &[], &["id", "key"]),
        "app" => ("app", &["id", "key"], &["token"]),
        _ => return None,
    };
    for name in not {
        if let Some(given) = block.given(name) {
            cx.sink.push(
                Draft::error(code::NO_EFFECT, format!("`{name}` has no meaning with `auth \"{kind}\"`"))
                    .at(given.span, "remove this")
                    .help(if kind == "token" {
                        "an App is written `auth \"app\" id=1234 key=\"env:FACTORY_APP_KEY\"`"
                    } else {
                        "a token is written `auth \"token\" token=\"env:GITHUB_TOKEN\"`"
                    }),
            );
        }
    }
    for name in needs {
        if block.given(name).is_none() {
            cx.sink.push(
                Draft::error(code::MISSING, format!("`auth \"{kind}\"` has no `{name}`"))
                    .at(block.span, "here")
                    .help("write `auth \"app\" id=1234 key=\"env:FACTORY_APP_KEY\"`"),
            );
        }
    }
    if kind == "token" {
        let token = block.text("token").map_or("env:GITHUB_TOKEN", |(token, _)| token);
        return SecretRef::parse(token).map(Auth::Token);
    }
    let id = block.value("id")?;
    let id = if let Value::Int(n) = id.value { u64::try_from(n).ok()? } else { return None };
    Some(Auth::App { id, key: SecretRef::parse(block.text("key")?.0)? })
}
