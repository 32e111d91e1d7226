//! What stands around articles on the pages of newsrooms: menus, boxes of links, sharing, consent, advertisements.
//!
//! 1. Each element is measured once: how much text, how much of it in links, how much of it prose.
//! 2. An element is furniture by what it is (`nav`), by its role, or by the words in its class and id, or because it is a
//!    list of teasers or asks for an address to write to,
//! 3. unless much of the page's prose lies in it: many pages wrap everything in a "modal" or a "paywall".
//! 4. Where readers speak, see `readers`, is furniture however much they say, if the newsroom said something before: a
//!    sentence, or a paragraph where the name of the box is not sure.

use std::cell::OnceCell;
use std::collections::HashMap;

use dom_query::{Document, NodeId, NodeRef};

use super::addresses::Home;
use super::hidden;
use super::names::{
    NAMES, by_words, by_words_of_lines, has_pair, has_strong_words, is_gallery, is_of_the_text,
    is_only_teaser, stands_for_embed, tokens,
};
use super::nodes::{self, NodeMap, NodeSet};
use super::readers::{Around, Theirs, are_of_readers};
use super::words;

/// Of one element with all below it; weights as of [`words::weight`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Measure {
    pub text: usize,
    pub linked: usize,
    /// In paragraphs and in runs of text that are as long as one.
    pub prose: usize,
    pub pictures: usize,
    pub films: usize,
    pub links: usize,
}

pub struct Measures {
    by_node: NodeMap<Measure>,
    pub all: Measure,
}

/// A run of text this long is prose whatever element it stands in.
const PROSE_WEIGHT: usize = 100;

impl Measures {
    pub fn of(doc: &Document) -> Self {
        let root = doc.root();
        let nodes: Vec<NodeRef> = root.descendants_it().collect();
        let mut by_node = NodeMap::with_capacity_and_hasher(nodes.len(), Default::default());
        // Children stand behind their parents, so backwards every element is whole before it is added to its parent.
        for node in nodes.iter().rev() {
            let below: Option<Measure> = by_node.get(&node.id).copied();
            let own = whole(node, below.unwrap_or_default());
            by_node.insert(node.id, own);
            if let Some(parent) = node.parent() {
                let sum = by_node.entry(parent.id).or_default();
                sum.text += own.text;
                sum.linked += own.linked;
                sum.prose += own.prose;
                sum.pictures += own.pictures;
                sum.films += own.films;
                sum.links += own.links;
            }
        }
        let all = by_node.get(&root.id).copied().unwrap_or_default();
        Self { by_node, all }
    }

    pub fn of_node(&self, node: &NodeRef) -> Measure {
        self.by_node.get(&node.id).copied().unwrap_or_default()
    }
}

/// What an element adds to the sum of its children.
fn whole(node: &NodeRef, below: Measure) -> Measure {
    if let Some(text) = nodes::with_text(node, words::weight) {
        let prose = if text >= PROSE_WEIGHT { text } else { 0 };
        return Measure {
            text,
            prose,
            ..below
        };
    }
    let mut own = below;
    let Some(name) = node.qual_name_ref() else {
        return own;
    };
    match &*name.local {
        "script" | "style" | "template" | "head" | "noscript" => return Measure::default(),
        "a" => {
            own.linked = own.text;
            own.prose = 0;
            own.links += 1;
        }
        "p" | "blockquote" | "pre" => own.prose = own.text.saturating_sub(own.linked),
        "img" | "amp-img" | "picture" => own.pictures = 1,
        "video" => own.films += 1,
        _ => {}
    }
    own
}

/// What is around the text of a page.
#[derive(Default)]
pub struct Furniture {
    /// Elements that are furniture, and nothing below them.
    pub found: NodeSet,
    /// Elements that would be, by their names, if not so much of the page's prose lay in them.
    doubtful: NodeSet,
    /// Of those found the boxes in which readers speak.
    pub of_readers: NodeSet,
}

