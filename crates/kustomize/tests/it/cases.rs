//! Kustomize's own cases.

use kustomize::{AboveRoot, LoadRestrictor, Options, Order, build};
use tree::{MemTree, Recording};
use value::Value;

/// Returns the recorded cases; none without `WINDLASS_SHARED`.
#[expect(clippy::print_stderr, reason = "a skipped test must be visible")]
fn cases() -> Vec<Value> {
    let Ok(shared) = std::env::var("WINDLASS_SHARED") else {
        eprintln!("skipped: WINDLASS_SHARED is not set");
        return Vec::new();
    };
    let path = format!("{shared}/conformance/kustomize.jsonl");
    let text = std::fs::read_to_string(&path).expect("the recorded cases are readable");
    text.lines()
        .map(|line| Value::parse(line.as_bytes()).expect("a case is JSON"))
        .collect()
}

/// Returns true for cases that say less than is needed to build them: files that were made elsewhere,
/// nothing that is expected, or another command than `build`.
fn is_incomplete(case: &Value) -> bool {
    let files = case.get("files").and_then(Value::as_object);
    let is_empty = files.is_none_or(value::Object::is_empty);
    let expects_nothing = case.get("expect").and_then(Value::as_str) == Some("")
        && case.at(&["options", "AddManagedbyLabel"]).is_some();
    let text = |path: &str| files.and_then(|f| f.get(path)?.as_str()).unwrap_or("");
    let root = text("/kustomization.yaml");
    let misses = |path: &str| root.contains(path) && text(&format!("/{path}")).is_empty();
    is_empty || expects_nothing || misses("config/configurations.yaml")
}

fn name_of(object: &Value) -> [&str; 4] {
    [
        object.str_at(&["apiVersion"]),
        object.str_at(&["kind"]),
        object.str_at(&["metadata", "namespace"]),
        object.str_at(&["metadata", "name"]),
    ]
}

/// Returns "" if a case gives what is recorded, and else what differs.
fn difference(case: &Value) -> String {
    let files = case
        .get("files")
        .and_then(Value::as_object)
        .expect("a case has files");
    let files = files.iter().map(|(path, text)| {
        (
            path.trim_start_matches('/').to_owned(),
            text.as_str().unwrap_or(""),
        )
    });
    let tree = MemTree::new(files);
    let option = |name: &str| case.str_at(&["options", name]);
    let options = Options {
        load_restrictor: if option("LoadRestrictions").contains("None") {
            LoadRestrictor::None
        } else {
            LoadRestrictor::RootOnly
        },
        order: if option("Reorder").is_empty() {
            Order::AsGiven
        } else {
            Order::Legacy
        },
        above_root: AboveRoot::Root,
        managed_by_label: option("AddManagedbyLabel") == "true",
        ..Options::default()
    };
    let folder = case
        .str_at(&["dir"])
        .trim_matches('/')
        .trim_start_matches("./");
    let folder = if folder == "." { "" } else { folder };
    let built = build(&Recording::new(&tree), folder, &options);
    let wants_error = case.get("want_error").and_then(Value::as_bool) == Some(true);
    match (built, wants_error) {
        (Err(error), true) => {
            let text = error.to_string();
            let missing: Vec<&str> = case
                .array_at(&["error"])
                .iter()
                .filter_map(Value::as_str)
                .filter(|part| !text.contains(part))
                .collect();
            if missing.is_empty() {
                return String::new();
            }
            format!("got error  {text}\nwithout    {missing:?}")
        }
        (Err(error), false) => format!("got error  {error}"),
        (Ok(_), true) => format!("wanted error {:?}", case.array_at(&["error"])),
        (Ok(built), false) => {
            let want =
                yaml::v3::documents(case.str_at(&["expect"]).as_bytes()).expect("it is YAML");
            let want: Vec<Value> = want
                .iter()
                .map(|n| n.to_value().expect("it has a value"))
                .collect();
            let got: Vec<Value> = built.objects.into_iter().map(|o| o.value).collect();
            if got == want {
                return String::new();
            }
            let names = |values: &[Value]| {
                values
                    .iter()
                    .map(|v| name_of(v).join("|"))
                    .collect::<Vec<_>>()
            };
            let (got_names, want_names) = (names(&got), names(&want));
            if got_names != want_names {
                return format!("got   {got_names:?}\nwant  {want_names:?}");
            }
            let mut text = String::new();
            for (got, want) in got.iter().zip(&want).filter(|(got, want)| got != want) {
                text.push_str(&format!(
                    "got\n{}want\n{}",
                    yaml::to_yaml(got),
                    yaml::to_yaml(want)
                ));
            }
            text
        }
    }
}

#[test]
fn cases_give_what_is_recorded() {
    let mut differences = Vec::new();
    let mut count = 0;
    for case in cases() {
        // Charts are pulled from the network there.
        if case.at(&["options", "needs_helm"]).is_some() || is_incomplete(&case) {
            continue;
        }
        count += 1;
        let difference = difference(&case);
        if !difference.is_empty() {
            differences.push(format!("--- {}\n{difference}", case.str_at(&["name"])));
        }
    }
    let shown: Vec<_> = differences.iter().take(12).map(String::as_str).collect();
    assert!(
        differences.is_empty(),
        "{} of {count} cases differ\n{}",
        differences.len(),
        shown.join("\n")
    );
}
