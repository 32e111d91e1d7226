//! An edition from the press to who receives it: whole, as an update, and in the hands of a forger.

use std::sync::Arc;

use bytes::Bytes;
use colport::base::{Digest, SitePath};
use colport::bundle::{About, BundleError, Kind, Member, MemberName, Scanner, Writer, pack};
use colport::edition::{
    Effort, Excerpt, Holding, Receiver, Refusal, Remembered, Variant, VerifiedEdition,
    write_excerpt, write_update,
};
use colport::packager::Files;
use jiff::Timestamp;

use super::press::{Newsroom, path, site};

fn first() -> Files {
    site(&[
        ("index.html", "<p>home"),
        ("be/index.html", "<p>front"),
        ("be/2026/11/river/index.html", "<p>The river has risen"),
        ("be/2026/11/river/1.webp", "not really a picture"),
        ("be/2026/10/market/index.html", "<p>The market is open"),
    ])
}

fn second() -> Files {
    let mut files = first();
    files.extend(site(&[
        ("be/index.html", "<p>front, newer"),
        ("be/2026/11/bridge/index.html", "<p>The bridge stands"),
    ]));
    files.remove(&path("be/2026/10/market/index.html"));
    files
}

fn receive(
    bundle: Bytes,
    remembered: Remembered,
    held: Option<Arc<VerifiedEdition>>,
    now: Timestamp,
) -> Result<(VerifiedEdition, Vec<u8>), Refusal> {
    let mut receiver = Receiver::new(Vec::new(), remembered, held, now);
    for start in (0..bundle.len()).step_by(777) {
        receiver.push(bundle.slice(start..bundle.len().min(start + 777)))?;
    }
    let mut written = Vec::new();
    let edition = receiver.finish(|out| {
        written = out.clone();
        Ok::<_, Refusal>(Bytes::from(out))
    })?;
    Ok((edition, written))
}

fn members(bundle: &Bytes) -> Vec<Member> {
    let mut scanner = Scanner::default();
    scanner.push(bundle.clone());
    std::iter::from_fn(|| scanner.next().unwrap()).collect()
}

/// The bundle with some of its members changed, left out or added, and a right table of contents.
fn rewrite(
    bundle: &Bytes,
    change: impl Fn(&Member) -> Option<Vec<u8>>,
    extra: &[(&str, &str)],
) -> Bytes {
    let members = members(bundle);
    let about = About::parse(&members[0].content().unwrap()).unwrap();
    let mut writer = Writer::start(Vec::new(), &about).unwrap();
    let mut files = std::collections::BTreeMap::new();
    for member in &members {
        match &member.name {
            MemberName::Metadata(name) => {
                if let Some(content) = change(member) {
                    writer.metadata(name, &content).unwrap();
                }
            }
            MemberName::File(path) => {
                if let Some(content) = change(member) {
                    files.insert(path.clone(), content);
                }
            }
            _ => {}
        }
    }
    files.extend(
        extra
            .iter()
            .map(|(place, content)| (path(place), content.as_bytes().to_vec())),
    );
    for (path, content) in files {
        writer
            .file(&path, content.len() as u64, &pack(&content, Effort::Quick))
            .unwrap();
    }
    writer.finish().unwrap().into()
}

fn as_it_is(member: &Member) -> Option<Vec<u8>> {
    Some(member.content().unwrap())
}

fn is_file(member: &Member, place: &str) -> bool {
    member.name == MemberName::File(path(place))
}

fn excerpt(edition: &VerifiedEdition, variant: Variant) -> Bytes {
    write_excerpt(Vec::new(), edition, variant).unwrap().into()
}

const PICTURE: &str = "be/2026/11/river/1.webp";

#[test]
fn a_small_copy_lacks_pictures_and_says_which() {
    let newsroom = Newsroom::new();
    let mut files = first();
    let heavy = path("be/2026/11/river/2.webp");
    files.insert(heavy.clone(), vec![7; 20_000].into());
    let edition = newsroom.publish(&files);
    let check = |variant, lacking: &[SitePath]| {
        let bundle = excerpt(&edition, variant);
        assert_eq!(bundle, excerpt(&edition, variant), "the same bytes");
        let opened = Excerpt::open(bundle, &newsroom.newcomer(), newsroom.now).unwrap();
        assert_eq!(opened.lacking().cloned().collect::<Vec<_>>(), lacking);
        let mut here = files.clone();
        here.retain(|path, _| !lacking.contains(path));
        let held = opened.files();
        let held: Files = held.map(|(p, e)| (p.clone(), opened.content(e))).collect();
        assert_eq!(held, here);
    };
    check(Variant::Full, &[]);
    check(Variant::Light, std::slice::from_ref(&heavy));
    check(Variant::Text, &[path(PICTURE), heavy.clone()]);
    assert_eq!(excerpt(&edition, Variant::Full), edition.bundle());
}

