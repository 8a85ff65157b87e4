//! Platforms of an image index: which of its manifests Lambda runs.

use serde::Deserialize;

/// What a manifest of an index is for (OCI image-spec 1.1, "Image Index Property Descriptions").
#[derive(Debug, Clone, Deserialize)]
pub struct Platform {
    /// `amd64`, `arm64`, as Go names them.
    #[serde(default)]
    pub architecture: String,
    /// `linux`.
    #[serde(default)]
    pub os: String,
}

impl Platform {
    /// True for Linux on an architecture of Lambda's, `x86_64` or `arm64`.
    pub fn is_lambdas(&self, architecture: &str) -> bool {
        self.os == "linux" && self.architecture == go_architecture(architecture)
    }
}

/// What Go, and with it every index, calls an architecture of Lambda's.
pub fn go_architecture(lambdas: &str) -> &str {
    if lambdas == "x86_64" { "amd64" } else { lambdas }
}
