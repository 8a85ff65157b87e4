//! What several catalogers say of one file: the less sure word gives way, and Lambda's roles go to the package that the file is.

use std::collections::BTreeMap;

use super::assemble::{Assembled, Covered};
use super::file::View;
use super::package::Package;
use super::{classifier, elf_note, lambda};

/// Of whom a cataloger's word on a file gives way.
#[derive(Clone, Copy)]
enum To {
    /// To any package that covers the file.
    Any,
    /// To a package of the operating system: who keeps it also keeps what is linked into its files, and mends it under an old version.
    OperatingSystem,
}

/// Catalogers whose packages say what one file may be, and no more.
const GIVING_WAY: [(&str, To); 3] = [(classifier::NAME, To::OperatingSystem), (elf_note::NAME, To::Any), (lambda::NAME, To::Any)];

/// Gives every file one owner.
pub(super) fn settle(assembled: &mut BTreeMap<&'static str, Assembled>, view: &View<'_>) {
    if GIVING_WAY.iter().any(|(name, _)| assembled.get(name).is_some_and(|all| !all.packages.is_empty())) {
        let others =
            || assembled.iter().filter(|(name, _)| !GIVING_WAY.iter().any(|(weak, _)| weak == *name)).flat_map(|(_, all)| &all.packages);
        let by_any = Covered::by(others(), view);
        let is_of_os = |package: &&Package| matches!(package.purl.kind.as_str(), "deb" | "apk" | "rpm");
        let by_os = Covered::by(others().filter(is_of_os), view);
        for (name, to) in GIVING_WAY {
            let covered = match to {
                To::Any => &by_any,
                To::OperatingSystem => &by_os,
            };
            // Relations are by index: these catalogers state none.
            if let Some(all) = assembled.get_mut(name).filter(|all| all.edges.is_empty()) {
                all.packages.retain(|package| !package.evidence.iter().all(|evidence| covered.contains(&evidence.path)));
            }
        }
    }
    lambda::give_roles(assembled.values_mut().flat_map(|all| &mut all.packages));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Basis, Evidence, Purl};
    use crate::unpack::FileTree;

    fn package(kind: &str, name: &str, path: &str, basis: Basis) -> Package {
        let mut package = Package::new(Purl::new(kind, name, Some("1.0.0")), basis, Evidence::metadata(path, "x"));
        package.files.insert(path.to_owned());
        package
    }

    fn settled(parts: &[(&'static str, Package)]) -> Vec<String> {
        let mut assembled: BTreeMap<&'static str, Assembled> = BTreeMap::new();
        for (name, package) in parts {
            assembled.entry(*name).or_default().packages.push(package.clone());
        }
        let tree = FileTree::of_files(&["bin/x", "lib/libcrypto.so.3"]);
        settle(&mut assembled, &View::new(tree.entries.iter(), None));
        assembled.values().flat_map(|all| &all.packages).map(|package| package.purl.to_string()).collect()
    }

    #[test]
    fn a_classifier_gives_way_to_the_operating_system_and_not_to_a_wheel() {
        let found = package("generic", "openssl", "lib/libcrypto.so.3", Basis::Heuristic);
        let deb = package("deb", "libssl3", "lib/libcrypto.so.3", Basis::Installed);
        assert_eq!(settled(&[(classifier::NAME, found.clone()), ("dpkg", deb)]), ["pkg:deb/libssl3@1.0.0"]);
        let wheel = package("pypi", "cryptography", "lib/libcrypto.so.3", Basis::Installed);
        assert_eq!(settled(&[(classifier::NAME, found), ("python", wheel)]).len(), 2);
    }

    #[test]
    fn what_only_a_guess_covers_makes_nobody_give_way() {
        let note = package("rpm", "x", "bin/x", Basis::Heuristic);
        let guess = package("cargo", "y", "bin/x", Basis::Heuristic);
        assert_eq!(settled(&[(elf_note::NAME, note.clone()), ("rust", guess)]).len(), 2);
        let sure = package("golang", "y", "bin/x", Basis::Installed);
        assert_eq!(settled(&[(elf_note::NAME, note), ("go", sure)]), ["pkg:golang/y@1.0.0"]);
    }
}
