//! How layers and images are pinned, as far as a template tells.

use super::{Hole, Piece, Unknown, Written};

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

/// Private-use characters that stand for holes while a text is split.
const UNRESOLVED: char = '\u{f0000}';
const PSEUDO: char = '\u{f0001}';

#[cfg(test)]
mod tests {
    use super::super::{Dynamic, DynamicSource};
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
