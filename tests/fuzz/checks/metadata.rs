//! One file of any role is hurt, in the hands of somebody who has some of the keys: whatever a reader then believes was
//! signed for him, is in date, is not older than what he has seen, and is what those keys may say.
//!
//! Five bytes come first: which role, how it is hurt, the time, who signs it anew, and who the reader is. The rest says
//! what is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use bytes::Bytes;
use colport::base::{Digest, MetadataName};
use colport::trust::editor::MetadataSet;
use colport::trust::{Expiry, Refusal, Remembered, Want};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::alter::alter;
use super::oracle::{check_not_lowered, check_trusted};
use super::site::{Answer, Found, KEYS, PATHS, SITE, look_up, now, refresh, sign, walk};
use super::splice::splice;

const ROLES: [&str; 7] = [
    "root",
    "timestamp",
    "snapshot",
    "targets",
    "site",
    "be",
    "be-2026-11",
];

// How: changes to what is signed, which is then signed by those who hold keys; else …
const AS_TEXT: u8 = 1;
const AROUND_SIGNATURES: u8 = 2;
/// With a snapshot and timestamp that name the hurt file.
const SEALED: u8 = 4;
/// The reader finds it in what he remembers, and the server is honest.
const IN_MEMORY: u8 = 8;

// Who the reader is.
const KNOWS_FIRST: u8 = 1;
const OFFLINE: u8 = 2;

const DAYS: [i64; 6] = [0, 0, 8, 31, 366, -30];

/// What the second edition says to who may ask.
static HONEST: LazyLock<BTreeMap<String, Found>> = LazyLock::new(|| {
    let answer = |want: &Want| answer_of(&SITE.second, want);
    let (read, _) = refresh(SITE.newcomer(), &answer, now(), Expiry::Enforce);
    walk(read.expect("it is honest"), &answer)
        .expect("it is honest")
        .1
});
static KNOWING: LazyLock<Remembered> = LazyLock::new(|| {
    let answer = |want: &Want| answer_of(&SITE.first, want);
    let (read, _) = refresh(SITE.newcomer(), &answer, now(), Expiry::Enforce);
    walk(read.expect("it is honest"), &answer)
        .expect("it is honest")
        .0
        .remembered()
});

struct Scene {
    role: &'static str,
    /// `None` where the reader finds it in what he remembers.
    served: Option<Bytes>,
    sealed: Option<MetadataSet>,
    holds: BTreeSet<&'static str>,
    before: Remembered,
    now: Timestamp,
    expiry: Expiry,
}

pub(crate) fn check(data: &[u8]) {
    let Some(([which, how, time, signers, reader], changes)) = data.split_first_chunk() else {
        return;
    };
    let role = ROLES[usize::from(*which) % ROLES.len()];
    let mut holds: BTreeSet<_> = (0..8)
        .filter(|bit| signers >> bit & 1 == 1)
        .map(|bit| KEYS[bit])
        .collect();
    let hurt = hurt(role, *how, &holds, changes);
    let in_memory = how & IN_MEMORY != 0;
    let sealed = (how & SEALED != 0 && !in_memory).then(|| sealed(role, &hurt));
    if sealed.is_some() {
        holds.extend(["snapshot", "timestamp"]);
    }
    let mut before = match reader & KNOWS_FIRST != 0 {
        true => KNOWING.clone(),
        false => SITE.newcomer(),
    };
    if in_memory {
        remember(&mut before, role, hurt.clone());
    }
    let scene = Scene {
        role,
        served: (!in_memory).then_some(hurt),
        sealed,
        holds,
        before,
        now: now() + SignedDuration::from_hours(24 * DAYS[usize::from(*time) % DAYS.len()]),
        expiry: match reader & OFFLINE != 0 {
            true => Expiry::Report,
            false => Expiry::Enforce,
        },
    };
    scene.play();
}

