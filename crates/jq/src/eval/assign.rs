//! `=`, `|=` and `+=`.

use super::{Cursor, Env, Flow, Next, Run, Stop, ops, path};
use crate::ast::{Ast, Op};
use crate::encode::typed;
use crate::json::Json;

/// Makes a new value of an old one, or nothing.
type Change<'c, 'a> = &'c mut dyn FnMut(&mut Run<'a>, &Cursor) -> Result<Option<Json>, Stop>;

/// Follows a path from a cursor, which has to be on its own path.
pub(super) fn follow(at: &Cursor, keys: &Json) -> Result<Cursor, Stop> {
    let value = path::get(&at.value, keys)?;
    if !at.is_on_path() {
        return Err(format!("invalid path against: {}", typed(&at.value)).into());
    }
    let keys: &[Json] = match keys {
        Json::Array(keys) => keys,
        _ => &[],
    };
    let end = |at: Cursor, key: &Json| at.step(key.clone(), value.clone());
    let mut end = keys.iter().fold(at.clone(), end);
    end.value = value.clone();
    Ok(end)
}

impl<'a> Run<'a> {
    /// `path = value`: every value of the right side makes a result.
    pub(super) fn assign(
        &mut self,
        of: &'a Ast,
        value: &'a Ast,
        env: &Env<'a>,
        at: &Cursor,
        next: Next<'_, 'a>,
    ) -> Flow {
        self.values(value, env, &at.value, &mut |run, value| {
            let mut changed = at.value.clone();
            run.paths(of, env, &at.value, &mut |run, keys| {
                changed = run.made(path::set(&changed, &keys, &value)?)?;
                Ok(())
            })?;
            next(run, at.with(changed))
        })
    }

    /// `path |= change`: the first result counts, without one the path is deleted.
    pub(super) fn modify_by(
        &mut self,
        of: &'a Ast,
        change: &'a Ast,
        env: &Env<'a>,
        at: &Cursor,
        next: Next<'_, 'a>,
    ) -> Flow {
        self.modify(of, env, at, next, &mut |run, old| {
            let mut first = None;
            let end = run.label();
            let flow = run.query(change, env, old.clone(), &mut |_, new| {
                first = Some(new.value);
                Err(Stop::Break(end))
            });
            match flow {
                Ok(()) => Ok(None),
                Err(Stop::Break(label)) if label == end => Ok(first),
                Err(stop) => Err(stop),
            }
        })
    }

    /// `path += value`, and `path //= value` without an operator.
    pub(super) fn update(
        &mut self,
        op: Option<Op>,
        of: &'a Ast,
        value: &'a Ast,
        env: &Env<'a>,
        at: &Cursor,
        next: Next<'_, 'a>,
    ) -> Flow {
        self.query(value, env, at.clone(), &mut |run, cursor| {
            let at = cursor.with(at.value.clone());
            let value = cursor.value;
            run.modify(of, env, &at, next, &mut |_, Cursor { value: old, .. }| {
                Ok(Some(match op {
                    Some(op) => ops::binary(op, old, &value)?,
                    None if old.holds() => old.clone(),
                    None => value.clone(),
                }))
            })
        })
    }

    fn modify(
        &mut self,
        of: &'a Ast,
        env: &Env<'a>,
        at: &Cursor,
        next: Next<'_, 'a>,
        change: Change<'_, 'a>,
    ) -> Flow {
        let mut changed = at.value.clone();
        let mut gone = Vec::new();
        self.paths(of, env, &at.value, &mut |run, keys| {
            let old = follow(&at.with(changed.clone()), &keys)?;
            match change(run, &old)? {
                Some(new) => changed = run.made(path::set(&changed, &keys, &new)?)?,
                None => gone.push(keys),
            }
            Ok(())
        })?;
        let changed = path::delete(&changed, &Json::array(gone))?;
        next(self, at.with(changed))
    }
}
