//! Sets of paths.

use crate::PathElement;
use std::cmp::Ordering;

/// A set of paths, as a tree of sorted steps. The empty path is never in it, and no step leads to
/// nothing, so that equal sets are equal trees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set(pub(crate) Vec<Node>);

/// One step in a [`Set`]: is the path up to here a member, and which go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) element: PathElement,
    pub(crate) member: bool,
    pub(crate) children: Set,
}

impl Node {
    const fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }
}

impl Set {
    /// Returns the set without paths.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns true if there is no path.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of paths.
    #[must_use]
    pub fn len(&self) -> usize {
        let count = |n: &Node| usize::from(n.member) + n.children.len();
        self.0.iter().map(count).sum()
    }

    fn find(&self, element: &PathElement) -> Result<usize, usize> {
        match self.0.last() {
            // Steps mostly arrive in order.
            Some(last) if last.element < *element => Err(self.0.len()),
            _ => self.0.binary_search_by(|n| n.element.cmp(element)),
        }
    }

    pub(crate) fn node(&self, element: &PathElement) -> Option<&Node> {
        self.find(element).ok().map(|i| &self.0[i])
    }

    /// Adds a step with what is below it; joins what is there already.
    pub(crate) fn push(&mut self, element: PathElement, member: bool, children: Self) {
        if !member && children.is_empty() {
            return;
        }
        match self.find(&element) {
            Ok(i) => {
                let node = &mut self.0[i];
                node.member |= member;
                if node.children.is_empty() {
                    node.children = children;
                } else if !children.is_empty() {
                    node.children = node.children.union(&children);
                }
            }
            Err(i) => self.0.insert(
                i,
                Node {
                    element,
                    member,
                    children,
                },
            ),
        }
    }

    /// Adds a path; the empty one is not added.
    pub fn insert(&mut self, path: &[PathElement]) {
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        let i = match self.find(first) {
            Ok(i) => i,
            Err(i) => {
                let node = Node {
                    element: first.clone(),
                    member: false,
                    children: Self::new(),
                };
                self.0.insert(i, node);
                i
            }
        };
        if rest.is_empty() {
            self.0[i].member = true;
        } else {
            self.0[i].children.insert(rest);
        }
    }

    /// Returns true if the path is in the set.
    #[must_use]
    pub fn has(&self, path: &[PathElement]) -> bool {
        match path {
            [] => false,
            [last] => self.node(last).is_some_and(|n| n.member),
            [first, rest @ ..] => self.node(first).is_some_and(|n| n.children.has(rest)),
        }
    }

    /// Returns the paths that are in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        self.zip(other, |a, b| match (a, b) {
            (Some(a), Some(b)) => Some(Node {
                element: a.element.clone(),
                member: a.member || b.member,
                children: a.children.union(&b.children),
            }),
            (one, other) => one.or(other).cloned(),
        })
    }

    /// Returns the paths that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.zip(other, |a, b| {
            let (a, b) = (a?, b?);
            Some(Node {
                element: a.element.clone(),
                member: a.member && b.member,
                children: a.children.intersection(&b.children),
            })
        })
    }

    /// Returns the paths that are not in `other`; what is below a removed path stays.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.zip(other, |a, b| match (a?, b) {
            (a, Some(b)) => Some(Node {
                element: a.element.clone(),
                member: a.member && !b.member,
                children: a.children.difference(&b.children),
            }),
            (a, None) => Some(a.clone()),
        })
    }

    /// Returns the paths that are neither in `other` nor below one that is.
    #[must_use]
    pub fn recursive_difference(&self, other: &Self) -> Self {
        self.zip(other, |a, b| match (a?, b) {
            (_, Some(b)) if b.member => None,
            (a, Some(b)) => Some(Node {
                element: a.element.clone(),
                member: a.member,
                children: a.children.recursive_difference(&b.children),
            }),
            (a, None) => Some(a.clone()),
        })
    }

    /// Returns the paths below which there is no other path.
    #[must_use]
    pub fn leaves(&self) -> Self {
        let nodes = self.0.iter().map(|n| Node {
            element: n.element.clone(),
            member: n.member && n.children.is_empty(),
            children: n.children.leaves(),
        });
        Self(nodes.filter(|n| !n.is_empty()).collect())
    }

    /// Returns true if a path leads through an item of a list.
    pub(crate) fn has_items(&self) -> bool {
        let is_item = |n: &Node| !matches!(n.element, PathElement::Field(_));
        self.0.iter().any(|n| is_item(n) || n.children.has_items())
    }

    /// Calls `visit` with every path, in the order in which API servers list conflicts: the paths
    /// that end at a level before those that go on below it.
    pub fn for_each(&self, mut visit: impl FnMut(&[PathElement])) {
        fn go(set: &Set, path: &mut Vec<PathElement>, visit: &mut impl FnMut(&[PathElement])) {
            for node in set.0.iter().filter(|n| n.member) {
                path.push(node.element.clone());
                visit(path);
                path.pop();
            }
            for node in set.0.iter().filter(|n| !n.children.is_empty()) {
                path.push(node.element.clone());
                go(&node.children, path, visit);
                path.pop();
            }
        }
        go(self, &mut Vec::new(), &mut visit);
    }

    /// Returns every path, in the order of [`Set::for_each`].
    #[must_use]
    pub fn paths(&self) -> Vec<Vec<PathElement>> {
        let mut paths = Vec::with_capacity(self.len());
        self.for_each(|path| paths.push(path.to_vec()));
        paths
    }

    /// Walks two sets side by side and keeps the steps that `join` makes and that are not empty.
    fn zip(
        &self,
        other: &Self,
        mut join: impl FnMut(Option<&Node>, Option<&Node>) -> Option<Node>,
    ) -> Self {
        let mut out = Vec::new();
        let (mut a, mut b) = (self.0.iter().peekable(), other.0.iter().peekable());
        loop {
            let order = match (a.peek(), b.peek()) {
                (None, None) => return Self(out),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(a), Some(b)) => a.element.cmp(&b.element),
            };
            let left = if order.is_le() { a.next() } else { None };
            let right = if order.is_ge() { b.next() } else { None };
            out.extend(join(left, right).filter(|n| !n.is_empty()));
        }
    }
}

impl<P: AsRef<[PathElement]>> FromIterator<P> for Set {
    fn from_iter<I: IntoIterator<Item = P>>(paths: I) -> Self {
        let mut set = Self::new();
        for path in paths {
            set.insert(path.as_ref());
        }
        set
    }
}