/// The bundle with every header and all metadata packed anew.
fn anew(bundle: &Bytes) -> Bytes {
    let members = members(bundle);
    let about = About::parse(&members[0].content().unwrap()).unwrap();
    let mut writer = Writer::start(Vec::new(), &about).unwrap();
    for member in &members {
        let written = match &member.name {
            MemberName::Metadata(name) => writer.metadata(name, &member.content().unwrap()),
            MemberName::File(path) => writer.file(path, member.length, &member.packed),
            _ => continue,
        };
        written.unwrap();
    }
    writer.finish().unwrap().into()
}

#[test]
fn what_is_copied_has_the_bytes_that_it_would_have_anew() {
    let mut newsroom = Newsroom::new();
    let one = newsroom.publish(&first());
    newsroom.pass(1);
    let two = newsroom.publish(&second());
    for edition in [one, two] {
        assert_eq!(anew(edition.bundle()), edition.bundle());
        for variant in [Variant::Light, Variant::Text] {
            let small = excerpt(&edition, variant);
            assert_eq!(anew(&small), small);
        }
    }
}

#[test]
fn a_small_copy_is_no_edition_and_no_mirror_takes_it() {
    let newsroom = Newsroom::new();
    let edition = newsroom.publish(&first());
    // The light one lacks nothing here, but is none all the same: mirrors hold full bundles.
    for variant in [Variant::Light, Variant::Text] {
        let bundle = excerpt(&edition, variant);
        let opened = VerifiedEdition::open(bundle.clone(), &newsroom.newcomer(), newsroom.now);
        assert_eq!(opened.err(), Some(Refusal::ExcerptOnly));
        let received = receive(bundle, newsroom.newcomer(), None, newsroom.now);
        assert_eq!(received.err(), Some(Refusal::ExcerptOnly));
    }
}

#[test]
fn a_bundle_that_was_good_before_is_taken_only_if_not_a_byte_of_it_changed() {
    let newsroom = Newsroom::new();
    let edition = newsroom.publish(&first());
    let bundle = edition.bundle();
    let (remembered, now) = (newsroom.newcomer(), newsroom.now);
    let good = Digest::of(bundle);
    let again = |bundle: &Bytes, digest| {
        VerifiedEdition::open_again(bundle.clone(), digest, &remembered, now, &mut |_| {})
    };
    let opened = again(bundle, good).unwrap();
    assert!(opened.files().eq(edition.files()));
    // Nobody saw that one before: it is verified as any other.
    assert!(again(bundle, Digest::of(b"")).is_ok());
    let page = "be/2026/11/river/index.html";
    let changed = |member: &Member| match is_file(member, page) {
        true => Some(b"<p>The river has fallen".to_vec()),
        false => as_it_is(member),
    };
    let forged = rewrite(bundle, changed, &[]);
    let altered = Refusal::Altered { path: path(page) };
    assert_eq!(again(&forged, good).err(), Some(altered));
    let entry = edition.file(&path(page)).unwrap();
    for at in [entry.place().end - 5, bundle.len() as u64 - 1] {
        let mut damaged = bundle.to_vec();
        damaged[usize::try_from(at).unwrap()] ^= 1;
        assert!(again(&damaged.into(), good).is_err(), "byte {at}");
    }
}

