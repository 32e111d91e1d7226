//! `POST /.colport/bundle`: anyone may bring a bundle; the newsroom's signature is the permission.
//!
//! 1. What the head tells is enough to refuse: a body too large, or no place left. Nothing of the body is read then,
//!    and who sent `Expect: 100-continue` is not asked for it.
//! 2. The body goes piece by piece to a thread that verifies ([`Admission`]): metadata first, each file before it is
//!    written. As soon as it refuses, the answer goes out; the rest is not read.
//! 3. Until its metadata is proved, a bundle has one of a few places for strangers, then one of a few for bundles that
//!    are worth it, so that no stranger, however many places he takes, can hold up one that is under way. Who gives way
//!    to whom is told in [`places`].
//! 4. It must come at a certain pace in any case.
//! 5. When all of it has come and was found good, it goes live in one moment ([`Holdings::commit`]).
//!
//! There is no limit on how often one may try: a limit shared by all would let any stranger lock the newsroom out.
//!
//! [`Admission`]: super::admission::Admission

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, LOCATION, RETRY_AFTER};
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::holdings::Holdings;
use super::places::{self, Place, Places};
use super::refused::Refused;
use super::respond::{self, Body};
use super::wire::Progress;
use crate::base::EditionNumber;
use crate::bundle::BundleError;
use crate::edition::Refusal;
use crate::io::clock::Clock;

/// How much of a stranger's bundle is put up with.
#[derive(Debug, Clone)]
pub struct IntakeBounds {
    pub bundle_bytes: u64,
    /// Bundles at a time of which the metadata is not proved yet.
    pub strangers: usize,
    /// Bundles at a time of which it is; each takes up room on the disk.
    pub proved: usize,
    /// How long nobody's place is taken by others.
    pub grace: Duration,
    /// Who is faster than this does not give way to others who are worth as much.
    pub fast_bytes_per_second: u64,
    /// Without a byte.
    pub silence: Duration,
    /// Time that any bundle has, however small.
    pub patience: Duration,
    /// The pace beyond that.
    pub bytes_per_second: u64,
}

impl Default for IntakeBounds {
    fn default() -> Self {
        Self {
            bundle_bytes: 16 << 30,
            strangers: 8,
            proved: 3,
            grace: Duration::from_secs(5),
            fast_bytes_per_second: 1 << 20,
            silence: Duration::from_secs(20),
            patience: Duration::from_secs(60),
            bytes_per_second: 16 << 10,
        }
    }
}

impl IntakeBounds {
    /// How long the first `bytes` may take.
    fn allowed(&self, bytes: u64) -> Duration {
        self.patience + Duration::from_secs(bytes / self.bytes_per_second.max(1))
    }
}

pub(super) struct Intake {
    holdings: Arc<Holdings>,
    clock: Arc<dyn Clock>,
    bounds: IntakeBounds,
    places: Arc<Places>,
    /// Held while something is proved of what a stranger brings.
    proving: Arc<Mutex<()>>,
}

/// What the thread that verifies is sent.
enum Piece {
    Bytes(Bytes),
    /// Without it, the connection broke.
    End,
}

impl Intake {
    pub(super) fn new(
        holdings: Arc<Holdings>,
        clock: Arc<dyn Clock>,
        bounds: IntakeBounds,
    ) -> Self {
        Self {
            holdings,
            clock,
            places: Places::new(places::Bounds {
                strangers: bounds.strangers,
                proved: bounds.proved,
                grace: bounds.grace,
                fast_bytes_per_second: bounds.fast_bytes_per_second,
            }),
            proving: Arc::default(),
            bounds,
        }
    }

    pub(super) async fn answer<B>(
        &self,
        head: &Parts,
        body: B,
        progress: &Progress,
    ) -> Response<Body>
    where
        B: hyper::body::Body<Data = Bytes> + Unpin,
    {
        if let Some(why) = respond::fault(head) {
            progress.will_linger();
            return respond::closing(respond::sentence(StatusCode::BAD_REQUEST, why));
        }
        let _guard = progress.intake();
        match self.take(head, body, progress).await {
            Ok(number) => accepted(number),
            Err(refused) => {
                progress.will_linger();
                answer_of(&refused)
            }
        }
    }

    async fn take<B>(
        &self,
        head: &Parts,
        body: B,
        progress: &Progress,
    ) -> Result<EditionNumber, Refused>
    where
        B: hyper::body::Body<Data = Bytes> + Unpin,
    {
        if announced_bytes(head) > self.bounds.bundle_bytes {
            return Err(self.too_large());
        }
        let place = self.places.enter(progress.who()).ok_or(Refused::Busy)?;
        // A few pieces, so that reading and verifying go hand in hand and neither runs ahead.
        let (pieces, coming) = mpsc::channel(8);
        let verifying = self.verify(self.clock.now(), place.clone(), coming);
        let mut verifying = std::pin::pin!(verifying);
        let fed = tokio::select! {
            biased;
            verdict = &mut verifying => return verdict,
            () = place.is_needed() => Err(Refused::Busy),
            fed = self.feed(body, &place, pieces) => fed,
        };
        // The thread ends with its pieces. Who is answered before that finds his own place still taken.
        let verdict = verifying.await;
        fed.and(verdict)
    }

