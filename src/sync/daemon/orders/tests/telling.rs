//! Channels are told of mirrors, by lists and by people.

use super::*;

#[test]
fn a_mirror_carries_only_lists_of_channels_that_were_told_of_it() {
    let mut bench = Bench::new(16, &CHANNELS);
    bench.begin();
    bench.minutes(300);
    let mut carried: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (mirror, lists) in &bench.pushed {
        carried
            .entry(mirror.clone())
            .or_default()
            .extend(lists.clone());
    }
    let mut seen = 0;
    for (mirror, lists) in carried {
        for list in lists {
            assert!(
                bench.told(&list).contains(&mirror),
                "{mirror} shows the list of {list}"
            );
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn nothing_is_announced_twice_to_people_whatever_happens() {
    let mut bench = Bench::new(12, &CHANNELS);
    bench.begin();
    bench.minutes(30);
    let people = |bench: &Bench| {
        bench
            .announced
            .iter()
            .filter(|(_, way, _)| way == "telegram")
            .count()
    };
    let told = people(&bench);
    assert_eq!(told, CHANNELS.len());
    for _ in 0..5 {
        bench.restart();
        bench.minutes(10);
    }
    // Lists are signed anew after a week; what is shown is the same.
    bench.minutes(8 * 24 * 60);
    let mut distinct = bench.announced.clone();
    distinct.retain(|(_, way, _)| way == "telegram");
    distinct.sort();
    let all = distinct.len();
    distinct.dedup();
    assert_eq!(distinct.len(), all, "{distinct:?}");
    let programs = bench
        .announced
        .iter()
        .filter(|(_, way, _)| way == "files")
        .count();
    assert!(programs > people(&bench), "programs got the newer lists");
}

#[test]
fn who_could_not_be_told_is_tried_again() {
    let mut bench = Bench::new(12, &CHANNELS[..1]);
    bench.telling = Err("status 502".into());
    bench.begin();
    bench.minutes(20);
    let tries = bench
        .announced
        .iter()
        .filter(|(_, way, _)| way == "telegram")
        .count();
    assert!((3..=7).contains(&tries), "{tries}");
    let alerts = bench.alerts.iter();
    let alerts =
        alerts.filter(|words| words.contains("could not be told by `telegram`: status 502"));
    assert_eq!(alerts.count(), 1, "{:?}", bench.alerts);
    bench.telling = Ok(Some(()));
    bench.restart();
    bench.minutes(40);
    let id = bench.channel("letter");
    assert!(bench.daemon.book.channels[&id].announced["telegram"].is_done);
}

#[test]
fn a_mirror_that_leaves_the_file_leaves_the_lists_and_comes_back_as_another() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(30);
    let name = bench.told("letter")[0].clone();
    let whole = bench.wanted.clone();
    bench
        .wanted
        .members
        .retain(|member| member.mirror.name != name);
    bench.begin();
    bench.minutes(1);
    assert!(bench.working("letter") >= 2);
    let id = bench.channel("letter");
    let told = bench.daemon.told(id).unwrap();
    assert!(
        told.list
            .mirrors
            .iter()
            .all(|address| !address.url.as_str().contains(&format!("{name}.")))
    );
    bench.wanted = whole;
    bench.begin();
    bench.minutes(1);
    assert_eq!(bench.daemon.members().len(), 14);
}

#[test]
fn a_channel_that_leaves_the_file_is_told_no_more() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(30);
    bench
        .wanted
        .channels
        .retain(|channel| channel.name != "bot");
    bench.begin();
    bench.announced.clear();
    bench.minutes(10 * 24 * 60);
    assert!(
        bench
            .announced
            .iter()
            .all(|(channel, _, _)| channel != "bot")
    );
}

#[test]
fn two_halves_take_the_place_of_a_channel() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(30);
    bench
        .wanted
        .channels
        .retain(|channel| channel.name != "letter");
    for name in ["letter-a", "letter-b"] {
        let half = WantedChannel {
            instead_of: Some("letter".into()),
            ..channel(name, Kind::Newsletter)
        };
        bench.wanted.channels.push(half);
    }
    bench.begin();
    bench.minutes(30);
    for name in ["letter-a", "letter-b"] {
        assert!(!bench.told(name).is_empty(), "{name}");
    }
    let old = bench.channel("letter");
    assert!(!bench.daemon.book.planner.channel(old).unwrap().is_in_use());
}

