//! One bundle from many mirrors: the loop that listens to lines, hands their bytes to the sink and changes lines.
//!
//! 1. What the leading line brought goes to the sink, off the async threads; so does the next while the first is checked.
//! 2. The rules of `pace` say whether to open, change or close lines.
//! 3. A line that breaks is replaced, and the next begins where it ended: at the byte, not at the beginning.
//! 4. Wrong bytes close all lines; the stream goes on behind the last byte that was proved.
//! 5. It ends when the bundle is whole, when nobody is left to ask, or when it would take forever.
//!
//! The dense form is asked only of mirrors that proved to have the edition, and what is wrong with it is held against
//! nobody: the plain form is still there.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep};

use super::fault::is_web_page;
use super::pace::{Meter, Patience, Step, steer};
use super::race::Race;
use super::refresh::{Seen, note};
use super::sink::{Expected, Sink, SinkError};
use super::{Event, Fault, MirrorId, Mirrors, Report, Store, StoreError};
use crate::base::EditionNumber;
use crate::edition::{Excerpt, Refusal};
use crate::io::address::{self, BundleFile, BundleName, Form};
use crate::io::fetch::{Fetch, FetchError, Request};
use crate::io::files;

/// Why a bundle was not had.
#[derive(Debug)]
pub(super) enum Stop {
    /// Nobody who has the edition has a file of this name.
    NoSuchBundle,
    NoGoodMirror,
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a transfer works with.
pub(super) struct Surroundings<'a, 'r> {
    pub(super) fetch: &'a dyn Fetch,
    pub(super) mirrors: &'r mut Mirrors,
    pub(super) patience: &'r Patience,
    /// Mirrors that have not said yet what they have.
    pub(super) race: &'r mut Race<'a, Seen>,
    pub(super) received: &'r mut u64,
    /// When the reader began to ask.
    pub(super) begun: Instant,
}

/// Fetches the bundle and puts the edition in its place.
pub(super) async fn transfer(
    around: &mut Surroundings<'_, '_>,
    store: Arc<Store>,
    expected: Expected,
    edition: EditionNumber,
    report: &mut Report<'_>,
) -> Result<Excerpt, Stop> {
    around.mirrors.begin_bundle();
    let part = store.part_place(&expected.name);
    let mut begun_anew = false;
    // Each further round has one mirror less: someone left out a file, which shows only at the end.
    loop {
        let (store, expected) = (store.clone(), expected.clone());
        let name = expected.name;
        let opened = blocking(move || Sink::open(store, expected)).await;
        let sink = match opened {
            Ok(sink) => sink,
            Err(SinkError::Store(error)) => return Err(error.into()),
            Err(SinkError::Refused { .. }) => return Err(Stop::NoGoodMirror),
        };
        if sink.proved() > 0 {
            let bytes = sink.proved();
            report(Event::Resumed { edition, bytes });
        }
        let mut transfer = Transfer::new(around, name, edition, sink);
        let sink = match transfer.run(report).await {
            // Who has it packed otherwise than those who are gone can only begin at the beginning.
            Err(Stop::NoGoodMirror | Stop::NoSuchBundle) if transfer.misfits && !begun_anew => {
                begun_anew = true;
                transfer.around.mirrors.begin_anew();
                files::remove(&part).map_err(StoreError::from)?;
                continue;
            }
            ended => ended?,
        };
        match blocking(move || sink.finish()).await {
            Ok(edition) => return Ok(edition),
            Err(SinkError::Store(error)) => return Err(error.into()),
            Err(SinkError::Refused { refusal, by }) => {
                // From a part that an earlier run left, so nobody can be named: it is gone now.
                transfer.blame(&by, false, &refusal, report);
            }
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(work)
        .await
        .expect("checking does not panic, and nobody cancels it")
}

/// Bytes and their place in the bundle.
struct Piece {
    at: u64,
    bytes: Bytes,
}

struct Line<'a> {
    mirror: MirrorId,
    body: BoxStream<'a, Result<Piece, FetchError>>,
    meter: Meter,
    /// What was heard while it did not lead, without gaps.
    waiting: Vec<Piece>,
    waiting_bytes: usize,
    over: bool,
}

/// Beyond this nothing more is read until the sink has caught up.
const QUEUE_BYTES: usize = 4 << 20;
const TICK: Duration = Duration::from_millis(50);

type Checking = JoinHandle<(Sink, Result<(), SinkError>)>;

struct Transfer<'a, 'r, 's> {
    around: &'s mut Surroundings<'a, 'r>,
    name: BundleFile,
    edition: EditionNumber,
    lines: Vec<Line<'a>>,
    lead: Option<usize>,
    /// Where the next byte to be queued belongs.
    at: u64,
    queue: Vec<(MirrorId, Bytes)>,
    queued_bytes: usize,
    sink: Option<Sink>,
    checking: Option<Checking>,
    /// The mirror whose line came to its end, and what it had brought: whether that was the bundle's end is not known
    /// before everything was checked.
    ended: Option<(MirrorId, u64)>,
    last_progress: (Instant, u64),
    race_over: bool,
    /// Something came that does not fit behind what others sent.
    misfits: bool,
}

impl<'a, 'r, 's> Transfer<'a, 'r, 's> {
    fn new(
        around: &'s mut Surroundings<'a, 'r>,
        name: BundleFile,
        edition: EditionNumber,
        sink: Sink,
    ) -> Self {
        // Who needed long for two small files has not all that time again.
        let spent = around.patience.metadata * 3 / 4;
        let since = around.begun.max(Instant::now() - spent);
        Self {
            around,
            name,
            edition,
            lines: Vec::new(),
            lead: None,
            at: sink.position(),
            queue: Vec::new(),
            queued_bytes: 0,
            last_progress: (since, sink.position()),
            sink: Some(sink),
            checking: None,
            ended: None,
            race_over: false,
            misfits: false,
        }
    }

