//! Each fault is seen by the real SDK as what it stands for, and by nobody else.

use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_lambda::error::SdkError;
use layerproof::model::digest::Digest;

use super::sdk::{assume, config};
use crate::loopback::{Fault, Fleet, LoopbackAws, Synthetic, Wrong, edit};

const REGION: &str = "eu-west-1";

fn one() -> String {
    Synthetic::account(0)
}

/// Two accounts of 60 functions, so that a listing has two pages.
fn server(faults: impl IntoIterator<Item = Fault>) -> LoopbackAws {
    let fleet = Synthetic { accounts: 2, functions: 60, versions: 0, ..Synthetic::default() }.fleet();
    faults.into_iter().fold(LoopbackAws::of(fleet), |builder, fault| builder.fault(fault)).start()
}

async fn lambda(aws: &LoopbackAws) -> aws_sdk_lambda::Client {
    aws_sdk_lambda::Client::new(&config(aws, &one(), REGION).await)
}

/// The link to the code of `function-0000`.
async fn link(aws: &LoopbackAws) -> String {
    let found = lambda(aws).await.get_function().function_name("function-0000").send().await.unwrap();
    found.code().unwrap().location().unwrap().to_owned()
}

#[tokio::test]
async fn a_denied_action_is_denied_in_one_account_in_the_words_of_each_service() {
    let actions = ["lambda:ListFunctions", "lambda:GetLayerVersionByArn", "ecr:DescribeRepositories", "ecr:GetAuthorizationToken"];
    let denied: Vec<Fault> = actions.iter().map(|api| Fault::on(api).in_account(&one()).denies()).collect();
    let aws = server(denied);
    let base = config(&aws, &one(), REGION).await;
    let lambda = aws_sdk_lambda::Client::new(&base);
    let error = lambda.list_functions().send().await.unwrap_err();
    let raw = error.raw_response().unwrap();
    assert_eq!((raw.status().as_u16(), raw.headers().get("x-amzn-errortype")), (403, Some("AccessDeniedException")));
    let error = error.into_service_error();
    assert_eq!(error.meta().code(), Some("AccessDeniedException"));
    let said = "User: arn:aws:iam::200000000001:user/auditor is not authorized to perform: lambda:ListFunctions on resource: * because no \
                identity-based policy allows the lambda:ListFunctions action";
    assert_eq!(error.meta().message(), Some(said));
    let layer = "arn:aws:lambda:eu-west-1:200000000001:layer:shared-000:1";
    let error = lambda.get_layer_version_by_arn().arn(layer).send().await.unwrap_err().into_service_error();
    assert!(error.meta().message().unwrap().contains(&format!("perform: lambda:GetLayerVersion on resource: {layer} ")), "{error:?}");
    let error = aws_sdk_ecr::Client::new(&base).describe_repositories().send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
    assert_eq!(error.into_service_error().meta().code(), Some("AccessDeniedException"));

    lambda.get_function().function_name("function-0000").send().await.unwrap();
    let other = config(&aws, &Synthetic::account(1), REGION).await;
    aws_sdk_lambda::Client::new(&other).list_functions().send().await.unwrap();
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_denied() {
    let aws = server([Fault::on("sts:AssumeRole").about(&Synthetic::account(1)).denies()]);
    let base = config(&aws, &one(), REGION).await;
    assume(&base, &aws.endpoint(), &Synthetic::role(0), None).await.unwrap();
    let error = assume(&base, &aws.endpoint(), &Synthetic::role(1), None).await.unwrap_err();
    assert!(format!("{error:?}").contains("is not authorized to perform: sts:AssumeRole on resource"), "{error:?}");
}

#[tokio::test]
async fn throttling_says_when_to_come_back_and_ends_when_it_is_told_to() {
    let aws = server([
        Fault::on("lambda:ListFunctions").first(2).throttles(Some(3)),
        Fault::on("ecr:DescribeRepositories").nth(1).throttles(None),
        Fault::on("lambda:ListLayers").after(1).throttles(None),
    ]);
    let base = config(&aws, &one(), REGION).await;
    let lambda = aws_sdk_lambda::Client::new(&base);
    for _ in 0..2 {
        let error = lambda.list_functions().send().await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 429);
        let aws_sdk_lambda::operation::list_functions::ListFunctionsError::TooManyRequestsException(error) = error.into_service_error()
        else {
            panic!("another error")
        };
        assert_eq!((error.retry_after_seconds(), error.message()), (Some("3"), Some("Rate exceeded")));
    }
    lambda.list_functions().send().await.unwrap();
    let ecr = aws_sdk_ecr::Client::new(&base);
    assert_eq!(ecr.describe_repositories().send().await.unwrap_err().into_service_error().meta().code(), Some("ThrottlingException"));
    ecr.describe_repositories().send().await.unwrap();
    lambda.list_layers().send().await.unwrap();
    assert!(lambda.list_layers().send().await.is_err());
    aws.heal();
    lambda.list_layers().send().await.unwrap();
}

