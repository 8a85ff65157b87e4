//! Writers of what the readers read: headers, and databases as small as can be.

/// What a tag has.
#[derive(Clone)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Number(u32),
    Texts(&'a [&'a str]),
    Numbers(&'a [u32]),
    Bytes(&'a [u8]),
}

/// A header without its magic.
pub(super) fn header(tags: &[(u32, Value<'_>)]) -> Vec<u8> {
    let (mut index, mut store) = (Vec::new(), Vec::new());
    for (tag, value) in tags {
        let (kind, count, data): (u32, usize, Vec<u8>) = match value {
            Value::Text(text) => (6, 1, [text.as_bytes(), b"\0"].concat()),
            Value::Number(number) => (4, 1, number.to_be_bytes().to_vec()),
            Value::Texts(texts) => (8, texts.len(), texts.iter().flat_map(|text| [text.as_bytes(), b"\0"].concat()).collect()),
            Value::Numbers(numbers) => (4, numbers.len(), numbers.iter().flat_map(|number| number.to_be_bytes()).collect()),
            Value::Bytes(bytes) => (7, bytes.len(), bytes.to_vec()),
        };
        for number in [*tag, kind, store.len() as u32, count as u32] {
            index.extend(number.to_be_bytes());
        }
        store.extend(data);
    }
    let lengths = [(tags.len() as u32).to_be_bytes(), (store.len() as u32).to_be_bytes()].concat();
    [lengths, index, store].concat()
}

/// A package with a name, a version and a release.
pub(super) fn named(name: &str) -> Vec<u8> {
    header(&[(1000, Value::Text(name)), (1001, Value::Text("1")), (1002, Value::Text("2"))])
}

/// An ndb database. Slots are numbered from 1, blobs follow the one page of slots.
pub(super) fn ndb(blobs: &[Vec<u8>]) -> Vec<u8> {
    let mut head = Vec::new();
    for number in [u32::from_le_bytes(*b"RpmP"), 0, 7, 1, blobs.len() as u32 + 1, 0, 0, 0] {
        head.extend(number.to_le_bytes());
    }
    let mut body: Vec<u8> = Vec::new();
    for (number, blob) in (1_u32..).zip(blobs) {
        let at = (4_096 + body.len()) / 16;
        let length = (16 + blob.len() + 12).next_multiple_of(16);
        for word in [u32::from_le_bytes(*b"Slot"), number, at as u32, (length / 16) as u32] {
            head.extend(word.to_le_bytes());
        }
        let from = body.len();
        for word in [u32::from_le_bytes(*b"BlbS"), number, 7, blob.len() as u32] {
            body.extend(word.to_le_bytes());
        }
        body.extend(blob);
        body.resize(from + length - 12, 0);
        for word in [0, blob.len() as u32, u32::from_le_bytes(*b"BlbE")] {
            body.extend(word.to_le_bytes());
        }
    }
    while head.len() < 4_096 {
        for word in [u32::from_le_bytes(*b"Slot"), 0, 0, 0] {
            head.extend(word.to_le_bytes());
        }
    }
    [head, body].concat()
}

/// An SQLite database of two pages: the schema, and the table's only leaf.
pub(super) fn sqlite(blobs: &[Vec<u8>]) -> Vec<u8> {
    let schema = record(&[(23, b"table"), (29, b"Packages"), (29, b"Packages"), (1, &[2]), (15, b"x")]);
    let rows: Vec<Vec<u8>> = blobs.iter().map(|blob| record(&[(0, b""), (12 + 2 * blob.len() as u64, blob)])).collect();
    let mut head = [b"SQLite format 3\0".as_slice(), &[0x10, 0, 1, 1, 0, 64, 32, 32]].concat();
    head.resize(100, 0);
    head[59] = 1;
    [leaf(head, &[schema]), leaf(Vec::new(), &rows)].concat()
}

/// A record; of each column its type and its bytes.
fn record(columns: &[(u64, &[u8])]) -> Vec<u8> {
    let types: Vec<u8> = columns.iter().flat_map(|(kind, _)| varint(*kind)).collect();
    let mut out = varint(types.len() as u64 + 1);
    out.extend(types);
    out.extend(columns.iter().flat_map(|(_, bytes)| bytes.iter()));
    out
}

fn varint(number: u64) -> Vec<u8> {
    assert!(number < 1 << 14);
    if number < 128 { vec![number as u8] } else { vec![0x80 | (number >> 7) as u8, (number & 0x7f) as u8] }
}

fn leaf(mut page: Vec<u8>, rows: &[Vec<u8>]) -> Vec<u8> {
    page.extend([13, 0, 0]);
    page.extend((rows.len() as u16).to_be_bytes());
    page.extend([0, 0, 0]);
    let mut content = Vec::new();
    for (id, row) in (1_u64..).zip(rows) {
        content.splice(0..0, [varint(row.len() as u64), varint(id), row.clone()].concat());
        page.extend((4_096 - content.len() as u16).to_be_bytes());
    }
    page.resize(4_096 - content.len(), 0);
    [page, content].concat()
}
