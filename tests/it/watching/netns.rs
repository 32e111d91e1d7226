//! Hosts with addresses of their own in network namespaces of this machine, and a firewall between them and their readers
//! that is the censor's.
//!
//! ```text
//! mirror 1..3 ── hub (forwards; its firewall censors) ── readers 1, 2 (inside), publisher (outside)
//! ```
//!
//! Needs the right to make namespaces, `ip` and `nft`; without these it is left out, and says so.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use colport::base::Fingerprint;
use colport::edition::VerifiedEdition;
use colport::io::probe::{Line, Patience};
use colport::sync::Source;
use colport::sync::rotation::{
    Action, Cause, ChannelId, Controls, Kind, MirrorId, NewChannel, Observation, Phase, Place,
    ProviderId, Seen, State, Upkeep, VantageId, step,
};
use colport::sync::watching::{Expectation, Options, Scope, Target, Vantage, Way, look};
use tempfile::TempDir;
use url::Url;

use crate::world::{Newsroom, moment};

const COLPORT: &str = env!("CARGO_BIN_EXE_colport");
const MIRRORS: u8 = 3;
/// Two readers inside, and the publisher outside; as the last number but one of their addresses.
const READERS: [u8; 2] = [11, 12];
const PUBLISHER: u8 = 20;

/// Namespaces that are gone with this, and with every process in them that the test started.
struct Network {
    name: String,
    running: Vec<Child>,
}

impl Network {
    /// `None`: it may not be made here.
    fn new(name: &str) -> Option<Self> {
        sweep();
        let network = Self {
            name: format!("colport-{}-{name}", std::process::id()),
            running: Vec::new(),
        };
        if let Err(why) = network.build() {
            println!("left out: no network namespaces here: {why}");
            return None;
        }
        Some(network)
    }

    fn build(&self) -> Result<(), String> {
        ran(Command::new("nft").arg("--version"))?;
        self.add("hub")?;
        self.inside("hub", &["sysctl", "-qw", "net.ipv4.ip_forward=1"])?;
        for number in (1..=MIRRORS).chain(READERS).chain([PUBLISHER]) {
            let space = number.to_string();
            self.add(&space)?;
            let (near, far) = (format!("{}-{space}", self.name), format!("v{number}"));
            let (hub, space) = (self.space("hub"), self.space(&space));
            ip(&[
                "-n", &hub, "link", "add", &far, "type", "veth", "peer", "name", "eth0", "netns",
                &space,
            ])
            .map_err(|why| format!("{near}: {why}"))?;
            ip(&[
                "-n",
                &hub,
                "addr",
                "add",
                &format!("10.77.{number}.1/24"),
                "dev",
                &far,
            ])?;
            ip(&["-n", &hub, "link", "set", &far, "up"])?;
            ip(&[
                "-n",
                &space,
                "addr",
                "add",
                &format!("10.77.{number}.2/24"),
                "dev",
                "eth0",
            ])?;
            ip(&["-n", &space, "link", "set", "eth0", "up"])?;
            ip(&[
                "-n",
                &space,
                "route",
                "add",
                "default",
                "via",
                &format!("10.77.{number}.1"),
            ])?;
        }
        Ok(())
    }

