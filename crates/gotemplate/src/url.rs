//! URLs as Go's `net/url` takes them apart and puts them together.

use crate::strconv::quote;
use crate::text::{find, runes};

/// Where text stands in a URL, and so what must be escaped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Query,
    Path,
    Fragment,
    UserPassword,
    Host,
    Zone,
}

/// Name and password in front of a host.
#[derive(Clone, Default)]
pub(crate) struct User {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

impl User {
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut out = escape(&self.name, Part::UserPassword);
        if let Some(password) = &self.password {
            out.push(b':');
            out.extend(escape(password, Part::UserPassword));
        }
        out
    }
}

/// A URL in parts.
#[derive(Clone, Default)]
pub(crate) struct Url {
    pub(crate) scheme: Vec<u8>,
    pub(crate) opaque: Vec<u8>,
    pub(crate) user: Option<User>,
    pub(crate) host: Vec<u8>,
    pub(crate) path: Vec<u8>,
    pub(crate) query: Vec<u8>,
    pub(crate) fragment: Vec<u8>,
}

fn must_escape(b: u8, part: Part) -> bool {
    if b.is_ascii_alphanumeric() {
        return false;
    }
    if matches!(part, Part::Host | Part::Zone) && br#"!$&'()*+,;=:[]<>""#.contains(&b) {
        return false;
    }
    match b {
        b'-' | b'_' | b'.' | b'~' => false,
        b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?' | b'@' => match part {
            Part::Path => b == b'?',
            Part::UserPassword => matches!(b, b'@' | b'/' | b'?' | b':'),
            Part::Query => true,
            Part::Fragment => false,
            Part::Host | Part::Zone => true,
        },
        b'!' | b'(' | b')' | b'*' => part != Part::Fragment,
        _ => true,
    }
}

/// Escapes text for a part of a URL.
pub(crate) fn escape(s: &[u8], part: Part) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(s.len());
    for b in s {
        if *b == b' ' && part == Part::Query {
            out.push(b'+');
        } else if must_escape(*b, part) {
            out.push(b'%');
            out.push(HEX[usize::from(b >> 4)]);
            out.push(HEX[usize::from(b & 15)]);
        } else {
            out.push(*b);
        }
    }
    out
}

fn hex_pair(s: &[u8]) -> Option<u8> {
    let digit = |b: &u8| char::from(*b).to_digit(16);
    let (high, low) = (digit(s.get(1)?)?, digit(s.get(2)?)?);
    u8::try_from(high * 16 + low).ok()
}

fn unescape(s: &[u8], part: Part) -> Result<Vec<u8>, String> {
    let invalid = |s: &[u8]| format!("invalid URL escape {}", quote(&s[..s.len().min(3)]));
    let mut out = Vec::with_capacity(s.len());
    let mut i = 0;
    while i < s.len() {
        let b = s[i];
        if b == b'%' {
            let byte = hex_pair(&s[i..]).ok_or_else(|| invalid(&s[i..]))?;
            let is_percent = &s[i..i + 3] == b"%25";
            let refused = match part {
                Part::Host => byte < 0x80 && !is_percent,
                Part::Zone => !is_percent && byte != b' ' && must_escape(byte, Part::Host),
                _ => false,
            };
            if refused {
                return Err(invalid(&s[i..]));
            }
            out.push(byte);
            i += 3;
            continue;
        }
        if matches!(part, Part::Host | Part::Zone) && b < 0x80 && must_escape(b, part) {
            return Err(format!("invalid character {} in host name", quote(&[b])));
        }
        out.push(if b == b'+' && part == Part::Query {
            b' '
        } else {
            b
        });
        i += 1;
    }
    Ok(out)
}

fn cut(s: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(at, s) {
        Some(i) => (&s[..i], Some(&s[i + 1..])),
        None => (s, None),
    }
}

