//! From the blocks of a container to those of the article, and whether it is one.

use std::collections::{HashMap, HashSet};

use url::Url;

use super::NoArticle;
use super::addresses::{self, Home};
use super::appeal;
use super::block::{Block, Figure, Line};
use super::container::Manner;
use super::dateline;
use super::dates::{self, Moment};
use super::metadata::Metadata;
use super::paywall;
use super::pointing;
use super::walls;
use super::words;

pub struct Tidied {
    pub blocks: Vec<Block>,
    pub lead: Option<Figure>,
    pub has_lead_in_text: bool,
    pub published: Option<Moment>,
}

impl Tidied {
    /// Makes this its lead picture; it is not shown a second time.
    pub fn lead_with(&mut self, lead: Figure) {
        let is_it = |figure: &Figure| addresses::are_one(&figure.src, &lead.src);
        let repeats = |block: &Block| matches!(block, Block::Figure(figure) if is_it(figure));
        self.blocks.retain(|block| !repeats(block));
        self.has_lead_in_text &= self.lead.as_ref().is_some_and(is_it);
        self.lead = Some(lead);
    }
}

/// A line of this weight is a sentence and no label.
const SENTENCE: usize = 60;

/// Byline and date stand above the text, or between it and the sentences that introduce it.
const NEAR: usize = 4;

/// A byline may also be the last line, or the last but one.
const LAST: usize = 2;

/// No text says a title of this weight once more.
const LONG: usize = 25;

/// `above`: pictures that stand outside the container, in order.
pub fn tidy(
    blocks: Vec<Block>,
    mut above: Vec<Figure>,
    manner: Manner,
    meta: &Metadata,
    base: &Url,
    home: &Home,
) -> Tidied {
    if manner == Manner::Finished {
        return finished(blocks, meta, base);
    }
    let faithful = manner == Manner::Readability;
    let mut published = meta.published;
    let mut blocks = with_captions(without_refrains(with_broken_head(blocks)));
    let told = told_captions(meta, base);
    all_figures(&mut blocks, &mut |figure| told.complete(figure));
    let blocks = paywall::without_offer(without_captions_told_twice(blocks, &told, meta));
    above.iter_mut().for_each(|figure| told.complete(figure));
    let blocks = match &meta.text {
        Some(told) if !faithful => without_untold_end(blocks, told),
        _ => blocks,
    };
    let (blocks, ruled) = without_rules(blocks);
    let start = begin_of_text(&blocks, meta);
    let end = blocks
        .iter()
        .rposition(|block| block.weight() > 0)
        .unwrap_or_default();
    let days = days_of_timeline(&blocks, meta);
    let mut kept: Vec<Block> = Vec::with_capacity(blocks.len());
    for (index, block) in blocks.into_iter().enumerate() {
        let drop = match &block {
            Block::Line { line, .. } if line.leads_to_document() => false,
            Block::Line { .. } if days.contains(&index) => false,
            Block::Line { tag, line } => {
                let head = index < start;
                let near = index < start + NEAR;
                let late = index + LAST > end;
                let likely = tag.starts_with('h') || index <= start + 2 || line.weight() > LONG;
                if head && published.is_none() {
                    published = dates::parse_line(line.text());
                }
                is_repeated(line, meta, likely)
                    || (near && is_signature(tag, line, meta))
                    || (late && !faithful && (is_named(line, meta) || is_dated(line, meta)))
                    || (head && !faithful && is_label(tag, line))
                    || (near && !faithful && line.kept_weight() == 0 && is_label(tag, line))
                    || (!faithful && leads_away(tag, line, home, &mut kept))
            }
            _ => false,
        };
        if ruled.contains(&index) {
            kept.push(Block::Rule);
        }
        kept.push(if drop { Block::Gone } else { block });
    }
    let kept = match faithful {
        true => kept,
        false => without_orphans(appeal::without_appeals(kept)),
    };
    let Lead {
        figure: lead,
        was_in_text,
        blocks,
    } = take_lead(kept, above, meta, base);
    let blocks = without_idle_rules(blocks);
    Tidied {
        blocks,
        lead,
        has_lead_in_text: was_in_text,
        published,
    }
}

