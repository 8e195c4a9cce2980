//! Regular expressions.

use super::{Called, Function, INT, STR, fixed, int_at, str_at};
use crate::error::Error;
use crate::exec::Exec;
use crate::regexp::{self, Regexp};
use crate::value::{List, ListType, Value};
use std::rc::Rc;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("regexMatch", &[STR, STR], |exec, a| {
        let regex = exec.run.regexes.get(&str_at(a, 0));
        exec.charge(str_at(a, 1).len())?;
        Ok(regex.is_ok_and(|r| r.is_match(&str_at(a, 1))).into())
    }),
    fixed("mustRegexMatch", &[STR, STR], |exec, a| {
        Ok(must(exec, a)?.is_match(&str_at(a, 1)).into())
    }),
    fixed("regexFind", &[STR, STR], |exec, a| {
        find(&*compiled(exec, a)?, a)
    }),
    fixed("mustRegexFind", &[STR, STR], |exec, a| {
        find(&*must(exec, a)?, a)
    }),
    fixed("regexFindAll", &[STR, STR, INT], |exec, a| {
        find_all(&*compiled(exec, a)?, a)
    }),
    fixed("mustRegexFindAll", &[STR, STR, INT], |exec, a| {
        find_all(&*must(exec, a)?, a)
    }),
    fixed("regexReplaceAll", &[STR, STR, STR], |exec, a| {
        let regex = compiled(exec, a)?;
        replace(exec, &regex, a, false)
    }),
    fixed("mustRegexReplaceAll", &[STR, STR, STR], |exec, a| {
        let regex = must(exec, a)?;
        replace(exec, &regex, a, false)
    }),
    fixed("regexReplaceAllLiteral", &[STR, STR, STR], |exec, a| {
        let regex = compiled(exec, a)?;
        replace(exec, &regex, a, true)
    }),
    fixed("mustRegexReplaceAllLiteral", &[STR, STR, STR], |exec, a| {
        let regex = must(exec, a)?;
        replace(exec, &regex, a, true)
    }),
    fixed("regexSplit", &[STR, STR, INT], |exec, a| {
        split(&*compiled(exec, a)?, a)
    }),
    fixed("mustRegexSplit", &[STR, STR, INT], |exec, a| {
        split(&*must(exec, a)?, a)
    }),
    fixed("regexQuoteMeta", &[STR], |_, a| {
        Ok(regexp::quote_meta(&str_at(a, 0)).into())
    }),
];

/// Compiles, with the error that `Compile` returns.
fn must(exec: &mut Exec<'_, '_>, a: &[Value]) -> Result<Rc<Regexp>, Error> {
    exec.charge(str_at(a, 1).len())?;
    exec.run.regexes.get(&str_at(a, 0)).map_err(Error::new)
}

/// Compiles, with the error that `MustCompile` panics with.
fn compiled(exec: &mut Exec<'_, '_>, a: &[Value]) -> Result<Rc<Regexp>, Error> {
    let pattern = str_at(a, 0);
    exec.charge(str_at(a, 1).len())?;
    exec.run.regexes.get(&pattern).map_err(|message| {
        let pattern = if crate::strconv::can_backquote(&pattern) {
            format!("`{pattern}`")
        } else {
            crate::strconv::quote(&pattern)
        };
        Error::new(format!("regexp: Compile({pattern}): {message}"))
    })
}

fn find(regex: &Regexp, a: &[Value]) -> Called {
    let text = str_at(a, 1);
    let found = regex
        .find_at(&text, 0)
        .map_or(&b""[..], |(start, end)| &text[start..end]);
    Ok(found.into())
}

fn limit(n: i64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn find_all(regex: &Regexp, a: &[Value]) -> Called {
    let text = str_at(a, 1);
    let matches = regex.find_all(&text, limit(int_at(a, 2)));
    if matches.is_empty() {
        return Ok(Value::List(List::nil(ListType::STRING)));
    }
    Ok(Value::strings(
        matches.into_iter().map(|(start, end)| &text[start..end]),
    ))
}

fn replace(exec: &mut Exec<'_, '_>, regex: &Regexp, a: &[Value], literal: bool) -> Called {
    let max = exec.run.options.limits.string_bytes_max;
    let out = regex.replace_all(&str_at(a, 1), &str_at(a, 2), literal, max);
    exec.room(out.len())?;
    Ok(out.into())
}

fn split(regex: &Regexp, a: &[Value]) -> Called {
    let (text, n) = (str_at(a, 1), int_at(a, 2));
    if n == 0 {
        return Ok(Value::List(List::nil(ListType::STRING)));
    }
    Ok(Value::strings(regex.split(&text, limit(n))))
}
