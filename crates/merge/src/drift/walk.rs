//! The desired object against the live one, leaf by leaf.

use super::canonical::{Spelling, scalars};
use super::{Desired, DriftKind, FieldDrift, Owner, Steps, defaults};
use crate::schema::{Format, Kind};
use crate::typed::{Item, Items, TypeError};
use crate::{DisplayPath, PathElement, Schema, TypeId};
use value::{Key, Value, pointer};

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) fields: Vec<Difference>,
    /// Leaves that mean the same but are written in another way: applying them changes the owners.
    pub(super) respelled: Vec<Steps>,
}

/// A field that differs, before its owners are known.
pub(super) struct Difference {
    drift: FieldDrift,
    pub(super) path_elements: Steps,
    pub(super) owners: Vec<Owner>,
}

impl Difference {
    pub(super) const fn kind(&self) -> DriftKind {
        self.drift.kind
    }

    pub(super) fn finish(self) -> FieldDrift {
        FieldDrift {
            owners: self.owners,
            ..self.drift
        }
    }

    /// A field of the live object that would be removed.
    pub(super) fn removed(
        schema: &Schema,
        desired: &Desired,
        live: &Value,
        path: &[PathElement],
    ) -> Self {
        let (mut value, mut at, mut of) = (Some(live), String::new(), Some(desired.of));
        for element in path {
            let atom = of.map(|of| schema.atom(of));
            match element {
                PathElement::Field(name) => {
                    at.push('/');
                    at.push_str(&pointer::escape(name));
                    value = value.and_then(|v| v.get(name));
                    of = atom.and_then(|a| a.map.as_ref()?.member(name));
                }
                _ => {
                    let list = atom.and_then(|a| a.list.as_ref());
                    let items = value.and_then(Value::as_array).unwrap_or(&[]);
                    let i = list.and_then(|list| {
                        items.iter().position(|item| {
                            Item::of(schema, list, item)
                                .is_ok_and(|item| item.cmp_element(element).is_eq())
                        })
                    });
                    at.push_str(&format!("/{}", i.unwrap_or(0)));
                    value = i.map(|i| &items[i]);
                    of = list.map(|l| l.element);
                }
            }
        }
        Self {
            drift: FieldDrift {
                pointer: at,
                path: DisplayPath(path).to_string(),
                desired: None,
                live: value.cloned(),
                owners: Vec::new(),
                // An empty value may be how the server writes that there is none.
                kind: if !desired.exact && value.is_some_and(Value::is_empty) {
                    DriftKind::Soft
                } else {
                    DriftKind::ToRemove
                },
            },
            path_elements: path.to_vec(),
            owners: Vec::new(),
        }
    }
}

/// Compares; an error means that the live object does not have its type or has duplicates.
pub(super) fn differences(
    schema: &Schema,
    desired: &Desired,
    live: &Value,
) -> Result<Found, TypeError> {
    let mut walker = Walker {
        schema,
        exact: desired.exact,
        found: Found::default(),
    };
    walker.visit(desired.of, &desired.value, Some(live), &Path::Root)?;
    Ok(walker.found)
}

/// The way to where the walker is, on its stack: nothing is allocated until something differs.
enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a Key),
    Item(&'a Path<'a>, &'a Item<'a>, usize),
}

impl Path<'_> {
    fn steps(&self, out: &mut Steps, at: &mut String) {
        match self {
            Self::Root => {}
            Self::Member(parent, name) => {
                parent.steps(out, at);
                out.push(PathElement::Field((*name).clone()));
                at.push('/');
                at.push_str(&pointer::escape(name));
            }
            Self::Item(parent, item, i) => {
                parent.steps(out, at);
                out.push(item.to_element());
                at.push_str(&format!("/{i}"));
            }
        }
    }
}

struct Walker<'s> {
    schema: &'s Schema,
    exact: bool,
    found: Found,
}