#[test]
fn the_operators_word_stands_until_it_is_taken_back() {
    let mut bench = Bench::new(14, &CHANNELS);
    bench.begin();
    bench.minutes(30);
    let channel = bench.channel("letter");
    let tier = |bench: &Bench| bench.daemon.book.planner.channel(channel).unwrap().tier;
    bench.give(Event::Overruled {
        channel,
        tier: Some(Tier::Burnt),
    });
    assert_eq!(tier(&bench), Tier::Burnt);
    bench.restart();
    bench.minutes(300);
    assert_eq!(tier(&bench), Tier::Burnt);
    bench.give(Event::Overruled {
        channel,
        tier: None,
    });
    assert_ne!(tier(&bench), Tier::Burnt);
}

#[test]
fn a_channel_is_told_of_one_mirror_of_an_account() {
    let mut bench = Bench::new(12, &CHANNELS);
    for (number, member) in bench.wanted.members.iter_mut().enumerate() {
        let public = member.public.as_mut().unwrap();
        // So few providers that the planner gives a channel two of one.
        public.provider = format!("p{}", number % 2);
        public.account = format!("a{}", number % 2);
    }
    let accounts: BTreeMap<String, String> = bench
        .wanted
        .members
        .iter()
        .map(|member| {
            let public = member.public.as_ref().unwrap();
            (public.url.to_string(), public.account.clone())
        })
        .collect();
    bench.begin();
    bench.minutes(60);
    for (name, _) in CHANNELS {
        let told = bench.daemon.told(bench.channel(name)).unwrap();
        let mut seen = BTreeSet::new();
        for address in &told.list.mirrors {
            let account = &accounts[address.url.as_str()];
            assert!(seen.insert(account), "{name} is told of two in {account}");
        }
        assert!(
            told.show
                .iter()
                .all(|url| told.list.mirrors.iter().any(|address| address.url == *url))
        );
        assert_eq!(told.list.mirrors.len(), 2, "{name}");
        assert!(!told.show.is_empty());
    }
}

/// So many mirrors, a program that makes more, and a public channel, after an hour.
fn in_one_account(mirrors: usize) -> Bench {
    let mut bench = Bench::new(mirrors, &CHANNELS[3..]);
    for member in &mut bench.wanted.members {
        let public = member.public.as_mut().unwrap();
        (public.provider, public.account) = ("p".into(), "a".into());
    }
    bench.wanted.can_make = true;
    bench.begin();
    bench.minutes(60);
    bench
}

#[test]
fn where_all_are_in_one_account_a_channel_is_told_of_one_and_more_accounts_are_asked_for() {
    let mut bench = in_one_account(40);
    let channel = bench.channel("telegram");
    let listed = bench.told("telegram");
    let told = bench.daemon.told(channel).unwrap().list.mirrors;
    assert_eq!((listed.len(), told.len()), (1, 1));
    for _ in 0..2 {
        let is_told = |name: &String| bench.daemon.is_told(bench.mirror(name));
        let names = bench.wanted.members.iter().map(|it| &it.mirror.name);
        let told: Vec<&String> = names.filter(|name| is_told(name)).collect();
        assert_eq!(told, [&listed[0]]);
        bench.restart();
    }
    let carry = bench.pushed.iter().filter(|(_, lists)| !lists.is_empty());
    let carry: BTreeSet<&String> = carry.map(|(mirror, _)| mirror).collect();
    assert_eq!(carry, BTreeSet::from([&listed[0]]));
    let view = View::of(&bench.daemon, bench.now());
    assert_eq!(
        (view.channels[0].working, view.channels[0].shows.len()),
        (1, 1)
    );
    let announced = &bench.daemon.book.channels[&channel].announced["telegram"];
    assert_eq!(announced.shown, [bench.mirror(&listed[0]).0]);
    let lacking = bench
        .alerts
        .iter()
        .filter(|words| words.contains("mirrors in other accounts are needed"));
    // Once by each of the three runs of the program.
    assert_eq!(lacking.count(), 3, "{:?}", bench.alerts);

    // However many are in stock, another is made; it may copy the one that the censor reads of, and no other.
    assert_eq!(bench.asked.pop().unwrap(), [told[0].url.clone()]);
}

#[test]
fn who_makes_all_mirrors_in_one_account_is_not_asked_for_more_without_end() {
    let bench = in_one_account(2 * MOST_STANDBY + 2);
    assert!(bench.daemon.lacks().contains(&Lack::Account));
    assert!(bench.asked.is_empty());
}

