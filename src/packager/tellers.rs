//! Which source may change an article that is kept.
//!
//! What feeds have forgotten stays in the site, so a source that names the article of another could put its own words in
//! that place years later. The archive notes who told an article last:
//!
//! 1. That one may change it, and so may a source on the host where the article lies, which has the original. Many write
//!    on some hosts. So where the one that told it is on that host too, what another there says of it does not count, unless
//!    it stands before that one; but that it names the article does: then what stands on the page itself is read.
//! 2. A list of addresses tells nothing itself: all of the article comes from where it lies.
//! 3. Of other sources one may step in if it stands before the one that told it, as the operator orders them, or if that
//!    one is not among them, since it was moved or renamed, or the archive is of before this was noted; but not where the
//!    article's own host is among the sources. So nobody gains anything by being the first to name what others tell.
//! 4. Who takes over an article that another told takes over its text, and not its date: by that it could lie in a month of
//!    long ago before it was published at all.
//! 5. What says the same as an article that is withdrawn goes with it, unless it is told by a source that stands before the
//!    other's: when a stolen copy is taken back, the original stays.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use url::Url;

use super::archive::Slip;
use super::links;
use super::source::{Named, Source};
use super::withheld::{self, Withheld};
use crate::base::Digest;
use crate::io::fetch;

/// A source that forgets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Teller {
    /// As the archive names it.
    pub name: Arc<str>,
    /// As people call it, and as archives named it that were written before.
    pub shown: Box<str>,
    host: Option<Box<str>>,
    /// If it is one.
    file: Option<Named>,
    /// Whether it names addresses and nothing else.
    is_list: bool,
    /// What of its address is shown nowhere.
    pub withheld: Withheld,
}

impl Teller {
    /// `None` for one that holds all of its articles, and is asked for them each time.
    pub fn of(source: &Source) -> Option<Arc<Self>> {
        source.forgets().then(|| {
            let shown = source.to_string();
            let of_file = || source.file().map_or_else(|| shown.clone(), Named::name);
            Arc::new(Self {
                name: source.address().map_or_else(of_file, name).into(),
                file: source.file().cloned(),
                shown: shown.into(),
                host: source.address().and_then(Url::host_str).map(Box::from),
                is_list: source.is_list(),
                withheld: source.address().map(Withheld::of).unwrap_or_default(),
            })
        })
    }
}

impl Teller {
    /// How it calls an article by a name that is no address of the web, and that others may give too: with its host before it,
    /// or its file. No path in a folder begins so.
    pub fn called(&self, id: &str) -> String {
        format!("//{}/{id}", self.host.as_deref().unwrap_or(&self.name))
    }

    /// Whether this address is of its own host.
    pub fn is_home_of(&self, url: &Url) -> bool {
        let host = self.host.as_deref();
        host.is_some_and(|host| links::is_of_host(url, host))
    }

    /// Whether it may say what lies at this address without a look at it. So may what the operator laid onto the disk.
    pub fn may_speak_for(&self, url: &Url) -> bool {
        self.host.is_none() || self.is_home_of(url)
    }
}

/// Two feeds may differ in what is not shown of their addresses. A token can be there, of which nobody must read more than
/// a digest, and a password, of which not even that is needed.
fn name(url: &Url) -> String {
    let (whole, shown) = (fetch::shown(url), withheld::shown(url));
    if url.query().is_none() && url.username().is_empty() && whole == shown {
        return shown;
    }
    let (user, query) = (url.username(), url.query().unwrap_or_default());
    let digest = Digest::of(format!("teller {user}@{whole}?{query}").as_bytes()).to_string();
    format!("{shown} #{}", digest.get(..32).unwrap_or_default())
}

/// What archives noted before, as people may see it now.
fn as_shown(noted: &str) -> Cow<'_, str> {
    let url = Url::parse(noted).ok().filter(Url::has_host);
    url.map_or(noted.into(), |url| withheld::shown(&url).into())
}

