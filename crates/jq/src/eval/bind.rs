//! Variables, `reduce` and `foreach`.

use super::{Cursor, Env, Flow, Known, Next, Run, Stop, path, with};
use crate::ast::{Ast, Key, Pattern};
use crate::encode::typed;
use crate::json::Json;

impl<'a> Run<'a> {
    pub(super) fn bind(
        &mut self,
        source: &'a Ast,
        patterns: &'a [Pattern],
        body: &'a Ast,
        env: &Env<'a>,
        at: &Cursor,
        next: Next<'_, 'a>,
    ) -> Flow {
        self.values(source, env, &at.value, &mut |run, value| {
            run.try_patterns(patterns, patterns, body, env, at, &value, next)
        })
    }

    /// Tries patterns in turn, until one leads to no failure. All know the variables of all.
    #[expect(clippy::too_many_arguments, reason = "a binding is made of these")]
    fn try_patterns(
        &mut self,
        all: &'a [Pattern],
        left: &'a [Pattern],
        body: &'a Ast,
        env: &Env<'a>,
        at: &Cursor,
        value: &Json,
        next: Next<'_, 'a>,
    ) -> Flow {
        let Some((pattern, left)) = left.split_first() else {
            return Ok(());
        };
        let mut known = env.clone();
        if all.len() > 1 {
            for pattern in all {
                pattern.variables(&mut |name| {
                    known = with(&known, Known::Variable(name, Json::Null));
                });
            }
        }
        let flow = self.matched(pattern, value, &known, &mut |run, env| {
            run.query(body, env, at.clone(), next)
        });
        match flow {
            Err(Stop::Failed(_)) if !left.is_empty() => {
                self.try_patterns(all, left, body, env, at, value, next)
            }
            flow => flow,
        }
    }

    /// Takes a value apart; goes on with every way that it can be done.
    fn matched(
        &mut self,
        pattern: &'a Pattern,
        value: &Json,
        env: &Env<'a>,
        next: &mut dyn FnMut(&mut Self, &Env<'a>) -> Flow,
    ) -> Flow {
        match pattern {
            Pattern::Variable(name) => next(self, &with(env, Known::Variable(name, value.clone()))),
            Pattern::Array(patterns) => self.matched_array(patterns, 0, value, env, next),
            Pattern::Object(members) => self.matched_object(members, value, env, next),
        }
    }

    fn matched_array(
        &mut self,
        patterns: &'a [Pattern],
        at: i64,
        value: &Json,
        env: &Env<'a>,
        next: &mut dyn FnMut(&mut Self, &Env<'a>) -> Flow,
    ) -> Flow {
        let Some((pattern, rest)) = patterns.split_first() else {
            return next(self, env);
        };
        if !matches!(value, Json::Array(_) | Json::Null) {
            return Err(format!("expected an array but got: {}", typed(value)).into());
        }
        let item = path::index(value, &Json::Int(at))?;
        self.matched(pattern, &item, env, &mut |run, env| {
            run.matched_array(rest, at + 1, value, env, next)
        })
    }

    fn matched_object(
        &mut self,
        members: &'a [(Key, Option<Pattern>)],
        value: &Json,
        env: &Env<'a>,
        next: &mut dyn FnMut(&mut Self, &Env<'a>) -> Flow,
    ) -> Flow {
        let Some(((key, pattern), rest)) = members.split_first() else {
            return next(self, env);
        };
        let mut with_name = |run: &mut Self, env: &Env<'a>, name: &Json| {
            let member = path::index(value, name)?;
            let env = match key {
                Key::Variable(variable) => &with(env, Known::Variable(variable, member.clone())),
                _ => env,
            };
            match pattern {
                None => run.matched_object(rest, value, env, next),
                Some(pattern) => run.matched(pattern, &member, env, &mut |run, env| {
                    run.matched_object(rest, value, env, next)
                }),
            }
        };
        match key {
            Key::Variable(name) => {
                let name = Json::text(name.trim_start_matches('$'));
                with_name(self, env, &name)
            }
            Key::Name(name) => with_name(self, env, &Json::text(name)),
            Key::Query(query) => self.values(query, env, value, &mut |run, name| {
                if !matches!(name, Json::Text(_)) {
                    let got = typed(&name);
                    return Err(format!("expected a string for object key but got: {got}").into());
                }
                with_name(run, env, &name)
            }),
        }
    }

    /// Folds; an update without a result changes nothing, of several the last counts. The update
    /// stands on the path of what is folded.
    pub(super) fn reduce(
        &mut self,
        source: &'a Ast,
        pattern: &'a Pattern,
        (start, update): (&'a Ast, &'a Ast),
        env: &Env<'a>,
        at: Cursor,
        next: Next<'_, 'a>,
    ) -> Flow {
        let input = at.value.clone();
        self.query(start, env, at, &mut |run, start| {
            let mut state = start.value.clone();
            run.query(source, env, start.with(input.clone()), &mut |run, item| {
                run.matched(pattern, &item.value, env, &mut |run, env| {
                    let before = item.with(state.clone());
                    run.query(update, env, before, &mut |_, after| {
                        state = after.value;
                        Ok(())
                    })
                })
            })?;
            next(run, start.with(state))
        })
    }

    pub(super) fn foreach(
        &mut self,
        source: &'a Ast,
        pattern: &'a Pattern,
        (start, update, extract): (&'a Ast, &'a Ast, Option<&'a Ast>),
        env: &Env<'a>,
        at: Cursor,
        next: Next<'_, 'a>,
    ) -> Flow {
        let input = at.value.clone();
        self.query(start, env, at, &mut |run, start| {
            let mut state = start.value.clone();
            run.query(source, env, start.with(input.clone()), &mut |run, item| {
                run.matched(pattern, &item.value, env, &mut |run, env| {
                    let before = item.with(state.clone());
                    run.query(update, env, before, &mut |run, after| {
                        state = after.value.clone();
                        match extract {
                            None => next(run, after),
                            Some(extract) => run.query(extract, env, after, next),
                        }
                    })
                })
            })
        })
    }
}
