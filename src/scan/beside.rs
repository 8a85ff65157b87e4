//! What stands beside each artifact in other places than its own: looked for once per digest, before anything is examined.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use super::sources::DOWNLOADS;
use super::{Gather, ScanError};
use crate::fetch::{Fetched, signatures};
use crate::model::artifact::Subject;
use crate::model::attachment::Target;
use crate::model::digest::ClaimedDigest;
use crate::model::gap::Gap;
use crate::model::printable::printable;
use crate::signature::beside::files::{self, Lines};
use crate::signature::beside::{self, Found};
use crate::unpack::Layout;

/// What was found for one artifact in other places than its own.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    found: signatures::Beside,
    /// Files that the user named, which say themselves what they are about.
    lines: Arc<[Lines]>,
    /// Those of them that could not be read.
    unread: Arc<[signatures::SignatureFile]>,
}

impl Beside {
    /// What the schemes are given of it, for a target. `subject` is named in gaps.
    pub(super) fn attachments(&self, subject: &Subject, target: &Target, gather: &Gather<'_>) -> Found {
        let name = subject.to_string();
        let mut found = files::attachments(&self.found.files, &name, target);
        for manifests in &self.found.manifests {
            let layout = Layout::in_store(gather.fetching.store, manifests.index.clone());
            let mut there = beside::layout::attachments_of(&layout, subject, target.clone(), gather.limits);
            for attachment in &mut there.attachments.found {
                attachment.location = format!("{} in {}", attachment.location, manifests.place);
            }
            found.extend(there);
        }
        for lines in self.lines.iter() {
            found.extend(lines.attachments(&name, target));
        }
        // A file that was named and cannot be read may be about anything.
        let unread = self.unread.iter().filter_map(|file| file.content.as_ref().err());
        found.attachments.gaps.extend(unread.map(|gap| Gap { subject: name.clone(), ..gap.clone() }));
        found.attachments.gaps.extend(self.found.gaps.iter().cloned());
        found
    }
}

/// An artifact to look for.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// Its digest, as claimed or computed; `None` for a folder, which has none.
    pub digest: Option<ClaimedDigest>,
    /// Its name, for gaps.
    pub subject: String,
    /// Local files that hold it.
    pub paths: BTreeSet<PathBuf>,
}

impl Sought {
    /// Of what was fetched.
    pub fn of(fetched: &Fetched, subject: String, path: Option<PathBuf>) -> Self {
        let digest = match fetched {
            Fetched::Blob(blob) => Some(blob.digest.into()),
            Fetched::Image { digest, .. } => ClaimedDigest::from_oci(digest).ok(),
            Fetched::Directory(_) => None,
        };
        Self { digest, subject, paths: path.into_iter().collect() }
    }
}

/// Where was looked, and what for.
#[derive(Debug, Default)]
pub(super) struct Looked<K> {
    pub(super) beside: BTreeMap<K, Beside>,
    /// One sentence for each source.
    pub(super) notes: Vec<String>,
}

/// Looks in every source for every digest, several at a time, and beside every local file.
pub(super) fn look<K: Ord>(sought: BTreeMap<K, Sought>, gather: &Gather<'_>) -> Result<Looked<K>, ScanError> {
    let sources = gather.signatures;
    let mut digests: BTreeMap<ClaimedDigest, &str> = BTreeMap::new();
    for one in sought.values() {
        if let Some(digest) = one.digest {
            digests.entry(digest).or_insert(&one.subject);
        }
    }
    let asked = sources.asked();
    let mut answers: BTreeMap<ClaimedDigest, Vec<signatures::Beside>> = BTreeMap::new();
    if !asked.is_empty() && !digests.is_empty() {
        gather.progress.stage("looking for signatures", digests.len());
        // They wait for the network most of the time.
        let waiting = rayon::ThreadPoolBuilder::new().num_threads(DOWNLOADS).build();
        let waiting = waiting.map_err(|error| ScanError::Threads(error.to_string()))?;
        answers = waiting.install(|| {
            digests
                .par_iter()
                .map(|(digest, subject)| {
                    let found = sources.look(digest, subject, gather.fetching)?;
                    gather.progress.step();
                    Ok((*digest, found))
                })
                .collect::<Result<_, ScanError>>()
        })?;
    }
    let mut notes = Vec::new();
    for (at, name) in asked.iter().enumerate() {
        let of = |what: fn(&signatures::Beside) -> bool| answers.values().filter(|all| all.get(at).is_some_and(what)).count();
        let unknown = of(|beside| !beside.gaps.is_empty());
        notes.push(format!(
            "signatures were looked for in {}, by the digest{}; {}",
            printable(name),
            if digests.len() == 1 { " of 1 artifact".to_owned() } else { format!("s of {} artifacts", digests.len()) },
            match unknown {
                0 => "all of them could be looked up".to_owned(),
                unknown => format!("for {unknown} of them it could not be learned what is there"),
            }
        ));
    }
    let (mut lines, mut unread) = (Vec::new(), Vec::new());
    for (path, content) in sources.files() {
        let location = path.display().to_string();
        match content {
            Ok(bytes) => {
                let read = Lines::read(&location, bytes);
                notes.push(format!(
                    "{} holds {}; what names other digests was not judged",
                    printable(&location),
                    if read.count() == 1 {
                        "1 signature or attestation".to_owned()
                    } else {
                        format!("{} signatures or attestations", read.count())
                    },
                ));
                lines.push(read);
            }
            Err(_) => {
                unread.push(signatures::SignatureFile { location, ending: String::new(), content: content.clone(), certificate: None })
            }
        }
    }
    let (lines, unread): (Arc<[Lines]>, Arc<[_]>) = (lines.into(), unread.into());
    let beside = sought
        .into_iter()
        .map(|(key, one)| {
            let mut found = signatures::Beside::default();
            for path in &one.paths {
                found.files.extend(signatures::sidecars(path, &one.subject));
            }
            for answer in one.digest.and_then(|digest| answers.get(&digest)).into_iter().flatten() {
                found.extend(answer.clone());
            }
            (key, Beside { found, lines: Arc::clone(&lines), unread: Arc::clone(&unread) })
        })
        .collect();
    Ok(Looked { beside, notes })
}

/// The same for one artifact, for those who look at no more than that.
///
/// # Errors
/// A store that fails.
pub fn look_beside(sought: Sought, gather: &Gather<'_>) -> Result<(Beside, Vec<String>), ScanError> {
    let looked = look(BTreeMap::from([((), sought)]), gather)?;
    Ok((looked.beside.into_values().next().unwrap_or_default(), looked.notes))
}
