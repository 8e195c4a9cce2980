//! What the encoder of an API server makes of fields without a value.
//!
//! OpenAPI doesn't tell. `builtin.empty` does: packages as in `builtin.schema`, then a type and its
//! fields in a line: `-` the field is left out when it is empty, `0` the empty value is written,
//! `^` `null` is, `!` it
//! is a struct that is always there. The marks follow from the types of `k8s.io/api` 0.36: whether a field is a pointer,
//! a list or a scalar, and whether it says `omitempty`.

use super::{Empty, Field, Format, Scalar, Schema};
use value::Value;

/// See the module.
static TABLE: &str = include_str!("../builtin.empty");

impl Schema {
    /// Marks the fields of the built-in types.
    pub(super) fn mark_empty(&mut self) {
        let mut package = "";
        for line in TABLE.lines() {
            if let Some(name) = line.strip_prefix("= ") {
                package = name;
                continue;
            }
            let mut words = line.split(' ');
            let Some(name) = words.next() else { continue };
            let name = format!("{package}.{name}");
            let marks: Vec<(&str, Mark)> = words.filter_map(mark).collect();
            for copy in ["", "~", "+"] {
                let Some(id) = self.named(&format!("{copy}{name}")) else {
                    continue;
                };
                let Some(map) = &mut self.atoms[id.0 as usize].map else {
                    continue;
                };
                for field in &mut map.fields {
                    let found = marks.iter().find(|(n, _)| *n == field.name.as_str());
                    match found {
                        Some((_, Mark::Empty(empty))) => field.empty = *empty,
                        Some((_, Mark::Always)) => field.always = true,
                        None => {}
                    }
                }
            }
        }
    }

    /// Returns what is written for a field that has no value.
    #[must_use]
    pub fn written_if_empty(&self, field: &Field) -> Option<Value> {
        let atom = self.atom(field.of);
        match (field.empty, atom.scalar, atom.format) {
            (Empty::Kept | Empty::Dropped, ..) => None,
            (Empty::Null, ..) => Some(Value::Null),
            (Empty::Zero, _, Format::Quantity) => Some("0".into()),
            (Empty::Zero, _, Format::IntOrString) | (_, Some(Scalar::Numeric), _) => Some(0.into()),
            (Empty::Zero, Some(Scalar::Boolean), _) => Some(false.into()),
            (Empty::Zero, ..) => Some("".into()),
        }
    }
}

/// What the table says of a field.
enum Mark {
    Empty(Empty),
    Always,
}

fn mark(word: &str) -> Option<(&str, Mark)> {
    let mark = match word.as_bytes().first()? {
        b'-' => Mark::Empty(Empty::Dropped),
        b'0' => Mark::Empty(Empty::Zero),
        b'^' => Mark::Empty(Empty::Null),
        b'!' => Mark::Always,
        _ => return None,
    };
    Some((&word[1..], mark))
}
