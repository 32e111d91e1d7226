//! A list as it lies on mirrors and travels in announcements.
//!
//! ```json
//! {"signatures": [{"keyid": "…", "sig": "…"}],
//!  "signed": {"_type": "colport-list", "spec_version": "1.0.34", "name": "…", "version": 1795694400,
//!             "expires": "2026-12-09T12:00:00Z", "sealed": "BASE64"}}
//! ```
//!
//! 1. `sealed` is the list's JSON, locked with ChaCha20-Poly1305 (RFC 8439) under a key out of the channel's word. The
//!    nonce is made of word and content (as SIV does), so no two contents ever share one.
//! 2. `signed` is signed as the metadata of TUF is, by the keys that the root names for `timestamp`: they already say what
//!    is the newest, lie where the list is made, and are replaced with the offline root when they are stolen.
//! 3. The version in the open, by which mirrors tell the newer one, is the one inside.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use bytes::Bytes;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::keys::{self, SigningKey};
use super::super::metadata::{
    Document, Key, KeyId, ROOT, RoleKeys, Root, SPEC_VERSION, Signed, moment,
};
use super::super::{Refusal, json};
use super::{AddressList, ChannelWord, ListName, ListRefusal};
use crate::base::{LIMITS, Timestamp};

const ROLE: &str = "timestamp";
const TYPE: &str = "colport-list";
const NONCE_BYTES: usize = 12;

/// One that was signed by whom the root names. Only the channel can look inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedList {
    name: ListName,
    version: u64,
    expires: Timestamp,
    sealed: Vec<u8>,
    bytes: Bytes,
}

#[derive(Serialize, Deserialize)]
struct Outside {
    name: String,
    version: u64,
    #[serde(with = "moment")]
    expires: Timestamp,
    sealed: String,
}

impl Signed for Outside {
    const TYPE: &'static str = TYPE;

    fn version(&self) -> u64 {
        self.version
    }

    fn expires(&self) -> Timestamp {
        self.expires
    }

    fn issued(&self) -> Option<Timestamp> {
        None
    }
}

impl SealedList {
    /// Proves that the newsroom signed it, by the newest root that is trusted. Whether it is newer than another is the
    /// caller's to ask.
    pub fn verify(bytes: Bytes, root: &Bytes) -> Result<Self, ListRefusal> {
        if bytes.len() as u64 > LIMITS.address_list_bytes {
            let most = LIMITS.address_list_bytes;
            return Err(ListRefusal::TooLong { most });
        }
        let unreadable = |refusal: Refusal| ListRefusal::Unreadable(refusal.to_string());
        let document = Document::<Outside>::parse("list", bytes).map_err(unreadable)?;
        let root = Document::<Root>::parse(ROOT, root.clone()).map_err(unreadable)?;
        let (role, keys) = timestamp_keys(&root.signed).map_err(ListRefusal::Signature)?;
        keys::signers("list", role, keys, &document.payload, &document.signatures)
            .map_err(ListRefusal::Signature)?;
        let outside = document.signed;
        let odd = |what: &str| ListRefusal::Unreadable(format!("its {what} is none"));
        Ok(Self {
            name: ListName::parse(&outside.name).ok_or_else(|| odd("name"))?,
            version: outside.version,
            expires: outside.expires,
            sealed: BASE64
                .decode(&outside.sealed)
                .map_err(|_| odd("sealed part"))?,
            bytes: document.bytes,
        })
    }

    /// Under what name a list of one's own lies, as it says itself: nothing of it is proved.
    pub fn name_in(bytes: Bytes) -> Option<ListName> {
        let document = Document::<Outside>::parse("list", bytes).ok()?;
        ListName::parse(&document.signed.name)
    }

    pub fn name(&self) -> &ListName {
        &self.name
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What it says, for those who know the word.
    pub fn open(&self, word: &ChannelWord) -> Result<AddressList, ListRefusal> {
        if word.name() != self.name {
            return Err(ListRefusal::OtherChannel);
        }
        let list = AddressList::parse(&unlock(word, &self.sealed)?)?;
        match (list.version, list.expires) == (self.version, self.expires) {
            true => Ok(list),
            false => Err(ListRefusal::Unreadable(
                "it says two things of its version".into(),
            )),
        }
    }
}

impl AddressList {
    /// Locks it with the word and signs it with the keys of `timestamp`. Replaced ones among them do no harm.
    pub fn seal(&self, word: &ChannelWord, keys: &[SigningKey]) -> Bytes {
        let outside = Outside {
            name: word.name().to_string(),
            version: self.version,
            expires: self.expires,
            sealed: BASE64.encode(lock(word, &self.to_json())),
        };
        let mut signed = serde_json::to_value(outside).expect("it has plain fields");
        if let Value::Object(fields) = &mut signed {
            fields.insert("_type".into(), TYPE.into());
            fields.insert("spec_version".into(), SPEC_VERSION.into());
        }
        let payload = json::canonical(&signed);
        let signatures: Vec<_> = keys.iter().map(|key| key.sign(&payload)).collect();
        let whole = json!({ "signed": signed, "signatures": signatures });
        json::canonical(&whole).into()
    }
}

fn timestamp_keys(root: &Root) -> Result<(&RoleKeys, &BTreeMap<KeyId, Key>), Refusal> {
    let role = root
        .role(ROLE)
        .ok_or_else(|| Refusal::Missing { role: ROLE.into() })?;
    Ok((role, &root.keys))
}

fn cipher(word: &ChannelWord) -> LessSafeKey {
    let key = word.derived("colport list key", &[]);
    let key = UnboundKey::new(&CHACHA20_POLY1305, key.as_ref());
    LessSafeKey::new(key.expect("a key of 32 bytes"))
}

fn lock(word: &ChannelWord, list: &[u8]) -> Vec<u8> {
    let chosen = word.derived("colport list nonce", list);
    let mut nonce = [0; NONCE_BYTES];
    nonce.copy_from_slice(
        chosen
            .as_ref()
            .get(..NONCE_BYTES)
            .unwrap_or(&[0; NONCE_BYTES]),
    );
    let mut locked = list.to_vec();
    cipher(word)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            &mut locked,
        )
        .expect("a list is far from the cipher's limit");
    [&nonce[..], &locked].concat()
}

