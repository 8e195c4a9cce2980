//! Making nodes and changing them.

use super::{Node, NodeKind};
use crate::lines::{self, Lines};
use crate::parse::Layout;
use crate::resolve;
use crate::scan::Style;
use value::Value;

impl Node {
    /// Returns text, whatever it looks like.
    #[must_use]
    pub fn string(text: impl Into<Box<str>>, line: u32) -> Self {
        let (text, style) = (text.into(), Style::Plain);
        // The tag says so only where the look of it doesn't: a later value may take the style over.
        let tag = (!resolve::is_v3_text(&text)).then(|| long_tag("!!str"));
        Self {
            kind: NodeKind::Scalar { text, style },
            tag,
            line,
        }
    }

    /// Returns a plain scalar, which is what it looks like.
    #[must_use]
    pub fn plain(text: impl Into<Box<str>>, line: u32) -> Self {
        let (text, style) = (text.into(), Style::Plain);
        Self::of(NodeKind::Scalar { text, style }, line)
    }

    /// Returns a plain scalar that kyaml gave no tag: it is written as what it looks like, but counts
    /// as text until then.
    #[must_use]
    pub fn untagged(text: impl Into<Box<str>>, line: u32) -> Self {
        let mut node = Self::plain(text, line);
        node.untag();
        node
    }

    /// Drops the tag of a scalar, as kyaml does when it writes over one.
    pub fn untag(&mut self) {
        self.tag = match &self.kind {
            NodeKind::Scalar { style, .. } if *style == Style::Plain => Some(NO_TAG.into()),
            _ => None,
        };
    }

    /// Returns true for text, and for what counts as text because it has no tag.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.is_scalar() && (self.tag.as_deref() == Some(NO_TAG) || self.short_tag() == "!!str")
    }

    /// Returns a mapping.
    #[must_use]
    pub const fn mapping(members: Vec<(Self, Self)>, line: u32) -> Self {
        let layout = Layout::Block;
        Self::of(NodeKind::Mapping { members, layout }, line)
    }

    /// Returns a sequence.
    #[must_use]
    pub const fn sequence(elements: Vec<Self>, line: u32) -> Self {
        let layout = Layout::Block;
        Self::of(NodeKind::Sequence { elements, layout }, line)
    }

    const fn of(kind: NodeKind, line: u32) -> Self {
        Self {
            kind,
            tag: None,
            line,
        }
    }

    /// Returns the node that says the same as `value`.
    #[must_use]
    pub fn from_value(value: &Value, line: u32) -> Self {
        match value {
            Value::String(s) => Self::string(s.as_ref(), line),
            Value::Array(a) => {
                Self::sequence(a.iter().map(|v| Self::from_value(v, line)).collect(), line)
            }
            Value::Object(o) => {
                let member = |(k, v): (&value::Key, &Value)| {
                    (Self::string(k.as_str(), line), Self::from_value(v, line))
                };
                Self::mapping(o.iter().map(member).collect(), line)
            }
            other => Self::plain(other.to_json(), line),
        }
    }

    /// Returns the members of a mapping in the order written; none for anything else.
    #[must_use]
    pub fn members(&self) -> &[(Self, Self)] {
        match &self.kind {
            NodeKind::Mapping { members, .. } => members,
            _ => &[],
        }
    }

    /// Returns the members of a mapping to change them.
    pub const fn members_mut(&mut self) -> Option<&mut Vec<(Self, Self)>> {
        match &mut self.kind {
            NodeKind::Mapping { members, .. } => Some(members),
            _ => None,
        }
    }

    /// Returns the elements of a sequence; none for anything else.
    #[must_use]
    pub fn elements(&self) -> &[Self] {
        match &self.kind {
            NodeKind::Sequence { elements, .. } => elements,
            _ => &[],
        }
    }

    /// Returns the elements of a sequence to change them.
    pub const fn elements_mut(&mut self) -> Option<&mut Vec<Self>> {
        match &mut self.kind {
            NodeKind::Sequence { elements, .. } => Some(elements),
            _ => None,
        }
    }

    /// Returns the value of the first member `name` of a mapping to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        let members = self.members_mut()?;
        let member = members
            .iter_mut()
            .find(|(key, _)| key.as_text() == Some(name));
        member.map(|(_, value)| value)
    }

    /// Returns true for a mapping.
    #[must_use]
    pub const fn is_mapping(&self) -> bool {
        matches!(self.kind, NodeKind::Mapping { .. })
    }

    /// Returns true for a sequence.
    #[must_use]
    pub const fn is_sequence(&self) -> bool {
        matches!(self.kind, NodeKind::Sequence { .. })
    }

    /// Returns true for a scalar, `null` too.
    #[must_use]
    pub const fn is_scalar(&self) -> bool {
        matches!(self.kind, NodeKind::Scalar { .. })
    }

    /// Returns true for `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        match (&self.kind, self.tag.as_deref()) {
            (NodeKind::Scalar { text, style }, None) => {
                *style == Style::Plain
                    && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL")
            }
            _ => self.short_tag() == "!!null",
        }
    }

    /// Returns true for `null`, `{}` and `[]`.
    #[must_use]
    pub fn is_null_or_empty(&self) -> bool {
        match &self.kind {
            NodeKind::Mapping { members, .. } if members.is_empty() => true,
            NodeKind::Sequence { elements, .. } if elements.is_empty() => true,
            _ => self.is_null(),
        }
    }

    /// Changes the text of a scalar, but not what it is: a number stays a number, text stays text.
    pub fn set_text(&mut self, new: impl Into<Box<str>>) {
        let was = self.short_tag();
        let NodeKind::Scalar { text, style } = &mut self.kind else {
            return;
        };
        *text = new.into();
        if *style == Style::Plain
            && self.tag.is_none()
            && resolve::v3_tag(None, text, *style) != was
        {
            self.tag = Some(long_tag(&was));
        }
    }

    /// Returns a scalar in the style of another one, as kyaml sets fields: a number in place of
    /// text in quotes becomes text, and text stays text.
    #[must_use]
    pub fn styled_like(mut self, old: &Self) -> Self {
        let NodeKind::Scalar { style: wanted, .. } = old.kind else {
            return self;
        };
        let NodeKind::Scalar { text, style } = &mut self.kind else {
            return self;
        };
        if *style == wanted {
            return self;
        }
        let was_quoted = *style != Style::Plain;
        *style = wanted;
        match &self.tag {
            None if wanted == Style::Plain && was_quoted && !resolve::is_v3_text(text) => {
                self.tag = Some(long_tag("!!str"));
            }
            None => {}
            Some(tag) => {
                let tag = resolve::short_tag(tag);
                if tag == "!!str" && wanted != Style::Plain
                    || tag == resolve::v3_tag(None, text, Style::Plain)
                {
                    self.tag = None;
                }
            }
        }
        self
    }
}

