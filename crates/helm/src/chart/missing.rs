//! Charts that a chart asks for and doesn't hold.

use super::{Chart, Dependency, File, LoadError, archive, text};
use gotemplate::semver::{Constraint, Version};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use value::Value;

/// `Chart.lock`: which versions were chosen.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    /// The charts with their exact versions.
    pub dependencies: Vec<Dependency>,
    /// What was locked, as Helm digests it.
    pub digest: String,
}

impl Lock {
    /// Reads a lock; the text is YAML.
    pub(super) fn read(tree: &Value) -> Self {
        let member = |value: &Value, name: &str| value.get(name).and_then(text).unwrap_or_default();
        let all = tree.get("dependencies").and_then(Value::as_array);
        let dependencies = all.into_iter().flatten().map(|d| Dependency {
            name: member(d, "name"),
            version: member(d, "version"),
            repository: member(d, "repository"),
            ..Dependency::default()
        });
        Self {
            dependencies: dependencies.collect(),
            digest: member(tree, "digest"),
        }
    }
}

/// A chart that has to be fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Its name.
    pub name: String,
    /// The versions that will do.
    pub version: String,
    /// Where it is: `https://`, `oci://`, `file://` from the chart's folder, `@name` or `alias:name`.
    pub repository: String,
    /// What it is called in this chart.
    pub alias: String,
    /// The version that the lock says.
    pub locked: Option<String>,
}

impl Chart {
    /// Returns the charts that have to be fetched before this one can be rendered: none, if there is
    /// one of each name, as for `helm template`; or else all that aren't there in a version that will
    /// do, as `helm dependency build` fetches them.
    ///
    /// # Errors
    /// Fails, in Helm's words, if something is missing and the lock belongs to other dependencies.
    pub fn missing(&self) -> Result<Vec<Missing>, LoadError> {
        let declared = &self.metadata.dependencies;
        let is_there = |d: &Dependency| self.dependencies.iter().any(|c| c.name() == d.name);
        if declared.iter().all(is_there) {
            return Ok(Vec::new());
        }
        if let Some(lock) = &self.lock
            && digest(declared, &lock.dependencies) != lock.digest
        {
            let (lock, declaration) = match self.metadata.api_version.as_str() {
                "v1" => ("requirements.lock", "requirements.yaml"),
                _ => ("Chart.lock", "Chart.yaml"),
            };
            return Err(LoadError(format!(
                "the lock file ({lock}) is out of sync with the dependencies file ({declaration}). Please update the dependencies"
            )));
        }
        let missing = declared.iter().enumerate().filter(|(_, d)| {
            let fits = |c: &Self| c.name() == d.name && is_in(&d.version, &c.metadata.version);
            !self.dependencies.iter().any(fits)
        });
        let missing = missing.map(|(i, d)| {
            // Both lists have the same order; a lock made by hand may not.
            let all = self.lock.iter().flat_map(|lock| &lock.dependencies);
            let locked = self.lock.as_ref().and_then(|lock| lock.dependencies.get(i));
            let locked = locked
                .filter(|locked| locked.name == d.name)
                .or_else(|| all.into_iter().find(|locked| locked.name == d.name));
            Missing {
                name: d.name.clone(),
                version: d.version.clone(),
                repository: d.repository.clone(),
                alias: d.alias.clone(),
                locked: locked.map(|locked| locked.version.clone()),
            }
        });
        Ok(missing.collect())
    }

    /// Adds a chart that was missing.
    pub fn add(&mut self, inner: Self) {
        // Packed charts stand in the order of their files' names.
        let key = |c: &Self| format!("{}-{}", c.name(), c.metadata.version);
        let new = key(&inner);
        let at = self.dependencies.iter().position(|c| key(c) > new);
        self.dependencies
            .insert(at.unwrap_or(self.dependencies.len()), inner);
    }

    /// Loads a packed chart.
    ///
    /// # Errors
    /// Fails if it can't be unpacked or makes no chart.
    pub fn from_archive(bytes: &[u8]) -> Result<Self, LoadError> {
        let files: Vec<File> = archive::read(bytes)?;
        Self::from_files(files)
    }
}

/// Returns true if a version is in a range.
fn is_in(range: &str, version: &str) -> bool {
    Constraint::parse(range)
        .ok()
        .zip(Version::parse(version).ok())
        .is_some_and(|(range, version)| range.check(&version))
}

