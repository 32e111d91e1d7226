//! `colport verify`: the chain of proofs, in plain words.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use url::Url;

use super::failure::{Failure, Outcome};
use super::open;
use super::root::Root;
use super::screen::{Screen, one_line, table};
use super::words::{count, day, freshness, lacking};
use crate::base::{Fingerprint, SitePath};
use crate::edition::Proof;
use crate::io::clock::{Clock, SystemClock};
use crate::io::fetch::{Fetch, HttpFetch, Patience};
use crate::io::folder::FolderFetch;
use crate::io::{address, files};
use crate::reader::{self, Audit, FileFault, Newsroom, Sideload};
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
    /// Whose it must be: the newsroom's fingerprint, or a file `1.root.json` that you got from them
    #[arg(long, value_name = "FINGERPRINT|FILE")]
    root: Option<Root>,
}

/// What was looked at, whatever it was.
struct Findings<'a> {
    fingerprint: Fingerprint,
    proof: &'a Proof,
    faulty: &'a [(SitePath, FileFault)],
    /// Files in a folder that nobody signed.
    stray: &'a [String],
}

impl Verify {
    pub(crate) async fn run(self, screen: &Screen) -> Outcome {
        let now = SystemClock.now();
        let anchor = self.root.map(Root::anchor).transpose()?;
        if self.what.contains("://") {
            let mirror = address::parse(&self.what).map_err(|error| {
                Failure::setup(error).try_this("an address is such as `https://mirror.example/`")
            })?;
            let fetch = HttpFetch::new(Patience::default());
            let audited = audit(&fetch, &mirror, anchor.as_ref(), now, screen).await?;
            return tell_audit(&audited, &[], anchor.as_ref(), now, screen);
        }
        let path = PathBuf::from(&self.what);
        match files::is_folder(&path) {
            true => {
                let address = folder_address(&path)?;
                let audited = audit(&FolderFetch, &address, anchor.as_ref(), now, screen).await?;
                let stray = stray(&path, &audited.proof)?;
                tell_audit(&audited, &stray, anchor.as_ref(), now, screen)
            }
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
    let (fingerprint, edition) = match reader::open(open::bundle(path)?, known.as_ref(), now)? {
        Sideload::UnknownNewsroom(unproved) => {
            let fingerprint = unproved.fingerprint();
            (fingerprint, unproved.accept(fingerprint)?.0)
        }
        Sideload::Verified(edition) => {
            let known = known.expect("only a known newsroom's edition is verified");
            (known.fingerprint(), *edition)
        }
    };
    if let Some(lacking) = lacking(&edition) {
        screen.line(lacking);
    }
    tell(
        &Findings {
            fingerprint,
            proof: edition.proof(),
            faulty: &[],
            stray: &[],
        },
        anchor.as_ref(),
        now,
        screen,
    )
}

async fn audit(
    fetch: &dyn Fetch,
    mirror: &Url,
    anchor: Option<&Anchor>,
    now: Timestamp,
    screen: &Screen,
) -> Result<Audit, Failure> {
    let first_root = match anchor {
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
    audited.map_err(|fault| {
        Failure::refused(format!("nothing there could be verified: {fault}")).try_this(
            "check that this is a mirror's address, or the folder that holds its `.colport`",
        )
    })
}

/// What lies in a folder beside the signed files, but for colport's own.
fn stray(folder: &Path, proof: &Proof) -> Result<Vec<String>, Failure> {
    let listed = files::list(folder)?;
    let listed = listed
        .into_iter()
        .filter(|path| !path.starts_with(".colport"));
    let is_signed = |path: &Path| {
        let path = path.to_str().and_then(|path| SitePath::parse(path).ok());
        path.is_some_and(|path| proof.files().contains_key(&path))
    };
    Ok(listed
        .filter(|path| !is_signed(path))
        .map(|path| one_line(path.display()))
        .collect())
}

fn tell_audit(
    audit: &Audit,
    stray: &[String],
    anchor: Option<&Anchor>,
    now: Timestamp,
    screen: &Screen,
) -> Outcome {
    let findings = Findings {
        fingerprint: audit.fingerprint,
        proof: &audit.proof,
        faulty: &audit.faulty,
        stray,
    };
    tell(&findings, anchor, now, screen)
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
        stray,
    } = findings;
    refuse_other(*fingerprint, anchor)?;
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
    tell_stray(stray, screen);
    judge(findings, anchor)
}

fn tell_stray(stray: &[String], screen: &Screen) {
    if stray.is_empty() {
        return;
    }
    let files = count(stray.len(), "more file lies", "more files lie");
    screen.line(format!("{files} there:"));
    for path in stray.iter().take(SHOWN_FILES) {
        screen.line(format!("    {path}: signed by nobody"));
    }
    if stray.len() > SHOWN_FILES {
        screen.line(format!("    and {} more", stray.len() - SHOWN_FILES));
    }
}

/// Said first and alone: that everything fits together in a forger's site must not reassure anybody.
fn refuse_other(found: Fingerprint, anchor: Option<&Anchor>) -> Outcome {
    let known = match anchor {
        Some(Anchor::Fingerprint(fingerprint)) => *fingerprint,
        Some(Anchor::Root(root)) => Fingerprint::of_first_root(root),
        None => return Ok(()),
    };
    match known == found {
        true => Ok(()),
        false => Err(Failure::refused(format!(
            "this is of another newsroom: its fingerprint is `{found}` and not `{known}`"
        ))
        .try_this("if you meant this other newsroom, compare its fingerprint with one that reached you another way")),
    }
}

/// Who signed what, from the root down.
fn chain(proof: &Proof, now: Timestamp) -> String {
    let links = proof.trusted().proofs();
    let rows = links.chunk_by(|a, b| are_alike(a, b, now));
    let rows = rows.filter_map(|alike| rows_of(alike, now));
    let rows: Vec<_> = rows.flatten().collect();
    table(&["role", "says", "key", "signed on", "good until"], &rows)
}

/// The newsroom, if it is a role for one month: `be` of `be-2026-11`.
fn newsroom_of_month(role: &str) -> Option<&str> {
    let (rest, month) = role.rsplit_once('-')?;
    let (newsroom, year) = rest.rsplit_once('-')?;
    let is_number =
        |text: &str, digits| text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(year, 4) && is_number(month, 2)).then_some(newsroom)
}

/// Two months of one newsroom with nothing to tell between them. One that is over is always shown by itself.
fn are_alike(a: &trust::Proof, b: &trust::Proof, now: Timestamp) -> bool {
    let newsroom = newsroom_of_month(&a.role);
    let same = newsroom.is_some() && newsroom == newsroom_of_month(&b.role);
    let same_keys = a.signers == b.signers && a.threshold == b.threshold;
    same && same_keys && a.expires > now && b.expires > now
}

const SHOWN_MONTHS: usize = 3;

/// Many months alike are one row: when the newest of them was signed, and until when all are good.
fn rows_of(alike: &[trust::Proof], now: Timestamp) -> Option<Vec<Vec<String>>> {
    let newest = alike.iter().max_by_key(|link| link.issued)?;
    if alike.len() <= SHOWN_MONTHS {
        return Some(alike.iter().map(|link| row(link, now)).collect());
    }
    let until = alike.iter().map(|link| link.expires).min()?;
    let mut row = row(newest, now);
    if let [role, says, .., good_until] = row.as_mut_slice() {
        *role = newsroom_of_month(&newest.role)?.to_owned();
        *says = format!("articles of {} months", alike.len());
        *good_until = day(until);
    }
    Some(vec![row])
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
        role if newsroom_of_month(role).is_some() => "articles of a month",
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
    match anchor {
        _ if !findings.faulty.is_empty() || !findings.stray.is_empty() => {
            Err(Failure::refused("not all of it is right").try_this("do not use this copy; the mirror's keeper should push the edition again"))
        }
        Some(_) => Ok(()),
        None => Err(Failure::refused("all fits together, but whose it is was not proved")
            .try_this("compare the fingerprint above with one that reached you another way, and give that with `--root`")),
    }
}
