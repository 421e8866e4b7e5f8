//! Entries for tests.

use crate::language::front::Page;

use super::entry::Entry;

/// An entry with a number in its id, and lines of frontmatter that stand instead of its own.
pub(crate) fn entry(n: u8, topic: &str, title: &str, facts: &str, body: &str) -> Entry {
    let id = format!("01ARZ3NDEKTSV4RRFFQ69G5{n:03}");
    let text = format!(
        "---\nid: \"{id}\"\ntitle: \"{title}\"\ntopic: \"{topic}\"\n\
         source: {{\"type\": \"review\", \"issue\": 1, \"repo\": \"acme/widgets\"}}\n\
         created_at: \"2026-11-29T09:00:00Z\"\nupdated_at: \"2026-11-29T09:00:00Z\"\n\
         valid_from: \"2026-11-29T09:00:00Z\"\nconfidence: \"medium\"\nstatus: \"active\"\ncorroborations: 1\n---\n\n{body}\n"
    );
    let more = Page::parse(&format!("---\n{facts}\n---\n")).unwrap();
    let page = Page::parse(&text).unwrap();
    let page = more.fields().iter().fold(page, |page, field| page.with(&field.key, &field.value));
    Entry::read(&format!("{topic}/{id}-a.md"), page.text()).unwrap()
}
