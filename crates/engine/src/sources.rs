//! Where an application's manifests are: one source, or several.

use std::slice::Iter;
use value::{Object, Value, json};

/// Where manifests are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    /// The repository.
    pub repo_url: String,
    /// The folder below the repository's root.
    pub path: String,
    /// The chart, if the repository is one of charts; `target_revision` is its version then.
    pub chart: String,
    /// Branch, tag, commit or `HEAD`; empty is `HEAD`.
    pub target_revision: String,
    /// The name by which values files of other sources name this one (`$name/values.yaml`).
    pub reference: String,
    /// The source as the user wrote it, for the status.
    pub raw: Value,
}

impl Source {
    /// Reads one source; what is wrong with it goes to `problems`.
    pub(crate) fn read(raw: &Value, problems: &mut Vec<String>) -> Self {
        let text = |name: &str| raw.str_at(&[name]).to_owned();
        let it = Self {
            repo_url: text("repoURL"),
            path: raw.str_at(&["path"]).trim_matches('/').to_owned(),
            chart: text("chart"),
            target_revision: text("targetRevision"),
            reference: text("ref"),
            raw: raw.clone(),
        };
        if raw.get("plugin").is_some_and(|v| !v.is_empty()) {
            problems.push("spec.source.plugin is not supported yet".into());
        }
        let has_place = !raw.str_at(&["path"]).is_empty() || raw.get("chart").is_some();
        if it.repo_url.is_empty() {
            problems.push("spec.source.repoURL is required".into());
        } else if !has_place && it.reference.is_empty() {
            problems.push(
                "spec.source.repoURL and either source.path, source.chart, or source.ref are \
                 required"
                    .into(),
            );
        }
        it
    }

    /// Returns true if it gives objects; one with nothing but a name is only referred to.
    #[must_use]
    pub const fn is_rendered(&self) -> bool {
        self.reference.is_empty() || !self.path.is_empty() || !self.chart.is_empty()
    }
}

/// The sources of an application, in the order that the user wrote.
///
/// A revision of them is one text everywhere in the engine: the commits (or versions of charts) in
/// the order of the sources, with commas between. Only the resource spells it out as a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sources {
    list: Vec<Source>,
    /// They were written as `sources`, even if there is but one.
    is_list: bool,
}

impl Sources {
    /// Reads `source` or `sources` of a specification or an operation; the list wins.
    pub(crate) fn read(raw: &Value, problems: &mut Vec<String>) -> Self {
        let list = raw.array_at(&["sources"]);
        if !list.is_empty() {
            return Self {
                list: list.iter().map(|s| Source::read(s, problems)).collect(),
                is_list: true,
            };
        }
        match raw.get("source").filter(|s| s.is_object()) {
            Some(source) => Self {
                list: vec![Source::read(source, problems)],
                is_list: false,
            },
            None => {
                problems
                    .push("spec.source is missing: it needs at least repoURL and path".to_owned());
                Self::default()
            }
        }
    }

    /// Returns the sources in order.
    pub fn iter(&self) -> Iter<'_, Source> {
        self.list.iter()
    }

    /// Returns what they follow: applications of the same text get news from Git together.
    #[must_use]
    pub(crate) fn tracks(&self) -> String {
        let each = |s: &Source| format!("{} {}", s.repo_url, s.target_revision);
        self.list.iter().map(each).collect::<Vec<_>>().join(",")
    }

    /// Returns the number of sources.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns true if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns true if the user wrote a list.
    #[must_use]
    pub const fn is_list(&self) -> bool {
        self.is_list
    }

    /// Returns the sources as they were written: an object, or a list of objects.
    #[must_use]
    pub fn raw(&self) -> Value {
        match (self.is_list, self.list.first()) {
            (false, first) => first.map_or(Value::Null, |s| s.raw.clone()),
            (true, _) => self.list.iter().map(|s| s.raw.clone()).collect(),
        }
    }

    /// Returns what each source tracks, as one revision.
    #[must_use]
    pub fn target_revision(&self) -> String {
        join(self.list.iter().map(|s| s.target_revision.as_str()))
    }

    /// Returns each source with its own part of a revision; a source that a revision says nothing
    /// of has an empty one.
    pub fn with_revisions<'a>(
        &'a self,
        revision: &'a str,
    ) -> impl Iterator<Item = (&'a Source, &'a str)> {
        let parts = split(revision, self.is_list).chain(std::iter::repeat(""));
        self.list.iter().zip(parts)
    }
}

