//! Which addresses are those of one picture in several sizes: a page names more of them than a crawler saw, and nothing that
//! it did not see is fetched.

/// An address without what says a size, in two parts; `None` of what is no picture by its name. `key`: see
/// [`links::key`](crate::packager::links::key).
pub fn sizeless(key: &str) -> Option<(&str, &str)> {
    let (path, _) = key.split_once('?').unwrap_or((key, ""));
    let (stem, kind) = path.rsplit_once('.')?;
    let is_picture = ["jpg", "jpeg", "png", "webp", "gif", "avif"]
        .iter()
        .any(|known| kind.eq_ignore_ascii_case(known));
    let bare = stem
        .rsplit_once('-')
        .filter(|(bare, size)| is_size(size) && !bare.ends_with('/'));
    is_picture.then_some((bare.map_or(stem, |(bare, _)| bare), kind))
}

/// As WordPress writes it: `1024x683`, or `scaled`.
fn is_size(word: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let sides = word.split_once('x');
    word == "scaled" || sides.is_some_and(|(width, height)| is_number(width) && is_number(height))
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
}
