//! What is written down, and what comes of it after a kill.

use super::*;

#[test]
fn a_kill_while_people_are_told_leaves_it_to_the_operator() {
    let mut bench = Bench::new(12, &CHANNELS[..1]);
    bench.telling = Ok(None);
    bench.begin();
    bench.minutes(5);
    let count = |bench: &Bench, name: &str| {
        bench
            .announced
            .iter()
            .filter(|(_, way, _)| way == name)
            .count()
    };
    assert_eq!((count(&bench, "telegram"), count(&bench, "files")), (1, 1));
    bench.telling = Ok(Some(()));
    bench.restart();
    bench.minutes(60);
    assert_eq!(count(&bench, "telegram"), 1, "people are not told twice");
    assert_eq!(
        count(&bench, "files"),
        2,
        "a program is, which does no harm"
    );
    let doubts = bench
        .alerts
        .iter()
        .filter(|words| words.contains("not known"));
    assert_eq!(doubts.count(), 1, "{:?}", bench.alerts);
}

/// Kills at every step of two days of work, blocks and announcements: what goes on is what would have gone on.
#[test]
fn what_is_written_down_is_all_that_counts() {
    let (mut straight, mut killed) = (Bench::new(14, &CHANNELS), Bench::new(14, &CHANNELS));
    for bench in [&mut straight, &mut killed] {
        // The planner of both has the same seed, whatever other tests drew meanwhile.
        bench.daemon = Daemon::open(&Entries::new(), || [7; 20]).unwrap();
        bench.begin();
    }
    for hour in 0..48 {
        let lost = straight
            .told("telegram")
            .into_iter()
            .take(usize::from(hour % 6 == 5))
            .collect::<Vec<_>>();
        for bench in [&mut straight, &mut killed] {
            bench.lost.extend(lost.clone());
            bench.minutes(60);
        }
        let entries = killed.daemon.entries();
        killed.daemon = Daemon::open(&entries, || [7; 20]).unwrap();
        assert_eq!(killed.daemon.entries(), entries, "hour {hour}");
        killed.begin();
    }
    for (channel, kind) in CHANNELS {
        if !kind.is_public() {
            assert_eq!(straight.working(channel), killed.working(channel));
        }
    }
}

#[test]
fn neither_journal_nor_alerts_name_an_address() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.dead = vec!["m2".into()];
    bench.begin();
    bench.minutes(60);
    bench.lost = (0..8).map(|n| format!("m{n}")).collect();
    bench.minutes(24 * 60);
    let view = View::of(&bench.daemon, bench.now());
    let lines = bench
        .daemon
        .book
        .journal
        .iter()
        .map(|line| format!("{} {}", line.what, line.why));
    for line in lines
        .chain(bench.alerts.clone())
        .chain([format!("{view:?}")])
    {
        assert!(
            !line.contains(".example") && !line.contains("://"),
            "{line}"
        );
    }
}

#[test]
fn what_is_remembered_has_an_end() {
    let mut bench = Bench::new(10, &CHANNELS[..2]);
    bench.begin();
    let size = |bench: &Bench| bench.daemon.entries().values().map(Vec::len).sum::<usize>();
    bench.minutes(24 * 60);
    for round in 0..40 {
        bench.wanted.members.remove(0);
        bench.wanted.members.push(member(100 + round));
        bench.begin();
        bench.minutes(5 * 24 * 60 / 10);
    }
    assert!(bench.daemon.book.journal.len() <= 500);
    assert!(size(&bench) < 400_000, "{}", size(&bench));
}
