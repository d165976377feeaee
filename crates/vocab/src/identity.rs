//! Names of devices, branches, feeds and people.

use std::fmt;
use std::str::FromStr;

use crate::{ParseError, serde_as_text};

pub(crate) fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident, $len:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// From random bytes, storage or the wire.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                $name(bytes)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                unhex(text).map($name).ok_or_else(|| ParseError::new(text, $expected))
            }
        }

        serde_as_text!($name);
    };
}

opaque_id!(
    /// A device's Ed25519 public key; it is the device's identity at the relay. Shown as 64 hexadecimal digits.
    DeviceKey, 32, "a device key of 64 hexadecimal digits"
);
opaque_id!(
    /// A branch (网点/分公司): 16 random bytes drawn by the relay. Shown as 32 hexadecimal digits.
    BranchId, 16, "a branch id of 32 hexadecimal digits"
);
opaque_id!(
    /// The random id of one unbroken feed. A relay that was restored or lost its disk starts another.
    Epoch, 16, "an epoch of 32 hexadecimal digits"
);

/// A place in a branch's feed, counted from 1; zero is "before the first change".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Position(u64);

impl Position {
    /// Before the first change.
    pub const START: Position = Position(0);

    /// A position as it stands in storage or on the wire.
    #[must_use]
    pub const fn new(position: u64) -> Self {
        Position(position)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The position after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Position(self.0.saturating_add(1))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The alphabet of codes people read aloud: Crockford's base 32, without I, L, O and U.
const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The short code of a device inside the ids its people read (`CUST-7K-12`): 2 to 9 capital letters and digits.
///
/// The relay gives each device a code unique in the organisation at enrolment. Until then a device uses a provisional
/// code derived from its key, so that ids made before the first contact cannot collide either.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceCode(String);

impl DeviceCode {
    /// Longest code, in characters.
    pub const CHARS_MAX: usize = 9;

    /// The code the relay gives to the `number`th device of the organisation, counted from 1: base 32, two digits at least.
    #[must_use]
    pub fn enrolled(number: u32) -> Self {
        let mut digits = Vec::new();
        let mut rest = number;
        while rest > 0 || digits.len() < 2 {
            digits.push(CODE_ALPHABET[(rest % 32) as usize]);
            rest /= 32;
        }
        DeviceCode(digits.iter().rev().map(|digit| char::from(*digit)).collect())
    }

    /// The number that [`DeviceCode::enrolled`] makes this code of, if there is one.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        let number = self.0.bytes().try_fold(0_u32, |number, letter| {
            let digit = CODE_ALPHABET.iter().position(|other| *other == letter)?;
            number.checked_mul(32)?.checked_add(u32::try_from(digit).ok()?)
        })?;
        (DeviceCode::enrolled(number) == *self).then_some(number)
    }

    /// The code a device uses before it is enrolled: `X` and 40 bits of its key, longer than any code a relay gives.
    #[must_use]
    pub fn provisional(key: &DeviceKey) -> Self {
        let bits = key.as_bytes()[8..13].iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let digits = (0..8).rev().map(|place| char::from(CODE_ALPHABET[(bits >> (place * 5) & 31) as usize]));
        DeviceCode(std::iter::once('X').chain(digits).collect())
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DeviceCode {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if (2..=Self::CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| CODE_ALPHABET.contains(&byte)) {
            Ok(DeviceCode(text.to_owned()))
        } else {
            Err(ParseError::new(text, "a device code of 2 to 9 capital letters and digits, such as 7K"))
        }
    }
}

serde_as_text!(DeviceCode);

/// A person, or a team, as records name them: masked (`王*`, `服务团队*`) or a staff number.
/// 1 to [`Staff::CHARS_MAX`] characters, no control characters, no space at either end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Staff(String);

impl Staff {
    /// Longest name, in characters.
    pub const CHARS_MAX: usize = 40;

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Staff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Staff {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let chars = text.chars().count();
        if chars == 0 || chars > Self::CHARS_MAX || text.trim() != text || text.chars().any(char::is_control) {
            return Err(ParseError::new(text, "a staff name of 1 to 40 characters, such as 王* or S012"));
        }
        Ok(Staff(text.to_owned()))
    }
}

serde_as_text!(Staff);

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn enrolled_codes_are_short_and_distinct() {
        assert_eq!(DeviceCode::enrolled(1).as_str(), "01");
        assert_eq!(DeviceCode::enrolled(1024).as_str(), "100");
        let codes: BTreeSet<_> = (1..5_000).map(DeviceCode::enrolled).collect();
        assert_eq!(codes.len(), 4_999);
        assert!(DeviceCode::enrolled(u32::MAX).as_str().len() <= 7);
    }

    #[test]
    fn a_provisional_code_is_longer_than_any_enrolled_code() {
        let code = DeviceCode::provisional(&DeviceKey::from_bytes([0xa5; 32]));
        assert_eq!(code.as_str().len(), DeviceCode::CHARS_MAX);
        assert_eq!(code.as_str().parse::<DeviceCode>().unwrap(), code);
        assert_eq!(code.number(), None);
    }

    #[test]
    fn an_enrolled_code_tells_its_number() {
        for number in [1, 31, 32, 1_023, 1_024, 77_777, u32::MAX] {
            assert_eq!(DeviceCode::enrolled(number).number(), Some(number));
        }
        assert_eq!("001".parse::<DeviceCode>().unwrap().number(), None, "no relay gives a code with a needless zero");
    }

    #[test]
    fn staff_names_have_a_bound_and_no_stray_space() {
        assert!("王*".parse::<Staff>().is_ok());
        for wrong in ["", " 王*", "王*\n", &"王".repeat(41)] {
            assert!(wrong.parse::<Staff>().is_err(), "{wrong:?}");
        }
    }
}
