//! Glob patterns as Argo CD's projects and directory sources read them.
//!
//! `*` is any run of characters except separators, `**` any run at all, `?` one character that is no
//! separator, `[abc]`, `[a-c]` and `[!a-c]` one of a set, `{a,b*}` one of several patterns, and a
//! backslash takes the next character as it is. A brace left open ends with the pattern.
//!
//! ```
//! use value::glob::Glob;
//! let glob = Glob::new("*.{yaml,yml}", &['/']).unwrap();
//! assert!(glob.matches("a.yml") && !glob.matches("a/b.yml"));
//! ```

/// Bytes of a pattern. Matching takes time in proportion to pattern times text.
pub const PATTERN_BYTES_MAX: usize = 4096;

/// A pattern that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GlobError {
    /// A `[` without its `]`.
    #[error("unexpected end of input")]
    OpenRange,
    /// Something follows a range like `a-c` inside `[]`.
    #[error("expected close range character")]
    RangeNotClosed,
    /// `[]` or `[!]`.
    #[error("could not parse range")]
    EmptyRange,
    /// A range like `c-a`.
    #[error("hi character '{1}' should be greater than lo '{0}'")]
    BackwardRange(char, char),
    /// The pattern is longer than [`PATTERN_BYTES_MAX`].
    #[error("a pattern may have {PATTERN_BYTES_MAX} bytes")]
    TooLong,
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Glob {
    /// A machine with many states at once: no text makes it slow.
    steps: Vec<Step>,
    separators: Box<[char]>,
    /// The two texts of a pattern that is a text, any run of characters, and a text.
    ///
    /// The reference only looks how the text begins and ends, so that the two may overlap:
    /// `a/**/b` matches `a/b`. Projects rely on it.
    edges: Option<Box<(String, String)>>,
}

#[derive(Debug, Clone)]
enum Step {
    Char(char),
    /// One character that is no separator.
    Single,
    Any,
    Set {
        negated: bool,
        set: Set,
    },
    /// Goes on at both places.
    Split(usize, usize),
    Jump(usize),
    Match,
}

#[derive(Debug, Clone)]
enum Set {
    Range(char, char),
    Chars(Box<[char]>),
}

impl Glob {
    /// Compiles a pattern; no wildcard but `**` crosses one of `separators`.
    ///
    /// # Errors
    /// Fails if a `[` doesn't contain what it should.
    pub fn new(pattern: &str, separators: &[char]) -> Result<Self, GlobError> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(GlobError::TooLong);
        }
        let mut compiler = Compiler {
            rest: pattern,
            steps: Vec::with_capacity(pattern.len() + 1),
            open: Vec::new(),
        };
        compiler.run()?;
        Ok(Self {
            edges: edges(&compiler.steps, separators),
            steps: compiler.steps,
            separators: separators.into(),
        })
    }

    /// Returns true if the whole text fits the pattern.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        if let Some((start, end)) = self.edges.as_deref() {
            return text.starts_with(start) && text.ends_with(end);
        }
        let mut now = States::new(self.steps.len());
        let mut next = States::new(self.steps.len());
        now.add(&self.steps, 0);
        for c in text.chars() {
            for &at in &now.list {
                let fits = match &self.steps[at] {
                    Step::Char(want) => *want == c,
                    Step::Single => !self.separators.contains(&c),
                    Step::Any => true,
                    Step::Set { negated, set } => set.contains(c) != *negated,
                    Step::Split(..) | Step::Jump(_) | Step::Match => false,
                };
                if fits {
                    next.add(&self.steps, at + 1);
                }
            }
            std::mem::swap(&mut now, &mut next);
            next.clear();
            if now.list.is_empty() {
                return false;
            }
        }
        now.list
            .iter()
            .any(|at| matches!(self.steps[*at], Step::Match))
    }
}

/// Returns what stands before and behind the one wildcard of a pattern, see [`Glob::edges`].
fn edges(steps: &[Step], separators: &[char]) -> Option<Box<(String, String)>> {
    let text = |steps: &[Step]| -> Option<String> {
        let chars = steps.iter().map(|step| match step {
            Step::Char(c) => Some(*c),
            _ => None,
        });
        chars
            .collect::<Option<String>>()
            .filter(|text| !text.is_empty())
    };
    let split = steps.iter().position(|s| matches!(s, Step::Split(..)))?;
    let crosses = match steps.get(split + 1)? {
        Step::Any => true,
        Step::Single => separators.is_empty(),
        _ => false,
    };
    let (last, behind) = steps.get(split + 3..)?.split_last()?;
    let whole = crosses && matches!(last, Step::Match);
    whole.then(|| Some(Box::new((text(&steps[..split])?, text(behind)?))))?
}

impl Set {
    fn contains(&self, c: char) -> bool {
        match self {
            Self::Range(lo, hi) => (*lo..=*hi).contains(&c),
            Self::Chars(chars) => chars.contains(&c),
        }
    }
}

/// The places in the machine that are reached.
struct States {
    list: Vec<usize>,
    seen: Vec<bool>,
    pending: Vec<usize>,
}

impl States {
    fn new(len: usize) -> Self {
        Self {
            list: Vec::new(),
            seen: vec![false; len],
            pending: Vec::new(),
        }
    }

