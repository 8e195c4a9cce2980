//! One line of a policy, as Go's `encoding/csv` reads it with leading space trimmed.

/// Why a line can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CsvError {
    /// `ab"c`
    #[error("a quote inside a field that doesn't begin with one")]
    BareQuote,
    /// `"ab"c` or `"ab`
    #[error("a quoted field must end with a quote before a comma or the end of the line")]
    OpenQuote,
}

/// Splits one line into its fields.
pub(crate) fn fields(line: &str) -> Result<Vec<String>, CsvError> {
    let mut found = Vec::with_capacity(6);
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        let Some(quoted) = rest.strip_prefix('"') else {
            let (field, behind) = match rest.split_once(',') {
                Some((field, behind)) => (field, Some(behind)),
                None => (rest, None),
            };
            if field.contains('"') {
                return Err(CsvError::BareQuote);
            }
            found.push(field.to_owned());
            match behind {
                Some(behind) => rest = behind,
                None => return Ok(found),
            }
            continue;
        };
        let mut field = String::new();
        rest = quoted;
        loop {
            let (text, behind) = rest.split_once('"').ok_or(CsvError::OpenQuote)?;
            field.push_str(text);
            if let Some(next) = behind.strip_prefix('"') {
                field.push('"');
                rest = next;
            } else if let Some(next) = behind.strip_prefix(',') {
                found.push(field);
                rest = next;
                break;
            } else if behind.is_empty() {
                found.push(field);
                return Ok(found);
            } else {
                return Err(CsvError::OpenQuote);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_reads_the_same() {
        let cases: [(&str, &[&str]); 8] = [
            ("p, alice ,b", &["p", "alice ", "b"]),
            (r#"p, "a, ""b""",c"#, &["p", "a, \"b\"", "c"]),
            ("a,,", &["a", "", ""]),
            ("a, ", &["a", ""]),
            ("\"a\",\"\"", &["a", ""]),
            ("a,\u{a0}b", &["a", "b"]),
            ("a,b\rc", &["a", "b\rc"]),
            ("ü, \"ü\"", &["ü", "ü"]),
        ];
        for (line, want) in cases {
            assert_eq!(fields(line).expect(line), want, "{line}");
        }
        assert_eq!(fields("a,b\"c"), Err(CsvError::BareQuote));
        assert_eq!(fields("a,b\"c\""), Err(CsvError::BareQuote));
        assert_eq!(fields("a,\"b\"c"), Err(CsvError::OpenQuote));
        assert_eq!(fields("a,\"b\" ,c"), Err(CsvError::OpenQuote));
        assert_eq!(fields("a,\"b"), Err(CsvError::OpenQuote));
    }
}
