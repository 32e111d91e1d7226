//! Which addresses are those of one picture in several sizes: a page names more of them than a crawler saw, and nothing that
//! it did not see is fetched.
//!
//! 1. What says a size stands at the end of a file's name (`a-1024x683.jpg`), in a folder of its own (`/size/w600/a.jpg`), or
//!    in the query.
//! 2. A program that makes pictures smaller has the address of the picture in its query (`/_next/image?url=/a.jpg&w=640`).

use std::hash::{DefaultHasher, Hash, Hasher};

use url::Url;

use crate::packager::links;

/// Where an answer is looked for: by [`links::key`], so that spellings of an address meet; and so that the sizes of a
/// picture stand together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Tells what has another name without its size.
    pub picture: u64,
    pub key: String,
}

impl Place {
    pub(super) fn of(url: &Url) -> Self {
        let key = links::key(url);
        let mut hasher = DefaultHasher::new();
        match sizeless(&key) {
            Some(sizeless) => sizeless.hash(&mut hasher),
            None => key.hash(&mut hasher),
        }
        Self {
            picture: hasher.finish(),
            key,
        }
    }

    /// Before all sizes of the same picture.
    pub(super) fn first_alike(&self) -> Self {
        Self {
            picture: self.picture,
            key: String::new(),
        }
    }
}

/// An address without what says a size; `None` of what is no picture by its name. `key`: see [`links::key`].
pub(super) fn sizeless(key: &str) -> Option<String> {
    let (path, query) = key.split_once('?').unwrap_or((key, ""));
    sizeless_path(path).or_else(|| sizeless_query(path, query))
}

fn sizeless_path(path: &str) -> Option<String> {
    let (path, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, kind) = name.rsplit_once('.')?;
    let is_picture = ["jpg", "jpeg", "png", "webp", "gif", "avif"]
        .iter()
        .any(|known| kind.eq_ignore_ascii_case(known));
    if !is_picture {
        return None;
    }
    let bare = stem.rsplit_once('-');
    let bare = bare.filter(|(bare, size)| is_size(size) && !bare.is_empty());
    let stem = bare.map_or(stem, |(bare, _)| bare);
    let mut folders: Vec<&str> = Vec::new();
    for folder in path.split('/') {
        if !is_folder_of_size(folder) {
            folders.push(folder);
        } else if folders.last() == Some(&"size") {
            folders.pop();
        }
    }
    Some(format!("{}/{stem}.{kind}", folders.join("/")))
}

// Step 2.
fn sizeless_query(path: &str, query: &str) -> Option<String> {
    const SIZES: &[&str] = &[
        "w", "h", "q", "s", "width", "height", "quality", "size", "dpr",
    ];
    let (mut shown, mut rest) = (None, String::new());
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = value.split('?').next().unwrap_or_default();
        let picture = (shown.is_none() && value.contains('/')).then(|| sizeless_path(value));
        match picture.flatten() {
            Some(picture) => shown = Some(picture),
            None if SIZES.contains(&name) => {}
            None => rest += pair,
        }
    }
    Some(format!("{path}?{}&{rest}", shown?))
}

/// As WordPress writes it: `1024x683`, or `scaled`.
fn is_size(word: &str) -> bool {
    word == "scaled" || are_sides(word)
}

fn are_sides(word: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let sides = word.split_once('x');
    sides.is_some_and(|(width, height)| is_number(width) && is_number(height))
}

/// `w600`, `w640-h480`, `width=800,quality=75`, `300x200`, `s1600`.
fn is_folder_of_size(folder: &str) -> bool {
    const NAMES: &[&str] = &["w", "h", "s", "q", "width", "height", "quality", "dpr"];
    // The number at the end, and what stands before.
    let parted = |part: &str| {
        let name = part.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = part.len() - name.len();
        (NAMES.contains(&name.trim_end_matches(['_', '='])), number)
    };
    let is_size = |part: &str| are_sides(part) || matches!(parted(part), (true, 1..));
    let is_large = |part: &str| are_sides(part) || parted(part).1 >= 3;
    // `w600h400` is two of them.
    let mut apart = String::new();
    for c in folder.chars() {
        if c == 'h' && apart.ends_with(|c: char| c.is_ascii_digit()) {
            apart.push('-');
        }
        apart.push(c);
    }
    let parts = || apart.split(['-', ',']).filter(|part| !part.is_empty());
    parts().all(is_size) && parts().any(is_large)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_one_picture_are_known_and_no_other_picture_is_one() {
        let check = |one: &str, other: &str, expected: bool| {
            let [one, other] = [one, other].map(sizeless);
            assert_eq!(one.is_some() && one == other, expected, "{one:?} {other:?}");
        };
        check("n.example/a-300x200.jpg?", "n.example/a.jpg?", true);
        check("n.example/a-300x200.jpg?", "n.example/a-scaled.jpg?", true);
        check("n.example/a.jpg?w=300", "n.example/a.jpg?w=1200", true);
        check("n.example/a-1.jpg?", "n.example/a-2.jpg?", false);
        check("n.example/a.jpg?", "n.example/a.png?", false);
        check("n.example/1/a.jpg?", "n.example/2/a.jpg?", false);
        check("n.example/-1x1.jpg?", "n.example/-2x2.jpg?", false);
        check(
            "n.example/show.php?id=1.jpg",
            "n.example/show.php?id=2.jpg",
            false,
        );
        check("n.example/a?", "n.example/a?", false);
    }

    #[test]
    fn sizes_stand_in_folders_and_in_queries_too() {
        let check = |one: &str, other: &str, expected: bool| {
            let [one, other] = [one, other].map(|path| sizeless(&format!("n.example/{path}")));
            assert_eq!(one.is_some() && one == other, expected, "{one:?} {other:?}");
        };
        check("c/size/w1000/11/d.jpg?", "c/11/d.jpg?", true);
        check("c/size/w1000/11/d.jpg?", "c/size/w600h400/11/d.jpg?", true);
        check("c/h264/d.jpg?", "c/held/d.jpg?", false);
        check("b/s1600/d.jpg?", "b/w640-h480/d.jpg?", true);
        check("i/width=800,quality=75/d.jpg?", "i/300x200/d.jpg?", true);
        check("w1/d.jpg?", "w2/d.jpg?", false);
        check("2026/d.jpg?", "2025/d.jpg?", false);
        check(
            "_next/image?url=/b.jpg&w=640&q=75",
            "_next/image?url=/b.jpg&w=3840&q=75",
            true,
        );
        check("t.php?src=/b.jpg&w=9", "t.php?w=8&h=6&src=/b.jpg", true);
        check("image?url=/b.jpg&w=640", "image?url=/c.jpg&w=640", false);
        check("image?url=/b.jpg&id=1", "image?url=/b.jpg&id=2", false);
        check("image?url=/b.jpg&w=640", "other?url=/b.jpg&w=640", false);
    }

    proptest::proptest! {
        #[test]
        fn any_address_is_read(key: String, path in "[a-z0-9/?=&.,_ü-]{0,60}") {
            let _ = (sizeless(&key), sizeless(&path));
        }
    }
}
