//! A tree in the making, whatever its syntax: nesting, counting, duplicate keys, aliases.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::{Fault, Form, Key, Node, Value};

/// At most this many faults of one text are looked for; a file of another kind has no end of them.
const MAX_FAULTS: usize = 100;

/// An open list or mapping.
enum Frame {
    List { head: Head, items: Vec<Node> },
    Map { head: Head, entries: Vec<(Key, Node)>, keys: BTreeSet<String>, key: Option<Key>, merges: Vec<Node> },
}

/// What stands before a value.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    pub(super) span: Range<usize>,
    pub(super) tag: Option<String>,
    /// The parser's number of the anchor; 0 for none.
    pub(super) anchor: usize,
}

/// A value that aliases can name, with what an expansion costs.
struct Anchored {
    node: Node,
    values: usize,
    bytes: usize,
    depth: usize,
}

/// True where reading must stop.
pub(super) type Stop = bool;

pub(super) struct Tree<'f> {
    form: &'f Form,
    pub(super) faults: Vec<Fault>,
    stack: Vec<Frame>,
    root: Option<Node>,
    values: usize,
    expanded_bytes: usize,
    anchors: HashMap<usize, Anchored>,
}

impl<'f> Tree<'f> {
    pub(super) fn new(form: &'f Form) -> Self {
        Self { form, faults: Vec::new(), stack: Vec::new(), root: None, values: 0, expanded_bytes: 0, anchors: HashMap::new() }
    }

    pub(super) fn fault(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<Option<&'static str>>) {
        self.faults.push(Fault { span, message: message.into(), help: help.into() });
    }

    pub(super) fn has_root(&self) -> bool {
        self.root.is_some()
    }

    /// True where the innermost open value is a mapping.
    pub(super) fn in_map(&self) -> bool {
        matches!(self.stack.last(), Some(Frame::Map { .. }))
    }

    pub(super) fn is_open(&self) -> bool {
        !self.stack.is_empty()
    }

    pub(super) fn open_list(&mut self, head: Head) {
        self.stack.push(Frame::List { head, items: Vec::new() });
    }

    pub(super) fn open_map(&mut self, head: Head) {
        self.stack.push(Frame::Map { head, entries: Vec::new(), keys: BTreeSet::new(), key: None, merges: Vec::new() });
    }

    pub(super) fn close(&mut self) {
        let (head, value) = match self.stack.pop() {
            Some(Frame::List { head, items }) => (head, Value::List(items)),
            Some(Frame::Map { head, mut entries, mut keys, merges, .. }) => {
                for merged in merges {
                    self.merge(merged, &mut entries, &mut keys);
                }
                (head, Value::Map(entries))
            }
            None => return,
        };
        self.finish(head, value);
    }

    /// A scalar: the key of the innermost mapping, where it waits for one.
    pub(super) fn scalar(&mut self, head: Head, text: String, plain: bool) {
        if let Some(Frame::Map { key: key @ None, .. }) = self.stack.last_mut() {
            *key = Some(Key { text, span: head.span });
        } else {
            self.finish(head, Value::Scalar { text, plain });
        }
    }

    /// The value that an anchor names, once more.
    pub(super) fn alias(&mut self, anchor: usize, at: Range<usize>) -> Stop {
        let Some(anchored) = self.anchors.get(&anchor) else {
            self.fault(at, "a YAML alias inside the value that it names", "write the value out");
            return true;
        };
        self.values = self.values.saturating_add(anchored.values);
        self.expanded_bytes = self.expanded_bytes.saturating_add(anchored.bytes);
        let depth = self.stack.len().saturating_add(anchored.depth);
        if self.over_limits(depth, &at) {
            return true;
        }
        if self.expanded_bytes > self.form.max_bytes.saturating_mul(4) {
            self.fault(at, "YAML aliases expand to too much text", "write the values out once");
            return true;
        }
        let Some(anchored) = self.anchors.get(&anchor) else { return true };
        let node = anchored.node.clone();
        self.put(node);
        false
    }

