//! Numbers as Go prints them.

use std::fmt::Write as _;

/// Returns `f` as Go's `encoding/json` prints a float64: shortest digits that read back the same,
/// an exponent only below 1e-6 or from 1e21 on, no fraction for whole numbers.
#[must_use]
pub fn format_float(f: f64) -> String {
    let abs = f.abs();
    let mut out = String::new();
    if abs != 0.0 && !(1e-6..1e21).contains(&abs) {
        // Rust prints "1e-7", Go "1e-07" for 'e' format but JSON cleans e-09 to e-9.
        let text = format!("{f:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = match exponent.strip_prefix('-') {
            Some(d) => ('-', d),
            None => ('+', exponent),
        };
        let _ = write!(out, "{mantissa}e{sign}{digits}");
        return out;
    }
    let _ = write!(out, "{f}");
    out
}

#[cfg(test)]
mod tests {
    use super::format_float;

    #[test]
    fn floats_print_as_go_prints_them() {
        for (f, want) in [
            (0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (0.1, "0.1"),
        ] {
            assert_eq!(format_float(f), want, "{f:?}");
        }
    }
}
