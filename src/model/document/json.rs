//! JSON (RFC 8259) with places. YAML's parsers differ from JSON's in escapes, tabs and the length of keys, so JSON is read by itself.

use super::tree::{Head, Tree};
use super::{Fault, Form, Node};

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    /// After `[`.
    ValueOrClose,
    /// After `{`.
    KeyOrClose,
    Key,
    Colon,
    CommaOrClose,
    End,
}

/// Reads one JSON text. Duplicate keys are told all at once; a syntax error ends the list.
pub fn json(text: &str, form: &Form) -> Result<Node, Vec<Fault>> {
    let mut tree = Tree::new(form);
    if text.len() > form.max_bytes {
        tree.fault(0..0, format!("the file has {} bytes; at most {} are read", text.len(), form.max_bytes), None);
        return tree.into_result();
    }
    load(text, &mut tree);
    tree.into_result()
}

fn load(text: &str, tree: &mut Tree<'_>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut next = Next::Value;
    loop {
        while bytes.get(at).is_some_and(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
            at += 1;
        }
        let Some(byte) = bytes.get(at) else {
            if next != Next::End && (tree.is_open() || tree.has_root()) {
                tree.fault(at..at, "this is not JSON: the text ends too early", None);
            }
            return;
        };
        let head = Head { span: at..at + 1, ..Head::default() };
        let takes_value = matches!(next, Next::Value | Next::ValueOrClose);
        match byte {
            b'{' if takes_value => {
                tree.open_map(head);
                (at, next) = (at + 1, Next::KeyOrClose);
            }
            b'[' if takes_value => {
                tree.open_list(head);
                (at, next) = (at + 1, Next::ValueOrClose);
            }
            b'}' if matches!(next, Next::KeyOrClose | Next::CommaOrClose) && tree.in_map() => {
                tree.close();
                (at, next) = (at + 1, after_value(tree));
            }
            b']' if matches!(next, Next::ValueOrClose | Next::CommaOrClose) && !tree.in_map() => {
                tree.close();
                (at, next) = (at + 1, after_value(tree));
            }
            b',' if next == Next::CommaOrClose => (at, next) = (at + 1, if tree.in_map() { Next::Key } else { Next::Value }),
            b':' if next == Next::Colon => (at, next) = (at + 1, Next::Value),
            b'"' if takes_value || matches!(next, Next::Key | Next::KeyOrClose) => {
                let Some(end) = string_end(bytes, at) else {
                    return tree.fault(at..at + 1, "this is not JSON: a string without an end", None);
                };
                let token = text.get(at..end).unwrap_or("");
                // Escapes, surrogates and control characters as serde_json reads them.
                let Ok(value) = serde_json::from_str::<String>(token) else {
                    return tree.fault(at..end, "this is not JSON: a string with a bad escape or a control character", None);
                };
                tree.scalar(Head { span: at..end, ..Head::default() }, value, false);
                next = if takes_value { after_value(tree) } else { Next::Colon };
                at = end;
            }
            _ if takes_value => {
                let length = bytes.iter().skip(at).take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
                let token = text.get(at..at + length).unwrap_or("");
                if serde_json::from_str::<serde_json::Value>(token).is_err() {
                    return tree.fault(at..at + 1, "this is not JSON: a value is expected here", None);
                }
                tree.scalar(Head { span: at..at + length, ..Head::default() }, token.to_owned(), true);
                (at, next) = (at + length, after_value(tree));
            }
            _ => {
                let expected = match next {
                    Next::Key | Next::KeyOrClose => "a key in double quotes",
                    Next::Colon => "`:`",
                    Next::End => "the end of the text",
                    Next::CommaOrClose | Next::Value | Next::ValueOrClose => "`,` or the end of the list or object",
                };
                return tree.fault(at..at + 1, format!("this is not JSON: {expected} is expected here"), None);
            }
        }
        if tree.count(at) {
            return;
        }
    }
}

fn after_value(tree: &Tree<'_>) -> Next {
    if tree.is_open() { Next::CommaOrClose } else { Next::End }
}

/// The offset behind the quote that ends the string which begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}
