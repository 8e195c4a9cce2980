//! TOML, in the style of the `BurntSushi` library.

use crate::json::NESTING_MAX;
use crate::value::Value;

pub(crate) fn write(_value: &Value) -> Result<Vec<u8>, String> {
    let _ = NESTING_MAX;
    Err("not yet".to_owned())
}

pub(crate) fn read(_text: &[u8]) -> Result<Value, String> {
    Err("not yet".to_owned())
}
