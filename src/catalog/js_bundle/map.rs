//! The paths in source maps and in esbuild's metafiles. Specifications: ECMA-426, source map format; esbuild API, metafile.
//!
//! Everything else in them (the sources themselves, the mappings) is passed over without being kept.

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::names::Names;
use crate::catalog::Flaw;

/// Adds the packages of a source map.
pub(super) fn read_map(bytes: &[u8], names: &mut Names) -> Result<(), Flaw> {
    // A line that begins with this keeps browsers from running the map.
    let bytes = if bytes.starts_with(b")]}") { bytes.splitn(2, |b| *b == b'\n').nth(1).unwrap_or_default() } else { bytes };
    read(bytes, Part::Map, names).map_err(|e| Flaw::malformed(e.to_string()))
}

/// Adds the packages of a metafile. False where the file is something else: its name may mean anything.
pub(super) fn read_metafile(bytes: &[u8], names: &mut Names) -> bool {
    let mut inputs = Names::default();
    let is_one = read(bytes, Part::Metafile, &mut inputs).is_ok();
    if is_one {
        *names = inputs;
    }
    is_one
}

fn read(bytes: &[u8], part: Part, names: &mut Names) -> serde_json::Result<()> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    Seed { part, names }.deserialize(&mut json)?;
    json.end()
}

#[derive(Clone, Copy)]
enum Part {
    /// A map: `sources`, or `sections` of maps.
    Map,
    /// `sections`.
    Sections,
    /// One of `sections`.
    Section,
    /// `sources`.
    Sources,
    /// One of `sources`.
    Source,
    /// A metafile: `inputs` and `outputs`.
    Metafile,
    /// `inputs`: an object by path.
    Inputs,
}

struct Seed<'n> {
    part: Part,
    names: &'n mut Names,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.part {
            Part::Sections | Part::Sources => deserializer.deserialize_seq(self),
            Part::Map | Part::Section | Part::Metafile | Part::Inputs => deserializer.deserialize_map(self),
            Part::Source => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.part {
            Part::Map | Part::Section => "a source map",
            Part::Sections => "sections",
            Part::Sources => "sources",
            Part::Source => "a path",
            Part::Metafile => "a metafile",
            Part::Inputs => "inputs",
        })
    }

    fn visit_str<E>(self, path: &str) -> Result<(), E> {
        if matches!(self.part, Part::Source) {
            self.names.add_path(path);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(()) // a source without a name
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let part = if matches!(self.part, Part::Sections) { Part::Section } else { Part::Source };
        while seq.next_element_seed(Seed { part, names: &mut *self.names })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut has_inputs, mut has_outputs) = (false, false);
        while let Some(key) = map.next_key::<String>()? {
            let part = match (self.part, key.as_str()) {
                (Part::Map, "sources") => Some(Part::Sources),
                (Part::Map, "sections") => Some(Part::Sections),
                (Part::Section, "map") => Some(Part::Map),
                (Part::Metafile, "inputs") => {
                    has_inputs = true;
                    Some(Part::Inputs)
                }
                (Part::Metafile, "outputs") => {
                    has_outputs = true;
                    None
                }
                (Part::Inputs, path) => {
                    self.names.add_path(path);
                    None
                }
                _ => None,
            };
            match part {
                Some(part) => map.next_value_seed(Seed { part, names: &mut *self.names })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if matches!(self.part, Part::Metafile) && !(has_inputs && has_outputs) {
            return Err(serde::de::Error::custom("no inputs and outputs"));
        }
        Ok(())
    }
}
