//! Packed charts: `.tgz`.

use super::{File, LoadError};
use std::io::Read as _;

/// Bytes that a packed chart may unpack to, and one file of it, as in Helm.
const ARCHIVE_BYTES_MAX: u64 = 100 << 20;
const FILE_BYTES_MAX: u64 = 5 << 20;
const BLOCK: usize = 512;

/// Returns the files, named by their paths inside the chart.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<File>, LoadError> {
    let mut plain = Vec::new();
    let mut unpacked = flate2::read::GzDecoder::new(bytes).take(ARCHIVE_BYTES_MAX + 1);
    unpacked
        .read_to_end(&mut plain)
        .map_err(|e| format!("the archive can't be unpacked: {e}"))?;
    if plain.len() as u64 > ARCHIVE_BYTES_MAX {
        return Err(LoadError(format!(
            "decompressed chart is larger than the maximum size {ARCHIVE_BYTES_MAX}"
        )));
    }
    let mut files = Vec::new();
    let mut rest = &plain[..];
    let mut long_name: Option<String> = None;
    while rest.len() >= BLOCK {
        let (header, body) = rest.split_at(BLOCK);
        if header.iter().all(|b| *b == 0) {
            break;
        }
        let size = octal(&header[124..136])
            .ok_or_else(|| LoadError("the archive is broken".to_owned()))?;
        let padded = size.div_ceil(BLOCK) * BLOCK;
        if body.len() < size {
            return Err(LoadError("the archive ends too early".to_owned()));
        }
        let data = &body[..size];
        rest = &body[padded.min(body.len())..];
        match header[156] {
            b'L' => long_name = Some(text(data)),
            b'x' => long_name = pax_path(data).or(long_name),
            b'0' | 0 => {
                let name = long_name.take().unwrap_or_else(|| name_of(header));
                if let Some(name) = inside(&name)? {
                    if size as u64 > FILE_BYTES_MAX {
                        return Err(LoadError(format!(
                            "decompressed chart file {name:?} is larger than the maximum file size {FILE_BYTES_MAX}"
                        )));
                    }
                    let data = data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data);
                    files.push(File {
                        name,
                        data: data.into(),
                    });
                }
            }
            _ => long_name = None,
        }
    }
    if files.is_empty() {
        return Err(LoadError("no files in chart archive".to_owned()));
    }
    Ok(files)
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn octal(field: &[u8]) -> Option<usize> {
    let text = text(field);
    let digits = text.trim();
    if digits.is_empty() {
        return Some(0);
    }
    usize::from_str_radix(digits, 8).ok()
}

fn name_of(header: &[u8]) -> String {
    let name = text(&header[..100]);
    if &header[257..262] == b"ustar" {
        let prefix = text(&header[345..500]);
        if !prefix.is_empty() {
            return format!("{prefix}/{name}");
        }
    }
    name
}

/// Reads `path` from an extended header: lines of `length key=value`.
fn pax_path(data: &[u8]) -> Option<String> {
    let data = String::from_utf8_lossy(data);
    let line = data.lines().find_map(|line| line.split_once(" path="))?;
    Some(line.1.to_owned())
}

/// Drops the name of the chart's folder; a path that leaves it is an error.
fn inside(path: &str) -> Result<Option<String>, LoadError> {
    let path = path.replace('\\', "/");
    let Some((_, rest)) = path.split_once('/') else {
        return if path == "Chart.yaml" {
            Err(LoadError("chart yaml not in base directory".to_owned()))
        } else {
            Ok(None)
        };
    };
    let parts: Vec<&str> = rest
        .split('/')
        .filter(|p| !matches!(*p, "" | "."))
        .collect();
    if parts.contains(&"..") || path.starts_with('/') {
        return Err(LoadError(
            "chart illegally references parent directory".to_owned(),
        ));
    }
    if parts.is_empty() || rest.ends_with('/') {
        return Ok(None);
    }
    Ok(Some(parts.join("/")))
}
