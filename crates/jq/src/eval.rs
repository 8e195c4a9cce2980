//! Running programs: every result of a query is handed on to what comes after it.

use crate::ast::{Ast, Function, Key, Op, Part};
use crate::builtins::{self, Builtin, Special, World};
use crate::encode::{to_json, typed};
use crate::error::Error;
use crate::json::{DEPTH_MAX, Json};
use crate::{Limits, formats, ops, path, prelude};
use std::rc::Rc;

mod assign;
mod bind;
mod call;

/// Whether more results are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum More {
    Yes,
    No,
}

/// Why a run stops, or a part of it.
#[derive(Clone, Debug)]
enum Stop {
    /// The program failed: `error`, or a text that says what can't be done.
    Failed(Failure),
    /// It failed after a `try` had handed its result on, so many of them: none may catch it.
    Passed(u32, Failure),
    Break(u64),
    Enough,
    Fatal(Error),
}

#[derive(Clone, Debug)]
enum Failure {
    Text(String),
    Value(Json),
}

/// The stack that has to be left for one step, and what is made if it isn't.
const NEEDED: usize = 128 << 10;
const ROOM: usize = 2 << 20;

type Flow = Result<(), Stop>;
type Next<'n, 'a> = &'n mut dyn FnMut(&mut Run<'a>, Cursor) -> Flow;

impl From<String> for Stop {
    fn from(text: String) -> Self {
        Self::Failed(Failure::Text(text))
    }
}

impl Failure {
    /// Returns what `catch` sees.
    fn value(self) -> Json {
        match self {
            Self::Text(text) => Json::text(&text),
            Self::Value(value) => value,
        }
    }

    fn message(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Value(Json::Text(text)) => format!("error: {text}"),
            Self::Value(value) => format!("error: {}", to_json(&value)),
        }
    }
}

/// A value on its way, and the path that led to it where paths are asked for.
#[derive(Clone, Debug)]
struct Cursor {
    value: Json,
    track: Option<Rc<Track>>,
}

/// A path, and the value at its end: a cursor whose value is another has left the path.
#[derive(Debug)]
struct Track {
    parent: Option<Rc<Track>>,
    key: Json,
    value: Json,
}

impl Cursor {
    const fn untracked(value: Json) -> Self {
        Self { value, track: None }
    }

    /// Returns a value that was computed here: the path stays where it was.
    fn with(&self, value: Json) -> Self {
        Self {
            value,
            track: self.track.clone(),
        }
    }

    fn is_on_path(&self) -> bool {
        self.track
            .as_ref()
            .is_none_or(|track| self.value.is_same(&track.value))
    }

    /// Goes one key on.
    fn step(&self, key: Json, value: Json) -> Self {
        let track = self.track.as_ref().map(|track| {
            Rc::new(Track {
                parent: Some(Rc::clone(track)),
                key,
                value: value.clone(),
            })
        });
        Self { value, track }
    }

    /// Returns the path as an array.
    fn path(&self) -> Json {
        let mut keys = Vec::new();
        let mut at = self.track.as_ref();
        while let Some(track) = at {
            if track.parent.is_some() {
                keys.push(track.key.clone());
            }
            at = track.parent.as_ref();
        }
        keys.reverse();
        Json::array(keys)
    }
}

/// What is known by name, innermost first.
type Env<'a> = Option<Rc<Scope<'a>>>;

struct Scope<'a> {
    known: Known<'a>,
    outer: Env<'a>,
}