    /// Counts one more event, and holds the limits.
    pub(super) fn count(&mut self, at: usize) -> Stop {
        self.values = self.values.saturating_add(1);
        self.over_limits(self.stack.len(), &(at..at)) || self.faults.len() > MAX_FAULTS
    }

    /// The tree, or everything that is wrong.
    pub(super) fn into_result(mut self) -> Result<Node, Vec<Fault>> {
        if self.root.is_none() && self.faults.is_empty() {
            self.fault(0..0, "the file is empty", self.form.help_empty);
        }
        match self.root {
            Some(root) if self.faults.is_empty() => Ok(root),
            Some(_) | None => Err(self.faults),
        }
    }

    fn over_limits(&mut self, depth: usize, at: &Range<usize>) -> Stop {
        let Form { max_depth, max_values, help_depth, help_values, .. } = *self.form;
        if depth > max_depth {
            self.fault(at.clone(), format!("nested deeper than {max_depth} levels"), help_depth);
            return true;
        }
        if self.values > max_values {
            self.fault(at.clone(), format!("more than {max_values} values"), help_values);
            return true;
        }
        false
    }

    fn finish(&mut self, head: Head, value: Value) {
        let node = Node { span: head.span, tag: head.tag, value };
        if head.anchor != 0 && self.form.decorated {
            let (values, bytes, depth) = cost(&node);
            self.anchors.insert(head.anchor, Anchored { node: node.clone(), values, bytes, depth });
        }
        self.put(node);
    }

    fn put(&mut self, node: Node) {
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { entries, keys, key, merges, .. }) => match key.take() {
                None => {
                    let span = node.span;
                    *key = Some(Key { text: String::new(), span: span.clone() });
                    self.fault(span, "a list or mapping as a key", "keys are words");
                }
                Some(key) if !keys.insert(key.text.clone()) => {
                    let message = format!("the key `{}` stands here twice", key.text);
                    self.fault(key.span, message, "keep one of them");
                }
                Some(key) if key.text == "<<" && self.form.decorated => merges.push(node),
                Some(key) => entries.push((key, node)),
            },
        }
    }

    /// `<<: *defaults` and `<<: [*a, *b]`: keys that the mapping does not have itself (YAML 1.1, the merge type).
    fn merge(&mut self, merged: Node, entries: &mut Vec<(Key, Node)>, keys: &mut BTreeSet<String>) {
        match merged.value {
            Value::Map(more) => {
                for (key, node) in more {
                    if keys.insert(key.text.clone()) {
                        entries.push((key, node));
                    }
                }
            }
            Value::List(maps) if maps.iter().all(|map| matches!(map.value, Value::Map(_))) => {
                for map in maps {
                    self.merge(map, entries, keys);
                }
            }
            Value::List(_) | Value::Scalar { .. } => self.fault(merged.span, "`<<` takes a mapping or a list of mappings", None),
        }
    }
}

/// Values, bytes of text and levels of a finished node. Its depth is within the form's, so this recursion is too.
fn cost(node: &Node) -> (usize, usize, usize) {
    let add = |sum: (usize, usize, usize), (values, bytes, depth): (usize, usize, usize)| (sum.0 + values, sum.1 + bytes, sum.2.max(depth));
    match &node.value {
        Value::Scalar { text, .. } => (1, text.len(), 0),
        Value::List(items) => {
            let (values, bytes, depth) = items.iter().map(cost).fold((2, 0, 0), add);
            (values, bytes, depth + 1)
        }
        Value::Map(entries) => {
            let of_entry = |(key, node): &(Key, Node)| {
                let (values, bytes, depth) = cost(node);
                (values + 1, bytes + key.text.len(), depth)
            };
            let (values, bytes, depth) = entries.iter().map(of_entry).fold((2, 0, 0), add);
            (values, bytes, depth + 1)
        }
    }
}
