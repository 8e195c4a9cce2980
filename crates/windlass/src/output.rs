//! Results on stdout, stories on stderr, tables, colours and times.

#![expect(clippy::print_stderr, reason = "this is where printing is done")]

use crate::cli::ColorChoice;
use crate::failure::{Failure, USAGE};
use jiff::Timestamp;
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use value::Value;

static COLOR: AtomicBool = AtomicBool::new(false);

/// Decides once whether colours are used.
pub(crate) fn set_color(choice: ColorChoice) {
    let on = match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
            let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
            set("CLICOLOR_FORCE") || (!set("NO_COLOR") && !dumb && std::io::stdout().is_terminal())
        }
    };
    COLOR.store(on, Ordering::Relaxed);
}

/// Prints a line of the result.
pub(crate) fn say(line: &str) {
    put(&format!("{line}\n"));
}

/// Writes to stdout. Whoever reads it may have had enough (`| head`): then there is nothing left to
/// do.
fn put(text: &str) {
    if std::io::stdout().write_all(text.as_bytes()).is_err() {
        std::process::exit(0);
    }
}

/// Prints a line of the story.
pub(crate) fn complain(line: &str) {
    eprintln!("{line}");
}

/// Returns a status word in its colour.
pub(crate) fn paint(word: &str) -> String {
    if !COLOR.load(Ordering::Relaxed) {
        return word.to_owned();
    }
    let code = match word {
        "Synced" | "Healthy" | "Succeeded" | "healed" | "succeeded" => "32",
        "OutOfSync" | "Progressing" | "Running" | "Suspended" | "healing" | "open" => "33",
        "Degraded" | "Failed" | "Error" | "Missing" | "Unknown" => "31",
        _ => return word.to_owned(),
    };
    format!("\x1b[{code}m{word}\x1b[0m")
}

/// Prints rows under a header, columns aligned; the last column is as long as it likes.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = header.iter().map(|h| h.len()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>, color: bool| {
        let mut text = String::new();
        for (i, cell) in cells.enumerate() {
            if i > 0 {
                text.push_str("  ");
            }
            let pad = widths[i].saturating_sub(cell.chars().count());
            text.push_str(&if color { paint(cell) } else { cell.to_owned() });
            text.push_str(&" ".repeat(pad));
        }
        say(text.trim_end());
    };
    line(&mut header.iter().copied(), false);
    for row in rows {
        line(&mut row.iter().map(String::as_str), true);
    }
}

/// How a result is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Wide,
    Name,
    Json,
    Yaml,
    Jsonl,
    JsonPath(String),
}

impl std::str::FromStr for Format {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "table" => Self::Table,
            "wide" => Self::Wide,
            "name" => Self::Name,
            "json" => Self::Json,
            "yaml" => Self::Yaml,
            "jsonl" => Self::Jsonl,
            other => match other.strip_prefix("jsonpath=") {
                Some(path) => Self::JsonPath(path.to_owned()),
                None => {
                    return Err("use table, wide, name, json, yaml, jsonl or jsonpath=...".into());
                }
            },
        })
    }
}

/// Prints resources in any format but the tables. `list` says whether a list was asked for.
pub(crate) fn resources(format: &Format, items: &[Value], list: bool) -> Result<(), Failure> {
    let whole = || {
        if list {
            value::json!({"apiVersion": "v1", "kind": "List", "items": items.to_vec()})
        } else {
            items.first().cloned().unwrap_or_default()
        }
    };
    match format {
        Format::Json => say(&pretty(&whole())),
        Format::Yaml => put(&yaml::to_yaml(&whole())),
        Format::Jsonl => items.iter().for_each(|item| say(&item.to_json())),
        Format::Name => {
            for item in items {
                say(item.str_at(&["metadata", "name"]));
            }
        }
        Format::JsonPath(path) => {
            let text = crate::jsonpath::evaluate(path, &whole())
                .map_err(|e| Failure::new(USAGE, format!("jsonpath: {e}")))?;
            say(&text);
        }
        Format::Table | Format::Wide => {}
    }
    Ok(())
}

/// Returns JSON with two spaces of indent.
pub(crate) fn pretty(value: &Value) -> String {
    fn write(value: &Value, depth: usize, out: &mut String) {
        let pad = "  ".repeat(depth + 1);
        match value {
            Value::Array(items) if !items.is_empty() => {
                out.push_str("[\n");
                for (i, item) in items.iter().enumerate() {
                    out.push_str(&pad);
                    write(item, depth + 1, out);
                    out.push_str(if i + 1 < items.len() { ",\n" } else { "\n" });
                }
                out.push_str(&"  ".repeat(depth));
                out.push(']');
            }
            Value::Object(members) if !members.is_empty() => {
                out.push_str("{\n");
                for (i, (name, member)) in members.iter().enumerate() {
                    out.push_str(&pad);
                    out.push_str(&Value::from(name.as_str()).to_json());
                    out.push_str(": ");
                    write(member, depth + 1, out);
                    out.push_str(if i + 1 < members.len() { ",\n" } else { "\n" });
                }
                out.push_str(&"  ".repeat(depth));
                out.push('}');
            }
            other => out.push_str(&other.to_json()),
        }
    }
    let mut out = String::new();
    write(value, 0, &mut out);
    out
}

/// Returns how long ago something was: `5s`, `3m`, `2h`, `4d`.
pub(crate) fn ago(time: &str) -> String {
    let Some(time) = engine::parse_time(time) else {
        return "-".into();
    };
    let seconds = Timestamp::now().duration_since(time).as_secs().max(0);
    match seconds {
        s if s < 120 => format!("{s}s"),
        s if s < 7_200 => format!("{}m", s / 60),
        s if s < 172_800 => format!("{}h", s / 3_600),
        s => format!("{}d", s / 86_400),
    }
}

/// Returns the first seven digits of a commit.
pub(crate) fn short(revision: &str) -> String {
    let parts = revision.split(',');
    let parts: Vec<&str> = parts.map(|part| part.get(..7).unwrap_or(part)).collect();
    parts.join(",")
}
