//! A mirror as it is written, and how editions are pushed.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use super::{daemon, http_address};
use crate::base::Digest;
use crate::config::{Allowed, said};
use crate::io::store::{self, Credentials, Keeper};
use crate::sync::daemon::{MeetingPlace, Member};
use crate::sync::{self, Host, Options, Place};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mirror {
    name: String,
    folder: Option<PathBuf>,
    colport: Option<String>,
    follows: Option<String>,
    s3: Option<S3>,
    webdav: Option<String>,
    sftp: Option<String>,
    git: Option<Git>,
    url: Option<String>,
    credentials: Option<String>,
    key: Option<PathBuf>,
    known_hosts: Option<PathBuf>,
    bundles: Option<bool>,
    onion: Option<String>,
    provider: Option<String>,
    #[serde(default)]
    account: String,
    #[serde(default)]
    cost_a_day: f64,
}

/// A host for small files, which may be of any kind that a mirror is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shelf {
    name: Option<String>,
    /// Where readers find it. Of a colport server that is known.
    address: Option<String>,
    folder: Option<PathBuf>,
    colport: Option<String>,
    s3: Option<S3>,
    webdav: Option<String>,
    sftp: Option<String>,
    git: Option<Git>,
    credentials: Option<String>,
    key: Option<PathBuf>,
    known_hosts: Option<PathBuf>,
}

