//! Lambda's REST API.

use serde_json::{Value, json};

use super::SECRET_IN_ENVIRONMENT;
use super::ask::{Ask, Called, Caller, partition};
use super::fault::Wrong;
use super::fleet::{bare, version_key};
use super::reply::{Protocol, Refusal, Reply};
use super::server::Aws;

const PROTOCOL: Protocol = Protocol::RestJson;

/// The call of a request.
pub fn route(ask: &Ask, caller: &Caller) -> Result<Called, Refusal> {
    let who = caller.clone();
    let param = |name: &str| ask.query.get(name).cloned();
    let (marker, size) = (param("Marker"), param("MaxItems").and_then(|n| n.parse::<usize>().ok()));
    if ask.method != "GET" {
        return Err(Refusal::new(403, "AccessDeniedException", "the loopback AWS only answers what reads"));
    }
    let called = match ask.segments()[..] {
        ["2015-03-31", "functions"] => {
            let all = param("FunctionVersion").as_deref() == Some("ALL");
            Called::new("lambda:ListFunctions", "", move |aws, wrong| list_functions(aws, &who, all, marker.as_deref(), size, wrong))
        }
        ["2015-03-31", "functions", name, "versions"] => {
            let name = name.to_owned();
            Called::new("lambda:ListVersionsByFunction", bare(&name), move |aws, wrong| {
                let name = own_function(aws, &who, &name)?;
                // Recorded by itself where functions were asked for by name; else it follows from the listing of all.
                let recorded = aws.fleet.list(&who, "lambda.ListVersionsByFunction", &name);
                let list = if recorded.is_empty() {
                    aws.fleet.list(&who, "lambda.ListFunctions", "").only(|function| function["FunctionName"] == *name)
                } else {
                    recorded.clone()
                };
                let page = list.page(&format!("versions/{name}"), marker.as_deref(), aws.page_size(size, 50, 50), PROTOCOL, wrong)?;
                let items: Vec<Value> = page.items.into_iter().map(with_secrets).collect();
                Ok(Reply::json(&json!({"Versions": items, "NextMarker": page.next})))
            })
        }
        ["2015-03-31", "functions", name, "aliases"] => {
            let name = name.to_owned();
            Called::new("lambda:ListAliases", bare(&name), move |aws, wrong| {
                let name = own_function(aws, &who, &name)?;
                list(aws, &who, "lambda.ListAliases", "Aliases", &name, marker.as_deref(), size, wrong)
            })
        }
        ["2015-03-31", "functions", name] => {
            let (name, qualifier) = (name.to_owned(), param("Qualifier"));
            Called::new("lambda:GetFunction", bare(&name), move |aws, _| get_function(aws, &who, &name, qualifier))
        }
        ["2020-06-30", "functions", name, "code-signing-config"] => {
            let name = name.to_owned();
            Called::new("lambda:GetFunctionCodeSigningConfig", bare(&name), move |aws, _| {
                let name = own_function(aws, &who, &name)?;
                Ok(Reply::json(&recorded(aws, &who, "lambda.GetFunctionCodeSigningConfig", &name)?.unwrap_or_else(|| json!({}))))
            })
        }
        ["2020-04-22", "code-signing-configs", arn] => {
            let arn = arn.to_owned();
            Called::new("lambda:GetCodeSigningConfig", arn.clone(), move |aws, _| {
                let config = recorded(aws, &who, "lambda.GetCodeSigningConfig", &arn)?;
                config.map(|config| Reply::json(&config)).ok_or_else(|| {
                    Refusal::new(404, "ResourceNotFoundException", format!("The code signing configuration cannot be found: {arn}"))
                })
            })
        }
        ["2018-10-31", "layers"] if param("find").as_deref() == Some("LayerVersion") => {
            let arn = param("Arn").unwrap_or_default();
            Called::new("lambda:GetLayerVersionByArn", arn.clone(), move |aws, _| layer_version(aws, &who, &arn))
        }
        ["2018-10-31", "layers"] => Called::new("lambda:ListLayers", "", move |aws, wrong| {
            list(aws, &who, "lambda.ListLayers", "Layers", "", marker.as_deref(), size, wrong)
        }),
        ["2018-10-31", "layers", name, "versions"] => {
            let name = name.to_owned();
            Called::new("lambda:ListLayerVersions", bare(&name), move |aws, wrong| {
                own(aws, &who, &name, "lambda:ListLayerVersions")?;
                list(aws, &who, "lambda.ListLayerVersions", "LayerVersions", &bare(&name), marker.as_deref(), size, wrong)
            })
        }
        ["2018-10-31", "layers", name, "versions", version] => {
            let arn = layer_arn(&who, name, version);
            Called::new("lambda:GetLayerVersion", arn.clone(), move |aws, _| layer_version(aws, &who, &arn))
        }
        ["2018-10-31", "layers", name, "versions", version, "policy"] => {
            let (arn, name, version) = (layer_arn(&who, name, version), name.to_owned(), version.to_owned());
            Called::new("lambda:GetLayerVersionPolicy", arn, move |aws, _| {
                own(aws, &who, &name, "lambda:GetLayerVersionPolicy")?;
                let policy = recorded(aws, &who, "lambda.GetLayerVersionPolicy", &version_key(&name, &version))?;
                policy
                    .map(|policy| Reply::json(&policy))
                    .ok_or_else(|| Refusal::new(404, "ResourceNotFoundException", "No policy is associated with the given resource."))
            })
        }
        ["2017-03-31", "tags", arn] => {
            let arn = arn.to_owned();
            Called::new("lambda:ListTags", arn.clone(), move |aws, _| {
                let name = own_function(aws, &who, &arn)?;
                let function = recorded(aws, &who, "lambda.GetFunction", &version_key(&name, "$LATEST"))?.unwrap_or_default();
                let tags = if function["Tags"].is_object() { function["Tags"].clone() } else { json!({}) };
                Ok(Reply::json(&json!({"Tags": tags})))
            })
        }
        _ => return Err(Refusal::new(404, "UnknownOperationException", "no such operation")),
    };
    Ok(called)
}

