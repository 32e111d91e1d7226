//! A bundle that carries sealed lists of channels besides its edition.
//!
//! A list belongs to no edition: it is signed by itself, and changes when the edition does not. So it is a member behind
//! all that the edition has signed, and the rest of the bundle stays as it is. A program older
//! than this refuses such a bundle whole, as one with anything in `.colport` that it does not know; `tar` unpacks it. Who takes
//! the edition out of the bundle leaves it behind.

use std::io::{self, Write};

use bytes::Bytes;

use super::{About, BundleError, ListFile, MemberName, Scanner, Writer};

/// The bundle with these lists, in ascending order of name, in place of those that it carries.
pub fn carry<W: Write>(out: W, bundle: Bytes, lists: &[(ListFile, Bytes)]) -> io::Result<W> {
    let mut scanner = Scanner::default();
    scanner.push(bundle);
    let first = next(&mut scanner)?;
    let about = first.content().and_then(|json| About::parse(&json));
    let mut writer = Writer::start(out, &about.map_err(io::Error::other)?)?;
    loop {
        let member = next(&mut scanner)?;
        match member.name {
            MemberName::List(_) => {}
            MemberName::Contents => break,
            _ => writer.copy(&member)?,
        }
    }
    for (name, bytes) in lists {
        writer.list(name, bytes)?;
    }
    writer.finish()
}

fn next(scanner: &mut Scanner) -> io::Result<super::Member> {
    let member = scanner.next().map_err(io::Error::other)?;
    let at = scanner.position();
    member.ok_or_else(|| io::Error::other(BundleError::Truncated { at }))
}

#[cfg(test)]
mod tests {
    use super::super::contents;
    use super::super::sample::Sample;
    use super::*;

    fn list(digit: char) -> ListFile {
        ListFile::parse(&digit.to_string().repeat(32)).unwrap()
    }

    #[test]
    fn lists_stand_behind_the_edition_which_stays_as_it_is() {
        let bundle = Bytes::from(Sample::default().write());
        let of = |lists: &[(ListFile, Bytes)]| {
            Bytes::from(carry(Vec::new(), bundle.clone(), lists).unwrap())
        };
        assert_eq!(of(&[]), bundle);
        let two = [
            (list('a'), Bytes::from_static(b"{}")),
            (list('b'), Bytes::from_static(b"[]")),
        ];
        let carrying = of(&two);
        let before = contents(&bundle).unwrap();
        let with = contents(&carrying).unwrap();
        assert_eq!(
            with[..before.len()],
            before,
            "the same members in the same places"
        );
        let names: Vec<String> = with[before.len()..]
            .iter()
            .map(|(name, _)| name.to_string())
            .collect();
        let expected = ["a", "b"].map(|digit| format!(".colport/lists/{}.json", digit.repeat(32)));
        assert_eq!(names, expected);
        // What it carried before gives way.
        let again = carry(Vec::new(), carrying.clone(), &two[..1]).unwrap();
        assert_eq!(again, of(&two[..1]));
        assert_eq!(carry(Vec::new(), carrying, &[]).unwrap(), bundle);
    }

    #[test]
    fn what_is_no_bundle_or_cut_short_is_not_carried_on() {
        let bundle = Bytes::from(Sample::default().write());
        for length in [0, 5, 200, bundle.len() / 2] {
            assert!(carry(Vec::new(), bundle.slice(..length), &[]).is_err());
        }
        assert!(carry(Vec::new(), Bytes::from_static(b"<html>"), &[]).is_err());
        let two = [(list('b'), Bytes::new()), (list('a'), Bytes::new())];
        assert!(carry(Vec::new(), bundle, &two).is_err(), "out of order");
    }
}
