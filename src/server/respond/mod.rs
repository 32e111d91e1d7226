//! From the head of a request to the whole answer: a function of values, after RFC 9110 and 9111.
//!
//! 1. A head that two programs could read differently is refused, and the connection closed.
//! 2. Only GET and HEAD; there is nothing here that a reader could change.
//! 3. The path is looked up in the [`Catalogue`]: a file, the index of a folder, a folder without its `/`, or nothing.
//! 4. The form is chosen: the gzip member as it lies in the bundle, or the plain content.
//! 5. Preconditions: who has that form already gets 304.
//! 6. Ranges: one part of that form, or the whole.
//! 7. HEAD is GET without the bytes.
//!
//! Not here: who asks. Neither address nor user agent come this far, and what is answered does not depend on them; there is only
//! a number, to which the memory is reckoned that an answer takes. No answer names the program that made it.

mod body;
mod brief;
mod budget;
mod catalogue;
mod conditions;
mod negotiate;
mod range;
mod target;

use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, IF_RANGE, LOCATION, RANGE,
    REFERRER_POLICY, RETRY_AFTER, TRANSFER_ENCODING, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version};

use crate::site::kind::{Kind, Rendering};
pub(super) use body::Body;
pub(super) use brief::{Brief, brief};
pub(super) use catalogue::{Catalogue, listings};
use catalogue::{Coding, Found, Resource, Unsendable};
use conditions::Verdict;
use range::Asked;
use target::Unusable;

use crate::site::script_source;

/// Where bundles are taken in by POST.
pub const INTAKE: &str = "/.colport/bundle";

/// What a page may do in a browser: show what lies on this mirror, search it by the one script that every edition has, and
/// nothing else. What the packager's cleaning might have missed stays dead.
static PAGE_POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; img-src 'self'; media-src 'self'; font-src 'self'; style-src 'self' 'unsafe-inline'; \
         script-src {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        script_source()
    )
});
const DRAWING_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

/// The page for "nothing here", by language tag. The first is for who speaks none of the others.
#[derive(Debug, Clone, Default)]
pub(super) struct NotFoundPages {
    tags: Vec<&'static str>,
    pages: Vec<Bytes>,
}

impl NotFoundPages {
    pub(super) fn new(tags: &[&'static str], page: impl Fn(&str) -> Vec<u8>) -> Self {
        Self {
            tags: tags.to_vec(),
            pages: tags.iter().map(|tag| page(tag).into()).collect(),
        }
    }
}

/// What one answer may cost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Allowed {
    /// A part that is asked for is made no longer than this, as RFC 9110 section 15.3.7 allows: the rest would not arrive.
    pub(super) most_bytes: Option<u64>,
    /// Whose it is, if clients can be told apart: see [`Shares`](super::shares::Shares).
    pub(super) who: Option<u64>,
}

/// The answer to a request without a body.
pub(super) fn respond(
    catalogue: &Catalogue,
    not_found: &NotFoundPages,
    head: &Parts,
    allowed: Allowed,
) -> Response<Body> {
    let answer = answer(catalogue, not_found, head, allowed);
    if head.method == Method::HEAD {
        without_bytes(answer)
    } else {
        answer
    }
}

fn answer(
    catalogue: &Catalogue,
    not_found: &NotFoundPages,
    head: &Parts,
    allowed: Allowed,
) -> Response<Body> {
    if let Some(why) = fault(head) {
        return closing(sentence(StatusCode::BAD_REQUEST, why));
    }
    if head.method != Method::GET && head.method != Method::HEAD {
        return method_not_allowed("GET, HEAD");
    }
    if head.uri.path() == INTAKE {
        return method_not_allowed("POST");
    }
    let path = match target::decode(head.uri.path()) {
        Ok(path) => path,
        Err(Unusable::Malformed) => {
            return sentence(StatusCode::BAD_REQUEST, "the path is not well-formed");
        }
        Err(Unusable::Ambiguous) => return nothing_here(not_found, &head.headers),
    };
    match catalogue.find(&path) {
        Found::Resource(resource) => send(&resource, head, allowed),
        Found::Folder => redirect(&target::folder_of(&path)),
        // Who brings the first edition asks what is there: nothing. A reader is told to come again.
        Found::Nothing if catalogue.edition().is_none() && !path.starts_with(".colport/") => {
            nothing_yet()
        }
        // Every reader with colport asks for a root that is seldom there.
        Found::Nothing if path.starts_with(".colport/") => {
            sentence(StatusCode::NOT_FOUND, "it is not here")
        }
        Found::Nothing => nothing_here(not_found, &head.headers),
    }
}

