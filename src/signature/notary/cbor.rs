//! That CBOR has one reading (RFC 8949 section 4.2.1): lengths are definite and numbers in their shortest form. Readers differ in what they
//! make of the rest, and `ciborium` below `coset` takes all of it.

/// Values within values.
const MAX_DEPTH: usize = 16;

/// Values in one envelope.
const MAX_VALUES: usize = 4096;

/// Why it has not, or `None`. Nothing may stand after the one value.
pub(super) fn oddity(bytes: &[u8]) -> Option<&'static str> {
    let mut walk = Walk { rest: bytes, values: 0 };
    match walk.value(0) {
        Err(why) => Some(why),
        Ok(()) if !walk.rest.is_empty() => Some("bytes stand after its end"),
        Ok(()) => None,
    }
}

struct Walk<'a> {
    rest: &'a [u8],
    values: usize,
}

impl Walk<'_> {
    fn value(&mut self, depth: usize) -> Result<(), &'static str> {
        self.values = self.values.saturating_add(1);
        if self.values > MAX_VALUES || depth > MAX_DEPTH {
            return Err("it has too many values, or too many within each other");
        }
        let first = *self.take(1)?.first().ok_or("it ends early")?;
        let (major, argument) = (first >> 5, self.argument(first & 0x1f, first >> 5)?);
        let below = depth.saturating_add(1);
        match major {
            0 | 1 => Ok(()),
            2 => self.take(argument).map(|_| ()),
            3 => std::str::from_utf8(self.take(argument)?).map(|_| ()).map_err(|_| "a text that is not UTF-8"),
            // Each turn takes a value, or ends.
            4 => (0..argument).try_for_each(|_| self.value(below)),
            5 => (0..argument).try_for_each(|_| {
                self.value(below)?;
                self.value(below)
            }),
            6 => self.value(below),
            // false, true and null; floats and other simple values are in no header of the format.
            _ if (20..=22).contains(&argument) && first & 0x1f < 24 => Ok(()),
            _ => Err("a float or a simple value that the format does not have"),
        }
    }

    /// The number after the first byte, in its shortest form.
    fn argument(&mut self, info: u8, major: u8) -> Result<usize, &'static str> {
        let (length, least) = match info {
            0..=23 => return Ok(usize::from(info)),
            24 => (1, 24_u64),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            31 => return Err("an indefinite length"),
            _ => return Err("a reserved length"),
        };
        let value = self.take(length)?.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        if major == 7 {
            return Err("a float or a simple value that the format does not have");
        }
        if value < least {
            return Err("a number that is not in its shortest form");
        }
        // Integers may be as large as they like; nothing is read by them.
        if major <= 1 { Ok(0) } else { usize::try_from(value).map_err(|_| "a length that is too large") }
    }

    fn take(&mut self, length: usize) -> Result<&[u8], &'static str> {
        let (head, rest) = self.rest.split_at_checked(length).ok_or("it ends early")?;
        self.rest = rest;
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indefinite_lengths_long_numbers_and_floats_are_seen() {
        assert_eq!(oddity(&[0xa1, 0x01, 0x26]), None);
        assert_eq!(oddity(&[0xd2, 0x84, 0x40, 0xa0, 0x41, 0x00, 0x41, 0x00]), None);
        for odd in [
            &[0x9f, 0x01, 0xff][..],
            &[0x5f, 0x41, 0x00, 0xff],
            &[0xbf, 0xff],
            &[0x18, 0x01],
            &[0x58, 0x01, 0x00],
            &[0x19, 0x00, 0xff],
            &[0xfb, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0xf7],
            &[0x61, 0xff],
            &[0x01, 0x01],
            &[0x42, 0x01],
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[],
        ] {
            assert!(oddity(odd).is_some(), "{odd:x?}");
        }
        assert!(oddity(&[0x81; 100_000]).is_some());
        assert!(oddity(&[&[0x9a, 0xff, 0xff, 0xff, 0xff][..], &[0; 100_000]].concat()).is_some());
    }
    #[test]
    fn truth_values_and_null_are_no_oddity_and_other_simple_values_are() {
        for usual in [0xf4, 0xf5, 0xf6] {
            assert_eq!(oddity(&[usual]), None, "{usual:x}");
        }
        // Numbers of one, two, four and eight bytes, each in its shortest form and in none that is longer.
        for shortest in [&[0x18, 0x18][..], &[0x19, 1, 0], &[0x1a, 0, 1, 0, 0], &[0x1b, 0, 0, 0, 1, 0, 0, 0, 0]] {
            assert_eq!(oddity(shortest), None, "{shortest:x?}");
        }
        for longer in [&[0x18, 0x17][..], &[0x19, 0, 0xff], &[0x1a, 0, 0, 0xff, 0xff], &[0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]] {
            assert!(oddity(longer).is_some(), "{longer:x?}");
        }
        for odd in [&[0xf3][..], &[0xf7], &[0xf8, 0x14], &[0xf8, 0x20], &[0xf9, 0, 0x14]] {
            assert!(oddity(odd).is_some(), "{odd:x?}");
        }
    }
}
