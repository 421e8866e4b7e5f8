//! Pagination: `per_page`, `page`, and the `Link` header.
#![expect(clippy::unnecessary_wraps, reason = "pages are the last expression of routes, which may fail")]

use serde_json::Value;

use super::{Content, Cx, Outcome, Reply};

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    page: usize,
    per_page: usize,
}

impl Window {
    fn of(page: Option<&str>, per_page: Option<&str>) -> Self {
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<usize>().ok());
        Self {
            page: number(page).unwrap_or(1).max(1),
            per_page: number(per_page).filter(|n| *n > 0).unwrap_or(30).min(100),
        }
    }
}

/// Answers one page of a list; only the items on it are drawn.
pub(super) fn page<T>(cx: &Cx<'_>, address: &str, items: &[T], draw: impl Fn(&T) -> Value) -> Outcome {
    let (shown, headers) = slice(cx, address, items);
    let body = Value::Array(shown.iter().map(draw).collect());
    Ok(Reply { status: 200, body: Content::Json(body), headers })
}

/// Answers one page of a list that stands under a key beside its total.
pub(super) fn counted<T>(
    cx: &Cx<'_>,
    address: &str,
    key: &str,
    items: &[T],
    draw: impl Fn(&T) -> Value,
) -> Outcome {
    let (shown, headers) = slice(cx, address, items);
    let mut body = serde_json::json!({"total_count": items.len()});
    body[key] = Value::Array(shown.iter().map(draw).collect());
    Ok(Reply { status: 200, body: Content::Json(body), headers })
}

fn slice<'i, T>(cx: &Cx<'_>, address: &str, items: &'i [T]) -> (&'i [T], Vec<(&'static str, String)>) {
    let window = Window::of(cx.query("page"), cx.query("per_page"));
    let start = ((window.page - 1).saturating_mul(window.per_page)).min(items.len());
    let end = (start + window.per_page).min(items.len());
    let last = items.len().div_ceil(window.per_page).max(1);
    let others: Vec<(&str, &str)> = cx
        .query
        .iter()
        .filter(|(key, _)| key != "page")
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let link = link(address, &others, window.page, last);
    (&items[start..end], link.map(|link| ("link", link)).into_iter().collect())
}

fn link(address: &str, query: &[(&str, &str)], page: usize, last: usize) -> Option<String> {
    let to = |target: usize, name: &str| {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(query).append_pair("page", &target.to_string());
        format!("<{address}?{}>; rel=\"{name}\"", text.finish())
    };
    let mut parts = Vec::new();
    if page > 1 {
        parts.push(to((page - 1).min(last), "prev"));
    }
    if page < last {
        parts.push(to(page + 1, "next"));
        parts.push(to(last, "last"));
    }
    if page > 1 {
        parts.push(to(1, "first"));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_name_the_neighbours() {
        let show = |page, last| link("http://h/x", &[("per_page", "2")], page, last).unwrap_or_default();
        assert_eq!(show(1, 1), "");
        insta::assert_snapshot!(show(1, 3), @r#"<http://h/x?per_page=2&page=2>; rel="next", <http://h/x?per_page=2&page=3>; rel="last""#);
        insta::assert_snapshot!(show(2, 3), @r#"<http://h/x?per_page=2&page=1>; rel="prev", <http://h/x?per_page=2&page=3>; rel="next", <http://h/x?per_page=2&page=3>; rel="last", <http://h/x?per_page=2&page=1>; rel="first""#);
        insta::assert_snapshot!(show(3, 3), @r#"<http://h/x?per_page=2&page=2>; rel="prev", <http://h/x?per_page=2&page=1>; rel="first""#);
    }

    #[test]
    fn windows_are_bounded() {
        for (page, per_page, expected) in [
            (None, None, (1, 30)),
            (Some("0"), Some("0"), (1, 30)),
            (Some("3"), Some("100"), (3, 100)),
            (Some("x"), Some("1000"), (1, 100)),
        ] {
            let window = Window::of(page, per_page);
            assert_eq!((window.page, window.per_page), expected);
        }
    }
}
