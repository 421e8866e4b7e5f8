//! Pages of a connection: `first`/`after` and `last`/`before` over a list in memory.

use async_graphql::SimpleObject;
use base64::Engine as _;

/// Where a page lies within its list.
#[derive(Debug, Clone, Default, PartialEq, Eq, SimpleObject)]
pub(crate) struct PageInfo {
    pub(crate) end_cursor: Option<String>,
    pub(crate) has_next_page: bool,
    pub(crate) has_previous_page: bool,
    pub(crate) start_cursor: Option<String>,
}

/// The arguments of a connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bounds {
    pub(crate) first: Option<i32>,
    pub(crate) after: Option<String>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<String>,
}

/// One page of a list.
#[expect(clippy::struct_field_names, reason = "they are GitHub's")]
pub(crate) struct Page<T> {
    pub(crate) total_count: i32,
    pub(crate) page_info: PageInfo,
    pub(crate) nodes: Vec<T>,
}

fn cursor(index: usize, id: u64) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("cursor:v2:{index}:{id}"))
}

/// Where a cursor points now: its item may have moved, or be gone.
fn find(text: &str, ids: &[u64]) -> Option<usize> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (index, id) = text.strip_prefix("cursor:v2:")?.split_once(':')?;
    let (index, id): (usize, u64) = (index.parse().ok()?, id.parse().ok()?);
    // Where the item is gone, the one before it was at the index before.
    ids.iter().position(|other| *other == id).or_else(|| index.checked_sub(1))
}

/// Cuts a page out of a list; `id` tells items apart for cursors.
pub(crate) fn page<T>(
    items: Vec<T>,
    id: impl Fn(&T) -> u64,
    bounds: &Bounds,
) -> async_graphql::Result<Page<T>> {
    let ids: Vec<u64> = items.iter().map(id).collect();
    let bad = |name: &str, text: &str| {
        async_graphql::Error::new(format!("`{text}` does not appear to be a valid cursor."))
            .extend_with_type(name)
    };
    let total = items.len();
    let (mut start, mut end) = (0, total);
    if let Some(text) = bounds.after.as_deref() {
        start = find(text, &ids).map(|at| at + 1).ok_or_else(|| bad("INVALID_CURSOR_ARGUMENTS", text))?;
    }
    if let Some(text) = bounds.before.as_deref() {
        end = find(text, &ids).ok_or_else(|| bad("INVALID_CURSOR_ARGUMENTS", text))?;
    }
    start = start.min(total);
    end = end.clamp(start, total);
    let count = |n: i32| usize::try_from(n).unwrap_or(0);
    if let Some(first) = bounds.first {
        end = end.min(start + count(first));
    } else if let Some(last) = bounds.last {
        start = start.max(end.saturating_sub(count(last)));
    }
    let page_info = PageInfo {
        has_next_page: end < total,
        has_previous_page: start > 0,
        start_cursor: (start < end).then(|| cursor(start, ids[start])),
        end_cursor: (start < end).then(|| cursor(end - 1, ids[end - 1])),
    };
    let nodes = items.into_iter().skip(start).take(end - start).collect();
    Ok(Page { total_count: i32::try_from(total).unwrap_or(i32::MAX), page_info, nodes })
}

/// Gives an error GitHub's `type`.
pub(crate) trait WithType {
    fn extend_with_type(self, kind: &str) -> Self;
}

impl WithType for async_graphql::Error {
    fn extend_with_type(self, kind: &str) -> Self {
        async_graphql::ErrorExtensions::extend_with(self, |_, extensions| extensions.set("type", kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn following_cursors_sees_every_item_once(count in 0_u64..40, size in 1_i32..12) {
            let list: Vec<u64> = (100..100 + count).collect();
            let mut seen = Vec::new();
            let mut bounds = Bounds { first: Some(size), ..Bounds::default() };
            loop {
                let page = page(list.clone(), |id| *id, &bounds).unwrap();
                prop_assert_eq!(page.total_count, i32::try_from(count).unwrap());
                seen.extend(page.nodes);
                if !page.page_info.has_next_page {
                    break;
                }
                bounds.after = page.page_info.end_cursor;
            }
            prop_assert_eq!(seen, list);
        }

        #[test]
        fn the_last_page_ends_at_the_end(count in 0_u64..40, size in 0_i32..12) {
            let list: Vec<u64> = (0..count).collect();
            let page = page(list.clone(), |id| *id, &Bounds { last: Some(size), ..Bounds::default() }).unwrap();
            let size = usize::try_from(size).unwrap();
            prop_assert_eq!(page.nodes, list[list.len().saturating_sub(size)..].to_vec());
        }
    }

    #[test]
    fn a_deleted_item_loses_nothing_after_it() {
        let bounds = Bounds { first: Some(2), ..Bounds::default() };
        let first = page(vec![1, 2, 3, 4], |id| *id, &bounds).unwrap();
        let after = Bounds { first: Some(2), after: first.page_info.end_cursor, ..Bounds::default() };
        assert_eq!(page(vec![1, 3, 4], |id| *id, &after).unwrap().nodes, [3, 4]);
    }
}
