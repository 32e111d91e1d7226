//! One mirror, good or bad.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use colport::edition::{Holding, VerifiedEdition, write_dense, write_dense_update, write_update};
use colport::io::fetch::{FetchError, Request, Response, shown};
use colport::io::push::{Answer, Body};
use futures_util::StreamExt;
use tokio::time::sleep;
use url::Url;

use super::newsroom::lay_out;

/// What a mirror, or someone on the way to it, does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Good,
    /// Good, at so many bytes a second.
    Slow(u64),
    /// Good, but the first byte of everything takes so long.
    Far(Duration),
    /// Nothing listens.
    Refused,
    /// No answer to anything.
    Silent,
    /// A byte a second.
    Drip,
    /// Right length, but one byte of every 64 KiB is another.
    Wrong,
    /// Honest about metadata; in the bundle the byte at this place is another.
    LiesAt(u64),
    /// Closes after 60 % of what is asked.
    Truncated,
    Page403,
    /// 200 with a block page.
    Page200,
    /// Every connection falls silent after so many bytes.
    FreezesAfter(u64),
    /// Good until it has sent so many bytes in all, then it is gone.
    DiesAfter(u64),
    /// Sends the whole whatever part is asked.
    KnowsNoRanges,
    /// Has the site and its metadata, but no bundles.
    NoBundles,
    /// No end to any file.
    Endless,
}

const ROUND_TRIP: Duration = Duration::from_millis(20);
const FAST: u64 = 20 << 20;
const PIECE: usize = 8 << 10;
const PAGE: &str = "<!doctype html><title>Access restricted</title><p>Decision No 1234-56.";

pub(crate) struct Mirror {
    host: String,
    behaviour: Mutex<Behaviour>,
    tree: Mutex<BTreeMap<String, Bytes>>,
    sent: AtomicU64,
    asked: Mutex<Vec<String>>,
    taken: Mutex<Vec<Bytes>>,
    refused: Mutex<Vec<Bytes>>,
    refuses_posts: Mutex<Option<Answer>>,
}

