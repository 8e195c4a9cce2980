//! Text.

use super::words;
use super::{ANY, Called, Function, INT, STR, fixed, int_at, open, str_at};
use crate::encoding;
use crate::error::Error;
use crate::exec::Exec;
use crate::fmt;
use crate::strconv;
use crate::text::{self, Str};
use crate::unicode;
use crate::value::{Map, MapType, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("abbrev", &[INT, STR], |_, a| {
        let (width, s) = (int_at(a, 0), str_at(a, 1));
        Ok(if width < 4 {
            s.into()
        } else {
            words::abbreviate(&s, 0, width).into()
        })
    }),
    fixed("abbrevboth", &[INT, INT, STR], |_, a| {
        let (left, right, s) = (int_at(a, 0), int_at(a, 1), str_at(a, 2));
        if right < 4 || (left > 0 && right < 7) {
            return Ok(s.into());
        }
        if left < 0 && s.len() as i64 > right && (s.len() as i64 - left) < right - 3 {
            return Err("runtime error: slice bounds out of range".into());
        }
        Ok(words::abbreviate(&s, left, right).into())
    }),
    fixed("trunc", &[INT, STR], trunc),
    fixed("trim", &[STR], |_, a| {
        Ok(text::trim_space(&str_at(a, 0)).into())
    }),
    fixed("upper", &[STR], |_, a| {
        Ok(words::map(&str_at(a, 0), unicode::to_upper).into())
    }),
    fixed("lower", &[STR], |_, a| {
        Ok(words::map(&str_at(a, 0), unicode::to_lower).into())
    }),
    fixed("title", &[STR], |_, a| {
        Ok(words::title(&str_at(a, 0)).into())
    }),
    fixed("untitle", &[STR], |_, a| {
        Ok(words::untitle(&str_at(a, 0)).into())
    }),
    fixed("substr", &[INT, INT, STR], substr),
    fixed("repeat", &[INT, STR], repeat),
    fixed("trimall", &[STR, STR], trim_all),
    fixed("trimAll", &[STR, STR], trim_all),
    fixed("trimSuffix", &[STR, STR], |_, a| {
        let (suffix, s) = (str_at(a, 0), str_at(a, 1));
        Ok(s.strip_suffix(&*suffix).unwrap_or(&s).into())
    }),
    fixed("trimPrefix", &[STR, STR], |_, a| {
        let (prefix, s) = (str_at(a, 0), str_at(a, 1));
        Ok(s.strip_prefix(&*prefix).unwrap_or(&s).into())
    }),
    fixed("nospace", &[STR], |_, a| {
        Ok(words::without_space(&str_at(a, 0)).into())
    }),
    fixed("initials", &[STR], |_, a| {
        Ok(words::initials(&str_at(a, 0)).into())
    }),
    fixed("swapcase", &[STR], |_, a| {
        Ok(words::swap_case(&str_at(a, 0)).into())
    }),
    fixed("snakecase", &[STR], |_, a| {
        Ok(words::lower_words(&str_at(a, 0), '_').into())
    }),
    fixed("kebabcase", &[STR], |_, a| {
        Ok(words::lower_words(&str_at(a, 0), '-').into())
    }),
    fixed("camelcase", &[STR], |_, a| {
        Ok(words::pascal_case(&str_at(a, 0)).into())
    }),
    fixed("wrap", &[INT, STR], |exec, a| {
        wrap(exec, &str_at(a, 1), int_at(a, 0), b"", false)
    }),
    fixed("wrapWith", &[INT, STR, STR], |exec, a| {
        wrap(exec, &str_at(a, 2), int_at(a, 0), &str_at(a, 1), true)
    }),
    fixed("contains", &[STR, STR], |_, a| {
        Ok(text::find(&str_at(a, 1), &str_at(a, 0)).is_some().into())
    }),
    fixed("hasPrefix", &[STR, STR], |_, a| {
        Ok(str_at(a, 1).starts_with(&str_at(a, 0)).into())
    }),
    fixed("hasSuffix", &[STR, STR], |_, a| {
        Ok(str_at(a, 1).ends_with(&str_at(a, 0)).into())
    }),
    open("quote", &[], ANY, |exec, a| {
        quoted(exec, a, |v| strconv::quote(&strval(v)).into_bytes())
    }),
    open("squote", &[], ANY, |exec, a| {
        quoted(exec, a, |v| [b"'", &*fmt::text_of(v), b"'"].concat())
    }),
    open("cat", &[], ANY, cat),
    fixed("indent", &[INT, STR], |exec, a| {
        indent(exec, int_at(a, 0), &str_at(a, 1), false)
    }),
    fixed("nindent", &[INT, STR], |exec, a| {
        indent(exec, int_at(a, 0), &str_at(a, 1), true)
    }),
    fixed("replace", &[STR, STR, STR], |exec, a| {
        let (old, new, s) = (str_at(a, 0), str_at(a, 1), str_at(a, 2));
        // Every byte may be replaced, and one more at the end.
        if new.len() > old.len() {
            let parts = s.len() / old.len().max(1) + 1;
            exec.room(s.len().saturating_add(parts.saturating_mul(new.len())))?;
        }
        Ok(text::replace(&s, &old, &new).into())
    }),
    fixed("plural", &[STR, STR, INT], |_, a| {
        Ok(str_at(a, usize::from(int_at(a, 2) != 1)).into())
    }),
    fixed("toString", &[ANY], |exec, a| {
        let s = strval(&a[0]);
        exec.room(s.len())?;
        Ok(s.into())
    }),
    fixed("toStrings", &[ANY], |_, a| {
        Ok(super::lists::string_list(&a[0]))
    }),
    fixed("join", &[STR, ANY], |exec, a| {
        let separator = str_at(a, 0);
        let parts = super::lists::strings(&a[1]);
        let length: usize = parts.iter().map(|p| p.len() + separator.len()).sum();
        exec.room(length)?;
        let parts: Vec<&[u8]> = parts.iter().map(Str::as_bytes).collect();
        Ok(parts.join(&*separator).into())
    }),
    fixed("split", &[STR, STR], |exec, a| {
        split_map(exec, &str_at(a, 0), None, &str_at(a, 1))
    }),
    fixed("splitn", &[STR, INT, STR], |exec, a| {
        split_map(
            exec,
            &str_at(a, 0),
            usize::try_from(int_at(a, 1)).ok(),
            &str_at(a, 2),
        )
    }),
    fixed("splitList", &[STR, STR], |exec, a| {
        let s = str_at(a, 1);
        exec.charge(s.len())?;
        Ok(Value::strings(text::split(&s, &str_at(a, 0), None)))
    }),
    fixed("b64enc", &[STR], |_, a| {
        Ok(encoding::base64(&str_at(a, 0)).into())
    }),
    fixed("b64dec", &[STR], |_, a| {
        Ok(encoding::from_base64(&str_at(a, 0))
            .unwrap_or_else(String::into_bytes)
            .into())
    }),
    fixed("b32enc", &[STR], |_, a| {
        Ok(encoding::base32(&str_at(a, 0)).into())
    }),
    fixed("b32dec", &[STR], |_, a| {
        Ok(encoding::from_base32(&str_at(a, 0))
            .unwrap_or_else(String::into_bytes)
            .into())
    }),
];

