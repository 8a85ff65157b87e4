//! What stands beside an image in its OCI layout, or beside any digest in one that was put together from a registry.
//!
//! Looked for (OCI image-spec 1.1, manifest.md "subject"; distribution-spec 1.1, "Referrers Tag Schema"; cosign's tag scheme): manifests
//! whose `subject` is the target, and the tags `sha256-HEX`, `sha256-HEX.sig` and `sha256-HEX.att`. A target is the artifact itself, and each
//! index of the layout that lists its manifest (DESIGN §4 rule 7): that an index is signed says something about a manifest only where that
//! very index lists it, by our own reading.

use std::collections::{BTreeSet, VecDeque};

use super::document::{Descriptor, Document, SignatureTag, TagKind};
use super::manifest::{Reader, Standing};
use super::{Budget, Found, malformed, too_large};
use crate::model::artifact::Subject;
use crate::model::attachment::{Attachments, Target, TargetRole};
use crate::model::digest::{ClaimedDigest, Digest};
use crate::model::gap::{Gap, GapReason};
use crate::unpack::image::SmallBlob;
use crate::unpack::{Layout, Limits};

/// Descriptors of one layout that are looked at. A build has a handful; a mirror of a registry some hundreds.
const MAX_DESCRIPTORS: usize = 4_096;
/// An index within an index within an index is already more than tools write.
const MAX_DEPTH: usize = 4;
/// Indexes that list one manifest.
const MAX_INDEXES_ABOVE: usize = 16;

/// What stands beside the image whose manifest or index is `digest`, and that manifest or index as a target for what stands elsewhere, where
/// it could be read. Each manifest and blob is held against the digest that names it.
pub fn attachments(layout: &Layout, subject: &Subject, digest: Digest, limits: &Limits) -> (Found, Option<Target>) {
    let subject = subject.to_string();
    let mut walk = Walk::new(layout, limits, digest);
    let own = match walk.document(&digest.into()) {
        Ok(Read { document: own, size, computed: _ }) => {
            walk.run();
            let described = walk.described.clone();
            let target = Target { digest, size, media_type: own.media_type(&described), role: TargetRole::Itself };
            let platforms = own.manifests.into_iter().map(|listed| listed.digest).collect();
            Ok((target, platforms))
        }
        Err(NotRead::Missing) => Err("the layout does not hold it".to_owned()),
        Err(NotRead::Bad(detail)) => Err(detail),
    };
    match own {
        Ok((target, platforms)) => (walk.finish(&subject, target.clone(), &platforms), Some(target)),
        Err(detail) => {
            let gap = Problem { about: None, what: digest.to_string(), detail, was_not_had: layout.is_in_store() }.gap(&subject);
            (Found { attachments: Attachments { found: Vec::new(), gaps: vec![gap] }, notes: Vec::new() }, None)
        }
    }
}

/// What stands in `layout` beside a target that need not be there itself, such as a zip.
pub fn attachments_of(layout: &Layout, subject: &Subject, target: Target, limits: &Limits) -> Found {
    let mut walk = Walk::new(layout, limits, target.digest);
    walk.run();
    walk.finish(&subject.to_string(), target, &BTreeSet::new())
}

struct Walk<'a> {
    layout: &'a Layout,
    limits: &'a Limits,
    /// `sha256:…` of the artifact.
    own: String,
    /// The media type of the artifact by the descriptor that lists it.
    described: String,
    entries: Vec<Entry>,
    /// Digests that were looked at, and as what: what is nobody's elsewhere may be this image's there.
    seen: BTreeSet<(String, Option<SignatureTag>, Option<String>)>,
    problems: Vec<Problem>,
}

/// A manifest or index that may matter: whom it is about, and where to read it again.
struct Entry {
    /// Computed.
    digest: Digest,
    size: u64,
    media_type: String,
    tag: Option<SignatureTag>,
    /// The digest whose list of referrers has it, hexadecimal.
    listed_for: Option<String>,
    /// Its `subject`.
    subject: Option<String>,
    /// The signature's type in the descriptor that led to it.
    described: Option<String>,
    is_signature: bool,
    lists_own: bool,
}

/// Something that could not be read.
struct Problem {
    /// The digest that it is about, hexadecimal, where that is known. What is missing of another image's is no problem of this one's.
    about: Option<String>,
    what: String,
    detail: String,
    was_not_had: bool,
}

/// A descriptor to look at, how deep it stands, and whose list of referrers has it.
struct Todo {
    descriptor: Descriptor,
    depth: usize,
    listed_for: Option<String>,
}

/// A manifest or index, its size and its computed digest.
struct Read {
    document: Document,
    size: u64,
    computed: Digest,
}

enum NotRead {
    Missing,
    Bad(String),
}

