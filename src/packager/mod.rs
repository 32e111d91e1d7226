//! The packager: from what a newsroom publishes to the articles and pictures of an edition.
//!
//! 1. `source`: what a source offers, and what its feed tells about each article.
//! 2. `fetching`, `charset`, `extract`: from an offer to the article in it.
//! 3. `slug`: where the article lies in the site.
//! 4. `studio`, `pictures`: from the pictures it shows to light ones without a past.
//! 5. `links` and `site::clean`: from its HTML to HTML that is safe.
//! 6. `archive`, `withdrawn`: from what is gathered now to what is shown, with what feeds have forgotten.
//! 7. `publish`: from the files of a site to a signed bundle, in the newsroom's `folder`.
//!
//! One bad page or picture is skipped and named; it never stops an edition.

mod archive;
mod charset;
mod custody;
mod draft;
pub mod extract;
mod feed;
mod fetching;
mod folder;
mod gather;
mod links;
mod pictures;
mod publish;
mod revision;
mod slug;
mod source;
mod studio;
mod withdrawn;

pub use archive::{Archive, ArchiveError, Stock};
pub use custody::{
    HeldKey, People, Place, Unlock, read_key, read_proposal, read_public, write_key_pair,
    write_proposal,
};
pub use folder::{FolderError, NewsroomFolder};
pub use gather::{Failed, Gathered, LostPicture, Options, Progress, Skipped, gather};
pub use pictures::{Encoded, PictureError, Sizes, encode as encode_picture, logo};
pub use publish::{Effort, Files, Lifetimes, Press, PublishError};
pub use revision::{Revision, Settled};
pub use source::{Source, SourceError};
pub use withdrawn::Withdrawn;
