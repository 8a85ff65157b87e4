//! STS and Account Management: who one is, who one becomes, and where.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use serde_json::{Value, json};

use super::SECRET_IN_CREDENTIALS;
use super::ask::{Ask, Called, Caller, partition};
use super::reply::{Protocol, REQUEST_ID, Refusal, Reply, xml};
use super::server::{Aws, access_key, lock, secret_key};

/// The credentials that were handed out.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<String, Session>>);

struct Session {
    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    principal: String,
    token: String,
    /// Calls that it still answers.
    left: Option<usize>,
}

impl Sessions {
    /// Whom a caller's requests are made by.
    pub fn principal(&self, caller: &Caller) -> String {
        match lock(&self.0).get(&caller.access_key) {
            Some(session) => session.principal.clone(),
            None => format!("arn:{}:iam::{}:user/auditor", partition(&caller.region), caller.account),
        }
    }

    /// Whether a caller's credentials are good, in a region that the account has enabled or not.
    ///
    /// # Errors
    /// In the service's own words: unknown, with another token than was handed out, or expired.
    pub fn accept(&self, caller: &Caller, token: &str, protocol: Protocol, enabled: bool) -> Result<(), Refusal> {
        let json_status = if protocol == Protocol::RestJson { 403 } else { 400 };
        let unknown = || match protocol {
            Protocol::Query => Refusal::new(403, "InvalidClientTokenId", "The security token included in the request is invalid."),
            _ => Refusal::new(json_status, "UnrecognizedClientException", "The security token included in the request is invalid."),
        };
        if !enabled {
            return Err(unknown());
        }
        if caller.access_key == access_key(&caller.account) && token.is_empty() {
            return Ok(());
        }
        let mut sessions = lock(&self.0);
        let session = sessions.get_mut(&caller.access_key).filter(|session| session.token == token).ok_or_else(unknown)?;
        match &mut session.left {
            Some(0) => Err(match protocol {
                Protocol::Query => Refusal::new(403, "ExpiredToken", EXPIRED),
                Protocol::S3 => Refusal::new(400, "ExpiredToken", "The provided token has expired."),
                _ => Refusal::new(json_status, "ExpiredTokenException", EXPIRED),
            }),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// A new session; access key and token.
    fn open(&self, account: &str, principal: String, calls: Option<usize>) -> (String, String) {
        let mut sessions = lock(&self.0);
        let number = sessions.len() + 1;
        let key = format!("ASIA{account}{number:04}");
        let token = format!("token/{SECRET_IN_CREDENTIALS}/{number}");
        sessions.insert(key.clone(), Session { principal, token: token.clone(), left: calls });
        (key, token)
    }
}

/// The access token of IAM Identity Center that is good here.
pub const SSO_TOKEN: &str = "sso-access-token";

/// The portal of IAM Identity Center: a role's credentials for who has logged in. It is not signed.
pub fn of_sso(ask: &Ask) -> Called {
    let token = ask.header("x-amz-sso_bearer_token").to_owned();
    let field = |name: &str| ask.query.get(name).cloned().unwrap_or_default();
    let (account, role) = (field("account_id"), field("role_name"));
    Called::new("sso:GetRoleCredentials", account.clone(), move |aws, _| {
        if token != SSO_TOKEN {
            return Err(Refusal::new(401, "UnauthorizedException", "Session token not found or invalid"));
        }
        let principal = format!("arn:aws:sts::{account}:assumed-role/AWSReservedSSO_{role}/auditor");
        let (key, token) = aws.sessions.open(&account, principal, aws.settings.session_calls);
        let credentials =
            json!({"accessKeyId": key, "secretAccessKey": secret_key(), "sessionToken": token, "expiration": 2_082_758_400_000_u64});
        Ok(Reply::json(&json!({"roleCredentials": credentials})))
    })
}

/// A call of STS.
pub fn route(ask: &Ask, caller: &Caller) -> Result<Called, Refusal> {
    let who = caller.clone();
    let form = ask.form();
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    match field("Action").as_str() {
        "GetCallerIdentity" => Ok(Called::new("sts:GetCallerIdentity", "", move |aws, _| {
            let arn = aws.sessions.principal(&who);
            let body = format!("<Arn>{}</Arn><UserId>AIDA{}LOOP</UserId><Account>{}</Account>", xml(&arn), who.account, who.account);
            Ok(answer("GetCallerIdentity", &body))
        })),
        "AssumeRole" => {
            let (role, session, id) = (field("RoleArn"), field("RoleSessionName"), form.get("ExternalId").cloned());
            Ok(Called::new("sts:AssumeRole", role.clone(), move |aws, _| assume(aws, &who, &role, &session, id.as_deref())))
        }
        other => Err(Refusal::new(400, "InvalidAction", format!("Could not find operation {other} for version 2011-06-15"))),
    }
}

/// A call of Account Management.
pub fn route_account(ask: &Ask, caller: &Caller) -> Result<Called, Refusal> {
    let who = caller.clone();
    let request: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
    match ask.segments()[..] {
        ["listRegions"] => Ok(Called::new("account:ListRegions", "", move |aws, _| {
            let wanted: BTreeSet<&str> =
                request["RegionOptStatusContains"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let enabled = aws.fleet.regions(&who.account).into_iter().map(|region| (region, "ENABLED_BY_DEFAULT"));
            let disabled = aws.settings.disabled_regions.iter().map(|region| (region.clone(), "DISABLED"));
            let regions: Vec<Value> = enabled
                .chain(disabled)
                .filter(|(_, status)| wanted.is_empty() || wanted.contains(status))
                .map(|(region, status)| json!({"RegionName": region, "RegionOptStatus": status}))
                .collect();
            let size = aws.page_size(request["MaxResults"].as_u64().map(|n| n as usize), 20, 50);
            let start: usize = request["NextToken"].as_str().and_then(|token| token.strip_prefix("regions-")?.parse().ok()).unwrap_or(0);
            let end = (start + size).min(regions.len());
            let mut body = json!({"Regions": regions.get(start..end).unwrap_or_default()});
            if end < regions.len() {
                body["NextToken"] = Value::String(format!("regions-{end}"));
            }
            Ok(Reply::json(&body))
        })),
        _ => Err(Refusal::new(404, "UnknownOperationException", "no such operation")),
    }
}

fn assume(aws: &Aws, who: &Caller, role: &str, session: &str, external_id: Option<&str>) -> Result<Reply, Refusal> {
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    let (["arn", partition, "iam", "", account, path], true) = (&parts[..], role.contains(":role/")) else {
        return Err(Refusal::new(400, "ValidationError", format!("{role} is invalid")));
    };
    let (account, name) = (*account, path.rsplit('/').next().unwrap_or_default());
    let demanded = aws.settings.external_ids.get(account);
    // A role that is not there, one that does not trust the caller, and a wrong external id are answered alike.
    if !aws.fleet.has_account(account) || demanded.is_some_and(|id| external_id != Some(id)) {
        let message = format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {role}", aws.sessions.principal(who));
        return Err(Refusal::new(403, "AccessDenied", message));
    }
    let principal = format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}");
    let (key, token) = aws.sessions.open(account, principal.clone(), aws.settings.session_calls);
    let body = format!(
        "<AssumedRoleUser><AssumedRoleId>AROA{account}LOOP:{}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser><Credentials><AccessKeyId>{key}\
         </AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken>{token}</SessionToken><Expiration>{EXPIRATION}</Expiration>\
         </Credentials>",
        xml(session),
        xml(&principal),
        secret_key(),
    );
    Ok(answer("AssumeRole", &body))
}

fn answer(operation: &str, body: &str) -> Reply {
    let body = format!(
        "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{operation}Result>{body}</{operation}Result>\
         <ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></{operation}Response>"
    );
    Reply::of(200, "text/xml", body)
}

const EXPIRED: &str = "The security token included in the request is expired";

/// When sessions expire, as they are told. Far off: the clock is not asked, and what expires earlier says so by itself.
const EXPIRATION: &str = "2036-01-01T00:00:00Z";
