//! `-o FMT[@VERSION][=FILE]`: which documents go where.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::str::FromStr;

use super::{text, write_file};
use crate::cli::exit::Failure;
use crate::cli::{listing, output};
use crate::model::printable::printable;
use crate::sbom::{self, Bom, Document};

/// One `-o`.
#[derive(Clone)]
pub(super) struct Output {
    form: Form,
    /// `None`: standard output.
    file: Option<PathBuf>,
}

/// How an SBOM is written.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// For a person.
    Text,
    /// A document, in this version.
    Document(&'static dyn Document, &'static str),
}

impl Output {
    /// Text on standard output.
    pub(super) fn text() -> Self {
        Self { form: Form::Text, file: None }
    }

    /// What is written into a folder where nothing else is asked for.
    pub(super) fn cyclonedx() -> Result<Self, Failure> {
        "cyclonedx-json".parse().map_err(Failure::internal)
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }
}

impl Form {
    /// `cyclonedx-json@1.6`.
    pub(super) fn name(self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Document(document, version) => format!("{}@{version}", document.name()),
        }
    }

    /// Why this can't be written about that subject; `None` where it can.
    pub(super) fn refuses(self, bom: &Bom) -> Option<&'static str> {
        match self {
            Self::Text => None,
            Self::Document(document, _) => document.refuses(bom),
        }
    }

    /// Writes one SBOM.
    pub(super) fn render(self, bom: &Bom, out: &mut dyn Write) -> std::io::Result<()> {
        match self {
            Self::Text => out.write_all(text::page(bom).as_bytes()),
            Self::Document(document, version) => document.render(bom, version, out),
        }
    }
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (form, file) = match text.split_once('=') {
            Some((form, file)) => (form, Some(file)),
            None => (text, None),
        };
        let (name, version) = match form.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (form, None),
        };
        let form = match (name, version) {
            ("text", None) => Form::Text,
            ("text", Some(_)) => return Err("`text` has no versions".into()),
            _ => document(name, version)?,
        };
        let file = match file {
            None | Some("-") => None,
            Some("") => return Err(format!("no file is named after `{name}=`")),
            Some(file) => Some(file.into()),
        };
        Ok(Self { form, file })
    }
}

fn document(name: &str, version: Option<&str>) -> Result<Form, String> {
    let Some(document) = sbom::ALL.iter().find(|document| document.name() == name) else {
        let known: Vec<&str> = std::iter::once("text").chain(sbom::ALL.iter().map(|document| document.name())).collect();
        let near = known.iter().copied().min_by_key(|k| output::distance(&name.to_lowercase(), k));
        let near = near.filter(|k| output::distance(&name.to_lowercase(), k) <= 2);
        let hint = near.map_or_else(|| ".".to_owned(), |k| format!("; did you mean `{k}`?"));
        return Err(format!("there is no format `{}`{hint} The formats are {}", printable(name), known.join(", ")));
    };
    let version = match version {
        None => document.default_version(),
        Some(version) => document.versions().iter().copied().find(|known| *known == version).ok_or_else(|| {
            format!("{name} can't be written in version `{}`; it can in {}", printable(version), document.versions().join(", "))
        })?,
    };
    Ok(Form::Document(*document, version))
}

/// Refuses two outputs to one place.
pub(super) fn validate(outputs: &[Output]) -> Result<(), Failure> {
    let mut seen: Vec<(Option<PathBuf>, &Output)> = Vec::new();
    for one in outputs {
        let place = one.file.as_deref().map(output::identity);
        if let Some((_, other)) = seen.iter().find(|(other, _)| *other == place) {
            let (a, b) = (other.form.name(), one.form.name());
            let to = one.file.as_deref().map_or_else(|| "standard output".to_owned(), output::shown);
            return Err(Failure::usage(format!("`{a}` and `{b}` would both be written to {to}"))
                .hint(format!("name a file of its own: -o {b}=FILE")));
        }
        if let Some(path) = &one.file {
            output::spare_archives(path)?;
        }
        seen.push((place, one));
    }
    Ok(())
}

/// In a folder, files are named for what they are about.
pub(super) fn validate_for_directory(outputs: &[Output]) -> Result<(), Failure> {
    if let Some(named) = outputs.iter().find(|one| one.file.is_some()) {
        return Err(Failure::usage(format!("with --directory, -o names formats alone: -o {}", named.form.name())));
    }
    if outputs.iter().any(|one| matches!(one.form, Form::Text)) {
        return Err(Failure::usage("`text` is for people, and --directory is for machines").hint("-o cyclonedx-json, -o spdx-json"));
    }
    let mut names: Vec<String> = outputs.iter().map(|one| one.form.name()).collect();
    names.sort();
    match names.iter().zip(names.iter().skip(1)).find(|(a, b)| a == b) {
        Some((twice, _)) => Err(Failure::usage(format!("-o {twice} is given twice"))),
        None => Ok(()),
    }
}

/// Writes every output, files first, each whole or not at all; nothing at all where one of them can't be.
pub(super) fn write_all(outputs: &[Output], bom: &Bom, out: &mut dyn Write) -> Result<(), Failure> {
    for one in outputs {
        if let Some(why) = one.form.refuses(bom) {
            return Err(Failure::usage(format!("-o {}: {why}", one.form.name())));
        }
    }
    for one in outputs {
        if let Some(path) = &one.file {
            write_file(path, |file| one.form.render(bom, file))?;
        }
    }
    for one in outputs.iter().filter(|one| one.file.is_none()) {
        let mut page = BufWriter::new(Vec::new());
        one.form.render(bom, &mut page).map_err(|error| Failure::internal(error.to_string()))?;
        let page = page.into_inner().map_err(|error| Failure::internal(error.to_string()))?;
        listing::emit(out, &String::from_utf8_lossy(&page))?;
    }
    Ok(())
}
