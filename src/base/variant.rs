//! How much of an edition a bundle carries.

/// Every one has all signatures and all pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variant {
    Full,
    /// Small pictures only.
    Light,
    /// No picture.
    Text,
}

impl Variant {
    pub const ALL: [Self; 3] = [Self::Full, Self::Light, Self::Text];

    /// As in names of files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Light => "light",
            Self::Text => "text",
        }
    }
}
