//! Conditions of deep links: the part of the `expr` language that such conditions are written in.
//!
//! There are texts, numbers, lists, members (`a.b`, `a?.b`, `a["b"]`), comparisons, the words
//! `and`, `or`, `not`, `in`, `contains`, `startsWith`, `endsWith`, `matches`, the signs `??` and
//! `?:`, sums, and a few functions on texts. Whatever else there is in the language is an error
//! that names it; nothing is guessed.

use gotemplate::regexp::Regexp;
use value::Value;

/// Bytes of a condition.
const BYTES_MAX: usize = 4 * 1024;
/// Parts inside each other.
const DEPTH_MAX: usize = 64;
/// Bytes of a text that a condition makes.
const TEXT_MAX: usize = 64 * 1024;

/// Evaluates a condition about some names.
///
/// # Errors
/// Fails with a sentence if it can't be read, or asks for what isn't there.
pub(super) fn evaluate(text: &str, names: &Value) -> Result<Value, String> {
    if text.len() > BYTES_MAX {
        return Err(format!("a condition may have {BYTES_MAX} bytes"));
    }
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
    };
    let parsed = parser.ternary()?;
    match parser.peek() {
        Token::End => parsed.value(names),
        other => Err(format!("unexpected {other}")),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(Value),
    Sign(&'static str),
    End,
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Number(number) => write!(f, "{}", number.to_json()),
            Self::Sign(sign) => write!(f, "{sign:?}"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// Longer ones first.
const SIGNS: [&str; 28] = [
    "?.", "??", "==", "!=", "<=", ">=", "&&", "||", "**", "..", "(", ")", "[", "]", "{", "}", ".",
    ",", "?", ":", "<", ">", "!", "+", "-", "*", "/", "%",
];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = |is: &dyn Fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
        let length = if first.is_alphabetic() || first == '_' || first == '$' {
            let end = end(&|c| c.is_alphanumeric() || c == '_' || c == '$');
            found.push(Token::Name(rest[..end].to_owned()));
            end
        } else if first.is_ascii_digit() {
            let end = end(&|c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
            let digits = rest[..end].replace('_', "");
            let number = match digits.parse::<i64>() {
                Ok(whole) => Some(Value::from(whole)),
                Err(_) => digits.parse::<f64>().ok().map(Value::from),
            };
            let number = number.ok_or_else(|| format!("{digits:?} is no number"))?;
            found.push(Token::Number(number));
            end
        } else if matches!(first, '"' | '\'' | '`') {
            let (text, length) = quoted(rest, first)?;
            found.push(Token::Text(text));
            length
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| format!("{first:?} is not supported"))?;
            found.push(Token::Sign(sign));
            sign.len()
        };
        rest = rest[length..].trim_start();
    }
    found.push(Token::End);
    Ok(found)
}

/// Reads a text in quotes; returns it and the bytes that it takes.
fn quoted(text: &str, quote: char) -> Result<(String, usize), String> {
    let mut out = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, c)) = letters.next() {
        match c {
            _ if c == quote => return Ok((out, at + c.len_utf8())),
            '\\' if quote != '`' => match letters.next().map(|(_, c)| c) {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(c @ ('\\' | '"' | '\'')) => out.push(c),
                other => return Err(format!("\\{} is not supported", other.unwrap_or(' '))),
            },
            c => out.push(c),
        }
    }
    Err("a text has no end".to_owned())
}

#[derive(Debug)]
enum Node {
    Known(Value),
    Name(String),
    List(Vec<Node>),
    Member(Box<Node>, Box<Node>, Absent),
    Call(String, Vec<Node>),
    Not(Box<Node>),
    Minus(Box<Node>),
    Two(&'static str, Box<Node>, Box<Node>),
    Choice(Box<Node>, Box<Node>, Box<Node>),
}

/// What a member of nothing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Absent {
    Wrong,
    Nothing,
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
}

