//! Pictures in the text of an article, each with the caption that stands beside it.

use dom_query::NodeRef;

use super::addresses;
use super::block::{Block, Figure, Line};
use super::body::{DEPTH, Walk};
use super::embeds;
use super::names;
use super::nodes;
use super::strangers;
use super::words;

/// Fewer words in a `figure` that shows nothing are no text.
const NOTE: usize = 20;

/// A caption is at most this long, in weight.
const CAPTION: usize = 700;

/// Something that is shown, and the words that stand behind it.
#[derive(Default)]
struct Shown {
    /// Among the blocks; none for words before anything is shown.
    block: Option<usize>,
    words: Line,
}

/// What counts in a part of an illustration.
#[derive(Clone, Copy)]
struct Counting {
    pictures: bool,
    words: bool,
}

impl Walk<'_, '_> {
    /// Whether it is one to be shown.
    pub fn picture(&mut self, node: &NodeRef) -> bool {
        if is_tiny(node) || self.is_stand_in(node) {
            return false;
        }
        if self.is_of_newsroom() && strangers::is_of_another(node, self.reading) {
            return false;
        }
        let Some(src) = addresses::of_picture(node, self.reading.base) else {
            return false;
        };
        let pending = self.pending.take();
        self.end_line("div");
        self.pending = pending;
        self.push_figure(Figure {
            spare: addresses::spare_of(node, self.reading.base).filter(|spare| *spare != src),
            src,
            alt: words::squeezed(&node.attr_or("alt", "")),
            caption: None,
            linked: None,
        });
        true
    }

    /// A film is shown as its picture, if it has one, and a link.
    pub fn film(&mut self, node: &NodeRef) -> bool {
        let is_shown = self.picture(node);
        self.embed(node) || is_shown
    }

    /// A lazy picture and its copy for browsers without scripts are one.
    fn push_figure(&mut self, figure: Figure) {
        if let Some(Block::Figure(last)) = self.blocks.last_mut()
            && addresses::are_one(&last.src, &figure.src)
        {
            if last.caption.is_none() {
                (last.caption, last.linked) = (figure.caption, figure.linked);
            }
            let other = [Some(figure.src), figure.spare].into_iter().flatten();
            let mut other = other.filter(|spare| *spare != last.src);
            last.spare = last.spare.take().or_else(|| other.next());
            return;
        }
        self.blocks.push(Block::Figure(figure));
    }

    /// Whether it stands where a script would put the picture that is written beside it for browsers without scripts.
    fn is_stand_in(&self, img: &NodeRef) -> bool {
        let beside = [img.next_element_sibling(), img.prev_element_sibling()];
        let mut copies = beside
            .into_iter()
            .flatten()
            .filter(|node| node.has_name("noscript"));
        let is_copied = copies.any(|copy| {
            let mut below = copy.descendants_it();
            below.any(|below| below.has_name("img") && !is_tiny(&below))
        });
        let base = self.reading.base;
        let plain = || addresses::absolute(&img.attr("src")?, base);
        let is_plain = || addresses::of_picture(img, base) == plain();
        is_copied && is_plain() && is_named_as_blank(img)
    }

    pub fn figure(&mut self, node: &NodeRef, depth: usize) {
        self.end_line("div");
        let before = self.blocks.len();
        if frames_blocks(node) || self.frames_reference(node) {
            let outer = std::mem::replace(&mut self.is_framed, true);
            self.children_as_block(node, depth);
            self.is_framed = outer;
            let framed = self.blocks.split_off(before);
            self.blocks.extend(framed.into_iter().flat_map(unlisted));
            return;
        }
        if self.illustration(node) || self.bare_address(node) {
            return;
        }
        if self.is_finished() {
            self.children_as_block(node, depth);
        } else if self.is_box_of_text(node) {
            let outer = std::mem::replace(&mut self.is_framed, true);
            self.division_of_page(node, depth);
            self.is_framed = outer;
        }
    }

