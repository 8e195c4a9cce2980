//! Fields by paths as replacements and variables name them.

use crate::error::{Error, Result, mistake};
use crate::node::wrong_kind;
use crate::regex;
use yaml::v3::{Node, NodeKind};

/// What a missing last field is made as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    Nothing,
    Scalar,
    Sequence,
    Mapping,
}

/// The way to a field: numbers of members and elements.
pub(crate) type Way = Vec<usize>;

fn is_list_index(part: &str) -> bool {
    part.starts_with('[') && part.ends_with(']')
}

fn index_number(part: &str) -> Option<i64> {
    let digits = part.strip_prefix(['-', '+']).unwrap_or(part);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    part.trim_start_matches('+').parse().ok()
}

/// Reads `[name=value]`.
fn name_and_value(part: &str) -> Result<(&str, &str)> {
    let inner = part.strip_suffix(']').unwrap_or(part);
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    inner.split_once('=').ok_or_else(|| {
        Error::new("list path element must contain fieldName=fieldValue for element to match")
    })
}

/// Returns the one field at a path.
pub(crate) fn lookup<'n>(node: &'n Node, path: &[String]) -> Result<Option<&'n Node>> {
    let mut node = node;
    for part in path.iter().map(|p| p.trim()).filter(|p| !p.is_empty()) {
        let found = if let Some(index) = index_number(part) {
            if index < 0 {
                return Err(mistake!("array index {index} cannot be negative"));
            }
            elements(node)?.get(usize::try_from(index).unwrap_or(usize::MAX))
        } else if part == "-" {
            elements(node)?.last()
        } else if part == "*" {
            return Err(Error::new("wildcard is not supported in PathGetter"));
        } else if is_list_index(part) {
            let (name, value) = name_and_value(part)?;
            let fits = |e: &&Node| {
                let field = if name.is_empty() {
                    Some(*e)
                } else {
                    e.get(name)
                };
                field.and_then(Node::as_text) == Some(value)
            };
            elements(node)?.iter().find(fits)
        } else {
            member(node, part)?
        };
        match found {
            Some(found) => node = found,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

fn elements(node: &Node) -> Result<&[Node]> {
    match &node.kind {
        NodeKind::Sequence { elements, .. } => Ok(elements),
        _ if node.is_null() => Ok(&[]),
        _ => Err(wrong_kind("SequenceNode", node)),
    }
}

fn member<'n>(node: &'n Node, name: &str) -> Result<Option<&'n Node>> {
    if node.is_null() {
        return Ok(None);
    }
    if !node.is_mapping() {
        return Err(wrong_kind("MappingNode", node));
    }
    Ok(node.get(name))
}

/// Returns the ways to all fields that a path with patterns means; makes them if `create` says so.
pub(crate) fn find_all(node: &mut Node, path: &[String], create: Create) -> Result<Vec<Way>> {
    crate::node::check_path(path.len())?;
    let mut finder = Finder {
        create,
        ways: Vec::new(),
        way: Vec::new(),
    };
    finder.walk(node, path)?;
    Ok(finder.ways)
}

/// Returns what a way leads to.
pub(crate) fn follow<'n>(node: &'n mut Node, way: &[usize]) -> &'n mut Node {
    way.iter().fold(node, |node, i| match &mut node.kind {
        NodeKind::Mapping { members, .. } => &mut members[*i].1,
        NodeKind::Sequence { elements, .. } => &mut elements[*i],
        NodeKind::Scalar { .. } => unreachable!("ways go through collections"),
    })
}

struct Finder {
    create: Create,
    ways: Vec<Way>,
    way: Way,
}

impl Finder {
    fn new_node(&self, next: Option<&String>) -> Node {
        match next.map(String::as_str) {
            Some(next) if is_list_index(next) || index_number(next).is_some_and(|i| i >= 0) => {
                Node::sequence(Vec::new(), 0)
            }
            Some(next) if !next.is_empty() => Node::mapping(Vec::new(), 0),
            _ => match self.create {
                Create::Mapping => Node::mapping(Vec::new(), 0),
                Create::Sequence => Node::sequence(Vec::new(), 0),
                Create::Scalar | Create::Nothing => Node::untagged("", 0),
            },
        }
    }

