//! The dense form: there and back, on broken lines, and in the hands of liars.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use colport::base::{MetadataName, SitePath, Timestamp};
use colport::bundle::dense::{
    Base, Head, Pressure, Texts, Way, folio_entry, groups, press, skippable,
};
use colport::edition::{
    DenseForms, Excerpt, Receiver, Refusal, Remembered, Retold, Variant, VerifiedEdition,
    write_dense, write_dense_update,
};
use proptest::collection::btree_map;
use proptest::prelude::*;

use crate::world::{Newsroom, moment, noise};

fn text(seed: u64, words: usize) -> String {
    let all = [
        "рака ",
        "стала ",
        "лёд ",
        "мост, ",
        "горад. ",
        "людзі ",
        "і ",
    ];
    let mut state = seed;
    let word = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(99);
        all[usize::try_from(state >> 33).unwrap() % all.len()]
    };
    (0..words).map(word).collect()
}

/// Two editions of a newsroom, with articles and pictures that stay, change, come and go.
struct Pair {
    newsroom: Newsroom,
    old: Arc<VerifiedEdition>,
    new: Arc<VerifiedEdition>,
}

impl Pair {
    fn new() -> Self {
        let mut newsroom = Newsroom::found(1, 4);
        for n in 0..20 {
            newsroom.write(&format!("be/2026/11/a{n}/index.html"), text(n, 400));
        }
        newsroom.write("be/2026/11/a3/1.webp", noise(77, 30_000));
        let old = newsroom.publish(moment(0));
        newsroom.write("index.html", "<title>Навіны</title> сёння".repeat(20));
        newsroom.write("be/2026/11/a3/index.html", text(3, 400) + "Дапоўнена.");
        newsroom.write("be/2026/11/new/index.html", text(900, 500));
        newsroom.write("be/2026/11/new/1.webp", noise(78, 20_000));
        newsroom.write("be/2026/11/new/2.webp", noise(79, 100));
        newsroom.write("be/2026/11/z/index.html", text(901, 50));
        newsroom.remove("be/2026/11/a5/index.html");
        let new = newsroom.publish(moment(24));
        Self { newsroom, old, new }
    }

    fn newcomer(&self) -> Remembered {
        Remembered::new(self.newsroom.first_root())
    }

    fn full(&self) -> Bytes {
        write_dense(Vec::new(), &self.new).unwrap().into()
    }

    fn update(&self) -> Bytes {
        write_dense_update(Vec::new(), &self.new, &self.old)
            .unwrap()
            .into()
    }

    /// As colport wrote it before texts were foretold, and writes it of very many texts.
    fn pressed_update(&self) -> Bytes {
        let forms = DenseForms::since_with(&self.old, &self.new, Texts::Pressed);
        let written = forms.unwrap().write(Vec::new(), Variant::Full);
        written.unwrap().into()
    }

    fn receiver(&self, held: Option<&Arc<VerifiedEdition>>) -> Receiver<Vec<u8>> {
        receiver(self.newcomer(), held, moment(25))
    }
}

fn receiver(
    newcomer: Remembered,
    held: Option<&Arc<VerifiedEdition>>,
    now: Timestamp,
) -> Receiver<Vec<u8>> {
    let remembered = held.map_or(newcomer, |held| held.remembered());
    Receiver::new(Vec::new(), remembered, held.cloned(), now)
}

fn pieces(stream: &Bytes, length: usize) -> impl Iterator<Item = Bytes> {
    let starts = (0..stream.len()).step_by(length.max(1));
    starts.map(move |at| stream.slice(at..stream.len().min(at + length.max(1))))
}

fn finish(receiver: Receiver<Vec<u8>>) -> Result<VerifiedEdition, Refusal> {
    receiver.finish(|out| Ok(Bytes::from(out)))
}

fn receive(mut receiver: Receiver<Vec<u8>>, stream: &Bytes) -> Result<VerifiedEdition, Refusal> {
    for piece in pieces(stream, 777) {
        receiver.push(piece)?;
    }
    finish(receiver)
}

fn contents(edition: &VerifiedEdition) -> BTreeMap<SitePath, Bytes> {
    let files = edition.files();
    files
        .map(|(path, entry)| (path.clone(), edition.content(entry)))
        .collect()
}

