//! What the fields of a kustomization do, in their fixed order.

use super::{Accumulated, Target};
use crate::build::Builder;
use crate::config::{Config, FieldSpec, merge_all};
use crate::error::{Error, Result};
use crate::generate;
use crate::kustomization::Label;
use crate::read;
use crate::resource::{ORIGIN, Resource};
use crate::set;
use crate::transform::patch::{JsonPatch, Patch};
use crate::transform::replacement::{self, Replacement};
use crate::transform::{Specs, Step, Subjects, Transformer};
use std::sync::Arc;

impl<'b> Target<'b> {
    /// Runs the generators of the kustomization.
    pub(super) fn run_generators(
        &mut self,
        acc: &mut Accumulated,
        builder: &Builder<'b>,
    ) -> Result<()> {
        let k = &self.kustomization;
        let global = k.generator_options.as_ref();
        let mut made: Vec<(Resource, Option<super::Origin>, String)> = Vec::new();
        for (i, args) in k.config_map_generator.iter().enumerate() {
            let pointer = format!("/configMapGenerator/{i}");
            made.push((
                self.generate(&args.into(), global, &pointer)?,
                self.builtin_origin("ConfigMapGenerator"),
                pointer,
            ));
        }
        for (i, args) in k.secret_generator.iter().enumerate() {
            let pointer = format!("/secretGenerator/{i}");
            made.push((
                self.generate(&args.into(), global, &pointer)?,
                self.builtin_origin("SecretGenerator"),
                pointer,
            ));
        }
        for i in 0..k.helm_charts.len() {
            let pointer = format!("/helmCharts/{i}");
            let inflated = self.inflate(i, builder).map_err(|e| self.at(e, &pointer))?;
            let origin = self.builtin_origin("HelmChartInflationGenerator");
            made.extend(
                inflated
                    .into_iter()
                    .map(|r| (r, origin.clone(), pointer.clone())),
            );
        }
        made.extend(self.external_generators(builder)?);
        for (mut resource, origin, pointer) in made {
            if let Some(origin) = origin
                && resource.annotation(ORIGIN).is_none()
            {
                resource.set_annotation(ORIGIN, &origin.text(""))?;
            }
            set::absorb(&mut acc.set, resource)
                .map_err(|e| self.at(e.context("merging from generator"), &pointer))?;
        }
        Ok(())
    }

    fn generate(
        &self,
        args: &generate::Args<'_>,
        global: Option<&crate::kustomization::GeneratorOptions>,
        pointer: &str,
    ) -> Result<Resource> {
        let line = self.line(pointer);
        generate::generate(args, global, &self.loader, &self.file, line)
            .map_err(|e| self.at(e, pointer))
    }

    pub(super) fn builtin_origin(&self, kind: &str) -> Option<super::Origin> {
        let origin = self.origin.as_ref()?;
        Some(origin.configured(self.file_name, ["builtin", kind, "", ""]))
    }

    /// Runs the transformers of the kustomization, its own and those in files.
    pub(super) fn run_transformers(
        &mut self,
        acc: &mut Accumulated,
        builder: &Builder<'b>,
    ) -> Result<()> {
        let config = acc.config.clone().unwrap_or_else(Config::builtin);
        let mut steps = self.builtin_steps(&config)?;
        steps.extend(self.external_steps("transformers", builder)?);
        self.run_steps(&mut acc.set, &steps, builder)
    }

