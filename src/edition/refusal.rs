//! Why an edition was not accepted: data for programs and tests, and words for people.

use crate::base::{EditionNumber, MetadataName, SitePath};
use crate::bundle::BundleError;
use crate::trust;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The file is no bundle, or not whole.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The signatures do not hold, or the edition is older than one already seen.
    #[error(transparent)]
    Trust(#[from] trust::Refusal),
    #[error("edition {offered} is not newer than edition {held}, which is held already")]
    NotNewer {
        offered: EditionNumber,
        held: EditionNumber,
    },
    #[error("this is an update from edition {base}, and {}", describe_held(*.held))]
    WrongBase {
        base: EditionNumber,
        held: Option<EditionNumber>,
    },
    /// Two copies of one edition, such as one with a newer root and one without.
    #[error("this update was made for another copy of edition {base}")]
    OtherBase { base: EditionNumber },
    #[error("`{path}` is not what was signed")]
    Altered { path: SitePath },
    #[error("`{path}` was not signed by anyone")]
    Stray { path: SitePath },
    #[error("{count} of the files that were signed are missing, the first is `{first}`")]
    FilesMissing { first: SitePath, count: usize },
    #[error("the metadata file `{name}` is missing")]
    MetadataMissing { name: MetadataName },
    #[error("the metadata file `{name}` is not what was signed")]
    MetadataAltered { name: MetadataName },
    #[error("the metadata is longer than {max_bytes} bytes")]
    TooMuchMetadata { max_bytes: u64 },
    #[error("this copy leaves out pictures, and the whole edition is needed")]
    ExcerptOnly,
    #[error("an update cannot be opened by itself, it needs the edition before")]
    UpdateAlone,
    /// The place that the bundle is written to failed, not the bundle.
    #[error("could not write the edition: {why}")]
    Unwritable { why: String, disk_full: bool },
}

fn describe_held(held: Option<EditionNumber>) -> String {
    match held {
        Some(held) => format!("edition {held} is held"),
        None => "nothing is held yet".into(),
    }
}

impl Refusal {
    /// What a person may try.
    pub fn hint(&self) -> Option<String> {
        let words = match self {
            Self::Bundle(error) => return error.hint().map(str::to_owned),
            Self::Trust(refusal) => return refusal.hint(),
            Self::NotNewer { .. } => "nothing needs to be done: what is held is as new or newer",
            Self::WrongBase { .. } | Self::OtherBase { .. } => {
                "send or fetch the full bundle instead of the update"
            }
            Self::Altered { .. } | Self::Stray { .. } | Self::MetadataAltered { .. } => {
                "do not open or pass on this copy: someone has changed it; take the edition from another mirror or friend"
            }
            Self::FilesMissing { .. } | Self::MetadataMissing { .. } => {
                "take the edition again, or from another mirror"
            }
            Self::TooMuchMetadata { .. } => "take the edition from another mirror",
            Self::ExcerptOnly => "take the bundle whose name is only a number, such as `7.tar.gz`",
            Self::UpdateAlone => {
                "ask for the full bundle, or fetch from a mirror with `colport get`"
            }
            Self::Unwritable {
                disk_full: true, ..
            } => "free some space and try again; what was there before is still whole",
            Self::Unwritable { .. } => "check that the folder can be written to",
        };
        Some(words.to_owned())
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        let disk_full = matches!(
            error.kind(),
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
        );
        Self::Unwritable {
            // Not the error's own words: they may name a path, and a mirror tells this to strangers.
            why: match disk_full {
                true => "no space is left".to_owned(),
                false => error.kind().to_string(),
            },
            disk_full,
        }
    }
}
