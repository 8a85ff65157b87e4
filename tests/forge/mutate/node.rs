//! One tree for JSON, CBOR and DER, and for each inside of the others.

use data_encoding::{BASE64, BASE64URL_NOPAD, Encoding};
use serde_json::{Map, Value};

use crate::forge::cbor::Cbor;
use crate::forge::der;

/// Which encodings are opened inside of byte strings and base64.
#[derive(Clone, Copy)]
pub struct Depth {
    pub json: bool,
    pub cbor: bool,
    pub der: bool,
}

impl Depth {
    /// JSON and CBOR; certificates and tokens stay whole.
    pub fn inside() -> Self {
        Self { json: true, cbor: true, der: false }
    }

    /// All, down to each TLV of a certificate.
    pub fn all() -> Self {
        Self { json: true, cbor: true, der: true }
    }

    /// None.
    pub fn outside() -> Self {
        Self { json: false, cbor: false, der: false }
    }
}

/// A field and what it holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A JSON object.
    Object(Vec<(String, Node)>),
    /// A JSON array.
    List(Vec<Node>),
    Text(String),
    Number(i64),
    Flag(bool),
    Null,
    /// Text in base64, and what it holds.
    Base64(Alphabet, Box<Node>),
    Bytes(Vec<u8>),
    /// Bytes that are a JSON document.
    Json(Box<Node>),
    /// Bytes that are a CBOR item.
    Cbor(Box<Node>),
    /// Bytes that are a DER value.
    Der(Box<Node>),
    /// A CBOR map.
    Entries(Vec<(Cbor, Node)>),
    /// A CBOR tag.
    Tagged(u64, Box<Node>),
    /// A constructed DER value.
    Constructed(u8, Vec<Node>),
    /// A primitive DER value.
    Primitive(u8, Vec<u8>),
}

/// An alphabet of base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    Standard,
    Url,
}

impl Alphabet {
    fn encoding(self) -> Encoding {
        match self {
            Self::Standard => BASE64,
            Self::Url => BASE64URL_NOPAD,
        }
    }
}

impl Node {
    /// The tree of a JSON document.
    pub fn json(bytes: &[u8], depth: Depth) -> Self {
        let value: Value = serde_json::from_slice(bytes).expect("a JSON document");
        Self::Json(Box::new(of_json(&value, depth)))
    }

    /// The tree of a CBOR item.
    pub fn cbor(bytes: &[u8], depth: Depth) -> Self {
        Self::Cbor(Box::new(of_cbor(&Cbor::decode(bytes), depth)))
    }

    /// The tree of a DER value.
    pub fn der(bytes: &[u8]) -> Self {
        let (node, rest) = of_der(bytes).expect("a DER value");
        assert!(rest.is_empty(), "bytes behind the DER value");
        Self::Der(Box::new(node))
    }