/// Of an article that an editor says to be finished nothing goes but its title, where that stands above the rest. What is
/// known of it besides may come from the metadata of a page.
fn finished(blocks: Vec<Block>, meta: &Metadata, base: &Url) -> Tidied {
    let mut blocks = with_captions(blocks);
    let told = told_captions(meta, base);
    all_figures(&mut blocks, &mut |figure| told.complete(figure));
    blocks.retain(Block::is_content);
    let repeats =
        |block: &Block| matches!(block, Block::Line { line, .. } if is_repeated(line, meta, true));
    if blocks.len() > 1 && blocks.first().is_some_and(repeats) {
        blocks.remove(0);
    }
    let head = blocks.iter().take(begin_of_text(&blocks, meta));
    let dated = head.clone().find_map(|block| match block {
        Block::Line { line, .. } => dates::parse_line(line.text()),
        _ => None,
    });
    let published = meta.published.or(dated);
    let Lead {
        figure: mut lead,
        was_in_text,
        blocks,
    } = take_lead(blocks, Vec::new(), meta, base);
    lead.iter_mut().for_each(|lead| told.complete(lead));
    let blocks = without_idle_rules(blocks);
    Tidied {
        blocks,
        lead,
        has_lead_in_text: was_in_text,
        published,
    }
}

/// Old pages part title, byline and text by single breaks.
fn with_broken_head(blocks: Vec<Block>) -> Vec<Block> {
    let mut head = true;
    let mut broken = Vec::with_capacity(blocks.len());
    for block in blocks {
        match block {
            Block::Line { tag: "div", line } if head => {
                let lines = line.broken();
                head = !lines.iter().any(|line| line.weight() >= 2 * SENTENCE);
                broken.extend(
                    lines
                        .into_iter()
                        .map(|line| Block::Line { tag: "div", line }),
                );
            }
            Block::Line { tag: "p", .. } => {
                head = false;
                broken.push(block);
            }
            block => broken.push(block),
        }
    }
    broken
}

/// A line that stands in an article three times or more is the page speaking: "external content", "advertisement".
fn without_refrains(mut blocks: Vec<Block>) -> Vec<Block> {
    let text = |block: &Block| match block {
        Block::Line { tag, line } if line.weight() >= 8 && !tag.starts_with('h') => {
            Some(line.text().to_lowercase())
        }
        _ => None,
    };
    let mut counts: HashMap<String, usize> = HashMap::new();
    for text in blocks.iter().filter_map(text) {
        *counts.entry(text).or_default() += 1;
    }
    counts.retain(|_, count| *count > 2);
    let often = |block: &Block| {
        !counts.is_empty() && text(block).is_some_and(|text| counts.contains_key(&text))
    };
    let rest = blocks.iter().filter(|block| !often(block));
    if !counts.is_empty() && rest.map(weight_of).sum::<usize>() >= 400 {
        for block in blocks.iter_mut().filter(|block| often(block)) {
            *block = Block::Gone;
        }
    }
    blocks
}

/// Below a picture stands what belongs to it: the words of its `alt` once more, and who took it.
fn with_captions(blocks: Vec<Block>) -> Vec<Block> {
    let mut captioned: Vec<Block> = Vec::with_capacity(blocks.len());
    for block in blocks {
        if let (Some(Block::Figure(figure)), Block::Line { tag, line }) =
            (captioned.last_mut(), &block)
            && !tag.starts_with('h')
            && is_caption_of(figure, line)
        {
            figure.tell_more(line);
            continue;
        }
        captioned.push(block);
    }
    captioned
}