/// Those of one newsroom, each with its place among all sources, in that order.
#[derive(Debug, Default)]
pub struct Tellers(Vec<(u32, Arc<Teller>)>);

impl Tellers {
    pub fn of(sources: &[Source]) -> Self {
        let tellers = (0..).zip(sources);
        let tellers = tellers.filter_map(|(place, source)| Some((place, Teller::of(source)?)));
        Self(tellers.collect())
    }

    /// Who told last what is kept, and its place among all sources, if it is there.
    fn owner(&self, kept: &Slip) -> Option<&(u32, Arc<Teller>)> {
        let told_by = kept.told_by.as_deref()?;
        let named = self.0.iter().find(|(_, one)| *one.name == *told_by);
        // A token was renewed, or it was noted before that counted.
        let alike = || {
            let shown = as_shown(told_by.split(" #").next()?);
            self.0.iter().find(|(_, one)| *one.shown == *shown)
        };
        named.or_else(alike).or_else(|| self.once_called(told_by))
    }

    /// The file that was called so, as seen from where colport was started then.
    fn once_called(&self, noted: &str) -> Option<&(u32, Arc<Teller>)> {
        let depth = |(_, one): &&(u32, Arc<Teller>)| {
            let file = one.file.as_ref();
            let file = file.filter(|file| file.was_called(noted));
            file.map_or(0, Named::depth)
        };
        let deepest = self.0.iter().max_by_key(depth);
        deepest.filter(|one| depth(one) > 0)
    }

    /// Whether the one may mean what is kept under a name that is no address: unless that was told by one elsewhere.
    pub fn may_mean(&self, one: &Teller, kept: &Slip) -> bool {
        let owner = self.owner(kept).map(|(_, owner)| owner);
        owner.is_none_or(|owner| owner.called("") == one.called(""))
    }

    /// The place of the source that told it last, if it is still there.
    pub fn place_of(&self, kept: &Slip) -> Option<u32> {
        self.owner(kept).map(|(place, _)| *place)
    }

    fn place(&self, one: &Teller) -> Option<u32> {
        let mut all = self.0.iter();
        all.find_map(|(place, other)| (other.name == one.name).then_some(*place))
    }

    /// Whether the one stands before that which told what is kept.
    pub fn stands_before(&self, one: &Teller, kept: &Slip) -> bool {
        let owner = self.owner(kept).map(|(owner, _)| *owner);
        let both = self.place(one).zip(owner);
        both.is_some_and(|(place, owner)| place < owner)
    }

