//! CBOR (RFC 8949) of definite length, written and read by hand: enough for COSE envelopes and their mutants.

/// A data item. Maps keep their order and may repeat a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Cbor {
    Int(i64),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Cbor>),
    Map(Vec<(Cbor, Cbor)>),
    Tag(u64, Box<Cbor>),
    Bool(bool),
    Null,
}

impl Cbor {
    /// A text item.
    pub fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// The item behind the text key `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(k, _)| *k == Self::text(key)).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The encoding, lengths as short as can be, maps in their order.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Int(value) if *value >= 0 => head(0, *value as u64),
            Self::Int(value) => head(1, (-1 - value) as u64),
            Self::Bytes(bytes) => [head(2, bytes.len() as u64), bytes.clone()].concat(),
            Self::Text(text) => [head(3, text.len() as u64), text.clone().into_bytes()].concat(),
            Self::Array(items) => {
                let body: Vec<u8> = items.iter().flat_map(Self::encode).collect();
                [head(4, items.len() as u64), body].concat()
            }
            Self::Map(entries) => {
                let body: Vec<u8> = entries.iter().flat_map(|(key, value)| [key.encode(), value.encode()].concat()).collect();
                [head(5, entries.len() as u64), body].concat()
            }
            Self::Tag(tag, item) => [head(6, *tag), item.encode()].concat(),
            Self::Bool(value) => vec![0xf4 + u8::from(*value)],
            Self::Null => vec![0xf6],
        }
    }

    /// The one item that `bytes` hold; `None` for what [`Cbor::encode`] does not write.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let item = item(&mut rest)?;
        rest.is_empty().then_some(item)
    }

    /// As [`Cbor::read`], and panics where that gives nothing.
    pub fn decode(bytes: &[u8]) -> Self {
        Self::read(bytes).expect("a CBOR item of definite length")
    }
}

fn head(major: u8, value: u64) -> Vec<u8> {
    let major = major << 5;
    match value {
        0..=23 => vec![major | value as u8],
        24..=0xff => vec![major | 24, value as u8],
        0x100..=0xffff => [&[major | 25], &(value as u16).to_be_bytes()[..]].concat(),
        0x1_0000..=0xffff_ffff => [&[major | 26], &(value as u32).to_be_bytes()[..]].concat(),
        _ => [&[major | 27], &value.to_be_bytes()[..]].concat(),
    }
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Option<&'a [u8]> {
    let (taken, behind) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = behind;
    Some(taken)
}

fn item(rest: &mut &[u8]) -> Option<Cbor> {
    let first = take(rest, 1)?[0];
    let value = match first & 0x1f {
        short @ 0..=23 => u64::from(short),
        long @ 24..=27 => take(rest, 1 << (long - 24))?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)),
        _ => return None,
    };
    Some(match first >> 5 {
        0 => Cbor::Int(i64::try_from(value).ok()?),
        1 => Cbor::Int(-1 - i64::try_from(value).ok()?),
        2 => Cbor::Bytes(take(rest, value)?.to_vec()),
        3 => Cbor::Text(String::from_utf8(take(rest, value)?.to_vec()).ok()?),
        4 => Cbor::Array((0..value).map(|_| item(rest)).collect::<Option<_>>()?),
        5 => Cbor::Map((0..value).map(|_| Some((item(rest)?, item(rest)?))).collect::<Option<_>>()?),
        6 => Cbor::Tag(value, Box::new(item(rest)?)),
        _ => match first {
            0xf4 => Cbor::Bool(false),
            0xf5 => Cbor::Bool(true),
            0xf6 => Cbor::Null,
            _ => return None,
        },
    })
}