    fn space(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    fn add(&self, name: &str) -> Result<(), String> {
        let space = self.space(name);
        ip(&["netns", "add", &space])?;
        ip(&["-n", &space, "link", "set", "lo", "up"])
    }

    fn inside(&self, name: &str, words: &[&str]) -> Result<(), String> {
        ran(self.command(name, words[0]).args(&words[1..]))
    }

    fn command(&self, name: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.space(name), program]);
        command
    }

    /// What the readers' network does with packets to a mirror.
    fn censor(&self, mirror: u8, rule: &str) {
        let to = format!(
            "iifname {{ \"v{}\", \"v{}\" }} ip daddr {}",
            READERS[0],
            READERS[1],
            address(mirror)
        );
        let rules = format!(
            "flush ruleset\ntable ip censor {{\nchain forward {{\ntype filter hook forward priority 0\n{to} {rule}\n}}\n}}\n"
        );
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), rules).unwrap();
        self.inside("hub", &["nft", "-f", file.path().to_str().unwrap()])
            .unwrap();
    }

    /// `colport serve` on a host of its own.
    fn serve(&mut self, mirror: u8, paper: &Paper) {
        let state = paper.folder.path().join(format!("mirror-{mirror}"));
        let log = std::fs::File::create(paper.folder.path().join(format!("log-{mirror}"))).unwrap();
        let mut command = self.command(&mirror.to_string(), COLPORT);
        command
            .args([
                "serve",
                "--root",
                &paper.fingerprint,
                "--listen",
                "0.0.0.0:80",
                "--state",
            ])
            .arg(state)
            .arg(paper.folder.path().join("edition.tar.gz"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        self.running.push(command.spawn().unwrap());
    }

    /// As a reader who has the addresses of all.
    fn get(&self, reader: u8, paper: &Paper, store: &str) -> Output {
        let mut command = self.command(&reader.to_string(), COLPORT);
        command
            .args(["get", "--root", &paper.fingerprint, "--store"])
            .arg(paper.folder.path().join(store))
            .args((1..=MIRRORS).map(|mirror| url(mirror).to_string()))
            .stdin(Stdio::null());
        command.output().unwrap()
    }

    /// A look from one place at all mirrors.
    fn look(
        &self,
        from: u8,
        place: Place,
        targets: &[Target],
    ) -> Vec<colport::sync::rotation::Probe> {
        let space =
            std::fs::File::open(format!("/run/netns/{}", self.space(&from.to_string()))).unwrap();
        let controls = match place {
            // What the reader's network does not block.
            Place::Inside => vec![url(2), url(3)],
            Place::Outside => (1..=MIRRORS).map(url).collect(),
        };
        let vantage = Vantage {
            id: VantageId(from.into()),
            name: from.to_string(),
            place,
            way: Way::Direct,
            scope: Scope::All,
            controls,
        };
        let options = Options {
            line: Line::new(None),
            patience: Patience {
                silence: Duration::from_secs(3),
                whole: Duration::from_secs(10),
            },
            spread: Duration::ZERO,
            ..Options::default()
        };
        let targets = targets.to_vec();
        // A thread is moved there, and ends there.
        let looking = std::thread::spawn(move || {
            let kind = Some(rustix::thread::LinkNameSpaceType::Network);
            rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&space), kind)
                .unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(look(&vantage, &targets, &options, moment(0)))
        });
        looking.join().unwrap()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for child in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
        for space in spaces().filter(|space| space.starts_with(&format!("{}-", self.name))) {
            let _ = ip(&["netns", "del", &space]);
        }
    }
}

fn spaces() -> impl Iterator<Item = String> {
    let output = Command::new("ip").args(["netns", "list"]).output();
    let listed = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let names = listed.unwrap_or_default();
    let names: Vec<String> = names
        .lines()
        .filter_map(|line| Some(line.split(' ').next()?.to_owned()))
        .collect();
    names.into_iter()
}

/// What an earlier run left that was killed.
fn sweep() {
    for space in spaces() {
        let run = space
            .strip_prefix("colport-")
            .and_then(|rest| rest.split('-').next());
        if run.is_some_and(|run| !Path::new("/proc").join(run).exists()) {
            let _ = ip(&["netns", "del", &space]);
        }
    }
}

fn ip(words: &[&str]) -> Result<(), String> {
    ran(Command::new("ip").args(words))
}

fn ran(command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

fn address(host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, host, 2)
}

fn url(host: u8) -> Url {
    Url::parse(&format!("http://{}/", address(host))).unwrap()
}

struct Paper {
    folder: TempDir,
    fingerprint: String,
    edition: Arc<VerifiedEdition>,
}

impl Paper {
    fn new() -> Self {
        let mut newsroom = Newsroom::found(1, 4);
        let edition = newsroom.publish(moment(0));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("edition.tar.gz"), edition.bundle()).unwrap();
        Self {
            folder,
            fingerprint: Fingerprint::of_first_root(&newsroom.first_root()).to_string(),
            edition,
        }
    }

    fn targets(&self) -> Vec<Target> {
        let source = Source::new(self.edition.clone(), Vec::new()).unwrap();
        let expected = Arc::new(Expectation::of(&source, 128).unwrap());
        let target = |mirror| Target {
            mirror: MirrorId(u64::from(mirror)),
            url: url(mirror),
            addresses: Vec::new(),
            expected: expected.clone(),
        };
        (1..=MIRRORS).map(target).collect()
    }
}

