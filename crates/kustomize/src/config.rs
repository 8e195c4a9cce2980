//! Where the transformers look.

use crate::decode::records;
use crate::error::{Error, Result, mistake};
use crate::id::Gvk;
use crate::kustomization::FieldSpecEntry;
use std::collections::HashMap;
use std::hash::Hasher as _;
use std::ops::Deref;
use std::sync::{Arc, LazyLock, OnceLock};

/// The fields that Kustomize knows.
const DEFAULTS: &str = include_str!("config/defaults.txt");

/// Kinds that come first, in this order.
const ORDER_FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
/// Kinds that come last, in this order.
const ORDER_LAST: [&str; 2] = [
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// Names with `/` between them. Cheap to copy; two are told apart by their hashes.
#[derive(Clone, Debug)]
pub(crate) struct FieldPath {
    text: Arc<str>,
    hash: u64,
}

impl From<&str> for FieldPath {
    fn from(text: &str) -> Self {
        let mut hasher = value::NameHasher::default();
        hasher.write(text.as_bytes());
        Self {
            text: text.into(),
            hash: hasher.finish(),
        }
    }
}

impl PartialEq for FieldPath {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.text == other.text
    }
}

impl Eq for FieldPath {}

impl Deref for FieldPath {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// A field of some kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldSpec {
    /// Empty parts match anything.
    pub(crate) gvk: Gvk,
    pub(crate) path: FieldPath,
    /// It is made where it is missing.
    pub(crate) create: bool,
}

impl FieldSpec {
    pub(crate) fn everywhere(path: &str) -> Self {
        Self {
            gvk: Gvk::default(),
            path: path.into(),
            create: true,
        }
    }
}

impl From<FieldSpecEntry> for FieldSpec {
    fn from(entry: FieldSpecEntry) -> Self {
        Self {
            gvk: Gvk {
                group: entry.group,
                version: entry.version,
                kind: entry.kind,
            },
            path: entry.path.as_str().into(),
            create: entry.create,
        }
    }
}

/// Returns the field that stands for a new one.
fn known<'f>(fields: &'f [FieldSpec], new: &FieldSpec) -> Option<&'f FieldSpec> {
    let is_known = |f: &&FieldSpec| f.path == new.path && f.gvk.is_selected_by(&new.gvk);
    fields.iter().find(is_known)
}

/// Adds fields that aren't there yet; returns whether there were any.
pub(crate) fn merge_all(fields: &mut Vec<FieldSpec>, new: &[FieldSpec]) -> Result<bool> {
    let before = fields.len();
    for new in new {
        match known(fields, new) {
            Some(known) if known.create != new.create => {
                return Err(Error::new("conflicting fieldspecs"));
            }
            Some(_) => {}
            None => fields.push(new.clone()),
        }
    }
    Ok(fields.len() > before)
}

/// Whether merging would change nothing, and not fail.
fn has_all(fields: &[FieldSpec], new: &[FieldSpec]) -> bool {
    let is_there = |new| known(fields, new).is_some_and(|known| known.create == new.create);
    new.iter().all(is_there)
}

/// Whether no field stands for a later one.
fn are_distinct(fields: &[FieldSpec]) -> bool {
    let is_new = |(i, new)| known(&fields[..i], new).is_none();
    fields.iter().enumerate().all(is_new)
}

/// A kind and the fields that name objects of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NameReference {
    pub(crate) gvk: Gvk,
    pub(crate) referrers: Vec<FieldSpec>,
}

/// All fields where the transformers look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) name_prefix: Vec<FieldSpec>,
    pub(crate) name_suffix: Vec<FieldSpec>,
    pub(crate) namespace: Vec<FieldSpec>,
    pub(crate) common_labels: Vec<FieldSpec>,
    pub(crate) labels: Vec<FieldSpec>,
    pub(crate) template_labels: Vec<FieldSpec>,
    pub(crate) claim_template_labels: Vec<FieldSpec>,
    pub(crate) common_annotations: Vec<FieldSpec>,
    pub(crate) name_reference: Vec<NameReference>,
    pub(crate) var_reference: Vec<FieldSpec>,
    pub(crate) images: Vec<FieldSpec>,
    pub(crate) replicas: Vec<FieldSpec>,
    by_kind: OnceLock<ByKind>,
    is_distinct: OnceLock<bool>,
}

/// Which fields name other objects, by the kind that has them: numbers of a reference and a referrer.
/// Those of any kind stand under `""`.
type ByKind = HashMap<String, Vec<(usize, usize)>>;