fn hurt(role: &str, how: u8, holds: &BTreeSet<&'static str>, changes: &[u8]) -> Bytes {
    let (_, sound) = SITE.second.newest(role).expect("a role of the site");
    let keys = || holds.iter().map(|name| SITE.key(name));
    if how & AS_TEXT != 0 {
        let text = splice(sound, changes);
        let signed = serde_json::from_slice::<Value>(&text)
            .ok()
            .filter(|_| !holds.is_empty())
            .and_then(|value| sign(value.get("signed")?, keys()));
        return signed.map_or(text, |file| file.to_string().into()).into();
    }
    let mut file: Value = serde_json::from_slice(sound).expect("a file of ours");
    if role == "root" {
        file["signed"]["version"] = 2.into();
    }
    if how & AROUND_SIGNATURES != 0 {
        file = sign_if_any(file, holds.is_empty(), keys());
        alter(&mut file, changes);
    } else {
        alter(&mut file["signed"], changes);
        file = sign_if_any(file, holds.is_empty(), keys());
    }
    file.to_string().into()
}

fn sign_if_any<'a>(
    file: Value,
    nobody: bool,
    keys: impl Iterator<Item = &'a colport::trust::SigningKey>,
) -> Value {
    if nobody {
        return file;
    }
    sign(&file["signed"], keys).unwrap_or(file)
}

/// The second edition with another file in it, and a snapshot and timestamp by the genuine keys.
fn sealed(role: &str, hurt: &Bytes) -> MetadataSet {
    let described = |version: u64, file: &Bytes| json!({ "version": version, "length": file.len(), "hashes": { "sha256": Digest::of(file).to_string() } });
    let signed = |role: &str| {
        let (_, file) = SITE.second.newest(role).expect("a role of the site");
        serde_json::from_slice::<Value>(file).expect("JSON")["signed"].take()
    };
    let file = |signed: &Value, by: &str| {
        let file = sign(signed, [SITE.key(by)]).expect("it can be signed");
        Bytes::from(file.to_string())
    };
    let version = |file: &Bytes| {
        let value = serde_json::from_slice::<Value>(file).ok();
        value
            .and_then(|value| value["signed"]["version"].as_u64())
            .filter(|version| *version > 0)
            .unwrap_or(1)
    };
    let mut set = SITE.second.clone();
    let mut put = |role: &str, version: u64, file: &Bytes| {
        if let Some(name) = MetadataName::versioned(role, version) {
            set.put(name, file.clone());
        }
    };
    let (mut snapshot, mut number) = (hurt.clone(), version(hurt));
    if role != "snapshot" {
        let mut next = signed("snapshot");
        number = 3;
        next["version"] = number.into();
        if !["root", "timestamp"].contains(&role) {
            next["meta"][format!("{role}.json")] = described(version(hurt), hurt);
        }
        snapshot = file(&next, "snapshot");
    }
    put("snapshot", number, &snapshot);
    let mut next = signed("timestamp");
    next["version"] = 3.into();
    next["meta"]["snapshot.json"] = described(number, &snapshot);
    set.put(MetadataName::timestamp(), file(&next, "timestamp"));
    set
}

fn remember(memory: &mut Remembered, role: &str, file: Bytes) {
    match role {
        "root" => memory.root = file,
        "timestamp" => memory.timestamp = Some(file),
        "snapshot" => memory.snapshot = Some(file),
        _ => drop(memory.targets.insert(role.into(), file)),
    }
}

/// Whatever version is asked for, as a liar would.
fn answer_of(set: &MetadataSet, want: &Want) -> Option<Bytes> {
    if want.role == "root" {
        return set.file("root", want.version).cloned();
    }
    set.newest(&want.role).map(|(_, file)| file.clone())
}

impl Scene {
    fn answer(&self, want: &Want) -> Option<Bytes> {
        let hurt = self.served.clone().filter(|_| want.role == self.role);
        if self.role == "root" {
            return match (&*want.role, want.version) {
                ("root", Some(2)) => hurt,
                _ => answer_of(self.sealed.as_ref().unwrap_or(&SITE.second), want),
            };
        }
        hurt.or_else(|| answer_of(self.sealed.as_ref().unwrap_or(&SITE.second), want))
    }

