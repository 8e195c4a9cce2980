//! A schema as compact text: how the built-in types are kept in the repository.
//!
//! ```text
//! = core.v1                          a package
//! ServicePort v1/ServicePort         a type, `~` before it if it is one value; its kinds
//!  port n=0                          a field, its type, what its absence means as a key
//!  !spec ServiceSpec                 a field that the server always has
//!  ports [ServicePort|port,protocol] +port
//! ```
//!
//! Types are a letter (`s` string, `n` number, `b` boolean, `u` any scalar, `q` quantity, `i`
//! number or string, `t` time, `m` time with microseconds, `y` base64), `?` (unknown, maps merged),
//! `!` (unknown, one value), a name (with its package if that is another one; `~` or `+` before
//! it if the reference makes it one value or not), `[T]` a list that is one value, `<T>` a set,
//! `[T|k,k]` a list with keys, `*T` a map, `~*T` a map that is one value. Last, if a strategic
//! merge patch knows the field: `%` keys are retained, `+` merged, `=` replaced, then the merge
//! key.

use super::openapi::scalar;
use super::{Atom, Field, Format, List, Map, Patch, Scalar, Schema, SchemaError, TypeId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use value::{Key, Value};

const LETTERS: [(&str, Scalar, Format); 9] = [
    ("s", Scalar::String, Format::Plain),
    ("n", Scalar::Numeric, Format::Plain),
    ("b", Scalar::Boolean, Format::Plain),
    ("u", Scalar::Untyped, Format::Plain),
    ("q", Scalar::Untyped, Format::Quantity),
    ("i", Scalar::Untyped, Format::IntOrString),
    ("t", Scalar::Untyped, Format::Time),
    ("m", Scalar::Untyped, Format::MicroTime),
    ("y", Scalar::String, Format::Bytes),
];

fn malformed(what: impl Into<String>) -> SchemaError {
    SchemaError::Malformed(what.into())
}

impl Schema {
    /// Writes the kinds that have `metadata`, and the types they need, as a table.
    #[must_use]
    pub fn to_table(&self) -> String {
        Writer::new(self).write()
    }

    /// Reads a table.
    ///
    /// # Errors
    ///
    /// If the table is malformed.
    pub fn from_table(table: &str) -> Result<Self, SchemaError> {
        Reader::default().read(table)
    }
}

struct Writer<'a> {
    schema: &'a Schema,
    names: HashMap<TypeId, String>,
    /// Package and name to type: those that are written.
    types: BTreeMap<(String, String), TypeId>,
    kinds: BTreeMap<TypeId, BTreeSet<&'a str>>,
}

impl<'a> Writer<'a> {
    fn new(schema: &'a Schema) -> Self {
        let names = schema
            .names
            .iter()
            .map(|(name, id)| (*id, name.to_string()));
        let mut writer = Self {
            schema,
            names: names.collect(),
            types: BTreeMap::new(),
            kinds: BTreeMap::new(),
        };
        for (kind, id) in &schema.kinds {
            let map = schema.atom(*id).map.as_ref();
            let metadata = map.and_then(|m| m.field("metadata"));
            let is_object = metadata.is_some_and(|f| writer.name(f.of).ends_with(".ObjectMeta"));
            if is_object {
                writer.kinds.entry(*id).or_default().insert(kind);
                writer.reach(*id);
            }
        }
        writer
    }

    fn name(&self, id: TypeId) -> &str {
        self.names.get(&id).map_or("", |n| n)
    }

    /// Collects a named type and all that it needs.
    fn reach(&mut self, id: TypeId) {
        if id <= TypeId::DEDUCED {
            return;
        }
        let mut name = self.name(id).to_owned();
        if name.starts_with(['~', '+']) {
            let plain = name.split_off(1);
            let original = self.names.iter().find(|(_, n)| **n == plain);
            if let Some((&original, _)) = original {
                self.reach(original);
            }
            return;
        }
        if !name.is_empty() && !self.is_letter(id) {
            let (package, local) = name.rsplit_once('.').unwrap_or(("", &name));
            let key = (package.to_owned(), local.to_owned());
            if self.types.insert(key, id).is_some() {
                return;
            }
        }
        let atom = self.schema.atom(id);
        if let Some(list) = &atom.list {
            self.reach(list.element);
        }
        if let Some(map) = &atom.map {
            map.element.into_iter().for_each(|e| self.reach(e));
            map.fields.iter().for_each(|f| self.reach(f.of));
        }
    }

    /// Returns true for a type that is written as a letter where it is used.
    fn is_letter(&self, id: TypeId) -> bool {
        let atom = self.schema.atom(id);
        atom.map.is_none() || (atom.scalar.is_some() && atom.list.is_some())
    }