enum Known<'a> {
    Variable(&'a str, Json),
    Function(&'a Function),
    /// An argument: a query with the names of where it was written.
    Argument(&'a str, &'a Ast, Env<'a>),
    Label(&'a str, u64),
}

fn with<'a>(env: &Env<'a>, known: Known<'a>) -> Env<'a> {
    Some(Rc::new(Scope {
        known,
        outer: env.clone(),
    }))
}

struct Run<'a> {
    world: World,
    steps: u64,
    depth: u32,
    labels: u64,
    no_env: std::marker::PhantomData<&'a ()>,
}

/// Runs a program; hands its results to `out`.
pub(crate) fn run(
    body: &Ast,
    input: Json,
    limits: Limits,
    out: &mut dyn FnMut(Json) -> Result<More, Error>,
) -> Result<(), Error> {
    let mut run = Run {
        world: World::default(),
        steps: limits.steps,
        depth: limits.depth,
        labels: 0,
        no_env: std::marker::PhantomData,
    };
    if input.depth() > DEPTH_MAX {
        return Err(Error::Limit("the value is nested too deeply"));
    }
    let end = run.query(
        body,
        &None,
        Cursor::untracked(input),
        &mut |_, cursor| match out(cursor.value) {
            Ok(More::Yes) => Ok(()),
            Ok(More::No) => Err(Stop::Enough),
            Err(error) => Err(Stop::Fatal(error)),
        },
    );
    match end {
        Ok(()) | Err(Stop::Enough) => Ok(()),
        Err(Stop::Failed(failure) | Stop::Passed(_, failure)) => Err(Error::Run(failure.message())),
        Err(Stop::Break(_)) => Err(Error::Run("label not defined".to_owned())),
        Err(Stop::Fatal(error)) => Err(error),
    }
}

impl<'a> Run<'a> {
    fn spend(&mut self, steps: usize) -> Flow {
        match self.steps.checked_sub(steps as u64) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(Stop::Fatal(Error::Limit(
                "the program takes too many steps",
            ))),
        }
    }

    /// Accounts for something that was made.
    fn made(&mut self, value: Json) -> Result<Json, Stop> {
        if value.depth() > DEPTH_MAX {
            return Err(Stop::Fatal(Error::Limit("the value is nested too deeply")));
        }
        self.spend(match &value {
            Json::Text(text) => text.len() / 64,
            Json::Array(items) => items.len() / 4,
            Json::Object(members) => members.len() / 2,
            _ => 0,
        })?;
        Ok(value)
    }

    /// Evaluates a query on a value.
    fn query(&mut self, ast: &'a Ast, env: &Env<'a>, at: Cursor, next: Next<'_, 'a>) -> Flow {
        self.spend(1)?;
        let Some(depth) = self.depth.checked_sub(1) else {
            return Err(Stop::Fatal(Error::Limit("the program calls too deeply")));
        };
        self.depth = depth;
        // Results are handed on from within: that chain is as long as the one of the queries.
        let mut next =
            |run: &mut Self, cursor| stacker::maybe_grow(NEEDED, ROOM, || next(run, cursor));
        let flow = stacker::maybe_grow(NEEDED, ROOM, || self.dispatch(ast, env, at, &mut next));
        self.depth += 1;
        flow
    }

    /// Evaluates a query whose paths don't matter.
    fn values(
        &mut self,
        ast: &'a Ast,
        env: &Env<'a>,
        input: &Json,
        next: &mut dyn FnMut(&mut Self, Json) -> Flow,
    ) -> Flow {
        let at = Cursor::untracked(input.clone());
        self.query(ast, env, at, &mut |run, cursor| next(run, cursor.value))
    }

    fn dispatch(&mut self, ast: &'a Ast, env: &Env<'a>, at: Cursor, next: Next<'_, 'a>) -> Flow {
        match ast {
            Ast::Identity => next(self, at),
            Ast::Recurse => self.call("recurse", &[], env, at, next),
            Ast::Literal(literal) => next(self, at.with(literal.value())),
            Ast::Text { format, parts } => {
                let format = format.as_deref().unwrap_or("@text");
                self.text(format, parts, env, &at, "", next)
            }
            Ast::Format(name) => {
                let value = formats::format(name, &at.value)?;
                let value = self.made(value)?;
                next(self, at.with(value))
            }
            Ast::Array(None) => next(self, at.with(Json::array(Vec::new()))),
            Ast::Array(Some(of)) => self.array(of, env, &at, next),
            Ast::Object(members) => self.object(members, env, &at, Vec::new(), next),
            Ast::Negate(of) => self.query(of, env, at, &mut |run, cursor| {
                next(run, cursor.with(ops::negate(&cursor.value)?))
            }),
            Ast::Plus(of) => self.query(of, env, at, &mut |run, cursor| {
                next(run, cursor.with(ops::plus(&cursor.value)?))
            }),
            Ast::Index(of, key) => self.index(of, key, env, &at, next),
            Ast::Slice { of, start, end } => {
                self.slice(of, start.as_deref(), end.as_deref(), env, &at, next)
            }
            Ast::Iterate(of) => {
                self.query(of, env, at, &mut |run, cursor| run.iterate(&cursor, next))
            }
            Ast::Try(body, handler) => self.attempt(body, handler.as_deref(), env, &at, next),
            Ast::Pipe(first, second) => self.query(first, env, at, &mut |run, cursor| {
                run.query(second, env, cursor, next)
            }),
            Ast::Comma(first, second) => {
                self.query(first, env, at.clone(), next)?;
                self.query(second, env, at, next)
            }
            Ast::Binary(op, left, right) => self.binary(*op, left, right, env, &at, next),
            Ast::And(left, right) => self.logic(left, right, false, env, &at, next),
            Ast::Or(left, right) => self.logic(left, right, true, env, &at, next),
            Ast::Alternative(left, right) => self.alternative(left, right, env, at, next),
            Ast::Assign(path, value) => self.assign(path, value, env, &at, next),
            Ast::Modify(path, change) => self.modify_by(path, change, env, &at, next),
            Ast::Update(op, path, value) => self.update(Some(*op), path, value, env, &at, next),
            Ast::UpdateAlternative(path, value) => self.update(None, path, value, env, &at, next),
            Ast::Bind {
                source,
                patterns,
                body,
            } => self.bind(source, patterns, body, env, &at, next),
            Ast::Reduce {
                source,
                pattern,
                start,
                update,
            } => self.reduce(source, pattern, (start, update), env, at, next),
            Ast::Foreach {
                source,
                pattern,
                start,
                update,
                extract,
            } => {
                let extract = extract.as_deref();
                self.foreach(source, pattern, (start, update, extract), env, at, next)
            }
            Ast::If {
                condition,
                then,
                otherwise,
            } => self.values(condition, env, &at.value.clone(), &mut |run, value| match (
                value.holds(),
                otherwise,
            ) {
                (true, _) => run.query(then, env, at.clone(), next),
                (false, Some(otherwise)) => run.query(otherwise, env, at.clone(), next),
                (false, None) => next(run, at.clone()),
            }),
            Ast::Label(name, body) => {
                let label = self.label();
                let env = with(env, Known::Label(name, label));
                match self.query(body, &env, at, next) {
                    Err(Stop::Break(which)) if which == label => Ok(()),
                    flow => flow,
                }
            }
            Ast::Break(name) => self.leave(name, env),
            Ast::Define(function, body) => {
                let env = with(env, Known::Function(function));
                self.query(body, &env, at, next)
            }
            Ast::Call(name, arguments) => self.call(name, arguments, env, at, next),
            Ast::Variable(name) => next(self, at.with(lookup(name, env)?)),
        }
    }

    /// Puts a text together; the last part varies slowest, as with other operators.
    fn text(
        &mut self,
        format: &str,
        parts: &'a [Part],
        env: &Env<'a>,
        at: &Cursor,
        after: &str,
        next: Next<'_, 'a>,
    ) -> Flow {
        let Some((part, before)) = parts.split_last() else {
            let value = self.made(Json::text(after))?;
            return next(self, at.with(value));
        };
        if after.len() > ops::SIZE_MAX {
            return Err("string too large".to_owned().into());
        }
        match part {
            Part::Text(text) => self.text(format, before, env, at, &format!("{text}{after}"), next),
            Part::Query(query) => self.query(query, env, at.clone(), &mut |run, cursor| {
                let text = formats::to_text(&formats::format(format, &cursor.value)?);
                let at = cursor.with(at.value.clone());
                run.text(format, before, env, &at, &format!("{text}{after}"), next)
            }),
        }
    }

    /// Collects; where paths are asked for, what is collected has to keep to them.
    fn array(&mut self, of: &'a Ast, env: &Env<'a>, at: &Cursor, next: Next<'_, 'a>) -> Flow {
        let mut items = Vec::new();
        self.query(of, env, at.clone(), &mut |_, cursor| {
            items.push(cursor.value);
            Ok(())
        })?;
        let value = self.made(Json::array(items))?;
        next(self, at.with(value))
    }

    /// Makes an object; the last member varies fastest.
    fn object(
        &mut self,
        members: &'a [(Key, Option<Ast>)],
        env: &Env<'a>,
        at: &Cursor,
        made: Vec<(Rc<str>, Json)>,
        next: Next<'_, 'a>,
    ) -> Flow {
        let Some(((key, value), rest)) = members.split_first() else {
            let value = self.made(Json::members(made.into_iter().collect()))?;
            return next(self, at.with(value));
        };
        let mut add = |run: &mut Self, at: &Cursor, name: &Json, value: Json| {
            let Json::Text(name) = name else {
                let got = typed(name);
                return Err(format!("expected a string for object key but got: {got}").into());
            };
            let mut made = made.clone();
            made.push((Rc::clone(name), value));
            run.object(rest, env, at, made, next)
        };
        let mut with_name = |run: &mut Self, at: &Cursor, name: &Json| match value {
            Some(value) => run.query(value, env, at.clone(), &mut |run, cursor| {
                let at = cursor.with(at.value.clone());
                add(run, &at, name, cursor.value)
            }),
            None => add(run, at, name, path::index(&at.value, name)?),
        };
        match (key, value) {
            (Key::Name(name), _) => with_name(self, at, &Json::text(name)),
            (Key::Variable(name), None) => {
                let value = lookup(name, env)?;
                add(self, at, &Json::text(name.trim_start_matches('$')), value)
            }
            (Key::Variable(name), Some(_)) => with_name(self, at, &lookup(name, env)?),
            (Key::Query(query), _) => self.query(query, env, at.clone(), &mut |run, cursor| {
                let at = cursor.with(at.value.clone());
                with_name(run, &at, &cursor.value)
            }),
        }
    }

    fn index(
        &mut self,
        of: &'a Ast,
        key: &'a Ast,
        env: &Env<'a>,
        at: &Cursor,
        next: Next<'_, 'a>,
    ) -> Flow {
        let mut go = |run: &mut Self, key: Json| {
            run.query(of, env, at.clone(), &mut |run, cursor| {
                let value = path::index(&cursor.value, &key)?;
                run.follow(&cursor, key.clone(), value, next)
            })
        };
        match key {
            Ast::Literal(key) => go(self, key.value()),
            key => self.values(key, env, &at.value, &mut go),
        }
    }

    /// Goes on with what a key of a cursor led to.
    fn follow(&mut self, cursor: &Cursor, key: Json, value: Json, next: Next<'_, 'a>) -> Flow {
        if !cursor.is_on_path() {
            return Err(format!("invalid path against: {}", typed(&cursor.value)).into());
        }
        next(self, cursor.step(key, value))
    }

    fn slice(
        &mut self,
        of: &'a Ast,
        start: Option<&'a Ast>,
        end: Option<&'a Ast>,
        env: &Env<'a>,
        at: &Cursor,
        next: Next<'_, 'a>,
    ) -> Flow {
        let input = at.value.clone();
        let mut bounded = |run: &mut Self, start: Json, end: Json| {
            run.query(of, env, at.clone(), &mut |run, cursor| {
                let value = path::slice(&cursor.value, &start, &end)?;
                let key = Json::object([("start", start.clone()), ("end", end.clone())]);
                run.follow(&cursor, key, value, next)
            })
        };
        let mut from = |run: &mut Self, start: Json| match end {
            None => bounded(run, start, Json::Null),
            Some(end) => run.values(end, env, &input, &mut |run, end| {
                bounded(run, start.clone(), end)
            }),
        };
        match start {
            None => from(self, Json::Null),
            Some(start) => self.values(start, env, &input.clone(), &mut from),
        }
    }

    fn iterate(&mut self, cursor: &Cursor, next: Next<'_, 'a>) -> Flow {
        if matches!(cursor.value, Json::Array(_) | Json::Object(_)) && !cursor.is_on_path() {
            let got = typed(&cursor.value);
            return Err(format!("invalid path on iterating against: {got}").into());
        }
        match &cursor.value {
            Json::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    next(self, cursor.step(Json::Int(at as i64), item.clone()))?;
                }
            }
            Json::Object(members) => {
                for (name, member) in members.iter() {
                    next(
                        self,
                        cursor.step(Json::Text(Rc::clone(name)), member.clone()),
                    )?;
                }
            }
            other => return Err(format!("cannot iterate over: {}", typed(other)).into()),
        }
        Ok(())
    }

    fn attempt(
        &mut self,
        body: &'a Ast,
        handler: Option<&'a Ast>,
        env: &Env<'a>,
        at: &Cursor,
        next: Next<'_, 'a>,
    ) -> Flow {
        let flow = self.query(body, env, at.clone(), &mut |run, cursor| {
            next(run, cursor).map_err(|stop| match stop {
                Stop::Failed(failure) => Stop::Passed(1, failure),
                Stop::Passed(tries, failure) => Stop::Passed(tries + 1, failure),
                other => other,
            })
        });
        match (flow, handler) {
            (Err(Stop::Passed(1, failure)), _) => Err(Stop::Failed(failure)),
            (Err(Stop::Passed(tries, failure)), _) => Err(Stop::Passed(tries - 1, failure)),
            (Err(Stop::Failed(_)), None) => Ok(()),
            (Err(Stop::Failed(failure)), Some(handler)) => {
                self.query(handler, env, at.with(failure.value()), next)
            }
            (flow, _) => flow,
        }
    }

    /// Computes with every pair; the left side varies fastest.
    fn binary(
        &mut self,
        op: Op,
        left: &'a Ast,
        right: &'a Ast,
        env: &Env<'a>,
        at: &Cursor,
        next: Next<'_, 'a>,
    ) -> Flow {
        self.query(right, env, at.clone(), &mut |run, right| {
            run.query(left, env, right.with(at.value.clone()), &mut |run, left| {
                let value = run.made(ops::binary(op, &left.value, &right.value)?)?;
                next(run, left.with(value))
            })
        })
    }

    /// `and` and `or`: one side that is `decisive` is enough.
    fn logic(
        &mut self,
        left: &'a Ast,
        right: &'a Ast,
        decisive: bool,
        env: &Env<'a>,
        at: &Cursor,
        next: Next<'_, 'a>,
    ) -> Flow {
        self.values(left, env, &at.value, &mut |run, left| {
            if left.holds() == decisive {
                return next(run, at.with(Json::Bool(decisive)));
            }
            run.values(right, env, &at.value, &mut |run, right| {
                next(run, at.with(Json::Bool(right.holds())))
            })
        })
    }

    /// `//`: everything that holds on the left, or else the right. What fails on the left doesn't
    /// count.
    fn alternative(
        &mut self,
        left: &'a Ast,
        right: &'a Ast,
        env: &Env<'a>,
        at: Cursor,
        next: Next<'_, 'a>,
    ) -> Flow {
        let mut found = false;
        self.query(left, env, at.clone(), &mut |run, cursor| {
            if !cursor.value.holds() {
                return Ok(());
            }
            found = true;
            next(run, cursor)
        })?;
        match found {
            true => Ok(()),
            false => self.query(right, env, at, next),
        }
    }

    /// Returns a label that no other is like.
    const fn label(&mut self) -> u64 {
        self.labels += 1;
        self.labels
    }

    fn leave(&self, name: &str, env: &Env<'a>) -> Flow {
        let mut scope = env.as_ref();
        while let Some(inner) = scope {
            match inner.known {
                Known::Label(known, label) if known == name => return Err(Stop::Break(label)),
                _ => scope = inner.outer.as_ref(),
            }
        }
        Err(format!("label not defined: {name}").into())
    }
}

fn lookup(name: &str, env: &Env<'_>) -> Result<Json, Stop> {
    let mut scope = env.as_ref();
    while let Some(inner) = scope {
        match &inner.known {
            Known::Variable(known, value) if *known == name => return Ok(value.clone()),
            _ => scope = inner.outer.as_ref(),
        }
    }
    match name {
        "$ENV" => Ok(Json::members(Default::default())),
        _ => Err(format!("variable not defined: {name}").into()),
    }
}
