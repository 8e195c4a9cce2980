//! Ownership as a real API server recorded it.
//!
//! The recorded responses carry what decoding, defaulting and controllers made of each object; only
//! `managedFields` is computed here, step by step, from the object before and after.

use crate::shared;
use merge::drift::{Desired, Options, Verdict};
use merge::managed::{self, ApplyError, KindVersions, Request};
use merge::{Force, PathElement, Schema, TypeId, Updater, Versions, builtin};
use std::collections::BTreeMap;
use value::Value;

/// A kind: built in, or without any schema.
enum Types<'a> {
    Builtin(KindVersions<'a>),
    Custom(KindVersions<'a>),
}

impl Versions for Types<'_> {
    fn type_of(&self, version: &str) -> Option<TypeId> {
        match self {
            Self::Builtin(kind) | Self::Custom(kind) => kind.type_of(version),
        }
    }

    fn ignored(&self, version: &str) -> Option<&merge::Set> {
        match self {
            Self::Builtin(kind) | Self::Custom(kind) => kind.ignored(version),
        }
    }
}

struct Replay {
    /// Path of the object to what is stored.
    objects: BTreeMap<String, Value>,
    custom: BTreeMap<String, Schema>,
    /// The fields of custom resources that `/scale` stands for, by group.
    replicas: BTreeMap<String, Vec<PathElement>>,
    /// The case went where this replay can't follow.
    lost: bool,
    seconds: usize,
    checked: usize,
    failed: Vec<String>,
    /// Verdicts about what was applied: how often each was given, and those that were wrong.
    verdicts: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

/// Entries without what a recording can't tell: the time itself, and the order that follows from it.
fn comparable(object: &Value) -> Vec<String> {
    let mut entries: Vec<String> = object
        .array_at(&["metadata", "managedFields"])
        .iter()
        .map(|entry| {
            let mut entry = entry.clone();
            if entry.get("time").is_some() {
                entry.set_at(&["time"], "<time>");
            }
            entry.to_json()
        })
        .collect();
    entries.sort();
    entries
}

/// Splits a path into that of the object and the subresource.
fn split(path: &str) -> (&str, &str) {
    for subresource in ["/status", "/scale", "/ephemeralcontainers"] {
        if let Some(object) = path.strip_suffix(subresource) {
            return (object, &subresource[1..]);
        }
    }
    (path, "")
}

/// The versions of a kind are one object.
fn without_version(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    if parts.get(1) == Some(&"apis") && parts.len() > 3 {
        parts.remove(3);
    }
    parts.join("/")
}

fn body(step: &Value) -> Option<Value> {
    match step.get("body") {
        // The recording shows every uid alike.
        Some(body) => Value::parse(body.to_json().replace("{owner}", "<uid>").as_bytes()).ok(),
        None => yaml::v2::to_value(step.str_at(&["raw_body"]).as_bytes()).ok(),
    }
}

impl Replay {
    fn step(&mut self, case: &str, number: usize, step: &Value) {
        self.seconds += 1;
        let method = step.str_at(&["method"]);
        let code = step.i64_at(&["code"]).unwrap_or(0);
        let (path, subresource) = split(step.str_at(&["path"]));
        let Some(response) = step.get("response") else {
            return;
        };
        if self.lost || path == "/api/v1/namespaces/{ns}" {
            return;
        }
        let mut response = response.clone();
        if let Some(ports) = response.get_mut("spec").and_then(|s| s.get_mut("ports")) {
            for port in ports.as_array_mut().into_iter().flatten() {
                if port.get("nodePort").is_some() {
                    port.set_at(&["nodePort"], 30000);
                }
            }
        }
        let response = &response;
        if path.contains("/customresourcedefinitions") && method == "POST" {
            self.custom(response);
            return;
        }
        if step.at(&["query", "dryRun"]).is_some() {
            return;
        }
        let mut path = without_version(path);
        if method == "POST" {
            path = format!("{path}/{}", response.str_at(&["metadata", "name"]));
        }
        if method == "DELETE" {
            if response.array_at(&["metadata", "finalizers"]).is_empty()
                && self
                    .objects
                    .get(&path)
                    .is_none_or(|o| o.array_at(&["metadata", "finalizers"]).is_empty())
            {
                self.objects.remove(&path);
            }
            return;
        }
        if subresource == "scale" {
            if code < 300 && ["PUT", "PATCH"].contains(&method) {
                self.scale(&path, step, response);
            }
            return;
        }
        let writes = ["POST", "PUT", "PATCH"].contains(&method);
        if writes && step.get("until").is_none() {
            let context = format!("{case} step {number}");
            self.write(&context, &path, subresource, step, response);
        }
        if code < 300 && response.at(&["metadata", "name"]).is_some() {
            self.objects.insert(path, response.clone());
        }
    }

