//! Workspaces that were moved, or had something else put in their place.

use super::*;

/// What an agent does to its workspace, which lies in the second folder of the first.
type Does = fn(&Path, &Path);

fn link(to: &Path, at: &Path) {
    std::os::unix::fs::symlink(to, at).unwrap();
}

/// Each way, what is said of it, and where its work is found afterwards, from the root of workspaces.
fn ways() -> Vec<(&'static str, Does, &'static str, &'static str)> {
    let moved: Does = |root, place| {
        std::fs::rename(place.join("tree"), place.join("tree2")).unwrap();
        link(&root.join("../out"), &place.join("tree"));
    };
    let file: Does = |_, place| {
        std::fs::rename(place.join("tree"), place.join("tree2")).unwrap();
        std::fs::write(place.join("tree"), "x").unwrap();
    };
    let gone: Does = |_, place| std::fs::rename(place.join("tree"), place.join("tree2")).unwrap();
    let linked: Does = |root, place| {
        std::fs::rename(place, root.join("../out/it")).unwrap();
        link(&root.join("../out/it"), place);
    };
    let another: Does = |_, place| {
        std::fs::rename(place.join("tree"), place.join("m")).unwrap();
        std::fs::create_dir(place.join("tree")).unwrap();
    };
    let renamed: Does = |_, place| {
        let note = std::fs::read_to_string(place.join("workspace.json")).unwrap();
        std::fs::write(place.join("workspace.json"), note.replace(NAME, "another")).unwrap();
    };
    let lent: Does = |_, place| {
        let note = std::fs::read_to_string(place.join("workspace.json")).unwrap();
        std::fs::write(place.join("workspace.json"), note.replace("mirror.git", "other.git")).unwrap();
    };
    let unnoted: Does = |_, place| std::fs::remove_file(place.join("workspace.json")).unwrap();
    let unclear: Does = |_, place| std::fs::write(place.join("workspace.json"), "{").unwrap();
    vec![
        ("moved", moved, "tree` is a link", "workspace/tree2/new"),
        ("file", file, "tree` is no folder", "workspace/tree2/new"),
        ("gone", gone, "tree` is gone", "workspace/tree2/new"),
        ("linked", linked, "` is a link", "workspace/tree/new"),
        ("another", another, "m` was put there", "workspace/m/new"),
        ("renamed", renamed, "workspace.json` is of `another`", "workspace/tree/new"),
        ("lent", lent, "is of the mirror", "workspace/tree/new"),
        ("unnoted", unnoted, "workspace.json` ", "workspace/tree/new"),
        ("unclear", unclear, "can't be understood", "workspace/tree/new"),
    ]
}

#[tokio::test]
async fn what_is_not_as_it_was_made_is_set_aside_and_its_name_is_free() {
    for (way, does, says, work) in ways() {
        let ground = Ground::new(Sandbox::None).await;
        let it = ground.make().await;
        agent(&it).put("new", "n");
        let out = ground.dir.path().join("out");
        std::fs::create_dir(&out).unwrap();
        std::fs::write(out.join("theirs"), "t").unwrap();
        does(&ground.root, &it.place);
        for again in [false, true] {
            let there = Workspace::after(&ground.site(), NAME, &run()).unwrap();
            let There::Gone(Some(left)) = there else { panic!("{way}: {there:?}") };
            assert!(left.says().contains(says), "{way}: {}", left.says());
            assert_eq!((left.run(), left.name.as_str()), (Some(run()), NAME), "{way}, again: {again}");
            let place = left.path.parent().unwrap();
            assert_eq!(std::fs::read_to_string(place.join(work)).unwrap(), "n", "{way}");
            assert_eq!(unsaved(&ground.root).unwrap(), [left], "{way}");
        }
        assert_eq!(std::fs::read_to_string(out.join("theirs")).unwrap(), "t", "{way}");
        assert!(borrow_from(&ground.root, ground.mirror.repo().place()).unwrap(), "{way}");
        assert!(unused(&ground.root).unwrap().is_empty(), "{way}");
        // The task goes on, and what stands in the way of that workspace is set aside beside the first.
        let it = ground.make().await;
        assert_eq!(agent(&it).git(&["status", "--porcelain"]), "", "{way}");
        remove(&it.tree());
        std::fs::write(it.place.join("more"), "m").unwrap();
        let There::Gone(Some(_)) = Workspace::after(&ground.site(), NAME, &run()).unwrap() else {
            panic!("{way}")
        };
        let left = unsaved(&ground.root).unwrap();
        assert_eq!(left.len(), 2, "{way}: {left:?}");
        for left in &left {
            remove(&left.path);
        }
        assert_eq!(unsaved(&ground.root).unwrap(), [], "{way}");
        assert_eq!(unused(&ground.root).unwrap().len(), 2, "{way}");
        assert!(!borrow_from(&ground.root, ground.mirror.repo().place()).unwrap(), "{way}");
        assert_eq!(std::fs::read_to_string(out.join("theirs")).unwrap(), "t", "{way}");
    }
}

#[tokio::test]
async fn where_nothing_is_left_nothing_is_left_for_a_person() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    remove(&it.tree());
    for _ in 0..2 {
        let there = Workspace::after(&ground.site(), NAME, &run()).unwrap();
        assert!(matches!(there, There::Gone(None)), "{there:?}");
    }
    assert_eq!(fs::names(&ground.root).unwrap(), [""; 0]);
}

#[tokio::test]
async fn one_that_was_moved_beside_its_place_is_told_of() {
    let ground = Ground::new(Sandbox::None).await;
    let it = ground.make().await;
    let elsewhere = ground.root.join("elsewhere");
    std::fs::rename(&it.place, &elsewhere).unwrap();
    let there = Workspace::after(&ground.site(), NAME, &run()).unwrap();
    assert!(matches!(there, There::Gone(None)), "{there:?}");
    ground.make().await;
    let left = unsaved(&ground.root).unwrap();
    assert_eq!(left.iter().map(|left| &left.path).collect::<Vec<_>>(), [&elsewhere]);
    assert!(left[0].says().contains("and moved"), "{}", left[0]);
    std::fs::write(ground.root.join("stray"), "").unwrap();
    assert_eq!(unsaved(&ground.root).unwrap().len(), 2);
}
