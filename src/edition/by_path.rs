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
    fn takes(&self, path: &SitePath) -> bool {
        self.last().is_none_or(|last| last < path)
    }

    fn last(&self) -> Option<&SitePath> {
        self.0.last().map(|(path, _)| path)
    }

    /// Gives back the room that was made for more.
    pub(super) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    fn number(&self, path: &SitePath) -> Option<usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(path)).ok()
    }

    /// With its place in the order.
    pub(super) fn find(&self, path: &SitePath) -> Option<(usize, &T)> {
        let number = self.number(path)?;
        let (_, value) = self.at(number)?;
        Some((number, value))
    }

    pub(super) fn at(&self, number: usize) -> Option<(&SitePath, &T)> {
        self.0.get(number).map(|(path, value)| (path, value))
    }

    pub fn get(&self, path: &SitePath) -> Option<&T> {
        Some(self.get_key_value(path)?.1)
    }

    /// With the path as it is held here, a copy of which takes no memory.
    pub fn get_key_value(&self, path: &SitePath) -> Option<(&SitePath, &T)> {
        self.at(self.number(path)?)
    }

    pub fn contains_key(&self, path: &SitePath) -> bool {
        self.number(path).is_some()
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
        assert_eq!((files.len(), of(&[]).is_empty()), (3, true));
        let order: Vec<_> = files.keys().map(SitePath::as_str).collect();
        assert_eq!(order, ["a", "c", "e"]);
    }

    #[test]
    #[should_panic(expected = "in order")]
    fn order_is_kept() {
        of(&["b", "a"]);
    }
}
