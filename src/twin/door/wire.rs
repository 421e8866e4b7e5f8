//! Turning an answer into bytes on a connection, also into broken ones.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use futures::stream;

use super::failure::Failure;

/// An answer before it is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A mark on a response: close the connection instead of sending it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Abort;

impl Answer {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json; charset=utf-8".to_owned())];
        Self { status, headers, body: body.to_string().into_bytes() }
    }

    pub(crate) fn failure(failure: &Failure) -> Self {
        let mut answer = Self::json(failure.status, &failure.body());
        answer
            .headers
            .extend(failure.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        if let Some(to) = &failure.moved_to {
            answer.header("location", to.clone());
        }
        answer
    }

    pub(crate) fn header(&mut self, name: &str, value: impl Into<String>) {
        self.headers.push((name.to_owned(), value.into()));
    }

    /// The response as it should be.
    pub(crate) fn whole(self) -> Response<Body> {
        let body = Body::from(self.body.clone());
        self.with(body)
    }

    /// The whole length is promised, half of it is sent.
    pub(crate) fn truncated(mut self) -> Response<Body> {
        let length = self.body.len();
        self.header("content-length", length.to_string());
        let half = Bytes::copy_from_slice(&self.body[..length / 2]);
        let parts = [Ok(half), Err(std::io::Error::other("truncated on purpose"))];
        self.with(Body::from_stream(stream::iter(parts)))
    }

    /// The body comes in eight parts with a pause before each.
    pub(crate) fn slow(mut self, pause: Duration) -> Response<Body> {
        self.header("content-length", self.body.len().to_string());
        let size = self.body.len().div_ceil(8).max(1);
        let parts: Vec<Bytes> = self.body.chunks(size).map(Bytes::copy_from_slice).collect();
        let parts = stream::unfold(parts.into_iter(), move |mut rest| async move {
            let part = rest.next()?;
            tokio::time::sleep(pause).await;
            Some((Ok::<_, Infallible>(part), rest))
        });
        self.with(Body::from_stream(parts))
    }

    fn with(self, body: Body) -> Response<Body> {
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// A response that is never sent.
pub(crate) fn abort() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Abort);
    response
}
