//! From a header to a package, its files, needs and provisions.

use super::header::{Header, Tag};
use super::{KEY, MAX_NEEDS, Records, Rpm};
use crate::catalog::distro::{self, Paths};
use crate::catalog::package::{Link, LinkKind};
use crate::catalog::{Basis, Cataloger as _, Evidence, Flaw, Package, Purl, Requirement};

/// Adds the package of a header; one that stands for a signing key is none. What of it could not be read is a flaw, or an error where that
/// is all.
pub(super) fn add(header: &Header<'_>, to: &mut Records<'_>) -> Result<(), String> {
    let name = header.text(Tag::Name).ok_or("a header without a name")?;
    if name == KEY {
        return Ok(());
    }
    let version = match (header.text(Tag::Version), header.text(Tag::Release)) {
        (Some(version), Some(release)) => Some(format!("{version}-{release}")),
        (version, _) => version,
    };
    let number = |tag| header.numbers(tag).and_then(|numbers| numbers.first().copied());
    let epoch = number(Tag::Epoch).filter(|epoch| *epoch != 0).map(|epoch| epoch.to_string());
    let purl = Purl::new("rpm", &name, version.as_deref())
        .with("arch", &header.text(Tag::Arch).unwrap_or_default())
        .with("epoch", &epoch.unwrap_or_default())
        .with("upstream", &header.text(Tag::SourceRpm).filter(|source| source != "(none)").unwrap_or_default());
    let mut package = Package::new(purl, Basis::Installed, Evidence::metadata(to.path, Rpm.name()));
    package.supplier = header.text(Tag::Vendor).or_else(|| header.text(Tag::Packager)).filter(|vendor| vendor != "(none)");
    package.description = header.text(Tag::Summary).and_then(|text| text.lines().next().map(str::to_owned));
    package.licences.extend(header.text(Tag::License).and_then(|text| distro::licence::read(&text)));
    package.links.extend(header.text(Tag::Url).map(|url| Link { kind: LinkKind::Website, url }));
    // Of the header, and of header and payload: none is a hash of the file that was distributed.
    let sums = [
        ("layerproof:rpm:header-sha256", header.text(Tag::Sha256Header)),
        ("layerproof:rpm:sigmd5", header.bytes(Tag::SigMd5).map(|sum| data_encoding::HEXLOWER.encode(sum))),
        ("layerproof:rpm:modularity", header.text(Tag::ModularityLabel)),
    ];
    package.properties.extend(sums.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));

    let place = to.facts.packages.len();
    if let Err(tag) = files(header, &mut package, &mut to.paths) {
        to.flaw(Flaw::malformed(format!("`{name}`: its files can't be told, for {tag}")));
    }
    to.facts.packages.push(package);
    for (tag, what) in [(Tag::RequireName, "needs"), (Tag::ProvideName, "provisions")] {
        let texts = header.texts(tag);
        if texts.is_none() && header.has(tag) {
            to.flaw(Flaw::malformed(format!("`{name}`: its {what} can't be told")));
        }
        for text in texts.into_iter().flatten().map(String::from_utf8_lossy) {
            if to.facts.requires.len().saturating_add(to.facts.provides.len()) >= MAX_NEEDS {
                break;
            }
            match tag {
                Tag::ProvideName => to.facts.provides.push((place, text.into_owned())),
                _ => to.facts.requires.extend(need(&text).map(|need| (place, need))),
            }
        }
    }
    Ok(())
}

/// A need: a name, the path of a file, or, of a condition in brackets, the names of which one must be there. `None` for what rpm itself
/// must be able to do, and for conditions that only hold where others are there.
fn need(text: &str) -> Option<Requirement> {
    if text.starts_with("rpmlib(") {
        return None;
    }
    let name = match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        None => text.to_owned(),
        Some(rich) => {
            let is_condition = |word| matches!(word, "and" | "if" | "unless" | "with" | "without" | "else");
            if rich.split_whitespace().any(is_condition) {
                return None;
            }
            let names: Vec<&str> = rich.split(" or ").filter_map(|part| part.split_whitespace().next()).collect();
            names.join("|")
        }
    };
    (!name.is_empty()).then(|| Requirement { name, constraint: String::new(), optional: false })
}

/// The package's files: names, and for each the number of its folder. Headers of rpm 3 have whole paths. An error is the tag at fault.
fn files(header: &Header<'_>, package: &mut Package, paths: &mut Paths) -> Result<(), &'static str> {
    if !header.has(Tag::BaseNames) {
        if header.has(Tag::OldFileNames) {
            let names = header.texts(Tag::OldFileNames).ok_or("OLDFILENAMES")?;
            package.files.extend(names.into_iter().filter_map(|name| paths.join("", &String::from_utf8_lossy(name))));
        }
        return Ok(());
    }
    let names = header.texts(Tag::BaseNames).ok_or("BASENAMES")?;
    let folders = header.texts(Tag::DirNames).ok_or("DIRNAMES")?;
    let of = header.numbers(Tag::DirIndexes).filter(|of| of.len() == names.len()).ok_or("DIRINDEXES")?;
    let folders: Vec<_> = folders.into_iter().map(String::from_utf8_lossy).collect();
    for (name, of) in names.into_iter().zip(of) {
        let folder = usize::try_from(of).ok().and_then(|of| folders.get(of)).ok_or("DIRINDEXES")?;
        package.files.extend(paths.join(folder, &String::from_utf8_lossy(name)));
    }
    Ok(())
}
