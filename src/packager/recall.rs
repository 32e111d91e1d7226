//! What lists tell of articles, laid aside until they are set.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::archive::{Moment, Tongue};
use super::waiting::{Drawer, Whereabouts};
use crate::site::{Language, Picture, Recall, Terms, Told};

/// Of one article.
#[derive(Debug)]
pub(super) struct Recalled {
    lies: Whereabouts,
    losses: Losses,
}

/// Whether the disk lost anything that a list was to tell. Pages cannot fail, so it is asked when all are set.
#[derive(Debug, Clone, Default)]
pub(super) struct Losses(Arc<AtomicBool>);

impl Losses {
    pub fn are_none(&self) -> bool {
        !self.0.load(Ordering::Relaxed)
    }
}

/// An article as it was set.
#[derive(Serialize, Deserialize)]
pub(super) struct Known {
    /// Of its page.
    pub sha256: String,
    pub section: Option<String>,
    told: Laid,
}

impl Known {
    pub fn of(sha256: String, section: Option<String>, told: Told) -> Self {
        let told = Laid::from(told);
        Self {
            sha256,
            section,
            told,
        }
    }
}

impl Recalled {
    /// `known`: a [`Known`] as it is written.
    pub fn lay(known: Vec<u8>, drawer: &Drawer, losses: &Losses) -> Self {
        Self {
            lies: drawer.lay(known),
            losses: losses.clone(),
        }
    }
}

impl Recall for Recalled {
    fn recall(&self) -> Told {
        let laid = self.lies.read().ok();
        let laid = laid.and_then(|json| serde_json::from_slice::<Known>(&json).ok());
        laid.map(|known| known.told).map_or_else(
            || {
                self.losses.0.store(true, Ordering::Relaxed);
                nothing()
            },
            Told::from,
        )
    }
}

/// Stands on pages that will be thrown away.
fn nothing() -> Told {
    Told {
        title: String::new(),
        byline: None,
        updated: None,
        language: Language::parse("en").expect("it is a language"),
        summary: String::new(),
        lead: None,
        terms: Terms::default(),
    }
}

#[derive(Serialize, Deserialize)]
struct Laid {
    title: String,
    byline: Option<String>,
    updated: Option<Moment>,
    language: Tongue,
    summary: String,
    lead: Option<Picture>,
    terms: Terms,
}

impl From<Told> for Laid {
    fn from(told: Told) -> Self {
        Self {
            title: told.title,
            byline: told.byline,
            updated: told.updated.map(Moment),
            language: Tongue(told.language),
            summary: told.summary,
            lead: told.lead,
            terms: told.terms,
        }
    }
}

impl From<Laid> for Told {
    fn from(laid: Laid) -> Self {
        Self {
            title: laid.title,
            byline: laid.byline,
            updated: laid.updated.map(|moment| moment.0),
            language: laid.language.0,
            summary: laid.summary,
            lead: laid.lead,
            terms: laid.terms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SitePath;
    use crate::io::files;

    fn told() -> Told {
        Told {
            title: "The ferry".into(),
            byline: Some("Alena".into()),
            updated: Some("2026-11-20T10:00:00Z".parse().unwrap()),
            language: Language::parse("be-tarask").unwrap(),
            summary: "It \"stopped\".".into(),
            lead: Some(Picture {
                path: SitePath::parse("be/2026/11/a/1.webp").unwrap(),
                small: SitePath::parse("be/2026/11/a/1s.webp").ok(),
                width: 1200,
                height: 800,
                alt: "A ferry".into(),
                caption: None,
            }),
            terms: Terms::of(&["ferry stopped"]),
        }
    }

    #[test]
    fn what_was_laid_aside_is_recalled_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let losses = Losses::default();
        let known = Known::of("0".repeat(64), Some("Rivers".into()), told());
        let known = serde_json::to_vec(&known).unwrap();
        let recalled = Recalled::lay(known, &Drawer::on(folder.path()), &losses);
        assert!(matches!(recalled.lies, Whereabouts::Drawer(..)));
        assert_eq!(format!("{:?}", recalled.recall()), format!("{:?}", told()));
        assert!(losses.are_none());
    }

    #[test]
    fn what_the_disk_lost_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let losses = Losses::default();
        let place = folder.path().join("a");
        files::write(&place, b"short").unwrap();
        for end in [2, 100] {
            let losses = losses.clone();
            let lies = Whereabouts::File(place.clone().into(), 0..end);
            assert_eq!(Recalled { lies, losses }.recall().title, "");
        }
        assert!(!losses.are_none());
    }
}
