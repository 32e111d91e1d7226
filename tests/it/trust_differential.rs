//! Thousands of mutated repositories, shown to our client and to the one of `sigstore-tuf`: the same verdicts, but for
//! a short list of things that we refuse on purpose and the other client lets pass.
//!
//! 1. A small site with three editions, between which a root key, an online key and a newsroom's key are replaced.
//! 2. A reader who knows one of the editions, or only the first root.
//! 3. A mutation of one edition: somewhere a value is replaced, removed or taken from another place; signed anew by the
//!    right keys, by others or not at all; and mostly with `snapshot` and `timestamp` made to fit, for else nothing but
//!    hashes would be tested.
//! 4. Both clients refresh and look up every path.

use std::collections::BTreeMap;

use bytes::Bytes;
use colport::base::{Digest, MetadataName, Secret, SitePath};
use colport::trust::editor::{
    Draft, Founding, KeyRing, Lifetimes, MetadataSet, RoleSigners, RootSigners, add_newsroom,
    establish, next_edition, rekey_newsroom, revise_root, sign_detached,
};
use colport::trust::{Expiry, Refresh, Refusal, Remembered, SigningKey, Trusted};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::trust_oracle::{Verdict, install_cryptography, verdicts};

/// For a longer or another run: `COLPORT_REPOSITORIES=100000 COLPORT_SEED=7 cargo test --test it differential`.
fn setting(name: &str, otherwise: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.and_then(|number| number.parse().ok())
        .unwrap_or(otherwise)
}

const PATHS: [&str; 8] = [
    "index.html",
    "be/index.html",
    "be/2026/10/old/index.html",
    "be/2026/11/river/index.html",
    "ru/index.html",
    "ru/2026/11/snow/index.html",
    "fa/index.html",
    "nowhere/index.html",
];

/// Dice that fall the same way in every run (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).expect("31 bits") % end
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().expect("a date")
}

fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(Secret::new(*Digest::of(name.as_bytes()).as_bytes()))
}

fn signers(name: &str) -> RoleSigners {
    RoleSigners::one(key(name).public().clone())
}

const KEYS: [&str; 12] = [
    "root-1",
    "root-2",
    "root-3",
    "root-4",
    "targets",
    "snapshot",
    "timestamp",
    "timestamp-2",
    "site",
    "be",
    "ru",
    "ru-2",
];

fn ring() -> KeyRing {
    KEYS.iter().chain(&["fa"]).map(|name| key(name)).collect()
}

fn top(people: [&str; 3], timestamp: &str) -> RootSigners {
    let people = people.map(|name| key(name).public().clone()).to_vec();
    RootSigners {
        root: RoleSigners::of(people, 2).expect("three keys"),
        targets: signers("targets"),
        snapshot: signers("snapshot"),
        timestamp: signers(timestamp),
    }
}

fn put(set: &mut MetadataSet, mut draft: Draft) {
    draft.sign(&ring());
    set.put_signed(draft).expect("all keys are there");
}

fn edition(set: &MetadataSet, files: &[(&str, &str)]) -> MetadataSet {
    let files: BTreeMap<_, _> = files
        .iter()
        .map(|(path, text)| {
            let facts = (text.len() as u64, Digest::of(text.as_bytes()));
            (SitePath::parse(path).expect("a path"), facts)
        })
        .collect();
    next_edition(set, &ring(), &files, now(), &Lifetimes::default()).expect("a good edition")
}

/// Three editions of one site.
fn history() -> [MetadataSet; 3] {
    let lifetimes = Lifetimes::default();
    let founding = Founding {
        top: top(["root-1", "root-2", "root-3"], "timestamp"),
        site: signers("site"),
        newsrooms: ["be", "ru"]
            .map(|id| (id.parse().expect("a name"), signers(id)))
            .into(),
    };
    let (root, targets) = establish(&founding, now(), &lifetimes);
    let mut set = MetadataSet::default();
    put(&mut set, root);
    put(&mut set, targets);
    let mut files = vec![
        ("index.html", "home"),
        ("be/index.html", "be home"),
        ("be/2026/10/old/index.html", "old"),
        ("ru/index.html", "ru home"),
    ];
    let one = edition(&set, &files);
    let mut two = one.clone();
    let next = top(["root-2", "root-3", "root-4"], "timestamp-2");
    put(
        &mut two,
        revise_root(&one, &next, now(), &lifetimes).expect("a draft"),
    );
    let fa = "fa".parse().expect("a name");
    let draft = add_newsroom(&two, &fa, &signers("fa"), now(), &lifetimes).expect("a draft");
    put(&mut two, draft);
    files.extend([
        ("be/2026/11/river/index.html", "river"),
        ("fa/index.html", "fa home"),
    ]);
    let two = edition(&two, &files);
    let mut three = two.clone();
    let ru = "ru".parse().expect("a name");
    put(
        &mut three,
        rekey_newsroom(&two, &ru, &signers("ru-2"), now(), &lifetimes).expect("a draft"),
    );
    files.push(("ru/2026/11/snow/index.html", "snow"));
    files[1].1 = "be home, corrected";
    [one, two, edition(&three, &files)]
}