    fn play(&self) {
        let answer: Answer<'_> = &|want| self.answer(want);
        let (read, after) = refresh(self.before.clone(), answer, self.now, self.expiry);
        if self.served.is_some() {
            check_not_lowered(&self.before, &after);
        }
        // A file of the reader's own folder may say anything that is signed.
        let Ok(mut trusted) = read else {
            return self.check_nothing_lost(after);
        };
        let mut single = BTreeMap::new();
        for path in PATHS {
            let found = look_up(&mut trusted, path, answer);
            if let Ok(found) = &found {
                self.check_said(path, found);
            }
            single.insert(path, found);
        }
        check_trusted(&trusted, self.now, self.expiry);
        if self.served.is_some() {
            check_not_lowered(&self.before, &trusted.remembered());
        }
        self.check_nothing_lost(trusted.remembered());
        if let Ok((trusted, all)) = walk(trusted, answer) {
            check_trusted(&trusted, self.now, self.expiry);
            let _ = (trusted.freshness(), trusted.proofs());
            for path in all.keys().map(String::as_str).chain(PATHS) {
                self.check_said(path, all.get(path).unwrap_or(&None));
            }
            for (path, found) in single {
                let listed = all.get(path).cloned().unwrap_or_default();
                assert_eq!(found, Ok::<_, Refusal>(listed), "{path}");
            }
        }
    }

    /// Another word than the newsroom's needs the newsroom's key, or one above it.
    fn check_said(&self, path: &str, found: &Found) {
        let honest = HONEST.get(path).unwrap_or(&None);
        let speaker = if path.starts_with("be/") {
            "be"
        } else {
            "site"
        };
        let people = ["root-1", "root-2", "root-3"];
        let people = people.iter().filter(|person| self.holds.contains(**person));
        let may =
            people.count() > 1 || self.holds.contains("targets") || self.holds.contains(speaker);
        // A newcomer's first root, or an older edition's role, may stand in his memory: both are the newsroom's.
        let own_memory = self.served.is_none();
        assert!(
            may || own_memory || found == honest,
            "{path}: {found:?}, by who has {:?}",
            self.holds
        );
    }

    /// Who holds no key cannot even keep a reader from the honest edition afterwards.
    fn check_nothing_lost(&self, after: Remembered) {
        if !self.holds.is_empty() || self.served.is_none() {
            return;
        }
        let answer: Answer<'_> = &|want| answer_of(&SITE.second, want);
        let (read, _) = refresh(after, answer, now(), Expiry::Enforce);
        let (_, all) = read
            .and_then(|trusted| walk(trusted, answer))
            .expect("the honest edition still opens");
        assert_eq!(all, *HONEST);
    }
}

/// Each role: unchanged, and with one thing changed and signed by its own keys, made to fit or not; as text; in memory.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (which, own) in [0b111, 32, 16, 8, 64, 128, 128].into_iter().enumerate() {
        let which = which as u8;
        for (how, signers) in [(0, own), (SEALED, own), (SEALED, 0), (IN_MEMORY, own)] {
            let reader = which & KNOWS_FIRST;
            seeds.push(vec![which, how, 0, signers, reader]);
            for change in [[2, 0, 1, 0], [5, 0, 4, 9], [9, 0, 3, 40], [14, 0, 0, 0]] {
                seeds.push([&[which, how, 0, signers, 1 - reader][..], &change].concat());
            }
        }
        seeds.push([&[which, AS_TEXT, 2, own, OFFLINE][..], &[40, 0, 1, 1, b'9']].concat());
        seeds.push([&[which, AROUND_SIGNATURES, 0, own, 1][..], &[1, 0, 3, 0]].concat());
    }
    seeds
}