    /// Reads the body. `Ok` also when nobody wants the rest: then the verdict is on its way.
    async fn feed<B>(
        &self,
        mut body: B,
        place: &Place,
        pieces: mpsc::Sender<Piece>,
    ) -> Result<(), Refused>
    where
        B: hyper::body::Body<Data = Bytes> + Unpin,
    {
        let begun = Instant::now();
        let mut bytes = 0;
        loop {
            let deadline = begun + self.bounds.allowed(bytes);
            let frame = timeout(self.bounds.silence, timeout_at(deadline, body.frame()));
            let frame = match frame.await {
                Ok(Ok(frame)) => frame,
                Ok(Err(_)) | Err(_) => return Err(Refused::TooSlow),
            };
            let piece = match frame {
                None => Piece::End,
                Some(Err(_)) => return Err(Refused::Broken),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => Piece::Bytes(data),
                    // Trailers mean nothing here.
                    Err(_) => continue,
                },
            };
            let is_end = matches!(piece, Piece::End);
            if let Piece::Bytes(data) = &piece {
                bytes += data.len() as u64;
                place.brought(data.len() as u64);
            }
            if bytes > self.bounds.bundle_bytes {
                return Err(self.too_large());
            }
            if pieces.send(piece).await.is_err() || is_end {
                return Ok(());
            }
        }
    }

    /// In a thread of its own, since it is all computing and writing. It ends when `pieces` ends.
    fn verify(
        &self,
        now: Timestamp,
        place: Place,
        pieces: mpsc::Receiver<Piece>,
    ) -> impl Future<Output = Result<EditionNumber, Refused>> + use<> {
        let (holdings, proving) = (Arc::clone(&self.holdings), Arc::clone(&self.proving));
        let thread =
            tokio::task::spawn_blocking(move || work(&holdings, &proving, &place, now, pieces));
        async { thread.await.unwrap_or(Err(Refused::Broken)) }
    }

    fn too_large(&self) -> Refused {
        Refused::TooLarge {
            max_bytes: self.bounds.bundle_bytes,
        }
    }
}

fn work(
    holdings: &Holdings,
    proving: &Mutex<()>,
    place: &Place,
    now: Timestamp,
    mut pieces: mpsc::Receiver<Piece>,
) -> Result<EditionNumber, Refused> {
    // Who brings nothing costs nothing: what is held may have to be read again for it.
    let mut piece = match pieces.blocking_recv() {
        Some(Piece::Bytes(bytes)) => Piece::Bytes(bytes),
        Some(Piece::End) => return Err(Refusal::from(BundleError::Truncated { at: 0 }).into()),
        None => return Err(Refused::Broken),
    };
    let mut admission = {
        let _one_at_a_time = proving.lock();
        holdings.admission(now)
    };
    let mut is_proved = false;
    loop {
        match piece {
            Piece::Bytes(bytes) if is_proved => holdings.push(&mut admission, bytes)?,
            // A few bytes of a stranger can give much to compute, so it is done for one of them at a time.
            Piece::Bytes(bytes) => {
                let _one_at_a_time = proving.lock();
                holdings.push(&mut admission, bytes)?;
            }
            Piece::End => return holdings.commit(admission),
        }
        if !is_proved && admission.proof().is_some() {
            is_proved = place.prove();
            if !is_proved {
                return Err(Refused::Busy);
            }
        }
        piece = pieces.blocking_recv().ok_or(Refused::Broken)?;
    }
}

fn announced_bytes(head: &Parts) -> u64 {
    let length = head.headers.get(CONTENT_LENGTH);
    length
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .unwrap_or(0)
}

fn accepted(number: EditionNumber) -> Response<Body> {
    let text = format!("edition {number} is served now");
    let mut answer = respond::closing(respond::sentence(StatusCode::CREATED, &text));
    let place = format!("{}/{number}.tar.gz", respond::INTAKE);
    respond::insert(&mut answer, LOCATION, &place);
    answer
}

fn answer_of(refused: &Refused) -> Response<Body> {
    let sentence = respond::sentence(refused.status(), &refused.to_string());
    let mut answer = respond::closing(sentence);
    if *refused == Refused::Busy {
        respond::insert(&mut answer, RETRY_AFTER, "30");
    }
    answer
}
