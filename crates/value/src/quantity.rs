//! Resource quantities: `100m`, `1.5Gi`, `3e6`.
//!
//! A [`Quantity`] prints exactly as Kubernetes prints it, compares by value without loss, and
//! answers [`Quantity::value`] as Kubernetes does, wrapped overflows included.

mod parse;

use std::cmp::Ordering;
use std::fmt;

/// Significant digits that a quantity keeps; more before the decimal point is an error.
pub const DIGITS_MAX: usize = 36;

/// Text that is not a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantityError {
    /// The text doesn't look like number and suffix.
    #[error(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )]
    Format,
    /// The suffix is none of the known ones.
    #[error("unable to parse quantity's suffix")]
    Suffix,
    /// The number has no digits.
    #[error("unable to parse numeric part of quantity")]
    Numeric,
    /// The number has more than [`DIGITS_MAX`] digits before the point.
    #[error("a quantity may have {DIGITS_MAX} digits before the decimal point")]
    TooLong,
}

/// The family of suffixes in which a quantity was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `1e3`
    DecimalExponent,
    /// `1Ki`
    BinarySi,
    /// `1k`
    DecimalSi,
}

/// How Kubernetes holds the number, which decides what becomes of an overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    /// 64 bits and an exponent.
    Narrow,
    /// A big decimal, whole at this power of ten.
    Wide(i32),
}

/// An exact amount: `digits` times ten to the power of `exponent`, which is at least -9.
///
/// `==` and the order compare amounts; the spelling plays no part.
#[derive(Debug, Clone)]
pub struct Quantity {
    digits: i128,
    exponent: i32,
    width: Width,
    format: Format,
    /// The text it was read from, where Kubernetes prints that unchanged.
    text: Option<Box<str>>,
}

/// The smallest unit is 10^-9; whatever is finer is rounded up to it.
const NANO: i32 = -9;
const MILLI: i32 = -3;
/// `digits` stays below this, so that a comparison can't overflow.
const DIGITS_END: u128 = 10_u128.pow(38);

const DECIMAL_SUFFIXES: [(i32, &str); 10] = [
    (-9, "n"),
    (-6, "u"),
    (-3, "m"),
    (0, ""),
    (3, "k"),
    (6, "M"),
    (9, "G"),
    (12, "T"),
    (15, "P"),
    (18, "E"),
];
const BINARY_SUFFIXES: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

impl Quantity {
    /// Returns the family of suffixes.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Returns -1, 0 or 1.
    #[must_use]
    pub const fn signum(&self) -> i32 {
        self.digits.signum() as i32
    }