#[tokio::test]
async fn the_sdk_retries_what_aws_means_to_be_retried() {
    let first = |wrong: Wrong| Fault::on("lambda:ListAliases").first(1).goes(wrong);
    for wrong in [Wrong::Throttled(None), Wrong::ServerError(500), Wrong::ServerError(503), Wrong::Reset] {
        let aws = server([first(wrong.clone())]);
        let retry = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
        let settings = config(&aws, &one(), REGION).await.into_builder().retry_config(retry).build();
        aws_sdk_lambda::Client::new(&settings).list_aliases().function_name("function-0000").send().await.unwrap();
        assert_eq!(aws.log().count_about("lambda:ListAliases", "function-0000"), 2, "{wrong:?}");
    }
}

#[tokio::test]
async fn a_server_error_and_a_resource_that_is_gone_are_told_apart() {
    let aws = server([
        Fault::on("lambda:GetFunction").about("0001").goes(Wrong::ServerError(500)),
        Fault::on("lambda:GetFunction").about("0002").goes(Wrong::NotFound),
        Fault::on("lambda:GetFunction").about("0003").goes(Wrong::Error(502, "KMSAccessDeniedException".into(), "no key".into())),
    ]);
    let lambda = lambda(&aws).await;
    let error = lambda.get_function().function_name("function-0001").send().await.unwrap_err().into_service_error();
    assert!(error.is_service_exception(), "{error:?}");
    let error = lambda.get_function().function_name("function-0002").send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    let error = lambda.get_function().function_name("function-0003").send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("KMSAccessDeniedException"));
    lambda.get_function().function_name("function-0000").send().await.unwrap();
    let statuses: Vec<u16> = aws.log().0.iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [500, 404, 502, 200]);
}

#[tokio::test]
async fn an_answer_that_never_comes_runs_into_the_callers_own_limit() {
    let aws = server([Fault::on("lambda:ListFunctions").goes(Wrong::Hang)]);
    let limit = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(100)).build();
    let settings = config(&aws, &one(), REGION).await.into_builder().timeout_config(limit).build();
    let error = aws_sdk_lambda::Client::new(&settings).list_functions().send().await.unwrap_err();
    assert!(matches!(error, SdkError::TimeoutError(_)), "{error:?}");
    assert_eq!(aws.log().0[0].status, 0);
}

#[tokio::test]
async fn answers_that_are_cut_or_no_answers_at_all_do_not_parse() {
    for wrong in [Wrong::Reset, Wrong::Truncated, Wrong::Garbage] {
        let aws = server([Fault::on("lambda:ListFunctions").goes(wrong.clone())]);
        // The SDK calls what does not parse an error of the service, without a code. Its `Debug` holds the whole body, secrets included.
        let error = lambda(&aws).await.list_functions().send().await.unwrap_err();
        assert!(error.as_service_error().is_none_or(|error| error.meta().code().is_none()), "{wrong:?}: {error}");
    }
}

#[tokio::test]
async fn a_marker_that_leads_to_itself_never_ends() {
    let aws = server([Fault::on("lambda:ListFunctions").after(1).goes(Wrong::MarkerLoop)]);
    let lambda = lambda(&aws).await;
    let first = lambda.list_functions().send().await.unwrap();
    let marker = first.next_marker().unwrap();
    for _ in 0..3 {
        let again = lambda.list_functions().marker(marker).send().await.unwrap();
        assert_eq!((again.next_marker(), again.functions().len()), (Some(marker), 10));
    }
}

