//! Values as YAML text: go-yaml's two writers, exact to the byte.
//!
//! They share [`Writer`]; what tells them apart is a [`Flavour`].

mod sort;
mod text;

use crate::error::Error;
use crate::resolve::{self, Scalar};
use crate::scan::Style;
use crate::v2;
use crate::v3::{Node, NodeKind};
use text::Analysis;
use value::{Object, Value};

/// Columns after which a space in a scalar becomes a line break.
const WIDTH: usize = 80;
const INDENT: usize = 2;
/// Bytes of a key that may stand without a `?`.
const SIMPLE_KEY_BYTES_MAX: usize = 128;

/// Returns `value` as YAML: keys in natural order, sequences not indented under their key, text
/// quoted where it would read as something else, `|` for several lines. Ends with a line break.
///
/// ```
/// let v = value::json!({"b": ["x", "yes"], "a": "two\nlines\n"});
/// assert_eq!(yaml::to_yaml(&v), "a: |\n  two\n  lines\nb:\n- x\n- \"yes\"\n");
/// ```
#[must_use]
pub fn to_yaml(value: &Value) -> String {
    write(value, Flavour::V2)
}

/// Returns `value` as Helm's `toYamlPretty` writes it: sequences are indented under their key,
/// nothing is folded, and large floats have an exponent. Ends with a line break.
///
/// ```
/// let v = value::json!({"b": ["x"], "a": 1e7});
/// assert_eq!(yaml::to_yaml_pretty(&v), "a: 1e+07\nb:\n  - x\n");
/// ```
#[must_use]
pub fn to_yaml_pretty(value: &Value) -> String {
    write(value, Flavour::Pretty)
}

/// Returns `value` as kyaml's encoder writes it: like [`to_yaml_pretty`], but sequences aren't
/// indented under their key. Ends with a line break.
#[must_use]
pub fn to_yaml_compact(value: &Value) -> String {
    write(value, Flavour::Compact)
}

/// Returns `value` as `sigs.k8s.io/yaml` writes it, whose way leads through JSON that it reads as
/// YAML: a NEL is a line break to it, which folds. Ends with a line break. This is what Helm's
/// `toYaml` and `kustomize build` print; for all but exotic text it is [`to_yaml`].
///
/// # Errors
/// Fails where the value has text with control characters that YAML doesn't allow.
pub fn to_yaml_through_json(value: &Value) -> Result<String, Error> {
    if !is_exotic(value) {
        return Ok(to_yaml(value));
    }
    // To Go's JSON these are escapes; to YAML they would be line breaks, too.
    let json = value.to_json();
    let json = json.replace('\u{2028}', "\\u2028");
    let json = json.replace('\u{2029}', "\\u2029");
    Ok(to_yaml(&v2::to_value(json.as_bytes())?))
}

/// Returns a node as kyaml's encoder writes it: keys in their order, scalars in their style.
/// Ends with a line break.
#[must_use]
pub fn node_text(node: &Node) -> String {
    let mut writer = Writer::new(Flavour::Compact);
    writer.styled_node(node, None, Context::Root);
    writer.finish()
}

/// Returns true if a text in `value` isn't the same once its JSON is read as YAML.
fn is_exotic(value: &Value) -> bool {
    let text = |s: &str| {
        let odd = |c| matches!(c, '\u{7F}'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}');
        s.bytes().any(|b| b >= 0x7F) && s.contains(odd)
    };
    match value {
        Value::String(s) => text(s),
        Value::Array(a) => a.iter().any(is_exotic),
        Value::Object(o) => o.iter().any(|(k, v)| text(k) || is_exotic(v)),
        _ => false,
    }
}

fn write(value: &Value, flavour: Flavour) -> String {
    let mut writer = Writer::new(flavour);
    writer.node(value, None, Context::Root);
    writer.finish()
}

/// Which of go-yaml's writers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flavour {
    /// The second version: folds at 80 columns.
    V2,
    /// The third, with sequences indented under their key.
    Pretty,
    /// The third, as kyaml sets it up.
    Compact,
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Root,
    Element,
    /// As the value of a member.
    Member,
}

