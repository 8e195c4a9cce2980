//! Generators, transformers and validators in files or inline: only those that are built in.

use super::{Accumulated, Origin, Target};
use crate::build::Builder;
use crate::config::FieldSpec;
use crate::decode::{lenient, records};
use crate::error::{Error, Result, mistake};
use crate::id::{Gvk, Id};
use crate::kustomization::{
    ConfigMapArgs, FieldSpecEntry, HelmChart, HelmGlobals, Image, Pairs, Patch, ReplacementEntry,
    Replica, SecretArgs, Selector,
};
use crate::resource::{ORIGIN, Resource};
use crate::set::Set;
use crate::transform::patch::{JsonPatch, Patch as ReadyPatch};
use crate::transform::replacement::{self, Replacement};
use crate::transform::{Source, Specs, Step, Subjects, Transformer, ValueAddArgs};
use std::sync::Arc;
use value::Value;
use yaml::v3::Node;

records! {
    /// The settings of all built-in transformers together.
    struct Settings {
        /// Annotations to set.
        annotations: Pairs = "annotations",
        /// Labels to set.
        labels: Pairs = "labels",
        /// Where.
        field_specs: Option<Vec<FieldSpecEntry>> = "fieldSpecs",
        /// What images become.
        image_tag: Image = "imageTag",
        /// A number of replicas.
        replica: Replica = "replica",
        /// Only where no namespace is set.
        unset_only: bool = "unsetOnly",
        /// Which subjects of role bindings move along.
        set_role_binding_subjects: String = "setRoleBindingSubjects",
        /// What goes before names.
        prefix: String = "prefix",
        /// What goes behind names.
        suffix: String = "suffix",
        /// Values from one field to others.
        replacements: Vec<ReplacementEntry> = "replacements",
        /// Patches by path or inline.
        paths: Vec<String> = "paths",
        /// Patches as one text.
        patches: String = "patches",
        /// A JSON patch.
        json_op: String = "jsonOp",
        /// Its file.
        path: String = "path",
        /// What it is for.
        target: Option<Selector> = "target",
    }

    /// The settings of the generator of service accounts for a cloud.
    struct IamPolicy {
        /// Which cloud.
        cloud: String = "cloud",
        /// The account in the cluster.
        kubernetes_service: Account = "kubernetesService",
        /// The account in the cloud.
        service_account: Account = "serviceAccount",
    }

    /// An account.
    struct Account {
        /// Its project in the cloud.
        project_id: String = "projectId",
        /// Its namespace.
        namespace: String = "namespace",
        /// Its name.
        name: String = "name",
    }
}

/// What a generator makes, what it is, and where the kustomization names it.
type Made = (Resource, Option<Origin>, String);

impl<'b> Target<'b> {
    /// Reads settings that are given as files, folders or inline.
    fn settings(&mut self, field: &'static str, builder: &Builder<'b>) -> Result<Set> {
        let entries = match field {
            "generators" => self.kustomization.generators.clone(),
            "transformers" => self.kustomization.transformers.clone(),
            _ => self.kustomization.validators.clone(),
        };
        let mut acc = Accumulated::default();
        let mut paths = Vec::new();
        for (i, entry) in entries.iter().enumerate() {
            let line = self.line(&format!("/{field}/{i}")) + 1;
            let Ok(mut resources) = crate::read::resources(entry.as_bytes(), &self.file, line)
            else {
                paths.push(entry.clone());
                continue;
            };
            if let Some(origin) = &self.origin {
                let text = origin.append(self.file_name).text("");
                for resource in &mut resources {
                    resource.set_annotation(ORIGIN, &text)?;
                }
            }
            crate::set::append_all(&mut acc.set, resources)?;
        }
        self.resources(&mut acc, &paths, &format!("/{field}"), builder)?;
        Ok(acc.set)
    }

    pub(super) fn external_generators(&mut self, builder: &Builder<'b>) -> Result<Vec<Made>> {
        let settings = self
            .settings("generators", builder)
            .map_err(|e| e.context("loading generator plugins"))?;
        let mut made = Vec::new();
        for resource in &settings {
            let generated = self.run_generator(resource, builder).map_err(|e| {
                e.context("loading generator plugins: failed to load generator")
                    .at(&resource.file, resource.node().line)
            })?;
            let origin = plugin_origin(resource);
            made.extend(
                generated
                    .into_iter()
                    .map(|r| (r, origin.clone(), "/generators".to_owned())),
            );
        }
        Ok(made)
    }

