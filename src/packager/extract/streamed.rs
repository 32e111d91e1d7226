//! Pages that are sent in parts. A server that renders React sends the frame first, with `<template id="B:0">` where
//! something is still being made, and what was made later in `<div hidden id="S:0">` at the end of the page; a script
//! moves it there. No script runs here, so it is done by hand.

use std::collections::HashMap;

use dom_query::{Document, NodeRef};

/// Pages with more parts were never seen.
const PARTS: usize = 100;

/// As deep as pages may be, see `tangle`: parts could be put into one another.
const DEPTH: usize = 300;

/// Puts each part in its place. One that has none stays where it is, and is no longer hidden.
pub fn settle(doc: &Document) {
    let (mut parts, mut places) = (Vec::new(), HashMap::new());
    for node in doc.root().descendants_it() {
        match numbered(&node) {
            Some((Kind::Part, number)) if parts.len() < PARTS => parts.push((number, node)),
            Some((Kind::Place, number)) => {
                places.insert(number, node);
            }
            _ => {}
        }
    }
    for (number, part) in parts {
        part.remove_attrs(&["hidden"]);
        if let Some(place) = places.remove(&number)
            && fits(&part, &place)
        {
            place.insert_before(&part);
            place.remove_from_parent();
        }
    }
}

enum Kind {
    Part,
    Place,
}

/// `S:1` and `B:1` or `P:1`.
fn numbered(node: &NodeRef) -> Option<(Kind, String)> {
    let kind = match () {
        () if node.has_name("div") && node.has_attr("hidden") => Kind::Part,
        () if node.has_name("template") => Kind::Place,
        () => return None,
    };
    let id = node.id_attr()?;
    let (letter, number) = id.split_once(':')?;
    let is_of_kind = match kind {
        Kind::Part => letter == "S",
        Kind::Place => matches!(letter, "B" | "P"),
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_of_kind && is_number).then(|| (kind, number.to_owned()))
}

/// Whether the place is not in the part itself, and the page stays as shallow as pages are.
fn fits(part: &NodeRef, place: &NodeRef) -> bool {
    let mut depth = 0;
    for up in place.ancestors_it(None) {
        depth += 1;
        if up.id == part.id {
            return false;
        }
    }
    let mut waiting = vec![(*part, depth)];
    while let Some((node, depth)) = waiting.pop() {
        if depth > DEPTH {
            return false;
        }
        waiting.extend(node.children_it(false).map(|child| (child, depth + 1)));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &str) {
        let doc = Document::from(format!("<body>{html}</body>"));
        settle(&doc);
        let body = doc.body().map(|body| body.inner_html());
        assert_eq!(body.as_deref(), Some(expected));
    }

    #[test]
    fn parts_are_put_in_their_places() {
        check(
            "<main><template id=B:0></template><p>c</p></main><div hidden id=S:0><p>a</p><template id=P:1></template></div><div hidden id=S:1>b</div>",
            "<main><div id=\"S:0\"><p>a</p><div id=\"S:1\">b</div></div><p>c</p></main>",
        );
    }

    #[test]
    fn a_part_without_a_place_is_shown_where_it_is() {
        check("<div hidden id=S:0>a</div>", "<div id=\"S:0\">a</div>");
        check(
            "<div hidden id=S:0>a<template id=B:0></template></div>",
            "<div id=\"S:0\">a<template id=\"B:0\"></template></div>",
        );
        let other = "<div hidden=\"\" id=\"S:top\">a</div><div hidden=\"\" id=\"menu\">b</div>";
        check(other, other);
    }

    #[test]
    fn parts_in_one_another_do_not_make_a_page_deeper_than_pages_are() {
        let (open, close) = ("<b>".repeat(9), "</b>".repeat(9));
        let part = |number: usize| {
            format!(
                "<div hidden id=S:{number:x}>{open}<template id=B:{:x}></template>{close}</div>",
                number + 1
            )
        };
        let parts: String = (0..PARTS).map(part).collect();
        for html in [
            format!("<template id=B:0></template>{parts}"),
            format!(
                "<template id=B:0></template>{}",
                (0..PARTS).rev().map(part).collect::<String>()
            ),
        ] {
            let doc = Document::from(html);
            settle(&doc);
            let root = doc.root();
            let depths = root
                .descendants_it()
                .map(|node| node.ancestors_it(None).count());
            assert!(depths.max().is_some_and(|depth| depth <= DEPTH + 1));
        }
    }
}
