//! What in a text leads to other pages: boxes, cards and lines of other articles, which go, and references, which stay.

use dom_query::NodeRef;

use super::super::addresses;
use super::super::block::{Block, Line};
use super::super::nodes;
use super::super::pointing;
use super::super::words::squeezed;
use super::Walk;

/// In the weight of its text; more is no card.
const CARD: usize = 300;

impl Walk<'_, '_> {
    /// Whether it shows another article under the words that say so: "Read also".
    pub(super) fn is_other(&self, node: &NodeRef) -> bool {
        let own = self.reading.measures.of_node(node);
        let fits = (1..=3).contains(&own.links)
            && own.linked * 2 >= own.text
            && own.linked < own.text
            && own.text < CARD
            && own.pictures <= own.links;
        let beside = || words_in(node, |below| below.has_name("a"));
        fits && pointing::is_label(&beside()) && self.leads_away(node)
    }

    /// Whether it leads to other articles, and no line of the text announces it.
    pub(super) fn leads_away(&self, node: &NodeRef) -> bool {
        !self.is_in_cell && !self.is_announced() && self.leads_home(node)
    }

    /// "Detained today:" and no "Read also:".
    fn is_announced(&self) -> bool {
        let Some(Block::Line { tag: "p", line }) = self.blocks.last() else {
            return false;
        };
        let text = line.text();
        let is_said = line.kept_weight() > 0 && line.linked_weight() == 0;
        is_said && text.ends_with([':', '：']) && !pointing::is_pointing(text)
    }

    /// A short text that is nearly all links, in a box of its own: "read also", tags, sections.
    pub(super) fn is_box_of_links(&self, node: &NodeRef) -> bool {
        let own = self.reading.measures.of_node(node);
        let mostly_links = own.linked * 10 > own.text * 8;
        own.links > 0 && mostly_links && own.text > 0 && own.prose == 0 && own.pictures <= own.links
    }

    /// A heading that is a link, and a few words that are no sentence: another article.
    pub(super) fn is_card(&self, node: &NodeRef) -> bool {
        let own = self.reading.measures.of_node(node);
        let fits = own.links > 0 && own.links <= 3 && own.prose == 0 && own.linked * 2 > own.text;
        let leads = |heading: &NodeRef| {
            let of = self.reading.measures.of_node(heading);
            of.text > 0 && of.linked == of.text
        };
        let is_heading = |name: &str| matches!(name, "h2" | "h3" | "h4" | "h5");
        let mut below = node.descendants_it();
        fits && below.any(|below| nodes::is_named(&below, is_heading) && leads(&below))
    }

    pub(super) fn target_of(&self, link: &NodeRef) -> String {
        let href = link.attr("href");
        let url = href.and_then(|href| addresses::absolute(&href, self.reading.base));
        url.map_or(String::new(), String::from)
    }

    /// Whether a card leads to a document, or stands in a `figure` and leads out of the newsroom.
    pub(super) fn is_reference(&self, link: &NodeRef) -> bool {
        let target = self.target_of(link);
        let leads_out = !target.is_empty() && !self.reading.home.holds(&target);
        addresses::is_document(&target) || self.is_framed && leads_out
    }

    /// Whether an editor put a card of something outside in it.
    pub(in super::super) fn frames_reference(&self, figure: &NodeRef) -> bool {
        let cards = figure.element_children().into_iter().filter(|child| {
            let of_child = self.reading.measures.of_node(child);
            let mut below = child.descendants_it();
            child.has_name("a") && of_child.text > 0 && below.any(|below| below.has_name("div"))
        });
        let mut targets = cards.map(|card| self.target_of(&card));
        targets.any(|target| !target.is_empty() && !self.reading.home.holds(&target))
    }

    /// Whether a link below leads to the newsroom itself, or nowhere, and none to a document.
    pub(super) fn leads_home(&self, node: &NodeRef) -> bool {
        let links = node.descendants_it().filter(|below| below.has_name("a"));
        // One without an address is a button, unless it holds a picture.
        let is_link = |link: &NodeRef| {
            link.has_attr("href") || self.reading.measures.of_node(link).pictures > 0
        };
        let mut targets = links.filter(is_link).map(|link| {
            let href = link.attr("href")?;
            addresses::absolute(&href, self.reading.base)
        });
        let mut inward = false;
        let holds_document = targets.any(|target| {
            inward |= target
                .as_ref()
                .is_none_or(|url| self.reading.home.holds(url.as_str()));
            target.is_some_and(|url| addresses::is_document(url.as_str()))
        });
        inward && !holds_document
    }
}

/// What an element says outside of some others in it, on one line.
pub(super) fn words_in(node: &NodeRef, is_else: impl Fn(&NodeRef) -> bool) -> String {
    let is_raw = |name: &str| matches!(name, "script" | "style" | "template" | "svg" | "noscript");
    let mut said = String::new();
    let mut waiting: Vec<NodeRef> = node.children_it(true).collect();
    while let Some(here) = waiting.pop() {
        match nodes::with_text(&here, |text| {
            said.push(' ');
            said.push_str(text);
        }) {
            None if !nodes::is_named(&here, is_raw) && !is_else(&here) => {
                waiting.extend(here.children_it(true));
            }
            _ => {}
        }
    }
    squeezed(&said)
}

/// Whether blocks say nothing but where other articles are.
pub(super) fn are_of_others(blocks: &[Block]) -> bool {
    let leads = |line: &Line| {
        let is_link = line.linked_weight() * 10 >= line.weight() * 9 && line.linked_weight() > 0;
        is_link || pointing::is_labelled_link(line)
    };
    let fits = |block: &Block| match block {
        Block::Line { line, .. } => leads(line) || pointing::is_label_alone(line),
        Block::Gone | Block::Figure(_) => true,
        _ => false,
    };
    let is_said = |block: &Block| matches!(block, Block::Gone | Block::Line { .. });
    blocks.iter().all(fits) && blocks.iter().any(is_said)
}
