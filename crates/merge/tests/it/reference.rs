//! The cases of the reference implementation: tables per operation, and sequences of operations.

use crate::shared;
use merge::{
    Duplicates, Force, Managers, Owned, PathElement, Schema, Set, TypeError, TypeId, Typed,
    UpdateError, Updater, Versions,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use value::Value;

/// Reads YAML; the reference's reader lets one stray brace at the end pass, so this one does too.
fn yaml(text: &str) -> Value {
    let read = |text: &str| yaml::v2::to_value(text.as_bytes());
    read(text)
        .or_else(|_| read(text.trim_end().trim_end_matches('}')))
        .or_else(|_| {
            let text = text.trim_end();
            read(&text[..text.len() - 1])
        })
        .expect("objects in the tables are YAML")
}

fn schema(document: &Value) -> Schema {
    let document = document.as_str().map_or_else(|| document.clone(), yaml);
    Schema::from_document(&document).expect("schemas in the tables are schemas")
}

pub(crate) fn element(value: &Value) -> PathElement {
    if let Some(Value::String(name)) = value.get("f") {
        PathElement::field(name)
    } else if let Some(Value::Object(fields)) = value.get("k") {
        PathElement::key(fields.clone())
    } else if let Some(value) = value.get("v") {
        PathElement::Value(value.clone())
    } else {
        PathElement::Index(value.i64_at(&["i"]).expect("an element of some sort"))
    }
}

pub(crate) fn path(value: &Value) -> Vec<PathElement> {
    let elements = value.as_array().expect("a path");
    elements.iter().map(element).collect()
}

fn set(value: &Value) -> Set {
    value.array_at(&["$set"]).iter().map(path).collect()
}

/// Returns the columns of a table's row, which is a list or an object.
fn row<'a>(row: &'a Value, names: &[&str]) -> Vec<&'a Value> {
    let items = row.as_array().or_else(|| row.get("$items")?.as_array());
    items.map_or_else(
        || names.iter().filter_map(|name| row.get(name)).collect(),
        |items| items.iter().collect(),
    )
}

/// What passed and what did not.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: Vec<String>,
}

impl Tally {
    fn check(&mut self, name: impl Fn() -> String, result: Result<bool, String>) {
        match result {
            Ok(true) => self.passed += 1,
            Ok(false) => self.failed.push(name()),
            Err(error) => self.failed.push(format!("{}: {error}", name())),
        }
    }

    fn finish(self, suite: &str, expected: usize) {
        assert!(
            self.failed.is_empty(),
            "{suite}: {} failed:\n{}",
            self.failed.len(),
            self.failed.join("\n")
        );
        assert_eq!(self.passed, expected, "{suite}: cases got lost");
    }
}

/// Calls `case` for every case of a table with its schema and type.
fn table(file: &str, name: &str, mut case: impl FnMut(&Value, &Schema, TypeId)) -> bool {
    let Some(data) = shared::json("structured-merge-diff.json") else {
        return false;
    };
    for c in data.array_at(&["files", file, "vars", name]) {
        let document = c.get("schema").or_else(|| c.get("newSchema"));
        let schema = schema(document.expect("a case has a schema"));
        let of = schema.named(c.str_at(&["rootTypeName"]));
        case(c, &schema, of.expect("the schema has the type"));
    }
    true
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text column")
}

#[test]
fn comparisons() {
    let mut tally = Tally::default();
    if table("typed/symdiff_test.go", "symdiffCases", |c, schema, of| {
        for q in c.array_at(&["quints"]) {
            let (lhs, rhs) = (yaml(q.str_at(&["lhs"])), yaml(q.str_at(&["rhs"])));
            let result = Typed::new(schema, of, &lhs).compare(&rhs);
            let want = ["removed", "modified", "added"].map(|n| q.get(n).map(set));
            let result = result
                .map_err(|e| e.to_string())
                .map(|got| [Some(got.removed), Some(got.modified), Some(got.added)] == want);
            tally.check(|| format!("{} {lhs} {rhs}", c.str_at(&["name"])), result);
        }
    }) {
        tally.finish("compare", 84);
    }
}

