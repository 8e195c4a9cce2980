//! ConfigMaps and Secrets made of files and texts.

use crate::error::{Error, Result, mistake};
use crate::kustomization::{ConfigMapArgs, GeneratorOptions, SecretArgs};
use crate::load::Loader;
use crate::resource::{Behavior, Resource, set_texts};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use value::Value;
use yaml::v3::Node;

/// Columns of base64 text before it breaks.
const BASE64_COLUMNS: usize = 70;

/// What both generators have.
pub(crate) struct Args<'k> {
    pub(crate) namespace: &'k str,
    pub(crate) name: &'k str,
    behavior: &'k str,
    literals: &'k [String],
    files: &'k [String],
    envs: &'k [String],
    options: Option<&'k GeneratorOptions>,
    /// Of a Secret.
    secret_type: Option<&'k str>,
}

impl<'k> From<&'k ConfigMapArgs> for Args<'k> {
    fn from(args: &'k ConfigMapArgs) -> Self {
        Self {
            namespace: &args.namespace,
            name: &args.name,
            behavior: &args.behavior,
            literals: &args.literals,
            files: &args.files,
            envs: &args.envs,
            options: args.options.as_ref(),
            secret_type: None,
        }
    }
}

impl<'k> From<&'k SecretArgs> for Args<'k> {
    fn from(args: &'k SecretArgs) -> Self {
        let kind = &args.secret_type;
        Self {
            namespace: &args.namespace,
            name: &args.name,
            behavior: &args.behavior,
            literals: &args.literals,
            files: &args.files,
            envs: &args.envs,
            options: args.options.as_ref(),
            secret_type: Some(if kind.is_empty() { "Opaque" } else { kind }),
        }
    }
}

/// Returns the options of one generator with those of all.
pub(crate) fn merged_options(
    own: Option<&GeneratorOptions>,
    global: Option<&GeneratorOptions>,
) -> Option<GeneratorOptions> {
    let Some(global) = global else {
        return own.cloned();
    };
    let mut merged = own.cloned().unwrap_or_default();
    for (own, global) in [
        (&mut merged.labels, &global.labels),
        (&mut merged.annotations, &global.annotations),
    ] {
        let Some(global) = global else { continue };
        let own = own.get_or_insert_default();
        for (name, text) in global {
            own.entry(name.clone()).or_insert_with(|| text.clone());
        }
    }
    merged.disable_name_suffix_hash |= global.disable_name_suffix_hash;
    merged.immutable |= global.immutable;
    Some(merged)
}

/// Makes a ConfigMap or Secret.
pub(crate) fn generate(
    args: &Args<'_>,
    global: Option<&GeneratorOptions>,
    loader: &Loader<'_>,
    file: &Arc<str>,
    line: u32,
) -> Result<Resource> {
    let string = |text: &str| Node::string(text, line);
    let kind = if args.secret_type.is_some() {
        "Secret"
    } else {
        "ConfigMap"
    };
    if args.name.is_empty() {
        return Err(Error::new("a configmap must have a name"));
    }
    let mut metadata = vec![(string("name"), string(args.name))];
    if !args.namespace.is_empty() {
        metadata.push((string("namespace"), string(args.namespace)));
    }
    let mut object = vec![
        (string("apiVersion"), string("v1")),
        (string("kind"), string(kind)),
        (string("metadata"), Node::mapping(metadata, line)),
    ];
    if let Some(secret_type) = args.secret_type {
        object.push((string("type"), string(secret_type)));
    }
    let pairs = pairs(args, loader)?;
    let (mut data, mut binary) = (Vec::new(), Vec::new());
    for (key, bytes) in pairs {
        let key = string(&key);
        match std::str::from_utf8(&bytes) {
            Ok(text) if args.secret_type.is_none() => data.push((key, string(text))),
            _ if args.secret_type.is_none() => binary.push((key, string(&base64_lines(&bytes)))),
            _ => data.push((key, string(&base64_lines(&bytes)))),
        }
    }
    if args.secret_type.is_some() || !data.is_empty() {
        object.push((string("data"), Node::mapping(data, line)));
    }
    if !binary.is_empty() {
        object.push((string("binaryData"), Node::mapping(binary, line)));
    }
    let mut node = Node::mapping(object, line);
    let options = merged_options(args.options, global);
    if let Some(options) = &options {
        for (field, texts) in [
            ("labels", &options.labels),
            ("annotations", &options.annotations),
        ] {
            let texts: Vec<_> = texts
                .iter()
                .flatten()
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            if !texts.is_empty() {
                set_texts(&mut node, field, &texts)?;
            }
        }
        if options.immutable
            && let Some(members) = node.members_mut()
        {
            members.push((string("immutable"), Node::plain("true", line)));
        }
    }
    let mut resource = Resource::new(node, Arc::clone(file));
    let state = resource.state_mut();
    state.needs_hash = !options.is_some_and(|o| o.disable_name_suffix_hash);
    state.behavior = Behavior::parse(args.behavior);
    Ok(resource)
}

