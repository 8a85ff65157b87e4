//! Whether AWS itself is asked, or whatever an endpoint setting names.

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use reqwest::Url;

use crate::clients::http::address;

/// The services that are asked, by the names under which the SDK looks up their endpoints.
const SERVICES: [&str; 7] = ["Lambda", "ECR", "S3", "STS", "Account", "signer", "Signer Data"];

/// The endpoint that profile or environment set in place of AWS's own for any service that is asked; without user and path. Every report
/// made through one says so: whoever runs the endpoint decides what "AWS" answers (DESIGN §4 rule 8).
pub fn overridden(config: &SdkConfig) -> Option<String> {
    SERVICES.iter().find_map(|service| of(config, service)).map(|url| {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", &url));
        format!("{scheme}://{}", authority(rest))
    })
}

/// The endpoint that is set for one service: `Lambda`, `ECR`, `S3`, `STS`, `Account`, `signer`, `Signer Data`. The same order in which its client looks.
pub fn of(config: &SdkConfig, service: &str) -> Option<String> {
    if config.get_origin("endpoint_url").is_client_config() {
        return config.endpoint_url().map(Into::into);
    }
    let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok();
    key.and_then(|key| config.service_config()?.load_config(key)).or_else(|| config.endpoint_url().map(Into::into))
}

/// True where `url` leads to this machine, so that AWS's limits are not the ones to keep to.
pub fn is_loopback(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| address::is_loopback(&url))
}

fn authority(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_only_looks_like_this_machine_is_another() {
        for near in ["http://127.0.0.1:80", "https://localhost/x", "http://[::1]:4", "http://user@127.8.8.8"] {
            assert!(is_loopback(near), "{near}");
        }
        for far in ["http://127.0.0.1.example.com", "http://localhost.example.com", "http://127.0.0.1@example.com", "https://10.0.0.1"] {
            assert!(!is_loopback(far), "{far}");
        }
    }

    #[test]
    fn a_password_in_the_endpoint_is_not_reported() {
        let config = SdkConfig::builder().endpoint_url("https://user:secret@proxy.example.com:8443/path?q").build();
        assert_eq!(overridden(&config).unwrap(), "https://proxy.example.com:8443");
        assert_eq!(overridden(&SdkConfig::builder().build()), None);
    }
}
