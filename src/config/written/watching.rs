//! Who looks at the mirrors, which programs are started, and which mirrors stand by.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;

use super::http_address;
use super::mirror::Mirror;
use crate::config::Allowed;
use crate::io::program::Program;
use crate::io::visit::Proxy;
use crate::sync::hooks::{self, Occasion};
use crate::sync::pool::{Account, Described};
use crate::sync::rotation;
use crate::sync::watching::{self, CONTROLS, Scope, Way};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vantage {
    name: String,
    place: Place,
    #[serde(default)]
    proxy: String,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    pass: Vec<String>,
    #[serde(default)]
    untold: bool,
    controls: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    Inside,
    Outside,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hook {
    on: On,
    command: Vec<String>,
    #[serde(default)]
    pass: Vec<String>,
    time: Option<String>,
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    credentials: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum On {
    NeedMirror,
    Announce,
    Alert,
}

/// A mirror that stands by; also what a hook prints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pooled {
    provider: String,
    #[serde(default)]
    account: String,
    upkeep: Upkeep,
    #[serde(default)]
    addresses: Vec<IpAddr>,
    mirror: Mirror,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Upkeep {
    Free,
    Paid,
}

impl Vantage {
    pub(super) fn check(self, folder: &Path) -> Result<watching::Vantage, String> {
        let name = self.name;
        let way = match (self.proxy.as_str(), self.command.is_empty()) {
            ("", true) => Way::Direct,
            (proxy, true) => Way::Proxy(Proxy::parse(proxy)?),
            ("", false) => Way::Command(program(self.command, self.pass, folder)?),
            _ => {
                return Err(format!(
                    "the vantage `{name}` has one of `proxy` and `command`"
                ));
            }
        };
        let place = match self.place {
            Place::Inside => rotation::Place::Inside,
            Place::Outside => rotation::Place::Outside,
        };
        let controls = match self.controls {
            Some(written) if written.is_empty() => {
                return Err(format!(
                    "the vantage `{name}` needs `controls`: without any it can accuse nobody"
                ));
            }
            Some(written) => written,
            None => CONTROLS.map(str::to_owned).into(),
        };
        Ok(watching::Vantage {
            id: watching::Vantage::id_of(&name),
            name,
            place,
            way,
            scope: if self.untold {
                Scope::All
            } else {
                Scope::of(place)
            },
            controls: controls
                .iter()
                .map(|text| http_address(text))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// What a hook makes only where it is allowed.
const KINDS: [&str; 4] = ["folder", "git", "sftp", "key"];

/// What a hook is given when nothing is said: machines are not made in a minute.
const TIME: Duration = Duration::from_secs(600);

impl Hook {
    /// `None`: it makes no mirrors.
    pub(super) fn allowed(&self) -> Option<Result<Allowed, String>> {
        let On::NeedMirror = self.on else {
            let says = !self.allow.is_empty() || !self.credentials.is_empty();
            let error = "`allow` and `credentials` are for hooks that make mirrors";
            return says.then(|| Err(error.into()));
        };
        let mut strange = self
            .allow
            .iter()
            .filter(|kind| !KINDS.contains(&kind.as_str()));
        if let Some(kind) = strange.next() {
            let kinds = "`folder`, `git`, `sftp` and `key`";
            return Some(Err(format!(
                "`allow` names `{kind}`, which is none of {kinds}"
            )));
        }
        Some(Ok(Allowed {
            kinds: self.allow.clone(),
            credentials: self.credentials.clone(),
        }))
    }

    pub(super) fn check(self, folder: &Path) -> Result<hooks::Hook, String> {
        let time = match &self.time {
            Some(text) => time(text)?,
            None => TIME,
        };
        Ok(hooks::Hook {
            on: match self.on {
                On::NeedMirror => Occasion::NeedMirror,
                On::Announce => Occasion::Announce,
                On::Alert => Occasion::Alert,
            },
            program: program(self.command, self.pass, folder)?,
            time,
        })
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let time: Option<SignedDuration> = text.parse().ok();
    match time.map(|time| time.as_secs()) {
        Some(seconds @ 1..=86_400) => Ok(Duration::from_secs(seconds.unsigned_abs())),
        _ => Err(format!(
            "`time = \"{text}\"` is no length of time up to a day, such as `10min`"
        )),
    }
}

fn program(words: Vec<String>, passed: Vec<String>, folder: &Path) -> Result<Program, String> {
    let mut words = words.into_iter();
    let name = words.next().filter(|name| !name.is_empty());
    let name = name.ok_or("`command` is a program and its arguments, such as `[\"hooks/new\"]`")?;
    // Without a slash it is one of `PATH`.
    let name = match name.contains('/') {
        true => whole(folder.join(&name)).to_string_lossy().into_owned(),
        false => name,
    };
    let folder = match folder.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => folder.to_path_buf(),
    };
    Ok(Program {
        name,
        arguments: words.collect(),
        folder,
        passed,
    })
}

/// The program runs in a folder of its own, from which a path that begins at ours leads elsewhere.
fn whole(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

impl Pooled {
    pub(super) fn is_allowed(&self, allowed: &Allowed) -> Result<(), String> {
        self.mirror.is_allowed(allowed)
    }

    pub(super) fn check(mut self, folder: &Path) -> Result<Described, String> {
        let mut known = self.mirror.besides();
        let mirror = self.mirror.check(folder)?;
        let refused = |why: &str| format!("the mirror `{}` {why}", mirror.name);
        if known.provider.is_some() || !known.account.is_empty() {
            return Err(refused(
                "names its `provider` or `account` inside of `mirror`: they stand beside it",
            ));
        }
        if self.provider.trim().is_empty() {
            return Err(refused(
                "needs a `provider`: who else would be lost with it",
            ));
        }
        known.provider = Some(self.provider);
        known.account = self.account;
        let public = known.public(mirror.place.url());
        let public = public.map_err(|why| format!("the mirror `{}`: {why}", mirror.name))?;
        let public = public.ok_or_else(|| refused("has no address for readers"))?;
        let upkeep = match self.upkeep {
            Upkeep::Free if public.cost_a_day > 0.0 => {
                return Err(refused("is `free` and has a `cost_a_day`"));
            }
            Upkeep::Free => rotation::Upkeep::Free,
            Upkeep::Paid => rotation::Upkeep::Paid,
        };
        Ok(Described {
            mirror,
            url: public.url,
            onion: public.onion,
            cost_a_day: public.cost_a_day,
            account: Account {
                provider: public.provider,
                name: public.account,
            },
            upkeep,
            addresses: self
                .addresses
                .into_iter()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
        })
    }
}