records! {
    /// A file of `configurations`.
    struct ConfigFile {
        /// Names that get a prefix.
        name_prefix: Vec<FieldSpecEntry> = "namePrefix",
        /// Names that get a suffix.
        name_suffix: Vec<FieldSpecEntry> = "nameSuffix",
        /// Namespaces.
        namespace: Vec<FieldSpecEntry> = "namespace",
        /// Labels and selectors.
        common_labels: Vec<FieldSpecEntry> = "commonLabels",
        /// Labels.
        labels: Vec<FieldSpecEntry> = "labels",
        /// Labels of templates.
        template_labels: Vec<FieldSpecEntry> = "templateLabels",
        /// Labels of the templates of volume claims.
        claim_template_labels: Vec<FieldSpecEntry> = "volumeClaimTemplateLabels",
        /// Annotations.
        common_annotations: Vec<FieldSpecEntry> = "commonAnnotations",
        /// Names of other objects.
        name_reference: Vec<NameReferenceEntry> = "nameReference",
        /// Where variables are replaced.
        var_reference: Vec<FieldSpecEntry> = "varReference",
        /// Images.
        images: Vec<FieldSpecEntry> = "images",
        /// Numbers of replicas.
        replicas: Vec<FieldSpecEntry> = "replicas",
    }

    /// Where a kind is named.
    struct NameReferenceEntry {
        /// Its group.
        group: String = "group",
        /// Its version.
        version: String = "version",
        /// Its kind.
        kind: String = "kind",
        /// Where.
        field_specs: Vec<FieldSpecEntry> = "fieldSpecs",
    }
}

/// The lists of fields, with the names that Kustomize calls them by in its errors.
macro_rules! lists {
    ($config:ident $($mutable:ident)?) => {
        [
            (&$($mutable)? $config.name_prefix, "NamePrefix"),
            (&$($mutable)? $config.name_suffix, "NameSuffix"),
            (&$($mutable)? $config.namespace, "NameSpace"),
            (&$($mutable)? $config.common_annotations, "CommonAnnotations"),
            (&$($mutable)? $config.common_labels, "CommonLabels"),
            (&$($mutable)? $config.labels, "Labels"),
            (&$($mutable)? $config.template_labels, "TemplateLabels"),
            (
                &$($mutable)? $config.claim_template_labels,
                "VolumeClaimTemplateLabels",
            ),
            (&$($mutable)? $config.var_reference, "VarReference"),
            (&$($mutable)? $config.images, "Images"),
            (&$($mutable)? $config.replicas, "Replicas"),
        ]
    };
}

static CONFIG: LazyLock<Arc<Config>> = LazyLock::new(|| Arc::new(Config::defaults(DEFAULTS)));

impl Config {
    /// Returns the fields that Kustomize knows.
    pub(crate) fn builtin() -> Arc<Self> {
        Arc::clone(&CONFIG)
    }

    fn defaults(text: &str) -> Self {
        let mut config = Self::default();
        let mut section = "";
        for line in text.lines() {
            if let Some(header) = line.strip_prefix('[') {
                section = header.trim_end_matches(']');
                if let Some(kind) = section.strip_prefix("nameReference ") {
                    let gvk = gvk(kind);
                    let referrers = Vec::new();
                    config.name_reference.push(NameReference { gvk, referrers });
                }
                continue;
            }
            let mut words = line.split(' ');
            let (Some(path), Some(kind)) = (words.next(), words.next()) else {
                continue;
            };
            let spec = FieldSpec {
                gvk: gvk(kind),
                path: path.into(),
                create: words.next() == Some("+"),
            };
            if let Some(fields) = config.section(section) {
                fields.push(spec);
            }
        }
        config.sort();
        config
    }

    /// Returns the fields by which objects of a kind name others, with the kind that they name.
    pub(crate) fn references_of(
        &self,
        kind: &str,
    ) -> impl Iterator<Item = (&NameReference, &FieldSpec)> {
        let by_kind = self.by_kind.get_or_init(|| {
            let mut by_kind = ByKind::new();
            for (i, reference) in self.name_reference.iter().enumerate() {
                for (j, spec) in reference.referrers.iter().enumerate() {
                    by_kind
                        .entry(spec.gvk.kind.clone())
                        .or_default()
                        .push((i, j));
                }
            }
            by_kind
        });
        let of = |kind: &str| by_kind.get(kind).map_or(&[][..], Vec::as_slice);
        let any = if kind.is_empty() { &[][..] } else { of("") };
        of(kind).iter().chain(any).map(|(i, j)| {
            let reference = &self.name_reference[*i];
            (reference, &reference.referrers[*j])
        })
    }