/// The tag that says nothing.
const NO_TAG: &str = "!";

/// Returns the long form of a short tag of YAML's own.
fn long_tag(short: &str) -> Box<str> {
    let name = short.trim_start_matches("!!");
    format!("tag:yaml.org,2002:{name}").into()
}

impl Default for Node {
    /// Returns `null`.
    fn default() -> Self {
        Self::plain("null", 0)
    }
}

impl Node {
    /// Returns the lines of all parts, found by JSON pointer. Parts for which `line_of` gives nothing
    /// have none of their own.
    #[must_use]
    pub fn lines(&self, line_of: impl Fn(&Self) -> Option<u32>) -> Lines {
        let mut builder = lines::Builder::with_capacity(64);
        self.add_lines(lines::ROOT, line_of(self), &line_of, &mut builder);
        builder.build(0)
    }

    fn add_lines(
        &self,
        digest: u64,
        line: Option<u32>,
        line_of: &impl Fn(&Self) -> Option<u32>,
        builder: &mut lines::Builder,
    ) {
        if let Some(line) = line {
            builder.add(digest, line);
        }
        match &self.kind {
            NodeKind::Scalar { .. } => {}
            NodeKind::Sequence { elements, .. } => {
                for (i, element) in elements.iter().enumerate() {
                    let digest = lines::element(digest, i);
                    element.add_lines(digest, line_of(element), line_of, builder);
                }
            }
            NodeKind::Mapping { members, .. } => {
                for (key, value) in members {
                    let digest = lines::child(digest, key.as_text().unwrap_or(""));
                    // A member stands where its name stands, even if it has another value now.
                    let line = line_of(key).or_else(|| line_of(value));
                    value.add_lines(digest, line, line_of, builder);
                }
            }
        }
    }
}