fn same(one: &VerifiedEdition, other: &VerifiedEdition, newcomer: &Remembered) {
    assert_eq!(one.number(), other.number());
    assert_eq!(contents(one), contents(other));
    let metadata = |edition: &VerifiedEdition| {
        let gathered = edition.gathered();
        gathered
            .iter()
            .map(|(n, c)| (n.clone(), c.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(metadata(one), metadata(other));
    // What was put together is a bundle like any other.
    let opened = VerifiedEdition::open(one.bundle().clone(), newcomer, moment(25));
    assert_eq!(opened.unwrap().number(), one.number());
}

#[test]
fn an_edition_and_an_update_go_there_and_back() {
    let pair = Pair::new();
    let (full, update) = (pair.full(), pair.update());
    let by_full = receive(pair.receiver(None), &full).unwrap();
    same(&by_full, &pair.new, &pair.newcomer());
    let by_update = receive(pair.receiver(Some(&pair.old)), &update).unwrap();
    same(&by_update, &pair.new, &pair.newcomer());
    // Who holds something older can take the whole as well.
    let by_full = receive(pair.receiver(Some(&pair.old)), &full).unwrap();
    same(&by_full, &pair.new, &pair.newcomer());
    assert_eq!((pair.full(), pair.update()), (full.clone(), update.clone()));
    let pictures = 4 * 50_000 + 30_000 + 20_000;
    assert!(full.len() < pictures + 25_000, "{}", full.len());
    assert!(update.len() < 20_100 + 3_500, "{}", update.len());
    assert!(full.len() < pair.new.bundle().len());
}

#[test]
fn an_update_whose_texts_are_pressed_is_taken_as_well() {
    let pair = Pair::new();
    let (foretold, pressed) = (pair.update(), pair.pressed_update());
    let made = receive(pair.receiver(Some(&pair.old)), &pressed).unwrap();
    same(&made, &pair.new, &pair.newcomer());
    assert!(foretold.len() < pressed.len(), "of which one is smaller");
    // Who takes the one for the other is not led astray: a file to learn from has no letter there.
    let (one, other) = (b"colport-dense-2", b"colport-dense-1");
    let at = foretold.windows(one.len()).position(|part| part == one);
    let mut mistaken = foretold.to_vec();
    mistaken[at.unwrap()..][..other.len()].copy_from_slice(other);
    let refused = receive(pair.receiver(Some(&pair.old)), &mistaken.into());
    let refused = refused.map(drop).unwrap_err().to_string();
    assert!(
        refused.contains("choice of old files is unclear"),
        "{refused}"
    );
}

#[test]
fn an_update_to_and_from_an_edition_without_files_goes_there_and_back() {
    let mut newsroom = Newsroom::found(3, 0);
    newsroom.write("be/a/index.html", text(1, 200));
    let first = newsroom.publish(moment(0));
    for (path, _) in first.files() {
        newsroom.remove(path.as_str());
    }
    let empty = newsroom.publish(moment(12));
    assert_eq!(empty.files().count(), 0);
    newsroom.write("be/b/index.html", text(2, 200));
    let again = newsroom.publish(moment(24));
    let newcomer = Remembered::new(newsroom.first_root());
    for (old, new) in [(&first, &empty), (&empty, &again)] {
        let update = write_dense_update(Vec::new(), new, old).unwrap().into();
        let made = receive(receiver(newcomer.clone(), Some(old), moment(25)), &update);
        same(&made.unwrap(), new, &newcomer);
    }
}

#[test]
fn nobody_has_much_learned_for_a_few_bytes() {
    let mut newsroom = Newsroom::found(3, 0);
    for n in 0..60 {
        newsroom.write(&format!("be/a{n}/index.html"), text(n, 2500));
    }
    let old = newsroom.publish(moment(0));
    newsroom.write("be/b/index.html", "<p>new");
    let new = newsroom.publish(moment(24));
    let mut parts = Parts::of(&new);
    parts.head.base = Some(Base {
        edition: old.number(),
        mark: "0123456789abcdef".into(),
        texts: Texts::Foretold,
    });
    parts.choice = Some(vec![b'*'; old.files().count()].into());
    let receiver = receiver(
        Remembered::new(newsroom.first_root()),
        Some(&old),
        moment(25),
    );
    let refused = receive(receiver, &parts.write())
        .map(drop)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("to be learned from"), "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn any_two_editions_go_there_and_back(
        old in files(), new in files(), piece in 1..9000usize,
    ) {
        let mut newsroom = Newsroom::found(2, 0);
        for (path, content) in &old {
            newsroom.write(path, content.clone());
        }
        let before = newsroom.publish(moment(0));
        for path in old.keys().filter(|path| !new.contains_key(*path)) {
            newsroom.remove(path);
        }
        for (path, content) in &new {
            newsroom.write(path, content.clone());
        }
        newsroom.write("be/index.html", "<p>always another");
        let after = newsroom.publish(moment(24));
        let newcomer = Remembered::new(newsroom.first_root());
        let full: Bytes = write_dense(Vec::new(), &after).unwrap().into();
        let update: Bytes = write_dense_update(Vec::new(), &after, &before).unwrap().into();
        for (stream, held) in [(full, None), (update, Some(&before))] {
            let mut receiver = receiver(newcomer.clone(), held, moment(25));
            for piece in pieces(&stream, piece) {
                receiver.push(piece).unwrap();
                prop_assert!(receiver.position() <= stream.len() as u64);
            }
            prop_assert!(receiver.is_complete());
            prop_assert_eq!(receiver.position(), stream.len() as u64);
            same(&finish(receiver).unwrap(), &after, &newcomer);
        }
    }
}

fn files() -> impl Strategy<Value = BTreeMap<String, Bytes>> {
    let content = prop_oneof![
        (0..5u64, 0..3000usize).prop_map(|(seed, words)| text(seed, words).into_bytes().into()),
        (0..5u64, 0..200_000usize).prop_map(|(seed, length)| noise(seed, length)),
        Just(Bytes::from(vec![0; 300_000])),
    ];
    btree_map("be/2026/1[01]/[a-d]/[a-c]\\.html", content, 0..9)
}

fn pressed(dictionary: &[u8], contents: &[Bytes]) -> Vec<u8> {
    let mut out = Vec::new();
    press(&mut out, dictionary, contents, Pressure::Much).unwrap();
    out
}

/// An edition in its parts, to be put together otherwise.
#[derive(Clone)]
struct Parts {
    head: Head,
    choice: Option<Bytes>,
    dictionary: Bytes,
    folio: Vec<(String, Bytes)>,
    letters: Vec<u8>,
    pressed: Vec<Bytes>,
    raw: Vec<Bytes>,
    raw_bytes: Option<u32>,
    behind: Bytes,
}

impl Parts {
    /// All of an edition.
    fn of(edition: &VerifiedEdition) -> Self {
        let ways = |(path, entry): (&SitePath, _)| {
            let raw = path.as_str().ends_with(".webp");
            let way = if raw { Way::Raw } else { Way::Pressed };
            (path.clone(), edition.content(entry), way)
        };
        let files: Vec<_> = edition.files().map(ways).collect();
        let of = |way| {
            let files = files.iter().filter(move |(_, _, its)| *its == way);
            files
                .map(|(_, content, _)| content.clone())
                .collect::<Vec<_>>()
        };
        let names = edition.proof().names();
        let folio = |name: &MetadataName| {
            let content = edition.content(edition.metadata_file(name).unwrap());
            (folio_entry(name, content.len() as u64), content)
        };
        let laid = files
            .iter()
            .map(|(p, c, w)| (p.clone(), c.len() as u64, *w));
        assert_eq!(groups(laid).len(), 1, "small enough for this");
        Self {
            head: Head {
                edition: edition.number(),
                base: None,
                is_excerpt: false,
            },
            choice: None,
            dictionary: Bytes::new(),
            folio: names.iter().map(folio).collect(),
            letters: files.iter().map(|(_, _, way)| way.letter()).collect(),
            pressed: of(Way::Pressed),
            raw: of(Way::Raw),
            raw_bytes: None,
            behind: Bytes::new(),
        }
    }

    fn write(&self) -> Bytes {
        let mut out = Vec::new();
        let json = self.head.to_json();
        out.extend(skippable(u32::try_from(json.len()).unwrap()));
        out.extend(json);
        let frame = pressed;
        out.extend(
            self.choice
                .iter()
                .flat_map(|choice| frame(b"", std::slice::from_ref(choice))),
        );
        let mut folio = Vec::new();
        for (line, content) in &self.folio {
            folio.extend([line.clone().into(), content.clone()]);
        }
        folio.push(Bytes::from_static(b"\n"));
        out.extend(frame(&self.dictionary, &folio));
        out.extend(frame(b"", &[self.letters.clone().into()]));
        out.extend(frame(b"", &self.pressed));
        let raw: usize = self.raw.iter().map(Bytes::len).sum();
        out.extend(skippable(
            self.raw_bytes.unwrap_or(u32::try_from(raw).unwrap()),
        ));
        self.raw.iter().for_each(|raw| out.extend_from_slice(raw));
        out.extend_from_slice(&self.behind);
        out.into()
    }
}

#[test]
fn the_parts_put_together_by_hand_are_accepted() {
    let pair = Pair::new();
    let made = receive(pair.receiver(None), &Parts::of(&pair.new).write());
    same(&made.unwrap(), &pair.new, &pair.newcomer());
}

#[test]
fn every_lie_is_refused() {
    let pair = Pair::new();
    let sound = Parts::of(&pair.new);
    let check = |change: &dyn Fn(&mut Parts), expected: &str| {
        let mut parts = sound.clone();
        change(&mut parts);
        let refusal = receive(pair.receiver(None), &parts.write()).map(|_| ());
        let refusal = refusal.expect_err(expected).to_string();
        assert!(
            refusal.contains(expected),
            "{refusal} should be: {expected}"
        );
    };
    let other = Bytes::from(text(5, 10));
    check(
        &|p| p.pressed[1] = vec![b'x'; p.pressed[1].len()].into(),
        "is not what was signed",
    );
    check(
        &|p| p.raw[1] = noise(5, p.raw[1].len()),
        "is not what was signed",
    );
    check(&|p| p.pressed.swap(0, 1), "is not what was signed");
    check(&|p| p.raw.swap(0, 4), "is not what was signed");
    check(
        &|p| p.pressed.push(other.clone()),
        "it holds more than was signed",
    );
    check(&|p| drop(p.pressed.pop()), "it holds less than was signed");
    check(
        &|p| p.raw.push(other.clone()),
        "files that are not pressed should begin",
    );
    check(&|p| p.behind = other.clone(), "something follows its end");
    check(
        &|p| p.behind = pressed(b"", &[]).into(),
        "something follows",
    );
    check(
        &|p| drop(p.raw.pop()),
        "files that are not pressed should begin",
    );
    check(
        &|p| p.raw_bytes = Some(7),
        "files that are not pressed should begin",
    );
    check(
        &|p| p.letters[0] = b'-',
        "1 of the files that were signed are missing",
    );
    check(&|p| p.letters[0] = b'x', "it is unclear how its files come");
    check(
        &|p| {
            p.head.base = Some(Base {
                edition: 1,
                mark: "00".into(),
                texts: Texts::Pressed,
            });
        },
        "nothing is held yet",
    );
    check(&|p| p.head.is_excerpt = true, "leaves out pictures");
    check(&|p| p.folio.swap(0, 1), "in the wrong order");
    check(&|p| p.folio.swap(1, 2), "`timestamp` is missing");
    check(&|p| drop(p.folio.pop()), "missing");
    check(
        &|p| p.folio.push(p.folio[0].clone()),
        "metadata stands twice or in the wrong order",
    );
    check(
        &|p| p.folio[0].0 = "../root.json 5\n".into(),
        "no name and length",
    );
    check(
        &|p| p.folio[0].0 = "1.root.json 99999999\n".into(),
        "too large",
    );
    check(
        &|p| p.folio[0].0 = "x".repeat(200),
        "a line before metadata is too long",
    );
}

/// 20 MiB of nothing in a few kilobytes, in every place.
#[test]
fn after_a_lie_about_the_files_the_truth_is_taken() {
    let pair = Pair::new();
    let sound = Parts::of(&pair.new);
    for lie in [b'?', Way::Held.letter()] {
        let mut lying = sound.clone();
        lying.letters[0] = lie;
        let mut receiver = pair.receiver(None);
        receiver.push(lying.write()).unwrap_err();
        receiver.rewind();
        let at = usize::try_from(receiver.position()).unwrap();
        receiver.push(sound.write().slice(at..)).unwrap();
        same(&finish(receiver).unwrap(), &pair.new, &pair.newcomer());
    }
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    let pair = Pair::new();
    let bomb = Bytes::from(vec![0; 20 << 20]);
    let check = |change: &dyn Fn(&mut Parts)| {
        let mut parts = Parts::of(&pair.new);
        change(&mut parts);
        let mut receiver = pair.receiver(None);
        let stream = parts.write();
        let refused = pieces(&stream, 100).find_map(|piece| receiver.push(piece).err());
        assert!(refused.is_some());
    };
    check(&|parts| parts.pressed[0] = bomb.clone());
    check(&|parts| parts.pressed.push(bomb.clone()));
    check(&|parts| parts.letters = bomb.to_vec());
    check(&|parts| parts.folio[0].1 = bomb.clone());
    check(&|parts| parts.folio[1].1 = bomb.clone());
    // Files of metadata without end that nobody signed.
    check(&|parts| {
        for n in 1..20 {
            let name = format!("{n}.zz.json");
            parts
                .folio
                .push((format!("{name} 4000000\n"), bomb.slice(..4_000_000)));
        }
    });
}

/// What a reader has who takes no pictures, or only small ones.
#[test]
fn small_copies_go_there_and_back_and_are_brought_up_to_date() {
    let pair = Pair::new();
    let receive = |stream: &Bytes, held: Option<Arc<Excerpt>>, variant| {
        let remembered = pair.newcomer();
        let out = Vec::new();
        let mut receiver = Receiver::of_variant(out, remembered, held, variant, moment(25));
        for piece in pieces(stream, 777) {
            receiver.push(piece)?;
        }
        receiver.finish_excerpt(|out| Ok::<_, Refusal>(Bytes::from(out)))
    };
    let check = |edition: &Excerpt, whole: &VerifiedEdition, pictures: usize| {
        let opened = Excerpt::open(edition.bundle().clone(), &pair.newcomer(), moment(25));
        let opened = opened.unwrap();
        assert_eq!(opened.number(), whole.number());
        let pages = |excerpt: &Excerpt| {
            let is_picture = |path: &SitePath| path.as_str().ends_with(".webp");
            excerpt
                .files()
                .filter(|(path, _)| !is_picture(path))
                .count()
        };
        assert_eq!(pages(&opened), pages(whole));
        assert_eq!(opened.files().count() - pages(&opened), pictures);
    };
    for (variant, before, after) in [(Variant::Text, 0, 0), (Variant::Light, 0, 1)] {
        let write = |mut forms: DenseForms<'_>| forms.write(Vec::new(), variant).unwrap();
        let first: Bytes = write(DenseForms::of(&pair.old)).into();
        let held = Arc::new(receive(&first, None, variant).unwrap());
        assert!(held.covers(variant) && !held.covers(Variant::Full));
        check(&held, &pair.old, before);
        let update: Bytes = write(DenseForms::since(&pair.old, &pair.new).unwrap()).into();
        assert!(update.len() < 4500, "{}", update.len());
        let made = receive(&update, Some(held.clone()), variant).unwrap();
        check(&made, &pair.new, after);
        // A mirror that kept only the texts of the old edition makes the same.
        let again: Bytes = write(DenseForms::since(&held, &pair.new).unwrap()).into();
        assert_eq!(again, update);
        // Who wants everything is not deceived.
        let refused = receive(&update, Some(held.clone()), Variant::Full);
        assert_eq!(refused.map(drop), Err(Refusal::ExcerptOnly));
        // Of a full one, too, what is not wanted need not be held; what is wanted must.
        let full = pair.update();
        assert!(
            receive(&full, Some(held.clone()), variant)
                .unwrap()
                .covers(variant)
        );
        let refused = receive(&full, Some(held), Variant::Full);
        assert!(matches!(refused, Err(Refusal::FilesMissing { .. })));
    }
    let text: Bytes = DenseForms::of(&pair.new)
        .write(Vec::new(), Variant::Text)
        .unwrap()
        .into();
    let refused = receive(&text, None, Variant::Light).map(drop);
    assert!(
        matches!(refused, Err(Refusal::FilesMissing { count: 1, .. })),
        "{refused:?}"
    );
}

/// To press takes nearly all of the time.
#[test]
fn all_variants_are_the_same_but_for_their_pictures() {
    let pair = Pair::new();
    let mut forms = DenseForms::since(&pair.old, &pair.new).unwrap();
    let [full, text] =
        [Variant::Full, Variant::Text].map(|variant| forms.write(Vec::new(), variant).unwrap());
    let mut alone = DenseForms::since(&pair.old, &pair.new).unwrap();
    assert_eq!(alone.write(Vec::new(), Variant::Text).unwrap(), text);
    assert_eq!(Bytes::from(full.clone()), pair.update());
    // The frame of the texts is the last thing in the one, and stands before the pictures in the other.
    let frames = |begin: &[u8]| begin == [0x50, 0x2a, 0x4d, 0x18];
    let texts = &text[text.windows(4).rposition(frames).unwrap()..];
    assert!(texts.len() > 300, "{}", texts.len());
    assert!(full.windows(texts.len()).any(|part| part == texts));
}

#[test]
fn an_update_for_another_copy_is_refused_in_time() {
    let pair = Pair::new();
    let update = pair.update();
    let refused = |held: Option<&Arc<VerifiedEdition>>| {
        receive(pair.receiver(held), &update)
            .map(|_| ())
            .unwrap_err()
    };
    let base = 1;
    assert_eq!(refused(None), Refusal::WrongBase { base, held: None });
    let held = Some(2);
    assert_eq!(refused(Some(&pair.new)), Refusal::WrongBase { base, held });
    let mut other = Newsroom::found(9, 1);
    other.write("x.html", "other");
    let other = other.publish(moment(0));
    assert!(matches!(
        refused(Some(&other)),
        Refusal::OtherBase { base: 1 } | Refusal::Bundle(_)
    ));
}

#[test]
fn no_changed_byte_and_no_cut_gives_another_edition() {
    let mut newsroom = Newsroom::found(3, 0);
    newsroom.write("be/2026/11/a/1.webp", noise(5, 1500));
    let old = newsroom.publish(moment(0));
    newsroom.write("be/2026/11/b/index.html", "<p>A new one.");
    newsroom.write("be/2026/11/b/1.webp", noise(6, 1200));
    let new = newsroom.publish(moment(24));
    let newcomer = Remembered::new(newsroom.first_root());
    let full: Bytes = write_dense(Vec::new(), &new).unwrap().into();
    let update: Bytes = write_dense_update(Vec::new(), &new, &old).unwrap().into();
    for (stream, held) in [(full, None), (update, Some(&old))] {
        let receiver = || receiver(newcomer.clone(), held, moment(25));
        for at in (0..stream.len()).step_by(23) {
            let mut other = stream.to_vec();
            other[at] ^= 1 << (at % 8);
            if let Ok(edition) = receive(receiver(), &other.into()) {
                assert_eq!(contents(&edition), contents(&new), "byte {at}");
            }
            let cut = receive(receiver(), &stream.slice(..at));
            assert!(cut.is_err(), "cut at {at}");
        }
        let longer = [&stream[..], b"x"].concat();
        assert!(receive(receiver(), &longer.into()).is_err());
    }
}

/// A line that breaks, a liar in between, and the next goes on where all was well.
#[test]
fn what_was_proved_need_not_come_again() {
    let pair = Pair::new();
    let updates = [pair.update(), pair.pressed_update()].map(|update| (update, Some(&pair.old)));
    for (stream, held) in [(pair.full(), None)].into_iter().chain(updates) {
        let step = stream.len() / 37;
        for cut in (0..stream.len()).step_by(step) {
            let mut receiver = pair.receiver(held);
            receiver.push(stream.slice(..cut)).unwrap();
            let lie = receiver.push(noise(8, 70_000));
            let proved = receiver.position();
            assert!(proved <= cut as u64 + 1, "{proved} of {cut}");
            if receiver.edition().is_none() {
                continue;
            }
            assert!(lie.is_err() || cut > 0);
            receiver.rewind();
            assert_eq!(receiver.position(), proved);
            let rest = stream.slice(usize::try_from(proved).unwrap()..);
            for piece in pieces(&rest, 5000) {
                receiver.push(piece).unwrap();
            }
            same(&finish(receiver).unwrap(), &pair.new, &pair.newcomer());
        }
    }
}

/// They take seconds, so they are made once; and those of another edition are of no use.
#[test]
fn the_dense_forms_of_a_newsroom_are_kept_until_the_next_edition() {
    let mut newsroom = crate::press::Newsroom::new();
    let site = crate::press::site;
    let first = newsroom.publish(&site(&[("be/index.html", "one")]));
    newsroom.pass(24);
    let second = newsroom.publish(&site(&[("be/index.html", "two")]));
    let forms = |edition: &VerifiedEdition, earlier: &[Arc<VerifiedEdition>]| {
        let forms = {
            let variants = [Variant::Full, Variant::Text];
            newsroom.folder.dense_forms(edition, earlier, &variants)
        }
        .unwrap();
        let names = forms.iter().map(|(name, _)| name.to_string());
        names.collect::<Vec<_>>()
    };
    let place = newsroom.folder.place().join("dense");
    let files = || {
        let entries = std::fs::read_dir(&place)
            .unwrap()
            .map(|entry| entry.unwrap());
        let files =
            entries.map(|entry| (entry.path(), entry.metadata().unwrap().modified().unwrap()));
        files.collect::<BTreeMap<_, _>>()
    };
    assert_eq!(
        forms(&second, std::slice::from_ref(&first)),
        ["2.zst", "2-text.zst", "1-2.zst", "1-2-text.zst"]
    );
    let made = files();
    assert_eq!(made.len(), 4);
    forms(&second, std::slice::from_ref(&first));
    assert_eq!(files(), made);
    assert_eq!(forms(&first, &[]), ["1.zst", "1-text.zst"]);
    assert_eq!(files().len(), 2);
}

/// A photo as the packager writes them: noise on something to see.
fn photo(seed: u64, width: u32, height: u32) -> Bytes {
    let noise = noise(seed, (width * height) as usize);
    let pixel = |(at, noise): (u32, &u8)| {
        let (x, y) = (at % width, at / width);
        [x as u8, y as u8, ((x / 9 + y / 7) % 5 * 40) as u8].map(|value| value / 2 + noise / 8)
    };
    let pixels: Vec<u8> = (0..).zip(noise.iter()).flat_map(pixel).collect();
    let encoder = webp::Encoder::from_rgb(&pixels, width, height);
    Bytes::copy_from_slice(&encoder.encode(75.0))
}

/// With the pictures of an edition and of the next, an update whose last part is the new ones.
fn illustrated() -> (Pair, Bytes) {
    let mut pair = Pair::new();
    let newsroom = &mut pair.newsroom;
    newsroom.write("be/2026/11/b/1.webp", photo(1, 320, 200));
    newsroom.write("be/2026/11/b/2.webp", noise(80, 900));
    newsroom.write("be/2026/11/b/3.webp", photo(2, 100, 75));
    newsroom.write("be/2026/11/b/4.webp", noise(81, 300));
    pair.old = std::mem::replace(&mut pair.new, newsroom.publish(moment(24)));
    let update = pair.update();
    (pair, update)
}

#[test]
fn the_photos_of_an_update_are_retold() {
    let (pair, update) = illustrated();
    let as_they_are = pair.pressed_update().len();
    assert!(
        update.len() * 100 < as_they_are * 99,
        "{} of {as_they_are}",
        update.len()
    );
    let made = receive(pair.receiver(Some(&pair.old)), &update).unwrap();
    same(&made, &pair.new, &pair.newcomer());
    // What another update has retold already comes out the same.
    let forms = || DenseForms::since(&pair.old, &pair.new).unwrap();
    let mut before = forms();
    before.write(Vec::new(), Variant::Full).unwrap();
    let mut after = forms().after(before.into_retold());
    let again = after.write(Vec::new(), Variant::Full).unwrap();
    assert_eq!(Bytes::from(again), update);
    // But only what the last update needed is held.
    let none = DenseForms::since(&pair.new, &pair.new).unwrap();
    let mut none = none.after(after.into_retold());
    none.write(Vec::new(), Variant::Full).unwrap();
    assert!(none.into_retold() == Retold::default());
}

/// The line breaks anywhere, a liar comes in between, and the next goes on where all was well.
#[test]
fn retold_photos_that_were_proved_need_not_come_again() {
    let (pair, update) = illustrated();
    let mut positions = std::collections::BTreeSet::new();
    for cut in (0..update.len()).step_by(update.len() / 23) {
        let mut receiver = pair.receiver(Some(&pair.old));
        receiver.push(update.slice(..cut)).unwrap();
        let _lie = receiver.push(noise(8, 70_000));
        if receiver.edition().is_none() {
            continue;
        }
        let proved = receiver.position();
        receiver.rewind();
        assert_eq!(receiver.position(), proved);
        positions.insert(proved);
        let rest = update.slice(usize::try_from(proved).unwrap()..);
        for piece in pieces(&rest, 1000) {
            receiver.push(piece).unwrap();
        }
        same(&finish(receiver).unwrap(), &pair.new, &pair.newcomer());
    }
    assert!(positions.len() > 2, "{positions:?}");
}

#[test]
fn every_lie_about_a_retold_photo_is_refused() {
    let (pair, update) = illustrated();
    let heads = |part: &[u8]| part == [0x50, 0x2a, 0x4d, 0x18];
    let part = update.windows(4).rposition(heads).unwrap();
    let (length, first) = (part + 4, part + 8);
    // Whatever stands there for those who pass over the pictures, who reads does not go by it.
    let true_length = u32::from_le_bytes(update[length..first].try_into().unwrap());
    for other in [0, true_length - 1, true_length + 1] {
        let mut lie = update.to_vec();
        lie[length..first].copy_from_slice(&other.to_le_bytes());
        let made = receive(pair.receiver(Some(&pair.old)), &lie.into());
        same(&made.unwrap(), &pair.new, &pair.newcomer());
    }
    let check = |change: &dyn Fn(&mut Vec<u8>), expected: &str| {
        let mut lie = update.to_vec();
        change(&mut lie);
        let mut receiver = pair.receiver(Some(&pair.old));
        let pushed = pieces(&lie.into(), 5000).try_for_each(|piece| receiver.push(piece));
        let refusal = pushed.unwrap_err().to_string();
        assert!(
            refusal.contains(expected),
            "{refusal} should be: {expected}"
        );
        receiver.rewind();
        let at = usize::try_from(receiver.position()).unwrap();
        assert!(at >= part, "only the pictures come again");
        receiver.push(update.slice(at..)).unwrap();
        same(&finish(receiver).unwrap(), &pair.new, &pair.newcomer());
    };
    let longest = "more is said of a picture than it holds";
    check(&|lie| lie[first + 2] = 1, longest);
    check(&|lie| lie[first..first + 3].fill(0xff), longest);
    check(&|lie| lie[length + 3] = 1, "should begin here");
    // Of another kind, and of another size.
    check(&|lie| lie[first + 3] ^= 0x80, "");
    check(&|lie| lie[first + 4] ^= 1, "was not said as it must be");
    // What comes out is another picture, or none, and what is said of the next is taken for what is said of this one.
    check(&|lie| lie[first + 100] ^= 1, "");
    check(&|lie| lie[first] ^= 1, "");
    check(&|lie| lie.extend(b"x"), "something follows its end");
    let cut = update.slice(..update.len() - 1);
    assert!(receive(pair.receiver(Some(&pair.old)), &cut).is_err());
}

/// To make it out takes time, so nobody but the publisher's peers have it asked of them.
#[test]
fn what_is_retold_comes_only_where_texts_are_foretold() {
    let pair = Pair::new();
    let mut parts = Parts::of(&pair.new);
    let raw = parts
        .letters
        .iter()
        .position(|letter| *letter == b'r')
        .unwrap();
    parts.letters[raw] = Way::Retold.letter();
    let refused = receive(pair.receiver(None), &parts.write()).map(drop);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("unclear how its files come"), "{refused}");
    // And then pictures only.
    let (pair, update) = illustrated();
    let (before, after) = (contents(&pair.old), contents(&pair.new));
    let letter = |(path, content): (&SitePath, &Bytes)| match path.as_str() {
        _ if before.get(path) == Some(content) => b'-',
        path if path.ends_with("1.webp") || path.ends_with("3.webp") => b'w',
        path if path.ends_with(".webp") => b'r',
        _ => b'z',
    };
    let mut letters: Vec<u8> = after.iter().map(letter).collect();
    let frame = |letters: &[u8]| {
        let mut out = Vec::new();
        let letters = Bytes::copy_from_slice(letters);
        press(&mut out, b"", &[letters], Pressure::Most).unwrap();
        out
    };
    let known = frame(&letters);
    let at = update.windows(known.len()).position(|part| part == known);
    let (head, rest) = update.split_at(at.unwrap());
    assert!(after.keys().next().unwrap().as_str().ends_with(".html"));
    letters[0] = Way::Retold.letter();
    let lie = [head, &frame(&letters), &rest[known.len()..]].concat();
    let refused = receive(pair.receiver(Some(&pair.old)), &lie.into()).map(drop);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("unclear how its files come"), "{refused}");
}