/// Words and signs between two parts, with how tightly they bind.
const BETWEEN: [(&str, &str, u32); 22] = [
    ("||", "or", 10),
    ("or", "or", 10),
    ("&&", "and", 15),
    ("and", "and", 15),
    ("==", "==", 20),
    ("!=", "!=", 20),
    ("<", "<", 20),
    (">", ">", 20),
    ("<=", "<=", 20),
    (">=", ">=", 20),
    ("in", "in", 20),
    ("not", "not in", 20),
    ("matches", "matches", 20),
    ("contains", "contains", 20),
    ("startsWith", "startsWith", 20),
    ("endsWith", "endsWith", 20),
    ("+", "+", 30),
    ("-", "-", 30),
    ("*", "*", 60),
    ("/", "/", 60),
    ("%", "%", 60),
    ("??", "??", 500),
];
/// How tightly `not` and `-` bind what follows.
const NOT: u32 = 50;
const MINUS: u32 = 90;

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Token::Sign(s) if *s == sign);
        self.at += usize::from(is);
        is
    }

    fn needs(&mut self, sign: &str) -> Result<(), String> {
        match self.takes(sign) {
            true => Ok(()),
            false => Err(format!("{sign:?} is missing before {}", self.peek())),
        }
    }

    fn ternary(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("more than {DEPTH_MAX} parts are inside each other"));
        }
        let condition = self.binary(0)?;
        let node = if self.takes("?") {
            let yes = self.ternary()?;
            self.needs(":")?;
            let no = self.ternary()?;
            Node::Choice(Box::new(condition), Box::new(yes), Box::new(no))
        } else {
            condition
        };
        self.depth -= 1;
        Ok(node)
    }

    /// Returns the word or sign that comes next between two parts.
    fn between(&self) -> Option<(&'static str, u32)> {
        let text = match self.peek() {
            Token::Name(name) => name.as_str(),
            Token::Sign(sign) => sign,
            _ => return None,
        };
        let found = BETWEEN.iter().find(|(word, ..)| *word == text);
        found.map(|(_, meaning, binding)| (*meaning, *binding))
    }

    fn binary(&mut self, least: u32) -> Result<Node, String> {
        let mut left = self.unary()?;
        while let Some((word, binding)) = self.between().filter(|(_, b)| *b >= least) {
            self.at += 1;
            if word == "not in" && self.next() != Token::Name("in".into()) {
                return Err("\"in\" is missing after \"not\"".to_owned());
            }
            let right = self.binary(binding + 1)?;
            left = Node::Two(word, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("more than {DEPTH_MAX} parts are inside each other"));
        }
        let is_not = *self.peek() == Token::Name("not".into());
        self.at += usize::from(is_not);
        let node = if is_not || self.takes("!") {
            Node::Not(Box::new(self.binary(NOT)?))
        } else if self.takes("-") {
            Node::Minus(Box::new(self.binary(MINUS)?))
        } else {
            self.postfix()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn postfix(&mut self) -> Result<Node, String> {
        let mut node = self.primary()?;
        loop {
            let absent = if self.takes("?.") {
                Absent::Nothing
            } else if self.takes(".") {
                Absent::Wrong
            } else if self.takes("[") {
                let key = self.ternary()?;
                self.needs("]")?;
                node = Node::Member(Box::new(node), Box::new(key), Absent::Wrong);
                continue;
            } else {
                return Ok(node);
            };
            let key = if self.takes("[") {
                let key = self.ternary()?;
                self.needs("]")?;
                key
            } else {
                match self.next() {
                    Token::Name(name) => Node::Known(name.into()),
                    other => return Err(format!("{other} is no member")),
                }
            };
            node = Node::Member(Box::new(node), Box::new(key), absent);
        }
    }

    fn primary(&mut self) -> Result<Node, String> {
        Ok(match self.next() {
            Token::Number(number) => Node::Known(number),
            Token::Text(text) => Node::Known(text.into()),
            Token::Sign("(") => {
                let inner = self.ternary()?;
                self.needs(")")?;
                inner
            }
            Token::Sign("[") => Node::List(self.arguments("]")?),
            Token::Name(name) => match name.as_str() {
                "true" => Node::Known(true.into()),
                "false" => Node::Known(false.into()),
                "nil" => Node::Known(Value::Null),
                _ if self.takes("(") => Node::Call(name, self.arguments(")")?),
                _ => Node::Name(name),
            },
            other => return Err(format!("unexpected {other}")),
        })
    }

    fn arguments(&mut self, end: &str) -> Result<Vec<Node>, String> {
        let mut found = Vec::new();
        while !self.takes(end) {
            if !found.is_empty() {
                self.needs(",")?;
            }
            found.push(self.ternary()?);
        }
        Ok(found)
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "map",
        _ => "number",
    }
}

fn truth(value: &Value) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| format!("{} is not true or false", kind(value)))
}

