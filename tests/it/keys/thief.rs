//! Somebody who has stolen keys, makes editions with them, and runs a mirror of his own.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use colport::base::{Digest, MetadataName, Secret, Timestamp};
use colport::bundle::{self, About, Effort, Kind, MemberName, Writer};
use colport::edition::Excerpt;
use colport::packager::{Files, Lifetimes};
use colport::trust::SigningKey;
use colport::trust::editor::{KeyRing, MetadataSet, next_edition};
use serde_json::{Value, json};
use url::Url;

use super::super::evil::Answers;

pub struct Thief {
    keys: BTreeMap<String, SigningKey>,
}

/// Metadata and files, whether they fit together or not.
#[derive(Clone)]
pub struct Forgery {
    pub set: MetadataSet,
    pub files: Files,
}

impl Thief {
    /// Copies private keys, such as `online/snapshot`, while their owner sleeps.
    pub fn with(place: &Path, names: &[&str]) -> Self {
        let read = |name: &&str| {
            let pem = std::fs::read_to_string(place.join("keys").join(format!("{name}.pem")));
            let key = SigningKey::from_pem(&Secret::new(pem.unwrap())).unwrap();
            (name.rsplit('/').next().unwrap().to_owned(), key)
        };
        Self {
            keys: names.iter().map(read).collect(),
        }
    }

    pub fn ring(&self) -> KeyRing {
        self.keys.values().cloned().collect()
    }

    /// The edition after `set`, as an honest editor would make it, with these files.
    pub fn edition_after(&self, set: &MetadataSet, files: &Files, now: Timestamp) -> Forgery {
        let facts = files.iter().map(|(path, content)| {
            let facts = (content.len() as u64, Digest::of(content));
            (path.clone(), facts)
        });
        let (ring, lifetimes) = (self.ring(), Lifetimes::default());
        let set = next_edition(set, &ring, &facts.collect(), now, &lifetimes).unwrap();
        Forgery {
            set,
            files: files.clone(),
        }
    }

    /// Puts a changed version of a role's `signed` part into the set, signed with `key`, and lists it in a snapshot and
    /// a timestamp with the number `number`.
    pub fn with_role(
        &self,
        set: &MetadataSet,
        role: &str,
        key: &str,
        number: u64,
        change: impl FnOnce(&mut Value),
    ) -> MetadataSet {
        let mut set = set.clone();
        let version = set.newest(role).unwrap().0.version().unwrap() + 1;
        let mut signed = signed_part(&set, role);
        change(&mut signed);
        signed["version"] = json!(version);
        put(&mut set, role, version, self.sign(signed, key));
        self.listed(set, number, |meta| {
            meta[format!("{role}.json")] = json!({ "version": version });
        })
    }

    /// The set under a new snapshot and timestamp, both with the number `number`.
    pub fn listed(
        &self,
        mut set: MetadataSet,
        number: u64,
        change: impl FnOnce(&mut Value),
    ) -> MetadataSet {
        let mut snapshot = signed_part(&set, "snapshot");
        change(&mut snapshot["meta"]);
        snapshot["version"] = json!(number);
        put(
            &mut set,
            "snapshot",
            number,
            self.sign(snapshot, "snapshot"),
        );
        let mut timestamp = signed_part(&set, "timestamp");
        timestamp["version"] = json!(number);
        timestamp["meta"] = json!({ "snapshot.json": { "version": number } });
        self.stamped(set, timestamp)
    }

    pub fn stamped(&self, mut set: MetadataSet, timestamp: Value) -> MetadataSet {
        set.put(MetadataName::timestamp(), self.sign(timestamp, "timestamp"));
        set
    }

    /// A file that says this, signed with one of the stolen keys.
    pub fn sign(&self, signed: Value, key: &str) -> Bytes {
        let payload = serde_json::to_vec(&sorted(signed.clone())).unwrap();
        let signature = self.keys[key].sign(&payload);
        let file = json!({ "signatures": [signature], "signed": signed });
        serde_json::to_vec(&file).unwrap().into()
    }
}

/// With the names of objects in order, as they are signed.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<_, _> = fields.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

pub fn signed_part(set: &MetadataSet, role: &str) -> Value {
    let (_, bytes) = set.newest(role).unwrap();
    serde_json::from_slice::<Value>(bytes).unwrap()["signed"].take()
}

pub fn put(set: &mut MetadataSet, role: &str, version: u64, bytes: Bytes) {
    set.put(MetadataName::versioned(role, version).unwrap(), bytes);
}

impl Forgery {
    pub fn of(edition: &Excerpt) -> Self {
        let metadata = edition.gathered();
        let metadata = metadata.iter().map(|(name, b)| (name.clone(), b.clone()));
        let files = edition.files();
        Self {
            set: MetadataSet::new(metadata),
            files: files
                .map(|(path, entry)| (path.clone(), edition.content(entry)))
                .collect(),
        }
    }

    pub fn number(&self) -> u64 {
        signed_part(&self.set, "snapshot")["version"]
            .as_u64()
            .unwrap()
    }

    /// A well-formed bundle, which proves nothing.
    pub fn bundle(&self) -> Bytes {
        let about = About {
            kind: Kind::Full,
            edition: self.number(),
        };
        let mut writer = Writer::start(Vec::new(), &about).unwrap();
        let mut metadata: Vec<_> = self.set.iter().collect();
        metadata.sort_by_cached_key(|(name, _)| MemberName::Metadata((*name).clone()));
        for (name, content) in metadata {
            writer.metadata(name, content).unwrap();
        }
        for (path, content) in &self.files {
            let packed = bundle::pack(content, Effort::Quick);
            writer.file(path, content.len() as u64, &packed).unwrap();
        }
        writer.finish().unwrap().into()
    }

    /// What a mirror that has it answers, by path.
    pub fn answers(&self) -> Answers {
        let metadata = self.set.iter();
        let metadata = metadata.map(|(n, b)| (format!("/.colport/metadata/{n}"), b.clone()));
        let files = self.files.iter();
        let files = files.map(|(path, content)| (format!("/{path}"), content.clone()));
        let place = format!("/.colport/bundle/{}.tar.gz", self.number());
        let all = metadata.chain(files).chain([(place, self.bundle())]);
        Answers::of(all)
    }

    /// Shows it on a mirror of the thief's own, over HTTP, until the test ends.
    pub async fn show(&self) -> Url {
        self.answers().show().await
    }
}
