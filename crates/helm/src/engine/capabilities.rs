//! What a cluster can do, as templates see it.

use super::objects::{BUILD, versions_type};
use crate::compat::Compat;
use gotemplate::{Kind, List, Method, Object, Value};
use std::any::Any;
use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

/// A version of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeVersion {
    /// `v1.33.4-gke.1245000`.
    pub version: String,
    /// `v1.33.4`, what `kubeVersion` of a chart is compared with.
    pub normalized: String,
    /// `1`.
    pub major: String,
    /// `33`.
    pub minor: String,
}

impl KubeVersion {
    /// Reads a version: two or more numbers, a `v` in front and anything behind.
    ///
    /// # Errors
    /// Fails with the words of Kubernetes.
    pub fn parse(text: &str) -> Result<Self, String> {
        let quoted = |text: &str| {
            gotemplate::format("%q", &[text.into()])
                .lossy()
                .into_owned()
        };
        let trimmed = text.trim_start();
        let bare = trimmed.strip_prefix('v').unwrap_or(trimmed);
        // Dots count as far as numbers follow.
        let mut end = 0;
        for (i, c) in bare.char_indices() {
            match c {
                '0'..='9' => end = i + 1,
                '.' if end == i && i > 0 => {}
                _ => break,
            }
        }
        if end == 0 {
            return Err(format!("could not parse {} as version", quoted(text)));
        }
        let parts: Vec<&str> = bare[..end].split('.').collect();
        let [major, _, ..] = parts.as_slice() else {
            return Err(format!("illegal version string {}", quoted(text)));
        };
        if major.starts_with('0') && *major != "0" {
            return Err(format!(
                "illegal zero-prefixed version component {} in {}",
                quoted(major),
                quoted(text)
            ));
        }
        let mut numbers = Vec::with_capacity(parts.len());
        for part in &parts {
            let number: u64 = part.parse().map_err(|_| {
                format!(
                    "illegal non-numeric version component {0} in {1}: strconv.ParseUint: parsing \
                     {0}: value out of range",
                    quoted(part),
                    quoted(text)
                )
            })?;
            numbers.push(number.to_string());
        }
        let version = if text.starts_with('v') {
            text.to_owned()
        } else {
            format!("v{text}")
        };
        Ok(Self {
            version,
            normalized: format!("v{}", numbers.join(".")),
            major: numbers[0].clone(),
            minor: numbers[1].clone(),
        })
    }
}

/// What a cluster can do.
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// Its version.
    pub kube_version: KubeVersion,
    /// `v1`, `apps/v1`, `apps/v1/Deployment`, ...
    pub api_versions: Arc<Vec<String>>,
}

/// The version of Helm that we answer for.
const HELM_VERSION: &str = "v4.2";
const HELM_3_VERSION: &str = "v3.21";
/// What that Helm was built with.
const GO_VERSION: &str = "go1.26.8";
const CLIENT_VERSION: &str = "v1.36";

impl Capabilities {
    pub(super) fn value(&self, compat: Compat) -> Value {
        let mut version = self.kube_version.clone();
        if compat == Compat::V3 {
            version.version.clone_from(&version.normalized);
        }
        Value::Object(Rc::new(CapabilitiesObject {
            kube_version: Value::Object(Rc::new(KubeVersionObject { version, compat })),
            api_versions: Arc::clone(&self.api_versions),
            api_versions_list: OnceCell::new(),
            compat,
        }))
    }
}

struct CapabilitiesObject {
    kube_version: Value,
    api_versions: Arc<Vec<String>>,
    /// The same for templates. Few ask, and there are many.
    api_versions_list: OnceCell<Value>,
    compat: Compat,
}

impl CapabilitiesObject {
    fn api_versions(&self) -> Value {
        let make = || {
            let items = self.api_versions.iter().map(Value::str).collect();
            Value::List(List::new(versions_type(self.compat), items))
        };
        self.api_versions_list.get_or_init(make).clone()
    }

    fn helm_version(&self) -> Value {
        Value::Object(Rc::new(BuildObject(self.compat)))
    }
}

