//! S3, path style: the objects that functions and layers read in place.

use super::ask::{Ask, Called, Caller};
use super::link::Wanted;
use super::reply::Refusal;

/// The call of a request.
pub fn route(ask: &Ask, _caller: &Caller) -> Result<Called, Refusal> {
    let Some((bucket, key)) = ask.path.split_first() else {
        return Err(Refusal::new(400, "InvalidRequest", "no bucket"));
    };
    let (bucket, key) = (bucket.clone(), key.join("/"));
    let version = ask.query.get("versionId").cloned();
    let (method, wanted) = (ask.method.clone(), Wanted::of(ask));
    Ok(Called::new("s3:GetObject", format!("{bucket}/{key}"), move |aws, _| {
        if method != "GET" && method != "HEAD" {
            return Err(Refusal::new(405, "MethodNotAllowed", "The specified method is not allowed against this resource."));
        }
        let path = aws.fleet.object(&bucket, &key, version.as_deref()).ok_or_else(|| match &version {
            Some(_) => Refusal::new(404, "NoSuchVersion", "The specified version does not exist."),
            None => Refusal::new(404, "NoSuchKey", "The specified key does not exist."),
        })?;
        let bytes = aws.fleet.file(&path).ok_or_else(|| Refusal::new(404, "NoSuchKey", "The specified key does not exist."))?;
        Ok(wanted.reply(bytes, "binary/octet-stream")?.header("x-amz-version-id", version.unwrap_or_else(|| "loopback".into())))
    }))
}
