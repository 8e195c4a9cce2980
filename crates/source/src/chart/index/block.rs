//! An index as tools write it: YAML in blocks, one line a word.

use super::{Broken, Collector, ENTRY_BYTES_MAX};
use std::io::BufRead;

/// Scans an index. It ends with the chart that is looked for, wherever that is.
pub(super) fn scan(index: &mut impl BufRead, collector: &mut Collector<'_>) -> Result<(), Broken> {
    let mut lines = Lines::new(index);
    if !skip_to_entries(&mut lines)? {
        return Err(Broken::Invalid("it has no entries".to_owned()));
    }
    // The charts are as far in as the first of them.
    let mut margin = None;
    while let Some(line) = lines.next()? {
        let Some(indent) = line.indent()? else {
            continue;
        };
        if indent == 0 && !line.is_item(0) {
            return Ok(());
        }
        let margin = *margin.get_or_insert(indent);
        if indent < margin {
            return Err(Broken::Unusual("its charts are not in line"));
        }
        if indent > margin || line.is_item(indent) {
            continue;
        }
        let (name, rest) = key(&line.text[indent..])?;
        if !collector.chart(&name) {
            continue;
        }
        return match rest {
            "" => entries(&mut lines, margin, collector),
            "[]" | "~" | "null" => Ok(()),
            _ => Err(Broken::Unusual("its entries are not in blocks")),
        };
    }
    Ok(())
}

/// Goes to the line after `entries:`; false if there is none.
fn skip_to_entries(lines: &mut Lines<'_, impl BufRead>) -> Result<bool, Broken> {
    let mut is_first = true;
    while let Some(line) = lines.next()? {
        let text = line.text.strip_prefix(b"\xef\xbb\xbf").filter(|_| is_first);
        let text = text.unwrap_or(line.text);
        is_first = false;
        if matches!(
            text.first(),
            None | Some(b' ' | b'#' | b'-' | b'.' | b'%' | b'\r' | b'\t')
        ) {
            if text.starts_with(b"  ") && text.trim_ascii_start().starts_with(b"entries:") {
                return Err(Broken::Unusual("it is indented"));
            }
            continue;
        }
        // Lines that are no keys belong to a text before.
        let Ok((name, rest)) = key(text) else {
            continue;
        };
        if name == "entries" {
            return match rest {
                "" | "{}" | "~" | "null" => Ok(true),
                _ => Err(Broken::Unusual("its entries are not in blocks")),
            };
        }
    }
    Ok(false)
}

/// Hands over the entries of one chart.
fn entries(
    lines: &mut Lines<'_, impl BufRead>,
    margin: usize,
    collector: &mut Collector<'_>,
) -> Result<(), Broken> {
    let mut entry: Vec<u8> = Vec::new();
    let mut dash = None;
    while let Some(line) = lines.next()? {
        let Some(indent) = line.indent()? else {
            // An empty line may be part of a text.
            if !entry.is_empty() {
                entry.extend_from_slice(b"\n");
            }
            continue;
        };
        let at = *dash.get_or_insert(indent);
        let is_item = line.is_item(indent);
        if indent < margin || (indent == margin && !is_item) {
            break;
        }
        if indent < at || (indent == at && !is_item) {
            return Err(Broken::Unusual("its entries are not in line"));
        }
        if indent == at {
            hand_over(&mut entry, collector)?;
        }
        if line.is_cut || entry.len() + line.text.len() > ENTRY_BYTES_MAX {
            return Err(Broken::Invalid(format!(
                "an entry of chart {:?} has more than {ENTRY_BYTES_MAX} bytes",
                collector.wanted
            )));
        }
        entry.extend_from_slice(line.text);
        entry.extend_from_slice(b"\n");
    }
    hand_over(&mut entry, collector)
}

fn hand_over(entry: &mut Vec<u8>, collector: &mut Collector<'_>) -> Result<(), Broken> {
    if entry.is_empty() {
        return Ok(());
    }
    // An alias may stand for something of another entry.
    let list = yaml::v2::to_value(entry)
        .map_err(|_| Broken::Unusual("one of its entries can't be read by itself"))?;
    for entry in list.as_array().unwrap_or_default() {
        collector.entry(entry)?;
    }
    entry.clear();
    Ok(())
}

/// Splits `name: rest` where a line begins with it.
fn key(text: &[u8]) -> Result<(String, &str), Broken> {
    const NO_KEY: Broken = Broken::Unusual("one of its keys is no plain name");
    let text = std::str::from_utf8(text).map_err(|_| NO_KEY)?.trim_end();
    let (name, rest) = match text.as_bytes().first() {
        Some(quote @ (b'"' | b'\'')) => {
            let quote = char::from(*quote);
            let end = text[1..].find(quote).ok_or(NO_KEY)? + 1;
            let name = &text[1..end];
            let rest = text[end + 1..]
                .trim_start()
                .strip_prefix(':')
                .ok_or(NO_KEY)?;
            // Escapes, and quotes that are doubled.
            if name.contains('\\') || rest.starts_with(quote) {
                return Err(NO_KEY);
            }
            (name, rest)
        }
        None | Some(b'?' | b'&' | b'*' | b'!' | b'|' | b'>' | b'[' | b'{' | b'<') => {
            return Err(NO_KEY);
        }
        Some(_) => {
            let end = match text.find(": ") {
                Some(end) => end,
                None => text.strip_suffix(':').ok_or(NO_KEY)?.len(),
            };
            (text[..end].trim_end(), &text[end + 1..])
        }
    };
    let rest = rest.trim_start();
    let rest = if rest.starts_with('#') {
        ""
    } else {
        rest.split(" #").next().unwrap_or_default().trim_end()
    };
    Ok((name.to_owned(), rest))
}

/// The lines of an index. Of one that is too long, only its beginning is kept.
pub(super) struct Lines<'r, R> {
    reader: &'r mut R,
    line: Vec<u8>,
}

pub(super) struct Line<'l> {
    pub(super) text: &'l [u8],
    is_cut: bool,
}

impl Line<'_> {
    /// Returns how far in the line begins; nothing if it has no content.
    fn indent(&self) -> Result<Option<usize>, Broken> {
        let first = self.text.iter().position(|b| *b != b' ');
        match first.map(|at| (at, self.text[at])) {
            None | Some((_, b'\r' | b'#')) => Ok(None),
            Some((_, b'\t')) if self.text.trim_ascii().is_empty() => Ok(None),
            Some((_, b'\t')) => Err(Broken::Unusual("it is indented by tabs")),
            Some((at, _)) => Ok(Some(at)),
        }
    }

    /// Returns true if an item of a list begins here.
    fn is_item(&self, indent: usize) -> bool {
        self.text.get(indent) == Some(&b'-')
            && matches!(self.text.get(indent + 1), None | Some(b' ' | b'\r' | b'\t'))
    }
}

impl<'r, R: BufRead> Lines<'r, R> {
    pub(super) fn new(reader: &'r mut R) -> Self {
        let line = Vec::new();
        Self { reader, line }
    }

    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        self.line.capacity()
    }

    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, Broken> {
        self.line.clear();
        let (mut is_cut, mut is_end) = (false, true);
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            is_end = false;
            let end = memchr::memchr(b'\n', buffer);
            let part = &buffer[..end.unwrap_or(buffer.len())];
            let room = ENTRY_BYTES_MAX - self.line.len();
            is_cut |= part.len() > room;
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        let text = &self.line;
        Ok((!is_end).then_some(Line { text, is_cut }))
    }
}
