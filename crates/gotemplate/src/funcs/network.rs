//! URLs, host names and versions.

use super::{Called, Function, MAP, STR, fixed, map_at, str_at};
use crate::error::Error;
use crate::exec::Exec;
use crate::semver::{Constraint, Version};
use crate::url::{self, Url};
use crate::value::{Map, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("urlParse", &[STR], url_parse),
    fixed("urlJoin", &[MAP], url_join),
    // No name is ever looked up.
    fixed("getHostByName", &[STR], |_, _| Ok("".into())),
    fixed("semver", &[STR], |_, a| {
        let version = Version::parse(&str_at(a, 0).lossy()).map_err(Error::new)?;
        Ok(version.into_value())
    }),
    fixed("semverCompare", &[STR, STR], semver_compare),
];

/// Answers that are kept: charts ask the same few questions in every file.
const ANSWERS_MAX: usize = 1000;

fn semver_compare(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let asked = (str_at(a, 0), str_at(a, 1));
    if let Some(known) = exec.run.versions.get(&asked) {
        return Ok((*known).into());
    }
    let (constraint, version) = &asked;
    if std::str::from_utf8(constraint).is_err() {
        let quoted = crate::strconv::quote(constraint);
        return Err(format!("improper constraint: {quoted}").into());
    }
    let constraint = Constraint::parse(&constraint.lossy()).map_err(Error::new)?;
    let version = Version::parse(&version.lossy()).map_err(Error::new)?;
    let answer = constraint.check(&version);
    if exec.run.versions.len() < ANSWERS_MAX {
        exec.run.versions.insert(asked, answer);
    }
    Ok(answer.into())
}

/// `url.QueryEscape`.
pub(super) fn query_escape(s: &[u8]) -> Vec<u8> {
    url::escape(s, url::Part::Query)
}

fn url_parse(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let text = str_at(a, 0);
    let url = Url::parse(&text).map_err(|e| Error::new(format!("unable to parse url: {e}")))?;
    let hostname = url.hostname().to_vec();
    Ok(Value::map([
        ("scheme", Value::from(url.scheme)),
        (
            "userinfo",
            Value::from(url.user.map(|u| u.text()).unwrap_or_default()),
        ),
        ("host", Value::from(url.host)),
        ("hostname", Value::from(hostname)),
        ("path", Value::from(url.path)),
        ("query", Value::from(url.query)),
        ("opaque", Value::from(url.opaque)),
        ("fragment", Value::from(url.fragment)),
    ]))
}

fn member(map: &Map, key: &str) -> Result<Vec<u8>, Error> {
    match map.get(key.as_bytes()) {
        None => Ok(Vec::new()),
        Some(Value::Str(s)) => Ok(s.to_vec()),
        Some(Value::Nil) => Err(super::nil_dereference()),
        Some(other) => {
            let kind = other.kind().name();
            Err(
                format!("unable to parse {key} key, must be of type string, but {kind} found")
                    .into(),
            )
        }
    }
}

fn url_join(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let map = map_at(a, 0);
    let mut url = Url {
        scheme: member(&map, "scheme")?,
        host: member(&map, "host")?,
        path: member(&map, "path")?,
        query: member(&map, "query")?,
        opaque: member(&map, "opaque")?,
        fragment: member(&map, "fragment")?,
        ..Url::default()
    };
    let user = member(&map, "userinfo")?;
    if !user.is_empty() {
        let text = [b"proto://", &user[..], b"@host"].concat();
        let parsed = Url::parse(&text)
            .map_err(|e| Error::new(format!("unable to parse userinfo in dict: {e}")))?;
        url.user = parsed.user;
    }
    Ok(url.text().into())
}
