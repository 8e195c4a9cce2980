//! The functions that templates can call.

mod builtin;
mod cast;
mod certificates;
mod compare;
mod crypto;
mod data;
mod dates;
mod decimal;
mod der;
mod dicts;
mod keys;
mod lists;
mod math;
mod network;
mod passwords;
mod paths;
mod reflect;
mod regexes;
mod strings;
mod template;
mod words;

pub use template::{MESSAGE_END, MESSAGE_START};

use crate::error::Error;
use crate::exec::{Exec, Item};
use crate::text::Str;
use crate::value::{IntKind, Map, Type, Value};
use std::collections::HashMap;
use std::fmt;
use std::hash::BuildHasherDefault;
use std::sync::LazyLock;
use value::NameHasher;

/// A function that looks at the values of its arguments.
type Values = fn(&mut Exec<'_, '_>, &[Value]) -> Result<Value, Error>;
/// A function that sees its arguments as expressions gave them.
type Items = fn(&mut Exec<'_, '_>, &[Item]) -> Result<Value, Error>;

/// What a function does.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    Values(Values),
    Items(Items),
    /// `and`, `or` and `call` evaluate their arguments in their own way.
    And,
    Or,
    Call,
}

/// A function: its name, the types of its parameters, and what it does.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Type],
    /// The type of any further arguments.
    pub(crate) rest: Option<Type>,
    pub(crate) body: Body,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Which functions there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Go's own and Sprig's, without those that read the environment.
    Sprig,
    /// What Helm's charts can call.
    Helm,
    /// What charts can call in Helm 3.
    Helm3,
    /// What the templates of an ApplicationSet can call.
    ApplicationSet,
}

/// Functions that came with Helm 4.
const NOT_IN_HELM_3: [&str; 2] = ["mustToYaml", "mustToToml"];

impl Dialect {
    /// Returns the function `name`.
    pub(crate) fn function(self, name: &str) -> Option<&'static Function> {
        let own = match self {
            Self::Sprig => None,
            Self::Helm => HELM.get(name),
            Self::Helm3 if NOT_IN_HELM_3.contains(&name) => None,
            Self::Helm3 => HELM.get(name),
            Self::ApplicationSet => APPLICATION_SET.get(name),
        };
        if self == Self::ApplicationSet && name == "getHostByName" {
            return None;
        }
        own.or_else(|| SPRIG.get(name)).copied()
    }

    /// Returns the names of all functions.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let own: &Table = match self {
            Self::Sprig => return SPRIG.keys().copied().collect(),
            Self::Helm | Self::Helm3 => &HELM,
            Self::ApplicationSet => &APPLICATION_SET,
        };
        let mut names: Vec<_> = SPRIG.keys().chain(own.keys()).copied().collect();
        names.sort_unstable();
        names.dedup();
        if self == Self::Helm3 {
            names.retain(|name| !NOT_IN_HELM_3.contains(name));
        }
        names
    }
}

/// The names are ours: nobody can choose them so that they collide.
type Table = HashMap<&'static str, &'static Function, BuildHasherDefault<NameHasher>>;

fn table(groups: &[&'static [Function]]) -> Table {
    let functions = groups.iter().flat_map(|group| group.iter());
    functions.map(|f| (f.name, f)).collect()
}

static SPRIG: LazyLock<Table> = LazyLock::new(|| {
    table(&[
        builtin::FUNCTIONS,
        certificates::FUNCTIONS,
        crypto::FUNCTIONS,
        data::FUNCTIONS,
        dates::FUNCTIONS,
        dicts::FUNCTIONS,
        lists::FUNCTIONS,
        math::FUNCTIONS,
        network::FUNCTIONS,
        passwords::FUNCTIONS,
        paths::FUNCTIONS,
        reflect::FUNCTIONS,
        regexes::FUNCTIONS,
        strings::FUNCTIONS,
        template::SPRIG,
    ])
});

static HELM: LazyLock<Table> = LazyLock::new(|| table(&[data::HELM, template::HELM]));

static APPLICATION_SET: LazyLock<Table> =
    LazyLock::new(|| table(&[data::APPLICATION_SET, words::APPLICATION_SET]));

const ANY: Type = Type::Interface;
const REFLECT: Type = Type::Reflect;
const STR: Type = Type::String;
const INT: Type = Type::INT;
const FLOAT: Type = Type::Float;
const BOOL: Type = Type::Bool;
const MAP: Type = Type::MAP;
const LIST: Type = Type::LIST;
const TIME: Type = Type::TIME;
const UINT32: Type = Type::Int(IntKind::Uint32);

/// Declares a function with a fixed number of parameters.
const fn fixed(name: &'static str, parameters: &'static [Type], body: Values) -> Function {
    Function {
        name,
        parameters,
        rest: None,
        body: Body::Values(body),
    }
}

/// Declares a function that takes any number of further arguments.
const fn open(
    name: &'static str,
    parameters: &'static [Type],
    rest: Type,
    body: Values,
) -> Function {
    Function {
        name,
        parameters,
        rest: Some(rest),
        body: Body::Values(body),
    }
}

type Called = Result<Value, Error>;

// Arguments have been checked against the parameters when a function sees them.

fn str_at(arguments: &[Value], i: usize) -> Str {
    match arguments.get(i) {
        Some(Value::Str(s)) => s.clone(),
        _ => Str::default(),
    }
}

fn int_at(arguments: &[Value], i: usize) -> i64 {
    match arguments.get(i) {
        Some(Value::Int(_, n)) => *n,
        _ => 0,
    }
}

fn map_at(arguments: &[Value], i: usize) -> Map {
    match arguments.get(i) {
        Some(Value::Map(m)) => m.clone(),
        _ => Map::nil(crate::value::MapType::ANY),
    }
}

fn at(arguments: &[Value], i: usize) -> Value {
    arguments.get(i).cloned().unwrap_or_default()
}

/// What Go says when something is asked of a nil interface.
fn nil_dereference() -> Error {
    Error::new("runtime error: invalid memory address or nil pointer dereference")
}
