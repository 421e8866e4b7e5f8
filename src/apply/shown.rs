//! Whether GitHub's reply to a write shows what was written. A status alone says that a request was accepted.

use serde_json::Value;

use crate::adapters::github::Reply;

/// Whether a reply shows what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "what a reply doesn't show has to be looked at"]
pub enum Shown {
    /// It does.
    Yes,
    /// It says nothing of it, or something else: only a look tells.
    No,
}

impl Shown {
    /// What both together show.
    pub(super) fn and(self, other: Self) -> Self {
        if self == Self::Yes { other } else { Self::No }
    }

    /// `Yes` if so.
    pub(super) fn when(so: bool) -> Self {
        if so { Self::Yes } else { Self::No }
    }

    /// Whether the reply's object has these fields with these values. A text that was cleared may come back as null.
    pub(super) fn fields<'a>(reply: &Reply, sent: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Self {
        let same = |(name, sent): (&str, &Value)| {
            let there = &reply.body[name];
            there == sent || (there.is_null() && sent.as_str() == Some("") && reply.body.get(name).is_some())
        };
        Self::when(reply.body.is_object() && sent.into_iter().all(same))
    }

    /// Whether the reply is the empty one that a deletion has.
    pub(super) fn gone(reply: &Reply) -> Self {
        Self::when(reply.status == 204)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::adapters::github::Links;

    #[test]
    fn a_reply_shows_what_it_says_and_nothing_else() {
        let reply = |body: Value| Reply {
            status: 200,
            body,
            etag: None,
            links: Links::default(),
            request_id: None,
            from_cache: false,
            moved_to: None,
        };
        let sent = json!({ "has_wiki": false, "description": "" });
        let rows = [
            ("the same", json!({ "has_wiki": false, "description": "", "id": 1 }), Shown::Yes),
            ("a cleared text as null", json!({ "has_wiki": false, "description": null }), Shown::Yes),
            ("another value", json!({ "has_wiki": true, "description": "" }), Shown::No),
            ("a field is missing", json!({ "has_wiki": false }), Shown::No),
            ("an empty object", json!({}), Shown::No),
            ("a list", json!([]), Shown::No),
            ("nothing", Value::Null, Shown::No),
        ];
        for (name, body, expect) in rows {
            let fields = sent.as_object().unwrap().iter().map(|(k, v)| (k.as_str(), v));
            assert_eq!(Shown::fields(&reply(body), fields), expect, "{name}");
        }
    }
}
