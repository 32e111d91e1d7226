//! A change of keys comes back from other people's machines: what is read says no more than a person is shown, and what
//! is taken was signed by everybody who must.
//!
//! The first byte says how the file is changed, the second who signs its drafts anew, the rest what is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use bytes::Bytes;
use colport::base::NewsroomId;
use colport::trust::editor::{KeyChange, Lifetimes, Proposal, RoleSigners, Staff};
use colport::trust::{Expiry, Remembered, Want};
use jiff::SignedDuration;
use serde_json::Value;

use super::alter::alter;
use super::oracle::signers;
use super::site::{Answer, KEYS, SITE, now, refresh, seeded, sign};
use super::splice::splice;

/// A person of `root` is replaced, a newsroom opened, the key of another replaced.
static SENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut staff = Staff::of(&SITE.first).expect("a site");
    let public = |name: &str| seeded(name).public().clone();
    let people = ["root-2", "root-3", "root-4"].map(public).to_vec();
    let replace = |staff: &mut Staff, role: &str, signers: RoleSigners| {
        staff.replace(role, signers).expect("a role of the site")
    };
    replace(
        &mut staff,
        "root",
        RoleSigners::of(people, 2).expect("three"),
    );
    replace(&mut staff, "be", RoleSigners::one(public("be-2")));
    let fa: NewsroomId = "fa".parse().expect("a name");
    staff.open(&fa, RoleSigners::one(public("fa")));
    let (none, then) = (BTreeSet::new(), now() + SignedDuration::from_hours(1));
    let proposal = Proposal::of(&SITE.first, &staff, &none, then, &Lifetimes::default());
    let mut proposal = proposal.expect("a site").expect("a change");
    proposal.sign(&[seeded("root-2"), seeded("root-4")].into_iter().collect());
    let people = [(seeded("root-2").id().clone(), "Daria".to_owned())];
    proposal.to_bytes(&people.into()).to_vec()
});

pub(crate) fn check(data: &[u8]) {
    let Some(([how, hands], changes)) = data.split_first_chunk() else {
        return;
    };
    let file = match how % 4 {
        0 => splice(&SENT, changes),
        1 => altered(|file| alter(file, changes)),
        // A draft, which is JSON in a text in JSON, by its values.
        2 => redrafted("/proposed/0", changes, *hands),
        _ => redrafted("/proposed/1", changes, *hands),
    };
    let Ok((proposal, people)) = Proposal::read(&file) else {
        return;
    };
    check_same_again(&proposal, &people);
    check_shown(&proposal);
    check_taken(proposal);
}

fn altered(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut file: Value = serde_json::from_slice(&SENT).expect("it was written");
    change(&mut file);
    file.to_string().into()
}

fn redrafted(place: &str, changes: &[u8], hands: u8) -> Vec<u8> {
    altered(|file| {
        let draft = file.pointer_mut(place).expect("two drafts");
        let text = draft.as_str().expect("a draft is a text");
        let mut inner: Value = serde_json::from_str(text).expect("it was written");
        alter(&mut inner["signed"], changes);
        let names = KEYS.iter().chain(&["root-4"]).enumerate();
        let keys = names.filter(|(bit, _)| hands.rotate_left(1) >> (bit % 8) & 1 == 1);
        let keys: Vec<_> = keys.map(|(_, name)| seeded(name)).collect();
        if let Some(signed) = sign(&inner["signed"], &keys) {
            inner = signed;
        }
        *draft = inner.to_string().into();
    })
}

fn check_same_again(proposal: &Proposal, people: &BTreeMap<colport::trust::KeyId, String>) {
    let written = proposal.to_bytes(people);
    let (again, _) = Proposal::read(&written).expect("what was read and written can be read");
    assert_eq!(again.changes(), proposal.changes());
    assert_eq!(again.missing(), proposal.missing());
    assert_eq!(again.to_bytes(people), written);
}

/// A person who is told of no change but dates signs no change but dates.
fn check_shown(proposal: &Proposal) {
    let changes = proposal.changes().expect("it was read");
    let dates = |change: &KeyChange| matches!(change, KeyChange::Until { .. });
    let before = Staff::of(&SITE.first).expect("a site");
    let after = proposal.staff().expect("it was read");
    let roles = |staff: &Staff| -> BTreeMap<String, (BTreeSet<String>, u64)> {
        let roles = staff.roles().map(|(role, signers)| {
            let keys = signers.public().iter().map(|key| key.id.to_string());
            (role.to_owned(), (keys.collect(), signers.threshold()))
        });
        roles.collect()
    };
    if proposal.follows(&SITE.first) {
        assert_eq!(
            changes.iter().all(dates),
            roles(&before) == roles(&after),
            "{changes:?}"
        );
    }
}

/// What is taken has enough signatures, and readers of the site follow it.
fn check_taken(proposal: Proposal) {
    let missing = proposal.missing();
    let taken = match proposal.finish(&SITE.first) {
        Ok(taken) => taken,
        Err(_) => return,
    };
    assert!(missing.is_empty());
    let former = plain(SITE.first.newest("root").expect("a root").1);
    let newest = plain(taken.newest("root").expect("a root").1);
    for by in [&former, &newest] {
        let (keys, role) = (&by["signed"]["keys"], &by["signed"]["roles"]["root"]);
        let needed = role["threshold"].as_u64().expect("a number");
        assert!(signers(&newest, keys, role) as u64 >= needed);
    }
    let answer: Answer<'_> = &|want: &Want| taken.file(&want.role, want.version).cloned();
    let newcomer = Remembered::new(SITE.first.first_root().expect("a root").clone());
    let (_, after) = refresh(newcomer, answer, now(), Expiry::Report);
    assert_eq!(
        Some(&after.root),
        taken.newest("root").map(|(_, file)| file)
    );
}

fn plain(file: &Bytes) -> Value {
    serde_json::from_slice(file).expect("JSON")
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![vec![0, 0], vec![2, 255], vec![3, 255]];
    for how in 1..4 {
        for hands in [0, 3, 7, 15, 255] {
            for change in [[2, 0, 1, 0], [6, 0, 3, 30], [12, 0, 4, 2], [20, 0, 0, 0]] {
                seeds.push([&[how, hands][..], &change].concat());
            }
        }
    }
    seeds.push(vec![0, 0, 90, 0, 2, 1, b'x']);
    seeds
}
