//! Mirrors come, are filled, hang, fail and go.

use super::*;

#[test]
fn a_new_mirror_is_filled_before_anybody_is_told_and_shows_the_list_before_it_is_announced() {
    let mut bench = Bench::new(12, &CHANNELS);
    bench.begin();
    bench.minutes(3);
    let mut seen = BTreeSet::new();
    for (mirror, lists) in &bench.pushed {
        let is_first = seen.insert(mirror);
        assert!(!is_first || lists.is_empty(), "first only the edition");
    }
    for (channel, _) in CHANNELS {
        assert!(
            bench.working(channel) >= 2,
            "{channel}: {:?}",
            bench.told(channel)
        );
    }
    let first = bench.announced.first().unwrap();
    assert!(
        bench
            .pushed
            .iter()
            .any(|(_, lists)| lists.contains(&first.0)),
        "{first:?}"
    );
    assert!(
        bench
            .announced
            .iter()
            .all(|(_, _, shown)| (1..=2).contains(&shown.len()))
    );
}

#[test]
fn a_dead_mirror_is_tried_ever_more_rarely_and_holds_up_nobody() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.dead = vec!["m3".into()];
    bench.begin();
    bench.minutes(240);
    let tries = bench
        .pushed
        .iter()
        .filter(|(mirror, _)| mirror == "m3")
        .count();
    assert!((6..=15).contains(&tries), "{tries} tries in four hours");
    assert!(bench.working("letter") >= 2);
    bench.dead.clear();
    bench.minutes(60);
    let view = View::of(&bench.daemon, bench.now());
    assert!(
        view.mirrors.iter().all(|mirror| mirror.lag == 0),
        "{view:?}"
    );
}

#[test]
fn mirrors_with_which_a_push_never_ends_keep_no_hands_from_others() {
    let mut bench = Bench::new(40, &CHANNELS[..1]);
    bench.hung = (0..30).map(|n| format!("m{n}")).collect();
    bench.begin();
    assert!(bench.pushed.is_empty(), "all hands are with those who hang");
    bench.minutes(10);
    let filled: BTreeSet<&String> = bench.pushed.iter().map(|(mirror, _)| mirror).collect();
    assert_eq!(filled.len(), 10, "{filled:?}");
    assert!(bench.working("letter") >= 2);
}

#[test]
fn there_is_a_limit_to_pushes_that_hang() {
    let mut bench = Bench::new(MOST_ABREAST + 40, &CHANNELS[..1]);
    bench.hung = (0..MOST_ABREAST + 40).map(|n| format!("m{n}")).collect();
    bench.begin();
    bench.minutes(200);
    let busy = bench.daemon.book.mirrors.values();
    assert_eq!(busy.filter(|kept| kept.is_busy).count(), MOST_ABREAST);
}

#[test]
fn a_mirror_with_which_a_push_hangs_is_looked_at_and_replaced_when_it_is_blocked() {
    for hangs in [true, false] {
        let mut bench = Bench::new(14, &CHANNELS);
        bench.begin();
        bench.minutes(60);
        let name = bench.told("friends")[0].clone();
        match hangs {
            true => bench.hung.push(name.clone()),
            false => bench.slow.push(name.clone()),
        }
        bench.give(Event::Edition(8));
        bench.lost.push(name.clone());
        bench.minutes(50);
        assert_eq!(bench.blocked(), 0, "it may be busy for a while");
        bench.minutes(90);
        assert_eq!(bench.blocked(), 1);
        assert!(!bench.told("friends")[..2].contains(&name));
    }
}

