//! The fields of a kustomization.

use crate::decode::{Decode, records, strict};
use crate::error::{Error, Result, mistake};
use std::collections::BTreeMap;
use value::Value;
use yaml::Lines;

/// Text by name.
pub type Pairs = BTreeMap<String, String>;

records! {
    /// A kustomization or a component.
    pub(crate) struct Kustomization {
        /// Its version.
        api_version: String = "apiVersion",
        /// `Kustomization` or `Component`.
        kind: String = "kind",
        /// Nothing that matters.
        metadata: Value = "metadata",
        /// The schema that says how lists merge.
        openapi: Pairs = "openapi",
        /// What goes before names.
        name_prefix: String = "namePrefix",
        /// What goes behind names.
        name_suffix: String = "nameSuffix",
        /// The namespace of everything.
        namespace: String = "namespace",
        /// Labels for objects, templates and selectors.
        common_labels: Pairs = "commonLabels",
        /// Labels, with a say in where they go.
        labels: Vec<Label> = "labels",
        /// Annotations for objects and templates.
        common_annotations: Pairs = "commonAnnotations",
        /// Patches by path or inline.
        patches_strategic_merge: Vec<String> = "patchesStrategicMerge",
        /// JSON patches.
        patches_json_6902: Vec<Patch> = "patchesJson6902",
        /// Patches of both kinds.
        patches: Vec<Patch> = "patches",
        /// Names, tags and digests of images.
        images: Vec<Image> = "images",
        /// The same by its old name.
        image_tags: Vec<Image> = "imageTags",
        /// Values from one field to others.
        replacements: Vec<ReplacementEntry> = "replacements",
        /// Numbers of replicas.
        replicas: Vec<Replica> = "replicas",
        /// Variables.
        vars: Vec<Var> = "vars",
        /// The order of the objects.
        sort_options: Option<SortOptions> = "sortOptions",
        /// Files, folders and remote kustomizations.
        resources: Vec<String> = "resources",
        /// Folders of components.
        components: Vec<String> = "components",
        /// OpenAPI definitions of custom resources.
        crds: Vec<String> = "crds",
        /// Folders, by the old name of `resources`.
        bases: Vec<String> = "bases",
        /// ConfigMaps to make.
        config_map_generator: Vec<ConfigMapArgs> = "configMapGenerator",
        /// Secrets to make.
        secret_generator: Vec<SecretArgs> = "secretGenerator",
        /// What all charts share.
        helm_globals: Option<HelmGlobals> = "helmGlobals",
        /// Charts to inflate.
        helm_charts: Vec<HelmChart> = "helmCharts",
        /// The same in its old form.
        helm_chart_inflation_generator: Vec<HelmChartArgs> = "helmChartInflationGenerator",
        /// Options of all generators.
        generator_options: Option<GeneratorOptions> = "generatorOptions",
        /// Where the transformers look, besides the places they know.
        configurations: Vec<String> = "configurations",
        /// Generators as files or inline.
        generators: Vec<String> = "generators",
        /// Transformers as files or inline.
        transformers: Vec<String> = "transformers",
        /// Transformers that must not change anything.
        validators: Vec<String> = "validators",
        /// What is noted in the objects about the build.
        build_metadata: Vec<String> = "buildMetadata",
    }

    /// Labels and where they go.
    pub(crate) struct Label {
        /// The labels.
        pairs: Pairs = "pairs",
        /// To selectors, too.
        include_selectors: bool = "includeSelectors",
        /// To templates, too.
        include_templates: bool = "includeTemplates",
        /// To the templates of volume claims, too.
        include_volume_claim_templates: bool = "includeVolumeClaimTemplates",
        /// To these fields, too.
        field_specs: Vec<FieldSpecEntry> = "fields",
    }

    /// A field of some kinds.
    pub(crate) struct FieldSpecEntry {
        /// The group; any if empty.
        group: String = "group",
        /// The version; any if empty.
        version: String = "version",
        /// The kind; any if empty.
        kind: String = "kind",
        /// Where, with `/` between names.
        path: String = "path",
        /// Whether it is made where it is missing.
        create: bool = "create",
    }

    /// A patch and what it is for.
    pub struct Patch {
        /// The file.
        path: String = "path",
        /// The text.
        patch: String = "patch",
        /// The objects.
        target: Option<Selector> = "target",
        /// What it may change.
        options: Option<PatchOptions> = "options",
    }

    /// What a patch may change.
    pub struct PatchOptions {
        /// Names.
        allow_name_change: bool = "allowNameChange",
        /// Kinds.
        allow_kind_change: bool = "allowKindChange",
    }

    /// Which objects.
    pub struct Selector {
        /// A pattern of the group.
        group: String = "group",
        /// A pattern of the version.
        version: String = "version",
        /// A pattern of the kind.
        kind: String = "kind",
        /// A pattern of the name.
        name: String = "name",
        /// A pattern of the namespace.
        namespace: String = "namespace",
        /// A selector of annotations.
        annotation_selector: String = "annotationSelector",
        /// A selector of labels.
        label_selector: String = "labelSelector",
    }

    /// What an image becomes.
    pub(crate) struct Image {
        /// A pattern of its name.
        name: String = "name",
        /// Its new name.
        new_name: String = "newName",
        /// What goes behind its tag.
        tag_suffix: String = "tagSuffix",
        /// Its new tag.
        new_tag: String = "newTag",
        /// Its new digest.
        digest: String = "digest",
    }

    /// A replacement, or the file of some.
    pub(crate) struct ReplacementEntry {
        /// The file.
        path: String = "path",
        /// Where the value comes from.
        source: Option<Source> = "source",
        /// Where it goes.
        targets: Option<Vec<Target>> = "targets",
        /// The value itself.
        source_value: Option<String> = "sourceValue",
    }

    /// The field that a value comes from.
    pub(crate) struct Source {
        /// The group.
        group: String = "group",
        /// The version.
        version: String = "version",
        /// The kind.
        kind: String = "kind",
        /// The name.
        name: String = "name",
        /// The namespace.
        namespace: String = "namespace",
        /// The field, `metadata.name` if empty.
        field_path: String = "fieldPath",
        /// Which part of it.
        options: Option<FieldOptions> = "options",
    }

    /// The fields that a value goes to.
    pub(crate) struct Target {
        /// In these objects.
        select: Option<Selector> = "select",
        /// But not in these.
        reject: Vec<Selector> = "reject",
        /// The fields.
        field_paths: Vec<String> = "fieldPaths",
        /// Which part of them.
        options: Option<FieldOptions> = "options",
    }

    /// Which part of a field.
    pub(crate) struct FieldOptions {
        /// What cuts it into parts.
        delimiter: String = "delimiter",
        /// The number of the part.
        index: i64 = "index",
        /// Not used.
        encoding: String = "encoding",
        /// Whether it is made where it is missing.
        create: bool = "create",
    }

    /// How many replicas.
    pub struct Replica {
        /// Of what.
        name: String = "name",
        /// The number.
        count: i64 = "count",
    }

    /// A variable.
    pub(crate) struct Var {
        /// Its name.
        name: String = "name",
        /// The object that its value comes from.
        objref: ObjectReference = "objref",
        /// The field.
        fieldref: FieldReference = "fieldref",
    }

    /// An object.
    pub(crate) struct ObjectReference {
        /// Group and version.
        api_version: String = "apiVersion",
        /// The group.
        group: String = "group",
        /// The version.
        version: String = "version",
        /// The kind.
        kind: String = "kind",
        /// The name.
        name: String = "name",
        /// The namespace.
        namespace: String = "namespace",
    }

    /// A field.
    pub(crate) struct FieldReference {
        /// Where, `metadata.name` if empty.
        field_path: String = "fieldPath",
    }

    /// The order of the objects.
    pub(crate) struct SortOptions {
        /// `legacy` or `fifo`.
        order: String = "order",
        /// What `legacy` means.
        legacy_sort_options: Option<LegacySortOptions> = "legacySortOptions",
    }

    /// An order of kinds.
    pub(crate) struct LegacySortOptions {
        /// Kinds that come first.
        order_first: Vec<String> = "orderFirst",
        /// Kinds that come last.
        order_last: Vec<String> = "orderLast",
    }

    /// A ConfigMap to make.
    pub(crate) struct ConfigMapArgs {
        /// Its namespace.
        namespace: String = "namespace",
        /// Its name.
        name: String = "name",
        /// What happens if it exists.
        behavior: String = "behavior",
        /// `key=value`.
        literals: Vec<String> = "literals",
        /// `[key=]path`.
        files: Vec<String> = "files",
        /// Files of `KEY=value` lines.
        envs: Vec<String> = "envs",
        /// One of them.
        env: String = "env",
        /// Labels and so on.
        options: Option<GeneratorOptions> = "options",
    }

    /// A Secret to make.
    pub(crate) struct SecretArgs {
        /// Its namespace.
        namespace: String = "namespace",
        /// Its name.
        name: String = "name",
        /// What happens if it exists.
        behavior: String = "behavior",
        /// `key=value`.
        literals: Vec<String> = "literals",
        /// `[key=]path`.
        files: Vec<String> = "files",
        /// Files of `KEY=value` lines.
        envs: Vec<String> = "envs",
        /// One of them.
        env: String = "env",
        /// Labels and so on.
        options: Option<GeneratorOptions> = "options",
        /// Its type.
        secret_type: String = "type",
    }

    /// What generators add.
    pub(crate) struct GeneratorOptions {
        /// Labels.
        labels: Option<Pairs> = "labels",
        /// Annotations.
        annotations: Option<Pairs> = "annotations",
        /// No suffix.
        disable_name_suffix_hash: bool = "disableNameSuffixHash",
        /// The object is immutable.
        immutable: bool = "immutable",
    }

    /// What all charts share.
    pub struct HelmGlobals {
        /// The folder of charts.
        chart_home: String = "chartHome",
        /// The folder of Helm's configuration.
        config_home: String = "configHome",
    }

    /// A chart to inflate.
    pub struct HelmChart {
        /// Its name.
        name: String = "name",
        /// Its version.
        version: String = "version",
        /// Its repository.
        repo: String = "repo",
        /// The name of the release.
        release_name: String = "releaseName",
        /// The namespace of the release.
        namespace: String = "namespace",
        /// More files of values.
        additional_values_files: Vec<String> = "additionalValuesFiles",
        /// The file of values.
        values_file: String = "valuesFile",
        /// Values.
        values_inline: Value = "valuesInline",
        /// How they go together.
        values_merge: String = "valuesMerge",
        /// With custom resource definitions.
        include_crds: bool = "includeCRDs",
        /// Without hooks.
        skip_hooks: bool = "skipHooks",
        /// Versions that the cluster has.
        api_versions: Vec<String> = "apiVersions",
        /// The version of the cluster.
        kube_version: String = "kubeVersion",
        /// A template of the release's name.
        name_template: String = "nameTemplate",
        /// Without tests.
        skip_tests: bool = "skipTests",
        /// More output.
        debug: bool = "debug",
        /// Development versions, too.
        devel: bool = "devel",
    }

    /// A chart to inflate, in the old form.
    pub(crate) struct HelmChartArgs {
        /// Its name.
        chart_name: String = "chartName",
        /// Its version.
        chart_version: String = "chartVersion",
        /// Its repository.
        chart_repo_url: String = "chartRepoUrl",
        /// The folder of charts.
        chart_home: String = "chartHome",
        /// Not used.
        chart_repo_name: String = "chartRepoName",
        /// Not used.
        helm_bin: String = "helmBin",
        /// The folder of Helm's configuration.
        helm_home: String = "helmHome",
        /// The file of values.
        values: String = "values",
        /// Values.
        values_local: Value = "valuesLocal",
        /// How they go together.
        values_merge: String = "valuesMerge",
        /// The name of the release.
        release_name: String = "releaseName",
        /// The namespace of the release.
        release_namespace: String = "releaseNamespace",
        /// Not used.
        extra_args: Vec<String> = "extraArgs",
    }
}

