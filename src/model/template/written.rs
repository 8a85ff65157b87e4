//! Texts as templates write them, with holes for what is only known at deployment.

use serde::Serialize;

/// A text as a template writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Its pieces, none of them empty.
    pub pieces: Vec<Piece>,
    /// The parameters whose default stands in it; a deployment may override each.
    pub defaults: Vec<String>,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "value")]
pub enum Piece {
    /// As it is.
    Text(String),
    /// Not known from the template.
    Hole(Hole),
}

/// A part of a text that is known at deployment only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hole {
    /// `AWS::Region`, a parameter, `Resource.Attribute`; what stands between the braces when it is shown.
    pub name: String,
    /// Why it is not known.
    pub why: Unknown,
}

/// Why a part of a text is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "value")]
pub enum Unknown {
    /// A pseudo parameter: region, account, partition. It holds no colon, slash or at sign.
    Pseudo,
    /// Read from elsewhere at deployment.
    Dynamic(Dynamic),
    /// Not told by the template; the words of why.
    Unresolved(String),
}

/// Something that a deployment reads a value from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Dynamic {
    /// What it is.
    pub source: DynamicSource,
    /// Its name: of a parameter, an export, an address.
    pub name: String,
    /// True where the reference names one version of it, so that it cannot change.
    pub pinned: bool,
}

/// The kinds of things that a deployment reads values from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DynamicSource {
    /// A parameter of the Systems Manager Parameter Store.
    SsmParameter,
    /// An output of another stack.
    StackOutput,
    /// A data source of Terraform.
    DataSource,
}

impl DynamicSource {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::SsmParameter => "the SSM parameter",
            Self::StackOutput => "the stack output",
            Self::DataSource => "the data source",
        }
    }
}

impl Written {
    /// A text without holes.
    pub fn literal(text: impl Into<String>) -> Self {
        let mut written = Self::default();
        written.push_text(&text.into());
        written
    }

    /// One hole.
    pub fn hole(name: impl Into<String>, why: Unknown) -> Self {
        Self { pieces: vec![Piece::Hole(Hole { name: name.into(), why })], defaults: Vec::new() }
    }

    /// Appends text.
    pub fn push_text(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(before)) => before.push_str(text),
            Some(Piece::Hole(_)) | None if !text.is_empty() => self.pieces.push(Piece::Text(text.to_owned())),
            Some(Piece::Hole(_)) | None => {}
        }
    }

    /// Appends another text.
    pub fn push(&mut self, other: Self) {
        for piece in other.pieces {
            match piece {
                Piece::Text(text) => self.push_text(&text),
                Piece::Hole(_) => self.pieces.push(piece),
            }
        }
        self.defaults.extend(other.defaults);
        self.defaults.sort();
        self.defaults.dedup();
    }

    /// The text, where all of it is known.
    pub fn known(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// What stands before and behind the first `separator` outside holes.
    pub fn split_once(&self, separator: char) -> Option<(Self, Self)> {
        let at = self.pieces.iter().position(|piece| matches!(piece, Piece::Text(text) if text.contains(separator)))?;
        let (mut before, mut behind) = (Self::default(), Self::default());
        for (index, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Text(text) if index == at => {
                    let (head, tail) = text.split_once(separator)?;
                    before.push_text(head);
                    behind.push_text(tail);
                }
                Piece::Text(_) | Piece::Hole(_) => {
                    let side = if index < at { &mut before } else { &mut behind };
                    side.pieces.push(piece.clone());
                }
            }
        }
        before.defaults.clone_from(&self.defaults);
        behind.defaults.clone_from(&self.defaults);
        Some((before, behind))
    }

    /// What follows `prefix`, where the text begins with it outside holes.
    pub fn strip_prefix(&self, prefix: &str) -> Option<Self> {
        let Some((Piece::Text(first), rest)) = self.pieces.split_first() else { return None };
        let mut stripped = Self { pieces: Vec::new(), defaults: self.defaults.clone() };
        stripped.push_text(first.strip_prefix(prefix)?);
        stripped.pieces.extend(rest.iter().cloned());
        Some(stripped)
    }

    /// The text with each hole as `${NAME}`, cut where it is longer than any reference. Not safe to print.
    pub fn shown(&self) -> String {
        let whole = self.to_string();
        match whole.char_indices().nth(MAX_SHOWN) {
            Some((end, _)) => format!("{}… ({} bytes)", whole.split_at(end).0, whole.len()),
            None => whole,
        }
    }

    /// True where nothing is written.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The holes.
    pub fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(hole) => Some(hole),
            Piece::Text(_) => None,
        })
    }

    /// What it is read from at deployment.
    pub fn dynamics(&self) -> impl Iterator<Item = &Dynamic> {
        self.holes().filter_map(|hole| match &hole.why {
            Unknown::Dynamic(dynamic) => Some(dynamic),
            Unknown::Pseudo | Unknown::Unresolved(_) => None,
        })
    }

    /// Why it is not wholly known, of the holes that are no pseudo parameters; `None` where there are none.
    pub fn unresolved(&self) -> Option<String> {
        let words: Vec<String> = self
            .holes()
            .filter_map(|hole| match &hole.why {
                Unknown::Pseudo => None,
                Unknown::Dynamic(dynamic) => Some(format!("it is read from {} {} at deployment", dynamic.source.words(), dynamic.name)),
                Unknown::Unresolved(why) => Some(why.clone()),
            })
            .collect();
        (!words.is_empty()).then(|| words.join("; "))
    }
}

/// Characters of a value that messages show; an ARN or image reference has fewer.
const MAX_SHOWN: usize = 1_000;

/// The text with each hole as `${NAME}`. Not safe to print.
impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Hole(hole) => write!(f, "${{{}}}", hole.name)?,
            }
        }
        Ok(())
    }
}
