//! Taking up what is pushed, or saying what is wrong with it.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::pushed::{Image, Pushed, short, web_address};
use super::{PushError, Refused, key};
use crate::base::{Digest, LIMITS};
use crate::io::files::{self, FileError};

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    New,
    Replaced,
    Withdrawn,
}

/// Puts a pushed article into the inbox, with pictures that came beside it by their names. Beware: not for two at a time.
pub fn take(
    inbox: &Path,
    mut pushed: Pushed,
    beside: &HashMap<String, Bytes>,
) -> Result<Taken, PushError> {
    pushed.check()?;
    if pushed.withdraw {
        pushed = Pushed {
            id: pushed.id,
            url: pushed.url.filter(|url| web_address(url).is_some()),
            withdraw: true,
            ..Pushed::default()
        };
    }
    let key = key(&pushed.id);
    let pictures = pushed
        .images
        .iter()
        .map(|image| Ok((image.name.clone(), picture(image, beside)?)))
        .collect::<Result<Vec<_>, Refused>>()?;
    let unused = beside
        .keys()
        .find(|name| !pictures.iter().any(|(used, _)| used == *name));
    if let Some(name) = unused {
        let name = short(name);
        return Err(Refused(format!("no image of the article is called `{name}`")).into());
    }
    let article = inbox.join(format!("{key}.json"));
    let taken = match (pushed.withdraw, files::exists(&article)) {
        (true, _) => Taken::Withdrawn,
        (false, true) => Taken::Replaced,
        (false, false) => Taken::New,
    };
    for (image, (_, bytes)) in pushed.images.iter_mut().zip(pictures) {
        let digest: String = Digest::of(&bytes).to_string().chars().take(16).collect();
        let file = format!("{key}.{digest}.picture");
        if !files::exists(&inbox.join(&file)) {
            files::write(&inbox.join(&file), &bytes)?;
        }
        image.base64 = None;
        image.file = Some(file);
    }
    let json = serde_json::to_vec_pretty(&pushed).expect("texts and lists can be written");
    files::write(&article, &json)?;
    sweep(inbox, &key, &pushed)?;
    Ok(taken)
}

pub(super) fn picture(image: &Image, beside: &HashMap<String, Bytes>) -> Result<Bytes, Refused> {
    let name = short(&image.name);
    let bytes = match (&image.base64, beside.get(&image.name), &image.file) {
        (Some(text), None, None) => unbased(text)
            .ok_or_else(|| Refused(format!("`base64` of the image `{name}` is none")))?,
        (None, Some(bytes), None) => bytes.clone(),
        (None, None, Some(_)) => {
            let why = format!("the image `{name}` names a file; push the picture itself");
            return Err(Refused(why));
        }
        _ => {
            let why = format!(
                "the image `{name}` comes not once: as `base64`, or as a part of that name"
            );
            return Err(Refused(why));
        }
    };
    if bytes.len() as u64 > LIMITS.fetched_bytes {
        return Err(Refused(format!("the image `{name}` is too large")));
    }
    match image::guess_format(&bytes) {
        Ok(_) => Ok(bytes),
        Err(_) => Err(Refused(format!("the image `{name}` is no picture"))),
    }
}

fn unbased(text: &str) -> Option<Bytes> {
    // Systems break lines, and some send the address of the data.
    let text = text.split_once("base64,").map_or(text, |(_, data)| data);
    let text: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(text).ok().map(Bytes::from)
}

/// Removes pictures of an article that it does not name any more.
fn sweep(inbox: &Path, key: &str, pushed: &Pushed) -> Result<(), FileError> {
    let named: HashSet<&str> = pushed
        .images
        .iter()
        .filter_map(|image| image.file.as_deref())
        .collect();
    for below in files::list(inbox)? {
        let name = below.to_string_lossy();
        let is_of_it = name.starts_with(key) && name.ends_with(".picture");
        if is_of_it && !named.contains(&*name) {
            files::remove(&inbox.join(&below))?;
        }
    }
    Ok(())
}
