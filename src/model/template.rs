//! Templates: what is about to be deployed, as a file says it, with the place of every reference.
//!
//! A value is what the file writes, piece by piece. What is only known at deployment stays a [`Hole`] with its reason: nothing is guessed.

use serde::Serialize;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SourceSpan {
    /// The file as the user named it. Print through `printable`.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// `FILE:LINE:COLUMN`, safe to print.
impl std::fmt::Display for SourceSpan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", super::printable::printable(&self.file), self.line, self.column)
    }
}

/// One template.
#[derive(Debug, Clone, Serialize)]
pub struct Template {
    /// The file as the user named it. Print through `printable`.
    pub file: String,
    /// What it is.
    pub format: TemplateFormat,
    /// The functions that it deploys.
    pub functions: Vec<TemplateFunction>,
    /// The layer versions that it publishes.
    pub layers: Vec<TemplateLayer>,
    /// Parts that were not looked at, or could not be understood.
    pub unlooked: Vec<Unlooked>,
    /// True where what the template names is looked at too; false under `--references-only`.
    pub artifacts: bool,
}

impl Template {
    /// Functions and layers.
    pub fn resources(&self) -> usize {
        self.functions.len() + self.layers.len()
    }

    /// How findings and gaps name a resource: `FILE#NAME`. A leading `./` is left out, so that two spellings are one subject.
    pub fn subject(&self, name: &str) -> String {
        let file = self.file.trim_start_matches("./");
        format!("{}#{}", super::printable::printable(file), super::printable::printable(name))
    }
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TemplateFormat {
    /// AWS CloudFormation, in YAML or JSON.
    CloudFormation,
    /// AWS SAM: CloudFormation with the transform `AWS::Serverless-2016-10-31`.
    Sam,
    /// What `terraform show -json PLAN` prints.
    TerraformPlan,
}

/// A function.
#[derive(Debug, Clone, Serialize)]
pub struct TemplateFunction {
    /// Logical id, or address in Terraform.
    pub name: String,
    /// Where the resource stands.
    pub place: SourceSpan,
    /// `PackageType`, or what the code says where it is left out.
    pub package: Package,
    /// Where its code comes from; several where a condition decides.
    pub code: Vec<CodeSource>,
    /// The layers that it names, in order.
    pub layers: Vec<Reference>,
    /// Its code signing configuration; several states where a condition decides.
    pub code_signing: Vec<CodeSigning>,
    /// `x86_64` or `arm64`; Lambda's default where the template names none.
    pub architecture: String,
}

/// What a function is deployed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Package {
    /// A zip.
    Zip,
    /// A container image.
    Image,
    /// The template does not tell.
    Unknown,
}

/// Whether a function has a code signing configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum CodeSigning {
    /// The template gives it one.
    Set {
        /// Where.
        place: SourceSpan,
        /// The condition's words, where one decides.
        when: Option<String>,
    },
    /// It gives it none.
    None {
        /// Where none is given: the property where one is written, else the resource.
        place: SourceSpan,
        /// The condition's words, where one decides.
        when: Option<String>,
    },
}

/// A layer version.
#[derive(Debug, Clone, Serialize)]
pub struct TemplateLayer {
    /// Logical id, or address in Terraform.
    pub name: String,
    /// Where the resource stands.
    pub place: SourceSpan,
    /// Where its content comes from.
    pub code: Vec<CodeSource>,
}

/// Where code comes from.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum CodeSource {
    /// A file or folder beside the template.
    Local(Reference),
    /// An S3 object.
    S3(S3Source),
    /// An image in a registry.
    Image(Reference),
    /// Written in the template itself.
    Inline {
        /// Where.
        place: SourceSpan,
    },
    /// An image that a Dockerfile makes.
    Built {
        /// Where it says so.
        place: SourceSpan,
    },
    /// The template names none.
    None {
        /// The resource.
        place: SourceSpan,
    },
}

/// An S3 object that code is taken from.
#[derive(Debug, Clone, Serialize)]
pub struct S3Source {
    /// `CodeUri`, `Code.S3Key`, `Content.S3Key`, …
    pub property: String,
    /// Where the key stands.
    pub place: SourceSpan,
    /// The bucket.
    pub bucket: Written,
    /// The key.
    pub key: Written,
    /// The object version, where one is given.
    pub version: Option<Written>,
    /// True in storage mode REFERENCE, in which Lambda keeps no copy.
    pub reference_mode: bool,
    /// The condition's words, where one decides.
    pub when: Option<String>,
}

