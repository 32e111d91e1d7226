//! Bundles made of forged parts whose checksums are right.

use flate2::Crc;

const CONTENT_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// A bundle whose header members hold any bytes, each piece of `forged` being: flags, the length of the header member's
/// content (2 bytes), that of the content (2 bytes), and both. Gzip's checksums are put right, and tar's if bit 0 of
/// the flags is set.
pub(crate) fn forge(mut forged: &[u8]) -> Vec<u8> {
    let mut bundle = Vec::new();
    while let Some(([flags, header, header_high, content, content_high], rest)) =
        forged.split_first_chunk()
    {
        let header = usize::from(u16::from_le_bytes([*header, *header_high])).min(rest.len());
        let (header, rest) = rest.split_at(header);
        let content = usize::from(u16::from_le_bytes([*content, *content_high])).min(rest.len());
        let (content, rest) = rest.split_at(content);
        let mut header = header.to_vec();
        if flags & 1 == 1 {
            header.rchunks_exact_mut(512).for_each(set_checksum);
        }
        let content = [&CONTENT_HEAD[..], &stored(content)].concat();
        bundle.extend(header_member(&header, content.len() as u32));
        bundle.extend(content);
        forged = rest;
    }
    bundle
}

fn set_checksum(block: &mut [u8]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:07o}\0").as_bytes());
}

fn header_member(blocks: &[u8], content_bytes: u32) -> Vec<u8> {
    let body = stored(blocks);
    let length = body.len() as u32 + 24;
    let mut member = vec![
        0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 12, 0, b'C', b'P', 8, 0,
    ];
    member.extend(length.to_le_bytes());
    member.extend(content_bytes.to_le_bytes());
    member.extend(body);
    member
}

/// One stored block, CRC-32 and length: a compressor would take most of the fuzzer's time.
fn stored(content: &[u8]) -> Vec<u8> {
    let length = content.len() as u16;
    let mut crc = Crc::new();
    crc.update(content);
    let mut body = vec![1];
    body.extend(length.to_le_bytes());
    body.extend((!length).to_le_bytes());
    body.extend(content);
    body.extend(crc.sum().to_le_bytes());
    body.extend(crc.amount().to_le_bytes());
    body
}
