//! What a prompt says, for a reader who takes words of others for data.

use serde_json::Value;

/// How a line begins that is no one's data.
const DATA: &str = "    ";
/// How lines begin that say that something went before, and what is to be done otherwise.
const TOLD: [&str; 12] = [
    "This is attempt ",
    "It was parked ",
    "Brief 1 ",
    "Brief 2 ",
    "Plan 1 ",
    "Plan 2 ",
    "Before you plan again",
    "Round 1 was split",
    "The check `",
    "What is asked for and is not there",
    "A review found what must be mended",
    "It conflicts with `",
];
/// What lines end with that introduce words of others which ask for something.
const ASKED: [(&str, &str); 2] = [(" asks for changes", "as data:"), (" says on ", "as data:")];
/// What stands before an answer's form.
const FORM: &str = "What is asked for is an answer";

/// A prompt.
pub(super) struct Prompt<'t> {
    text: &'t str,
}

impl<'t> Prompt<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text }
    }

    /// The lines that whoever runs it wrote.
    fn lines(&self) -> impl Iterator<Item = &'t str> {
        self.text.lines().filter(|line| !line.starts_with(DATA))
    }

    /// The number of the issue; nought where it is about none.
    pub(super) fn issue(&self) -> u64 {
        let number = |line: &str| line.strip_prefix("Issue #")?.split_once(' ')?.0.parse().ok();
        self.lines().find_map(number).unwrap_or(0)
    }

    /// The title of the issue.
    pub(super) fn title(&self) -> &'t str {
        let mut lines = self.text.lines().skip_while(|line| !line.starts_with("Issue #")).skip(1);
        let title = lines.find_map(|line| line.strip_prefix(DATA).map(str::trim).filter(|it| !it.is_empty()));
        title.unwrap_or("Do what was asked for")
    }

    /// A text with what it says of the issue in its places.
    pub(super) fn fill(&self, text: &str) -> String {
        text.replace("{issue}", &self.issue().to_string()).replace("{title}", self.title())
    }

    /// Whether it says that something went before, and is to be otherwise.
    pub(super) fn told(&self) -> bool {
        let asked = |line: &str| ASKED.iter().any(|(words, end)| line.contains(words) && line.ends_with(end));
        self.lines().any(|line| TOLD.iter().any(|begin| line.starts_with(begin)) || asked(line))
    }

    /// Whether it is a plan that is to be judged, by the first sentence of what is to be done.
    pub(super) fn is_of_plan(&self) -> bool {
        self.text.lines().next().is_some_and(|line| line.contains("this plan"))
    }

    /// How many lines it has.
    pub(super) fn count(&self) -> usize {
        self.text.lines().count()
    }

    /// The commit that is to be taken in.
    pub(super) fn conflicts_with(&self) -> Option<&'t str> {
        let line = self.lines().find(|line| line.starts_with("It conflicts with `"))?;
        let (_, after) = line.split_once("which is at ")?;
        Some(after.split(|c: char| !c.is_ascii_hexdigit()).next()?).filter(|sha| sha.len() >= 40)
    }

    /// The voice that it is to vote with.
    pub(super) fn voice(&self) -> Option<&'t str> {
        self.lines().find_map(|line| line.strip_prefix("You vote as the ")?.split_once(':')).map(|(it, _)| it)
    }

    /// The form of the answer that is asked for, if one is.
    pub(super) fn form(&self) -> Option<Value> {
        let (_, after) = self.text.rsplit_once(FORM)?;
        let (_, fenced) = after.split_once("```json\n")?;
        serde_json::from_str(fenced.split_once("\n```")?.0).ok()
    }
}
