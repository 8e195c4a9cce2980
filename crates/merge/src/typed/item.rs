//! What identifies an item of an associative list, borrowed from the item.

use crate::path::compare_keys;
use crate::schema::List;
use crate::typed::TypeError;
use crate::{PathElement, Schema};
use std::cmp::Ordering;
use std::fmt;
use value::{Key, Value};

/// The identity of a list item; the borrowed form of [`PathElement::Key`] and
/// [`PathElement::Value`].
#[derive(Clone, Debug)]
pub(crate) enum Item<'a> {
    /// The usual case: one key field.
    One(&'a Key, &'a Value),
    /// Several key fields, sorted by name.
    Many(Vec<(&'a Key, &'a Value)>),
    /// The item itself.
    Itself(&'a Value),
}

impl<'a> Item<'a> {
    /// Identifies `item` in a list of this type.
    pub(crate) fn of(
        schema: &'a Schema,
        list: &'a List,
        item: &'a Value,
    ) -> Result<Self, TypeError> {
        if !list.associative {
            return Err(TypeError::new("invalid indexing of an atomic list"));
        }
        if list.keys.is_empty() {
            return match item {
                Value::Null => Err(TypeError::new(
                    "associative list without keys has an element that's explicitly null",
                )),
                Value::Object(_) => Err(TypeError::new(
                    "associative list without keys has an element that's a map type",
                )),
                Value::Array(_) => Err(TypeError::new(
                    "not supporting key-less associative list of lists",
                )),
                scalar => Ok(Self::Itself(scalar)),
            };
        }
        let Some(object) = item.as_object() else {
            return Err(TypeError::new(if item.is_null() {
                "associative list with keys may not have a null element"
            } else {
                "associative list with keys may not have non-map elements"
            }));
        };
        let find = |key: &'a Key| {
            object
                .get(key)
                .or_else(|| default(schema, list, key))
                .map(|value| (key, value))
        };
        if let [key] = list.keys.as_ref()
            && let Some((key, value)) = find(key)
        {
            return Ok(Self::One(key, value));
        }
        let mut fields: Vec<_> = list.keys.iter().filter_map(find).collect();
        if fields.is_empty() {
            return Err(TypeError::new(format!(
                "associative list with keys has an element that omits all key fields {} (and doesn't have default values for any key fields)",
                go_strings(&list.keys)
            )));
        }
        fields.sort_by_key(|(key, _)| *key);
        Ok(Self::Many(fields))
    }

    fn fields(&self) -> impl Iterator<Item = (&'a Key, &'a Value)> + '_ {
        let (one, many): (Option<_>, &[_]) = match self {
            Self::One(key, value) => (Some((*key, *value)), &[]),
            Self::Many(fields) => (None, fields),
            Self::Itself(_) => (None, &[]),
        };
        one.into_iter().chain(many.iter().copied())
    }

    pub(crate) fn to_element(&self) -> PathElement {
        match self {
            Self::Itself(value) => PathElement::Value((*value).clone()),
            keyed => PathElement::Key(
                keyed
                    .fields()
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect(),
            ),
        }
    }

    /// Compares with the owned form.
    pub(crate) fn cmp_element(&self, element: &PathElement) -> Ordering {
        match (self, element) {
            (Self::Itself(a), PathElement::Value(b)) => a.total_cmp(b),
            (Self::Itself(_), PathElement::Index(_)) => Ordering::Less,
            (Self::Itself(_), _) => Ordering::Greater,
            (keyed, PathElement::Key(b)) => {
                compare_keys(keyed.fields(), b.iter().map(|(k, v)| (k, v)))
            }
            (_, PathElement::Field(_)) => Ordering::Greater,
            _ => Ordering::Less,
        }
    }
}

fn default<'a>(schema: &'a Schema, list: &List, key: &str) -> Option<&'a Value> {
    let item = schema.atom(list.element);
    item.map.as_ref()?.field(key)?.default.as_ref()
}

fn go_strings(keys: &[Key]) -> String {
    let keys: Vec<_> = keys.iter().map(|k| format!("{:?}", k.as_str())).collect();
    format!("[{}]", keys.join(" "))
}

impl Ord for Item<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Itself(a), Self::Itself(b)) => a.total_cmp(b),
            (Self::Itself(_), _) => Ordering::Greater,
            (_, Self::Itself(_)) => Ordering::Less,
            (a, b) => compare_keys(a.fields(), b.fields()),
        }
    }
}

impl PartialOrd for Item<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Item<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Item<'_> {}

impl fmt::Display for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_element().fmt(f)
    }
}

/// The items of a list in their order, with their identities, and the identities sorted.
pub(crate) struct Items<'a> {
    /// Identity and value, in list order.
    pub(crate) list: Vec<(Item<'a>, &'a Value)>,
    /// Positions in `list`, sorted by identity and then by position.
    sorted: Vec<usize>,
}

impl<'a> Items<'a> {
    pub(crate) fn of(
        schema: &'a Schema,
        list: &'a List,
        items: &'a [Value],
    ) -> Result<Self, TypeError> {
        let list = items
            .iter()
            .enumerate()
            .map(|(i, value)| {
                let item = Item::of(schema, list, value).map_err(|mut e| {
                    for mismatch in &mut e.0 {
                        mismatch.message.insert_str(0, &format!("element {i}: "));
                    }
                    e
                })?;
                Ok((item, value))
            })
            .collect::<Result<Vec<_>, TypeError>>()?;
        let mut sorted: Vec<usize> = (0..list.len()).collect();
        sorted.sort_by(|&a, &b| list[a].0.cmp(&list[b].0));
        Ok(Self { list, sorted })
    }

    /// Returns the positions of the items with this identity, in order.
    pub(crate) fn find(&self, item: &Item<'_>) -> &[usize] {
        let start = self.sorted.partition_point(|&i| self.list[i].0 < *item);
        let rest = &self.sorted[start..];
        let len = rest
            .iter()
            .take_while(|&&i| self.list[i].0 == *item)
            .count();
        &rest[..len]
    }

    /// Returns the one item with this identity; nothing if there is none or more than one.
    pub(crate) fn single(&self, item: &Item<'_>) -> Option<&'a Value> {
        match self.find(item) {
            [i] => Some(self.list[*i].1),
            _ => None,
        }
    }

    /// Returns an identity that occurs twice.
    pub(crate) fn duplicate(&self) -> Option<&Item<'a>> {
        self.sorted
            .windows(2)
            .find(|w| self.list[w[0]].0 == self.list[w[1]].0)
            .map(|w| &self.list[w[1]].0)
    }

    /// Returns the positions grouped by identity, groups in order of identity.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &[usize]> {
        self.sorted
            .chunk_by(|&a, &b| self.list[a].0 == self.list[b].0)
    }
}