    /// The hosts from which they speak.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|(_, one)| one.host.as_deref())
    }

    /// The place of the source that has the say over what is kept: that told it, or else is at home where it lies.
    fn rank(&self, kept: &Slip) -> Option<u32> {
        self.place_of(kept).or_else(|| {
            let hosts = hosts(kept);
            let at_home = self.0.iter().find(|(_, one)| is_at_home(one, &hosts));
            at_home.map(|(place, _)| *place)
        })
    }

    /// Whether what the source at this place tells goes with what is withdrawn and said the same. If nobody knows whose that
    /// was, the site of the newsroom may have moved.
    pub fn goes_with(&self, place: u32, gone: &Slip) -> bool {
        self.rank(gone).is_none_or(|of_gone| of_gone <= place)
    }

    /// The same of a copy that is kept: what readers have goes only if it is known whose it is.
    pub fn takes_along(&self, gone: &Slip, copy: &Slip) -> bool {
        let [of_gone, of_copy] = [gone, copy].map(|kept| self.rank(kept));
        of_gone
            .zip(of_copy)
            .is_some_and(|(of_gone, of_copy)| of_gone <= of_copy)
    }

    /// Whether what is kept was told by a source that stands before this place.
    pub fn owns_before(&self, place: u32, kept: &Slip) -> bool {
        self.owner(kept).is_some_and(|(owner, _)| *owner < place)
    }

    /// From whom one that may tell it takes over what is kept, only since it stands before that one.
    pub fn supplanted(&self, one: &Teller, kept: &Slip) -> Option<&Teller> {
        let (_, owner) = self.owner(kept)?;
        let is_at_home = is_at_home(one, &hosts(kept));
        (owner.name != one.name && !one.is_list && !is_at_home).then_some(owner)
    }

    /// Whether the one takes over what another told, so that its own date counts. What lies with its source (`None`) and
    /// what comes by a list goes by the date that it has, unless it was told from elsewhere.
    pub fn takes_over(&self, one: Option<&Teller>, kept: &Slip) -> bool {
        let Some(told_by) = kept.told_by.as_deref() else {
            return false;
        };
        let owner = self.owner(kept).map(|(_, owner)| owner);
        match (one.filter(|one| !one.is_list), owner) {
            (Some(one), Some(owner)) => owner.name != one.name,
            (None, Some(owner)) if owner.is_list => false,
            // Under a name that is no address nobody is at home.
            (None, Some(_)) if kept.addresses().next().is_none() => true,
            _ => !is_noted_at_home(told_by, kept),
        }
    }

    /// Whether it may change what is kept by what it tells under another address. Of a list all comes `from` there.
    pub fn may_move(&self, one: &Teller, from: &Url, kept: &Slip) -> bool {
        match one.is_list {
            true => {
                let is_there = |host| hosts(kept).contains(host);
                from.host_str().is_some_and(is_there) && self.beside(one, kept).is_none()
            }
            false => self.may_tell(one, kept),
        }
    }

    /// Who told what is kept, if that is another one that has the original and does not stand behind. A list has it too: all
    /// that came by it came from there.
    fn beside(&self, one: &Teller, kept: &Slip) -> Option<&Arc<Teller>> {
        let (_, owner) = self.owner(kept)?;
        let has_it = owner.is_list || is_at_home(owner, &hosts(kept));
        (owner.name != one.name && has_it && !self.stands_before(one, kept)).then_some(owner)
    }

    /// For whom the page itself is to be read, since one on its host names it that may not tell it.
    pub fn page_is_of(&self, one: &Teller, kept: &Slip) -> Option<&Arc<Teller>> {
        let owner = self.beside(one, kept)?;
        is_at_home(one, &hosts(kept)).then_some(owner)
    }

    /// Whether the one may change what is kept.
    pub fn may_tell(&self, one: &Teller, kept: &Slip) -> bool {
        let hosts = hosts(kept);
        let owner = self.owner(kept);
        let is_owner = owner.is_some_and(|(_, owner)| owner.name == one.name);
        if one.is_list || is_owner {
            return true;
        }
        if is_at_home(one, &hosts) {
            return self.beside(one, kept).is_none();
        }
        let may_step_in = owner.is_none() || self.stands_before(one, kept);
        may_step_in && !self.0.iter().any(|(_, other)| is_at_home(other, &hosts))
    }
}

fn is_at_home(teller: &Teller, hosts: &BTreeSet<Box<str>>) -> bool {
    let host = teller.host.as_ref();
    host.is_some_and(|host| hosts.contains(host))
}

/// The same of one that may be no source any more, by what the archive calls it.
fn is_noted_at_home(told_by: &str, kept: &Slip) -> bool {
    let noted = told_by.split(" #").next().map(Url::parse);
    let noted = noted.and_then(Result::ok);
    let host = noted.as_ref().and_then(Url::host_str);
    host.is_some_and(|host| kept.addresses().all(|url| links::is_of_host(&url, host)))
}

