//! What a render depends on.

use crate::{config_map, render};
use render::{Depth, Request};
use tree::{MemTree, Seen};

fn tree() -> MemTree {
    MemTree::new([
        ("app/a.yaml", config_map("a").as_str()),
        ("app/notes.txt", "notes"),
        ("app/sub/b.yaml", &config_map("b")),
        ("other/c.yaml", &config_map("c")),
    ])
}

/// Returns whether a render of `app` still stands after a change.
fn stands(depth: Depth, change: impl Fn(MemTree) -> MemTree) -> bool {
    let mut request = Request::new("app");
    request.directory.depth = depth;
    let rendered = render(&tree(), &request);
    assert!(
        rendered
            .read_set
            .is_current(&tree())
            .expect("it can be read")
    );
    rendered
        .read_set
        .is_current(&change(tree()))
        .expect("it can be read")
}

#[test]
fn exactly_what_was_looked_at_counts() {
    let changed = config_map("changed");
    for depth in [Depth::Flat, Depth::Recursive] {
        assert!(stands(depth, |t| t.file("other/c.yaml", &changed)));
        assert!(stands(depth, |t| t.file("new.yaml", &changed)));
        assert!(stands(depth, |t| t.file("app/notes.txt", "other notes")));
        assert!(!stands(depth, |t| t.file("app/a.yaml", &changed)));
        assert!(!stands(depth, |t| t.file("app/new.yaml", &changed)));
        assert!(!stands(depth, |t| t.file("app/Chart.yaml", "")));
        assert!(!stands(depth, |t| t.link("app/a.yaml", "notes.txt")));
        assert!(!stands(depth, |t| t.file("app", "a file")));
    }
    assert!(stands(Depth::Flat, |t| t.file("app/sub/b.yaml", &changed)));
    assert!(!stands(Depth::Recursive, |t| t.file("app/sub/b.yaml", &changed)));
    assert!(!stands(Depth::Recursive, |t| t.file("app/sub/new.yaml", &changed)));
}

#[test]
fn an_absent_folder_and_the_target_of_a_link_count() {
    let missing = render(&tree(), &Request::new("later/app"));
    assert!(
        !missing
            .read_set
            .is_current(&tree().file("later/app/a.yaml", ""))
            .expect("it can be read")
    );

    let linked = tree().link("app/l.yaml", "../other/c.yaml");
    let rendered = render(&linked, &Request::new("app"));
    let moved = linked.file("other/c.yaml", config_map("d"));
    assert!(
        !rendered
            .read_set
            .is_current(&moved)
            .expect("it can be read")
    );
}

#[test]
fn files_that_a_pattern_leaves_out_do_not_count() {
    let mut request = Request::new("app");
    request.directory.exclude = "a.*".to_owned();
    let rendered = render(&tree(), &request);
    let changed = tree().file("app/a.yaml", config_map("x"));
    assert!(
        rendered
            .read_set
            .is_current(&changed)
            .expect("it can be read")
    );
}

#[test]
fn the_set_can_be_read_by_a_person() {
    let rendered = render(&tree(), &Request::new("app"));
    let paths: Vec<(&str, bool)> = rendered
        .read_set
        .iter()
        .map(|(path, seen)| (path, seen != Seen::Absent))
        .collect();
    assert_eq!(
        paths,
        [
            ("app", true),
            ("app/Chart.yaml", false),
            ("app/Kustomization", false),
            ("app/a.yaml", true),
            ("app/kustomization.yaml", false),
            ("app/kustomization.yml", false),
        ]
    );
}
