//! Worlds made up from a seed: the same seed, the same world.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use crate::twin::world::{Issue, Label, Visibility, World, epoch};

/// How large a made-up world is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generate {
    /// The organisation.
    pub owner: String,
    /// How many repositories, archived ones included.
    pub repos: usize,
    /// How many of them are archived.
    pub archived: usize,
    /// How many labels there are in all repositories together; nine a repository is the least.
    pub labels_total: usize,
    /// How many open issues each repository has.
    pub issues: usize,
    /// What the rest depends on.
    pub seed: u64,
}

impl Default for Generate {
    fn default() -> Self {
        Self { owner: "acme".to_owned(), repos: 12, archived: 2, labels_total: 200, issues: 3, seed: 1 }
    }
}

const WORDS: [&str; 16] = [
    "anchor", "beacon", "copper", "delta", "ember", "fjord", "garnet", "harbor", "indigo", "juniper",
    "kestrel", "lumen", "meadow", "nimbus", "orchid", "pylon",
];
const KINDS: [&str; 8] = ["api", "web", "worker", "infra", "docs", "sdk", "cli", "data"];
const TOPICS: [&str; 8] =
    ["rust", "python", "service", "library", "internal", "frontend", "platform", "tooling"];
const AREAS: [&str; 6] = ["area", "kind", "priority", "status", "team", "size"];

/// Makes up a world.
pub fn generate(what: &Generate) -> World {
    let mut rng = StdRng::seed_from_u64(what.seed);
    let mut world = World::new(&what.owner);
    let extra = what.labels_total.saturating_sub(9 * what.repos);
    for index in 0..what.repos {
        let word = WORDS.choose(&mut rng).copied().unwrap_or("anchor");
        let kind = KINDS[index % KINDS.len()];
        let name = format!("{word}-{kind}-{index:03}");
        world.add_repo(&what.owner, &name);
        // The remainder goes to the first repositories, one each.
        let share = extra / what.repos + usize::from(index < extra % what.repos);
        let labels: Vec<Label> = (0..share)
            .map(|number| Label {
                id: world.fresh_id(),
                name: format!(
                    "{}: {}-{number}",
                    AREAS[number % AREAS.len()],
                    WORDS[(number / AREAS.len()) % WORDS.len()]
                ),
                color: format!("{:06x}", rng.random_range(0..0x100_0000_u32)),
                description: rng.random_bool(0.8).then(|| format!("About {word} {number}")),
                default: false,
                created_at: epoch(),
            })
            .collect();
        let issues: Vec<Issue> =
            (1..=what.issues as u64).map(|number| issue(&mut world, number, word)).collect();
        let full_name = format!("{}/{name}", what.owner);
        let Some(repo) = world.repo_mut(&full_name) else { continue };
        repo.labels.extend(labels);
        let ids: Vec<u64> = repo.labels.iter().map(|label| label.id).collect();
        repo.issues = issues
            .into_iter()
            .map(|mut issue| {
                issue.labels = ids.choose_multiple(&mut rng, 2).copied().collect();
                (issue.number, issue)
            })
            .collect();
        let settings = &mut repo.settings;
        settings.description = rng.random_bool(0.9).then(|| format!("The {word} {kind} service"));
        settings.homepage = rng.random_bool(0.3).then(|| format!("https://{word}.example.com"));
        settings.topics = TOPICS.choose_multiple(&mut rng, 3).map(|topic| (*topic).to_owned()).collect();
        settings.visibility = if rng.random_bool(0.3) { Visibility::Public } else { Visibility::Private };
        settings.has_wiki = rng.random_bool(0.5);
        settings.has_projects = rng.random_bool(0.5);
        settings.allow_merge_commit = rng.random_bool(0.5);
        settings.allow_rebase_merge = rng.random_bool(0.5);
        settings.delete_branch_on_merge = rng.random_bool(0.5);
        settings.archived = index >= what.repos - what.archived.min(what.repos);
    }
    debug_assert!(world.repos.values().all(|repo| Arc::strong_count(repo) == 1));
    world
}

fn issue(world: &mut World, number: u64, word: &str) -> Issue {
    let title = format!("The {word} needs care ({number})");
    let body = Some("Please look at it.".to_owned());
    Issue { body, ..Issue::new(world.fresh_id(), number, "operator", &title, epoch()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_makes_one_world_with_the_numbers_asked_for() {
        let what = Generate { repos: 20, archived: 7, labels_total: 333, seed: 7, ..Generate::default() };
        let world = generate(&what);
        assert_eq!(world.to_json().unwrap(), generate(&what).to_json().unwrap());
        assert_eq!(world.repos.len(), 20);
        assert_eq!(world.repos.values().filter(|repo| repo.settings.archived).count(), 7);
        assert_eq!(world.repos.values().map(|repo| repo.labels.len()).sum::<usize>(), 333);
        for repo in world.repos.values() {
            let names: BTreeSet<String> = repo.labels.iter().map(|label| label.name.to_lowercase()).collect();
            assert_eq!(names.len(), repo.labels.len(), "{}", repo.name);
        }
    }
}