    fn lists(&self) -> [(&Vec<FieldSpec>, &'static str); 11] {
        lists!(self)
    }

    fn lists_mut(&mut self) -> [(&mut Vec<FieldSpec>, &'static str); 11] {
        lists!(self mut)
    }

    fn section(&mut self, name: &str) -> Option<&mut Vec<FieldSpec>> {
        Some(match name {
            "namePrefix" => &mut self.name_prefix,
            "nameSuffix" => &mut self.name_suffix,
            "namespace" => &mut self.namespace,
            "commonLabels" => &mut self.common_labels,
            "templateLabels" => &mut self.template_labels,
            "volumeClaimTemplateLabels" => &mut self.claim_template_labels,
            "commonAnnotations" => &mut self.common_annotations,
            "varReference" => &mut self.var_reference,
            "images" => &mut self.images,
            "replicas" => &mut self.replicas,
            name if name.starts_with("nameReference") => {
                &mut self.name_reference.last_mut()?.referrers
            }
            _ => return None,
        })
    }

    /// Reads a file of `configurations`.
    pub(crate) fn parse(text: &[u8]) -> Result<Self> {
        let value = yaml::v2::to_value_strict(text)?;
        let file: ConfigFile = crate::decode::strict(&value)
            .map_err(|e| e.context("error unmarshaling JSON: while decoding JSON"))?;
        let fields = |entries: Vec<FieldSpecEntry>| entries.into_iter().map(Into::into).collect();
        let mut config = Self {
            name_prefix: fields(file.name_prefix),
            name_suffix: fields(file.name_suffix),
            namespace: fields(file.namespace),
            common_labels: fields(file.common_labels),
            labels: fields(file.labels),
            template_labels: fields(file.template_labels),
            claim_template_labels: fields(file.claim_template_labels),
            common_annotations: fields(file.common_annotations),
            name_reference: Vec::new(),
            var_reference: fields(file.var_reference),
            images: fields(file.images),
            replicas: fields(file.replicas),
            ..Self::default()
        };
        for entry in file.name_reference {
            config.name_reference.push(NameReference {
                gvk: Gvk {
                    group: entry.group,
                    version: entry.version,
                    kind: entry.kind,
                },
                referrers: fields(entry.field_specs),
            });
        }
        config.sort();
        Ok(config)
    }

    /// Adds another's fields.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<()> {
        for ((own, name), (new, _)) in self.lists_mut().into_iter().zip(other.lists()) {
            let was_empty = own.is_empty();
            let is_changed = merge_all(own, new)
                .map_err(|e| e.context(format_args!("failed to merge {name} fieldSpec")))?;
            // Another's fields are in order already.
            if is_changed && !was_empty {
                sort_by_kind(own, |f| &f.gvk);
            }
        }
        let was_empty = self.name_reference.is_empty();
        let before = self.name_reference.len();
        for reference in &other.name_reference {
            self.add_name_reference(reference)
                .map_err(|e| e.context("failed to merge NameReference fieldSpec"))?;
        }
        if self.name_reference.len() > before && !was_empty {
            sort_by_kind(&mut self.name_reference, |r| &r.gvk);
        }
        self.by_kind = OnceLock::new();
        self.is_distinct = OnceLock::new();
        Ok(())
    }

    /// Whether merging another into this would change nothing, and not fail.
    pub(crate) fn has(&self, other: &Self) -> bool {
        let mut lists = self.lists().into_iter().zip(other.lists());
        let names = |new: &NameReference| {
            let mut own = self.name_reference.iter().filter(|own| own.gvk == new.gvk);
            let first = own.next();
            first.is_some_and(|own| has_all(&own.referrers, &new.referrers))
                && own.all(|own| has_all(&own.referrers, &new.referrers))
        };
        lists.all(|((own, _), (new, _))| has_all(own, new))
            && other.name_reference.iter().all(names)
    }

    /// Whether merging this into nothing would give the same: no field stands for another.
    pub(crate) fn is_distinct(&self) -> bool {
        *self.is_distinct.get_or_init(|| {
            let kinds = &self.name_reference;
            let is_new =
                |(i, r): (usize, &NameReference)| kinds[..i].iter().all(|k| k.gvk != r.gvk);
            self.lists().iter().all(|(fields, _)| are_distinct(fields))
                && kinds.iter().enumerate().all(is_new)
                && kinds.iter().all(|r| are_distinct(&r.referrers))
        })
    }

    fn add_name_reference(&mut self, new: &NameReference) -> Result<()> {
        let mut found = false;
        for own in self
            .name_reference
            .iter_mut()
            .filter(|own| own.gvk == new.gvk)
        {
            merge_all(&mut own.referrers, &new.referrers)?;
            found = true;
        }
        if !found {
            self.name_reference.push(new.clone());
        }
        Ok(())
    }

    fn sort(&mut self) {
        for (fields, _) in self.lists_mut() {
            sort_by_kind(fields, |f| &f.gvk);
        }
        sort_by_kind(&mut self.name_reference, |r| &r.gvk);
    }
}

fn sort_by_kind<T>(items: &mut [T], gvk: impl Fn(&T) -> &Gvk) {
    items.sort_by_cached_key(|item| {
        let gvk = gvk(item);
        (RANKS.of(&gvk.kind), gvk.sort_text())
    });
}

/// Kustomize's own order of kinds.
pub(crate) static RANKS: LazyLock<KindRanks> =
    LazyLock::new(|| KindRanks::new(&ORDER_FIRST, &ORDER_LAST));

/// An order of kinds: some come first, some last.
pub(crate) struct KindRanks(HashMap<String, isize>);

impl KindRanks {
    pub(crate) fn new<S: AsRef<str>>(first: &[S], last: &[S]) -> Self {
        let first = first.iter().zip(-first.len().cast_signed()..);
        let ranks = first.chain(last.iter().zip(1..));
        Self(
            ranks
                .map(|(kind, rank)| (kind.as_ref().to_owned(), rank))
                .collect(),
        )
    }