    fn add(&mut self, steps: &[Step], at: usize) {
        self.pending.push(at);
        while let Some(at) = self.pending.pop() {
            if std::mem::replace(&mut self.seen[at], true) {
                continue;
            }
            match steps[at] {
                Step::Split(a, b) => self.pending.extend([b, a]),
                Step::Jump(to) => self.pending.push(to),
                _ => self.list.push(at),
            }
        }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.seen.fill(false);
    }
}

/// A `{` whose `}` is yet to come.
struct Open {
    /// Where the alternative begins, at its `Split`.
    start: usize,
    /// The jumps from the ends of the alternatives before it.
    ends: Vec<usize>,
}

struct Compiler<'a> {
    rest: &'a str,
    steps: Vec<Step>,
    open: Vec<Open>,
}

impl Compiler<'_> {
    fn run(&mut self) -> Result<(), GlobError> {
        while let Some(c) = self.take() {
            match c {
                '{' => {
                    self.open.push(Open {
                        start: self.steps.len(),
                        ends: Vec::new(),
                    });
                    // Leads past this alternative once there is another.
                    self.steps.push(Step::Jump(self.steps.len() + 1));
                }
                ',' if !self.open.is_empty() => self.alternative(),
                '}' if !self.open.is_empty() => self.close(),
                '[' => self.range()?,
                '?' => self.steps.push(Step::Single),
                '*' => {
                    let step = if self.rest.starts_with('*') {
                        self.take();
                        Step::Any
                    } else {
                        Step::Single
                    };
                    self.repeat(step);
                }
                '\\' => {
                    if let Some(c) = self.take() {
                        self.steps.push(Step::Char(c));
                    }
                }
                c => self.steps.push(Step::Char(c)),
            }
        }
        while !self.open.is_empty() {
            self.close();
        }
        self.steps.push(Step::Match);
        Ok(())
    }

    fn take(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn repeat(&mut self, step: Step) {
        let start = self.steps.len();
        self.steps.push(Step::Split(start + 1, start + 3));
        self.steps.push(step);
        self.steps.push(Step::Jump(start));
    }

    fn alternative(&mut self) {
        let end = self.steps.len();
        self.steps.push(Step::Jump(end));
        let start = self.steps.len();
        let open = self.open.last_mut().expect("the caller looked");
        open.ends.push(end);
        self.steps[open.start] = Step::Split(open.start + 1, start);
        open.start = start;
        self.steps.push(Step::Jump(start + 1));
    }

    fn close(&mut self) {
        let open = self.open.pop().expect("the caller looked");
        let here = self.steps.len();
        for end in open.ends {
            self.steps[end] = Step::Jump(here);
        }
    }

    fn range(&mut self) -> Result<(), GlobError> {
        let negated = self.rest.starts_with('!');
        if negated {
            self.take();
        }
        let before = self.rest;
        let lo = self.take().ok_or(GlobError::OpenRange)?;
        let set = if self.rest.starts_with('-') {
            self.take();
            let hi = self.take().ok_or(GlobError::OpenRange)?;
            if hi < lo {
                return Err(GlobError::BackwardRange(lo, hi));
            }
            match self.take() {
                Some(']') => Set::Range(lo, hi),
                Some(_) => return Err(GlobError::RangeNotClosed),
                None => return Err(GlobError::OpenRange),
            }
        } else {
            self.rest = before;
            let mut chars = Vec::new();
            loop {
                match self.take().ok_or(GlobError::OpenRange)? {
                    ']' => break,
                    '\\' => chars.extend(self.take()),
                    c => chars.push(c),
                }
            }
            if chars.is_empty() {
                return Err(GlobError::EmptyRange);
            }
            Set::Chars(chars.into())
        };
        self.steps.push(Step::Set { negated, set });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Glob, GlobError};

    #[test]
    fn alternatives_nest_and_end_with_the_pattern() {
        let matches =
            |pattern: &str, text: &str| Glob::new(pattern, &[]).expect(pattern).matches(text);
        assert!(matches("x{a,{b,c}d,}y", "xay"));
        assert!(matches("x{a,{b,c}d,}y", "xcdy"));
        assert!(matches("x{a,{b,c}d,}y", "xy"));
        assert!(!matches("x{a,{b,c}d,}y", "xby"));
        assert!(matches("a{b,c", "ac"));
        assert!(matches("a,b}", "a,b}"));
        assert!(matches(r"\{a\,", "{a,"));
    }

    #[test]
    fn no_pattern_is_slow() {
        let glob = Glob::new(&"*a".repeat(200), &[]).expect("it is short");
        assert!(!glob.matches(&format!("{}b", "a".repeat(2000))));
        assert!(matches!(
            Glob::new(&"a".repeat(5000), &[]),
            Err(GlobError::TooLong)
        ));
    }

    #[test]
    fn mistakes_are_named() {
        for (pattern, want) in [
            ("[a", "unexpected end of input"),
            ("[]", "could not parse range"),
            ("[c-a]", "hi character 'a' should be greater than lo 'c'"),
            ("[a-cx]", "expected close range character"),
        ] {
            let error = Glob::new(pattern, &[]).expect_err(pattern);
            assert_eq!(error.to_string(), want);
        }
    }
}