    async fn run(&mut self, report: &mut Report<'_>) -> Result<Sink, Stop> {
        loop {
            self.check_more();
            if let Some(sink) = self.take_complete(report) {
                return Ok(sink);
            }
            self.steer(report)?;
            self.listen(report).await?;
        }
    }

    /// Waits for whatever happens next.
    async fn listen(&mut self, report: &mut Report<'_>) -> Result<(), Stop> {
        let reads = self.queued_bytes < QUEUE_BYTES;
        let checks = self.checking.is_some();
        tokio::select! {
            (index, heard) = next_heard(&mut self.lines), if reads => self.heard(index, heard, report),
            checked = finished(&mut self.checking), if checks => {
                self.checking = None;
                self.checked(checked.0, checked.1, report)?;
            }
            answer = self.around.race.next(), if !self.race_over => match answer {
                Some(answer) => { note(answer, self.around.mirrors, report); }
                None => self.race_over = true,
            },
            () = sleep(TICK) => {}
        }
        if !reads {
            let now = Instant::now();
            self.lines
                .iter_mut()
                .for_each(|line| line.meter.excuse(now));
        }
        Ok(())
    }

    /// Gives the sink what was queued, if it is idle.
    fn check_more(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let Some(mut sink) = self.sink.take() else {
            return;
        };
        let queue = std::mem::take(&mut self.queue);
        self.queued_bytes = 0;
        self.checking = Some(spawn_blocking(move || {
            let pushed = queue
                .into_iter()
                .try_for_each(|(mirror, bytes)| sink.push(mirror, bytes));
            (sink, pushed)
        }));
    }

    fn checked(
        &mut self,
        sink: Sink,
        result: Result<(), SinkError>,
        report: &mut Report<'_>,
    ) -> Result<(), Stop> {
        report(Event::Progress {
            edition: self.edition,
            bytes: sink.proved(),
        });
        match result {
            Ok(()) => {}
            Err(SinkError::Store(error)) => return Err(error.into()),
            Err(SinkError::Refused { refusal, by }) => {
                self.close_all();
                self.at = sink.position();
                self.last_progress = (Instant::now(), self.at);
                let is_misfit = by.iter().any(|mirror| sink.is_misfit(*mirror));
                // What nobody's bytes explain is in what was kept before.
                self.misfits |= is_misfit || by.is_empty();
                self.blame(&by, is_misfit, &refusal, report);
            }
        }
        self.sink = Some(sink);
        Ok(())
    }

    fn blame(
        &mut self,
        by: &[MirrorId],
        is_misfit: bool,
        refusal: &Refusal,
        report: &mut Report<'_>,
    ) {
        let fault = match (by, refusal.clone().into()) {
            _ if self.is_dense() => Fault::Dense(refusal.to_string()),
            ([_], fault) if !is_misfit => fault,
            (_, fault) => Fault::Suspect(fault.to_string()),
        };
        for mirror in by {
            self.around.mirrors.broke(*mirror, fault.clone(), 0);
            report(Event::Failed {
                mirror: self.around.mirrors.shown(*mirror),
                fault: fault.clone(),
            });
        }
    }

    fn close_all(&mut self) {
        self.lines.clear();
        self.lead = None;
        self.ended = None;
        self.queue.clear();
        self.queued_bytes = 0;
    }

    /// The sink, if the bundle is whole. Notes a line that ended before it was.
    fn take_complete(&mut self, report: &mut Report<'_>) -> Option<Sink> {
        let idle = self.sink.as_ref()?;
        if idle.is_complete() {
            return self.sink.take();
        }
        if let Some((mirror, brought)) = self.ended.take_if(|_| self.queue.is_empty()) {
            self.broke(mirror, Fault::EndedEarly, brought, report);
        }
        None
    }

