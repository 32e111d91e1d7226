//! What the newsroom's own system says at the door, and what it hears. The sockets are in
//! [`door`](crate::io::door), the articles in [`source`].
//!
//! `POST /NEWSROOM` takes an article: as JSON, or as `multipart/form-data` with the JSON in the part `article` and the
//! pictures in parts of their names.
//!
//! 1. Who brings no `Authorization: Bearer TOKEN` is refused before a byte of the article is read.
//! 2. What is wrong with an article is answered in one sentence, and nothing is written.
//! 3. What was taken lies in the inbox, whole, before the answer goes out.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::request::Parts;
use http::{Method, header};

use super::source::{self, IMAGES, PushError, Pushed, Refused, Taken};
use crate::base::{Digest, LIMITS, NewsroomId, Secret};
use crate::io::door::{Keeper, Reply};
use crate::io::files::{self, FileError};

/// See the module.
pub struct Intake {
    inboxes: BTreeMap<NewsroomId, PathBuf>,
    /// Of the token, so that comparing tells nothing about it.
    token: Digest,
    /// Two pushes of one article would remove one another's pictures.
    one_at_a_time: Mutex<()>,
}

impl Intake {
    pub fn new(inboxes: BTreeMap<NewsroomId, PathBuf>, token: &Secret<String>) -> Self {
        Self {
            inboxes,
            token: Digest::of(token.expose().as_bytes()),
            one_at_a_time: Mutex::new(()),
        }
    }

    /// Takes away what one that was killed left half-written.
    pub fn sweep(&self) -> Result<(), FileError> {
        let mut inboxes = self.inboxes.values();
        inboxes.try_for_each(|inbox| files::sweep_parts(inbox))
    }

    fn inbox(&self, head: &Parts) -> Option<&PathBuf> {
        let name = head.uri.path().trim_matches('/');
        self.inboxes.get(&NewsroomId::parse(name).ok()?)
    }

    fn is_allowed(&self, head: &Parts) -> bool {
        let said = head.headers.get(header::AUTHORIZATION);
        let token = said.and_then(|said| said.as_bytes().strip_prefix(b"Bearer "));
        token.is_some_and(|token| Digest::of(token.trim_ascii()) == self.token)
    }

    fn push(&self, head: &Parts, body: &Bytes) -> Result<Taken, PushError> {
        let inbox = self
            .inbox(head)
            .ok_or_else(|| Refused("no newsroom".into()))?;
        let kind = head.headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let (json, beside) = match boundary(kind) {
            Some(boundary) => {
                let parts = parts(body, &boundary);
                article_of(parts.ok_or_else(|| {
                    Refused(format!(
                        "its parts cannot be told apart, or are more than {PARTS}"
                    ))
                })?)?
            }
            None => (body.clone(), HashMap::new()),
        };
        let pushed = Pushed::parse(&json)?;
        pushed.check_text()?;
        let _turn = self
            .one_at_a_time
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        source::take(inbox, pushed, &beside)
    }
}

impl Keeper for Intake {
    // Step 1.
    fn admit(&self, head: &Parts) -> Result<u64, Reply> {
        if !self.is_allowed(head) {
            return Err(Reply::new(401, "the token is missing or wrong"));
        }
        if self.inbox(head).is_none() {
            let names: Vec<String> = self.inboxes.keys().map(ToString::to_string).collect();
            let why = format!("push to the newsroom's name: /{}", names.join(" or /"));
            return Err(Reply::new(404, why));
        }
        match head.method {
            Method::POST => Ok(LIMITS.pushed_bytes),
            _ => Err(Reply::new(405, "articles are pushed with POST")),
        }
    }

    // Steps 2 and 3.
    fn take(&self, head: &Parts, body: Bytes) -> Reply {
        match self.push(head, &body) {
            Ok(Taken::New) => Reply::new(201, "taken"),
            Ok(Taken::Replaced) => Reply::new(200, "taken in place of what was there"),
            Ok(Taken::Withdrawn) => Reply::new(200, "withdrawn"),
            Err(PushError::Refused(why)) => Reply::new(400, why.to_string()),
            Err(PushError::File(FileError::Full(_))) => Reply::new(507, "the disk is full"),
            Err(PushError::File(_)) => Reply::new(500, "it could not be written"),
        }
    }
}

/// The article's JSON, and what came beside it.
fn article_of(parts: Vec<Part>) -> Result<(Bytes, HashMap<String, Bytes>), Refused> {
    let mut article = None;
    let mut beside = HashMap::new();
    for part in parts {
        match part.name.as_str() {
            "article" => article = Some(part.bytes),
            name => {
                beside.insert(part.file.unwrap_or_else(|| name.to_owned()), part.bytes);
            }
        }
    }
    let article = article.ok_or_else(|| Refused("the part `article` is missing".into()))?;
    Ok((article, beside))
}