    pub(crate) fn of(&self, kind: &str) -> isize {
        self.0.get(kind).copied().unwrap_or(0)
    }
}

/// Reads `kind.version.group`, parts `-` or missing for any.
fn gvk(text: &str) -> Gvk {
    let mut parts = text.splitn(3, '.');
    let mut part = || parts.next().filter(|p| *p != "-").unwrap_or("").to_owned();
    let (kind, version, group) = (part(), part(), part());
    Gvk {
        group,
        version,
        kind,
    }
}

/// Reads the OpenAPI definitions of custom resources for the places that they mark.
pub(crate) fn from_crds(text: &[u8]) -> Result<Config> {
    let definitions = if text.first() == Some(&b'{') {
        value::Value::parse(text).map_err(|e| mistake!("{e}"))?
    } else {
        yaml::v2::to_value(text)?
    };
    let mut config = Config::default();
    for (name, api) in definitions
        .as_object()
        .into_iter()
        .flat_map(value::Object::iter)
    {
        let properties = api.at(&["Schema", "properties"]);
        let has = |field| properties.is_some_and(|p| p.get(field).is_some());
        if !(has("kind") && has("apiVersion") && has("metadata")) {
            continue;
        }
        let kind = name.rsplit('.').next().unwrap_or(name);
        let mut found = Config::default();
        let mut reader = Crds {
            definitions: &definitions,
            gvk: Gvk {
                kind: kind.to_owned(),
                ..Gvk::default()
            },
            config: &mut found,
        };
        reader.walk(name, &mut Vec::new())?;
        found.sort();
        config.merge(&found)?;
    }
    Ok(config)
}

/// Definitions that refer to each other may be this deep.
const CRD_DEPTH_MAX: usize = 32;

struct Crds<'v> {
    definitions: &'v value::Value,
    gvk: Gvk,
    config: &'v mut Config,
}

impl<'v> Crds<'v> {
    fn walk(&mut self, type_name: &str, path: &mut Vec<&'v str>) -> Result<()> {
        let Some(api) = self.definitions.get(type_name) else {
            return Ok(());
        };
        if path.len() > CRD_DEPTH_MAX {
            return Err(mistake!("definitions of {type_name} are nested too deep"));
        }
        let properties = api
            .at(&["Schema", "properties"])
            .and_then(value::Value::as_object);
        for (name, property) in properties.into_iter().flat_map(value::Object::iter) {
            path.push(name.as_str());
            let spec = |path: &[&str]| FieldSpec {
                gvk: self.gvk.clone(),
                path: path.join("/").as_str().into(),
                create: false,
            };
            let text = |name: &str| property.get(name).and_then(value::Value::as_str);
            if text("x-kubernetes-annotation").is_some() {
                merge_all(&mut self.config.common_annotations, &[spec(path)])?;
            }
            if text("x-kubernetes-label-selector").is_some() {
                merge_all(&mut self.config.common_labels, &[spec(path)])?;
            }
            if text("x-kubernetes-identity").is_some() {
                merge_all(&mut self.config.name_prefix, &[spec(path)])?;
            }
            if let (Some(version), Some(kind)) = (
                text("x-kubernetes-object-ref-api-version"),
                text("x-kubernetes-object-ref-kind"),
            ) {
                let key = text("x-kubernetes-object-ref-name-key").unwrap_or("name");
                let mut field = path.clone();
                field.push(key);
                let reference = NameReference {
                    gvk: Gvk {
                        group: String::new(),
                        version: version.to_owned(),
                        kind: kind.to_owned(),
                    },
                    referrers: vec![spec(&field)],
                };
                self.config.add_name_reference(&reference)?;
            }
            if let Some(reference) = text("$ref") {
                self.walk(reference, path)?;
            }
            path.pop();
        }
        Ok(())
    }
}
