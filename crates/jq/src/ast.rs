//! Programs as trees.

use crate::json::Json;

/// A constant. It isn't [`Json`], so that programs can be shared between threads.
#[derive(Clone, Debug)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

impl Literal {
    pub(crate) fn value(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(flag) => Json::Bool(*flag),
            Self::Int(whole) => Json::Int(*whole),
            Self::Float(number) => Json::Float(*number),
            Self::Text(text) => Json::text(text),
        }
    }
}

#[derive(Debug)]
pub(crate) enum Ast {
    Identity,
    /// `..`
    Recurse,
    Literal(Literal),
    /// `"a\(b)"`, its parts put through a format.
    Text {
        format: Option<String>,
        parts: Vec<Part>,
    },
    /// `@base64`
    Format(String),
    Array(Option<Box<Ast>>),
    Object(Vec<(Key, Option<Ast>)>),
    Negate(Box<Ast>),
    Plus(Box<Ast>),
    Index(Box<Ast>, Box<Ast>),
    Slice {
        of: Box<Ast>,
        start: Option<Box<Ast>>,
        end: Option<Box<Ast>>,
    },
    Iterate(Box<Ast>),
    Try(Box<Ast>, Option<Box<Ast>>),
    Pipe(Box<Ast>, Box<Ast>),
    Comma(Box<Ast>, Box<Ast>),
    Binary(Op, Box<Ast>, Box<Ast>),
    And(Box<Ast>, Box<Ast>),
    Or(Box<Ast>, Box<Ast>),
    Alternative(Box<Ast>, Box<Ast>),
    Assign(Box<Ast>, Box<Ast>),
    Modify(Box<Ast>, Box<Ast>),
    /// `+=` and its kin.
    Update(Op, Box<Ast>, Box<Ast>),
    /// `//=`
    UpdateAlternative(Box<Ast>, Box<Ast>),
    /// `source as pattern | body`; several patterns are tried in turn.
    Bind {
        source: Box<Ast>,
        patterns: Vec<Pattern>,
        body: Box<Ast>,
    },
    Reduce {
        source: Box<Ast>,
        pattern: Pattern,
        start: Box<Ast>,
        update: Box<Ast>,
    },
    Foreach {
        source: Box<Ast>,
        pattern: Pattern,
        start: Box<Ast>,
        update: Box<Ast>,
        extract: Option<Box<Ast>>,
    },
    If {
        condition: Box<Ast>,
        then: Box<Ast>,
        otherwise: Option<Box<Ast>>,
    },
    Label(String, Box<Ast>),
    Break(String),
    Define(Box<Function>, Box<Ast>),
    Call(String, Vec<Ast>),
    /// With its dollar sign.
    Variable(String),
}

#[derive(Debug)]
pub(crate) enum Part {
    Text(String),
    Query(Ast),
}

#[derive(Debug)]
pub(crate) enum Key {
    /// `$name`
    Variable(String),
    Name(String),
    Query(Ast),
}

#[derive(Debug)]
pub(crate) enum Pattern {
    Variable(String),
    Array(Vec<Pattern>),
    Object(Vec<(Key, Option<Pattern>)>),
}

#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) params: Vec<String>,
    pub(crate) body: Ast,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Pattern {
    /// Calls back with every variable that a pattern binds.
    pub(crate) fn variables<'a>(&'a self, found: &mut dyn FnMut(&'a str)) {
        match self {
            Self::Variable(name) => found(name),
            Self::Array(patterns) => patterns.iter().for_each(|p| p.variables(found)),
            Self::Object(members) => {
                for (key, pattern) in members {
                    if let Key::Variable(name) = key {
                        found(name);
                    }
                    if let Some(pattern) = pattern {
                        pattern.variables(found);
                    }
                }
            }
        }
    }
}