impl<'a> Walk<'a> {
    fn new(layout: &'a Layout, limits: &'a Limits, digest: Digest) -> Self {
        Self {
            layout,
            limits,
            own: digest.to_string(),
            described: String::new(),
            entries: Vec::new(),
            seen: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    fn run(&mut self) {
        let index = match self.layout.index_json(self.limits) {
            Ok(Some(bytes)) => serde_json::from_slice::<Document>(&bytes).map_err(|e| e.to_string()),
            Ok(None) => Err("it is too long".into()),
            Err(error) => Err(error.to_string()),
        };
        let index = match index {
            Ok(index) => index,
            Err(detail) => return self.problem(None, "index.json", detail),
        };
        let top = index.manifests.into_iter().take(MAX_DESCRIPTORS.saturating_add(1));
        let mut queue: VecDeque<Todo> = top.map(|descriptor| Todo { descriptor, depth: 0, listed_for: None }).collect();
        let mut taken = 0_usize;
        while let Some(todo) = queue.pop_front() {
            taken = taken.saturating_add(1);
            if taken > MAX_DESCRIPTORS {
                return self.problem(None, "index.json", format!("more than {MAX_DESCRIPTORS} descriptors"));
            }
            self.look(todo, &mut queue);
        }
    }

    fn look(&mut self, todo: Todo, queue: &mut VecDeque<Todo>) {
        let Todo { descriptor, depth, listed_for } = todo;
        let tag = descriptor.tag();
        if descriptor.digest == self.own {
            self.described = descriptor.media_type;
            return;
        }
        if !self.seen.insert((descriptor.digest.clone(), tag.clone(), listed_for.clone())) {
            return;
        }
        let about = tag.as_ref().map(|tag| tag.hex.clone()).or_else(|| listed_for.clone());
        let digest = match ClaimedDigest::from_oci(&descriptor.digest) {
            Ok(digest) => digest,
            Err(error) => return self.problem(about, &descriptor.digest, error.to_string()),
        };
        let Read { document, size, computed } = match self.document(&digest) {
            Ok(read) => read,
            // Whoever copies an image for one platform leaves the others behind, and what a builder put beside them.
            Err(NotRead::Missing) if depth > 0 && listed_for.is_none() => return,
            Err(NotRead::Missing) => {
                let detail = format!("the layout does not hold it ({})", descriptor.media_type);
                return self.problems.push(Problem { about, what: descriptor.digest, detail, was_not_had: self.layout.is_in_store() });
            }
            Err(NotRead::Bad(detail)) => return self.problem(about, &descriptor.digest, detail),
        };
        let list_of = tag.as_ref().filter(|tag| tag.kind == TagKind::List).map(|tag| tag.hex.clone());
        if !document.manifests.is_empty() && depth >= MAX_DEPTH {
            return self.problem(about, &descriptor.digest, "indexes are nested too deep".into());
        }
        let is_list = tag.is_some() || listed_for.is_some();
        let described = descriptor.signature_type().map(str::to_owned);
        self.entries.push(Entry {
            digest: computed,
            size,
            media_type: document.media_type(&descriptor.media_type),
            subject: document.subject.as_ref().map(|subject| subject.digest.clone()),
            is_signature: document.signature_type().is_some() || described.is_some(),
            lists_own: !is_list && document.lists(&self.own),
            described,
            tag,
            listed_for,
        });
        let depth = depth.saturating_add(1);
        let room = MAX_DESCRIPTORS.saturating_add(1).saturating_sub(queue.len());
        let below = document.manifests.into_iter().take(room);
        queue.extend(below.map(|descriptor| Todo { descriptor, depth, listed_for: list_of.clone() }));
    }
    fn document(&self, digest: &ClaimedDigest) -> Result<Read, NotRead> {
        let bytes = match self.layout.small_blob(digest, self.limits) {
            Ok(SmallBlob::Bytes(bytes)) => bytes,
            Ok(SmallBlob::Missing) => return Err(NotRead::Missing),
            Ok(SmallBlob::Refused(why)) => return Err(NotRead::Bad(why)),
            Err(error) => return Err(NotRead::Bad(error.to_string())),
        };
        let document = serde_json::from_slice(&bytes).map_err(|error| NotRead::Bad(error.to_string()))?;
        Ok(Read { document, size: bytes.len() as u64, computed: Digest::of(&bytes) })
    }

    fn problem(&mut self, about: Option<String>, what: &str, detail: String) {
        self.problems.push(Problem { about, what: what.to_owned(), detail, was_not_had: false });
    }

    /// Everything beside the target and the indexes above it, in this order.
    fn finish(self, subject: &str, target: Target, platforms: &BTreeSet<String>) -> Found {
        let mut found = Found::default();
        let above: BTreeSet<(Digest, u64, &str)> = self
            .entries
            .iter()
            .filter(|entry| entry.lists_own)
            .map(|entry| (entry.digest, entry.size, entry.media_type.as_str()))
            .collect();
        if above.len() > MAX_INDEXES_ABOVE {
            let detail = format!("more than {MAX_INDEXES_ABOVE} indexes list the manifest");
            found.attachments.gaps.push(too_large(subject, "indexes_above", detail));
        }
        let above = above.into_iter().take(MAX_INDEXES_ABOVE).map(|(digest, size, media_type)| Target {
            digest,
            size,
            media_type: media_type.to_owned(),
            role: TargetRole::IndexAbove,
        });
        let targets: Vec<Target> = std::iter::once(target).chain(above).collect();
        for target in &targets {
            self.collect(subject, target, &mut found);
        }
        let hexes: BTreeSet<String> = targets.iter().map(|target| target.digest.hex()).collect();
        let concerns = |problem: &&Problem| problem.about.as_ref().is_none_or(|about| hexes.contains(about));
        // One says that there may be more; what a layout holds decides how many there are.
        let mut problems: Vec<&Problem> = self.problems.iter().filter(concerns).collect();
        problems.sort_by_key(|problem| problem.was_not_had);
        found.attachments.gaps.extend(problems.first().map(|problem| problem.gap(subject)));
        if !found.attachments.found.iter().any(|attachment| attachment.target.role == TargetRole::Itself) {
            found.notes.extend(platforms.iter().filter_map(|platform| self.signed_platform(subject, platform)));
        }
        found
    }

    fn collect(&self, subject: &str, target: &Target, found: &mut Found) {
        let (digest, hex) = (target.digest.to_string(), target.digest.hex());
        let mut budget = Budget::new();
        let mut reader = Reader { layout: self.layout, subject, target, budget: &mut budget, found: Vec::new(), gaps: Vec::new() };
        let mut seen = BTreeSet::new();
        for entry in &self.entries {
            let Some(standing) = entry.standing(&digest, &hex) else { continue };
            if !reader.gaps.is_empty() || !seen.insert((entry.digest, standing)) {
                continue;
            }
            let location = match &entry.tag {
                Some(tag) => tag.text(),
                None => entry.digest.to_string(),
            };
            match self.document(&entry.digest.into()) {
                Ok(read) => reader.manifest(&read.document, standing, entry.described.as_deref(), &location),
                // It was read a moment ago.
                Err(NotRead::Missing) => reader.gaps.push(malformed(subject, format!("{location} is gone"))),
                Err(NotRead::Bad(detail)) => reader.gaps.push(malformed(subject, format!("{location}: {detail}"))),
            }
        }
        found.attachments.found.append(&mut reader.found);
        found.attachments.gaps.append(&mut reader.gaps);
    }

    /// That one platform's manifest of an index is signed, where the index itself is not: so that whoever wonders is told.
    fn signed_platform(&self, subject: &str, platform: &str) -> Option<String> {
        let hex = ClaimedDigest::from_oci(platform).ok()?.hex();
        let signs = |entry: &&Entry| match entry.standing(platform, &hex) {
            Some(Standing::Tagged(_)) => true,
            Some(Standing::Referrer) => entry.is_signature,
            None => false,
        };
        self.entries.iter().find(signs)?;
        Some(format!(
            "{subject}: the platform manifest {platform} has signatures beside it, the index that was named has none; a signature of one platform's manifest is none of the index"
        ))
    }
}

impl Entry {
    /// How it stands to a target.
    fn standing(&self, digest: &str, hex: &str) -> Option<Standing> {
        match &self.tag {
            Some(SignatureTag { hex: of, kind: kind @ (TagKind::Signatures | TagKind::Attestations) }) if of == hex => {
                return Some(Standing::Tagged(*kind));
            }
            Some(_) | None => {}
        }
        let is_about = self.subject.as_deref() == Some(digest) || self.listed_for.as_deref() == Some(hex);
        is_about.then_some(Standing::Referrer)
    }
}

impl Problem {
    fn gap(&self, subject: &str) -> Gap {
        // Whoever wrote a layout brought this about; whoever asked a registry did not.
        let (reason, next_step) = match self.was_not_had {
            false => (GapReason::Malformed, "Copy the image with its referrers again, whole."),
            true => (GapReason::NotRecorded, "Look at what else could not be learned of this artifact, and run it again."),
        };
        Gap {
            subject: subject.into(),
            wanted: "whether signatures stand beside the image".into(),
            reason,
            detail: format!("{}: {}", self.what, self.detail),
            next_step: next_step.into(),
        }
    }
}