#[test]
fn another_host_under_an_old_name_is_filled_before_anybody_is_told() {
    let elsewhere = Url::parse("https://elsewhere.example/").unwrap();
    for was_down in [true, false] {
        let mut bench = Bench::new(14, &CHANNELS);
        bench.begin();
        bench.minutes(60);
        let name = bench.told("friends")[0].clone();
        let named = |bench: &Bench| {
            let members = bench.daemon.book.members.iter();
            let mut members = members.filter(|(_, member)| member.mirror.name == name);
            *members.next().unwrap().0
        };
        let old = named(&bench);
        let mut members = bench.wanted.members.iter_mut();
        let member = members.find(|member| member.mirror.name == name).unwrap();
        member.mirror.place = Place::Colport(elsewhere.clone());
        member.public.as_mut().unwrap().url = elsewhere.clone();
        bench.pushed.clear();
        bench.hung.push(name.clone());
        match was_down {
            true => bench.restart(),
            false => bench.begin(),
        }
        let new = named(&bench);
        assert_ne!(old, new);
        // A push to the old place ends now.
        bench.give(Event::Pushed {
            mirror: old,
            edition: 7,
            lists: Vec::new(),
            outcome: Outcome::Already { edition: 7 },
            untaken: None,
        });
        bench.minutes(30);
        assert_eq!(bench.daemon.book.mirrors[&new].edition, 0);
        assert!(!bench.daemon.is_told(new));
        for (channel, _) in CHANNELS {
            let told = bench.daemon.told(bench.channel(channel)).unwrap();
            let told = told.list.mirrors.iter();
            assert!(
                told.map(|it| &it.url).all(|url| *url != elsewhere),
                "{channel}"
            );
        }
    }
}

#[test]
fn a_key_that_was_replaced_makes_no_other_host() {
    use crate::io::store::{Credentials, Keeper, WebDav};
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    let place = |key: &str| {
        let keeper = Keeper::WebDav(WebDav {
            address: Url::parse("https://dav.example/").unwrap(),
            credentials: Some(Credentials::Environment(key.into())),
        });
        let host = Host {
            keeper,
            url: None,
            bundles: false,
        };
        Place::Host(host)
    };
    bench.wanted.members[0].mirror.place = place("OLD");
    bench.begin();
    let before: Vec<MirrorId> = bench.daemon.book.members.keys().copied().collect();
    bench.wanted.members[0].mirror.place = place("NEW");
    bench.begin();
    let after: Vec<MirrorId> = bench.daemon.book.members.keys().copied().collect();
    assert_eq!(before, after);
}

#[test]
fn one_that_takes_an_edition_and_never_shows_it_is_told_to_nobody() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.takes.push("m3".into());
    bench.begin();
    bench.minutes(60);
    let mut mirrors = bench.daemon.book.mirrors.iter();
    let (id, kept) = mirrors.find(|(_, kept)| kept.name == "m3").unwrap();
    assert_eq!(kept.edition, 0);
    assert!(kept.trouble.is_some());
    let mirror = bench.daemon.book.planner.mirror(*id).unwrap();
    assert_eq!(mirror.phase, Phase::Filling);
    assert!(bench.working("letter") >= 2);
}

#[test]
fn one_that_copies_nobody_for_three_days_has_failed() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.slow.push("m3".into());
    bench.begin();
    bench.minutes(2 * 24 * 60);
    let is_there = |bench: &Bench| {
        let members = bench.daemon.book.mirrors.values();
        members
            .filter(|kept| kept.name == "m3" && !kept.gone)
            .count()
    };
    assert_eq!(is_there(&bench), 1);
    bench.minutes(2 * 24 * 60);
    assert_eq!(is_there(&bench), 0);
    assert!(bench.alerts.iter().any(|words| words.contains("`m3`")));
}

