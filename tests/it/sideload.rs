//! A bundle from a friend: known newsroom, unknown newsroom, forger, old news.

use bytes::Bytes;
use colport::base::Fingerprint;
use colport::edition::{Freshness, Refusal};
use colport::reader::{Newsroom as Known, OpenError, Sideload, Store, open};
use colport::trust;
use jiff::SignedDuration;

use super::press::{Newsroom, site};

fn first_root(newsroom: &Newsroom) -> Bytes {
    newsroom.newcomer().root
}

fn bundle(newsroom: &Newsroom, words: &str) -> Bytes {
    newsroom
        .publish(&site(&[("be/index.html", words)]))
        .bundle()
        .clone()
}

#[test]
fn a_known_newsrooms_bundle_opens() {
    let newsroom = Newsroom::new();
    let bundle = bundle(&newsroom, "news");
    let known = Known::new(first_root(&newsroom));
    let opened = open(bundle, Some(&known), newsroom.now).unwrap();
    assert!(matches!(opened, Sideload::Verified(edition) if edition.number() == 1));
}

#[test]
fn an_unknown_newsrooms_bundle_is_shown_only_after_the_fingerprint_was_compared() {
    let newsroom = Newsroom::new();
    let bundle = bundle(&newsroom, "news");
    let right = Fingerprint::of_first_root(&first_root(&newsroom));
    let wrong = Fingerprint::of_first_root(b"another");
    let unproved = |compared| match open(bundle.clone(), None, newsroom.now).unwrap() {
        Sideload::UnknownNewsroom(unproved) => unproved.accept(compared),
        Sideload::Verified(_) => panic!("nobody vouched for it"),
    };
    assert_eq!(unproved(right).unwrap().0.number(), 1);
    assert_eq!(
        unproved(wrong).map(|_| ()).unwrap_err(),
        OpenError::OtherNewsroom {
            found: right,
            known: wrong
        }
    );
}

#[test]
fn another_newsrooms_bundle_is_refused_by_its_fingerprint() {
    let (expected, other) = (Newsroom::new(), Newsroom::new());
    let bundle = bundle(&other, "forged");
    let known = Known::new(first_root(&expected));
    let refused = open(bundle, Some(&known), expected.now)
        .map(|_| ())
        .unwrap_err();
    assert!(
        matches!(refused, OpenError::OtherNewsroom { .. }),
        "{refused:?}"
    );
}

/// He takes a genuine bundle's first root, and signs the rest with keys of his own.
#[test]
fn a_forger_with_the_right_root_and_his_own_keys_is_refused() {
    let (genuine, forger) = (Newsroom::new(), Newsroom::new());
    let (root, bundle) = (first_root(&genuine), bundle(&forger, "forged"));
    let known = Known::new(root);
    // His bundle carries the genuine root, so that the fingerprint is right.
    let forged = super::edition::with_first_root(&bundle, &first_root(&genuine));
    let refused = open(forged, Some(&known), genuine.now)
        .map(|_| ())
        .unwrap_err();
    assert!(
        matches!(refused, OpenError::Refused(Refusal::Trust(_))),
        "{refused:?}"
    );
    assert!(refused.hint().is_some());
}

#[test]
fn old_news_opens_and_is_told_to_be_old() {
    let newsroom = Newsroom::new();
    let bundle = bundle(&newsroom, "news");
    let known = Known::new(first_root(&newsroom));
    let later = newsroom.now + SignedDuration::from_hours(24 * 100);
    let Sideload::Verified(edition) = open(bundle, Some(&known), later).unwrap() else {
        panic!("the newsroom is known");
    };
    assert!(matches!(
        edition.freshness_at(later),
        Freshness::Expired { .. }
    ));
}