    fn run_generator(&self, settings: &Resource, builder: &Builder<'b>) -> Result<Vec<Resource>> {
        let gvk = builtin(settings)?;
        let value = settings.to_value()?;
        let failed = |e: Error| {
            e.context(format_args!(
                "plugin {} fails configuration",
                settings.original_id()
            ))
        };
        let line = settings.node().line;
        let name = settings.name();
        let generate = |args: &crate::generate::Args<'_>| {
            crate::generate::generate(args, None, &self.loader, &settings.file, line)
        };
        match gvk.kind.as_str() {
            "ConfigMapGenerator" => {
                let mut args: ConfigMapArgs = lenient(&value).map_err(failed)?;
                if args.name.is_empty() {
                    name.clone_into(&mut args.name);
                }
                if args.namespace.is_empty() {
                    settings.namespace().clone_into(&mut args.namespace);
                }
                Ok(vec![generate(&(&args).into())?])
            }
            "SecretGenerator" => {
                let mut args: SecretArgs = lenient(&value).map_err(failed)?;
                if args.name.is_empty() {
                    name.clone_into(&mut args.name);
                }
                if args.namespace.is_empty() {
                    settings.namespace().clone_into(&mut args.namespace);
                }
                Ok(vec![generate(&(&args).into())?])
            }
            "HelmChartInflationGenerator" => {
                let chart: HelmChart = lenient(&value).map_err(failed)?;
                let globals: HelmGlobals = lenient(&value).map_err(failed)?;
                self.inflate_chart(&chart, &globals, builder)
            }
            "IAMPolicyGenerator" => {
                let policy: IamPolicy = lenient(&value).map_err(failed)?;
                Ok(vec![service_account(&policy, settings)?])
            }
            _ if is_transformer(&gvk.kind) => Err(mistake!(
                "plugin {} not a generator",
                settings.original_id()
            )),
            _ => Err(mistake!("unable to load builtin {gvk}")),
        }
    }

    /// Returns the transformers of a field of the kustomization.
    pub(super) fn external_steps(
        &mut self,
        field: &'static str,
        builder: &Builder<'b>,
    ) -> Result<Vec<Step>> {
        let settings = self.settings(field, builder)?;
        let mut steps = Vec::with_capacity(settings.len());
        for resource in &settings {
            let line = resource.node().line;
            let transformer = self
                .transformer(resource)
                .map_err(|e| e.at(&resource.file, line))?;
            steps.push(Step {
                transformer,
                source: Source {
                    what: field,
                    file: Arc::clone(&resource.file),
                    line,
                    patch: None,
                },
                origin: plugin_origin(resource),
            });
        }
        Ok(steps)
    }

    fn transformer(&self, resource: &Resource) -> Result<Transformer> {
        let gvk = builtin(resource)?;
        if !is_transformer(&gvk.kind) {
            let id = resource.original_id();
            return Err(match gvk.kind.as_str() {
                "ConfigMapGenerator"
                | "SecretGenerator"
                | "HelmChartInflationGenerator"
                | "IAMPolicyGenerator" => mistake!("plugin {id} not a transformer"),
                _ => mistake!("unable to load builtin {gvk}"),
            });
        }
        let configured = self.configured(&gvk.kind, resource);
        configured.map_err(|e| {
            e.context(format_args!(
                "plugin {} fails configuration",
                resource.original_id()
            ))
        })
    }

    fn configured(&self, kind: &str, resource: &Resource) -> Result<Transformer> {
        let value = without_metadata(resource.to_value()?);
        if kind == "PatchTransformer" {
            let patch: Patch = lenient(&value)?;
            let place = (&resource.file, resource.node().line);
            let (target, options) = (patch.target.as_ref(), patch.options.as_ref());
            let patch = ReadyPatch::new(
                &patch.path,
                &patch.patch,
                target,
                options,
                &self.loader,
                place,
            )?;
            return Ok(Transformer::Patch(patch));
        }
        if kind == "ValueAddTransformer" {
            let args: ValueAddArgs = lenient(&value)?;
            return Ok(Transformer::ValueAdd(crate::transform::value_add(
                args,
                &self.loader,
            )?));
        }
        let settings: Settings = lenient(&value)?;
        let specs = settings.field_specs.clone();
        let has_specs = specs.is_some();
        let specs: Vec<FieldSpec> = specs.into_iter().flatten().map(Into::into).collect();
        let specs = Specs::Own(specs);
        Ok(match kind {
            "AnnotationsTransformer" => Transformer::Texts(settings.annotations, specs),
            "LabelTransformer" => Transformer::Texts(settings.labels, specs),
            "HashTransformer" => Transformer::Hash,
            "ImageTagTransformer" => Transformer::Images(settings.image_tag, specs),
            "ReplicaCountTransformer" => Transformer::Replicas(settings.replica, specs),
            "NamespaceTransformer" => Transformer::Namespace {
                namespace: resource.namespace().to_owned(),
                specs,
                unset_only: settings.unset_only,
                subjects: Subjects::parse(&settings.set_role_binding_subjects)?,
            },
            "PrefixTransformer" | "SuffixTransformer" | "PrefixSuffixTransformer" if !has_specs => {
                return Err(Error::new("fieldSpecs is not expected to be nil"));
            }
            "PrefixTransformer" => Transformer::Prefix(settings.prefix, specs),
            "SuffixTransformer" => Transformer::Suffix(settings.suffix, specs),
            "PrefixSuffixTransformer" => Transformer::Both(
                Box::new(Transformer::Prefix(settings.prefix, specs.clone())),
                Box::new(Transformer::Suffix(settings.suffix, specs)),
            ),
            "ReplacementTransformer" => {
                replacement::check(&settings.replacements)?;
                Transformer::Replacements(Replacement::read(&settings.replacements, &self.loader)?)
            }
            "PatchJson6902Transformer" => {
                let target = settings.target.as_ref();
                let patch =
                    JsonPatch::new(target, &settings.path, &settings.json_op, &self.loader)?;
                Transformer::JsonPatch(patch)
            }
            "PatchStrategicMergeTransformer" => {
                if settings.paths.is_empty() && settings.patches.is_empty() {
                    return Err(Error::new("empty file path and empty patch content"));
                }
                let mut patches = match settings.paths.as_slice() {
                    [] => Vec::new(),
                    paths => self.merge_patches(paths, "/transformers")?,
                };
                let line = resource.node().line;
                let text = settings.patches.as_bytes();
                patches.extend(crate::read::patches(text, &resource.file, line)?);
                if patches.is_empty() {
                    return Err(Error::new("patch appears to be empty; files=[], Patch="));
                }
                Transformer::MergePatches(patches)
            }
            other => return Err(mistake!("unable to load builtin {other}")),
        })
    }

    /// Runs the validators, which must leave everything as it is.
    pub(super) fn run_validators(
        &mut self,
        acc: &mut Accumulated,
        builder: &Builder<'b>,
    ) -> Result<()> {
        if self.kustomization.validators.is_empty() {
            return Ok(());
        }
        let schema = builder.schema();
        for step in self.external_steps("validators", builder)? {
            let before: Vec<Value> = values(&acc.set)?;
            let mut validated = acc.set.clone();
            step.run(&mut validated, &schema)?;
            for resource in &mut validated {
                let mut labels = resource.texts("labels");
                if labels.iter().any(|(name, _)| name == VALIDATED_BY) {
                    labels.retain(|(name, _)| name != VALIDATED_BY);
                    resource.set_texts("labels", &labels)?;
                }
            }
            if values(&validated)? != before {
                let error = Error::new("validator shouldn't modify the resource map");
                return Err(error.at(&step.source.file, step.source.line));
            }
        }
        Ok(())
    }
}