/// What could make this server and a proxy before it take one request for two, or for another.
pub(super) fn fault(head: &Parts) -> Option<&'static str> {
    let hosts = head.headers.get_all(HOST).iter().count();
    // RFC 9112 section 3.2.
    if hosts > 1 || (hosts == 0 && head.version == Version::HTTP_11) {
        return Some("exactly one `Host` is needed");
    }
    let has_body = head.headers.contains_key(TRANSFER_ENCODING)
        || head
            .headers
            .get(CONTENT_LENGTH)
            .is_some_and(|length| length != "0");
    // RFC 9110 section 9.3.1.
    let takes_none = head.method == Method::GET || head.method == Method::HEAD;
    (has_body && takes_none).then_some("a request to read has no body")
}

fn send(resource: &Resource<'_>, head: &Parts, allowed: Allowed) -> Response<Body> {
    let coding = coding(resource, head);
    let tag = HeaderValue::from(resource.tag(coding));
    match conditions::judge(&head.headers, &tag) {
        Verdict::Send => {}
        Verdict::NotModified => return not_modified(resource, tag),
        Verdict::PreconditionFailed => {
            return sentence(
                StatusCode::PRECONDITION_FAILED,
                "the file is another by now",
            );
        }
    }
    let length = resource.length(coding);
    if head.method == Method::HEAD {
        // Ranges are for GET alone (RFC 9110 section 14.2).
        let mut whole = described(StatusCode::OK, resource, coding, tag, Body::Empty);
        whole.headers_mut().insert(CONTENT_LENGTH, length.into());
        return whole;
    }
    let (status, part) = match range::asked(&head.headers, length, &tag) {
        Asked::Whole => (StatusCode::OK, 0..length),
        Asked::Part(part) => {
            let most_bytes = allowed.most_bytes.unwrap_or(u64::MAX);
            let end = part.end.min(part.start.saturating_add(most_bytes));
            (StatusCode::PARTIAL_CONTENT, part.start..end)
        }
        Asked::Unsatisfiable => return unsatisfiable(length),
    };
    let runs = match resource.runs(coding, allowed.who) {
        Ok(runs) => runs,
        Err(Unsendable::Damaged) => {
            return closing(sentence(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the bundle on this mirror was damaged",
            ));
        }
        Err(Unsendable::TooMuch) => return too_much(),
    };
    let body = Body::part(runs, &part);
    let mut sent = described(status, resource, coding, tag, body);
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
        insert(&mut sent, CONTENT_RANGE, &range);
    }
    sent
}

/// A part of a gzip stream is of no use to who did not ask for a part of just that: many clients that take gzip would
/// try to unpack it. So parts are of the plain content, unless `If-Range` names the gzip form.
fn coding(resource: &Resource<'_>, head: &Parts) -> Coding {
    if !resource.varies() || !negotiate::prefers_gzip(&head.headers) {
        return Coding::Identity;
    }
    let wants_part = head.method == Method::GET && head.headers.contains_key(RANGE);
    let gzip = resource.tag(Coding::Gzip);
    let holds_gzip = || {
        let held = head.headers.get(IF_RANGE);
        held.is_some_and(|held| held.as_bytes() == gzip.as_bytes())
    };
    if wants_part && !holds_gzip() {
        Coding::Identity
    } else {
        Coding::Gzip
    }
}

/// With everything about the resource that does not depend on the range.
fn described(
    status: StatusCode,
    resource: &Resource<'_>,
    coding: Coding,
    tag: HeaderValue,
    body: Body,
) -> Response<Body> {
    let mut headers = common(resource.kind, coding, resource.varies());
    headers.insert(ETAG, tag);
    with(status, headers, body)
}

/// What all files of a kind have in common.
fn common(kind: &Kind, coding: Coding, varies: bool) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind.content_type));
    if coding == Coding::Gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    describe_copy(&mut headers, kind, varies);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    secure(&mut headers, kind.rendering);
    headers
}

