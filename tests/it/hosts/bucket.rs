//! An object store with the protocol of Amazon's S3, in this process, that lets in one account.

use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use colport::io::store::{Keeper, S3};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tempfile::TempDir;
use tokio::net::TcpListener;
use url::Url;

use super::{Ground, Newspaper, Root, SECRET, credentials, push};

pub(crate) struct Bucket {
    folder: TempDir,
    root: Root,
    address: SocketAddr,
    public: SocketAddr,
}

const USER: &str = "newsroom";

pub(super) async fn start() -> Option<Bucket> {
    let folder = super::folder();
    let root = Root(folder.path().join("store/river"));
    std::fs::create_dir_all(&root.0).unwrap();
    let store = folder.path().join("store");
    let address = serve(&store, true).await;
    // Everybody may read what is in the bucket, as with a policy.
    let public = serve(&store, false).await;
    Some(Bucket {
        folder,
        root,
        address,
        public,
    })
}

async fn serve(store: &Path, asks_who: bool) -> SocketAddr {
    let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(store).unwrap());
    if asks_who {
        builder.set_auth(SimpleAuth::from_single(USER, format!("{SECRET}-{USER}")));
    }
    let service = builder.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((wire, _)) = listener.accept().await {
            tokio::spawn(talk(wire, service.clone()));
        }
    });
    address
}

async fn talk(wire: tokio::net::TcpStream, service: S3Service) {
    let connection = hyper::server::conn::http1::Builder::new();
    // Who hangs up has heard enough.
    let _ = connection
        .serve_connection(TokioIo::new(wire), service)
        .await;
}

impl Ground for Bucket {
    fn keeper(&self) -> Keeper {
        let credentials = match self.folder.path().join("revoked").exists() {
            false => credentials(self.folder.path(), USER),
            true => credentials(self.folder.path(), "nobody"),
        };
        Keeper::S3(S3 {
            endpoint: format!("http://{}", self.address).parse().unwrap(),
            region: "us-east-1".into(),
            bucket: "river".into(),
            prefix: String::new(),
            credentials,
        })
    }

    fn url(&self) -> Option<Url> {
        format!("http://{}/river/", self.public).parse().ok()
    }

    fn root(&self) -> Option<&Root> {
        Some(&self.root)
    }

    fn revoke(&self) {
        std::fs::write(self.folder.path().join("revoked"), "").unwrap();
    }

    fn is_packed(&self) -> bool {
        true
    }
}

super::suite!(super::bucket::start);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_tells_browsers_what_everything_is() {
    let ground = start().await.unwrap();
    let source = super::lists::with_list(&Newspaper::new(1), 1, 2);
    assert!(push(&ground, &source).await.is_good());
    let client = browser();
    let check = async |path: &str, kind: &str, coding: Option<&str>, cache: &str| {
        let url = ground.url().unwrap().join(path).unwrap();
        let answer = client.get(url).send().await.unwrap();
        let header = |name: &str| {
            let value = answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap());
            value.map(str::to_owned)
        };
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(header("content-type").as_deref(), Some(kind), "{path}");
        assert_eq!(header("content-encoding").as_deref(), coding, "{path}");
        assert!(header("cache-control").unwrap().contains(cache), "{path}");
    };
    check(
        "index.html",
        "text/html; charset=utf-8",
        Some("gzip"),
        "max-age=120",
    )
    .await;
    check(
        "be/навіны/a b.html",
        "text/html; charset=utf-8",
        Some("gzip"),
        "max-age=120",
    )
    .await;
    check(
        "style.css",
        "text/css; charset=utf-8",
        Some("gzip"),
        "max-age=86400",
    )
    .await;
    check(
        "be/2026/11/river/0.webp",
        "image/webp",
        None,
        "max-age=2592000",
    )
    .await;
    check(
        ".colport/metadata/timestamp.json",
        "application/json",
        None,
        "no-cache",
    )
    .await;
    check(
        ".colport/metadata/1.snapshot.json",
        "application/json",
        None,
        "immutable",
    )
    .await;
    check(&super::lists::path(), "application/json", None, "no-cache").await;
    let outcome = super::push_through(&*super::open(&ground), &source, true).await;
    assert!(outcome.is_good(), "{outcome:?}");
    check(
        ".colport/bundle/1.tar.gz",
        "application/gzip",
        None,
        "immutable",
    )
    .await;
}

