//! Behaviour, case by case.

use super::*;

const START: i64 = 1_800_000_000;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(START + minutes * 60).unwrap()
}

fn mirrors(ids: std::ops::Range<u64>) -> Vec<Observation> {
    let pair = |id| {
        let (mirror, provider) = (MirrorId(id), ProviderId(id % 5));
        let upkeep = Upkeep::Free;
        [
            Observation::Made {
                mirror,
                provider,
                account: None,
                upkeep,
            },
            Observation::Filled { mirror },
        ]
    };
    ids.flat_map(pair).collect()
}

fn channels(kinds: &[Kind]) -> Vec<Observation> {
    let new = kinds.iter().zip(0..).map(|(kind, id)| NewChannel {
        channel: ChannelId(id),
        kind: *kind,
        prior: None,
        readers: 100,
    });
    new.map(Observation::NewChannel).collect()
}

/// A newsroom with these channels and so many mirrors, after its first step.
fn newsroom(kinds: &[Kind], count: u64) -> State {
    let seen = [channels(kinds), mirrors(0..count)].concat();
    step(State::new(1, 4.0), at(0), &seen).0
}

fn blocked(ids: &[MirrorId]) -> Vec<Observation> {
    let blocked = |mirror: &MirrorId| Observation::Blocked {
        mirror: *mirror,
        cause: None,
    };
    ids.iter().map(blocked).collect()
}

fn look(
    minutes: i64,
    vantage: u64,
    mirror: MirrorId,
    seen: Seen,
    controls: Controls,
) -> Observation {
    Observation::Probed(Probe {
        at: at(minutes),
        vantage: VantageId(vantage),
        place: if vantage < 10 {
            Place::Inside
        } else {
            Place::Outside
        },
        mirror,
        seen,
        controls,
    })
}

/// Every ten minutes of one hour, what each of these vantages sees of mirror 0.
fn after_an_hour(vantages: &[(u64, Seen, Controls)]) -> (Phase, Vec<Action>) {
    let state = newsroom(&[Kind::Invite], 8);
    let mirror = state.channels[&ChannelId(0)].told.bundle[0];
    let seen = (0..=6).flat_map(|ten| {
        vantages.iter().map(move |(vantage, seen, controls)| {
            look(ten * 10, *vantage, mirror, *seen, *controls)
        })
    });
    let (state, actions) = step(state, at(60), &seen.collect::<Vec<_>>());
    (state.mirrors[&mirror].phase, actions)
}

const WORKS: Seen = Seen::Works;
const RESET: Seen = Seen::Fails(Cause::Reset);
const OK: Controls = Controls::Work;

fn frozen(after_kb: u32) -> Seen {
    Seen::Fails(Cause::Frozen { after_kb })
}

#[test]
fn two_vantages_that_fail_alike_while_one_outside_reaches_it_are_a_block() {
    let is_blocked = |phase| matches!(phase, Phase::Blocked { .. });
    assert!(is_blocked(
        after_an_hour(&[(1, RESET, OK), (2, RESET, OK), (11, WORKS, OK)]).0
    ));
    assert!(is_blocked(
        after_an_hour(&[(1, frozen(16), OK), (2, frozen(19), OK), (11, WORKS, OK)]).0
    ));
}

#[test]
fn less_than_that_is_a_suspicion_or_nothing() {
    let check =
        |vantages: &[_], phase| assert_eq!(after_an_hour(vantages).0, phase, "{vantages:?}");
    let lies = Seen::Fails(Cause::DnsLies);
    check(
        &[(1, RESET, OK), (2, WORKS, OK), (11, WORKS, OK)],
        Phase::Suspect,
    );
    check(
        &[(1, RESET, OK), (2, lies, OK), (11, WORKS, OK)],
        Phase::Suspect,
    );
    check(
        &[(1, RESET, OK), (2, RESET, Controls::Fail), (11, WORKS, OK)],
        Phase::Suspect,
    );
    // Nobody outside looked: perhaps it is the host.
    check(&[(1, RESET, OK), (2, RESET, OK)], Phase::Suspect);
    check(
        &[
            (1, RESET, Controls::Fail),
            (2, RESET, Controls::Fail),
            (11, WORKS, OK),
        ],
        Phase::Serving,
    );
    check(
        &[(1, WORKS, OK), (2, WORKS, OK), (11, WORKS, OK)],
        Phase::Serving,
    );
}

