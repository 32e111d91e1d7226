//! Channels, and how the daemon goes about its work.

use std::net::SocketAddr;
use std::path::Path;

use serde::Deserialize;
use url::Url;

use super::mirror::Shelf;
use super::refuse_doubles;
use crate::io::address;
use crate::sync::daemon::{
    Audience, FILES, MeetingPlace, Member, Public, Rendezvous, Wanted, WantedChannel, Way,
};
use crate::sync::hooks::{Hook, Occasion};
use crate::sync::rotation::{Kind, Upkeep};
use crate::sync::watching::Vantage;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Channel {
    name: String,
    kind: String,
    #[serde(default = "some_readers")]
    readers: u64,
    leak: Option<f64>,
    instead_of: Option<String>,
}

fn some_readers() -> u64 {
    100
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sync {
    mirrors_a_day: f64,
    list_days: i64,
    page: String,
    dns: String,
    origins: Vec<String>,
    meeting_place: Vec<Shelf>,
}

impl Default for Sync {
    fn default() -> Self {
        Self {
            mirrors_a_day: 1.0,
            list_days: 14,
            page: "127.0.0.1:8071".into(),
            dns: String::new(),
            origins: Vec::new(),
            meeting_place: Vec::new(),
        }
    }
}

/// What may be said of any mirror that readers are told of.
#[derive(Deserialize, Default)]
pub(super) struct Besides {
    pub onion: Option<String>,
    pub provider: Option<String>,
    pub account: String,
    pub cost_a_day: f64,
}

impl Besides {
    /// `url`: where readers find it, if they may. Nobody is told of one whose address nobody said.
    pub(super) fn public(self, url: Option<&Url>) -> Result<Option<Public>, String> {
        let Some(url) = url else {
            return match self.onion {
                Some(_) => Err("it has an `onion` and no address".into()),
                None => Ok(None),
            };
        };
        let onion = self.onion.as_deref().map(mirror_address).transpose()?;
        let is_onion = |url: &Url| url.host_str().is_some_and(|host| host.ends_with(".onion"));
        if onion.as_ref().is_some_and(|onion| !is_onion(onion)) {
            return Err("its `onion` does not end with `.onion`".into());
        }
        if !(0.0..=100_000.0).contains(&self.cost_a_day) {
            return Err("its `cost_a_day` is no sum of money".into());
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        Ok(Some(Public {
            url: mirror_address(url.as_str())?,
            onion,
            provider: self.provider.unwrap_or(host),
            account: self.account,
            upkeep: match self.cost_a_day > 0.0 {
                true => Upkeep::Paid,
                false => Upkeep::Free,
            },
            cost_a_day: self.cost_a_day,
        }))
    }
}

pub(super) fn mirror_address(text: &str) -> Result<Url, String> {
    address::parse(text).map_err(|error| error.to_string())
}

impl Channel {
    pub(super) fn check(self) -> Result<WantedChannel, String> {
        let name = &self.name;
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !(1..=40).contains(&name.len()) || !name.chars().all(is_plain) {
            return Err(format!(
                "the channel's name `{name}` must be small letters, digits and dashes"
            ));
        }
        let kind = Kind::parse(&self.kind).ok_or_else(|| {
            format!("the channel `{name}` is of the kind `{}`, which is none of telegram, footer, partner, newsletter, bot and invite", self.kind)
        })?;
        if self.leak.is_some_and(|leak| !(0.0..=1.0).contains(&leak)) {
            return Err(format!(
                "`leak` of the channel `{name}` must lie between 0 and 1"
            ));
        }
        Ok(WantedChannel {
            kind,
            prior: self.leak,
            readers: self.readers,
            instead_of: self.instead_of,
            ways: vec![Way {
                name: FILES.into(),
                to: Audience::Carriers,
            }],
            name: self.name,
        })
    }
}

impl Sync {
    /// On this machine only: who can reach it can overrule.
    pub(super) fn page(&self) -> Result<Option<SocketAddr>, String> {
        let text = &self.page;
        if text.is_empty() {
            return Ok(None);
        }
        let address: Option<SocketAddr> = text.parse().ok();
        let address = address.filter(|address| address.ip().is_loopback());
        address.map(Some).ok_or_else(|| {
            format!(
                "`page = \"{text}\"` is no address of this machine itself, such as `127.0.0.1:8071`"
            )
        })
    }

    pub(super) fn meeting_places(&mut self, folder: &Path) -> Result<Vec<MeetingPlace>, String> {
        let written = std::mem::take(&mut self.meeting_place);
        let places = written.into_iter().map(|shelf| shelf.check(folder));
        let places: Vec<MeetingPlace> = places.collect::<Result<_, _>>()?;
        refuse_doubles(
            "meeting place",
            places.iter().map(|place| place.name.as_str()),
        )?;
        Ok(places)
    }

    fn rendezvous(&self, places: &[MeetingPlace]) -> Result<Rendezvous, String> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if self.dns.len() > 200 || !self.dns.chars().all(is_plain) {
            return Err(format!("`dns = \"{}\"` is no name", self.dns));
        }
        Ok(Rendezvous {
            urls: places.iter().map(|place| place.address.clone()).collect(),
            dns: (!self.dns.is_empty()).then(|| self.dns.clone()),
        })
    }

    pub(super) fn check(
        &self,
        members: Vec<Member>,
        mut channels: Vec<WantedChannel>,
        places: &[MeetingPlace],
        vantages: &[Vantage],
        hooks: &[Hook],
    ) -> Result<Wanted, String> {
        if !(0.0..=10_000.0).contains(&self.mirrors_a_day) {
            return Err("`mirrors_a_day` must lie between 0 and 10000".into());
        }
        if !(2..=90).contains(&self.list_days) {
            return Err("`list_days` must lie between 2 and 90".into());
        }
        let announcing = hooks.iter().filter(|hook| hook.on == Occasion::Announce);
        let announcing = announcing.map(|hook| Way {
            name: hook.words(),
            to: Audience::People,
        });
        let meeting = places.iter().map(|place| Way {
            name: place.name.clone(),
            to: Audience::Programs,
        });
        let ways: Vec<Way> = meeting.chain(announcing).collect();
        for channel in &mut channels {
            channel.ways.extend(ways.clone());
        }
        for name in &self.origins {
            let mut members = members.iter();
            let origin = members.find(|member| member.mirror.name == *name);
            if origin.is_none_or(|member| member.server().is_none()) {
                return Err(format!(
                    "`origins` names `{name}`, which is no mirror that runs `colport serve`"
                ));
            }
        }
        Ok(Wanted {
            origins: self.origins.clone(),
            members,
            channels,
            mirrors_a_day: self.mirrors_a_day,
            can_make: hooks.iter().any(|hook| hook.on == Occasion::NeedMirror),
            list_days: self.list_days,
            rendezvous: self.rendezvous(places)?,
            vantages: vantages
                .iter()
                .map(|vantage| (vantage.id, vantage.name.clone()))
                .collect(),
        })
    }
}
