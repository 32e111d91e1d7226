//! What a client may say on a connection of HTTP/2 besides its requests, so that nobody keeps the mirror busy with nothing.
//!
//! Pings, settings, windows, priorities, resets, and what nobody knows: each is allowed, in any number, and each has to be
//! read and now and then answered (CVE-2019-9512, 9514, 9515 and others like them). So who says only such things is let go.
//!
//! 1. Each frame has a price, and long ones a higher one. What is brought where it is wanted costs nothing.
//! 2. The price is paid out of a ration, which grows with requests, with what the client takes off us, and with time. So a
//!    browser that reads, however it goes about it, earns far more than it spends.
//! 3. Who cannot pay is cut off.

use std::time::Duration;

use super::forgetful::{DATA, FRAME_HEAD_BYTES, FrameHead, PADDED, PREFACE_BYTES};
use super::wire::Progress;

/// In frames. So much is there at first, and no more is saved up.
const MOST: u32 = 2000;
const PER_REQUEST: u32 = 8;
/// Some clients open the window again for each little that they read, twice.
const BYTES_FOR_ONE: u64 = 512;
const PER_SECOND: u128 = 33;

/// Of which a frame costs one more.
const PRICED_BYTES: usize = 4 << 10;
/// Content in shorter pieces is work for its own sake.
const SMALL_BYTES: usize = 64;
/// A frame may be filled up with so much.
const PADDING_BYTES: usize = 256;

pub(super) struct Ration {
    left: u32,
    /// What had been earned for when it was last filled up.
    paid: Earnings,
    /// Of the frame under way, which are not looked at.
    left_bytes: usize,
    /// The beginning of the next one's head.
    head: [u8; FRAME_HEAD_BYTES],
    head_bytes: usize,
}

/// It is spent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spent;

/// Since the connection began.
#[derive(Debug, Clone, Copy, Default)]
struct Earnings {
    requests: u32,
    taken_bytes: u64,
    time: Duration,
}

impl Earnings {
    fn since(self, before: Self) -> u32 {
        let requests = self.requests.wrapping_sub(before.requests);
        let taken = self.taken_bytes.saturating_sub(before.taken_bytes) / BYTES_FOR_ONE;
        let time = self.time.saturating_sub(before.time).as_millis() * PER_SECOND / 1000;
        // Whatever does not fit is more than can be saved.
        requests
            .saturating_mul(PER_REQUEST)
            .saturating_add(u32::try_from(taken).unwrap_or(MOST))
            .saturating_add(u32::try_from(time).unwrap_or(MOST))
    }
}

impl Default for Ration {
    fn default() -> Self {
        Self {
            left: MOST,
            paid: Earnings::default(),
            left_bytes: PREFACE_BYTES,
            head: [0; FRAME_HEAD_BYTES],
            head_bytes: 0,
        }
    }
}

impl Ration {
    /// Pays for the frames that begin in `bytes`, which are the next that came. `age` of the connection is only asked for when
    /// little is left.
    pub(super) fn pay_for(
        &mut self,
        mut bytes: &[u8],
        progress: &Progress,
        age: impl Fn() -> Duration,
    ) -> Result<(), Spent> {
        while !bytes.is_empty() {
            let skipped = self.left_bytes.min(bytes.len());
            self.left_bytes -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            if let Some(head) = self.read_head(&mut bytes) {
                self.pay(price(head, progress.is_bringing()), || Earnings {
                    requests: progress.heads(),
                    taken_bytes: progress.written(),
                    time: age(),
                })?;
                self.left_bytes = head.length;
            }
        }
        Ok(())
    }

    /// `None`: not all of it is there.
    fn read_head(&mut self, bytes: &mut &[u8]) -> Option<FrameHead> {
        let space = self.head.get_mut(self.head_bytes..).unwrap_or_default();
        let count = space.len().min(bytes.len());
        let (head, rest) = bytes.split_at(count);
        space
            .iter_mut()
            .zip(head)
            .for_each(|(to, byte)| *to = *byte);
        *bytes = rest;
        self.head_bytes += count;
        if self.head_bytes < FRAME_HEAD_BYTES {
            return None;
        }
        self.head_bytes = 0;
        FrameHead::parse(&self.head)
    }

    fn pay(&mut self, price: u32, earned: impl FnOnce() -> Earnings) -> Result<(), Spent> {
        if price > self.left {
            let earned = earned();
            self.left = self.left.saturating_add(earned.since(self.paid)).min(MOST);
            self.paid = earned;
        }
        self.left = self.left.checked_sub(price).ok_or(Spent)?;
        Ok(())
    }
}

