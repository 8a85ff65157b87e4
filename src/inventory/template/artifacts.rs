//! What templates name, as artifacts to look at, and what they do not tell, as gaps.

use std::collections::BTreeSet;
use std::path::Path;

use crate::inventory::InventoryError;
use crate::inventory::local::{Target, TargetError};
use crate::model::arn::LayerVersionArn;
use crate::model::artifact::BlobLocation;
use crate::model::function::FunctionCode;
use crate::model::gap::{Gap, GapReason};
use crate::model::image_ref::ImageRef;
use crate::model::inventory::{ImageArtifact, Inventory};
use crate::model::layer::LayerVersion;
use crate::model::observed::Observed;
use crate::model::template::{
    CodeSource, ImagePin, LayerPin, Package, Reference, Referred, S3Source, SourceSpan, Template, TemplateFunction, Written,
};

const LOOK_UP: &str = "Look it up in an account: --region, --profile or --role-arn for a live one, --snapshot DIR for a recorded one.";
const DEPLOYED: &str = "Write the value out, give the parameter a default, or verify the function once it is deployed.";

/// The layer versions that templates name in full, so that they can be looked up in an account.
pub fn layers_named(templates: &[Template]) -> BTreeSet<LayerVersionArn> {
    let looked_at = templates.iter().filter(|template| template.artifacts);
    let references = looked_at.flat_map(|template| &template.functions).flat_map(|function| &function.layers);
    references.filter_map(|reference| known(reference)?.parse().ok()).collect()
}

/// Adds templates to an inventory: the files, layers and images that they name, and a gap for each part that they do not tell. A layer
/// or image that `account` holds is taken from there.
///
/// # Errors
///
/// A local path that is there and cannot be read, or is broken in a way that its author decides.
pub fn add(inventory: &mut Inventory, templates: Vec<Template>, account: Option<&Inventory>) -> Result<(), InventoryError> {
    for template in &templates {
        let mut named = Named { template, account, inventory };
        for part in &template.unlooked {
            let detail = format!("{}: {}", part.place, part.why);
            let reason = GapReason::Unresolved;
            named.gap(&part.name, part.wanted.clone(), reason, detail, &part.next_step);
        }
        for function in &template.functions {
            if function.package == Package::Unknown {
                let detail = format!("{}: its PackageType and its code do not say the same, or are given at deployment", function.place);
                let wanted = "whether it is deployed as a zip or as an image";
                named.gap(&function.name, wanted.into(), GapReason::Unresolved, detail, DEPLOYED);
            }
            for reference in &function.layers {
                named.layer(&function.name, reference);
            }
            for code in &function.code {
                named.code(&function.name, code, Some(function))?;
            }
        }
        for layer in &template.layers {
            for code in &layer.code {
                named.code(&layer.name, code, None)?;
            }
        }
    }
    inventory.templates.extend(templates);
    inventory.gaps.sort();
    inventory.gaps.dedup();
    Ok(())
}

/// The text of a reference, where all of it is known.
fn known(reference: &Reference) -> Option<&str> {
    match &reference.value {
        Referred::Written(written) => written.known(),
        Referred::DefinedHere(_) => None,
    }
}

struct Named<'a> {
    template: &'a Template,
    account: Option<&'a Inventory>,
    inventory: &'a mut Inventory,
}

