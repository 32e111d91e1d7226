//! Which addresses a channel is told: a list of its own for each, which can change without a new edition.
//!
//! 1. An [`AddressList`] is what a reader of the channel shall know.
//! 2. A [`ChannelWord`] is what all of the channel know, and nobody else: by it the list is found and opened.
//! 3. A [`SealedList`] is the list as it lies on mirrors, which are strangers to it: locked with the word, and signed by
//!    the role `timestamp`, which already says what is the newest. So mirrors see that it is genuine and newer, and not
//!    what it says.

mod address_list;
mod sealed;
pub mod txt;
mod word;

pub use address_list::{Address, AddressList, Rendezvous};
pub use sealed::SealedList;
pub use word::{ChannelWord, ListName};

use super::Refusal;
use crate::base::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListRefusal {
    #[error("the list is longer than {most} bytes")]
    TooLong { most: u64 },
    #[error("the list cannot be read: {0}")]
    Unreadable(String),
    /// Nobody signed it who may.
    #[error("the list is not signed by the newsroom: {0}")]
    Signature(Refusal),
    #[error("the list is of another channel")]
    OtherChannel,
    #[error("the list is version {got}, and version {had} was seen already")]
    Rollback { had: u64, got: u64 },
    #[error("the list says that it counts from {issued} to {expires}")]
    Span {
        issued: Timestamp,
        expires: Timestamp,
    },
    #[error("`{0}` is no address of a mirror")]
    Address(String),
    #[error("`{0}` stands twice in the list")]
    Twice(String),
}
