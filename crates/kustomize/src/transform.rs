//! The built-in transformers.

mod images;
mod labels;
mod names;
mod namespace;
pub(crate) mod order;
pub(crate) mod patch;
pub(crate) mod replacement;
mod replicas;
mod value_add;

use crate::config::{Config, FieldSpec};
use crate::error::Result;
use crate::kustomization::{Image, Pairs, Replica};
use crate::set::Set;
pub(crate) use images::split as split_image;
pub(crate) use namespace::Subjects;
use patch::{JsonPatch, Patch};
use replacement::Replacement;
use std::sync::Arc;
use value_add::ValueAdd;
pub(crate) use value_add::ValueAddArgs;

/// A built-in transformer and its settings.
pub(crate) enum Transformer {
    /// Strategic merge patches, each for the object that it names.
    MergePatches(Vec<crate::resource::Resource>),
    /// A patch of either kind.
    Patch(Patch),
    /// A JSON patch.
    JsonPatch(JsonPatch),
    /// Sets the namespace.
    Namespace {
        namespace: String,
        specs: Specs,
        unset_only: bool,
        subjects: Subjects,
    },
    /// Puts text before names.
    Prefix(String, Specs),
    /// Puts text behind names.
    Suffix(String, Specs),
    /// Sets labels or annotations.
    Texts(Pairs, Specs),
    /// Sets the number of replicas.
    Replicas(Replica, Specs),
    /// Changes images.
    Images(Image, Specs),
    /// Copies values from field to field.
    Replacements(Vec<Replacement>),
    /// Puts the suffix behind generated names.
    Hash,
    /// Adds a value to fields.
    ValueAdd(ValueAdd),
    /// One after the other.
    Both(Box<Transformer>, Box<Transformer>),
}

/// Fields: a transformer's own, or those of a configuration.
#[derive(Clone)]
pub(crate) enum Specs {
    /// Its own.
    Own(Vec<FieldSpec>),
    /// A section of a configuration, which is shared.
    Of(Arc<Config>, fn(&Config) -> &[FieldSpec]),
}

impl std::ops::Deref for Specs {
    type Target = [FieldSpec];
    fn deref(&self) -> &[FieldSpec] {
        match self {
            Self::Own(specs) => specs,
            Self::Of(config, section) => section(config),
        }
    }
}

/// Which transformer, for people and for annotations.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The field of the kustomization.
    pub(crate) what: &'static str,
    /// The file that holds its settings.
    pub(crate) file: Arc<str>,
    /// The line of its settings.
    pub(crate) line: u32,
    /// The file of a patch.
    pub(crate) patch: Option<Arc<str>>,
}

/// A transformer and where it stands.
pub(crate) struct Step {
    pub(crate) transformer: Transformer,
    pub(crate) source: Source,
    /// What `transformerAnnotations` notes.
    pub(crate) origin: Option<crate::target::Origin>,
}

impl Step {
    pub(crate) fn run(&self, set: &mut Set, schema: &crate::schema::Schema) -> Result<()> {
        let run = self.transformer.run(set, schema);
        crate::link::settle(set);
        run.map_err(|e| e.at(&self.source.file, self.source.line))
    }
}

impl Transformer {
    pub(crate) fn run(&self, set: &mut Set, schema: &crate::schema::Schema) -> Result<()> {
        match self {
            Self::MergePatches(patches) => patch::apply_merge_patches(set, patches, schema),
            Self::Patch(patch) => patch.run(set, schema),
            Self::JsonPatch(patch) => patch.run(set),
            Self::Namespace {
                namespace,
                specs,
                unset_only,
                subjects,
            } => namespace::run(set, namespace, specs, *unset_only, *subjects),
            Self::Prefix(prefix, specs) => names::run(set, names::Side::Prefix, prefix, specs),
            Self::Suffix(suffix, specs) => names::run(set, names::Side::Suffix, suffix, specs),
            Self::Texts(pairs, specs) => labels::run(set, pairs, specs),
            Self::Replicas(replica, specs) => replicas::run(set, replica, specs),
            Self::Images(image, specs) => images::run(set, image, specs),
            Self::Replacements(replacements) => replacement::run(set, replacements),
            Self::Hash => names::hash(set),
            Self::ValueAdd(value) => value.run(set),
            Self::Both(first, second) => {
                first.run(set, schema)?;
                second.run(set, schema)
            }
        }
    }
}

/// Reads the settings of the transformer that adds values.
pub(crate) fn value_add(args: ValueAddArgs, loader: &crate::load::Loader<'_>) -> Result<ValueAdd> {
    ValueAdd::new(args, loader)
}
