//! Where a page breaks off and offers the rest to those who pay: what follows is an offer, no article.
//!
//! A line that names this stands behind the text that everybody gets. Many pages keep the rest of the text behind the
//! line and hide it by a style: so nothing is cut off where more follows than stands before.

use super::block::Block;
use super::words;

/// Folded, see [`words::folded`]. Each says that the text goes on for others.
const BREAKS: &[&str] = &[
    "to continue reading this",
    "subscribe to continue reading",
    "sign in to continue reading",
    "the rest of this article is",
    "this article is for subscribers",
    "this content is for subscribers",
    "la suite est réservée aux abonnés",
    "cet article est réservé aux abonnés",
    "pour lire la suite de cet article",
    "dieser artikel ist nur für abonnenten",
    "um weiterzulesen",
    "para seguir leyendo este",
    "contenido exclusivo para suscriptores",
    "contenuto riservato agli abbonati",
    "per continuare a leggere questo",
    "para continuar lendo",
    "om dit artikel verder te lezen",
    "for å lese videre",
    "för att läsa vidare",
    "for at læse videre",
    "aby czytać dalej",
    "чтобы читать дальше",
    "この記事は会員限定",
    "この記事は有料会員",
    "有料会員限定",
];

/// Longer lines tell of something else.
const LINE: usize = 200;

/// Less than this is no text that an offer could break off.
const BEGUN: usize = 150;

pub fn without_offer(mut blocks: Vec<Block>) -> Vec<Block> {
    let weights: Vec<usize> = blocks.iter().map(Block::weight).collect();
    let all: usize = weights.iter().sum();
    let mut before = 0;
    for (index, weight) in weights.into_iter().enumerate() {
        let is_late = before >= BEGUN && before * 2 > all;
        if is_late && blocks.get(index).is_some_and(breaks_off) {
            blocks.truncate(index);
            blocks.push(Block::Gone);
            break;
        }
        before += weight;
    }
    blocks
}

fn breaks_off(block: &Block) -> bool {
    let Block::Line { line, .. } = block else {
        return false;
    };
    if line.weight() > LINE {
        return false;
    }
    let said = words::folded(line.text());
    BREAKS.iter().any(|phrase| said.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::super::block::tests::{lines_of, told};
    use super::*;

    fn check(lines: &[&str], expected: usize) {
        let kept = told(without_offer(lines_of(lines)));
        assert_eq!(kept, expected, "{lines:?}");
    }

    #[test]
    fn an_offer_ends_the_text_that_everybody_gets() {
        let text =
            "The court heard both sides at length on Monday, and the judge was silent. ".repeat(4);
        let offer =
            "Il vous reste 57.09% de cet article à lire. La suite est réservée aux abonnés.";
        check(&[&text, offer, "Lecture restreinte"], 1);
        // A label above the text, and a box in the midst of it, cut nothing off.
        check(&[offer, &text], 2);
        check(&[&text, offer, &text, &text], 4);
        check(
            &[&text, "He was asked to continue reading.", "And he did."],
            3,
        );
    }
}
