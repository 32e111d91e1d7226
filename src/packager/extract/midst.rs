//! Whether what a page marks as a name or a day stands in the midst of its text: then it is that of somebody who is quoted,
//! of a book, of a post that is shown, of a day of which is told, and not that of the article.
//!
//! 1. The text is the smallest element that holds nearly all prose behind the headline.
//! 2. Author and day stand before its second paragraph, as the first often introduces it, or behind its last.
//! 3. Wherever they stand they stand in no sentence, no quotation, no figure, nothing inserted or deleted, and in no box of
//!    the text that has sentences of its own.

use dom_query::{Document, NodeId, NodeRef};

use super::dates;
use super::nodes::{self, NodeMap, NodeSet};
use super::words::{self, squeezed};

/// A sentence of this weight is prose.
const SENTENCE: usize = 60;

/// A run of text of this weight is prose, however it ends.
const RUN: usize = 100;

/// Less is no sentence: "7 p.m."
const SAID: usize = 12;

#[derive(Default)]
pub struct Text {
    /// Where each element stands on the page.
    places: NodeMap<usize>,
    container: Option<NodeId>,
    /// `p` that are prose.
    paragraphs: NodeSet,
    /// Where its first, its second and its last paragraph begin.
    begins: Option<usize>,
    goes_on: Option<usize>,
    ends: usize,
    /// Elements with a sentence in them, but for those around the headline.
    telling: NodeSet,
}

impl Text {
    pub fn of(doc: &Document, headline: Option<&NodeRef>) -> Self {
        let mut found = Self::default();
        let Some(body) = doc.body() else { return found };
        let around = headline.into_iter().flat_map(|h1| h1.ancestors_it(None));
        let around: NodeSet = around.map(|up| up.id).collect();
        let mut prose: Vec<Paragraph> = Vec::new();
        let mut waiting = vec![(body, Around::default())];
        let mut place = 0;
        while let Some((node, mut inside)) = waiting.pop() {
            place += 1;
            if let Some(weight) = heard(&node, inside) {
                found.note_telling(&node, &around);
                if weight >= SENTENCE && !inside.beside {
                    prose.push(Paragraph {
                        node,
                        weight,
                        place,
                    });
                }
            }
            if !node.is_element() {
                continue;
            }
            found.places.insert(node.id, place);
            // What was met up to here stands above the text.
            if headline.is_some_and(|headline| headline.id == node.id) {
                prose.clear();
            }
            inside.enter(&node);
            if !inside.hidden {
                waiting.extend(node.children_it(true).map(|child| (child, inside)));
            }
        }
        found.settle(&body, &prose);
        found
    }

    /// The boxes around a sentence, but not the element in which its words stand.
    fn note_telling(&mut self, said: &NodeRef, around_headline: &NodeSet) {
        let boxes = said.ancestors_it(None).skip(usize::from(said.is_text()));
        for up in boxes.filter(|up| !around_headline.contains(&up.id)) {
            if !self.telling.insert(up.id) {
                break;
            }
        }
    }

    fn settle(&mut self, body: &NodeRef, prose: &[Paragraph]) {
        let container = container(body, prose);
        let is_within = |paragraph: &&Paragraph| {
            let mut around = paragraph.node.ancestors_it(None);
            around.any(|up| up.id == container.id)
        };
        let mut places = prose.iter().filter(is_within).map(|found| found.place);
        self.begins = places.next();
        self.goes_on = places.next();
        self.ends = places.next_back().or(self.goes_on).unwrap_or_default();
        let paragraphs = prose.iter().filter(|found| found.node.is_element());
        self.paragraphs = paragraphs.map(|found| found.node.id).collect();
        self.container = Some(container.id);
    }