fn is_caption_of(figure: &Figure, line: &Line) -> bool {
    let text = line.text();
    let repeats = line.weight() >= 12 && words::are_alike(text, &figure.alt, 0.85);
    repeats || is_credit(text)
}

/// `Photo: Olga Carter`
pub fn is_credit(text: &str) -> bool {
    const CREDITS: &[&str] = &[
        "photo",
        "photos",
        "photograph",
        "image",
        "picture",
        "credit",
        "foto",
        "fotos",
        "bild",
        "bilder",
        "crédit",
        "crédits",
        "фото",
        "снимок",
        "фатаграфія",
        "здымак",
        "світлина",
        "عکس",
        "写真",
        "图片",
        "fotoğraf",
        "foto di",
        "photo by",
        "foto door",
        "kuva",
        "nuotr",
        "zdjęcie",
        "illustration",
    ];
    if words::weight(text) >= 80 {
        return false;
    }
    let said = text
        .split_once([':', '：'])
        .map(|(who, _)| who.trim().to_lowercase());
    let named = said.is_some_and(|who| CREDITS.contains(&who.as_str()));
    named || text.starts_with('©')
}

/// Captions that the page's metadata tells, by the key of their picture.
struct ToldCaptions(HashMap<String, Vec<(Url, String)>>);

fn told_captions(meta: &Metadata, base: &Url) -> ToldCaptions {
    let mut told: HashMap<String, Vec<(Url, String)>> = HashMap::new();
    for (address, caption) in &meta.captions {
        if let Some(url) = addresses::absolute(address, base) {
            let alike = told.entry(addresses::key(&url)).or_default();
            alike.push((url, caption.clone()));
        }
    }
    ToldCaptions(told)
}

impl ToldCaptions {
    fn complete(&self, figure: &mut Figure) {
        if figure.caption.is_none() {
            let alike = self.0.get(&addresses::key(&figure.src));
            let alike = || alike.into_iter().flatten().rev();
            let own = alike().find(|(src, _)| *src == figure.src);
            let told =
                own.or_else(|| alike().find(|(src, _)| addresses::are_one(src, &figure.src)));
            figure.caption = told.map(|(_, caption)| caption.clone());
        }
    }
}

/// Some pages show a caption once more as text, for readers who do not see the picture.
fn without_captions_told_twice(
    blocks: Vec<Block>,
    told: &ToldCaptions,
    meta: &Metadata,
) -> Vec<Block> {
    let shown = figures(&blocks)
        .into_iter()
        .filter_map(|figure| figure.caption);
    let told = told.0.values().flatten();
    let said = shown.chain(told.map(|(_, caption)| caption.clone()));
    let said: HashSet<String> = said.map(|caption| words::folded(&caption)).collect();
    let longest = said.iter().map(String::len).max().unwrap_or_default();
    let is_said = |text: &str| text.len() <= 2 * longest + 8 && said.contains(&words::folded(text));
    let summary = meta.description.as_deref();
    let is_summary = |text: &str| summary.is_some_and(|said| words::begins_alike(said, text));
    let repeats = |block: &Block| match block {
        Block::Line { tag, line } if !tag.starts_with('h') => {
            let text = line.text();
            is_credit(text) || (is_said(text) && !is_summary(text))
        }
        _ => false,
    };
    blocks.into_iter().filter(|block| !repeats(block)).collect()
}

fn all_figures(blocks: &mut [Block], change: &mut dyn FnMut(&mut Figure)) {
    for block in blocks {
        match block {
            Block::Figure(figure) => change(figure),
            block => {
                let within = block.within_mut().into_iter();
                within.for_each(|blocks| all_figures(blocks, change));
            }
        }
    }
}

fn weight_of(block: &Block) -> usize {
    match block {
        Block::Line { line, .. } => line.weight(),
        _ => 0,
    }
}

