//! S3, path style: the objects that functions and layers read in place, and those that a test puts beside them.

use super::ask::{Ask, Called, Caller};
use super::fault::Wrong;
use super::link::Wanted;
use super::reply::{Refusal, Reply};

/// The call of a request.
pub fn route(ask: &Ask, _caller: &Caller) -> Result<Called, Refusal> {
    let Some((bucket, key)) = ask.path.split_first() else {
        return Err(Refusal::new(400, "InvalidRequest", "no bucket"));
    };
    let (bucket, key) = (bucket.clone(), key.join("/"));
    let version = ask.query.get("versionId").cloned();
    if key.is_empty() && ask.query.get("list-type").is_some_and(|kind| kind == "2") {
        return Ok(list(ask, bucket));
    }
    let (method, wanted) = (ask.method.clone(), Wanted::of(ask));
    Ok(Called::new("s3:GetObject", format!("{bucket}/{key}"), move |aws, _| {
        if method != "GET" && method != "HEAD" {
            return Err(Refusal::new(405, "MethodNotAllowed", "The specified method is not allowed against this resource."));
        }
        if let Some(bytes) = aws.fleet.kept(&bucket, &key) {
            return wanted.reply(bytes, "binary/octet-stream");
        }
        let path = aws.fleet.object(&bucket, &key, version.as_deref()).ok_or_else(|| match &version {
            Some(_) => Refusal::new(404, "NoSuchVersion", "The specified version does not exist."),
            None => Refusal::new(404, "NoSuchKey", "The specified key does not exist."),
        })?;
        let bytes = aws.fleet.file(&path).ok_or_else(|| Refusal::new(404, "NoSuchKey", "The specified key does not exist."))?;
        Ok(wanted.reply(bytes, "binary/octet-stream")?.header("x-amz-version-id", version.unwrap_or_else(|| "loopback".into())))
    }))
}

/// ListObjectsV2, two keys a page.
fn list(ask: &Ask, bucket: String) -> Called {
    let prefix = ask.query.get("prefix").cloned().unwrap_or_default();
    let after = ask.query.get("continuation-token").cloned().unwrap_or_default();
    Called::new("s3:ListBucket", format!("{bucket}/{prefix}"), move |aws, wrong| {
        let keys: Vec<(String, usize)> = aws.fleet.keys(&bucket, &prefix).into_iter().filter(|(key, _)| *key > after).collect();
        let page = &keys[..keys.len().min(2)];
        let contents: String = page.iter().map(|(key, size)| format!("<Contents><Key>{key}</Key><Size>{size}</Size></Contents>")).collect();
        let more = match page.last() {
            Some((last, _)) if keys.len() > page.len() || wrong == Some(&Wrong::MarkerLoop) => {
                // A list that never ends begins anew each time.
                let next = if wrong.is_some() { "" } else { last };
                format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{next}</NextContinuationToken>")
            }
            _ => "<IsTruncated>false</IsTruncated>".to_owned(),
        };
        let body = format!("<ListBucketResult><Name>{bucket}</Name>{more}{contents}</ListBucketResult>");
        Ok(Reply::of(200, "application/xml", body))
    })
}
