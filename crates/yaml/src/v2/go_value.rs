//! Values as Go holds and prints them. Only error texts need this.

use crate::resolve::{self, Scalar};
use crate::tree::{NodeId, NodeKind, Tree};
use std::cmp::Ordering;
use std::fmt::Write as _;

/// Nodes that an error text shows at most.
const NODES_MAX: usize = 2_000;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum GoValue {
    Nil,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(String),
    List(Vec<Self>),
    /// Sorted as Go prints it.
    Map(Vec<(Self, Self)>),
    /// There was more.
    Cut,
}

/// Returns what go-yaml v2 makes of a node.
pub(crate) fn of(tree: &Tree<'_>, id: NodeId) -> GoValue {
    let mut nodes_left = NODES_MAX;
    build(tree, id, &mut nodes_left)
}

fn build(tree: &Tree<'_>, id: NodeId, nodes_left: &mut usize) -> GoValue {
    if *nodes_left == 0 {
        return GoValue::Cut;
    }
    *nodes_left -= 1;
    let node = tree.node(id);
    match &node.kind {
        NodeKind::Alias(_, target) => build(tree, *target, nodes_left),
        NodeKind::Sequence(first) => GoValue::List(
            tree.chain(*first)
                .map(|id| build(tree, id, nodes_left))
                .collect(),
        ),
        NodeKind::Mapping(first) => {
            let mut pairs = Vec::new();
            fill(tree, *first, nodes_left, &mut pairs);
            pairs.sort_by(|(a, _), (b, _)| a.compare(b));
            GoValue::Map(pairs)
        }
        NodeKind::Scalar { text, style } => match resolve::v2(node.tag.as_deref(), text, *style) {
            Ok(Scalar::Null) => GoValue::Nil,
            Ok(Scalar::Bool(b)) => GoValue::Bool(b),
            Ok(Scalar::Int(i)) => GoValue::Int(i),
            Ok(Scalar::Uint(u)) => GoValue::Uint(u),
            Ok(Scalar::Float(f)) => GoValue::Float(f),
            Ok(Scalar::Binary(bytes)) => GoValue::Text(lossy_text(&bytes)),
            Ok(Scalar::Text | Scalar::Timestamp(_)) | Err(_) => {
                GoValue::Text(text.clone().into_owned())
            }
        },
    }
}

fn fill(
    tree: &Tree<'_>,
    first: NodeId,
    nodes_left: &mut usize,
    pairs: &mut Vec<(GoValue, GoValue)>,
) {
    for (key, value) in tree.pairs(first) {
        let node = tree.node(key);
        let merges = match &node.kind {
            NodeKind::Scalar { text, style } => {
                resolve::is_merge(node.tag.as_deref(), text, *style)
            }
            _ => false,
        };
        if merges {
            merge(tree, value, nodes_left, pairs);
            continue;
        }
        let key = build(tree, key, nodes_left);
        let value = build(tree, value, nodes_left);
        match pairs.iter_mut().find(|(k, _)| *k == key) {
            Some((_, v)) => *v = value,
            None => pairs.push((key, value)),
        }
    }
}

fn merge(tree: &Tree<'_>, id: NodeId, nodes_left: &mut usize, pairs: &mut Vec<(GoValue, GoValue)>) {
    if *nodes_left == 0 {
        return;
    }
    *nodes_left -= 1;
    match &tree.node(id).kind {
        NodeKind::Mapping(first) => fill(tree, *first, nodes_left, pairs),
        NodeKind::Alias(_, target) => merge(tree, *target, nodes_left, pairs),
        NodeKind::Sequence(first) => {
            let elements: Vec<NodeId> = tree.chain(*first).collect();
            for element in elements.into_iter().rev() {
                merge(tree, element, nodes_left, pairs);
            }
        }
        NodeKind::Scalar { .. } => {}
    }
}

impl GoValue {
    /// Returns what `%#v` prints inside another value.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// Returns what `%#v` prints for the value itself.
    pub(crate) fn top_level_text(&self) -> String {
        match self {
            Self::Nil => "<nil>".to_owned(),
            other => other.text(),
        }
    }

