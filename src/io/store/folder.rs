//! A folder or a memory stick. It is looked at byte by byte: a disk is near, and a stick that was in many hands is
//! not to be believed.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::task::spawn_blocking;

use super::{BUNDLES, Body, Found, Result, Store, StoreError, Survey};
use crate::io::files::FileError;
use crate::io::line::Line;
use crate::io::tree::Tree;

pub(super) struct FolderStore {
    root: PathBuf,
    tree: Arc<Mutex<Option<Tree>>>,
    line: Arc<Line>,
}

impl FolderStore {
    pub(super) fn new(root: &Path, line: Arc<Line>) -> Self {
        Self {
            root: root.to_path_buf(),
            tree: Arc::default(),
            line,
        }
    }

    /// Does it on a thread that may wait for a disk.
    fn with_tree<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tree) -> std::result::Result<T, FileError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T>> {
        let (root, tree) = (self.root.clone(), self.tree.clone());
        Box::pin(async move {
            let done = spawn_blocking(move || {
                let mut tree = tree.lock().unwrap_or_else(PoisonError::into_inner);
                let tree = match &mut *tree {
                    Some(tree) => tree,
                    none => none.insert(Tree::open(&root)?),
                };
                work(tree)
            });
            let done = done.await;
            done.expect("work with files does not panic, and nobody cancels it")
                .map_err(StoreError::from)
        })
    }
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::NotFound(path) => {
                Self::NotFound(format!("`{}` is not there", path.display()))
            }
            FileError::Full(_) => Self::Full(error.to_string()),
            _ => Self::Permanent(error.to_string()),
        }
    }
}

impl Store for FolderStore {
    fn survey<'a>(&'a self, wanted: &'a BTreeSet<String>) -> BoxFuture<'a, Result<Survey>> {
        let (wanted, line) = (wanted.clone(), self.line.clone());
        self.with_tree(move |tree| {
            let bundles = tree.names(BUNDLES)?.into_iter();
            let bundles = bundles.map(|name| format!("{BUNDLES}/{name}"));
            let paths: BTreeSet<String> = wanted.into_iter().chain(bundles).collect();
            let mut survey = Survey::new();
            for path in paths {
                line.beat();
                if let Some(digest) = tree.digest(&path)? {
                    survey.insert(path, Found::Digest(digest));
                }
            }
            Ok(survey)
        })
    }

    fn read<'a>(&'a self, path: &'a str, part: Range<u64>) -> BoxFuture<'a, Result<Bytes>> {
        let path = path.to_owned();
        self.with_tree(move |tree| tree.read(&path, part).map(Bytes::from))
    }

    fn put<'a>(&'a self, path: &'a str, body: &'a Body) -> BoxFuture<'a, Result<()>> {
        let (path, bytes, line) = (path.to_owned(), body.bytes.clone(), self.line.clone());
        self.with_tree(move |tree| {
            tree.write(&path, &bytes)?;
            line.moved(bytes.len() as u64);
            Ok(())
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<()>> {
        let path = path.to_owned();
        self.with_tree(move |tree| match tree.remove(&path) {
            Err(FileError::NotFound(_)) => Ok(()),
            done => done,
        })
    }

    fn settle(&self) -> BoxFuture<'_, Result<()>> {
        self.with_tree(Tree::settle)
    }

    fn abreast(&self) -> usize {
        1
    }
}