    /// Whether it tells of somebody or something else than the article.
    pub fn holds_in_its_midst(&self, mark: &NodeRef) -> bool {
        let mut tells = false;
        for here in [*mark].into_iter().chain(mark.ancestors_it(None)) {
            if Some(here.id) == self.container {
                return tells || self.is_amid(mark);
            }
            match () {
                () if nodes::is_named(&here, is_beside) => return false,
                () if nodes::is_named(&here, is_of_others) => return true,
                () if self.paragraphs.contains(&here.id) => return true,
                () => tells |= here.id != mark.id && self.is_box_that_tells(&here),
            }
        }
        false
    }

    /// One that begins before the text is laid out around it, or holds its head.
    fn is_box_that_tells(&self, node: &NodeRef) -> bool {
        self.telling.contains(&node.id) && self.begins_above(node)
    }

    // Step 2.
    fn is_amid(&self, mark: &NodeRef) -> bool {
        let place = self.places.get(&mark.id);
        place.is_some_and(|place| {
            let goes_on = self.goes_on.is_some_and(|second| *place > second);
            goes_on && *place < self.ends
        })
    }

    /// Whether it stands behind the begin of the text.
    pub fn begins_above(&self, mark: &NodeRef) -> bool {
        let place = self.places.get(&mark.id);
        self.begins
            .zip(place)
            .is_some_and(|(begin, place)| begin < *place)
    }
}

struct Paragraph<'a> {
    /// `p`, or a run of text outside of one.
    node: NodeRef<'a>,
    weight: usize,
    place: usize,
}

/// What is around a node.
#[derive(Clone, Copy, Default)]
struct Around {
    hidden: bool,
    /// Beside the text.
    beside: bool,
    paragraph: bool,
    link: bool,
}

impl Around {
    fn enter(&mut self, node: &NodeRef) {
        nodes::is_named(node, |name| {
            match name {
                "script" | "style" | "template" | "noscript" | "svg" | "textarea" | "select" => {
                    self.hidden = true;
                }
                "p" => self.paragraph = true,
                "a" | "button" => self.link = true,
                _ => self.beside |= is_beside(name) || is_of_others(name),
            }
            true
        });
    }
}

fn is_beside(name: &str) -> bool {
    matches!(name, "aside" | "footer" | "nav")
}

// Step 3.
fn is_of_others(name: &str) -> bool {
    matches!(name, "blockquote" | "q" | "figure" | "ins" | "del")
}

/// How much a paragraph says, or a run of text outside of one, if that is a sentence or as much.
fn heard(node: &NodeRef, inside: Around) -> Option<usize> {
    if inside.link || inside.paragraph {
        return None;
    }
    let weigh = |text: &str| {
        let weight = words::weight(text);
        let is_said = weight >= SAID && is_sentence(text);
        (is_said || weight >= RUN).then_some(weight)
    };
    match node.has_name("p") {
        true => weigh(&node.text()),
        false => nodes::with_text(node, weigh).flatten(),
    }
}

fn is_sentence(text: &str) -> bool {
    let text = text.trim_end();
    let is_ended = text.ends_with([
        '.', '!', '?', '…', '"', '”', '“', '»', ')', '。', '！', '？', '؟', '」',
    ]);
    is_ended && {
        let text = squeezed(text);
        let is_parted = text.contains(' ') || text.chars().any(words::is_ideograph);
        is_parted && dates::parse_line(&text).is_none()
    }
}

// Step 1.
fn container<'a>(body: &NodeRef<'a>, prose: &[Paragraph]) -> NodeRef<'a> {
    let mut sums: NodeMap<usize> = NodeMap::default();
    for paragraph in prose {
        for up in paragraph.node.ancestors_it(None) {
            *sums.entry(up.id).or_default() += paragraph.weight;
        }
    }
    let sum = |node: &NodeRef| sums.get(&node.id).copied().unwrap_or_default();
    let all = sum(body);
    let mut here = *body;
    loop {
        let mut below = here.element_children().into_iter();
        match below.find(|child| sum(child) * 4 > all * 3) {
            Some(inner) => here = inner,
            None => return here,
        }
    }
}
