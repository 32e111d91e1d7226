//! Signs the roles below `targets` of which something has changed, and leaves the others as they are.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::super::keys;
use super::super::metadata::{Delegation, Delegations, Document, Target, Targets, moment};
use super::draft::{Authority, Draft};
use super::layout::{Month, month_delegation};
use super::orders::{Order, Orders, find};
use super::{EditorError, KeyRing, Lifetimes, MetadataSet};

/// The edition in the making.
pub(super) struct Press<'a> {
    set: MetadataSet,
    ring: &'a KeyRing,
    now: Timestamp,
    lifetimes: &'a Lifetimes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    /// It will expire before long.
    Ageing,
    Changed,
}

/// What a role shall say.
struct Body<'a> {
    order: Order<'a>,
    delegations: Option<Delegations>,
    lifetime: SignedDuration,
}

/// Whether a role's file is known to be signed by the right keys without a look at its signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vouched {
    /// It was delegated to the same keys in the edition before, which could not be without their signatures.
    ByFormerDelegation,
    No,
}

pub(super) fn is_signed<T>(role: &str, document: &Document<T>, by: &Authority) -> bool {
    let (payload, signatures) = (&document.payload, &document.signatures);
    keys::signers(role, &by.role, &by.keys, payload, signatures).is_ok()
}

impl<'a> Press<'a> {
    pub fn new(
        set: MetadataSet,
        ring: &'a KeyRing,
        now: Timestamp,
        lifetimes: &'a Lifetimes,
    ) -> Self {
        Self {
            set,
            ring,
            now,
            lifetimes,
        }
    }

    pub fn into_set(self) -> MetadataSet {
        self.set
    }

    /// One delegation of `targets`, and the months below it.
    pub fn print(
        &mut self,
        delegation: &Delegation,
        all: &Delegations,
        orders: &mut Orders<'_>,
    ) -> Result<(), EditorError> {
        let signers = &delegation.signers;
        let mut keys = all.keys.clone();
        keys.retain(|id, _| signers.keyids.contains(id));
        let authority = Authority {
            role: signers.clone(),
            keys,
        };
        let delegations = self.months(&delegation.name, &authority, orders)?;
        let body = Body {
            order: orders.take(&delegation.name),
            delegations,
            lifetime: self.lifetimes.newsroom,
        };
        self.revise(&delegation.name, body, &authority, Vouched::No)
    }

    /// Months stay delegated for ever, if need be without files: clients refuse an edition in which a role that they
    /// have seen is listed no more.
    fn months(
        &mut self,
        newsroom: &str,
        authority: &Authority,
        orders: &mut Orders<'_>,
    ) -> Result<Option<Delegations>, EditorError> {
        let former = self.set.read::<Targets>(newsroom)?;
        let former = former
            .and_then(|document| document.signed.delegations)
            .unwrap_or_default();
        let vouched = |delegation: &Delegation| {
            let same = former.keys == authority.keys && former.roles.contains(delegation);
            if same {
                Vouched::ByFormerDelegation
            } else {
                Vouched::No
            }
        };
        let mut names = orders.months(newsroom);
        names.extend(former.roles.iter().map(|role| role.name.clone()));
        let mut roles = Vec::new();
        for name in names {
            let Some(month) = Month::of_role(newsroom, &name) else {
                continue;
            };
            let delegation = month_delegation(&month, authority.role.clone());
            let body = Body {
                order: orders.take(&name),
                delegations: None,
                lifetime: self.lifetimes.month,
            };
            self.revise(&name, body, authority, vouched(&delegation))?;
            roles.push(delegation);
        }
        let keys = authority.keys.clone();
        Ok((!roles.is_empty()).then_some(Delegations { keys, roles }))
    }

    /// A role as it was if that will do, else its next version.
    fn revise(
        &mut self,
        role: &str,
        body: Body<'_>,
        authority: &Authority,
        vouched: Vouched,
    ) -> Result<(), EditorError> {
        if vouched == Vouched::ByFormerDelegation && self.needs_no_look(role, &body) {
            return Ok(());
        }
        let former = self.set.read::<Targets>(role)?;
        let targets = former.as_ref().map(|former| former.signed.targets.clone());
        let targets = body.order.carry_out(targets.unwrap_or_default());
        let state = match &former {
            Some(former) if body.is(former, &targets) && is_signed(role, former, authority) => {
                self.age(former.signed.expires, body.lifetime)
            }
            _ => State::Changed,
        };
        if state == State::Good {
            return Ok(());
        }
        let next = Targets {
            version: former.map_or(0, |former| former.signed.version) + 1,
            expires: self.now + body.lifetime,
            issued: Some(self.now),
            targets,
            delegations: body.delegations,
        };
        let mut draft = Draft::new(role, &next, vec![authority.clone()]);
        draft.sign(self.ring);
        // What is only growing old may wait for a day on which its key is at hand.
        if state == State::Ageing && draft.check().is_err() {
            return Ok(());
        }
        self.set.put_signed(draft)
    }

    fn needs_no_look(&self, role: &str, body: &Body<'_>) -> bool {
        let newest = self.set.newest(role).map(|(_, file)| file);
        newest.is_some_and(|file| {
            let expires = expires(file);
            let good = |expires| self.age(expires, body.lifetime) == State::Good;
            expires.is_some_and(good) && body.delegations.is_none() && body.order.is_met_by(file)
        })
    }

    fn age(&self, expires: Timestamp, lifetime: SignedDuration) -> State {
        let left = expires.duration_since(self.now);
        if left <= SignedDuration::ZERO {
            State::Changed
        } else if left < lifetime / 3 {
            State::Ageing
        } else {
            State::Good
        }
    }
}

impl Body<'_> {
    fn is(&self, former: &Document<Targets>, targets: &BTreeMap<String, Target>) -> bool {
        former.signed.targets == *targets && former.signed.delegations == self.delegations
    }
}

/// The date of expiry of a file that colport wrote. In canonical JSON a quotation mark inside a text has a `\\` before
/// it, so the first place that looks like the field is the field.
fn expires(file: &[u8]) -> Option<Timestamp> {
    const FIELD: &[u8] = b"\"expires\":\"";
    let begin = find(file, FIELD)? + FIELD.len();
    let date = file.get(begin..)?.split(|byte| *byte == b'"').next()?;
    moment::read(std::str::from_utf8(date).ok()?)
}
