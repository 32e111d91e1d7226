//! `colport key list`.

use std::collections::BTreeMap;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::super::failure::{Failure, Outcome};
use super::super::screen::{Screen, table};
use super::super::words::{moment, span};
use super::{Site, short};
use crate::io::clock::{Clock, SystemClock};
use crate::packager::{HeldKey, NewsroomFolder, People, Place};
use crate::trust::editor::{RoleSigners, Staff};
use crate::trust::{KeyId, Proof};

/// Say who may sign what, where the private keys lie, and what expires when.
#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    site: Site,
}

/// From here on it is said what to do.
const WARNED: SignedDuration = SignedDuration::from_hours(60 * 24);

impl List {
    pub(super) fn run(self, screen: &Screen) -> Outcome {
        let folder = NewsroomFolder::at(&self.site.folder);
        let now = SystemClock.now();
        let staff = Staff::of(&folder.signed_metadata()?)?;
        let expiries = expiries(&folder, now, screen)?;
        let (people, held) = (folder.people()?, folder.held_keys()?);
        let rows: Vec<_> = staff
            .roles()
            .flat_map(|(role, signers)| rows(role, signers, &people, &held, expiries.get(role)))
            .collect();
        let head = [
            "role",
            "person",
            "key",
            "private half",
            "must sign",
            "expires",
        ];
        screen.line(table(&head, &rows));
        for warning in warnings(&staff, &held, &expiries, now) {
            screen.warn(warning);
        }
        if let Some((path, proposal)) = folder.pending()? {
            let wanted = super::change::wanted(&proposal, &people);
            screen.warn(format!("\n`{}` waits. {wanted}", path.display()));
        }
        Ok(())
    }
}

/// When each role's newest metadata expires: of `root` and `targets` what is signed here, of the others the newest edition.
fn expiries(
    folder: &NewsroomFolder,
    now: Timestamp,
    screen: &Screen,
) -> Result<BTreeMap<String, Timestamp>, Failure> {
    let mut all = BTreeMap::new();
    match folder.newest(now) {
        Ok(Some(edition)) => {
            let proofs: Vec<Proof> = edition.proof().trusted().proofs();
            all.extend(proofs.into_iter().map(|proof| (proof.role, proof.expires)));
        }
        Ok(None) => {}
        Err(error) => screen.warn(format!("the newest edition cannot be looked at: {error}")),
    }
    all.extend(folder.signed_metadata()?.offline_expiries()?);
    Ok(all)
}

/// One line for each key.
fn rows(
    role: &str,
    signers: &RoleSigners,
    people: &People,
    held: &[HeldKey],
    expires: Option<&Timestamp>,
) -> Vec<Vec<String>> {
    let keys = signers.public();
    let must = format!("{} of {}", signers.threshold(), keys.len());
    let expires = expires.map(|at| moment(*at));
    let row = |key: &KeyId| {
        vec![
            role.to_owned(),
            people.get(key).cloned().unwrap_or_else(|| "-".to_owned()),
            short(key),
            whereabouts(held.iter().find(|held| held.id == *key)).to_owned(),
            must.clone(),
            expires
                .clone()
                .unwrap_or_else(|| "with the next edition".to_owned()),
        ]
    };
    keys.iter().map(|key| row(&key.id)).collect()
}

fn whereabouts(held: Option<&HeldKey>) -> &'static str {
    match held.map(|held| held.place) {
        Some(Place::Online) => "here, online",
        Some(Place::Newsrooms) => "here",
        Some(Place::Offline) => "here, not yet offline",
        None => "not here",
    }
}

fn warnings(
    staff: &Staff,
    held: &[HeldKey],
    expiries: &BTreeMap<String, Timestamp>,
    now: Timestamp,
) -> Vec<String> {
    let mut warnings: Vec<_> = staff
        .roles()
        .filter_map(|(role, _)| expiring(role, *expiries.get(role)?, now))
        .collect();
    let offline = held.iter().filter(|held| held.place == Place::Offline);
    if offline.count() > 0 {
        warnings.push(
            "\nKeys of `root` and `targets` lie on this machine: move `keys/offline` to memory sticks and delete it here."
                .to_owned(),
        );
    }
    let named = |id: &KeyId| {
        let mut roles = staff.roles();
        roles.any(|(_, signers)| signers.public().iter().any(|key| key.id == *id))
    };
    for stray in held.iter().filter(|held| !named(&held.id)) {
        warnings.push(format!(
            "`{}` has no say: it was replaced, or waits for a change to be signed.",
            stray.path.display()
        ));
    }
    warnings
}

/// `snapshot` and `timestamp` are short-lived, and signed with every edition.
fn expiring(role: &str, expires: Timestamp, now: Timestamp) -> Option<String> {
    let left = expires.duration_since(now);
    let remedy = match role {
        "root" | "targets" => format!("run `colport key renew {role}`"),
        _ => "run `colport pack`".to_owned(),
    };
    let short_lived = role == "snapshot" || role == "timestamp";
    if left <= SignedDuration::ZERO {
        Some(format!("\n`{role}` HAS EXPIRED: {remedy}."))
    } else if left < WARNED && !short_lived {
        Some(format!("\n`{role}` expires in {}: {remedy}.", span(left)))
    } else {
        None
    }
}