    /// A write to the scale of a built-in: only its effect on the object's entries is looked at.
    fn scale(&mut self, path: &str, step: &Value, response: &Value) {
        let Some(object) = self.objects.get_mut(path) else {
            return;
        };
        let group = object
            .str_at(&["apiVersion"])
            .split('/')
            .next()
            .unwrap_or("");
        let builtin_path = vec![PathElement::field("spec"), PathElement::field("replicas")];
        let replicas = self.replicas.get(group).unwrap_or(&builtin_path).clone();
        let names: Vec<String> = replicas
            .iter()
            .map(|e| e.to_string()[1..].to_owned())
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let fields = ["metadata", "managedFields"];
        let parent = object.at(&fields).cloned().unwrap_or_default();
        let mut live = response.clone();
        live.set_at(
            &["spec", "replicas"],
            object.at(&names).cloned().unwrap_or_default(),
        );
        live.set_at(
            &fields,
            managed::scale_entries_from_parent(&parent, &replicas),
        );
        let versions = KindVersions {
            schema: builtin(),
            kind: "Scale",
            ignored: Some(managed::reset_fields("autoscaling/v1", "Scale", "")),
        };
        let updater = Updater {
            schema: builtin(),
            versions: &versions,
        };
        let manager = match step.str_at(&["query", "fieldManager"]) {
            "" => "recorder",
            manager => manager,
        };
        let request = Request {
            manager,
            api_version: "autoscaling/v1",
            kind: "Scale",
            subresource: "scale",
            now: "2026-01-01T00:00:00Z",
        };
        let written = if step
            .str_at(&["content_type"])
            .starts_with("application/apply-patch")
        {
            let body = body(step).unwrap_or_default();
            managed::apply(&updater, Some(&live), &body, &request, Force::Yes)
                .expect("the server took it")
        } else {
            let mut new = response.clone();
            new.remove_at(&fields);
            managed::update(&updater, Some(&live), new, &request)
        };
        let entries = written.at(&fields).cloned().unwrap_or_default();
        let version = object.str_at(&["apiVersion"]).to_owned();
        object.set_at(
            &fields,
            managed::scale_entries_to_parent(&parent, &entries, &version, &replicas),
        );
        object.set_at(
            &names,
            response
                .at(&["spec", "replicas"])
                .cloned()
                .unwrap_or_default(),
        );
    }

    fn custom(&mut self, response: &Value) {
        let Ok(schema) = Schema::from_crd(response) else {
            return;
        };
        let group = response.str_at(&["spec", "group"]);
        let kind = response.str_at(&["spec", "names", "kind"]);
        self.custom.insert(format!("{group} {kind}"), schema);
        for version in response.array_at(&["spec", "versions"]) {
            let path = version.str_at(&["subresources", "scale", "specReplicasPath"]);
            let path = path.split('.').skip(1).map(PathElement::field).collect();
            self.replicas.insert(group.to_owned(), path);
        }
    }

