//! The packager: from what a newsroom publishes to the articles and pictures of an edition.
//!
//! 1. `source`: what a source offers, and what it tells about each article. `intake` takes what is pushed.
//! 2. `fetching`, `charset`, `extract`, `reading`, `patience`: from an offer to the article in it.
//! 3. `placing`, `slug`: where the article lies in the site.
//! 4. `studio`, `pictures`: from the pictures it shows to light ones without a past. `cache`: what was made before.
//! 5. `galley`, `links`, `detours` and `site::clean`: from its HTML to HTML that is safe.
//! 6. `archive`, `withdrawn`: from what is gathered now to what is shown, with what feeds have forgotten. `tellers`,
//!    `wording`: who may change what is kept, and whether it says anything new.
//!    `forgetting`: what is left on this computer of what is taken back. `room`: what gives way when there is too much.
//! 7. `makeup`, `setting`, `recall`: from what is shown to the pages of the site.
//! 8. `publish`: from the files of a site to a signed bundle, in the newsroom's `folder`.
//! 9. `watch`: when to begin again.
//!
//! Texts and pictures lie on the disk (`waiting`) and go through memory one at a time, so that it does not grow with the
//! edition; what was worked out of the same things before is not worked out again (`trace`).
//!
//! One bad page or picture is skipped and named; it never stops an edition.

mod archive;
mod cache;
mod charset;
mod custody;
mod dating;
mod detours;
mod draft;
pub mod extract;
mod fetching;
mod folder;
mod forgetting;
mod galley;
mod gather;
pub mod intake;
mod jpeg;
mod links;
mod makeup;
mod mark;
mod patience;
mod pictures;
mod placing;
mod publish;
mod reading;
mod recall;
mod revision;
mod room;
mod script;
mod setting;
mod slug;
mod source;
mod studio;
mod tellers;
mod trace;
mod waiting;
mod watch;
mod withdrawn;
mod withheld;
mod wording;

pub use crate::edition::Variant;

pub use archive::{Archive, ArchiveError, Ready, Slip, Stock};
pub use cache::{Cache, Work};
pub use custody::{
    HeldKey, People, Place, Unlock, read_key, read_proposal, read_public, write_key_pair,
    write_proposal,
};
pub use draft::Background;
pub use fetching::{Getter, OF_A_ROUND, OF_A_RUN, WebCache};
pub use folder::{FolderError, NewsroomFolder};
pub use forgetting::forget;
pub use gather::{Failed, Gathered, LostPicture, Options, Progress, Repeated, Skipped, gather};
pub use makeup::{MadeUp, Makeup};
pub use pictures::{Encoded, PictureError, Sizes, encode as encode_picture, logo};
pub use publish::{Effort, Files, Lifetimes, Press, PublishError};
pub use revision::{Revision, Settled};
pub use room::Crowded;
pub use source::{Document, NEWEST, Named, Source, SourceError};
pub use waiting::{Drawer, Waiting};
pub use watch::{Action, Ended, Event, Rhythm, Watch};
pub use withdrawn::Withdrawn;
