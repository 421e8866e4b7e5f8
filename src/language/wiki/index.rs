//! The page `index.md` of a wiki: its topics, with their entries. It has no dates, so it changes only when entries do.

use std::collections::BTreeMap;

use super::entry::Entry;

/// The page. What no longer holds is counted, and not listed.
pub fn index(entries: &[Entry]) -> String {
    let mut topics: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        topics.entry(&entry.facts().topic).or_default().push(entry);
    }
    let holding = entries.iter().filter(|entry| entry.is_active()).count();
    let mut out = String::from("<!-- Made from the entries; change those instead. -->\n\n# Wiki\n\n");
    out.push_str(&format!(
        "{} in {}.\n",
        many(holding, "entry", "entries"),
        many(topics.len(), "topic", "topics")
    ));
    for (topic, mut entries) in topics {
        let gone = entries.iter().filter(|entry| !entry.is_active()).count();
        entries.retain(|entry| entry.is_active());
        entries.sort_by_cached_key(|entry| (entry.facts().title.to_lowercase(), entry.facts().id));
        out.push_str(&format!("\n## {topic} ({})\n", entries.len()));
        if !entries.is_empty() {
            out.push('\n');
        }
        for entry in entries {
            let again = entry.facts().corroborations - 1;
            let more = if again == 0 { String::new() } else { format!(" (+{again})") };
            out.push_str(&format!("* [{}]({}){more}\n", escaped(&entry.facts().title), entry.path()));
        }
        if gone > 0 {
            let holds = if gone == 1 { "holds" } else { "hold" };
            out.push_str(&format!("\n{} no longer {holds}.\n", many(gone, "entry", "entries")));
        }
    }
    out
}

fn many(n: usize, one: &str, more: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { more })
}

/// A title as the text of a link has it.
fn escaped(title: &str) -> String {
    title.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::wiki::sample::entry;

    #[test]
    fn the_page_is_stable() {
        let mut entries = vec![
            entry(2, "testing", "b [x]", "corroborations: 3", "B"),
            entry(1, "testing", "A", "", "B"),
            entry(3, "testing", "a", "", "B"),
            entry(4, "gotchas", "Gone", "status: \"stale\"\nstale_reason: \"x\"", "B"),
        ];
        let page = index(&entries);
        insta::assert_snapshot!(page, @r"
        <!-- Made from the entries; change those instead. -->

        # Wiki

        3 entries in 2 topics.

        ## gotchas (0)

        1 entry no longer holds.

        ## testing (3)

        * [A](testing/01ARZ3NDEKTSV4RRFFQ69G5001-a.md)
        * [a](testing/01ARZ3NDEKTSV4RRFFQ69G5003-a.md)
        * [b \[x\]](testing/01ARZ3NDEKTSV4RRFFQ69G5002-a.md) (+2)
        ");
        entries.reverse();
        assert_eq!(index(&entries), page);
        assert!(index(&[]).ends_with("0 entries in 0 topics.\n"));
    }
}
