//! A chain of roots, each of which names any keys and is signed by any: a reader follows it exactly as far as former and
//! new people have consented, and forgets what online keys have signed exactly if one of them was withdrawn.
//!
//! The first byte is about the server, then come ten for each root.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use bytes::Bytes;
use colport::trust::{Expiry, Refusal, Remembered, SigningKey, Want};
use serde_json::{Value, json};

use super::oracle::{check_not_lowered, check_trusted, signers};
use super::site::{Answer, now, refresh, seeded, sign};

const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const MOST_ROOTS: usize = 8;

// About the server.
const SHOWS_OLDER: u8 = 1;
const BEGINS_IN_THE_MIDDLE: u8 = 2;

// About one root.
const EXPIRED: u8 = 1;
const SKIPS_A_VERSION: u8 = 2;
const WITHOUT_VERSIONED_NAMES: u8 = 4;
const NAMES_A_KEY_TWICE: u8 = 8;
const UNDER_TWO_IDS: u8 = 16;
const SIGNATURE_DAMAGED: u8 = 32;

static RING: LazyLock<Vec<SigningKey>> = LazyLock::new(|| KEYS.map(seeded).to_vec());

#[derive(Clone, Copy)]
struct Wish {
    /// Which keys sign `root`, `targets`, `snapshot`, `timestamp`; and how many must.
    roles: [(u8, u8); 4],
    signed_by: u8,
    how: u8,
}

impl Wish {
    fn read(bytes: &[u8; 10]) -> Self {
        let role = |at: usize| (bytes[2 * at], bytes[2 * at + 1] % 4 + 1);
        Self {
            roles: [role(0), role(1), role(2), role(3)],
            signed_by: bytes[8],
            how: bytes[9],
        }
    }

    fn root(&self, version: u64) -> Value {
        let names = ["root", "targets", "snapshot", "timestamp"];
        let mut keys: Vec<(String, Value)> = RING
            .iter()
            .map(|key| (key.id().to_string(), json!(key.public().key)))
            .collect();
        if self.how & UNDER_TWO_IDS != 0 {
            let again = RING
                .iter()
                .map(|key| (format!("again-{}", key.id()), json!(key.public().key)));
            keys.extend(again.collect::<Vec<_>>());
        }
        let roles = names.iter().zip(self.roles).map(|(name, (mask, needed))| {
            let mut ids: Vec<String> = chosen(mask).map(|key| key.id().to_string()).collect();
            if self.how & NAMES_A_KEY_TWICE != 0 {
                ids.extend(ids.clone());
            }
            if self.how & UNDER_TWO_IDS != 0 {
                ids.extend(ids.clone().iter().map(|id| format!("again-{id}")));
            }
            (
                (*name).to_owned(),
                json!({ "keyids": ids, "threshold": needed }),
            )
        });
        let skip = u64::from(self.how & SKIPS_A_VERSION != 0);
        json!({
            "_type": "root", "spec_version": "1.0.34", "version": version + skip,
            "expires": if self.how & EXPIRED != 0 { "2026-11-23T12:00:00Z" } else { "2027-11-23T12:00:00Z" },
            "consistent_snapshot": self.how & WITHOUT_VERSIONED_NAMES == 0,
            "keys": keys.into_iter().collect::<serde_json::Map<_, _>>(),
            "roles": roles.collect::<serde_json::Map<_, _>>(),
        })
    }

    fn file(&self, version: u64) -> Value {
        let mut file = sign(&self.root(version), chosen(self.signed_by)).expect("it can be signed");
        let signatures = file["signatures"].as_array_mut().expect("a list");
        if self.how & UNDER_TWO_IDS != 0 {
            let again: Vec<Value> = signatures
                .iter()
                .map(|one| json!({ "keyid": format!("again-{}", one["keyid"].as_str().unwrap_or_default()), "sig": one["sig"] }))
                .collect();
            signatures.extend(again);
        }
        if self.how & SIGNATURE_DAMAGED != 0
            && let Some(first) = signatures.first_mut()
        {
            first["sig"] = "00".repeat(64).into();
        }
        file
    }
}

