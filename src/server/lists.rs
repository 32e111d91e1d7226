//! Lists of channels, under `/.colport/lists/NAME.json`: taken from anyone, if the newsroom signed them and they are newer.
//!
//! 1. Which channels there are and what a list says is sealed: a mirror sees names that mean nothing to it, and versions.
//!    No name is told to who does not know it.
//! 2. A list that comes is read up to its ceiling and within some seconds, proved by the newest root that is trusted, and
//!    compared with the one that is there. One of a key that is trusted no more gives way to any.
//! 3. It lies in `lists/` of the state folder before it is shown. There are only so many; the one that expires first goes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::holdings::Holdings;
use super::respond::{self, Body};
use super::wire::Progress;
use crate::base::LIMITS;
use crate::io::files;
use crate::trust::lists::{ListName, ListRefusal, SealedList};

const PLACE: &str = "/.colport/lists/";
/// A mirror is told to a few channels only.
const MOST: usize = 64;
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub(super) struct Lists {
    holdings: Arc<Holdings>,
    held: Arc<RwLock<BTreeMap<ListName, Bytes>>>,
    /// Held by who compares and writes, so that those who only read never wait for the disk.
    admitting: Arc<Mutex<()>>,
}

/// Whether the request is for a list.
pub(super) fn is_asked(head: &Parts) -> bool {
    head.uri.path().starts_with(PLACE)
}

fn name(head: &Parts) -> Option<ListName> {
    let name = head.uri.path().strip_prefix(PLACE)?;
    ListName::parse(name.strip_suffix(".json")?)
}

impl Lists {
    /// With what lies in the state folder. What cannot be read is of no use, and comes again.
    pub(super) fn open(holdings: Arc<Holdings>) -> Self {
        let folder = folder(&holdings);
        let mut held = BTreeMap::new();
        for path in files::list(&folder).unwrap_or_default() {
            let name = path
                .to_str()
                .and_then(|name| ListName::parse(name.strip_suffix(".json")?));
            let bytes = files::read(&folder.join(&path), LIMITS.address_list_bytes);
            held.extend(name.zip(bytes.ok().map(Bytes::from)));
        }
        Self {
            holdings,
            held: Arc::new(RwLock::new(held)),
            admitting: Arc::default(),
        }
    }

    fn held(&self) -> RwLockReadGuard<'_, BTreeMap<ListName, Bytes>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn answer(&self, head: &Parts) -> Response<Body> {
        if let Some(why) = respond::fault(head) {
            return respond::closing(respond::sentence(StatusCode::BAD_REQUEST, why));
        }
        if head.method != Method::GET && head.method != Method::HEAD {
            return respond::method_not_allowed("GET, HEAD, POST");
        }
        let Some(list) = name(head).and_then(|name| self.held().get(&name).cloned()) else {
            return respond::sentence(StatusCode::NOT_FOUND, "it is not here");
        };
        let mut answer = Response::new(Body::Whole(list));
        respond::insert(&mut answer, CONTENT_TYPE, "application/json");
        respond::insert(&mut answer, CACHE_CONTROL, "no-cache");
        answer
    }

    pub(super) async fn take<B>(
        &self,
        head: &Parts,
        body: &mut B,
        progress: &Progress,
    ) -> Response<Body>
    where
        B: hyper::body::Body<Data = Bytes> + Unpin,
    {
        progress.will_linger();
        if let Some(why) = respond::fault(head) {
            return respond::closing(respond::sentence(StatusCode::BAD_REQUEST, why));
        }
        let (status, words) = match timeout(PATIENCE, read(body)).await {
            Err(_) => (StatusCode::REQUEST_TIMEOUT, "it came too slowly".to_owned()),
            Ok(None) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "it is too large for a list, or broke".to_owned(),
            ),
            Ok(Some(bytes)) => {
                // It may wait for an edition that comes in, and for the disk.
                let (lists, name) = (self.clone(), name(head));
                let admitted = spawn_blocking(move || lists.admit(name.as_ref(), bytes));
                let broken = (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "it broke here".to_owned(),
                );
                match admitted.await.unwrap_or(Err(broken)) {
                    Ok(()) => (StatusCode::CREATED, "the list is shown now".to_owned()),
                    Err((status, words)) => (status, words),
                }
            }
        };
        respond::closing(respond::sentence(status, &words))
    }

    // Step 2.
    fn admit(&self, name: Option<&ListName>, bytes: Bytes) -> Result<(), (StatusCode, String)> {
        let root = self.holdings.root();
        let root = root.ok_or_else(|| {
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "there is no edition here yet".to_owned(),
            )
        })?;
        let list = SealedList::verify(bytes, &root)
            .map_err(|refusal| (status(&refusal), refusal.to_string()))?;
        if name != Some(list.name()) {
            return Err((StatusCode::BAD_REQUEST, "the list has another name".into()));
        }
        let one_at_a_time = self.admitting.lock();
        let _one_at_a_time = one_at_a_time.unwrap_or_else(PoisonError::into_inner);
        let there = self.held().get(list.name()).cloned();
        let there = there.and_then(|there| SealedList::verify(there, &root).ok());
        if let Some(there) = there.filter(|there| there.version() >= list.version()) {
            let (had, got) = (there.version(), list.version());
            return Err((
                StatusCode::CONFLICT,
                ListRefusal::Rollback { had, got }.to_string(),
            ));
        }
        self.keep(&list).map_err(|()| {
            (
                StatusCode::INSUFFICIENT_STORAGE,
                "it could not be written".to_owned(),
            )
        })?;
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.insert(list.name().clone(), list.bytes().clone());
        let left = make_room(&mut held, &root);
        drop(held);
        for name in left {
            // One that could not be removed is only shown again after a restart.
            let _ = files::remove(&folder(&self.holdings).join(format!("{name}.json")));
        }
        Ok(())
    }

    fn keep(&self, list: &SealedList) -> Result<(), ()> {
        let folder = folder(&self.holdings);
        let written = files::create_folder(&folder).and_then(|()| {
            files::write(&folder.join(format!("{}.json", list.name())), list.bytes())
        });
        written.map_err(drop)
    }
}

/// The names of those that had to go.
fn make_room(held: &mut BTreeMap<ListName, Bytes>, root: &Bytes) -> Vec<ListName> {
    let expires = |bytes: &Bytes| {
        SealedList::verify(bytes.clone(), root)
            .ok()
            .map(|list| list.expires())
    };
    let mut left = Vec::new();
    while held.len() > MOST {
        let first = held
            .iter()
            .min_by_key(|(_, bytes)| expires(bytes))
            .map(|(name, _)| name.clone());
        let Some(name) = first else { break };
        held.remove(&name);
        left.push(name);
    }
    left
}

fn folder(holdings: &Holdings) -> PathBuf {
    holdings.folder().join("lists")
}

fn status(refusal: &ListRefusal) -> StatusCode {
    match refusal {
        ListRefusal::Signature(_) => StatusCode::FORBIDDEN,
        ListRefusal::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        ListRefusal::Rollback { .. } => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// `None`: it is longer than a list may be, or the connection broke.
async fn read<B>(body: &mut B) -> Option<Bytes>
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
{
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.ok()?.into_data() {
            whole.extend_from_slice(&data);
        }
        if whole.len() as u64 > LIMITS.address_list_bytes {
            return None;
        }
    }
    Some(whole.freeze())
}