/// The text of anything, as Sprig's `toString` has it.
pub(crate) fn strval(value: &Value) -> Str {
    match value {
        Value::Str(s) => s.clone(),
        Value::Bytes(b) => Str::from(&b[..]),
        _ => fmt::text_of(value),
    }
}

fn trunc(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let (count, s) = (int_at(a, 0), str_at(a, 1));
    let length = s.len() as i64;
    Ok(if count < 0 && length.saturating_add(count) > 0 {
        s[(length + count) as usize..].into()
    } else if count >= 0 && length > count {
        s[..count as usize].into()
    } else {
        s.into()
    })
}

fn substr(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let (start, end, s) = (int_at(a, 0), int_at(a, 1), str_at(a, 2));
    let length = s.len() as i64;
    let out_of_range =
        |what: String| Err(format!("runtime error: slice bounds out of range {what}").into());
    if start < 0 {
        if end < 0 || end > length {
            return if end < 0 {
                out_of_range(format!("[:{end}]"))
            } else {
                out_of_range(format!("[:{end}] with length {length}"))
            };
        }
        return Ok(s[..end as usize].into());
    }
    if end < 0 || end > length {
        if start > length {
            return out_of_range(format!("[{start}:{length}]"));
        }
        return Ok(s[start as usize..].into());
    }
    if start > end {
        return out_of_range(format!("[{start}:{end}]"));
    }
    Ok(s[start as usize..end as usize].into())
}

