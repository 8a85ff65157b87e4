//! The list of packages in images without a database (CBL-Mariner, Azure Linux distroless). Format: one line for each package, as
//! `rpm --query` prints it with tabs between: name, version-release, times of installation and building, vendor, epoch, size, architecture,
//! epoch as a number, source package.

use super::MAX_PACKAGES;
use crate::catalog::distro::Flaws;
use crate::catalog::{Basis, Evidence, Facts, Flaw, Package, Purl};

/// The packages of a manifest.
pub(super) fn read(text: &str, path: &str, cataloger: &str) -> Facts {
    let mut facts = Facts::default();
    let mut flaws = Flaws::default();
    for (line, text) in (1_usize..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let fields: Vec<&str> = text.splitn(11, '\t').map(said).collect();
        let field = |place: usize| fields.get(place).copied().unwrap_or_default();
        if fields.len() < 10 || field(0).is_empty() {
            flaws.add(Flaw::malformed(format!("line {line} has {} fields", fields.len())));
            continue;
        }
        if field(0) == super::KEY {
            continue;
        }
        if facts.packages.len() >= MAX_PACKAGES {
            flaws.add(Flaw::too_large("rpm::MAX_PACKAGES", format!("more than {MAX_PACKAGES} packages")));
            break;
        }
        let epoch = Some(field(8)).filter(|epoch| *epoch != "0" && epoch.bytes().all(|byte| byte.is_ascii_digit()));
        let purl = Purl::new("rpm", field(0), Some(field(1)))
            .with("arch", field(7))
            .with("epoch", epoch.unwrap_or_default())
            .with("upstream", field(9));
        let mut package = Package::new(purl, Basis::Installed, Evidence::metadata(path, cataloger));
        package.supplier = Some(field(4)).filter(|vendor| !vendor.is_empty()).map(str::to_owned);
        facts.packages.push(package);
    }
    facts.flaws = flaws.all();
    facts
}

/// A field, empty where rpm has nothing to print.
fn said(field: &str) -> &str {
    let field = field.trim();
    if field == "(none)" { "" } else { field }
}
