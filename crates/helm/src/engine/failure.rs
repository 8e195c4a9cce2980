//! Errors in the three forms that Helm gives them.

use crate::compat::Compat;
use gotemplate::{Error, MESSAGE_END, MESSAGE_START};

/// Why a chart can't be rendered: the text that Helm prints.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RenderError(pub(crate) String);

/// A template that can't be parsed: its place, and the last part of the message.
pub(super) fn of_parsing(name: &str, error: &Error) -> RenderError {
    let text = error.to_string();
    let parts: Vec<&str> = text.split(": ").collect();
    RenderError(match parts[..] {
        [_, place, .., message] => format!("parse error at ({place}): {message}"),
        [_, place] => format!("parse error at ({place}): {place}"),
        _ => format!("parse error in ({name}): {text}"),
    })
}

/// A template that failed.
pub(super) fn of_executing(name: &str, error: &Error, compat: Compat) -> RenderError {
    let text = error.to_string();
    if !error.is_execution() {
        return RenderError(text);
    }
    let mut parts = text.splitn(3, ": ");
    let (_, place, message) = (parts.next(), parts.next(), parts.next());
    let (Some(place), Some(message)) = (place, message) else {
        return RenderError(format!("execution error in ({name}): {text}"));
    };
    // What the chart's author has to say stands alone.
    if let Some(start) = message.find(MESSAGE_START)
        && let Some(end) = message.rfind(MESSAGE_END)
        && start + MESSAGE_START.len() <= end
    {
        let said = &message[start + MESSAGE_START.len()..end];
        return RenderError(format!("execution error at ({place}): {said}"));
    }
    RenderError(match compat {
        Compat::V4 => trace(error).unwrap_or(text),
        Compat::V3 => text,
    })
}

/// One step of the way to an error.
#[derive(PartialEq, Eq)]
struct Frame {
    place: String,
    call: String,
    message: String,
}

/// Returns the way to an error, one step after the other; nothing if a step is no template's.
fn trace(error: &Error) -> Option<String> {
    let mut frames: Vec<Frame> = Vec::new();
    for link in error.chain() {
        let frame = frame(&beginning(link))?;
        if frames.last() != Some(&frame) {
            frames.push(frame);
        }
    }
    let mut out = String::new();
    for frame in &frames {
        if !frame.place.is_empty() {
            out.push_str(&frame.place);
            out.push_str("\n  ");
        }
        if !frame.call.is_empty() {
            out.push_str(&frame.call);
            out.push_str("\n    ");
        }
        if !frame.message.is_empty() {
            out.push_str(&frame.message);
            out.push('\n');
        }
    }
    Some(out.trim().to_owned())
}

/// Links of a chain whose text is looked at: a message is cut where the next template begins, so
/// more of a long chain never counts.
const LINKS_MAX: usize = 4;

fn beginning(error: &Error) -> String {
    error.chain().take(LINKS_MAX).map(Error::message).collect()
}

fn cut(message: &str) -> &str {
    message
        .find(" template:")
        .map_or(message, |at| &message[..at])
}

fn frame(text: &str) -> Option<Frame> {
    let rest = text.strip_prefix("template: ")?;
    if rest.starts_with("no template ") {
        return Some(Frame {
            place: String::new(),
            call: String::new(),
            message: text.to_owned(),
        });
    }
    if let Some((place, after)) = rest.split_once(": executing ") {
        let after = after.strip_prefix('"');
        let parsed = after.and_then(|after| {
            let (function, after) = after.split_once('"')?;
            let (node, message) = after.strip_prefix(" at <")?.split_once(">: ")?;
            Some(Frame {
                place: place.to_owned(),
                call: format!("executing \"{function}\" at <{node}>:"),
                message: cut(message).to_owned(),
            })
        });
        if parsed.is_some() {
            return parsed;
        }
    }
    let (place, message) = rest.rsplit_once(": ")?;
    Some(Frame {
        place: place.to_owned(),
        call: String::new(),
        message: cut(message).to_owned(),
    })
}