fn ours(remembered: &Remembered, set: &MetadataSet) -> Result<Trusted, Refusal> {
    let mut refresh = Refresh::new(remembered.clone(), now(), Expiry::Enforce)?;
    while let Some(want) = refresh.wants() {
        refresh.give(set.file(&want.role, want.version).cloned())?;
    }
    refresh.finish()
}

fn our_lookup(
    trusted: &mut Trusted,
    set: &MetadataSet,
    path: &str,
) -> Result<Option<(u64, String)>, Refusal> {
    let mut lookup = trusted.lookup(path);
    while let Some(want) = lookup.wants() {
        lookup.give(set.file(&want.role, want.version).cloned())?;
    }
    let file = lookup.finish()?;
    Ok(file.map(|file| {
        let digest = file.digest().map(|digest| digest.to_string());
        (file.length, digest.unwrap_or_default())
    }))
}

/// The places of all values inside a value, as JSON pointers.
fn places(value: &Value, here: &str, all: &mut Vec<String>) {
    all.push(here.to_owned());
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, inner)| places(inner, &format!("{here}/{}", escaped(name)), all)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, inner)| places(inner, &format!("{here}/{index}"), all)),
        _ => {}
    }
}

/// Changes one thing, somewhere.
fn mutate(signed: &mut Value, dice: &mut Dice) {
    let mut all = Vec::new();
    places(signed, "", &mut all);
    let place = dice.pick(&all[1..]).clone();
    let other = signed.pointer(dice.pick(&all).as_str()).cloned();
    let (parent, name) = place.rsplit_once('/').expect("a place below the top");
    if dice.one_in(6) {
        match signed.pointer_mut(parent).expect("a place") {
            Value::Object(fields) => {
                drop(fields.remove(&name.replace("~1", "/").replace("~0", "~")))
            }
            Value::Array(items) => drop(items.remove(name.parse().expect("an index"))),
            _ => {}
        }
        return;
    }
    let value = signed.pointer_mut(&place).expect("a place");
    let number = value.as_u64();
    *value = match (value.clone(), dice.below(4)) {
        (Value::Number(_), 0) => number.map_or(0, |number| number.saturating_sub(1)).into(),
        (Value::Number(_), 1) => number.map_or(0, |number| number.saturating_add(1)).into(),
        (Value::Number(_), _) => dice
            .pick(&[
                json!(0),
                json!(-1),
                json!(1u64 << 40),
                json!(2),
                json!("1"),
                json!(1.5),
            ])
            .clone(),
        (Value::Bool(flag), _) => (!flag).into(),
        (Value::String(text), 0..3) => mutated_text(&text, dice).into(),
        (Value::Array(mut items), 0) => {
            items.reverse();
            items.into()
        }
        (Value::Array(mut items), 1 | 2) => {
            items.extend(items.first().cloned());
            items.into()
        }
        (Value::Object(mut fields), 0..3) => {
            fields.insert("x-unknown".into(), 1.into());
            fields.into()
        }
        _ if dice.one_in(2) => Value::Null,
        _ => other.unwrap_or_default(),
    };
}

/// What the two clients may see differently without harm: the other one does not look at `keytype`, and does not accept
/// a key without `public`, or in `timestamp` an entry beside `snapshot.json`, where we leave both aside as unknown.
fn is_read_differently(signed: &Value) -> bool {
    let keys = [&signed["keys"], &signed["delegations"]["keys"]];
    let mut keys = keys
        .into_iter()
        .filter_map(Value::as_object)
        .flat_map(|keys| keys.values());
    let odd_key =
        keys.any(|key| key["keytype"] != "ed25519" || !key["keyval"]["public"].is_string());
    let entries = signed["meta"].as_object().map_or(0, |meta| meta.len());
    odd_key || (signed["_type"] == "timestamp" && entries != 1)
}