#[test]
fn what_fails_outside_too_is_dead_and_what_is_stale_is_filled_again() {
    let refused = Seen::Fails(Cause::Refused);
    let (phase, _) = after_an_hour(&[(1, refused, OK), (2, refused, OK), (11, refused, OK)]);
    assert!(matches!(phase, Phase::Failed { .. }), "{phase:?}");
    let stale = Seen::Fails(Cause::Stale);
    let (phase, actions) = after_an_hour(&[(1, stale, OK), (11, stale, OK)]);
    assert_eq!(phase, Phase::Serving);
    assert!(matches!(actions[..], [Action::Fill { .. }]), "{actions:?}");
}

#[test]
fn a_look_before_and_one_after_a_long_silence_are_not_half_an_hour_of_failing() {
    let state = newsroom(&[Kind::Invite], 8);
    let mirror = state.channels[&ChannelId(0)].told.bundle[0];
    let seen =
        [0, 300].map(|minute| [1, 2].map(|vantage| look(minute, vantage, mirror, RESET, OK)));
    let mut seen = seen.concat();
    seen.push(look(300, 11, mirror, WORKS, OK));
    let (state, _) = step(state, at(301), &seen);
    assert_eq!(state.mirrors[&mirror].phase, Phase::Suspect);
}

/// The vantages' own controls may be fooled; the mirrors that nobody was told of are not.
#[test]
fn a_vantage_that_reaches_no_untold_mirror_either_is_blind() {
    let state = newsroom(&[Kind::Invite], 12);
    let ids: Vec<MirrorId> = state.mirrors.keys().copied().collect();
    let seen = (0..=6).flat_map(|ten| {
        ids.iter().flat_map(move |id| {
            [(1, RESET), (2, RESET), (11, WORKS)]
                .map(|(vantage, seen)| look(ten * 10, vantage, *id, seen, OK))
        })
    });
    let (after, actions) = step(state, at(60), &seen.collect::<Vec<_>>());
    assert!(after.mirrors.values().all(Mirror::works));
    assert_eq!(actions, []);
}

#[test]
fn clean_channels_share_on_different_providers_and_meet_once() {
    let state = newsroom(&[Kind::Invite; 9], 30);
    for channel in state.channels.values() {
        let bundle = &channel.told.bundle;
        assert!(bundle.len() >= 3, "{bundle:?}");
        assert_eq!(state::Owners::of(&state, &bundle[..3]).providers.len(), 3);
    }
    let lists: Vec<&Vec<MirrorId>> = state
        .channels
        .values()
        .map(|channel| &channel.told.bundle)
        .collect();
    for (index, one) in lists.iter().enumerate() {
        for other in &lists[index + 1..] {
            let common = one.iter().filter(|mirror| other.contains(mirror)).count();
            assert!(common <= 1, "{one:?} {other:?}");
        }
    }
    let shared = state
        .mirrors
        .values()
        .filter(|mirror| mirror.knowers.len() > 1)
        .count();
    assert!(shared >= 6, "{shared} are shared");
}

/// Hours pass, and everything that this channel was told is blocked within three.
fn hunt(mut state: State, leaking: ChannelId, hours: i64) -> State {
    for hour in 1..=hours {
        let doomed = state.mirrors.iter().filter(|(_, mirror)| {
            let known = mirror.knowers.get(&leaking);
            mirror.works()
                && known.is_some_and(|known| state::hours(known.since, at(hour * 60)) >= 3.0)
        });
        let doomed: Vec<MirrorId> = doomed.map(|(id, _)| *id).collect();
        (state, _) = step(state, at(hour * 60), &blocked(&doomed));
    }
    state
}

#[test]
fn the_channel_that_leaks_is_found_and_its_neighbours_are_not_accused() {
    let state = hunt(newsroom(&[Kind::Newsletter; 9], 40), ChannelId(4), 40);
    for (id, channel) in &state.channels {
        let tier = if *id == ChannelId(4) {
            Tier::Burnt
        } else {
            Tier::Clean
        };
        assert_eq!(channel.tier, tier, "{id:?} {}", channel.p_leak);
    }
}

#[test]
fn a_lost_provider_accuses_nobody() {
    let state = newsroom(&[Kind::Newsletter; 9], 40);
    let p_before: Vec<f64> = state
        .channels
        .values()
        .map(|channel| channel.p_leak)
        .collect();
    let lost = state
        .mirrors
        .iter()
        .filter(|(_, mirror)| mirror.provider == ProviderId(2));
    let lost: Vec<MirrorId> = lost.map(|(id, _)| *id).collect();
    let (state, actions) = step(state, at(60), &blocked(&lost));
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::Alarm { .. }))
    );
    for (channel, before) in state.channels.values().zip(p_before) {
        assert!(
            channel.p_leak <= before + 1e-9,
            "{} {before}",
            channel.p_leak
        );
        assert!(
            channel
                .told
                .bundle
                .iter()
                .filter(|id| state.works(**id))
                .count()
                >= 2
        );
    }
}