fn list_functions(
    aws: &Aws,
    who: &Caller,
    all: bool,
    marker: Option<&str>,
    size: Option<usize>,
    wrong: Option<&Wrong>,
) -> Result<Reply, Refusal> {
    let everything = aws.fleet.list(who, "lambda.ListFunctions", "");
    // However large MaxItems is, a page has at most 50.
    let (scope, size) = (format!("functions/{all}"), aws.page_size(size, 50, 50));
    let page = if all {
        everything.page(&scope, marker, size, PROTOCOL, wrong)?
    } else {
        everything.only(|function| function["Version"] == "$LATEST").page(&scope, marker, size, PROTOCOL, wrong)?
    };
    let items: Vec<Value> = page.items.into_iter().map(|item| with_secrets(if all { item } else { unqualified(item) })).collect();
    Ok(Reply::json(&json!({"Functions": items, "NextMarker": page.next})))
}

#[expect(clippy::too_many_arguments, reason = "the parts of one listing")]
fn list(
    aws: &Aws,
    who: &Caller,
    api: &str,
    member: &str,
    whose: &str,
    marker: Option<&str>,
    size: Option<usize>,
    wrong: Option<&Wrong>,
) -> Result<Reply, Refusal> {
    let page = aws.fleet.list(who, api, whose).page(&format!("{api}/{whose}"), marker, aws.page_size(size, 50, 50), PROTOCOL, wrong)?;
    let mut reply = json!({"NextMarker": page.next});
    reply[member] = Value::Array(page.items);
    Ok(Reply::json(&reply))
}

fn get_function(aws: &Aws, who: &Caller, name: &str, qualifier: Option<String>) -> Result<Reply, Refusal> {
    own(aws, who, name, "lambda:GetFunction")?;
    // A version may stand in the ARN, or behind the name.
    let qualifier = qualifier.or_else(|| name.split(':').nth(if name.starts_with("arn:") { 7 } else { 1 }).map(str::to_owned));
    let name = if name.starts_with("arn:") { bare(name) } else { name.split(':').next().unwrap_or_default().to_owned() };
    let asked = qualifier.clone().unwrap_or_else(|| "$LATEST".into());
    let found = match recorded(aws, who, "lambda.GetFunction", &version_key(&name, &asked))? {
        Some(found) => Some(found),
        None => match aws.fleet.at(&who.account, &who.region).and_then(|place| place.alias(&name, &asked)) {
            Some(version) => recorded(aws, who, "lambda.GetFunction", &version_key(&name, &version))?,
            None => None,
        },
    };
    let Some(mut function) = found else {
        return Err(no_function(who, &name, qualifier.as_deref()));
    };
    let configuration = with_secrets(function["Configuration"].take());
    function["Configuration"] = if qualifier.is_none() { unqualified(configuration) } else { configuration };
    link_to(aws, who, &mut function["Code"]);
    Ok(Reply::json(&function))
}