/// A value that names a layer, an image or a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// The property, without index: `Layers`, `Code.ImageUri`.
    pub property: String,
    /// Where the value stands.
    pub place: SourceSpan,
    /// What is written.
    pub value: Referred,
    /// Where the value is read from at deployment, though the file may already show it: a Terraform data source.
    pub via: Vec<Dynamic>,
    /// The condition's words, where one decides: `where IsProd holds`.
    pub when: Option<String>,
}

/// What a reference names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "value")]
pub enum Referred {
    /// A resource of the same template, by its name.
    DefinedHere(String),
    /// A text.
    Written(Written),
}

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

/// A part of a template that was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unlooked {
    /// Name of the resource, or of the part.
    pub name: String,
    /// Where.
    pub place: SourceSpan,
    /// What was wanted, completing "could not learn …".
    pub wanted: String,
    /// Why not.
    pub why: String,
    /// What to do.
    pub next_step: String,
}

/// How a layer reference is pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerPin {
    /// It ends in the number of a version.
    Version,
    /// It names no version, or one that moves.
    Unversioned,
    /// It is read from elsewhere at deployment.
    Dynamic,
    /// The template does not tell; the words of why.
    Unresolved(String),
}

/// How an image reference is pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImagePin {
    /// It carries a digest.
    Digest,
    /// It carries this tag and no digest; `None` where it carries neither, which means `latest`.
    Tag(Option<String>),
    /// The template does not tell; the words of why.
    Unresolved(String),
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

    /// How a layer that is written so is pinned.
    pub fn layer_pin(&self) -> LayerPin {
        if self.dynamics().next().is_some() {
            return LayerPin::Dynamic;
        }
        let unresolved = self.unresolved();
        // A colon in a piece separates; one inside a hole is not seen.
        let text = self.marked();
        let parts: Vec<&str> = text.split(':').collect();
        let (Some(last), true) = (parts.last(), parts.len() > 1) else {
            // A bare name names no version; of a bare hole nothing is known.
            return match unresolved {
                Some(why) => LayerPin::Unresolved(why),
                None => LayerPin::Unversioned,
            };
        };
        let open = |part: &str| part.contains(UNRESOLVED);
        // `arn:P:lambda:R:A:layer:NAME` has seven parts, and with a version eight.
        let is_arn = parts.first() == Some(&"arn");
        let is_version = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()) && !last.starts_with('0');
        if open(last) {
            return LayerPin::Unresolved(unresolved.unwrap_or_default());
        }
        let names_layer_alone = parts.len() == 7 && parts.get(5) == Some(&"layer");
        if is_arn && parts.len() < 8 {
            // An unresolved part before the last may hold colons of its own.
            return match unresolved.filter(|_| is_version && !names_layer_alone) {
                Some(_) => LayerPin::Version,
                None => LayerPin::Unversioned,
            };
        }
        // Outside an ARN only an unresolved beginning can be a layer's ARN; a bare `name:7` is none.
        let may_be_arn = is_arn || parts.first().is_some_and(|first| open(first));
        if is_version && may_be_arn { LayerPin::Version } else { LayerPin::Unversioned }
    }

    /// How an image that is written so is pinned.
    pub fn image_pin(&self) -> ImagePin {
        let unresolved = || self.unresolved().unwrap_or_default();
        let text = self.marked();
        let open = |part: &str| part.contains(UNRESOLVED);
        if let Some((_, digest)) = text.rsplit_once('@') {
            // Only a digest can stand behind an at sign.
            let good = digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
            return if good || open(digest) { ImagePin::Digest } else { ImagePin::Unresolved("its digest is no SHA-256".into()) };
        }
        let name = text.rsplit_once('/').map_or(text.as_str(), |(_, name)| name);
        match name.rsplit_once(':') {
            // A parameter can bring a digest behind the tag.
            Some((_, tag)) if open(tag) => ImagePin::Unresolved(unresolved()),
            Some((_, tag)) => ImagePin::Tag(Some(tag.replace(PSEUDO, "*"))),
            None if open(name) => ImagePin::Unresolved(unresolved()),
            None => ImagePin::Tag(None),
        }
    }

    /// The text with a character for each hole, so that it can be split.
    fn marked(&self) -> String {
        let mark = |piece: &Piece| match piece {
            Piece::Text(text) => text.replace([UNRESOLVED, PSEUDO], "\u{fffd}"),
            Piece::Hole(Hole { why: Unknown::Pseudo, .. }) => PSEUDO.to_string(),
            Piece::Hole(Hole { why: Unknown::Dynamic(_) | Unknown::Unresolved(_), .. }) => UNRESOLVED.to_string(),
        };
        self.pieces.iter().map(mark).collect()
    }
}

