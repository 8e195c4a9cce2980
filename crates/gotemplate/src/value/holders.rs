//! Maps that hold themselves.
//!
//! `set $m "k" $m` makes a map that nothing ever frees: it counts as used, by itself. When a session
//! ends, such maps are emptied. They can only have come from functions that put maps into maps, so only
//! what those changed is looked at.

use super::{List, Map, Value};
use std::collections::HashMap;

/// Maps that others were put into.
#[derive(Default)]
pub(crate) struct Holders {
    maps: HashMap<usize, Map>,
}

/// Where the way through a value is.
enum Visit {
    Enter(Value),
    Leave(usize),
}

impl Holders {
    /// Notes that something was put into a map.
    pub(crate) fn push(&mut self, map: &Map) {
        self.maps
            .entry(map.identity())
            .or_insert_with(|| map.clone());
    }

    /// Empties the maps through which a value holds itself.
    fn cut(&mut self) {
        // True while the way leads through it.
        let mut seen: HashMap<usize, bool> = HashMap::new();
        let mut cut: Vec<Map> = Vec::new();
        for map in self.maps.values() {
            let mut path: Vec<usize> = Vec::new();
            let mut pending = vec![Visit::Enter(Value::Map(map.clone()))];
            while let Some(visit) = pending.pop() {
                let value = match visit {
                    Visit::Leave(id) => {
                        seen.insert(id, false);
                        path.pop();
                        continue;
                    }
                    Visit::Enter(value) => value,
                };
                let id = match &value {
                    Value::Map(map) => map.identity(),
                    Value::List(list) => list.identity(),
                    _ => continue,
                };
                match seen.get(&id) {
                    Some(false) => continue,
                    // The way has come back: somewhere on it is a map that was changed.
                    Some(true) => {
                        let round = path.iter().rposition(|on| *on == id).unwrap_or(0);
                        let changed = path[round..].iter().find_map(|on| self.maps.get(on));
                        cut.extend(changed.cloned());
                        continue;
                    }
                    None => {}
                }
                seen.insert(id, true);
                path.push(id);
                pending.push(Visit::Leave(id));
                match &value {
                    Value::Map(map) => pending.extend(map.with(|members| {
                        let inner = members.values().filter(|v| nests(v)).cloned();
                        inner.map(Visit::Enter).collect::<Vec<_>>()
                    })),
                    Value::List(list) => pending.extend(inner(list).into_iter().map(Visit::Enter)),
                    _ => {}
                }
            }
        }
        cut.iter().for_each(Map::clear);
    }
}

fn inner(list: &List) -> Vec<Value> {
    list.with(|items| items.iter().filter(|v| nests(v)).cloned().collect())
}

const fn nests(value: &Value) -> bool {
    matches!(value, Value::Map(_) | Value::List(_))
}

impl Drop for Holders {
    fn drop(&mut self) {
        if !self.maps.is_empty() {
            self.cut();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> Map {
        Map::new(super::super::MapType::ANY, Vec::<(&str, Value)>::new())
    }

    #[test]
    fn a_map_inside_itself_is_emptied() {
        let (outer, inner, apart) = (map(), map(), map());
        outer.insert("list", Value::list(vec![Value::Map(inner.clone())]));
        inner.insert("back", Value::Map(outer.clone()));
        apart.insert("outer", Value::Map(outer.clone()));
        apart.insert("text", Value::from("stays"));
        let mut holders = Holders::default();
        holders.push(&apart);
        holders.push(&outer);
        drop(holders);
        assert!(outer.is_empty());
        assert_eq!((inner.len(), apart.len()), (1, 2));
    }

    #[test]
    fn a_way_round_may_be_entered_anywhere() {
        let (before, start, changed) = (map(), map(), map());
        before.insert("start", Value::Map(start.clone()));
        start.insert("changed", Value::Map(changed.clone()));
        changed.insert("back", Value::Map(start.clone()));
        let mut holders = Holders::default();
        holders.push(&before);
        holders.push(&changed);
        drop(holders);
        assert!(changed.is_empty());
        assert_eq!((before.len(), start.len()), (1, 1));
    }

    #[test]
    fn what_is_only_shared_stays() {
        let (a, b) = (map(), map());
        a.insert("x", Value::Map(b.clone()));
        a.insert("y", Value::Map(b.clone()));
        let mut holders = Holders::default();
        holders.push(&a);
        holders.push(&b);
        drop(holders);
        assert_eq!(a.len(), 2);
    }
}
