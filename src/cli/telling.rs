//! What `colport pack` says while it works. A watch looks again and again, but says each thing once, until it has been
//! otherwise for a round.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use indicatif::ProgressBar;

use super::screen::Screen;

pub(crate) struct Telling<'a> {
    screen: &'a Screen,
    /// `None` if everything is said, however often.
    said: Option<RefCell<Said>>,
}

#[derive(Default)]
struct Said {
    last_round: BTreeSet<String>,
    this_round: BTreeSet<String>,
}

impl Said {
    fn is_new(&mut self, text: &str) -> bool {
        let is_new = self.this_round.insert(text.to_owned());
        is_new && !self.last_round.contains(text)
    }

    fn end_round(&mut self) {
        self.last_round = std::mem::take(&mut self.this_round);
    }
}

impl<'a> Telling<'a> {
    pub(crate) fn all(screen: &'a Screen) -> Self {
        Self { screen, said: None }
    }

    pub(crate) fn once(screen: &'a Screen) -> Self {
        Self {
            screen,
            said: Some(RefCell::default()),
        }
    }

    /// What is said from now on is compared with what was said since the last call.
    pub(crate) fn end_round(&self) {
        if let Some(said) = &self.said {
            said.borrow_mut().end_round();
        }
    }

    fn is_new(&self, text: &str) -> bool {
        let said = self.said.as_ref();
        said.is_none_or(|said| said.borrow_mut().is_new(text))
    }

    pub(crate) fn line(&self, text: impl fmt::Display) {
        let text = text.to_string();
        if self.is_new(&text) {
            self.screen.line(text);
        }
    }

    /// Something that went wrong without stopping the rest.
    pub(crate) fn warn(&self, text: impl fmt::Display) {
        let text = text.to_string();
        if self.is_new(&text) {
            self.screen.warn(text);
        }
    }

    pub(crate) fn counting(&self, doing: &str) -> ProgressBar {
        self.screen.counting(doing)
    }
}

#[cfg(test)]
mod tests {
    use super::Said;

    #[test]
    fn a_thing_is_said_once_until_it_has_been_otherwise() {
        let mut said = Said::default();
        let mut round = |texts: &[&str]| -> Vec<bool> {
            let new = texts.iter().map(|text| said.is_new(text)).collect();
            said.end_round();
            new
        };
        assert_eq!(round(&["a", "b", "a"]), [true, true, false]);
        assert_eq!(round(&["a", "b", "c"]), [false, false, true]);
        assert_eq!(round(&["a"]), [false]);
        assert_eq!(round(&["a", "b"]), [false, true]);
    }
}