/// A large site has hundreds of thousands of paths, and tens of megabytes of signed lists.
#[test]
fn paths_are_held_once_and_lists_where_they_were_laid() {
    let newsroom = Newsroom::new();
    let files = first();
    let edition = newsroom.publish(&files);
    for (path, _) in edition.files() {
        let (given, _) = files.get_key_value(path).unwrap();
        assert!(Arc::ptr_eq(&given.text(), &path.text()), "{path}");
    }
    let bundle = edition.bundle().clone();
    let opened = VerifiedEdition::open(bundle, &newsroom.newcomer(), newsroom.now).unwrap();
    let lists: Vec<Bytes> = opened.proof().trusted().lists().cloned().collect();
    let before = (opened.gathered(), opened.remembered());
    let mut laid = lists.concat();
    // What the disk changed is not taken for what was signed.
    laid[0] ^= 1;
    let laid = Bytes::from(laid);
    let lies_there = |list: &Bytes| laid.as_ptr_range().contains(&list.as_ptr());
    let aside = opened.with_lists_in(&laid);
    let held = aside.proof().trusted().lists();
    assert!(held.map(lies_there).eq((0..lists.len()).map(|at| at > 0)));
    assert!(aside.gathered().iter().eq(before.0.iter()));
    let remembered = aside.remembered();
    assert_eq!(remembered.targets, before.1.targets);
    let there = remembered.targets.values().filter(|list| lies_there(list));
    assert_eq!(there.count(), lists.len() - 1);
}

#[test]
fn who_hands_on_a_small_copy_can_neither_leave_out_nor_change_a_page() {
    let newsroom = Newsroom::new();
    let edition = newsroom.publish(&first());
    let text = excerpt(&edition, Variant::Text);
    let open = |bundle| Excerpt::open(bundle, &newsroom.newcomer(), newsroom.now);
    let page = "be/2026/11/river/index.html";
    let without = |member: &Member| as_it_is(member).filter(|_| !is_file(member, page));
    let missing = Refusal::FilesMissing {
        first: path(page),
        count: 1,
    };
    assert_eq!(open(rewrite(&text, without, &[])).err(), Some(missing));
    let changed = |member: &Member| match is_file(member, page) {
        true => Some(b"<p>The river has fallen".to_vec()),
        false => as_it_is(member),
    };
    let altered = Refusal::Altered { path: path(page) };
    assert_eq!(open(rewrite(&text, changed, &[])).err(), Some(altered));
    let added = rewrite(&text, as_it_is, &[("be/new.webp", "x")]);
    assert!(matches!(open(added).err(), Some(Refusal::Stray { .. })));
    // One that claims to be whole must be.
    let whole = edition.bundle();
    let without = |member: &Member| as_it_is(member).filter(|_| !is_file(member, PICTURE));
    let refused = open(rewrite(whole, without, &[])).err();
    assert!(matches!(refused, Some(Refusal::FilesMissing { .. })));
}

#[test]
fn what_is_published_opens_and_holds_every_file() {
    let newsroom = Newsroom::new();
    let edition = newsroom.publish(&first());
    let opened =
        VerifiedEdition::open(edition.bundle().clone(), &newsroom.newcomer(), newsroom.now)
            .unwrap();
    assert_eq!(opened.number(), 1);
    assert_eq!(opened.issued(), Some(newsroom.now));
    let files: Files = opened
        .files()
        .map(|(path, entry)| (path.clone(), opened.content(entry)))
        .collect();
    assert_eq!(files, first());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let newsroom = Newsroom::new();
    let prints = [
        newsroom.try_print(&first()).unwrap(),
        newsroom.try_print(&first()).unwrap(),
    ];
    assert_eq!(prints[0].bundle(), prints[1].bundle());
}

