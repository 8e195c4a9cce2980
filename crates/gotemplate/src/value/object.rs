//! Structs, and methods of any type.

use super::{Kind, Type, Value};
use crate::error::Error;
use crate::exec::Exec;
use std::any::Any;

/// The body of a method: what it is called on, and the arguments, checked already.
pub type MethodBody = fn(&mut Exec<'_, '_>, &Value, &[Value]) -> Result<Value, Error>;

/// A method of a Go type.
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// The types of its parameters.
    pub parameters: &'static [Type],
    /// What it does.
    pub call: MethodBody,
}

impl std::fmt::Debug for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A struct, or a pointer to one, that templates can look into.
pub trait Object: Any {
    /// Returns Go's name of the type.
    fn type_name(&self) -> &'static str;

    /// Returns [`Kind::Struct`] or [`Kind::Ptr`].
    fn kind(&self) -> Kind {
        Kind::Struct
    }

    /// Returns true for a pointer to nothing.
    fn is_nil(&self) -> bool {
        false
    }

    /// Returns a field.
    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    /// Returns a method.
    fn method(&self, _name: &str) -> Option<&'static Method> {
        None
    }

    /// Returns what `%v` prints.
    fn text(&self) -> String;

    /// Returns true if [`Object::text`] is what a `String` method returns, so that `%s` and `%q`
    /// print it, too.
    fn is_stringer(&self) -> bool {
        false
    }

    /// Returns what `{{ }}` prints where that isn't [`Object::text`]: a `String` method that only a
    /// pointer has is found there, but not by functions.
    fn printed(&self) -> Option<String> {
        None
    }

    /// Returns what `deepCopy` makes of it; nothing if that is the same.
    fn deep_copy(&self) -> Option<Value> {
        None
    }

    /// Returns what JSON is made from; nothing if the type says no more than `{}`.
    fn json(&self) -> Option<Value> {
        None
    }

    /// Returns true if both are equal for `reflect.DeepEqual`.
    fn equals(&self, other: &dyn Object) -> bool;

    /// Returns the object as what it is.
    fn as_any(&self) -> &dyn Any;
}
