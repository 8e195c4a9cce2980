//! Takes out of answers what differs from run to run, as the recorder of the cases does.

use value::{Object, Value};

const TIMES: [&str; 16] = [
    "creationTimestamp",
    "deletionTimestamp",
    "time",
    "lastTransitionTime",
    "lastUpdateTime",
    "lastProbeTime",
    "firstTimestamp",
    "lastTimestamp",
    "eventTime",
    "startTime",
    "completionTime",
    "renewTime",
    "acquireTime",
    "lastScheduleTime",
    "lastSuccessfulTime",
    "lastPhaseTransitionTime",
];
const AGES: [&str; 7] = [
    "Age",
    "Created At",
    "Last Seen",
    "First Seen",
    "Duration",
    "Last Schedule",
    "Valid Until",
];

/// Returns a normalised value; `key` is the member that it is.
pub(crate) fn normalise(value: &Value, ns: &str, key: &str) -> Value {
    match value {
        Value::Object(o) => object(o, ns),
        Value::Array(items) => items.iter().map(|v| normalise(v, ns, key)).collect(),
        Value::String(s) => string(s, ns, key),
        Value::Int(i) if matches!(key, "nodePort" | "healthCheckNodePort") && *i >= 30_000 => {
            "<port>".into()
        }
        other => other.clone(),
    }
}

fn object(o: &Object, ns: &str) -> Value {
    let mut o = o.clone();
    let is = |o: &Object, k: &str, v: &str| o.get(k).and_then(Value::as_str) == Some(v);
    if is(&o, "kind", "Table") && o.contains_key("columnDefinitions") {
        table(&mut o);
    }
    if is(&o, "kind", "Status") && is(&o, "reason", "Conflict") {
        let causes = o.get_mut("details").and_then(|d| d.get_mut("causes"));
        if let Some(causes) = causes.and_then(Value::as_array_mut) {
            causes.sort_by(|a, b| {
                let key = |v: &Value| {
                    (
                        v.str_at(&["field"]).to_owned(),
                        v.str_at(&["message"]).to_owned(),
                    )
                };
                key(a).cmp(&key(b))
            });
        }
    }
    let mut out = Object::new();
    for (k, v) in &o {
        out.insert(uids(&k.replace(ns, "{ns}")), normalise(v, ns, k));
    }
    let prefix = out
        .get("generateName")
        .and_then(Value::as_str)
        .map(str::to_owned);
    if let (Some(prefix), Some(name)) = (prefix, out.get("name").and_then(Value::as_str))
        && name.starts_with(&prefix)
    {
        out.insert("name", format!("{prefix}<suffix>"));
    }
    out.into()
}

fn table(o: &mut Object) {
    let mut ages = Vec::new();
    if let Some(columns) = o.get_mut("columnDefinitions").and_then(Value::as_array_mut) {
        for (i, column) in columns.iter_mut().enumerate() {
            column.remove_at(&["description"]);
            if AGES.contains(&column.str_at(&["name"])) {
                ages.push(i);
            }
        }
    }
    let Some(rows) = o.get_mut("rows").and_then(Value::as_array_mut) else {
        return;
    };
    for row in rows {
        let Some(cells) = row.get_mut("cells").and_then(Value::as_array_mut) else {
            continue;
        };
        for i in &ages {
            let Some(cell) = cells.get_mut(*i) else {
                continue;
            };
            if cell
                .as_str()
                .is_some_and(|s| !matches!(s, "<none>" | "<unknown>" | ""))
            {
                *cell = "<age>".into();
            }
        }
    }
}

