//! An article as it is written: one line of the archive. Its own types, so that inner ones can change without breaking
//! anybody's file.

use serde::{Deserialize, Serialize};

use super::super::dating::hour;
use super::super::mark::Mark;
use super::super::studio::Finished;
use super::super::wording::Wording;
use crate::base::{Digest, SitePath, Timestamp};
use crate::site::{Article, Clock, Language, NewsroomId, Picture};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::packager) struct Line {
    pub path: SitePath,
    /// What its source calls it.
    pub id: String,
    /// Address of the original, which may be another by now.
    pub source: Option<String>,
    /// Other names by which it may be withdrawn: where its page was found, what that calls itself, and those of what was
    /// withdrawn and said the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// The source that told it last, as people tell sources apart. Absent in lines of before this was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_by: Option<Box<str>>,
    /// Whether that one alone says where it lies: on another host, where nobody has seen it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_hearsay: bool,
    /// The [digest](super::super::source::Entry::own_id) of what its source calls it besides its address, by which it is known
    /// under another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_id: Option<Mark>,
    /// The program that read it: another may read the same page otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_by: Option<String>,
    /// What stood in it too when it was read, as on many pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<Wording>,
    /// Absent if it was withdrawn.
    pub story: Option<Story>,
    /// Of the page that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Tongue>,
    /// Of all that it said, if it was withdrawn; see [`Wording::mark`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Mark>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::packager) struct Story {
    pub title: String,
    pub byline: Option<String>,
    pub published: Moment,
    /// Of the newsroom's clock, before UTC.
    #[serde(default, skip_serializing_if = "is_utc")]
    pub minutes_ahead: i16,
    pub updated: Option<Moment>,
    pub language: Tongue,
    pub summary: String,
    /// Absent in lines of before there were sections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    pub lead: Option<Lead>,
    pub pictures: Vec<Shown>,
    /// HTML with addresses relative to the article's place.
    pub body: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::packager) struct Lead {
    pub path: SitePath,
    pub alt: String,
    pub caption: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::packager) struct Shown {
    pub path: SitePath,
    /// In pixels.
    pub width: u32,
    pub height: u32,
    pub sha256: Sha256,
}

fn is_utc(minutes_ahead: &i16) -> bool {
    *minutes_ahead == 0
}

impl Story {
    pub fn clock(&self) -> Clock {
        Clock::ahead(self.minutes_ahead)
    }
}

/// RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(in crate::packager) struct Moment(pub Timestamp);

/// BCP 47.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(in crate::packager) struct Tongue(pub Language);

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(in crate::packager) struct Sha256(pub Digest);

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text
            .parse()
            .map(|at: Timestamp| match at.subsec_nanosecond() {
                0 => Self(at),
                // No source tells fractions: programs of before noted the very moment at which a file was saved.
                _ => Self(hour(at)),
            });
        parsed.map_err(|_| format!("`{text}` is no moment"))
    }
}

impl TryFrom<String> for Tongue {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = Language::parse(&text).map(Self);
        parsed.ok_or_else(|| format!("`{text}` is no language"))
    }
}

impl TryFrom<String> for Sha256 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error| format!("{error}"))
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.0.to_string()
    }
}

impl From<Tongue> for String {
    fn from(tongue: Tongue) -> Self {
        tongue.0.to_string()
    }
}

impl From<Sha256> for String {
    fn from(digest: Sha256) -> Self {
        digest.0.to_string()
    }
}

impl Line {
    pub fn is_of(&self, newsroom: &NewsroomId) -> bool {
        let Some(story) = &self.story else {
            let room = self.path.as_str().split('/').next();
            return room == Some(newsroom.as_str());
        };
        let slug = self.path.as_str().rsplit('/').nth(1).unwrap_or_default();
        Article::place(newsroom, story.published.0, story.clock(), slug).as_ref()
            == Some(&self.path)
    }

    /// As it is written, without its end.
    pub fn written(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers can always be written")
    }
}

impl Story {
    /// See [`Wording::mark`].
    pub fn mark(&self) -> Mark {
        Wording::of(&self.title, &self.body).mark(self.published.0)
    }
}

impl Lead {
    pub fn of(picture: &Picture) -> Self {
        Self {
            path: picture.path.clone(),
            alt: picture.alt.clone(),
            caption: picture.caption.clone(),
        }
    }
}

impl Shown {
    pub fn of((path, finished): &(SitePath, Finished)) -> Self {
        Self {
            path: path.clone(),
            width: finished.width,
            height: finished.height,
            sha256: Sha256(finished.webp.digest),
        }
    }

    pub fn picture(&self) -> Picture {
        Picture {
            path: self.path.clone(),
            small: None,
            width: self.width,
            height: self.height,
            alt: String::new(),
            caption: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_an_earlier_program_noted_too_exactly_is_told_to_the_hour() {
        let check = |text: &str, told: &str| {
            let moment = Moment::try_from(text.to_owned()).unwrap();
            assert_eq!(String::from(moment), told);
        };
        check("2026-11-26T15:31:53.763728395Z", "2026-11-26T15:00:00Z");
        check("2026-11-26T15:31:53Z", "2026-11-26T15:31:53Z");
    }
}
