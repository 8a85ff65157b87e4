//! The SDK's HTTP client with a proxy from the environment and further trust anchors.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::clients::LoginError;
use crate::clients::http::Trust;

/// A client for every AWS service. Plain HTTP works where an endpoint says so, as loopback ones do.
pub(super) fn client(trust: &Trust) -> Result<SharedHttpClient, LoginError> {
    let mut store = TrustStore::default();
    if let Some(pem) = trust.pem() {
        store.add_pem_certificate(pem);
    }
    let tls = TlsContext::builder().with_trust_store(store).build().map_err(|error| LoginError::Http { problem: error.to_string() })?;
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder();
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        builder.set_proxy_config(Some(ProxyConfig::from_env()));
        builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(tls.clone()).build()
    }))
}