    /// Whether a `figure` shows nothing, and is not about to: names, verses or a note stand in it.
    fn is_box_of_text(&self, figure: &NodeRef) -> bool {
        let measures = self.reading.measures;
        let shows = |node: &NodeRef| {
            let is_shown = |name: &str| {
                let is_seen = matches!(
                    name,
                    "img"
                        | "picture"
                        | "video"
                        | "svg"
                        | "canvas"
                        | "noscript"
                        | "script"
                        | "input"
                );
                is_seen || name.contains('-') || embeds::is_named(name)
            };
            self.reading.furniture.contains(&node.id)
                || nodes::is_named(node, is_shown)
                || is_named_as_picture(node)
                || node.attr_or("style", "").contains("background")
        };
        let mut all = [*figure].into_iter().chain(figure.descendants_it());
        let captions = figure.descendants_it();
        let captions = captions.filter(|below| below.has_name("figcaption"));
        let caption: usize = captions.map(|node| measures.of_node(&node).text).sum();
        let own = measures.of_node(figure);
        own.text >= caption + NOTE && own.linked * 2 < own.text && !all.any(|node| shows(&node))
    }

    /// An element with a picture and a few words that are no link and no heading: the words are its caption.
    pub fn is_illustration(&self, node: &NodeRef) -> bool {
        let own = self.reading.measures.of_node(node);
        let fits = (1..=2).contains(&own.pictures) || (own.pictures == 0 && own.films > 0);
        if !fits || own.text > CAPTION / 2 || own.linked * 2 > own.text {
            return false;
        }
        let mut paragraphs = 0;
        let mut holds_more = node.descendants_it().filter(|below| {
            nodes::is_named(below, |name| {
                paragraphs += usize::from(name == "p");
                matches!(
                    name,
                    "h1" | "h2" | "h3" | "h4" | "figure" | "ul" | "ol" | "blockquote" | "iframe"
                )
            })
        });
        let holds_more = holds_more.next().is_some();
        !holds_more && paragraphs <= 1
    }

    /// One whose words say by their class that they are a caption: in the midst of a text, few words beside a picture
    /// may as well belong to the text.
    pub fn is_marked_illustration(&self, node: &NodeRef) -> bool {
        if !self.is_illustration(node) {
            return false;
        }
        let measures = self.reading.measures;
        let text = measures.of_node(node).text;
        if text == 0 || is_named_as_picture(node) {
            return true;
        }
        // What systems call a picture itself says nothing about the words beside it.
        let below = node.descendants_it().take(20);
        let named = below.filter(|below| !below.has_name("img") && is_named_as_picture(below));
        let caption = named.map(|caption| measures.of_node(&caption).text).max();
        caption.is_some_and(|caption| text.saturating_sub(caption) < SENTENCE)
    }

    /// Whether anything is shown.
    pub fn illustration(&mut self, node: &NodeRef) -> bool {
        self.end_line("div");
        // Of an article that was told finished all words are kept, and those of a caption are not all of them.
        let is_marked = !self.is_finished()
            && node
                .descendants_it()
                .any(|below| below.has_name("figcaption"));
        let counting = Counting {
            pictures: true,
            words: !is_marked,
        };
        let mut shown = vec![Shown::default()];
        self.show(node, 0, counting, &mut shown);
        let is_shown = shown.iter().any(|shown| shown.block.is_some());
        let left = self.give_captions(shown, is_marked);
        if is_shown && self.is_finished() {
            let said = left.into_iter().filter(|line| line.weight() > 0);
            let said = said.map(|line| Block::Line { tag: "p", line });
            self.blocks.extend(said);
        }
        is_shown
    }

    /// Shows what is to be seen below, and gives back all the words.
    pub fn shown_and_said(&mut self, node: &NodeRef) -> Line {
        let counting = Counting {
            pictures: true,
            words: true,
        };
        let mut shown = vec![Shown::default()];
        self.show(node, 0, counting, &mut shown);
        Line::joined(shown.into_iter().map(|shown| shown.words))
    }