#[test]
fn one_that_was_given_up_is_not_begun_again_until_the_file_says_another_place() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.dead.push("m3".into());
    bench.begin();
    bench.minutes(4 * 24 * 60);
    let is_there = |bench: &Bench| {
        let mut members = bench.daemon.book.members.values();
        members.any(|member| member.mirror.name == "m3")
    };
    bench.pushed.clear();
    for round in 0..3 {
        assert!(!is_there(&bench), "{round}");
        bench.wanted.mirrors_a_day += 1.0;
        bench.begin();
        bench.minutes(60);
        bench.restart();
    }
    assert!(bench.pushed.iter().all(|(name, _)| name != "m3"));
    // Its name and its domain are in nobody's way.
    let alerts = bench.alerts.len();
    bench.give(Event::Made(Ok(Box::new(made(20, "https://m3.example/x")))));
    let names = |bench: &Bench| -> Vec<String> {
        let members = bench.daemon.members().into_iter();
        members.map(|member| member.mirror.name).collect()
    };
    assert!(names(&bench).contains(&"m20".into()) && !is_there(&bench));
    assert_eq!(bench.alerts.len(), alerts);

    bench.dead.clear();
    let mirror = bench.wanted.members.remove(3);
    let mut elsewhere = mirror.clone();
    elsewhere.mirror.place = Place::Colport(Url::parse("https://elsewhere.example/").unwrap());
    bench.wanted.members.push(elsewhere);
    bench.begin();
    assert!(is_there(&bench), "another place is another mirror");
    bench.wanted.members.pop();
    bench.begin();
    bench.wanted.members.push(mirror);
    bench.begin();
    bench.minutes(10);
    assert!(is_there(&bench), "taken out, and put in again");
    let mut kept = bench.daemon.book.mirrors.values();
    assert!(kept.any(|kept| kept.name == "m3" && kept.edition == 7));
}

#[test]
fn trouble_of_our_own_accuses_no_mirror_and_is_told_once() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.sick = Some("the disk cannot be read".into());
    bench.begin();
    bench.minutes(60);
    assert_eq!(bench.alerts.len(), 1, "{:?}", bench.alerts);
    let view = View::of(&bench.daemon, bench.now());
    assert_eq!(view.trouble, bench.sick);
    assert!(view.mirrors.iter().all(|mirror| mirror.trouble.is_none()));
    bench.sick = None;
    bench.minutes(3);
    let view = View::of(&bench.daemon, bench.now());
    assert_eq!(view.trouble, None);
    assert!(view.mirrors.iter().all(|mirror| mirror.lag == 0));
}

#[test]
fn two_troubles_at_one_time_are_told_once_each_and_shown_until_they_are_over() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.begin();
    let say = |bench: &mut Bench, of, words: &str| {
        let words = words.to_owned();
        bench.give(Event::Trouble { of, words });
    };
    let shown = |bench: &Bench| View::of(&bench.daemon, bench.now()).trouble;
    for _ in 0..20 {
        say(&mut bench, Part::File, "the file is odd");
        say(&mut bench, Part::Folder, "the folder is away");
    }
    let both = ["the file is odd", "the folder is away"];
    assert_eq!(bench.alerts, both);
    assert_eq!(
        shown(&bench).as_deref(),
        Some("the file is odd; the folder is away")
    );
    say(&mut bench, Part::Folder, "");
    assert_eq!(shown(&bench).as_deref(), Some("the file is odd"));
    say(&mut bench, Part::File, "");
    assert_eq!(shown(&bench), None);
    say(&mut bench, Part::File, "the file is odd");
    assert_eq!(bench.alerts.len(), 3, "it is news again");
}

#[test]
fn a_new_mirror_is_told_of_none_but_those_that_the_censor_reads_or_the_operator_named() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(120);
    let open = bench.told("telegram");
    bench.wanted.can_make = true;
    bench.begin();
    let follow = bench.asked.pop().unwrap();
    assert!((1..=MOST_TO_FOLLOW).contains(&follow.len()), "{follow:?}");
    for url in &follow {
        let name = url.host_str().unwrap().split('.').next().unwrap();
        assert!(open.iter().any(|mirror| mirror == name), "{url} {open:?}");
    }

    let mut bench = Bench::new(14, &CHANNELS[1..2]);
    bench.wanted.can_make = true;
    bench.begin();
    bench.minutes(120);
    assert_eq!(bench.asked.pop(), Some(Vec::new()), "only friends know any");
    bench.wanted.origins = vec!["m9".into()];
    bench.daemon.making = false;
    bench.begin();
    let origin = Url::parse("https://m9.example/").unwrap();
    assert_eq!(bench.asked.pop(), Some(vec![origin]));
}