fn chosen(mask: u8) -> impl Iterator<Item = &'static SigningKey> {
    let all = RING.iter().enumerate();
    all.filter(move |(bit, _)| mask >> bit & 1 == 1)
        .map(|(_, key)| key)
}

/// What a reader must come to who is given these roots.
struct Expected {
    root: Value,
    withdrawn: bool,
    refused: bool,
}

fn follow(first: &Value, chain: &[Value]) -> Expected {
    let mut expected = Expected {
        root: first.clone(),
        withdrawn: false,
        refused: false,
    };
    for next in chain {
        let trusted = expected.root["signed"].clone();
        let enough = |by: &Value| {
            let role = &by["roles"]["root"];
            let threshold = role["threshold"].as_u64().expect("a number");
            signers(next, &by["keys"], role) as u64 >= threshold
        };
        let version = |signed: &Value| {
            signed["version"]
                .as_u64()
                .expect("a number of a test's root")
        };
        let follows = version(&next["signed"]) == version(&trusted) + 1;
        if !(follows && enough(&trusted) && enough(&next["signed"])) {
            expected.refused = true;
            return expected;
        }
        for role in ["timestamp", "snapshot"] {
            let ids = |signed: &Value| -> BTreeSet<String> {
                let ids = signed["roles"][role]["keyids"].as_array().expect("keys");
                ids.iter().map(Value::to_string).collect()
            };
            expected.withdrawn |= !ids(&trusted).is_subset(&ids(&next["signed"]));
        }
        expected.root = next.clone();
    }
    expected
}

/// Everything below the root, signed by all keys there are.
fn below(edition: u64) -> [(&'static str, Bytes); 3] {
    let said = |kind: &str, more: &str, what: Value| {
        let mut signed = json!({
            "_type": kind, "spec_version": "1.0.34", "version": edition, "expires": "2027-11-23T12:00:00Z",
        });
        signed[more] = what;
        let file = sign(&signed, &*RING).expect("it can be signed");
        Bytes::from(file.to_string())
    };
    let meta = |name: &str| json!({ name: { "version": edition } });
    [
        (
            "timestamp",
            said("timestamp", "meta", meta("snapshot.json")),
        ),
        ("snapshot", said("snapshot", "meta", meta("targets.json"))),
        ("targets", said("targets", "targets", json!({}))),
    ]
}

static OLDER: LazyLock<[(&str, Bytes); 3]> = LazyLock::new(|| below(1));
static NEWER: LazyLock<[(&str, Bytes); 3]> = LazyLock::new(|| below(2));

const FIRST: Wish = Wish {
    roles: [(0b000111, 2), (0b001000, 1), (0b010000, 1), (0b100000, 1)],
    signed_by: 0b000011,
    how: 0,
};

pub(crate) fn check(data: &[u8]) {
    let Some((server, wishes)) = data.split_first() else {
        return;
    };
    let wishes = wishes.as_chunks::<10>().0.iter().map(Wish::read);
    let chain: Vec<Value> = wishes
        .take(MOST_ROOTS)
        .zip(2..)
        .map(|(wish, version)| wish.file(version))
        .collect();
    let first = FIRST.file(1);
    let bytes = |file: &Value| Bytes::from(file.to_string());
    let files: Vec<Bytes> = [&first].into_iter().chain(&chain).map(bytes).collect();
    let mut before = Remembered::new(files[0].clone());
    let [timestamp, snapshot, targets] = NEWER.clone().map(|(_, file)| file);
    (before.timestamp, before.snapshot) = (Some(timestamp), Some(snapshot));
    before.targets.insert("targets".into(), targets);
    let shown = match server & SHOWS_OLDER != 0 {
        true => &*OLDER,
        false => &*NEWER,
    };
    let answer: Answer<'_> = &|want: &Want| {
        if want.role == "root" {
            let at = usize::try_from(want.version? - 1).ok()?;
            return files.get(at).cloned();
        }
        let found = shown.iter().find(|(role, _)| *role == want.role);
        found.map(|(_, file)| file.clone())
    };
    let (read, after) = refresh(before.clone(), answer, now(), Expiry::Enforce);
    check_not_lowered(&before, &after);
    let expected = follow(&first, &chain);
    assert_eq!(after.root, bytes(&expected.root));
    if expected.refused {
        assert!(read.is_err());
        return check_again(*server, &files, &after, answer);
    }
    check_end(&expected, *server, read.as_ref().map(|_| ()));
    if let Ok(trusted) = &read {
        check_trusted(trusted, now(), Expiry::Enforce);
    }
}

