//! `P(leak)` of every channel.
//!
//! The model is a noisy-OR in time. A mirror that was told to some channels is blocked because one of them leaks, or
//! because it was found otherwise. Each explains it as well as its time fits: the censor needs a while to see an
//! address and to block it, and whether he is fast or slow is learned from the mirrors told to channels that surely leak.
//!
//! 1. [`haste`]: the time that the censor usually takes; and how often mirrors are found otherwise.
//! 2. Every block is shared out among those who knew the mirror ([`Evidence::of`]): by time for a single one, by who
//!    knew it at all for a group. The losses of a lost provider accuse nobody.
//! 3. Every hour that a mirror lives although a channel knows it speaks for that channel, up to an end: for the censor may
//!    have let it be, and an agent may have come later. So it is also with a mirror that is blocked at last: one that lived
//!    long was not betrayed by those who knew it from the first, but found otherwise. Together that is the likelihood of
//!    what was seen, if each leak and chance race one another: that none came before, and one came just then.
//! 4. The channels' probabilities depend on one another, since what one did the others need not have done. They are
//!    found by sweeps of a mean-field update, from the priors on.
//! 5. Nothing is learned from the drip, which the censor surely sees. So what was held against a burnt channel fades in
//!    time, and it gets another canary: who was wronged has a way back.
//! 6. All evidence weighs half as much after four weeks. A public channel never falls below its prior.

use std::collections::BTreeMap;

use super::state::{Channel, ChannelId, Known, Loss, Mirror, State, Use, hours};
use crate::base::Timestamp;

const SWEEPS: usize = 20;
const SETTLED: f64 = 1e-3;
/// The share of a probability's way to its new value that one sweep goes.
const DAMPING: f64 = 0.7;
/// Lists in bundles reach the censor so much later than what everybody sees.
const BUNDLE_SLOWER: f64 = 2.5;
/// What is believed of the censor's time at first, in hours, and as how many observations it counts.
const USUAL_LIFE: f64 = 15.0;
const USUAL_COUNTS: f64 = 2.0;
/// Of what a leaking channel was told: is blocked at the usual time, at ten times that, or never.
const PROMPT: f64 = 0.85;
const LATE: f64 = 0.10;
const LATER: f64 = 10.0;
/// The chance that the agent came after the mirror was told.
const JOINED_LATER: f64 = 0.02;
/// In a strike at everything known: that a known mirror is struck, and that another is.
const STRUCK: f64 = 0.9;
const STRUCK_BY_CHANCE: f64 = 0.02;
/// The most that silence can say for one channel, in nats.
const MOST_INNOCENCE: f64 = 5.0;

/// Sets `p_leak` of all channels.
pub(super) fn weigh(state: &mut State, now: Timestamp) {
    let evidence = Evidence::gather(state, now);
    let solved = evidence.solve();
    for (channel, p) in state.channels.values_mut().zip(solved) {
        channel.p_leak = match channel.kind.is_public() {
            true => p.max(channel.prior),
            false => p,
        };
    }
}

/// Hours from telling an address to its block, where a channel leaks: the geometric mean, which stragglers move little.
pub(super) fn haste(state: &State) -> f64 {
    let seen: f64 = state.lives.iter().map(|life| life.max(0.5).ln()).sum();
    let logs = USUAL_COUNTS * USUAL_LIFE.ln() + seen;
    (logs / (USUAL_COUNTS + state.lives.len() as f64)).exp()
}

/// That a mirror is found in an hour though nobody told: learned from those whom nobody can have betrayed.
fn chance_per_hour(state: &State) -> f64 {
    let at_first = state.rules.found_otherwise_days * 24.0;
    (1.0 + state.chance.blocks) / (at_first + state.chance.hours)
}

/// How much of the censor's usual time has passed between the telling and `until`, and how many times slower than that he is
/// with addresses of this kind.
fn ripeness(known: Known, until: Timestamp, haste: f64) -> (f64, f64) {
    let bundled = hours(known.since, until) / (haste * BUNDLE_SLOWER);
    match known.shown.map(|at| hours(at, until) / haste) {
        Some(shown) if shown >= bundled => (shown, 1.0),
        _ => (bundled, BUNDLE_SLOWER),
    }
}

/// That a leaking channel's mirror still lives at this ripeness.
fn survival(ripeness: f64) -> f64 {
    let never = 1.0 - PROMPT - LATE;
    never + PROMPT * (-ripeness).exp() + LATE * (-ripeness / LATER).exp()
}

/// How densely blocks of a leaking channel fall at this ripeness.
fn density(ripeness: f64) -> f64 {
    PROMPT * (-ripeness).exp() + LATE / LATER * (-ripeness / LATER).exp()
}

/// One block, and how well each who knew the mirror explains it.
#[derive(Debug, Clone)]
pub(super) struct Evidence {
    /// 1 today, half after a half-life.
    pub weight: f64,
    pub by_chance: f64,
    pub by: Vec<Charge>,
}

/// What a block says of one channel that knew the mirror.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge {
    pub channel: ChannelId,
    /// How well its leak would explain the block.
    pub fits: f64,
    /// How badly it explains that the mirror lived until then, in nats.
    pub lived: f64,
}

