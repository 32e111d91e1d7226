//! `colport verify`: the chain of proofs, in plain words.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use url::Url;

use super::failure::{Failure, Outcome};
use super::open;
use super::root::Root;
use super::screen::{Screen, one_line, table};
use super::words::{count, day, freshness, lacking};
use crate::base::{Digest, Fingerprint, SitePath};
use crate::edition::{Excerpt, Proof};
use crate::io::clock::{Clock, SystemClock};
use crate::io::fetch::{Fetch, HttpFetch, Patience};
use crate::io::folder::FolderFetch;
use crate::io::{address, evidence, files};
use crate::reader::{self, Audit, FileFault, Newsroom, Sideload};
use crate::server::Anchor;
use crate::trust;

/// Say in plain words who signed a bundle, a folder or a mirror, when, and what is missing.
///
/// Looks at every signature and every file. Ends with exit code 0 only if all is right and it is signed by the newsroom
/// named with `--root`. Of several things it is also said whether they contradict one another.
#[derive(Args)]
pub(crate) struct Verify {
    /// A bundle, a folder that is a mirror, what `colport get` or `colport serve` keeps, or the address of a mirror
    #[arg(value_name = "FILE|DIR|URL", required = true)]
    what: Vec<String>,
    /// Whose it must be: the newsroom's fingerprint, or a file `1.root.json` that you got from them
    #[arg(long, value_name = "FINGERPRINT|FILE")]
    root: Option<Root>,
}

/// What was looked at, whatever it was.
struct Findings {
    fingerprint: Fingerprint,
    proof: Proved,
    faulty: Vec<(SitePath, FileFault)>,
    /// Files in a folder that nobody signed.
    stray: Vec<String>,
    /// What was kept in a folder `evidence`, by role and version.
    kept: BTreeMap<(String, u64), Vec<Digest>>,
}

enum Proved {
    Bundle(Box<Excerpt>),
    Site(Box<Proof>),
}

impl Findings {
    /// Pictures that a small copy does without.
    fn left_out(&self) -> usize {
        match &self.proof {
            Proved::Bundle(edition) => edition.lacking().count(),
            Proved::Site(_) => 0,
        }
    }

    fn proof(&self) -> &Proof {
        match &self.proof {
            Proved::Bundle(edition) => edition.proof(),
            Proved::Site(proof) => proof,
        }
    }
}

impl Verify {
    pub(crate) async fn run(self, screen: &Screen) -> Outcome {
        let now = SystemClock.now();
        let anchor = self.root.map(Root::anchor).transpose()?;
        let (mut seen, mut verdict) = (Vec::new(), Ok(()));
        for what in &self.what {
            let findings = look(what, anchor.as_ref(), now, screen).await?;
            verdict = verdict.and(tell(&findings, anchor.as_ref(), now, screen));
            seen.push(findings);
        }
        match tell_contradictions(&seen, screen) {
            0 => verdict,
            _ => Err(Failure::refused(
                "there are two different, validly signed versions of one thing",
            )
            .try_this("a key may be stolen: tell the newsroom, and keep both")),
        }
    }
}

async fn look(
    what: &str,
    anchor: Option<&Anchor>,
    now: Timestamp,
    screen: &Screen,
) -> Result<Findings, Failure> {
    if what.contains("://") {
        let mirror = address::parse(what).map_err(|error| {
            Failure::setup(error).try_this("an address is such as `https://mirror.example/`")
        })?;
        let fetch = HttpFetch::new(Patience::default());
        let audited = audit(&fetch, &mirror, anchor, now, screen).await?;
        return Ok(audited.into());
    }
    let path = PathBuf::from(what);
    let kept = path.join("edition.tar.gz");
    match files::is_folder(&path) {
        true if files::exists(&kept) && !files::exists(&path.join(".colport")) => Ok(Findings {
            kept: evidence::kept(&path.join(evidence::FOLDER))?,
            ..bundle(&kept, anchor, now)?
        }),
        true => {
            let audited = audit(&FolderFetch, &folder_address(&path)?, anchor, now, screen).await?;
            Ok(Findings {
                stray: stray(&path, &audited.proof)?,
                ..audited.into()
            })
        }
        false => bundle(&path, anchor, now),
    }
}