/// Characters of a value that messages show; an ARN or image reference has fewer.
const MAX_SHOWN: usize = 1_000;

/// Private-use characters that stand for holes while a text is split.
const UNRESOLVED: char = '\u{f0000}';
const PSEUDO: char = '\u{f0001}';

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

#[cfg(test)]
mod tests {
    use super::*;

    /// `{region}` is a pseudo parameter, `{x}` is not resolved, `{ssm}` is dynamic.
    fn written(text: &str) -> Written {
        let mut out = Written::default();
        for (i, part) in text.split(['{', '}']).enumerate() {
            if i % 2 == 0 {
                out.push_text(part);
                continue;
            }
            let dynamic = Dynamic { source: DynamicSource::SsmParameter, name: "/x".into(), pinned: false };
            out.push(Written::hole(
                part,
                match part {
                    "region" => Unknown::Pseudo,
                    "ssm" => Unknown::Dynamic(dynamic),
                    _ => Unknown::Unresolved("a parameter without default".into()),
                },
            ));
        }
        out
    }

    #[test]
    fn a_layer_is_pinned_by_a_literal_version_alone() {
        let why = || LayerPin::Unresolved("a parameter without default".into());
        for (text, pin) in [
            ("arn:aws:lambda:eu-west-1:111122223333:layer:deps:7", LayerPin::Version),
            ("arn:{region}:lambda:{region}:111122223333:layer:deps:7", LayerPin::Version),
            ("arn:aws:lambda:{region}:{x}:layer:{x}:7", LayerPin::Version),
            ("{x}:7", LayerPin::Version),
            ("arn:aws:lambda:{x}:7", LayerPin::Version),
            ("arn:aws:lambda:eu-west-1:111122223333:layer:deps", LayerPin::Unversioned),
            ("arn:aws:lambda:eu-west-1:111122223333:layer:7", LayerPin::Unversioned),
            ("arn:aws:lambda:eu-west-1:111122223333:layer:deps:", LayerPin::Unversioned),
            ("arn:aws:lambda:eu-west-1:111122223333:layer:deps:latest", LayerPin::Unversioned),
            ("arn:aws:lambda:eu-west-1:111122223333:layer:deps:$LATEST", LayerPin::Unversioned),
            ("arn:aws:lambda:eu-west-1:111122223333:layer:deps:0", LayerPin::Unversioned),
            ("arn:aws:lambda:{region}:111122223333:layer:deps-{region}", LayerPin::Unversioned),
            ("{x}:latest", LayerPin::Unversioned),
            ("deps", LayerPin::Unversioned),
            ("deps:7", LayerPin::Unversioned),
            ("{x}", why()),
            ("arn:aws:lambda:eu-west-1:111122223333:layer:{x}", why()),
            ("arn:aws:lambda:eu-west-1:111122223333:layer:deps:{x}", why()),
            ("{ssm}", LayerPin::Dynamic),
            ("arn:aws:lambda:eu-west-1:111122223333:layer:deps:{ssm}", LayerPin::Dynamic),
        ] {
            assert_eq!(written(text).layer_pin(), pin, "{text}");
        }
    }

    #[test]
    fn an_image_is_pinned_by_a_digest_alone() {
        let hex = "0".repeat(64);
        let tag = |tag: &str| ImagePin::Tag(Some(tag.into()));
        let why = || ImagePin::Unresolved("a parameter without default".into());
        for (text, pin) in [
            (format!("r.io/app@sha256:{hex}"), ImagePin::Digest),
            (format!("{{x}}:v1@sha256:{hex}"), ImagePin::Digest),
            ("r.io/app@{x}".into(), ImagePin::Digest),
            ("r.io/app@sha256:00".into(), ImagePin::Unresolved("its digest is no SHA-256".into())),
            ("r.io:5000/app".into(), ImagePin::Tag(None)),
            ("{region}.dkr.ecr.{region}.amazonaws.com/app:v1".into(), tag("v1")),
            ("{x}:latest".into(), tag("latest")),
            ("{x}/app".into(), ImagePin::Tag(None)),
            ("{x}".into(), why()),
            ("r.io/app:{x}".into(), why()),
            ("r.io/{x}".into(), why()),
        ] {
            assert_eq!(written(&text).image_pin(), pin, "{text}");
        }
    }
}
