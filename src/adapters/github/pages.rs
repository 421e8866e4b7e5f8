//! Whole listings: all pages, or an error.
//!
//! Where GitHub numbers the pages, those after the first are read at once; the last one's own link decides
//! whether it was the last.

use futures::FutureExt;
use futures::future::{BoxFuture, try_join_all};
use http::Method;
use serde_json::Value;

use super::client::Client;
use super::error::{Error, Kind};
use super::links::{Links, split_query, with_parameter};
use super::wire::Reply;

impl Client {
    /// Reads all pages of a listing, a hundred entries each unless the path says otherwise. The entries are
    /// those of the array that the answer is, or of the only array in it.
    pub async fn pages(&self, owner: &str, path: &str) -> Result<Vec<Value>, Error> {
        let read = |path: String| async move { self.read(owner, &path).await }.boxed();
        collect(path, self.0.max_pages, read).await
    }
}

/// Reads all pages with `read`, `most` at most.
pub(super) async fn collect<'a>(
    path: &str,
    most: usize,
    read: impl Fn(String) -> BoxFuture<'a, Result<Reply, Error>>,
) -> Result<Vec<Value>, Error> {
    let first = with_parameter(path, "per_page", "100");
    let mut page = read(first.clone()).await?;
    let too_many = || Error::new(Kind::TooLarge, &Method::GET, path);
    let mut entries = Vec::new();
    let mut pages = 1;
    if let Some(paths) = numbered(&page.links, most).map_err(|Beyond| too_many())? {
        pages += paths.len();
        let replies = try_join_all(paths.into_iter().map(&read)).await?;
        for next in replies {
            take(&mut entries, std::mem::replace(&mut page, next), path)?;
        }
    }
    while let Some(next) = page.links.next.clone() {
        pages += 1;
        if pages > most {
            return Err(too_many());
        }
        let next = read(next).await?;
        take(&mut entries, std::mem::replace(&mut page, next), path)?;
    }
    take(&mut entries, page, path)?;
    Ok(entries)
}

/// More pages than allowed.
struct Beyond;

/// The paths of all pages after the first, where the links number them.
fn numbered(links: &Links, most: usize) -> Result<Option<Vec<String>>, Beyond> {
    let (Some(next), Some(last)) = (&links.next, &links.last) else { return Ok(None) };
    let (Some((template, 2)), Some((other, count))) = (page_number(next), page_number(last)) else {
        return Ok(None);
    };
    if template != other {
        return Ok(None);
    }
    if count > most {
        return Err(Beyond);
    }
    Ok(Some((2..=count).map(|page| with_parameter(&template, "page", &page.to_string())).collect()))
}

/// The path without its page, and the page.
fn page_number(path: &str) -> Option<(String, usize)> {
    let (bare, query) = split_query(path);
    let mut page = None;
    let mut kept: Vec<_> = Vec::new();
    for pair in query.split('&') {
        match pair.strip_prefix("page=") {
            Some(number) => page = number.parse().ok(),
            None => kept.push(pair),
        }
    }
    kept.sort_unstable(); // GitHub doesn't promise an order, and none matters
    let query = kept.join("&");
    let template = if query.is_empty() { bare.to_owned() } else { format!("{bare}?{query}") };
    page.map(|page| (template, page))
}

/// Adds the entries of one page.
fn take(entries: &mut Vec<Value>, page: Reply, path: &str) -> Result<(), Error> {
    let array = match page.body {
        Value::Array(array) => Some(array),
        Value::Object(object) => {
            let mut arrays = object.into_iter().filter_map(|(_, value)| match value {
                Value::Array(array) => Some(array),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
            });
            arrays.next().filter(|_| arrays.next().is_none())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    match array {
        Some(array) => entries.extend(array),
        None => {
            return Err(Error::new(Kind::Malformed { why: "not a listing" }, &Method::GET, path)
                .with_status(page.status)
                .with_request_id(page.request_id));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::ready;
    use proptest::prelude::*;
    use serde_json::json;
    use std::sync::Mutex;

    fn reply(body: Value, links: Links) -> Reply {
        Reply { status: 200, body, etag: None, links, request_id: None, from_cache: false, moved_to: None }
    }

    /// A listing of `total` entries that may say which page is the last, and may have grown meanwhile.
    async fn listing(
        total: usize,
        size: usize,
        says_last: bool,
        grown: usize,
        most: usize,
    ) -> Result<usize, Kind> {
        let asked = Mutex::new(0);
        let read = |path: String| {
            *asked.lock().unwrap() += 1;
            let page = page_number(&path).map_or(1, |(_, page)| page);
            let now = if page == 1 { total } else { total + grown };
            let last = now.div_ceil(size).max(1);
            let at = |page: usize| format!("/repositories/1/x?page={page}&per_page={size}");
            let entries: Vec<_> = (1..=now).skip((page - 1) * size).take(size).collect();
            let more = page < last;
            let links =
                Links { next: more.then(|| at(page + 1)), last: (more && says_last).then(|| at(last)) };
            ready(Ok(reply(json!({"total_count": now, "things": entries}), links))).boxed()
        };
        let entries = collect(&format!("/x?per_page={size}"), most, read).await;
        let entries = entries.map_err(|error| error.kind().clone())?;
        let expected: Vec<_> = (1..=entries.len()).map(|n| json!(n)).collect();
        assert_eq!(entries, expected);
        assert_eq!(*asked.lock().unwrap(), entries.len().div_ceil(size).max(1));
        Ok(entries.len())
    }

    proptest! {
        #[test]
        fn every_entry_comes_once_and_in_order(
            total in 0_usize..60, size in 1_usize..9, says_last: bool, grown in 0_usize..20,
        ) {
            let run = futures::executor::block_on(listing(total, size, says_last, grown, 100));
            let pages_when_first_read = total.div_ceil(size);
            let expected = if pages_when_first_read > 1 { total + grown } else { total };
            prop_assert_eq!(run, Ok(expected));
        }
    }

    #[tokio::test]
    async fn a_listing_without_end_is_an_error() {
        assert_eq!(listing(50, 1, true, 0, 10).await, Err(Kind::TooLarge));
        assert_eq!(listing(50, 1, false, 0, 10).await, Err(Kind::TooLarge));
        assert_eq!(listing(10, 1, false, 0, 10).await, Ok(10));
    }

    #[tokio::test]
    async fn what_is_no_listing_is_an_error() {
        for body in [json!({"a": 1}), json!({"a": [], "b": []}), json!("x"), Value::Null] {
            let error = collect("/x", 9, |_| ready(Ok(reply(body.clone(), Links::default()))).boxed())
                .await
                .unwrap_err();
            assert_eq!(error.kind(), &Kind::Malformed { why: "not a listing" });
        }
    }
}