    fn broke(&mut self, mirror: MirrorId, fault: Fault, brought: u64, report: &mut Report<'_>) {
        self.around.mirrors.broke(mirror, fault.clone(), brought);
        report(Event::Failed {
            mirror: self.around.mirrors.shown(mirror),
            fault,
        });
    }

    fn heard(
        &mut self,
        index: usize,
        heard: Option<Result<Piece, FetchError>>,
        report: &mut Report<'_>,
    ) {
        match heard {
            Some(Ok(piece)) => self.take_piece(index, piece, report),
            Some(Err(error)) => {
                let (line, _) = self.close(index);
                let fault = match error {
                    // Nobody has to have it, so nobody is named.
                    FetchError::NotFound(_) if !self.is_everywhere() => {
                        return self.around.mirrors.lacks_bundle(line.mirror);
                    }
                    FetchError::NotFound(_) => Fault::NoBundle,
                    error => error.into(),
                };
                self.broke(line.mirror, fault, line.meter.brought(), report);
            }
            None if self.lead == Some(index) => {
                let (line, _) = self.close(index);
                self.ended = Some((line.mirror, line.meter.brought()));
            }
            // It may have brought all that was missing, and wait to lead.
            None => {
                if let Some(line) = self.lines.get_mut(index) {
                    line.over = true;
                }
            }
        }
    }

    fn take_piece(&mut self, index: usize, piece: Piece, report: &mut Report<'_>) {
        let length = piece.bytes.len();
        *self.around.received += length as u64;
        let Some(line) = self.lines.get_mut(index) else {
            return;
        };
        line.meter.heard(Instant::now(), length as u64);
        if piece.at == 0 && is_web_page(&piece.bytes) {
            let (line, _) = self.close(index);
            return self.broke(line.mirror, Fault::BlockPage, 0, report);
        }
        if self.lead == Some(index) {
            let mirror = line.mirror;
            return self.queue_piece(mirror, piece);
        }
        // A server that knows no ranges sends again what we have.
        if piece.at + length as u64 > self.at {
            line.waiting_bytes += length;
            line.waiting.push(piece);
        }
    }

    /// Queues what is new of it.
    fn queue_piece(&mut self, mirror: MirrorId, piece: Piece) {
        let known = self.at.saturating_sub(piece.at);
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        if piece.at > self.at || known >= piece.bytes.len() {
            return;
        }
        let bytes = piece.bytes.slice(known..);
        self.at += bytes.len() as u64;
        self.queued_bytes += bytes.len();
        self.queue.push((mirror, bytes));
    }

    fn steer(&mut self, report: &mut Report<'_>) -> Result<(), Stop> {
        // Whether the last line brought the end is known in a moment.
        if self.ended.is_some() {
            return Ok(());
        }
        let now = Instant::now();
        self.watch_progress(now, report)?;
        let around = &*self.around;
        let least = around.patience.silence;
        let view = |line: &mut Line<'_>| {
            let patience = around.mirrors.patience(line.mirror, least);
            let hope = around.mirrors.hope(line.mirror, least);
            line.meter.view(now, patience, hope)
        };
        let views: Vec<_> = self.lines.iter_mut().map(view).collect();
        match steer(around.patience, self.lead, &views) {
            Step::Stay => Ok(()),
            Step::Open => self.open(None, report),
            Step::OpenFaster(rate) => self.open(Some(rate), report),
            Step::Lead(index) => {
                self.change_lead(index, report);
                Ok(())
            }
            Step::Abandon(index) => {
                let (line, _) = self.close(index);
                self.broke(line.mirror, Fault::Stalled, line.meter.brought(), report);
                Ok(())
            }
            Step::Close(index) => {
                let (line, rate) = self.close(index);
                if let Some(rate) = rate {
                    self.around.mirrors.measured(line.mirror, rate);
                }
                Ok(())
            }
        }
    }

    fn watch_progress(&mut self, now: Instant, report: &mut Report<'_>) -> Result<(), Stop> {
        let patience = self.around.patience;
        let (since, at) = self.last_progress;
        let enough = patience
            .hopeless
            .saturating_mul(patience.metadata.as_secs());
        if self.at > at.saturating_add(enough) {
            self.last_progress = (now, self.at);
        } else if now.duration_since(since) >= patience.metadata && self.checking.is_none() {
            self.give_up(report);
            return Err(Stop::NoGoodMirror);
        }
        Ok(())
    }

    fn give_up(&mut self, report: &mut Report<'_>) {
        while !self.lines.is_empty() {
            let (line, rate) = self.close(0);
            let fault = match rate {
                Some(bytes_per_second) if bytes_per_second > 0 => Fault::Slow { bytes_per_second },
                _ => Fault::Stalled,
            };
            self.broke(line.mirror, fault, line.meter.brought(), report);
        }
    }

