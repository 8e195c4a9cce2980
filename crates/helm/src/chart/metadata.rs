//! `Chart.yaml`.

use value::Value;

/// A maintainer of a chart.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the file")]
pub struct Maintainer {
    pub name: String,
    pub email: String,
    pub url: String,
}

/// A chart that another one asks for.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the file")]
pub struct Dependency {
    pub name: String,
    pub version: String,
    pub repository: String,
    pub condition: String,
    pub tags: Vec<String>,
    pub enabled: bool,
    pub import_values: Vec<Value>,
    pub alias: String,
}

/// What `Chart.yaml` says.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the file")]
pub struct Metadata {
    pub name: String,
    pub home: String,
    pub sources: Vec<String>,
    pub version: String,
    pub description: String,
    pub keywords: Vec<String>,
    pub maintainers: Vec<Maintainer>,
    pub icon: String,
    pub api_version: String,
    pub condition: String,
    pub tags: String,
    pub app_version: String,
    pub deprecated: bool,
    pub annotations: Option<Vec<(String, String)>>,
    pub kube_version: String,
    pub dependencies: Vec<Dependency>,
    pub chart_type: String,
}

/// Reads fields as Go's JSON decoder does, with its errors.
struct Reader<'v> {
    of: &'v Value,
    path: String,
}

type Read<T> = Result<T, String>;

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        _ => "object",
    }
}

/// Returns the text of a scalar: where a string is wanted, numbers and booleans become one.
pub(crate) fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => String::new(),
        Value::String(s) => s.to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Float(f) => String::from_utf8_lossy(&gotemplate::text_of(&(*f).into())).into_owned(),
        Value::Int(_) | Value::UInt(_) => value.to_json(),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

impl Reader<'_> {
    /// Returns a field; case does not count where the exact name is absent.
    fn get(&self, name: &str) -> Option<&Value> {
        let object = self.of.as_object()?;
        let found = object.get(name).or_else(|| {
            let mut same = object.iter().filter(|(k, _)| k.eq_ignore_ascii_case(name));
            same.next().map(|(_, v)| v)
        });
        found.filter(|v| !v.is_null())
    }

    fn wrong(&self, name: &str, value: &Value, wanted: &str) -> String {
        let (got, path) = (json_type(value), &self.path);
        format!("json: cannot unmarshal {got} into Go struct field {path}.{name} of type {wanted}")
    }

    fn string(&self, name: &str, into: &mut String) -> Read<()> {
        if let Some(value) = self.get(name) {
            *into = text(value).ok_or_else(|| self.wrong(name, value, "string"))?;
        }
        Ok(())
    }

    fn strings(&self, name: &str, into: &mut Vec<String>) -> Read<()> {
        if let Some(value) = self.get(name) {
            let items = value
                .as_array()
                .ok_or_else(|| self.wrong(name, value, "[]string"))?;
            into.clear();
            for item in items {
                into.push(text(item).ok_or_else(|| self.wrong(name, item, "string"))?);
            }
        }
        Ok(())
    }

    fn bool(&self, name: &str, into: &mut bool) -> Read<()> {
        if let Some(value) = self.get(name) {
            *into = value
                .as_bool()
                .ok_or_else(|| self.wrong(name, value, "bool"))?;
        }
        Ok(())
    }

    /// Reads a list of structs.
    fn structs<T>(
        &self,
        name: &str,
        wanted: &str,
        read: impl Fn(&Reader<'_>) -> Read<T>,
    ) -> Read<Option<Vec<T>>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let items = value
            .as_array()
            .ok_or_else(|| self.wrong(name, value, &format!("[]*v2.{wanted}")))?;
        let mut all = Vec::with_capacity(items.len());
        for item in items {
            if !item.is_object() {
                if item.is_null() {
                    let many = name.to_owned();
                    return Err(format!(
                        "validation: chart.metadata.{many} must not contain empty or null nodes"
                    ));
                }
                return Err(self.wrong(name, item, &format!("v2.{wanted}")));
            }
            let reader = Reader {
                of: item,
                path: format!("{}.{name}", self.path),
            };
            all.push(read(&reader)?);
        }
        Ok(Some(all))
    }
}

impl Metadata {
    /// Reads a file over what is known already, as Go decodes into a struct.
    pub(crate) fn read(&mut self, text: &[u8]) -> Read<()> {
        let tree =
            yaml::v2::to_value(text).map_err(|e| format!("error converting YAML to JSON: {e}"))?;
        self.decode(&tree)
            .map_err(|e| format!("error unmarshaling JSON: while decoding JSON: {e}"))
    }

