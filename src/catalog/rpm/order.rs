//! Numbers in either byte order.

/// A byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

impl Order {
    /// The 16-bit number at an offset.
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let number = bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Big => u16::from_be_bytes(*number),
            Self::Little => u16::from_le_bytes(*number),
        })
    }

    /// The 32-bit number at an offset.
    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let number = bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Big => u32::from_be_bytes(*number),
            Self::Little => u32::from_le_bytes(*number),
        })
    }

    /// The 16-bit number at an offset, as a length or an offset.
    pub(super) fn short(self, bytes: &[u8], at: usize) -> Option<usize> {
        self.u16(bytes, at).map(usize::from)
    }

    /// The 32-bit number at an offset, as a length or an offset.
    pub(super) fn long(self, bytes: &[u8], at: usize) -> Option<usize> {
        usize::try_from(self.u32(bytes, at)?).ok()
    }
}
