//! Where on a page its article stands.
//!
//! 1. The container is the smallest element that holds nearly all text that Readability would keep,
//! 2. or the `article` around it, where that holds much more; of several articles it is the one under the page's title.
//!    Where nothing is kept of that one, Readability took another text: a longer one, or a list of such.
//! 3. What stands behind the last line that Readability keeps is no text, nor is anything that it left out where it left
//!    out more than it kept, unless the container is prose from end to end. What stands before the first may be the date.
//! 4. The sentences that introduce an article often stand above the container, and its lead picture too: what the page says
//!    of itself in short, or what it marks as a standfirst below its headline.

use dom_query::{Document, NodeRef};
use url::Url;

use super::addresses::Home;
use super::block::{Block, Figure, Line};
use super::body::Walk;
use super::dates;
use super::furniture::Measures;
use super::metadata::Metadata;
use super::names;
use super::nodes::{self, NodeMap, NodeSet};
use super::words;

/// Of kept text that the container must hold.
const SHARE_OF_KEPT: f64 = 0.97;

/// Of kept text that an element must hold that the page marks as its text.
const SHARE_OF_MARKED: f64 = 0.8;

/// Elements that a text is looked for in: those who lay out pages put boxes into boxes.
const AROUND: usize = 16;

/// Prose of this weight is more than a box beside the text.
pub const MUCH: usize = 1_000;

/// A line of this weight is a sentence and no label.
const SENTENCE: usize = 60;

pub struct Reading<'a> {
    pub base: &'a Url,
    pub home: &'a Home,
    pub measures: &'a Measures,
    pub furniture: &'a NodeSet,
    /// Text nodes that Readability keeps.
    pub kept: &'a NodeSet,
    pub manner: Manner,
}

/// How much of what stands in a container is the article.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Manner {
    /// On a newsroom's page boxes, lists and lines that lead to other articles stand in the midst of the text.
    #[default]
    Newsroom,
    /// What Readability keeps, no more and no less. It knows no captions.
    Readability,
    /// All of it: an editor said so.
    Finished,
}