    fn open(&mut self, faster_than: Option<u64>, report: &mut Report<'_>) -> Result<(), Stop> {
        let busy: Vec<_> = self.lines.iter().map(|line| line.mirror).collect();
        let next = self.around.mirrors.next(self.edition, &busy, faster_than);
        let may_be_asked =
            |id: &MirrorId| !self.is_dense() || self.around.mirrors.has(*id, self.edition);
        let Some(mirror) = next.filter(may_be_asked) else {
            return self.nobody_left();
        };
        let url = address::bundle(self.around.mirrors.url(mirror), &self.name);
        let from_byte = self.at;
        let request = Request { url, from_byte };
        report(Event::Asked {
            mirror: self.around.mirrors.shown(mirror),
            from_byte: self.at,
        });
        self.lines.push(Line {
            mirror,
            body: body(self.around.fetch, request),
            meter: Meter::new(Instant::now()),
            waiting: Vec::new(),
            waiting_bytes: 0,
            over: false,
        });
        Ok(())
    }

    /// Whether who has the edition has this file.
    fn is_everywhere(&self) -> bool {
        self.name.form == Form::Plain && !matches!(self.name.bundle, BundleName::Small(..))
    }

    fn is_dense(&self) -> bool {
        self.name.form == Form::Dense
    }

    fn nobody_left(&self) -> Result<(), Stop> {
        if !self.lines.is_empty() || self.checking.is_some() {
            return Ok(());
        }
        if self.is_dense() || self.around.mirrors.only_lack_bundle(self.edition) {
            return Err(Stop::NoSuchBundle);
        }
        // One who is still being asked for metadata may turn out good.
        if self.race_over {
            Err(Stop::NoGoodMirror)
        } else {
            Ok(())
        }
    }

    fn change_lead(&mut self, index: usize, report: &mut Report<'_>) {
        let mirror = match self.lines.get(index) {
            Some(line) => line.mirror,
            None => return,
        };
        if let Some(old) = self.lead.take() {
            let (line, rate) = self.close(old);
            let fault = match rate {
                Some(bytes_per_second) if bytes_per_second > 0 => {
                    self.around.mirrors.measured(line.mirror, bytes_per_second);
                    Fault::Slow { bytes_per_second }
                }
                _ => Fault::Stalled,
            };
            self.broke(line.mirror, fault, line.meter.brought(), report);
        }
        self.lead = self.lines.iter().position(|line| line.mirror == mirror);
        let Some(index) = self.lead else { return };
        let Some(line) = self.lines.get_mut(index) else {
            return;
        };
        line.waiting_bytes = 0;
        let over = line.over;
        for piece in std::mem::take(&mut line.waiting) {
            self.queue_piece(mirror, piece);
        }
        if over {
            let (line, _) = self.close(index);
            self.ended = Some((line.mirror, line.meter.brought()));
        }
    }

    /// Takes the line out, with its rate if that is known.
    fn close(&mut self, index: usize) -> (ClosedLine, Option<u64>) {
        let mut line = self.lines.remove(index);
        self.lead = match self.lead {
            Some(lead) if lead == index => None,
            Some(lead) if lead > index => Some(lead - 1),
            other => other,
        };
        let view = line
            .meter
            .view(Instant::now(), Duration::ZERO, Duration::ZERO);
        let closed = ClosedLine {
            mirror: line.mirror,
            meter: line.meter,
        };
        (closed, view.bytes_per_second)
    }
}

struct ClosedLine {
    mirror: MirrorId,
    meter: Meter,
}

/// The answer as pieces, which begin when it begins.
fn body(fetch: &dyn Fetch, request: Request) -> BoxStream<'_, Result<Piece, FetchError>> {
    futures_util::stream::once(fetch.fetch(request))
        .map_ok(|answer| {
            let mut at = answer.first_byte;
            answer.body.map_ok(move |bytes| {
                let piece = Piece { at, bytes };
                at += piece.bytes.len() as u64;
                piece
            })
        })
        .try_flatten()
        .boxed()
}

/// The next piece of any line that has room for one. Pending forever if there is none.
async fn next_heard(lines: &mut [Line<'_>]) -> (usize, Option<Result<Piece, FetchError>>) {
    poll_fn(|context| {
        for (index, line) in lines.iter_mut().enumerate() {
            if line.over || line.waiting_bytes >= QUEUE_BYTES {
                continue;
            }
            if let Poll::Ready(heard) = line.body.poll_next_unpin(context) {
                return Poll::Ready((index, heard));
            }
        }
        Poll::Pending
    })
    .await
}

async fn finished(checking: &mut Option<Checking>) -> (Sink, Result<(), SinkError>) {
    match checking {
        Some(checking) => checking
            .await
            .expect("checking does not panic, and nobody cancels it"),
        None => std::future::pending().await,
    }
}
