//! `colport verify`: the chain of proofs, in plain words.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use url::Url;

use super::failure::{Failure, Outcome};
use super::root::Root;
use super::screen::{Screen, table};
use super::words::{count, day, freshness};
use crate::base::{Fingerprint, SitePath};
use crate::edition::Proof;
use crate::io::clock::{Clock, SystemClock};
use crate::io::fetch::{Fetch, HttpFetch, Patience};
use crate::io::folder::FolderFetch;
use crate::io::{address, files};
use crate::reader::{self, FileFault, Newsroom, Sideload};
use crate::server::Anchor;
use crate::trust;

/// Say in plain words who signed a bundle, a folder or a mirror, when, and what is missing.
///
/// Looks at every signature and every file. Ends with exit code 0 only if all is right and it is signed by the newsroom
/// named with `--root`.
#[derive(Args)]
pub(crate) struct Verify {
    /// A bundle, a folder that is a mirror, or the address of a mirror
    #[arg(value_name = "FILE|DIR|URL")]
    what: String,
    /// Whose it must be: the newsroom's fingerprint, or the file `1.root.json`
    #[arg(long, value_name = "FINGERPRINT|FILE")]
    root: Option<Root>,
}

/// What was looked at, whatever it was.
struct Findings<'a> {
    fingerprint: Fingerprint,
    proof: &'a Proof,
    faulty: &'a [(SitePath, FileFault)],
}

impl Verify {
    pub(crate) async fn run(self, screen: &Screen) -> Outcome {
        let now = SystemClock.now();
        let anchor = self.root.map(Root::anchor).transpose()?;
        if self.what.contains("://") {
            let mirror = address::parse(&self.what).map_err(Failure::setup)?;
            let fetch = HttpFetch::new(Patience::default());
            return audit(&fetch, &mirror, anchor, now, screen).await;
        }
        let path = PathBuf::from(&self.what);
        match files::is_folder(&path) {
            true => audit(&FolderFetch, &folder_address(&path)?, anchor, now, screen).await,
            false => bundle(&path, anchor, now, screen),
        }
    }
}

fn folder_address(path: &Path) -> Result<Url, Failure> {
    let absolute = std::path::absolute(path)
        .ok()
        .and_then(|path| Url::from_directory_path(path).ok());
    absolute.ok_or_else(|| Failure::setup(format!("`{}` is no path of a folder", path.display())))
}

fn bundle(path: &Path, anchor: Option<Anchor>, now: Timestamp, screen: &Screen) -> Outcome {
    let known = match &anchor {
        Some(Anchor::Root(root)) => Some(Newsroom::new(root.clone())),
        _ => None,
    };
    let (fingerprint, edition) = match reader::open(files::map(path)?, known.as_ref(), now)? {
        Sideload::UnknownNewsroom(unproved) => {
            let fingerprint = unproved.fingerprint();
            (fingerprint, unproved.accept(fingerprint)?.0)
        }
        Sideload::Verified(edition) => {
            let known = known.expect("only a known newsroom's edition is verified");
            (known.fingerprint(), *edition)
        }
    };
    tell(
        &Findings {
            fingerprint,
            proof: edition.proof(),
            faulty: &[],
        },
        anchor.as_ref(),
        now,
        screen,
    )
}

async fn audit(
    fetch: &dyn Fetch,
    mirror: &Url,
    anchor: Option<Anchor>,
    now: Timestamp,
    screen: &Screen,
) -> Outcome {
    let first_root = match &anchor {
        Some(Anchor::Root(root)) => Some(root.clone()),
        _ => None,
    };
    let bar = screen.counting("looking at files");
    let mut show = |done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let audited = reader::audit(fetch, mirror, first_root, now, &mut show).await;
    bar.finish_and_clear();
    let audit = audited
        .map_err(|fault| Failure::refused(format!("nothing there could be verified: {fault}")))?;
    let findings = Findings {
        fingerprint: audit.fingerprint,
        proof: &audit.proof,
        faulty: &audit.faulty,
    };
    tell(&findings, anchor.as_ref(), now, screen)
}

