//! Presses our own contents into a zstd frame.

use std::io::{self, Write};

use bytes::Bytes;
use zstd_safe::zstd_sys::ZSTD_EndDirective as End;
use zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer};

use super::WINDOW_LOG;

/// How hard it is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressure {
    /// A second for every 2 MB of contents and dictionary: for a day's news.
    Most,
    /// A second for every 4 MB.
    Much,
}

impl Pressure {
    fn level(self) -> i32 {
        match self {
            Self::Most => 19,
            Self::Much => 17,
        }
    }
}

/// One frame that holds all contents, one after the other, written block by block. Of the same version of zstd the same
/// input gives the same bytes.
pub fn press(
    out: &mut impl Write,
    dictionary: &[u8],
    contents: &[Bytes],
    pressure: Pressure,
) -> io::Result<()> {
    let length = contents.iter().map(|content| content.len() as u64).sum();
    let mut context = context(dictionary, length, pressure).map_err(failed)?;
    let mut room = vec![0; 1 << 17];
    let mut feed = |content: &[u8], end| feed(&mut context, content, end, &mut room, out);
    for content in contents {
        feed(content, End::ZSTD_e_continue)?;
    }
    feed(&[], End::ZSTD_e_end)
}

fn context(dictionary: &[u8], length: u64, pressure: Pressure) -> Result<CCtx<'_>, usize> {
    let mut context = CCtx::create();
    let whole = length + dictionary.len() as u64;
    let window = whole.next_power_of_two().trailing_zeros();
    let parameters = [
        CParameter::CompressionLevel(pressure.level()),
        CParameter::WindowLog(window.clamp(10, WINDOW_LOG)),
        // The receiver knows from elsewhere how much comes, and that it came whole.
        CParameter::ContentSizeFlag(false),
        CParameter::ChecksumFlag(false),
        CParameter::DictIdFlag(false),
    ];
    for parameter in parameters {
        context.set_parameter(parameter)?;
    }
    context.set_pledged_src_size(Some(length))?;
    context.ref_prefix(dictionary)?;
    Ok(context)
}

fn feed(
    context: &mut CCtx<'_>,
    content: &[u8],
    end: End,
    room: &mut [u8],
    out: &mut impl Write,
) -> io::Result<()> {
    let mut input = InBuffer::around(content);
    loop {
        let mut output = OutBuffer::around(&mut *room);
        let left = context
            .compress_stream2(&mut output, &mut input, end)
            .map_err(failed)?;
        out.write_all(output.as_slice())?;
        let is_done = match end {
            End::ZSTD_e_continue => input.pos() == content.len(),
            _ => left == 0,
        };
        if is_done {
            return Ok(());
        }
    }
}

fn failed(code: usize) -> io::Error {
    io::Error::other(format!("zstd: {}", zstd_safe::get_error_name(code)))
}
