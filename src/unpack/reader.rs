//! Reading some of an artifact's files, and no more: what is wanted is asked for by path, and inflated once.

use super::tree::FileEntry;

/// Somebody who reads some of the files. Layers of an image are read side by side, so it is asked from several threads.
pub trait FileReader: Sync {
    /// Whether a regular file is wanted. Asked of each, before its bytes are read.
    fn wants(&self, file: &FileEntry) -> Option<Asked>;

    /// A file that was wanted: its bytes, all of them and intact, or why they can't be had. `file.origin` and `file.member` say which one it
    /// is. Not called for a file whose beginning is none of those asked for. Gives back the memory for the next file, where it kept nothing of it.
    fn read(&self, file: &FileEntry, bytes: Result<Vec<u8>, Unread>) -> Vec<u8>;
}

/// What is wanted of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Bytes at most.
    pub most: u64,
    /// Name of that limit.
    pub limit: &'static str,
    /// Where not empty: the file is wanted only where it begins with one of these, each at most [`MAGIC_BYTES`] long.
    pub magic: Vec<&'static [u8]>,
}

/// Bytes of the longest beginning that can be asked for.
pub const MAGIC_BYTES: usize = 16;

/// Why a file's bytes can't be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It has more than was asked for; the limit's name and the numbers.
    TooLarge(&'static str, String),
    /// It is damaged, encrypted, or of a kind that can't be read.
    Damaged(String),
}

/// Gathers the bytes of one file at a time.
#[derive(Default)]
pub(super) struct Gathering {
    asked: Option<Asked>,
    size: u64,
    bytes: Vec<u8>,
    state: State,
}

#[derive(Default, PartialEq, Eq)]
enum State {
    /// Nobody wants it, or its beginning is none of those asked for.
    #[default]
    Unwanted,
    /// Its beginning is not known yet.
    Beginning,
    Wanted,
    TooLarge,
}

impl Gathering {
    /// A file begins.
    pub(super) fn begin(&mut self, asked: Option<Asked>, size: u64) {
        self.bytes.clear();
        self.state = match &asked {
            None => State::Unwanted,
            Some(asked) if asked.magic.is_empty() => wanted(size, asked),
            Some(_) => State::Beginning,
        };
        if self.state == State::Wanted {
            self.bytes.reserve_exact(usize::try_from(size).unwrap_or(0));
        }
        self.asked = asked;
        self.size = size;
    }

    /// Bytes that tell whether the rest is wanted.
    pub(super) fn first_bytes(&self) -> usize {
        if self.state == State::Beginning { MAGIC_BYTES } else { usize::MAX }
    }

    /// Whether more of it is of use.
    pub(super) fn is_enough(&self) -> bool {
        matches!(self.state, State::Unwanted | State::TooLarge)
    }

    /// The next piece.
    pub(super) fn data(&mut self, piece: &[u8]) {
        if self.is_enough() {
            return;
        }
        self.bytes.extend_from_slice(piece);
        if self.state == State::Beginning && (self.bytes.len() >= MAGIC_BYTES || self.bytes.len() as u64 >= self.size) {
            self.settle();
        }
    }

    /// The file ends, `flaw` where it is not whole.
    pub(super) fn end(&mut self, file: &FileEntry, flaw: Option<&str>, reader: &dyn FileReader) {
        if self.state == State::Beginning {
            match (flaw, &self.asked) {
                // Too little came to tell what it is: it may be one of those asked for.
                (Some(detail), Some(asked)) if asked.magic.iter().any(|magic| agree(magic, &self.bytes)) => {
                    self.bytes = reader.read(file, Err(Unread::Damaged(detail.to_owned())));
                    return;
                }
                (Some(_) | None, _) => self.settle(),
            }
        }
        let bytes = std::mem::take(&mut self.bytes);
        self.bytes = match (&self.state, &self.asked) {
            (State::Wanted, _) => match flaw {
                None => reader.read(file, Ok(bytes)),
                Some(detail) => reader.read(file, Err(Unread::Damaged(detail.to_owned()))),
            },
            (State::TooLarge, Some(asked)) => {
                let detail = format!("{} bytes, at most {} are read", file.size, asked.most);
                reader.read(file, Err(Unread::TooLarge(asked.limit, detail)))
            }
            (State::TooLarge | State::Unwanted | State::Beginning, _) => bytes,
        };
    }

    /// The beginning is known.
    fn settle(&mut self) {
        let (Some(asked), size) = (&self.asked, self.size) else { return };
        self.state = if asked.magic.iter().any(|magic| self.bytes.starts_with(magic)) { wanted(size, asked) } else { State::Unwanted };
        match self.state {
            State::Wanted => self.bytes.reserve_exact(usize::try_from(size).unwrap_or(0).saturating_sub(self.bytes.len())),
            State::Unwanted | State::TooLarge | State::Beginning => self.bytes.clear(),
        }
    }
}

/// Whether one begins with the other.
fn agree(a: &[u8], b: &[u8]) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

fn wanted(size: u64, asked: &Asked) -> State {
    if size > asked.most { State::TooLarge } else { State::Wanted }
}
