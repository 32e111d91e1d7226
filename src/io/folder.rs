//! A folder as if it were a mirror: answers `file:` addresses, so that what reads mirrors can read a memory stick.

use futures_util::StreamExt;
use futures_util::future::BoxFuture;

use super::fetch::{Fetch, FetchError, Request, Response, shown};
use super::files::{self, FileError};

/// Answers `file:` addresses from disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct FolderFetch;

impl Fetch for FolderFetch {
    fn fetch(&self, request: Request) -> BoxFuture<'_, Result<Response, FetchError>> {
        Box::pin(async move { read(request) })
    }
}

fn read(request: Request) -> Result<Response, FetchError> {
    let address = shown(&request.url);
    let permanent = |why: String| FetchError::Permanent {
        address: address.clone(),
        why,
    };
    let path = request
        .url
        .to_file_path()
        .map_err(|()| permanent("it is no path of a file".into()))?;
    let content = match files::map(&path) {
        Ok(content) => content,
        Err(FileError::NotFound(_)) => return Err(FetchError::NotFound(address)),
        Err(error) => return Err(permanent(error.to_string())),
    };
    let first = usize::try_from(request.from_byte).unwrap_or(usize::MAX);
    if first > content.len() {
        return Err(permanent("it is shorter than the part we have".into()));
    }
    // In pieces, so that a long file is not verified in one breath.
    let pieces = (first..content.len()).step_by(PIECE_BYTES);
    let body: Vec<_> = pieces
        .map(|at| Ok(content.slice(at..content.len().min(at + PIECE_BYTES))))
        .collect();
    Ok(Response {
        url: request.url,
        content_type: None,
        first_byte: request.from_byte,
        body: futures_util::stream::iter(body).boxed(),
    })
}

const PIECE_BYTES: usize = 1 << 16;