const VALIDATED_BY: &str = "validated-by";

fn values(set: &Set) -> Result<Vec<Value>> {
    set.iter().map(Resource::to_value).collect()
}

/// The metadata of settings have names and labels of their own.
fn without_metadata(mut value: Value) -> Value {
    value.remove_at(&["metadata"]);
    value
}

/// Returns the kind of settings of something that is built in.
fn builtin(settings: &Resource) -> Result<Gvk> {
    let gvk = Gvk::of(settings.node());
    if gvk.group.is_empty() && gvk.version == "builtin" {
        return Ok(gvk);
    }
    Err(mistake!(
        "external plugins disabled; unable to load external plugin '{}'",
        settings.original_id().gvk.kind
    ))
}

fn is_transformer(kind: &str) -> bool {
    matches!(
        kind,
        "AnnotationsTransformer"
            | "HashTransformer"
            | "ImageTagTransformer"
            | "LabelTransformer"
            | "NamespaceTransformer"
            | "PatchJson6902Transformer"
            | "PatchStrategicMergeTransformer"
            | "PatchTransformer"
            | "PrefixSuffixTransformer"
            | "PrefixTransformer"
            | "SuffixTransformer"
            | "ReplacementTransformer"
            | "ReplicaCountTransformer"
            | "ValueAddTransformer"
    )
}

/// Returns where settings come from, for annotations.
fn plugin_origin(settings: &Resource) -> Option<Origin> {
    let text = settings.annotation(ORIGIN)?;
    let origin = yaml::v2::to_value(text.as_bytes()).ok()?;
    let id: Id = settings.id();
    Some(Origin {
        path: String::new(),
        repo: origin.str_at(&["repo"]).to_owned(),
        reference: origin.str_at(&["ref"]).to_owned(),
        configured_in: origin.str_at(&["path"]).to_owned(),
        configured_by: [id.gvk.api_version(), id.gvk.kind, id.name, id.namespace],
    })
}

fn service_account(policy: &IamPolicy, settings: &Resource) -> Result<Resource> {
    if policy.cloud != "gke" {
        return Err(mistake!(
            "cloud provider {} not supported yet",
            policy.cloud
        ));
    }
    let line = settings.node().line;
    let account = &policy.kubernetes_service;
    let mut object = value::json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "annotations": {
                "iam.gke.io/gcp-service-account": format!(
                    "{}@{}.iam.gserviceaccount.com",
                    policy.service_account.name, policy.service_account.project_id
                ),
            },
            "name": &account.name,
        },
    });
    if !account.namespace.is_empty() {
        object.set_at(&["metadata", "namespace"], account.namespace.as_str());
    }
    let node = Node::from_value(&object, line);
    Ok(Resource::new(node, Arc::clone(&settings.file)))
}