    fn write(
        &mut self,
        context: &str,
        path: &str,
        subresource: &str,
        step: &Value,
        response: &Value,
    ) {
        let Some(body) = body(step) else { return };
        let code = step.i64_at(&["code"]).unwrap_or(0);
        let apply = step
            .str_at(&["content_type"])
            .starts_with("application/apply-patch");
        let source = if code < 300 { response } else { &body };
        let (version, kind) = (source.str_at(&["apiVersion"]), source.str_at(&["kind"]));
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let ignored = managed::reset_fields(version, kind, subresource);
        let versions = |schema, ignored| KindVersions {
            schema,
            kind,
            ignored,
        };
        let types = if builtin().type_of(version, kind).is_some() {
            Types::Builtin(versions(builtin(), Some(ignored)))
        } else if let Some(schema) = self.custom.get(&format!("{group} {kind}")) {
            Types::Custom(versions(schema, Some(ignored)))
        } else {
            return;
        };
        if types.type_of(version).is_none() {
            return;
        }
        let schema = match &types {
            Types::Builtin(kind) | Types::Custom(kind) => kind.schema,
        };
        let updater = Updater {
            schema,
            versions: &types,
        };
        let agent = step.str_at(&["headers", "User-Agent"]);
        let manager = match step.str_at(&["query", "fieldManager"]) {
            "" if agent.is_empty() => "recorder",
            "" => agent.split('/').next().unwrap_or(""),
            manager => manager,
        };
        let now = format!(
            "2026-01-01T{:02}:{:02}:{:02}Z",
            self.seconds / 3600 % 24,
            self.seconds / 60 % 60,
            self.seconds % 60
        );
        let request = Request {
            manager,
            api_version: version,
            kind,
            subresource,
            now: &now,
        };
        let mut live = self.objects.get(path).cloned();
        if let Some(live) = &mut live
            && live.str_at(&["apiVersion"]) != version
        {
            if matches!(types, Types::Builtin(_)) {
                // Versions of built-in kinds look different, and nothing converts them here.
                self.lost = true;
                return;
            }
            live.set_at(&["apiVersion"], version);
        }
        let live = live.as_ref();
        if apply && subresource.is_empty() && code < 300 {
            let sides = (live, response);
            // Custom resources are also compared as if their schema were not known.
            let unknown = matches!(types, Types::Custom(_)).then_some((builtin(), TypeId::DEDUCED));
            let known = schema.type_of(version, kind).map(|of| (schema, of));
            for typed in known.into_iter().chain(unknown) {
                let verdicts = &mut self.verdicts;
                foretold(
                    verdicts,
                    &mut self.wrong,
                    context,
                    typed,
                    &body,
                    sides,
                    manager,
                );
            }
        }
        let got = if apply {
            let force = if step.str_at(&["query", "force"]) == "true" {
                Force::Yes
            } else {
                Force::No
            };
            match managed::apply(&updater, live, &body, &request, force) {
                Ok(object) => Ok(object),
                Err(ApplyError::Conflicts(report)) => Err((409, report.to_string())),
                Err(ApplyError::BadRequest(text)) => Err((400, text)),
                Err(error) => Err((500, error.to_string())),
            }
        } else if code < 300 {
            let mut new = response.clone();
            new.remove_at(&["metadata", "managedFields"]);
            if live.is_none() {
                // What is allocated and added later belongs to nobody.
                for path in [
                    ["spec", "clusterIP"],
                    ["spec", "clusterIPs"],
                    ["spec", "ipFamilies"],
                    ["spec", "ipFamilyPolicy"],
                    ["metadata", "finalizers"],
                ] {
                    if body.at(&path).is_none() {
                        new.remove_at(&path);
                    }
                }
            }
            if let Some(sent) = body.at(&["metadata", "managedFields"]) {
                new.set_at(&["metadata", "managedFields"], sent.clone());
            }
            Ok(managed::update(&updater, live, new, &request))
        } else {
            return;
        };
        let same = match &got {
            Ok(object) if code < 300 => comparable(object) == comparable(response),
            // Others refuse it later, or did before.
            Ok(_) => code != 409 || !response.str_at(&["message"]).starts_with("Apply failed"),
            Err((409 | 500, text)) => text == response.str_at(&["message"]),
            Err(_) => code >= 400,
        };
        self.checked += 1;
        if !same {
            let got = got.map_or_else(
                |(code, text)| format!("{code} {text}"),
                |object| comparable(&object).join("\n    "),
            );
            let want = if code < 300 {
                comparable(response).join("\n    ")
            } else {
                format!("{code} {}", response.str_at(&["message"]))
            };
            self.failed.push(format!(
                "{context} {path} {subresource}\n  got\n    {got}\n  want\n    {want}"
            ));
        }
    }
}

/// Compares verdicts before and after a recorded apply with what it did.
fn foretold(
    verdicts: &mut BTreeMap<&'static str, usize>,
    wrong: &mut Vec<String>,
    context: &str,
    (schema, of): (&Schema, TypeId),
    body: &Value,
    (live, after): (Option<&Value>, &Value),
    manager: &str,
) {
    let Ok(desired) = Desired::prepare(schema, of, body) else {
        return;
    };
    // Not what we apply ourselves.
    if desired.value() != body {
        return;
    }
    let options = Options { manager };
    let fail = |wrong: &mut Vec<String>, verdict: &Verdict| {
        wrong.push(format!(
            "{context}: {verdict:?}\n  git {body}\n  live {live:?}\n  after {after}"
        ));
    };
    let then = desired.verdict(schema, after, &options);
    // Without its schema, the lists of a custom resource look different after every merge.
    if matches!(then, Verdict::Drift { .. }) && of != TypeId::DEDUCED {
        fail(wrong, &then);
    }
    *verdicts.entry(name("after", &then)).or_default() += 1;
    let Some(live) = live else { return };
    let verdict = desired.verdict(schema, live, &options);
    *verdicts.entry(name("before", &verdict)).or_default() += 1;
    let object = |object: &Value| {
        let mut object = object.clone();
        for name in ["managedFields", "resourceVersion", "generation"] {
            object.remove_at(&["metadata", name]);
        }
        object
    };
    let same_object = object(live) == object(after);
    let same_entries = comparable(live) == comparable(after);
    let right = match &verdict {
        Verdict::InSync => same_object && (same_entries || of == TypeId::DEDUCED),
        Verdict::OwnershipOnly => same_object,
        Verdict::Drift { .. } => !same_object || of == TypeId::DEDUCED,
        Verdict::Unknown { .. } => true,
    };
    if !right {
        fail(wrong, &verdict);
    }
}

fn name(when: &str, verdict: &Verdict) -> &'static str {
    match (when, verdict) {
        ("after", Verdict::InSync) => "after: in sync",
        ("after", Verdict::OwnershipOnly) => "after: ownership",
        ("after", Verdict::Drift { .. }) => "after: drift",
        ("after", Verdict::Unknown { .. }) => "after: unknown",
        (_, Verdict::InSync) => "before: in sync",
        (_, Verdict::OwnershipOnly) => "before: ownership",
        (_, Verdict::Drift { .. }) => "before: drift",
        (_, Verdict::Unknown { .. }) => "before: unknown",
    }
}