#[test]
fn silence_never_clears_a_public_channel() {
    let mut state = newsroom(&[Kind::Telegram, Kind::Invite], 20);
    for day in 1..=120 {
        (state, _) = step(state, at(day * 1440), &[]);
    }
    assert_eq!(state.channels[&ChannelId(0)].tier, Tier::Open);
    assert_eq!(state.channels[&ChannelId(1)].tier, Tier::Clean);
}

#[test]
fn a_suspect_is_cleared_by_its_canary() {
    let mut state = newsroom(&[Kind::Partner], 8);
    assert_eq!(state.channels[&ChannelId(0)].tier, Tier::Suspect);
    let told = &state.channels[&ChannelId(0)].told.bundle;
    assert!(told.iter().all(|id| state.mirrors[id].use_ == Use::Private));
    for hour in 1..=72 {
        (state, _) = step(state, at(hour * 60), &[]);
    }
    assert_eq!(state.channels[&ChannelId(0)].tier, Tier::Clean);
}

#[test]
fn the_operator_overrules_and_takes_it_back() {
    let state = newsroom(&[Kind::Newsletter], 10);
    let overrule = |tier| {
        [Observation::Overruled {
            channel: ChannelId(0),
            tier,
        }]
    };
    let (state, _) = step(state, at(60), &overrule(Some(Tier::Burnt)));
    assert_eq!(state.channels[&ChannelId(0)].tier, Tier::Burnt);
    assert!(report(&state, at(60)).channels[0].overruled);
    let (state, _) = step(state, at(120), &overrule(None));
    assert_eq!(state.channels[&ChannelId(0)].tier, Tier::Clean);
}

#[test]
fn a_blocked_mirror_is_kept_for_a_fortnight_and_a_paid_one_is_not() {
    let state = newsroom(&[Kind::Invite], 8);
    let told = state.channels[&ChannelId(0)].told.bundle.clone();
    let mut state = state;
    state.mirrors.get_mut(&told[1]).unwrap().upkeep = Upkeep::Paid;
    let (state, actions) = step(state, at(60), &blocked(&told[..2]));
    assert!(actions.contains(&Action::Retire { mirror: told[1] }));
    assert!(!actions.contains(&Action::Retire { mirror: told[0] }));
    let (state, actions) = step(state, at(60 + 13 * 1440), &[]);
    assert!(!actions.contains(&Action::Retire { mirror: told[0] }));
    let (_, actions) = step(state, at(60 + 14 * 1440), &[]);
    assert!(actions.contains(&Action::Retire { mirror: told[0] }));
}

#[test]
fn a_clock_that_goes_back_undoes_nothing() {
    let state = newsroom(&[Kind::Invite, Kind::Telegram], 12);
    let (later, _) = step(state, at(600), &[]);
    let (back, actions) = step(later.clone(), at(-100_000), &[]);
    assert_eq!((back, actions), (later, vec![]));
}

#[test]
fn the_report_says_why_in_words() {
    let state = hunt(newsroom(&[Kind::Newsletter; 9], 40), ChannelId(4), 40);
    let now = at(40 * 60);
    let report = report(&state, now);
    let words = |channel: usize| -> Vec<&str> {
        report.channels[channel]
            .evidence
            .iter()
            .map(|piece| piece.words.as_str())
            .collect()
    };
    assert!(words(4)[0].contains("blocked within 3 h"), "{:?}", words(4));
    assert!(report.channels[4].evidence[0].weight > 0.0);
    let spoken_for = (0..9).any(|channel| {
        words(channel)
            .iter()
            .any(|words| words.contains("none was blocked in"))
    });
    assert!(spoken_for);
    assert!(
        report
            .channels
            .iter()
            .all(|channel| channel.evidence.len() <= 3)
    );
    assert!(report.stock.lasts_days.is_some());
    assert!(
        report
            .next
            .iter()
            .any(|next| next.what.contains("open and burnt channels"))
    );
    assert!(report.mirrors["blocked"] > 0);
}

/// All of one provider, in so many accounts of it.
fn in_accounts(count: u64, accounts: u64) -> Vec<Observation> {
    let mut seen = mirrors(0..count);
    for seen in &mut seen {
        if let Observation::Made {
            mirror,
            provider,
            account,
            ..
        } = seen
        {
            *provider = ProviderId(1);
            *account = Some(AccountId(mirror.0 % accounts));
        }
    }
    seen
}

