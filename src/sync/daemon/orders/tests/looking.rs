//! Mirrors are looked at, and what follows from what is seen.

use super::*;

#[test]
fn a_blocked_mirror_is_replaced_and_the_readers_of_its_channel_are_told() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(60);
    let before = bench.told("friends");
    let told = bench.announced.len();
    bench.lost = vec![before[0].clone()];
    bench.minutes(60);
    let after = bench.told("friends");
    assert!(!after[..2].contains(&before[0]), "{before:?} {after:?}");
    assert!(bench.working("friends") >= 2);
    let news = &bench.announced[told..];
    assert!(
        news.iter()
            .any(|(channel, way, _)| channel == "friends" && way == "telegram"),
        "{news:?}"
    );
}

#[test]
fn all_vantages_down_at_once_rotates_nothing() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(120);
    let before: Vec<_> = CHANNELS.iter().map(|(name, _)| bench.told(name)).collect();
    bench.controls = Controls::Fail;
    bench.minutes(24 * 60);
    let after: Vec<_> = CHANNELS.iter().map(|(name, _)| bench.told(name)).collect();
    assert_eq!(bench.blocked(), 0);
    for (before, after) in before.iter().zip(&after) {
        assert!(
            before.iter().all(|mirror| after.contains(mirror)),
            "{before:?} {after:?}"
        );
    }
    assert!(bench.alerts.is_empty(), "{:?}", bench.alerts);
}

#[test]
fn a_clock_that_jumps_rotates_nothing() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(120);
    let mut steady = super::super::super::Steady::start(bench.now().wall, bench.daemon.last());
    let before: Vec<_> = CHANNELS.iter().map(|(name, _)| bench.told(name)).collect();
    let wall = bench.now().wall;
    let (year, mut passed) = (SignedDuration::from_hours(24 * 365), SignedDuration::ZERO);
    for jump in [year, -year, year * 5, SignedDuration::ZERO] {
        for _ in 0..20 {
            passed += SignedDuration::from_secs(60);
            let (moment, _) = steady.tell(wall + passed + jump, passed);
            let effects = bench.daemon.on(Event::Tick, moment);
            bench.perform(effects);
        }
    }
    let after: Vec<_> = CHANNELS.iter().map(|(name, _)| bench.told(name)).collect();
    assert_eq!(bench.blocked(), 0);
    for (before, after) in before.iter().zip(&after) {
        assert!(
            before.iter().all(|mirror| after.contains(mirror)),
            "{before:?} {after:?}"
        );
    }
}

#[test]
fn a_censor_who_blocks_every_known_mirror_in_one_hour_meets_the_reserve() {
    let mut bench = Bench::new(30, &CHANNELS);
    bench.begin();
    // Until the reserve has grown.
    bench.minutes(15 * 24 * 60);
    let known: Vec<String> = bench
        .daemon
        .book
        .planner
        .mirrors()
        .filter(|(_, mirror)| mirror.knowers().next().is_some())
        .map(|(id, _)| bench.name(id))
        .collect();
    let untold = 30 - known.len();
    assert!(untold >= 6, "{untold} are in reserve");
    bench.alerts.clear();
    bench.lost = known.clone();
    bench.minutes(90);
    assert!(
        bench
            .alerts
            .iter()
            .any(|words| words.contains("at one time")),
        "{:?}",
        bench.alerts
    );
    for (channel, kind) in CHANNELS {
        if !kind.is_public() {
            assert!(
                bench.working(channel) >= 2,
                "{channel}: {:?}",
                bench.told(channel)
            );
            assert!(
                bench.told(channel)[..2]
                    .iter()
                    .all(|mirror| !known.contains(mirror))
            );
        }
    }
}

#[test]
fn a_vantage_that_hangs_blinds_no_other() {
    let mut bench = Bench::new(14, &CHANNELS);
    let fourth = (VantageId(4), "out-2".into());
    bench.wanted.vantages.push(fourth);
    bench.blind = Some(VantageId(4));
    bench.begin();
    bench.minutes(60);
    bench.lost = vec![bench.told("friends")[0].clone()];
    bench.minutes(60);
    assert_eq!(bench.blocked(), 1);
}

