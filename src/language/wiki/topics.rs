//! Which topic an entry belongs to: the one whose declared words it uses most.

/// A topic, and the words that speak for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name, which is its folder.
    pub name: String,
    /// Words that speak for it, in any case; one of several words is looked for as it is.
    pub keywords: Vec<String>,
}

/// The topics that are declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    /// All of them, in the order in which they are declared.
    pub topics: Vec<Topic>,
    /// The one of an entry for which no word speaks.
    pub default: String,
}

impl Topics {
    /// The topic of a text. Of several with equally many words the one that was declared first.
    pub fn of(&self, text: &str) -> &str {
        let text = spaced(text);
        let mut best: (usize, &str) = (0, &self.default);
        for topic in &self.topics {
            let hits = |keyword: &String| {
                Some(spaced(keyword)).filter(|word| word.len() > 2).map_or(0, |word| hits(&text, &word))
            };
            let count = topic.keywords.iter().map(hits).sum();
            if count > best.0 {
                best = (count, &topic.name);
            }
        }
        best.1
    }

    /// Whether there is a topic of this name.
    pub fn has(&self, name: &str) -> bool {
        self.default == name || self.topics.iter().any(|topic| topic.name == name)
    }
}

/// The words of a text in small letters, with a blank before, between and after them.
pub(in crate::language) fn spaced(text: &str) -> String {
    let mut out = String::from(" ");
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    for word in words {
        out.push_str(&word.to_lowercase());
        out.push(' ');
    }
    out
}

/// How often words occur in others, both spaced; one blank may end one and begin the next.
pub(super) fn hits(text: &str, words: &str) -> usize {
    let (mut count, mut at) = (0, 0);
    while let Some(found) = text[at..].find(words) {
        count += 1;
        at += found + words.len() - 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_with_most_words_wins() {
        let topic = |name: &str, keywords: &[&str]| Topic {
            name: name.into(),
            keywords: keywords.iter().map(ToString::to_string).collect(),
        };
        let topics = Topics {
            topics: vec![
                topic("testing", &["test", "flaky test", ""]),
                topic("gotchas", &["beware", "trap"]),
            ],
            default: "patterns".into(),
        };
        let rows = [
            ("none", "nothing that is declared", "patterns"),
            ("one", "A Test.", "testing"),
            ("part of a word", "testing attested", "patterns"),
            ("more", "test: beware, a trap", "gotchas"),
            ("as many: the first", "beware of a test", "testing"),
            ("side by side", "trap trap trap test test", "gotchas"),
            ("several words count besides", "a flaky test, a trap", "testing"),
        ];
        for (name, text, expected) in rows {
            assert_eq!(topics.of(text), expected, "{name}");
        }
    }
}