#[test]
fn an_older_bundle_than_was_seen_is_refused() {
    let mut newsroom = Newsroom::new();
    let old = bundle(&newsroom, "old");
    newsroom.pass(24);
    let new = newsroom.publish(&site(&[("be/index.html", "new")]));
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.drop_anchor(&first_root(&newsroom)).unwrap();
    store.remember(&new.remembered()).unwrap();
    let known = Known::of_store(&store).unwrap().unwrap();
    let refused = open(old, Some(&known), newsroom.now)
        .map(|_| ())
        .unwrap_err();
    let OpenError::Refused(Refusal::Trust(trust::Refusal::Rollback { had, got, .. })) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((had, got), (2, 1));
}

mod beside {
    //! A bundle that tells a channel of mirrors, besides its edition.

    use std::sync::Arc;

    use bytes::Bytes;
    use colport::base::Fingerprint;
    use colport::bundle::{ListFile, carry};
    use colport::edition::{
        Excerpt, Receiver, Refusal, Remembered, Variant, VerifiedEdition, write_excerpt,
    };
    use colport::reader::{
        self, Brought, FirstTrust, OpenError, Options, ReadError, Store, list_beside,
    };
    use colport::trust::lists::{Address, AddressList, ChannelWord, Rendezvous};
    use colport::trust::{self, SigningKey};
    use url::Url;

    use crate::world::{Behaviour, Mirror, Newsroom, World, moment};

    fn word(text: &str) -> ChannelWord {
        ChannelWord::parse(text).unwrap()
    }

    fn sealed(word: &ChannelWord, version: u64, url: &Url, key: &SigningKey) -> (ListFile, Bytes) {
        let list = AddressList {
            version,
            issued: moment(0),
            expires: moment(24 * 14),
            mirrors: vec![Address {
                url: url.clone(),
                onion: None,
                spki: None,
            }],
            rendezvous: Rendezvous::default(),
        };
        let name = ListFile::parse(word.name().as_str()).unwrap();
        (name, list.seal(word, std::slice::from_ref(key)))
    }

    fn carrying(bundle: &Bytes, lists: &[(ListFile, Bytes)]) -> Bytes {
        carry(Vec::new(), bundle.clone(), lists).unwrap().into()
    }

    fn newcomer(newsroom: &Newsroom) -> Remembered {
        Remembered::new(newsroom.first_root())
    }

    #[test]
    fn who_knows_the_word_learns_the_mirrors_and_nobody_else() {
        let mut newsroom = Newsroom::found(1, 2);
        let edition = newsroom.publish(moment(0));
        let (own, other) = (word("k3q9x2m7k3q9"), word("another7word"));
        let url = Url::parse("https://balotikus.example/").unwrap();
        let key = Newsroom::list_key(1);
        let text = write_excerpt(Vec::new(), &edition, Variant::Text).unwrap();
        for bundle in [edition.bundle().clone(), text.into()] {
            let bundle = carrying(&bundle, &[sealed(&own, 4, &url, &key)]);
            let opened = Excerpt::open(bundle.clone(), &newcomer(&newsroom), moment(1)).unwrap();
            let list = list_beside(&opened, &own).unwrap();
            assert_eq!((list.version, &list.mirrors[0].url), (4, &url));
            assert_eq!(list_beside(&opened, &other), None);
            let raw = opened.lists_beside()[0].to_vec();
            assert!(!String::from_utf8(raw).unwrap().contains("balotikus"));
        }
        // Whoever hands it on can put in what he likes; nobody believes him.
        let thief = Newsroom::list_key(2);
        let forged = carrying(edition.bundle(), &[sealed(&own, 9, &url, &thief)]);
        let opened = Excerpt::open(forged, &newcomer(&newsroom), moment(1)).unwrap();
        assert_eq!(list_beside(&opened, &own), None);
        // Nor does a list that is none do harm.
        let name = ListFile::parse(own.name().as_str()).unwrap();
        let nonsense = carrying(edition.bundle(), &[(name, Bytes::from_static(b"{"))]);
        let opened = Excerpt::open(nonsense, &newcomer(&newsroom), moment(1)).unwrap();
        assert_eq!(list_beside(&opened, &own), None);
    }