    /// The bytes that it stands for.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Json(inner) => inner.to_value().to_string().into_bytes(),
            Self::Cbor(inner) => inner.to_cbor().encode(),
            Self::Der(inner) => inner.to_bytes(),
            Self::Constructed(tag, parts) => der::tlv(*tag, &parts.iter().flat_map(Self::to_bytes).collect::<Vec<u8>>()),
            Self::Primitive(tag, content) => der::tlv(*tag, content),
            other => panic!("{other:?} is no bytes"),
        }
    }

    pub(super) fn children(&self) -> Vec<(String, &Self)> {
        match self {
            Self::Object(fields) => fields.iter().map(|(key, child)| (key.clone(), child)).collect(),
            Self::List(items) | Self::Constructed(_, items) => items.iter().enumerate().map(|(n, child)| (n.to_string(), child)).collect(),
            Self::Entries(entries) => entries.iter().map(|(key, child)| (key_label(key), child)).collect(),
            Self::Base64(_, inner) | Self::Json(inner) | Self::Cbor(inner) | Self::Der(inner) | Self::Tagged(_, inner) => {
                vec![(String::new(), inner)]
            }
            Self::Text(_) | Self::Number(_) | Self::Flag(_) | Self::Null | Self::Bytes(_) | Self::Primitive(..) => Vec::new(),
        }
    }

    /// Whether it is only the coat of its one child.
    pub(super) fn is_coat(&self) -> bool {
        matches!(self, Self::Base64(..) | Self::Json(_) | Self::Cbor(_) | Self::Der(_) | Self::Tagged(..))
    }

    /// The field below these steps.
    pub(super) fn at(&mut self, steps: &[usize]) -> Option<&mut Self> {
        let Some((step, steps)) = steps.split_first() else { return Some(self) };
        let child = match self {
            Self::Object(fields) => fields.get_mut(*step).map(|(_, child)| child),
            Self::List(items) | Self::Constructed(_, items) => items.get_mut(*step),
            Self::Entries(entries) => entries.get_mut(*step).map(|(_, child)| child),
            Self::Base64(_, inner) | Self::Json(inner) | Self::Cbor(inner) | Self::Der(inner) | Self::Tagged(_, inner) => {
                Some(&mut **inner)
            }
            Self::Text(_) | Self::Number(_) | Self::Flag(_) | Self::Null | Self::Bytes(_) | Self::Primitive(..) => None,
        };
        child.and_then(|child| child.at(steps))
    }

    /// Takes the field below these steps away; false where its parent is a coat.
    pub(super) fn drop(&mut self, steps: &[usize]) -> bool {
        let Some((step, above)) = steps.split_last() else { return false };
        match self.at(above) {
            Some(Self::Object(fields)) => drop(fields.remove(*step)),
            Some(Self::List(items) | Self::Constructed(_, items)) => drop(items.remove(*step)),
            Some(Self::Entries(entries)) => drop(entries.remove(*step)),
            _ => return false,
        }
        true
    }

    /// Changes a leaf by one bit, or to the value beside it; false for what is no leaf.
    pub(super) fn flip(&mut self) -> bool {
        match self {
            Self::Text(text) => *text = flip_text(text),
            Self::Number(number) => *number += 1,
            Self::Flag(flag) => *flag = !*flag,
            Self::Null => *self = Self::Number(0),
            Self::Bytes(bytes) => match bytes.len() {
                0 => bytes.push(0),
                length => bytes[length / 2] ^= 1,
            },
            Self::Primitive(_, content) => match content.last_mut() {
                Some(last) => *last ^= 1,
                None => content.push(0),
            },
            Self::Base64(_, inner) | Self::Json(inner) | Self::Cbor(inner) | Self::Der(inner) | Self::Tagged(_, inner) => {
                return inner.flip();
            }
            _ => return false,
        }
        true
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Object(fields) => Value::Object(fields.iter().map(|(key, child)| (key.clone(), child.to_value())).collect::<Map<_, _>>()),
            Self::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Self::Text(text) => Value::String(text.clone()),
            Self::Number(number) => Value::from(*number),
            Self::Flag(flag) => Value::Bool(*flag),
            Self::Null => Value::Null,
            Self::Base64(alphabet, inner) => Value::String(alphabet.encoding().encode(&inner.to_bytes())),
            other => panic!("{other:?} is no JSON"),
        }
    }

    fn to_cbor(&self) -> Cbor {
        match self {
            Self::Entries(entries) => Cbor::Map(entries.iter().map(|(key, child)| (key.clone(), child.to_cbor())).collect()),
            Self::List(items) => Cbor::Array(items.iter().map(Self::to_cbor).collect()),
            Self::Text(text) => Cbor::Text(text.clone()),
            Self::Number(number) => Cbor::Int(*number),
            Self::Flag(flag) => Cbor::Bool(*flag),
            Self::Null => Cbor::Null,
            Self::Tagged(tag, inner) => Cbor::Tag(*tag, Box::new(inner.to_cbor())),
            Self::Object(_) | Self::Base64(..) => panic!("{self:?} is no CBOR"),
            bytes => Cbor::Bytes(bytes.to_bytes()),
        }
    }
}

