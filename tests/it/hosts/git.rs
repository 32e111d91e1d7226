//! A bare repository on this disk, from whose branch a pages host would serve.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bytes::Bytes;
use colport::io::store::{Git, Keeper};
use colport::sync::Outcome;
use tempfile::TempDir;
use url::Url;

use super::{Ground, Newspaper, is_installed, push};

pub(super) struct Pages {
    folder: TempDir,
}

pub(super) async fn start() -> Option<Pages> {
    is_installed("git").then(|| {
        let pages = Pages {
            folder: super::folder(),
        };
        git(&pages.at("."), &["init", "--quiet", "--bare", "pages.git"]).unwrap();
        pages
    })
}

/// What it prints, or nothing if it fails.
fn git(at: &Path, words: &[&str]) -> Option<Vec<u8>> {
    let nobody = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@a.example",
        "-c",
        "commit.gpgsign=false",
    ];
    let mut command = Command::new("git");
    let output = command
        .current_dir(at)
        .args(nobody)
        .args(words)
        .stdin(Stdio::null())
        .output();
    let output = output.unwrap();
    output.status.success().then_some(output.stdout)
}

impl Pages {
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn show(&self, words: &[&str]) -> Option<Vec<u8>> {
        git(&self.at("pages.git"), words)
    }

    fn history(&self) -> String {
        let log = self
            .show(&["log", "--format=%an <%ae> %at %s", "pages"])
            .unwrap();
        String::from_utf8(log).unwrap()
    }

    /// A working copy of the branch as it is now.
    fn checked_out(&self) -> PathBuf {
        let work = self.at("work");
        let _ = std::fs::remove_dir_all(&work);
        git(&self.at("."), &["clone", "--quiet", "pages.git", "work"]).unwrap();
        if git(&work, &["checkout", "--quiet", "pages"]).is_none() {
            git(&work, &["checkout", "--quiet", "--orphan", "pages"]).unwrap();
        }
        work
    }
}

impl Ground for Pages {
    fn keeper(&self) -> Keeper {
        Keeper::Git(Git {
            repository: self.at("pages.git").to_str().unwrap().into(),
            branch: "pages".into(),
            credentials: None,
            copy: self.at("copy"),
        })
    }

    fn url(&self) -> Option<Url> {
        None
    }

    fn read(&self, path: &str) -> Option<Bytes> {
        self.show(&["show", &format!("pages:{path}")])
            .map(Bytes::from)
    }

    /// As its one commit, as somebody does who edits on the host's page.
    fn write(&self, path: &str, bytes: &[u8]) {
        let work = self.checked_out();
        super::Root(work.clone()).write(path, bytes);
        git(&work, &["add", "--all", "."]).unwrap();
        let amends = self.show(&["rev-parse", "pages"]).is_some();
        let words = ["commit", "--quiet", "-m", "mine"].into_iter();
        let words: Vec<_> = words.chain(amends.then_some("--amend")).collect();
        git(&work, &words).unwrap();
        git(&work, &["push", "--quiet", "--force", "origin", "pages"]).unwrap();
    }

    fn names(&self) -> BTreeSet<String> {
        let listed = self.show(&["ls-tree", "-r", "-z", "--name-only", "pages"]);
        let listed = String::from_utf8(listed.unwrap_or_default()).unwrap();
        let names = listed.split('\0').filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    }

    /// The repository takes nothing any more.
    fn revoke(&self) {
        let hook = self.at("pages.git/hooks/pre-receive");
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::write(
            &hook,
            "#!/bin/sh\necho 'fatal: permission denied' >&2\nexit 1\n",
        )
        .unwrap();
        let rights = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&hook, rights).unwrap();
    }
}

super::suite!(super::git::start);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_branch_is_one_commit_that_says_nobody_and_no_time() {
    let Some(ground) = start().await else { return };
    let mut paper = Newspaper::new(3);
    for _ in 0..3 {
        assert!(push(&ground, &paper.source()).await.is_good());
        assert_eq!(
            ground.history(),
            "colport <colport@mirror.invalid> 0 Edition\n"
        );
        paper.publish_next();
    }
    assert!(ground.names().contains(".nojekyll"));
    // What was taken back is not to be found in what the branch has.
    let listed = ground.show(&["rev-list", "--objects", "pages"]).unwrap();
    let listed = String::from_utf8(listed).unwrap();
    assert!(
        listed.contains("next/2.webp") && !listed.contains("next/1.webp"),
        "{listed}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_with_a_history_is_left_alone() {
    let Some(ground) = start().await else { return };
    ground.write("a.txt", b"one");
    let work = ground.checked_out();
    std::fs::write(work.join("b.txt"), "two").unwrap();
    git(&work, &["add", "."]).unwrap();
    git(&work, &["commit", "--quiet", "-m", "second"]).unwrap();
    git(&work, &["push", "--quiet", "origin", "pages"]).unwrap();
    let before = ground.history();
    let outcome = push(&ground, &Newspaper::new(1).source()).await;
    assert!(
        matches!(&outcome, Outcome::Refused(why) if why.contains("history")),
        "{outcome:?}"
    );
    assert_eq!(ground.history(), before);
}

/// What goes over the line, by the size of the pack that comes in: hosts keep it as it came.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_new_is_in_the_pack_also_when_the_copy_is_lost() {
    let Some(ground) = start().await else { return };
    ground
        .show(&["config", "transfer.unpackLimit", "1"])
        .unwrap();
    let packs = || {
        let packs = ground.at("pages.git/objects/pack");
        let sizes = std::fs::read_dir(packs).unwrap().map(|pack| pack.unwrap());
        let packs = sizes.filter(|pack| pack.path().extension().is_some_and(|end| end == "pack"));
        packs
            .map(|pack| pack.metadata().unwrap().len())
            .sum::<u64>()
    };
    let mut paper = Newspaper::new(40);
    push(&ground, &paper.source()).await;
    for is_lost in [false, true] {
        paper.publish_next();
        let source = paper.source();
        let new = super::new_bytes(&ground, &paper);
        if is_lost {
            std::fs::remove_dir_all(ground.at("copy")).unwrap();
        }
        let before = packs();
        assert!(push(&ground, &source).await.is_good());
        let sent = packs() - before;
        assert!(sent as f64 <= new as f64 * 1.05, "{sent} for {new}");
    }
}
