//! Why a bundle is refused.

/// What is wrong with a bundle, or with one packed content. Comparable, so that tests can name the fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// It does not even begin like a bundle.
    #[error("this is no bundle: {0}")]
    NotABundle(&'static str),
    /// All is well up to byte `at`, and then it ends.
    #[error("the bundle ends too early: what follows byte `{at}` is missing")]
    Truncated { at: u64 },
    /// The part that begins at byte `at` of the bundle is not as the format says.
    #[error("the bundle is damaged at byte `{at}`: {why}")]
    Damaged { at: u64, why: &'static str },
    /// A packed content is not one sound gzip member of the length that was claimed.
    #[error("a packed content is damaged: {0}")]
    Content(&'static str),
    /// An entry that a tool would unpack to somewhere, or into something, that no edition holds.
    #[error("the bundle holds a forbidden entry `{path}`: {why}")]
    Forbidden { path: String, why: &'static str },
    #[error("the bundle is too large: {what} of `{claimed}`, where `{most}` is the most")]
    TooLarge {
        what: &'static str,
        claimed: u64,
        most: u64,
    },
}

impl BundleError {
    /// What a person may try.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotABundle(_) => Some(
                "check that it is the file you meant; a page that asks to log in often arrives under another's name",
            ),
            Self::Truncated { .. } => Some("download it again, or the rest of it"),
            Self::Damaged { .. } | Self::Content(_) => {
                Some("download it again, best from another mirror")
            }
            Self::Forbidden { .. } => Some(
                "do not unpack it; somebody made it to harm, so take the bundle from another place",
            ),
            Self::TooLarge { .. } => Some("take the bundle from another place"),
        }
    }
}

/// A path from a stranger as people may see it: no control characters that a terminal would obey, not endless.
pub(super) fn shown(path: &[u8]) -> String {
    let text = String::from_utf8_lossy(path);
    text.chars()
        .take(200)
        .flat_map(char::escape_debug)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_speak_to_the_terminal() {
        assert_eq!(shown(b"a\x1b[2Jb\n\xff"), "a\\u{1b}[2Jb\\n\u{fffd}");
        assert_eq!(shown(&[b'a'; 1000]).len(), 200);
    }

    #[test]
    fn sentences_name_the_place_and_end_without_a_stop() {
        let errors = [
            BundleError::NotABundle("it is empty"),
            BundleError::Truncated { at: 7 },
            BundleError::Damaged { at: 7, why: "x" },
            BundleError::Content("x"),
            BundleError::Forbidden {
                path: "../x".into(),
                why: "x",
            },
            BundleError::TooLarge {
                what: "a member",
                claimed: 7,
                most: 6,
            },
        ];
        for error in errors {
            let text = error.to_string();
            assert!(
                text.starts_with(char::is_lowercase) && !text.ends_with('.'),
                "{text}"
            );
            assert!(error.hint().is_some());
        }
    }
}