fn string(s: &str, ns: &str, key: &str) -> Value {
    let digits = !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if key == "uid" && uid_at(s.as_bytes(), 0).is_some() {
        return "<uid>".into();
    }
    if key == "resourceVersion" && digits {
        return if s == "0" { "0" } else { "<rv>" }.into();
    }
    if key == "continue" && !s.is_empty() {
        return "<continue>".into();
    }
    if TIMES.contains(&key) && stamp(s) {
        return "<time>".into();
    }
    if matches!(key, "clusterIP" | "clusterIPs") && (s.starts_with("10.") || s.starts_with("fd")) {
        return "<ip>".into();
    }
    let mut s = uids(&s.replace(ns, "{ns}"));
    if key == "message" {
        s = after(&s, &["too old resource version: "], " (", "<rv>");
        s = number_after(&s, "Too large resource version: ", ", current: ");
        for quoted in [
            "resourceVersion\":\"",
            "resourceVersion\\\":\\\"",
            "resourceVersion: \"",
            "resourceVersion\": \"",
            "resourceVersion\\\": \\\"",
        ] {
            s = digits_after(&s, quoted, "<rv>");
        }
        for name in ["creationTimestamp", "deletionTimestamp", "time"] {
            for quoted in ["\":\"", "\\\":\\\"", "\": \"", "\\\": \\\"", ": \""] {
                s = stamp_after(&s, &format!("{name}{quoted}"));
            }
        }
    }
    s.into()
}

fn after(s: &str, starts: &[&str], then: &str, by: &str) -> String {
    let mut s = s.to_owned();
    for start in starts {
        if let Some(at) = s.find(start) {
            let from = at + start.len();
            let digits = s[from..].bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 && s[from + digits..].starts_with(then) {
                let begin = from + digits + then.len();
                let more = s[begin..].bytes().take_while(u8::is_ascii_digit).count();
                s.replace_range(begin..begin + more, by);
            }
        }
    }
    s
}

fn number_after(s: &str, start: &str, then: &str) -> String {
    after(s, &[start], then, "<rv>")
}

fn digits_after(s: &str, start: &str, by: &str) -> String {
    let mut s = s.to_owned();
    let mut from = 0;
    while let Some(at) = s[from..].find(start) {
        let begin = from + at + start.len();
        let digits = s[begin..].bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            s.replace_range(begin..begin + digits, by);
        }
        from = begin;
    }
    s
}

fn stamp_after(s: &str, start: &str) -> String {
    let mut s = s.to_owned();
    let mut from = 0;
    while let Some(at) = s[from..].find(start) {
        let begin = from + at + start.len();
        if s.get(begin..begin + 20).is_some_and(stamp) {
            s.replace_range(begin..begin + 20, "<time>");
        }
        from = begin;
    }
    s
}

fn stamp(s: &str) -> bool {
    let b = s.as_bytes();
    let shape = b"dddd-dd-ddTdd:dd:dd";
    if b.len() < 20 || b[b.len() - 1] != b'Z' {
        return false;
    }
    let head = b[..19].iter().zip(shape).all(|(c, want)| match want {
        b'd' => c.is_ascii_digit(),
        want => c == want,
    });
    let middle = &b[19..b.len() - 1];
    head && (middle.is_empty()
        || middle[0] == b'.' && middle.len() > 1 && middle[1..].iter().all(u8::is_ascii_digit))
}

/// Returns the end of the uid that begins at `at`.
fn uid_at(b: &[u8], at: usize) -> Option<usize> {
    let uid = b.get(at..at + 36)?;
    let hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    let fits = uid.iter().enumerate().all(|(i, c)| match i {
        8 | 13 | 18 | 23 => *c == b'-',
        _ => hex(*c),
    });
    let word = |c: Option<&u8>| c.is_some_and(|c| c.is_ascii_alphanumeric() || *c == b'_');
    (fits && !(at > 0 && word(b.get(at - 1))) && !word(b.get(at + 36))).then_some(at + 36)
}

fn uids(s: &str) -> String {
    let b = s.as_bytes();
    if b.len() < 36 {
        return s.to_owned();
    }
    let mut out = String::with_capacity(s.len());
    let mut begin = 0;
    let mut i = 0;
    while i + 36 <= b.len() {
        if let Some(end) = uid_at(b, i) {
            out.push_str(&s[begin..i]);
            out.push_str("<uid>");
            begin = end;
            i = end;
        } else {
            i += 1;
        }
    }
    out.push_str(&s[begin..]);
    out
}