    fn write(&self) -> String {
        let mut out = String::new();
        let mut package = None;
        for ((of, name), &id) in &self.types {
            if package != Some(of) {
                let _ = writeln!(out, "= {of}");
                package = Some(of);
            }
            let atom = self.schema.atom(id);
            let Some(map) = &atom.map else { continue };
            let mark = if map.atomic { "~" } else { "" };
            let _ = write!(out, "{mark}{name}");
            for kind in self.kinds.get(&id).into_iter().flatten() {
                let _ = write!(out, " {kind}");
            }
            out.push('\n');
            for field in &map.fields {
                let always = if field.always { "!" } else { "" };
                let of = self.expression(field.of, of);
                let _ = write!(out, " {always}{} {of}", field.name);
                if let Some(default) = &field.default {
                    let _ = write!(out, "={}", default.to_json());
                }
                if let Some(patch) = &field.patch {
                    let retain = if patch.retain_keys { "%" } else { "" };
                    let merge = match (patch.merge, patch.replace) {
                        (true, _) => "+",
                        (_, true) => "=",
                        _ => "",
                    };
                    let key = patch.merge_key.as_ref().map_or("", Key::as_str);
                    let _ = write!(out, " {retain}{merge}{key}");
                }
                out.push('\n');
            }
            if let Some(element) = map.element {
                let _ = writeln!(out, " * {}", self.expression(element, of));
            }
        }
        out
    }

    fn expression(&self, id: TypeId, package: &str) -> String {
        if id == TypeId::ATOMIC {
            return "!".to_owned();
        }
        if id == TypeId::DEDUCED {
            return "?".to_owned();
        }
        let atom = self.schema.atom(id);
        let name = self.name(id);
        if !name.is_empty() && !self.is_letter(id) {
            let plain = name.trim_start_matches(['~', '+']);
            let mark = &name[..name.len() - plain.len()];
            return match plain.rsplit_once('.') {
                Some((of, local)) if of == package => format!("{mark}{local}"),
                _ => name.to_owned(),
            };
        }
        match (&atom.scalar, &atom.list, &atom.map) {
            (Some(_), Some(_), Some(_)) => "!".to_owned(),
            (Some(scalar), ..) => LETTERS
                .iter()
                .find(|(_, s, f)| s == scalar && *f == atom.format)
                .map_or("u", |(letter, ..)| letter)
                .to_owned(),
            (_, Some(list), _) => {
                let element = self.expression(list.element, package);
                let keys: Vec<_> = list.keys.iter().map(Key::as_str).collect();
                match (list.associative, keys.is_empty()) {
                    (false, _) => format!("[{element}]"),
                    (true, true) => format!("<{element}>"),
                    (true, false) => format!("[{element}|{}]", keys.join(",")),
                }
            }
            (.., Some(map)) => {
                let mark = if map.atomic { "~" } else { "" };
                let element = map.element.unwrap_or(TypeId::DEDUCED);
                format!("{mark}*{}", self.expression(element, package))
            }
            _ => "?".to_owned(),
        }
    }
}

#[derive(Default)]
struct Reader<'t> {
    schema: Schema,
    package: &'t str,
    /// Package and name of types.
    named: HashMap<(&'t str, &'t str), TypeId>,
    /// Types that are written out where they are used; the same text is the same type.
    inline: HashMap<(&'t str, &'t str), TypeId>,
    /// Package, name, and atomic or not, to the overridden copy and the original.
    overrides: HashMap<(&'t str, &'t str, bool), (TypeId, TypeId)>,
}

impl<'t> Reader<'t> {
    fn read(mut self, table: &'t str) -> Result<Schema, SchemaError> {
        let mut open: Option<(TypeId, Map)> = None;
        for line in table.lines() {
            if let Some(field) = line.strip_prefix(' ') {
                let (_, map) = open.as_mut().ok_or_else(|| malformed("a stray field"))?;
                if let Some(element) = field.strip_prefix("* ") {
                    map.element = Some(self.expression(element)?);
                } else {
                    let field = self.field(field)?;
                    let mut fields = std::mem::take(&mut map.fields).into_vec();
                    fields.push(field);
                    map.fields = fields.into();
                }
                continue;
            }
            self.close(open.take());
            if let Some(package) = line.strip_prefix("= ") {
                self.package = package;
            } else if !line.is_empty() {
                open = Some(self.open(line));
            }
        }
        self.close(open);
        for ((package, name, atomic), (copy, original)) in &self.overrides {
            let mut atom = self.schema.atom(*original).clone();
            atom.override_relationship(if *atomic { "atomic" } else { "separable" });
            self.schema.set(*copy, atom);
            let mark = if *atomic { '~' } else { '+' };
            let name = format!("{mark}{package}.{name}");
            self.schema.names.insert(name.into(), *copy);
        }
        let names = self.named.iter().map(|((package, name), id)| {
            let name = format!("{package}.{name}");
            (name.into(), *id)
        });
        self.schema
            .names
            .extend(names.collect::<Vec<(Box<str>, _)>>());
        Ok(self.schema)
    }