/// The kind of a component.
pub(crate) const COMPONENT: &str = "Component";
const KUSTOMIZATION: &str = "Kustomization";
const KUSTOMIZATION_VERSION: &str = "kustomize.config.k8s.io/v1beta1";
const COMPONENT_VERSION: &str = "kustomize.config.k8s.io/v1alpha1";

/// Reads a kustomization; gives back where its parts stand, too.
pub(crate) fn parse(text: &[u8]) -> Result<(Kustomization, Lines, Vec<&'static str>)> {
    let invalid = |e: Error| e.context("invalid Kustomization");
    let decoded = yaml::v2::decode(text).map_err(|e| invalid(e.into()))?;
    if matches!(&decoded.value, Value::Array(_) | Value::String(_)) {
        let error = crate::decode::At::root(crate::decode::Unknown::Refused)
            .mismatch(&decoded.value, "types.Kustomization");
        return Err(invalid(error));
    }
    let mut kustomization: Kustomization = strict(&decoded.value).map_err(invalid)?;
    let warnings = kustomization.deprecations();
    kustomization.modernise();
    Ok((kustomization, decoded.lines, warnings))
}

impl Kustomization {
    fn deprecations(&self) -> Vec<&'static str> {
        let all = [
            (
                !self.bases.is_empty(),
                "'bases' is deprecated: use 'resources' instead",
            ),
            (
                !self.common_labels.is_empty(),
                "'commonLabels' is deprecated: use 'labels' instead",
            ),
            (
                !self.image_tags.is_empty(),
                "'imageTags' is deprecated: use 'images' instead",
            ),
            (
                !self.patches_json_6902.is_empty(),
                "'patchesJson6902' is deprecated: use 'patches' instead",
            ),
            (
                !self.patches_strategic_merge.is_empty(),
                "'patchesStrategicMerge' is deprecated: use 'patches' instead",
            ),
            (
                !self.vars.is_empty(),
                "'vars' is deprecated: use 'replacements' instead",
            ),
        ];
        let used = all.into_iter().filter(|(used, _)| *used);
        used.map(|(_, words)| words).collect()
    }

    /// Moves what stands in fields of old names.
    fn modernise(&mut self) {
        if self.kind.is_empty() {
            self.kind = KUSTOMIZATION.to_owned();
        }
        if self.api_version.is_empty() {
            let version = if self.kind == COMPONENT {
                COMPONENT_VERSION
            } else {
                KUSTOMIZATION_VERSION
            };
            version.clone_into(&mut self.api_version);
        }
        self.resources.append(&mut self.bases);
        self.images.append(&mut self.image_tags);
        for args in &mut self.config_map_generator {
            args.envs.extend(take_nonempty(&mut args.env));
        }
        for args in &mut self.secret_generator {
            args.envs.extend(take_nonempty(&mut args.env));
        }
        let mut globals = HelmGlobals::default();
        for old in std::mem::take(&mut self.helm_chart_inflation_generator) {
            if !old.chart_home.is_empty() {
                globals.chart_home = old.chart_home;
            }
            if !old.helm_home.is_empty() {
                globals.config_home = old.helm_home;
            }
            self.helm_charts.push(HelmChart {
                name: old.chart_name,
                version: old.chart_version,
                repo: old.chart_repo_url,
                values_file: old.values,
                values_inline: old.values_local,
                values_merge: old.values_merge,
                release_name: old.release_name,
                ..HelmChart::default()
            });
        }
        if self.helm_globals.is_none() && globals != HelmGlobals::default() {
            self.helm_globals = Some(globals);
        }
    }

    /// Refuses kustomizations that say nothing or aren't any.
    pub(crate) fn validate(&self, root: &str) -> Result<()> {
        let empty = Self {
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            ..Self::default()
        };
        if *self == empty {
            return Err(Error::new("kustomization.yaml is empty"));
        }
        let mut mistakes = Vec::new();
        if self.kind != KUSTOMIZATION && self.kind != COMPONENT {
            mistakes.push(format!("kind should be {KUSTOMIZATION} or {COMPONENT}"));
        }
        let version = if self.kind == COMPONENT {
            COMPONENT_VERSION
        } else {
            KUSTOMIZATION_VERSION
        };
        if self.api_version != version {
            mistakes.push(format!("apiVersion for {} should be {version}", self.kind));
        }
        if mistakes.is_empty() {
            return Ok(());
        }
        let mistakes = mistakes.join("\n");
        Err(mistake!(
            "Failed to read kustomization file under {root}:\n{mistakes}"
        ))
    }

    /// Returns true if `buildMetadata` asks for something.
    pub(crate) fn notes(&self, what: &str) -> bool {
        self.build_metadata.iter().any(|option| option == what)
    }
}

fn take_nonempty(text: &mut String) -> Option<String> {
    (!text.is_empty()).then(|| std::mem::take(text))
}

/// Reads records from YAML text; fields that they don't have are ignored.
pub(crate) fn records_of<T: Decode>(text: &[u8]) -> Result<T> {
    crate::decode::lenient(&yaml::v2::to_value(text)?)
}

// They hold nothing but text, numbers and truth.
impl Eq for Patch {}
impl Eq for PatchOptions {}
impl Eq for Selector {}
impl Eq for Replica {}
