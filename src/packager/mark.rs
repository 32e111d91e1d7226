//! By what a text is known without a look at it, where there are very many: half of a digest. Nobody can make two that
//! have it in common.

use serde::{Deserialize, Serialize};

use super::cache::Key;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mark([u8; 16]);

impl Mark {
    /// Each part counts with its length.
    pub(super) fn of(parts: &[&[u8]]) -> Self {
        Self(Key::of(parts).half())
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<String> for Mark {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = u128::from_str_radix(&text, 16).map(u128::to_be_bytes);
        parsed.map(Self).map_err(|_| format!("`{text}` is no mark"))
    }
}

impl From<Mark> for String {
    fn from(Mark(bytes): Mark) -> Self {
        format!("{:032x}", u128::from_be_bytes(bytes))
    }
}
