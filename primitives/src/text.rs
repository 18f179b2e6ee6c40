//! Large numbers in JSON: as decimal digits in a string, since many readers lose digits of numbers above 2^53. For
//! `#[serde(with = "text")]`.

use alloc::string::{String, ToString};
use serde::{de::Error, Deserialize, Deserializer, Serialize, Serializer};

/// As a string of digits; `None` as null.
pub fn serialize<S: Serializer>(amount: &Option<u128>, serializer: S) -> Result<S::Ok, S::Error> {
    amount.map(|amount| amount.to_string()).serialize(serializer)
}

/// From a string of digits, or null.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u128>, D::Error> {
    let digits = Option::<String>::deserialize(deserializer)?;
    digits.map(|digits| digits.parse().map_err(D::Error::custom)).transpose()
}
