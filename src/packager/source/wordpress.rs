//! The interface that every WordPress has (REST API Handbook, "Posts"): whole articles, as JSON, without a crawl.
//!
//! 1. Posts are asked for in pages of [`A_PAGE`], newest first, with author, picture and categories in the same answer.
//! 2. A site that hides the interface behind another address is asked there too.
//! 3. A page that is not full is the last. One that fails after the first leaves what came before. Of one that holds more
//!    than was asked for, as much as was asked for is taken; and behind one that holds no post nothing more is asked.

use std::fmt;

use jiff::tz::Offset;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

use super::feed::Entry;
use super::{Offer, Page, SourceError, in_time, json};
use crate::base::LIMITS;
use crate::io::fetch::{FetchError, shown};
use crate::packager::Skipped;
use crate::packager::extract::{Moment, parse_date, plain_text, unescaped};
use crate::packager::fetching::{GetError, Getter, Got, Terms};
use crate::packager::patience::PATIENCE;

/// WordPress gives no more at a time.
const A_PAGE: usize = 100;

/// What sites may lack is optional; plugins put other types into the rest, which is read as it comes.
#[derive(Debug, Deserialize)]
struct Post {
    /// A number. It stays when the address does not.
    #[serde(default)]
    id: Value,
    link: String,
    /// By the newsroom's clock.
    date: Option<String>,
    date_gmt: Option<String>,
    modified_gmt: Option<String>,
    #[serde(default)]
    title: Rendered,
    #[serde(default)]
    content: Rendered,
    #[serde(default)]
    excerpt: Rendered,
    #[serde(default, rename = "_embedded")]
    embedded: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Rendered {
    rendered: String,
    /// Behind a password.
    protected: bool,
}

pub(super) async fn offers(
    site: &Url,
    most: usize,
    terms: Terms,
    getter: &Getter<'_>,
    skipped: &mut Vec<Skipped>,
) -> Result<Vec<Offer>, SourceError> {
    let (mut offers, mut is_cut) = (Vec::new(), true);
    for number in 1..=most.min(LIMITS.offers).div_ceil(A_PAGE) {
        let (read, is_last) = match a_page(site, number, terms, getter).await {
            Ok(read) => read,
            Err(error) if number == 1 => return Err(error),
            Err(error) => {
                // A site with exactly so many posts says that there is no further page.
                if !matches!(&error, SourceError::Fetch(GetError::Fetch(_))) {
                    skipped.push(Skipped {
                        what: format!("{} (posts, page {number})", shown(site)),
                        why: error.to_string(),
                    });
                }
                is_cut = false;
                break;
            }
        };
        let before = offers.len();
        for one in read {
            match one {
                Ok(offer) => offers.push(offer),
                Err(one) => skipped.push(one),
            }
        }
        if is_last || offers.len() == before {
            is_cut = offers.len() > most;
            break;
        }
    }
    if is_cut {
        skipped.push(Skipped {
            what: format!("{} (older posts, if there are any)", shown(site)),
            why: format!("only the newest {most} are taken; `newest` says how many"),
        });
    }
    offers.truncate(most);
    match offers.is_empty() {
        true => Err(SourceError::EmptyFeed(shown(site))),
        false => Ok(offers),
    }
}

/// What its posts offer, and whether they are the last.
async fn a_page(
    site: &Url,
    number: usize,
    terms: Terms,
    getter: &Getter<'_>,
) -> Result<(Vec<Result<Offer, Skipped>>, bool), SourceError> {
    let posts = posts(site, number, terms, getter).await?;
    let (is_last, base) = (posts.len() < A_PAGE, site.clone());
    let read = move || posts.into_iter().map(|post| offer(post, &base)).collect();
    Ok((in_time(PATIENCE, &shown(site), read).await?, is_last))
}

async fn posts(
    site: &Url,
    number: usize,
    terms: Terms,
    getter: &Getter<'_>,
) -> Result<Vec<Value>, SourceError> {
    let mut failed = None;
    // Step 2.
    for url in [plain_address(site, number), query_address(site, number)] {
        match getter.get_on(&url, terms).await {
            Ok(got) => return read(&got, site),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    Err(match failed {
        // Behind the last page it may say so too.
        Some(GetError::Fetch(why @ (FetchError::Denied { .. } | FetchError::NotFound(_))))
            if number == 1 =>
        {
            SourceError::NotAWordPress(shown(site), why.to_string())
        }
        Some(error) => error.into(),
        None => SourceError::NotAWordPress(shown(site), String::new()),
    })
}

const QUERY: &str = "per_page=100&orderby=date&order=desc&_embed=author,wp:featuredmedia,wp:term";

fn plain_address(site: &Url, number: usize) -> Url {
    let mut url = site.clone();
    let below = site.path().trim_end_matches('/');
    url.set_path(&format!("{below}/wp-json/wp/v2/posts"));
    url.set_query(Some(&format!("{QUERY}&page={number}")));
    url
}

fn query_address(site: &Url, number: usize) -> Url {
    let mut url = site.clone();
    url.set_query(Some(&format!(
        "rest_route=/wp/v2/posts&{QUERY}&page={number}"
    )));
    url
}

fn read(got: &Got, site: &Url) -> Result<Vec<Value>, SourceError> {
    let refused = |why: &str| SourceError::NotAWordPress(shown(site), why.into());
    // Faulty plugins print warnings before the JSON.
    let start = got.bytes.iter().position(|byte| *byte == b'[');
    let text = start.and_then(|start| got.bytes.get(start..));
    let text = text.ok_or_else(|| refused("it sent no list"))?;
    if json::is_crowded(text) {
        return Err(refused("it sent too much"));
    }
    let mut values = serde_json::Deserializer::from_slice(text).into_iter();
    match values.next() {
        Some(Ok(Posts(posts))) => Ok(posts),
        _ => Err(refused("it sent no JSON")),
    }
}

/// As many as were asked for.
struct Posts(Vec<Value>);

impl<'de> Deserialize<'de> for Posts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(FirstPosts)
    }
}

struct FirstPosts;

impl<'de> Visitor<'de> for FirstPosts {
    type Value = Posts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of posts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Posts, A::Error> {
        let mut posts = Vec::new();
        while posts.len() < A_PAGE
            && let Some(post) = all.next_element()?
        {
            posts.push(post);
        }
        while all.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Posts(posts))
    }
}