/// Index of the first line that is surely text.
fn begin_of_text(blocks: &[Block], meta: &Metadata) -> usize {
    let is_text = |block: &Block| match block {
        Block::Line { tag, line } => {
            !tag.starts_with('h')
                && line.weight() >= SENTENCE
                && line.linked_weight() * 2 < line.weight()
                && !is_repeated(line, meta, true)
        }
        Block::List { .. }
        | Block::Table(_)
        | Block::Terms(_)
        | Block::Details { .. }
        | Block::Pre { .. }
        | Block::Quote(_) => true,
        _ => false,
    };
    blocks.iter().position(is_text).unwrap_or(blocks.len())
}

/// The page shows title and byline itself.
fn is_repeated(line: &Line, meta: &Metadata, likely: bool) -> bool {
    let title = meta.title.as_deref();
    likely && title.is_some_and(|title| words::are_alike(line.text(), title, 0.9))
}

/// Byline or date and little else.
fn is_signature(tag: &str, line: &Line, meta: &Metadata) -> bool {
    let text = line.text();
    let weight = line.weight();
    if tag.starts_with('h') || weight >= SENTENCE || ends_as_sentence(text) {
        return false;
    }
    let named = meta.byline.as_deref().is_some_and(|byline| {
        let first = byline.split(',').next().unwrap_or(byline);
        words::folded(text).contains(&words::folded(first)) && weight < words::weight(byline) + 40
    });
    named || is_day_of_article(text, meta)
}

/// Whether a line shows the day of the article, and not one of which it tells.
fn is_day_of_article(text: &str, meta: &Metadata) -> bool {
    let Some(shown) = dates::parse_line(text) else {
        return false;
    };
    let mut known = [meta.published, meta.modified].into_iter().flatten();
    meta.published.is_none()
        || dateline::says_of_article(text)
        || known.any(|day| day.is_about(&shown))
}

/// As many days, each with a text below it, are a list of what happened.
const TIMELINE: usize = 3;

/// The lines of such a list that are days.
fn days_of_timeline(blocks: &[Block], meta: &Metadata) -> HashSet<usize> {
    let is_day = |block: &Block| match block {
        Block::Line { tag, line } => {
            let text = line.text();
            let is_short = !tag.starts_with('h') && line.weight() < SENTENCE / 2;
            is_short && dates::parse_line(text).is_some() && !is_day_of_article(text, meta)
        }
        _ => false,
    };
    let is_told = |block: &Block| match block {
        Block::Line { line, .. } => ends_as_sentence(line.text()),
        _ => false,
    };
    let pairs = blocks.iter().zip(blocks.iter().skip(1)).enumerate();
    let days = pairs.filter(|(_, (day, next))| is_day(day) && is_told(next));
    let days: HashSet<usize> = days.map(|(index, _)| index).collect();
    match days.len() >= TIMELINE {
        true => days,
        false => HashSet::new(),
    }
}

/// The byline and nothing else.
fn is_named(line: &Line, meta: &Metadata) -> bool {
    let byline = meta.byline.as_deref();
    byline.is_some_and(|byline| words::are_alike(line.text(), byline, 0.9))
}

/// "Last updated: 23 November 2026", and no sentence about that day.
fn is_dated(line: &Line, meta: &Metadata) -> bool {
    let text = line.text();
    let is_short = line.weight() < SENTENCE / 2 && !text.ends_with(['.', '!', '?', '…']);
    is_short && is_day_of_article(text, meta)
}

