//! The list of the reader's channel: where it lies, which one counts, and which mirrors follow from it.
//!
//! 1. Who was told of an address with a channel's word has it kept in the store, and the list that it opens. Anybody can make
//!    up a word, so it is kept only when an edition came, and takes the place of another that has a list only when it opens
//!    one itself.
//! 2. What is kept is proved each time, by the newest root that is trusted. A list of a key that was taken back is forgotten,
//!    and with it the version below which none was accepted.
//! 3. A newer list is asked of mirrors that were good; when no mirror is, at the meeting places that the last list names.
//! 4. Mirrors are tried in this order: those that were given, those of the list. A list past its date is used like any
//!    other, since old addresses are better than none; what it says is shown with its age.

use bytes::Bytes;
use futures_util::StreamExt;
use jiff::Timestamp;
use url::Url;

use super::store::{Store, StoreError};
use super::{Brought, MirrorId, Mirrors, doh};
use crate::base::LIMITS;
use crate::edition::{Excerpt, Remembered};
use crate::io::address;
use crate::io::fetch::{Fetch, Request, read_all};
use crate::trust::lists::{AddressList, ChannelWord, SealedList, txt};

/// Mirrors that are asked for a newer list, and meeting places.
const ASKED: usize = 4;

/// Whether addresses of onion services lead anywhere from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onions {
    /// Through a proxy that knows them.
    Reached,
    Unreached,
}

/// The list that a reader knows, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownList {
    pub version: u64,
    pub mirrors: usize,
    pub issued: Timestamp,
    pub is_expired: bool,
}

/// The newest list of the channel that came in the same bundle as the edition, proved by the newest root in it.
pub fn list_beside(edition: &Excerpt, word: &ChannelWord) -> Option<AddressList> {
    let root = edition.remembered().root;
    let lists = edition.lists_beside().iter();
    let opened = lists.filter_map(|bytes| {
        let sealed = SealedList::verify(bytes.clone(), &root).ok()?;
        sealed.open(word).ok()
    });
    opened.max_by_key(|list| list.version)
}

/// What the store knows of the reader's channel.
#[derive(Debug)]
pub(super) struct Channel {
    word: ChannelWord,
    list: Option<AddressList>,
    /// Nothing older is taken up. Of a list whose signer has lost his keys since, no version counts: he may have been a thief.
    seen: u64,
    /// The root of the bundle that the reader was given, which may be newer than the store's.
    beside: Option<Remembered>,
}

impl Channel {
    /// `None` if the reader was told of none. Changes nothing in the store.
    pub fn read(store: &Store, told: Option<&ChannelWord>) -> Result<Option<Self>, StoreError> {
        let kept = store.word()?;
        let Some(word) = told.or(kept.as_ref()) else {
            return Ok(None);
        };
        let mut channel = Self {
            word: word.clone(),
            list: None,
            seen: 0,
            beside: None,
        };
        if kept.as_ref() == Some(word)
            && let (Some(bytes), Some(root)) = (store.list()?, channel.root(store)?)
        {
            channel.take(bytes, &root);
        }
        Ok(Some(channel))
    }

    /// The word, now that an edition came.
    pub fn keep_word(&self, store: &Store) -> Result<(), StoreError> {
        let known = Self::read(store, None)?;
        match known.is_some_and(|known| known.list.is_some()) {
            true => Ok(()),
            false => store.keep_word(&self.word),
        }
    }

    fn keep_list(&self, list: &[u8], store: &Store) -> Result<(), StoreError> {
        store.keep_word(&self.word)?;
        store.keep_list(list)
    }

    /// By which lists are proved: the newest that is known, since an older one has keys that were taken back.
    fn root(&self, store: &Store) -> Result<Option<Bytes>, StoreError> {
        let known = store.remembered()?.into_iter().chain(self.beside.clone());
        let newest = known.max_by_key(Remembered::root_version);
        Ok(newest.map(|remembered| remembered.root))
    }

    /// Whether it is newer than what was known.
    fn take(&mut self, bytes: Bytes, root: &Bytes) -> bool {
        match self.opened(bytes, root) {
            Some(list) if list.version > self.seen => {
                self.seen = list.version;
                self.list = Some(list);
                true
            }
            _ => false,
        }
    }

    fn opened(&self, bytes: Bytes, root: &Bytes) -> Option<AddressList> {
        let sealed = SealedList::verify(bytes, root).ok()?;
        sealed.open(&self.word).ok()
    }

