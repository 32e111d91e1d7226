//! Where on a page its article stands.
//!
//! 1. The container is the smallest element that holds nearly all text that Readability would keep,
//! 2. or the `article` around it, where that holds much more; of several articles it is the one under the page's title.
//! 3. What stands behind the last line that Readability keeps is no text, nor is anything that it left out where it left
//!    out more than it kept. What stands before the first may be the date.
//! 4. The sentences that introduce an article often stand above the container, and its lead picture too.

use std::collections::{HashMap, HashSet};

use dom_query::{Document, NodeId, NodeRef};
use url::Url;

use super::addresses::Home;
use super::block::{Block, Figure, Line};
use super::body::Walk;
use super::furniture::Measures;
use super::metadata::Metadata;
use super::words;

/// Of kept text that the container must hold.
const SHARE_OF_KEPT: f64 = 0.97;

pub struct Reading<'a> {
    pub base: &'a Url,
    pub home: &'a Home,
    pub measures: &'a Measures,
    pub furniture: &'a HashSet<NodeId>,
    /// Text nodes that Readability keeps.
    pub kept: &'a HashSet<NodeId>,
    /// Whether the article is what Readability keeps, no more and no less.
    pub faithful: bool,
}

impl Reading<'_> {
    /// The blocks of the article, in order, and the pictures that stand outside its container.
    pub fn blocks(&self, doc: &Document, meta: &Metadata) -> (Vec<Block>, Vec<Figure>) {
        let Some(body) = doc.body() else {
            return (Vec::new(), Vec::new());
        };
        if self.faithful {
            let container = self.container(&body);
            return (
                self.walked(&container),
                self.pictures_outside(&body, &container),
            );
        }
        let close = self.container(&body);
        let container = self.one_of_several(self.widened(close), meta.title.as_deref());
        let mut blocks = self.walked(&container);
        if container.id == close.id {
            blocks = without_left_out(blocks);
        }
        if let Some(standfirst) = self.standfirst(&body, &container, meta, &blocks) {
            blocks.insert(0, standfirst);
        }
        (blocks, self.pictures_outside(&body, &container))
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
        }
        figures(walk.blocks).next()
    }

    fn walked(&self, container: &NodeRef) -> Vec<Block> {
        let mut walk = Walk::new(self);
        walk.children(container, 0);
        walk.end_line("p");
        walk.blocks
    }

    // Step 1.
    fn container<'a>(&self, body: &NodeRef<'a>) -> NodeRef<'a> {
        let mut sums: HashMap<NodeId, usize> = HashMap::new();
        let nodes: Vec<NodeRef> = body.descendants_it().collect();
        for node in nodes.iter().filter(|node| self.kept.contains(&node.id)) {
            let weight = words::weight(&node.text());
            for ancestor in node.ancestors_it(None) {
                *sums.entry(ancestor.id).or_default() += weight;
            }
        }
        let sum = |node: &NodeRef| sums.get(&node.id).copied().unwrap_or(0);
        let enough = match self.faithful {
            true => sum(body),
            false => share(sum(body), SHARE_OF_KEPT),
        };
        let mut here = *body;
        loop {
            let below = here.element_children();
            let inner = below
                .into_iter()
                .filter(|child| !is_line(child) && !self.furniture.contains(&child.id))
                .find(|child| sum(child) >= enough && sum(child) > 0);
            match inner {
                Some(inner) => here = inner,
                None => return here,
            }
        }
    }

    // Step 2.

    /// Readability stops at the first of several boxes of text: the `article` around them is meant if there is much
    /// more prose in it.
    fn widened<'a>(&self, container: NodeRef<'a>) -> NodeRef<'a> {
        let around = container.ancestors_it(Some(8)).find(|up| {
            up.has_name("article") || up.attr("itemprop").as_deref() == Some("articleBody")
        });
        match around {
            Some(article) if self.prose(&article) * 10 > self.prose(&container) * 12 => article,
            _ => container,
        }
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

    /// Pages that go on with the next article: the one under the page's own title is meant.
    fn one_of_several<'a>(&self, container: NodeRef<'a>, title: Option<&str>) -> NodeRef<'a> {
        let Some(title) = title else {
            return container;
        };
        let articles: Vec<NodeRef> = container
            .descendants_it()
            .filter(|node| node.has_name("article") && self.prose(node) > 400)
            .collect();
        let titled = |article: &&NodeRef| {
            article
                .descendants_it()
                .any(|node| node.has_name("h1") && words::likeness(&node.text(), title) > 0.8)
        };
        // The innermost: `article` may be nested.
        let own = articles.iter().rfind(titled);
        match own {
            Some(own) if articles.len() > 1 && self.prose(own) * 5 > self.prose(&container) => *own,
            _ => container,
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
        let said = meta.description.as_deref()?;
        let weight = words::weight(said);
        if !(STANDFIRST..1000).contains(&weight) {
            return None;
        }
        let is_told = blocks.iter().take(6).any(|block| match block {
            Block::Line { line, .. } => words::begins_alike(&line.text(), said),
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

    fn is_in_furniture(&self, node: &NodeRef) -> bool {
        self.furniture.contains(&node.id)
            || node
                .ancestors_it(None)
                .any(|up| self.furniture.contains(&up.id))
    }

    /// A lead picture often stands above the text, in a header that the container leaves out.
    fn pictures_outside(&self, body: &NodeRef, container: &NodeRef) -> Vec<Figure> {
        let pictures = body.descendants_it().filter(|node| {
            node.has_name("img") || node.has_name("amp-img") || node.has_name("video")
        });
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
            }
            found.extend(figures(walk.blocks));
        }
        found
    }
}

/// Less is no sentence, but a slogan.
const STANDFIRST: usize = 50;

// Step 3.
fn without_left_out(mut blocks: Vec<Block>) -> Vec<Block> {
    let kept_weight = |block: &Block| match block {
        Block::Line { line, .. } => line.kept_weight(),
        _ => 0,
    };
    let weight = |block: &Block| match block {
        Block::Line { line, .. } => line.weight(),
        _ => 0,
    };
    let kept: usize = blocks.iter().map(kept_weight).sum();
    let all: usize = blocks.iter().map(weight).sum();
    if kept == 0 {
        return blocks;
    }
    let is_kept = |block: &Block| kept_weight(block) > 0;
    let last = blocks.iter().rposition(is_kept).unwrap_or(blocks.len());
    for (index, block) in blocks.iter_mut().enumerate() {
        if (index > last || all > 2 * kept) && weight(block) > 0 && kept_weight(block) == 0 {
            *block = Block::Gone;
        }
    }
    blocks
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
    node.node_name().is_some_and(|name| {
        matches!(
            &*name,
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