#[test]
fn a_list_that_says_something_else_has_another_version() {
    let mut bench = Bench::new(12, &CHANNELS[..1]);
    bench.begin();
    bench.minutes(60);
    let id = bench.channel("letter");
    let told = |bench: &Bench| bench.daemon.told(id).unwrap().list;
    let members = |bench: &Bench| -> Vec<usize> {
        let all = told(bench).mirrors;
        let at = |address: &Address| {
            let mut members = bench.wanted.members.iter();
            members.position(|it| it.public.as_ref().unwrap().url == address.url)
        };
        all.iter().map(|address| at(address).unwrap()).collect()
    };
    let place = Url::parse("https://place.example/").unwrap();
    let changes: [fn(&mut Wanted, &[usize], &Url); 4] = [
        |wanted, _, _| wanted.rendezvous.dns = Some("river.example".into()),
        |wanted, _, place| wanted.rendezvous.urls.push(place.clone()),
        |wanted, told, place| {
            wanted.members[told[0]].public.as_mut().unwrap().onion = Some(place.clone());
        },
        |wanted, told, _| {
            for member in [told[0], told[1]] {
                let public = wanted.members[member].public.as_mut().unwrap();
                (public.provider, public.account) = ("p".into(), "a".into());
            }
        },
    ];
    for change in changes {
        let (before, standing) = (told(&bench), members(&bench));
        bench.announced.clear();
        bench.pushed.clear();
        change(&mut bench.wanted, &standing, &place);
        bench.begin();
        bench.minutes(5);
        let after = told(&bench);
        assert!(after.version > before.version, "{after:?}");
        assert!(
            (&after.mirrors, &after.rendezvous) != (&before.mirrors, &before.rendezvous),
            "{after:?}"
        );
        let ways: Vec<&String> = bench.announced.iter().map(|(_, way, _)| way).collect();
        assert!(ways.contains(&&"files".to_owned()), "{ways:?}");
        let lists = bench.pushed.iter().filter(|(_, lists)| !lists.is_empty());
        assert!(lists.count() >= after.mirrors.len(), "{:?}", bench.pushed);
        bench.restart();
        bench.minutes(60);
        assert_eq!(told(&bench), after, "and it stays as it is");
    }
    let journal = &bench.daemon.book.journal;
    let lines = journal.iter().filter(|line| line.why.contains("changed"));
    assert!(lines.count() >= changes.len());
}

#[test]
fn a_list_that_was_taken_beside_one_that_failed_is_not_sent_again() {
    let mut bench = Bench::new(12, &CHANNELS[..2]);
    bench.begin();
    bench.minutes(60);
    let channels = ["letter", "friends"].map(|name| bench.channel(name));
    let mut mirrors = bench.daemon.book.mirrors.keys().copied();
    let shared = mirrors.find(|id| bench.daemon.book.knowers(*id).count() == 2);
    let shared = shared.expect("they share one");
    let name = bench.name(shared);
    bench.hung = vec![name.clone()];
    bench.wanted.rendezvous.dns = Some("river.example".into());
    bench.begin();
    bench.pushed.clear();
    bench.hung.clear();
    let version = bench.daemon.book.channels[&channels[0]].version;
    bench.give(Event::Pushed {
        mirror: shared,
        edition: 7,
        lists: vec![(channels[0], version)],
        outcome: Outcome::Already { edition: 7 },
        untaken: Some(Outcome::Refused("a list: it is full".into())),
    });
    let view = View::of(&bench.daemon, bench.now());
    let shown = view.mirrors.iter().find(|mirror| mirror.name == name);
    let shown = shown.unwrap();
    assert_eq!(shown.lag, 0, "the edition is there");
    assert_eq!(
        shown.trouble.as_deref(),
        Some("refused: a list: it is full")
    );
    bench.minutes(5);
    let to_it = bench.pushed.iter().filter(|(mirror, _)| *mirror == name);
    let lists: Vec<&Vec<String>> = to_it.map(|(_, lists)| lists).collect();
    assert_eq!(lists, [&["friends"]]);
}

#[test]
fn whom_an_earlier_colport_told_is_not_forgotten() {
    let mut bench = Bench::new(8, &CHANNELS[..1]);
    bench.begin();
    bench.minutes(10);
    let mut entries = bench.daemon.entries();
    let name = format!("channel/{}", bench.channel("letter").0);
    let entry = entries.get_mut(&name).unwrap();
    let mut json: serde_json::Value = serde_json::from_slice(entry).unwrap();
    json.as_object_mut().unwrap().remove("told").unwrap();
    *entry = serde_json::to_vec(&json).unwrap();
    let told: Vec<MirrorId> = bench
        .told("letter")
        .iter()
        .map(|n| bench.mirror(n))
        .collect();
    let daemon = Daemon::open(&entries, dice).unwrap();
    assert!(told.iter().all(|mirror| daemon.is_told(*mirror)));
}

