//! Lua's patterns, counted in steps: in the library's own, a pattern of a few stars can go back
//! and forth in a text for days, and objects' texts are anybody's.

use std::sync::atomic::{AtomicI64, Ordering};

/// Groups that a pattern may have, as in Lua.
const CAPTURES_MAX: usize = 32;
/// How deep a match may go back on itself.
const DEPTH_MAX: u32 = 200;

/// A group: where it is, or just a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capture {
    /// Begun and not ended.
    Open(usize),
    /// From here to there.
    Text(usize, usize),
    /// `()`
    Place(usize),
}

/// What is found: from where to where, and the groups.
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) captures: Vec<Capture>,
}

struct Matcher<'a> {
    text: &'a [u8],
    pattern: &'a [u8],
    captures: Vec<Capture>,
    steps: &'a AtomicI64,
    depth: u32,
}

type Step<T> = Result<T, &'static str>;

/// Finds a pattern in a text at or after `from`.
pub(super) fn find(
    text: &[u8],
    pattern: &[u8],
    from: usize,
    steps: &AtomicI64,
) -> Result<Option<Found>, &'static str> {
    let (pattern, is_anchored) = match pattern.strip_prefix(b"^") {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let mut matcher = Matcher {
        text,
        pattern,
        captures: Vec::new(),
        steps,
        depth: DEPTH_MAX,
    };
    for start in from..=text.len() {
        matcher.captures.clear();
        if let Some(end) = matcher.run(start, 0)? {
            return Ok(Some(Found {
                start,
                end,
                captures: matcher.captures,
            }));
        }
        if is_anchored {
            break;
        }
    }
    Ok(None)
}