impl Mirror {
    pub(super) fn new(host: &str, behaviour: Behaviour) -> Self {
        Self {
            host: host.into(),
            behaviour: Mutex::new(behaviour),
            tree: Mutex::default(),
            sent: AtomicU64::new(0),
            asked: Mutex::default(),
            taken: Mutex::default(),
            refused: Mutex::default(),
            refuses_posts: Mutex::default(),
        }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn url(&self) -> Url {
        Url::parse(&format!("http://{}/", self.host)).unwrap()
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// Shows this edition and nothing else.
    pub(crate) fn show(&self, edition: &VerifiedEdition) -> &Self {
        *self.tree.lock().unwrap() = lay_out(edition);
        self
    }

    /// Has also the update from `base` to the edition.
    pub(crate) fn show_update(&self, base: &VerifiedEdition, edition: &VerifiedEdition) {
        let update = write_update(Vec::new(), edition, &Holding::from(base.proof())).unwrap();
        let name = format!(
            ".colport/bundle/{}-{}.tar.gz",
            base.number(),
            edition.number()
        );
        self.put(&name, update);
    }

    /// Has also the dense forms of the edition and of the update from `base`.
    pub(crate) fn show_dense(&self, base: Option<&VerifiedEdition>, edition: &VerifiedEdition) {
        let number = edition.number();
        let full = write_dense(Vec::new(), edition).unwrap();
        self.put(&format!(".colport/bundle/{number}.zst"), full);
        if let Some(base) = base {
            let update = write_dense_update(Vec::new(), edition, base).unwrap();
            let name = format!(".colport/bundle/{}-{number}.zst", base.number());
            self.put(&name, update);
        }
    }

    /// Another byte at this place of a file.
    pub(crate) fn damage(&self, path: &str, at: usize) {
        let mut tree = self.tree.lock().unwrap();
        let file = tree.get_mut(path).unwrap();
        let mut bytes = file.to_vec();
        bytes[at] ^= 1;
        *file = bytes.into();
    }

    pub(crate) fn put(&self, path: &str, content: impl Into<Bytes>) {
        self.tree
            .lock()
            .unwrap()
            .insert(path.into(), content.into());
    }

    pub(crate) fn refuse_posts(&self, status: u16, text: &str) {
        *self.refuses_posts.lock().unwrap() = Some(Answer {
            status,
            text: text.into(),
        });
    }

    pub(crate) fn take_posts(&self) {
        *self.refuses_posts.lock().unwrap() = None;
    }

    /// Bytes of bodies that were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    /// Paths, in the order in which they were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Bodies that were posted here.
    pub(crate) fn taken(&self) -> Vec<Bytes> {
        self.taken.lock().unwrap().clone()
    }

    /// Bodies that were posted here in vain.
    pub(crate) fn refused(&self) -> Vec<Bytes> {
        self.refused.lock().unwrap().clone()
    }

    pub(super) async fn answer(
        self: std::sync::Arc<Self>,
        request: Request,
    ) -> Result<Response, FetchError> {
        let behaviour = *self.behaviour.lock().unwrap();
        let path = request.url.path().trim_start_matches('/').to_owned();
        self.asked.lock().unwrap().push(path.clone());
        sleep(ROUND_TRIP).await;
        let address = shown(&request.url);
        match behaviour {
            Behaviour::Refused => return Err(broken(address, "no connection")),
            Behaviour::DiesAfter(bytes) if self.sent() >= bytes => {
                return Err(broken(address, "no connection"));
            }
            Behaviour::Silent => std::future::pending().await,
            Behaviour::Page403 => {
                return Err(FetchError::Denied {
                    address,
                    status: 403,
                });
            }
            Behaviour::Far(time) => sleep(time).await,
            _ => {}
        }
        let content = self
            .content(behaviour, &path)
            .ok_or(FetchError::NotFound(address.clone()))?;
        let first_byte = match behaviour {
            Behaviour::KnowsNoRanges | Behaviour::Page200 => 0,
            _ => request.from_byte,
        };
        if first_byte > content.len() as u64 {
            return Err(FetchError::Permanent {
                address,
                why: "it is shorter than the part we have".into(),
            });
        }
        let content = content.slice(usize::try_from(first_byte).unwrap()..);
        let flow = Flow {
            mirror: self,
            behaviour,
            content,
            given: 0,
            address,
        };
        let body = futures_util::stream::unfold(flow, |mut flow| async {
            let piece = flow.next().await?;
            Some((piece, flow))
        });
        Ok(Response {
            url: request.url,
            content_type: None,
            first_byte,
            body: body.boxed(),
        })
    }

    fn content(&self, behaviour: Behaviour, path: &str) -> Option<Bytes> {
        let is_bundle = path.starts_with(".colport/bundle/");
        if behaviour == Behaviour::Page200 {
            return Some(Bytes::from_static(PAGE.as_bytes()));
        }
        if behaviour == Behaviour::NoBundles && is_bundle {
            return None;
        }
        let content = self.tree.lock().unwrap().get(path).cloned()?;
        Some(match behaviour {
            Behaviour::Wrong => altered(&content, content.len() % 65536 / 2),
            Behaviour::LiesAt(at) if is_bundle => {
                altered_once(&content, usize::try_from(at).unwrap())
            }
            Behaviour::Truncated => content,
            _ => content,
        })
    }

    pub(super) async fn take(&self, mut body: Body) -> Result<Answer, FetchError> {
        let behaviour = *self.behaviour.lock().unwrap();
        sleep(ROUND_TRIP).await;
        let address = self.host.clone();
        match behaviour {
            Behaviour::Refused => return Err(broken(address, "no connection")),
            Behaviour::Silent => std::future::pending().await,
            _ => {}
        }
        let refusal = self.refuses_posts.lock().unwrap().clone();
        if let Some(answer) = refusal {
            let body: Vec<Bytes> = body.pieces.collect().await;
            self.refused.lock().unwrap().push(body.concat().into());
            return Ok(answer);
        }
        let rate = if let Behaviour::Slow(rate) = behaviour {
            rate
        } else {
            FAST
        };
        let mut whole = BytesMut::new();
        while let Some(piece) = body.pieces.next().await {
            sleep(Duration::from_secs_f64(piece.len() as f64 / rate as f64)).await;
            whole.extend_from_slice(&piece);
        }
        assert_eq!(
            whole.len() as u64,
            body.length,
            "the length that was told is the length that came"
        );
        self.taken.lock().unwrap().push(whole.freeze());
        Ok(Answer {
            status: 200,
            text: "taken".into(),
        })
    }
}

fn broken(address: String, why: &str) -> FetchError {
    FetchError::Transient {
        address,
        why: why.into(),
    }
}

fn altered(content: &[u8], first: usize) -> Bytes {
    let mut content = content.to_vec();
    content
        .iter_mut()
        .skip(first)
        .step_by(65536)
        .for_each(|byte| *byte ^= 0x55);
    content.into()
}

fn altered_once(content: &[u8], at: usize) -> Bytes {
    let mut content = content.to_vec();
    content
        .iter_mut()
        .skip(at)
        .take(1)
        .for_each(|byte| *byte ^= 0x55);
    content.into()
}

/// A body on its way.
struct Flow {
    mirror: std::sync::Arc<Mirror>,
    behaviour: Behaviour,
    content: Bytes,
    given: u64,
    address: String,
}

impl Flow {
    async fn next(&mut self) -> Option<Result<Bytes, FetchError>> {
        let whole = self.content.len() as u64 + self.given;
        let (step, rate) = match self.behaviour {
            Behaviour::Drip => (1, 1),
            Behaviour::Slow(rate) => (PIECE.min(usize::try_from(rate / 10).unwrap().max(1)), rate),
            _ => (PIECE, FAST),
        };
        let stop = match self.behaviour {
            Behaviour::FreezesAfter(bytes) if self.given >= bytes => {
                std::future::pending::<()>().await;
                true
            }
            Behaviour::Truncated => self.given >= whole * 6 / 10,
            Behaviour::DiesAfter(bytes) => self.mirror.sent() >= bytes,
            _ => false,
        };
        if stop {
            let broken = broken(self.address.clone(), "the connection broke");
            self.content = Bytes::new();
            self.behaviour = Behaviour::Good;
            return Some(Err(broken));
        }
        if self.behaviour == Behaviour::Endless && self.content.is_empty() {
            self.content = Bytes::from_static(&[b' '; PIECE]);
        }
        let piece = self.content.split_to(step.min(self.content.len()));
        if piece.is_empty() {
            return None;
        }
        sleep(Duration::from_secs_f64(piece.len() as f64 / rate as f64)).await;
        self.given += piece.len() as u64;
        self.mirror
            .sent
            .fetch_add(piece.len() as u64, Ordering::SeqCst);
        Some(Ok(piece))
    }
}