#[test]
fn field_sets() {
    let mut tally = Tally::default();
    if table("typed/toset_test.go", "fieldsetCases", |c, schema, of| {
        for q in c.array_at(&["pairs"]) {
            let columns = row(q, &["object", "set"]);
            let object = yaml(text(columns[0]));
            let got = Typed::new(schema, of, &object).field_set();
            let result = got.map_err(|e| e.to_string()).map(|got| {
                let again = Set::from_fields_v1(&got.to_fields_v1());
                got == set(columns[1]) && again.as_ref() == Ok(&got)
            });
            tally.check(|| format!("{} {object}", c.str_at(&["name"])), result);
        }
    }) {
        tally.finish("field sets", 29);
    }
}

#[test]
fn merges() {
    let mut tally = Tally::default();
    if table("typed/merge_test.go", "mergeCases", |c, schema, of| {
        for q in c.array_at(&["triplets"]) {
            let columns = row(q, &["lhs", "rhs", "out"]);
            let (lhs, rhs) = (yaml(text(columns[0])), yaml(text(columns[1])));
            let got = Typed::new(schema, of, &lhs).merge(&rhs);
            let result = got
                .map_err(|e| e.to_string())
                .map(|got| got.equivalent(&yaml(text(columns[2]))));
            tally.check(|| format!("{} {lhs} {rhs}", c.str_at(&["name"])), result);
        }
    }) {
        tally.finish("merge", 64);
    }
}

#[test]
fn validations() {
    let mut tally = Tally::default();
    if table(
        "typed/validate_test.go",
        "validationCases",
        |c, schema, of| {
            for (list, valid) in [("validObjects", true), ("invalidObjects", false)] {
                for object in c.array_at(&[list]) {
                    let got = yaml::v2::to_value(text(object).as_bytes()).is_ok_and(|object| {
                        Typed::new(schema, of, &object)
                            .validate(Duplicates::Refuse)
                            .is_ok()
                    });
                    let name = || format!("{} {list} {object}", c.str_at(&["name"]));
                    tally.check(name, Ok(got == valid));
                }
            }
        },
    ) {
        tally.finish("validate", 77);
    }
}

#[test]
fn reconciliations() {
    let mut tally = Tally::default();
    if table(
        "typed/reconcile_schema_test.go",
        "reconcileCases",
        |c, schema, of| {
            let old = c.get("oldFields").map(set).unwrap_or_default();
            let fixed = c.get("fixedFields").filter(|f| f.get("$set").is_some());
            let want = fixed.map_or_else(|| old.clone(), set);
            let got = old.reconciled(schema, of).map_err(|e| e.to_string());
            let result = got.map(|got| *got == want);
            tally.check(|| c.str_at(&["name"]).to_owned(), result);
        },
    ) {
        tally.finish("reconcile", 7);
    }
}

#[test]
fn removals_and_extractions() {
    let mut tally = Tally::default();
    if table("typed/remove_test.go", "removeCases", |c, schema, of| {
        for q in c.array_at(&["quadruplets"]) {
            let columns = row(q, &["object", "set", "removeOutput", "extractOutput"]);
            let object = yaml(text(columns[0]));
            let typed = Typed::new(schema, of, &object);
            let set = set(columns[1]);
            let same = |got: Result<Value, TypeError>, want: &Value| {
                text(want) == "unparseable"
                    || got.is_ok_and(|got: Value| got.equivalent(&yaml(text(want))))
            };
            let result =
                same(typed.remove(&set), columns[2]) && same(typed.extract(&set), columns[3]);
            tally.check(
                || format!("{} {object} {}", c.str_at(&["name"]), columns[1]),
                Ok(result),
            );
        }
    }) {
        tally.finish("remove and extract", 59);
    }
}

/// The types of all versions of the kind of a sequence.
struct Kind<'a> {
    parser: &'a (Schema, Option<TypeId>),
    ignored: &'a HashMap<String, Set>,
    conversion: Conversion,
}

/// How the objects of two versions differ.
#[derive(Clone, Copy, PartialEq)]
enum Conversion {
    /// Not at all.
    None,
    /// A name of one letter is repeated as often as the version says: `b` is `bbb` in `v3`.
    Repeat,
}

fn repeat(value: &Value, times: usize) -> Value {
    let rename = |name: &str| match name.chars().next() {
        Some(first) if name.chars().all(|c| c == first) => first.to_string().repeat(times),
        _ => name.to_owned(),
    };
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| (rename(name), repeat(value, times)))
                .collect(),
        ),
        other => other.clone(),
    }
}

