//! What is known of each file of an edition, in ascending order of path.
//!
//! As a `BTreeMap` that is only ever added to at its end. That map leaves its nodes half empty then, and there may be a
//! million files.

use crate::base::SitePath;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByPath<T>(Vec<(SitePath, T)>);

impl<T> ByPath<T> {
    pub(super) fn with_capacity(files: usize) -> Self {
        Self(Vec::with_capacity(files))
    }

    /// The path must be greater than all that are there: see [`Self::takes`].
    pub(super) fn push(&mut self, path: SitePath, value: T) {
        assert!(self.takes(&path), "files come in order");
        self.0.push((path, value));
    }

    /// Whether a file may come next.
    pub(super) fn takes(&self, path: &SitePath) -> bool {
        self.last().is_none_or(|last| last < path)
    }

    pub(super) fn last(&self) -> Option<&SitePath> {
        self.0.last().map(|(path, _)| path)
    }

    /// Gives back the room that was made for more.
    pub(super) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    fn place(&self, path: &SitePath) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(path))
    }

    pub fn get(&self, path: &SitePath) -> Option<&T> {
        Some(self.get_key_value(path)?.1)
    }

    /// With the path as it is held here, a copy of which takes no memory.
    pub fn get_key_value(&self, path: &SitePath) -> Option<(&SitePath, &T)> {
        let (path, value) = self.0.get(self.place(path).ok()?)?;
        Some((path, value))
    }

    /// What is known of a file, and of the one before it.
    pub(super) fn get_behind(&self, path: &SitePath) -> Option<(Option<&T>, &T)> {
        let at = self.place(path).ok()?;
        let before = at.checked_sub(1).and_then(|before| self.0.get(before));
        Some((before.map(|(_, value)| value), &self.0.get(at)?.1))
    }

    pub fn contains_key(&self, path: &SitePath) -> bool {
        self.place(path).is_ok()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&SitePath, &T)> + ExactSizeIterator {
        self.0.iter().map(|(path, value)| (path, value))
    }

    pub fn keys(&self) -> impl Iterator<Item = &SitePath> {
        self.0.iter().map(|(path, _)| path)
    }

    /// Those behind `start` and before `end`, as far as they are named.
    pub(super) fn between(
        &self,
        start: Option<&SitePath>,
        end: Option<&SitePath>,
    ) -> impl Iterator<Item = (&SitePath, &T)> {
        let behind = |path| self.place(path).map_or_else(|at| at, |at| at + 1);
        let before = |path| self.place(path).unwrap_or_else(|at| at);
        let part = start.map_or(0, behind)..end.map_or(self.len(), before);
        let part = self.0.get(part).unwrap_or_default();
        part.iter().map(|(path, value)| (path, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> SitePath {
        SitePath::parse(text).unwrap()
    }

    fn of(paths: &[&str]) -> ByPath<usize> {
        let mut files = ByPath::with_capacity(0);
        for (index, text) in paths.iter().enumerate() {
            files.push(path(text), index);
        }
        files
    }

    #[test]
    fn what_was_added_is_found_and_nothing_else() {
        let files = of(&["a", "c", "e"]);
        assert_eq!(files.get(&path("c")), Some(&1));
        assert_eq!(files.get(&path("b")), None);
        assert!(files.contains_key(&path("e")) && !files.contains_key(&path("f")));
        assert_eq!(files.get_behind(&path("c")), Some((Some(&0), &1)));
        assert_eq!(files.get_behind(&path("a")), Some((None, &0)));
        assert_eq!(files.get_behind(&path("b")), None);
        assert_eq!((files.len(), of(&[]).is_empty()), (3, true));
        let order: Vec<_> = files.keys().map(SitePath::as_str).collect();
        assert_eq!(order, ["a", "c", "e"]);
    }

    #[test]
    fn what_lies_between_two_is_without_them() {
        let files = of(&["a", "c", "e"]);
        let check = |start: Option<&str>, end: Option<&str>, expected: &[usize]| {
            let (start, end) = (start.map(path), end.map(path));
            let found = files.between(start.as_ref(), end.as_ref());
            let found: Vec<_> = found.map(|(_, index)| *index).collect();
            assert_eq!(found, expected);
        };
        check(None, None, &[0, 1, 2]);
        check(Some("a"), None, &[1, 2]);
        check(Some("b"), Some("e"), &[1]);
        check(Some("a"), Some("b"), &[]);
        check(Some("e"), None, &[]);
        check(Some("e"), Some("a"), &[]);
        check(None, Some("d"), &[0, 1]);
    }

    #[test]
    #[should_panic(expected = "in order")]
    fn order_is_kept() {
        of(&["b", "a"]);
    }
}