fn repeat(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let (count, s) = (int_at(a, 0), str_at(a, 1));
    let Ok(count) = usize::try_from(count) else {
        return Err("strings: negative Repeat count".into());
    };
    if s.is_empty() {
        return Ok(s.into());
    }
    let Some(length) = s
        .len()
        .checked_mul(count)
        .filter(|l| i64::try_from(*l).is_ok())
    else {
        return Err("strings: Repeat output length overflow".into());
    };
    exec.room(length)?;
    Ok(s.repeat(count).into())
}

fn trim_all(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let (cut, s) = (str_at(a, 0), str_at(a, 1));
    let cut: Vec<char> = text::runes(&cut).collect();
    Ok(text::trim_by(&s, |c| cut.contains(&c)).into())
}

fn wrap(
    exec: &mut Exec<'_, '_>,
    s: &[u8],
    width: i64,
    line_break: &[u8],
    breaks_words: bool,
) -> Called {
    let width = usize::try_from(width).unwrap_or(0).max(1);
    let line_break = if line_break.is_empty() {
        b"\n"
    } else {
        line_break
    };
    let lines = s.len() / if breaks_words { width } else { 1 } + 1;
    exec.room(
        s.len()
            .saturating_add(lines.saturating_mul(line_break.len())),
    )?;
    Ok(words::wrap(s, width, line_break, breaks_words).into())
}

fn quoted(exec: &mut Exec<'_, '_>, a: &[Value], quote: impl Fn(&Value) -> Vec<u8>) -> Called {
    let texts: Vec<Vec<u8>> = a.iter().filter(|v| !v.is_nil()).map(quote).collect();
    let out = texts.join(&b' ');
    exec.room(out.len())?;
    Ok(out.into())
}

fn cat(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let texts: Vec<Str> = a.iter().filter(|v| !v.is_nil()).map(fmt::text_of).collect();
    let texts: Vec<&[u8]> = texts.iter().map(Str::as_bytes).collect();
    let out = texts.join(&b' ');
    exec.room(out.len())?;
    Ok(out.into())
}

fn indent(exec: &mut Exec<'_, '_>, spaces: i64, s: &[u8], starts_line: bool) -> Called {
    let Ok(spaces) = usize::try_from(spaces) else {
        return Err("strings: negative Repeat count".into());
    };
    let lines = memchr::memchr_iter(b'\n', s).count() + 1;
    let length = lines.saturating_mul(spaces).saturating_add(s.len() + 1);
    exec.room(length)?;
    let mut out = Vec::with_capacity(length);
    if starts_line {
        out.push(b'\n');
    }
    out.resize(out.len() + spaces, b' ');
    let mut rest = s;
    while let Some(at) = memchr::memchr(b'\n', rest) {
        out.extend_from_slice(&rest[..=at]);
        out.resize(out.len() + spaces, b' ');
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    Ok(out.into())
}

fn split_map(
    exec: &mut Exec<'_, '_>,
    separator: &[u8],
    limit: Option<usize>,
    s: &[u8],
) -> Result<Value, Error> {
    exec.charge(s.len())?;
    let parts = text::split(s, separator, limit);
    let members = parts.into_iter().enumerate();
    let members = members.map(|(i, part)| (format!("_{i}"), Value::from(part)));
    Ok(Value::Map(Map::new(MapType::STRING, members)))
}
