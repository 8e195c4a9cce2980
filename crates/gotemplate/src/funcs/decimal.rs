//! Decimal arithmetic for `addf` and its like, as `shopspring/decimal` does it.

use crate::error::Error;
use num_bigint::{BigInt, Sign};

/// Decimals after the point that a division leaves.
const DIVISION_PRECISION: i64 = 16;

/// `digits` times ten to the `exponent`.
pub(super) struct Decimal {
    digits: BigInt,
    exponent: i64,
}

fn power_of_ten(n: i64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(n).unwrap_or(0))
}

impl Decimal {
    /// Returns the shortest decimal that reads as `f`.
    pub(super) fn new(f: f64) -> Result<Self, Error> {
        if !f.is_finite() {
            let text = crate::fmt::float_text(f, 'g', -1);
            return Err(format!("Cannot create a Decimal from {text}").into());
        }
        let text = format!("{f:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let fraction = mantissa.split_once('.').map_or(0, |(_, f)| f.len());
        let digits = mantissa.replace('.', "").parse().unwrap_or_default();
        let exponent: i64 = exponent.parse().unwrap_or(0);
        Ok(Self {
            digits,
            exponent: exponent - i64::try_from(fraction).unwrap_or(0),
        })
    }

    fn aligned(&self, exponent: i64) -> BigInt {
        &self.digits * power_of_ten(self.exponent - exponent)
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        let exponent = self.exponent.min(other.exponent);
        Self {
            digits: self.aligned(exponent) + other.aligned(exponent),
            exponent,
        }
    }

    pub(super) fn sub(&self, other: &Self) -> Self {
        let exponent = self.exponent.min(other.exponent);
        Self {
            digits: self.aligned(exponent) - other.aligned(exponent),
            exponent,
        }
    }

    pub(super) fn mul(&self, other: &Self) -> Self {
        Self {
            digits: &self.digits * &other.digits,
            exponent: self.exponent + other.exponent,
        }
    }

    /// Divides, rounded half away from zero.
    pub(super) fn div(&self, other: &Self) -> Result<Self, Error> {
        if other.digits.sign() == Sign::NoSign {
            return Err("decimal division by 0".into());
        }
        let shift = self.exponent - other.exponent + DIVISION_PRECISION;
        let (a, b) = if shift < 0 {
            (self.digits.clone(), &other.digits * power_of_ten(-shift))
        } else {
            (&self.digits * power_of_ten(shift), other.digits.clone())
        };
        let mut quotient = &a / &b;
        let rest = &a - &quotient * &b;
        let twice = BigInt::from(rest.magnitude().clone()) * 2;
        if twice >= BigInt::from(b.magnitude().clone()) {
            if (a.sign() == Sign::Minus) == (b.sign() == Sign::Minus) {
                quotient += 1;
            } else {
                quotient -= 1;
            }
        }
        Ok(Self {
            digits: quotient,
            exponent: -DIVISION_PRECISION,
        })
    }

    /// Returns the nearest float.
    pub(super) fn to_float(&self) -> f64 {
        let text = format!("{}e{}", self.digits, self.exponent);
        text.parse().unwrap_or(f64::NAN)
    }
}