fn tell(
    findings: &Findings<'_>,
    anchor: Option<&Anchor>,
    now: Timestamp,
    screen: &Screen,
) -> Outcome {
    let Findings {
        fingerprint,
        proof,
        faulty,
    } = findings;
    screen.line(format!(
        "Edition {} of the newsroom with the fingerprint",
        proof.edition()
    ));
    screen.line(format!("    {fingerprint}\n"));
    screen.line(freshness(proof, now));
    screen.line(format!("\n{}\n", chain(proof, now)));
    for contradiction in proof.trusted().evidence() {
        screen.line(equivocation(contradiction));
    }
    tell_files(proof, faulty, screen);
    judge(findings, anchor)
}

/// Who signed what, from the root down.
fn chain(proof: &Proof, now: Timestamp) -> String {
    let rows: Vec<_> = proof
        .trusted()
        .proofs()
        .iter()
        .map(|link| row(link, now))
        .collect();
    table(&["role", "says", "key", "signed on", "good until"], &rows)
}

fn row(link: &trust::Proof, now: Timestamp) -> Vec<String> {
    let keys: Vec<String> = link
        .signers
        .iter()
        .map(|id| id.to_string().chars().take(8).collect())
        .collect();
    let needed = match link.threshold {
        1 => String::new(),
        needed => format!(" ({needed} needed)"),
    };
    let until = match link.expires <= now {
        true => format!("{} - OVER", day(link.expires)),
        false => day(link.expires),
    };
    vec![
        format!("{} {}", link.role, link.version),
        says(&link.role).to_owned(),
        format!("{}{needed}", keys.join(", ")),
        link.issued.map(day).unwrap_or_default(),
        until,
    ]
}

fn says(role: &str) -> &'static str {
    match role {
        "root" => "who holds the other keys",
        "targets" => "which newsroom has which key",
        "snapshot" => "which parts belong together",
        "timestamp" => "which edition is the newest",
        "site" => "the home page and styles",
        role if role.rsplit('-').next().is_some_and(|end| end.len() == 2) && role.len() > 8 => {
            "articles of a month"
        }
        _ => "a newsroom's front page",
    }
}

fn equivocation(found: &trust::Equivocation) -> String {
    let [one, other] = found.hashes();
    format!(
        "SOMEONE SAYS TWO THINGS: there are two different, validly signed versions {} of `{}`:\n    {one}\n    {other}\n\
         A key may be stolen. Tell the newsroom, and keep both.\n",
        found.version, found.role
    )
}

const SHOWN_FILES: usize = 20;

fn tell_files(proof: &Proof, faulty: &[(SitePath, FileFault)], screen: &Screen) {
    let all = proof.files().len();
    if faulty.is_empty() {
        screen.line(format!(
            "{}: all there, all as they were signed.",
            count(all, "file", "files")
        ));
        return;
    }
    screen.line(format!(
        "{} of {} are not as they were signed:",
        faulty.len(),
        count(all, "file", "files")
    ));
    for (path, fault) in faulty.iter().take(SHOWN_FILES) {
        let what = match fault {
            FileFault::Missing => "missing".to_owned(),
            FileFault::Altered => "CHANGED".to_owned(),
            FileFault::Unreachable(fault) => fault.to_string(),
        };
        screen.line(format!("    {path}: {what}"));
    }
    if faulty.len() > SHOWN_FILES {
        screen.line(format!("    and {} more", faulty.len() - SHOWN_FILES));
    }
}

fn judge(findings: &Findings<'_>, anchor: Option<&Anchor>) -> Outcome {
    let known = match anchor {
        Some(Anchor::Fingerprint(fingerprint)) => Some(*fingerprint),
        Some(Anchor::Root(root)) => Some(Fingerprint::of_first_root(root)),
        None => None,
    };
    match known {
        Some(known) if known != findings.fingerprint => Err(Failure::refused(format!(
            "this is the site of another newsroom: its fingerprint is not `{known}`"
        ))),
        _ if !findings.faulty.is_empty() => {
            Err(Failure::refused("not all of it is right").try_this("do not use this copy; the mirror's keeper should push the edition again"))
        }
        Some(_) => Ok(()),
        None => Err(Failure::refused("all fits together, but whose it is was not proved")
            .try_this("compare the fingerprint above with one that reached you another way, and give that with `--root`")),
    }
}
