//! Who may clone and push, and what a push causes.

use axum::body::Body;
use axum::http::Response;

use super::Store;
use super::http::{Call, GitPath, push_commands};
use crate::twin::acts;
use crate::twin::door::auth::{Caller, Need};
use crate::twin::door::session::Session;
use crate::twin::door::wire::Answer;

/// The most that one answer may hold.
const MAX_ANSWER: usize = 512 * 1024 * 1024;

/// Asks for credentials, as Git expects.
pub(crate) fn unauthorised() -> Answer {
    let mut answer = text(
        401,
        "Invalid username or token. Password authentication is not supported for Git operations.\n",
    );
    answer.header("www-authenticate", "Basic realm=\"GitHub\"");
    answer
}

fn text(status: u16, text: &str) -> Answer {
    let headers = vec![("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())];
    Answer { status, headers, body: text.as_bytes().to_vec() }
}

/// Serves a clone, a fetch or a push.
pub(crate) async fn serve(session: &Session, path: &GitPath, mut call: Call) -> Answer {
    let world = session.world();
    let found = world.repo(&path.owner, &path.name).or_else(|| world.moved(&path.owner, &path.name));
    let visible = found.filter(|repo| session.caller.permission(&world, repo).is_some());
    let anonymous = matches!(session.caller, Caller::Anonymous);
    let Some(repo) = visible.cloned() else {
        return if anonymous { unauthorised() } else { text(404, "Repository not found.\n") };
    };
    let pushes = path.is_push(&call.query);
    if pushes {
        if anonymous {
            return unauthorised();
        }
        if session.caller.may(&world, &repo, Need::CONTENTS).is_err() {
            return text(403, "Write access to repository not granted.\n");
        }
        if repo.settings.archived {
            return text(403, "This repository was archived so it is read-only.\n");
        }
    }
    let opened = session.shared.git.open(&world, &repo);
    let Ok(bare) = opened else { return text(500, "Internal Server Error\n") };
    call.folder = Store::folder(repo.id);
    call.user = session.caller.login(&world);
    if path.rest != "git-receive-pack" {
        return collect(session.shared.backend.call(call).await).await;
    }
    let commands = push_commands(&call.body);
    let one_at_a_time = session.shared.pushing.lock().await;
    let answer = collect(session.shared.backend.call(call).await).await;
    // A command succeeded if its ref is now where it was to go.
    let landed = commands.into_iter().filter(|command| {
        let gone = command.new.bytes().all(|digit| digit == b'0');
        let now = bare.tip(&command.name).ok().flatten();
        if gone { now.is_none() } else { now.as_deref() == Some(command.new.as_str()) }
    });
    for command in landed {
        let told =
            session.change(|tx| acts::refs::moved(tx, repo.id, &command.name, &command.old, &command.new));
        if let Err(failure) = told {
            tracing::warn!(reference = command.name, error = failure.message, "a push was not noted");
        }
    }
    drop(one_at_a_time);
    answer
}

/// A CGI answer as one that can be logged and broken.
async fn collect(response: Response<Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_ANSWER).await else {
        return text(500, "git failed\n");
    };
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    Answer { status: parts.status.as_u16(), headers, body: body.to_vec() }
}