impl Reading<'_> {
    /// The blocks of the article, in order, and the pictures that stand outside its container.
    pub fn blocks(&self, doc: &Document, meta: &Metadata) -> (Vec<Block>, Vec<Figure>) {
        let Some(body) = doc.body() else {
            return (Vec::new(), Vec::new());
        };
        let sums = self.sums(&body);
        let close = container(&body, &sums, self.furniture);
        let title = meta.title.as_deref();
        let titled = self.titled(&body, &sums, &close, title);
        let container = titled.unwrap_or_else(|| self.one_of_several(self.widened(close), title));
        let mut blocks = match marked_body(&container, &sums) {
            Some(marked) => self.walked_up_to(&container, &marked),
            None => self.walked(&container),
        };
        if container.id == close.id {
            blocks = without_left_out(blocks, || self.is_laid_out(&container));
        }
        let standfirst = self.standfirst(&body, &container, meta, &blocks);
        let standfirst =
            standfirst.or_else(|| self.marked_standfirst(&body, &container, meta, &blocks));
        if let Some(standfirst) = standfirst {
            blocks.insert(0, standfirst);
        }
        (blocks, self.pictures_outside(&body, &container))
    }

    /// The blocks of an element that is all article, and the pictures outside.
    pub fn blocks_within(&self, doc: &Document, container: &NodeRef) -> (Vec<Block>, Vec<Figure>) {
        let outside = doc
            .body()
            .map(|body| self.pictures_outside(&body, container));
        (self.walked(container), outside.unwrap_or_default())
    }

    /// The blocks of these elements and of nothing else.
    pub fn blocks_of(&self, containers: &[NodeRef]) -> Vec<Block> {
        containers
            .iter()
            .flat_map(|node| self.walked(node))
            .collect()
    }

    /// The picture in an element, or that it is, with its caption.
    pub fn picture_of(&self, node: &NodeRef) -> Option<Figure> {
        let mut walk = Walk::new(self);
        match node.has_name("img") {
            true => walk.picture(node),
            false => walk.illustration(node),
        };
        figures(walk.blocks).next()
    }

    fn walked(&self, container: &NodeRef) -> Vec<Block> {
        let mut walk = Walk::new(self);
        walk.hear_around(container);
        walk.children(container, 0);
        walk.end_line("p");
        walk.blocks
    }

    /// What stands behind the text that the page itself marks is none of it; before it may stand its summary.
    fn walked_up_to(&self, container: &NodeRef, marked: &NodeRef) -> Vec<Block> {
        let mut furniture = self.furniture.clone();
        let up_to = |node: &NodeRef| node.id != container.id;
        let around = marked.ancestors_it(None).take_while(up_to);
        for here in [*marked].into_iter().chain(around) {
            let behind = std::iter::successors(here.next_sibling(), NodeRef::next_sibling);
            furniture.extend(behind.map(|node| node.id));
        }
        let reading = Reading {
            furniture: &furniture,
            ..*self
        };
        reading.walked(container)
    }

    /// How much of the text that Readability keeps lies in each element.
    fn sums(&self, body: &NodeRef) -> NodeMap<usize> {
        let mut sums = NodeMap::default();
        for node in body
            .descendants_it()
            .filter(|node| self.kept.contains(&node.id))
        {
            let weight = self.measures.of_node(&node).text;
            if weight > 0 {
                for up in node.ancestors_it(None) {
                    *sums.entry(up.id).or_default() += weight;
                }
            }
        }
        sums
    }

    // Step 2.

    /// Readability stops at the first of several boxes of text: the `article` around them is meant if there is much
    /// more prose in it, or else whatever is laid out around them and holds hardly anything but prose.
    fn widened<'a>(&self, container: NodeRef<'a>) -> NodeRef<'a> {
        let own = self.prose(&container);
        let is_article = |up: &NodeRef| up.has_name("article") || nodes::is_article_body(up);
        let mut around = container.ancestors_it(Some(AROUND));
        match around.find(is_article) {
            Some(article) if self.prose(&article) * 10 > own * 12 => article,
            Some(_) => container,
            None => self.layout_around(&container, own).unwrap_or(container),
        }
    }

    /// The smallest element that holds as much prose as there is to be had.
    fn layout_around<'a>(&self, container: &NodeRef<'a>, own: usize) -> Option<NodeRef<'a>> {
        let around = container.ancestors_it(Some(AROUND));
        let around =
            around.take_while(|up| !nodes::is_named(up, |name| matches!(name, "body" | "html")));
        let prose: Vec<_> = around.map(|up| (up, self.prose(&up))).collect();
        let fitting = prose.iter().filter(|(up, _)| self.is_laid_out(up));
        let most = fitting.clone().map(|(_, prose)| *prose).max()?;
        let enough = |prose: usize| prose * 10 >= most * 9;
        let found = fitting.clone().find(|(_, prose)| enough(*prose));
        found
            .filter(|(_, prose)| prose * 2 > own * 3 && *prose > own + MUCH)
            .map(|(up, _)| *up)
    }

    /// Whether it is prose from end to end, with few links, and not a list of other articles.
    fn is_laid_out(&self, node: &NodeRef) -> bool {
        let mut own = self.measures.of_node(node);
        let (mut cards, mut articles) = (0, 0);
        let mut waiting = vec![*node];
        while let Some(here) = waiting.pop() {
            let of = self.measures.of_node(&here);
            if self.furniture.contains(&here.id) {
                own.text = own.text.saturating_sub(of.text);
                own.linked = own.linked.saturating_sub(of.linked);
                own.prose = own.prose.saturating_sub(of.prose);
                continue;
            }
            let is_heading =
                nodes::is_named(&here, |name| matches!(name, "h2" | "h3" | "h4" | "h5"));
            cards += usize::from(is_heading && of.text > 0 && of.linked == of.text);
            articles += usize::from(here.has_name("article") && here.id != node.id);
            if of.prose * 2 > own.prose && names::is_gallery(&names::tokens(&here)) {
                return false;
            }
            waiting.extend(here.element_children());
        }
        let is_prose = own.prose * 10 > own.text * 6 && own.linked * 5 < own.text;
        is_prose && articles < 2 && cards * 2_000 < own.prose
    }

    /// Without the prose of furniture.
    fn prose(&self, node: &NodeRef) -> usize {
        let whole = self.measures.of_node(node).prose;
        let furniture = node
            .descendants_it()
            .filter(|below| self.furniture.contains(&below.id));
        whole.saturating_sub(
            furniture
                .map(|below| self.measures.of_node(&below).prose)
                .sum(),
        )
    }

    /// What the page itself calls the article under its title, or right behind it, if Readability kept nothing of it.
    fn titled<'a>(
        &self,
        body: &NodeRef<'a>,
        sums: &NodeMap<usize>,
        close: &NodeRef,
        title: Option<&str>,
    ) -> Option<NodeRef<'a>> {
        let is_article = |node: &NodeRef| node.has_name("article") || nodes::is_article_body(node);
        let h1 = only_headline(body, title?)?;
        let around = h1.ancestors_it(Some(AROUND)).find(is_article);
        let around = around.filter(|around| self.measures.of_node(around).prose >= SUMMARY);
        let behind = || {
            let mut behind = body.descendants_it().skip_while(|node| node.id != h1.id);
            // Behind the text there may be another one: questions, or what a reader may buy.
            let is_kept = |node: &NodeRef| {
                self.kept.contains(&node.id) && self.measures.of_node(node).text >= SENTENCE
            };
            let found = behind.find(|node| is_article(node) || is_kept(node));
            found.filter(is_article)
        };
        let (least, found) = match around {
            Some(around) => (SUMMARY, around),
            None => (ARTICLE, behind()?),
        };
        if sums.contains_key(&found.id) || self.is_in_furniture(&found) {
            return None;
        }
        // An `article` may hold the summary of a text that stands outside, but not of another one with a headline.
        let is_sure = nodes::is_article_body(&found) || is_of_other(close);
        let least = if is_sure { least } else { ARTICLE };
        (self.prose(&found) >= least).then_some(found)
    }

    /// Pages that go on with the next article: the one under the page's own title is meant.
    fn one_of_several<'a>(&self, container: NodeRef<'a>, title: Option<&str>) -> NodeRef<'a> {
        let Some(title) = title else {
            return container;
        };
        let articles: Vec<NodeRef> = container
            .descendants_it()
            .filter(|node| node.has_name("article") && self.prose(node) > 400)
            .collect();
        if articles.len() < 2 {
            return container;
        }
        let titled = |article: &&NodeRef| {
            article
                .descendants_it()
                .any(|node| node.has_name("h1") && words::are_alike(&node.text(), title, 0.8))
        };
        // The innermost: `article` may be nested.
        let Some(own) = articles.iter().rfind(titled) else {
            return container;
        };
        let around: Vec<_> = own.ancestors_it(None).map(|up| up.id).collect();
        let mut others = articles
            .iter()
            .filter(|other| other.id != own.id && !around.contains(&other.id))
            .peekable();
        let are_others = others.peek().is_some() && others.all(holds_headline);
        match are_others || self.prose(own) * 5 > self.prose(&container) {
            true => *own,
            false => container,
        }
    }

    // Step 4.

    /// What the page says of itself in short, if it stands on the page above the container, word for word.
    fn standfirst(
        &self,
        body: &NodeRef,
        container: &NodeRef,
        meta: &Metadata,
        blocks: &[Block],
    ) -> Option<Block> {
        let mut summaries = meta.summaries.iter();
        summaries.find_map(|said| self.standfirst_saying(said, body, container, blocks))
    }

    fn standfirst_saying(
        &self,
        said: &str,
        body: &NodeRef,
        container: &NodeRef,
        blocks: &[Block],
    ) -> Option<Block> {
        let weight = words::weight(said);
        if !(STANDFIRST..1000).contains(&weight) {
            return None;
        }
        let is_told = blocks.iter().take(6).any(|block| match block {
            Block::Line { line, .. } => words::begins_alike(line.text(), said),
            _ => false,
        });
        let above = body
            .descendants_it()
            .take_while(|node| node.id != container.id);
        let mut fitting = above.filter(|node| {
            let own = self.measures.of_node(node);
            node.is_element() && own.linked == 0 && own.text >= weight / 2 && own.text <= weight * 2
        });
        let found = fitting
            .by_ref()
            .take(40)
            .filter(|node| !self.is_in_furniture(node))
            .map(|node| words::squeezed(&node.text()))
            .find(|text| words::begins_alike(text, said))?;
        let mut line = Line::default();
        line.push_text(&found, true);
        (!is_told).then_some(Block::Line { tag: "p", line })
    }

    /// What stands right below the headline above the container, and is marked as a standfirst or as a lesser headline.
    fn marked_standfirst(
        &self,
        body: &NodeRef,
        container: &NodeRef,
        meta: &Metadata,
        blocks: &[Block],
    ) -> Option<Block> {
        let h1 = only_headline(body, meta.title.as_deref()?)?;
        let is_text = |node: &NodeRef| {
            node.id == container.id || container.ancestors_it(None).any(|up| up.id == node.id)
        };
        let is_marked = |node: &NodeRef| {
            let is_lesser = node.has_name("h2")
                && node
                    .prev_element_sibling()
                    .is_some_and(|before| before.id == h1.id);
            is_lesser || names::is_standfirst(&names::tokens(node))
        };
        let around = [h1].into_iter().chain(h1.ancestors_it(Some(2)));
        let around = around.take_while(|up| !is_text(up));
        let behind = around.flat_map(|up| {
            let behind = std::iter::successors(up.next_element_sibling(), |node| {
                node.next_element_sibling()
            });
            behind.take(BELOW_HEADLINE)
        });
        let mut behind = behind.take_while(|node| !is_text(node));
        let found = behind.find(|node| is_marked(node) && self.is_plain(node))?;
        let text = words::squeezed(&found.text());
        let is_told = |block: &Block| matches!(block, Block::Line { line, .. } if words::begins_alike(line.text(), &text));
        let is_other = dates::parse_line(&text).is_some()
            || meta
                .byline
                .as_deref()
                .is_some_and(|byline| text.contains(byline))
            || blocks.iter().take(6).any(is_told);
        let mut line = Line::default();
        line.push_text(&text, true);
        (!is_other).then_some(Block::Line { tag: "p", line })
    }

    /// A sentence or some, and nothing but words.
    fn is_plain(&self, node: &NodeRef) -> bool {
        let own = self.measures.of_node(node);
        let is_little = (SUBTITLE..1000).contains(&own.text);
        is_little && own.links == 0 && own.pictures == 0 && !self.is_in_furniture(node)
    }

    fn is_in_furniture(&self, node: &NodeRef) -> bool {
        self.furniture.contains(&node.id)
            || node
                .ancestors_it(None)
                .any(|up| self.furniture.contains(&up.id))
    }

    /// A lead picture often stands above the text, in a header that the container leaves out.
    fn pictures_outside(&self, body: &NodeRef, container: &NodeRef) -> Vec<Figure> {
        let is_picture = |name: &str| matches!(name, "img" | "amp-img" | "video");
        let all = body.descendants_it();
        let pictures = all.filter(|node| nodes::is_named(node, is_picture));
        let mut found: Vec<Figure> = Vec::new();
        for picture in pictures.take(60) {
            let ups: Vec<NodeRef> = picture.ancestors_it(None).collect();
            let inside = ups.iter().any(|up| up.id == container.id);
            if inside
                || ups.iter().any(|up| {
                    self.furniture.contains(&up.id)
                        || up.has_name("a") && self.measures.of_node(up).text > 0
                })
            {
                continue;
            }
            let mut walk = Walk::new(self);
            let frame = ups.iter().take(7).find(|up| up.has_name("figure"));
            let frame = frame.or_else(|| ups.iter().take(5).rfind(|up| walk.is_illustration(up)));
            match frame {
                Some(frame) => walk.illustration(frame),
                None => walk.picture(&picture),
            };
            found.extend(figures(walk.blocks));
        }
        found
    }
}

