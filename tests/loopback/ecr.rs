//! ECR's API (JSON 1.1).

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::SECRET_IN_REGISTRY_TOKEN;
use super::ask::{Ask, Called, Caller};
use super::reply::{Protocol, Refusal, Reply};

const PROTOCOL: Protocol = Protocol::Json11;

/// The call of a request.
pub fn route(ask: &Ask, caller: &Caller) -> Result<Called, Refusal> {
    let who = caller.clone();
    let request: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
    let token = request["nextToken"].as_str().map(str::to_owned);
    let size = request["maxResults"].as_u64().map(|n| n as usize);
    // Another registry of the fleet is asked with the caller's credentials. Here each account lets every other read.
    let registry = request["registryId"].as_str().unwrap_or(&caller.account).to_owned();
    let at = Caller { account: registry.clone(), ..caller.clone() };
    let operation = ask.header("x-amz-target").strip_prefix("AmazonEC2ContainerRegistry_V20150921.").unwrap_or_default();
    let called = match operation {
        "DescribeRepositories" => Called::new("ecr:DescribeRepositories", "", move |aws, wrong| {
            let wanted = strings(&request["repositoryNames"]);
            let all = aws.fleet.list(&at, "ecr.DescribeRepositories", "");
            if let Some(missing) = wanted.iter().find(|name| !all.items().iter().any(|r| r["repositoryName"] == name.as_str())) {
                return Err(no_repository(missing, &registry));
            }
            let list = all.only(|r| wanted.is_empty() || wanted.iter().any(|name| r["repositoryName"] == name.as_str()));
            let page = list.page("repositories", token.as_deref(), aws.page_size(size, 100, 1000), PROTOCOL, wrong)?;
            Ok(reply("repositories", page.items, page.next))
        }),
        "DescribeImages" => {
            let repository = request["repositoryName"].as_str().unwrap_or_default().to_owned();
            Called::new("ecr:DescribeImages", repository.clone(), move |aws, wrong| {
                let repositories = aws.fleet.list(&at, "ecr.DescribeRepositories", "");
                let all = aws.fleet.list(&at, "ecr.DescribeImages", &repository);
                let known = repositories.items().iter().any(|r| r["repositoryName"] == repository.as_str());
                // A recorded error of the call itself comes before: `page` answers with it.
                if !known && all.items().is_empty() && all.is_complete() {
                    return Err(no_repository(&repository, &registry));
                }
                let wanted: Vec<Value> = request["imageIds"].as_array().cloned().unwrap_or_default();
                if let Some(missing) = wanted.iter().find(|id| !all.items().iter().any(|image| is_named(image, id))) {
                    let message = format!(
                        "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name \
                         '{repository}' in the registry with id '{registry}'",
                        missing["imageDigest"].as_str().unwrap_or("null"),
                        missing["imageTag"].as_str().unwrap_or("null"),
                    );
                    return Err(Refusal::new(400, "ImageNotFoundException", message));
                }
                let list = all.only(|image| wanted.is_empty() || wanted.iter().any(|id| is_named(image, id)));
                let scope = format!("images/{repository}");
                let page = list.page(&scope, token.as_deref(), aws.page_size(size, 100, 1000), PROTOCOL, wrong)?;
                Ok(reply("imageDetails", page.items, page.next))
            })
        }
        "GetAuthorizationToken" => Called::new("ecr:GetAuthorizationToken", "", move |_, _| {
            let mut registries = strings(&request["registryIds"]);
            if registries.is_empty() {
                registries.push(who.account.clone());
            }
            let tokens: Vec<Value> = registries
                .iter()
                .map(|registry| {
                    json!({
                        "authorizationToken": BASE64.encode(format!("AWS:{}", password(registry, &who.region)).as_bytes()),
                        "expiresAt": 2_082_758_400.0,
                        "proxyEndpoint": format!("https://{registry}.dkr.ecr.{}.amazonaws.com", who.region),
                    })
                })
                .collect();
            Ok(Reply::of(200, "application/x-amz-json-1.1", json!({"authorizationData": tokens}).to_string()))
        }),
        _ => return Err(Refusal::new(400, "UnknownOperationException", "no such operation")),
    };
    Ok(called)
}

/// The password to the registry of an account in a region.
pub fn password(account: &str, region: &str) -> String {
    format!("{SECRET_IN_REGISTRY_TOKEN}.{account}.{region}")
}

fn reply(member: &str, items: Vec<Value>, next: Option<String>) -> Reply {
    let mut body = json!({});
    body[member] = items.into_iter().map(in_seconds).collect();
    if let Some(next) = next {
        body["nextToken"] = Value::String(next);
    }
    Reply::of(200, "application/x-amz-json-1.1", body.to_string())
}

/// Times as ECR writes them, seconds since 1970, where a snapshot has RFC 3339.
fn in_seconds(mut item: Value) -> Value {
    for member in ["createdAt", "imagePushedAt", "lastRecordedPullTime"] {
        if let Some(time) = item[member].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok()) {
            item[member] = json!(time.as_second() as f64);
        }
    }
    item
}

fn is_named(image: &Value, id: &Value) -> bool {
    let digest = id["imageDigest"].as_str().is_none_or(|digest| image["imageDigest"] == digest);
    let tag = id["imageTag"].as_str().is_none_or(|tag| strings(&image["imageTags"]).iter().any(|t| t == tag));
    digest && tag
}

fn no_repository(name: &str, registry: &str) -> Refusal {
    let message = format!("The repository with name '{name}' does not exist in the registry with id '{registry}'");
    Refusal::new(400, "RepositoryNotFoundException", message)
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|item| Some(item.as_str()?.to_owned())).collect()
}
