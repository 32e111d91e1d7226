//! What the planner must show against the simulated censor, and how long a step takes when there is much.
//!
//! `scripts/bench rotation` takes 16 worlds, from the one that it is told on; here are few, for debug builds are slow.

use std::time::Duration;

use colport::base::Timestamp;
use colport::sync::rotation::{
    AccountId, ChannelId, Kind, Known, MirrorId, NewChannel, Observation, ProviderId, State,
    Upkeep, step,
};
use colport::sync::simulation::{Agents, Censor, Figures, Policy, Run, Settings, run};

/// The first world of a measurement.
fn bench() -> Option<u64> {
    let first = std::env::var("COLPORT_ROTATION").ok()?;
    Some(first.parse().expect("the number of a world"))
}

fn is_bench() -> bool {
    bench().is_some()
}

fn worlds(settings: &Settings) -> Vec<Run> {
    let worlds = match bench() {
        Some(first) => first..first + 16,
        None => 1..3,
    };
    worlds
        .map(|seed| run(settings, Policy::Planner, seed))
        .collect()
}

#[track_caller]
fn check(settings: &Settings, reach: f64, innocent: f64) -> Figures {
    let figures = Figures::of(&worlds(settings));
    println!("{figures:?}");
    assert!(figures.reach >= reach, "{figures:?}");
    assert!(figures.innocent_reach >= innocent, "{figures:?}");
    assert_eq!(figures.mirrors_lost_in_error, 0.0, "{figures:?}");
    figures
}

#[test]
fn most_readers_keep_a_mirror_and_the_leak_is_found() {
    // Two worlds scatter; all sixteen must hold the figure.
    let reach = if is_bench() { 0.70 } else { 0.62 };
    let figures = check(&Settings::default(), reach, 0.985);
    assert!(
        figures.innocent_in_the_night.unwrap() >= 0.95,
        "{figures:?}"
    );
    assert!(figures.leaks_found.unwrap() >= 0.95, "{figures:?}");
    assert!(figures.days_to_find_median.unwrap() <= 2.0, "{figures:?}");
    assert!(figures.readers_wronged <= 0.01, "{figures:?}");
}

#[test]
fn with_twice_the_mirrors_more_readers_keep_one() {
    let settings = Settings {
        mirrors_a_day: 8.0,
        ..Settings::default()
    };
    check(&settings, if is_bench() { 0.81 } else { 0.75 }, 0.985);
}

/// How often that happens is learned from the mirrors that nobody can have betrayed.
#[test]
fn where_many_mirrors_are_found_otherwise_the_innocent_are_not_suspected() {
    let censor = Censor {
        found_otherwise_a_day: 0.05,
        ..Censor::default()
    };
    let settings = Settings {
        censor,
        ..Settings::default()
    };
    let figures = check(&settings, if is_bench() { 0.60 } else { 0.52 }, 0.985);
    assert!(figures.readers_wronged <= 0.01, "{figures:?}");
    assert!(figures.leaks_found.unwrap() >= 0.95, "{figures:?}");
    assert!(figures.days_to_find_median.unwrap() <= 2.0, "{figures:?}");
}

/// How fast he is is learned too; before, one who is slow looks like none.
#[test]
fn a_censor_three_times_slower_is_found_out_within_days() {
    let censor = Censor {
        sees_shown_after: 12.0,
        sees_bundle_after: 36.0,
        blocks_after: 12.0,
        ..Censor::default()
    };
    let settings = Settings {
        censor,
        ..Settings::default()
    };
    let figures = check(&settings, 0.70, 0.985);
    assert!(figures.readers_wronged <= 0.01, "{figures:?}");
    assert!(figures.leaks_found.unwrap() >= 0.95, "{figures:?}");
    // Of two worlds' few leaks the median scatters.
    let days = if is_bench() { 5.0 } else { 10.0 };
    assert!(figures.days_to_find_median.unwrap() <= days, "{figures:?}");
}

