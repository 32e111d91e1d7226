//! Why metadata was not accepted: data, so that a test can name the attack and a program can choose what to say.

use jiff::Timestamp;

use crate::base::tame;

/// Each variant names the role (and so the file) that was refused. Nothing of a refused file is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An older version than one that was seen before.
    #[error("`{role}` has version {got}, but version {had} was seen before")]
    Rollback { role: String, had: u64, got: u64 },
    /// Past its date: what is newer may be held back from us.
    #[error("`{role}` has expired at {since}")]
    Expired { role: String, since: Timestamp },
    /// Fewer good signatures by different keys of the role than it needs.
    #[error("`{role}` has {valid} valid signatures of {needed} needed")]
    ThresholdNotMet {
        role: String,
        valid: usize,
        needed: u64,
    },
    /// Not the file that was signed for this edition.
    #[error("`{role}` has another hash than was signed")]
    WrongHash { role: String },
    #[error("`{role}` has {got} bytes, but {told} were signed")]
    WrongLength { role: String, told: u64, got: u64 },
    #[error("`{role}` is longer than {max_bytes} bytes")]
    TooLong { role: String, max_bytes: u64 },
    /// Not the version that was asked for.
    #[error("`{role}` has version {got} where version {expected} belongs")]
    WrongVersion {
        role: String,
        expected: u64,
        got: u64,
    },
    /// A role that was listed before is listed no more, or is delegated but not listed, or its file is not there.
    #[error("`{role}` is missing")]
    Missing { role: String },
    #[error("`{role}` cannot be understood: {why}")]
    Malformed { role: String, why: String },
    /// What we kept ourselves cannot be read: without it an old edition could pass for a new one.
    #[error("the remembered `{role}` is damaged: {why}")]
    DamagedMemory { role: String, why: String },
    #[error("`{role}` would be one role too many: {limit} are read at most")]
    TooManyRoles { role: String, limit: usize },
    /// A file name that has no place in a site.
    #[error("`{role}` names a file that no site can hold: {why}")]
    BadTargetName { role: String, why: String },
    /// A file was given that was not asked for.
    #[error("nothing more was wanted")]
    NotWanted,
    /// The end was asked for while something is still wanted.
    #[error("`{role}` has not been given yet")]
    Unfinished { role: String },
}

impl Refusal {
    /// The role whose metadata was refused, if it was one.
    pub fn role(&self) -> Option<&str> {
        match self {
            Self::Rollback { role, .. }
            | Self::Expired { role, .. }
            | Self::ThresholdNotMet { role, .. }
            | Self::WrongHash { role }
            | Self::WrongLength { role, .. }
            | Self::TooLong { role, .. }
            | Self::WrongVersion { role, .. }
            | Self::Missing { role }
            | Self::Malformed { role, .. }
            | Self::DamagedMemory { role, .. }
            | Self::TooManyRoles { role, .. }
            | Self::BadTargetName { role, .. }
            | Self::Unfinished { role } => Some(role),
            Self::NotWanted => None,
        }
    }

    /// What it means, and what a person may try who has never heard of signed metadata.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Rollback { .. } => {
                "this copy is older than one you have already seen; someone may want to hide newer articles. \
                 Keep the copy you have, and try another mirror"
            }
            Self::Expired { .. } => {
                "this copy should have been renewed by now. Check the date and time of this machine; if they are \
                 right, newer articles may be held back from you: try another mirror"
            }
            Self::ThresholdNotMet { .. } => {
                "the newsroom has not signed this; it may be forged. Do not trust it, and get a copy elsewhere"
            }
            Self::WrongHash { .. } | Self::WrongLength { .. } | Self::WrongVersion { .. } => {
                "this copy is damaged, was changed on its way, or is being replaced right now. \
                 Try again, or try another mirror"
            }
            Self::TooLong { .. } | Self::TooManyRoles { .. } => {
                "an honest copy is far smaller; this one may be made to exhaust your machine. Try another mirror"
            }
            Self::Missing { .. } => "this copy is incomplete. Try another mirror",
            Self::Malformed { .. } | Self::BadTargetName { .. } => {
                "this copy is damaged, or made to do damage. Try another mirror"
            }
            Self::DamagedMemory { .. } => {
                "a file that this program keeps was damaged, perhaps by a failing disk. Delete what it keeps about \
                 this site, and compare the site's fingerprint again before you go on"
            }
            Self::NotWanted | Self::Unfinished { .. } => return None,
        };
        Some(hint.to_owned())
    }

    pub(super) fn malformed(role: &str, why: impl Into<String>) -> Self {
        Self::Malformed {
            role: role.to_owned(),
            why: tame(&why.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_role_and_what_to_try() {
        let rollback = Refusal::Rollback {
            role: "timestamp".into(),
            had: 7,
            got: 5,
        };
        assert_eq!(
            rollback.to_string(),
            "`timestamp` has version 5, but version 7 was seen before"
        );
        assert_eq!(rollback.role(), Some("timestamp"));
        assert!(
            rollback
                .hint()
                .is_some_and(|hint| hint.contains("another mirror"))
        );
    }
}