impl From<Audit> for Findings {
    fn from(audit: Audit) -> Self {
        Self {
            fingerprint: audit.fingerprint,
            proof: Proved::Site(Box::new(audit.proof)),
            faulty: audit.faulty,
            stray: Vec::new(),
            kept: BTreeMap::new(),
        }
    }
}

fn folder_address(path: &Path) -> Result<Url, Failure> {
    let absolute = std::path::absolute(path)
        .ok()
        .and_then(|path| Url::from_directory_path(path).ok());
    absolute.ok_or_else(|| Failure::setup(format!("`{}` is no path of a folder", path.display())))
}

fn bundle(path: &Path, anchor: Option<&Anchor>, now: Timestamp) -> Result<Findings, Failure> {
    let known = match anchor {
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
    Ok(Findings {
        fingerprint,
        proof: Proved::Bundle(Box::new(edition)),
        faulty: Vec::new(),
        stray: Vec::new(),
        kept: BTreeMap::new(),
    })
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

fn tell(findings: &Findings, anchor: Option<&Anchor>, now: Timestamp, screen: &Screen) -> Outcome {
    let (fingerprint, proof) = (findings.fingerprint, findings.proof());
    refuse_other(fingerprint, anchor)?;
    if let Proved::Bundle(edition) = &findings.proof
        && let Some(lacking) = lacking(edition)
    {
        screen.line(lacking);
    }
    screen.line(format!(
        "Edition {} of the newsroom with the fingerprint",
        proof.edition()
    ));
    screen.line(format!("    {fingerprint}\n"));
    screen.line(freshness(proof, now));
    screen.line(format!("\n{}\n", chain(proof, now)));
    tell_files(findings, screen);
    tell_stray(&findings.stray, screen);
    judge(findings, anchor)
}

/// What is kept as evidence, and what two things of one site say differently. Gives their number.
fn tell_contradictions(seen: &[Findings], screen: &Screen) -> usize {
    let mut told = 0;
    let mut tell = |role: &str, version: u64, hashes: &[Digest]| {
        screen.line(equivocation(role, version, hashes));
        told += 1;
    };
    for ((role, version), hashes) in seen.iter().flat_map(|findings| &findings.kept) {
        tell(role, *version, hashes);
    }
    for (at, one) in seen.iter().enumerate() {
        let others = seen.iter().skip(at + 1);
        for other in others.filter(|other| other.fingerprint == one.fingerprint) {
            let (one, other) = (one.proof().trusted(), other.proof().trusted());
            for found in one.contradictions(other) {
                tell(&found.role, found.version, &found.hashes());
            }
        }
    }
    told
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

fn equivocation(role: &str, version: u64, hashes: &[Digest]) -> String {
    let hashes: Vec<_> = hashes.iter().map(|hash| format!("    {hash}\n")).collect();
    format!(
        "\nSOMEONE SAYS TWO THINGS: there are different, validly signed versions {version} of `{role}`:\n{}",
        hashes.concat()
    )
}

const SHOWN_FILES: usize = 20;

fn tell_files(findings: &Findings, screen: &Screen) {
    let (all, faulty) = (findings.proof().files().len(), &findings.faulty);
    if faulty.is_empty() {
        screen.line(match findings.left_out() {
            0 => format!(
                "{}: all there, all as they were signed.",
                count(all, "file", "files")
            ),
            left_out => format!(
                "{} of {} are here, all as they were signed; {} left out.",
                all - left_out,
                count(all, "file", "files"),
                count(left_out, "picture is", "pictures are")
            ),
        });
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
            FileFault::NotLookedAt => "not looked at: the mirror is too slow".to_owned(),
        };
        screen.line(format!("    {path}: {what}"));
    }
    if faulty.len() > SHOWN_FILES {
        screen.line(format!("    and {} more", faulty.len() - SHOWN_FILES));
    }
}

fn judge(findings: &Findings, anchor: Option<&Anchor>) -> Outcome {
    match anchor {
        _ if !findings.faulty.is_empty() || !findings.stray.is_empty() => {
            Err(Failure::refused("not all of it is right").try_this("do not use this copy; the mirror's keeper should push the edition again"))
        }
        Some(_) => Ok(()),
        None => Err(Failure::refused("all fits together, but whose it is was not proved")
            .try_this("compare the fingerprint above with one that reached you another way, and give that with `--root`")),
    }
}
