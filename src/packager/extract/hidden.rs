//! Whether the style that stands on an element hides it from those who look at the page.
//!
//! What is only transparent is not hidden: pages let whole articles appear by a script. Nor is what has no height as long as
//! it is folded up, or a height by its padding, as frames of pictures have.

use dom_query::NodeRef;

use super::nodes;

pub fn by_style(node: &NodeRef, style: &str) -> bool {
    let style = style.to_ascii_lowercase();
    let style = Style(&style);
    let is_none = style.is("display", "none") || style.is("visibility", "hidden");
    // Links that others slipped into a page stand far beside it.
    let stands_free = style.is("position", "absolute") || style.is("position", "fixed");
    is_none
        || stands_free && (style.is_far(&["left", "top", "right"]) || style.is_clipped())
        || style.is_far(&["text-indent"])
        || style.is_flat()
        || style.is_zero("font-size") && holds_only_words(node)
}

/// In lower case.
struct Style<'a>(&'a str);

impl<'a> Style<'a> {
    /// Names and values, without "important".
    fn parts(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let parts = self.0.split(';').filter_map(|part| part.split_once(':'));
        parts.map(|(name, value)| {
            let value = value.split('!').next().unwrap_or(value);
            (name.trim(), value.trim())
        })
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self.parts().filter(move |(own, _)| *own == name);
        named.map(|(_, value)| value)
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.values(name).any(|own| own == value)
    }

    fn is_zero(&self, name: &str) -> bool {
        self.values(name).any(is_zero)
    }

    /// A thousand pixels or more.
    fn is_far(&self, names: &[&str]) -> bool {
        let mut values = names.iter().flat_map(|name| self.values(name));
        values.any(|value| {
            let by = value.strip_prefix('-').unwrap_or_default();
            by.bytes().take_while(u8::is_ascii_digit).count() > 3
        })
    }

    fn is_clipped(&self) -> bool {
        let is_dot = |value: &str| {
            let inner = value.strip_prefix("rect(").unwrap_or_default();
            let inner = inner.strip_suffix(')').unwrap_or_default();
            let mut sides = inner.split([',', ' ']).filter(|side| !side.is_empty());
            !inner.is_empty() && sides.all(|side| is_zero(side) || side == "1px")
        };
        self.values("clip").any(is_dot)
            || self.is("clip-path", "inset(50%)")
            || self.is("clip-path", "inset(100%)")
    }

    fn is_flat(&self) -> bool {
        let has_padding = self
            .parts()
            .any(|(name, value)| name.starts_with("padding") && !value.split(' ').all(is_zero));
        self.is_zero("height") && self.is("overflow", "hidden") && !has_padding
    }
}

fn is_zero(value: &str) -> bool {
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    !number.is_empty() && number.bytes().all(|byte| matches!(byte, b'0' | b'.'))
}

/// Boxes in it may have a size of their own: some part those that stand side by side that way.
fn holds_only_words(node: &NodeRef) -> bool {
    let is_inline = |name: &str| {
        matches!(
            name,
            "span" | "a" | "b" | "i" | "em" | "strong" | "u" | "br" | "svg" | "path"
        )
    };
    let mut below = node.descendants_it().filter(NodeRef::is_element);
    below.all(|node| nodes::is_named(&node, is_inline) && !node.has_attr("style"))
}

#[cfg(test)]
mod tests {
    use dom_query::Document;

    use super::*;

    #[track_caller]
    fn check(style: &str, inner: &str, expected: bool) {
        let doc = Document::from(format!("<div id=x style='{style}'>{inner}</div>"));
        let node = doc.select_single("#x").nodes()[0];
        assert_eq!(by_style(&node, style), expected, "{style}");
    }

    #[test]
    fn what_nobody_sees_is_hidden() {
        for style in [
            "display:none",
            "DISPLAY : None !important",
            "color:red; visibility: hidden",
            "position:absolute;left:-9999px",
            "text-indent:-9999px",
            "font-size:0",
            "font-size: 0px",
            "position:absolute;clip:rect(0 0 0 0)",
            "position:absolute;clip: rect(1px, 1px, 1px, 1px)",
            "position:fixed;clip-path:inset(50%)",
            "height:0;overflow:hidden",
            "height: 0px; padding: 0; overflow: hidden",
        ] {
            check(style, "<b>words</b>", true);
        }
    }

    #[test]
    fn what_is_only_laid_out_so_is_not() {
        for style in [
            "",
            "color:red",
            "left:-9999px",
            "margin-left:-10px;position:absolute",
            "text-indent:-12px",
            "font-size:0.9em",
            "opacity:0",
            "position:absolute;clip:rect(0px, 1000px, 10px, 0)",
            "height:0;overflow:hidden;padding-bottom:66%",
            "height:0",
            "max-height:0;overflow:hidden",
            "line-height:0;overflow:hidden",
        ] {
            check(style, "words", false);
        }
        check("font-size:0", "<p>words</p>", false);
        check(
            "font-size:0",
            "<span style='font-size:1rem'>words</span>",
            false,
        );
    }
}
