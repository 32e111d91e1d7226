//! Pictures of other articles, as their cards show them in the midst of a text: such a picture shows people and places of
//! which this article says nothing.
//!
//! 1. One in a link to another page of the newsroom, with the words of its title, is on a card.
//! 2. So is one that links to a page to which a title beside it links too.

use dom_query::NodeRef;
use url::Url;

use super::addresses;
use super::container::Reading;
use super::names;
use super::nodes;

/// A link of this weight is a title, and no "Enlarge".
const TITLE: usize = 20;

/// In the weight of its prose; more is a text, and no box.
const SENTENCE: usize = 60;

/// Elements around a picture that its card is made of.
const AROUND: usize = 5;

/// Elements that are looked at for a title.
const LOOKED_AT: usize = 200;

/// Whether a picture stands on the card of another article.
pub fn is_of_another(picture: &NodeRef, reading: &Reading) -> bool {
    let mut around = picture.ancestors_it(Some(AROUND));
    let Some(link) = around.find(|up| up.has_name("a")) else {
        return false;
    };
    let target = other_page(&link, reading);
    target.is_some_and(|target| is_title(&link, reading) || is_told_beside(&link, &target, reading))
}

// Step 1.
/// Whether a link holds the picture and the title of another article.
pub fn is_card(link: &NodeRef, reading: &Reading) -> bool {
    reading.measures.of_node(link).pictures > 0
        && is_title(link, reading)
        && other_page(link, reading).is_some()
}

fn other_page(link: &NodeRef, reading: &Reading) -> Option<Url> {
    let target = addresses::absolute(&link.attr("href")?, reading.base)?;
    reading.home.holds_another(&target).then_some(target)
}

/// Whether the words of a link are many enough, and none of them a caption.
fn is_title(link: &NodeRef, reading: &Reading) -> bool {
    let is_caption = |node: &NodeRef| {
        let words = names::tokens(node);
        let mut words = words.split(' ');
        node.has_name("figcaption")
            || words.any(|word| matches!(word, "caption" | "credit" | "legend"))
    };
    let mut below = link.descendants_it().filter(NodeRef::is_element);
    reading.measures.of_node(link).text >= TITLE && !below.any(|below| is_caption(&below))
}

// Step 2.
fn is_told_beside(link: &NodeRef, target: &Url, reading: &Reading) -> bool {
    let is_little = |node: &NodeRef| {
        let is_page = nodes::is_named(node, |name| matches!(name, "body" | "html"));
        !is_page && reading.measures.of_node(node).prose < SENTENCE
    };
    let around = [*link].into_iter().chain(link.ancestors_it(Some(AROUND)));
    let Some(card) = around.take_while(is_little).last() else {
        return false;
    };
    let beside = [card.prev_element_sibling(), card.next_element_sibling()];
    let beside = beside.into_iter().flatten().filter(is_little);
    let tells = |node: &NodeRef| {
        let is_other = node.id != link.id && node.has_name("a");
        let is_link = is_other && reading.measures.of_node(node).text >= TITLE;
        is_link && other_page(node, reading).is_some_and(|other| other == *target)
    };
    let mut places = [card].into_iter().chain(beside);
    places.any(|place| {
        let below = place.descendants_it().take(LOOKED_AT);
        [place].into_iter().chain(below).any(|node| tells(&node))
    })
}
