//! One small world that has some of everything to be mended, for the tests that try every position or moment.

use factoryctl::twin::world::{Issue, Visibility, epoch};
use factoryctl::twin::{self};

/// Config that wants something of each kind: settings, topics, labels made, changed, renamed and deleted, a
/// repository made, one unarchived, one archived.
pub(crate) const CONFIG: &str = r#"factory "acme"
defaults {
    has-wiki #false
    delete-branch-on-merge #true
}
label-set "lifecycle" {
    label "bug" color="b60205" description="Something is broken"
    label "area: core" color="1d76db" was="core"
    label "agent-ready" color="0e8a16"
    label "wontfix" delete-after="2026-01-01"
}
repo "acme/anvil" {
    description "Hits things"
    topics "rust" "tools"
    labels "lifecycle"
}
repo "acme/bellows" {
    visibility "private"
    labels "lifecycle" mode="authoritative"
}
repo "acme/crucible" { archived #true; }
repo "acme/drill" { archived #false; description "Back again"; }
repo "acme/forge" create=#true {
    description "Made by the factory"
    visibility "private"
    labels "lifecycle"
}
caps { change-budget deletes=50 archives=5 percent=100 floor=50 }
"#;

/// GitHub before: repositories that differ from [`CONFIG`] and one that it doesn't declare.
pub(crate) fn github() -> twin::World {
    let mut world = twin::World::new("acme");
    for name in ["anvil", "bellows", "crucible", "drill", "unmanaged"] {
        world.add_repo("acme", name);
        label(&mut world, name, "core", "ededed", None);
        let number = 1;
        let id = world.fresh_id();
        let repo = world.repo_mut(&format!("acme/{name}")).expect("it was just made");
        let carried =
            repo.labels.iter().filter(|l| ["core", "bug"].contains(&l.name.as_str())).map(|l| l.id).collect();
        repo.issues = [(number, issue(id, number, carried))].into_iter().collect();
    }
    let repo = |world: &mut twin::World, name: &str, change: &dyn Fn(&mut twin::world::Settings)| {
        change(&mut world.repo_mut(&format!("acme/{name}")).expect("it was just made").settings);
    };
    repo(&mut world, "anvil", &|s| s.topics = vec!["legacy".to_owned()]);
    repo(&mut world, "bellows", &|s| s.visibility = Visibility::Private);
    repo(&mut world, "drill", &|s| s.archived = true);
    world
}

/// Adds a label to a repository of a world that isn't running yet.
pub(crate) fn label(world: &mut twin::World, repo: &str, name: &str, color: &str, description: Option<&str>) {
    let id = world.fresh_id();
    let repo = world.repo_mut(&format!("acme/{repo}")).expect("the repository is there");
    repo.labels.push(twin::world::Label {
        id,
        name: name.to_owned(),
        color: color.to_owned(),
        description: description.map(str::to_owned),
        default: false,
        created_at: epoch(),
    });
}

fn issue(id: u64, number: u64, labels: Vec<u64>) -> Issue {
    Issue { labels, ..Issue::new(id, number, "operator", "It squeaks", epoch()) }
}