// Step 1.
fn container<'a>(body: &NodeRef<'a>, sums: &NodeMap<usize>, furniture: &NodeSet) -> NodeRef<'a> {
    let sum = |node: &NodeRef| sums.get(&node.id).copied().unwrap_or(0);
    let enough = share(sum(body), SHARE_OF_KEPT);
    let mut here = *body;
    loop {
        let below = here.element_children();
        let inner = below
            .into_iter()
            .filter(|child| !is_line(child) && !furniture.contains(&child.id))
            .find(|child| sum(child) >= enough && sum(child) > 0);
        match inner {
            Some(inner) => here = inner,
            None => return here,
        }
    }
}

/// Of what an article says in the weight of its prose; less is a line below its headline.
const SUMMARY: usize = 250;

/// In the weight of its prose; more is no summary.
const ARTICLE: usize = 700;

/// Headlines that are looked at.
const HEADLINES: usize = 40;

/// The one headline on the page that is its title.
fn only_headline<'a>(body: &NodeRef<'a>, title: &str) -> Option<NodeRef<'a>> {
    let headlines = body.descendants_it().filter(|node| node.has_name("h1"));
    let mut titled = headlines
        .take(HEADLINES)
        .filter(|h1| words::are_alike(&h1.text(), title, 0.8));
    let first = titled.next()?;
    titled.next().is_none().then_some(first)
}