impl Object for CapabilitiesObject {
    fn type_name(&self) -> &'static str {
        match self.compat {
            Compat::V4 => "*common.Capabilities",
            Compat::V3 => "*chartutil.Capabilities",
        }
    }

    fn kind(&self) -> Kind {
        Kind::Ptr
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "KubeVersion" => Some(self.kube_version.clone()),
            "APIVersions" => Some(self.api_versions()),
            "HelmVersion" => Some(self.helm_version()),
            _ => None,
        }
    }

    fn text(&self) -> String {
        let kube = match &self.kube_version {
            Value::Object(o) => o.as_any().downcast_ref::<KubeVersionObject>(),
            _ => None,
        };
        let kube = kube.map(KubeVersionObject::fields).unwrap_or_default();
        let versions =
            String::from_utf8_lossy(&gotemplate::text_of(&self.api_versions())).into_owned();
        format!("&{{{kube} {versions} {}}}", BuildObject(self.compat).text())
    }

    fn printed(&self) -> Option<String> {
        self.text().strip_prefix('&').map(str::to_owned)
    }

    fn json(&self) -> Option<Value> {
        Some(Value::map([
            ("KubeVersion", self.kube_version.clone()),
            ("APIVersions", self.api_versions()),
            ("HelmVersion", self.helm_version()),
        ]))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.type_name() == self.type_name()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct KubeVersionObject {
    version: KubeVersion,
    compat: Compat,
}

impl KubeVersionObject {
    fn fields(&self) -> String {
        let v = &self.version;
        match self.compat {
            Compat::V4 => format!("{{{} {} {} {}}}", v.version, v.normalized, v.major, v.minor),
            Compat::V3 => format!("{{{} {} {}}}", v.version, v.major, v.minor),
        }
    }
}

fn kube_version(value: &Value) -> Option<&KubeVersion> {
    match value {
        Value::Object(o) => o
            .as_any()
            .downcast_ref::<KubeVersionObject>()
            .map(|v| &v.version),
        _ => None,
    }
}

static KUBE_METHODS: [Method; 2] = [
    Method {
        name: "GitVersion",
        parameters: &[],
        call: |_, v, _| Ok(kube_version(v).map_or("", |v| &v.version).into()),
    },
    Method {
        name: "String",
        parameters: &[],
        call: |_, v, _| Ok(kube_version(v).map_or("", |v| &v.normalized).into()),
    },
];

impl Object for KubeVersionObject {
    fn type_name(&self) -> &'static str {
        match self.compat {
            Compat::V4 => "common.KubeVersion",
            Compat::V3 => "chartutil.KubeVersion",
        }
    }

    fn field(&self, name: &str) -> Option<Value> {
        let v = &self.version;
        match name {
            "Version" => Some(v.version.as_str().into()),
            "Major" => Some(v.major.as_str().into()),
            "Minor" => Some(v.minor.as_str().into()),
            _ => None,
        }
    }

    fn method(&self, name: &str) -> Option<&'static Method> {
        KUBE_METHODS.iter().find(|m| m.name == name)
    }

    fn text(&self) -> String {
        self.fields()
    }

    fn printed(&self) -> Option<String> {
        Some(self.version.normalized.clone())
    }

    fn json(&self) -> Option<Value> {
        let fields = ["Version", "Major", "Minor"];
        Some(Value::map(
            fields.map(|f| (f, self.field(f).unwrap_or_default())),
        ))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other
            .as_any()
            .downcast_ref::<Self>()
            .is_some_and(|o| o.version == self.version)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What is said of the Helm that renders.
struct BuildObject(Compat);

impl BuildObject {
    const fn version(&self) -> &'static str {
        match self.0 {
            Compat::V4 => HELM_VERSION,
            Compat::V3 => HELM_3_VERSION,
        }
    }
}

impl Object for BuildObject {
    fn type_name(&self) -> &'static str {
        BUILD
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Version" => Some(self.version().into()),
            "GitCommit" | "GitTreeState" => Some("".into()),
            "GoVersion" => Some(GO_VERSION.into()),
            "KubeClientVersion" => Some(CLIENT_VERSION.into()),
            _ => None,
        }
    }

    fn text(&self) -> String {
        format!("{{{}   {GO_VERSION} {CLIENT_VERSION}}}", self.version())
    }

    fn json(&self) -> Option<Value> {
        Some(Value::map([
            ("version", Value::from(self.version())),
            ("go_version", Value::from(GO_VERSION)),
            ("kube_client_version", Value::from(CLIENT_VERSION)),
        ]))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.type_name() == self.type_name()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
