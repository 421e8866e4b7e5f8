//! Answers that a fault gives instead of the real work.

use serde_json::json;

use super::failure::Failure;
use super::faults::FaultAction;
use super::wire::Answer;
use crate::twin::graphql;
use crate::twin::state::now;

/// An answer that never reached the real work.
pub(crate) fn broken(action: &FaultAction, is_graphql: bool) -> Answer {
    let limit_text = "API rate limit exceeded for the twin. (But here's the good news: it resets.)";
    match action {
        FaultAction::Status { status, body, headers } => {
            let failure = Failure::new(*status, "SERVICE_UNAVAILABLE", reason(*status));
            let mut answer = Answer::failure(&failure);
            if let Some(body) = body {
                answer.body = body.clone().into_bytes();
            }
            for (name, value) in headers {
                answer.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
                answer.header(name, value.clone());
            }
            answer
        }
        FaultAction::PrimaryLimit { reset_in_s } => {
            let now = now();
            let reset = now.as_second() + i64::try_from(*reset_in_s).unwrap_or(0);
            let failure = Failure::new(if is_graphql { 200 } else { 403 }, "RATE_LIMITED", limit_text);
            let mut answer = if is_graphql {
                Answer::json(200, &graphql::errors_only(&failure))
            } else {
                Answer::failure(&failure)
            };
            answer.header("x-ratelimit-limit", "5000");
            answer.header("x-ratelimit-remaining", "0");
            answer.header("x-ratelimit-used", "5000");
            answer.header("x-ratelimit-reset", reset.to_string());
            answer.header("x-ratelimit-resource", if is_graphql { "graphql" } else { "core" });
            answer
        }
        FaultAction::SecondaryLimit { retry_after_s, status } => {
            let mut answer = Answer::failure(&secondary(*status));
            if let Some(seconds) = retry_after_s {
                answer.header("retry-after", seconds.to_string());
            }
            answer
        }
        FaultAction::MalformedJson => {
            let mut answer = Answer::json(200, &json!({}));
            answer.body = b"{\"id\": 1, \"name\": \"cut of".to_vec();
            answer
        }
        FaultAction::Html { status } => Answer {
            status: *status,
            headers: vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())],
            body: b"<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head><body><p>This page is taking too long to load.</p></body></html>\n".to_vec(),
        },
        FaultAction::ResetBefore
        | FaultAction::ResetAfter
        | FaultAction::Truncate
        | FaultAction::Delay { .. }
        | FaultAction::SlowBody { .. }
        | FaultAction::Stale { .. } => Answer::failure(&Failure::new(500, "INTERNAL", "Server Error")),
    }
}

pub(crate) fn secondary(status: u16) -> Failure {
    let text = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    Failure::new(status, "RATE_LIMITED", text)
}

fn reason(status: u16) -> &'static str {
    match status {
        401 => "Bad credentials",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        410 => "Gone",
        422 => "Validation Failed",
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => {
            "We couldn't respond to your request in time. Sorry about that. Please try resubmitting your request and contact us if the problem persists."
        }
        _ => "Server Error",
    }
}