/// Whether it is an article with a headline of its own, or a part of one, or some of them.
fn is_of_other(close: &NodeRef) -> bool {
    let around = [*close].into_iter().chain(close.ancestors_it(Some(AROUND)));
    let within = close.descendants_it();
    let mut articles = around.chain(within).filter(|node| node.has_name("article"));
    articles
        .next()
        .is_some_and(|article| holds_headline(&article))
}

fn holds_headline(article: &NodeRef) -> bool {
    article.descendants_it().any(|below| below.has_name("h1"))
}

/// The one element inside that the page itself marks as the text, if most of what Readability keeps lies in it.
fn marked_body<'a>(container: &NodeRef<'a>, sums: &NodeMap<usize>) -> Option<NodeRef<'a>> {
    let sum = |node: &NodeRef| sums.get(&node.id).copied().unwrap_or(0);
    let mut marked = container.descendants_it().filter(nodes::is_article_body);
    let first = marked.next()?;
    (sum(&first) >= share(sum(container), SHARE_OF_MARKED)).then_some(first)
}

/// Elements behind a headline among which its standfirst is looked for.
const BELOW_HEADLINE: usize = 3;

/// Less says nothing, even below a headline.
const SUBTITLE: usize = 30;

/// Less is no sentence, but a slogan.
const STANDFIRST: usize = 50;