pub fn find(doc: &Document, measures: &Measures, home: &Home) -> Furniture {
    let mut furniture = Furniture::default();
    let Some(body) = doc.body() else {
        return furniture;
    };
    let around = Around::of(doc);
    let page = Page {
        body,
        measures,
        home,
        signups: OnceCell::new(),
        kinds: OnceCell::new(),
        teasers: OnceCell::new(),
        told: OnceCell::new(),
        before_prose: OnceCell::new(),
    };
    let mut said = Said::default();
    let mut waiting: Vec<(NodeRef, Inside)> = Vec::new();
    let below = page.body.element_children().into_iter().rev();
    waiting.extend(below.map(|child| (child, Inside::default())));
    // In the order of the page: what was said before a box tells what it is.
    while let Some((node, mut inside)) = waiting.pop() {
        let theirs = match inside.theirs {
            true => None,
            false => around.theirs(&node),
        };
        if theirs.is_some_and(|theirs| page.is_of_readers(&node, theirs, inside, &said)) {
            furniture.of_readers.insert(node.id);
            furniture.found.insert(node.id);
            continue;
        }
        inside.theirs |= theirs.is_some();
        inside.article |= node.has_name("article");
        match page.judge(&node) {
            Verdict::Furniture => {
                furniture.found.insert(node.id);
                continue;
            }
            Verdict::Doubtful => {
                furniture.doubtful.insert(node.id);
            }
            Verdict::Text => {}
        }
        said.hear(page.own_prose(&node), inside);
        let below = node.element_children().into_iter().rev();
        waiting.extend(below.map(|child| (child, inside)));
    }
    furniture
}

/// What is around an element.
#[derive(Clone, Copy, Default)]
struct Inside {
    article: bool,
    theirs: bool,
}

/// How much prose of the newsroom was met on the way.
#[derive(Default)]
struct Said {
    all: usize,
    in_articles: usize,
}

impl Said {
    fn hear(&mut self, prose: usize, inside: Inside) {
        if !inside.theirs {
            self.all += prose;
            self.in_articles += if inside.article { prose } else { 0 };
        }
    }
}

impl Furniture {
    /// Doubt ends where the text was found elsewhere: fifty slides hold more prose than the article above them.
    pub fn settle(mut self, doc: &Document, kept: &NodeSet) -> NodeSet {
        for id in self.doubtful.iter().filter(|_| !kept.is_empty()) {
            let holds_text = doc.tree.get(id).is_some_and(|node| {
                let mut below = node.descendants_it();
                below.any(|below| kept.contains(&below.id))
            });
            if !holds_text {
                self.found.insert(*id);
            }
        }
        self.found
    }
}

/// A page of text with nothing around it: no scripts, forms or frames, and no links to speak of. Shields, walls and lists
/// are never so plain.
pub fn is_bare(doc: &Document, measures: &Measures) -> bool {
    let active =
        "script, style, form, iframe, frame, input, button, noscript, meta[http-equiv=refresh]";
    let links = "a[href]:not([href^='javascript:'])";
    let few_links = measures.all.linked * 2 <= measures.all.text || !doc.select(links).exists();
    few_links && !doc.select(active).exists()
}

/// The elements that are never part of a text, whatever is around them.
pub fn find_certain(doc: &Document, measures: &Measures) -> NodeSet {
    const CERTAIN: &[&str] = &[
        "script", "style", "template", "svg", "button", "select", "input", "textarea", "canvas",
        "nav", "dialog", "form", "link", "meta",
    ];
    let root = doc.root();
    let all = root.descendants_it();
    let certain = all.filter(|node| {
        let is_one = nodes::is_named(node, |name| CERTAIN.contains(&name));
        is_one && !heads_panel(node, measures) || is_sign(node)
    });
    certain.map(|node| node.id).collect()
}

enum Verdict {
    Text,
    Doubtful,
    Furniture,
}

struct Page<'a> {
    body: NodeRef<'a>,
    measures: &'a Measures,
    home: &'a Home,
    /// Boxes that ask for an address to write to.
    signups: OnceCell<NodeSet>,
    /// How much prose all elements of one class hold together: a text may be laid out in many boxes of one kind.
    kinds: OnceCell<HashMap<String, usize>>,
    /// How many elements there are of each class that speaks of a teaser.
    teasers: OnceCell<HashMap<String, usize>>,
    /// What the page says outside of its asides, in letters alone.
    told: OnceCell<String>,
    /// What has prose behind it under the same parent.
    before_prose: OnceCell<NodeSet>,
}

