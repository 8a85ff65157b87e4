//! Which artifacts an inventory asks for, and what AWS claims about each.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::evidence::Attested;
use crate::model::arn::{FunctionArn, LayerVersionArn};
use crate::model::artifact::{BlobLocation, ServiceSigning, Subject};
use crate::model::digest::ClaimedDigest;
use crate::model::function::FunctionCode;
use crate::model::gap::{Gap, GapReason};
use crate::model::inventory::Inventory;
use crate::model::observed::Observed;

/// An artifact to look at.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What it is.
    pub subject: Subject,
    /// Where its bytes are, or why that is not known.
    pub location: Observed<BlobLocation>,
    /// For an image: the other platforms of it that function versions run. All have to be looked at.
    pub platforms: Vec<BlobLocation>,
    /// The digest that an API answer or a reference claims.
    pub claimed: Option<ClaimedDigest>,
    /// The size that an API answer claims, bytes.
    pub claimed_size: Option<u64>,
    /// What AWS states about a signature.
    pub attested: Attested,
}

/// Every artifact of an inventory, once per subject: the code of each function version, each layer version, each distinct image.
pub fn wanted(inventory: &Inventory) -> Vec<Wanted> {
    let mut wanted = BTreeMap::new();
    for version in inventory.functions.iter().flat_map(|f| &f.versions) {
        match &version.code {
            FunctionCode::Zip { code_sha256, code_size, location, signing, .. } => {
                let subject = Subject::Function(version.arn.clone());
                let attested = Attested { signing: signing.clone(), ..Attested::default() };
                let item = Wanted {
                    subject: subject.clone(),
                    location: location.clone(),
                    platforms: Vec::new(),
                    claimed: Some(*code_sha256),
                    claimed_size: Some(*code_size),
                    attested,
                };
                wanted.insert(subject, item);
            }
            FunctionCode::Image { resolved, location, image_uri } => {
                // Without a digest there is no image to speak of: the subject is then the function version, and the gap says why.
                let (subject, claimed, location) = match resolved {
                    Observed::Present(image) => {
                        let subject = Subject::Image(crate::model::image_ref::ImageRef { tag: None, ..image.clone() });
                        (subject, image.digest, location.clone())
                    }
                    Observed::Unknown(gap) => (Subject::Function(version.arn.clone()), None, Observed::Unknown(gap.clone())),
                    Observed::Absent => {
                        let uri = image_uri.present().map(ToString::to_string).unwrap_or_default();
                        (Subject::Function(version.arn.clone()), None, Observed::Unknown(unresolved(&version.arn, uri)))
                    }
                };
                match wanted.entry(subject) {
                    Entry::Vacant(vacant) => {
                        let subject = vacant.key().clone();
                        let attested = Attested::default();
                        vacant.insert(Wanted { subject, location, platforms: Vec::new(), claimed, claimed_size: None, attested });
                    }
                    Entry::Occupied(mut occupied) => {
                        let Wanted { location: first, platforms, .. } = occupied.get_mut();
                        if let Observed::Present(other) = location
                            && first.present() != Some(&other)
                            && !platforms.contains(&other)
                        {
                            platforms.push(other);
                        }
                    }
                }
            }
        }
    }
    let uses = statements_of_uses(inventory);
    for (arn, layer) in &inventory.layers {
        let subject = Subject::Layer(arn.clone());
        let (location, claimed, claimed_size, signing) = match &layer.content {
            Observed::Present(content) => {
                (Observed::Present(content.location.clone()), Some(content.code_sha256), Some(content.code_size), content.signing.clone())
            }
            Observed::Unknown(gap) => (Observed::Unknown(gap.clone()), None, None, ServiceSigning::default()),
            Observed::Absent => (Observed::Absent, None, None, ServiceSigning::default()),
        };
        // Where the layer itself could not be asked for, there is nothing that a use could disagree with.
        let disagreeing_uses = match &layer.content {
            Observed::Present(_) => uses
                .get(arn)
                .into_iter()
                .flatten()
                .filter(|(_, stated)| **stated != signing)
                .map(|(f, s)| ((*f).clone(), (*s).clone()))
                .collect(),
            Observed::Absent | Observed::Unknown(_) => Vec::new(),
        };
        let attested = Attested { signing, disagreeing_uses };
        wanted.insert(subject.clone(), Wanted { subject, location, platforms: Vec::new(), claimed, claimed_size, attested });
    }
    for file in &inventory.files {
        let item = Wanted {
            subject: file.subject.clone(),
            location: Observed::Present(file.location.clone()),
            platforms: Vec::new(),
            claimed: file.claimed,
            claimed_size: None,
            attested: Attested::default(),
        };
        wanted.insert(file.subject.clone(), item);
    }
    for named in &inventory.images {
        let subject = Subject::Image(named.image.clone());
        match wanted.entry(subject) {
            Entry::Vacant(vacant) => {
                let (subject, claimed) = (vacant.key().clone(), named.image.digest);
                let (location, attested) = (Observed::Present(named.location.clone()), Attested::default());
                vacant.insert(Wanted { subject, location, platforms: Vec::new(), claimed, claimed_size: None, attested });
            }
            Entry::Occupied(mut occupied) => {
                let Wanted { location, platforms, .. } = occupied.get_mut();
                if location.present() != Some(&named.location) && !platforms.contains(&named.location) {
                    platforms.push(named.location.clone());
                }
            }
        }
    }
    wanted.into_values().collect()
}

/// What the configurations of functions state about the layers that they use.
fn statements_of_uses(inventory: &Inventory) -> BTreeMap<&LayerVersionArn, Vec<(&FunctionArn, &ServiceSigning)>> {
    let mut uses: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for version in inventory.functions.iter().flat_map(|f| &f.versions) {
        for layer in &version.layers {
            uses.entry(&layer.arn).or_default().push((&version.arn, &layer.signing));
        }
    }
    uses
}

fn unresolved(function: &FunctionArn, uri: String) -> Gap {
    Gap {
        subject: function.to_string(),
        wanted: "the digest of the image that it runs".into(),
        reason: GapReason::NotRecorded,
        detail: uri,
        next_step: "Record GetFunction for this version again; its answer carries ResolvedImageUri.".into(),
    }
}
