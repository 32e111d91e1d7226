//! A survey of a host that lists one folder at a time: only the folders in which something is wanted are looked into, and
//! none below one that is not there.

use std::collections::BTreeSet;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt};

use super::{BUNDLES, Found, Result, StoreError, Survey};

/// What one folder may hold, with names of strangers in memory.
pub(super) const MOST_IN_FOLDER: usize = 200_000;

/// A host that tells of ever more would be listened to for ever.
pub(super) fn too_many() -> StoreError {
    StoreError::Permanent("it lists more files than a mirror may have".into())
}

/// One thing in a folder.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) is_folder: bool,
    pub(super) length: u64,
}

/// `list` tells what lies in a folder, named without a `/` at its end and the root by an empty name.
pub(super) async fn walk<'a>(
    wanted: &BTreeSet<String>,
    abreast: usize,
    list: impl Fn(String) -> BoxFuture<'a, Result<Vec<Named>>>,
) -> Result<Survey> {
    let folders = folders_of(wanted);
    let mut survey = Survey::new();
    let mut waiting = vec![String::new()];
    while !waiting.is_empty() {
        let looks = waiting.drain(..).map(|folder| {
            let listed = list(folder.clone());
            async move { listed.await.map(|named| (folder, named)) }
        });
        let looks = futures_util::stream::iter(looks).buffer_unordered(abreast);
        for (folder, named) in looks.try_collect::<Vec<_>>().await? {
            for one in named {
                let path = below(&folder, &one.name);
                match one.is_folder {
                    true if folders.contains(&path) => waiting.push(path),
                    true => {}
                    false => drop(survey.insert(path, Found::Length(one.length))),
                }
            }
        }
    }
    Ok(survey)
}

fn below(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

fn folders_of(wanted: &BTreeSet<String>) -> BTreeSet<String> {
    let mut folders: BTreeSet<String> =
        above(BUNDLES).chain([BUNDLES]).map(str::to_owned).collect();
    for path in wanted {
        folders.extend(above(path).map(str::to_owned));
    }
    folders
}

/// `a/b` and `a` of `a/b/c`.
pub(super) fn above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| Some(path.rsplit_once('/')?.0)).skip(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_may_hold_something_wanted_is_looked_into() {
        let wanted = ["be/2026/a.html", "x/y/z.html", "index.html"];
        let wanted = wanted.map(str::to_owned).into();
        let asked = std::sync::Mutex::new(Vec::new());
        let list = |folder: String| {
            let lies: &[(&str, bool)] = match folder.as_str() {
                "" => &[("be", true), ("private", true), ("index.html", false)],
                "be" => &[("2026", true), ("2025", true)],
                "be/2026" => &[("a.html", false), ("b.html", false)],
                _ => &[],
            };
            asked.lock().unwrap().push(folder);
            let named = lies.iter().map(|(name, is_folder)| Named {
                name: (*name).to_owned(),
                is_folder: *is_folder,
                length: 7,
            });
            let named: Vec<_> = named.collect();
            Box::pin(std::future::ready(Ok(named))) as BoxFuture<'_, _>
        };
        let survey = walk(&wanted, 4, list).await.unwrap();
        let paths: Vec<_> = survey.into_keys().collect();
        assert_eq!(paths, ["be/2026/a.html", "be/2026/b.html", "index.html"]);
        assert_eq!(*asked.lock().unwrap(), ["", "be", "be/2026"]);
    }
}