impl Page<'_> {
    // Step 2.
    fn judge(&self, node: &NodeRef) -> Verdict {
        let Some(name) = node.qual_name_ref() else {
            return Verdict::Text;
        };
        let name = &*name.local;
        match name {
            _ if self.signups().contains(&node.id) || is_sign(node) => return Verdict::Furniture,
            "div" | "section" | "ul" if self.is_list_of_teasers(node) => return Verdict::Furniture,
            "button" if heads_panel(node, self.measures) => return Verdict::Text,
            "dl" if self.is_about_article(node) => return Verdict::Furniture,
            "script" | "style" | "template" | "svg" | "button" | "select" | "input"
            | "textarea" | "canvas" | "amp-ad" | "amp-pixel" | "amp-analytics" | "amp-sidebar"
            | "amp-consent" | "link" | "meta" => return Verdict::Furniture,
            "html" | "body" | "main" | "article" => return Verdict::Text,
            _ => {}
        }
        let words = tokens(node);
        let is_certain = match name {
            _ if self.is_unfolded(node, &words) => return Verdict::Text,
            "aside" if is_of_the_text(&words) && self.is_mostly_prose(node) => {
                return Verdict::Text;
            }
            "aside" if self.is_told_amid(node, &words) => return Verdict::Text,
            "nav" | "footer" | "dialog" | "aside" | "form" => by_words(&words),
            _ if by_role(node) => self.is_wall(node, &words),
            "a" | "img" | "picture" | "figcaption" | "blockquote" | "td" | "tr" | "tbody"
            | "h1" | "h2" | "source" | "em" | "strong" | "b" | "i" => return Verdict::Text,
            "p" | "h3" | "h4" | "figure" | "table" | "li" | "amp-img" => {
                if !by_words_of_lines(&words) {
                    return Verdict::Text;
                }
                false
            }
            _ if self.is_told_in_sentences(node, &words) => return Verdict::Text,
            _ if self.is_standfirst(node, &words) => return Verdict::Text,
            _ if by_words(&words) => self.is_wall(node, &words),
            _ if is_gallery(&words) && self.holds_much(node, false) => return Verdict::Doubtful,
            _ => return Verdict::Text,
        };
        let is_strong = name == "footer" || has_strong_words(&words) || stands_for_embed(&words);
        match self.holds_much(node, is_strong || is_certain) {
            _ if self.holds_article(node) => Verdict::Text,
            true if is_strong || is_certain => Verdict::Doubtful,
            true => Verdict::Text,
            false if is_certain => Verdict::Furniture,
            false if nodes::is_article_body(node) => Verdict::Text,
            false if !is_strong && self.holds_some(node) => Verdict::Doubtful,
            false if !are_of_readers(&words) && self.holds_most_around(node) => Verdict::Doubtful,
            false => Verdict::Furniture,
        }
    }

    // Step 4.
    fn is_of_readers(&self, node: &NodeRef, theirs: Theirs, inside: Inside, said: &Said) -> bool {
        match theirs {
            Theirs::Surely => said.all >= FACT,
            Theirs::Likely if inside.article || said.in_articles < FACT => {
                said.all >= PARAGRAPH && !self.before_prose().contains(&node.id)
            }
            Theirs::Likely => true,
        }
    }

    /// Once for all: there may be very many boxes side by side.
    fn before_prose(&self) -> &NodeSet {
        self.before_prose.get_or_init(|| {
            let nodes: Vec<NodeRef> = self.body.descendants_it().collect();
            let (mut before, mut with_prose) = (NodeSet::default(), NodeSet::default());
            // Backwards, so that what stands behind is met first.
            for node in nodes.iter().rev() {
                let Some(parent) = node.parent() else {
                    continue;
                };
                if with_prose.contains(&parent.id) {
                    before.insert(node.id);
                } else if self.measures.of_node(node).prose > 0 {
                    with_prose.insert(parent.id);
                }
            }
            before
        })
    }

    /// Without that of the elements in it.
    fn own_prose(&self, node: &NodeRef) -> usize {
        let children = node.children_it(false).filter(NodeRef::is_element);
        let below: usize = children
            .map(|child| self.measures.of_node(&child).prose)
            .sum();
        self.measures.of_node(node).prose.saturating_sub(below)
    }

    /// Boxes that ask for an address to write to, whatever they are called.
    fn signups(&self) -> &NodeSet {
        self.signups.get_or_init(|| {
            let below = self.body.descendants_it();
            let fields = below
                .filter(|node| node.has_name("input") && &*node.attr_or("type", "") == "email");
            fields.filter_map(|field| self.signup(&field)).collect()
        })
    }

    /// The smallest element that says more than its form, if that is a sentence and not much more.
    fn signup(&self, field: &NodeRef) -> Option<NodeId> {
        let around: Vec<NodeRef> = field.ancestors_it(None).collect();
        let form = around.iter().find(|up| up.has_name("form"))?;
        let of_form = self.measures.of_node(form).text;
        let found = around
            .iter()
            .find(|up| self.measures.of_node(up).text > of_form)?;
        let own = self.measures.of_node(found);
        let is_box = nodes::is_named(found, |name| matches!(name, "div" | "section" | "aside"));
        let is_little = own.prose * 6 < self.measures.all.prose && own.text < SIGNUP;
        (is_box && is_little && own.text >= of_form + FACT).then_some(found.id)
    }

    /// Several boxes side by side, each with a heading that leads to another article and a few sentences of it. Where they
    /// are most of what a page says, they are what it wants to say.
    fn is_list_of_teasers(&self, node: &NodeRef) -> bool {
        let own = self.measures.of_node(node);
        if own.prose == 0 || own.links < TEASERS || own.prose * 2 > self.measures.all.prose {
            return false;
        }
        let children = node.element_children();
        let told = children
            .iter()
            .filter(|child| self.measures.of_node(child).text > 0);
        let (teasers, others): (Vec<_>, Vec<_>) = told.partition(|child| self.is_teaser(child));
        let mut prose = teasers
            .iter()
            .map(|child| self.measures.of_node(child).prose);
        teasers.len() >= TEASERS
            && others.len() * 4 <= teasers.len()
            && prose.any(|prose| prose > 0)
    }

    fn is_teaser(&self, node: &NodeRef) -> bool {
        let own = self.measures.of_node(node);
        let is_short = own.links > 0 && own.links <= 4 && own.prose <= TEASER;
        let is_linked = |heading: &NodeRef| {
            let of = self.measures.of_node(heading);
            of.text > 0 && of.linked == of.text
                || heading.ancestors_it(Some(2)).any(|up| up.has_name("a"))
        };
        let is_heading = |name: &str| matches!(name, "h2" | "h3" | "h4" | "h5" | "h6");
        let leads_away = |node: &NodeRef| {
            let mut links = node.descendants_it().filter(|below| below.has_name("a"));
            links.all(|link| self.is_of_newsroom(&link.attr_or("href", "#")))
        };
        let heads = || {
            let mut below = node.descendants_it();
            below.any(|below| nodes::is_named(&below, is_heading) && is_linked(&below))
        };
        is_short && heads() && leads_away(node)
    }

    /// Who wrote it, when, in which section, and how many read it: each visitor changes that. Of a list of facts of which
    /// an article tells nothing is marked so.
    fn is_about_article(&self, node: &NodeRef) -> bool {
        let is_fact = |node: &NodeRef| {
            nodes::any_attribute(node, |name, value| {
                name == "itemprop" && matches!(value, "author" | "datePublished" | "dateModified")
            })
        };
        let is_named = nodes::any_attribute(node, |name, value| {
            name == "class"
                && value
                    .split_ascii_whitespace()
                    .any(|name| name == "article-info")
        });
        let mut below = node.descendants_it();
        self.measures.of_node(node).prose == 0 && (is_named || below.any(|below| is_fact(&below)))
    }

    /// An address, and not one on this page.
    fn is_of_newsroom(&self, href: &str) -> bool {
        match href.contains("://") {
            true => self.home.holds(href),
            false => !href.starts_with('#'),
        }
    }

    /// What a page calls its main part, or an article that is most of it, is not furniture because of a name around it:
    /// a tag that nobody closed puts whole pages into a banner.
    fn holds_article(&self, node: &NodeRef) -> bool {
        let is_much =
            |part: &NodeRef| self.measures.of_node(part).prose * 3 > self.measures.all.prose;
        let is_part = |name: &str| matches!(name, "main" | "article");
        let mut below = node.descendants_it();
        is_much(node) && below.any(|part| nodes::is_named(&part, is_part) && is_much(&part))
    }

    /// What lists or steers is made of links; prose that is called so has its name from elsewhere.
    fn is_told_in_sentences(&self, node: &NodeRef, words: &str) -> bool {
        let own = self.measures.of_node(node);
        let is_list = |word: &str| LISTS.contains(&word);
        own.prose >= PARAGRAPH
            && own.linked * 5 < own.text
            && words.split(' ').any(is_list)
            && !words
                .split(' ')
                .any(|word| !is_list(word) && NAMES.contains(word))
            && !has_pair(words)
    }

    /// A teaser leads to what it teases with, or shows it; one without a link or picture, in no link and no list, is the
    /// standfirst of this article.
    fn is_standfirst(&self, node: &NodeRef, words: &str) -> bool {
        let own = self.measures.of_node(node);
        let is_linked = |name: &str| matches!(name, "a" | "li");
        let mut around = node.ancestors_it(Some(4));
        own.prose >= FACT
            && own.links == 0
            && own.pictures == 0
            && is_only_teaser(words)
            && !around.any(|up| nodes::is_named(&up, is_linked))
            && self.is_only_of_its_kind(node)
    }

    fn is_only_of_its_kind(&self, node: &NodeRef) -> bool {
        let teasers = self.teasers.get_or_init(|| {
            let mut counts = HashMap::new();
            let classes = self.body.descendants_it().filter_map(|node| node.class());
            for class in classes.filter(|class| class.to_ascii_lowercase().contains("teaser")) {
                *counts.entry(class.to_string()).or_default() += 1;
            }
            counts
        });
        let class = node.class().unwrap_or_default();
        teasers.get(&*class).is_none_or(|count| *count == 1)
    }

    /// What is hidden until a reader asks for it, in the midst of the text: an answer, the inside of a spoiler.
    fn is_unfolded(&self, node: &NodeRef, words: &str) -> bool {
        let own = self.measures.of_node(node);
        let is_hidden = || words.split(' ').any(|word| word == "hidden") || is_hidden(node);
        let is_fact = own.prose >= FACT;
        // What a button with words opens may be short.
        let is_answer = || {
            let head = button_before(node);
            own.text >= ANSWER && head.is_some_and(|head| self.measures.of_node(&head).text > 0)
        };
        own.text > 0
            && own.linked * 4 < own.text
            && is_hidden()
            && !is_called_otherwise(words)
            && (is_fact && is_folded(node) || is_answer())
    }

    /// So much prose, and so few links in it, that its name alone does not tell.
    fn holds_some(&self, node: &NodeRef) -> bool {
        let own = self.measures.of_node(node);
        own.prose * 6 > self.measures.all.prose && own.linked * 4 < own.text
    }

    /// Most of the prose of the main part or article around it, which is much of the page's; or of a page without such a
    /// part, with its headline.
    fn holds_most_around(&self, node: &NodeRef) -> bool {
        let (own, all) = (self.measures.of_node(node), self.measures.all.prose);
        if own.prose * 6 <= all || own.linked * 4 > own.text {
            return false;
        }
        let is_part = |up: &NodeRef| nodes::is_named(up, |name| matches!(name, "main" | "article"));
        match node.ancestors_it(None).find(is_part) {
            Some(part) => {
                let around = self.measures.of_node(&part).prose;
                own.prose * 2 > around && around * 3 > all
            }
            None => own.prose * 2 > all && node.descendants_it().any(|below| below.has_name("h1")),
        }
    }

    /// Words in the midst of the text that lead nowhere, show nothing and ask for nothing, and are not said elsewhere on the
    /// page, as those of most quotations are that are set large beside a text.
    fn is_told_amid(&self, node: &NodeRef, words: &str) -> bool {
        let own = self.measures.of_node(node);
        let is_bare = own.links == 0 && own.pictures == 0 && own.films == 0;
        let asks = |below: NodeRef| {
            let is_active = |name: &str| {
                let is_asked = matches!(name, "form" | "input" | "button" | "select" | "script");
                is_asked || matches!(name, "iframe" | "ins" | "aside") || name.contains('-')
            };
            nodes::is_named(&below, is_active)
        };
        is_bare
            && own.text >= ANSWER
            && !by_words(words)
            && !by_role(node)
            && self.is_prose_beside(node, NodeRef::prev_element_sibling)
            && self.is_prose_beside(node, NodeRef::next_element_sibling)
            && !node.descendants_it().any(asks)
            && !self.is_said_twice(node)
    }

    /// On one side, with a heading or a picture between at most.
    fn is_prose_beside<'n>(
        &self,
        node: &NodeRef<'n>,
        step: impl Fn(&NodeRef<'n>) -> Option<NodeRef<'n>>,
    ) -> bool {
        let is_between = |name: &str| matches!(name, "h2" | "h3" | "h4" | "figure");
        let first = step(node);
        let between = first.filter(|first| nodes::is_named(first, is_between));
        let beside = between.map_or(first, |between| step(&between));
        beside.is_some_and(|beside| {
            let own = self.measures.of_node(&beside);
            own.prose >= FACT && own.linked * 2 < own.text
        })
    }

    fn is_said_twice(&self, aside: &NodeRef) -> bool {
        let told = self.told.get_or_init(|| {
            let is_else = |name: &str| matches!(name, "aside" | "script" | "style" | "template");
            let mut told = String::new();
            let mut waiting = vec![self.body];
            while let Some(here) = waiting.pop() {
                nodes::with_text(&here, |text| told.push_str(&words::letters(text)));
                if !nodes::is_named(&here, is_else) {
                    waiting.extend(here.children_it(true));
                }
            }
            told
        });
        let runs = aside.descendants_it().filter(NodeRef::is_text);
        let runs = runs.map(|run| words::letters(&run.text()));
        let mut runs = runs.filter(|run| words::weight(run) >= ANSWER);
        runs.any(|run| told.contains(&run))
    }

    fn is_mostly_prose(&self, node: &NodeRef) -> bool {
        let own = self.measures.of_node(node);
        own.prose >= FACT && own.linked * 2 < own.text
    }

    // Step 3. A third of all prose is never furniture, unless it cannot be anything else.
    fn holds_much(&self, node: &NodeRef, is_strong: bool) -> bool {
        let own = self.measures.of_node(node).prose;
        let all = self.measures.all.prose;
        if own == 0 || is_strong {
            return own * 10 > all * 7;
        }
        let class = node.class().unwrap_or_default();
        let alike = self.kinds.get_or_init(|| self.prose_by_class());
        alike.get(&*class).copied().unwrap_or(0).max(own) * 3 > all
    }

    fn prose_by_class(&self) -> HashMap<String, usize> {
        let mut kinds: HashMap<String, usize> = HashMap::new();
        for node in self.body.descendants_it().filter(NodeRef::is_element) {
            let prose = self.measures.of_node(&node).prose;
            if let Some(class) = node.class().filter(|_| prose > 0) {
                *kinds.entry(class.to_string()).or_default() += prose;
            }
        }
        kinds
    }

    /// A page that is all consent dialogue or paywall has nothing else to offer.
    fn is_wall(&self, node: &NodeRef, words: &str) -> bool {
        let is_small = self.measures.of_node(node).prose < 600 && self.measures.all.prose < 1000;
        is_small && words.split(' ').any(|word| WALLS.contains(&word))
    }
}