fn pairs(args: &Args<'_>, loader: &Loader<'_>) -> Result<BTreeMap<String, Vec<u8>>> {
    let list = |sources: &[String]| format!("[{}]", sources.join(" "));
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let loading = |e: Error| e.context("loading KV pairs");
    for path in args.envs {
        let read = loader
            .load(path)
            .and_then(|file| env_lines(&file.bytes, &mut all));
        read.map_err(|e| {
            loading(e.context(format_args!("env source files: {}", list(args.envs))))
        })?;
    }
    for source in args.literals {
        let pair = literal(source);
        let sources = || format!("literal sources {}", list(args.literals));
        all.push(pair.map_err(|e| loading(e.context(sources())))?);
    }
    for source in args.files {
        let read = file_source(source).and_then(|(key, path)| {
            let file = loader.load(path)?;
            Ok((key.to_owned(), file.bytes.to_vec()))
        });
        let sources = || format!("file sources: {}", list(args.files));
        all.push(read.map_err(|e| loading(e.context(sources())))?);
    }
    let mut pairs = BTreeMap::new();
    for (key, bytes) in all {
        if pairs.contains_key(&key) {
            return Err(mistake!(
                "configmap {} illegally repeats the key `{key}`",
                args.name
            ));
        }
        pairs.insert(key, bytes);
    }
    Ok(pairs)
}

fn literal(source: &str) -> Result<(String, Vec<u8>)> {
    let pair = source.split_once('=').filter(|(key, _)| !key.is_empty());
    let (key, text) =
        pair.ok_or_else(|| mistake!("invalid literal source {source}, expected key=value"))?;
    let quoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    let text = quoted('"').or_else(|| quoted('\'')).unwrap_or(text);
    Ok((key.to_owned(), text.as_bytes().to_vec()))
}

/// Reads `[key=]path`.
fn file_source(source: &str) -> Result<(&str, &str)> {
    match source.split_once('=') {
        None => {
            let name = source
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or(source);
            Ok((name, source))
        }
        Some((_, path)) if path.contains('=') => Err(mistake!(
            "source {source:?} key name or file path contains '='"
        )),
        Some(("", path)) => Err(mistake!(
            "missing key name for file path {path:?} in source {source:?}"
        )),
        Some((key, "")) => Err(mistake!(
            "missing file path for key name {key:?} in source {source:?}"
        )),
        Some(pair) => Ok(pair),
    }
}

/// Reads lines of `KEY=value`.
fn env_lines(bytes: &[u8], pairs: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    for (i, line) in text.split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Ok(line) = std::str::from_utf8(line) else {
            let text = String::from_utf8_lossy(line);
            return Err(mistake!("line {line:?} has invalid utf8 bytes : {text}"));
        };
        let line = match i {
            0 => line.strip_prefix('\u{FEFF}').unwrap_or(line),
            _ => line,
        };
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, text) = line.split_once('=').unwrap_or((line, ""));
        if !key.is_empty() {
            pairs.push((key.to_owned(), text.as_bytes().to_vec()));
        }
    }
    Ok(())
}

/// Returns base64 text, in lines if it is long.
fn base64_lines(bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    if encoded.len() < BASE64_COLUMNS {
        return encoded;
    }
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / BASE64_COLUMNS + 1);
    for line in encoded.as_bytes().chunks(BASE64_COLUMNS) {
        lines.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
        lines.push('\n');
    }
    lines
}

/// Returns the suffix that stands for what an object holds.
pub(crate) fn hash(resource: &Resource) -> Result<String> {
    let node = resource.node();
    let text = match resource.kind() {
        "ConfigMap" => encode(node, &["data"], "binaryData", "ConfigMap")?,
        "Secret" => encode(node, &["data", "type"], "stringData", "Secret")?,
        _ => go_json(&node.to_value()?),
    };
    let digest = Sha256::digest(text.as_bytes());
    let mut suffix = String::with_capacity(10);
    for byte in digest.iter().take(5) {
        for nibble in [byte >> 4, byte & 15] {
            suffix.push(match nibble {
                0 => 'g',
                1 => 'h',
                3 => 'k',
                10 => 'm',
                14 => 't',
                n => char::from_digit(u32::from(n), 16).expect("a nibble is a digit"),
            });
        }
    }
    Ok(suffix)
}

fn encode(node: &Node, fields: &[&str], optional: &str, kind: &str) -> Result<String> {
    let mut object = value::Object::new();
    object.insert("kind", kind);
    // The reference looks for the name in the wrong place.
    object.insert("name", "");
    let field = |name: &str| -> Result<Value> {
        Ok(match node.get(name) {
            None => Value::from(""),
            Some(found) => match found.as_text() {
                Some(text) => Value::from(text),
                None => found.to_value()?,
            },
        })
    };
    for name in fields {
        object.insert(*name, field(name)?);
    }
    let more = field(optional)?;
    if more.is_object() {
        object.insert(optional, more);
    }
    Ok(go_json(&Value::from(object)))
}

/// Returns JSON as Go's encoder writes it.
pub(crate) fn go_json(value: &Value) -> String {
    let json = value.to_json();
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{base64_lines, file_source, literal};

    #[test]
    fn sources_are_read_as_kustomize_reads_them() {
        let text =
            |source| literal(source).map(|(k, v)| (k, String::from_utf8_lossy(&v).into_owned()));
        assert_eq!(
            text("a=\"b c\"").expect("it can be read"),
            ("a".to_owned(), "b c".to_owned())
        );
        assert_eq!(
            text("a='b\"").expect("it can be read"),
            ("a".to_owned(), "'b\"".to_owned())
        );
        assert_eq!(
            text("a=\"").expect("it can be read"),
            ("a".to_owned(), "\"".to_owned())
        );
        assert!(literal("=b").is_err());
        assert!(literal("a").is_err());
        assert_eq!(
            file_source("./path/file").expect("it can be read"),
            ("file", "./path/file")
        );
        assert_eq!(file_source("a=b").expect("it can be read"), ("a", "b"));
        assert!(file_source("a==b").is_err());
    }

    #[test]
    fn long_base64_breaks() {
        assert_eq!(base64_lines(b"\xFF\xFD"), "//0=");
        assert!(base64_lines(&[0; 60]).ends_with("A\n"));
    }
}
