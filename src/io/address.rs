//! Where things lie on a mirror: addresses below the mirror's own, which every host lays out alike.
//!
//! ```text
//! MIRROR/be/2026/11/river/index.html         a file of the site
//! MIRROR/.colport/metadata/timestamp.json    who signed what
//! MIRROR/.colport/metadata/12.snapshot.json
//! MIRROR/.colport/bundle/12.tar.gz           edition 12, whole
//! MIRROR/.colport/bundle/11-12.tar.gz        what edition 12 has and edition 11 has not
//! MIRROR/.colport/bundle/11-12.zst           the same in the dense form
//! MIRROR/.colport/bundle/text.tar.gz         the newest edition without pictures; `light.tar.gz`: with small ones
//! MIRROR/.colport/bundle/11-12-text.zst      the same in the dense form, which has the edition in its name
//! MIRROR/.colport/bundle                     where a colport server takes bundles
//! MIRROR/.colport/reports                    where it hears of other mirrors
//! ```

use std::fmt;

use url::Url;

use crate::base::{EditionNumber, MetadataName, SitePath, Variant};

/// A bundle file by what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BundleName {
    Full(EditionNumber),
    Update {
        base: EditionNumber,
        edition: EditionNumber,
    },
    /// A small copy of an edition.
    Small(EditionNumber, Variant),
    SmallUpdate {
        base: EditionNumber,
        edition: EditionNumber,
        variant: Variant,
    },
}

impl fmt::Display for BundleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(edition) => write!(f, "{edition}.tar.gz"),
            Self::Update { base, edition } => write!(f, "{base}-{edition}.tar.gz"),
            Self::Small(edition, variant) => write!(f, "{edition}-{}.tar.gz", variant.word()),
            Self::SmallUpdate {
                base,
                edition,
                variant,
            } => write!(f, "{base}-{edition}-{}.tar.gz", variant.word()),
        }
    }
}

/// How a bundle travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// As it is.
    Plain,
    /// Smaller, for the way only.
    Dense,
}

/// A file on a mirror out of which a bundle can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BundleFile {
    pub bundle: BundleName,
    pub form: Form,
}

impl BundleName {
    pub fn of(base: Option<EditionNumber>, edition: EditionNumber, variant: Variant) -> Self {
        match (base, variant) {
            (None, Variant::Full) => Self::Full(edition),
            (Some(base), Variant::Full) => Self::Update { base, edition },
            (None, _) => Self::Small(edition, variant),
            (Some(base), _) => Self::SmallUpdate {
                base,
                edition,
                variant,
            },
        }
    }

    pub fn plain(self) -> BundleFile {
        self.in_form(Form::Plain)
    }

    pub fn dense(self) -> BundleFile {
        self.in_form(Form::Dense)
    }

    fn in_form(self, form: Form) -> BundleFile {
        BundleFile { bundle: self, form }
    }

    /// The edition that one has behind it.
    pub fn edition(self) -> EditionNumber {
        match self {
            Self::Full(edition)
            | Self::Update { edition, .. }
            | Self::Small(edition, _)
            | Self::SmallUpdate { edition, .. } => edition,
        }
    }
}

impl BundleFile {
    /// Its name on a mirror. A plain small copy always has the same one, so that people can hand on its address.
    pub fn shown(&self) -> String {
        match (self.bundle, self.form) {
            (BundleName::Small(_, variant), Form::Plain) => lasting(variant),
            _ => self.to_string(),
        }
    }

    /// Whether there is such a file anywhere. Updates of small copies travel in the dense form alone.
    pub fn is_made(&self) -> bool {
        !matches!(
            (self.bundle, self.form),
            (BundleName::SmallUpdate { .. }, Form::Plain)
        )
    }

    /// Whether a file on a mirror has a name that we give to bundles.
    pub fn is_ours(name: &str) -> bool {
        Self::parse(name).is_some()
            || Variant::ALL
                .into_iter()
                .any(|variant| lasting(variant) == name)
    }

    /// `None`: no name that we give.
    pub fn parse(name: &str) -> Option<Self> {
        let (stem, form) = match name.strip_suffix(".zst") {
            Some(stem) => (stem, Form::Dense),
            None => (name.strip_suffix(".tar.gz")?, Form::Plain),
        };
        let small = |variant: &Variant| {
            Some((
                stem.strip_suffix(variant.word())?.strip_suffix('-')?,
                *variant,
            ))
        };
        let small = [Variant::Light, Variant::Text].iter().find_map(small);
        let (stem, variant) = small.unwrap_or((stem, Variant::Full));
        let (base, edition) = match stem.split_once('-') {
            Some((base, edition)) => (Some(base.parse().ok()?), edition),
            None => (None, stem),
        };
        let bundle = BundleName::of(base, edition.parse().ok()?, variant);
        let file = Self { bundle, form };
        (file.to_string() == name).then_some(file)
    }
}

