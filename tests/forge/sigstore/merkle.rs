//! The Merkle tree of RFC 6962 section 2.1, with SHA-256.

use crate::forge::keys::Hash;

/// A log's leaves.
#[derive(Clone, Default)]
pub struct Tree {
    pub leaves: Vec<Vec<u8>>,
}

impl Tree {
    /// A tree of `size` leaves: `leaf` at `index`, the others filler.
    pub fn around(leaf: &[u8], index: u64, size: u64) -> Self {
        let filler = |n: u64| format!("filler {n}").into_bytes();
        Self { leaves: (0..size).map(|n| if n == index { leaf.to_vec() } else { filler(n) }).collect() }
    }

    /// The root hash.
    pub fn root(&self) -> Vec<u8> {
        root(&self.leaves)
    }

    /// The audit path of the leaf at `index`, nearest first.
    pub fn path(&self, index: u64) -> Vec<Vec<u8>> {
        path(index as usize, &self.leaves)
    }
}

/// The hash of a leaf.
pub fn leaf_hash(leaf: &[u8]) -> Vec<u8> {
    Hash::Sha256.of(&[&[0], leaf].concat())
}

fn node_hash(left: &[u8], right: &[u8]) -> Vec<u8> {
    Hash::Sha256.of(&[&[1], left, right].concat())
}

fn root(leaves: &[Vec<u8>]) -> Vec<u8> {
    match leaves {
        [] => Hash::Sha256.of(b""),
        [leaf] => leaf_hash(leaf),
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

fn path(index: usize, leaves: &[Vec<u8>]) -> Vec<Vec<u8>> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    let (mut path, sibling) = if index < at { (path(index, left), root(right)) } else { (path(index - at, right), root(left)) };
    path.push(sibling);
    path
}

/// The largest power of two below `size`.
fn split(size: usize) -> usize {
    size.next_power_of_two() / 2
}