fn layer_version(aws: &Aws, who: &Caller, arn: &str) -> Result<Reply, Refusal> {
    if let Some(mut layer) = recorded(aws, who, "lambda.GetLayerVersionByArn", arn)? {
        link_to(aws, who, &mut layer["Content"]);
        return Ok(Reply::json(&layer));
    }
    if arn.split(':').nth(4) == Some(&who.account) {
        return Err(Refusal::new(404, "ResourceNotFoundException", "The resource you requested does not exist."));
    }
    // Not shared, deleted and never published look alike from another account.
    Err(denied(aws, who, "lambda:GetLayerVersion", arn))
}

/// What was recorded, where it was; a recorded error is that error.
fn recorded(aws: &Aws, who: &Caller, api: &str, key: &str) -> Result<Option<Value>, Refusal> {
    match aws.fleet.at(&who.account, &who.region).and_then(|place| place.call(api, key)) {
        None => Ok(None),
        Some(Ok(answer)) => Ok(Some(answer.clone())),
        Some(Err((code, message))) => Err(Refusal::recorded(PROTOCOL, code, message)),
    }
}

/// The name of a function of the caller's own account and region, which exists.
fn own_function(aws: &Aws, who: &Caller, name: &str) -> Result<String, Refusal> {
    own(aws, who, name, "lambda:GetFunction")?;
    let name = bare(name);
    let known = aws.fleet.at(&who.account, &who.region).is_some_and(|place| place.has_function(&name));
    if known { Ok(name) } else { Err(no_function(who, &name, None)) }
}

/// Another account's functions and layers are not to be had by their ARN.
fn own(aws: &Aws, who: &Caller, name: &str, action: &str) -> Result<(), Refusal> {
    if !name.starts_with("arn:") {
        return Ok(());
    }
    let parts: Vec<&str> = name.split(':').collect();
    let ours = parts.get(3) == Some(&who.region.as_str()) && parts.get(4) == Some(&who.account.as_str());
    if ours { Ok(()) } else { Err(denied(aws, who, action, name)) }
}

fn denied(aws: &Aws, who: &Caller, action: &str, resource: &str) -> Refusal {
    let message = format!(
        "User: {} is not authorized to perform: {action} on resource: {resource} because no resource-based policy allows the {action} action",
        aws.sessions.principal(who)
    );
    Refusal::new(403, "AccessDeniedException", message)
}

fn no_function(who: &Caller, name: &str, qualifier: Option<&str>) -> Refusal {
    let arn = format!("arn:{}:lambda:{}:{}:function:{name}", partition(&who.region), who.region, who.account);
    let arn = qualifier.map_or(arn.clone(), |qualifier| format!("{arn}:{qualifier}"));
    Refusal::new(404, "ResourceNotFoundException", format!("Function not found: {arn}"))
}

fn layer_arn(who: &Caller, name: &str, version: &str) -> String {
    if name.starts_with("arn:") {
        return format!("{name}:{version}");
    }
    format!("arn:{}:lambda:{}:{}:layer:{name}:{version}", partition(&who.region), who.region, who.account)
}

/// A path below the snapshot becomes a link.
fn link_to(aws: &Aws, who: &Caller, code: &mut Value) {
    if let Some(path) = code["Location"].as_str() {
        let link = aws.links.issue(aws, "127.0.0.1", path, &who.account, &who.region);
        code["Location"] = Value::String(link);
    }
}

/// A configuration as Lambda gives it: with the environment's values.
fn with_secrets(mut configuration: Value) -> Value {
    configuration["Environment"] = json!({"Variables": {"STAGE": "production", "DATABASE_PASSWORD": SECRET_IN_ENVIRONMENT}});
    configuration
}

/// A configuration as Lambda gives it where no version was asked for.
fn unqualified(mut configuration: Value) -> Value {
    if let Some(arn) = configuration["FunctionArn"].as_str().and_then(|arn| arn.strip_suffix(":$LATEST")) {
        configuration["FunctionArn"] = Value::String(arn.to_owned());
    }
    configuration
}