/// Returns the digest by which a lock knows what it was made for.
fn digest(declared: &[Dependency], locked: &[Dependency]) -> String {
    let list = |all: &[Dependency]| -> String {
        let all: Vec<String> = all.iter().map(go_json).collect();
        format!("[{}]", all.join(","))
    };
    let text = format!("[{},{}]", list(declared), list(locked));
    let mut out = "sha256:".to_owned();
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Returns a dependency as Go writes it: fields in its order, empty ones left out.
fn go_json(d: &Dependency) -> String {
    let quoted = |s: &str| {
        let json = Value::from(s).to_json();
        let json = json.replace('<', "\\u003c").replace('>', "\\u003e");
        json.replace('&', "\\u0026")
    };
    let mut out = format!("{{\"name\":{}", quoted(&d.name));
    let mut add = |name: &str, value: String| {
        let _ = write!(out, ",\"{name}\":{value}");
    };
    if !d.version.is_empty() {
        add("version", quoted(&d.version));
    }
    add("repository", quoted(&d.repository));
    if !d.condition.is_empty() {
        add("condition", quoted(&d.condition));
    }
    if !d.tags.is_empty() {
        let tags: Vec<String> = d.tags.iter().map(|tag| quoted(tag)).collect();
        add("tags", format!("[{}]", tags.join(",")));
    }
    if d.enabled {
        add("enabled", "true".to_owned());
    }
    if !d.import_values.is_empty() {
        let imports: Vec<String> = d.import_values.iter().map(Value::to_json).collect();
        let imports = imports.join(",").replace('<', "\\u003c");
        let imports = imports.replace('>', "\\u003e").replace('&', "\\u0026");
        add("import-values", format!("[{imports}]"));
    }
    if !d.alias.is_empty() {
        add("alias", quoted(&d.alias));
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECLARED: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n- name: db\n  version: \">=1.0.0 <3\"\n  repository: file://../db\n  condition: db.enabled\n  tags: [a]\n- name: cache\n  alias: fast\n  version: 2.x\n  repository: file://../cache\n";

    fn chart(lock: &str, held: &[(&str, &str)]) -> Chart {
        let mut files = vec![("Chart.yaml".to_owned(), DECLARED.to_owned())];
        if !lock.is_empty() {
            files.push(("Chart.lock".to_owned(), lock.to_owned()));
        }
        for (name, version) in held {
            files.push((
                format!("charts/{name}/Chart.yaml"),
                format!("apiVersion: v2\nname: {name}\nversion: {version}\n"),
            ));
        }
        let files = files.into_iter().map(|(name, text)| File {
            name,
            data: text.into_bytes().into(),
        });
        Chart::from_files(files.collect()).expect("it is a chart")
    }

    #[test]
    fn what_is_missing_is_said() {
        let missing = chart("", &[("db", "1.2.0")]).missing().expect("no lock");
        let wanted = Missing {
            name: "cache".to_owned(),
            version: "2.x".to_owned(),
            repository: "file://../cache".to_owned(),
            alias: "fast".to_owned(),
            locked: None,
        };
        assert_eq!(missing, [wanted]);
        // With one of each name, Helm asks no more.
        let whole = chart("", &[("db", "9.0.0"), ("cache", "2.0.0")]);
        assert_eq!(whole.missing().expect("no lock"), []);
        // Where something has to be fetched, versions count.
        let names = |chart: &Chart| -> Vec<String> {
            let missing = chart.missing().expect("no lock");
            missing.into_iter().map(|m| m.name).collect()
        };
        assert_eq!(names(&chart("", &[("db", "9.0.0")])), ["db", "cache"]);
    }

    #[test]
    fn a_lock_names_the_version_or_is_out_of_date() {
        let locked = "dependencies:\n- name: db\n  repository: file://../db\n  version: 2.5.1\n- name: cache\n  repository: file://../cache\n  version: 2.0.3\n";
        let stale = chart(&format!("{locked}digest: sha256:00\n"), &[]);
        let error = stale.missing().expect_err("the digest is another one");
        assert!(error.to_string().contains("out of sync"), "{error}");
        let declared = chart("", &[]).metadata.dependencies;
        let lock = Lock::read(&yaml::v2::to_value(locked.as_bytes()).expect("it is YAML"));
        // What Helm itself writes for these two lists.
        let digest = digest(&declared, &lock.dependencies);
        assert_eq!(
            digest,
            "sha256:7c6f3bda4a5cc4a1e22bd44a4a3c4268dedf129c406f2f70811f1a5b16610da7"
        );
        let missing = chart(&format!("{locked}digest: {digest}\n"), &[]).missing();
        let versions: Vec<_> = missing
            .expect("it fits")
            .into_iter()
            .map(|m| m.locked)
            .collect();
        assert_eq!(
            versions,
            [Some("2.5.1".to_owned()), Some("2.0.3".to_owned())]
        );
    }

    #[test]
    fn what_was_fetched_is_there() {
        let mut whole = chart("", &[("db", "1.2.0")]);
        whole.add(chart("", &[]));
        let names: Vec<_> = whole.dependencies.iter().map(Chart::name).collect();
        assert_eq!(names, ["db", "web"]);
    }
}
