//! Mutants of an envelope: for each field one with a bit flipped, one without the field, one with the field of a second good envelope.
//!
//! A verifier's test refuses every mutant, or lists its path as one that the specification leaves unsigned and shows that it changes nothing:
//!
//! ```ignore
//! for mutant in mutants(&Node::json(&good, Depth::inside()), &Node::json(&other, Depth::inside())) {
//!     assert!(refused(&mutant.bytes) || UNSIGNED.contains(&mutant.path.as_str()), "{mutant}");
//! }
//! ```
//!
//! Fields are found inside of what is encoded too: JSON in base64 (`protected`, `canonicalizedBody`), CBOR in byte strings, and DER if asked.

mod node;

use std::fmt;

pub use node::{Depth, Node};

/// What was done to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// One bit of the value is another. Leaves only.
    FlipBit,
    /// The field is gone.
    Drop,
    /// The field has the value that the second envelope has in this place.
    Swap,
    /// The whole envelope is the second one, for another artifact.
    Replay,
}

/// A changed envelope.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// The field: labels with slashes between them; empty for the whole.
    pub path: String,
    pub kind: Kind,
    pub bytes: Vec<u8>,
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.kind, self.path)
    }
}

/// Every mutant of `good`; `other` is a second good envelope, of the same form and for another artifact.
pub fn mutants<'a>(good: &'a Node, other: &'a Node) -> impl Iterator<Item = Mutant> + 'a {
    let replay = Mutant { path: String::new(), kind: Kind::Replay, bytes: other.to_bytes() };
    places(good).into_iter().flat_map(move |place| of_place(good, other, &place)).chain(std::iter::once(replay))
}

/// Where a field stands: which child of which child, and their labels.
#[derive(Clone)]
struct Place {
    steps: Vec<usize>,
    path: String,
}

fn places(good: &Node) -> Vec<Place> {
    fn walk(node: &Node, place: &Place, found: &mut Vec<Place>) {
        for (step, (label, child)) in node.children().into_iter().enumerate() {
            let steps = [&place.steps[..], &[step]].concat();
            // A coat (base64, a byte string, a tag) and what it holds are one field, named once.
            let path = match (node.is_coat(), place.path.is_empty()) {
                (true, _) => place.path.clone(),
                (false, true) => label,
                (false, false) => format!("{}/{label}", place.path),
            };
            let place = Place { steps, path };
            if !node.is_coat() {
                found.push(place.clone());
            }
            walk(child, &place, found);
        }
    }
    let mut found = Vec::new();
    walk(good, &Place { steps: Vec::new(), path: String::new() }, &mut found);
    found
}

fn of_place(good: &Node, other: &Node, place: &Place) -> Vec<Mutant> {
    let mutant = |kind: Kind, node: &Node| Mutant { path: place.path.clone(), kind, bytes: node.to_bytes() };
    let mut mutants = Vec::new();
    let mut changed = good.clone();
    if changed.at(&place.steps).is_some_and(Node::flip) {
        mutants.push(mutant(Kind::FlipBit, &changed));
    }
    let mut changed = good.clone();
    if changed.drop(&place.steps) {
        mutants.push(mutant(Kind::Drop, &changed));
    }
    let mut changed = good.clone();
    let value = other.clone().at(&place.steps).cloned();
    if let (Some(field), Some(value)) = (changed.at(&place.steps), value)
        && *field != value
    {
        *field = value;
        mutants.push(mutant(Kind::Swap, &changed));
    }
    mutants
}