/// Where its original lies.
fn hosts(kept: &Slip) -> BTreeSet<Box<str>> {
    let addresses = kept.addresses();
    addresses
        .filter_map(|url| url.host_str().map(Box::from))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::archive::Line;
    use super::super::waiting::Drawer;
    use super::*;

    fn feed(host: &str) -> Source {
        Source::Feed(Url::parse(&format!("https://{host}/feed")).unwrap())
    }

    /// Of `https://n.example/1`.
    fn kept(told_by: Option<&str>) -> Slip {
        let line = serde_json::json!({
            "path": "be/2026/11/1/index.html",
            "id": "https://n.example/1",
            "source": null,
            "told_by": told_by,
            "story": {
                "title": "One", "byline": null, "published": "2026-11-20T10:00:00Z", "updated": null, "language": "be",
                "summary": "", "lead": null, "pictures": [], "body": "",
            },
        });
        let line: Line = serde_json::from_value(line).unwrap();
        Slip::of(&line, true, &Drawer::on(&std::env::temp_dir()))
    }

    #[track_caller]
    fn check(sources: &[&Source], told_by: Option<&Source>, one: &Source, expected: bool) {
        let sources: Vec<Source> = sources.iter().map(|source| (*source).clone()).collect();
        let teller = Teller::of(one).unwrap();
        let told_by = told_by.map(|source| Teller::of(source).unwrap().name.clone());
        let may = Tellers::of(&sources).may_tell(&teller, &kept(told_by.as_deref()));
        assert_eq!(may, expected);
    }

    #[test]
    fn only_who_told_an_article_or_has_the_original_changes_it() {
        let (own, other, third) = (feed("n.example"), feed("b.example"), feed("c.example"));
        let list = Source::List("list.txt".into());
        check(&[&own, &other], Some(&own), &own, true);
        check(&[&own, &other], Some(&own), &other, false);
        check(&[&own, &other], Some(&other), &own, true);
        check(&[&third, &other], Some(&third), &other, false);
        check(&[&third, &other], Some(&other), &third, true);
        check(&[&third, &other, &own], Some(&other), &third, false);
        check(&[&third, &list], Some(&third), &list, true);
    }

    #[test]
    fn of_two_on_one_host_only_who_told_it_or_stands_before_changes_it() {
        let [alice, bob] = ["alice", "bob"].map(|name| {
            Source::Feed(Url::parse(&format!("https://n.example/{name}/feed")).unwrap())
        });
        let (other, list) = (feed("b.example"), Source::List("list.txt".into()));
        check(&[&alice, &bob], Some(&alice), &alice, true);
        check(&[&alice, &bob], Some(&alice), &bob, false);
        check(&[&bob, &alice], Some(&alice), &bob, true);
        check(&[&list, &bob], Some(&list), &bob, false);
        check(&[&bob, &list], Some(&list), &bob, true);
        // Who told it has no original, is gone, or is not known.
        check(&[&other, &bob], Some(&other), &bob, true);
        check(&[&bob], Some(&alice), &bob, true);
        check(&[&alice, &bob], None, &bob, true);
        let tellers = Tellers::of(&[alice.clone(), bob.clone(), list.clone()]);
        let [alice, bob, list] = [&alice, &bob, &list].map(|one| Teller::of(one).unwrap());
        let kept = kept(Some(&alice.name));
        assert_eq!(tellers.page_is_of(&bob, &kept), Some(&alice));
        assert_eq!(tellers.page_is_of(&alice, &kept), None);
        let there = Url::parse("https://n.example/bob/1").unwrap();
        for one in [&bob, &list] {
            assert!(!tellers.may_move(one, &there, &kept));
        }
        assert!(tellers.may_move(&alice, &there, &kept));
    }

    #[test]
    fn a_copy_goes_with_the_original_and_not_the_original_with_a_copy() {
        let (own, other, third) = (feed("n.example"), feed("b.example"), feed("c.example"));
        let tellers = Tellers::of(&[own.clone(), other.clone()]);
        let of = |source: &Source| kept(Some(&Teller::of(source).unwrap().name));
        let [own, other, third] = [&own, &other, &third].map(of);
        let check = |gone: &Slip, copy: &Slip, expected: bool| {
            assert_eq!(tellers.takes_along(gone, copy), expected);
        };
        check(&own, &other, true);
        check(&own, &own, true);
        check(&other, &own, false);
        // It was not noted: the host says whose it is.
        check(&kept(None), &other, true);
        check(&other, &kept(None), false);
        check(&third, &other, true);
        assert!(tellers.goes_with(1, &own) && tellers.goes_with(0, &own));
        assert!(!tellers.goes_with(0, &other) && tellers.goes_with(1, &other));
        let moved = Tellers::of(&[feed("d.example"), feed("e.example")]);
        assert!(moved.goes_with(0, &own));
        assert!(!moved.takes_along(&own, &other));
    }

    #[test]
    fn a_source_that_was_moved_or_never_noted_locks_nothing() {
        let (own, other, third) = (feed("n.example"), feed("b.example"), feed("c.example"));
        check(&[&other], Some(&third), &other, true);
        check(&[&other], None, &other, true);
        check(&[&own, &other], None, &own, true);
        check(&[&own, &other], None, &other, false);
        check(&[&own, &other], Some(&third), &other, false);
    }

    #[test]
    fn a_file_is_the_same_teller_wherever_colport_is_started() {
        let from = |folder: &str| {
            let file = |name: &str| Named::below(Path::new(folder), Path::new(name));
            ["own.xml", "partner/own.xml"].map(|name| Source::FeedFile(file(name)))
        };
        for folder in ["news", "", "/home/maryam/news"] {
            let [own, partner] = from(folder);
            let [now_own, now_partner] = from(".");
            check(&[&now_own, &now_partner], Some(&own), &now_partner, false);
            check(
                &[&now_own, &now_partner],
                Some(&partner),
                &now_partner,
                true,
            );
            let tellers = Tellers::of(&[now_own, now_partner]);
            // As it was noted before, by the way there.
            for (source, place) in [(own, 0), (partner, 1)] {
                let kept = kept(Some(&source.to_string()));
                assert_eq!(tellers.place_of(&kept), Some(place), "{source}");
            }
            assert_eq!(tellers.place_of(&kept(Some("news/other.xml"))), None);
        }
    }

    #[test]
    fn two_feeds_that_are_shown_alike_are_two() {
        let bridged = |rest: &str| Source::Feed(Url::parse(&format!("https://{rest}")).unwrap());
        let alike = [
            [bridged("b.example/?user=a"), bridged("b.example/?user=b")],
            [bridged("a@b.example/"), bridged("b@b.example/")],
            [bridged("b.example/"), bridged("b.example/?feed=secret")],
        ];
        for [one, other] in alike {
            check(&[&one, &other], Some(&one), &other, false);
            check(&[&one, &other], Some(&one), &one, true);
            let [of_one, of_other] = [&one, &other].map(|source| Teller::of(source).unwrap());
            assert_eq!(of_one.shown, of_other.shown);
            assert!(!of_other.name.contains("secret"), "{}", of_other.name);
            // As it was noted before: it is taken to be the first of them.
            let tellers = Tellers::of(&[one, other]);
            let before = kept(Some(&of_one.shown));
            assert!(tellers.may_tell(&of_one, &before));
            assert!(!tellers.may_tell(&of_other, &before));
        }
        let in_path = |token: &str| bridged(&format!("b.example/private/{token}/feed"));
        let [one, other] = ["9f86d081884c7d65", "4e07408562bedb8b"].map(in_path);
        check(&[&one, &other], Some(&one), &other, false);
        let name = &Teller::of(&one).unwrap().name;
        assert!(!name.contains("9f86d081884c7d65"), "{name}");
        let before = kept(Some("https://b.example/private/9f86d081884c7d65/feed"));
        assert_eq!(Tellers::of(&[one]).place_of(&before), Some(0));
        let [one, again] = ["a:1@b.example/", "a:2@b.example/"].map(bridged);
        assert_eq!(
            Teller::of(&one),
            Teller::of(&again),
            "a password is no name"
        );
        assert_eq!(
            &*Teller::of(&feed("b.example")).unwrap().name,
            "https://b.example/feed"
        );
    }
}
