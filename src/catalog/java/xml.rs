//! Elements and their text, as `pom.xml` has them: no document type, no entities but the predefined ones. Format: XML 1.0.

use crate::catalog::Flaw;

/// Elements within each other. A pom needs some ten.
const MAX_DEPTH: usize = 64;
/// Bytes of text of one element that are kept. Descriptions have some hundred.
const MAX_TEXT: usize = 8 << 10;

/// Calls `visit` when an element ends, with the local names from the root to it and the text that stands directly in it, trimmed.
pub(super) fn walk(text: &str, visit: &mut dyn FnMut(&[&str], &str)) -> Result<(), Flaw> {
    let mut open: Vec<(&str, String)> = Vec::new();
    let mut path: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some((before, markup)) = rest.split_once('<') {
        if let Some((_, text)) = open.last_mut() {
            push(text, before);
        }
        rest = if let Some(comment) = markup.strip_prefix("!--") {
            after(comment, "-->")?
        } else if let Some(data) = markup.strip_prefix("![CDATA[") {
            let (data, rest) = data.split_once("]]>").ok_or_else(|| unfinished("]]>"))?;
            if let Some((_, text)) = open.last_mut() {
                push_raw(text, data);
            }
            rest
        } else if let Some(instruction) = markup.strip_prefix('?') {
            after(instruction, "?>")?
        } else if markup.starts_with('!') {
            return Err(Flaw::malformed("it declares a document type, which is not read"));
        } else if let Some(closing) = markup.strip_prefix('/') {
            let (name, rest) = closing.split_once('>').ok_or_else(|| unfinished(">"))?;
            let Some((opened, text)) = open.pop() else { return Err(Flaw::malformed("an element ends that did not begin")) };
            if local(name.trim_end()) != opened {
                return Err(Flaw::malformed(format!("`{}` ends where `{}` was begun", cut(name), cut(opened))));
            }
            visit(&path, text.trim());
            path.pop();
            rest
        } else {
            let end = tag_end(markup).ok_or_else(|| unfinished(">"))?;
            let (tag, rest) = markup.split_at_checked(end).unwrap_or_default();
            let is_empty = tag.ends_with('/');
            let name = local(tag.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default());
            if open.len() >= MAX_DEPTH {
                return Err(Flaw::too_large("java::MAX_DEPTH", format!("more than {MAX_DEPTH} elements within each other")));
            }
            path.push(name);
            if is_empty {
                visit(&path, "");
                path.pop();
            } else {
                open.push((name, String::new()));
            }
            rest.get(1..).unwrap_or_default()
        };
    }
    if open.is_empty() { Ok(()) } else { Err(Flaw::malformed("it ends within an element")) }
}

fn unfinished(what: &str) -> Flaw {
    Flaw::malformed(format!("markup without its `{what}`"))
}

fn after<'a>(text: &'a str, mark: &str) -> Result<&'a str, Flaw> {
    text.split_once(mark).map(|(_, rest)| rest).ok_or_else(|| unfinished(mark))
}

/// The name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn cut(name: &str) -> &str {
    name.get(..name.floor_char_boundary(64)).unwrap_or_default()
}

/// Offset of the `>` that ends a tag: one within quotes is part of an attribute.
fn tag_end(markup: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in markup.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            (None | Some(_), _) => {}
        }
    }
    None
}

fn push_raw(text: &mut String, piece: &str) {
    let room = MAX_TEXT.saturating_sub(text.len());
    text.push_str(piece.get(..piece.floor_char_boundary(room)).unwrap_or_default());
}

/// Adds text with references to the predefined entities and to characters resolved; any other stays as it is written.
fn push(text: &mut String, piece: &str) {
    let mut rest = piece;
    while let Some((before, reference)) = rest.split_once('&') {
        push_raw(text, before);
        // The longest that is meant has ten characters: `&#x10FFFF;`.
        let name = reference.bytes().take(9).position(|b| b == b';').and_then(|end| reference.split_at_checked(end));
        match name.and_then(|(name, after)| Some((character(name)?, after.get(1..)?))) {
            Some((c, after)) => {
                push_raw(text, c.encode_utf8(&mut [0; 4]));
                rest = after;
            }
            None => {
                push_raw(text, "&");
                rest = reference;
            }
        }
    }
    push_raw(text, rest);
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> (Vec<String>, bool) {
        let mut seen = Vec::new();
        let result = walk(text, &mut |path, text| seen.push(format!("{}={text}", path.join("/"))));
        (seen, result.is_ok())
    }

    #[test]
    fn billion_laughs_are_not_heard() {
        let (seen, is_good) = all("<!DOCTYPE p [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><project><version>&b;</version></project>");
        assert!(seen.is_empty() && !is_good);
        assert_eq!(all("<v>&b;</v>").0, ["v=&b;"]);
    }

    #[test]
    fn a_ladder_without_end_is_a_flaw() {
        let ladder = format!("{}{}", "<a>".repeat(1 << 20), "</a>".repeat(1 << 20));
        assert!(format!("{:?}", walk(&ladder, &mut |_, _| {})).contains("java::MAX_DEPTH"));
    }

    #[test]
    fn what_a_comment_or_a_quote_hides_is_no_element() {
        let (seen, is_good) =
            all("<?xml version=\"1.0\"?><p x='</p>'><!-- <v>1</v> --><v a=\">\">2 &amp; &#x41;<w/></v><d><![CDATA[<v>]]></d></p>");
        assert!(is_good);
        assert_eq!(seen, ["p/v/w=", "p/v=2 & A", "p/d=<v>", "p="]);
    }

    #[test]
    fn what_does_not_end_or_ends_otherwise_is_a_flaw() {
        for text in ["<a><b></a></b>", "<a", "<!-- ", "</a>", "<a>", "<![CDATA[", "<?x", "<a x='>"] {
            assert!(!all(text).1, "{text}");
        }
    }

    #[test]
    fn text_is_cut_and_its_references_cost_no_square() {
        let (seen, _) = all(&format!("<a>{}</a>", "&é".repeat(1 << 20)));
        assert!(seen[0].len() <= MAX_TEXT + 2);
    }
}
