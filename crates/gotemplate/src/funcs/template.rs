//! Functions that go back into templates, that stop them, and that ask the world.

use super::{ANY, Called, Function, STR, at, fixed, str_at};
use crate::error::Error;
use crate::exec::{Exec, Query};
use crate::value::Value;

/// Marks around a message that goes to the user as it is, whatever calls lie between. They are
/// Helm's: a template may even print them.
pub const MESSAGE_START: &str = "HELM_ERR_START";
/// See [`MESSAGE_START`].
pub const MESSAGE_END: &str = "HELM_ERR_END";

pub(super) const SPRIG: &[Function] = &[fixed("fail", &[STR], |_, a| {
    Err(str_at(a, 0).to_string().into())
})];

pub(super) const HELM: &[Function] = &[
    fixed("include", &[STR, ANY], |exec, a| {
        exec.include(&str_at(a, 0), at(a, 1))
    }),
    fixed("tpl", &[STR, ANY], |exec, a| {
        exec.tpl(&str_at(a, 0), at(a, 1))
    }),
    fixed("required", &[STR, ANY], required),
    fixed("fail", &[STR], |_, a| Err(message(&str_at(a, 0).lossy()))),
    fixed("lookup", &[STR, STR, STR, STR], lookup),
];

fn message(text: &str) -> Error {
    Error::new(format!("{MESSAGE_START}{text}{MESSAGE_END}"))
}

fn required(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let is_missing = match &a[1] {
        Value::Nil => true,
        Value::Str(s) => s.is_empty(),
        _ => false,
    };
    if is_missing {
        return Err(message(&str_at(a, 0).lossy()));
    }
    Ok(at(a, 1))
}

fn lookup(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    exec.note_use("lookup");
    let text = |i| str_at(a, i).to_string();
    let found = exec.run.look_up(Query {
        api_version: text(0),
        kind: text(1),
        namespace: text(2),
        name: text(3),
    })?;
    if found.is_null() {
        return Ok(Value::map(Vec::<(crate::Str, Value)>::new()));
    }
    Ok(Value::from_tree(found))
}