/// One part of a form (RFC 7578).
#[derive(Debug, PartialEq)]
struct Part {
    name: String,
    file: Option<String>,
    bytes: Bytes,
}

/// `multipart/form-data; boundary=X`
fn boundary(kind: &str) -> Option<String> {
    let (kind, rest) = kind.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(rest, "boundary")
}

/// `a=b; NAME="…"` (RFC 9110 section 5.6.6). What stands in quotes may hold semicolons.
fn parameter(text: &str, name: &str) -> Option<String> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let mut all = text.split(|letter| {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = is_quoted,
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
        letter == ';' && !is_quoted
    });
    all.find_map(|one| {
        let (key, value) = one.split_once('=')?;
        let is_meant = key.trim().eq_ignore_ascii_case(name);
        is_meant.then(|| unquoted(value.trim()))
    })
}

/// A backslash before anything but a quote or another one is meant as it stands: some send paths of Windows.
fn unquoted(value: &str) -> String {
    let inner = value
        .strip_prefix('"')
        .and_then(|inner| inner.strip_suffix('"'));
    let Some(inner) = inner else {
        return value.trim_matches('"').to_owned();
    };
    let mut plain = String::with_capacity(inner.len());
    let mut letters = inner.chars().peekable();
    while let Some(letter) = letters.next() {
        let escaped = letters.next_if(|next| letter == '\\' && matches!(next, '"' | '\\'));
        plain.push(escaped.unwrap_or(letter));
    }
    plain
}

/// The article, and as many images as it may have.
const PARTS: usize = IMAGES + 1;

/// `None` if the body is no form with this boundary, or has more parts than an article. Those without a name are left out.
fn parts(body: &Bytes, boundary: &str) -> Option<Vec<Part>> {
    let seam = format!("\r\n--{boundary}");
    let first = seam.trim_start();
    let mut at = body.starts_with(first.as_bytes()).then_some(first.len())?;
    let mut found = Vec::new();
    for _ in 0..=PARTS {
        let rest = body.get(at..)?;
        if rest.starts_with(b"--") {
            return Some(found);
        }
        let start = at + rest.strip_prefix(b"\r\n").map(|_| 2)?;
        let length = position(body.get(start..)?, seam.as_bytes())?;
        found.extend(part(&body.slice(start..start + length)));
        at = start + length + seam.len();
    }
    None
}