/// The outcome when all roots were followed.
fn check_end(expected: &Expected, server: u8, read: Result<(), &Refusal>) {
    let root = &expected.root["signed"];
    let enough = |role: &str, shown: &[(&str, Bytes); 3]| {
        let (keys, by) = (&root["keys"], &root["roles"][role]);
        let file = shown.iter().find(|(name, _)| *name == role);
        let file = serde_json::from_slice(&file.expect("all three").1).expect("JSON");
        signers(&file, keys, by) as u64 >= by["threshold"].as_u64().expect("a number")
    };
    let expired = root["expires"] == "2026-11-23T12:00:00Z";
    let shown = match server & SHOWS_OLDER != 0 {
        true => &*OLDER,
        false => &*NEWER,
    };
    let all_signed = ["timestamp", "snapshot", "targets"]
        .iter()
        .all(|role| enough(role, shown));
    // What was seen counts for as long as the keys that signed it do.
    let remembers = !expected.withdrawn
        && ["timestamp", "snapshot"]
            .iter()
            .any(|role| enough(role, &NEWER));
    let rolled_back = server & SHOWS_OLDER != 0 && remembers;
    let good = !expired && all_signed && !rolled_back;
    assert_eq!(read.is_ok(), good, "{read:?}");
    if rolled_back && !expired && all_signed {
        assert!(matches!(read, Err(Refusal::Rollback { .. })), "{read:?}");
    }
}

/// Who stopped half-way begins where he stopped, and comes to the same.
fn check_again(server: u8, files: &[Bytes], after: &Remembered, answer: Answer<'_>) {
    if server & BEGINS_IN_THE_MIDDLE == 0 {
        return;
    }
    let (again, still) = refresh(after.clone(), answer, now(), Expiry::Enforce);
    assert!(again.is_err(), "{} roots", files.len());
    assert_eq!(still.root, after.root);
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let same = [7, 1, 8, 0, 16, 0, 32, 0, 3, 0];
    let other_online = [7, 1, 8, 0, 16, 0, 1, 0, 3, 0];
    let more_online = [7, 1, 8, 0, 48, 0, 33, 0, 3, 0];
    let other_people = [56, 1, 8, 0, 16, 0, 32, 0, 27, 0];
    let more_people = [63, 3, 8, 0, 16, 0, 32, 0, 15, 0];
    let mut seeds = vec![vec![0], vec![SHOWS_OLDER]];
    for server in [0, SHOWS_OLDER, BEGINS_IN_THE_MIDDLE] {
        for wish in [same, other_online, more_online, other_people, more_people] {
            seeds.push([&[server][..], &wish].concat());
            seeds.push([&[server][..], &same, &wish, &same].concat());
            for how in [
                EXPIRED,
                SKIPS_A_VERSION,
                WITHOUT_VERSIONED_NAMES,
                NAMES_A_KEY_TWICE,
                UNDER_TWO_IDS,
                SIGNATURE_DAMAGED,
            ] {
                let mut wish = wish;
                wish[9] = how;
                seeds.push([&[server][..], &wish].concat());
            }
        }
    }
    seeds
}