    fn open(&mut self, line: &'t str) -> (TypeId, Map) {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or("");
        let plain = name.strip_prefix('~');
        let id = self.reference(self.package, plain.unwrap_or(name));
        for kind in words {
            self.schema.kinds.insert(kind.into(), id);
        }
        let map = Map {
            atomic: plain.is_some(),
            ..Map::default()
        };
        (id, map)
    }

    fn close(&mut self, open: Option<(TypeId, Map)>) {
        if let Some((id, map)) = open {
            let atom = Atom {
                map: Some(map),
                ..Atom::default()
            };
            self.schema.set(id, atom);
        }
    }

    fn field(&mut self, line: &'t str) -> Result<Field, SchemaError> {
        let mut words = line.splitn(3, ' ');
        let (Some(name), Some(of)) = (words.next(), words.next()) else {
            return Err(malformed(line));
        };
        let (of, default) = match of.split_once('=') {
            Some((of, default)) => {
                let default = Value::parse(default.as_bytes()).map_err(|_| malformed(line))?;
                (of, Some(default))
            }
            None => (of, None),
        };
        let plain = name.strip_prefix('!');
        Ok(Field {
            name: Key::new(plain.unwrap_or(name)),
            always: plain.is_some(),
            empty: super::Empty::Kept,
            of: self.expression(of)?,
            default,
            patch: words.next().map(|text| Box::new(read_patch(text))),
        })
    }

    fn reference(&mut self, package: &'t str, name: &'t str) -> TypeId {
        let schema = &mut self.schema;
        *self
            .named
            .entry((package, name))
            .or_insert_with(|| schema.reserve())
    }

    fn expression(&mut self, text: &'t str) -> Result<TypeId, SchemaError> {
        match text {
            "!" => return Ok(TypeId::ATOMIC),
            "?" => return Ok(TypeId::DEDUCED),
            _ => {}
        }
        let key = (self.package, text);
        if let Some(&id) = self.inline.get(&key) {
            return Ok(id);
        }
        let id = self.make(text)?;
        self.inline.insert(key, id);
        Ok(id)
    }

    fn make(&mut self, text: &'t str) -> Result<TypeId, SchemaError> {
        if let Some((_, sort, format)) = LETTERS.iter().find(|(letter, ..)| *letter == text) {
            return Ok(self.add(scalar(*sort, *format)));
        }
        let (mark, plain) = match text.strip_prefix(['~', '+']) {
            Some(plain) => (&text[..1], plain),
            None => ("", text),
        };
        if let Some(element) = plain.strip_prefix('*') {
            let map = Map {
                fields: Box::default(),
                element: Some(self.expression(element)?),
                atomic: mark == "~",
            };
            return Ok(self.add(Atom {
                map: Some(map),
                ..Atom::default()
            }));
        }
        if let Some(list) = between(text, '[', ']') {
            let (element, keys) = match list.rsplit_once('|') {
                // A bar inside of the element belongs to another list.
                Some((element, keys)) if !keys.contains([']', '>']) => (element, Some(keys)),
                _ => (list, None),
            };
            return self.list(element, keys.is_some(), keys.unwrap_or(""));
        }
        if let Some(element) = between(text, '<', '>') {
            return self.list(element, true, "");
        }
        let (package, name) = plain.rsplit_once('.').unwrap_or((self.package, plain));
        let original = self.reference(package, name);
        if mark.is_empty() {
            return Ok(original);
        }
        let schema = &mut self.schema;
        let (copy, _) = *self
            .overrides
            .entry((package, name, mark == "~"))
            .or_insert_with(|| (schema.reserve(), original));
        Ok(copy)
    }

    fn list(
        &mut self,
        element: &'t str,
        associative: bool,
        keys: &str,
    ) -> Result<TypeId, SchemaError> {
        let keys = keys.split(',').filter(|k| !k.is_empty()).map(Key::new);
        let list = List {
            element: self.expression(element)?,
            associative,
            keys: keys.collect(),
        };
        Ok(self.add(Atom {
            list: Some(list),
            ..Atom::default()
        }))
    }

    fn add(&mut self, atom: Atom) -> TypeId {
        let id = self.schema.reserve();
        self.schema.set(id, atom);
        id
    }
}

fn between(text: &str, open: char, close: char) -> Option<&str> {
    text.strip_prefix(open)?.strip_suffix(close)
}

fn read_patch(text: &str) -> Patch {
    let (retain_keys, text) = match text.strip_prefix('%') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let key = text.trim_start_matches(['+', '=']);
    Patch {
        merge: text.starts_with('+'),
        replace: text.starts_with('='),
        retain_keys,
        merge_key: (!key.is_empty()).then(|| Key::new(key)),
    }
}