fn part(bytes: &Bytes) -> Option<Part> {
    let end = position(bytes, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
    let line = head.lines().find(|line| {
        line.to_ascii_lowercase()
            .starts_with("content-disposition:")
    })?;
    Some(Part {
        name: parameter(line, "name")?,
        file: parameter(line, "filename").filter(|file| !file.is_empty()),
        bytes: bytes.slice(end + 4..),
    })
}

/// In time proportional to the length, whatever the bytes are.
fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| *byte == first)?;
        if bytes.get(at..)?.starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";
    const TOKEN: &str = "0123456789abcdef";
    const ARTICLE: &str = r#"{"id":"1","title":"T","html":"<p>x","images":[{"name":"1.png"}]}"#;

    fn intake() -> (Intake, tempfile::TempDir) {
        let inbox = tempfile::tempdir().unwrap();
        let id = NewsroomId::parse("be").unwrap();
        let inboxes = BTreeMap::from([(id, inbox.path().to_path_buf())]);
        (Intake::new(inboxes, &Secret::new(TOKEN.into())), inbox)
    }

    fn head(method: Method, path: &str, token: &str, kind: &str) -> Parts {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, kind);
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_who_has_the_token_is_let_in() {
        let (intake, _inbox) = intake();
        let check = |head: Parts, status: u16| {
            let admitted = intake.admit(&head);
            let said = admitted.map_or_else(|reply| reply.status, |_| 200);
            assert_eq!(said, status, "{head:?}");
        };
        let json = "application/json";
        check(head(Method::POST, "/be", TOKEN, json), 200);
        check(head(Method::POST, "/be", "", json), 401);
        check(head(Method::POST, "/be", &TOKEN[1..], json), 401);
        check(head(Method::POST, "/ru", TOKEN, json), 404);
        check(head(Method::POST, "/../be", TOKEN, json), 404);
        check(head(Method::GET, "/be", TOKEN, json), 405);
        let mut bare = head(Method::POST, "/be", TOKEN, json);
        bare.headers.remove(header::AUTHORIZATION);
        check(bare, 401);
    }

    fn form(parts: &[(&str, &[u8])]) -> Bytes {
        let mut body = Vec::new();
        for (disposition, bytes) in parts {
            let head = format!(
                "--XY\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: x/y\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--XY--\r\n");
        body.into()
    }

    #[test]
    fn an_article_with_its_pictures_beside_it_is_taken() {
        let (intake, inbox) = intake();
        let form = form(&[
            ("name=\"article\"", ARTICLE.as_bytes()),
            ("name=\"picture\"; filename=\"1.png\"", PNG),
        ]);
        let kind = "Multipart/Form-Data; boundary=\"XY\"";
        let head = head(Method::POST, "/be/", TOKEN, kind);
        assert_eq!(intake.take(&head, form.clone()).status, 201);
        assert_eq!(intake.take(&head, form).status, 200);
        assert_eq!(files::list(inbox.path()).unwrap().len(), 2);
    }

    #[test]
    fn a_form_has_as_many_parts_as_an_article_may_have_images_and_no_more() {
        let with = |images: usize| {
            let images = vec![("name=\"1.png\"", PNG); images];
            let all = [vec![("name=\"article\"", ARTICLE.as_bytes())], images].concat();
            parts(&form(&all), "XY").map(|parts| parts.len())
        };
        assert_eq!(with(IMAGES), Some(PARTS));
        assert_eq!(with(IMAGES + 1), None);
    }

    #[test]
    fn what_was_left_half_written_goes_when_it_starts() {
        let (intake, inbox) = intake();
        files::write(&inbox.path().join(".colport-a.part"), b"x").unwrap();
        files::write(&inbox.path().join("a.json"), b"x").unwrap();
        intake.sweep().unwrap();
        assert_eq!(
            files::list(inbox.path()).unwrap(),
            [std::path::Path::new("a.json")]
        );
    }

    #[test]
    fn a_flash_and_a_photo_are_taken() {
        let (intake, _inbox) = intake();
        let head = head(Method::POST, "/be", TOKEN, "application/json");
        for html in [
            "<p>Take shelter.</p>",
            "<img src='https://n.example/1.jpg'>",
        ] {
            let article = serde_json::json!({"id": html, "title": "T", "html": html}).to_string();
            assert_eq!(intake.take(&head, article.into()).status, 201, "{html}");
        }
    }

    #[test]
    fn a_picture_may_have_any_name() {
        let check = |head: &str, expected: &str| {
            let found = parameter(&format!("form-data; {head}; name=x"), "filename");
            assert_eq!(found.as_deref(), Some(expected), "{head}");
        };
        check("filename=\"a;b.png\"", "a;b.png");
        check("filename=\"a \\\"; b\\\\.png\"", "a \"; b\\.png");
        check("filename=\"C:\\a.png\"", "C:\\a.png");
        check("title=\"; filename=no\"; FILENAME = a.png ", "a.png");
        check("filename=\"a", "a; name=x");
    }

    #[test]
    fn what_is_wrong_is_answered_and_nothing_written() {
        let (intake, inbox) = intake();
        let check = |kind: &str, body: Bytes, says: &str| {
            let reply = intake.take(&head(Method::POST, "/be", TOKEN, kind), body);
            assert_eq!(reply.status, 400, "{}", reply.text);
            assert!(reply.text.contains(says), "{}", reply.text);
        };
        let multipart = "multipart/form-data; boundary=XY";
        check("application/json", "{".into(), "JSON");
        check("application/json", ARTICLE.into(), "`1.png`");
        for html in ["<p> </p>", "<script>x()</script>", "<img src='data:x'>"] {
            let empty = serde_json::json!({"id": "1", "title": "T", "html": html}).to_string();
            check("application/json", empty.into(), "readers would see");
        }
        check(multipart, ARTICLE.into(), "told apart");
        check(multipart, form(&[("name=x", b"y")]), "`article`");
        check(multipart, form(&[]), "`article`");
        let none = form(&[
            ("name=article", ARTICLE.as_bytes()),
            ("name=\"1.png\"", b"<html>"),
        ]);
        check(multipart, none, "no picture");
        assert!(files::list(inbox.path()).unwrap().is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_form_is_read_or_refused(bytes: Vec<u8>, text in "(--XY|\r\n|--|Content-Disposition: form-data; |name=a|;|\"|[a-z ]{0,3}){0,40}") {
            for body in [bytes, text.into_bytes()] {
                let _ = parts(&body.into(), "XY");
            }
        }

        #[test]
        fn what_a_form_holds_comes_out(bytes: Vec<u8>) {
            proptest::prop_assume!(position(&bytes, b"\r\n--XY").is_none());
            let read = parts(&form(&[("name=a", &bytes)]), "XY").unwrap();
            assert_eq!(read.len(), 1);
            assert_eq!(read[0].bytes, bytes);
        }
    }
}
