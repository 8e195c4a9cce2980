//! Calling functions.

use super::assign::follow;
use super::{Builtin, Failure, Special, builtins, ops, path, prelude, typed};
use super::{Cursor, Env, Flow, Known, Next, Run, Scope, Stop, Track, with};
use crate::ast::{Ast, Function, Op};
use crate::error::Error;
use crate::json::Json;
use std::rc::Rc;

/// What a name stands for.
enum Found<'a> {
    Function(&'a Function, Env<'a>),
    Argument(&'a Ast, Env<'a>),
    Builtin(Builtin),
}

fn find<'a>(name: &str, arity: usize, env: &Env<'a>) -> Option<Found<'a>> {
    let mut scope: Option<&Rc<Scope<'a>>> = env.as_ref();
    while let Some(inner) = scope {
        match &inner.known {
            Known::Function(function)
                if function.name == name && function.params.len() == arity =>
            {
                // A function knows itself.
                return Some(Found::Function(function, Some(Rc::clone(inner))));
            }
            Known::Argument(known, ast, env) if arity == 0 && *known == name => {
                return Some(Found::Argument(ast, env.clone()));
            }
            _ => scope = inner.outer.as_ref(),
        }
    }
    match prelude::function(name, arity) {
        Some(function) => Some(Found::Function(function, None)),
        None => builtins::find(name, arity).map(Found::Builtin),
    }
}

impl<'a> Run<'a> {
    pub(super) fn call(
        &mut self,
        name: &str,
        arguments: &'a [Ast],
        env: &Env<'a>,
        at: Cursor,
        next: Next<'_, 'a>,
    ) -> Flow {
        match find(name, arguments.len(), env) {
            Some(Found::Argument(ast, env)) => self.query(ast, &env, at, next),
            Some(Found::Function(function, known)) => {
                let known = known.or_else(|| with(&None, Known::Function(function)));
                self.enter(function, &function.params, arguments, env, &known, at, next)
            }
            Some(Found::Builtin(Builtin::Native(native))) => {
                self.arguments(arguments, env, &at, Vec::new(), &mut |run, at, values| {
                    run.spend(1)?;
                    let value = native(&mut run.world, &at.value, values)?;
                    let value = run.made(value)?;
                    next(run, at.with(value))
                })
            }
            Some(Found::Builtin(Builtin::Special(special))) => {
                self.special(special, arguments, env, &at, next)
            }
            None => Err(format!("function not defined: {name}/{}", arguments.len()).into()),
        }
    }

    /// Binds the arguments of a function, one after the other, and runs it.
    #[expect(clippy::too_many_arguments, reason = "a call is made of these")]
    fn enter(
        &mut self,
        function: &'a Function,
        params: &'a [String],
        arguments: &'a [Ast],
        outer: &Env<'a>,
        inner: &Env<'a>,
        at: Cursor,
        next: Next<'_, 'a>,
    ) -> Flow {
        let (Some((param, params)), Some((argument, arguments))) =
            (params.split_first(), arguments.split_first())
        else {
            return self.query(&function.body, inner, at, next);
        };
        let Some(name) = param.strip_prefix('$') else {
            let inner = with(inner, Known::Argument(param, argument, outer.clone()));
            return self.enter(function, params, arguments, outer, &inner, at, next);
        };
        let inner = with(inner, Known::Argument(name, argument, outer.clone()));
        self.values(argument, outer, &at.value.clone(), &mut |run, value| {
            let inner = with(&inner, Known::Variable(param, value));
            run.enter(function, params, arguments, outer, &inner, at.clone(), next)
        })
    }

    /// Evaluates arguments to values, every combination; the first varies fastest. Each goes on
    /// from the path where the one after it came to.
    fn arguments(
        &mut self,
        arguments: &'a [Ast],
        env: &Env<'a>,
        at: &Cursor,
        after: Vec<Json>,
        next: &mut dyn FnMut(&mut Self, &Cursor, &[Json]) -> Flow,
    ) -> Flow {
        let Some((argument, before)) = arguments.split_last() else {
            let values: Vec<Json> = after.into_iter().rev().collect();
            return next(self, at, &values);
        };
        self.query(argument, env, at.clone(), &mut |run, cursor| {
            let at = cursor.with(at.value.clone());
            let mut after = after.clone();
            after.push(cursor.value);
            run.arguments(before, env, &at, after, next)
        })
    }

    fn special(
        &mut self,
        special: Special,
        arguments: &'a [Ast],
        env: &Env<'a>,
        at: &Cursor,
        next: Next<'_, 'a>,
    ) -> Flow {
        match special {
            Special::Empty => Ok(()),
            Special::Error => {
                self.arguments(arguments, env, at, Vec::new(), &mut |_, at, values| {
                    let value = values.first().unwrap_or(&at.value);
                    Err(Stop::Failed(Failure::Value(value.clone())))
                })
            }
            // Nobody catches these.
            Special::Halt => Err(Stop::Fatal(Error::Run("halt error: null".to_owned()))),
            Special::HaltError => {
                let message = Failure::Value(at.value.clone()).message();
                Err(Stop::Fatal(Error::Run(format!("halt {message}"))))
            }
            Special::Path => match arguments.first() {
                Some(of) => self.paths(of, env, &at.value.clone(), &mut |run, path| {
                    next(run, at.with(path))
                }),
                None => Ok(()),
            },
            Special::GetPath => match arguments.first() {
                Some(keys) => self.values(keys, env, &at.value, &mut |run, keys| {
                    if !matches!(keys, Json::Array(_)) {
                        path::get(&at.value, &keys)?;
                    }
                    let end = follow(at, &keys)?;
                    next(run, end)
                }),
                None => Ok(()),
            },
            // As in gojq, no path leads through it.
            Special::Last => {
                let mut last = None;
                if let Some(of) = arguments.first() {
                    self.query(of, env, at.clone(), &mut |_, cursor| {
                        last = Some(cursor.value);
                        Ok(())
                    })?;
                }
                last.map_or(Ok(()), |last| next(self, at.with(last)))
            }
            Special::Range => {
                self.arguments(arguments, env, at, Vec::new(), &mut |run, at, values| {
                    run.range(values, at, next)
                })
            }
        }
    }

    /// Hands on the paths to what a query leads to.
    pub(super) fn paths(
        &mut self,
        of: &'a Ast,
        env: &Env<'a>,
        input: &Json,
        next: &mut dyn FnMut(&mut Self, Json) -> Flow,
    ) -> Flow {
        let root = Cursor {
            value: input.clone(),
            track: Some(Rc::new(Track {
                parent: None,
                key: Json::Null,
                value: input.clone(),
            })),
        };
        self.query(of, env, root, &mut |run, cursor| {
            if !cursor.is_on_path() {
                return Err(format!("invalid path against: {}", typed(&cursor.value)).into());
            }
            next(run, cursor.path())
        })
    }

    fn range(&mut self, bounds: &[Json], at: &Cursor, next: Next<'_, 'a>) -> Flow {
        let [start, end, step] = bounds else {
            return Ok(());
        };
        for bound in bounds {
            if bound.as_f64().is_none() {
                return Err(builtins::cannot("range", bound).into());
            }
        }
        let direction = step.cmp(&Json::Int(0));
        let mut now = start.clone();
        while !direction.is_eq() && now.cmp(end) == direction.reverse() {
            self.spend(1)?;
            next(self, at.with(now.clone()))?;
            now = ops::binary(Op::Add, &now, step)?;
        }
        Ok(())
    }
}
