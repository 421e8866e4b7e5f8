//! The codes of problems, each with its paragraph; a test makes a bad config for every one.

/// A code and what it stands for.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// E.g. `config::unknown-key`.
    pub name: &'static str,
    /// One paragraph for people.
    pub about: &'static str,
}

macro_rules! codes {
    ($( $ident:ident = $name:literal, $about:literal; )*) => {
        $( #[doc = $about] pub const $ident: &Code = &Code { name: $name, about: $about }; )*

        /// Every code, in the order of the reference page.
        pub const ALL: &[&Code] = &[$( $ident, )*];
    };
}

codes! {
    NO_FACTORY = "config::no-factory", "The root file `factory.kdl` is missing, empty, or has no `factory` section. An empty config is never taken for the wish that nothing be managed.";
    UNREAD = "config::unread", "A file stands among the config files and was not read: it can't be opened, leads out of the repository, or is neither KDL nor TOML.";
    PASSED_OVER = "config::passed-over", "A file looks like config and is not read, so that what it says has no effect: it has another ending than `.kdl` and `.toml`, or stands neither under `policies/` nor as `factory.kdl` at the root.";
    TOO_LARGE = "config::too-large", "A file is larger than 4 MiB.";
    NOT_UTF8 = "config::not-utf8", "A file is not UTF-8; the message names the first byte that isn't.";
    TOO_DEEP = "config::too-deep", "Braces, comments or tables nest deeper than the limit, usually since a closing one is missing.";
    TOO_MANY = "config::too-many", "More repositories, names in a list, or problems than the limit allows.";
    UNSEEN = "config::unseen", "A control character, or one that turns the direction of writing: what people read in a review is not what the file says.";
    SYNTAX = "config::syntax", "The file is not KDL 2, or not TOML. Nothing in it could be read.";
    ANNOTATION = "config::annotation", "A KDL type annotation, `(type)value`, which has no meaning in config.";
    SHAPE = "config::shape", "Something is written in the form of another thing: a field as a block, or a section as a single value.";
    UNKNOWN_KEY = "config::unknown-key", "A section or field of this name doesn't exist here. Unknown names are errors, since a misspelt one would otherwise silently have no effect.";
    DUPLICATE = "config::duplicate", "The same thing is declared twice. Names of repositories, labels and sections are compared without regard to case.";
    MISSING = "config::missing", "A required name or field isn't there.";
    EXTRA_VALUE = "config::extra-value", "More values than the section or field takes, usually since an `=` is missing.";
    WRONG_TYPE = "config::wrong-type", "A value of another type than the field takes, e.g. text where a flag is expected.";
    OUT_OF_RANGE = "config::out-of-range", "A number, a length of time or a text beyond what is allowed.";
    MALFORMED = "config::malformed", "A value of the right type that doesn't have the form which the field asks for.";
    UNKNOWN_WORD = "config::unknown-word", "A word that is not among those which the field takes.";
    LITERAL_SECRET = "config::literal-secret", "A secret is written into config, in whichever section or field; or, as a warning, the value of a variable whose name says that it is one. Write where it is found instead, and revoke it if it was ever committed: Git keeps it.";
    UNKNOWN_LOOP = "config::unknown-loop", "There is no loop of this name.";
    UNKNOWN_LABEL_SET = "config::unknown-label-set", "No `label-set` of this name is declared in any file.";
    UNKNOWN_AGENT = "config::unknown-agent", "A task, a pipeline or a playbook names an agent that no file declares.";
    UNKNOWN_REPO = "config::unknown-repo", "A task or a `route` names a repository that no file declares, or one that no issue can be brought to.";
    UNKNOWN_PIPELINE = "config::unknown-pipeline", "A repository, a group or the defaults name a pipeline that no file declares.";
    UNKNOWN_MERGE_POLICY = "config::unknown-merge-policy", "A pipeline, a repository, a group or the defaults name a merge policy that no file declares.";
    UNKNOWN_PLAYBOOK = "config::unknown-playbook", "A playbook that nothing would use: it has neither the name of a built-in one nor a specialist's, which ends in `-stuck`.";
    UNKNOWN_PLACE = "config::unknown-place", "A place `{{…}}` in a prompt that nothing is ever put into; `explain playbook.prompt` lists those that there are.";
    UNUSED_LABEL_SET = "config::unused-label-set", "A `label-set` that no `labels` refers to, so that it has no effect.";
    EMPTY_GROUP = "config::empty-group", "A group that no declared repository belongs to, so that it has no effect. Groups match declared repositories only.";
    LABEL_CONFLICT = "config::label-conflict", "Two label sets used together say different things of one label, and neither is nearer to the repository than the other.";
    RENAME_CONFLICT = "config::rename-conflict", "A label is to be renamed from a name that is itself declared, or from which another label is to be renamed too.";
    EMPTY_AUTHORITY = "config::empty-authority", "An authoritative collection in which not a single member is kept: every label of the repository would be deleted.";
    MERGE_METHODS = "config::merge-methods", "All three merge methods of a repository are off; GitHub refuses that, since nothing could be merged.";
    MERGE_TEXTS = "config::merge-texts", "A combination of title and message of merged or squashed commits that GitHub refuses.";
    ARCHIVED_CREATE = "config::archived-create", "A repository is to be created and to be archived, that is made read-only, at once.";
    NEVER_GREEN = "config::never-green", "A merge policy that merges what is green and requires no check. Nothing would stand between a change and the branch, so an empty set of checks is never green.";
    ONE_IDENTITY = "config::one-identity", "A merge policy that waits for an approval which only a person can give: the factory has one identity on GitHub, which can't approve what it opened itself, or no run reviews what its reviewer would approve.";
    UNCOUNTED_SPEND = "config::uncounted-spend", "A limit on spend that can't be kept: there is no table of prices to count tokens by, or the agent tells nothing of what it uses.";
    ODD_PRICES = "config::odd-prices", "A table of prices that is counted by as it stands and can hardly be meant: one of a day that is still to come, or one in which everything is free.";
    EXPIRED = "config::expired", "A dated override has passed its date. It no longer holds and has to be removed or renewed.";
    NO_EFFECT = "config::no-effect", "Something that is allowed and has no effect where it stands.";
}