#[tokio::test]
async fn downloads_break_in_each_way_that_bytes_can() {
    let aws = server([]);
    let (link, http) = (link(&aws).await, reqwest::Client::new());
    let right = http.get(&link).send().await.unwrap().bytes().await.unwrap();
    let next = |wrong: Wrong| {
        aws.heal();
        aws.fault(Fault::on("download").goes(wrong));
        http.get(&link).send()
    };
    let cut = next(Wrong::Reset).await.unwrap();
    assert_eq!(cut.content_length(), Some(right.len() as u64));
    cut.bytes().await.unwrap_err();
    let short = next(Wrong::Truncated).await.unwrap().bytes().await.unwrap();
    assert_eq!(short, right.slice(..right.len() / 2));
    let wrong = next(Wrong::OtherBytes).await.unwrap().bytes().await.unwrap();
    assert!(wrong.len() == right.len() && Digest::of(&wrong) != Digest::of(&right));
    let start = Instant::now();
    let slow = next(Wrong::Drip(right.len() / 4 + 1, Duration::from_millis(20))).await.unwrap().bytes().await.unwrap();
    assert!(slow == right && start.elapsed() >= Duration::from_millis(80), "{:?}", start.elapsed());
    let mut endless = next(Wrong::Endless).await.unwrap();
    assert_eq!(endless.content_length(), None);
    let mut read = 0;
    while read < 1 << 20 {
        read += endless.chunk().await.unwrap().unwrap().len();
    }
    drop(endless);
    let elsewhere = format!("http://localhost:{}/elsewhere", aws.authority().split(':').next_back().unwrap());
    let led = next(Wrong::Redirect(elsewhere.clone())).await.unwrap();
    assert_eq!(led.url().as_str(), elsewhere, "the client went where it was led");
    assert_eq!(next(Wrong::NotFound).await.unwrap().status(), 404);
    let expired = next(Wrong::ExpiredToken).await.unwrap();
    assert_eq!(expired.status(), 403);
    assert!(expired.text().await.unwrap().contains("<Message>Request has expired</Message>"));
}

#[tokio::test]
async fn the_first_links_are_dead_where_that_is_asked_for_and_all_die_in_time() {
    let fleet = || Synthetic::default().fleet();
    let aws = LoopbackAws::of(fleet()).expired_links(1).start();
    let http = reqwest::Client::new();
    let (dead, alive) = (link(&aws).await, link(&aws).await);
    let answer = http.get(&dead).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()), (403, "application/xml"));
    assert!(answer.text().await.unwrap().contains("<Code>AccessDenied</Code><Message>Request has expired</Message>"));
    assert_eq!(http.get(&alive).send().await.unwrap().status(), 200);
    assert_eq!(aws.log().downloads().values().sum::<usize>(), 1, "a refusal is no download");

    let aws = LoopbackAws::of(fleet()).links_live_for(Duration::from_millis(50)).start();
    let link = link(&aws).await;
    tokio::time::sleep(Duration::from_millis(80)).await;
    assert_eq!(http.get(&link).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_session_that_has_expired_is_no_denial() {
    let aws = LoopbackAws::of(Synthetic::default().fleet()).sessions_expire_after(2).start();
    let base = config(&aws, &one(), REGION).await;
    let role = assume(&base, &aws.endpoint(), &Synthetic::role(0), None).await.unwrap();
    let lambda = aws_sdk_lambda::Client::new(&role);
    lambda.list_layers().send().await.unwrap();
    lambda.list_layers().send().await.unwrap();
    let error = lambda.list_layers().send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("ExpiredTokenException"));
    let again = assume(&base, &aws.endpoint(), &Synthetic::role(0), None).await.unwrap();
    aws_sdk_lambda::Client::new(&again).list_layers().send().await.unwrap();
}

#[tokio::test]
async fn a_page_that_was_not_recorded_is_an_error_behind_what_was() {
    let mut files = Synthetic { functions: 3, ..Synthetic::default() }.files();
    let path = format!("accounts/{}/{REGION}/lambda.ListFunctions.json", one());
    let error = serde_json::json!({"code": "ServiceException", "message": "m"});
    let call = serde_json::json!({"request": {"FunctionVersion": "ALL", "Marker": "2"}, "error": error});
    edit(&mut files, &path, |calls| calls.as_array_mut().unwrap().push(call));
    let aws = LoopbackAws::of(Fleet::from_files(files)).start();
    let lambda = lambda(&aws).await;
    let first = lambda.list_functions().send().await.unwrap();
    assert_eq!(first.functions().len(), 3);
    let error = lambda.list_functions().marker(first.next_marker().unwrap()).send().await.unwrap_err().into_service_error();
    assert!(error.is_service_exception(), "{error:?}");
}