fn mutated_text(text: &str, dice: &mut Dice) -> String {
    let dates = [
        "2026-11-23T12:00:00Z",
        "2026-11-23T12:00:01Z",
        "2020-01-01T00:00:00Z",
        "2040-01-01T00:00:00Z",
    ];
    match dice.below(5) {
        0 => (*dice.pick(&dates)).to_owned(),
        1 => text.chars().skip(1).collect(),
        2 => format!("{text}x"),
        3 => (*dice.pick(&[
            "*", "be/*", "ru/*", "*/*/*", "root", "be", "targets", "1.0.0", "1.1", "2.0.0",
            "ed25519",
        ]))
        .to_owned(),
        _ => text.chars().rev().collect(),
    }
}

/// The keys that may sign a role in the newest edition.
fn keys_of(role: &str) -> Vec<&'static str> {
    match role {
        "root" => vec!["root-2", "root-3", "root-4", "root-1"],
        "timestamp" => vec!["timestamp", "timestamp-2"],
        "targets" => vec!["targets"],
        "snapshot" => vec!["snapshot"],
        "site" => vec!["site"],
        _ if role.starts_with("be") => vec!["be"],
        _ if role.starts_with("ru") => vec!["ru", "ru-2"],
        _ => vec!["fa"],
    }
}

fn sign(signed: &Value, keys: &[&str]) -> Bytes {
    let draft = json!({ "signatures": [], "signed": signed }).to_string();
    // What cannot be signed, such as a fraction, is refused whoever has signed it.
    let signatures: Vec<_> = keys
        .iter()
        .filter_map(|name| sign_detached(draft.as_bytes(), &key(name)).ok())
        .collect();
    json!({ "signatures": signatures, "signed": signed })
        .to_string()
        .into()
}

fn signed_part(file: &Bytes) -> Value {
    serde_json::from_slice::<Value>(file).expect("a file of ours")["signed"].take()
}

/// One mutation, with what it needs to get past hashes.
fn mutated(set: &MetadataSet, dice: &mut Dice) -> MetadataSet {
    let names: Vec<MetadataName> = set.iter().map(|(name, _)| name.clone()).collect();
    let name = dice.pick(&names).clone();
    let role = name.role().to_owned();
    let mut files: BTreeMap<_, _> = set
        .iter()
        .map(|(name, file)| (name.clone(), file.clone()))
        .collect();
    let mut signed = signed_part(&files[&name]);
    for _ in 0..=dice.below(2) {
        let before = signed.clone();
        mutate(&mut signed, dice);
        if is_read_differently(&signed) {
            signed = before;
        }
    }
    let mut keys = keys_of(&role);
    match dice.below(8) {
        0 => keys = vec![*dice.pick(&KEYS)],
        1 => drop(keys.pop()),
        2 => keys.push(keys[0]),
        _ => {}
    }
    let file = sign(&signed, &keys);
    files.insert(name.clone(), file.clone());
    if dice.one_in(10) {
        let lost = dice.pick(&names).clone();
        files.remove(&lost);
    }
    let below = !["root", "timestamp", "snapshot"].contains(&role.as_str());
    if below && !dice.one_in(6) {
        fit(&mut files, "snapshot", &role, &file);
    }
    if role != "root" && role != "timestamp" && !dice.one_in(6) {
        let snapshot = newest(&files, "snapshot");
        if let Some(snapshot) = snapshot {
            fit(&mut files, "timestamp", "snapshot", &snapshot);
        }
    }
    MetadataSet::new(files)
}

fn newest(files: &BTreeMap<MetadataName, Bytes>, role: &str) -> Option<Bytes> {
    let of_role = files.iter().filter(|(name, _)| name.role() == role);
    of_role
        .max_by_key(|(name, _)| name.version())
        .map(|(_, file)| file.clone())
}

