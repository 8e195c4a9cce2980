//! Lua machines: kept and used again, with a fresh world for every run.

use crate::customization::Script;
use health::{Health, HealthStatus};
use mlua::{Function, HookTriggers, Lua, LuaOptions, MultiValue, StdLib, Table, VmState};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use value::Value;

mod convert;
mod os;
mod pattern;
mod strings;
mod world;

/// How many instructions a check may take: some tenths of a second, where Argo CD allows one.
const STEPS_MAX: i64 = 10_000_000;
/// How often steps are counted.
const STEPS_AT_ONCE: u32 = 10_000;
/// The memory of a machine: an object of a megabyte and room to work.
const MEMORY_BYTES_MAX: usize = 64 << 20;
/// How many machines wait for the next run; more are made when more run at once.
const IDLE_MAX: usize = 8;

/// Why a script gave no health.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LuaError {
    #[error("{0}")]
    Script(String),
    #[error("expect table output from Lua script, not {0}")]
    NotATable(&'static str),
}

impl From<mlua::Error> for LuaError {
    fn from(error: mlua::Error) -> Self {
        Self::Script(sentence(&error))
    }
}

/// Returns what a script's author wants to know: no stack, no library's name.
fn sentence(error: &mlua::Error) -> String {
    match error {
        mlua::Error::CallbackError { cause, .. } => sentence(cause),
        mlua::Error::WithContext { cause, .. } => sentence(cause),
        mlua::Error::RuntimeError(text) | mlua::Error::MemoryError(text) => {
            text.lines().next().unwrap_or_default().to_owned()
        }
        mlua::Error::SyntaxError { message, .. } => message.clone(),
        other => other.to_string(),
    }
}

/// Machines that wait for work.
#[derive(Default)]
pub(crate) struct Machines {
    idle: Mutex<Vec<Machine>>,
    clock: Option<fn() -> i64>,
}

impl std::fmt::Debug for Machines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Machines")
    }
}

impl Machines {
    pub(crate) fn set_clock(&mut self, seconds: fn() -> i64) {
        self.clock = Some(seconds);
    }

    /// Returns why a script can't be read, if it can't.
    pub(crate) fn check(&self, script: &Script) -> Result<(), LuaError> {
        Machine::new(self.clock)?.compile(script).map(|_| ())
    }

    /// Runs a script on an object. No health is what a script says that returns nothing.
    pub(crate) fn run(&self, script: &Script, object: &Value) -> Result<Option<Health>, LuaError> {
        self.with(|machine| {
            let result = machine.run(script, object, &[])?;
            health_of(&result)
        })
    }

    /// Runs a script on an object and returns the table that it returns.
    pub(crate) fn evaluate(
        &self,
        script: &Script,
        object: &Value,
        params: &[(String, String)],
    ) -> Result<Value, LuaError> {
        self.with(|machine| match machine.run(script, object, params)? {
            result @ mlua::Value::Table(_) => Ok(convert::from_lua(&result)?),
            other => Err(LuaError::NotATable(other.type_name())),
        })
    }

    /// Lends a machine.
    fn with<T>(
        &self,
        work: impl FnOnce(&mut Machine) -> Result<T, LuaError>,
    ) -> Result<T, LuaError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle().pop();
        let mut machine = match taken {
            Some(machine) => machine,
            None => Machine::new(self.clock)?,
        };
        let result = work(&mut machine);
        // One that ran out of memory or steps starts anew.
        if result.is_ok() {
            let mut idle = idle();
            if idle.len() < IDLE_MAX {
                idle.push(machine);
            }
        }
        result
    }
}

struct Machine {
    lua: Lua,
    steps: Arc<AtomicI64>,
    compiled: HashMap<usize, Function>,
    clock: Option<fn() -> i64>,
}

impl Machine {
    fn new(clock: Option<fn() -> i64>) -> Result<Self, LuaError> {
        let libraries = StdLib::TABLE | StdLib::STRING | StdLib::MATH;
        let lua = Lua::new_with(libraries, LuaOptions::default())?;
        lua.set_memory_limit(MEMORY_BYTES_MAX)?;
        let steps = Arc::new(AtomicI64::new(STEPS_MAX));
        let left = Arc::clone(&steps);
        let triggers = HookTriggers::new().every_nth_instruction(STEPS_AT_ONCE);
        lua.set_hook(triggers, move |_, _| {
            let step = i64::from(STEPS_AT_ONCE);
            if left.fetch_sub(step, Ordering::Relaxed) < step {
                return Err(mlua::Error::runtime("the check takes too many steps"));
            }
            Ok(VmState::Continue)
        })?;
        world::prepare(&lua, Arc::clone(&steps))?;
        Ok(Self {
            lua,
            steps,
            compiled: HashMap::new(),
            clock,
        })
    }

    fn compile(&mut self, script: &Script) -> Result<Function, LuaError> {
        if let Some(function) = self.compiled.get(&script.id) {
            return Ok(function.clone());
        }
        let chunk = self.lua.load(&script.source).set_name("=<string>");
        let function = chunk
            .set_mode(mlua::chunk::ChunkMode::Text)
            .into_function()?;
        self.compiled.insert(script.id, function.clone());
        Ok(function)
    }

    fn run(
        &mut self,
        script: &Script,
        object: &Value,
        params: &[(String, String)],
    ) -> Result<mlua::Value, LuaError> {
        let function = self.compile(script)?;
        let world: Table = world::new(&self.lua, script.open, self.clock)?;
        world.raw_set("obj", convert::to_lua(&self.lua, object)?)?;
        if !params.is_empty() {
            let table = self.lua.create_table()?;
            for (name, value) in params {
                table.raw_set(name.as_str(), value.as_str())?;
            }
            world.raw_set("actionParams", table)?;
        }
        function.set_environment(world)?;
        self.steps.store(STEPS_MAX, Ordering::Relaxed);
        let results: MultiValue = function.call(())?;
        Ok(results.back().cloned().unwrap_or(mlua::Value::Nil))
    }
}

/// Reads `{status = .., message = ..}`. A table without a status says nothing.
fn health_of(result: &mlua::Value) -> Result<Option<Health>, LuaError> {
    let table = match result {
        mlua::Value::Nil => return Ok(None),
        mlua::Value::Table(table) => table,
        other => return Err(LuaError::NotATable(other.type_name())),
    };
    let text = |name: &str| -> Result<Option<String>, LuaError> {
        Ok(match table.raw_get(name)? {
            mlua::Value::String(text) => Some(text.to_string_lossy()),
            _ => None,
        })
    };
    let Some(status) = text("status")? else {
        return Ok(None);
    };
    let message = text("message")?.unwrap_or_default();
    Ok(Some(match HealthStatus::parse(&status) {
        HealthStatus::Unknown if status != "Unknown" => Health::new(
            HealthStatus::Unknown,
            "Lua returned an invalid health status",
        ),
        status => Health::new(status, message),
    }))
}
