//! Which hosts may be asked: whoever answers us, or writes a page for us, must not make us ask inside our own network.
//!
//! 1. A host that a person named may lie anywhere. Of the host of a source that holds only where the person wrote a private
//!    address or name: whoever owns a public name may let it lead here tomorrow, behind what the person looked at.
//! 2. Any other must be a public one, by its name and by every address that the name leads to. This holds for each step
//!    of a redirect too.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The host is not one that a person named, and lies inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", LEADS_INSIDE)]
pub(super) struct LeadsInside;

pub const LEADS_INSIDE: &str = "it leads into a private network";

/// Nobody knew where the host is.
#[derive(Debug, thiserror::Error)]
#[error("its name could not be looked up")]
pub(super) struct NoSuchName(#[from] std::io::Error);

/// The hosts that may lie anywhere. Copies share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    named: Hosts,
    /// Proxies: they are connected to, but nothing is asked of them under their own address.
    ways: Hosts,
}

type Hosts = Arc<Mutex<HashSet<String>>>;

impl Reach {
    /// Names the host of `url`.
    pub(super) fn name(&self, url: &Url) {
        put(&self.named, url);
    }

    /// The same, if its address says that it lies inside.
    pub(super) fn name_inside(&self, url: &Url) {
        if is_private(url) {
            self.name(url);
        }
    }

    /// The way out of this network may itself lie inside of it; pages may not link to it for that.
    pub(super) fn lead_through(&self, proxy: &Url) {
        put(&self.ways, proxy);
    }

    fn is_named(&self, host: &str) -> bool {
        holds(&self.named, host)
    }

    /// What can be told without looking up the name.
    pub(super) fn check(&self, url: &Url) -> Result<(), LeadsInside> {
        match is_private(url) && !self.is_named(url.host_str().unwrap_or_default()) {
            true => Err(LeadsInside),
            false => Ok(()),
        }
    }

    fn admitted(
        &self,
        host: &str,
        found: impl Iterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, LeadsInside> {
        let anywhere = self.is_named(host) || holds(&self.ways, host);
        let admitted: Vec<_> = found
            .filter(|address| anywhere || !is_private_ip(address.ip()))
            .collect();
        match admitted.is_empty() {
            true => Err(LeadsInside),
            false => Ok(admitted),
        }
    }
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(NoSuchName)?;
            let admitted = reach.admitted(name.as_str(), found)?;
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

fn put(hosts: &Hosts, url: &Url) {
    if let Some(host) = url.host_str() {
        let mut hosts = hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.insert(plain(host).to_owned());
    }
}

fn holds(hosts: &Hosts, host: &str) -> bool {
    let hosts = hosts.lock().unwrap_or_else(PoisonError::into_inner);
    hosts.contains(plain(host))
}

fn plain(host: &str) -> &str {
    host.trim_end_matches('.')
}

/// Whether the address, as it is written, is of a host that is not meant to be reached from elsewhere.
pub fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => is_private_ip(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => is_private_ip(IpAddr::V6(ip)),
        Some(Host::Domain(name)) => {
            let name = plain(name);
            let last = name.rsplit_once('.').map(|(_, last)| last);
            last.is_none_or(|last| INNER.contains(&last)) || name.ends_with(".home.arpa")
        }
        None => true,
    }
}

/// What names end in that are known in one network only. None on the public net ends so: RFC 6761, RFC 6762 (appendix G), and
/// what offices and routers use.
const INNER: [&str; 10] = [
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "intra",
    "private",
    "corp",
    "home",
    "lan",
];

/// The special purposes of RFC 6890 and what came since.
pub fn is_private_ip(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, second, third, _] = ip.octets();
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_multicast()
                || matches!(first, 0 | 240..)
                || (first == 100 && (64..128).contains(&second))
                || (first == 198 && (18..20).contains(&second))
                || (first, second, third) == (192, 0, 0)
        }
        IpAddr::V6(ip) => match ip.segments() {
            [0, 0, 0, 0, 0, 0xffff | 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                is_inside(high, low)
            }
            // RFC 8215: translated to whatever a network likes, mostly to itself.
            [0x64, 0xff9b, 1, ..] => true,
            // 6to4 carries the other address in front.
            [0x2002, high, low, ..] => is_inside(high, low),
            [first, ..] => {
                ip.is_multicast() || first & 0xfe00 == 0xfc00 || first & 0xff80 == 0xfe80
            }
        },
    }
}