fn key_label(key: &Cbor) -> String {
    match key {
        Cbor::Text(text) => text.clone(),
        Cbor::Int(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

/// Another text of the same length: one letter or digit in the middle is its neighbour.
fn flip_text(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let middle = bytes.len() / 2;
    let place = (middle..bytes.len()).chain(0..middle).find(|at| bytes[*at].is_ascii_alphanumeric());
    let Some(place) = place else { return format!("{text}x") };
    bytes[place] = match bytes[place] {
        b'z' => b'y',
        b'Z' => b'Y',
        b'9' => b'8',
        other => other + 1,
    };
    String::from_utf8(bytes).expect("one ASCII letter for another")
}

fn of_json(value: &Value, depth: Depth) -> Node {
    match value {
        Value::Null => Node::Null,
        Value::Bool(flag) => Node::Flag(*flag),
        Value::Number(number) => Node::Number(number.as_i64().expect("a whole number")),
        Value::String(text) => of_text(text, depth),
        Value::Array(items) => Node::List(items.iter().map(|item| of_json(item, depth)).collect()),
        Value::Object(fields) => Node::Object(fields.iter().map(|(key, value)| (key.clone(), of_json(value, depth))).collect()),
    }
}

/// Long base64 is opened; hexadecimal digests look like it and stay text.
fn of_text(text: &str, depth: Depth) -> Node {
    let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if text.len() >= 24 && !hexadecimal {
        for alphabet in [Alphabet::Standard, Alphabet::Url] {
            if let Ok(bytes) = alphabet.encoding().decode(text.as_bytes()) {
                return Node::Base64(alphabet, Box::new(of_bytes(&bytes, depth)));
            }
        }
    }
    Node::Text(text.into())
}

/// Opens bytes where what they hold would be written again just so.
fn of_bytes(bytes: &[u8], depth: Depth) -> Node {
    if depth.json && bytes.first() == Some(&b'{') && serde_json::from_slice::<Value>(bytes).is_ok() {
        let node = Node::json(bytes, depth);
        if node.to_bytes() == bytes {
            return node;
        }
    }
    // A map: what COSE has in its protected headers.
    if depth.cbor
        && bytes.first().is_some_and(|byte| byte >> 5 == 5)
        && let Some(item) = Cbor::read(bytes)
        && item.encode() == bytes
    {
        return Node::Cbor(Box::new(of_cbor(&item, depth)));
    }
    if depth.der
        && bytes.first() == Some(&0x30)
        && let Some((node, [])) = of_der(bytes)
        && node.to_bytes() == bytes
    {
        return Node::Der(Box::new(node));
    }
    Node::Bytes(bytes.to_vec())
}

fn of_cbor(item: &Cbor, depth: Depth) -> Node {
    match item {
        Cbor::Int(number) => Node::Number(*number),
        Cbor::Bytes(bytes) => of_bytes(bytes, depth),
        Cbor::Text(text) => Node::Text(text.clone()),
        Cbor::Array(items) => Node::List(items.iter().map(|item| of_cbor(item, depth)).collect()),
        Cbor::Map(entries) => Node::Entries(entries.iter().map(|(key, value)| (key.clone(), of_cbor(value, depth))).collect()),
        Cbor::Tag(tag, item) => Node::Tagged(*tag, Box::new(of_cbor(item, depth))),
        Cbor::Bool(flag) => Node::Flag(*flag),
        Cbor::Null => Node::Null,
    }
}

/// One value and what follows; `None` for what is no DER of definite length.
fn of_der(bytes: &[u8]) -> Option<(Node, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let length = match first {
        0..=0x7f => usize::from(first),
        0x81..=0x83 => {
            let (length, behind) = rest.split_at_checked(usize::from(first - 0x80))?;
            rest = behind;
            length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
        }
        _ => return None,
    };
    let (mut content, behind) = rest.split_at_checked(length)?;
    if tag & 0x20 == 0 {
        // An OCTET STRING around a SEQUENCE: extensions, TSTInfo, a signature of ECDSA.
        if tag == 0x04
            && content.first() == Some(&0x30)
            && let Some((inner, [])) = of_der(content)
        {
            return Some((Node::Constructed(tag, vec![inner]), behind));
        }
        return Some((Node::Primitive(tag, content.to_vec()), behind));
    }
    let mut parts = Vec::new();
    while !content.is_empty() {
        let (part, more) = of_der(content)?;
        parts.push(part);
        content = more;
    }
    Some((Node::Constructed(tag, parts), behind))
}