/// Where the page's metadata tells the whole text, nothing behind its last line is text.
fn without_untold_end(mut blocks: Vec<Block>, told: &str) -> Vec<Block> {
    let (mut all, mut found, mut last) = (0, 0, None);
    for (index, block) in blocks.iter().enumerate() {
        if block.weight() < 12 {
            continue;
        }
        let mut text = String::new();
        block.write_text(&mut text);
        let letters = words::letters(&text);
        let head: String = letters.chars().take(PROBE).collect();
        let is_line = matches!(block, Block::Line { .. });
        let is_told = told.contains(&head) || (!is_line && told.contains(tail_of(&letters)));
        // What is told often leaves out lists and tables.
        if is_told || is_line {
            all += block.weight();
        }
        if is_told {
            found += block.weight();
            last = Some((index, letters));
        }
    }
    let Some((last, letters)) = last else {
        return blocks;
    };
    // One that is cut off ends in the midst of a line.
    if found * 20 >= all * 17 && told.contains(tail_of(&letters)) {
        for block in blocks
            .iter_mut()
            .skip(last + 1)
            .filter(|block| block.weight() > 0)
        {
            *block = Block::Gone;
        }
    }
    blocks
}

/// As many letters tell a line from others.
const PROBE: usize = 40;

fn tail_of(letters: &str) -> &str {
    let start = letters.char_indices().rev().nth(PROBE);
    start.map_or(letters, |(at, _)| letters.get(at..).unwrap_or_default())
}

fn ends_as_sentence(text: &str) -> bool {
    text.ends_with(['.', '!', '?', '…', '。', '؟', ':', '»', '”'])
}

/// Section and the like above the text: short, and in no paragraph or with nothing else in it.
fn is_label(tag: &str, line: &Line) -> bool {
    let is_short = !tag.starts_with('h') && line.weight() < SENTENCE;
    is_short && (tag == "div" || line.kept_weight() == 0) && !ends_as_sentence(line.text())
}

/// What only pointed there goes with it.
fn leads_away(tag: &str, line: &Line, home: &Home, before: &mut Vec<Block>) -> bool {
    let leads = is_pointer(tag, line, home);
    before.pop_if(|last| {
        leads && matches!(last, Block::Line { line, .. } if pointing::is_label_alone(line))
    });
    leads
}

/// A paragraph that is one link to the newsroom itself and nothing more leads to another article.
fn is_pointer(tag: &str, line: &Line, home: &Home) -> bool {
    let (weight, linked) = (line.weight(), line.linked_weight());
    let bare = linked * 10 >= weight * 9 && weight > 0;
    let labelled = linked * 10 >= weight * 6
        && weight > 0
        && line.text().contains([':', '|'])
        && weight - linked < 30;
    let lost = line.kept_weight() == 0 && linked * 2 > weight;
    let inward = || line.targets().any(|address| home.holds(address));
    let labelled = labelled || pointing::is_labelled_link(line);
    !tag.starts_with('h') && (((bare || labelled) && inward()) || lost)
}

/// Where a line is drawn is noted by the block behind it, so that none counts as one.
fn without_rules(blocks: Vec<Block>) -> (Vec<Block>, HashSet<usize>) {
    let (mut others, mut ruled) = (Vec::with_capacity(blocks.len()), HashSet::new());
    for block in blocks {
        match block {
            Block::Rule => drop(ruled.insert(others.len())),
            block => others.push(block),
        }
    }
    (others, ruled)
}

/// A line that parts nothing from nothing is none.
fn without_idle_rules(mut blocks: Vec<Block>) -> Vec<Block> {
    blocks.retain(|block| !matches!(block, Block::Gone));
    blocks.dedup_by(|one, other| matches!((one, other), (Block::Rule, Block::Rule)));
    blocks.pop_if(|last| matches!(last, Block::Rule));
    if matches!(blocks.first(), Some(Block::Rule)) {
        blocks.remove(0);
    }
    blocks
}

/// A heading with nothing below it headed what was dropped.
fn without_orphans(blocks: Vec<Block>) -> Vec<Block> {
    let mut kept: Vec<Block> = Vec::with_capacity(blocks.len());
    let mut gone_since_heading = false;
    for block in blocks.into_iter().chain([Block::Gone]) {
        match &block {
            Block::Gone => {
                gone_since_heading = true;
                continue;
            }
            Block::Rule if kept.last().is_some_and(Block::is_heading) => continue,
            _ if block.is_heading() => {
                drop_orphan(&mut kept, gone_since_heading, block.level());
                gone_since_heading = false;
            }
            _ => {}
        }
        kept.push(block);
    }
    drop_orphan(&mut kept, true, None);
    kept
}