/// In the weight of its prose; less is no sentence.
const FACT: usize = 60;

/// In the weight of its text.
const QUESTION: usize = 8;

/// In the weight of its text; less is no answer.
const ANSWER: usize = 20;

/// In the weight of its text; more is no box.
const SIGNUP: usize = 500;

/// As many boxes make a list.
const TEASERS: usize = 3;

/// In the weight of its prose; more is a text.
const TEASER: usize = 400;

/// In the weight of its prose.
const PARAGRAPH: usize = 300;

const LISTS: &[&str] = &["toc", "tags", "taglist", "keywords", "topics", "dropdown"];

/// Whether it is a part of something that can be folded up.
pub fn is_folded(node: &NodeRef) -> bool {
    const FOLDING: &[&str] = &[
        "accordion",
        "accordeon",
        "faq",
        "faqs",
        "collapse",
        "collapsible",
        "spoiler",
        "toggle",
        "expandable",
    ];
    let around = [*node].into_iter().chain(node.ancestors_it(Some(3)));
    around
        .take_while(|up| !up.has_name("body"))
        .any(|up| tokens(&up).split(' ').any(|word| FOLDING.contains(&word)))
        || button_before(node).is_some()
}

/// What stands before an element and says whether it is unfolded.
fn button_before<'a>(node: &NodeRef<'a>) -> Option<NodeRef<'a>> {
    let unfolds = |node: &NodeRef| node.has_attr("aria-expanded");
    let head = node.prev_element_sibling()?;
    let is_one = unfolds(&head) || head.descendants_it().any(|below| unfolds(&below));
    is_one.then_some(head)
}