#[test]
fn a_network_that_is_dark_three_hours_a_day_costs_no_mirror() {
    let censor = Censor {
        dark_hours_a_day: 3,
        ..Censor::default()
    };
    let settings = Settings {
        days: 30,
        censor,
        ..Settings::default()
    };
    check(&settings, 0.5, 0.98);
}

#[test]
fn where_nobody_leaks_nobody_loses_anything() {
    let censor = Censor {
        agents: Agents::Nowhere,
        ..Censor::default()
    };
    let settings = Settings {
        days: 30,
        censor,
        ..Settings::default()
    };
    check(&settings, 0.97, 0.97);
}

fn moment(hour: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
}

/// What this thread has worked. Beware: the kernel counts it up when the thread gives way.
fn worked() -> Duration {
    std::thread::yield_now();
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds = counted.split(' ').next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanoseconds.expect("nanoseconds"))
}

/// A step, and the milliseconds of work that it took.
fn timed(state: &mut State, hour: i64, seen: &[Observation]) -> f64 {
    let before = std::mem::replace(state, State::new(0, 0.0));
    let begun = worked();
    (*state, _) = step(before, moment(hour), seen);
    (worked() - begun).as_secs_f64() * 1000.0
}

/// 10,000 mirrors and 500 channels, of which one in five leaks; then a strike at half of all that was told.
#[test]
fn a_step_with_much_in_stock() {
    let (mirrors, channels) = if is_bench() {
        (10_000, 500)
    } else {
        (1000, 50)
    };
    let mut seen: Vec<Observation> = (0..channels)
        .map(|id| {
            Observation::NewChannel(NewChannel {
                channel: ChannelId(id),
                kind: if id % 10 == 0 {
                    Kind::Telegram
                } else {
                    Kind::Newsletter
                },
                prior: None,
                readers: 100,
            })
        })
        .collect();
    for id in 0..mirrors {
        let mirror = MirrorId(id);
        seen.push(Observation::Made {
            mirror,
            provider: ProviderId(id % 12),
            account: Some(AccountId(id / 12 % 40)),
            upkeep: Upkeep::Free,
        });
        seen.push(Observation::Filled { mirror });
    }
    let mut state = State::new(1, 100.0);
    let first = timed(&mut state, 0, &seen);
    let mut took: Vec<f64> = (1..=200)
        .map(|hour| {
            let leaked = leaked(&state, hour);
            timed(&mut state, hour, &leaked)
        })
        .collect();
    let told = state.mirrors().filter(|(_, mirror)| !mirror.is_standby());
    let told = told.count();
    let half: Vec<Observation> = state
        .mirrors()
        .filter(|(_, mirror)| mirror.works() && !mirror.is_standby())
        .filter(|(_, mirror)| mirror.provider.0 % 2 == 0)
        .map(|(mirror, _)| blocked(mirror))
        .collect();
    let strike = timed(&mut state, 201, &half);
    took.sort_by(f64::total_cmp);
    let (median, slowest) = (took[took.len() / 2], took[took.len() - 1]);
    println!(
        "{mirrors} mirrors ({told} told), {channels} channels, milliseconds of work: the first step {first:.1}; of 200 in \
         the middle {median:.1}, the slowest {slowest:.1}; {} blocked at once {strike:.1}",
        half.len()
    );
    assert!(told > 2 * channels as usize && half.len() > channels as usize / 2);
    assert!(!is_bench() || first.max(slowest).max(strike) < 50.0);
}

/// What channels that leak were told some hours ago.
fn leaked(state: &State, hour: i64) -> Vec<Observation> {
    let leaks = |id: MirrorId, (channel, known): (ChannelId, Known)| {
        let after = moment(hour - 3 - (id.0 % 9) as i64);
        channel.0 % 5 == 0 && known.since <= after
    };
    let leaked = state
        .mirrors()
        .filter(|(id, mirror)| mirror.works() && mirror.knowers().any(|knower| leaks(*id, knower)));
    leaked.map(|(mirror, _)| blocked(mirror)).collect()
}

fn blocked(mirror: MirrorId) -> Observation {
    Observation::Blocked {
        mirror,
        cause: None,
    }
}