    fn step(&mut self, node: &mut Node, i: usize, rest: &[String]) -> Result<()> {
        self.way.push(i);
        let walked = self.walk(node, rest);
        self.way.pop();
        walked
    }

    fn walk(&mut self, node: &mut Node, path: &[String]) -> Result<()> {
        let Some((part, rest)) = path.split_first() else {
            self.ways.push(self.way.clone());
            return Ok(());
        };
        let creates = self.create != Create::Nothing;
        if let Some(index) = index_number(part).filter(|i| *i >= 0) {
            return self.index(node, index, part, rest);
        }
        if is_list_index(part) {
            return self.matching(node, part, rest);
        }
        if part == "*" {
            elements(node)?;
            let count = node.elements().len();
            for i in 0..count {
                if let Some(elements) = node.elements_mut() {
                    self.step(&mut elements[i], i, rest)?;
                }
            }
            return Ok(());
        }
        if member(node, part)?.is_none() {
            if !creates {
                return Ok(());
            }
            let new = self.new_node(rest.first());
            match node.members_mut() {
                Some(members) => members.push((Node::string(part.as_str(), 0), new)),
                None => return Ok(()),
            }
        }
        let Some(members) = node.members_mut() else {
            return Ok(());
        };
        let name = Some(part.as_str());
        let i = members.iter().position(|(k, _)| k.as_text() == name);
        match i {
            Some(i) => self.step(&mut members[i].1, i, rest),
            None => Ok(()),
        }
    }

    fn index(&mut self, node: &mut Node, index: i64, part: &str, rest: &[String]) -> Result<()> {
        let count = elements(node)?.len();
        let i = usize::try_from(index).unwrap_or(usize::MAX);
        if i == count && self.create != Create::Nothing {
            let new = self.new_node(rest.first());
            match node.elements_mut() {
                Some(elements) => elements.push(new),
                None => return Err(mistake!("failed to append element for {part:?}")),
            }
        }
        match node.elements_mut().and_then(|e| e.get_mut(i)) {
            Some(element) => self.step(element, i, rest),
            None => Err(mistake!(
                "index {index} specified but only {count} elements found"
            )),
        }
    }

    fn matching(&mut self, node: &mut Node, part: &str, rest: &[String]) -> Result<()> {
        let (name, pattern) = name_and_value(part)?;
        let found_before = self.ways.len();
        elements(node)?;
        let count = node.elements().len();
        let pattern_regex = regex::compile(pattern)?;
        let fits = |element: &Node| {
            let field = if name.is_empty() {
                Some(element)
            } else {
                element.get(name)
            };
            field.is_some_and(|f| pattern_regex.is_match(&text_of_field(f)))
        };
        for i in 0..count {
            let Some(element) = node.elements_mut().map(|e| &mut e[i]) else {
                continue;
            };
            if fits(element) {
                if name.is_empty() {
                    self.way.push(i);
                    self.ways.push(self.way.clone());
                    self.way.pop();
                } else {
                    self.step(element, i, rest)?;
                }
            }
        }
        if self.ways.len() > found_before || self.create == Create::Nothing {
            return Ok(());
        }
        let new = if name.is_empty() {
            Node::untagged(pattern, 0)
        } else {
            let member = (Node::string(name, 0), Node::untagged(pattern, 0));
            Node::mapping(vec![member], 0)
        };
        let made_fits = fits(&new);
        match node.elements_mut() {
            Some(elements) if made_fits => {
                elements.push(new);
                let element = &mut elements[count];
                if name.is_empty() {
                    self.way.push(count);
                    self.ways.push(self.way.clone());
                    self.way.pop();
                    return Ok(());
                }
                self.step(element, count, rest)
            }
            _ => Err(mistake!("failed to create element for {part:?}")),
        }
    }
}

/// Returns a field as it is written in a document of its own.
fn text_of_field(node: &Node) -> String {
    match node.as_text() {
        Some(text) if node.is_null() => text.to_owned(),
        Some(text) => text.to_owned(),
        None => node
            .to_value()
            .map(|v| yaml::to_yaml(&v).trim().to_owned())
            .unwrap_or_default(),
    }
}
