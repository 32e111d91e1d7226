//! The chain of roots (TUF 5.3): one version at a time, each signed by the former and by itself.

use bytes::Bytes;

use super::super::Refusal;
use super::super::metadata::{Document, ROOT, Root, SNAPSHOT, TIMESTAMP};
use super::refresh::{AwaitTimestamp, Stage};
use super::verified::{Authority, Verified, check_version};
use super::{Context, Want};
use crate::base::LIMITS;

/// TUF 5.3: while newer roots come.
#[derive(Debug)]
pub(super) struct Roots {
    trusted: Verified<Root>,
    walked: u32,
}

impl Roots {
    /// The root we start from is trusted because of where it came from; its own signatures are looked at all the same.
    pub fn first(bytes: Bytes) -> Result<Self, Refusal> {
        let document = Document::<Root>::parse(ROOT, bytes)?;
        let trusted = verify_root(document)?;
        Ok(Self { trusted, walked: 0 })
    }

    fn next_version(&self) -> u64 {
        self.trusted.signed.version.saturating_add(1)
    }

    pub fn want(&self) -> Want {
        Want {
            role: ROOT.into(),
            version: Some(self.next_version()),
            max_bytes: LIMITS.root_bytes,
        }
    }

    pub fn give(self, file: Option<Bytes>, context: &mut Context) -> Result<Stage, Refusal> {
        // 5.3.3: no newer root is the end of the chain.
        let Some(bytes) = file else {
            return self.end(context);
        };
        let document = Document::<Root>::parse(ROOT, bytes)?;
        // 5.3.4: signed by the trusted root's threshold of keys, and by its own.
        Authority::of_root(&self.trusted.signed, ROOT)?.signers(ROOT, &document)?;
        let new = verify_root(document)?;
        // 5.3.5
        check_version(ROOT, &new.signed, self.next_version())?;
        // 5.3.11, already here: if a later step fails, the next refresh starts from this root and cannot tell any more.
        if withdraws_online_keys(&self.trusted.signed, &new.signed) {
            context.remembered.timestamp = None;
            context.remembered.snapshot = None;
        }
        // 5.3.7 and 5.3.8
        context.remembered.root = new.bytes.clone();
        let next = Self {
            trusted: new,
            walked: self.walked + 1,
        };
        if next.walked >= LIMITS.root_rotations {
            return next.end(context);
        }
        Ok(Stage::Roots(next))
    }

    fn end(self, context: &mut Context) -> Result<Stage, Refusal> {
        // 5.3.10
        context.check_expiry(ROOT, &self.trusted.signed)?;
        AwaitTimestamp::start(self.trusted, context)
    }
}

fn verify_root(document: Document<Root>) -> Result<Verified<Root>, Refusal> {
    let authority = Authority::of_root(&document.signed, ROOT)?;
    let signers = authority.signers(ROOT, &document)?;
    let threshold = authority.role.threshold;
    Ok(Verified {
        signed: document.signed,
        bytes: document.bytes,
        signers,
        threshold,
    })
}

/// A key that is merely added takes nothing away from what was signed before.
fn withdraws_online_keys(old: &Root, new: &Root) -> bool {
    [TIMESTAMP, SNAPSHOT].into_iter().any(|role| {
        let (Some(old), Some(new)) = (old.role(role), new.role(role)) else {
            return true;
        };
        old.keyids.iter().any(|key| !new.keyids.contains(key))
    })
}