/// A channel that is told of all three mirrors.
fn newsroom() -> State {
    let mut seen = vec![Observation::NewChannel(NewChannel {
        channel: ChannelId(1),
        kind: Kind::Invite,
        prior: None,
        readers: 100,
    })];
    for mirror in 1..=u64::from(MIRRORS) {
        seen.push(Observation::Made {
            mirror: MirrorId(mirror),
            provider: ProviderId(mirror),
            account: None,
            upkeep: Upkeep::Free,
        });
        seen.push(Observation::Filled {
            mirror: MirrorId(mirror),
        });
    }
    let (state, actions) = step(State::new(1, 4.0), moment(0), &seen);
    assert_eq!(told(&actions), Some(vec![1, 2, 3]));
    state
}

/// The channel's list, if it is another now.
fn told(actions: &[Action]) -> Option<Vec<u64>> {
    let mut lists = actions.iter().filter_map(|action| match action {
        Action::Publish { list, .. } => Some(list.bundle.iter().map(|mirror| mirror.0)),
        _ => None,
    });
    let mut list: Vec<u64> = lists.next()?.collect();
    list.sort_unstable();
    Some(list)
}

fn readers_go_on(name: &str, rule: &str, cause: Cause) {
    let Some(mut network) = Network::new(name) else {
        return;
    };
    let paper = Paper::new();
    for mirror in 1..=MIRRORS {
        network.serve(mirror, &paper);
    }
    let targets = paper.targets();
    let until = Instant::now() + Duration::from_secs(120);
    let reached = || {
        let probes = network.look(PUBLISHER, Place::Outside, &targets);
        probes.iter().all(|probe| probe.seen == Seen::Works)
    };
    while !reached() {
        assert!(Instant::now() < until, "three mirrors serve");
        std::thread::sleep(Duration::from_millis(100));
    }

    network.censor(1, rule);
    let got = network.get(READERS[0], &paper, "store");
    assert!(got.status.success(), "{got:?}");

    // Two readers' networks and the publisher look for forty minutes.
    let mut state = newsroom();
    let mut seen = Vec::new();
    for (from, place) in [
        (READERS[0], Place::Inside),
        (READERS[1], Place::Inside),
        (PUBLISHER, Place::Outside),
    ] {
        let probes = network.look(from, place, &targets);
        for probe in &probes {
            let expected = match (place, probe.mirror) {
                (Place::Inside, MirrorId(1)) => Seen::Fails(cause),
                _ => Seen::Works,
            };
            assert_eq!(
                (probe.seen, probe.controls),
                (expected, Controls::Work),
                "{from} {probe:?}"
            );
        }
        seen.push(probes);
    }
    let mut last = None;
    for minutes in [0, 20, 40] {
        let at = moment(0) + jiff::SignedDuration::from_mins(minutes);
        let probes = seen.iter().flatten().cloned();
        let probes: Vec<_> = probes
            .map(|probe| Observation::Probed(colport::sync::rotation::Probe { at, ..probe }))
            .collect();
        let (next, actions) = step(state, at, &probes);
        state = next;
        last = told(&actions).or(last);
    }
    let cut = state
        .mirrors()
        .find(|(id, _)| *id == MirrorId(1))
        .unwrap()
        .1;
    assert!(
        matches!(cut.phase, Phase::Blocked { .. }),
        "{:?}",
        cut.phase
    );
    assert_eq!(cut.cause, Some(cause));
    assert_eq!(last, Some(vec![2, 3]), "it has left the list");
    let got = network.get(READERS[1], &paper, "store-2");
    assert!(got.status.success(), "{got:?}");
}

#[test]
fn readers_go_on_when_a_host_vanishes_behind_the_firewall() {
    readers_go_on("drop", "drop", Cause::Blackhole);
}

#[test]
fn readers_go_on_when_a_host_is_reset_by_the_firewall() {
    let rule = "tcp flags & (psh | ack) == (psh | ack) reject with tcp reset";
    readers_go_on("reset", rule, Cause::Reset);
}
