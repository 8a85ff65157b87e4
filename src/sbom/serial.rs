//! Identities of documents: the same content has the same, other content another. RFC 9562 §5.5 (UUID version 5).

use std::io::{self, Write};

use serde::Serialize;
use uuid::{Uuid, uuid};

use crate::model::digest::Hasher;

/// The namespace of our documents' UUIDs; it is ours alone and never changes.
const NAMESPACE: Uuid = uuid!("3a3fc5c8-6631-48ff-84f6-9e0b4e399e1e");

/// The UUID of a document that has none yet, by all of its bytes.
pub(super) fn of(document: &impl Serialize) -> io::Result<Uuid> {
    let mut hashed = Hashed(Hasher::new());
    // A serializer writes word by word.
    let mut buffered = io::BufWriter::new(&mut hashed);
    serde_json::to_writer(&mut buffered, document)?;
    buffered.flush()?;
    drop(buffered);
    Ok(Uuid::new_v5(&NAMESPACE, hashed.0.finish().bytes()))
}

/// The document as it is written to a file.
pub(super) fn write(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut buffered = io::BufWriter::new(out);
    serde_json::to_writer_pretty(&mut buffered, document)?;
    buffered.write_all(b"\n")?;
    buffered.flush()
}

/// Bytes that are only hashed.
struct Hashed(Hasher);

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