    fn show(&mut self, node: &NodeRef, depth: usize, counting: Counting, shown: &mut Vec<Shown>) {
        if depth > DEPTH {
            return;
        }
        for child in node.children_it(false) {
            if child.is_text() {
                if counting.words {
                    push_words(shown, &child.text());
                }
                continue;
            }
            let Some(name) = child.node_name() else {
                continue;
            };
            let is_furniture = self.reading.furniture.contains(&child.id);
            let without_words = Counting {
                words: false,
                ..counting
            };
            match &*name {
                "img" | "amp-img" | "video" | "amp-video" | "script" if !counting.pictures => {}
                "img" | "amp-img" if !is_furniture => {
                    self.shown(shown, |walk| walk.picture(&child));
                }
                "video" | "amp-video" if !is_furniture => {
                    self.shown(shown, |walk| walk.film(&child));
                }
                "script" => self.shown(shown, |walk| walk.embed(&child)),
                "object"
                    if self.is_finished() && embeds::of(&child, self.reading.base).is_none() =>
                {
                    self.show(&child, depth + 1, counting, shown);
                }
                name if counting.pictures && !is_furniture && embeds::is_named(name) => {
                    self.shown(shown, |walk| walk.embed(&child));
                }
                "style" | "template" => {}
                // A caption may stand in a box that is furniture by its name; pictures there are none of the article.
                _ if is_furniture && counting.words => {}
                _ if is_furniture => {
                    let counting = Counting {
                        pictures: false,
                        words: false,
                    };
                    self.show(&child, depth + 1, counting, shown);
                }
                "noscript" | "button" | "svg" => {
                    self.show(&child, depth + 1, without_words, shown);
                }
                "figcaption" => {
                    // Of two beside one picture the second one repeats the first, or says who took it.
                    let is_first = shown.last().is_none_or(|last| last.words.weight() == 0);
                    let words = is_first || self.is_finished();
                    push_words(shown, " ");
                    self.show(&child, depth + 1, Counting { words, ..counting }, shown);
                    push_words(shown, " ");
                }
                _ if self.is_to_be_filled(&child) => {
                    self.shown(shown, |walk| walk.embed(&child));
                }
                "a" if counting.words && is_among_words(&child) => {
                    let address = self.address_of(&child);
                    self.show_link(address, shown, |walk, shown| {
                        walk.show(&child, depth + 1, counting, shown);
                    });
                }
                _ => {
                    if counting.words {
                        push_words(shown, " ");
                    }
                    self.show(&child, depth + 1, counting, shown);
                    if counting.words {
                        push_words(shown, " ");
                    }
                }
            }
        }
    }

    /// Links among the words of a caption stay; one around a picture mostly leads to the picture.
    fn show_link(
        &mut self,
        address: Option<String>,
        shown: &mut Vec<Shown>,
        show: impl FnOnce(&mut Self, &mut Vec<Shown>),
    ) {
        if let Some((address, last)) = address.as_ref().zip(shown.last_mut()) {
            let href = format!(" href=\"{}\"", words::escaped(address));
            last.words.open("a", &href);
        }
        show(self, shown);
        if let Some(last) = shown.last_mut().filter(|_| address.is_some()) {
            last.words.close("a");
        }
    }

    /// Notes what `push` shows, if that is anything new.
    fn shown(&mut self, shown: &mut Vec<Shown>, push: impl FnOnce(&mut Self) -> bool) {
        let before = self.blocks.len();
        if !push(self) {
            return;
        }
        let block = before.min(self.blocks.len().saturating_sub(1));
        let is_picture = |block: usize| matches!(self.blocks.get(block), Some(Block::Figure(_)));
        match shown.last_mut() {
            Some(last) if last.block == Some(block) => {}
            // A film and the picture that stands for it are one.
            Some(last)
                if last.words.weight() == 0
                    && last
                        .block
                        .is_some_and(|old| is_picture(old) != is_picture(block)) =>
            {
                let old = last.block.filter(|old| is_picture(*old));
                last.block = old.or(Some(block));
            }
            _ => shown.push(Shown {
                block: Some(block),
                words: Line::default(),
            }),
        }
    }

    /// Each caption belongs to what it stands with. What stands behind all of several pictures belongs to the last. Gives
    /// back the words that are nobody's caption.
    fn give_captions(&mut self, shown: Vec<Shown>, is_marked: bool) -> Vec<Line> {
        let blocks: Vec<usize> = shown.iter().filter_map(|shown| shown.block).collect();
        let (Some(only), Some(last)) = (blocks.first(), blocks.last()) else {
            return Vec::new();
        };
        if only == last {
            let words = shown.into_iter().map(|shown| shown.words);
            if !is_marked {
                let all = Line::joined(words);
                return self.give_caption(Some(*only), all).into_iter().collect();
            }
            let (captions, mut left): (Vec<_>, Vec<_>) = words.partition(is_caption);
            // Of several that are marked as captions the others say who took it.
            let first = captions.into_iter().next();
            left.extend(first.and_then(|words| self.give_caption(Some(*only), words)));
            return left;
        }
        let told: Vec<bool> = shown.iter().map(|shown| is_caption(&shown.words)).collect();
        let is_only = told.iter().filter(|told| **told).count() == 1;
        let is_before = told.first() == Some(&true) && told.last() == Some(&false) && !is_only;
        let mut left = Vec::new();
        for (at, shown) in shown.into_iter().enumerate() {
            let block = match shown.block {
                _ if is_before => blocks.get(at).copied(),
                None if is_only => Some(*last),
                block => block,
            };
            left.extend(self.give_caption(block, shown.words));
        }
        left
    }

