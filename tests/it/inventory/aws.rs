//! Live accounts, asked through the real SDK.

mod accounts;
mod calls;
mod command;
mod fake;
mod parts;

use std::collections::BTreeMap;

use layerproof::clients::aws::Sessions;
use layerproof::clients::{AssumedRole, Login, Regions};
use layerproof::inventory::AccountRequest;
use layerproof::inventory::account::call::Call;
use layerproof::inventory::aws::{Collected, collect_with};

use self::fake::Fake;

/// Asks the fake for everything in its one region.
async fn collect(fake: &Fake) -> Collected {
    collect_of(fake, &AccountRequest::default()).await
}

async fn collect_of(fake: &Fake, request: &AccountRequest) -> Collected {
    collect_with(&fake.config().await, request, &Sessions::default()).await.expect("a login")
}

fn of_regions(regions: Regions) -> AccountRequest {
    AccountRequest { login: Login { regions, ..Login::default() }, ..AccountRequest::default() }
}

fn of_roles(accounts: &[&str]) -> AccountRequest {
    let role = |account: &&str| AssumedRole { arn: format!("arn:aws:iam::{account}:role/audit"), external_id: Some("our-id".into()) };
    AccountRequest { login: Login { roles: accounts.iter().map(role).collect(), ..Login::default() }, ..AccountRequest::default() }
}

/// The calls of the first place, by operation.
fn calls(collected: &Collected) -> BTreeMap<&'static str, &Vec<Call>> {
    collected.places[0].calls.iter().map(|(api, calls)| (api.operation, calls)).collect()
}

/// The error codes of an operation in the first place.
fn codes(collected: &Collected, operation: &str) -> Vec<String> {
    let calls = calls(collected);
    calls.get(operation).into_iter().flat_map(|calls| calls.iter()).filter_map(|call| Some(call.error.as_ref()?.code.clone())).collect()
}
