//! What a script can reach. Each run gets tables of its own, so that nothing one script does to
//! the library is seen by another.
//!
//! Deliberately absent: files, processes, the environment, `debug`, `load`, coroutines, garbage
//! collection and finalizers (their code would run where no step is counted).

use mlua::{Lua, Table, Value as LuaValue};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Where the prepared functions are kept.
const PREPARED: &str = "windlass.prepared";
const BASE: &[&str] = &[
    "assert",
    "error",
    "getmetatable",
    "ipairs",
    "next",
    "pairs",
    "pcall",
    "print",
    "rawequal",
    "rawget",
    "rawlen",
    "rawset",
    "require",
    "select",
    "setmetatable",
    "tonumber",
    "tostring",
    "type",
    "unpack",
    "xpcall",
];
/// A text that `string.rep` may make.
const REPEATED_BYTES_MAX: usize = 1 << 20;

/// What Lua 5.1 and gopher-lua have and 5.2 has not, and what must not escape the limits. An
/// error that means the end of the run can't be caught.
const PREPARE: &str = r#"
local raw_pcall, raw_setmetatable, exhausted, longest = pcall, setmetatable, ...
local string_rep, select = string.rep, select
local function pass(ok, ...)
  if exhausted() then error("the check takes too many steps", 0) end
  return ok, ...
end
function pcall(f, ...) return pass(raw_pcall(f, ...)) end
function xpcall(f, handler, ...)
  local function handled(ok, ...)
    if ok then return ok, ... end
    return false, handler(...)
  end
  return handled(pcall(f, ...))
end
function setmetatable(t, meta)
  if type(meta) == "table" and rawget(meta, "__gc") ~= nil then
    error("finalizers are not supported", 2)
  end
  return raw_setmetatable(t, meta)
end
function print() end
unpack = table.unpack
table.getn = function(t) return #t end
table.maxn = function(t)
  local n = 0
  for k in pairs(t) do if type(k) == "number" and k > n then n = k end end
  return n
end
string.rep = function(s, n, sep)
  s, sep = tostring(s), sep or ""
  if n > 0 and (#s + #sep) * n > longest then error("the text is too long", 2) end
  if #s + #sep == 0 then return "" end
  return string_rep(s, n, sep)
end
string.dump = nil
math.mod, math.random, math.randomseed = math.fmod, nil, nil
getmetatable("").__metatable = false
"#;

/// Prepares the library once for a machine.
pub(super) fn prepare(lua: &Lua, steps: Arc<AtomicI64>) -> mlua::Result<()> {
    let counted = Arc::clone(&steps);
    let exhausted = lua.create_function(move |_, ()| Ok(steps.load(Ordering::Relaxed) <= 0))?;
    lua.load(PREPARE)
        .set_name("=prepare")
        .call::<()>((exhausted, REPEATED_BYTES_MAX))?;
    let strings: Table = lua.globals().get("string")?;
    super::strings::install(lua, &strings, &counted)?;
    lua.set_named_registry_value(PREPARED, lua.globals())
}

/// Makes the world of one run.
pub(super) fn new(lua: &Lua, open: bool, clock: Option<fn() -> i64>) -> mlua::Result<Table> {
    let prepared: Table = lua.named_registry_value(PREPARED)?;
    let world = lua.create_table()?;
    for name in BASE.iter().filter(|name| **name != "require") {
        world.raw_set(*name, prepared.raw_get::<LuaValue>(*name)?)?;
    }
    let loaded = lua.create_table()?;
    let libraries: &[&str] = match open {
        true => &["table", "string", "math"],
        false => &["table"],
    };
    for name in libraries {
        let copy = lua.create_table()?;
        let library: Table = prepared.raw_get(*name)?;
        for pair in library.pairs::<LuaValue, LuaValue>() {
            let (key, value) = pair?;
            copy.raw_set(key, value)?;
        }
        world.raw_set(*name, &copy)?;
        loaded.raw_set(*name, copy)?;
    }
    let os = super::os::library(lua, clock)?;
    world.raw_set("os", &os)?;
    loaded.raw_set("os", os)?;
    let require = lua.create_function(move |_, name: String| {
        let library: Option<Table> = loaded.raw_get(name.as_str())?;
        library.ok_or_else(|| mlua::Error::runtime(format!("module {name} not found")))
    })?;
    world.raw_set("require", require)?;
    world.raw_set("actionParams", lua.create_table()?)?;
    world.raw_set("_G", &world)?;
    Ok(world)
}
