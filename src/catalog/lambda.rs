//! What Lambda itself knows of an artifact: extensions, bootstraps, runtime interface clients. AWS Lambda Developer Guide: "Lambda
//! Extensions API" (files directly in /opt/extensions are started), "Building a custom runtime", "Using the runtime interface client".

use super::executable_file::{ELF, MAX_BYTES, MAX_BYTES_NAME};
use super::{Basis, Cataloger, Evidence, Facts, File, FileFacts, Flaw, Package, PackageKind, Purl, Technique, Want};

/// Its name, for [`super::overlap`].
pub(super) const NAME: &str = "lambda";
/// The property that says what a package is to Lambda.
const ROLE: &str = "layerproof:lambda-role";
/// Percent: the place says what it does, and only its name who it is.
const CONFIDENCE: u8 = 50;
/// Folders of extensions: of a layer's zip, and of an image.
const EXTENSIONS: [&str; 2] = ["extensions/", "opt/extensions/"];
/// Files that Lambda starts as a runtime: of a function's or layer's zip, and of an image.
const BOOTSTRAPS: [&str; 4] = ["bootstrap", "opt/bootstrap", "var/runtime/bootstrap", "var/task/bootstrap"];
/// Packages by type and full name, with what they are to Lambda.
const PACKAGES: [(&str, &str, &str); 10] = [
    ("pypi", "awslambdaric", "runtime-interface-client"),
    ("npm", "aws-lambda-ric", "runtime-interface-client"),
    ("gem", "aws_lambda_ric", "runtime-interface-client"),
    ("maven", "com.amazonaws:aws-lambda-java-runtime-interface-client", "runtime-interface-client"),
    ("nuget", "Amazon.Lambda.RuntimeSupport", "runtime-interface-client"),
    ("golang", "github.com/aws/aws-lambda-go", "runtime-interface-client"),
    ("cargo", "lambda_runtime", "runtime-interface-client"),
    ("cargo", "lambda-extension", "extension-client"),
    ("golang", "go.amzn.com", "runtime-interface-emulator"),
    ("golang", "github.com/aws/aws-lambda-runtime-interface-emulator", "runtime-interface-emulator"),
];

/// See the module.
pub(super) struct LambdaParts;

impl Cataloger for LambdaParts {
    fn name(&self) -> &'static str {
        NAME
    }

    fn describe(&self) -> &'static str {
        "Lambda extensions, by the place from which Lambda starts them"
    }

    fn is_about_programs(&self) -> bool {
        true
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        is_extension(file.path).then_some(Want::beginning(&[ELF, b"#!"], MAX_BYTES, MAX_BYTES_NAME))
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let evidence =
            Evidence { path: file.path().to_owned(), cataloger: NAME.into(), technique: Technique::Filename, confidence: CONFIDENCE };
        let mut package = Package::new(Purl::new("generic", file.facts.name(), None), Basis::Heuristic, evidence);
        package.kind = PackageKind::Application;
        package.files.insert(file.path().to_owned());
        package.properties.insert(ROLE.into(), "extension".into());
        Ok(Facts { packages: vec![package], ..Facts::default() })
    }
}

/// Says of packages what they are to Lambda: by the files that are theirs, or by name.
pub(super) fn give_roles<'a>(packages: impl Iterator<Item = &'a mut Package>) {
    for package in packages {
        let by_name = || {
            let name = package.purl.full_name();
            PACKAGES
                .iter()
                .find(|(kind, known, _)| *kind == package.purl.kind && known.eq_ignore_ascii_case(&name))
                .map(|(_, _, role)| *role)
        };
        let has_extension = || {
            EXTENSIONS.iter().any(|folder| {
                package.files.range((*folder).to_owned()..).take_while(|path| path.starts_with(folder)).any(|path| is_extension(path))
            })
        };
        let role = if BOOTSTRAPS.iter().any(|path| package.files.contains(*path)) {
            Some("bootstrap")
        } else if has_extension() {
            Some("extension")
        } else {
            by_name()
        };
        if let Some(role) = role {
            package.properties.insert(ROLE.into(), role.into());
        }
    }
}

/// A file directly in a folder of extensions.
fn is_extension(path: &str) -> bool {
    EXTENSIONS.iter().any(|folder| path.strip_prefix(folder).is_some_and(|name| !name.is_empty() && !name.contains('/')))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn role(mut package: Package) -> Option<String> {
        give_roles(std::iter::once(&mut package));
        package.properties.remove(ROLE)
    }

    fn with_file(path: &str) -> Package {
        let mut package = Package::new(Purl::golang("m", None), Basis::Installed, Evidence::metadata(path, "go"));
        package.files.insert(path.to_owned());
        package
    }

    #[test]
    fn only_files_directly_in_the_folder_are_extensions() {
        for (path, is) in [
            ("extensions/agent", true),
            ("opt/extensions/agent", true),
            ("extensions/agent.d/x", false),
            ("extensions/", false),
            ("python/extensions/agent", false),
            ("var/task/extensions/agent", false),
        ] {
            assert_eq!(is_extension(path), is, "{path}");
            assert_eq!(role(with_file(path)).as_deref(), is.then_some("extension"), "{path}");
        }
    }

    #[test]
    fn an_extension_is_named_by_its_file_and_nothing_else_is_claimed() {
        let bytes = Arc::new(b"#!/bin/sh\n".to_vec());
        let facts = FileFacts::new("extensions/agent.sh", 10, None);
        let facts = LambdaParts.parse(&File::new(facts, &bytes)).expect("facts");
        assert_eq!(facts.packages[0].purl.to_string(), "pkg:generic/agent.sh");
        assert_eq!(facts.packages[0].basis, Basis::Heuristic);
    }

    #[test]
    fn clients_are_known_by_their_whole_name_and_type() {
        let package = |kind, name| Package::new(Purl::new(kind, name, Some("1.0.0")), Basis::Installed, Evidence::metadata("a", "x"));
        assert_eq!(role(package("pypi", "awslambdaric")).as_deref(), Some("runtime-interface-client"));
        assert_eq!(role(package("npm", "awslambdaric")), None);
        assert_eq!(role(package("pypi", "awslambdaric-stubs")), None);
        let go = Package::new(Purl::golang("github.com/aws/aws-lambda-go", None), Basis::Installed, Evidence::metadata("a", "x"));
        assert_eq!(role(go).as_deref(), Some("runtime-interface-client"));
        assert_eq!(role(with_file("bootstrap")).as_deref(), Some("bootstrap"));
    }
}
