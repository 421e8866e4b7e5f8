//! What config takes, asked of the definitions that decode it, so that import has no rules of its own.

use crate::desired::sections::ROOT;
use crate::desired::shape::{Context, Kind, Type, Value, Vocabulary, check};
use crate::desired::text::{Raw, Spelling};
use crate::desired::{Severity, load};
use crate::model::{ConfigFile, ConfigFiles, LabelName, Setting, SettingValue};

use super::kdl::Node;

/// A repository's name in a config that only tries a value out.
const PROBE: &str = "probe/probe";

/// The rules of config.
pub(super) struct Rules {
    vocabulary: Vocabulary,
}

impl Rules {
    /// The rules as they are.
    pub(super) fn new() -> Self {
        let today = jiff::civil::Date::ZERO;
        Self { vocabulary: Vocabulary { loops: Vec::new(), guards: &[], rules: Vec::new(), today } }
    }

    /// Whether a setting may have this value; if not, why.
    pub(super) fn setting(&self, setting: Setting, value: &SettingValue) -> Result<(), String> {
        let ty = field(&["repo"], setting.name());
        match value {
            SettingValue::Flag(b) => self.one(ty, &Raw::Flag(*b)),
            SettingValue::Text(text) => self.text(ty, text),
            SettingValue::Names(names) => {
                if let Type::List { max, .. } = ty
                    && names.len() > max
                {
                    return Err(format!("has {} values; at most {max} are allowed", names.len()));
                }
                names.iter().try_for_each(|name| self.text(ty, name))
            }
        }
    }

    /// Whether settings may have these values together; if not, why. Each alone has been accepted.
    pub(super) fn together(&self, settings: &[Setting], values: &[SettingValue]) -> Result<(), String> {
        if settings.len() < 2 {
            return Ok(());
        }
        let mut repo = Node::new("repo").text(PROBE);
        for (setting, value) in settings.iter().zip(values) {
            repo.push(super::files::setting(*setting, value));
        }
        let mut text = "factory \"probe\"\n".to_owned();
        repo.write(&mut text);
        let file = ConfigFile { path: "factory.kdl".to_owned(), bytes: text.into_bytes() };
        let files = ConfigFiles { files: vec![file], ..ConfigFiles::default() };
        let Err(problems) = load(&files, &self.vocabulary) else { return Ok(()) };
        let message = problems.into_iter().find(|p| p.severity == Severity::Error).map(|p| p.message);
        let message = message.unwrap_or_default();
        // The message begins with the title of the repository, which is only a stand-in here.
        let says = message.split_once(&format!("{PROBE:?}")).map_or(message.as_str(), |(_, says)| says);
        Err(says.trim_start_matches('`').trim().to_owned())
    }

    /// Whether a label may have this name.
    pub(super) fn label_name(&self, name: &LabelName) -> Result<(), String> {
        let key = kind(&["label-set", "label"]).key.as_ref().expect("a label is told by its name");
        self.text(key.ty, name.as_str())
    }

    /// Whether a label's `field` may have this value.
    pub(super) fn label(&self, name: &str, value: &str) -> Result<(), String> {
        self.text(field(&["label-set", "label"], name), value)
    }

    /// Whether this may be the base of GitHub's API.
    pub(super) fn api(&self, url: &str) -> Result<(), String> {
        self.text(field(&["github"], "api"), url)
    }

    /// Whether config may give this name to one of its own things.
    pub(super) fn name(&self, name: &str) -> bool {
        self.text(Type::Name, name).is_ok()
    }

    /// Text that is taken as it is; a value that config would read as another one is refused as well.
    fn text(&self, ty: Type, text: &str) -> Result<(), String> {
        self.one(ty, &Raw::Text(text.into()))
    }

    fn one(&self, ty: Type, raw: &Raw<'_>) -> Result<(), String> {
        let cx = Context { spelling: Spelling::Kdl, vocabulary: &self.vocabulary };
        match (check(ty, raw, cx), raw) {
            (Err(problem), _) => Err(problem.says),
            (Ok(Value::Text(read)), Raw::Text(text)) if read != *text => {
                Err(format!("would be read as \"{read}\""))
            }
            (Ok(_), _) => Ok(()),
        }
    }
}

/// The kind at this path of kinds.
fn kind(path: &[&str]) -> &'static Kind {
    path.iter().fold(&ROOT, |kind, name| kind.child(name).expect("import names kinds that config has"))
}

fn field(path: &[&str], name: &str) -> Type {
    kind(path).field(name).expect("import names fields that config has").ty
}

#[cfg(test)]
mod tests {
    use super::*;
    use Setting::{AllowMergeCommit, AllowRebaseMerge, AllowSquashMerge};

    #[test]
    fn refusals_say_why() {
        let rules = Rules::new();
        let text = |t: &str| SettingValue::Text(t.to_owned());
        let alone = |setting, value| rules.setting(setting, &value).err().unwrap_or_default();
        let off = [const { SettingValue::Flag(false) }; 3];
        let methods = [AllowMergeCommit, AllowSquashMerge, AllowRebaseMerge];
        let texts = [Setting::MergeCommitTitle, Setting::MergeCommitMessage];
        let all = [
            alone(Setting::Homepage, text("www.acme.example")),
            alone(Setting::Description, text(&"é".repeat(351))),
            alone(Setting::Description, text("a\nb")),
            alone(Setting::Description, text("fine \u{202e}")),
            alone(Setting::Topics, SettingValue::Names((0..21).map(|i| format!("t{i}")).collect())),
            alone(Setting::Visibility, text("secret")),
            rules.together(&methods, &off).err().unwrap_or_default(),
            rules.together(&texts, &[text("PR_TITLE"), text("PR_TITLE")]).err().unwrap_or_default(),
            rules.together(&texts, &[text("MERGE_MESSAGE"), text("PR_TITLE")]).err().unwrap_or_default(),
            rules.label_name(&LabelName::observed("a,b")).err().unwrap_or_default(),
            rules.label("color", "D73A4A").err().unwrap_or_default(),
            rules.label("description", &"x".repeat(101)).err().unwrap_or_default(),
            rules.api("http://github.example").err().unwrap_or_default(),
        ];
        insta::assert_snapshot!(all.join("\n"), @r#"
        must be a website, `https://…`, or empty, not "www.acme.example"
        has 351 characters; at most 350 are allowed
        must be a line of text of at most 350 characters, not "a b"

        has 21 values; at most 20 are allowed
        must be `public`, `private` or `internal`, not "secret"
        allows no way to merge; GitHub refuses that
        combines `merge-commit-title` PR_TITLE with `merge-commit-message` PR_TITLE; GitHub refuses that

        must be a label's name of 1 to 50 characters, not "a,b"
        would be read as "d73a4a"
        has 101 characters; at most 100 are allowed
        must be `https://…`: over `http://` the token could be read on the way
        "#);
    }
}
