//! `.helmignore`.

/// Which files of a folder belong to no chart.
#[derive(Clone, Debug, Default)]
pub struct Rules(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    pattern: String,
    negated: bool,
    folders_only: bool,
    place: Place,
    shape: Shape,
}

/// How a pattern can be compared; most need no look at single characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A name without anything special.
    Exact,
    /// A star and what names end with.
    Ending,
    /// Anything else.
    Any,
}

impl Shape {
    fn of(pattern: &str) -> Self {
        let is_plain = |text: &str| !text.contains(['*', '?', '[', '\\']);
        match pattern.strip_prefix('*') {
            None if is_plain(pattern) => Self::Exact,
            Some(rest) if is_plain(rest) && !rest.contains('/') => Self::Ending,
            _ => Self::Any,
        }
    }
}

impl Rule {
    fn matches(&self, name: &str) -> bool {
        match self.shape {
            Shape::Exact => self.pattern == name,
            Shape::Ending => name
                .strip_suffix(&self.pattern[1..])
                .is_some_and(|start| !start.contains('/')),
            Shape::Any => path_match(&self.pattern, name).unwrap_or(false),
        }
    }
}

/// What a pattern is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The whole path; the pattern began with a slash.
    Root,
    /// The whole path, for a pattern with a slash in it.
    Path,
    /// The last part of the path.
    Name,
}

impl Rules {
    /// Reads a file.
    ///
    /// # Errors
    /// Fails for `**` and for patterns that can't be read.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rules = Vec::new();
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        for line in text.lines() {
            let mut pattern = line.trim();
            if pattern.is_empty() || pattern.starts_with('#') {
                continue;
            }
            if pattern.contains("**") {
                return Err("double-star (**) syntax is not supported".to_owned());
            }
            if path_match(pattern, "abc").is_none() {
                return Err("syntax error in pattern".to_owned());
            }
            let negated = pattern.starts_with('!');
            pattern = pattern.strip_prefix('!').unwrap_or(pattern);
            let folders_only = pattern.ends_with('/');
            pattern = pattern.strip_suffix('/').unwrap_or(pattern);
            let place = if pattern.starts_with('/') {
                Place::Root
            } else if pattern.contains('/') {
                Place::Path
            } else {
                Place::Name
            };
            let pattern = pattern.strip_prefix('/').unwrap_or(pattern).to_owned();
            rules.push(Rule {
                shape: Shape::of(&pattern),
                pattern,
                negated,
                folders_only,
                place,
            });
        }
        Ok(Self(rules))
    }

    /// Returns true if a file or folder is left out. Below `templates/`, names that begin with a dot
    /// always are.
    #[must_use]
    pub fn ignores(&self, path: &str, is_folder: bool) -> bool {
        if path.is_empty() {
            return false;
        }
        let built_in = path
            .strip_prefix("templates/")
            .is_some_and(|name| name.starts_with('.') && !name.contains('/') && name.len() > 1);
        if built_in {
            return true;
        }
        for rule in &self.0 {
            let name = match rule.place {
                Place::Name => path.rsplit_once('/').map_or(path, |(_, name)| name),
                _ => path,
            };
            let matches = rule.matches(name);
            if rule.negated {
                if rule.folders_only && !is_folder {
                    return true;
                }
                if !matches {
                    return true;
                }
                continue;
            }
            if rule.folders_only && !is_folder {
                continue;
            }
            if matches {
                return true;
            }
        }
        false
    }
}

/// Compares by Go's `filepath.Match`: `*`, `?`, `[a-c]`, `[^a]` and a backslash, none of which
/// matches a slash. Returns nothing for a pattern that can't be read.
fn path_match(pattern: &str, name: &str) -> Option<bool> {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    // Where to go on when a star must take one more character.
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        let step = if p < pattern.len() {
            one(&pattern, p, name.get(n).copied())?
        } else {
            Step::End
        };
        match step {
            Step::Star => {
                star = Some((p + 1, n));
                p += 1;
                continue;
            }
            Step::Takes(next) => {
                p = next;
                n += 1;
                continue;
            }
            Step::End if n == name.len() => return Some(true),
            _ => {}
        }
        match star {
            Some((after, from)) if from < name.len() && name[from] != '/' => {
                star = Some((after, from + 1));
                (p, n) = (after, from + 1);
            }
            _ => {
                // The rest of the pattern must be readable all the same.
                while p < pattern.len() {
                    p = match one(&pattern, p, None)? {
                        Step::Star => p + 1,
                        Step::Takes(next) | Step::Differs(next) => next,
                        Step::End => break,
                    };
                }
                return Some(false);
            }
        }
    }
}

enum Step {
    Star,
    /// The character fits; the pattern goes on here.
    Takes(usize),
    Differs(usize),
    End,
}

/// Compares one character with one part of a pattern.
fn one(pattern: &[char], p: usize, c: Option<char>) -> Option<Step> {
    let fits = |yes: bool, next: usize| {
        if yes {
            Step::Takes(next)
        } else {
            Step::Differs(next)
        }
    };
    Some(match pattern[p] {
        '*' => Step::Star,
        '?' => fits(c.is_some_and(|c| c != '/'), p + 1),
        '[' => {
            let mut at = p + 1;
            let negated = pattern.get(at) == Some(&'^');
            at += usize::from(negated);
            let mut found = false;
            let mut count = 0;
            while count == 0 || pattern.get(at) != Some(&']') {
                let low = class_character(pattern, &mut at)?;
                let mut high = low;
                if pattern.get(at) == Some(&'-') {
                    at += 1;
                    high = class_character(pattern, &mut at)?;
                }
                found |= c.is_some_and(|c| (low..=high).contains(&c));
                count += 1;
            }
            fits(c.is_some_and(|c| c != '/') && found != negated, at + 1)
        }
        '\\' => {
            let wanted = *pattern.get(p + 1)?;
            fits(c == Some(wanted), p + 2)
        }
        wanted => fits(c == Some(wanted), p + 1),
    })
}

fn class_character(pattern: &[char], at: &mut usize) -> Option<char> {
    let mut c = *pattern.get(*at)?;
    if c == '-' || c == ']' {
        return None;
    }
    if c == '\\' {
        *at += 1;
        c = *pattern.get(*at)?;
    }
    *at += 1;
    // A class must be closed.
    pattern.get(*at)?;
    Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_ignore_as_helm_does() {
        let rules = Rules::parse("# c\n*.txt\n/a.yaml\nsub/\ndir/x?.md\n*/*.bak\n").expect("valid");
        for (path, is_folder, want) in [
            ("b.txt", false, true),
            ("d/b.txt", false, true),
            ("a.yaml", false, true),
            ("d/a.yaml", false, false),
            ("sub", true, true),
            ("sub", false, false),
            ("dir/x1.md", false, true),
            ("d/x.bak", false, true),
            ("x.bak", false, false),
            ("txt", false, false),
            ("templates/.hidden", false, true),
            ("templates/a", false, false),
        ] {
            assert_eq!(rules.ignores(path, is_folder), want, "{path}");
        }
        assert!(Rules::parse("a/**/b").is_err());
        assert!(Rules::parse("[").is_err());
    }
}