impl Walker<'_> {
    fn report(&mut self, kind: DriftKind, desired: &Value, live: Option<&Value>, path: &Path<'_>) {
        let (mut steps, mut at) = (Vec::new(), String::new());
        path.steps(&mut steps, &mut at);
        let drift = FieldDrift {
            pointer: at,
            path: DisplayPath(&steps).to_string(),
            desired: Some(desired.clone()),
            live: live.cloned(),
            owners: Vec::new(),
            kind,
        };
        self.found.fields.push(Difference {
            drift,
            path_elements: steps,
            owners: Vec::new(),
        });
    }

    fn visit(
        &mut self,
        of: TypeId,
        desired: &Value,
        live: Option<&Value>,
        path: &Path<'_>,
    ) -> Result<(), TypeError> {
        let Some(live) = live else {
            let kind = self.absent(of, desired);
            if let Some(kind) = kind {
                self.report(kind, desired, None, path);
            }
            return Ok(());
        };
        if desired.is_null() {
            if !live.is_null() {
                // Null means "unset" to some types and the empty value to others.
                self.report(DriftKind::Soft, desired, Some(live), path);
            }
            return Ok(());
        }
        let atom = self.schema.atom(of);
        match (atom.kind_of(Some(desired)), &atom.list, &atom.map) {
            (Some(Kind::List), Some(list), _) if list.associative => {
                // An empty list says nothing about the items of others.
                if let (Value::Array(desired), Value::Array(live)) = (desired, live) {
                    return self.list(of, desired, live, path);
                }
            }
            (Some(Kind::Map), _, Some(map)) if !map.atomic => {
                if let (Value::Object(members), Value::Object(there)) = (desired, live) {
                    let mut there = there.iter().peekable();
                    for (name, value) in members {
                        while there.next_if(|(n, _)| *n < name).is_some() {}
                        let found = there.next_if(|(n, _)| *n == name).map(|(_, v)| v);
                        // What a type does not declare was refused when it was prepared.
                        let of = map.member(name).unwrap_or(TypeId::DEDUCED);
                        if path.is_server_owned(name) {
                            continue;
                        }
                        self.visit(of, value, found, &Path::Member(path, name))?;
                    }
                    return Ok(());
                }
            }
            _ => {}
        }
        self.leaf(of, desired, live, path);
        Ok(())
    }

    /// Returns what the absence of a desired value is.
    fn absent(&self, of: TypeId, desired: &Value) -> Option<DriftKind> {
        if desired.is_null() {
            // A custom resource keeps the null of a nullable field and drops others.
            return self.exact.then_some(DriftKind::Soft);
        }
        if self.vanishes(of, desired) {
            return None;
        }
        let may_vanish = match desired {
            Value::String(s) => s.is_empty(),
            Value::Bool(b) => !b,
            Value::Int(i) => *i == 0,
            other => other.is_empty(),
        };
        Some(if may_vanish && !self.exact {
            DriftKind::Soft
        } else {
            DriftKind::Missing
        })
    }

    /// Returns true for an empty list or plain map of a built-in kind: Go leaves it out, or writes
    /// null. An empty struct may mean something (`emptyDir: {}`), and an empty scalar too.
    fn vanishes(&self, of: TypeId, desired: &Value) -> bool {
        let atom = self.schema.atom(of);
        let is_plain = atom.map.as_ref().is_none_or(|m| m.fields.is_empty());
        let container = matches!(desired, Value::Array(_) | Value::Object(_));
        !self.exact && atom.scalar.is_none() && is_plain && container && desired.is_empty()
    }

    fn leaf(&mut self, of: TypeId, desired: &Value, live: &Value, path: &Path<'_>) {
        match self.compare(of, desired, live) {
            Compared::Spelled(Spelling::Same) => {}
            Compared::Spelled(Spelling::Equal) => {
                let mut steps = Vec::new();
                path.steps(&mut steps, &mut String::new());
                self.found.respelled.push(steps);
            }
            Compared::Spelled(Spelling::Different) => {
                if self.vanishes(of, desired) && live.is_empty() {
                    return;
                }
                // Go types do not tell all empty values apart.
                let is_empty = !self.exact && desired.is_empty() && live.is_empty();
                let kind = if is_empty {
                    DriftKind::Soft
                } else {
                    DriftKind::Changed
                };
                self.report(kind, desired, Some(live), path);
            }
            Compared::Larger => self.report(DriftKind::Soft, desired, Some(live), path),
        }
    }

    /// Compares values that have one owner, part by part.
    fn compare(&self, of: TypeId, desired: &Value, live: &Value) -> Compared {
        let atom = self.schema.atom(of);
        match (desired, live) {
            (Value::Object(wanted), Value::Object(there)) => {
                let map = atom.map.as_ref();
                let member =
                    |name: &str| map.and_then(|m| m.member(name)).unwrap_or(TypeId::ATOMIC);
                let mut all = Compared::Spelled(Spelling::Same);
                for (name, value) in wanted {
                    all = all.and(match there.get(name) {
                        Some(there) => self.compare(member(name), value, there),
                        None if value.is_null() => Compared::Spelled(Spelling::Equal),
                        None => match self.absent(member(name), value) {
                            None => Compared::Spelled(Spelling::Equal),
                            Some(DriftKind::Soft) => Compared::Larger,
                            Some(_) => Compared::Spelled(Spelling::Different),
                        },
                    });
                }
                for (name, value) in there {
                    if wanted.contains_key(name) {
                        continue;
                    }
                    let is_default = !self.exact
                        && (defaults::is_default(self.schema, of, name, value)
                            || (name.as_str() == "apiGroup"
                                && defaults::subject_group(self.schema, of, desired)
                                    == value.as_str()));
                    all = all.and(if is_default {
                        Compared::Spelled(Spelling::Equal)
                    } else if self.exact {
                        Compared::Spelled(Spelling::Different)
                    } else {
                        Compared::Larger
                    });
                }
                all
            }
            (Value::Array(wanted), Value::Array(there)) => {
                if wanted.len() != there.len() {
                    return Compared::Spelled(Spelling::Different);
                }
                let element = atom.list.as_ref().map_or(TypeId::ATOMIC, |l| l.element);
                let pairs = wanted.iter().zip(there);
                pairs.fold(Compared::Spelled(Spelling::Same), |all, (a, b)| {
                    all.and(self.compare(element, a, b))
                })
            }
            _ => {
                let format = if self.exact {
                    Format::Plain
                } else {
                    atom.format
                };
                Compared::Spelled(scalars(format, desired, live))
            }
        }
    }

    /// Compares two associative lists: by identity, then the order of what both have.
    fn list(
        &mut self,
        of: TypeId,
        desired: &[Value],
        live: &[Value],
        path: &Path<'_>,
    ) -> Result<(), TypeError> {
        let Some(list) = &self.schema.atom(of).list else {
            return Ok(());
        };
        let wanted = Items::of(self.schema, list, desired)?;
        let there = Items::of(self.schema, list, live)?;
        if there.duplicate().is_some() {
            return Err(TypeError::new("duplicate items"));
        }
        let (mut last, mut ordered) = (0, true);
        for (i, (item, value)) in wanted.list.iter().enumerate() {
            // Mostly the lists are alike.
            let at = if there.list.get(i).is_some_and(|(other, _)| other == item) {
                Some(i)
            } else {
                there.find(item).first().copied()
            };
            if let Some(at) = at {
                ordered &= at >= last;
                last = at;
            }
            let found = at.map(|at| there.list[at].1);
            let path = Path::Item(path, item, i);
            if list.keys.is_empty() {
                if found.is_none() {
                    self.report(DriftKind::Missing, value, None, &path);
                }
            } else {
                self.visit(list.element, value, found, &path)?;
            }
        }
        if !ordered {
            let desired = Value::Array(desired.to_vec());
            let live = Value::Array(live.to_vec());
            self.report(DriftKind::Order, &desired, Some(&live), path);
        }
        Ok(())
    }
}

impl Path<'_> {
    /// Returns true for `apiVersion` and `kind` of the object, which are compared before.
    fn is_server_owned(&self, name: &str) -> bool {
        matches!(self, Self::Root) && matches!(name, "apiVersion" | "kind")
    }
}

/// How two values of one owner compare.
#[derive(Clone, Copy)]
enum Compared {
    Spelled(Spelling),
    /// The live value has more, or lacks what the server may drop.
    Larger,
}

impl Compared {
    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Spelled(a), Self::Spelled(b)) => Self::Spelled(a.and(b)),
            (Self::Spelled(Spelling::Different), _) | (_, Self::Spelled(Spelling::Different)) => {
                Self::Spelled(Spelling::Different)
            }
            _ => Self::Larger,
        }
    }
}