fn drop_orphan(kept: &mut Vec<Block>, gone: bool, next: Option<u8>) {
    while let Some(level) = kept.last().and_then(Block::level) {
        if !gone || next.is_some_and(|next| next > level) {
            return;
        }
        kept.pop();
    }
}

struct Lead {
    figure: Option<Figure>,
    was_in_text: bool,
    /// What is left.
    blocks: Vec<Block>,
}

/// The picture above the text, once: the one that the page's metadata names, else the first above the text.
fn take_lead(mut blocks: Vec<Block>, above: Vec<Figure>, meta: &Metadata, base: &Url) -> Lead {
    let named: Vec<Url> = meta
        .images
        .iter()
        .filter_map(|address| addresses::absolute(address, base))
        .collect();
    let keys: Vec<String> = named.iter().map(addresses::key).collect();
    let is_named = |figure: &Figure| keys.contains(&addresses::key(&figure.src));
    let text = begin_of_text(&blocks, meta);
    let inside = blocks
        .iter()
        .position(|block| matches!(block, Block::Figure(figure) if is_named(figure)));
    let inside = inside.or_else(|| {
        let mut head = blocks.iter().take(text + 1);
        head.position(|block| matches!(block, Block::Figure(_)))
    });
    if let Some(place) = inside
        && let Block::Figure(figure) = blocks.remove(place)
    {
        return Lead {
            figure: Some(figure),
            was_in_text: true,
            blocks,
        };
    }
    let outside = above.iter().find(|figure| is_named(figure));
    let outside = outside.or_else(|| above.iter().find(|figure| figure.caption.is_some()));
    let lead = outside.cloned().or_else(|| {
        let mut named = named.into_iter();
        named.next().map(|src| Figure {
            spare: named.next().filter(|spare| *spare != src),
            src,
            alt: String::new(),
            caption: None,
            linked: None,
        })
    });
    Lead {
        figure: lead,
        was_in_text: false,
        blocks,
    }
}

pub fn figures(blocks: &[Block]) -> Vec<Figure> {
    let mut found = Vec::new();
    for block in blocks {
        match block {
            Block::Figure(figure) => found.push(figure.clone()),
            block => {
                let within = block.within().into_iter();
                within.for_each(|blocks| found.extend(figures(blocks)));
            }
        }
    }
    found
}

/// Less is no article, unless the page says it is one: then a sentence is enough.
const ENOUGH: usize = 140;

/// Whether anything is left of an article that was told finished.
pub fn judge_finished(article: &Tidied) -> Result<(), NoArticle> {
    let is_some = article.lead.is_some() || article.blocks.iter().any(Block::is_content);
    is_some.then_some(()).ok_or(NoArticle::NoText)
}

/// `is_bare`: whether the page is a text and nothing else; such a one may be short.
pub fn judge(text: &str, meta: &Metadata, is_bare: bool) -> Result<(), NoArticle> {
    let weight = words::weight(text);
    if !meta.vouches() {
        let title = meta.title.as_deref();
        if weight < 1500 && walls::is_of_missing(title, meta.headline.as_deref(), text) {
            return Err(NoArticle::NotFound);
        }
        if walls::is_wall(title, meta.headline.as_deref(), text) {
            return Err(NoArticle::Wall);
        }
    }
    let claims = meta.says_article || meta.published.is_some();
    let enough = match claims {
        _ if is_bare => 1,
        true => SENTENCE / 2,
        false => ENOUGH,
    };
    if weight < enough {
        return Err(NoArticle::NoText);
    }
    Ok(())
}
