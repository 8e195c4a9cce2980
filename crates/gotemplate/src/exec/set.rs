//! Sets of templates, and sessions that execute them.

use super::options::{BYTES_PER_STEP, Options};
use super::trace::{Tracer, Written};
use super::{At, Exec, Item};
use crate::ast::Template;
use crate::error::Error;
use crate::funcs::Dialect;
use crate::parse::{Parsed, parse};
use crate::strconv;
use crate::text::{self, Str};
use crate::value::{Holders, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// What Helm calls the template that all others belong to.
pub(crate) const ROOT: &str = "gotpl";

/// Templates that can call each other by name.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    by_name: HashMap<Arc<str>, Arc<Template>>,
}

impl Templates {
    /// Returns an empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what a text holds. A later template replaces an earlier one of the same name, unless
    /// it is empty.
    pub fn add(&mut self, parsed: &Parsed) {
        for template in &parsed.templates {
            if !template.is_empty() || !self.by_name.contains_key(&template.name) {
                self.by_name
                    .insert(Arc::clone(&template.name), Arc::clone(template));
            }
        }
    }

    /// Returns a template.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Template>> {
        self.by_name.get(name)
    }
}

/// Templates with those of an outer set behind them, as `tpl` sees them.
pub(crate) struct Set<'a> {
    own: &'a Templates,
    outer: Option<&'a Set<'a>>,
}

impl<'a> Set<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<&'a Template> {
        let mut set = Some(self);
        while let Some(here) = set {
            if let Some(template) = here.own.get(name) {
                return Some(template);
            }
            set = here.outer;
        }
        None
    }
}

/// What all templates of a session share.
pub(crate) struct Run<'r> {
    pub(crate) options: &'r Options,
    pub(crate) dialect: Dialect,
    pub(crate) lookup: Option<&'r Lookup<'r>>,
    pub(crate) depth: usize,
    nested: usize,
    pub(crate) regexes: crate::regexp::Cache,
    /// Notes where output comes from, if somebody asked.
    pub(crate) tracer: Option<Box<Tracer>>,
    /// Executions so far, while that is noted.
    pub(crate) executions: usize,
    /// Maps that were given others to hold.
    pub(crate) holders: Holders,
    /// What `lookup` asked, each question once.
    pub(crate) lookups: Vec<LookedUp>,
    /// What `semverCompare` answered to a constraint and a version.
    pub(crate) versions: HashMap<(Str, Str), bool>,
    pub(crate) uses: Vec<Use>,
    steps: usize,
    /// The templates that `include` is in, outermost first.
    includes: Vec<Str>,
    tpl: HashMap<Str, Arc<Parsed>>,
}

/// Answers `lookup` with an object; with a list, if no name is asked for; with `null`, if there is
/// no such object. An error is one of the template.
pub type Lookup<'r> = dyn Fn(&Query) -> Result<value::Value, String> + 'r;

/// Different questions that the templates of a session may ask.
const LOOKUPS_MAX: usize = 10_000;

/// What `lookup` asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Query {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace; empty for all of them, and for what has none.
    pub namespace: String,
    /// The name; empty for a list.
    pub name: String,
}

/// A question that was asked, and the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct LookedUp {
    /// What was asked for.
    pub query: Query,
    /// What was found; `null` for nothing.
    pub found: value::Value,
}

/// A call whose answer depends on more than its arguments: random text, the clock, the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The function.
    pub function: &'static str,
    /// `template:line:column`.
    pub place: String,
}

/// Executes templates, one after the other, with common limits.
pub struct Session<'r> {
    run: Run<'r>,
}

impl<'r> Session<'r> {
    /// Returns a session.
    #[must_use]
    pub fn new(dialect: Dialect, options: &'r Options) -> Self {
        let run = Run {
            options,
            dialect,
            lookup: None,
            depth: 0,
            nested: 0,
            regexes: crate::regexp::Cache::default(),
            holders: Holders::default(),
            lookups: Vec::new(),
            tracer: None,
            executions: 0,
            versions: HashMap::new(),
            uses: Vec::new(),
            steps: 0,
            includes: Vec::new(),
            tpl: HashMap::new(),
        };
        Self { run }
    }

    /// Lets `lookup` see a cluster; without it, it finds nothing.
    pub fn set_lookup(&mut self, lookup: &'r Lookup<'r>) {
        self.run.lookup = Some(lookup);
    }

    /// Notes from now on where output comes from, and which of these values were looked at.
    pub fn trace(&mut self, values: &Value) {
        self.run.tracer = Some(Box::new(Tracer::new(values)));
    }

    /// Returns where the output comes from that was written last; nothing unless that is noted.
    pub fn take_trace(&mut self) -> Vec<Written> {
        let tracer = self.run.tracer.as_mut();
        tracer.map(|tracer| tracer.take()).unwrap_or_default()
    }

    /// Executes the template `name`.
    ///
    /// # Errors
    /// Fails as Go does, with its text, and where a limit is reached.
    pub fn execute(
        &mut self,
        templates: &Templates,
        name: &str,
        dot: &Value,
    ) -> Result<Vec<u8>, Error> {
        let Some(template) = templates.get(name) else {
            return Err(no_template(name));
        };
        let set = Set {
            own: templates,
            outer: None,
        };
        self.run.depth = 0;
        self.run.nested = 0;
        self.run.includes.clear();
        Exec::template(&mut self.run, &set, template, &dot.clone().into())
    }

