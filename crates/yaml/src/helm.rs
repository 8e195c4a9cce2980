//! Streams of manifests as Helm cuts them.

/// Returns the documents of a rendered template, each without the white space before it; blank ones
/// are left out, those with nothing but comments are not. A line that begins with `---` cuts even
/// inside a block scalar, and what follows the dashes belongs to the next document.
///
/// ```
/// let documents: Vec<_> = yaml::helm_split("--- # one\na: 1\n---\n---b: 2\n").collect();
/// assert_eq!(documents, ["# one\na: 1\n", "b: 2\n"]);
/// ```
pub fn helm_split(stream: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(stream.trim_start());
    let mut at_line_start = true;
    let pieces = std::iter::from_fn(move || {
        let text = rest?;
        let cut = if at_line_start && text.starts_with("---") {
            Some((0, 3))
        } else {
            text.find("\n---").map(|at| (at + 1, at + 4))
        };
        // Behind the dashes no line begins: more dashes there are text.
        at_line_start = false;
        rest = cut.map(|(_, behind)| &text[behind..]);
        Some(cut.map_or(text, |(at, _)| &text[..at]))
    });
    pieces
        .map(str::trim_start)
        .filter(|piece| !piece.is_empty())
}