/// A second implementation, written from the manual alone.
#[test]
fn the_reader_made_from_the_manual_agrees() {
    if Command::new("zstd").arg("--version").output().is_err() {
        println!("skipped: there is no `zstd`");
        return;
    }
    let pair = Pair::new();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let full = file("2.zst", &pair.full());
    let update = file("1-2.zst", &pair.pressed_update());
    let base = file("1.tar.gz", pair.old.bundle());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/bundle/read_dense.py");
    let read = |arguments: &[&std::path::Path]| {
        let output = Command::new("python3")
            .arg(script)
            .args(arguments)
            .output()
            .unwrap();
        let refused = String::from_utf8_lossy(&output.stderr).into_owned();
        (String::from_utf8(output.stdout).unwrap(), refused)
    };
    let line =
        |(path, entry): (&SitePath, colport::edition::Entry)| format!("{}  {path}\n", entry.digest);
    let expected: String = pair.new.files().map(line).collect();
    assert_eq!(read(&[&full]), (expected.clone(), String::new()));
    assert_eq!(read(&[&update, &base]), (expected, String::new()));
    // A page is enough of what is foretold, at ten kilobytes a second.
    let mut newsroom = Newsroom::found(5, 1);
    for n in 0..3 {
        newsroom.write(&format!("be/2026/11/a{n}/index.html"), text(n, 40));
    }
    let old = newsroom.publish(moment(0));
    newsroom.write("be/2026/11/a2/index.html", text(2, 40) + "Дапоўнена.");
    newsroom.write("be/2026/11/new/index.html", text(900, 60));
    newsroom.write("be/2026/11/new/1.webp", noise(78, 2000));
    newsroom.write("be/2026/11/new/2.webp", photo(1, 90, 70));
    newsroom.write("be/2026/11/new/3.webp", photo(2, 16, 16));
    let new = newsroom.publish(moment(24));
    let foretold = write_dense_update(Vec::new(), &new, &old).unwrap();
    let heads = |part: &[u8]| part == [0x50, 0x2a, 0x4d, 0x18];
    let pictures = foretold.windows(4).rposition(heads).unwrap();
    let mut otherwise_long = foretold.clone();
    otherwise_long[pictures + 4] ^= 1;
    let otherwise_long = file("otherwise-long.zst", &otherwise_long);
    let foretold = file("foretold.zst", &foretold);
    let before = file("before.tar.gz", old.bundle());
    let expected: String = new.files().map(line).collect();
    for stream in [&foretold, &otherwise_long] {
        assert_eq!(read(&[stream, &before]), (expected.clone(), String::new()));
    }
    let mut damaged = pair.pressed_update().to_vec();
    let middle = damaged.len() / 8;
    damaged[middle] ^= 1;
    let damaged = file("damaged.zst", &damaged);
    let (files, refused) = read(&[&damaged, &base]);
    assert!(files.is_empty() && refused.contains("refused"), "{refused}");
}