impl Named<'_> {
    fn gap(&mut self, name: &str, wanted: String, reason: GapReason, detail: String, next_step: &str) {
        let subject = self.template.subject(name);
        self.inventory.gaps.push(Gap { subject, wanted, reason, detail, next_step: next_step.to_owned() });
    }

    /// A gap about a value that the template does not tell. It stands whether or not artifacts are looked at.
    fn unresolved(&mut self, name: &str, wanted: String, place: &SourceSpan, value: &Written, why: &str) {
        self.gap(name, wanted, GapReason::Unresolved, format!("{place}: {}: {why}", value.shown()), DEPLOYED);
    }

    fn layer(&mut self, name: &str, reference: &Reference) {
        let Referred::Written(written) = &reference.value else { return };
        let wanted = || format!("which layer version {} names", reference.property);
        let place = &reference.place;
        match written.layer_pin() {
            LayerPin::Unresolved(why) => self.unresolved(name, wanted(), place, written, &why),
            LayerPin::Version if self.template.artifacts => match written.known().and_then(|text| text.parse::<LayerVersionArn>().ok()) {
                Some(arn) => self.layer_version(arn, place),
                None => {
                    let why = written.unresolved().unwrap_or_else(|| "a part of the ARN is given at deployment".into());
                    self.unresolved(name, wanted(), place, written, &why);
                }
            },
            LayerPin::Dynamic | LayerPin::Unversioned if self.template.artifacts => {
                let why = written.unresolved().unwrap_or_else(|| "it names no version".into());
                self.unresolved(name, wanted(), place, written, &why);
            }
            LayerPin::Version | LayerPin::Dynamic | LayerPin::Unversioned => {}
        }
    }

    fn layer_version(&mut self, arn: LayerVersionArn, place: &SourceSpan) {
        if self.inventory.layers.contains_key(&arn) {
            return;
        }
        if let Some(layer) = self.account.and_then(|account| account.layers.get(&arn)) {
            self.inventory.layers.insert(arn, layer.clone());
            return;
        }
        let detail = match self.account {
            Some(_) => format!("{place}: named by the template; the account that was given does not hold it"),
            None => format!("{place}: named by the template; no account was given to look it up"),
        };
        let reason = if self.account.is_some() { GapReason::NotRecorded } else { GapReason::Unreachable };
        let wanted = "the content of the layer version".to_owned();
        let gap = Gap { subject: arn.to_string(), wanted, reason, detail, next_step: LOOK_UP.into() };
        let layer = LayerVersion {
            arn: arn.clone(),
            content: Observed::Unknown(gap.clone()),
            created: None,
            compatible_runtimes: Vec::new(),
            compatible_architectures: Vec::new(),
            policy: Observed::Unknown(gap),
        };
        self.inventory.layers.insert(arn, layer);
    }

    fn code(&mut self, name: &str, code: &CodeSource, function: Option<&TemplateFunction>) -> Result<(), InventoryError> {
        let looked_at = self.template.artifacts;
        match code {
            CodeSource::Local(reference) => self.local(name, reference)?,
            CodeSource::S3(source) => self.object(name, source),
            CodeSource::Image(reference) => {
                let architecture = function.map_or("x86_64", |function| function.architecture.as_str());
                self.image(name, reference, architecture);
            }
            CodeSource::Inline { place } if looked_at => {
                let detail = format!("{place}: code that stands in the template is no artifact that could be signed");
                self.gap(name, "a signature of the inline code".into(), GapReason::NotBuilt, detail, "Move the code to a zip and sign it.");
            }
            CodeSource::Built { place } if looked_at => {
                let detail = format!("{place}: the image is built from a Dockerfile at packaging");
                self.gap(name, "the image".into(), GapReason::Unresolved, detail, "Build and push the image, and name it by digest.");
            }
            CodeSource::None { place } if looked_at => {
                let detail = format!("{place}: the template names no code");
                self.gap(
                    name,
                    "the code".into(),
                    GapReason::Unresolved,
                    detail,
                    "Name the code, or verify the function once it is deployed.",
                );
            }
            CodeSource::Inline { .. } | CodeSource::Built { .. } | CodeSource::None { .. } => {}
        }
        Ok(())
    }

    fn local(&mut self, name: &str, reference: &Reference) -> Result<(), InventoryError> {
        let Referred::Written(written) = &reference.value else { return Ok(()) };
        let wanted = || format!("the code that {} names", reference.property);
        let Some(path) = written.known() else {
            let why = written.unresolved().unwrap_or_else(|| "a part of the path is given at deployment".into());
            self.unresolved(name, wanted(), &reference.place, written, &why);
            return Ok(());
        };
        if !self.template.artifacts {
            return Ok(());
        }
        let folder = Path::new(&self.template.file).parent().unwrap_or(Path::new(""));
        let path = folder.join(path);
        let given = path.display().to_string();
        match Target::Path(path).artifact(&given, None, "x86_64") {
            Ok(file) if self.inventory.files.iter().any(|other| other.subject == file.subject) => {}
            Ok(file) => self.inventory.files.push(file),
            Err(TargetError::Missing { .. }) => {
                let detail = format!("{}: {given}", reference.place);
                let next_step =
                    "Build it first (sam build, npm run build, terraform plan), then verify the template beside what was built.";
                self.gap(name, wanted(), GapReason::NoSuchFile, detail, next_step);
            }
            Err(error) => return Err(InventoryError::LocalCode { place: reference.place.clone(), error }),
        }
        Ok(())
    }

    fn object(&mut self, name: &str, source: &S3Source) {
        let unresolved = source.bucket.unresolved().or_else(|| source.key.unresolved());
        if let (Some(why), None) = (source.key.unresolved(), &source.version) {
            let wanted = format!("which object {} names", source.property);
            self.unresolved(name, wanted, &source.place, &source.key, &why);
        } else if self.template.artifacts {
            let why = unresolved.unwrap_or_else(|| "no account was given to read it with".into());
            let detail = format!("{}: s3://{}/{}: {why}", source.place, source.bucket.shown(), source.key.shown());
            let next_step = "Verify the zip before it is uploaded, or the function once it is deployed.";
            self.gap(name, "the code in S3".into(), GapReason::Unreachable, detail, next_step);
        }
    }

    fn image(&mut self, name: &str, reference: &Reference, architecture: &str) {
        let Referred::Written(written) = &reference.value else { return };
        let wanted = || format!("which image {} names", reference.property);
        match written.image_pin() {
            ImagePin::Unresolved(why) => self.unresolved(name, wanted(), &reference.place, written, &why),
            ImagePin::Digest if self.template.artifacts => match written.known().and_then(|text| text.parse::<ImageRef>().ok()) {
                Some(image) => self.image_by_digest(&ImageRef { tag: None, ..image }, architecture),
                None => {
                    let why = written.unresolved().unwrap_or_else(|| "a part of it is given at deployment".into());
                    self.unresolved(name, wanted(), &reference.place, written, &why);
                }
            },
            ImagePin::Tag(_) if self.template.artifacts => {
                self.unresolved(name, wanted(), &reference.place, written, "it names no digest, so the image can be another at deployment");
            }
            ImagePin::Digest | ImagePin::Tag(_) => {}
        }
    }

    fn image_by_digest(&mut self, image: &ImageRef, architecture: &str) {
        let is_it = |other: &&ImageRef| other.repository_uri() == image.repository_uri() && other.digest == image.digest;
        let versions = self.account.into_iter().flat_map(|account| &account.functions).flat_map(|function| &function.versions);
        let recorded = versions.into_iter().find_map(|version| match &version.code {
            FunctionCode::Image { resolved, location, .. } => resolved.present().filter(is_it).and(location.present()).cloned(),
            FunctionCode::Zip { .. } => None,
        });
        // The platform is the template's: the account's function may run another one of the same index.
        let recorded = recorded.map(|location| location.for_architecture(architecture));
        let pulled = || BlobLocation::Registry { asked_in: None, image: image.clone(), architecture: architecture.to_owned() };
        let artifact = ImageArtifact { image: image.clone(), location: recorded.unwrap_or_else(pulled) };
        if !self.inventory.images.contains(&artifact) {
            self.inventory.images.push(artifact);
        }
    }
}
