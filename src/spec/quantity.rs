//! Kubernetes quantities, as far as documents use them.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde_with::DeserializeFromStr;

/// A Kubernetes quantity as it was written, such as `2Gi`; its form was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, DeserializeFromStr)]
#[serde(transparent)]
pub struct Quantity(String);

/// The text is no quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not digits with a known suffix.
    #[error("a quantity is a number with a suffix of Kubernetes, such as `500m`, `128Mi` or `2Gi`")]
    Form,
    /// More than Kubernetes counts.
    #[error("a quantity is less than `8Ei`")]
    TooLarge,
    /// Nothing of something.
    #[error("a quantity is more than zero")]
    Zero,
}

/// Suffixes and how many thousandths they stand for.
const SUFFIXES: [(&str, u128); 13] = [
    ("Ki", 1000 << 10),
    ("Mi", 1000 << 20),
    ("Gi", 1000 << 30),
    ("Ti", 1000 << 40),
    ("Pi", 1000 << 50),
    ("Ei", 1000 << 60),
    ("m", 1),
    ("k", 1_000_000),
    ("M", 1_000_000_000),
    ("G", 1_000_000_000_000),
    ("T", 1_000_000_000_000_000),
    ("P", 1_000_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000_000),
];

/// What Kubernetes holds in 63 bits.
const MOST_THOUSANDTHS: u128 = (i64::MAX as u128) * 1000;

impl Quantity {
    /// A quantity of ours, known to be one.
    pub(in crate::spec) fn literal(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The amount, for comparing: thousandths, rounded up as Kubernetes does.
    pub fn thousandths(&self) -> u128 {
        thousandths(&self.0).unwrap_or(MOST_THOUSANDTHS)
    }
}

fn thousandths(text: &str) -> Result<u128, QuantityError> {
    let (number, unit) = SUFFIXES
        .iter()
        .find_map(|(suffix, unit)| text.strip_suffix(suffix).map(|number| (number, *unit)))
        .unwrap_or((text, 1000));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !digits(whole, 30) && digits(whole, usize::MAX) {
        return Err(QuantityError::TooLarge);
    }
    if !digits(whole, 30) || !digits(fraction, 9) {
        return Err(QuantityError::Form);
    }
    let read = |text: &str| text.parse::<u128>().map_err(|_| QuantityError::Form);
    let parts = 10_u128.pow(fraction.len() as u32);
    let total = read(whole)?.checked_mul(unit).ok_or(QuantityError::TooLarge)?;
    let total = total.saturating_add((read(fraction)? * unit).div_ceil(parts));
    match total {
        0 => Err(QuantityError::Zero),
        total if total > MOST_THOUSANDTHS => Err(QuantityError::TooLarge),
        total => Ok(total),
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        thousandths(text).map(|_| Self(text.to_owned()))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_compare_by_amount() {
        let amount = |text: &str| text.parse::<Quantity>().map_or(0, |quantity| quantity.thousandths());
        assert_eq!(amount("1Gi"), amount("1024Mi"));
        assert_eq!(amount("0.5"), amount("500m"));
        assert_eq!(amount("1.5k"), amount("1500"));
        assert!(amount("1G") < amount("1Gi"));
    }

    #[test]
    fn other_texts_are_no_quantities() {
        let error = |text: &str| text.parse::<Quantity>().err();
        for text in ["", "Gi", "1 Gi", "1gb", "-1", ".5", "1e3", "1.0.0", "１"] {
            assert_eq!(error(text), Some(QuantityError::Form), "{text}");
        }
        assert_eq!(error("0"), Some(QuantityError::Zero));
        assert_eq!(error("9Ei"), Some(QuantityError::TooLarge));
        assert_eq!(error(&"9".repeat(500)), Some(QuantityError::TooLarge));
    }
}
