//! What `colport.toml` says, compared with what is remembered: mirrors and channels come and go.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::Place;
use super::super::super::rotation::{
    AccountId, ChannelId, MirrorId, NewChannel, Observation, ProviderId,
};
use super::super::book::{Audit, Kept};
use super::super::{Effect, Member, Moment, Wanted, WantedChannel};
use super::Daemon;
use crate::base::Digest;
use crate::io::store::Keeper;
use crate::trust::lists::ChannelWord;

impl Daemon {
    pub(super) fn configured(
        &mut self,
        wanted: Wanted,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Vec<Observation> {
        let wanted = self.without_tied(wanted, now, effects);
        let mut seen = vec![Observation::Budget {
            mirrors_per_day: wanted.mirrors_a_day,
        }];
        let is_first = self.wants.is_none();
        self.take_members(&wanted, now, &mut seen);
        self.take_channels(&wanted, now, &mut seen);
        if is_first {
            self.not_known(now, effects);
        }
        match self.wants.as_ref() == Some(&wanted) {
            true => Vec::new(),
            false => {
                self.wants = Some(wanted);
                seen
            }
        }
    }

    /// A mirror that was given up is not begun again as long as the file says the same of it. Taken out and put in again, it
    /// is.
    pub(super) fn without_given_up(&mut self, mut wanted: Wanted) -> Wanted {
        let given_up = &mut self.book.rest.given_up;
        let is = |member: &Member, (name, place): (&String, &String)| {
            member.mirror.name == *name && place_of(member) == *place
        };
        given_up.retain(|name, place| wanted.members.iter().any(|it| is(it, (name, &*place))));
        let is_given_up = |member: &Member| given_up.iter().any(|it| is(member, it));
        wanted.members.retain(|member| !is_given_up(member));
        wanted
    }

    /// Without mirrors made earlier that the file, which was changed since, leaves no place for.
    fn without_tied(
        &mut self,
        mut wanted: Wanted,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Wanted {
        let all = std::mem::take(&mut wanted.members);
        let (made, mut living): (Vec<Member>, Vec<Member>) =
            all.into_iter().partition(|member| member.made.is_some());
        for member in made {
            match self.in_the_way(&member, &living) {
                None => living.push(member),
                Some(in_the_way) => {
                    let name = &member.mirror.name;
                    let words = format!(
                        "the mirror `{name}`, which a program made, is let go, since {in_the_way}: switch it off"
                    );
                    self.note(now, words.clone(), "who takes one away would take both");
                    effects.push(Effect::Alert(words));
                }
            }
        }
        wanted.members = living;
        wanted
    }

    fn take_members(&mut self, wanted: &Wanted, now: Moment, seen: &mut Vec<Observation>) {
        self.book.members.clear();
        for member in &wanted.members {
            let id = match self.known(member, now, seen) {
                Some(id) => id,
                None => self.begin(member, now),
            };
            self.book.members.insert(id, member.clone());
            seen.extend(self.whose(id, member));
        }
        let gone: Vec<MirrorId> = self
            .book
            .mirrors
            .iter()
            .filter(|(id, kept)| !kept.gone && !self.book.members.contains_key(id))
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            self.give_up(id, "it no longer stands in `colport.toml`", now, seen);
        }
    }

    /// What the planner does not know yet of a mirror that readers may be told of: whose it is.
    fn whose(&mut self, mirror: MirrorId, member: &Member) -> Option<Observation> {
        let public = member.public.as_ref()?;
        let provider = ProviderId(self.book.number("provider", &public.provider));
        let is_named = !public.account.is_empty();
        let account = is_named.then(|| AccountId(self.book.number("account", &public.account)));
        let upkeep = public.upkeep;
        let known = self.book.planner.mirror(mirror);
        let is_known = known
            .is_some_and(|it| (it.provider, it.account, it.upkeep) == (provider, account, upkeep));
        (!is_known).then_some(Observation::Made {
            mirror,
            provider,
            account,
            upkeep,
        })
    }

    /// The mirror, if it is known by its name and is still the same host. Another host under an old name is another mirror:
    /// nothing was put there, and a push to the old one says nothing of it.
    fn known(
        &mut self,
        member: &Member,
        now: Moment,
        seen: &mut Vec<Observation>,
    ) -> Option<MirrorId> {
        let name = &member.mirror.name;
        let mut mirrors = self.book.mirrors.iter_mut();
        let (id, kept) = mirrors.find(|(_, kept)| kept.name == *name && !kept.gone)?;
        let (id, place) = (*id, place_of(member));
        if *kept.place.get_or_insert(place.clone()) == place {
            return Some(id);
        }
        self.give_up(id, "it is another host under the same name", now, seen);
        None
    }

    fn begin(&mut self, member: &Member, now: Moment) -> MirrorId {
        let id = MirrorId(self.book.next_id());
        let kept = Kept {
            name: member.mirror.name.clone(),
            made: member.made.clone(),
            place: Some(place_of(member)),
            since: now.steady,
            edition: 0,
            pushed: None,
            lists: BTreeMap::new(),
            fails_since: None,
            lags_since: None,
            failures: 0,
            again: None,
            trouble: None,
            behind_since: None,
            sights: BTreeMap::new(),
            gone: false,
            is_busy: false,
            begun: None,
        };
        self.note(now, format!("mirror `{}` joins", kept.name), "it is new");
        self.book.mirrors.insert(id, kept);
        id
    }

    pub(super) fn give_up(
        &mut self,
        id: MirrorId,
        why: &str,
        now: Moment,
        seen: &mut Vec<Observation>,
    ) {
        let words = format!("mirror `{}` leaves", self.book.mirror_name(id));
        self.note(now, words, why);
        if let Some(kept) = self.book.mirrors.get_mut(&id) {
            kept.gone = true;
            // A push to it that is under way, or is not begun any more, keeps no hands from others.
            kept.is_busy = false;
        }
        self.book.members.remove(&id);
        if self.book.planner.mirror(id).is_some() {
            seen.push(Observation::Dead { mirror: id });
        }
    }

    /// It stands in the file, and is of no use: its name and its domain are free for another.
    pub(super) fn give_up_for_good(
        &mut self,
        id: MirrorId,
        why: &str,
        now: Moment,
        seen: &mut Vec<Observation>,
    ) {
        if let Some(member) = self.book.members.get(&id) {
            let name = member.mirror.name.clone();
            if let Some(wants) = &mut self.wants {
                wants.members.retain(|member| member.mirror.name != name);
            }
            self.book.rest.given_up.insert(name, place_of(member));
        }
        self.give_up(id, why, now, seen);
    }

    fn take_channels(&mut self, wanted: &Wanted, now: Moment, seen: &mut Vec<Observation>) {
        self.book.wanted.clear();
        let mut fresh: Vec<(ChannelId, &WantedChannel)> = Vec::new();
        for channel in &wanted.channels {
            let known = self
                .book
                .channels
                .iter()
                .find(|(_, audit)| audit.name == channel.name && !audit.gone);
            let id = match known.map(|(id, _)| *id) {
                Some(id) => id,
                None => {
                    let id = ChannelId(self.book.next_id());
                    self.open_channel(id, channel, now);
                    fresh.push((id, channel));
                    id
                }
            };
            self.book.wanted.insert(id, channel.clone());
        }
        let heirs: BTreeSet<&str> = fresh
            .iter()
            .filter_map(|(_, channel)| channel.instead_of.as_deref())
            .collect();
        for name in heirs {
            let parent = self
                .book
                .channels
                .iter()
                .find(|(_, audit)| audit.name == name)
                .map(|(id, _)| *id);
            let into = fresh
                .iter()
                .filter(|(_, channel)| channel.instead_of.as_deref() == Some(name));
            let into: Vec<NewChannel> = into
                .map(|(id, channel)| new_channel(*id, channel))
                .collect();
            match parent {
                Some(channel) => seen.push(Observation::WasSplit { channel, into }),
                None => seen.extend(into.into_iter().map(Observation::NewChannel)),
            }
        }
        let alone = fresh
            .iter()
            .filter(|(_, channel)| channel.instead_of.is_none());
        seen.extend(alone.map(|(id, channel)| Observation::NewChannel(new_channel(*id, channel))));
        let gone: Vec<ChannelId> = self
            .book
            .channels
            .iter()
            .filter(|(id, audit)| !audit.gone && !self.book.wanted.contains_key(id))
            .map(|(id, _)| *id)
            .collect();
        for channel in gone {
            let words = format!(
                "channel `{}` is told no more",
                self.book.channel_name(channel)
            );
            self.note(now, words, "it no longer stands in `colport.toml`");
            if let Some(audit) = self.book.channels.get_mut(&channel) {
                audit.gone = true;
            }
            seen.push(Observation::WasSplit {
                channel,
                into: Vec::new(),
            });
        }
    }

    fn open_channel(&mut self, id: ChannelId, channel: &WantedChannel, now: Moment) {
        self.note(
            now,
            format!("channel `{}` is new", channel.name),
            "it stands in `colport.toml`",
        );
        let audit = Audit {
            name: channel.name.clone(),
            word: ChannelWord::of_chance((self.dice)()),
            version: 0,
            issued: None,
            expires: None,
            said: None,
            told: BTreeSet::new(),
            announced: BTreeMap::new(),
            gone: false,
            busy: BTreeMap::new(),
        };
        self.book.channels.insert(id, audit);
    }
}

/// Which host it is, and under which address readers find it. With which key it is entered is not part of it.
fn place_of(member: &Member) -> String {
    let place = match &member.mirror.place {
        Place::Folder(path) => format!("folder {}", path.display()),
        Place::Colport(url) => format!("colport {url}"),
        Place::Follows(url) => format!("follows {url}"),
        Place::Host(host) => match &host.keeper {
            Keeper::Folder(path) => format!("folder {}", path.display()),
            Keeper::S3(s3) => format!("s3 {} {} {}", s3.endpoint, s3.bucket, s3.prefix),
            Keeper::WebDav(dav) => format!("webdav {}", dav.address),
            Keeper::Sftp(sftp) => {
                let (user, port) = (sftp.user.as_deref().unwrap_or(""), sftp.port.unwrap_or(0));
                format!("sftp {user} {} {port} {}", sftp.host, sftp.path)
            }
            Keeper::Git(git) => format!("git {} {}", git.repository, git.branch),
        },
    };
    let url = member.public.as_ref().map_or("", |it| it.url.as_str());
    Digest::of(format!("{place}\n{url}").as_bytes()).to_string()
}

fn new_channel(channel: ChannelId, wanted: &WantedChannel) -> NewChannel {
    NewChannel {
        channel,
        kind: wanted.kind,
        prior: wanted.prior,
        readers: wanted.readers,
    }
}
