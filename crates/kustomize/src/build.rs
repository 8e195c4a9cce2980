//! One build.

use crate::cache::Cache;
use crate::config::FieldSpec;
use crate::error::{Error, Result, mistake};
use crate::helm::Charts;
use crate::load::{AboveRoot, LoadRestrictor, Loader};
use crate::nameref;
use crate::overrides::Overrides;
use crate::read;
use crate::remote::Remotes;
use crate::resource::{Change, Resource};
use crate::schema::Schema;
use crate::target::{Accumulated, Target};
use crate::transform::{Source, Specs, Step, Transformer, order};
use crate::vars;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use tree::Recording;
use value::Value;
use yaml::Lines;

/// Kustomizations of one build.
const TARGETS_MAX: usize = 20_000;
/// The version that `buildMetadata: [managedByLabel]` names.
const VERSION: &str = "v5.8.1";

/// The order of what a build gives back, unless the kustomization says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// That of `kustomize build`.
    #[default]
    Legacy,
    /// As the files give it.
    AsGiven,
}

/// How to build.
#[derive(Clone, Copy, Default)]
pub struct Options<'o> {
    /// Whether files outside a kustomization's folder may be read.
    pub load_restrictor: LoadRestrictor,
    /// What `..` means at the root of the tree.
    pub above_root: AboveRoot,
    /// The order of the objects.
    pub order: Order,
    /// What inflates charts; without it they are an error.
    pub charts: Option<&'o dyn Charts>,
    /// What gives other repositories; without it they are an error.
    pub remotes: Option<&'o dyn Remotes>,
    /// What an application changes in the kustomization.
    pub overrides: Option<&'o Overrides>,
    /// What earlier builds made of bases.
    pub cache: Option<&'o Cache>,
    /// Adds the label that names what manages an object.
    pub managed_by_label: bool,
    /// Notes which transformer set which field.
    pub trace: bool,
}

/// An object of a build.
#[derive(Clone, Debug)]
pub struct Object {
    /// The object.
    pub value: Value,
    /// The file that it comes from, from the tree's root.
    pub file: Arc<str>,
    /// The line it begins on, from 1.
    pub line: u32,
    /// Fields that transformers set, in order; only with [`Options::trace`].
    pub changes: Vec<Change>,
    node: Resource,
}

impl Object {
    /// Returns the lines of all parts of the object that its file has. What transformers set has no
    /// line there.
    #[must_use]
    pub fn lines(&self) -> Lines {
        self.node.node().lines(read::own_line)
    }

    /// Returns every step that had a hand in a field: where it comes from, and what changed it, in
    /// order. The latter only with [`Options::trace`].
    #[must_use]
    pub fn explain(&self, pointer: &str) -> Vec<Change> {
        let changes = self.changes.iter().filter(|c| c.concerns(pointer));
        let changes = changes.cloned();
        let first = Change {
            pointer: pointer.to_owned(),
            file: Arc::clone(&self.file),
            line: self.lines().near(pointer).unwrap_or(self.line),
            what: "resources",
        };
        std::iter::once(first).chain(changes).collect()
    }
}

/// What a build gives back.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// The objects.
    pub objects: Vec<Object>,
    /// What is about to go out of use, with the file that uses it.
    pub warnings: Vec<(String, String)>,
}

/// Builds the kustomization of a folder.
///
/// # Errors
/// Fails with the first mistake that it finds, and if the tree can't be read.
pub fn build(
    tree: &Recording<'_>,
    folder: &str,
    options: &Options<'_>,
) -> std::result::Result<Built, Error> {
    let builder = Builder {
        options,
        recording: tree,
        schema: RefCell::new(None),
        warnings: RefCell::default(),
        targets: Cell::new(0),
        unshared: Cell::new(0),
    };
    builder.run(folder)
}

/// The state of a build.
pub(crate) struct Builder<'b> {
    pub(crate) options: &'b Options<'b>,
    pub(crate) recording: &'b Recording<'b>,
    schema: RefCell<Option<Arc<Schema>>>,
    warnings: RefCell<Vec<(String, String)>>,
    targets: Cell<usize>,
    /// Counts what makes a base depend on more than its files.
    unshared: Cell<usize>,
}

/// The state of a build when a base was begun.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    unshared: usize,
    reads: Option<tree::Mark>,
    warnings: usize,
}

impl<'b> Builder<'b> {
    fn run(&self, folder: &str) -> Result<Built> {
        let loader = Loader::new(
            self.recording,
            folder.trim_matches('/'),
            self.options.load_restrictor,
            self.options.above_root,
        );
        let mut target = Target::load(Rc::new(loader), self)?;
        target.set_schema(self)?;
        if !target.kustomization.build_metadata.is_empty() {
            target.origin = Some(crate::target::Origin::default());
        }
        let mut acc = target.accumulate(Accumulated::default(), self)?;
        self.finish(&mut acc, &target)?;
        self.sort(&mut acc, &target)?;
        let mut objects = Vec::with_capacity(acc.set.len());
        for mut resource in acc.set {
            let k = &target.kustomization;
            resource.finish(
                k.notes("originAnnotations"),
                k.notes("transformerAnnotations"),
            )?;
            let changes = if self.options.trace {
                std::mem::take(&mut resource.state_mut().changes)
            } else {
                Vec::new()
            };
            objects.push(Object {
                value: resource.to_value()?,
                file: Arc::clone(&resource.file),
                line: read::own_line(resource.node()).unwrap_or(1),
                changes,
                node: resource,
            });
        }
        Ok(Built {
            objects,
            warnings: self.warnings.take(),
        })
    }