    fn builtin_steps(&self, config: &Arc<Config>) -> Result<Vec<Step>> {
        let of = |section: fn(&Config) -> &[FieldSpec]| Specs::Of(Arc::clone(config), section);
        let k = &self.kustomization;
        let mut steps = Vec::new();
        let mut add = |what: &'static str,
                       kind: &'static str,
                       pointer: &str,
                       transformer: Transformer| {
            let mut source = self.source(what, pointer);
            source.patch = match &transformer {
                Transformer::Patch(patch) => patch.file(),
                Transformer::MergePatches(patches) => patches.first().map(|p| Arc::clone(&p.file)),
                _ => None,
            };
            steps.push(Step {
                transformer,
                source,
                origin: self.builtin_origin(kind),
            });
        };
        let trouble = |e: Error, kind: &str, pointer: &str| {
            let e = e.context(format_args!(
                "trouble configuring builtin {kind} with config"
            ));
            self.at(e, pointer)
        };
        if !k.patches_strategic_merge.is_empty() {
            let kind = "PatchStrategicMergeTransformer";
            let patches = self
                .merge_patches(&k.patches_strategic_merge, "/patchesStrategicMerge")
                .map_err(|e| trouble(e, kind, "/patchesStrategicMerge"))?;
            let patches = Transformer::MergePatches(patches);
            add(
                "patchesStrategicMerge",
                kind,
                "/patchesStrategicMerge",
                patches,
            );
        }
        for (i, patch) in k.patches.iter().enumerate() {
            let (kind, pointer) = ("PatchTransformer", format!("/patches/{i}"));
            // The text of an inline patch begins a line below its name.
            let line = self.line(&format!("{pointer}/patch")) + 1;
            let patch = Patch::new(
                &patch.path,
                &patch.patch,
                patch.target.as_ref(),
                patch.options.as_ref(),
                &self.loader,
                (&self.file, line),
            );
            let patch = patch.map_err(|e| trouble(e, kind, &pointer))?;
            add("patches", kind, &pointer, Transformer::Patch(patch));
        }
        if !k.namespace.is_empty() {
            let namespace = Transformer::Namespace {
                namespace: k.namespace.clone(),
                specs: of(|c| &c.namespace),
                unset_only: false,
                subjects: Subjects::Default,
            };
            add("namespace", "NamespaceTransformer", "/namespace", namespace);
        }
        if !k.name_prefix.is_empty() {
            let prefix = Transformer::Prefix(k.name_prefix.clone(), of(|c| &c.name_prefix));
            add("namePrefix", "PrefixTransformer", "/namePrefix", prefix);
        }
        if !k.name_suffix.is_empty() {
            let suffix = Transformer::Suffix(k.name_suffix.clone(), of(|c| &c.name_suffix));
            add("nameSuffix", "SuffixTransformer", "/nameSuffix", suffix);
        }
        for (i, label) in k.labels.iter().enumerate() {
            let pointer = format!("/labels/{i}");
            let specs = label_specs(label, config).map_err(|e| self.at(e, &pointer))?;
            let labels = Transformer::Texts(label.pairs.clone(), specs);
            add("labels", "LabelTransformer", &pointer, labels);
        }
        if !k.labels.is_empty() || !k.common_labels.is_empty() {
            let labels = Transformer::Texts(k.common_labels.clone(), of(|c| &c.common_labels));
            add("commonLabels", "LabelTransformer", "/commonLabels", labels);
        }
        if !k.common_annotations.is_empty() {
            let specs = of(|c| &c.common_annotations);
            let annotations = Transformer::Texts(k.common_annotations.clone(), specs);
            add(
                "commonAnnotations",
                "AnnotationsTransformer",
                "/commonAnnotations",
                annotations,
            );
        }
        for (i, patch) in k.patches_json_6902.iter().enumerate() {
            let (kind, pointer) = ("PatchJson6902Transformer", format!("/patchesJson6902/{i}"));
            let patch = JsonPatch::new(
                patch.target.as_ref(),
                &patch.path,
                &patch.patch,
                &self.loader,
            )
            .map_err(|e| trouble(e, kind, &pointer))?;
            add(
                "patchesJson6902",
                kind,
                &pointer,
                Transformer::JsonPatch(patch),
            );
        }
        for (i, replica) in k.replicas.iter().enumerate() {
            let replicas = Transformer::Replicas(replica.clone(), of(|c| &c.replicas));
            add(
                "replicas",
                "ReplicaCountTransformer",
                &format!("/replicas/{i}"),
                replicas,
            );
        }
        for (i, image) in k.images.iter().enumerate() {
            let images = Transformer::Images(image.clone(), of(|c| &c.images));
            add(
                "images",
                "ImageTagTransformer",
                &format!("/images/{i}"),
                images,
            );
        }
        if !k.replacements.is_empty() {
            let kind = "ReplacementTransformer";
            let read = replacement::check(&k.replacements)
                .and_then(|()| Replacement::read(&k.replacements, &self.loader));
            let replacements = read.map_err(|e| trouble(e, kind, "/replacements"))?;
            add(
                "replacements",
                kind,
                "/replacements",
                Transformer::Replacements(replacements),
            );
        }
        Ok(steps)
    }

    /// Reads patches that are given as paths or inline.
    pub(super) fn merge_patches(&self, entries: &[String], pointer: &str) -> Result<Vec<Resource>> {
        let mut patches = Vec::new();
        for (i, entry) in entries.iter().enumerate() {
            let pointer = format!("{pointer}/{i}");
            let line = self.line(&pointer) + 1;
            match read::patches(entry.as_bytes(), &self.file, line) {
                Ok(inline) => patches.extend(inline),
                Err(_) => {
                    let file = self.loader.load(entry).map_err(|e| self.at(e, &pointer))?;
                    let read = read::patches(&file.bytes, &file.path, 0);
                    patches.extend(read.map_err(|e| read::in_file(e, entry, &file.path))?);
                }
            }
        }
        if patches.is_empty() {
            let files = entries.join(" ");
            return Err(crate::error::mistake!(
                "patch appears to be empty; files=[{files}], Patch="
            ));
        }
        Ok(patches)
    }
}

/// Returns the fields that labels go to.
fn label_specs(label: &Label, config: &Arc<Config>) -> Result<Specs> {
    let is_builtin = Arc::ptr_eq(config, &Config::builtin());
    if is_builtin && label.include_selectors && label.field_specs.is_empty() {
        // Nothing of it means the same as another part.
        return Ok(Specs::Of(Arc::clone(config), |c| &c.common_labels));
    }
    let failed = |e: Error| e.context("failed to merge labels");
    let mut specs: Vec<FieldSpec> = label.field_specs.iter().cloned().map(Into::into).collect();
    merge_all(&mut specs, &config.labels).map_err(failed)?;
    if label.include_selectors {
        merge_all(&mut specs, &config.common_labels).map_err(failed)?;
        return Ok(Specs::Own(specs));
    }
    if label.include_templates {
        merge_all(&mut specs, &config.template_labels)
            .map_err(|e| e.context("failed to merge template fieldSpec"))?;
    }
    if label.include_volume_claim_templates {
        merge_all(&mut specs, &config.claim_template_labels)
            .map_err(|e| e.context("failed to merge volumeClaimTemplate fieldSpec"))?;
    }
    merge_all(&mut specs, &[FieldSpec::everywhere("metadata/labels")]).map_err(failed)?;
    Ok(Specs::Own(specs))
}