#[test]
fn a_hook_that_makes_no_mirror_spends_nothing_and_is_asked_ever_more_rarely() {
    let mut bench = Bench::new(8, &CHANNELS);
    bench.wanted.can_make = true;
    bench.making = Some(Err("no machine is left".into()));
    bench.begin();
    bench.minutes(12 * 60);
    let tries = bench.asked.len();
    assert!((4..=8).contains(&tries), "{tries} tries in twelve hours");
    let told = bench
        .alerts
        .iter()
        .filter(|it| it.contains("could not be made"));
    assert_eq!(told.count(), 1, "{:?}", bench.alerts);
    bench.making = Some(Ok(Box::new(member(20))));
    bench.minutes(12 * 60);
    assert!(
        bench
            .daemon
            .members()
            .iter()
            .any(|it| it.mirror.name == "m20")
    );
}

#[test]
fn a_mirror_that_was_made_under_a_domain_in_use_is_refused_and_the_operator_is_told() {
    let mut bench = Bench::new(10, &CHANNELS[..2]);
    bench.begin();
    bench.minutes(10);
    let count = |bench: &Bench| bench.daemon.members().len();
    for tied in ["https://m3.example/x", "https://www.m3.example/"] {
        bench.give(Event::Made(Ok(Box::new(made(20, tied)))));
        assert_eq!(count(&bench), 10, "{tied}");
        let told = bench.alerts.pop().unwrap();
        assert!(
            told.contains("`m20` is refused, since `m3`") && !told.contains(".example"),
            "{told}"
        );
    }
    bench.give(Event::Made(Ok(Box::new(made(3, "https://other.example/")))));
    assert!(
        bench
            .alerts
            .pop()
            .unwrap()
            .contains("there is a mirror `m3` already")
    );
    bench.give(Event::Made(Ok(Box::new(made(
        20,
        "https://other.example/",
    )))));
    assert_eq!((count(&bench), bench.alerts.len()), (11, 0));

    // Later the file names one in its place: the file is what counts.
    bench
        .wanted
        .members
        .push(made(20, "https://other.example/"));
    let in_file = Member {
        made: None,
        ..made(21, "https://www.other.example/")
    };
    bench.wanted.members.push(in_file);
    bench.begin();
    let names: Vec<String> = bench
        .daemon
        .members()
        .into_iter()
        .map(|member| member.mirror.name)
        .collect();
    assert!(
        names.contains(&"m21".into()) && !names.contains(&"m20".into()),
        "{names:?}"
    );
    assert!(
        bench.alerts.pop().unwrap().contains("is let go"),
        "{:?}",
        bench.alerts
    );
    assert!(
        bench.daemon.made().is_empty(),
        "and it is not offered again"
    );
}

#[test]
fn since_when_a_mirror_is_behind_is_shown_until_it_is_not() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.begin();
    bench.minutes(10);
    let behind = |bench: &Bench| {
        let view = View::of(&bench.daemon, bench.now());
        let mirrors = view.mirrors.into_iter();
        let mut mirrors = mirrors.filter(|mirror| mirror.name == "m3");
        let mirror = mirrors.next().unwrap();
        (mirror.lag, mirror.behind_since)
    };
    assert_eq!(behind(&bench), (0, None));
    bench.dead = vec!["m3".into()];
    let since = bench.now().wall;
    bench.give(Event::Edition(8));
    bench.minutes(30);
    bench.give(Event::Edition(9));
    bench.restart();
    bench.minutes(30);
    assert_eq!(
        behind(&bench),
        (2, Some(since)),
        "since the first that it lacks"
    );
    bench.dead.clear();
    bench.minutes(40);
    assert_eq!(behind(&bench), (0, None));
}
