//! What becomes of folded scalars when kyaml writes and reads them again.

use crate::input::Input;
use crate::scan::Dialect;
use crate::tree::{self, NodeKind, Tree};

/// Returns the text of a folded block scalar as it comes back.
///
/// The writer adds a line break behind each line that begins with a word, so that folding gives one
/// back; it does so at the end, too, and before lines that aren't folded, where the text then grows.
pub(super) fn written_and_read(text: &str) -> String {
    if !stays_folded(text) {
        return text.to_owned();
    }
    let written = write(text);
    let read = Input::new(written.as_bytes()).and_then(|input| {
        let tree = tree::first(&input, Dialect::V3)?;
        Ok(tree.and_then(|tree| match &tree.node(Tree::ROOT).kind {
            NodeKind::Scalar { text, .. } => Some(text.as_ref().to_owned()),
            _ => None,
        }))
    });
    match read {
        Ok(Some(text)) => text,
        _ => text.to_owned(),
    }
}

/// Returns false for texts that the writer puts in quotes, from which they come back unchanged.
fn stays_folded(text: &str) -> bool {
    let printable = |c: char| matches!(c, '\t' | '\n' | ' '..='~' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FEFE}' | '\u{FF00}'..='\u{FFFD}');
    !text.is_empty() && text.chars().all(printable) && !text.contains(" \n") && !text.ends_with(' ')
}

fn write(text: &str) -> String {
    let mut out = String::from(">");
    if text.starts_with([' ', '\n']) {
        out.push('2');
    }
    if !text.ends_with('\n') {
        out.push('-');
    } else if text.len() == 1 || text.ends_with("\n\n") {
        out.push('+');
    }
    out.push('\n');
    // The writer looks for a blank at the start of the whole text, not of the next line.
    let first = text.trim_start_matches('\n').chars().next();
    let adds_breaks = first.is_some_and(|c| !matches!(c, ' ' | '\t'));
    for line in text.split_inclusive('\n') {
        let words = line.trim_end_matches('\n');
        if !words.is_empty() {
            out.push_str("  ");
            out.push_str(words);
        }
        if line.ends_with('\n') {
            if adds_breaks && !words.is_empty() && !words.starts_with([' ', '\t']) {
                out.push('\n');
            }
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::written_and_read;

    #[test]
    fn texts_come_back_as_the_reference_brings_them() {
        for (text, want) in [
            ("one two\n", "one two\n"),
            ("one\ntwo\n", "one\ntwo\n"),
            ("one\n\ntwo", "one\n\ntwo"),
            ("one two\n\n\n", "one two\n\n\n\n"),
            ("y\n\ttab", "y\n\n\ttab"),
            ("trailing \nspace", "trailing \nspace"),
        ] {
            assert_eq!(written_and_read(text), want, "{text:?}");
        }
    }
}
