//! The article before a name that takes the place of another one: an order is a purchase order.

use crate::language::finding::Fix;

/// What has the article before this place go with the name that is to stand there in place of what was used; none where it does
/// already, or where the letters don't tell.
pub fn adapted(text: &str, at: usize, used: &str, name: &str) -> Option<Fix> {
    let before = text.get(..at)?.strip_suffix(' ')?;
    let word = before.rsplit(|c: char| !c.is_alphanumeric()).next()?;
    let start = before.len() - word.len();
    let is = *["a", "an"].iter().find(|article| word.eq_ignore_ascii_case(article))?;
    let joined = before[..start].ends_with(['-', '_', '\'', '’', '/', '.', '@', '#', '$', '&', '+']);
    // Where it doesn't go with what stands there, it is no article.
    if joined || of(used).is_some_and(|its| its != is) {
        return None;
    }
    let with = of(name).filter(|its| *its != is)?;
    let with = if word.starts_with('A') { with.replacen('a', "A", 1) } else { with.to_owned() };
    Some(Fix { range: start..before.len(), with })
}

/// The article that goes with a name; none where that is a matter of how it is spoken: an hour, a user, a European, an ADR.
fn of(name: &str) -> Option<&'static str> {
    let word = name.split(|c: char| !c.is_alphanumeric()).next().filter(|word| word.is_ascii())?;
    let is_spelt = word.len() > 1 && !word.chars().skip(1).any(char::is_lowercase);
    let word = word.to_ascii_lowercase();
    let spoken = ["h", "u", "eu", "ew", "one", "once"].iter().any(|start| word.starts_with(start));
    match word.chars().next()? {
        _ if is_spelt || spoken || word.len() == 1 => None,
        'a' | 'e' | 'i' | 'o' => Some("an"),
        first => first.is_ascii_alphabetic().then_some("a"),
    }
}

#[cfg(test)]
mod tests {
    use super::adapted;

    #[test]
    fn an_article_goes_with_what_follows_it() {
        for (text, used, name, expected) in [
            ("an order", "order", "purchase order", Some("a purchase order")),
            ("A crate of it", "crate", "image", Some("An image of it")),
            ("It is\nan order", "order", "purchase order", Some("It is\na purchase order")),
            ("an hour", "hour", "slot", Some("a slot")),
            ("It —an order", "order", "purchase order", Some("It —a purchase order")),
            // It does already.
            ("an order", "order", "item", None),
            ("the order", "order", "purchase order", None),
            // The letters don't tell.
            ("an order", "order", "user", None),
            ("a record", "record", "ADR", None),
            ("an order", "order", "one-off", None),
            // It is no article.
            ("plan a order", "order", "purchase order", None),
            ("mañan order", "order", "purchase order", None),
            ("pick-an order", "order", "purchase order", None),
            ("order", "order", "purchase order", None),
        ] {
            let at = text.find(used).expect("it is used");
            let told = adapted(text, at, used, name).map(|fix| {
                let end = &text[at + used.len()..];
                format!("{}{} {name}{end}", &text[..fix.range.start], fix.with)
            });
            assert_eq!(told.as_deref(), expected, "{text}");
        }
    }
}