/// Whether a button says what is told in a panel behind it, as a question stands above the answer that it unfolds.
fn heads_panel(node: &NodeRef, measures: &Measures) -> bool {
    if !node.has_name("button") || measures.of_node(node).text == 0 {
        return false;
    }
    let is_heading = |name: &str| matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dt");
    let mut around = node.ancestors_it(Some(2));
    let unfolds = ["aria-expanded", "aria-controls"];
    // Outside of a heading one or two short words are no question: "Key", "Menu".
    let is_question = measures.of_node(node).text >= QUESTION;
    let is_head = is_question && unfolds.iter().any(|name| node.has_attr(name))
        || around.any(|up| nodes::is_named(&up, is_heading));
    let is_panel = |panel: &NodeRef| {
        let own = measures.of_node(panel);
        let is_list = panel.has_name("nav") || panel.has_name("form");
        !is_list && own.linked * 4 < own.text && !is_called_otherwise(&tokens(panel))
    };
    let heads = || {
        let around = [*node].into_iter().chain(node.ancestors_it(Some(2)));
        let behind = around.filter_map(|up| up.next_element_sibling());
        let mut told = behind.filter(|behind| measures.of_node(behind).text >= ANSWER);
        told.next().is_some_and(|panel| is_panel(&panel))
    };
    is_head && heads()
}

