//! The OCI distribution API in front of the snapshot's images, with ECR's basic authentication. Whose registry is asked follows from the
//! password, since every registry of the fleet is behind one address.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::ask::{Ask, Called, Caller};
use super::ecr::password;
use super::link::Wanted;
use super::reply::{Refusal, Reply};
use super::server::Aws;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The call of a request, and whose registry it is for.
pub fn route(ask: &Ask) -> ((String, String), Result<Called, Refusal>) {
    let place = place(ask);
    let at = place.clone();
    let wanted = Wanted::of(ask);
    let segments = ask.segments();
    // Repository names have slashes in them, so the path is read from its end.
    let called = match segments[1..] {
        [] => Called::new("registry:ping", "", move |_, _| {
            login(at)?;
            Ok(Reply::json(&json!({})).header("docker-distribution-api-version", "registry/2.0"))
        }),
        [ref name @ .., "manifests", reference] if !name.is_empty() => {
            let (name, reference) = (name.join("/"), reference.to_owned());
            Called::new("registry:manifest", format!("{name}@{reference}"), move |aws, _| manifest(aws, &login(at)?, &name, &reference))
        }
        [ref name @ .., "blobs", digest] if !name.is_empty() => {
            let (name, digest) = (name.join("/"), digest.to_owned());
            Called::new("registry:blob", format!("{name}@{digest}"), move |aws, _| blob(aws, &login(at)?, &name, &digest, &wanted))
        }
        [ref name @ .., "referrers", digest] if !name.is_empty() => {
            let (name, digest) = (name.join("/"), digest.to_owned());
            Called::new("registry:referrers", format!("{name}@{digest}"), move |aws, _| {
                known(aws, &login(at)?, &name)?;
                if aws.settings.no_referrers_api {
                    return Ok(Reply::of(404, "text/plain; charset=utf-8", "404 page not found\n"));
                }
                let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": aws.fleet.referrers(&digest)});
                Ok(Reply::of(200, INDEX, index.to_string()))
            })
        }
        _ => return (place.unwrap_or_default(), Err(Refusal::new(404, "UNSUPPORTED", "no such route"))),
    };
    (place.unwrap_or_default(), Ok(called))
}

/// Account and region of the password; `None` without a good one.
fn place(ask: &Ask) -> Option<(String, String)> {
    let header = ask.header("authorization").strip_prefix("Basic ")?;
    let decoded = String::from_utf8(BASE64.decode(header.as_bytes()).ok()?).ok()?;
    let given = decoded.strip_prefix("AWS:")?;
    let [_, account, region] = given.split('.').collect::<Vec<_>>()[..] else { return None };
    (given == password(account, region)).then(|| (account.to_owned(), region.to_owned()))
}

/// Turns away who has no good password. The server adds the challenge.
fn login(place: Option<(String, String)>) -> Result<(String, String), Refusal> {
    place.ok_or_else(|| Refusal::new(401, "UNAUTHORIZED", "authentication required"))
}

fn manifest(aws: &Aws, place: &(String, String), name: &str, reference: &str) -> Result<Reply, Refusal> {
    known(aws, place, name)?;
    let missing = || Refusal::new(404, "MANIFEST_UNKNOWN", "Requested image not found");
    let digest = if reference.contains(':') { reference.to_owned() } else { tagged(aws, place, name, reference).ok_or_else(missing)? };
    let bytes = digest.strip_prefix("sha256:").and_then(|hex| aws.fleet.file(&format!("images/blobs/sha256/{hex}"))).ok_or_else(missing)?;
    let media_type = serde_json::from_slice::<Value>(&bytes).ok().and_then(|manifest| Some(manifest["mediaType"].as_str()?.to_owned()));
    Ok(Reply::of(200, media_type.as_deref().unwrap_or(MANIFEST), bytes).header("docker-content-digest", digest))
}

fn blob(aws: &Aws, place: &(String, String), name: &str, digest: &str, wanted: &Wanted) -> Result<Reply, Refusal> {
    known(aws, place, name)?;
    let missing = || Refusal::new(404, "BLOB_UNKNOWN", "blob unknown to registry");
    let path = digest.strip_prefix("sha256:").map(|hex| format!("images/blobs/sha256/{hex}")).ok_or_else(missing)?;
    let bytes = aws.fleet.file(&path).ok_or_else(missing)?;
    if aws.settings.blobs_redirect {
        // Another name of this host, so that a client must drop its password.
        let to = aws.links.issue(aws, "localhost", &path, &place.0, &place.1);
        return Ok(Reply::of(307, "text/plain", "").header("location", to));
    }
    Ok(wanted.reply(bytes, "application/octet-stream")?.header("docker-content-digest", digest))
}

/// Turns away who asks for a repository that is not there.
fn known(aws: &Aws, (account, region): &(String, String), name: &str) -> Result<(), Refusal> {
    let repositories = aws.fleet.list(&registry_of(account, region), "ecr.DescribeRepositories", "");
    if repositories.items().iter().any(|r| r["repositoryName"] == name) {
        return Ok(());
    }
    let message = format!("The repository with name '{name}' does not exist in the registry with id '{account}'");
    Err(Refusal::new(404, "NAME_UNKNOWN", message))
}

/// What a tag points to.
fn tagged(aws: &Aws, (account, region): &(String, String), name: &str, tag: &str) -> Option<String> {
    let images = aws.fleet.list(&registry_of(account, region), "ecr.DescribeImages", name);
    let image = images.items().iter().find(|image| image["imageTags"].as_array().is_some_and(|tags| tags.iter().any(|t| t == tag)))?;
    Some(image["imageDigest"].as_str()?.to_owned())
}

fn registry_of(account: &str, region: &str) -> Caller {
    Caller { access_key: String::new(), account: account.into(), region: region.into(), service: "ecr".into() }
}