// Step 3.
fn without_left_out(mut blocks: Vec<Block>, is_laid_out: impl FnOnce() -> bool) -> Vec<Block> {
    let kept: usize = blocks.iter().map(kept_weight).sum();
    let all: usize = blocks.iter().map(weight).sum();
    if kept == 0 {
        return blocks;
    }
    let last = blocks.iter().rposition(|block| kept_weight(block) > 0);
    let last = last.unwrap_or(blocks.len());
    let is_much_lost = all > 2 * kept;
    let stays = match is_much_lost && is_laid_out() {
        true => lost_prose(&blocks),
        false => vec![!is_much_lost; blocks.len()],
    };
    for (index, (block, stays)) in blocks.iter_mut().zip(stays).enumerate() {
        let is_behind = index > last && !block.leads_to_document();
        if (is_behind || !stays) && is_lost(block) {
            *block = Block::Gone;
        }
    }
    blocks
}

/// For each block whether it is a sentence, or the heading of one, that was left out.
fn lost_prose(blocks: &[Block]) -> Vec<bool> {
    let is_sentence = |block: &Block| is_lost(block) && weight(block) >= SENTENCE;
    let heads = |index: usize| blocks.get(index + 1).is_some_and(is_sentence);
    let blocks = blocks.iter().enumerate();
    blocks
        .map(|(index, block)| is_sentence(block) || (block.is_heading() && heads(index)))
        .collect()
}

fn is_lost(block: &Block) -> bool {
    weight(block) > 0 && kept_weight(block) == 0
}

fn kept_weight(block: &Block) -> usize {
    match block {
        Block::Line { line, .. } => line.kept_weight(),
        _ => 0,
    }
}

fn weight(block: &Block) -> usize {
    match block {
        Block::Line { line, .. } => line.weight(),
        _ => 0,
    }
}

fn figures(blocks: Vec<Block>) -> impl Iterator<Item = Figure> {
    blocks.into_iter().filter_map(|block| match block {
        Block::Figure(figure) => Some(figure),
        _ => None,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a weight is far below 2^52"
)]
fn share(whole: usize, part: f64) -> usize {
    (whole as f64 * part) as usize
}

/// Going into one of these would lose what it is.
fn is_line(node: &NodeRef) -> bool {
    nodes::is_named(node, |name| {
        matches!(
            name,
            "p" | "ul"
                | "ol"
                | "pre"
                | "table"
                | "tbody"
                | "tr"
                | "blockquote"
                | "figure"
                | "h1"
                | "h2"
                | "h3"
        )
    })
}
