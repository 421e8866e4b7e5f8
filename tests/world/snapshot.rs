//! GitHub as text: everything that the product may change, so that two worlds can be compared at a glance.

use std::fmt::Write;

use factoryctl::twin::WorldHandle;

/// Every repository with its settings, labels (with the issues that carry them), pull requests and comments.
///
/// A label's id shows only when it was there before the program ran (`ids` below `first_new`), since ids of what is
/// made depend on the order of requests; an old label that was deleted and made again is thereby seen.
pub(crate) fn snapshot(github: &WorldHandle, first_new: u64) -> String {
    github.with(|world| {
        let mut repos: Vec<_> = world.repos.values().collect();
        repos.sort_by_key(|repo| repo.full_name().to_lowercase());
        let mut out = String::new();
        for repo in repos {
            let mut settings = repo.settings.clone();
            settings.topics.sort();
            writeln!(out, "{} {}", repo.full_name(), id(repo.id, first_new)).expect("text can be written");
            writeln!(out, "  {}", serde_json::to_string(&settings).expect("settings are JSON"))
                .expect("text");
            let mut labels: Vec<_> = repo.labels.iter().collect();
            labels.sort_by_key(|label| label.name.to_lowercase());
            for label in labels {
                let carriers: Vec<String> = repo
                    .issues
                    .values()
                    .filter(|issue| issue.labels.contains(&label.id))
                    .map(|issue| format!("#{}", issue.number))
                    .collect();
                let description = label.description.as_deref().unwrap_or_default();
                let (name, color, id) = (&label.name, &label.color, id(label.id, first_new));
                writeln!(out, "  label {name} {color} {description:?} {id} {}", carriers.join(" "))
                    .expect("text");
            }
            for issue in repo.issues.values() {
                let comments = repo.comments.values().filter(|comment| comment.issue == issue.number).count();
                writeln!(out, "  #{} {:?} {comments} comments", issue.number, issue.title).expect("text");
            }
        }
        out
    })
}

fn id(id: u64, first_new: u64) -> String {
    if id < first_new { format!("id {id}") } else { "new".to_owned() }
}
