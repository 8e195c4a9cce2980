//! The demo plays its scenes and leaves nothing behind.

use crate::process::{run, text};

#[test]
fn the_script_passes_all_scenes() {
    let output = run(&["demo", "--script"]);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    for part in [
        "Synced, Healthy",
        "healed to 3",
        "is HELD",
        "banner pruned",
        "all scenes passed",
    ] {
        assert!(out.contains(part), "{part:?} is missing in\n{out}");
    }
    assert!(out.contains("alice (V)"), "{out}");
    let dir = err
        .split("removed ")
        .nth(1)
        .and_then(|t| t.split(';').next())
        .unwrap();
    assert!(!std::path::Path::new(dir).exists(), "{dir} is still there");
}
