//! What the planner must show against the simulated censor, and how long a step takes when there is much.
//!
//! `scripts/bench rotation` takes all 16 worlds; here are few, for debug builds are slow.

use std::time::Instant;

use colport::base::Timestamp;
use colport::sync::rotation::{
    ChannelId, Kind, MirrorId, NewChannel, Observation, ProviderId, State, Upkeep, step,
};
use colport::sync::simulation::{Agents, Censor, Figures, Policy, Run, Settings, run};

fn is_bench() -> bool {
    std::env::var_os("COLPORT_ROTATION").is_some()
}

fn worlds(settings: &Settings) -> Vec<Run> {
    let worlds = if is_bench() { 16 } else { 2 };
    (1..=worlds)
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

/// 10,000 mirrors and 500 channels, some mirrors blocked every hour.
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
            upkeep: Upkeep::Free,
        });
        seen.push(Observation::Filled { mirror });
    }
    let (mut state, _) = step(State::new(1, 100.0), moment(0), &seen);
    let mut slowest = 0.0_f64;
    for hour in 1..=200 {
        let told = state.mirrors().filter(|(id, mirror)| {
            mirror.works() && !mirror.is_standby() && id.0 % 7 == hour as u64 % 7
        });
        let blocked: Vec<Observation> = told
            .take(20)
            .map(|(mirror, _)| Observation::Blocked {
                mirror,
                cause: None,
            })
            .collect();
        let begun = Instant::now();
        (state, _) = step(state, moment(hour), &blocked);
        slowest = slowest.max(begun.elapsed().as_secs_f64());
    }
    let told = state
        .mirrors()
        .filter(|(_, mirror)| !mirror.is_standby())
        .count();
    println!(
        "{mirrors} mirrors ({told} told), {channels} channels: the slowest of 200 steps took {:.1} ms",
        slowest * 1000.0
    );
    assert!(told > channels as usize);
}
