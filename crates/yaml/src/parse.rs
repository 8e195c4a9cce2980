//! From tokens to events: the grammar.

use crate::error::{Error, ErrorKind};
use crate::scan::{Dialect, Mark, Scanner, Style, Token, TokenKind, error_at};
use std::borrow::Cow;

/// What a node carries besides its content.
#[derive(Debug, Default)]
pub(crate) struct Properties<'a> {
    pub(crate) anchor: Option<&'a str>,
    /// The whole tag, prefix of its handle included.
    pub(crate) tag: Option<Box<str>>,
}

/// How a collection is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// By indentation.
    #[default]
    Block,
    /// In brackets or braces.
    Flow,
}

#[derive(Debug)]
pub(crate) enum EventKind<'a> {
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias(&'a str),
    Scalar {
        properties: Properties<'a>,
        text: Cow<'a, str>,
        style: Style,
    },
    SequenceStart(Properties<'a>, Layout),
    MappingStart(Properties<'a>, Layout),
    /// The end of a sequence or mapping.
    End,
}

#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) kind: EventKind<'a>,
    pub(crate) mark: Mark,
}

#[derive(Debug, Clone, Copy)]
enum State {
    DocumentStart {
        implicit: bool,
    },
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequence,
    IndentlessSequence,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequence {
        first: bool,
    },
    /// Behind `?` in a flow sequence, which stands for a mapping of one key.
    FlowPairKey,
    FlowPairValue,
    FlowPairEnd,
    FlowMappingKey {
        first: bool,
    },
    FlowMappingValue,
    /// Behind a key without `:`.
    FlowMappingNoValue,
    End,
}

/// Where a node stands, which decides what it may look like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Flow,
    Block,
    /// As the key or value of a block mapping, where a sequence needs no indentation of its own.
    BlockOrIndentless,
}

pub(crate) struct Parser<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
    state: State,
    states: Vec<State>,
    tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

type Parse<T> = Result<T, Error>;