fn offer(post: Value, site: &Url) -> Result<Offer, Skipped> {
    let name = post.get("link").and_then(Value::as_str).unwrap_or("a post");
    let skip = |what: &str, why: &str| Skipped {
        what: what.chars().take(300).collect(),
        why: why.into(),
    };
    let unreadable = skip(name, "it is no post as WordPress describes it");
    let post: Post = serde_json::from_value(post).map_err(|_| unreadable)?;
    let link = site.join(&post.link).ok();
    let link = link.filter(|link| matches!(link.scheme(), "http" | "https"));
    let link = link.ok_or_else(|| skip(&post.link, "it has no address"))?;
    if post.content.protected {
        return Err(skip(&post.link, "it is behind a password"));
    }
    let published = post.published();
    let content = Some(post.content.rendered).filter(|html| !html.trim().is_empty());
    let page = match content {
        Some(_) => Page::Told(link.clone().into()),
        None => Page::Address(link.clone().into()),
    };
    let media = post.embedded.get("wp:featuredmedia");
    let shown = media.and_then(|list| list.get(0)).unwrap_or(&Value::Null);
    let string = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let caption = shown.get("caption").and_then(|told| told.get("rendered"));
    let id = link.to_string();
    let told = Entry {
        id: post
            .id
            .as_u64()
            .map(|id| id.to_string())
            .unwrap_or_default(),
        title: text(&post.title.rendered),
        byline: byline(&post.embedded),
        published,
        updated: post.modified_gmt.as_deref().and_then(moment),
        section: section(&post.embedded),
        content,
        summary: Some(post.excerpt.rendered).filter(|html| !html.trim().is_empty()),
        picture: string(shown.get("source_url")),
        caption: string(caption).and_then(|html| text(&html)),
        alt: string(shown.get("alt_text")).and_then(|told| text(&told)),
        link: Some(link),
        ..Entry::default()
    };
    Ok(Offer::new(id, page, told))
}

impl Post {
    fn published(&self) -> Option<Moment> {
        let published = moment(self.date_gmt.as_deref()?)?;
        let here = self.date.as_deref().and_then(moment);
        let ahead = here.map(|here| here.at.duration_since(published.at).as_secs());
        let offset =
            ahead.and_then(|seconds| Offset::from_seconds(i32::try_from(seconds).ok()?).ok());
        Some(Moment {
            offset: offset.unwrap_or(published.offset),
            ..published
        })
    }
}

