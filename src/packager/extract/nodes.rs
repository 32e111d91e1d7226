//! Sets and maps of nodes, and looks at one node that copy nothing: a page is asked about its nodes some hundred
//! thousand times.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use dom_query::{NodeData, NodeId, NodeRef};

pub type NodeSet = HashSet<NodeId, BuildHasherDefault<ByNumber>>;
pub type NodeMap<T> = HashMap<NodeId, T, BuildHasherDefault<ByNumber>>;

/// Nodes are numbered in the order of the page, so that no page can choose numbers that collide.
#[derive(Default)]
pub struct ByNumber(u64);

impl Hasher for ByNumber {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, number: usize) {
        self.0 = (self.0 ^ number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Whether it is an element whose name is such.
pub fn is_named(node: &NodeRef, fits: impl FnOnce(&str) -> bool) -> bool {
    node.qual_name_ref().is_some_and(|name| fits(&name.local))
}

/// What a text node says, looked at where it lies; `None` for other nodes.
pub fn with_text<T>(node: &NodeRef, look: impl FnOnce(&str) -> T) -> Option<T> {
    node.query(|node| match &node.data {
        NodeData::Text { contents } => Some(look(contents)),
        _ => None,
    })?
}

/// Whether one of its attributes is such, by name and value.
pub fn any_attribute(node: &NodeRef, fits: impl Fn(&str, &str) -> bool) -> bool {
    let element = node.element_ref();
    element.is_some_and(|element| {
        let mut attributes = element.attrs.iter();
        attributes.any(|attribute| fits(&attribute.name.local, &attribute.value))
    })
}

/// Whether the page marks it as the text of its article (schema.org).
pub fn is_article_body(node: &NodeRef) -> bool {
    any_attribute(node, |name, value| {
        name == "itemprop"
            && value
                .split_ascii_whitespace()
                .any(|word| word == "articleBody")
    })
}
