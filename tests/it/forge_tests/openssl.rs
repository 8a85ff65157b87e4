//! The openssl command line as a judge.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::forge::ca::pem;
use crate::forge::keys::{Hash, Scheme};

/// A folder of files that openssl reads.
pub struct OpenSsl(tempfile::TempDir);

impl OpenSsl {
    /// The judge; `None`, said aloud, where the command is missing, which in CI it must not be.
    pub fn find() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success()) {
            return Some(Self(tempfile::tempdir().expect("a folder")));
        }
        assert!(std::env::var_os("CI").is_none(), "in CI openssl must judge what the forge makes");
        // Past the harness, which swallows the output of tests that pass.
        writeln!(std::io::stderr(), "SKIPPED: there is no openssl command").expect("a terminal");
        None
    }

    /// A file of these bytes.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    /// Certificates in one PEM file.
    pub fn pem_file(&self, name: &str, certificates: &[Vec<u8>]) -> PathBuf {
        let text: String = certificates.iter().map(|der| pem("CERTIFICATE", der)).collect();
        self.file(name, text.as_bytes())
    }

    /// Runs a command: all that it says, and as an error where it fails.
    pub fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new("openssl").args(arguments).current_dir(self.0.path()).output().expect("openssl runs");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if output.status.success() { Ok(text) } else { Err(text) }
    }

    /// Whether the key of `certificate` (DER) made `signature` (of ECDSA in DER) over `message`.
    pub fn signed(&self, certificate: &[u8], scheme: Scheme, message: &[u8], signature: &[u8]) -> Result<String, String> {
        let certificate = self.pem_file("signer.pem", &[certificate.to_vec()]);
        let key = self.run(&["x509", "-in", name(&certificate), "-noout", "-pubkey"])?;
        let key = self.file("signer.pub", key.as_bytes());
        let message = self.file("message", message);
        let signature = self.file("signature", signature);
        let hash = match scheme.hash() {
            Hash::Sha256 => "-sha256",
            Hash::Sha384 => "-sha384",
            Hash::Sha512 => "-sha512",
        };
        let mut arguments = vec!["dgst", hash, "-verify", name(&key), "-signature", name(&signature)];
        if matches!(scheme, Scheme::Pss(_)) {
            arguments.extend(["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]);
        }
        arguments.push(name(&message));
        self.run(&arguments)
    }

    /// Whether the chain (DER, leaf first, root last) holds at `time` (seconds since 1970).
    pub fn chain(&self, certificates: &[Vec<u8>], time: i64) -> Result<String, String> {
        let (leaf, above) = certificates.split_first().expect("a leaf");
        let leaf = self.pem_file("leaf.pem", std::slice::from_ref(leaf));
        let (root, between) = above.split_last().expect("a root");
        let root = self.pem_file("root.pem", std::slice::from_ref(root));
        let between = self.pem_file("between.pem", between);
        let time = time.to_string();
        self.run(&["verify", "-x509_strict", "-attime", &time, "-CAfile", name(&root), "-untrusted", name(&between), name(&leaf)])
    }
}

/// The path as text.
pub fn name(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