impl Shelf {
    pub(super) fn check(self, folder: &Path) -> Result<MeetingPlace, String> {
        let address = match (&self.address, &self.colport) {
            (Some(_), Some(_)) => {
                return Err(
                    "the address of a meeting place that is a `colport` is known already".into(),
                );
            }
            (Some(address), None) => address.clone(),
            (None, Some(colport)) => format!("{}/.colport/lists/", colport.trim_end_matches('/')),
            (None, None) => {
                return Err("a meeting place has an `address`, where readers find it".into());
            }
        };
        let address = daemon::mirror_address(&address)?;
        // One that is told by nothing else is told by where it is, but not in so many words.
        let mark = Digest::of(address.as_str().as_bytes()).to_string();
        let unnamed = || format!("meeting place {}", mark.get(..6).unwrap_or_default());
        let mirror = Mirror {
            name: self.name.unwrap_or_else(unnamed),
            folder: self.folder,
            colport: self.colport,
            follows: None,
            s3: self.s3,
            webdav: self.webdav,
            sftp: self.sftp,
            git: self.git,
            url: None,
            credentials: self.credentials,
            key: self.key,
            known_hosts: self.known_hosts,
            bundles: None,
            onion: None,
            provider: None,
            account: String::new(),
            cost_a_day: 0.0,
        };
        // What is pushed to a mirror of the same name is not in its way.
        let sync::Mirror { name, place } = mirror.kept_in(folder, "cache/meeting")?;
        Ok(MeetingPlace {
            name,
            place,
            address,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct S3 {
    endpoint: String,
    #[serde(default = "usual_region")]
    region: String,
    bucket: String,
    #[serde(default)]
    prefix: String,
}

fn usual_region() -> String {
    "us-east-1".into()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Git {
    repository: String,
    #[serde(default = "usual_branch")]
    branch: String,
}

fn usual_branch() -> String {
    "pages".into()
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Push {
    line_kb_per_second: Option<u64>,
    mirror_kb_per_second: Option<u64>,
}

/// What is said of a mirror besides where it is; each may be for some kinds only.
struct Besides {
    url: Option<Url>,
    credentials: Option<Credentials>,
    key: Option<PathBuf>,
    known_hosts: Option<PathBuf>,
    bundles: Option<bool>,
}

impl Mirror {
    /// With what readers may know of it.
    pub(super) fn member(mut self, folder: &Path) -> Result<Member, String> {
        let known = self.besides();
        let mirror = self.check(folder)?;
        let public = known.public(mirror.place.url());
        Ok(Member {
            public: public.map_err(|why| format!("the mirror `{}`: {why}", mirror.name))?,
            addresses: Vec::new(),
            made: None,
            mirror,
        })
    }

    /// What is said of it besides where it is.
    pub(super) fn besides(&mut self) -> daemon::Besides {
        daemon::Besides {
            onion: self.onion.take(),
            provider: self.provider.take(),
            account: std::mem::take(&mut self.account),
            cost_a_day: std::mem::take(&mut self.cost_a_day),
        }
    }

    /// As it was made by a program: that shall write to no folder and log in nowhere by words of its own.
    pub(super) fn is_allowed(&self, allowed: &Allowed) -> Result<(), String> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !(1..=40).contains(&self.name.len()) || !self.name.chars().all(is_plain) {
            return Err("its name must be small letters, digits and dashes".into());
        }
        let used = [
            ("folder", self.folder.is_some()),
            ("git", self.git.is_some()),
            ("sftp", self.sftp.is_some()),
            ("key", self.key.is_some() || self.known_hosts.is_some()),
        ];
        let mut refused = used.iter().filter(|(kind, is_used)| {
            *is_used && !allowed.kinds.iter().any(|allowed| allowed == kind)
        });
        if let Some((kind, _)) = refused.next() {
            return Err(format!(
                "it has `{kind}`, which the hook's `allow` does not name"
            ));
        }
        let is_named = |text: &String| allowed.credentials.contains(text);
        match self.credentials.as_ref().is_none_or(is_named) {
            true => Ok(()),
            false => Err("it has `credentials` that the hook's section does not name".into()),
        }
    }

    pub(super) fn check(self, folder: &Path) -> Result<sync::Mirror, String> {
        self.kept_in(folder, "cache/git")
    }

    /// `copies`: where a copy of a branch lies.
    fn kept_in(self, folder: &Path, copies: &str) -> Result<sync::Mirror, String> {
        let name = self.name.clone();
        let place = self.place(folder, &folder.join(copies));
        let place = place.map_err(|why| format!("the mirror `{name}`: {why}"))?;
        Ok(sync::Mirror { name, place })
    }

    fn place(self, folder: &Path, copies: &Path) -> Result<Place, String> {
        let mut besides = Besides {
            url: self.url.as_deref().map(http_address).transpose()?,
            credentials: self.credentials.map(|text| credentials(folder, &text)),
            key: self.key.map(|path| folder.join(path)),
            known_hosts: self.known_hosts.map(|path| folder.join(path)),
            bundles: self.bundles,
        };
        let rest = &mut besides;
        let named = [
            self.folder.map(|path| Ok(Place::Folder(folder.join(path)))),
            self.colport
                .map(|text| http_address(&text).map(Place::Colport)),
            self.follows
                .map(|text| http_address(&text).map(Place::Follows)),
            self.s3.map(|s3| rest.host(|rest| s3.check(rest))),
            self.webdav
                .map(|text| rest.host(|rest| web_dav(&text, rest))),
            self.sftp.map(|text| rest.host(|rest| sftp(&text, rest))),
            self.git
                .map(|git| rest.host(|rest| git.check(copies, &self.name, rest))),
        ];
        let mut named = named.into_iter().flatten();
        let place = match (named.next(), named.next()) {
            (Some(place), None) => place?,
            _ => {
                let kinds = "`folder`, `colport`, `follows`, `s3`, `webdav`, `sftp` and `git`";
                return Err(format!("it has one of {kinds}"));
            }
        };
        besides.at(place)
    }
}

impl Besides {
    fn host(
        &mut self,
        keeper: impl FnOnce(&mut Self) -> Result<Keeper, String>,
    ) -> Result<Place, String> {
        let keeper = keeper(self)?;
        Ok(Place::Host(Host {
            keeper,
            url: self.url.take(),
            bundles: self.bundles.take().unwrap_or(false),
        }))
    }

    /// What nobody took is for another kind of mirror.
    fn at(self, place: Place) -> Result<Place, String> {
        let strange = [
            ("credentials", self.credentials.is_some()),
            ("key", self.key.is_some()),
            ("known_hosts", self.known_hosts.is_some()),
            ("bundles", self.bundles.is_some()),
        ];
        if let Some((name, _)) = strange.iter().find(|(_, is_there)| *is_there) {
            return Err(format!("`{name}` is for another kind of mirror"));
        }
        match (place, self.url) {
            (Place::Folder(path), Some(url)) => Ok(Place::Host(Host {
                keeper: Keeper::Folder(path),
                url: Some(url),
                bundles: true,
            })),
            (_, Some(_)) => {
                Err("`url` is for mirrors that keep files: the address is said already".into())
            }
            (place, None) => Ok(place),
        }
    }
}

impl S3 {
    fn check(self, rest: &mut Besides) -> Result<Keeper, String> {
        let credentials = rest.credentials.take();
        let credentials =
            credentials.ok_or("a bucket needs `credentials`, a file with its access key")?;
        Ok(Keeper::S3(store::S3 {
            endpoint: without_secret(&self.endpoint)?,
            region: self.region,
            bucket: self.bucket,
            prefix: self.prefix,
            credentials,
        }))
    }
}

fn web_dav(text: &str, rest: &mut Besides) -> Result<Keeper, String> {
    Ok(Keeper::WebDav(store::WebDav {
        address: without_secret(text)?,
        credentials: rest.credentials.take(),
    }))
}

/// `ssh://USER@HOST:PORT/FOLDER`
fn sftp(text: &str, rest: &mut Besides) -> Result<Keeper, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("`{}` is no address: {error}", said::of_address(text)))?;
    if !matches!(url.scheme(), "ssh" | "sftp") {
        return Err(format!(
            "`{}` does not begin with `ssh://`",
            said::of_address(text)
        ));
    }
    if url.password().is_some() {
        return Err(NO_SECRET.into());
    }
    let decoded = |text: &str| {
        let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
        decoded.into_owned()
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let user = decoded(url.username());
    let is_plain = |word: &str| !word.starts_with('-') && !word.contains(char::is_whitespace);
    if host.is_empty() || !is_plain(host) || !is_plain(&user) {
        return Err(format!("`{text}` names no host"));
    }
    let path = decoded(url.path());
    if path.trim_matches('/').is_empty() {
        return Err(format!("`{text}` names no folder"));
    }
    Ok(Keeper::Sftp(store::Sftp {
        user: (!user.is_empty()).then_some(user),
        host: host.to_owned(),
        port: url.port(),
        path,
        key: rest.key.take(),
        known_hosts: rest.known_hosts.take(),
    }))
}

impl Git {
    fn check(self, copies: &Path, name: &str, rest: &mut Besides) -> Result<Keeper, String> {
        let repository = self.repository;
        let refused = |why| format!("`{}` {why}", without_user(&repository));
        // `git` would take the first for an option, and run the second.
        if repository.starts_with('-') || repository.contains("::") {
            return Err(refused("is no repository"));
        }
        let parsed = Url::parse(&repository).ok();
        if parsed.is_some_and(|url| {
            url.password().is_some() || is_web(&url) && !url.username().is_empty()
        }) {
            return Err(NO_SECRET.into());
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        if !self.branch.starts_with(|c: char| c.is_ascii_alphanumeric())
            || !self.branch.chars().all(is_name)
        {
            return Err(format!("`{}` is no name of a branch", self.branch));
        }
        // Whatever the mirror is called, it makes a name of a folder.
        let copy = Digest::of(name.as_bytes()).to_string();
        let copy = copies.join(copy.get(..16).unwrap_or("git"));
        Ok(Keeper::Git(store::Git {
            repository,
            branch: self.branch,
            credentials: rest.credentials.take(),
            copy,
        }))
    }
}

impl Push {
    pub(super) fn check(&self) -> Result<Options, String> {
        let bytes = |name: &str, kb: Option<u64>| match kb {
            Some(0) => Err(format!(
                "`{name} = 0` would never send anything: leave it out for no limit"
            )),
            kb => Ok(kb.map(|kb| kb.saturating_mul(1000))),
        };
        Ok(Options {
            line_bytes_per_second: bytes("line_kb_per_second", self.line_kb_per_second)?,
            mirror_bytes_per_second: bytes("mirror_kb_per_second", self.mirror_kb_per_second)?,
            ..Options::default()
        })
    }
}

/// A file, or `env:NAME`.
fn credentials(folder: &Path, text: &str) -> Credentials {
    match text.strip_prefix("env:") {
        Some(name) => Credentials::Environment(name.to_owned()),
        None => Credentials::File(folder.join(text)),
    }
}

const NO_SECRET: &str = "a password stands never in this file: see `credentials`";

fn without_secret(text: &str) -> Result<Url, String> {
    let url = http_address(text)?;
    match url.username().is_empty() && url.password().is_none() {
        true => Ok(url),
        false => Err(NO_SECRET.into()),
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// For an error: what stands before the `@` may be a secret.
fn without_user(repository: &str) -> &str {
    repository.rsplit('@').next().unwrap_or_default()
}