/// `2026-11-20T10:00:00`, in UTC without saying so.
fn moment(text: &str) -> Option<Moment> {
    parse_date(&format!("{}Z", text.trim_end_matches('Z')))
}

fn text(html: &str) -> Option<String> {
    let text = plain_text(&unescaped(html));
    (!text.is_empty()).then_some(text)
}

fn byline(embedded: &Value) -> Option<String> {
    let authors = embedded.get("author")?.as_array()?.iter();
    let names = authors.filter_map(|author| text(author.get("name")?.as_str()?));
    let names: Vec<String> = names.collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// The first category; tags are none.
fn section(embedded: &Value) -> Option<String> {
    let terms = embedded.get("wp:term")?.as_array()?.iter();
    let mut terms = terms.filter_map(Value::as_array).flatten();
    let is_category =
        |term: &&Value| term.get("taxonomy").and_then(Value::as_str) == Some("category");
    text(terms.find(is_category)?.get("name")?.as_str()?)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::super::Source;
    use super::super::tests::found_on;
    use super::*;
    use crate::packager::fetching::tests::Web;

    fn site() -> Url {
        Url::parse("https://n.example/").unwrap()
    }

    fn post(n: usize) -> String {
        format!(
            r#"{{"id":{n},"link":"https://n.example/{n}/","date":"2026-11-20T13:00:00","date_gmt":"2026-11-20T10:00:00","modified_gmt":"2026-11-21T10:00:00","status":"publish",
            "title":{{"rendered":"Rivers &#8211; {n}"}},"content":{{"rendered":"<p>Text {n}</p>","protected":false}},"excerpt":{{"rendered":"<p>Short</p>"}},
            "_embedded":{{"author":[{{"name":"Alena"}}],"wp:featuredmedia":[{{"source_url":"https://n.example/{n}.jpg","alt_text":"A ferry &amp; a pier","caption":{{"rendered":"<p>The <b>ferry</b></p>"}}}}],
            "wp:term":[[{{"taxonomy":"category","name":"Society &amp; people"}}],[{{"taxonomy":"post_tag","name":"ferry"}}]]}}}}"#
        )
    }

    fn posts(numbers: std::ops::Range<usize>) -> String {
        let posts: Vec<String> = numbers.map(post).collect();
        format!("[{}]", posts.join(","))
    }

    fn with_pages(pages: &[String]) -> Web {
        let pages = pages.iter().enumerate();
        pages.fold(Web::default(), |web, (index, page)| {
            let url = plain_address(&site(), index + 1);
            web.with(url.as_str(), "application/json", page.clone())
        })
    }

    async fn offered(web: &Web, most: usize) -> (Result<Vec<Offer>, SourceError>, Vec<Skipped>) {
        found_on(web, &Source::WordPress(site(), most)).await
    }

    #[tokio::test]
    async fn posts_are_whole_articles() {
        let (offers, skipped) = offered(&with_pages(&[posts(0..1)]), 500).await;
        let offer = offers.unwrap().remove(0);
        assert!(skipped.is_empty());
        assert_eq!(offer.id, "https://n.example/0/");
        assert_eq!(offer.told.as_ref().map(|told| &*told.id), Some("0"));
        assert!(matches!(&offer.page, Page::Told(url) if url.path() == "/0/"));
        let told = offer.told.unwrap();
        assert_eq!(told.title.as_deref(), Some("Rivers – 0"));
        assert_eq!(told.byline.as_deref(), Some("Alena"));
        assert_eq!(told.section.as_deref(), Some("Society & people"));
        assert_eq!(told.content.as_deref(), Some("<p>Text 0</p>"));
        assert_eq!(told.picture.as_deref(), Some("https://n.example/0.jpg"));
        assert_eq!(told.caption.as_deref(), Some("The ferry"));
        assert_eq!(told.alt.as_deref(), Some("A ferry & a pier"));
        let published = told.published.unwrap();
        assert_eq!(published.to_string(), "2026-11-20T13:00:00+03:00");
        let updated = told.updated.unwrap().at;
        assert_eq!(updated.to_string(), "2026-11-21T10:00:00Z");
    }

    #[tokio::test]
    async fn pages_are_turned_until_the_last_or_until_enough() {
        let web = with_pages(&[posts(0..100), posts(100..200), posts(200..230)]);
        let (offers, skipped) = offered(&web, 5000).await;
        assert_eq!(offers.unwrap().len(), 230);
        assert_eq!(web.asked.load(Ordering::Relaxed), 3);
        assert!(skipped.is_empty(), "{skipped:?}");
        let (offers, skipped) = offered(&web, 150).await;
        assert_eq!(offers.unwrap().len(), 150);
        assert!(skipped[0].why.contains("newest 150"), "{skipped:?}");
        assert_eq!(web.asked.load(Ordering::Relaxed), 5);
        // Exactly full pages: the site says that there is no third.
        let (offers, skipped) = offered(&with_pages(&[posts(0..100), posts(100..200)]), 5000).await;
        assert_eq!(offers.unwrap().len(), 200);
        assert!(skipped.is_empty(), "{skipped:?}");
    }

    #[tokio::test]
    async fn a_site_that_hides_its_interface_is_asked_elsewhere() {
        let hidden = query_address(&site(), 1);
        let warning = format!("<b>Warning</b>: in plugin\n{}", posts(0..1));
        let web = Web::default().with(hidden.as_str(), "text/html", warning);
        let (offers, _) = offered(&web, 100).await;
        assert_eq!(offers.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn what_is_no_post_is_named_and_the_rest_offered() {
        let locked = post(1).replace("\"protected\":false", "\"protected\":true");
        let empty = post(2).replace("<p>Text 2</p>", " ");
        let odd = r#"{"link":"https://n.example/odd","title":7}"#;
        let bare = r#"{"link":"/bare","content":{"rendered":"<p>x"},"_embedded":{"author":{},"wp:term":[null,{}],"wp:featuredmedia":[]}}"#;
        let page = format!("[{locked},{empty},{odd},{bare},null,{{\"link\":\"javascript:x\"}}]");
        let (offers, skipped) = offered(&with_pages(&[page]), 100).await;
        let offers = offers.unwrap();
        assert!(matches!(offers[0].page, Page::Address(_)));
        assert_eq!(offers[1].id, "https://n.example/bare");
        let named: Vec<&str> = skipped.iter().map(|one| one.what.as_str()).collect();
        assert_eq!(
            named,
            [
                "https://n.example/1/",
                "https://n.example/odd",
                "a post",
                "javascript:x"
            ]
        );
    }

    #[tokio::test]
    async fn of_a_page_without_end_no_more_is_taken_than_was_asked_for() {
        let ones = format!("[{}1]", "1,".repeat(1000));
        let web = with_pages(&[posts(0..100), ones, posts(200..300)]);
        let (offers, skipped) = offered(&web, 1000).await;
        assert_eq!(offers.unwrap().len(), 100);
        assert_eq!(
            web.asked.load(Ordering::Relaxed),
            2,
            "no post, no further page"
        );
        assert!(skipped.len() <= A_PAGE + 1, "{}", skipped.len());
        let (offers, _) = offered(&with_pages(&[posts(0..150), posts(150..160)]), 1000).await;
        assert_eq!(offers.unwrap().len(), 110);
        let crowded = format!("[{}{{}}]", "{},".repeat(LIMITS.objects));
        let (offers, _) = offered(&with_pages(&[crowded]), 1000).await;
        assert!(offers.unwrap_err().to_string().contains("too much"));
    }

    #[tokio::test]
    async fn what_is_no_wordpress_is_an_error() {
        for (answer, says) in [
            ("{\"code\":\"rest_disabled\"}", "no list"),
            ("[1,", "no JSON"),
        ] {
            let (offers, _) = offered(&with_pages(&[answer.into()]), 100).await;
            let error = offers.unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
            assert!(error.hint().is_some());
        }
        let locked = [plain_address(&site(), 1), query_address(&site(), 1)];
        let [denied, denied_again] = &locked;
        let web = Web::default()
            .refusing(denied.as_str(), 9, 401, None)
            .refusing(denied_again.as_str(), 9, 401, None);
        for (web, says) in [(web, "status 401"), (Web::default(), "nothing there")] {
            let (offers, _) = offered(&web, 100).await;
            let error = offers.unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
            assert!(
                error.to_string().contains("/wp-json/wp/v2/posts"),
                "{error}"
            );
            assert!(error.hint().unwrap().contains("name its feed instead"));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_answer_is_read_or_refused(bytes: Vec<u8>, text in "[\\[\\]{}\":,a-z0-9]{0,80}") {
            for bytes in [bytes, text.into_bytes()] {
                let got = Got { url: site(), content_type: None, bytes: bytes.into() };
                for post in read(&got, &site()).unwrap_or_default() {
                    let _ = offer(post, &site());
                }
            }
        }
    }
}