/// Makes `parent` describe `file`.
fn fit(files: &mut BTreeMap<MetadataName, Bytes>, parent: &str, role: &str, file: &Bytes) {
    let Some((name, old)) = files
        .iter()
        .filter(|(name, _)| name.role() == parent)
        .max_by_key(|(name, _)| name.version())
        .map(|(name, file)| (name.clone(), file.clone()))
    else {
        return;
    };
    let mut signed = signed_part(&old);
    let described = &mut signed["meta"][format!("{role}.json")];
    if !described.is_object() {
        return;
    }
    described["length"] = file.len().into();
    described["hashes"] = json!({ "sha256": Digest::of(file).to_string() });
    files.insert(name, sign(&signed, &keys_of(parent)));
}

/// What we refuse on purpose where the other client does not.
fn is_stricter(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Malformed { why, .. } => STRICTER.iter().any(|words| why.contains(words)),
        // A delegated role that `snapshot` does not list: we end the search (TUF 5.6.7, note), the other goes on.
        Refusal::Missing { .. } => true,
        // What expires in this very second (TUF 5.4.4: the date must be higher than now).
        Refusal::Expired { since, .. } => *since == now(),
        _ => false,
    }
}

/// Each is refused by python-tuf too, or makes a file ambiguous.
const STRICTER: [&str; 9] = [
    // Even of a key that has no say (TUF 4.2.1).
    "two signatures are of the key",
    // Hashes that cannot be any file's, and files without hashes: found now, not when a reader asks for the file.
    "is not a SHA-256",
    "a file has no hash",
    // Versions and thresholds of 0.
    "expected a nonzero",
    // Two delegations of one name, or of a top-level one.
    "which is taken",
    "a delegation needs either",
    "missing field `roles`",
    "missing field `terminating`",
    // Such as `1.0.34x`.
    "of the specification",
];

struct Tally {
    both_accept: usize,
    both_refuse: usize,
    stricter: usize,
}

#[tokio::test]
async fn two_clients_agree_about_mutated_repositories() {
    install_cryptography();
    let history = history();
    let beginning = Remembered::new(history[0].first_root().expect("a root").clone());
    let mut known = vec![beginning.clone()];
    for set in &history {
        let trusted = ours(&beginning, set).expect("an honest edition");
        known.push(trusted.remembered());
    }
    let repositories = setting("COLPORT_REPOSITORIES", 2_000);
    let mut dice = Dice(setting("COLPORT_SEED", 0x5eed).max(1));
    let mut tally = Tally {
        both_accept: 0,
        both_refuse: 0,
        stricter: 0,
    };
    let mut differences = Vec::new();
    for number in 0..repositories {
        let remembered = dice.pick(&known).clone();
        let set = mutated(dice.pick(&history), &mut dice);
        let theirs = verdicts(&remembered, &set, now(), &PATHS).await;
        let ours = ours(&remembered, &set);
        match (ours, theirs) {
            (Err(_), Err(_)) => tally.both_refuse += 1,
            (Err(refusal), Ok(_)) if is_stricter(&refusal) => tally.stricter += 1,
            (Err(refusal), Ok(_)) => differences.push(format!("{number}: we refuse: {refusal}")),
            (Ok(_), Err(words)) => differences.push(format!("{number}: they refuse: {words}")),
            (Ok(trusted), Ok(theirs)) => {
                compare(number, trusted, &set, theirs, &mut tally, &mut differences);
            }
        }
    }
    println!(
        "{} accepted by both, {} refused by both, {} refused by us alone on purpose",
        tally.both_accept, tally.both_refuse, tally.stricter
    );
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    // A test in which nothing is accepted, or nothing refused, shows nothing.
    let tenth = usize::try_from(repositories).expect("a small number") / 10;
    assert!(tally.both_accept > tenth && tally.both_refuse > tenth);
}

fn compare(
    number: u64,
    mut trusted: Trusted,
    set: &MetadataSet,
    theirs: Vec<Verdict>,
    tally: &mut Tally,
    differences: &mut Vec<String>,
) {
    for (path, theirs) in PATHS.iter().zip(theirs) {
        match (our_lookup(&mut trusted, set, path), theirs) {
            (Ok(ours), Ok(theirs)) if ours == theirs => tally.both_accept += 1,
            (Err(_), Err(_)) => tally.both_refuse += 1,
            (Err(refusal), Ok(_)) if is_stricter(&refusal) => tally.stricter += 1,
            (ours, theirs) => {
                differences.push(format!("{number}: `{path}`: we {ours:?}, they {theirs:?}"));
            }
        }
    }
}