#[test]
fn a_meeting_place_that_is_away_is_tried_again_and_holds_up_no_other() {
    let mut bench = Bench::new(12, &CHANNELS[..2]);
    for channel in &mut bench.wanted.channels {
        let place = |name: &str| Way {
            name: name.into(),
            to: Audience::Programs,
        };
        channel.ways.extend(["bucket", "branch"].map(place));
    }
    bench.broken = Some("bucket".into());
    bench.begin();
    bench.minutes(120);
    let count = |bench: &Bench, name: &str| {
        let told = bench.announced.iter();
        told.filter(|(channel, way, _)| channel == "letter" && way == name)
            .count()
    };
    let lists = count(&bench, "branch");
    assert!(lists >= 1, "the other has it");
    assert!(
        (5..=12).contains(&count(&bench, "bucket")),
        "{}",
        count(&bench, "bucket")
    );
    let view = View::of(&bench.daemon, bench.now());
    let ways = &view
        .channels
        .iter()
        .find(|channel| channel.name == "letter")
        .unwrap()
        .ways;
    let trouble = |name: &str| {
        ways.iter()
            .find(|way| way.name == name)
            .unwrap()
            .trouble
            .clone()
    };
    assert_eq!(
        (trouble("bucket"), trouble("branch")),
        (Some("not reached".into()), None)
    );
    bench.broken = None;
    bench.minutes(40);
    let tries = count(&bench, "bucket");
    bench.minutes(120);
    assert_eq!(count(&bench, "bucket"), tries, "and then it has it");
}

#[test]
fn what_is_handed_on_is_made_anew_for_each_edition() {
    let mut bench = Bench::new(12, &CHANNELS[..1]);
    bench.wanted.channels[0].ways[0].to = Audience::Carriers;
    bench.begin();
    bench.minutes(120);
    let count = |bench: &Bench, name: &str| {
        bench
            .announced
            .iter()
            .filter(|(_, way, _)| way == name)
            .count()
    };
    let before = (count(&bench, "files"), count(&bench, "telegram"));
    bench.give(Event::Edition(8));
    bench.minutes(10);
    assert_eq!(count(&bench, "files"), before.0 + 1);
    assert_eq!(
        count(&bench, "telegram"),
        before.1,
        "people are told nothing new"
    );
    bench.restart();
    bench.give(Event::Edition(8));
    bench.minutes(10);
    assert_eq!(count(&bench, "files"), before.0 + 1);
}

#[test]
fn a_dead_mirror_that_is_still_to_be_filled_hides_no_empty_stock() {
    let mut bench = Bench::new(1, &CHANNELS[3..]);
    bench.dead = vec!["m0".into()];
    bench.begin();
    bench.minutes(2);
    let empty = "no mirror is left in stock, and one channel has less than two that work";
    let alerts: Vec<&String> = bench.alerts.iter().collect();
    assert_eq!(alerts, [empty], "once");
    let view = View::of(&bench.daemon, bench.now());
    assert_eq!(view.trouble.as_deref(), Some(empty));
    bench.dead.clear();
    bench.wanted.members.push(member(1));
    bench.begin();
    bench.minutes(20);
    assert_eq!(View::of(&bench.daemon, bench.now()).trouble, None);
}

#[test]
fn a_host_that_says_something_else_each_time_does_not_fill_the_journal() {
    let mut bench = Bench::new(4, &CHANNELS[..1]);
    bench.hung = vec!["m0".into()];
    bench.begin();
    let mirror = bench.mirror("m0");
    for number in 0..50 {
        bench.give(Event::Pushed {
            mirror,
            edition: 7,
            lists: Vec::new(),
            outcome: Outcome::Refused(format!("no {number}")),
            untaken: None,
        });
    }
    let journal = &bench.daemon.book.journal;
    let lines = journal.iter().filter(|line| line.why.contains("refused"));
    assert_eq!(lines.count(), 1);
    let trouble = bench.daemon.book.mirrors[&mirror].trouble.as_deref();
    assert_eq!(trouble, Some("refused: no 49"), "the last is shown");
}
