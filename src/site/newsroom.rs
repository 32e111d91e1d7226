//! Who writes: a newsroom with its folder, its name and its language.

use super::{Language, Logo};
use crate::base::NewsroomId;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newsroom {
    pub id: NewsroomId,
    pub name: String,
    /// One line under the name; may be empty.
    pub tagline: String,
    pub language: Language,
    pub logo: Option<Logo>,
}
