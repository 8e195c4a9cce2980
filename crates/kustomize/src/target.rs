//! A kustomization and what it accumulates.

mod chart;
mod plugins;
mod steps;

use crate::build::Builder;
use crate::config::{self, Config};
use crate::error::{Error, Result, mistake};
use crate::kustomization::{self, COMPONENT, Kustomization};
use crate::load::{File, Loader, is_remote_file};
use crate::read;
use crate::remote::RepoSpec;
use crate::resource::{ORIGIN, Resource, TRANSFORMATIONS};
use crate::schema::Schema;
use crate::set::{self, Set};
use crate::transform::{Source, Step};
use crate::vars::{self, Vars};
use std::rc::Rc;
use std::sync::Arc;
use yaml::Lines;

/// How a kustomization's file may be called.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Kustomizations that may refer to each other in a row.
const DEPTH_MAX: usize = 100;
/// Objects of one build: bases can be used over and over.
const RESOURCES_MAX: usize = 200_000;

/// What a kustomization accumulates.
#[derive(Clone, Default)]
pub(crate) struct Accumulated {
    pub(crate) set: Set,
    /// Where transformers look; nothing until a kustomization says so.
    pub(crate) config: Option<Arc<Config>>,
    pub(crate) vars: Vars,
}

impl Accumulated {
    fn merge_config(&mut self, new: &Arc<Config>) -> Result<()> {
        match &mut self.config {
            Some(own) if Arc::ptr_eq(own, new) || own.has(new) => Ok(()),
            // Even merging into nothing drops fields: of two that mean the same, the first one stays.
            None if Arc::ptr_eq(new, &Config::builtin()) || new.is_distinct() => {
                self.config = Some(Arc::clone(new));
                Ok(())
            }
            own => Arc::make_mut(own.get_or_insert_default()).merge(new),
        }
    }

    fn merge(&mut self, other: Self) -> Result<()> {
        set::append_all(&mut self.set, other.set)?;
        if let Some(config) = &other.config {
            self.merge_config(config)?;
        }
        vars::add(&mut self.vars, other.vars.into_values())
    }
}

/// Where an object or a transformer comes from, as annotations have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) path: String,
    pub(crate) repo: String,
    pub(crate) reference: String,
    pub(crate) configured_in: String,
    /// `apiVersion`, `kind`, `name` and `namespace`.
    pub(crate) configured_by: [String; 4],
}

impl Origin {
    fn append(&self, path: &str) -> Self {
        let mut origin = self.clone();
        if let Some(spec) = RepoSpec::parse(path) {
            origin.repo = spec.url;
            origin.reference = spec.reference;
            origin.path = spec.path;
        } else {
            origin.path = clean_join(&origin.path, path);
        }
        origin
    }

    fn configured(&self, file: &str, by: [&str; 4]) -> Self {
        Self {
            path: String::new(),
            configured_in: clean_join(&self.path, file),
            configured_by: by.map(str::to_owned),
            ..self.clone()
        }
    }

    /// Returns the text of the annotation; `indent` goes before every line but the first.
    fn text(&self, indent: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        let scalar = |text: &str| {
            yaml::to_yaml_compact(&value::Value::from(text))
                .trim_end()
                .to_owned()
        };
        for (name, text) in [
            ("path", &self.path),
            ("repo", &self.repo),
            ("ref", &self.reference),
            ("configuredIn", &self.configured_in),
        ] {
            if !text.is_empty() {
                lines.push(format!("{name}: {}", scalar(text)));
            }
        }
        if self.configured_by.iter().any(|part| !part.is_empty()) {
            lines.push("configuredBy:".to_owned());
            let names = ["apiVersion", "kind", "name", "namespace"];
            for (name, text) in names.iter().zip(&self.configured_by) {
                if !text.is_empty() {
                    lines.push(format!("  {name}: {}", scalar(text)));
                }
            }
        }
        let mut text = lines.join(&format!("\n{indent}"));
        text.push('\n');
        text
    }
}

