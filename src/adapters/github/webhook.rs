//! What GitHub posts to us: the signature checked first, then as much read as is needed.
//!
//! A delivery only says "look again". Its body is untrusted until [`verify`] has passed, and stays data after
//! that; an event that we don't know is no error.

use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::Sha256;

/// Why a delivery is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No `X-Hub-Signature-256`, or not of the form `sha256=<64 hex digits>`.
    #[error("the delivery is not signed")]
    Unsigned,
    /// The signature is another secret's, or another body's.
    #[error("the signature of the delivery is wrong")]
    Signature,
    /// A header is missing that GitHub always sends.
    #[error("the delivery has no {0} header")]
    Header(&'static str),
    /// The body is not a JSON object.
    #[error("the body of the delivery is not a JSON object")]
    Body,
    /// An empty secret protects nothing.
    #[error("the webhook secret is empty")]
    NoSecret,
}

/// Checks the `X-Hub-Signature-256` of a body, in a time that doesn't depend on where they differ.
pub fn verify(secret: &SecretString, body: &[u8], signature: Option<&str>) -> Result<(), Error> {
    if secret.expose_secret().is_empty() {
        return Err(Error::NoSecret);
    }
    let hex = signature.and_then(|signature| signature.strip_prefix("sha256=")).ok_or(Error::Unsigned)?;
    let expected: [u8; 32] =
        hex::decode(hex).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(Error::Unsigned)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(body);
    mac.verify_slice(&expected).map_err(|_| Error::Signature)
}

/// One delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The event, like `push`.
    pub event: String,
    /// GitHub's id of it; a repeated delivery has the same.
    pub id: String,
    /// The payload, an object.
    pub body: Value,
}

impl Delivery {
    /// Reads the `X-GitHub-Event` and `X-GitHub-Delivery` headers and the body, which must have been verified.
    pub fn parse(event: Option<&str>, id: Option<&str>, body: &[u8]) -> Result<Self, Error> {
        let event = event.filter(|event| !event.is_empty()).ok_or(Error::Header("X-GitHub-Event"))?;
        let id = id.filter(|id| !id.is_empty()).ok_or(Error::Header("X-GitHub-Delivery"))?;
        match serde_json::from_slice(body) {
            Ok(body @ Value::Object(_)) => Ok(Self { event: event.to_owned(), id: id.to_owned(), body }),
            _ => Err(Error::Body),
        }
    }

    /// The `owner/name` of the repository that it is about, where it is about one.
    pub fn repository(&self) -> Option<&str> {
        self.body.pointer("/repository/full_name").and_then(Value::as_str)
    }

    /// The ref that a push moved.
    pub fn git_ref(&self) -> Option<&str> {
        self.body.get("ref").and_then(Value::as_str)
    }

    /// The App that caused it, by its login, where it was one: nobody else acts under that.
    pub fn app(&self) -> Option<&str> {
        let login = self.body.pointer("/sender/login").and_then(Value::as_str)?;
        login.ends_with("[bot]").then_some(login)
    }

    /// What happened, for events that come in several kinds.
    pub fn action(&self) -> Option<&str> {
        self.body.get("action").and_then(Value::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // The example of GitHub's documentation.
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[test]
    fn only_the_right_signature_passes() {
        let check = |secret: &str, body, signature| verify(&secret.into(), body, signature);
        assert_eq!(check(SECRET, BODY, Some(SIGNATURE)), Ok(()));
        assert_eq!(check("another", BODY, Some(SIGNATURE)), Err(Error::Signature));
        assert_eq!(check(SECRET, b"Hello, World?", Some(SIGNATURE)), Err(Error::Signature));
        assert_eq!(check("", BODY, Some(SIGNATURE)), Err(Error::NoSecret));
        for bad in [
            None,
            Some(""),
            Some("sha256="),
            Some("sha1=00"),
            Some(&SIGNATURE[7..]),
            Some("sha256=75"),
            Some("sha256=zz"),
        ] {
            assert_eq!(check(SECRET, BODY, bad), Err(Error::Unsigned), "{bad:?}");
        }
    }

    #[test]
    fn an_unknown_event_is_read_all_the_same() {
        let body =
            br#"{"ref": "refs/heads/main", "action": 3, "repository": {"full_name": "acme/a"}, "new": 1}"#;
        let delivery = Delivery::parse(Some("novelty"), Some("1-2"), body).unwrap();
        assert_eq!(delivery.repository(), Some("acme/a"));
        assert_eq!(delivery.git_ref(), Some("refs/heads/main"));
        assert_eq!(delivery.action(), None);
        assert_eq!(Delivery::parse(None, Some("1"), body), Err(Error::Header("X-GitHub-Event")));
        assert_eq!(Delivery::parse(Some("push"), Some(""), body), Err(Error::Header("X-GitHub-Delivery")));
        assert_eq!(Delivery::parse(Some("push"), Some("1"), b"[]"), Err(Error::Body));
        assert_eq!(Delivery::parse(Some("push"), Some("1"), b"{"), Err(Error::Body));
    }

    proptest! {
        #[test]
        fn no_delivery_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..60), signature in "\\PC{0,80}") {
            prop_assert!(verify(&"s".into(), &body, Some(&signature)).is_err());
            drop(Delivery::parse(Some("push"), Some("1"), &body));
        }
    }
}
