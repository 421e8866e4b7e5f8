//! What went wrong with a request, in a closed set of kinds that callers branch on.
//!
//! The text is for people; no caller reads it. It carries GitHub's own words and the request id, and never a
//! credential: neither headers nor bodies of ours become part of an error.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;

/// A request that didn't succeed.
#[derive(Debug, Clone)]
pub struct Error(Box<Details>);

#[derive(Debug, Clone)]
struct Details {
    kind: Kind,
    method: Method,
    path: String,
    status: Option<u16>,
    message: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// What kind of failure it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// 404 or 410: not there, or not to be seen by this credential.
    Absent,
    /// 401: the credential is wrong, expired or revoked.
    Unauthorized,
    /// 403: the credential may not do this.
    Forbidden {
        /// Scopes or permissions of which one would do, where GitHub names them.
        needs: Vec<String>,
    },
    /// 403 because the repository is archived.
    Archived,
    /// The pool of requests or points is spent.
    PrimaryLimit {
        /// When it is full again.
        until: Timestamp,
    },
    /// Too many requests, or creations, in a short time.
    SecondaryLimit {
        /// How long GitHub wants to be left alone.
        retry_after: Duration,
    },
    /// 409: the world isn't in the state that the request needs.
    Conflict,
    /// 422, or another 4xx that says the request itself is wrong.
    Invalid {
        /// What GitHub says of each field.
        errors: Vec<FieldError>,
    },
    /// A redirect that wasn't followed.
    Moved {
        /// The new place: a path on the same server, or a whole URL on another.
        to: String,
        /// The repository's present `owner/name`, where it could be found out.
        now: Option<String>,
    },
    /// 5xx.
    Server,
    /// No complete answer in time. The request may have taken effect.
    Timeout,
    /// The connection failed.
    Network {
        /// Whether the request may have taken effect.
        sent: Sent,
    },
    /// The answer isn't what GitHub sends. The request may have taken effect.
    Malformed {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The answer is longer than we read, or takes more to make than GitHub gives to one query.
    TooLarge,
}

/// Whether a request may have reached GitHub before the connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// No connection stood: it had no effect.
    No,
    /// It may or may not have had its effect.
    Maybe,
}

/// GitHub's objection to one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// What kind of thing it is, like `Label`.
    pub resource: Option<String>,
    /// The field, like `name`.
    pub field: Option<String>,
    /// GitHub's code, like `already_exists`.
    pub code: Option<String>,
    /// Its words, where there are any.
    pub message: Option<String>,
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It may pass: look again after this time.
    Retry {
        /// The least pause.
        after: Duration,
    },
    /// It stays until somebody changes something.
    GiveUp,
    /// No requests are left.
    OutOfCredit {
        /// Until then.
        until: Timestamp,
    },
    /// We asked for something that makes no sense.
    Bug,
}

impl Error {
    pub(super) fn new(kind: Kind, method: &Method, path: &str) -> Self {
        Self(Box::new(Details {
            kind,
            method: method.clone(),
            path: path.to_owned(),
            status: None,
            message: None,
            request_id: None,
            retry_after: None,
            cause: None,
        }))
    }

    pub(super) fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    pub(super) fn with_message(mut self, message: Option<String>) -> Self {
        self.0.message = message;
        self
    }

    pub(super) fn with_request_id(mut self, id: Option<String>) -> Self {
        self.0.request_id = id;
        self
    }

    pub(super) fn with_retry_after(mut self, pause: Option<Duration>) -> Self {
        self.0.retry_after = pause;
        self
    }

    pub(super) fn with_cause(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(Arc::from(cause.into()));
        self
    }

    pub(super) fn with_name(mut self, name: String) -> Self {
        if let Kind::Moved { now, .. } = &mut self.0.kind {
            *now = Some(name);
        }
        self
    }