#[test]
fn a_mirror_in_the_account_of_another_is_not_told_and_its_block_accuses_nobody() {
    let kinds = [Kind::Telegram, Kind::Invite, Kind::Partner];
    let seen = [channels(&kinds), in_accounts(9, 1)].concat();
    let (state, _) = step(State::new(1, 4.0), at(0), &seen);
    let told: Vec<&Vec<MirrorId>> = state
        .channels
        .values()
        .map(|channel| &channel.told.bundle)
        .collect();
    assert!(told.iter().all(|list| list.len() == 1), "{told:?}");
    for channel in state.channels.keys() {
        let known = |mirror: &&Mirror| mirror.knowers.contains_key(channel);
        assert_eq!(state.mirrors.values().filter(known).count(), 1);
        assert_eq!(state.lack(*channel), Some(Lack::Account));
    }
    let untold: Vec<MirrorId> = state
        .mirrors
        .iter()
        .filter(|(_, mirror)| mirror.is_standby())
        .map(|(id, _)| *id)
        .collect();
    let before: Vec<f64> = state.channels.values().map(|it| it.p_leak).collect();
    let (state, _) = step(state, at(60), &blocked(&untold[..2]));
    for (channel, before) in state.channels.values().zip(before) {
        assert!(channel.p_leak <= before, "{} {before}", channel.p_leak);
    }
}

#[test]
fn every_channel_has_as_many_mirrors_as_there_are_accounts_for() {
    let kinds = [Kind::Telegram, Kind::Invite, Kind::Invite, Kind::Partner];
    let seen = [channels(&kinds), in_accounts(24, 3)].concat();
    let (state, _) = step(State::new(1, 4.0), at(0), &seen);
    for (id, channel) in &state.channels {
        assert!(channel.told.bundle.len() >= 2, "{:?}", channel.told.bundle);
        assert_eq!(state.lack(*id), None);
    }
    let gone: Vec<MirrorId> = state.mirrors.keys().take(24).copied().collect();
    let (state, _) = step(state, at(60), &blocked(&gone));
    assert_eq!(state.lack(ChannelId(1)), Some(Lack::Stock));
}

#[test]
fn what_turns_out_to_be_in_one_account_is_told_apart_and_replaced() {
    let state = newsroom(&[Kind::Invite], 12);
    let told = state.channels[&ChannelId(0)].told.bundle.clone();
    let moved = |mirror: &MirrorId| Observation::Made {
        mirror: *mirror,
        provider: ProviderId(7),
        account: Some(AccountId(1)),
        upkeep: Upkeep::Free,
    };
    let seen: Vec<Observation> = told.iter().map(moved).collect();
    let (state, actions) = step(state, at(60), &seen);
    let after = &state.channels[&ChannelId(0)].told;
    let kept: Vec<&MirrorId> = told.iter().filter(|id| after.bundle.contains(id)).collect();
    assert_eq!(kept, [&told[0]], "the first that was shown");
    assert!(after.bundle.len() >= 3, "{after:?}");
    assert_eq!(after.show.len(), 2);
    assert!(!actions.iter().any(|it| matches!(it, Action::Fill { .. })));
    // When the one that stayed is blocked, another of its account may be told.
    let (state, _) = step(state, at(120), &blocked(&[told[0]]));
    assert_eq!(state.lack(ChannelId(0)), None);
    assert_eq!(State::from_json(&state.to_json()), Ok(state));
}

#[test]
fn a_state_of_before_there_were_accounts_is_read() {
    let state = newsroom(&[Kind::Invite], 4);
    let text = String::from_utf8(state.to_json()).unwrap();
    let older = text.replace("\"account\":null,", "");
    assert_ne!(text, older);
    assert_eq!(State::from_json(older.as_bytes()), Ok(state));
}

#[test]
fn a_state_that_contradicts_itself_is_refused() {
    let text = String::from_utf8(newsroom(&[Kind::Invite], 4).to_json()).unwrap();
    let refused = |text: &str, why: &str| {
        let error = State::from_json(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    };
    refused(&text.replace("\"format\":1", "\"format\":2"), "format 2");
    refused(
        &text.replace("\"channel\":0", "\"channel\":7"),
        "which it was not told",
    );
    refused(
        &text.replace("\"prior\":0.05", "\"prior\":7.0"),
        "out of range",
    );
    refused(&text[..text.len() / 2], "cannot be read");
}
