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
async fn a_branch_that_was_pushed_counts_when_it_was_read() {
    let Some(ground) = start().await else { return };
    let source = Newspaper::new(1).source();
    let outcome = super::push_once(&ground, &source).await;
    assert!(
        matches!(&outcome, Outcome::Taken(pushed) if pushed.edition == 1),
        "{outcome:?}"
    );
    assert!(!outcome.is_good() && !outcome.is_fault());
    let outcome = super::push_once(&ground, &source).await;
    assert_eq!(outcome, Outcome::Already { edition: 1 });
}

/// The branch has it, and the address under which readers find it shows something else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pages_host_that_does_not_show_the_branch_is_found_out() {
    let Some(ground) = start().await else { return };
    let source = Newspaper::new(1).source();
    let place = colport::sync::Place::Host(colport::sync::Host {
        keeper: ground.keeper(),
        url: Some("http://127.0.0.1:9/".parse().unwrap()),
        bundles: false,
    });
    let mirrors = [colport::sync::Mirror {
        name: "pages".into(),
        place,
    }];
    let options = colport::sync::Options::default();
    for expected in ["took edition 1", "does not show"] {
        let wire = super::wire();
        let report = &mut |_| ();
        let pushed = colport::sync::push_all(&wire, &source, &mirrors, &options, report).await;
        let outcome = &pushed[0].1;
        assert!(outcome.to_string().contains(expected), "{outcome}");
    }
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

/// Some two hundred bytes for each level, of which each lists the one below ten times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_repository_that_stands_for_a_listing_without_end_is_refused() {
    let Some(ground) = start().await else { return };
    let bare = ground.at("pages.git");
    let hash = |words: &[&str], input: &str| {
        std::fs::write(ground.at("input"), input).unwrap();
        let mut command = Command::new("git");
        command.current_dir(&bare).args(words);
        let input = std::fs::File::open(ground.at("input")).unwrap();
        let output = command.stdin(input).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let mut id = hash(&["hash-object", "-w", "--stdin"], "x");
    let mut kind = "100644 blob";
    for _ in 0..9 {
        let lines: String = (0..10).map(|n| format!("{kind} {id}\t{n}\n")).collect();
        id = hash(&["mktree"], &lines);
        kind = "040000 tree";
    }
    let commit = git(&bare, &["commit-tree", &id, "-m", "all"]).unwrap();
    let commit = String::from_utf8(commit).unwrap();
    git(&bare, &["update-ref", "refs/heads/pages", commit.trim()]).unwrap();
    let outcome = push(&ground, &Newspaper::new(1).source()).await;
    assert!(
        matches!(&outcome, Outcome::Refused(why) if why.contains("more than a mirror may")),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_file_no_more_is_read_than_was_asked_for() {
    let Some(ground) = start().await else { return };
    ground.write("long.bin", &vec![7; 32 << 20]);
    let store = super::open(&ground);
    let part = store.read("long.bin", 2..9).await.unwrap();
    assert_eq!(part, vec![7; 7]);
    let whole = store.read("long.bin", 0..64 << 20).await.unwrap();
    assert_eq!(whole.len(), 32 << 20);
}

/// A host that says nothing after its hello, over SSH in the place of which stands a program of ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_git_started_ends_with_it() {
    if !is_installed("git") {
        return;
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (met, meets) = tokio::sync::oneshot::channel();
    let heard = tokio::spawn(async move {
        use tokio::io::AsyncReadExt;
        let (mut wire, _) = listener.accept().await.unwrap();
        met.send(()).unwrap();
        let mut piece = [0; 4096];
        // Until whoever asked is gone.
        while let Ok(1..) = wire.read(&mut piece).await {}
    });
    let folder = super::folder();
    let keeper = Keeper::Git(Git {
        repository: format!("http://{address}/river.git"),
        branch: "pages".into(),
        credentials: None,
        copy: folder.path().join("copy"),
    });
    let store = colport::io::store::open(&keeper, &std::sync::Arc::default()).unwrap();
    let wanted = BTreeSet::new();
    tokio::select! {
        surveyed = store.survey(&wanted) => panic!("nobody answered: {surveyed:?}"),
        met = meets => met.unwrap(),
    }
    let gone = tokio::time::timeout(std::time::Duration::from_secs(120), heard).await;
    gone.expect("nobody holds the connection any more").unwrap();
}