struct Writer {
    flavour: Flavour,
    out: String,
    /// In characters.
    column: usize,
    /// What was written last is white space.
    whitespace: bool,
    /// Only indentation and indicators stand on this line.
    indention: bool,
    /// A block of text ended with a line break that is part of it: no other one follows.
    ended: bool,
}

impl Writer {
    const fn new(flavour: Flavour) -> Self {
        Self {
            flavour,
            out: String::new(),
            column: 0,
            whitespace: false,
            indention: false,
            ended: false,
        }
    }

    /// Returns the text, ended with a line break.
    fn finish(mut self) -> String {
        if !self.ended {
            self.out.push('\n');
        }
        self.out
    }

    /// Returns true where a space may become a line break.
    fn is_wide(&self) -> bool {
        self.flavour == Flavour::V2 && self.column > WIDTH
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn put_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
        self.whitespace = true;
        self.indention = true;
    }

    fn indent(&mut self, indent: usize) {
        let starts = self.out.is_empty();
        let fits =
            self.indention && (self.column < indent || (self.column == indent && self.whitespace));
        if !fits && !starts && !self.ended {
            self.put_break();
        }
        self.ended = false;
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    /// Writes `-`, `?` or `:` in a place where a collection may follow on the same line.
    fn indicator(&mut self, indicator: char) {
        self.space();
        self.put(indicator);
        self.whitespace = false;
    }

    fn space(&mut self) {
        if !self.whitespace && !self.out.is_empty() {
            self.put(' ');
        }
    }

    /// Writes a node; `indent` is that of the collection around it.
    fn node(&mut self, value: &Value, indent: Option<usize>, context: Context) {
        match value {
            Value::Object(o) if !o.is_empty() => self.mapping(o, indent),
            Value::Array(a) if !a.is_empty() => self.sequence(a, indent, context),
            Value::String(s) => self.string(s, indent, false),
            Value::Object(_) => self.word("{}"),
            Value::Array(_) => self.word("[]"),
            Value::Null => self.word("null"),
            Value::Bool(b) => self.word(if *b { "true" } else { "false" }),
            Value::Int(_) | Value::UInt(_) => self.word(&value.to_json()),
            Value::Float(f) => self.word(&text::float(*f, self.flavour)),
        }
    }

    /// Writes a node that says itself how.
    fn styled_node(&mut self, node: &Node, indent: Option<usize>, context: Context) {
        match &node.kind {
            NodeKind::Mapping { members, .. } if !members.is_empty() => {
                let own = indent.map_or(0, |indent| indent + INDENT);
                for (key, value) in members {
                    self.indent(own);
                    self.styled_scalar(key, Some(own), true);
                    self.put(':');
                    self.whitespace = false;
                    self.indention = false;
                    self.styled_node(value, Some(own), Context::Member);
                }
            }
            NodeKind::Sequence { elements, .. } if !elements.is_empty() => {
                let own = match indent {
                    None => 0,
                    Some(indent) if context == Context::Member && !self.indention => indent,
                    Some(indent) => indent + INDENT,
                };
                for element in elements {
                    self.indent(own);
                    self.indicator('-');
                    self.styled_node(element, Some(own), Context::Element);
                }
            }
            NodeKind::Mapping { .. } => self.word("{}"),
            NodeKind::Sequence { .. } => self.word("[]"),
            NodeKind::Scalar { .. } => self.styled_scalar(node, indent, false),
        }
    }

    fn styled_scalar(&mut self, node: &Node, indent: Option<usize>, is_key: bool) {
        let NodeKind::Scalar { text, style } = &node.kind else {
            return self.styled_node(node, indent, Context::Element);
        };
        let analysis = Analysis::of(text, self.flavour);
        let tag = node.short_tag();
        let is_text = tag == "!!str";
        let look = resolve::v3_tag(None, text, Style::Plain);
        if node.tag.as_deref().is_some_and(|t| t != "!") && !is_text && tag != look {
            self.word(&tag);
        }
        let looks_like_text = resolve::is_v3_text(text);
        let wanted = match style {
            Style::Plain if is_text && !looks_like_text => Style::DoubleQuoted,
            Style::Plain if text.contains('\n') => Style::Literal,
            Style::Folded => Style::Literal,
            other => *other,
        };
        let fits = match wanted {
            Style::Plain => analysis.plain_allowed,
            Style::SingleQuoted => analysis.single_quoted_allowed,
            Style::Literal | Style::Folded => analysis.block_allowed && !is_key,
            Style::DoubleQuoted => true,
        };
        let wanted = match wanted {
            wanted if fits => wanted,
            Style::Plain if analysis.single_quoted_allowed => Style::SingleQuoted,
            _ => Style::DoubleQuoted,
        };
        let indent = indent.map_or(INDENT, |indent| indent + INDENT);
        match wanted {
            Style::Plain => self.flow_scalar(text, indent, is_key, None),
            Style::SingleQuoted => self.flow_scalar(text, indent, is_key, Some('\'')),
            Style::DoubleQuoted => self.double_quoted(text, indent, is_key),
            Style::Literal | Style::Folded => self.literal(text, indent),
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn word(&mut self, word: &str) {
        self.space();
        self.out.push_str(word);
        self.column += word.len();
        self.whitespace = false;
        self.indention = false;
    }

    fn sequence(&mut self, elements: &[Value], indent: Option<usize>, context: Context) {
        let own = match indent {
            None => 0,
            Some(indent)
                if context == Context::Member
                    && !self.indention
                    && self.flavour != Flavour::Pretty =>
            {
                indent
            }
            Some(indent) => indent + INDENT,
        };
        for element in elements {
            self.indent(own);
            self.indicator('-');
            self.node(element, Some(own), Context::Element);
        }
    }

    fn mapping(&mut self, object: &Object, indent: Option<usize>) {
        let own = indent.map_or(0, |indent| indent + INDENT);
        for (key, value) in sort::naturally(object, self.flavour) {
            self.indent(own);
            let simple =
                key.len() <= SIMPLE_KEY_BYTES_MAX && !Analysis::of(key, self.flavour).multiline;
            if simple {
                self.string(key, Some(own), true);
                self.put(':');
                self.whitespace = false;
                self.indention = false;
            } else {
                self.indicator('?');
                self.string(key, Some(own), false);
                self.indent(own);
                self.indicator(':');
            }
            self.node(value, Some(own), Context::Member);
        }
    }

    fn string(&mut self, s: &str, indent: Option<usize>, is_key: bool) {
        let analysis = Analysis::of(s, self.flavour);
        let indent = indent.map_or(INDENT, |indent| indent + INDENT);
        match style(s, &analysis, is_key) {
            Style::Plain => self.flow_scalar(s, indent, is_key, None),
            Style::SingleQuoted => self.flow_scalar(s, indent, is_key, Some('\'')),
            Style::DoubleQuoted => self.double_quoted(s, indent, is_key),
            Style::Literal | Style::Folded => self.literal(s, indent),
        }
        self.whitespace = false;
        self.indention = false;
    }

    /// Writes a plain or single-quoted scalar, which has no line breaks of its own.
    fn flow_scalar(&mut self, s: &str, indent: usize, is_key: bool, quote: Option<char>) {
        self.space();
        if let Some(quote) = quote {
            self.put(quote);
        }
        let (mut after_space, mut after_break) = (false, false);
        let mut chars = s.char_indices().peekable();
        while let Some((i, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            // These are line breaks to YAML, but stand for themselves.
            if matches!(c, '\u{2028}' | '\u{2029}') {
                self.out.push(c);
                self.column = 0;
                after_break = true;
                continue;
            }
            while after_break && self.column < indent {
                self.put(' ');
            }
            after_break = false;
            let inside = quote.is_none() || (i > 0 && next.is_some());
            let folds = c == ' ' && !is_key && !after_space && self.is_wide();
            if folds && inside && next != Some(' ') {
                self.indent_scalar(indent);
            } else {
                if Some(c) == quote {
                    self.put(c);
                }
                self.put(c);
            }
            if c != ' ' {
                self.indention = false;
            }
            self.whitespace = false;
            after_space = c == ' ';
        }
        if let Some(quote) = quote {
            self.put(quote);
        }
    }

    fn indent_scalar(&mut self, indent: usize) {
        self.put_break();
        self.indent(indent);
    }

    fn double_quoted(&mut self, s: &str, indent: usize, is_key: bool) {
        self.space();
        self.put('"');
        // The reference looks for a byte order mark always at the start, and then escapes all.
        let escapes_all = s.starts_with('\u{FEFF}');
        let mut after_space = false;
        let mut chars = s.char_indices().peekable();
        while let Some((i, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            let folds = c == ' ' && !is_key && !after_space && self.is_wide();
            if escapes_all || text::needs_escape(c) {
                let escaped = text::escape(c);
                self.column += escaped.len();
                self.out.push_str(&escaped);
                after_space = false;
                continue;
            }
            if folds && i > 0 && next.is_some() {
                self.indent_scalar(indent);
                if next == Some(' ') {
                    self.put('\\');
                }
            } else {
                self.put(c);
            }
            after_space = c == ' ';
        }
        self.put('"');
    }

    fn literal(&mut self, s: &str, indent: usize) {
        self.space();
        self.put('|');
        if s.starts_with([' ', '\n', '\u{2028}', '\u{2029}']) {
            self.put(char::from(b'0' + INDENT as u8));
        }
        let is_break = |c: char| matches!(c, '\n' | '\u{2028}' | '\u{2029}');
        let mut backwards = s.chars().rev();
        match (
            backwards.next().is_some_and(is_break),
            backwards.next().is_none_or(is_break),
        ) {
            (false, _) => self.put('-'),
            (true, true) => self.put('+'),
            (true, false) => {}
        }
        self.put_break();
        let mut at_line_start = true;
        for c in s.chars() {
            if is_break(c) {
                if c == '\n' {
                    self.put_break();
                } else {
                    self.out.push(c);
                    self.column = 0;
                }
                at_line_start = true;
                continue;
            }
            if at_line_start {
                while self.column < indent {
                    self.put(' ');
                }
            }
            self.put(c);
            at_line_start = false;
        }
        // The line break that ends it is written by whatever comes next.
        if s.ends_with('\n') {
            self.out.pop();
        }
        self.ended = s.ends_with(['\u{2028}', '\u{2029}']);
    }
}

fn style(s: &str, analysis: &Analysis, is_key: bool) -> Style {
    let wanted = if s.contains('\n') {
        Style::Literal
    } else if reads_as_text(s) && !(is_key && s == "<<") {
        Style::Plain
    } else {
        Style::DoubleQuoted
    };
    match wanted {
        Style::Literal if !analysis.block_allowed || is_key => Style::DoubleQuoted,
        Style::Plain if (s.is_empty() && is_key) || !analysis.plain_allowed => {
            if analysis.single_quoted_allowed {
                Style::SingleQuoted
            } else {
                Style::DoubleQuoted
            }
        }
        wanted => wanted,
    }
}

/// Returns true if a reader of YAML 1.1 takes the plain scalar for text.
fn reads_as_text(s: &str) -> bool {
    matches!(resolve::v2(None, s, Style::Plain), Ok(Scalar::Text)) && !is_base_60(s)
}

/// Returns true for numbers like `12:30`, which old readers take for seconds.
fn is_base_60(s: &str) -> bool {
    let unsigned = s.strip_prefix(['-', '+']).unwrap_or(s);
    let Some((first, rest)) = unsigned.split_once(':') else {
        return false;
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let (rest, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    first.starts_with(|c: char| c.is_ascii_digit())
        && digits(first)
        && digits(fraction)
        && rest.split(':').all(|part| match part.as_bytes() {
            [b] => b.is_ascii_digit(),
            [b'0'..=b'5', b] => b.is_ascii_digit(),
            _ => false,
        })
}
