//! ECR repositories: whether tags can be moved, and where the tags of those that functions use point now.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};

use super::asker::{Asker, CALLS_AT_ONCE};
use super::written;
use crate::inventory::account::answers::{DESCRIBE_IMAGES, DESCRIBE_REPOSITORIES};
use crate::model::image_ref::ImageRef;

/// Images in one page of DescribeImages; the most that ECR allows.
const IMAGES_A_PAGE: i32 = 1_000;

/// The repositories of the place's account, and the tags of those that hold an image of `used`.
pub(super) async fn describe(asker: &Asker, used: &BTreeSet<ImageRef>) {
    let client = &asker.session.ecr;
    asker
        .pages(
            &DESCRIBE_REPOSITORIES,
            &[],
            |token| client.describe_repositories().set_next_token(token).send(),
            written::describe_repositories,
            |page| page.next_token(),
        )
        .await;
    let names: BTreeSet<&str> = used.iter().filter(|image| is_at(asker, image)).map(|image| image.repository.as_str()).collect();
    let calls = names.into_iter().map(|name| async move {
        asker
            .pages(
                &DESCRIBE_IMAGES,
                &[("repositoryName", name.into())],
                |token| client.describe_images().repository_name(name).max_results(IMAGES_A_PAGE).set_next_token(token).send(),
                written::describe_images,
                |page| page.next_token(),
            )
            .await;
    });
    stream::iter(calls).buffer_unordered(CALLS_AT_ONCE).collect::<Vec<()>>().await;
}

/// True where the image is in the place's own registry.
pub(super) fn is_at(asker: &Asker, image: &ImageRef) -> bool {
    image.ecr() == Some((asker.place.account.as_str(), asker.place.region.as_str()))
}
