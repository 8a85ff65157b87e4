//! The SDK's HTTP client with a proxy from the environment and further trust anchors.

use std::io::Read;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::clients::{LoginError, Network};

/// Bytes of a CA bundle: the system's has some 250 KiB.
const MAX_BUNDLE_BYTES: u64 = 16 << 20;

/// A client for every AWS service. Plain HTTP works where an endpoint says so, as loopback ones do.
pub(super) fn client(network: &Network) -> Result<SharedHttpClient, LoginError> {
    let mut trust = TrustStore::default();
    if let Some(pem) = bundle(network)? {
        trust.add_pem_certificate(pem);
    }
    let tls = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .map_err(|error| LoginError::CaBundle { path: network.ca_bundle.clone().unwrap_or_default(), problem: error.to_string() })?;
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder();
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        builder.set_proxy_config(Some(ProxyConfig::from_env()));
        builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(tls.clone()).build()
    }))
}

/// The bundle, seen to be one that the TLS library takes: the SDK's client would panic on any other.
fn bundle(network: &Network) -> Result<Option<Vec<u8>>, LoginError> {
    let Some(path) = &network.ca_bundle else { return Ok(None) };
    let fail = |problem: String| LoginError::CaBundle { path: path.clone(), problem };
    let mut pem = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    file.take(MAX_BUNDLE_BYTES + 1).read_to_end(&mut pem).map_err(|error| fail(error.to_string()))?;
    if pem.len() as u64 > MAX_BUNDLE_BYTES {
        return Err(fail(format!("larger than {MAX_BUNDLE_BYTES} bytes")));
    }
    let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| fail(error.to_string()))?;
    if certificates.is_empty() {
        return Err(fail("it holds no certificate".into()));
    }
    reqwest::Client::builder().tls_certs_only(certificates).build().map_err(|error| fail(error.to_string()))?;
    Ok(Some(pem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_that_is_none_is_an_error_and_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in ["", "no certificate", broken, "-----BEGIN CERTIFICATE-----\n"] {
            std::fs::write(&path, text).unwrap();
            let network = Network { ca_bundle: Some(path.clone()), ..Network::default() };
            assert!(matches!(client(&network), Err(LoginError::CaBundle { .. })), "{text:?}");
        }
        let network = Network { ca_bundle: Some(folder.path().join("absent")), ..Network::default() };
        assert!(matches!(client(&network), Err(LoginError::CaBundle { .. })));
        assert!(client(&Network::default()).is_ok());
    }
}