impl Node {
    fn value(&self, names: &Value) -> Result<Value, String> {
        let of = |node: &Self| node.value(names);
        Ok(match self {
            Self::Known(value) => value.clone(),
            Self::Name(name) => names.get(name).cloned().unwrap_or_default(),
            Self::List(items) => items.iter().map(of).collect::<Result<Value, String>>()?,
            Self::Member(from, key, absent) => member(&of(from)?, &of(key)?, *absent)?,
            Self::Call(name, arguments) => {
                let values: Result<Vec<Value>, String> = arguments.iter().map(of).collect();
                call(name, &values?)?
            }
            Self::Not(inner) => (!truth(&of(inner)?)?).into(),
            Self::Minus(inner) => arithmetic("-", &Value::from(0), &of(inner)?)?,
            Self::Choice(condition, yes, no) => match truth(&of(condition)?)? {
                true => of(yes)?,
                false => of(no)?,
            },
            Self::Two("or", left, right) => (truth(&of(left)?)? || truth(&of(right)?)?).into(),
            Self::Two("and", left, right) => (truth(&of(left)?)? && truth(&of(right)?)?).into(),
            Self::Two("??", left, right) => match of(left)? {
                Value::Null => of(right)?,
                value => value,
            },
            Self::Two(word, left, right) => two(word, &of(left)?, &of(right)?)?,
        })
    }
}

fn member(from: &Value, key: &Value, absent: Absent) -> Result<Value, String> {
    match (from, key) {
        (Value::Null, _) if absent == Absent::Nothing => Ok(Value::Null),
        (Value::Object(_), Value::String(name)) => Ok(from.get(name).cloned().unwrap_or_default()),
        (Value::Array(items), Value::Int(at)) => {
            // One before the first is the last.
            let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
            let place = if *at < 0 {
                length.saturating_add(*at)
            } else {
                *at
            };
            let place = usize::try_from(place).ok().filter(|p| *p < items.len());
            let item = place.and_then(|p| items.get(p));
            item.cloned()
                .ok_or_else(|| format!("index out of range: {at} (array length is {length})"))
        }
        (from, key) => Err(format!(
            "cannot fetch {} from {}",
            key.to_json(),
            kind(from)
        )),
    }
}

fn text<'v>(value: &'v Value, of: &str) -> Result<&'v str, String> {
    value
        .as_str()
        .ok_or_else(|| format!("{of}: {} is not a string", kind(value)))
}

fn number(value: &Value) -> Option<f64> {
    match value {
        #[expect(
            clippy::cast_precision_loss,
            reason = "as Go compares whole numbers with others"
        )]
        Value::Int(n) => Some(*n as f64),
        #[expect(
            clippy::cast_precision_loss,
            reason = "as Go compares whole numbers with others"
        )]
        Value::UInt(n) => Some(*n as f64),
        Value::Float(n) => Some(*n),
        _ => None,
    }
}