impl<'a> IntoIterator for &'a Sources {
    type Item = &'a Source;
    type IntoIter = Iter<'a, Source>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Returns the commits of several sources as one revision.
pub fn join<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(part);
    }
    out
}

fn split(revision: &str, is_list: bool) -> impl Iterator<Item = &str> {
    // A range of versions of a single chart may have commas of its own.
    let parts = if is_list { usize::MAX } else { 1 };
    revision.splitn(parts, ',')
}

/// Reads what [`write`] has written, of which either form may be there.
pub(crate) fn revision_of(raw: &Value) -> String {
    match raw.array_at(&["revisions"]) {
        [] => raw.str_at(&["revision"]).to_owned(),
        list => join(list.iter().filter_map(Value::as_str)),
    }
}

/// Returns the sources that stand beside such a revision, as they were written.
pub(crate) fn written_in(raw: &Value) -> Option<Value> {
    let list = raw.get("sources").filter(|s| !s.is_empty());
    list.or_else(|| raw.get("source")).cloned()
}

/// Says which revision of which sources: `revision` and `source`, or, for a list, `revisions` and
/// `sources`.
pub(crate) fn write(out: &mut Object, revision: &str, written: &Value) {
    if !written.is_array() {
        out.insert("revision", revision);
        out.insert("source", written.clone());
        return;
    }
    out.insert("revisions", list_of(revision));
    out.insert("sources", written.clone());
}

/// Writes a revision alone; nothing if there is none.
pub(crate) fn write_revision(out: &mut Object, revision: &str, is_list: bool) {
    if revision.is_empty() {
    } else if is_list {
        out.insert("revisions", list_of(revision));
    } else {
        out.insert("revision", revision);
    }
}

fn list_of(revision: &str) -> Value {
    split(revision, true).map(Value::from).collect()
}

/// What clients of Argo CD read where an application has no single source: one without a place.
pub(crate) fn no_single_source() -> Value {
    json!({"repoURL": ""})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &Value) -> (Sources, Vec<String>) {
        let mut problems = Vec::new();
        let sources = Sources::read(raw, &mut problems);
        (sources, problems)
    }

    #[test]
    fn the_list_wins_and_each_source_has_its_own_revision() {
        let (sources, problems) = read(&json!({
            "source": {"repoURL": "https://x/ignored", "path": "a"},
            "sources": [
                {"repoURL": "https://x/a", "path": "a", "targetRevision": "main"},
                {"repoURL": "https://x/b", "ref": "values"},
            ],
        }));
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(sources.target_revision(), "main,");
        let parts: Vec<(&str, &str)> = sources
            .with_revisions("1,2")
            .map(|(s, r)| (s.repo_url.as_str(), r))
            .collect();
        assert_eq!(parts, [("https://x/a", "1"), ("https://x/b", "2")]);
        let rendered: Vec<bool> = sources.iter().map(Source::is_rendered).collect();
        assert_eq!(rendered, [true, false]);
    }

    #[test]
    fn a_single_source_may_track_a_range_with_commas() {
        let chart = json!({"repoURL": "https://x", "chart": "web", "targetRevision": ">=1, <2"});
        let (sources, _) = read(&json!({"source": chart}));
        let parts: Vec<&str> = sources.with_revisions(">=1, <2").map(|(_, r)| r).collect();
        assert_eq!(parts, [">=1, <2"]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for written in [
            json!({"repoURL": "a"}),
            json!([{"repoURL": "a"}, {"repoURL": "b"}]),
        ] {
            let mut out = Object::new();
            write(&mut out, "1,2", &written);
            let out = Value::Object(out);
            assert_eq!(revision_of(&out), "1,2");
            assert_eq!(written_in(&out), Some(written));
        }
    }

    #[test]
    fn a_source_without_a_place_is_named() {
        let (_, problems) = read(&json!({"source": {"repoURL": "https://x"}}));
        assert_eq!(problems.len(), 1, "{problems:?}");
        let (_, problems) = read(&json!({"source": {"path": "a"}}));
        assert_eq!(problems, ["spec.source.repoURL is required"]);
        assert_eq!(read(&json!({})).1.len(), 1);
    }
}
