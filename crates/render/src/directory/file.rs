//! One file of manifests.

use super::contains;
use crate::diagnostic::{Diagnostic, Severity};
use crate::object::{Output, RenderedObject};
use std::borrow::Cow;
use std::sync::Arc;
use value::Value;
use yaml::{Document, Error};

/// Reads the manifests of a file into `output`.
pub(super) fn read(path: &str, bytes: &[u8], output: &mut Output) {
    let text = utf8(bytes);
    if path.ends_with(".json") {
        json(path, &text, output);
        return;
    }
    let (documents, error) = yaml::manifests_until_error(&text);
    let mut file = File {
        path: path.into(),
        text: &text,
        made: 0,
        output,
    };
    for document in documents {
        file.document(document);
    }
    if let Some(error) = error {
        file.unreadable(&error);
    }
}

/// A JSON file has exactly one object.
fn json(path: &str, text: &[u8], output: &mut Output) {
    let mut file = File {
        path: path.into(),
        text,
        made: 0,
        output,
    };
    match yaml::json_documents(text) {
        Err(error) => file.broken(&error),
        Ok(documents) if documents.len() > 1 => {
            let message = "there are several objects: a JSON file may have only one";
            file.push(Severity::Error, documents[1].line, message);
        }
        Ok(documents) => {
            for document in documents {
                file.document(document);
            }
        }
    }
}

/// Returns the text in UTF-8 if a byte order mark says that it is UTF-16, and without such a mark.
fn utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xFF, 0xFE, ..] => u16::from_le_bytes,
        [0xFE, 0xFF, ..] => u16::from_be_bytes,
        [0xEF, 0xBB, 0xBF, rest @ ..] => return Cow::Borrowed(rest),
        _ => return Cow::Borrowed(bytes),
    };
    let units = bytes[2..].as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    let text: String = char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    Cow::Owned(text.into_bytes())
}

struct File<'f> {
    path: Arc<str>,
    text: &'f [u8],
    /// Objects that came from it so far.
    made: usize,
    output: &'f mut Output,
}

impl File<'_> {
    fn push(&mut self, severity: Severity, line: u32, message: impl Into<String>) {
        self.output.diagnostics.push(Diagnostic {
            severity,
            ..Diagnostic::error(&self.path, message).at(line, None)
        });
    }

    fn broken(&mut self, error: &Error) {
        let name = self.path.rsplit('/').next().unwrap_or("");
        let steps = if name.ends_with(".json") {
            ""
        } else {
            "failed to unmarshal manifest: "
        };
        let mut diagnostic = Diagnostic::error(&self.path, error.message());
        diagnostic.argo_cd = Some(format!("Failed to unmarshal \"{name}\": {steps}{error}"));
        let diagnostic = diagnostic.at(error.line(), error.column());
        self.output.diagnostics.push(diagnostic);
    }

    /// Returns true if the file is meant as manifests, so that a mistake in it matters.
    fn is_meant(&self) -> bool {
        let words: [&[u8]; 3] = [b"apiVersion:", b"kind:", b"metadata:"];
        self.made > 0 || words.iter().all(|word| contains(self.text, word))
    }

    fn unreadable(&mut self, error: &Error) {
        self.broken(error);
        if self.is_meant() {
            return;
        }
        if let Some(diagnostic) = self.output.diagnostics.last_mut() {
            diagnostic.severity = Severity::Warning;
            diagnostic.argo_cd = None;
            diagnostic.message = format!(
                "skipped: it doesn't look like a manifest, and can't be read: {}",
                diagnostic.message
            );
        }
    }

    fn document(&mut self, document: Document) {
        if document.value.is_null() {
            return;
        }
        let kind = document.value.str_at(&["kind"]);
        if kind.is_empty() {
            let what = if document.value.is_object() {
                "it has no kind".to_owned()
            } else {
                format!("it is of type {}", document.value.type_name())
            };
            if self.is_meant() {
                self.push(
                    Severity::Error,
                    document.line,
                    format!("not a manifest: {what}"),
                );
            } else {
                let message = format!("skipped: it doesn't look like a manifest: {what}");
                self.push(Severity::Warning, document.line, message);
            }
            return;
        }
        let duplicates = document.duplicates.iter().filter(|d| !d.merged);
        let mut is_clear = true;
        for duplicate in duplicates {
            is_clear = false;
            let message = format!("key {} occurs twice in this mapping", duplicate.key);
            let diagnostic = Diagnostic::error(&self.path, message);
            let diagnostic = diagnostic.at(duplicate.line, duplicate.column);
            self.output.diagnostics.push(diagnostic);
        }
        if is_clear {
            self.objects(document);
        }
    }

    /// Takes the object of a document, or those of a list.
    fn objects(&mut self, document: Document) {
        let lines = Arc::new(document.lines);
        let mut value = document.value;
        let is_list = match value.get("items") {
            Some(Value::Array(_)) => true,
            // A list that a tool wrote without any.
            Some(Value::Null) => value.get("spec").is_none() && value.get("status").is_none(),
            _ => false,
        };
        if !is_list {
            self.object(RenderedObject::new(
                value,
                Arc::clone(&self.path),
                lines,
                "",
            ));
            return;
        }
        let items = value.remove_at(&["items"]).unwrap_or_default();
        let Value::Array(items) = items else {
            return;
        };
        // The items of a list of one kind may leave out what they are.
        let item_kind = value.str_at(&["kind"]).strip_suffix("List").unwrap_or("");
        for (i, mut item) in items.into_iter().enumerate() {
            if item.is_object() && !item_kind.is_empty() && item.get("kind").is_none() {
                item.set_at(&["kind"], item_kind);
                if item.get("apiVersion").is_none() {
                    item.set_at(&["apiVersion"], value.str_at(&["apiVersion"]));
                }
            }
            let pointer = format!("/items/{i}");
            let lines = Arc::clone(&lines);
            self.object(RenderedObject::new(
                item,
                Arc::clone(&self.path),
                lines,
                &pointer,
            ));
        }
    }

    /// Takes an object that has what every object must have.
    fn object(&mut self, object: RenderedObject) {
        self.made += 1;
        let value = &object.value;
        let missing = if !value.is_object() {
            "it isn't an object"
        } else if value.str_at(&["kind"]).is_empty() {
            "it has no kind"
        } else if value.str_at(&["apiVersion"]).is_empty() {
            "it has no apiVersion"
        } else if value.str_at(&["metadata", "name"]).is_empty()
            && value.str_at(&["metadata", "generateName"]).is_empty()
        {
            "it has no metadata.name"
        } else {
            self.output.objects.push(object);
            return;
        };
        self.push(
            Severity::Error,
            object.line,
            format!("not a manifest: {missing}"),
        );
    }
}