impl Url {
    /// Takes a URL apart.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let (body, fragment) = cut(text, b'#');
        let mut url =
            Self::without_fragment(body).map_err(|e| format!("parse {}: {e}", quote(body)))?;
        if let Some(fragment) = fragment {
            url.fragment = unescape(fragment, Part::Fragment)
                .map_err(|e| format!("parse {}: {e}", quote(text)))?;
        }
        Ok(url)
    }

    fn without_fragment(text: &[u8]) -> Result<Self, String> {
        if text.iter().any(|b| *b < b' ' || *b == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        let mut url = Self::default();
        if text == b"*" {
            url.path = text.to_vec();
            return Ok(url);
        }
        let (scheme, rest) = scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        let (mut rest, query) = cut(rest, b'?');
        url.query = query.unwrap_or_default().to_vec();
        if !rest.starts_with(b"/") {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_vec();
                return Ok(url);
            }
            if cut(rest, b'/').0.contains(&b':') {
                return Err("first path segment in URL cannot contain colon".to_owned());
            }
        }
        if rest.starts_with(b"//") && (!url.scheme.is_empty() || !rest.starts_with(b"///")) {
            let authority = &rest[2..];
            let end = memchr::memchr(b'/', authority).unwrap_or(authority.len());
            url.authority(&authority[..end])?;
            rest = &authority[end..];
        }
        url.path = unescape(rest, Part::Path)?;
        Ok(url)
    }

    fn authority(&mut self, authority: &[u8]) -> Result<(), String> {
        let Some(at) = memchr::memrchr(b'@', authority) else {
            self.host = self.parse_host(authority)?;
            return Ok(());
        };
        self.host = self.parse_host(&authority[at + 1..])?;
        let user = &authority[..at];
        let valid = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
        if !runes(user).all(valid) {
            return Err("net/url: invalid userinfo".to_owned());
        }
        let (name, password) = cut(user, b':');
        self.user = Some(User {
            name: unescape(name, Part::UserPassword)?,
            password: password
                .map(|p| unescape(p, Part::UserPassword))
                .transpose()?,
        });
        Ok(())
    }

    fn parse_host(&self, host: &[u8]) -> Result<Vec<u8>, String> {
        let port_is_valid = |port: &[u8]| match port {
            [] => true,
            [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
            _ => false,
        };
        let bad_port = |port: &[u8]| format!("invalid port {} after host", quote(port));
        match memchr::memrchr(b'[', host) {
            Some(0) => {}
            Some(_) => return Err("invalid IP-literal".to_owned()),
            None => {
                if let Some(first) = memchr::memchr(b':', host) {
                    let last = memchr::memrchr(b':', host).unwrap_or(first);
                    let is_web = self.scheme == b"http" || self.scheme == b"https";
                    let port = &host[if is_web { first } else { last }..];
                    if !port_is_valid(port) {
                        return Err(bad_port(port));
                    }
                }
                return unescape(host, Part::Host);
            }
        }
        let Some(close) = memchr::memrchr(b']', host) else {
            return Err("missing ']' in host".to_owned());
        };
        let port = &host[close + 1..];
        if !port_is_valid(port) {
            return Err(bad_port(port));
        }
        let name = &host[1..close];
        let name = match find(name, b"%25") {
            Some(at) => [
                unescape(&name[..at], Part::Host)?,
                unescape(&name[at..], Part::Zone)?,
            ]
            .concat(),
            None => unescape(name, Part::Host)?,
        };
        let address = String::from_utf8_lossy(&name);
        let bare = address.split_once('%').map_or(&*address, |(a, _)| a);
        if bare.parse::<std::net::Ipv4Addr>().is_ok() {
            return Err("invalid IP-literal".to_owned());
        }
        if bare.parse::<std::net::Ipv6Addr>().is_err() {
            let shown = quote(&name);
            return Err(format!(
                "invalid host: ParseAddr({shown}): unable to parse IP"
            ));
        }
        Ok([b"[", &name[..], b"]", port].concat())
    }

    /// Returns the host without its port.
    pub(crate) fn hostname(&self) -> &[u8] {
        let colon = memchr::memrchr(b':', &self.host);
        let mut host = &self.host[..];
        if let Some(colon) = colon
            && host[colon + 1..].iter().all(u8::is_ascii_digit)
        {
            host = &host[..colon];
        }
        match host {
            [b'[', name @ .., b']'] => name,
            _ => host,
        }
    }

    /// Puts the URL together.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if self.opaque.is_empty() {
            let has_host = !self.host.is_empty() || self.user.is_some();
            if has_host || (!self.scheme.is_empty() && !self.path.is_empty()) {
                out.extend_from_slice(b"//");
            }
            if let Some(user) = &self.user {
                out.extend(user.text());
                out.push(b'@');
            }
            out.extend(escape(&self.host, Part::Host));
            let path = if self.path == b"*" {
                self.path.clone()
            } else {
                escape(&self.path, Part::Path)
            };
            if !path.is_empty() && path[0] != b'/' && !self.host.is_empty() {
                out.push(b'/');
            }
            if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
                out.extend_from_slice(b"./");
            }
            out.extend(path);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        if !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            out.extend(escape(&self.fragment, Part::Fragment));
        }
        out
    }
}

/// Cuts off the scheme.
fn scheme(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    for (i, b) in text.iter().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if i > 0 => {}
            b':' if i == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((&text[..i], &text[i + 1..])),
            _ => return Ok((b"", text)),
        }
    }
    Ok((b"", text))
}