    /// Gives back what cannot be one.
    fn give_caption(&mut self, block: Option<usize>, words: Line) -> Option<Line> {
        let block = block.filter(|_| is_caption(&words));
        match block.and_then(|block| self.blocks.get_mut(block)) {
            Some(Block::Figure(figure)) => figure.tell(&words),
            Some(Block::Embed(embed)) => embed.caption = Some(words.text().to_owned()),
            _ => return Some(words),
        }
        None
    }

    /// In a frame that shows nothing: the address of what a system would show in it. Whether there is one.
    fn bare_address(&mut self, node: &NodeRef) -> bool {
        let texts = node.descendants_it().filter(NodeRef::is_text);
        let mut texts = texts.map(|text| words::squeezed(&text.text()));
        let Some(mut embed) = texts.find_map(|text| embeds::of_text(&text, self.reading.base))
        else {
            return false;
        };
        let caption = node
            .descendants_it()
            .find(|below| below.has_name("figcaption"));
        let caption = caption.map(|caption| words::squeezed(&caption.text()));
        embed.caption = caption.filter(|caption| !caption.is_empty());
        self.blocks.push(Block::Embed(embed));
        true
    }
}

fn push_words(shown: &mut [Shown], text: &str) {
    if let Some(last) = shown.last_mut() {
        last.words.push_text(text, true);
    }
}

/// Whether it is a link with words in it and nothing else.
fn is_among_words(link: &NodeRef) -> bool {
    let is_shown =
        |name: &str| matches!(name, "img" | "amp-img" | "video" | "amp-video" | "picture");
    let mut below = link.descendants_it();
    let is_word = !below.any(|below| nodes::is_named(&below, is_shown));
    is_word && !link.text().trim().is_empty()
}

fn is_caption(words: &Line) -> bool {
    (2..=CAPTION).contains(&words.weight())
}

/// Whether a `figure` holds what is more than a picture, or several others.
fn frames_blocks(figure: &NodeRef) -> bool {
    let is_block = |name: &str| matches!(name, "table" | "pre" | "blockquote" | "figure");
    let mut below = figure.descendants_it();
    below.any(|below| nodes::is_named(&below, is_block))
}

/// Pictures of a gallery that are laid out as a list are none.
fn unlisted(block: Block) -> Vec<Block> {
    match block {
        Block::List { items, .. }
            if items
                .iter()
                .flatten()
                .all(|block| matches!(block, Block::Figure(_))) =>
        {
            items.into_iter().flatten().collect()
        }
        block => vec![block],
    }
}

/// By its class or by the name of its file.
fn is_named_as_blank(img: &NodeRef) -> bool {
    let is_blank = addresses::is_blank(&img.attr_or("src", ""));
    let words = names::tokens(img);
    is_blank || words.split(' ').any(|word| word.starts_with("lazy"))
}

/// Words of this weight beside a caption are more than the name of who took the picture.
const SENTENCE: usize = 60;

fn is_named_as_picture(node: &NodeRef) -> bool {
    const WORDS: &[&str] = &[
        "caption",
        "captions",
        "credit",
        "copyright",
        "figure",
        "figcaption",
        "foto",
        "image",
        "img",
        "legend",
        "legende",
        "media",
        "photo",
        "picture",
        "pic",
        "thumb",
    ];
    let words = names::tokens(node);
    words.split(' ').any(|word| WORDS.contains(&word))
}

/// Counters and icons.
fn is_tiny(img: &NodeRef) -> bool {
    ["width", "height"].iter().any(|name| {
        let side = img
            .attr(name)
            .and_then(|side| side.trim_end_matches("px").parse::<u32>().ok());
        side.is_some_and(|side| side < 48)
    })
}

#[cfg(test)]
mod tests;