/// A peeked token, without its text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Peek {
    StreamEnd,
    Directive,
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias,
    Anchor,
    Tag,
    Scalar,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(
        text: &'a str,
        bad: Option<Error>,
        two_marks: bool,
        dialect: Dialect,
    ) -> Self {
        Self {
            text,
            scanner: Scanner::new(text, bad, two_marks, dialect),
            state: State::DocumentStart { implicit: true },
            states: Vec::with_capacity(16),
            tags: Vec::new(),
        }
    }

    pub(crate) fn next(&mut self) -> Parse<Event<'a>> {
        match self.state {
            State::DocumentStart { implicit } => self.document_start(implicit),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(Place::Block),
            State::BlockSequence => self.block_sequence(),
            State::IndentlessSequence => self.indentless_sequence(),
            State::BlockMappingKey => self.block_mapping_key(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequence { first } => self.flow_sequence(first),
            State::FlowPairKey => self.flow_pair_key(),
            State::FlowPairValue => self.flow_pair_value(),
            State::FlowPairEnd => {
                let (_, mark) = self.peek()?;
                self.state = State::FlowSequence { first: false };
                Ok(event(EventKind::End, mark))
            }
            State::FlowMappingKey { first } => self.flow_mapping_key(first),
            State::FlowMappingValue => self.flow_mapping_value(),
            State::FlowMappingNoValue => {
                let (_, mark) = self.peek()?;
                Ok(self.empty(State::FlowMappingKey { first: false }, mark))
            }
            State::End => Ok(event(EventKind::StreamEnd, Mark::default())),
        }
    }

    fn peek(&mut self) -> Parse<(Peek, Mark)> {
        loop {
            let token = self.scanner.peek()?;
            let peek = match token.kind {
                TokenKind::StreamStart => {
                    self.scanner.take();
                    continue;
                }
                TokenKind::StreamEnd => Peek::StreamEnd,
                TokenKind::VersionDirective { .. } | TokenKind::TagDirective(_) => Peek::Directive,
                TokenKind::DocumentStart => Peek::DocumentStart,
                TokenKind::DocumentEnd => Peek::DocumentEnd,
                TokenKind::BlockSequenceStart => Peek::BlockSequenceStart,
                TokenKind::BlockMappingStart => Peek::BlockMappingStart,
                TokenKind::BlockEnd => Peek::BlockEnd,
                TokenKind::FlowSequenceStart => Peek::FlowSequenceStart,
                TokenKind::FlowSequenceEnd => Peek::FlowSequenceEnd,
                TokenKind::FlowMappingStart => Peek::FlowMappingStart,
                TokenKind::FlowMappingEnd => Peek::FlowMappingEnd,
                TokenKind::BlockEntry => Peek::BlockEntry,
                TokenKind::FlowEntry => Peek::FlowEntry,
                TokenKind::Key => Peek::Key,
                TokenKind::Value => Peek::Value,
                TokenKind::Alias(_) => Peek::Alias,
                TokenKind::Anchor(_) => Peek::Anchor,
                TokenKind::Tag(_) => Peek::Tag,
                TokenKind::Scalar { .. } => Peek::Scalar,
            };
            return Ok((peek, token.start));
        }
    }

    fn take(&mut self) -> Token<'a> {
        self.scanner.take()
    }

    fn pop(&mut self) {
        self.state = self
            .states
            .pop()
            .expect("each node was entered with a state to return to");
    }

    fn error(&self, problem: &'static str, mark: Mark) -> Error {
        error_at(self.text, ErrorKind::Parse, problem, mark).with_go_line(mark.line)
    }

    /// Returns the event of a node that isn't written.
    fn empty(&mut self, then: State, mark: Mark) -> Event<'a> {
        self.state = then;
        let properties = Properties::default();
        scalar(properties, Cow::Borrowed(""), Style::Plain, mark)
    }

    fn document_start(&mut self, implicit: bool) -> Parse<Event<'a>> {
        let (mut peek, mut mark) = self.peek()?;
        while !implicit && peek == Peek::DocumentEnd {
            self.take();
            (peek, mark) = self.peek()?;
        }
        match peek {
            Peek::StreamEnd => {
                self.state = State::End;
                Ok(event(EventKind::StreamEnd, mark))
            }
            Peek::Directive | Peek::DocumentStart => self.explicit_document_start(mark),
            _ if implicit => {
                self.directives()?;
                self.states.push(State::DocumentEnd);
                self.state = State::BlockNode;
                Ok(event(EventKind::DocumentStart, mark))
            }
            _ => self.explicit_document_start(mark),
        }
    }

    fn explicit_document_start(&mut self, mark: Mark) -> Parse<Event<'a>> {
        self.directives()?;
        let (peek, at) = self.peek()?;
        if peek != Peek::DocumentStart {
            return Err(self.error("did not find expected <document start>", at));
        }
        self.take();
        self.states.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        Ok(event(EventKind::DocumentStart, mark))
    }

    fn directives(&mut self) -> Parse<()> {
        let mut version_seen = false;
        loop {
            let (peek, mark) = self.peek()?;
            if peek != Peek::Directive {
                break;
            }
            match self.take().kind {
                TokenKind::VersionDirective { .. } if version_seen => {
                    return Err(self.error("found duplicate %YAML directive", mark));
                }
                TokenKind::VersionDirective { major: 1, minor: 1 } => version_seen = true,
                TokenKind::VersionDirective { .. } => {
                    return Err(self.error("found incompatible YAML document", mark));
                }
                TokenKind::TagDirective(tag) => {
                    if self.tags.iter().any(|(handle, _)| *handle == tag.0) {
                        return Err(self.error("found duplicate %TAG directive", mark));
                    }
                    self.tags.push(*tag);
                }
                _ => {}
            }
        }
        for (handle, prefix) in [("!", "!"), ("!!", "tag:yaml.org,2002:")] {
            if !self.tags.iter().any(|(h, _)| h == handle) {
                self.tags.push((handle.into(), prefix.into()));
            }
        }
        Ok(())
    }

    fn document_content(&mut self) -> Parse<Event<'a>> {
        let (peek, mark) = self.peek()?;
        match peek {
            Peek::Directive | Peek::DocumentStart | Peek::DocumentEnd | Peek::StreamEnd => {
                self.pop();
                let then = self.state;
                Ok(self.empty(then, mark))
            }
            _ => self.node(Place::Block),
        }
    }

    fn document_end(&mut self) -> Parse<Event<'a>> {
        let (peek, mark) = self.peek()?;
        if peek == Peek::DocumentEnd {
            self.take();
        }
        self.tags.clear();
        self.state = State::DocumentStart { implicit: false };
        Ok(event(EventKind::DocumentEnd, mark))
    }

    fn node(&mut self, place: Place) -> Parse<Event<'a>> {
        let (mut peek, start) = self.peek()?;
        if peek == Peek::Alias {
            self.pop();
            let TokenKind::Alias(name) = self.take().kind else {
                unreachable!("it was peeked at");
            };
            return Ok(event(EventKind::Alias(name), start));
        }
        let mut properties = Properties::default();
        let mut tag = None;
        let mut at = start;
        // An anchor and a tag, in either order.
        while (peek == Peek::Anchor && properties.anchor.is_none())
            || (peek == Peek::Tag && tag.is_none())
        {
            match self.take().kind {
                TokenKind::Anchor(name) => properties.anchor = Some(name),
                TokenKind::Tag(parts) => tag = Some((parts, at)),
                _ => unreachable!("it was peeked at"),
            }
            (peek, at) = self.peek()?;
        }
        if let Some((parts, mark)) = tag {
            properties.tag = Some(self.whole_tag(&parts.0, &parts.1, mark)?);
        }
        let kind = match peek {
            Peek::BlockEntry if place == Place::BlockOrIndentless => {
                self.state = State::IndentlessSequence;
                EventKind::SequenceStart(properties, Layout::Block)
            }
            Peek::Scalar => {
                self.pop();
                let TokenKind::Scalar { text, style } = self.take().kind else {
                    unreachable!("it was peeked at");
                };
                return Ok(scalar(properties, text, style, start));
            }
            Peek::FlowSequenceStart => {
                self.take();
                self.state = State::FlowSequence { first: true };
                EventKind::SequenceStart(properties, Layout::Flow)
            }
            Peek::FlowMappingStart => {
                self.take();
                self.state = State::FlowMappingKey { first: true };
                EventKind::MappingStart(properties, Layout::Flow)
            }
            Peek::BlockSequenceStart if place != Place::Flow => {
                self.take();
                self.state = State::BlockSequence;
                EventKind::SequenceStart(properties, Layout::Block)
            }
            Peek::BlockMappingStart if place != Place::Flow => {
                self.take();
                self.state = State::BlockMappingKey;
                EventKind::MappingStart(properties, Layout::Block)
            }
            _ if properties.anchor.is_some() || properties.tag.is_some() => {
                self.pop();
                // A tag without content: the empty text.
                return Ok(scalar(properties, Cow::Borrowed(""), Style::Plain, start));
            }
            _ => return Err(self.error("did not find expected node content", at)),
        };
        Ok(event(kind, start))
    }

    fn whole_tag(&self, handle: &str, suffix: &str, mark: Mark) -> Parse<Box<str>> {
        if handle.is_empty() {
            return Ok(suffix.into());
        }
        match self.tags.iter().find(|(h, _)| h == handle) {
            Some((_, prefix)) => Ok(format!("{prefix}{suffix}").into()),
            None => Err(self.error("found undefined tag handle", mark)),
        }
    }

    fn block_sequence(&mut self) -> Parse<Event<'a>> {
        let (peek, mark) = self.peek()?;
        match peek {
            Peek::BlockEntry => {
                let mark = self.take().start;
                if matches!(self.peek()?.0, Peek::BlockEntry | Peek::BlockEnd) {
                    return Ok(self.empty(State::BlockSequence, mark));
                }
                self.states.push(State::BlockSequence);
                self.node(Place::Block)
            }
            Peek::BlockEnd => Ok(self.end(mark)),
            _ => Err(self.error("did not find expected '-' indicator", mark)),
        }
    }

    /// Takes the token that ends a collection.
    fn end(&mut self, mark: Mark) -> Event<'a> {
        self.take();
        self.pop();
        event(EventKind::End, mark)
    }

    fn indentless_sequence(&mut self) -> Parse<Event<'a>> {
        let (peek, mark) = self.peek()?;
        if peek != Peek::BlockEntry {
            self.pop();
            return Ok(event(EventKind::End, mark));
        }
        let mark = self.take().start;
        match self.peek()?.0 {
            Peek::BlockEntry | Peek::Key | Peek::Value | Peek::BlockEnd => {
                Ok(self.empty(State::IndentlessSequence, mark))
            }
            _ => {
                self.states.push(State::IndentlessSequence);
                self.node(Place::Block)
            }
        }
    }

    fn block_mapping_key(&mut self) -> Parse<Event<'a>> {
        let (peek, mark) = self.peek()?;
        match peek {
            Peek::Key => {
                let mark = self.take().start;
                self.block_mapping_node(State::BlockMappingValue, mark)
            }
            Peek::BlockEnd => Ok(self.end(mark)),
            _ => Err(self.error("did not find expected key", mark)),
        }
    }

    fn block_mapping_value(&mut self) -> Parse<Event<'a>> {
        let (peek, mark) = self.peek()?;
        if peek != Peek::Value {
            return Ok(self.empty(State::BlockMappingKey, mark));
        }
        let mark = self.take().start;
        self.block_mapping_node(State::BlockMappingKey, mark)
    }

    fn block_mapping_node(&mut self, then: State, mark: Mark) -> Parse<Event<'a>> {
        match self.peek()?.0 {
            Peek::Key | Peek::Value | Peek::BlockEnd => Ok(self.empty(then, mark)),
            _ => {
                self.states.push(then);
                self.node(Place::BlockOrIndentless)
            }
        }
    }

    fn flow_sequence(&mut self, first: bool) -> Parse<Event<'a>> {
        let (mut peek, mut mark) = self.peek()?;
        if peek != Peek::FlowSequenceEnd {
            if !first {
                if peek != Peek::FlowEntry {
                    return Err(self.error("did not find expected ',' or ']'", mark));
                }
                self.take();
                (peek, mark) = self.peek()?;
            }
            if peek == Peek::Key {
                self.take();
                self.state = State::FlowPairKey;
                return Ok(event(
                    EventKind::MappingStart(Properties::default(), Layout::Flow),
                    mark,
                ));
            }
            if peek != Peek::FlowSequenceEnd {
                self.states.push(State::FlowSequence { first: false });
                return self.node(Place::Flow);
            }
        }
        Ok(self.end(mark))
    }

    fn flow_pair_key(&mut self) -> Parse<Event<'a>> {
        match self.peek()?.0 {
            Peek::Value | Peek::FlowEntry | Peek::FlowSequenceEnd => {
                // The reference takes the token here, too: `[? , a]` is read as `[? a]`.
                let mark = self.take().start;
                Ok(self.empty(State::FlowPairValue, mark))
            }
            _ => {
                self.states.push(State::FlowPairValue);
                self.node(Place::Flow)
            }
        }
    }

    fn flow_pair_value(&mut self) -> Parse<Event<'a>> {
        let (peek, mut mark) = self.peek()?;
        if peek == Peek::Value {
            self.take();
            let (peek, at) = self.peek()?;
            if !matches!(peek, Peek::FlowEntry | Peek::FlowSequenceEnd) {
                self.states.push(State::FlowPairEnd);
                return self.node(Place::Flow);
            }
            mark = at;
        }
        Ok(self.empty(State::FlowPairEnd, mark))
    }

    fn flow_mapping_key(&mut self, first: bool) -> Parse<Event<'a>> {
        let (mut peek, mut mark) = self.peek()?;
        if peek != Peek::FlowMappingEnd {
            if !first {
                if peek != Peek::FlowEntry {
                    return Err(self.error("did not find expected ',' or '}'", mark));
                }
                self.take();
                (peek, mark) = self.peek()?;
            }
            if peek == Peek::Key {
                self.take();
                let (peek, mark) = self.peek()?;
                if matches!(peek, Peek::Value | Peek::FlowEntry | Peek::FlowMappingEnd) {
                    return Ok(self.empty(State::FlowMappingValue, mark));
                }
                self.states.push(State::FlowMappingValue);
                return self.node(Place::Flow);
            }
            if peek != Peek::FlowMappingEnd {
                self.states.push(State::FlowMappingNoValue);
                return self.node(Place::Flow);
            }
        }
        Ok(self.end(mark))
    }

    fn flow_mapping_value(&mut self) -> Parse<Event<'a>> {
        let then = State::FlowMappingKey { first: false };
        let (peek, mut mark) = self.peek()?;
        if peek == Peek::Value {
            self.take();
            let (peek, at) = self.peek()?;
            if !matches!(peek, Peek::FlowEntry | Peek::FlowMappingEnd) {
                self.states.push(then);
                return self.node(Place::Flow);
            }
            mark = at;
        }
        Ok(self.empty(then, mark))
    }
}

const fn event(kind: EventKind<'_>, mark: Mark) -> Event<'_> {
    Event { kind, mark }
}

const fn scalar<'a>(
    properties: Properties<'a>,
    text: Cow<'a, str>,
    style: Style,
    mark: Mark,
) -> Event<'a> {
    let kind = EventKind::Scalar {
        properties,
        text,
        style,
    };
    Event { kind, mark }
}
