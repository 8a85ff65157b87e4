//! The packages as a table, for a person.

use crate::catalog::{Aggregate, Catalog};
use crate::cli::listing::{columns, counted};
use crate::model::printable::printable;
use crate::sbom::Bom;

/// The page. All foreign text is made safe to print.
pub(super) fn page(bom: &Bom) -> String {
    let Catalog { packages, unidentified, compositions, gaps, .. } = &*bom.catalog;
    let mut page = format!(
        "{}{}\n",
        printable(&bom.subject.name),
        bom.subject.version.as_ref().map_or_else(String::new, |v| format!(" {}", printable(v)))
    );
    if let Some(digest) = &bom.subject.digest {
        page += &format!("  {digest}\n");
    }
    for line in &bom.subject.signatures {
        page += &format!("  signature: {}\n", printable(line));
    }
    if !packages.is_empty() {
        let mut rows = vec![["TYPE", "NAME", "VERSION", "BASIS", "LICENCE"].map(str::to_owned).to_vec()];
        for package in packages {
            let licences: Vec<&str> = package.licences.iter().map(|licence| licence.text().lines().next().unwrap_or_default()).collect();
            let licences = licences.join(", ");
            let cut = licences.floor_char_boundary(60);
            let licences = if cut < licences.len() { format!("{}…", licences.get(..cut).unwrap_or_default()) } else { licences };
            rows.push(vec![
                printable(&package.purl.kind).into_owned(),
                printable(&package.name).into_owned(),
                package.version().map_or_else(|| "unknown".into(), |version| printable(&version).into_owned()),
                package.basis.id().to_owned(),
                printable(&licences).into_owned(),
            ]);
        }
        page += &columns(0, &rows);
    }
    if !unidentified.is_empty() {
        page += "\nExecutables and scripts that no package covers\n";
        let rows: Vec<Vec<String>> =
            unidentified.iter().map(|file| vec![file.sha256.clone(), printable(&file.path).into_owned()]).collect();
        page += &columns(2, &rows);
    }
    if !gaps.is_empty() {
        page += "\nWhat could not be read\n";
        for gap in gaps {
            page += &format!("  {} ({}): {}: {}\n", printable(&gap.path), gap.cataloger, gap.reason, printable(&gap.detail));
        }
    }
    page += &format!("\n{}", counted(packages.len() as u64, "package"));
    if !unidentified.is_empty() {
        page += &format!(", {}", counted(unidentified.len() as u64, "unidentified file"));
    }
    for composition in compositions.iter().filter(|composition| composition.of == "artifact") {
        page += &match composition.aggregate {
            Aggregate::Complete => "; complete".to_owned(),
            Aggregate::Incomplete => format!("; {}", printable(&composition.reason)),
            Aggregate::Unknown => format!("; whether that is all is not known: {}", printable(&composition.reason)),
        };
    }
    page.push('\n');
    page
}