fn clean_join(folder: &str, path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in folder.split('/').chain(path.split('/')) {
        match name {
            "" | "." => {}
            ".." if names.last().is_some_and(|last| *last != "..") => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.join("/")
}

/// A kustomization on its way through a build.
pub(crate) struct Target<'b> {
    pub(crate) kustomization: Kustomization,
    pub(crate) file: Arc<str>,
    file_name: &'static str,
    lines: Lines,
    pub(crate) loader: Rc<Loader<'b>>,
    pub(crate) origin: Option<Origin>,
    helm_namespace: String,
}

impl<'b> Target<'b> {
    /// Reads the kustomization of a folder.
    pub(crate) fn load(loader: Rc<Loader<'b>>, builder: &Builder<'b>) -> Result<Self> {
        let mut found: Option<(File, &'static str)> = None;
        for name in FILE_NAMES {
            let Some(file) = loader.load_own(name)? else {
                continue;
            };
            if found.is_some() {
                return Err(mistake!(
                    "Found multiple kustomization files under: {}\n",
                    loader.display_root()
                ));
            }
            found = Some((file, name));
        }
        let Some((file, file_name)) = found else {
            let names = "'kustomization.yaml', 'kustomization.yml' or 'Kustomization'";
            return Err(mistake!(
                "unable to find one of {names} in directory '{}'",
                loader.display_root()
            ));
        };
        let (mut kustomization, lines, warnings) =
            kustomization::parse(&file.bytes).map_err(|e| e.at(&file.path, 0))?;
        for warning in warnings {
            builder.warn(&file.path, warning);
        }
        if loader.depth == 0
            && let Some(overrides) = builder.options.overrides
        {
            overrides.apply(&mut kustomization, &loader)?;
        }
        kustomization
            .validate(&loader.display_root())
            .map_err(|e| e.at(&file.path, 1))?;
        Ok(Self {
            kustomization,
            file: file.path,
            file_name,
            lines,
            loader,
            origin: None,
            helm_namespace: String::new(),
        })
    }

    fn line(&self, pointer: &str) -> u32 {
        self.lines.near(pointer).unwrap_or(0)
    }

    /// Returns where a setting stands.
    fn source(&self, what: &'static str, pointer: &str) -> Source {
        Source {
            what,
            file: Arc::clone(&self.file),
            line: self.line(pointer),
            patch: None,
        }
    }

    fn at(&self, error: Error, pointer: &str) -> Error {
        error.at(&self.file, self.line(pointer))
    }

    /// Sets the schema that `openapi` asks for; the first one counts.
    pub(crate) fn set_schema(&self, builder: &Builder<'b>) -> Result<()> {
        let openapi = &self.kustomization.openapi;
        let document = match openapi.get("path") {
            Some(path) => Some(
                self.loader
                    .load(path)
                    .map_err(|e| self.at(e, "/openapi/path"))?,
            ),
            None => None,
        };
        if builder.has_own_schema() {
            return Ok(());
        }
        let version = openapi.get("version");
        if let Some(document) = document {
            if version.is_some() {
                return Err(self.at(
                    Error::new("builtin version and custom schema provided, cannot use both"),
                    "/openapi",
                ));
            }
            let value = yaml::v2::to_value(&document.bytes).map_err(|e| {
                Error::from(e)
                    .context("invalid schema file")
                    .at(&document.path, 0)
            })?;
            builder.set_schema(Arc::new(Schema::from_openapi(&value)));
        } else if let Some(version) = version.filter(|v| !v.is_empty()) {
            if version != "v1.21.2" {
                let error = Error::new("the specified OpenAPI version is not built in");
                return Err(self.at(error, "/openapi/version"));
            }
            builder.set_schema(Schema::builtin());
        }
        Ok(())
    }

    /// Accumulates everything that the kustomization names, and transforms it.
    pub(crate) fn accumulate(
        &mut self,
        mut acc: Accumulated,
        builder: &Builder<'b>,
    ) -> Result<Accumulated> {
        builder.count_target()?;
        let resources = std::mem::take(&mut self.kustomization.resources);
        let accumulated = self.resources(&mut acc, &resources, "/resources", builder);
        self.kustomization.resources = resources;
        accumulated.map_err(|e| e.context("accumulating resources"))?;
        self.merge_configs(&mut acc)?;
        self.run_generators(&mut acc, builder)?;
        self.components(&mut acc, builder)
            .map_err(|e| e.context("accumulating components"))?;
        if acc.set.len() > RESOURCES_MAX {
            return Err(mistake!("a build may have {RESOURCES_MAX} objects"));
        }
        self.run_transformers(&mut acc, builder)?;
        self.run_validators(&mut acc, builder)?;
        vars::merge(&mut acc.vars, &self.kustomization.vars, &mut acc.set).map_err(|e| {
            let names: Vec<&str> = self
                .kustomization
                .vars
                .iter()
                .map(|v| v.name.as_str())
                .collect();
            self.at(e.context(format_args!("merging vars {names:?}")), "/vars")
        })?;
        Ok(acc)
    }

    fn merge_configs(&self, acc: &mut Accumulated) -> Result<()> {
        let mut config = Config::builtin();
        for (i, path) in self.kustomization.configurations.iter().enumerate() {
            let pointer = format!("/configurations/{i}");
            let file = self.loader.load(path).map_err(|e| self.at(e, &pointer))?;
            let new = Config::parse(&file.bytes).map_err(|e| e.at(&file.path, 0))?;
            Arc::make_mut(&mut config)
                .merge(&new)
                .map_err(|e| self.at(e, &pointer))?;
        }
        acc.merge_config(&config)
            .map_err(|e| self.at(e, "/configurations"))?;
        let crds = &self.kustomization.crds;
        for (i, path) in crds.iter().enumerate() {
            let pointer = format!("/crds/{i}");
            let load = self.loader.load(path).and_then(|file| {
                config::from_crds(&file.bytes).map_err(|e| {
                    e.context(format_args!(
                        "unable to parse open API definition from '{path}'"
                    ))
                    .at(&file.path, 0)
                })
            });
            let context = format!("loading CRDs [{}]", crds.join(" "));
            let new = load.map_err(|e| self.at(e.context(context), &pointer))?;
            acc.merge_config(&Arc::new(new))
                .map_err(|e| self.at(e, &pointer))?;
        }
        Ok(())
    }

    /// Accumulates files and folders.
    fn resources(
        &mut self,
        acc: &mut Accumulated,
        paths: &[String],
        pointer: &str,
        builder: &Builder<'b>,
    ) -> Result<()> {
        for (i, path) in paths.iter().enumerate() {
            let pointer = format!("{pointer}/{i}");
            let Err(as_file) = self.resource_file(acc, path) else {
                continue;
            };
            if let Error::Tree(_) = as_file {
                return Err(as_file);
            }
            let (file, line) = match &as_file {
                Error::Mistake(m) => (m.file.clone(), m.line),
                Error::Tree(_) => (String::new(), 0),
            };
            let text = as_file.to_string();
            let wrap = |error: Error| {
                let error = error.context(format_args!("accumulation err='{text}'"));
                let error = if file.is_empty() {
                    error
                } else {
                    error.at(&file, line)
                };
                self.at(error, &pointer)
            };
            let loader = match self.enter(path, builder) {
                Ok(loader) => loader,
                Err(_) if as_file.is_malformed() => return Err(self.at(as_file, &pointer)),
                Err(error) => return Err(wrap(error)),
            };
            let inner = self.folder(acc, path, loader, Role::Base, builder);
            inner.map_err(|error| {
                let error = error.context(format_args!("accumulation err='{text}'"));
                self.at(error, &pointer)
            })?;
        }
        Ok(())
    }

    fn enter(&self, path: &str, builder: &Builder<'b>) -> Result<Loader<'b>> {
        if self.loader.depth >= DEPTH_MAX {
            return Err(mistake!(
                "kustomizations are nested deeper than {DEPTH_MAX}"
            ));
        }
        // A folder of that name counts, whatever its name looks like.
        let is_remote = is_remote_file(path) || !self.loader.has_folder(path).unwrap_or(false);
        if is_remote && let Some(spec) = RepoSpec::parse(path) {
            let Some(remotes) = builder.options.remotes else {
                return Err(mistake!(
                    "remote base '{path}' is not allowed: only files of the repository itself are read"
                ));
            };
            builder.depends_on_more();
            let tree = remotes
                .tree(&spec)
                .map_err(|why| mistake!("remote base '{path}': {why}"))?;
            return self.loader.enter_remote(spec, tree);
        }
        self.loader.enter(path)
    }

    fn resource_file(&self, acc: &mut Accumulated, path: &str) -> Result<()> {
        let from = |e: Error| e.context(format_args!("accumulating resources from '{path}'"));
        let file = self.loader.load(path).map_err(from)?;
        let resources = read::resources(&file.bytes, &file.path, 0);
        let mut resources = resources.map_err(|e| from(read::in_file(e, path, &file.path)))?;
        if let Some(origin) = &self.origin {
            let text = origin.append(path).text("");
            for resource in &mut resources {
                resource.set_annotation(ORIGIN, &text)?;
            }
        }
        set::append_all(&mut acc.set, resources)
            .map_err(|e| e.context(format_args!("merging resources from '{path}'")))
    }

    fn components(&mut self, acc: &mut Accumulated, builder: &Builder<'b>) -> Result<()> {
        let components = std::mem::take(&mut self.kustomization.components);
        let mut result = Ok(());
        for (i, path) in components.iter().enumerate() {
            let pointer = format!("/components/{i}");
            result = match self.enter(path, builder) {
                Err(error) => Err(error.reworded(|text| format!("loader.New {text:?}"))),
                Ok(loader) => self
                    .folder(acc, path, loader, Role::Component, builder)
                    .map_err(|e| e.reworded(|text| format!("accumulateDirectory: {text:?}"))),
            };
            if let Err(error) = result {
                result = Err(self.at(error, &pointer));
                break;
            }
        }
        self.kustomization.components = components;
        result
    }

    /// Accumulates another kustomization.
    fn folder(
        &mut self,
        acc: &mut Accumulated,
        path: &str,
        loader: Loader<'b>,
        role: Role,
        builder: &Builder<'b>,
    ) -> Result<()> {
        let root = loader.display_root();
        let recursed = |e: Error| e.context(format_args!("recursed accumulation of path '{root}'"));
        let may_share = role == Role::Base && self.origin.is_none() && loader.is_main();
        let key = may_share.then(|| loader.root.clone());
        if let Some(key) = &key
            && let Some(shared) = builder.shared(key)?
        {
            return acc
                .merge(shared.as_ref().clone())
                .map_err(|e| e.context(format_args!("recursed merging from path '{root}'")));
        }
        let mark = builder.mark();
        let mut sub = Self::load(Rc::new(loader), builder)
            .map_err(|e| e.context(format_args!("couldn't make target for path '{root}'")))?;
        sub.kustomization
            .build_metadata
            .clone_from(&self.kustomization.build_metadata);
        sub.origin = self.origin.as_ref().map(|o| o.append(path));
        sub.helm_namespace = match self.kustomization.namespace.as_str() {
            "" => self.helm_namespace.clone(),
            namespace => namespace.to_owned(),
        };
        sub.set_schema(builder)?;
        let kind = &sub.kustomization.kind;
        match role {
            Role::Component if kind != COMPONENT => {
                return Err(mistake!(
                    "expected kind '{COMPONENT}' for path '{root}' but got '{kind}'"
                )
                .at(&sub.file, 1));
            }
            Role::Base if kind == COMPONENT => {
                return Err(
                    mistake!("expected kind != '{COMPONENT}' for path '{root}'").at(&sub.file, 1)
                );
            }
            Role::Component => {
                let own = std::mem::take(acc);
                *acc = sub.accumulate(own, builder).map_err(recursed)?;
            }
            Role::Base => {
                let accumulated = sub
                    .accumulate(Accumulated::default(), builder)
                    .map_err(recursed)?;
                if let Some(key) = key {
                    builder.share(key, mark, &accumulated);
                }
                acc.merge(accumulated)
                    .map_err(|e| e.context(format_args!("recursed merging from path '{root}'")))?;
            }
        }
        Ok(())
    }

    /// Runs transformers one after the other.
    fn run_steps(&self, set: &mut Set, steps: &[Step], builder: &Builder<'b>) -> Result<()> {
        let schema = builder.schema();
        for step in steps {
            let before = builder.options.trace.then(|| set.clone());
            step.run(set, &schema)?;
            if let Some(before) = before {
                crate::trace::note(&before, set, &step.source);
            }
            if let Some(origin) = &step.origin {
                for resource in set.iter_mut().filter(|r| !r.node().is_null_or_empty()) {
                    note_transformer(resource, origin)?;
                }
            }
            set.retain(|r| !r.node().is_null_or_empty());
        }
        Ok(())
    }
}

/// What a kustomization is to the one that names it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Base,
    Component,
}

fn note_transformer(resource: &mut Resource, origin: &Origin) -> Result<()> {
    if resource.annotation(ORIGIN).is_none() {
        return resource.set_annotation(ORIGIN, &origin.text(""));
    }
    let mut text = resource
        .annotation(TRANSFORMATIONS)
        .unwrap_or("")
        .to_owned();
    text.push_str("- ");
    text.push_str(&origin.text("  "));
    resource.set_annotation(TRANSFORMATIONS, &text)
}
