//! packager

mod folder;
mod publish;

pub use folder::{FolderError, NewsroomFolder};
pub use publish::{Effort, Files, Lifetimes, Press, PublishError};
