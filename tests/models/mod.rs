//! Stands in for the APIs of models: Anthropic's messages, OpenAI's responses, Gemini's content. It knows nothing of ours:
//! the agents that talk to it are the real ones, and what it told them is on its own bill.
//!
//! Which play it plays is told by the key that an agent has; how far the play is, by what the request holds. So nothing is
//! kept between two calls but the bill.

mod anthropic;
mod gemini;
mod openai;
mod play;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::world::runtime;

/// A call of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The key that it came with.
    pub(crate) key: String,
    /// The model that was asked for.
    pub(crate) model: String,
    /// The status that was answered.
    pub(crate) status: u16,
    /// What was told to have been used, where the answer was given whole.
    pub(crate) told: Option<Tokens>,
    /// What was said so far on both sides, in its order.
    pub(crate) said: Vec<String>,
}

/// What a call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// Read, and not from the cache.
    pub(crate) input: u64,
    /// Read from the cache.
    pub(crate) cached: u64,
    /// Written.
    pub(crate) output: u64,
}

impl Tokens {
    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            input: self.input + other.input,
            cached: self.cached + other.cached,
            output: self.output + other.output,
        }
    }

    /// What came after the other one.
    pub(crate) fn since(self, other: Self) -> Self {
        Self {
            input: self.input - other.input,
            cached: self.cached - other.cached,
            output: self.output - other.output,
        }
    }

    /// All of them.
    pub(crate) fn all(self) -> u64 {
        self.input + self.cached + self.output
    }
}

/// What a request asks for, whatever it is written in.
#[derive(Default)]
struct Asked {
    model: String,
    /// How many results of tools it brings.
    results: usize,
    /// The tools that it offers.
    tools: Vec<String>,
    /// Whether the answer is to come in parts.
    streams: bool,
    /// Whether it is to be JSON of a form.
    typed: bool,
    /// What was said so far.
    said: Vec<String>,
    /// Whether the work was committed already. Results don't tell: those of a session that goes on Gemini CLI 0.61 brings twice.
    committed: bool,
}

impl Asked {
    fn offers(&self, tool: &str) -> bool {
        self.tools.iter().any(|offered| offered == tool)
    }

    fn holds(&self, words: &str) -> bool {
        self.said.iter().any(|said| said.contains(words))
    }
}

