//! Stanzas of fields, the form of dpkg's files. Format: deb822(5).

/// Fields of one stanza that are looked at. Real ones have about 20.
const MAX_FIELDS: usize = 256;

/// One stanza.
#[derive(Debug, Default)]
pub(super) struct Stanza<'a> {
    /// Names with values, in order; a value has its continuation lines, as they stand.
    fields: Vec<(&'a str, &'a str)>,
}

impl<'a> Stanza<'a> {
    /// The first field of this name, whatever its case; trimmed, continuation lines with it. `None` where it is missing or empty.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name))?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// The first line of such a field, where there is anything on it.
    pub(super) fn line(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name))?;
        Some(value.lines().next()?.trim()).filter(|line| !line.is_empty())
    }

    /// Takes up a field that has come to its end.
    fn close(&mut self, text: &'a str, field: Option<(&'a str, usize, usize)>) {
        if let Some((name, from, to)) = field
            && self.fields.len() < MAX_FIELDS
            && let Some(value) = text.get(from..to)
        {
            self.fields.push((name, value));
        }
    }
}

/// The stanzas of a text, empty ones left out. Lines that are no fields are passed over.
pub(super) fn stanzas(text: &str) -> Stanzas<'_> {
    Stanzas { text, at: 0 }
}

/// See [`stanzas`].
pub(super) struct Stanzas<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Stanzas<'a> {
    /// The next line, and where it ends with its line feed.
    fn line(&self) -> Option<(&'a str, usize)> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |feed| feed.saturating_add(1));
        Some((rest.get(..length)?, self.at.saturating_add(length)))
    }
}

impl<'a> Iterator for Stanzas<'a> {
    type Item = Stanza<'a>;

    fn next(&mut self) -> Option<Stanza<'a>> {
        let text = self.text;
        let mut stanza = Stanza::default();
        // The field that is being read: its name, and where its value lies in the text.
        let mut open: Option<(&'a str, usize, usize)> = None;
        while let Some((line, next)) = self.line() {
            let at = std::mem::replace(&mut self.at, next);
            if line.starts_with([' ', '\t']) && !line.trim().is_empty() {
                if let Some((.., end)) = &mut open {
                    *end = next;
                }
                continue;
            }
            stanza.close(text, open.take());
            if line.trim().is_empty() {
                if !stanza.fields.is_empty() {
                    return Some(stanza);
                }
                continue;
            }
            open = line.split_once(':').map(|(name, _)| (name, at.saturating_add(name.len()).saturating_add(1), next));
        }
        stanza.close(text, open);
        (!stanza.fields.is_empty()).then_some(stanza)
    }
}
