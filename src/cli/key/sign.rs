//! `colport key sign` and `colport key finish`: one file goes to who must sign, and comes back.

use std::path::PathBuf;

use clap::Args;

use super::super::failure::{Failure, Outcome};
use super::super::screen::{Screen, table};
use super::super::words::moment;
use super::change::{in_force, wanted};
use super::{Known, Site, holder};
use crate::packager::{self, NewsroomFolder, People};
use crate::trust::SigningKey;
use crate::trust::editor::{EditorError, KeyChange, KeyRing, Proposal, Staff};

/// Look at a change of keys that someone brought you, and sign it.
///
/// Needs no network and no newsroom's folder. Proves which site the change is for, shows what would change and who could
/// sign what afterwards, asks, and writes your signature into the same file. Carry the file back, or to the next person.
#[derive(Args)]
pub(super) struct Sign {
    /// The file that you were brought, such as `root-2.draft.json`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Your private key; may be given several times
    #[arg(long, value_name = "KEYFILE", required = true)]
    key: Vec<PathBuf>,
    /// Sign without being asked. Only for scripts
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    passphrase: Known,
}

/// Bring signatures back: check them, and put the change into force.
///
/// Several copies of the file, each with somebody's signature, can be given at once.
#[derive(Args)]
pub(super) struct Finish {
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    site: Site,
}

impl Sign {
    pub(super) fn run(self, screen: &Screen) -> Outcome {
        let (mut proposal, people) = packager::read_proposal(&self.file)?;
        let keys = self.keys(screen)?;
        if let Some(key) = keys.iter().find(|key| !proposal.heeds(key.id())) {
            let what = format!("the {} has no say in this", holder(key.id(), None));
            return Err(Failure::refused(what).try_this(
                "give the key whose id stands below `who could sign`, or ask who sent the file",
            ));
        }
        screen.line(description(&proposal, &people)?);
        let names: Vec<_> = keys
            .iter()
            .map(|key| holder(key.id(), people.get(key.id()).map(String::as_str)))
            .collect();
        if !self.yes {
            consent(&names.join(", "), screen)?;
        }
        proposal.sign(&KeyRing::from_iter(keys));
        packager::write_proposal(&self.file, &proposal, &people)?;
        screen.line(format!("Signed with {}.", names.join(", ")));
        screen.line(next_errand(&proposal, &people, &self.file));
        Ok(())
    }

    fn keys(&self, screen: &Screen) -> Result<Vec<SigningKey>, Failure> {
        let mut unlock = self.passphrase.unlock(screen);
        let keys = self
            .key
            .iter()
            .map(|path| packager::read_key(path, &mut unlock));
        Ok(keys.collect::<Result<_, _>>()?)
    }
}

fn consent(names: &str, screen: &Screen) -> Outcome {
    if !screen.can_ask() {
        return Err(Failure::setup("nobody is there to be asked")
            .try_this("run this in a terminal; a script that has looked at it gives `--yes`"));
    }
    let answer = screen.ask(&format!("Sign this with {names}? Write `yes`:"));
    match answer.as_str() {
        "yes" | "`yes`" => Ok(()),
        _ => Err(Failure::refused("not signed; the file is as it was")),
    }
}

fn next_errand(proposal: &Proposal, people: &People, file: &std::path::Path) -> String {
    let name = file.display();
    if proposal.missing().is_empty() {
        return format!(
            "All signatures are there. Carry `{name}` back to the newsroom's machine:\n    colport key finish {name}"
        );
    }
    format!(
        "{}\nCarry `{name}` to one of them, or back.",
        wanted(proposal, people)
    )
}

impl Finish {
    pub(super) fn run(self, screen: &Screen) -> Outcome {
        let folder = NewsroomFolder::at(&self.site.folder);
        let mut read = self
            .files
            .iter()
            .map(|file| packager::read_proposal(&folder.draft_called(file)));
        let (mut proposal, people) = read.next().expect("clap wants at least one file")?;
        for other in read {
            proposal.merge(&other?.0)?;
        }
        if !proposal.follows(&folder.signed_metadata()?) {
            let why = "other keys are in force here than it was made for".to_owned();
            let stale = EditorError::Stale { why };
            return Err(Failure::refused(&stale).hint(stale.hint()));
        }
        screen.line(changes(&proposal, &people)?);
        if proposal.missing().is_empty() {
            folder.install(proposal)?;
            screen.line(in_force(&folder));
            return Ok(());
        }
        let kept = folder.keep_draft(&proposal)?;
        let what = format!(
            "not signed by enough people; nothing has changed. {}",
            wanted(&proposal, &people)
        );
        let hint = format!(
            "what was signed so far is kept: carry `{}` to them",
            kept.display()
        );
        Err(Failure::refused(what).hint(hint))
    }
}

/// Everything that one should know before signing.
fn description(proposal: &Proposal, people: &People) -> Result<String, Failure> {
    let fingerprint = proposal.fingerprint().map(|print| print.to_string());
    let in_force = proposal
        .in_force()?
        .into_iter()
        .map(|(role, version, issued)| {
            let since = issued
                .map(|at| format!(" of {}", moment(at)))
                .unwrap_or_default();
            format!("{role} {version}{since}")
        });
    Ok(format!(
        "A change of keys for the site with the fingerprint\n    {}\nIn force until now: {}.\n\n{}\n\
         Afterwards could sign:\n{}\n\nNames are as the sender wrote them; what counts are the keys.\n\
         If you did not expect this, ask the others first, by voice.\n",
        fingerprint.unwrap_or_default(),
        in_force.collect::<Vec<_>>().join(", "),
        changes(proposal, people)?,
        roster(&proposal.staff()?, people),
    ))
}

/// Who may sign what.
fn roster(staff: &Staff, people: &People) -> String {
    let rows: Vec<_> = staff
        .roles()
        .map(|(role, signers)| {
            let keys = signers.public().iter();
            let keys = keys.map(|key| holder(&key.id, people.get(&key.id).map(String::as_str)));
            let keys = keys.collect::<Vec<_>>().join(", ");
            vec![
                format!("    {role}"),
                format!("any {} of", signers.threshold()),
                keys,
            ]
        })
        .collect();
    table(&["    role", "how many", "who"], &rows)
}

/// What would be different, in words.
pub(super) fn changes(proposal: &Proposal, people: &People) -> Result<String, Failure> {
    let all = proposal.changes()?;
    let lines: Vec<_> = all
        .iter()
        .map(|change| format!("    {}", said(change, people)))
        .collect();
    Ok(format!("What changes:\n{}\n", lines.join("\n")))
}

fn said(change: &KeyChange, people: &People) -> String {
    let who = |key| holder(key, people.get(key).map(String::as_str));
    match change {
        KeyChange::KeyComes { role, key } => format!("{role}: {} may sign from now on", who(key)),
        KeyChange::KeyGoes { role, key } => format!("{role}: {} may NOT sign any more", who(key)),
        KeyChange::Threshold { role, from, to } => {
            format!("{role}: {to} must sign together, until now {from}")
        }
        KeyChange::Opened { newsroom } => format!("{newsroom}: a new newsroom"),
        KeyChange::Closed { newsroom } => {
            format!("{newsroom}: readers find this newsroom's articles NO MORE")
        }
        KeyChange::Until { role, from, to } => {
            format!(
                "{role}: good until {}, until now {}",
                moment(*to),
                moment(*from)
            )
        }
    }
}

impl From<EditorError> for Failure {
    fn from(error: EditorError) -> Self {
        Self::setup(&error).hint(error.hint())
    }
}