impl fmt::Display for BundleFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.bundle.to_string();
        match self.form {
            Form::Plain => f.write_str(&plain),
            Form::Dense => write!(f, "{}.zst", plain.strip_suffix(".tar.gz").unwrap_or(&plain)),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no address of a mirror: {why}")]
pub struct AddressError {
    pub text: String,
    pub why: &'static str,
}

/// The address of a mirror as a person writes it; `https://` may be left out.
pub fn parse(text: &str) -> Result<Url, AddressError> {
    // What stands before the last of these may be a password.
    let plain = text.rsplit('@').next().unwrap_or_default();
    let refused = |why| AddressError {
        text: plain.chars().take(200).collect(),
        why,
    };
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let mut url = Url::parse(&full).map_err(|_| refused("it cannot be read"))?;
    // No list may name such an address, and what stands there is not for messages either.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError {
            text: url.host_str().unwrap_or_default().to_owned(),
            why: "it holds a user name or a password",
        });
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused("it begins with neither `https://` nor `http://`"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("it holds `?` or `#`"));
    }
    // So that one mirror has one spelling.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push("");
    }
    Ok(url)
}

pub fn file(mirror: &Url, path: &SitePath) -> Url {
    below(mirror, path.as_str().split('/'))
}

/// Of any file on a mirror, by its path below the mirror's root.
pub fn anything(mirror: &Url, path: &str) -> Url {
    below(mirror, path.split('/'))
}

pub fn metadata(mirror: &Url, name: &MetadataName) -> Url {
    below(mirror, [".colport", "metadata", &name.to_string()])
}

pub fn bundle(mirror: &Url, name: &BundleFile) -> Url {
    below(mirror, [".colport", "bundle", &name.shown()])
}

/// The newest small copy, whatever the edition.
pub fn lasting(variant: Variant) -> String {
    format!("{}.tar.gz", variant.word())
}

/// Where a channel's list lies, by its name.
pub fn list(mirror: &Url, name: &str) -> Url {
    below(mirror, [".colport", "lists", &format!("{name}.json")])
}

/// Where a colport server takes bundles.
pub fn intake(mirror: &Url) -> Url {
    below(mirror, [".colport", "bundle"])
}

/// Where a colport server hears of other mirrors.
pub fn reports(mirror: &Url) -> Url {
    below(mirror, [".colport", "reports"])
}

fn below<'a>(mirror: &Url, segments: impl IntoIterator<Item = &'a str>) -> Url {
    let mut url = mirror.clone();
    // Fails only for addresses such as `mailto:`, which `parse` refuses.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mirror_has_one_spelling() {
        for text in [
            "https://a.example",
            "https://a.example/",
            "a.example",
            "A.example/",
        ] {
            let url = parse(text).map(String::from);
            assert_eq!(url, Ok("https://a.example/".to_owned()), "{text}");
        }
        let below = parse("http://a.example:8080/x/y").map(String::from);
        assert_eq!(below, Ok("http://a.example:8080/x/y/".to_owned()));
    }

    #[test]
    fn what_is_no_web_address_is_refused() {
        for text in [
            "",
            "ftp://a.example",
            "file:///etc",
            "https://",
            "a.example?x",
            "a.example#x",
            "https://anna@a.example/",
            "anna:hunter2@a.example",
            "https://:hunter2@a.example/",
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(
                !error.contains("anna") && !error.contains("hunter2"),
                "{error}"
            );
        }
    }

    #[test]
    fn names_of_bundles_go_there_and_back() {
        for name in [
            "7.tar.gz",
            "7.zst",
            "6-7.tar.gz",
            "6-7.zst",
            "7-text.zst",
            "6-7-light.zst",
            "7-text.tar.gz",
        ] {
            let file = BundleFile::parse(name).expect(name);
            assert_eq!(
                (file.to_string().as_str(), file.bundle.edition()),
                (name, 7)
            );
            assert!(BundleFile::is_ours(&file.shown()), "{name}");
        }
        let small = BundleName::Small(7, Variant::Text);
        assert_eq!(small.plain().shown(), "text.tar.gz");
        assert_eq!(small.dense().shown(), "7-text.zst");
        for name in [
            "",
            "7",
            ".zst",
            "-.zst",
            "6-.zst",
            "07.zst",
            "+7.zst",
            "6-7-8.zst",
            "a.tar.gz",
            "-text.zst",
            "7-full.zst",
            "7-tiny.zst",
        ] {
            assert_eq!(BundleFile::parse(name), None, "{name}");
        }
    }

    #[test]
    fn everything_lies_below_the_mirror() {
        let mirror = parse("http://a.example/m").expect("an address");
        let path = SitePath::parse("be/навіны/a b.html").expect("a path");
        let check = |url: Url, end: &str| {
            assert_eq!(url.as_str(), format!("http://a.example/m/{end}"));
        };
        check(
            file(&mirror, &path),
            "be/%D0%BD%D0%B0%D0%B2%D1%96%D0%BD%D1%8B/a%20b.html",
        );
        check(
            metadata(&mirror, &MetadataName::timestamp()),
            ".colport/metadata/timestamp.json",
        );
        check(
            bundle(&mirror, &BundleName::Full(7).plain()),
            ".colport/bundle/7.tar.gz",
        );
        check(
            bundle(&mirror, &BundleName::Full(7).dense()),
            ".colport/bundle/7.zst",
        );
        let update = BundleName::Update {
            base: 6,
            edition: 7,
        };
        check(
            bundle(&mirror, &update.plain()),
            ".colport/bundle/6-7.tar.gz",
        );
        check(bundle(&mirror, &update.dense()), ".colport/bundle/6-7.zst");
        check(intake(&mirror), ".colport/bundle");
        check(reports(&mirror), ".colport/reports");
    }
}
