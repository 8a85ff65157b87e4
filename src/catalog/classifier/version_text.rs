//! Texts in a program: where one begins, how it goes on, and where it ends.

use memchr::memmem;

/// Places of one anchor that are looked at in one file. Real files have at most some dozens.
const MAX_PLACES: usize = 4_096;
/// Bytes of a text around its anchor.
const MAX_TEXT: usize = 256;

/// The places at which `anchor` stands: what precedes it (at most [`MAX_TEXT`]), and what follows it (as many).
pub(super) fn places<'a>(constants: &[&'a [u8]], anchor: &str) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    let finder = memmem::Finder::new(anchor.as_bytes()).into_owned();
    let length = anchor.len();
    let each = move |part: &&'a [u8]| -> Vec<(&'a [u8], &'a [u8])> {
        let around = |at: usize| {
            let before = part.get(at.saturating_sub(MAX_TEXT)..at)?;
            let rest = part.get(at.checked_add(length)?..)?;
            Some((before, rest.get(..rest.len().min(MAX_TEXT))?))
        };
        finder.find_iter(part).take(MAX_PLACES).filter_map(around).collect()
    };
    constants.iter().flat_map(each).take(MAX_PLACES).collect::<Vec<_>>().into_iter()
}

/// True where a text begins: at the start, or after a NUL or another byte that is no text.
pub(super) fn is_start(before: &[u8]) -> bool {
    before.last().is_none_or(|byte| !(byte.is_ascii_graphic() || *byte == b' '))
}

/// True where a text ends: a NUL, the end, or another byte that is no text.
pub(super) fn is_end(rest: &[u8]) -> bool {
    is_start(rest.get(..1).unwrap_or_default())
}

/// Numbers with dots between them, `least` to `most` of them, at the beginning; and what follows.
pub(super) fn numbers(text: &[u8], least: usize, most: usize) -> Option<(&str, &[u8])> {
    let end = text.iter().position(|byte| !(byte.is_ascii_digit() || *byte == b'.')).unwrap_or(text.len());
    let (version, rest) = text.split_at_checked(end)?;
    let version = std::str::from_utf8(version).ok()?;
    let parts: Vec<&str> = version.split('.').collect();
    let is_sound = (least..=most).contains(&parts.len()) && parts.iter().all(|part| !part.is_empty() && part.len() <= 5);
    is_sound.then_some((version, rest))
}

/// As many of these bytes as follow, at most `most`; and the rest.
pub(super) fn run(text: &[u8], most: usize, is: impl Fn(u8) -> bool) -> Option<(&str, &[u8])> {
    let end = text.iter().position(|byte| !is(*byte)).unwrap_or(text.len());
    let (run, rest) = text.split_at_checked(end)?;
    std::str::from_utf8(run).ok().filter(|run| run.len() <= most).map(|run| (run, rest))
}

/// Versions that stand alone as a text, and begin like this: each once, in order. For sources that write a bare `"3.46.1"`.
pub(super) fn alone(constants: &[&[u8]], start: &str, least: usize, most: usize) -> Vec<String> {
    let mut found = Vec::new();
    for (before, rest) in places(constants, &format!("\0{start}")) {
        let _ = before;
        let whole = [start.as_bytes(), rest].concat();
        let Some((version, rest)) = numbers(&whole, least, most) else { continue };
        if rest.first() == Some(&0) && !found.iter().any(|other| other == version) {
            found.push(version.to_owned());
        }
    }
    found
}