    /// Returns what `lookup` asked, each question once, with what it was told.
    #[must_use]
    pub fn lookups(&self) -> &[LookedUp] {
        &self.run.lookups
    }

    /// Returns the calls whose answers depend on more than their arguments.
    #[must_use]
    pub fn uses(&self) -> &[Use] {
        &self.run.uses
    }
}

fn no_template(name: &str) -> Error {
    let name = strconv::quote(name.as_bytes());
    Error::new(format!(
        "template: no template {name} associated with template \"{ROOT}\""
    ))
}

impl Run<'_> {
    /// Asks the cluster. The same question has the same answer for as long as the session lasts.
    pub(crate) fn look_up(&mut self, query: Query) -> Result<&value::Value, String> {
        let known = self.lookups.iter().position(|known| known.query == query);
        let at = match known {
            Some(at) => at,
            None if self.lookups.len() >= LOOKUPS_MAX => {
                return Err(format!("lookup asks more than {LOOKUPS_MAX} questions"));
            }
            None => {
                let found = match self.lookup {
                    Some(lookup) => lookup(&query)?,
                    None => value::Value::Null,
                };
                self.lookups.push(LookedUp { query, found });
                self.lookups.len() - 1
            }
        };
        Ok(&self.lookups[at].found)
    }

    pub(crate) fn charge(&mut self, steps: usize) -> Result<(), String> {
        self.steps = self.steps.saturating_add(steps);
        let max = self.options.limits.steps_max;
        if self.steps > max {
            return Err(format!("the templates do more than {max} steps"));
        }
        Ok(())
    }

    pub(crate) fn room(&mut self, bytes: usize) -> Result<(), String> {
        let max = self.options.limits.string_bytes_max;
        if bytes > max {
            return Err(format!("a string is larger than {max} bytes"));
        }
        self.charge(bytes / BYTES_PER_STEP)
    }
}

impl Exec<'_, '_> {
    /// Goes into another template that a function asked for.
    fn enter<T>(
        &mut self,
        inside: impl FnOnce(&mut Exec<'_, '_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let max = self.run.options.limits.nested_max;
        if self.run.nested >= max {
            return Err(Error::new(format!(
                "templates are nested deeper than {max}"
            )));
        }
        self.run.nested += 1;
        let result =
            stacker::maybe_grow(super::STACK_RED_ZONE, super::STACK_SEGMENT, || inside(self));
        self.run.nested -= 1;
        result
    }

    /// Notes that a function calls a template.
    fn trace_include(&mut self) {
        let position = match self.at {
            At::Operand(operand) => operand.position,
            At::Command(command) => command.position,
            At::Pipe(pipe) => pipe.position,
            At::Node(_) | At::Nothing => 0,
        };
        self.trace_call(position);
        if let Some(tracer) = &mut self.run.tracer {
            tracer.include();
        }
    }

    fn trace_included(&mut self, out: &Result<Vec<u8>, Error>) {
        if let Some(tracer) = &mut self.run.tracer {
            tracer.included(out.as_deref().unwrap_or_default());
        }
        self.trace_called();
    }

    /// `include`.
    pub(crate) fn include(&mut self, name: &Str, data: Value) -> Result<Value, Error> {
        let max = self.run.options.limits.include_max;
        // Mostly there are too few of any name for one to be there too often.
        if self.run.includes.len() > max
            && self.run.includes.iter().filter(|n| *n == name).count() > max
        {
            return Err(Error::new(format!(
                "rendering template has a nested reference name: {name}: unable to execute template"
            )));
        }
        self.run.includes.push(name.clone());
        let result = match self.set.get(&name.lossy()) {
            None => Err(no_template(&name.lossy())),
            Some(template) => {
                self.trace_include();
                let result = self.enter(|exec| {
                    let set = exec.set;
                    Exec::template(&mut *exec.run, set, template, &data.into())
                });
                self.trace_included(&result);
                result
            }
        };
        self.run.includes.pop();
        result.map(Value::from)
    }

    /// `tpl`.
    pub(crate) fn tpl(&mut self, text: &Str, data: Value) -> Result<Value, Error> {
        self.charge(text.len())?;
        // A text without actions stands for itself.
        if text::find(text, b"{{").is_none() {
            let out = text::replace(text, b"<no value>", b"");
            return Ok(out.into());
        }
        let parsed = match self.run.tpl.get(text) {
            Some(parsed) => Arc::clone(parsed),
            None => {
                let parsed = parse(ROOT, text, self.run.dialect).map_err(|e| {
                    let quoted = strconv::quote(text);
                    Error::wrap(format!("cannot parse template {quoted}: "), e)
                })?;
                let parsed = Arc::new(parsed);
                self.run.tpl.insert(text.clone(), Arc::clone(&parsed));
                parsed
            }
        };
        let mut own = Templates::new();
        own.add(&parsed);
        self.trace_include();
        let out = self.enter(|exec| {
            let set = Set {
                own: &own,
                outer: Some(exec.set),
            };
            Exec::template(&mut *exec.run, &set, &parsed.main, &Item::from(data))
        });
        self.trace_included(&out);
        let out = out.map_err(|e| {
            let quoted = strconv::quote(text);
            Error::wrap(
                format!("error during tpl function execution for {quoted}: "),
                e,
            )
        })?;
        Ok(text::replace(&out, b"<no value>", b"").into())
    }
}