fn unlock(word: &ChannelWord, sealed: &[u8]) -> Result<Vec<u8>, ListRefusal> {
    let broken = || ListRefusal::Unreadable("the channel's word does not open it".into());
    let (nonce, locked) = sealed.split_at_checked(NONCE_BYTES).ok_or_else(broken)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
    let mut locked = locked.to_vec();
    let opened = cipher(word).open_in_place(nonce, Aad::empty(), &mut locked);
    opened.map(|list| list.to_vec()).map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{established, key};
    use super::*;

    fn word() -> ChannelWord {
        ChannelWord::parse("k3q9x2m7k3q9x2m7").unwrap()
    }

    fn list(version: u64, host: &str) -> AddressList {
        let address = super::super::Address {
            url: url::Url::parse(&format!("https://{host}/")).unwrap(),
            onion: None,
            spki: None,
        };
        AddressList {
            version,
            issued: "2026-11-25T12:00:00Z".parse().unwrap(),
            expires: "2026-12-09T12:00:00Z".parse().unwrap(),
            mirrors: vec![address],
            rendezvous: super::super::Rendezvous::default(),
        }
    }

    fn root() -> Bytes {
        established().file("root", Some(1)).unwrap().clone()
    }

    #[test]
    fn a_sealed_list_is_proved_by_all_and_opened_by_the_channel() {
        let bytes = list(7, "qz7.example").seal(&word(), &[key("timestamp")]);
        let sealed = SealedList::verify(bytes, &root()).unwrap();
        assert_eq!((sealed.version(), sealed.name()), (7, &word().name()));
        assert_eq!(sealed.open(&word()), Ok(list(7, "qz7.example")));
        let other = ChannelWord::parse("another000").unwrap();
        assert_eq!(sealed.open(&other), Err(ListRefusal::OtherChannel));
    }

    #[test]
    fn a_mirror_cannot_read_whom_it_shows() {
        let bytes = list(7, "qz7.example").seal(&word(), &[key("timestamp")]);
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        for secret in ["qz7", "k3q9", "example"] {
            assert!(!text.contains(secret), "{text}");
        }
    }

    #[test]
    fn nobody_else_can_sign_a_list() {
        for thief in ["snapshot", "targets", "site", "be", "root"] {
            let bytes = list(7, "evil.example").seal(&word(), &[key(thief)]);
            let refused = SealedList::verify(bytes, &root());
            assert!(matches!(refused, Err(ListRefusal::Signature(_))), "{thief}");
        }
    }

    #[test]
    fn a_list_is_no_timestamp_and_a_timestamp_no_list() {
        let bytes = list(7, "qz7.example").seal(&word(), &[key("timestamp")]);
        let as_timestamp =
            Document::<super::super::super::metadata::TimestampRole>::parse(ROLE, bytes);
        assert!(as_timestamp.is_err());
        let timestamp = super::super::super::testing::first();
        let timestamp = timestamp.file("timestamp", None).unwrap().clone();
        let refused = SealedList::verify(timestamp, &root());
        assert!(matches!(refused, Err(ListRefusal::Unreadable(_))));
    }

    #[test]
    fn a_changed_byte_is_refused() {
        let bytes = list(7, "qz7.example").seal(&word(), &[key("timestamp")]);
        for at in (0..bytes.len()).step_by(3) {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1;
            assert!(SealedList::verify(changed.into(), &root()).is_err(), "{at}");
        }
    }

    #[test]
    fn two_contents_never_share_a_nonce() {
        let [one, other] =
            ["a.example", "b.example"].map(|host| lock(&word(), &list(7, host).to_json()));
        assert_ne!(one[..NONCE_BYTES], other[..NONCE_BYTES]);
    }

    #[test]
    fn what_is_too_long_is_not_read() {
        let long = vec![b' '; LIMITS.address_list_bytes as usize + 1];
        let refused = SealedList::verify(long.into(), &root());
        assert!(matches!(refused, Err(ListRefusal::TooLong { .. })));
    }
}