/// An IPv4 address inside of an IPv6 address; `::` and `::1` are such too.
fn is_inside(high: u16, low: u16) -> bool {
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    is_private_ip(IpAddr::from([a, b, c, d]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn addresses_inside_are_known_in_every_spelling() {
        let check = |address: &str, expected| {
            assert_eq!(is_private(&url(address)), expected, "{address}");
        };
        for inside in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0.0.0.0/",
            "http://10.1.2.3/",
            "http://100.64.0.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://192.0.0.170/",
            "http://198.18.0.1/",
            "http://255.255.255.255/",
            "http://[::]/",
            "http://[::1]/",
            "http://[::127.0.0.1]/",
            "http://[::ffff:192.168.0.1]/",
            "http://[64:ff9b::10.0.0.1]/",
            "http://[64:ff9b:1::10.0.0.1]/",
            "http://[2002:c0a8:1::1]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://[fec0::1]/",
            "http://localhost/",
            "http://localhost./",
            "http://router.lan/",
            "http://router.lan./",
            "http://nas.home.arpa/",
            "http://intranet/",
            "http://api.localhost/",
            "http://cms.corp/",
            "http://nas.home/",
            "http://printer.localdomain/",
            "http://WIKI.intra/",
            "http://x.intranet/",
            "http://x.private/",
        ] {
            check(inside, true);
        }
        for public in [
            "http://93.184.216.34/",
            "http://[2606:2800::1]/",
            "http://[64:ff9b::93.184.216.34]/",
            "https://news.example/",
            "https://home.example/",
            "https://corp.private.example/",
            "https://big-corp.example/",
        ] {
            check(public, false);
        }
    }

    #[test]
    fn a_public_name_that_leads_inside_is_refused_unless_it_was_named() {
        let reach = Reach::default();
        let found = || {
            ["127.0.0.1:0", "93.184.216.34:0"]
                .map(|address| address.parse().unwrap())
                .into_iter()
        };
        let public = reach.admitted("rebinding.example", found()).unwrap();
        assert_eq!(public, ["93.184.216.34:0".parse().unwrap()]);
        let inside = reach.admitted("rebinding.example", found().take(1));
        assert_eq!(inside, Err(LeadsInside));
        reach.name(&url("http://rebinding.example/"));
        let named = reach.admitted("rebinding.example.", found());
        assert_eq!(named.unwrap().len(), 2);
    }

    #[test]
    fn a_source_with_a_public_name_leads_nowhere_inside() {
        let reach = Reach::default();
        reach.name_inside(&url("http://partner.example/feed"));
        reach.name_inside(&url("http://cms.lan/feed"));
        let inside = || ["10.0.0.1:0".parse().unwrap()].into_iter();
        let refused = reach.admitted("partner.example", inside());
        assert_eq!(refused, Err(LeadsInside));
        assert_eq!(reach.admitted("cms.lan", inside()).unwrap().len(), 1);
    }

    #[test]
    fn a_proxy_inside_is_reached_but_no_page_may_link_to_it() {
        let reach = Reach::default();
        let proxy = url("http://gateway.lan:3128/");
        reach.lead_through(&proxy);
        let found = ["10.0.0.1:0".parse().unwrap()].into_iter();
        assert_eq!(reach.admitted("gateway.lan", found).unwrap().len(), 1);
        assert_eq!(reach.check(&proxy), Err(LeadsInside));
    }
}