impl Evidence {
    /// `None` where nothing is to be learned: it is not blocked, or its provider explains it.
    pub(super) fn of(mirror: &Mirror, haste: f64, state: &State, now: Timestamp) -> Option<Self> {
        let (at, loss) = mirror.blocked()?;
        let by_chance = match loss {
            Loss::Single => chance_per_hour(state) * haste,
            Loss::Group => STRUCK_BY_CHANCE,
            Loss::Provider => return None,
        };
        let knew = mirror.knowers.iter().filter(|(_, known)| known.since < at);
        let by = knew.map(|(channel, known)| {
            let (ripeness, slower) = ripeness(*known, at, haste);
            let survival = survival(ripeness);
            let (fits, lived) = match loss {
                Loss::Group => (STRUCK * (1.0 - survival), 0.0),
                _ => (density(ripeness) / survival / slower, -survival.ln()),
            };
            Charge {
                channel: *channel,
                fits: fits.max(JOINED_LATER),
                lived,
            }
        });
        Some(Self {
            weight: weight(state, at, now),
            by_chance,
            by: by.collect(),
        })
    }

    /// How much this block alone speaks against the channel, given what is thought of the others, in nats.
    pub(super) fn against(
        &self,
        channel: ChannelId,
        channels: &BTreeMap<ChannelId, Channel>,
    ) -> f64 {
        let (mut own, mut lived, mut others) = (0.0, 0.0, self.by_chance);
        for charge in &self.by {
            match channels.get(&charge.channel) {
                _ if charge.channel == channel => (own, lived) = (charge.fits, charge.lived),
                Some(other) => others += other.p_leak * charge.fits,
                None => {}
            }
        }
        self.weight * ((own / others).ln_1p() - lived)
    }

    fn gather(state: &State, now: Timestamp) -> Gathered {
        let place: BTreeMap<ChannelId, usize> = state
            .channels
            .keys()
            .enumerate()
            .map(|(place, id)| (*id, place))
            .collect();
        let mut gathered = Gathered {
            priors: state
                .channels
                .values()
                .map(|channel| logit(channel.prior))
                .collect(),
            innocence: vec![0.0; place.len()],
            blocks: Vec::new(),
            edges: vec![Vec::new(); place.len()],
        };
        let haste = haste(state);
        for mirror in state
            .mirrors
            .values()
            .filter(|mirror| mirror.use_ != Use::Drip)
        {
            match Self::of(mirror, haste, state, now) {
                Some(evidence) => gathered.add_block(&evidence, &place),
                None => {
                    for (channel, known) in &mirror.knowers {
                        let nats = silence(mirror, *known, haste, state, now);
                        add(&mut gathered.innocence, place.get(channel).copied(), nats);
                    }
                }
            }
        }
        gathered
    }
}

/// How much it speaks for a channel that a mirror which it knows was not blocked, in nats.
pub(super) fn silence(
    mirror: &Mirror,
    known: Known,
    haste: f64,
    state: &State,
    now: Timestamp,
) -> f64 {
    let until = mirror.ended().unwrap_or(now);
    let (ripeness, _) = ripeness(known, until, haste);
    -survival(ripeness).ln() * weight(state, until, now)
}

fn weight(state: &State, at: Timestamp, now: Timestamp) -> f64 {
    (-hours(at, now) / 24.0 / state.rules.half_life_days).exp2()
}

/// All evidence, in arrays: the sweeps must be quick with thousands of mirrors.
struct Gathered {
    priors: Vec<f64>,
    innocence: Vec<f64>,
    /// Of each block: its weight, and how well chance explains it.
    blocks: Vec<(f64, f64)>,
    /// Of each channel: the blocks that it may be guilty of, how well it explains them, and what speaks for it in each.
    edges: Vec<Vec<(usize, f64, f64)>>,
}

impl Gathered {
    fn add_block(&mut self, evidence: &Evidence, place: &BTreeMap<ChannelId, usize>) {
        let block = self.blocks.len();
        self.blocks.push((evidence.weight, evidence.by_chance));
        for charge in &evidence.by {
            let at = place.get(&charge.channel);
            if let Some(edges) = at.and_then(|at| self.edges.get_mut(*at)) {
                edges.push((block, charge.fits, charge.lived));
            }
        }
    }

    fn solve(&self) -> Vec<f64> {
        let mut p: Vec<f64> = self.priors.iter().map(|prior| logistic(*prior)).collect();
        // How well all suspects together, and chance, explain each block.
        let mut explained: Vec<f64> = self.blocks.iter().map(|(_, chance)| *chance).collect();
        for (edges, p) in self.edges.iter().zip(&p) {
            for (block, fits, _) in edges {
                add(&mut explained, Some(*block), p * fits);
            }
        }
        for _ in 0..SWEEPS {
            if self.sweep(&mut p, &mut explained) < SETTLED {
                break;
            }
        }
        p
    }

    /// The largest change.
    fn sweep(&self, p: &mut [f64], explained: &mut [f64]) -> f64 {
        let mut largest = 0.0_f64;
        let channels = self.priors.iter().zip(&self.innocence).zip(&self.edges);
        for (((prior, innocence), edges), p) in channels.zip(p) {
            let (mut guilt, mut innocence) = (0.0, *innocence);
            for (block, fits, lived) in edges {
                let (weight, chance) = self.blocks.get(*block).copied().unwrap_or((0.0, 1.0));
                let all = explained.get(*block).copied().unwrap_or(chance);
                let others = (all - *p * fits).max(chance);
                match weight * ((fits / others).ln_1p() - lived) {
                    against if against > 0.0 => guilt += against,
                    in_favour => innocence -= in_favour,
                }
            }
            let odds = prior + guilt - innocence.min(MOST_INNOCENCE);
            let change = DAMPING * (logistic(odds) - *p);
            *p += change;
            for (block, fits, _) in edges {
                add(explained, Some(*block), change * fits);
            }
            largest = largest.max(change.abs());
        }
        largest
    }
}

fn add(values: &mut [f64], at: Option<usize>, amount: f64) {
    if let Some(value) = at.and_then(|at| values.get_mut(at)) {
        *value += amount;
    }
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

fn logistic(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}