    /// Returns the amount as a whole number, fractions rounded up. What doesn't fit in 64 bits
    /// wraps or becomes 0, as it does in Kubernetes: compare quantities instead where it matters.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.scaled(0)
    }

    /// Returns the amount in thousandths, with the rules of [`Quantity::value`].
    #[must_use]
    pub fn milli_value(&self) -> i64 {
        self.scaled(MILLI)
    }

    /// Returns the amount as a float, which may round.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the contract says it may round")]
    pub fn as_f64(&self) -> f64 {
        self.digits as f64 * 10_f64.powi(self.exponent)
    }

    /// Returns the sum, in the format of `self`; nothing if it has too many digits to be exact.
    #[must_use]
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        let exponent = self.exponent.min(other.exponent);
        let align = |q: &Self| {
            let shift = u32::try_from(q.exponent - exponent).ok()?;
            10_i128.checked_pow(shift)?.checked_mul(q.digits)
        };
        let (digits, exponent) = match (self.digits, other.digits) {
            (_, 0) => (self.digits, self.exponent),
            (0, _) => (other.digits, other.exponent),
            _ => (align(self)?.checked_add(align(other)?)?, exponent),
        };
        if digits.unsigned_abs() >= DIGITS_END {
            return None;
        }
        let narrow = self.width == Width::Narrow
            && other.width == Width::Narrow
            && i64::try_from(digits).is_ok();
        Some(Self {
            digits,
            exponent,
            width: if narrow {
                Width::Narrow
            } else {
                Width::Wide(exponent)
            },
            format: if self.digits == 0 {
                other.format
            } else {
                self.format
            },
            text: None,
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "keeping the low 64 bits is what the reference does"
    )]
    fn scaled(&self, unit: i32) -> i64 {
        let shift = self.exponent - unit;
        let Width::Wide(whole_at) = self.width else {
            return self.scaled_narrow(shift);
        };
        // The reference divides the number that is whole at `whole_at`, and takes every negative
        // one for small.
        let whole = wrapping_shift(self.digits, self.exponent - whole_at);
        let down = unit - whole_at;
        if down < 0 {
            return (whole as i64).wrapping_mul(10_i64.pow(down.unsigned_abs()));
        }
        let small = self.digits < 0
            || u32::try_from(self.exponent - whole_at)
                .ok()
                .and_then(|n| 10_i128.checked_pow(n)?.checked_mul(self.digits))
                .is_some_and(|whole| whole < i128::from(i64::MAX));
        if down == 0 {
            return whole as i64;
        }
        if small {
            let divisor = 10_i64.pow(down.unsigned_abs());
            let whole = whole as i64;
            return whole / divisor + i64::from(whole % divisor != 0);
        }
        if shift >= 0 {
            return wrapping_shift(self.digits, shift) as i64;
        }
        let divisor = 10_i128.pow(shift.unsigned_abs());
        let up = i128::from(self.digits.rem_euclid(divisor) != 0);
        (self.digits.div_euclid(divisor) + up) as i64
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a narrow quantity has 64 bits"
    )]
    fn scaled_narrow(&self, shift: i32) -> i64 {
        let digits = self.digits as i64;
        if shift < 0 {
            return 10_i64
                .checked_pow(shift.unsigned_abs())
                .map_or_else(|| digits.signum(), |d| digits / d + (digits % d).signum());
        }
        let factor = 10_i64.checked_pow(shift.unsigned_abs());
        match factor.and_then(|f| digits.checked_mul(f)) {
            Some(scaled) => scaled,
            // The reference has short cuts for these that wrap; elsewhere it gives up with 0.
            None if matches!(shift, 1 | 2 | 3 | 6 | 9) => {
                digits.wrapping_mul(10_i64.pow(shift.unsigned_abs()))
            }
            None => 0,
        }
    }

    fn is_whole(&self) -> bool {
        self.exponent >= 0 || self.digits % 10_i128.pow(self.exponent.unsigned_abs()) == 0
    }

    /// Returns the digits without trailing zeros, and the exponent that goes with them.
    const fn shortest(&self) -> (i128, i32) {
        let (mut digits, mut exponent) = (self.digits, self.exponent);
        while digits != 0 && digits % 10 == 0 {
            digits /= 10;
            exponent += 1;
        }
        (digits, exponent)
    }

    fn write_decimal(&self, f: &mut fmt::Formatter<'_>, format: Format) -> fmt::Result {
        let (mut digits, mut exponent) = self.shortest();
        while exponent % 3 != 0 {
            digits *= 10;
            exponent -= 1;
        }
        write!(f, "{digits}")?;
        if format == Format::DecimalExponent {
            return if exponent == 0 {
                Ok(())
            } else {
                write!(f, "e{exponent}")
            };
        }
        match DECIMAL_SUFFIXES.iter().find(|(e, _)| *e == exponent) {
            Some((_, suffix)) => f.write_str(suffix),
            // Above exa there is no suffix: an exponent says the same without loss.
            None => write!(f, "e{exponent}"),
        }
    }

    fn write_binary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut whole = if self.exponent >= 0 {
            wrapping_shift(self.digits, self.exponent)
        } else {
            self.digits / 10_i128.pow(self.exponent.unsigned_abs())
        };
        let mut power = 0;
        while whole % 1024 == 0 && power + 1 < BINARY_SUFFIXES.len() {
            whole /= 1024;
            power += 1;
        }
        write!(f, "{whole}{}", BINARY_SUFFIXES[power])
    }
}

/// Returns `digits` times ten to the power of `shift`, low 128 bits; `shift` isn't negative.
fn wrapping_shift(digits: i128, shift: i32) -> i128 {
    // Ten to the power of 128 and more is a multiple of 2^128.
    match u32::try_from(shift) {
        Ok(shift @ 0..128) => digits.wrapping_mul(10_i128.wrapping_pow(shift)),
        _ => 0,
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.text {
            return f.write_str(text);
        }
        if self.digits == 0 {
            return f.write_str("0");
        }
        let kibi = |n: i128| Self {
            digits: n,
            exponent: 0,
            width: Width::Narrow,
            format: Format::DecimalSi,
            text: None,
        };
        // Small and fractional amounts would lose digits in a binary unit.
        let small = || *self > kibi(-1024) && *self < kibi(1024);
        match self.format {
            Format::BinarySi if self.is_whole() && !small() => self.write_binary(f),
            Format::BinarySi => self.write_decimal(f, Format::DecimalSi),
            format => self.write_decimal(f, format),
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.shortest() == other.shortest() || (self.digits == 0 && other.digits == 0)
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_sign = self.signum().cmp(&other.signum());
        if by_sign != Ordering::Equal || self.digits == 0 {
            return by_sign;
        }
        let (a, a_exponent) = self.shortest();
        let (b, b_exponent) = other.shortest();
        let length = |n: i128| n.unsigned_abs().ilog10() as i32;
        let by_size = (length(a) + a_exponent)
            .cmp(&(length(b) + b_exponent))
            .then_with(|| {
                // Of equal size, the one with the higher exponent has room for the difference.
                let shifted = |n: i128, by: i32| wrapping_shift(n.abs(), by.max(0));
                shifted(a, a_exponent - b_exponent).cmp(&shifted(b, b_exponent - a_exponent))
            });
        if self.digits < 0 {
            by_size.reverse()
        } else {
            by_size
        }
    }
}