impl Versions for Kind<'_> {
    fn type_of(&self, version: &str) -> Option<TypeId> {
        self.parser.1.or_else(|| self.parser.0.named(version))
    }

    fn ignored(&self, version: &str) -> Option<&Set> {
        self.ignored.get(version)
    }

    fn convert<'v>(&self, value: &'v Value, _from: &str, to: &str) -> Option<Cow<'v, Value>> {
        if self.conversion == Conversion::None {
            return Some(Cow::Borrowed(value));
        }
        let times = to.trim_start_matches('v').parse().ok()?;
        Some(Cow::Owned(repeat(value, times)))
    }
}

type Parsers = HashMap<String, (Schema, Option<TypeId>)>;

fn parsers(data: &Value) -> Parsers {
    let mut parsers = Parsers::new();
    parsers.insert(
        "DeducedParser".to_owned(),
        (Schema::default(), Some(TypeId::DEDUCED)),
    );
    for (_, file) in data.get("files").and_then(Value::as_object).expect("files") {
        for (name, parser) in file
            .get("parsers")
            .and_then(Value::as_object)
            .expect("parsers")
        {
            if parser.get("schema").and_then(Value::as_str).is_some() {
                let schema = schema(&parser.get("schema").cloned().unwrap_or_default());
                let of = parser.get("type").and_then(Value::as_str);
                let of = of.map(|name| schema.named(name).expect("the schema has the type"));
                parsers.insert(name.to_string(), (schema, of));
            }
        }
    }
    parsers
}

/// Returns the sets to ignore by version, or nothing if a filter is of another sort.
fn ignored(case: &Value) -> Option<HashMap<String, Set>> {
    let mut out = HashMap::new();
    for name in ["IgnoredFields", "IgnoreFilter"] {
        for (version, filter) in case
            .get(name)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if version.as_str() == "$t" {
                continue;
            }
            let excluded = if filter.get("$set").is_some() {
                filter
            } else if filter.str_at(&["$call"]).ends_with("NewExcludeSetFilter") {
                filter.array_at(&["args"]).first()?
            } else {
                return None;
            };
            out.insert(version.to_string(), set(excluded));
        }
    }
    Some(out)
}

/// Runs a sequence; nothing if it needs what only the reference's language can say.
fn run(
    case: &Value,
    parser: &str,
    parsers: &Parsers,
    conversion: Conversion,
) -> Option<Result<bool, String>> {
    let ignored = ignored(case)?;
    let mut parser = parser.to_owned();
    let mut live: Option<Value> = None;
    let mut managers = Managers::new();
    for op in case.array_at(&["Ops"]) {
        let sort = op.str_at(&["$t"]).rsplit('.').next().unwrap_or("");
        if sort == "ChangeParser" {
            op.str_at(&["Parser", "$id"]).clone_into(&mut parser);
            continue;
        }
        if !["Apply", "ForceApply", "Update", "ExtractApply"].contains(&sort) {
            return None;
        }
        let parser = parsers.get(&parser)?;
        let versions = Kind {
            parser,
            ignored: &ignored,
            conversion,
        };
        let updater = Updater {
            schema: &parser.0,
            versions: &versions,
        };
        // An operation sees the live object in its own version.
        let version = op.str_at(&["APIVersion"]);
        live = live.and_then(|live| Some(versions.convert(&live, "", version)?.into_owned()));
        let step = Step {
            op,
            sort,
            updater,
            of: versions.type_of(op.str_at(&["APIVersion"]))?,
        };
        if let Err(error) = step.run(&mut live, &mut managers) {
            return Some(Err(error));
        }
    }
    let version = case.str_at(&["APIVersion"]);
    if conversion == Conversion::Repeat {
        let times = version.trim_start_matches('v').parse().ok()?;
        live = live.map(|live| repeat(&live, times));
    }
    Some(check_end(case, live.as_ref(), &managers))
}

struct Step<'a> {
    op: &'a Value,
    sort: &'a str,
    updater: Updater<'a>,
    of: TypeId,
}