/// What a cache must know of its copy beside the tag, also when it only asks (RFC 9110 section 15.4.5).
fn describe_copy(headers: &mut HeaderMap, kind: &Kind, varies: bool) {
    let lifetime = kind.lifetime.cache_control();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(lifetime));
    if varies {
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

fn secure(headers: &mut HeaderMap, rendering: Rendering) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = match rendering {
        Rendering::Page => HeaderValue::from_str(&PAGE_POLICY).expect("a policy is plain ASCII"),
        Rendering::Drawing => HeaderValue::from_static(DRAWING_POLICY),
        Rendering::Data => return,
    };
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

fn not_modified(resource: &Resource<'_>, tag: HeaderValue) -> Response<Body> {
    let mut headers = HeaderMap::with_capacity(4);
    describe_copy(&mut headers, resource.kind, resource.varies());
    headers.insert(ETAG, tag);
    with(StatusCode::NOT_MODIFIED, headers, Body::Empty)
}

fn unsatisfiable(length: u64) -> Response<Body> {
    let mut refused = sentence(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "the file has no such bytes",
    );
    insert(&mut refused, CONTENT_RANGE, &format!("bytes */{length}"));
    insert(&mut refused, ACCEPT_RANGES, "bytes");
    refused
}

fn redirect(location: &str) -> Response<Body> {
    let mut moved = sentence(StatusCode::PERMANENT_REDIRECT, "the path ends with `/`");
    insert(&mut moved, LOCATION, location);
    // An edition to come may have a file of that name.
    insert(&mut moved, CACHE_CONTROL, "max-age=120");
    moved
}

fn nothing_here(pages: &NotFoundPages, request: &HeaderMap) -> Response<Body> {
    let place = negotiate::language(request, &pages.tags);
    let page = pages.pages.get(place).cloned().unwrap_or_default();
    let mut headers = HeaderMap::with_capacity(8);
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(CONTENT_TYPE, html);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(VARY, HeaderValue::from_static("Accept-Language"));
    secure(&mut headers, Rendering::Page);
    with(StatusCode::NOT_FOUND, headers, Body::Whole(page))
}

fn too_much() -> Response<Body> {
    let mut busy = sentence(
        StatusCode::SERVICE_UNAVAILABLE,
        "too much is being unpacked for others; the file as gzip can be had",
    );
    insert(&mut busy, RETRY_AFTER, "10");
    closing(busy)
}

fn nothing_yet() -> Response<Body> {
    let mut waiting = sentence(StatusCode::SERVICE_UNAVAILABLE, "there is nothing here yet");
    insert(&mut waiting, RETRY_AFTER, "30");
    waiting
}

pub(super) fn method_not_allowed(allowed: &'static str) -> Response<Body> {
    let mut refused = sentence(
        StatusCode::METHOD_NOT_ALLOWED,
        "that method is not for this path",
    );
    insert(&mut refused, ALLOW, allowed);
    refused
}

/// An answer for people: one sentence in plain text, never kept.
pub(super) fn sentence(status: StatusCode, text: &str) -> Response<Body> {
    let mut headers = HeaderMap::with_capacity(6);
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(CONTENT_TYPE, plain);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    secure(&mut headers, Rendering::Data);
    with(
        status,
        headers,
        Body::Whole(Bytes::from(format!("{text}\n"))),
    )
}

/// With word that no other request is read from this connection.
pub(super) fn closing(mut answer: Response<Body>) -> Response<Body> {
    insert(&mut answer, CONNECTION, "close");
    answer
}

pub(super) fn without_bytes(mut answer: Response<Body>) -> Response<Body> {
    let length = std::mem::take(answer.body_mut()).length();
    let is_told = answer.headers().contains_key(CONTENT_LENGTH);
    if !is_told && answer.status() != StatusCode::NOT_MODIFIED {
        answer.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    answer
}

fn with(status: StatusCode, headers: HeaderMap, body: Body) -> Response<Body> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    answer
}

/// `value` must be made by us alone: a byte that no header can hold would leave the header away.
pub(super) fn insert(answer: &mut Response<Body>, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests;