fn is_equal(a: &Value, b: &Value) -> bool {
    match (number(a), number(b)) {
        (Some(x), Some(y)) => a == b || x.total_cmp(&y).is_eq(),
        _ => a == b,
    }
}

fn two(word: &str, left: &Value, right: &Value) -> Result<Value, String> {
    let texts = || Ok::<_, String>((text(left, word)?, text(right, word)?));
    let is = match word {
        "==" => is_equal(left, right),
        "!=" => !is_equal(left, right),
        "in" => is_in(left, right)?,
        "not in" => !is_in(left, right)?,
        "contains" => texts().map(|(a, b)| a.contains(b))?,
        "startsWith" => texts().map(|(a, b)| a.starts_with(b))?,
        "endsWith" => texts().map(|(a, b)| a.ends_with(b))?,
        "matches" => {
            let (text, pattern) = texts()?;
            Regexp::new(pattern.as_bytes())?.is_match(text.as_bytes())
        }
        "<" | ">" | "<=" | ">=" => {
            let order = match (number(left), number(right)) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                _ => texts().map(|(a, b)| a.cmp(b))?,
            };
            match word {
                "<" => order.is_lt(),
                ">" => order.is_gt(),
                "<=" => order.is_le(),
                _ => order.is_ge(),
            }
        }
        _ => return arithmetic(word, left, right),
    };
    Ok(is.into())
}

fn is_in(item: &Value, of: &Value) -> Result<bool, String> {
    match (item, of) {
        (_, Value::Null) => Ok(false),
        (_, Value::Array(items)) => Ok(items.iter().any(|it| is_equal(it, item))),
        (Value::String(name), Value::Object(_)) => Ok(of.get(name).is_some()),
        (item, of) => Err(format!("nothing in {}: {}", kind(of), item.to_json())),
    }
}

fn arithmetic(sign: &str, left: &Value, right: &Value) -> Result<Value, String> {
    if let ("+", Value::String(a), Value::String(b)) = (sign, left, right) {
        if a.len() + b.len() > TEXT_MAX {
            return Err(format!("a text has more than {TEXT_MAX} bytes"));
        }
        return Ok(format!("{a}{b}").into());
    }
    let wrong = || format!("{} {sign} {} makes no sense", kind(left), kind(right));
    if let (Value::Int(a), Value::Int(b)) = (left, right) {
        let whole = match sign {
            "+" => Some(a.wrapping_add(*b)),
            "-" => Some(a.wrapping_sub(*b)),
            "*" => Some(a.wrapping_mul(*b)),
            "%" => Some(a.checked_rem(*b).ok_or("division by zero")?),
            _ => None,
        };
        if let Some(whole) = whole {
            return Ok(whole.into());
        }
    }
    let (a, b) = number(left).zip(number(right)).ok_or_else(wrong)?;
    Ok(match sign {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" if b != 0.0 => a / b,
        "/" => return Err("division by zero".to_owned()),
        _ => return Err(wrong()),
    }
    .into())
}

fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    Ok(match (name, arguments) {
        ("len", [of]) => {
            let length = match of {
                Value::String(text) => text.chars().count(),
                Value::Array(items) => items.len(),
                Value::Object(members) => members.len(),
                other => return Err(format!("len of {}", kind(other))),
            };
            i64::try_from(length).unwrap_or(i64::MAX).into()
        }
        ("lower", [of]) => text(of, name)?.to_lowercase().into(),
        ("upper", [of]) => text(of, name)?.to_uppercase().into(),
        ("trim", [of]) => text(of, name)?.trim().into(),
        ("trimPrefix", [of, part]) => {
            let of = text(of, name)?;
            of.strip_prefix(text(part, name)?).unwrap_or(of).into()
        }
        ("trimSuffix", [of, part]) => {
            let of = text(of, name)?;
            of.strip_suffix(text(part, name)?).unwrap_or(of).into()
        }
        ("hasPrefix", [of, part]) => text(of, name)?.starts_with(text(part, name)?).into(),
        ("hasSuffix", [of, part]) => text(of, name)?.ends_with(text(part, name)?).into(),
        ("split", [of, by]) => {
            let (of, by) = (text(of, name)?, text(by, name)?);
            of.split(by).map(Value::from).collect()
        }
        ("string", [Value::String(text)]) => Value::String(text.clone()),
        ("string", [other]) => other.to_json().into(),
        ("int", [Value::String(text)]) => {
            let whole = text.parse::<i64>();
            whole.map_err(|_| format!("{text:?} is no number"))?.into()
        }
        ("int", [whole @ Value::Int(_)]) => whole.clone(),
        _ => {
            let count = arguments.len();
            return Err(format!("{name} with {count} arguments is not supported"));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    fn names() -> Value {
        json!({
            "app": {"metadata": {"name": "shop", "labels": {"team": "a", "n": 3}}},
            "resource": {"kind": "Pod", "spec": {"containers": [{"name": "web"}]}},
        })
    }

    #[test]
    fn conditions_are_decided() {
        for (text, want) in [
            ("true", true),
            ("resource.kind == \"Pod\"", true),
            (
                "resource.kind == 'Pod' and app.metadata.name != `web`",
                true,
            ),
            (
                "resource.kind == \"Service\" || resource.kind in [\"Pod\", \"Job\"]",
                true,
            ),
            ("not (resource.kind in ['Pod'])", false),
            ("resource.kind not in ['Pod']", false),
            ("!(app.metadata.labels.team == 'b')", true),
            ("app.metadata.labels[\"team\"] startsWith 'a'", true),
            ("app.metadata.annotations == nil", true),
            ("app.metadata.annotations?.x == nil", true),
            ("(app.metadata.annotations?.x ?? 'none') == 'none'", true),
            ("'team' in app.metadata.labels", true),
            ("app.metadata.name matches '^sh.p$'", true),
            (
                "app.metadata.name contains 'ho' && app.metadata.name endsWith 'p'",
                true,
            ),
            (
                "app.metadata.labels.n + 1 == 4 and app.metadata.labels.n < 3.5",
                true,
            ),
            ("len(resource.spec.containers) > 0", true),
            ("resource.spec.containers[0].name == 'web'", true),
            ("resource.spec.containers[-1].name == 'web'", true),
            ("upper(app.metadata.name) == 'SHOP' ? true : false", true),
            ("cluster == nil", true),
            ("1 - 2 - 3 == -4", true),
            ("false and nil.x", false),
        ] {
            assert_eq!(evaluate(text, &names()), Ok(want.into()), "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        for (text, want) in [
            (
                "app.metadata.annotations.x == 1",
                "cannot fetch \"x\" from nil",
            ),
            (
                "any(resource.spec.containers, {.name == 'x'})",
                "unexpected \"{\"",
            ),
            ("resource.kind", ""),
            ("'a' == ", "unexpected the end"),
            ("'a", "a text has no end"),
            ("1 and true", "number is not true or false"),
            (
                "sha256('a') == ''",
                "sha256 with 1 arguments is not supported",
            ),
            ("a | b", "'|' is not supported"),
            ("(true", "\")\" is missing before the end"),
        ] {
            match evaluate(text, &names()) {
                Ok(value) => assert_eq!((want, value), ("", Value::from("Pod")), "{text}"),
                Err(why) => assert_eq!(why, want, "{text}"),
            }
        }
    }

    #[test]
    fn hostile_conditions_end() {
        let deep = format!("{}true{}", "(".repeat(3_000), ")".repeat(1_000));
        for text in [
            deep,
            "not ".repeat(1_000),
            "-".repeat(4_000),
            "[".repeat(4_000),
            "a.".repeat(2_000),
            "x".repeat(5_000),
        ] {
            assert!(evaluate(&text, &names()).is_err());
        }
    }
}