    fn decode(&mut self, tree: &Value) -> Read<()> {
        if tree.is_null() {
            return Ok(());
        }
        if !tree.is_object() {
            let got = json_type(tree);
            return Err(format!(
                "json: cannot unmarshal {got} into Go value of type v2.Metadata"
            ));
        }
        let reader = Reader {
            of: tree,
            path: "Metadata".to_owned(),
        };
        for (name, into) in [
            ("name", &mut self.name),
            ("home", &mut self.home),
            ("version", &mut self.version),
            ("description", &mut self.description),
            ("icon", &mut self.icon),
            ("apiVersion", &mut self.api_version),
            ("condition", &mut self.condition),
            ("tags", &mut self.tags),
            ("appVersion", &mut self.app_version),
            ("kubeVersion", &mut self.kube_version),
            ("type", &mut self.chart_type),
        ] {
            reader.string(name, into)?;
        }
        reader.strings("sources", &mut self.sources)?;
        reader.strings("keywords", &mut self.keywords)?;
        reader.bool("deprecated", &mut self.deprecated)?;
        if let Some(value) = reader.get("annotations") {
            let members = value
                .as_object()
                .ok_or_else(|| reader.wrong("annotations", value, "map[string]string"))?;
            let mut annotations = Vec::with_capacity(members.len());
            for (k, v) in members {
                let text = text(v).ok_or_else(|| reader.wrong("annotations", v, "string"))?;
                annotations.push((k.to_string(), text));
            }
            self.annotations = Some(annotations);
        }
        let maintainers = reader.structs("maintainers", "Maintainer", |r| {
            let mut maintainer = Maintainer::default();
            r.string("name", &mut maintainer.name)?;
            r.string("email", &mut maintainer.email)?;
            r.string("url", &mut maintainer.url)?;
            Ok(maintainer)
        })?;
        if let Some(maintainers) = maintainers {
            self.maintainers = maintainers;
        }
        let dependencies = reader.structs("dependencies", "Dependency", |r| {
            let mut dependency = Dependency::default();
            r.string("name", &mut dependency.name)?;
            r.string("version", &mut dependency.version)?;
            r.string("repository", &mut dependency.repository)?;
            r.string("condition", &mut dependency.condition)?;
            r.strings("tags", &mut dependency.tags)?;
            r.bool("enabled", &mut dependency.enabled)?;
            r.string("alias", &mut dependency.alias)?;
            if let Some(imports) = r.get("import-values") {
                let imports = imports
                    .as_array()
                    .ok_or_else(|| r.wrong("import-values", imports, "[]interface {}"))?;
                dependency.import_values = imports.to_vec();
            }
            Ok(dependency)
        })?;
        if let Some(dependencies) = dependencies {
            self.dependencies = dependencies;
        }
        Ok(())
    }

    /// Checks what must be there.
    pub(crate) fn validate(&mut self) -> Read<()> {
        for text in [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ] {
            sanitize(text);
        }
        self.sources
            .iter_mut()
            .chain(&mut self.keywords)
            .for_each(sanitize);
        let quoted = |s: &str| format!("{s:?}");
        if self.api_version.is_empty() {
            return Err("chart.metadata.apiVersion is required".to_owned());
        }
        if self.name.is_empty() {
            return Err("chart.metadata.name is required".to_owned());
        }
        if self.name == "." || self.name == ".." {
            return Err(format!(
                "chart.metadata.name {} is not allowed",
                quoted(&self.name)
            ));
        }
        if self.name.contains('/') {
            return Err(format!(
                "chart.metadata.name {} is invalid",
                quoted(&self.name)
            ));
        }
        if self.version.is_empty() {
            return Err("chart.metadata.version is required".to_owned());
        }
        if gotemplate::semver::Version::parse(&self.version).is_err() {
            return Err(format!(
                "chart.metadata.version {} is invalid",
                quoted(&self.version)
            ));
        }
        if !matches!(self.chart_type.as_str(), "" | "application" | "library") {
            return Err("chart.metadata.type must be application or library".to_owned());
        }
        for maintainer in &mut self.maintainers {
            sanitize(&mut maintainer.name);
            sanitize(&mut maintainer.email);
            sanitize(&mut maintainer.url);
        }
        let mut known: Vec<String> = Vec::new();
        for dependency in &mut self.dependencies {
            for text in [
                &mut dependency.name,
                &mut dependency.version,
                &mut dependency.repository,
                &mut dependency.condition,
            ] {
                sanitize(text);
            }
            dependency.tags.iter_mut().for_each(sanitize);
            let alias = &dependency.alias;
            let valid = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
            if !alias.is_empty() && !alias.bytes().all(valid) {
                let name = quoted(&dependency.name);
                return Err(format!(
                    "dependency {name} has disallowed characters in the alias"
                ));
            }
            let key = if alias.is_empty() {
                &dependency.name
            } else {
                alias
            };
            if known.contains(key) {
                let key = quoted(key);
                return Err(format!("more than one dependency with name or alias {key}"));
            }
            known.push(key.clone());
        }
        Ok(())
    }
}

/// Makes every white space a space and drops what can't be seen.
fn sanitize(text: &mut String) {
    let fine = |c: char| c == ' ' || c.is_ascii_graphic();
    if text.chars().all(fine) {
        return;
    }
    *text = text
        .chars()
        .filter_map(|c| {
            if c.is_whitespace() {
                Some(' ')
            } else if c.is_control() {
                None
            } else {
                Some(c)
            }
        })
        .collect();
}