/// Shows what comes as it comes.
pub(super) fn browser() -> reqwest::Client {
    let client = reqwest::Client::builder().tls_backend_preconfigured(no_tls());
    client.build().unwrap()
}

fn no_tls() -> rustls::ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

/// Over the bucket's public address, with pages that lie there as gzip.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_get_and_verify_an_edition_from_a_bucket() {
    use colport::base::Fingerprint;
    use colport::reader::{self, FirstTrust};

    let ground = start().await.unwrap();
    let paper = Newspaper::new(3);
    assert!(push(&ground, &paper.source()).await.is_good());
    let first = FirstTrust::Fingerprint(Fingerprint::of_first_root(&paper.newsroom.first_root()));
    let store = ground.folder.path().join("reader");
    let options = reader::Options::new(vec![ground.url().unwrap()], store, first);
    let wire = super::wire();
    let got = reader::get(&wire, crate::world::moment(1), &options, &mut |_| ())
        .await
        .unwrap();
    let digests = |edition: &colport::edition::Excerpt| {
        let files = edition
            .files()
            .map(|(path, entry)| (path.to_string(), entry.digest));
        files.collect::<Vec<_>>()
    };
    assert_eq!(got.edition.number(), 1);
    assert!(digests(&got.edition) == digests(&paper.editions[0]));
}

/// In parts, of which the host keeps nothing but the whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_file_goes_in_parts() {
    let ground = start().await.unwrap();
    let mut paper = Newspaper::new(0);
    for n in 0..5 {
        let path = format!("be/2026/11/long/{n}.webp");
        paper.newsroom.write(&path, crate::world::noise(n, 5 << 20));
    }
    paper
        .editions
        .push(paper.newsroom.publish(crate::world::moment(1)));
    let source = paper.source();
    assert!(source.edition().bundle().len() > 24 << 20);
    let store = super::open(&ground);
    let outcome = super::push_through(&*store, &source, true).await;
    assert!(outcome.is_good(), "{outcome:?}");
    super::shows(&ground, &source);
    assert!(ground.read(".colport/bundle/2.tar.gz").as_ref() == Some(source.edition().bundle()));
    let outcome = super::push_through(&*store, &source, true).await;
    assert!(
        matches!(outcome, colport::sync::Outcome::Already { .. }),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_is_not_there_is_not_made() {
    let ground = start().await.unwrap();
    std::fs::remove_dir_all(&ground.root.0).unwrap();
    let outcome = push(&ground, &Newspaper::new(1).source()).await;
    let is_told =
        matches!(&outcome, colport::sync::Outcome::Unreachable(why) if why.contains("not there"));
    assert!(is_told, "{outcome:?}");
    assert!(!ground.root.0.exists());
}

/// The page about a copy leads to them on whatever host it is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_copies_lie_on_every_host_and_whole_bundles_where_they_are_wanted() {
    use colport::base::Variant;
    use colport::io::address::BundleName;

    let ground = start().await.unwrap();
    let with_copy = |paper: &Newspaper, content: &'static [u8]| {
        let source = std::sync::Arc::unwrap_or_clone(paper.source());
        let small = BundleName::Small(source.edition().number(), Variant::Text);
        let forms = [small.plain(), small.dense()].map(|form| (form, Bytes::from_static(content)));
        std::sync::Arc::new(source.with_forms(forms))
    };
    let mut paper = Newspaper::new(1);
    for content in [&b"a small copy"[..], b"of the next edition"] {
        assert!(push(&ground, &with_copy(&paper, content)).await.is_good());
        let names = ground.names();
        let bundles = names.iter().filter(|name| name.contains("/bundle/"));
        assert_eq!(bundles.collect::<Vec<_>>(), [".colport/bundle/text.tar.gz"]);
        let lying = ground.read(".colport/bundle/text.tar.gz");
        assert_eq!(lying.as_deref(), Some(content));
        paper.publish_next();
    }
}