    /// A mirror that was brought such a bundle shows the edition, and tells nobody which channel it came from.
    #[test]
    fn who_takes_the_edition_in_leaves_the_list_behind() {
        let mut newsroom = Newsroom::found(1, 2);
        let edition = newsroom.publish(moment(0));
        let url = Url::parse("https://balotikus.example/").unwrap();
        let list = sealed(&word("k3q9x2m7k3q9"), 4, &url, &Newsroom::list_key(1));
        let bundle = carrying(edition.bundle(), &[list]);
        for piece in [7, 1000, bundle.len()] {
            let mut receiver = Receiver::new(Vec::new(), newcomer(&newsroom), None, moment(1));
            let mut rest = bundle.clone();
            while !rest.is_empty() {
                receiver.push(rest.split_to(piece.min(rest.len()))).unwrap();
            }
            let publish = |out: Vec<u8>| Ok::<_, colport::edition::Refusal>(Bytes::from(out));
            let taken: VerifiedEdition = receiver.finish(publish).unwrap();
            assert_eq!(taken.bundle(), edition.bundle());
            assert!(taken.lists_beside().is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_whose_mirrors_are_all_gone_goes_on_with_a_bundle_that_he_was_given() {
        let mut newsroom = Newsroom::found(1, 2);
        let before = newsroom.publish(moment(0));
        newsroom.write("be/2026/11/river/more.html", "<p>more");
        let newest = newsroom.publish(moment(1));
        let mut world = World::default();
        let living = world.add(Behaviour::Good);
        living.show(&newest);
        let folder = tempfile::tempdir().unwrap();
        let trust = || FirstTrust::Fingerprint(Fingerprint::of_first_root(&newsroom.first_root()));
        let own = word("k3q9x2m7k3q9");
        let options = |store: &str, brought: Option<Brought>| {
            let mut options = Options::new(Vec::new(), folder.path().join(store), trust());
            options.channel = Some(own.clone());
            options.brought = brought;
            options
        };
        let got = reader::get(&world, moment(2), &options("a", None), &mut |_| ()).await;
        assert!(matches!(got, Err(ReadError::NoMirrors)));
        let list = sealed(&own, 4, &living.url(), &Newsroom::list_key(1));
        let bundle = carrying(before.bundle(), &[list]);
        let brought = Excerpt::open(bundle, &newcomer(&newsroom), moment(2)).unwrap();
        let brought = Some(Brought::of(&brought));
        let got = reader::get(&world, moment(2), &options("b", brought), &mut |_| ()).await;
        assert_eq!(got.unwrap().edition.number(), newest.number());
        // And the next time he needs nothing.
        let got = reader::get(&world, moment(3), &options("b", None), &mut |_| ()).await;
        assert_eq!(got.unwrap().list.unwrap().mirrors, 1);
    }

    /// A newsroom, a mirror of its edition, one that is gone, and a reader's folder.
    struct Scene {
        newsroom: Newsroom,
        edition: Arc<VerifiedEdition>,
        world: World,
        good: Arc<Mirror>,
        gone: Arc<Mirror>,
        folder: tempfile::TempDir,
    }

    impl Scene {
        fn new() -> Self {
            let mut newsroom = Newsroom::found(1, 2);
            let edition = newsroom.publish(moment(0));
            let mut world = World::default();
            let good = world.add(Behaviour::Good);
            good.show(&edition);
            Self {
                newsroom,
                edition,
                good,
                gone: world.add(Behaviour::Refused),
                world,
                folder: tempfile::tempdir().unwrap(),
            }
        }

        /// What a reader was given who knows the first root alone.
        fn brought(&self, edition: &VerifiedEdition, list: (ListFile, Bytes)) -> Option<Brought> {
            let bundle = carrying(edition.bundle(), &[list]);
            let opened = Excerpt::open(bundle, &newcomer(&self.newsroom), moment(2)).unwrap();
            Some(Brought::of(&opened))
        }

        fn options(&self) -> Options {
            let trust = FirstTrust::Root(self.newsroom.first_root());
            let mut options = Options::new(Vec::new(), self.folder.path().join("store"), trust);
            options.channel = Some(word("k3q9x2m7k3q9"));
            options
        }

        async fn get(&self, options: &Options) -> Result<reader::Got, ReadError> {
            reader::get(&self.world, moment(2), options, &mut |_| ()).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_word_of_another_newsroom_or_a_made_up_one_takes_no_list_away() {
        let scene = Scene::new();
        let list = |word: &str, version| {
            let url = scene.good.url();
            sealed(&self::word(word), version, &url, &Newsroom::list_key(1))
        };
        let (own, next) = (list("k3q9x2m7k3q9", 4), list("another7word", 5));
        let mut first = scene.options();
        first.brought = scene.brought(&scene.edition, own);
        assert_eq!(scene.get(&first).await.unwrap().list.unwrap().version, 4);

        let told = |trust: FirstTrust, mirror: &Mirror| {
            let mut options = scene.options();
            (options.trust, options.mirrors) = (trust, vec![mirror.url()]);
            options.channel = Some(word("another7word"));
            options
        };
        let other = FirstTrust::Root(Newsroom::found(2, 0).first_root());
        let other = told(other, &scene.good);
        let good = told(FirstTrust::Kept, &scene.good);
        let dead = told(FirstTrust::Kept, &scene.gone);
        let mut kept = scene.options();
        (kept.channel, kept.trust) = (None, FirstTrust::Kept);

        let refused = scene.get(&other).await;
        assert!(matches!(refused, Err(ReadError::OtherNewsroom { .. })));
        assert_eq!(scene.get(&kept).await.unwrap().list.unwrap().version, 4);
        let refused = scene.get(&dead).await;
        assert!(matches!(refused, Err(ReadError::NoGoodMirror { .. })));
        assert_eq!(scene.get(&kept).await.unwrap().list.unwrap().version, 4);
        // An edition comes from a mirror that knows nothing of such a channel.
        assert_eq!(scene.get(&good).await.unwrap().list, None);
        assert_eq!(scene.get(&kept).await.unwrap().list.unwrap().version, 4);
        // One that opens a list is another matter.
        let mut moved = good;
        moved.brought = scene.brought(&scene.edition, next);
        assert_eq!(scene.get(&moved).await.unwrap().list.unwrap().version, 5);
        assert_eq!(scene.get(&kept).await.unwrap().list.unwrap().version, 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_by_a_key_that_was_taken_back_is_refused_and_one_by_the_next_is_taken() {
        let mut scene = Scene::new();
        let url = scene.good.url();
        let own = word("k3q9x2m7k3q9");
        let list = |version, key| sealed(&own, version, &url, &Newsroom::list_key(key));
        let old = scene.edition.clone();
        let mut options = scene.options();
        options.brought = scene.brought(&old, list(4, 1));
        assert_eq!(scene.get(&options).await.unwrap().list.unwrap().version, 4);
        scene.newsroom.replace_list_key(9, moment(1));
        let newest = scene.newsroom.publish(moment(1));
        // Nobody answers, so that the store learns of the other key by the bundle alone.
        scene.good.behave(Behaviour::Refused);
        options.brought = scene.brought(&newest, list(5, 9));
        assert!(scene.get(&options).await.is_err());
        scene.good.behave(Behaviour::Good);
        scene.good.show(&newest);
        options.brought = scene.brought(&newest, list(6, 9));
        assert_eq!(scene.get(&options).await.unwrap().list.unwrap().version, 6);
        // His, who stole the key that was taken back, with a bundle of that time.
        options.brought = scene.brought(&old, list(7, 1));
        assert_eq!(scene.get(&options).await.unwrap().list.unwrap().version, 6);
        options.brought = None;
        assert_eq!(scene.get(&options).await.unwrap().list.unwrap().version, 6);
    }

    /// What the reader's store makes of a bundle that a friend brought.
    fn by_store(
        scene: &Scene,
        edition: &VerifiedEdition,
        list: (ListFile, Bytes),
    ) -> Result<Option<Brought>, OpenError> {
        let store = Store::open(&scene.folder.path().join("store")).unwrap();
        let known = reader::Newsroom::of_store(&store).unwrap().unwrap();
        let bundle = carrying(edition.bundle(), &[list]);
        reader::brought(bundle, &known, moment(2)).map(Some)
    }

    #[tokio::test(start_paused = true)]
    async fn an_older_edition_than_was_seen_brings_its_list_and_is_no_news() {
        let mut scene = Scene::new();
        let (old, own) = (scene.edition.clone(), word("k3q9x2m7k3q9"));
        let newest = scene.newsroom.publish(moment(1));
        scene.good.show(&newest);
        let list =
            |version, mirror: &Mirror| sealed(&own, version, &mirror.url(), &Newsroom::list_key(1));
        let mut options = scene.options();
        options.mirrors = vec![scene.good.url()];
        let got = scene.get(&options).await.unwrap();
        assert_eq!((got.edition.number(), got.list), (newest.number(), None));

        // The mirror that was known is gone; by the old bundle another is found.
        let known = scene.gone.url();
        let mut options = scene.options();
        options.mirrors = vec![known];
        options.brought = by_store(&scene, &old, list(4, &scene.good)).unwrap();
        let got = scene.get(&options).await.unwrap();
        assert_eq!(got.edition.number(), newest.number());
        assert_eq!(got.list.unwrap().version, 4);
        // A list that is older than the one that is known takes its place in no bundle.
        options.brought = by_store(&scene, &old, list(3, &scene.gone)).unwrap();
        assert_eq!(scene.get(&options).await.unwrap().list.unwrap().version, 4);
        // And who shows the old edition itself is refused as before.
        scene.good.show(&old);
        let refused = scene.get(&options).await;
        assert!(matches!(refused, Err(ReadError::NoGoodMirror { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn a_thief_cannot_number_his_list_so_high_that_the_newsrooms_own_counts_as_older() {
        let mut scene = Scene::new();
        let (old, own) = (scene.edition.clone(), word("k3q9x2m7k3q9"));
        scene.good.show(&old);
        let mut options = scene.options();
        options.mirrors = vec![scene.good.url()];
        let stolen = sealed(&own, 1 << 60, &scene.gone.url(), &Newsroom::list_key(1));
        options.brought = scene.brought(&old, stolen);
        let got = scene.get(&options).await.unwrap();
        assert_eq!(got.list.unwrap().version, 1 << 60);

        // The key is taken back, and every mirror that the reader knows is the thief's.
        scene.newsroom.replace_list_key(9, moment(1));
        let newest = scene.newsroom.publish(moment(1));
        scene.good.show(&newest);
        let mut options = scene.options();
        options.mirrors = vec![scene.gone.url()];
        let list = sealed(&own, 4, &scene.good.url(), &Newsroom::list_key(9));
        options.brought = by_store(&scene, &newest, list).unwrap();
        let got = scene.get(&options).await.unwrap();
        assert_eq!(got.edition.number(), newest.number());
        assert_eq!(got.list.unwrap().version, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bundle_by_a_key_that_was_taken_back_brings_no_list() {
        let mut scene = Scene::new();
        let (old, own) = (scene.edition.clone(), word("k3q9x2m7k3q9"));
        scene.newsroom.replace_list_key(9, moment(1));
        let newest = scene.newsroom.publish(moment(1));
        scene.good.show(&newest);
        let mut options = scene.options();
        options.mirrors = vec![scene.good.url()];
        scene.get(&options).await.unwrap();
        for key in [1, 9] {
            let list = sealed(&own, 7, &scene.gone.url(), &Newsroom::list_key(key));
            let refused = by_store(&scene, &old, list).unwrap_err();
            assert!(
                matches!(
                    refused,
                    OpenError::Refused(Refusal::Trust(trust::Refusal::ThresholdNotMet { .. }))
                ),
                "{refused:?}"
            );
        }
    }
}
