//! `colport key new|add|rotate|revoke|threshold|renew`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::failure::{Failure, Outcome};
use super::super::screen::Screen;
use super::super::words::count;
use super::sign::changes;
use super::{Passphrase, Site, holder, short};
use crate::config;
use crate::io::clock::{Clock, SystemClock};
use crate::packager::{self, Lifetimes, NewsroomFolder, People, Revision, Settled};
use crate::trust::PublicKey;
use crate::trust::editor::{Missing, Proposal, Whose};

/// Make a key of your own, on your own machine.
///
/// Writes the private key to FILE, which nobody else should ever see, and its public half to FILE.pub, which you give to
/// the newsroom for `colport key add … --public FILE.pub`.
#[derive(Args)]
pub(super) struct New {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
}

/// Say whose a key is.
///
/// Names stay on this machine, in `keys/people.toml`, and in the drafts that you send round; readers never see them.
#[derive(Args)]
pub(super) struct Name {
    /// The beginning of the key's id, as `colport key list` shows it
    #[arg(value_name = "KEY")]
    key: String,
    #[arg(value_name = "NAME")]
    person: String,
    #[command(flatten)]
    site: Site,
}

/// What every change of keys needs.
#[derive(Args)]
struct Common {
    #[command(flatten)]
    site: Site,
    /// More private keys to sign with: a file, or a folder such as a memory stick's; may be given several times
    #[arg(long = "keys", value_name = "PATH")]
    keys: Vec<PathBuf>,
    #[command(flatten)]
    passphrase: Passphrase,
}