/// What goes back.
enum Reply {
    /// An answer of the model, and what it used.
    Whole { kind: &'static str, body: String, told: Tokens },
    /// A request that is refused.
    Refused { status: u16, body: Value },
    /// Bytes that are no answer.
    Garbage,
    /// An answer that never comes.
    Late,
    /// The beginning of an answer, after which the connection breaks off.
    Cut { kind: &'static str, body: String },
}

#[derive(Default)]
struct Books {
    calls: Vec<Call>,
    unknown: Vec<String>,
}

/// The server. It ends when it is dropped.
pub(crate) struct Models {
    at: SocketAddr,
    books: Arc<Mutex<Books>>,
    serving: JoinHandle<()>,
}

impl Models {
    /// Starts one on this machine, at a port of its own.
    pub(crate) fn start() -> Self {
        let books = Arc::new(Mutex::new(Books::default()));
        let router = Router::new().fallback(serve).with_state(Arc::clone(&books));
        let listener = runtime().block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let at = listener.local_addr().expect("it is bound");
        let serving = runtime().spawn(async move {
            axum::serve(listener, router).await.expect("it serves for ever");
        });
        Self { at, books, serving }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    /// Every call that came with a key.
    pub(crate) fn calls(&self, key: &str) -> Vec<Call> {
        let books = self.books.lock().expect("no holder panics");
        books.calls.iter().filter(|call| call.key == key).cloned().collect()
    }

    /// What all the answers have used that were given whole to a key.
    pub(crate) fn bill(&self, key: &str) -> Tokens {
        self.calls(key).iter().filter_map(|call| call.told).fold(Tokens::default(), Tokens::plus)
    }

    /// What all the answers have used that were given whole to anybody.
    pub(crate) fn whole_bill(&self) -> Tokens {
        let books = self.books.lock().expect("no holder panics");
        books.calls.iter().filter_map(|call| call.told).fold(Tokens::default(), Tokens::plus)
    }

    /// Requests that it didn't know.
    pub(crate) fn unknown(&self) -> Vec<String> {
        self.books.lock().expect("no holder panics").unknown.clone()
    }
}

impl Drop for Models {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    State(books): State<Arc<Mutex<Books>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let whole = String::from_utf8_lossy(&body).into_owned();
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let path = uri.path();
    let found = match method {
        Method::POST if path.ends_with("/messages") => {
            Some((anthropic::asked(&body), anthropic::reply as Writes))
        }
        Method::POST if path.ends_with("/responses") => Some((openai::asked(&body), openai::reply as Writes)),
        // Whether anybody is there.
        Method::HEAD if path == "/" => return response(StatusCode::OK, "text/plain", Body::empty()),
        Method::POST => gemini::asked(path, &body).map(|asked| (asked, gemini::reply as Writes)),
        _ => None,
    };
    let mut books = books.lock().expect("no holder panics");
    let Some((mut asked, writes)) = found else {
        books.unknown.push(format!("{method} {uri}"));
        return response(StatusCode::NOT_FOUND, "application/json", Body::from("{}"));
    };
    asked.committed = whole.contains(play::COMMITS);
    let key = key(&headers);
    let before = books.calls.iter().filter(|call| call.key == key).count();
    let reply = writes(&asked, &play::plays(&key, &asked, before));
    let (status, told) = match &reply {
        Reply::Whole { told, .. } => (200, Some(*told)),
        Reply::Refused { status, .. } => (*status, None),
        Reply::Cut { .. } | Reply::Garbage | Reply::Late => (200, None),
    };
    books.calls.push(Call { key, model: asked.model, status, told, said: asked.said });
    match reply {
        Reply::Whole { kind, body, .. } => response(StatusCode::OK, kind, Body::from(body)),
        Reply::Refused { status, body } => {
            let status = StatusCode::from_u16(status).expect("a status");
            response(status, "application/json", Body::from(body.to_string()))
        }
        Reply::Garbage => response(StatusCode::OK, "text/event-stream", Body::from(GARBAGE)),
        Reply::Late => {
            let never = futures::stream::pending::<Result<String, std::io::Error>>();
            response(StatusCode::OK, "text/event-stream", Body::from_stream(never))
        }
        Reply::Cut { kind, body } => {
            let parts = [Ok(body), Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))];
            response(StatusCode::OK, kind, Body::from_stream(futures::stream::iter(parts)))
        }
    }
}

/// What the first call of a conversation uses.
pub(crate) fn first() -> Tokens {
    play::used(&Asked::default())
}

/// How a reply is written in one of the languages.
type Writes = fn(&Asked, &play::Move) -> Reply;

fn response(status: StatusCode, kind: &str, body: Body) -> Response {
    Response::builder().status(status).header("content-type", kind).body(body).expect("plain headers")
}

/// The key, wherever an API has it.
fn key(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let bearer = text("authorization").trim_start_matches("Bearer ");
    let all = [text("x-api-key"), text("x-goog-api-key"), bearer];
    all.into_iter().find(|key| !key.is_empty()).unwrap_or_default().to_owned()
}

/// The texts among the parts of messages; what is no list of parts is a text by itself.
fn texts<'a>(contents: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let each = contents.flat_map(|content| match content {
        Value::String(text) => vec![text.clone()],
        parts => {
            let parts = parts.as_array().into_iter().flatten();
            parts.filter_map(|part| part["text"].as_str().map(str::to_owned)).collect()
        }
    });
    each.collect()
}

/// Events as a stream of server-sent events; their names stand in front where they have some.
fn events(named: bool, all: &[Value]) -> String {
    let one = |event: &Value| {
        let name = event["type"].as_str().filter(|_| named).map(|name| format!("event: {name}\n"));
        format!("{}data: {event}\n\n", name.unwrap_or_default())
    };
    all.iter().map(one).collect()
}

/// What no parser understands.
const GARBAGE: &str = "data: {\"type\": \u{fffd}\u{0}[[[\n\nevent: \u{1b}[31m nothing\n<html>\u{2028}";