fn price(head: FrameHead, is_bringing: bool) -> u32 {
    let padding = if head.flags & PADDED != 0 {
        PADDING_BYTES
    } else {
        0
    };
    if head.kind == DATA && is_bringing && head.length >= SMALL_BYTES + padding {
        return 0;
    }
    // It is at most 16 MiB long.
    1 + (head.length / PRICED_BYTES) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: u8 = 6;

    fn frame(kind: u8, flags: u8, length: usize) -> Vec<u8> {
        let [_, size @ ..] = u32::try_from(length).unwrap().to_be_bytes();
        [&size[..], &[kind, flags, 0, 0, 0, 0], &vec![0; length]].concat()
    }

    fn at(seconds: u64) -> impl Fn() -> Duration {
        move || Duration::from_secs(seconds)
    }

    /// A ration behind the beginning of its connection.
    fn begun() -> Ration {
        let mut ration = Ration::default();
        let paid = ration.pay_for(&[0; PREFACE_BYTES], &Progress::default(), at(0));
        assert_eq!((paid, ration.left), (Ok(()), MOST));
        ration
    }

    /// How many of these frames are paid for.
    fn paid(ration: &mut Ration, frame: &[u8], progress: &Progress, seconds: u64) -> u32 {
        let pays = |_: &u32| ration.pay_for(frame, progress, at(seconds)).is_ok();
        (0..3 * MOST).take_while(pays).count() as u32
    }

    #[test]
    fn each_frame_is_paid_for_however_the_bytes_come() {
        let frames = [
            frame(PING, 0, 8),
            frame(DATA, 0, 0),
            frame(4, 0, 5000),
            frame(3, 0, 4),
        ];
        let sent = frames.concat();
        for piece in [1, 2, 7, 9, 17, sent.len()] {
            let mut ration = begun();
            let progress = Progress::default();
            let mut pieces = sent.chunks(piece);
            assert!(pieces.all(|piece| ration.pay_for(piece, &progress, at(0)).is_ok()));
            assert_eq!(MOST - ration.left, 5, "in pieces of {piece}");
        }
    }

    #[test]
    fn who_says_the_same_again_and_again_is_cut_off() {
        let check = |kind, flags, length: usize, expected| {
            let progress = Progress::default();
            let frames = paid(&mut begun(), &frame(kind, flags, length), &progress, 0);
            assert_eq!(frames, expected, "{kind} {flags} {length}");
        };
        for kind in 0..=9 {
            check(kind, 0, 0, MOST);
        }
        check(PING, 1, 8, MOST);
        check(0xfa, 0, 16_000, MOST / 4);
        check(DATA, PADDED, 300, MOST);
        check(DATA, 0, 16_384, MOST / 5);
    }

    #[test]
    fn requests_and_what_is_taken_and_time_earn_more() {
        let (mut ration, progress) = (begun(), Progress::default());
        let ping = frame(PING, 0, 8);
        assert_eq!(paid(&mut ration, &ping, &progress, 0), MOST);
        assert_eq!(paid(&mut ration, &ping, &progress, 1), 33);
        progress.head_read();
        assert_eq!(paid(&mut ration, &ping, &progress, 1), PER_REQUEST);
        progress.wrote(10 * BYTES_FOR_ONE as usize);
        assert_eq!(paid(&mut ration, &ping, &progress, 1), 10);
        assert_eq!(paid(&mut ration, &ping, &progress, 1), 0);
        let long = paid(&mut ration, &ping, &progress, 1_000_000);
        assert_eq!(long, MOST, "but not for ever");
    }

    #[test]
    fn what_is_brought_where_it_is_wanted_is_free_unless_it_comes_in_crumbs() {
        let progress = Progress::default();
        let brings = progress.brings();
        let check = |flags, length: usize, expected| {
            let frames = paid(&mut begun(), &frame(DATA, flags, length), &progress, 0);
            assert_eq!(frames, expected, "{flags} {length}");
        };
        check(0, 16_384, 3 * MOST);
        check(0, SMALL_BYTES, 3 * MOST);
        check(0, SMALL_BYTES - 1, MOST);
        check(PADDED, SMALL_BYTES + PADDING_BYTES - 1, MOST);
        drop(brings);
        check(0, 16_384, MOST / 5);
    }

    #[test]
    fn who_asks_or_reads_is_never_cut_off() {
        // Each answer of a browser costs some frames: its head, a window of its own, a priority, a reset.
        let (mut ration, progress) = (begun(), Progress::default());
        let request = [
            frame(1, 5, 60),
            frame(8, 0, 4),
            frame(16, 0, 12),
            frame(3, 0, 4),
        ]
        .concat();
        for _ in 0..100_000 {
            ration.pay_for(&request, &progress, at(0)).unwrap();
            progress.head_read();
        }
        // One file without end, for whose frames the window is opened twice each, and which are as short as 2 KiB.
        for _ in 0..100_000 {
            progress.wrote(2 << 10);
            let windows = [frame(8, 0, 4), frame(8, 0, 4)].concat();
            ration.pay_for(&windows, &progress, at(0)).unwrap();
        }
    }
}
