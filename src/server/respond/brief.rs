//! The answer that is given nearly always: a whole file of the site, as it lies in the bundle, to who says no more than
//! what is wanted and how it may be packed.
//!
//! It is the one that [`respond`](super::respond) would give, as a test sees to; but it is not put together field by field.
//! What answers about files of one [`Kind`] have in common is spelled once.

use std::sync::LazyLock;

use super::super::head;
use super::catalogue::{AtHand, Catalogue, Coding, Found, Resource};
use super::conditions::Tag;
use super::{common, negotiate};
use crate::site::kind::{self, Kind};

/// With status 200.
pub(in crate::server) struct Brief<'a> {
    /// All but the tag, and what depends on the connection.
    pub(in crate::server) fields: &'static [u8],
    pub(in crate::server) tag: Tag,
    pub(in crate::server) body: AtHand<'a>,
}

/// `path` is decoded and without its first `/`. `None`: this is not one of those answers.
pub(in crate::server) fn brief<'a>(
    catalogue: &'a Catalogue,
    path: &str,
    accept_encoding: Option<&str>,
) -> Option<Brief<'a>> {
    let Found::Resource(resource) = catalogue.find(path) else {
        return None;
    };
    let takes_gzip = || negotiate::likes_gzip(accept_encoding.into_iter());
    let coding = match resource.varies() {
        true if takes_gzip() => Coding::Gzip,
        true => return None,
        false => Coding::Identity,
    };
    Some(Brief {
        fields: spelled(&resource)?,
        tag: resource.tag(coding),
        body: resource.at_hand(coding)?,
    })
}

struct Spelled {
    kind: &'static Kind,
    /// Of those that are sent packed.
    gzip: Box<[u8]>,
    /// Of those that have one form only.
    single: Box<[u8]>,
}

static SPELLED: LazyLock<Vec<Spelled>> = LazyLock::new(|| {
    let spell = |kind, coding, varies| {
        let mut out = Vec::new();
        head::spell(&mut out, &common(kind, coding, varies));
        out.into()
    };
    kind::all()
        .map(|kind| Spelled {
            kind,
            gzip: spell(kind, Coding::Gzip, true),
            single: spell(kind, Coding::Identity, false),
        })
        .collect()
});

fn spelled(resource: &Resource<'_>) -> Option<&'static [u8]> {
    let mut kinds = SPELLED.iter();
    let spelled = kinds.find(|spelled| std::ptr::eq(spelled.kind, resource.kind))?;
    Some(match resource.varies() {
        true => &spelled.gzip,
        false => &spelled.single,
    })
}