    /// What came in a bundle, which was proved to be of the newsroom that the store belongs to.
    pub fn take_beside(&mut self, brought: &Brought, store: &Store) -> Result<(), StoreError> {
        self.beside = Some(brought.root.clone());
        self.keep_newest(brought.lists.clone(), store).map(drop)
    }

    pub fn shown(&self, now: Timestamp) -> Option<KnownList> {
        self.list.as_ref().map(|list| KnownList {
            version: list.version,
            mirrors: list.mirrors.len(),
            issued: list.issued,
            is_expired: list.is_expired(now),
        })
    }

    fn mirrors(&self, onions: Onions) -> impl Iterator<Item = Url> {
        let all = self.list.iter().flat_map(|list| &list.mirrors);
        all.flat_map(move |address| {
            let onion = address.onion.clone().filter(|_| onions == Onions::Reached);
            onion.into_iter().chain([address.url.clone()])
        })
    }

    /// Asks mirrors that proved good. Whether a newer list came.
    pub async fn ask_mirrors(
        &mut self,
        fetch: &dyn Fetch,
        mirrors: &Mirrors,
        good: &[MirrorId],
        store: &Store,
    ) -> Result<bool, StoreError> {
        let name = self.word.name();
        let urls = good
            .iter()
            .take(ASKED)
            .map(|id| address::list(mirrors.url(*id), name.as_str()));
        self.ask(fetch, urls.collect(), store).await
    }

    /// Asks where the last list said that a newer one lies when no mirror answers: at plain addresses, and in DNS.
    pub async fn ask_meeting_places(
        &mut self,
        fetch: &dyn Fetch,
        resolvers: &[Url],
        store: &Store,
    ) -> Result<bool, StoreError> {
        let Some(places) = self.list.as_ref().map(|list| list.rendezvous.clone()) else {
            return Ok(false);
        };
        let is_news = self
            .ask(fetch, places.urls.into_iter().take(ASKED).collect(), store)
            .await?;
        match places.dns {
            Some(name) if !is_news => {
                let answers = fetched(fetch, doh::questions(resolvers, &name)).await;
                let records: Vec<String> = answers
                    .iter()
                    .flat_map(|answer| doh::records(answer, &name))
                    .collect();
                self.keep_newest(txt::lists(records.iter().map(String::as_str)), store)
            }
            _ => Ok(is_news),
        }
    }

    async fn ask(
        &mut self,
        fetch: &dyn Fetch,
        urls: Vec<Url>,
        store: &Store,
    ) -> Result<bool, StoreError> {
        let answers = fetched(fetch, urls).await;
        self.keep_newest(answers, store)
    }

    fn keep_newest(&mut self, answers: Vec<Bytes>, store: &Store) -> Result<bool, StoreError> {
        let Some(root) = self.root(store)? else {
            return Ok(false);
        };
        // A newer root may have come since the list was taken up.
        let kept = match store.word()?.as_ref() == Some(&self.word) {
            true => store.list()?,
            false => None,
        };
        let kept = kept.and_then(|bytes| self.opened(bytes, &root));
        self.seen = kept.map_or(0, |list| list.version);
        let mut is_news = false;
        for bytes in answers {
            if self.take(bytes.clone(), &root) {
                self.keep_list(&bytes, store)?;
                is_news = true;
            }
        }
        Ok(is_news)
    }
}

/// What answers in time, side by side.
async fn fetched(fetch: &dyn Fetch, urls: Vec<Url>) -> Vec<Bytes> {
    let asked = futures_util::stream::iter(urls).map(|url| async move {
        let answer = tokio::time::timeout(PATIENCE, async {
            let answer = fetch.fetch(Request::get(url)).await.ok()?;
            read_all(answer, LIMITS.address_list_bytes).await.ok()
        });
        answer.await.ok().flatten()
    });
    let answers: Vec<Option<Bytes>> = asked.buffer_unordered(ASKED).collect().await;
    answers.into_iter().flatten().collect()
}

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Step 4.
pub(super) fn to_try(given: &[Url], channel: Option<&Channel>, onions: Onions) -> Vec<Url> {
    let listed = channel
        .into_iter()
        .flat_map(|channel| channel.mirrors(onions));
    given.iter().cloned().chain(listed).collect()
}