impl Matcher<'_> {
    fn spend(&self) -> Step<()> {
        match self.steps.fetch_sub(1, Ordering::Relaxed) > 0 {
            true => Ok(()),
            false => Err("the check takes too many steps"),
        }
    }

    /// Matches the pattern from `p` at `s`; returns where the match ends.
    fn run(&mut self, s: usize, p: usize) -> Step<Option<usize>> {
        self.depth = self.depth.checked_sub(1).ok_or("pattern too complex")?;
        let found = self.step(s, p);
        self.depth += 1;
        found
    }

    fn step(&mut self, mut s: usize, mut p: usize) -> Step<Option<usize>> {
        loop {
            self.spend()?;
            let Some(&c) = self.pattern.get(p) else {
                return Ok(Some(s));
            };
            match (c, self.pattern.get(p + 1)) {
                (b'(', Some(b')')) => return self.group(s, p + 2, Capture::Place(s)),
                (b'(', _) => return self.group(s, p + 1, Capture::Open(s)),
                (b')', _) => return self.end_group(s, p + 1),
                (b'$', None) => return Ok((s == self.text.len()).then_some(s)),
                (b'%', Some(b'b')) => match self.balanced(s, p + 2)? {
                    Some(end) => {
                        s = end;
                        p += 4;
                        continue;
                    }
                    None => return Ok(None),
                },
                (b'%', Some(b'f')) => {
                    p += 2;
                    if self.pattern.get(p) != Some(&b'[') {
                        return Err("missing '[' after '%f' in pattern");
                    }
                    let end = self.class_end(p)?;
                    let before = s.checked_sub(1).map_or(0, |at| self.text[at]);
                    let here = self.text.get(s).copied().unwrap_or(0);
                    if self.in_set(before, p, end) || !self.in_set(here, p, end) {
                        return Ok(None);
                    }
                    p = end;
                    continue;
                }
                (b'%', Some(digit @ b'0'..=b'9')) => match self.same_as_group(s, *digit)? {
                    Some(end) => {
                        s = end;
                        p += 2;
                        continue;
                    }
                    None => return Ok(None),
                },
                _ => {}
            }
            let end = self.class_end(p)?;
            match self.pattern.get(end) {
                Some(b'?') => {
                    if self.fits(s, p, end)
                        && let Some(found) = self.run(s + 1, end + 1)?
                    {
                        return Ok(Some(found));
                    }
                    p = end + 1;
                }
                Some(b'+') => {
                    return match self.fits(s, p, end) {
                        true => self.most(s + 1, p, end),
                        false => Ok(None),
                    };
                }
                Some(b'*') => return self.most(s, p, end),
                Some(b'-') => return self.fewest(s, p, end),
                _ if self.fits(s, p, end) => {
                    s += 1;
                    p = end;
                }
                _ => return Ok(None),
            }
        }
    }

    /// As many as fit, then fewer.
    fn most(&mut self, s: usize, p: usize, end: usize) -> Step<Option<usize>> {
        let mut count = 0;
        while self.fits(s + count, p, end) {
            self.spend()?;
            count += 1;
        }
        loop {
            if let Some(found) = self.run(s + count, end + 1)? {
                return Ok(Some(found));
            }
            match count {
                0 => return Ok(None),
                _ => count -= 1,
            }
        }
    }

    /// As few as do, then more.
    fn fewest(&mut self, mut s: usize, p: usize, end: usize) -> Step<Option<usize>> {
        loop {
            if let Some(found) = self.run(s, end + 1)? {
                return Ok(Some(found));
            }
            if !self.fits(s, p, end) {
                return Ok(None);
            }
            s += 1;
        }
    }

    fn group(&mut self, s: usize, p: usize, capture: Capture) -> Step<Option<usize>> {
        if self.captures.len() >= CAPTURES_MAX {
            return Err("too many captures");
        }
        let before = self.captures.len();
        self.captures.push(capture);
        let found = self.run(s, p)?;
        if found.is_none() {
            self.captures.truncate(before);
        }
        Ok(found)
    }

    fn end_group(&mut self, s: usize, p: usize) -> Step<Option<usize>> {
        let is_open = |capture: &Capture| matches!(capture, Capture::Open(_));
        let Some(at) = self.captures.iter().rposition(is_open) else {
            return Err("invalid pattern capture");
        };
        let open = self.captures[at];
        if let Capture::Open(start) = open {
            self.captures[at] = Capture::Text(start, s);
        }
        let found = self.run(s, p)?;
        if found.is_none() {
            self.captures[at] = open;
        }
        Ok(found)
    }

    /// `%bxy`
    fn balanced(&self, s: usize, p: usize) -> Step<Option<usize>> {
        let (Some(open), Some(close)) = (self.pattern.get(p), self.pattern.get(p + 1)) else {
            return Err("missing arguments to '%b'");
        };
        if self.text.get(s) != Some(open) {
            return Ok(None);
        }
        let mut depth = 1;
        for (at, c) in self.text.iter().enumerate().skip(s + 1) {
            self.spend()?;
            if c == close {
                depth -= 1;
                if depth == 0 {
                    return Ok(Some(at + 1));
                }
            } else if c == open {
                depth += 1;
            }
        }
        Ok(None)
    }

    /// `%1`
    fn same_as_group(&self, s: usize, digit: u8) -> Step<Option<usize>> {
        let capture = usize::from(digit).checked_sub(usize::from(b'1'));
        let Some(Capture::Text(start, end)) = capture.and_then(|at| self.captures.get(at)) else {
            return Err("invalid capture index");
        };
        let wanted = &self.text[*start..*end];
        Ok(self.text[s..]
            .starts_with(wanted)
            .then_some(s + wanted.len()))
    }

    /// Returns where the single class at `p` ends.
    fn class_end(&self, p: usize) -> Step<usize> {
        match (self.pattern.get(p), self.pattern.get(p + 1)) {
            (Some(b'%'), None) => Err("malformed pattern (ends with '%')"),
            (Some(b'%'), Some(_)) => Ok(p + 2),
            (Some(b'['), _) => {
                let mut at = p + 1;
                if self.pattern.get(at) == Some(&b'^') {
                    at += 1;
                }
                loop {
                    match self.pattern.get(at) {
                        None => return Err("malformed pattern (missing ']')"),
                        Some(b'%') => at += 2,
                        Some(_) => at += 1,
                    }
                    if self.pattern.get(at) == Some(&b']') {
                        return Ok(at + 1);
                    }
                }
            }
            _ => Ok(p + 1),
        }
    }

    fn fits(&self, s: usize, p: usize, end: usize) -> bool {
        let Some(&c) = self.text.get(s) else {
            return false;
        };
        match self.pattern[p] {
            b'.' => true,
            b'%' => is_of(c, self.pattern[p + 1]),
            b'[' => self.in_set(c, p, end),
            same => same == c,
        }
    }

    fn in_set(&self, c: u8, p: usize, end: usize) -> bool {
        let set = &self.pattern[p + 1..end - 1];
        let (set, wanted) = match set.strip_prefix(b"^") {
            Some(set) => (set, false),
            None => (set, true),
        };
        let mut at = 0;
        while at < set.len() {
            let hit = match (set[at], set.get(at + 1), set.get(at + 2)) {
                (b'%', Some(class), _) => {
                    at += 2;
                    is_of(c, *class)
                }
                (low, Some(b'-'), Some(high)) => {
                    at += 3;
                    (low..=*high).contains(&c)
                }
                (same, ..) => {
                    at += 1;
                    same == c
                }
            };
            if hit {
                return wanted;
            }
        }
        !wanted
    }
}

/// `%a` and its kin; a capital letter turns it round, another character stands for itself.
fn is_of(c: u8, class: u8) -> bool {
    let is = match class.to_ascii_lowercase() {
        b'a' => c.is_ascii_alphabetic(),
        b'c' => c.is_ascii_control(),
        b'd' => c.is_ascii_digit(),
        b'g' => c.is_ascii_graphic(),
        b'l' => c.is_ascii_lowercase(),
        b'p' => c.is_ascii_punctuation(),
        b's' => c.is_ascii_whitespace() || c == 0x0b,
        b'u' => c.is_ascii_uppercase(),
        b'w' => c.is_ascii_alphanumeric(),
        b'x' => c.is_ascii_hexdigit(),
        b'z' => c == 0,
        _ => return class == c,
    };
    is != class.is_ascii_uppercase()
}