/// Whether it only shows that a button can be pressed.
fn is_sign(node: &NodeRef) -> bool {
    let is_unread = node.has_attr("aria-hidden") && &*node.attr_or("aria-hidden", "") == "true";
    is_unread && node.ancestors_it(Some(3)).any(|up| up.has_name("button"))
}

/// Whether something else than that it is hidden tells that it is furniture.
fn is_called_otherwise(words: &str) -> bool {
    let mut others = words.split(' ').filter(|word| *word != "hidden");
    others.any(|word| NAMES.contains(word))
}

const WALLS: &[&str] = &["cookie", "cookies", "consent", "gdpr", "paywall", "regwall"];

fn by_role(node: &NodeRef) -> bool {
    let role = node.attr_or("role", "");
    matches!(
        &*role,
        "navigation"
            | "complementary"
            | "dialog"
            | "alertdialog"
            | "banner"
            | "contentinfo"
            | "search"
            | "menu"
            | "menubar"
            | "toolbar"
            | "alert"
    ) || is_hidden(node)
}

fn is_hidden(node: &NodeRef) -> bool {
    nodes::any_attribute(node, |name, value| match name {
        // It shows itself to whoever looks for its words.
        "hidden" => !value.eq_ignore_ascii_case("until-found"),
        "inert" | "popover" => true,
        "style" => hidden::by_style(node, value),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn very_many_boxes_side_by_side_take_a_moment() {
        let prose = "<p>Several hundred people carrying flowers took to the streets on Monday evening, and went home.</p>";
        let boxes = "<div class=replies>x</div><span>y</span>".repeat(40_000);
        let page = format!("<div>{}</div>{boxes}{prose}", prose.repeat(6));
        let doc = Document::from(page);
        let measures = Measures::of(&doc);
        // Each with each, they would take minutes.
        let begun = std::time::Instant::now();
        let found = find(&doc, &measures, &Home::of([]));
        assert!(begun.elapsed().as_secs() < 30);
        assert!(found.of_readers.is_empty(), "there is prose behind them");
    }

    #[test]
    fn slides_of_other_things_are_furniture_once_the_text_was_found_elsewhere() {
        let prose = "Several hundred people carrying flowers took to the streets on Monday evening, and went home. ".repeat(3);
        let slides = format!("<li><p id=slide>{prose}</p></li>").repeat(9);
        let page = format!("<p id=text>{prose}</p><div class='type-gallery'>{slides}</div>");
        let doc = Document::from(page);
        let measures = Measures::of(&doc);
        let home = Home::of([]);
        let gallery = doc.select_single(".type-gallery").nodes()[0].id;
        let settled = |kept: &str| {
            let kept = doc.select(kept);
            let texts = kept.nodes().iter().flat_map(|node| node.children());
            let kept = texts.map(|text| text.id).collect();
            find(&doc, &measures, &home).settle(&doc, &kept)
        };
        assert!(settled("#text").contains(&gallery));
        assert!(!settled("#slide").contains(&gallery));
        assert!(!find(&doc, &measures, &home).found.contains(&gallery));
    }
}
