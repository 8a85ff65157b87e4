//! What was looked at, as the subjects of SBOMs.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::artifact::Subject;
use crate::model::function::{FunctionCode, FunctionVersion};
use crate::model::gap::Gap;
use crate::model::observed::Observed;
use crate::sbom::function::{self, Mounted, View};
use crate::sbom::{Bom, BomSubject, HashedFile, SubjectKind};
use crate::scan::{self, ArtifactPackages};
use crate::signature::JudgedSignature;
use crate::store::Integrity;
use crate::unpack::Format;

/// What is known of each artifact.
pub(super) type Packages = BTreeMap<Subject, Result<Arc<ArtifactPackages>, Gap>>;

/// The SBOM of one artifact.
pub(super) fn artifact(of: &Subject, found: &ArtifactPackages) -> Bom {
    let tree = &found.cataloged.contents.tree;
    let hashed = |entry: &crate::unpack::FileEntry| Some(HashedFile { path: entry.path.clone(), size: entry.size, digest: entry.digest? });
    Bom {
        subject: subject(of, Some(found)),
        parts: Vec::new(),
        catalog: Arc::clone(&found.cataloged.catalog),
        files: tree.entries.iter().filter_map(hashed).collect(),
        created: None,
    }
}

/// The SBOM of a function version with all that it is put together from.
pub(super) fn function(version: &FunctionVersion, packages: &Packages, view: View) -> Bom {
    let (code, at) = match &version.code {
        FunctionCode::Zip { .. } => (Subject::Function(version.arn.clone()), "var/task"),
        FunctionCode::Image { resolved: Observed::Present(image), .. } => {
            (Subject::Image(crate::model::image_ref::ImageRef { tag: None, ..image.clone() }), "")
        }
        FunctionCode::Image { resolved: Observed::Absent | Observed::Unknown(_), .. } => (Subject::Function(version.arn.clone()), ""),
    };
    let layers = version.layers.iter().map(|layer| (Subject::Layer(layer.arn.clone()), "opt"));
    let order: Vec<(Subject, &'static str)> = layers.chain(std::iter::once((code, at))).collect();
    // Nobody said where the bytes are.
    let missing: Vec<Gap> = order.iter().map(|(of, _)| scan::nowhere(of)).collect();
    let parts = order
        .iter()
        .zip(&missing)
        .map(|((of, at), missing)| {
            let found = packages.get(of);
            let contents = match found {
                Some(Ok(found)) => Ok((&*found.cataloged.catalog, &found.cataloged.contents.tree)),
                Some(Err(gap)) => Err(gap),
                None => Err(missing),
            };
            Mounted { subject: subject(of, found.and_then(|found| found.as_ref().ok()).map(|found| &**found)), at, contents }
        })
        .collect();
    let mut properties = BTreeMap::from([
        ("layerproof:architecture".to_owned(), version.architecture.clone()),
        ("layerproof:view".to_owned(), if view == View::Effective { "effective" } else { "merged" }.to_owned()),
    ]);
    properties.extend(version.runtime.iter().map(|runtime| ("layerproof:runtime".to_owned(), runtime.clone())));
    if view == View::Effective && version.layers.len() > 1 {
        let order = "AWS documents the order of the merge; that the later layer wins is known at second hand only";
        properties.insert("layerproof:layer-order".into(), order.into());
    }
    let of = BomSubject {
        kind: SubjectKind::Function,
        name: version.arn.name.clone(),
        version: Some(version.version().to_owned()),
        arn: Some(version.arn.to_string()),
        digest: None,
        size: None,
        signatures: Vec::new(),
        properties,
    };
    function::function(of, version.runtime.as_deref(), parts, view)
}

fn subject(of: &Subject, found: Option<&ArtifactPackages>) -> BomSubject {
    let (name, version, arn) = match of {
        Subject::Function(arn) => (arn.name.clone(), arn.qualifier.clone(), Some(arn.to_string())),
        Subject::Layer(arn) => (arn.name.clone(), Some(arn.version.to_string()), Some(arn.to_string())),
        Subject::Image(image) => (image.to_string(), None, Some(image.to_string())),
        Subject::File(path) => (path.rsplit(['/', ':']).find(|part| !part.is_empty()).unwrap_or(path).to_owned(), None, None),
    };
    let kind = match (of, found.map(|found| found.cataloged.contents.format)) {
        (Subject::Image(_), _) | (_, Some(Format::Image)) => SubjectKind::Image,
        (_, Some(Format::Directory)) => SubjectKind::Directory,
        (_, Some(Format::Zip | Format::Unrecognised) | None) => SubjectKind::Zip,
    };
    let mut properties = BTreeMap::new();
    let mut signatures = Vec::new();
    if let Some(found) = found {
        signatures.extend(found.signatures.iter().map(told));
        if let Integrity::Mismatch { expected, .. } = found.integrity {
            properties.insert("layerproof:claimed".into(), format!("other bytes are claimed: {expected}"));
        }
        if let Some(image) = &found.cataloged.image {
            properties.insert("layerproof:architecture".into(), image.architecture.clone());
            properties.insert("layerproof:manifest".into(), image.manifest_digest.to_string());
            properties.extend(image.index_digest.map(|index| ("layerproof:index".to_owned(), index.to_string())));
            for (place, layer) in image.layers.iter().enumerate() {
                properties.insert(format!("layerproof:layer:{place:03}"), format!("{} {} bytes", layer.digest, layer.size));
            }
        }
    }
    let blob = found.and_then(|found| found.blob);
    BomSubject { kind, name, version, arn, digest: blob.map(|b| b.digest), size: blob.map(|b| b.size), signatures, properties }
}

/// A signature that is there, in one line. Whether anybody trusts it is for `verify`.
fn told(signature: &JudgedSignature) -> String {
    let presented = &signature.presented;
    let mut line = signature.scheme.to_owned();
    if !signature.location.is_empty() {
        line += &format!(" in {}", signature.location);
    }
    for (word, value) in [
        ("form", &presented.form),
        ("signer", &presented.signer),
        ("profile", &presented.profile_version_arn),
        ("predicate", &presented.predicate_type),
    ] {
        if let Some(value) = value {
            line += &format!("; {word} {value}");
        }
    }
    line + "; not judged"
}