/// Let one more person sign for a role.
///
/// Makes a key for that person here, or takes the public half of one that the person made with `colport key new`. How many
/// people must sign stays as it is: see `colport key threshold`.
#[derive(Args)]
pub(super) struct Add {
    /// root, targets, snapshot, timestamp, site, or a newsroom
    #[arg(value_name = "ROLE")]
    role: String,
    /// Whose key it is; a nickname will do. Stays on this machine
    #[arg(long, value_name = "NAME")]
    person: String,
    /// The public half of a key that the person made
    #[arg(long, value_name = "FILE")]
    public: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// Put a new key in the place of one that is lost, stolen or old.
///
/// What the old key signs next is refused by every reader and mirror that has seen the change; run `colport pack` and
/// `colport sync --once` without delay to show it to them. What was published stays readable: the new key signs it again.
#[derive(Args)]
pub(super) struct Rotate {
    /// root, targets, snapshot, timestamp, site, or a newsroom
    #[arg(value_name = "ROLE|NEWSROOM")]
    role: String,
    /// Whose key, if the role has several: a name, or the beginning of the key's id
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// The public half of the new key, if it was made elsewhere
    #[arg(long, value_name = "FILE")]
    public: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// Take a key's say away.
///
/// If it is the only key of its role, a new one is made here in its place, so that what was published stays readable.
#[derive(Args)]
pub(super) struct Revoke {
    /// root, targets, snapshot, timestamp, site, or a newsroom
    #[arg(value_name = "ROLE|NEWSROOM")]
    role: String,
    /// Whose key, if the role has several: a name, or the beginning of the key's id
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Say how many people must sign for a role.
///
/// `colport key threshold root 2` with three keys: any two of three people can change keys, and no single one, nor who
/// arrests a single one.
#[derive(Args)]
pub(super) struct Threshold {
    #[arg(value_name = "ROLE")]
    role: String,
    #[arg(value_name = "NUMBER")]
    number: u64,
    #[command(flatten)]
    common: Common,
}

/// Sign `root` or `targets` again before it expires, with nothing else changed.
#[derive(Args)]
pub(super) struct Renew {
    #[arg(value_name = "ROLE", value_parser = ["root", "targets"])]
    role: String,
    #[command(flatten)]
    common: Common,
}

impl New {
    pub(super) fn run(self, screen: &Screen) -> Outcome {
        let lock = self.passphrase.to_lock(screen)?;
        let (key, public) = packager::write_key_pair(&self.file, lock.as_ref())?;
        screen.line(format!(
            "Made the key {}.\n\n    {}\n        is yours alone: keep it where nobody else comes\n    {}\n        \
             goes to the newsroom; anyone may see it\n\nRead the first digits of the key to whoever takes it in: {}",
            short(&key.id),
            self.file.display(),
            public.display(),
            short(&key.id),
        ));
        Ok(())
    }
}

impl Name {
    pub(super) fn run(self, screen: &Screen) -> Outcome {
        let folder = NewsroomFolder::at(&self.site.folder);
        let mut revision = Revision::begin(&folder)?;
        let key = revision.any_key(&self.key)?;
        revision.name(&key.id, &self.person)?;
        screen.line(format!("{} is {}.", short(&key.id), self.person));
        Ok(())
    }
}

impl Add {
    pub(super) fn run(self, screen: &Screen) -> Outcome {
        let Self {
            role,
            person,
            public,
            common,
        } = self;
        let person = Some(person.as_str());
        common.revise(screen, |revision| {
            revision.check(&role)?;
            let key = new_key(revision, &role, person, public.as_deref(), &common, screen)?;
            Ok(revision.add(&role, key)?)
        })
    }
}

impl Rotate {
    pub(super) fn run(self, screen: &Screen) -> Outcome {
        let Self {
            role,
            person,
            public,
            common,
        } = self;
        common.revise(screen, |revision| {
            let former = revision.key_of(&role, person.as_deref())?;
            let person = revision.person(&former.id).map(str::to_owned);
            let public = public.as_deref();
            let key = new_key(revision, &role, person.as_deref(), public, &common, screen)?;
            Ok(revision.replace(&role, &former.id, key)?)
        })
    }
}

impl Revoke {
    pub(super) fn run(self, screen: &Screen) -> Outcome {
        let Self {
            role,
            person,
            common,
        } = self;
        common.revise(screen, |revision| {
            let former = revision.key_of(&role, person.as_deref())?;
            let signers = revision.staff().role(&role);
            if signers.is_some_and(|signers| signers.public().len() > 1) {
                return Ok(revision.remove(&role, &former.id)?);
            }
            screen.line(format!(
                "`{role}` has no other key, so a new one takes its place."
            ));
            let key = new_key(revision, &role, None, None, &common, screen)?;
            Ok(revision.replace(&role, &former.id, key)?)
        })
    }
}

impl Threshold {
    pub(super) fn run(self, screen: &Screen) -> Outcome {
        let Self {
            role,
            number,
            common,
        } = self;
        common.revise(screen, |revision| Ok(revision.threshold(&role, number)?))
    }
}

impl Renew {
    pub(super) fn run(self, screen: &Screen) -> Outcome {
        let Self { role, common } = self;
        common.revise(screen, |revision| {
            revision.renew(&role);
            Ok(())
        })
    }
}

impl Common {
    fn revise(
        &self,
        screen: &Screen,
        change: impl FnOnce(&mut Revision<'_>) -> Outcome,
    ) -> Outcome {
        let folder = NewsroomFolder::at(&self.site.folder);
        let (now, lifetimes) = (SystemClock.now(), self.lifetimes()?);
        let mut revision = Revision::begin(&folder)?;
        if let Some(waiting) = revision.replaces() {
            screen.line(format!(
                "`{}` waits for signatures: this change is added to it, and both are signed together.",
                waiting.display()
            ));
        }
        change(&mut revision)?;
        let settled = revision.settle(
            &self.keys,
            &mut self.passphrase.unlock(screen),
            now,
            &lifetimes,
        )?;
        tell_settled(&settled, &folder, screen)
    }

    fn lifetimes(&self) -> Result<Lifetimes, Failure> {
        Ok(config::load(&self.site.folder)?.lifetimes)
    }
}

/// A key that was brought, or else one that is made here.
fn new_key(
    revision: &mut Revision<'_>,
    role: &str,
    person: Option<&str>,
    public: Option<&Path>,
    common: &Common,
    screen: &Screen,
) -> Result<PublicKey, Failure> {
    if let Some(file) = public {
        let key = packager::read_public(file)?;
        if let Some(person) = person {
            revision.name(&key.id, person)?;
        }
        return Ok(key);
    }
    let lock = match role {
        "root" | "targets" => common.passphrase.to_lock(screen)?,
        // These work every day, without a person who could be asked.
        _ => None,
    };
    let (key, path) = revision.make_key(role, person, lock.as_ref())?;
    screen.line(format!(
        "Made the key {}: `{}`.",
        short(&key.id),
        path.display()
    ));
    if role == "root" || role == "targets" {
        let whose = person.unwrap_or("a safe place");
        screen.line(format!(
            "It belongs to {whose}, not here: carry it there, then delete it."
        ));
    }
    Ok(key)
}

/// What came of a change of keys, and what to do next.
pub(crate) fn tell_settled(settled: &Settled, folder: &NewsroomFolder, screen: &Screen) -> Outcome {
    let people = folder.people()?;
    match settled {
        Settled::Nothing => screen.line("That is so already; nothing was changed."),
        Settled::InForce(proposal) => {
            screen.line(changes(proposal, &people)?);
            screen.line(in_force(folder));
        }
        Settled::Waiting { proposal, file } => {
            screen.line(changes(proposal, &people)?);
            screen.line(wanted(proposal, &people));
            screen.line(errand(file, folder));
        }
    }
    Ok(())
}

pub(super) fn in_force(folder: &NewsroomFolder) -> String {
    format!(
        "Signed, and in force here. Readers and mirrors learn of it with the next edition:\n\
         \x20   colport pack --site {0}\n    colport sync --once --site {0}",
        folder.place().display()
    )
}

/// Who must sign still.
pub(super) fn wanted(proposal: &Proposal, people: &People) -> String {
    let lines: Vec<_> = proposal
        .missing()
        .iter()
        .map(|missing| lacking(missing, people))
        .collect();
    format!("Signatures are wanted:\n{}", lines.join("\n"))
}

fn lacking(missing: &Missing, people: &People) -> String {
    let who = |id| holder(id, people.get(id).map(String::as_str));
    let who: Vec<_> = missing.of.iter().map(who).collect();
    let more = missing.needed.saturating_sub(missing.valid as u64);
    format!(
        "    {} {}{}: {} more, of {}",
        missing.role,
        missing.version,
        match missing.whose {
            Whose::Former => ", by those who may sign until now",
            Whose::Own => "",
        },
        count(
            usize::try_from(more).unwrap_or(usize::MAX),
            "signature",
            "signatures"
        ),
        who.join(", ")
    )
}

fn errand(file: &Path, folder: &NewsroomFolder) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    format!(
        "\nNothing has changed yet. Carry this one small file to them:\n    {}\n\
         Each looks at it and signs, on a machine of their own:\n    colport key sign {name} --key THEIR-KEY.pem\n\
         Carry it back, and here:\n    colport key finish {name} --site {}",
        file.display(),
        folder.place().display()
    )
}