    /// A read that succeeded, and whose answer doesn't tell what was asked for.
    pub fn untold(path: &str, why: &'static str) -> Self {
        Self::new(Kind::Malformed { why }, &Method::GET, path)
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// The method of the request.
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// The path and query of the request, below the base.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The status of the answer, where there was one.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// GitHub's own words, or what was missing where GitHub wasn't even asked.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// What GitHub calls this request; its support asks for it.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long GitHub wants to be left alone after a failure of its own, where it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the thing asked for is gone or out of sight.
    pub fn is_absent(&self) -> bool {
        self.0.kind == Kind::Absent
    }

    /// Whether a name was refused because something has it already. GitHub has a code for that, and words where it uses
    /// the code `custom`, as it does of repositories.
    pub fn name_is_taken(&self) -> bool {
        let Kind::Invalid { errors } = &self.0.kind else { return false };
        errors.iter().filter(|error| error.field.as_deref() == Some("name")).any(|error| {
            let says = |part: &Option<String>, word: &str| part.as_deref().is_some_and(|p| p.contains(word));
            says(&error.code, "already_exists") || says(&error.message, "already exists")
        })
    }

    /// Whether a write that failed so may nevertheless have happened: then only a look at the world tells.
    pub fn may_have_happened(&self) -> bool {
        match self.0.kind {
            Kind::Network { sent } => sent == Sent::Maybe,
            Kind::Server | Kind::Timeout | Kind::Malformed { .. } | Kind::TooLarge => true,
            Kind::Absent
            | Kind::Unauthorized
            | Kind::Forbidden { .. }
            | Kind::Archived
            | Kind::PrimaryLimit { .. }
            | Kind::SecondaryLimit { .. }
            | Kind::Conflict
            | Kind::Invalid { .. }
            | Kind::Moved { .. } => false,
        }
    }

    /// What to do about it, beyond the retries that the client has already made.
    pub fn disposition(&self) -> Disposition {
        match &self.0.kind {
            Kind::PrimaryLimit { until } => Disposition::OutOfCredit { until: *until },
            Kind::SecondaryLimit { retry_after } => Disposition::Retry { after: *retry_after },
            Kind::Server | Kind::Timeout | Kind::Network { .. } | Kind::Malformed { .. } => {
                Disposition::Retry {
                    after: self.0.retry_after.unwrap_or_default().max(Duration::from_secs(10)),
                }
            }
            // Whoever looks again plans from the new state.
            Kind::Conflict => Disposition::Retry { after: Duration::from_secs(1) },
            Kind::Invalid { .. } if self.0.status != Some(422) => Disposition::Bug,
            Kind::Absent
            | Kind::Unauthorized
            | Kind::Forbidden { .. }
            | Kind::Archived
            | Kind::Invalid { .. }
            | Kind::Moved { .. }
            | Kind::TooLarge => Disposition::GiveUp,
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as _)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { kind, method, path, status, message, request_id, retry_after, .. } = &*self.0;
        write!(out, "{kind}")?;
        if let Some(pause) = retry_after {
            write!(out, ", wait {} s", pause.as_secs())?;
        }
        write!(out, ": {method} {}", path.replace(char::is_control, " "))?;
        if let Some(message) = message {
            write!(out, ": {}", message.replace(char::is_control, " "))?;
        }
        match (status, request_id) {
            (Some(status), Some(id)) => write!(out, " ({status}, request {id})"),
            (Some(status), None) => write!(out, " ({status})"),
            (None, Some(id)) => write!(out, " (request {id})"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => out.write_str("not found, or not visible to this credential"),
            Self::Unauthorized => out.write_str("GitHub doesn't accept the credential"),
            Self::Forbidden { needs } if needs.is_empty() => out.write_str("forbidden for this credential"),
            Self::Forbidden { needs } => {
                write!(out, "forbidden for this credential, which needs {}", needs.join(" or "))
            }
            Self::Archived => out.write_str("the repository is archived"),
            Self::PrimaryLimit { until } => write!(out, "the rate limit is spent until {until:.0}"),
            Self::SecondaryLimit { retry_after } => {
                write!(out, "too many requests in a short time, wait {} s", retry_after.as_secs())
            }
            Self::Conflict => out.write_str("conflict with the present state"),
            Self::Invalid { errors } => {
                out.write_str("GitHub refuses the request")?;
                for (n, error) in errors.iter().enumerate() {
                    write!(out, "{} {error}", if n == 0 { " because of" } else { "," })?;
                }
                Ok(())
            }
            Self::Moved { to, now: None } => write!(out, "moved to {to}"),
            Self::Moved { now: Some(name), .. } => write!(out, "moved: the repository is now called {name}"),
            Self::Server => out.write_str("GitHub failed"),
            Self::Timeout => out.write_str("no answer in time"),
            Self::Network { sent: Sent::No } => out.write_str("cannot connect to GitHub"),
            Self::Network { sent: Sent::Maybe } => out.write_str("the connection to GitHub broke"),
            Self::Malformed { why } => write!(out, "the answer is {why}"),
            Self::TooLarge => out.write_str("the answer is too large"),
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.resource, &self.field].map(|part| part.as_deref().unwrap_or(""));
        let place = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(".");
        let says = [&self.code, &self.message].map(|part| part.as_deref().unwrap_or(""));
        let says = says.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(", ");
        match (place.is_empty(), says.is_empty()) {
            (false, false) => write!(out, "{place} ({says})"),
            (false, true) => out.write_str(&place),
            (true, _) => out.write_str(&says),
        }
    }
}
