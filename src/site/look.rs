//! How a site looks, as far as its people may choose: one colour and a logo.
//!
//! The colour is checked to be readable on light paper, and made lighter for dark paper, by the contrast of WCAG 2.2
//! (success criterion 1.4.3), so that no choice makes a page unreadable.

use std::fmt::Write as _;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// Of kickers, rules and links.
    pub accent: Option<Accent>,
}

/// A colour that can be read on the paper of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent(Colour);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Colour([u8; 3]);

/// A logo, as WebP. It stands where the name would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// In pixels.
    pub width: u32,
    pub height: u32,
    pub webp: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AccentError {
    #[error("`{0}` is no colour, such as `#8a1c1c`")]
    NoColour(String),
    #[error(
        "`{0}` cannot be read on light paper: its contrast is {1:.1}, and 4.5 is the least; take a darker one"
    )]
    TooLight(String, f64),
}

/// `--paper` in the styles.
const PAPER: Colour = Colour([0xfc, 0xfa, 0xf6]);
const DARK_PAPER: Colour = Colour([0x17, 0x16, 0x14]);

/// WCAG 2.2, success criterion 1.4.3, level AA.
const LEAST_CONTRAST: f64 = 4.5;

impl Accent {
    /// From `#rrggbb`.
    pub fn parse(text: &str) -> Result<Self, AccentError> {
        let colour = Colour::parse(text).ok_or_else(|| AccentError::NoColour(text.to_owned()))?;
        match contrast(colour, PAPER) {
            enough if enough >= LEAST_CONTRAST => Ok(Self(colour)),
            contrast => Err(AccentError::TooLight(text.to_owned(), contrast)),
        }
    }

    /// The same colour, mixed with white until it can be read on dark paper.
    fn on_dark(self) -> Colour {
        let lighter = |parts: u16| {
            let Colour(channels) = self.0;
            Colour(channels.map(|byte| {
                let mixed = (u16::from(byte) * (20 - parts) + 255 * parts) / 20;
                u8::try_from(mixed).unwrap_or(255)
            }))
        };
        let mut mixed = (0..=20).map(lighter);
        let readable = |colour: &Colour| contrast(*colour, DARK_PAPER) >= LEAST_CONTRAST + 1.0;
        mixed.find(readable).unwrap_or(Colour([255; 3]))
    }
}

impl Look {
    /// What stands behind the rules of every page.
    pub fn css(&self) -> String {
        let mut css = String::new();
        if let Some(accent) = self.accent {
            let (Colour([r, g, b]), Colour([x, y, z])) = (accent.0, accent.on_dark());
            let _ = write!(
                css,
                "@media screen{{:root{{--accent:#{r:02x}{g:02x}{b:02x}}}}}\
                 @media screen and (prefers-color-scheme:dark){{:root{{--accent:#{x:02x}{y:02x}{z:02x}}}}}"
            );
        }
        css
    }
}

impl Colour {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let is_hex = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let [_, bytes @ ..] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
        is_hex.then_some(Self(bytes))
    }

    /// Relative luminance (WCAG 2.2, section 6).
    fn luminance(self) -> f64 {
        let linear = |byte: u8| match f64::from(byte) / 255.0 {
            dark if dark <= 0.04045 => dark / 12.92,
            light => ((light + 0.055) / 1.055).powf(2.4),
        };
        let [r, g, b] = self.0.map(linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }
}

fn contrast(a: Colour, b: Colour) -> f64 {
    let (a, b) = (a.luminance() + 0.05, b.luminance() + 0.05);
    a.max(b) / a.min(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_that_cannot_be_read_is_refused() {
        for dark in ["#8a1c1c", "#000000", "#0b4f6c", "#006B3C"] {
            let accent = Accent::parse(dark).unwrap_or_else(|error| panic!("{dark}: {error}"));
            assert!(
                contrast(accent.on_dark(), DARK_PAPER) >= LEAST_CONTRAST,
                "{dark}"
            );
        }
        for light in ["#ffffff", "#ffcc00", "#ff7f50"] {
            let refused = Accent::parse(light);
            assert!(matches!(refused, Err(AccentError::TooLight(..))), "{light}");
        }
        for none in [
            "",
            "red",
            "#fff",
            "8a1c1c",
            "#8a1c1g",
            "#+8a1c1",
            "#8a1c1c;}",
        ] {
            let refused = Accent::parse(none);
            assert!(matches!(refused, Err(AccentError::NoColour(_))), "{none}");
        }
    }

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        let (white, black) = (Colour([255; 3]), Colour([0; 3]));
        assert!((contrast(white, black) - 21.0).abs() < 0.01);
        assert!((contrast(Colour([0x76; 3]), white) - 4.54).abs() < 0.01);
    }

    #[test]
    fn the_papers_are_those_of_the_style() {
        let css = include_str!("style/base.css");
        for Colour([r, g, b]) in [PAPER, DARK_PAPER] {
            assert!(css.contains(&format!("--paper:#{r:02x}{g:02x}{b:02x}")));
        }
    }
}
