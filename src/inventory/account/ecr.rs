//! ECR repositories: tag mutability, and what each tag points to now.

use std::collections::{BTreeMap, BTreeSet};

use super::answered::{Answers, Stopped};
use super::answers::{DESCRIBE_IMAGES, DESCRIBE_REPOSITORIES, DescribeImages, DescribeRepositories, RepositoryDescription};
use super::origin::{Extent, Words};
use crate::model::digest::ClaimedDigest;
use crate::model::function::{Function, FunctionCode};
use crate::model::gap::{Gap, GapReason};
use crate::model::image_ref::ImageRef;
use crate::model::inventory::{Repository, TagMutability};
use crate::model::observed::Observed;

/// Tags of one repository. ECR allows 100,000 images in one, each with up to a thousand tags.
const MAX_TAGS: usize = 1_000_000;
/// Exclusion filters of one repository. ECR allows five.
const MAX_FILTERS: usize = 100;

const WANTED_SETTINGS: &str = "whether its tags can be moved";
const WANTED_TAGS: &str = "what its tags point to";

/// The repositories of every place, and one entry with what is not known for each further repository that a function's image comes from.
pub(super) fn read(places: &mut [Answers<'_>], functions: &[Function], gaps: &mut Vec<Gap>) -> BTreeMap<String, Repository> {
    let mut repositories = BTreeMap::new();
    let mut listings: BTreeMap<(String, String), Option<Gap>> = BTreeMap::new();
    let used = used_images(functions);
    let words = places.first().map(Answers::words);
    for answers in places {
        let place = answers.place().clone();
        let at_home = |image: &&ImageRef| image.ecr() == Some((place.account.as_str(), place.region.as_str()));
        // A part of an account asks for repositories only where a function needs one.
        if *answers.origin().extent() != Extent::Whole && !used.iter().any(|image| at_home(&image)) {
            continue;
        }
        let name = format!("{}/{}", place.account, place.region);
        let wanted = "the image repositories";
        let (pages, stopped) = answers.ask_all::<DescribeRepositories>(&DESCRIBE_REPOSITORIES, &[], &name, wanted);
        let gap = stopped.map(|stopped| match stopped {
            Stopped::Gap(gap) => gap,
            Stopped::NotFound { message } => answers.malformed(&DESCRIBE_REPOSITORIES, &name, wanted, &message),
        });
        gaps.extend(gap.clone());
        listings.insert((place.account, place.region), gap);
        for description in pages.into_iter().flat_map(|page| page.repositories) {
            match repository(answers, description, &used, gaps) {
                Ok(repository) => {
                    repositories.insert(repository.uri.clone(), repository);
                }
                Err(gap) => gaps.push(gap),
            }
        }
    }
    for image in used {
        let uri = image.repository_uri();
        if repositories.contains_key(&uri) {
            continue;
        }
        let listing = image.ecr().and_then(|(account, region)| listings.get(&(account.to_owned(), region.to_owned())));
        let (repository, gap) = unlisted(uri.clone(), listing, words);
        gaps.extend(gap);
        repositories.insert(uri, repository);
    }
    repositories
}

fn used_images(functions: &[Function]) -> BTreeSet<ImageRef> {
    functions
        .iter()
        .flat_map(|function| &function.versions)
        .flat_map(|version| match &version.code {
            FunctionCode::Image { image_uri, resolved, .. } => vec![image_uri.present().cloned(), resolved.present().cloned()],
            FunctionCode::Zip { .. } => Vec::new(),
        })
        .flatten()
        .collect()
}

/// A repository that a function's image comes from, and that no listing holds.
fn unlisted(uri: String, listing: Option<&Option<Gap>>, words: Option<&Words>) -> (Repository, Option<Gap>) {
    let gap = match listing {
        // The whole listing was read, and the repository is not in it.
        Some(None) => return (Repository { uri, is_used: true, mutability: Observed::Absent, tags: Observed::Absent }, None),
        Some(Some(gap)) => Gap { subject: uri.clone(), wanted: WANTED_SETTINGS.into(), ..gap.clone() },
        None => Gap {
            subject: uri.clone(),
            wanted: WANTED_SETTINGS.into(),
            reason: GapReason::NotRecorded,
            detail: format!("the registry's account and region are {}", words.map_or("unknown", |words| words.elsewhere)),
            next_step: words.map(|words| words.repository_elsewhere).unwrap_or_default().into(),
        },
    };
    let tags = Gap { wanted: WANTED_TAGS.into(), ..gap.clone() };
    (Repository { uri, is_used: true, mutability: Observed::Unknown(gap.clone()), tags: Observed::Unknown(tags) }, Some(gap))
}

fn repository(
    answers: &mut Answers<'_>,
    description: RepositoryDescription,
    used: &BTreeSet<ImageRef>,
    gaps: &mut Vec<Gap>,
) -> Result<Repository, Gap> {
    let RepositoryDescription { repository_name: name, repository_uri: uri, image_tag_mutability: setting, .. } = description;
    let fail = |problem: &str| answers.malformed(&DESCRIBE_REPOSITORIES, &uri, WANTED_SETTINGS, problem);
    let parsed: ImageRef = uri.parse().map_err(|error: crate::model::image_ref::ImageRefError| fail(&error.to_string()))?;
    let place = answers.place();
    let at_home = parsed.ecr() == Some((place.account.as_str(), place.region.as_str()));
    if !at_home || parsed.repository != name || parsed.tag.is_some() || parsed.digest.is_some() {
        return Err(fail("the repository's URI is not of the place in which it was recorded, or not of its name"));
    }
    let filters = description.image_tag_mutability_exclusion_filters.unwrap_or_default();
    let known = matches!(setting.as_str(), "MUTABLE" | "IMMUTABLE" | "MUTABLE_WITH_EXCLUSION" | "IMMUTABLE_WITH_EXCLUSION");
    let mutability = if !known {
        Observed::Unknown(fail(&format!("`imageTagMutability` is `{setting}`")))
    } else if filters.len() > MAX_FILTERS {
        Observed::Unknown(fail("more exclusion filters than ECR allows"))
    } else {
        Observed::Present(TagMutability { setting, exclusion_filters: filters.into_iter().map(|f| f.filter).collect() })
    };
    gaps.extend(mutability.gap().cloned());
    let is_used = used.iter().any(|image| image.repository_uri() == uri);
    if !is_used && !answers.has(&DESCRIBE_IMAGES, &[&name]) {
        let gap = Gap {
            subject: uri.clone(),
            wanted: WANTED_TAGS.into(),
            reason: GapReason::NotRecorded,
            detail: "no function runs an image of it, so that nobody asked".into(),
            next_step: String::new(),
        };
        return Ok(Repository { uri, is_used, mutability, tags: Observed::Unknown(gap) });
    }
    let tags = tags(answers, &name, &uri);
    gaps.extend(tags.gap().cloned());
    Ok(Repository { uri, is_used, mutability, tags })
}

/// All tags, or none: a tag that is missing from half a listing would read as "moved away".
fn tags(answers: &mut Answers<'_>, name: &str, uri: &str) -> Observed<BTreeMap<String, ClaimedDigest>> {
    let (pages, stopped) = answers.ask_all::<DescribeImages>(&DESCRIBE_IMAGES, &[name], uri, WANTED_TAGS);
    match stopped {
        None => {}
        Some(Stopped::NotFound { .. }) => return Observed::Absent,
        Some(Stopped::Gap(gap)) => return Observed::Unknown(gap),
    }
    let fail = |problem: &str| Observed::Unknown(answers.malformed(&DESCRIBE_IMAGES, uri, WANTED_TAGS, problem));
    let mut tags = BTreeMap::new();
    for detail in pages.into_iter().flat_map(|page| page.image_details) {
        let digest = match ClaimedDigest::from_oci(&detail.image_digest) {
            Ok(digest) => digest,
            Err(error) => return fail(&error.to_string()),
        };
        for tag in detail.image_tags.unwrap_or_default() {
            if tags.len() >= MAX_TAGS {
                return fail("more tags than are read");
            }
            match tags.insert(tag.clone(), digest) {
                Some(earlier) if earlier != digest => return fail(&format!("the tag `{tag}` is on two images")),
                Some(_) | None => {}
            }
        }
    }
    Observed::Present(tags)
}