#[test]
fn what_readers_report_brings_a_look_forward() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(61);
    let name = bench.told("friends")[0].clone();
    let begun = bench.minutes;
    bench.rumours = vec![(name.clone(), Failure::Silent, Many::Few)];
    bench.minutes(4);
    let early = |look: &&(i64, Vec<String>)| look.0 > begun && look.1 == [name.clone()];
    assert_eq!(
        bench.looks.iter().filter(early).count(),
        1,
        "{:?}",
        bench.looks
    );
    let all: BTreeSet<String> = bench
        .wanted
        .members
        .iter()
        .map(|m| m.mirror.name.clone())
        .collect();
    let untold: BTreeSet<&String> = all.difference(&bench.heard_of).collect();
    assert!(bench.heard_of.contains(&name) && !untold.is_empty());
    let view = View::of(&bench.daemon, bench.now());
    let shown = view.mirrors.iter().find(|mirror| mirror.name == name);
    assert_eq!(
        shown.unwrap().reports,
        ["a few readers say that nothing comes back (by)"]
    );
}

#[test]
fn a_report_counts_until_the_mirror_was_looked_at_from_every_vantage() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(61);
    let name = bench.told("friends")[0].clone();
    let mirror = bench.mirror(&name);
    // It is just being pushed to, so that nobody knows what it should show; and one vantage hangs.
    let begun = bench.now().wall;
    bench.hung.push(name.clone());
    bench.give(Event::Edition(8));
    bench.blind = Some(VantageId(2));
    bench.minutes(9);
    bench.rumours = vec![(name.clone(), Failure::Silent, Many::Few)];
    bench.minutes(4);
    let seen_from = |bench: &Bench| {
        let sights = &bench.daemon.book.mirrors[&mirror].sights;
        [1, 2, 3].map(|vantage| sights[&vantage].at > begun)
    };
    assert_eq!(seen_from(&bench), [false; 3]);
    bench.hung.clear();
    bench.give(Event::Pushed {
        mirror,
        edition: 8,
        lists: Vec::new(),
        outcome: Outcome::Already { edition: 8 },
        untaken: None,
    });
    bench.minutes(1);
    assert_eq!(seen_from(&bench), [true, false, true]);
    // That one comes back at last, from a round in which it saw nothing.
    bench.blind = None;
    bench.give(Event::Probed {
        vantage: VantageId(2),
        probes: Vec::new(),
    });
    bench.minutes(1);
    assert_eq!(seen_from(&bench), [true; 3]);
}

/// Whoever can reach a mirror can say what he likes there, and as often as he likes.
#[test]
fn who_lies_about_mirrors_has_none_blocked_and_puts_off_nobodys_look() {
    let (mut honest, mut lied) = (Bench::new(14, &CHANNELS), Bench::new(14, &CHANNELS));
    for bench in [&mut honest, &mut lied] {
        bench.begin();
        bench.minutes(60);
        bench.looks.clear();
    }
    let begun = lied.minutes;
    let before: Vec<_> = CHANNELS.iter().map(|(name, _)| lied.told(name)).collect();
    let all = [
        Failure::Unreachable,
        Failure::Silent,
        Failure::Slow,
        Failure::BlockPage,
        Failure::Wrong,
        Failure::Stale,
    ];
    for hour in 0..4 {
        for failure in all {
            for many in [Many::Few, Many::Some, Many::Many] {
                let liar = |number: usize| (format!("m{number}"), failure, many);
                lied.rumours = (0..14).map(liar).collect();
                lied.minutes(3);
                honest.minutes(3);
            }
        }
        lied.minutes(6);
        honest.minutes(6);
        assert_eq!(lied.minutes, begun + (hour + 1) * 60);
    }
    let rounds = |bench: &Bench| -> Vec<i64> {
        let rounds = bench.looks.iter().filter(|look| look.1.len() == 14);
        rounds.map(|look| look.0).collect()
    };
    assert_eq!(
        rounds(&lied),
        rounds(&honest),
        "the round of all is when it was"
    );
    for (before, (name, _)) in before.iter().zip(CHANNELS) {
        let after = lied.told(name);
        assert!(
            before.iter().all(|mirror| after.contains(mirror)),
            "{before:?} {after:?}"
        );
    }
    let view = View::of(&lied.daemon, lied.now());
    for mirror in &view.mirrors {
        let early = lied
            .looks
            .iter()
            .filter(|look| look.1.len() < 14 && look.1.contains(&mirror.name));
        let (early, is_told) = (early.count(), !mirror.channels.is_empty());
        assert!(
            early <= 4 && (early > 0) == is_told,
            "{}: {early}",
            mirror.name
        );
        assert!(
            ["serving", "standby"].contains(&mirror.state.as_str()),
            "{mirror:?}"
        );
    }
}
