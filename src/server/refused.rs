//! Why a bundle was not taken in, in words and as a status.

use http::StatusCode;

use crate::base::Fingerprint;
use crate::bundle::BundleError;
use crate::edition::Refusal;
use crate::io::files::FileError;
use crate::trust;

/// Whatever it was, what was held before is still held, and nothing of the bundle is left.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error(transparent)]
    Edition(#[from] Refusal),
    #[error("it is of another site than `{wanted}`")]
    OtherSite { wanted: Fingerprint },
    #[error("the newsroom's first keys are not in it")]
    NoRoot,
    #[error("others are being taken in already")]
    Busy,
    #[error("it is larger than {max_bytes} bytes")]
    TooLarge { max_bytes: u64 },
    #[error("it came too slowly")]
    TooSlow,
    #[error("the connection broke before its end")]
    Broken,
}

impl Refused {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        let words = match self {
            Self::Edition(refusal) => return refusal.hint(),
            Self::OtherSite { .. } => "compare the fingerprint with the newsroom's own word",
            Self::NoRoot => "take the full bundle, from another place",
            Self::Busy => "try again in a minute",
            Self::TooLarge { .. } => "raise the limit of this mirror, or leave something out",
            Self::TooSlow | Self::Broken => "try again, perhaps over another line",
        };
        Some(words.to_owned())
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Edition(refusal) => of_edition(refusal),
            Self::OtherSite { .. } => StatusCode::FORBIDDEN,
            Self::NoRoot => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }
}

/// 409: what we hold stands against it. 403: who sent it may not. 413: too much. 422: it is not sound.
fn of_edition(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NotNewer { .. } | Refusal::WrongBase { .. } | Refusal::UpdateAlone => {
            StatusCode::CONFLICT
        }
        Refusal::Trust(refusal) => of_trust(refusal),
        Refusal::Bundle(BundleError::TooLarge { .. }) | Refusal::TooMuchMetadata { .. } => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        Refusal::Unwritable {
            disk_full: true, ..
        } => StatusCode::INSUFFICIENT_STORAGE,
        Refusal::Unwritable { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn of_trust(refusal: &trust::Refusal) -> StatusCode {
    match refusal {
        trust::Refusal::Rollback { .. } => StatusCode::CONFLICT,
        trust::Refusal::ThresholdNotMet { .. } => StatusCode::FORBIDDEN,
        trust::Refusal::TooLong { .. } | trust::Refusal::TooManyRoles { .. } => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        trust::Refusal::DamagedMemory { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl From<FileError> for Refused {
    fn from(error: FileError) -> Self {
        // The paths of this machine are nobody's business out there.
        let disk_full = matches!(error, FileError::Full(_));
        let why = if disk_full {
            "no space is left"
        } else {
            "the disk failed"
        };
        let why = why.to_owned();
        Self::Edition(Refusal::Unwritable { why, disk_full })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn each_refusal_has_the_status_that_tells_what_to_do() {
        let check = |refused: Refused, status: u16| {
            assert_eq!(refused.status(), status, "{refused}");
            assert!(refused.hint().is_some(), "{refused}");
        };
        let role = || "timestamp".to_owned();
        check(
            Refusal::NotNewer {
                offered: 1,
                held: 2,
            }
            .into(),
            409,
        );
        check(
            Refusal::WrongBase {
                base: 1,
                held: None,
            }
            .into(),
            409,
        );
        let rollback = trust::Refusal::Rollback {
            role: role(),
            had: 2,
            got: 1,
        };
        check(Refusal::Trust(rollback).into(), 409);
        let unsigned = trust::Refusal::ThresholdNotMet {
            role: role(),
            valid: 0,
            needed: 1,
        };
        check(Refusal::Trust(unsigned).into(), 403);
        let other = trust::Refusal::WrongHash { role: role() };
        check(Refusal::Trust(other).into(), 422);
        check(Refusal::Bundle(BundleError::NotABundle("x")).into(), 422);
        check(Refusal::TooMuchMetadata { max_bytes: 1 }.into(), 413);
        check(Refused::TooLarge { max_bytes: 1 }, 413);
        check(Refused::Busy, 429);
        check(Refused::TooSlow, 408);
        check(FileError::Full(PathBuf::from("/secret")).into(), 507);
        check(FileError::NotFound(PathBuf::from("/secret")).into(), 500);
    }

    #[test]
    fn a_stranger_learns_nothing_of_this_machine() {
        for error in [
            FileError::Full(PathBuf::from("/secret")),
            FileError::NotFound(PathBuf::from("/secret")),
        ] {
            let refused = Refused::from(error);
            assert!(!refused.to_string().contains("secret"), "{refused}");
        }
    }
}
