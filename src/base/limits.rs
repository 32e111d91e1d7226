//! Ceilings on what strangers may make us read. One place, units in the names.

/// See [`LIMITS`].
#[derive(Debug, Clone)]
pub struct Limits {
    /// A [`SitePath`](super::SitePath), in bytes. FAT and Windows shells fail on longer ones.
    pub path_bytes: usize,
    pub root_bytes: u64,
    pub timestamp_bytes: u64,
    pub snapshot_bytes: u64,
    /// `targets` or any delegated role. python-tuf refuses more, so we never write more.
    pub targets_bytes: u64,
    /// New roots that one refresh may walk through.
    pub root_rotations: u32,
    /// Roles that one look-up of a path, or one reading of a whole edition, may load.
    pub delegated_roles: usize,
    /// All metadata of one edition together.
    pub metadata_bytes: u64,
    /// The content of one member, unpacked. It is held in memory while it is checked.
    pub member_bytes: u64,
    /// Members of one bundle.
    pub members: usize,
    /// Old contents by which an update was pressed: what a receiver of a dense update holds in memory twice.
    pub dictionary_bytes: u64,
    /// One page, feed or picture fetched by the packager.
    pub fetched_bytes: u64,
    /// Of all that the packager keeps of what earlier runs fetched, and again of what one run fetches.
    pub cache_bytes: u64,
    /// Articles that one source may offer; of what is dated, the newest.
    pub offers: usize,
    /// Files of one sitemap with all that it names, or pages of a listing.
    pub listings: usize,
    /// One sitemap, feed or line of an index, unpacked. The sitemap protocol allows 50 MB.
    pub listing_bytes: u64,
    /// One address that a stranger names, or a name that stands beside it. Browsers and servers take some 8,000.
    pub address_bytes: usize,
    /// All that a walk through sitemaps holds of what they tell.
    pub told_bytes: usize,
    /// Objects of one list in JSON: each takes some hundred bytes, however short it is written.
    pub objects: usize,
    /// All indexes and lists of pages in one WACZ, unpacked.
    pub crawl_lists_bytes: u64,
    /// All addresses of one crawl.
    pub crawl_addresses_bytes: usize,
    /// The head of one record in a crawl.
    pub record_head_bytes: u64,
    /// Records of one crawl.
    pub records: usize,
    /// A crawl that must be unpacked onto the disk before it can be read in any order.
    pub unpacked_crawl_bytes: u64,
    /// One article that a newsroom's system pushes, with its pictures.
    pub pushed_bytes: u64,
    /// Pixels of one picture: a small file can claim a billion.
    pub picture_pixels: u64,
    /// The list of one channel's mirrors.
    pub address_list_bytes: u64,
    /// One answer of a host that keeps files: a listing, or a file that is read back.
    pub stored_answer_bytes: u64,
    /// One answer of an authority that gives certificates.
    pub authority_bytes: u64,
}

pub const LIMITS: Limits = Limits {
    path_bytes: 400,
    root_bytes: 512_000,
    timestamp_bytes: 16_384,
    snapshot_bytes: 2_000_000,
    targets_bytes: 5_000_000,
    root_rotations: 256,
    delegated_roles: 20_000,
    metadata_bytes: 64 << 20,
    member_bytes: 16 << 20,
    members: 1_000_000,
    dictionary_bytes: 16 << 20,
    fetched_bytes: 16 << 20,
    cache_bytes: 2 << 30,
    offers: 50_000,
    listings: 100,
    listing_bytes: 52 << 20,
    address_bytes: 4_096,
    told_bytes: 100_000_000,
    objects: 200_000,
    crawl_lists_bytes: 208 << 20,
    crawl_addresses_bytes: 128 << 20,
    record_head_bytes: 64 << 10,
    records: 1_000_000,
    unpacked_crawl_bytes: 8 << 30,
    pushed_bytes: 64 << 20,
    picture_pixels: 50_000_000,
    address_list_bytes: 65_536,
    stored_answer_bytes: 32 << 20,
    authority_bytes: 256 << 10,
};
