//! `--directory DIR`: one SBOM for each distinct artifact, and an index that says who uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::form::{Form, Output};
use super::{Looked, subject, write_file};
use crate::cli::exit::Failure;
use crate::cli::output::shown;
use crate::model::arn::FunctionArn;
use crate::model::artifact::Subject;
use crate::model::function::{FunctionCode, FunctionVersion};
use crate::model::gap::Gap;
use crate::model::observed::Observed;
use crate::sbom::Bom;
use crate::sbom::function::View;

/// `index.json`.
#[derive(Serialize)]
struct Index {
    schema: &'static str,
    /// Sorted by digest.
    artifacts: Vec<Artifact>,
    /// Sorted by ARN.
    functions: Vec<Function>,
    /// What could not be learned of the account, and artifacts whose bytes could not be had. Sorted.
    gaps: Vec<Gap>,
}

/// One distinct artifact.
#[derive(Serialize)]
struct Artifact {
    /// `sha256:…`; none for a folder.
    digest: Option<String>,
    /// Bytes.
    size: Option<u64>,
    /// ARNs, references or paths that have these bytes.
    subjects: BTreeSet<String>,
    /// Function versions that use it.
    used_by: BTreeSet<String>,
    /// Format to file name.
    documents: BTreeMap<String, String>,
    /// Packages in it.
    packages: usize,
    /// Parts of it that could not be read.
    gaps: usize,
}

/// A function with its own documents.
#[derive(Serialize)]
struct Function {
    arn: String,
    /// Digests or names of what it is put together from, in the order of the merge.
    artifacts: Vec<String>,
    /// View and format to file name; only where functions were asked for by name.
    documents: BTreeMap<String, String>,
}

/// Writes them. Documents come first and the index last, so that an index never names a document that is not there.
pub(super) fn write(
    folder: &Path,
    outputs: &[Output],
    looked: &Looked,
    is_for_functions: bool,
    created: Option<Timestamp>,
) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::internal(format!("cannot make the folder {}: {error}", shown(folder))))?;
    let versions: Vec<&FunctionVersion> = looked.inventory.functions.iter().flat_map(|function| &function.versions).collect();
    let mut users: BTreeMap<Subject, BTreeSet<&FunctionArn>> = BTreeMap::new();
    for version in &versions {
        for part in parts(version) {
            users.entry(part).or_default().insert(&version.arn);
        }
    }
    let mut artifacts: BTreeMap<String, Artifact> = BTreeMap::new();
    let mut gaps = Vec::new();
    for (of, found) in &looked.packages {
        let found = match found {
            Ok(found) => found,
            Err(gap) => {
                gaps.push(gap.clone());
                continue;
            }
        };
        let digest = found.blob.map(|blob| blob.digest);
        let key = digest.map_or_else(|| file_name(&of.to_string()), |digest| format!("sha256-{}", digest.hex()));
        let artifact = match artifacts.entry(key.clone()) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => new.insert(Artifact {
                digest: digest.map(|digest| digest.to_string()),
                size: found.blob.map(|blob| blob.size),
                subjects: BTreeSet::new(),
                used_by: BTreeSet::new(),
                documents: documents(folder, &key, outputs, &Bom { created, ..subject::artifact(of, found) })?,
                packages: found.cataloged.catalog.packages.len(),
                gaps: found.cataloged.catalog.gaps.len(),
            }),
        };
        artifact.subjects.insert(of.to_string());
        artifact.used_by.extend(users.get(of).into_iter().flatten().map(ToString::to_string));
    }
    let mut functions = Vec::new();
    for version in versions {
        let mut written = BTreeMap::new();
        for (view, name) in [(View::Merged, "merged"), (View::Effective, "effective")] {
            if is_for_functions {
                let bom = Bom { created, ..subject::function(version, &looked.packages, view) };
                let stem = format!("{}.{name}", file_name(&format!("{}-{}", version.arn.name, version.version())));
                for (form, file) in documents(folder, &stem, outputs, &bom)? {
                    written.insert(format!("{name} {form}"), file);
                }
            }
        }
        let named = |of: Subject| {
            let digest = looked.packages.get(&of).and_then(|found| found.as_ref().ok()?.blob).map(|blob| blob.digest.to_string());
            digest.unwrap_or_else(|| of.to_string())
        };
        let artifacts = parts(version).into_iter().map(named).collect();
        functions.push(Function { arn: version.arn.to_string(), artifacts, documents: written });
    }
    functions.sort_by(|a, b| a.arn.cmp(&b.arn));
    gaps.extend(looked.inventory.gaps.iter().cloned());
    gaps.sort();
    gaps.dedup();
    let index = Index { schema: "layerproof/sbom-index/v1", artifacts: artifacts.into_values().collect(), functions, gaps };
    write_file(&folder.join("index.json"), |file| {
        serde_json::to_writer_pretty(&mut *file, &index)?;
        file.write_all(b"\n")
    })
}

/// What a function version is put together from, in the order of the merge.
fn parts(version: &FunctionVersion) -> Vec<Subject> {
    let code = match &version.code {
        FunctionCode::Image { resolved: Observed::Present(image), .. } => {
            Subject::Image(crate::model::image_ref::ImageRef { tag: None, ..image.clone() })
        }
        FunctionCode::Image { .. } | FunctionCode::Zip { .. } => Subject::Function(version.arn.clone()),
    };
    version.layers.iter().map(|layer| Subject::Layer(layer.arn.clone())).chain(std::iter::once(code)).collect()
}

/// Writes one SBOM in each format that there can be of it; gives the names of the files by format.
fn documents(folder: &Path, stem: &str, outputs: &[Output], bom: &Bom) -> Result<BTreeMap<String, String>, Failure> {
    let mut written = BTreeMap::new();
    for form in outputs.iter().map(Output::form).filter(|form| form.refuses(bom).is_none()) {
        let file = format!("{stem}.{}", ending(form));
        write_file(&folder.join(&file), |out| form.render(bom, out))?;
        written.insert(form.name(), file);
    }
    Ok(written)
}

/// What tools know the files by.
fn ending(form: Form) -> String {
    match form {
        Form::Text => "txt".into(),
        Form::Document(document, version) if version == document.default_version() => document.ending().into(),
        Form::Document(document, version) => format!("{version}.{}", document.ending()),
    }
}

/// A name as one component of a path.
fn file_name(text: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '$') { c } else { '_' };
    let name: String = text.chars().map(safe).take(200).collect();
    name.trim_start_matches('.').to_owned()
}