#[test]
fn a_second_edition_signs_only_what_changed() {
    let mut newsroom = Newsroom::new();
    let one = newsroom.publish(&first());
    newsroom.pass(24);
    let two = newsroom.publish(&second());
    let names = |edition: &VerifiedEdition| {
        edition
            .metadata()
            .map(|(name, _)| name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(two.number(), 2);
    assert!(
        names(&one).contains(&"1.site.json".to_owned()),
        "{:?}",
        names(&one)
    );
    assert!(
        names(&two).contains(&"1.site.json".to_owned()),
        "{:?}",
        names(&two)
    );
    assert!(
        names(&two).contains(&"2.be-2026-11.json".to_owned()),
        "{:?}",
        names(&two)
    );
    assert!(
        names(&two).contains(&"1.targets.json".to_owned()),
        "{:?}",
        names(&two)
    );
}

#[test]
fn a_full_bundle_received_in_pieces_is_the_same_bundle() {
    let newsroom = Newsroom::new();
    let edition = newsroom.publish(&first());
    let (received, written) = receive(
        edition.bundle().clone(),
        newsroom.newcomer(),
        None,
        newsroom.now,
    )
    .unwrap();
    assert_eq!(received.number(), 1);
    assert_eq!(edition.bundle(), &written);
}

#[test]
fn an_update_makes_the_publishers_full_bundle_out_of_the_one_before() {
    let mut newsroom = Newsroom::new();
    let one = newsroom.publish(&first());
    newsroom.pass(24);
    let two = newsroom.publish(&second());
    let update = write_update(Vec::new(), &two, &Holding::from(one.proof())).unwrap();
    assert!(
        update.len() < two.bundle().len(),
        "{} < {}",
        update.len(),
        two.bundle().len()
    );
    let (received, written) = receive(
        update.into(),
        one.remembered(),
        Some(one.clone()),
        newsroom.now,
    )
    .unwrap();
    assert_eq!(received.number(), 2);
    assert_eq!(two.bundle(), &written);
}

#[test]
fn an_update_is_refused_without_the_edition_that_it_builds_on() {
    let mut newsroom = Newsroom::new();
    let one = newsroom.publish(&first());
    newsroom.pass(24);
    let two = newsroom.publish(&second());
    let update: Bytes = write_update(Vec::new(), &two, &Holding::from(one.proof()))
        .unwrap()
        .into();
    let refusal = receive(update.clone(), newsroom.newcomer(), None, newsroom.now).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::WrongBase {
            base: 1,
            held: None
        }
    );
    let refusal = VerifiedEdition::open(update, &newsroom.newcomer(), newsroom.now).unwrap_err();
    assert_eq!(refusal, Refusal::UpdateAlone);
}

#[test]
fn an_older_or_equal_edition_is_refused_before_its_files() {
    let mut newsroom = Newsroom::new();
    let one = newsroom.publish(&first());
    newsroom.pass(24);
    let two = newsroom.publish(&second());
    for (offered, bundle) in [(1, one.bundle()), (2, two.bundle())] {
        let mut receiver = Receiver::new(
            Vec::new(),
            two.remembered(),
            Some(two.clone()),
            newsroom.now,
        );
        // Not even the first file is needed to see it.
        let refusal = receiver.push(bundle.slice(..4000)).unwrap_err();
        assert_eq!(refusal, Refusal::NotNewer { offered, held: 2 });
    }
    // One who lies about the number is caught by the metadata.
    let lying = relabel(
        one.bundle(),
        &About {
            kind: Kind::Full,
            edition: 3,
        },
    );
    let refusal = receive(lying, two.remembered(), Some(two.clone()), newsroom.now).unwrap_err();
    assert!(
        matches!(
            refusal,
            Refusal::Trust(colport::trust::Refusal::Rollback { .. })
        ),
        "{refusal:?}"
    );
}

/// The bundle with another `1.root.json`, all else as it is.
pub fn with_first_root(bundle: &Bytes, root: &Bytes) -> Bytes {
    let is_root = |member: &Member| match &member.name {
        MemberName::Metadata(name) => name.to_string() == "1.root.json",
        _ => false,
    };
    let change = |member: &Member| match is_root(member) {
        true => Some(root.to_vec()),
        false => as_it_is(member),
    };
    rewrite(bundle, change, &[])
}

fn relabel(bundle: &Bytes, about: &About) -> Bytes {
    let mut writer = Writer::start(Vec::new(), about).unwrap();
    for member in members(bundle) {
        match &member.name {
            MemberName::Metadata(name) => {
                writer.metadata(name, &member.content().unwrap()).unwrap();
            }
            MemberName::File(path) => {
                writer.file(path, member.length, &member.packed).unwrap();
            }
            _ => {}
        }
    }
    writer.finish().unwrap().into()
}

fn check_forgery(forge: impl Fn(&Bytes) -> Bytes, expected: Refusal) {
    let newsroom = Newsroom::new();
    let forged = forge(newsroom.publish(&first()).bundle());
    let opened = VerifiedEdition::open(forged.clone(), &newsroom.newcomer(), newsroom.now);
    assert_eq!(opened.unwrap_err(), expected);
    let received = receive(forged, newsroom.newcomer(), None, newsroom.now);
    assert_eq!(received.map(|_| ()).unwrap_err(), expected);
}

#[test]
fn a_changed_page_is_refused() {
    let river = "be/2026/11/river/index.html";
    let change = |member: &Member| match is_file(member, river) {
        true => Some(b"<p>The river has f\xd0llen".to_vec()),
        false => as_it_is(member),
    };
    check_forgery(
        |bundle| rewrite(bundle, change, &[]),
        Refusal::Altered { path: path(river) },
    );
}

#[test]
fn a_page_that_nobody_signed_is_refused() {
    check_forgery(
        |bundle| rewrite(bundle, as_it_is, &[("be/2026/11/lie/index.html", "<p>lie")]),
        Refusal::Stray {
            path: path("be/2026/11/lie/index.html"),
        },
    );
}

#[test]
fn a_page_left_out_is_noticed() {
    let river = "be/2026/11/river/index.html";
    let change = |member: &Member| {
        if is_file(member, river) {
            None
        } else {
            as_it_is(member)
        }
    };
    check_forgery(
        |bundle| rewrite(bundle, change, &[]),
        Refusal::FilesMissing {
            first: path(river),
            count: 1,
        },
    );
}

#[test]
fn a_bundle_without_its_end_is_refused() {
    let newsroom = Newsroom::new();
    let edition = newsroom.publish(&first());
    let cut = edition.bundle().slice(..edition.bundle().len() - 1);
    let refusal = VerifiedEdition::open(cut, &newsroom.newcomer(), newsroom.now).unwrap_err();
    assert!(
        matches!(refusal, Refusal::Bundle(BundleError::Truncated { .. })),
        "{refusal:?}"
    );
}

#[test]
fn another_newsrooms_edition_is_refused() {
    let edition = Newsroom::new().publish(&first());
    let other = Newsroom::new();
    let refusal =
        VerifiedEdition::open(edition.bundle().clone(), &other.newcomer(), other.now).unwrap_err();
    assert!(matches!(refusal, Refusal::Trust(_)), "{refusal:?}");
}

/// Each bit of the bundle turned: refused, or nothing that a reader can see has changed.
#[test]
fn a_flipped_bit_changes_nothing_that_is_seen() {
    let newsroom = Newsroom::new();
    let edition = newsroom.publish(&site(&[("index.html", "<p>home")]));
    let mut refused = 0;
    for at in 0..edition.bundle().len() {
        let mut flipped = edition.bundle().to_vec();
        flipped[at] ^= 1 << (at % 8);
        match VerifiedEdition::open(flipped.into(), &newsroom.newcomer(), newsroom.now) {
            Err(_) => refused += 1,
            Ok(opened) => {
                let home = opened.file(&path("index.html")).unwrap();
                assert_eq!(opened.content(home), "<p>home");
            }
        }
    }
    assert!(
        refused * 10 > edition.bundle().len() * 9,
        "{refused} of {} refused",
        edition.bundle().len()
    );
}

#[test]
fn what_was_good_before_a_lie_is_kept_and_the_rest_comes_from_elsewhere() {
    let newsroom = Newsroom::new();
    let edition = newsroom.publish(&first());
    let genuine = edition.bundle();
    let mut lying = genuine.to_vec();
    let river = edition.file(&path("be/2026/11/river/index.html")).unwrap();
    let packed = edition.packed(river);
    let at = genuine
        .windows(packed.len())
        .position(|window| window == packed)
        .unwrap();
    lying[at + packed.len() / 2] ^= 0x55;
    let mut receiver = Receiver::new(Vec::new(), newsroom.newcomer(), None, newsroom.now);
    assert!(receiver.push(lying.into()).is_err());
    receiver.rewind();
    let position = usize::try_from(receiver.position()).unwrap();
    assert!(position > 0 && position <= at, "{position} before {at}");
    receiver.push(genuine.slice(position..)).unwrap();
    let received = receiver
        .finish(|out| Ok::<_, Refusal>(Bytes::from(out)))
        .unwrap();
    assert_eq!(received.bundle(), genuine);
}

#[test]
fn a_file_that_no_role_may_sign_is_refused_by_the_press() {
    let newsroom = Newsroom::new();
    let error = newsroom
        .try_print(&site(&[("ru/index.html", "x")]))
        .unwrap_err();
    assert!(error.to_string().contains("`ru/index.html`"), "{error}");
}

#[test]
fn an_edition_is_due_when_something_is_new_or_half_its_time_is_over() {
    let mut newsroom = Newsroom::new();
    assert!(newsroom.press().is_due(&first(), newsroom.now));
    newsroom.publish(&first());
    assert!(!newsroom.press().is_due(&first(), newsroom.now));
    assert!(newsroom.press().is_due(&second(), newsroom.now));
    newsroom.pass(24 * 4);
    assert!(newsroom.press().is_due(&first(), newsroom.now));
}
