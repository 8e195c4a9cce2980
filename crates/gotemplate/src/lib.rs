//! Go's `text/template` with the functions of Sprig and Helm.
//!
//! Templates are parsed once ([`parse`]), kept and shared ([`Template`] is `Send` and `Sync`), put
//! into sets ([`Templates`]) and executed in a [`Session`]. Values are Go values ([`Value`]): maps are
//! shared and mutable, numbers have types, and every error has the text that Go gives it.
//!
//! It never does I/O, and knows neither time nor chance but by [`Options`]: the same input gives
//! the same bytes. What a template may cost is bounded ([`Limits`]).
//!
//! ```
//! use gotemplate::{Dialect, Options, Session, Templates, Value, parse};
//! let mut templates = Templates::new();
//! templates.add(&parse("t", b"{{ .name | upper }}!", Dialect::Helm).unwrap());
//! let options = Options::default();
//! let data = Value::map([("name", Value::from("ann"))]);
//! let out = Session::new(Dialect::Helm, &options).execute(&templates, "t", &data);
//! assert_eq!(out.unwrap(), b"ANN!");
//! ```

mod ast;
mod encoding;
mod error;
mod exec;
mod fasttemplate;
mod fmt;
mod funcs;
mod json;
mod lex;
mod parse;
mod random;
pub mod regexp;
pub mod semver;
mod strconv;
mod text;
mod time;
mod toml;
mod unicode;
mod url;
mod value;

pub use ast::Template;
pub use error::Error;
pub use exec::{
    Exec, Included, Limits, LookedUp, Lookup, MissingKey, Options, Origin, Path, Query, Session,
    Templates, Use, Written,
};
pub use fasttemplate::fasttemplate;
pub use funcs::{Dialect, MESSAGE_END, MESSAGE_START};
pub use parse::{Parsed, parse, parse_shared};
pub use random::Seed;
pub use text::Str;
pub use time::{Time, Zone, format_duration, parse_duration};
pub use value::{
    IntKind, Kind, List, ListType, Map, MapType, Method, MethodBody, Object, Type, Value,
};

/// Prints values as Go's `fmt.Sprintf` does.
#[must_use]
pub fn format(format: &str, values: &[Value]) -> Str {
    fmt::sprintf(format.as_bytes(), values).into()
}

/// Returns what `%v` prints of a value.
#[must_use]
pub fn text_of(value: &Value) -> Str {
    fmt::text_of(value)
}