impl Step<'_> {
    fn run(&self, live: &mut Option<Value>, managers: &mut Managers) -> Result<(), String> {
        let (op, schema) = (self.op, self.updater.schema);
        let me = op.str_at(&["Manager"]);
        let version = op.str_at(&["APIVersion"]);
        let mut object = yaml(op.str_at(&["Object"]));
        let duplicates = match self.sort {
            "Update" => Duplicates::Allow,
            _ => Duplicates::Refuse,
        };
        Typed::new(schema, self.of, &object)
            .validate(duplicates)
            .map_err(|e| e.to_string())?;
        if self.sort == "Update" {
            let done = self
                .updater
                .update(live.as_ref(), Some(&object), version, managers, me);
            *live = Some(object);
            return done.map_err(|e| format!("{e:?}"));
        }
        if let ("ExtractApply", Some(live)) = (self.sort, &live) {
            let mine = managers.get(me).map(|m| m.set.leaves()).unwrap_or_default();
            let typed = Typed::new(schema, self.of, live);
            let extracted = typed.extract(&mine).map_err(|e| e.to_string())?;
            object = Typed::new(schema, self.of, &extracted)
                .merge(&object)
                .map_err(|e| e.to_string())?;
        }
        let force = if self.sort == "Apply" {
            Force::No
        } else {
            Force::Yes
        };
        let done = self
            .updater
            .apply(live.as_ref(), &object, version, managers, me, force);
        let want = op.get("Conflicts").filter(|c| !c.is_null());
        let got = match done {
            Ok(new) => {
                if let Some(new) = new {
                    *live = Some(new);
                }
                BTreeMap::new()
            }
            Err(UpdateError::Conflicts(conflicts)) if want.is_some() => conflicts.0,
            Err(error) => return Err(format!("{error:?}")),
        };
        let mut wanted = BTreeMap::<String, Set>::new();
        for conflict in want.and_then(Value::as_array).unwrap_or(&[]) {
            let manager = conflict.str_at(&["Manager"]).to_owned();
            let path = path(conflict.get("Path").expect("a conflict has a path"));
            wanted.entry(manager).or_default().insert(&path);
        }
        if want.is_some() && got != wanted {
            return Err(format!("conflicts {got:?}, wanted {wanted:?}"));
        }
        Ok(())
    }
}

fn check_end(case: &Value, live: Option<&Value>, managers: &Managers) -> Result<bool, String> {
    let want = case.str_at(&["Object"]);
    if !want.is_empty() && !live.is_some_and(|live| live.equivalent(&yaml(want))) {
        return Err(format!("object {live:?}, wanted {want}"));
    }
    if let Some(want) = case.get("Managed").and_then(Value::as_object) {
        let owned = want
            .iter()
            .filter(|(name, _)| name.as_str() != "$t")
            .map(|(name, m)| {
                let owned = Owned {
                    set: m.at(&["$vs", "set"]).map(set).unwrap_or_default(),
                    version: m.str_at(&["$vs", "apiVersion"]).to_owned(),
                    applied: managers.get(name.as_str()).is_some_and(|m| m.applied),
                };
                (name.to_string(), owned)
            });
        let want: Managers = owned.filter(|(_, owned)| !owned.set.is_empty()).collect();
        if want != *managers {
            return Err(format!("managers {managers:?}, wanted {want:?}"));
        }
    }
    Ok(true)
}

#[test]
fn sequences() {
    let Some(data) = shared::json("structured-merge-diff.json") else {
        return;
    };
    let parsers = parsers(&data);
    let mut tally = Tally::default();
    for (file, content) in data.get("files").and_then(Value::as_object).expect("files") {
        if !file.starts_with("merge/") {
            continue;
        }
        for test in content.array_at(&["tests"]) {
            let parser = test.str_at(&["parser"]);
            let conversion = match test.str_at(&["converter"]) {
                "" => Conversion::None,
                converter if converter.starts_with("repeatingConverter") => Conversion::Repeat,
                _ => continue,
            };
            if parser.is_empty() {
                continue;
            }
            let tables = test
                .get("tables")
                .and_then(Value::as_object)
                .expect("tables");
            let mut cases = BTreeMap::new();
            for (name, table) in tables {
                if table.get("Ops").is_some() {
                    cases.insert(name.to_string(), table);
                    continue;
                }
                for (name, case) in table.as_object().into_iter().flatten() {
                    if case.get("Ops").is_some() {
                        cases.insert(name.to_string(), case);
                    }
                }
            }
            for (name, case) in cases {
                let Some(mut result) = run(case, parser, &parsers, conversion) else {
                    continue;
                };
                let function = test.str_at(&["func"]);
                if function.contains("Errors") {
                    result = Ok(result.is_err());
                }
                tally.check(|| format!("{function} {name}"), result);
            }
        }
    }
    tally.finish("sequences", 125);
}