    /// Returns the type as Go names it in an error, and the text of the value.
    pub(crate) fn type_and_text(&self) -> (&'static str, String) {
        let go_type = match self {
            Self::Nil => "%!s(<nil>)",
            Self::Uint(_) => "uint64",
            _ => "string",
        };
        (go_type, self.top_level_text())
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Nil => out.push_str("interface {}(nil)"),
            Self::Bool(b) => {
                let _ = write!(out, "{b}");
            }
            Self::Int(i) => {
                let _ = write!(out, "{i}");
            }
            Self::Uint(u) => {
                let _ = write!(out, "0x{u:x}");
            }
            Self::Float(f) if f.is_finite() => out.push_str(&float_text(*f)),
            Self::Float(f) => out.push_str(non_finite(*f)),
            Self::Text(text) => quote(text, out),
            Self::Cut => out.push_str("..."),
            Self::List(list) => {
                out.push_str("[]interface {}{");
                for (i, v) in list.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    v.write(out);
                }
                out.push('}');
            }
            Self::Map(map) => {
                out.push_str("map[interface {}]interface {}{");
                for (i, (k, v)) in map.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    k.write(out);
                    out.push(':');
                    v.write(out);
                }
                out.push('}');
            }
        }
    }

    /// Compares keys as Go sorts them for printing: by type, then by value.
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Uint(a), Self::Uint(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => self.type_rank().cmp(&other.type_rank()),
        }
    }

    const fn type_rank(&self) -> u8 {
        match self {
            Self::Nil => 0,
            Self::Text(_) => 1,
            Self::Uint(_) => 2,
            Self::Int(_) => 3,
            Self::Float(_) => 4,
            Self::Bool(_) => 5,
            Self::List(_) => 6,
            Self::Map(_) => 7,
            Self::Cut => 8,
        }
    }
}

/// Returns a float without a number as Go prints it.
pub(crate) const fn non_finite(f: f64) -> &'static str {
    if f.is_nan() {
        "NaN"
    } else if f > 0.0 {
        "+Inf"
    } else {
        "-Inf"
    }
}

/// Returns a float as the text of a key, which has only the digits of 32 bits.
pub(crate) fn float_key(f: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the reference prints keys with 32 bits"
    )]
    let single = f as f32;
    if single.is_nan() {
        ".nan".to_owned()
    } else if single.is_infinite() {
        if single > 0.0 { ".inf" } else { "-.inf" }.to_owned()
    } else {
        shortest(&format!("{single:e}"))
    }
}

/// Returns a finite float with all its digits, in the form of Go's `%g`.
pub(crate) fn float_text(f: f64) -> String {
    shortest(&format!("{f:e}"))
}

/// Returns a float in the form of Go's `%g`, from Rust's `{:e}`: with an exponent, of two digits,
/// below 1e-4 and from 1e6 on.
fn shortest(scientific: &str) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(m) => ("-", m),
        None => ("", mantissa),
    };
    let digits = mantissa.replace('.', "");
    if !(-4..6).contains(&exponent) {
        let e_sign = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{mantissa}e{e_sign}{:02}", exponent.abs());
    }
    if exponent < 0 {
        let zeros = "0".repeat(usize::try_from(-exponent - 1).unwrap_or(0));
        return format!("{sign}0.{zeros}{digits}");
    }
    let whole = usize::try_from(exponent + 1).unwrap_or(0);
    if whole >= digits.len() {
        format!("{sign}{digits:0<whole$}")
    } else {
        format!("{sign}{}.{}", &digits[..whole], &digits[whole..])
    }
}

/// Writes text in Go's double quotes.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0C' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0B' => out.push_str("\\v"),
            ' '..='~' => out.push(c),
            '\0'..='\x7F' => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            '\u{80}'..='\u{A0}'
            | '\u{AD}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{FEFF}'
            | '\u{2000}'..='\u{200F}'
            | '\u{202A}'..='\u{202F}'
            | '\u{205F}'..='\u{206F}'
            | '\u{3000}'
            | '\u{E000}'..='\u{F8FF}'
            | '\u{FFF0}'..='\u{FFFB}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Returns bytes as text; each byte that isn't part of a character becomes U+FFFD, as in Go.
pub(crate) fn lossy_text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for _ in chunk.invalid() {
            out.push('\u{FFFD}');
        }
    }
    out
}