#[test]
fn ownership_is_what_a_server_records() {
    let Some(folder) = shared::folder() else {
        return;
    };
    let (mut checked, mut failed) = (0, Vec::new());
    let (mut verdicts, mut wrong) = (BTreeMap::<&str, usize>::new(), Vec::new());
    for file in ["apply", "random"] {
        let text = std::fs::read_to_string(folder.join(format!("kubernetes/{file}.jsonl")))
            .expect("the conformance data is complete");
        for line in text.lines() {
            let case = Value::parse(line.as_bytes()).expect("a case");
            let mut replay = Replay {
                objects: BTreeMap::new(),
                custom: BTreeMap::new(),
                replicas: BTreeMap::new(),
                lost: false,
                seconds: 0,
                checked: 0,
                failed: Vec::new(),
                verdicts: BTreeMap::new(),
                wrong: Vec::new(),
            };
            for (number, step) in case.array_at(&["steps"]).iter().enumerate() {
                replay.step(case.str_at(&["name"]), number, step);
            }
            checked += replay.checked;
            failed.extend(replay.failed);
            wrong.extend(replay.wrong);
            for (name, n) in replay.verdicts {
                *verdicts.entry(name).or_default() += n;
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {checked} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
    assert!(checked > 900, "only {checked} writes were looked at");
    assert!(
        verdicts.values().sum::<usize>() > 700,
        "too few verdicts: {verdicts:?}"
    );
    assert!(
        wrong.is_empty(),
        "{} wrong of {verdicts:?}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