    /// Does what is only done once, at the root.
    fn finish(&self, acc: &mut Accumulated, target: &Target<'b>) -> Result<()> {
        let config = acc
            .config
            .clone()
            .unwrap_or_else(crate::config::Config::builtin);
        let source = |what| Source {
            what,
            file: Arc::clone(&target.file),
            line: 0,
            patch: None,
        };
        let before = self.options.trace.then(|| acc.set.clone());
        let hash = Step {
            transformer: Transformer::Hash,
            source: source("hash suffix"),
            origin: None,
        };
        hash.run(&mut acc.set, &self.schema())?;
        nameref::fix(&mut acc.set, &config)?;
        if let Some(before) = &before {
            crate::trace::note(before, &mut acc.set, &source("name references"));
        }
        let before = self.options.trace.then(|| acc.set.clone());
        for name in vars::resolve(&mut acc.set, &acc.vars, &config)? {
            self.warn(&target.file, format!("var '{name}' is never replaced"));
        }
        if let Some(before) = &before {
            crate::trace::note(before, &mut acc.set, &source("vars"));
        }
        for resource in &acc.set {
            crate::resource::validate(resource.node())
                .map_err(|e| e.at(&resource.file, read::own_line(resource.node()).unwrap_or(0)))?;
        }
        acc.set.retain(|r| !r.is_local());
        Ok(())
    }

    fn sort(&self, acc: &mut Accumulated, target: &Target<'b>) -> Result<()> {
        let k = &target.kustomization;
        match (&k.sort_options, self.options.order) {
            (Some(options), _) => {
                order::sort(&mut acc.set, options).map_err(|e| e.at(&target.file, 0))?;
            }
            (None, Order::Legacy) => order::legacy(&mut acc.set),
            (None, Order::AsGiven) => {}
        }
        if self.options.managed_by_label || k.notes("managedByLabel") {
            let pairs = [(MANAGED_BY.to_owned(), format!("kustomize-{VERSION}"))].into();
            let specs = Specs::Own(vec![FieldSpec::everywhere("metadata/labels")]);
            Transformer::Texts(pairs, specs).run(&mut acc.set, &self.schema())?;
        }
        Ok(())
    }

    pub(crate) fn warn(&self, file: &str, message: impl Into<String>) {
        let warning = (file.to_owned(), message.into());
        self.warnings.borrow_mut().push(warning);
    }

    pub(crate) fn count_target(&self) -> Result<()> {
        self.targets.set(self.targets.get() + 1);
        if self.targets.get() > TARGETS_MAX {
            return Err(mistake!("a build may have {TARGETS_MAX} kustomizations"));
        }
        Ok(())
    }

    pub(crate) fn has_own_schema(&self) -> bool {
        self.schema.borrow().is_some()
    }

    pub(crate) fn set_schema(&self, schema: Arc<Schema>) {
        self.unshared.set(self.unshared.get() + 1);
        *self.schema.borrow_mut() = Some(schema);
    }

    pub(crate) fn schema(&self) -> Arc<Schema> {
        let own = self.schema.borrow().clone();
        own.unwrap_or_else(Schema::builtin)
    }

    /// Notes that what is being accumulated depends on more than files of the tree.
    pub(crate) fn depends_on_more(&self) {
        self.unshared.set(self.unshared.get() + 1);
    }

    pub(crate) fn mark(&self) -> Mark {
        let reads = self.options.cache.map(|_| self.recording.mark());
        Mark {
            unshared: self.unshared.get(),
            reads,
            warnings: self.warnings.borrow().len(),
        }
    }

    fn cache(&self) -> Option<&'b Cache> {
        let may_share = !self.has_own_schema() && !self.options.trace;
        self.options.cache.filter(|_| may_share)
    }

    /// Returns what an earlier build made of a base, if the base looks the same still.
    pub(crate) fn shared(&self, root: &str) -> Result<Option<Arc<Accumulated>>> {
        let Some(cache) = self.cache() else {
            return Ok(None);
        };
        let found = cache.get(root, self.options.load_restrictor, self.recording)?;
        Ok(found.map(|(accumulated, warnings)| {
            self.warnings.borrow_mut().extend(warnings.iter().cloned());
            accumulated
        }))
    }

    /// Keeps what was made of a base for later builds.
    pub(crate) fn share(&self, root: String, mark: Mark, accumulated: &Accumulated) {
        let (Some(cache), Some(reads)) = (self.cache(), mark.reads) else {
            return;
        };
        let reads = self.recording.reads_since(reads);
        if self.unshared.get() != mark.unshared {
            return;
        }
        let warnings = self.warnings.borrow()[mark.warnings..].to_vec();
        cache.put(
            root,
            self.options.load_restrictor,
            reads,
            accumulated,
            warnings,
        );
    }
}

const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
