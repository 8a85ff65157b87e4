//! Alpine packages. Format: apk-tools' `installed` database, one-letter fields of APKINDEX and of its file list (apk-package(5), apk-v2(5)).

use std::collections::BTreeMap;

use data_encoding::{BASE64, HEXLOWER};

use super::distro::{self, Flaws, Meeting, Paths};
use super::package::{Link, LinkKind};
use super::{Assembled, Basis, Cataloger, Evidence, Facts, File, FileFacts, Flaw, Licence, Package, Purl, Requirement, Seen, View, Want};

/// Bytes of the database. A desktop's has 20 MB.
const MAX_BYTES: u64 = 128 << 20;
/// Packages. A desktop has 1,500.
const MAX_PACKAGES: usize = 50_000;
/// Needs and provisions that all packages state. A desktop has 30,000.
const MAX_NEEDS: usize = 1_000_000;

/// See the module.
pub(super) struct Apk;

impl Cataloger for Apk {
    fn name(&self) -> &'static str {
        "apk"
    }

    fn describe(&self) -> &'static str {
        "apk's installed database: packages of Alpine, Wolfi and their like, with their files"
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        let path = file.path.strip_prefix("usr/").unwrap_or(file.path);
        (path == "lib/apk/db/installed").then_some(Want::whole(MAX_BYTES, "apk::MAX_BYTES"))
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let text = String::from_utf8_lossy(file.bytes);
        let mut reading = Reading { path: file.path(), facts: Facts::default(), paths: Paths::new(), flaws: Flaws::default() };
        let mut record = Record::default();
        let mut is_any = false;
        for line in text.lines() {
            if line.trim().is_empty() {
                reading.close(std::mem::take(&mut record));
                continue;
            }
            is_any = true;
            reading.line(&mut record, line);
        }
        reading.close(record);
        if is_any && reading.facts.packages.is_empty() {
            return Err(Flaw::malformed("no record names a package"));
        }
        if is_any && !text.ends_with('\n') {
            reading.flaws.add(Flaw::malformed("it ends in the middle of a line"));
        }
        Ok(reading.facts())
    }

    fn assemble(&self, seen: Vec<Seen>, view: &View<'_>) -> Assembled {
        let mut all = Assembled::default();
        let mut needs: Vec<(usize, Requirement)> = Vec::new();
        let mut provides: Vec<(usize, String)> = Vec::new();
        for Seen { facts, .. } in seen {
            let from = all.packages.len();
            needs.extend(facts.requires.into_iter().map(|(place, need)| (place.saturating_add(from), need)));
            provides.extend(facts.provides.into_iter().map(|(place, name)| (place.saturating_add(from), name)));
            all.packages.extend(facts.packages);
        }
        let mut meeting = Meeting::default();
        for (place, package) in all.packages.iter().enumerate() {
            meeting.add(&package.name, place);
        }
        for (place, name) in &provides {
            meeting.add(name, *place);
        }
        // A need of a path is met by the package that has the file, where no provision names it.
        let mut of_paths: BTreeMap<&str, Option<usize>> =
            needs.iter().filter_map(|(_, need)| need.name.strip_prefix('/')).map(|path| (path, None)).collect();
        for (place, package) in all.packages.iter_mut().enumerate() {
            for path in &package.files {
                if let Some(owner) = of_paths.get_mut(path.as_str()) {
                    owner.get_or_insert(place);
                }
            }
            package.files = distro::at_home(package.files.iter().map(String::as_str), view);
        }
        for (path, owner) in of_paths {
            if let Some(place) = owner {
                meeting.add(&format!("/{path}"), place);
            }
        }
        let packages = &all.packages;
        all.edges = needs.iter().filter_map(|(from, need)| meeting.edge(*from, &need.name, packages).flatten()).collect();
        for package in &mut all.packages {
            distro::name(package, view.os);
        }
        all
    }
}

/// Fields of the record that is being read.
#[derive(Default)]
struct Record {
    fields: BTreeMap<char, String>,
    files: Vec<String>,
    folder: String,
    is_any: bool,
}

/// What was read so far.
struct Reading<'p> {
    path: &'p str,
    facts: Facts,
    paths: Paths,
    flaws: Flaws,
}

impl Reading<'_> {
    /// One line: a letter, a colon, a value.
    fn line(&mut self, record: &mut Record, line: &str) {
        record.is_any = true;
        let mut letters = line.chars();
        let (Some(letter), Some(':')) = (letters.next(), letters.next()) else {
            self.flaws.add(Flaw::malformed("a line is no field"));
            return;
        };
        let value = letters.as_str().trim();
        match letter {
            'F' => record.folder = value.to_owned(),
            'R' => record.files.extend(self.paths.join(&record.folder, value)),
            // Of modes, owners and sums of files nothing is kept; nor of sizes, times and the commit.
            'M' | 'a' | 'Z' | 'S' | 'I' | 't' | 'c' => {}
            letter => {
                record.fields.entry(letter).or_insert_with(|| value.to_owned());
            }
        }
    }

    /// The record is at its end.
    fn close(&mut self, record: Record) {
        if !record.is_any {
            return;
        }
        let get = |letter: char| record.fields.get(&letter).map(String::as_str).filter(|value| !value.is_empty());
        let Some(name) = get('P') else {
            self.flaws.add(Flaw::malformed("a record names no package"));
            return;
        };
        // apk writes both for each package: what has one alone was cut.
        if get('V').is_none() {
            self.flaws.add(Flaw::malformed(format!("`{name}` has no version")));
        }
        if self.facts.packages.len() >= MAX_PACKAGES {
            self.flaws.add(Flaw::too_large("apk::MAX_PACKAGES", format!("more than {MAX_PACKAGES} packages")));
            return;
        }
        let origin = get('o');
        let purl = Purl::new("apk", name, get('V'))
            .with("arch", get('A').unwrap_or_default())
            .with("upstream", origin.filter(|origin| *origin != name).unwrap_or_default());
        let mut package = Package::new(purl, Basis::Installed, Evidence::metadata(self.path, Apk.name()));
        package.name = name.to_owned();
        package.supplier = get('m').map(str::to_owned);
        package.description = get('T').map(str::to_owned);
        package.links.extend(get('U').map(|url| Link { kind: LinkKind::Website, url: url.to_owned() }));
        package.licences.extend(get('L').and_then(licence));
        package.properties.extend(origin.map(|origin| ("layerproof:apk:origin".to_owned(), origin.to_owned())));
        if let Some(sum) = get('C') {
            match checksum(sum) {
                Some(sum) => {
                    package.properties.insert("layerproof:apk:control-checksum".into(), sum);
                }
                None => self.flaws.add(Flaw::malformed(format!("the checksum of `{name}` is none"))),
            }
        }
        let place = self.facts.packages.len();
        let words = |letter| get(letter).unwrap_or_default().split_whitespace();
        let stated = self.facts.requires.len().saturating_add(self.facts.provides.len());
        let left = MAX_NEEDS.saturating_sub(stated);
        if left == 0 {
            self.flaws.add(Flaw::too_large("apk::MAX_NEEDS", format!("more than {MAX_NEEDS} needs and provisions")));
        }
        self.facts.requires.extend(words('D').filter_map(need).take(left).map(|need| (place, need)));
        self.facts.provides.extend(words('p').map(|word| (place, bare(word).0.to_owned())).take(left));
        package.files.extend(record.files);
        self.facts.packages.push(package);
    }

    fn facts(self) -> Facts {
        let mut facts = self.facts;
        facts.flaws = self.flaws.all();
        facts.flaws.extend(self.paths.flaw());
        facts
    }
}

/// The checksum of the package's control segment (`Q1`: SHA-1, base64; `Q2`: SHA-256), which names the package: `sha1:…`. It is no hash of the
/// package as distributed.
fn checksum(text: &str) -> Option<String> {
    let (algorithm, length, base64) = match text.split_at_checked(2)? {
        ("Q1", rest) => ("sha1", 20, rest),
        ("Q2", rest) => ("sha256", 32, rest),
        _ => return None,
    };
    let sum = BASE64.decode(base64.as_bytes()).ok().filter(|sum| sum.len() == length)?;
    Some(format!("{algorithm}:{}", HEXLOWER.encode(&sum)))
}

/// A need, or `None` for a conflict.
fn need(word: &str) -> Option<Requirement> {
    if word.starts_with('!') {
        return None;
    }
    let (name, constraint) = bare(word);
    Some(Requirement { name: name.to_owned(), constraint: constraint.to_owned(), optional: false })
}

/// A name without its version, and the version with its operator: `so:libc.musl-x86_64.so.1`, `cmd:ls=1.36`, `busybox>=1.2`, `edge@testing`.
fn bare(word: &str) -> (&str, &str) {
    let end = word.find(['<', '>', '=', '~', '@']).unwrap_or(word.len());
    word.split_at_checked(end).unwrap_or((word, ""))
}

/// An SPDX expression; or, as older Alpine has it, several licences with a space between, all of which hold.
fn licence(text: &str) -> Option<Licence> {
    if Licence::expression(text).is_none() && text.split_whitespace().all(|word| Licence::expression(word).is_some()) {
        let all: Vec<&str> = text.split_whitespace().collect();
        return Licence::expression(&all.join(" AND "));
    }
    distro::licence::read(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::distro::tests::{edges, os, run};

    const INSTALLED: &str = "lib/apk/db/installed";

    fn read(text: &str) -> (Assembled, Vec<Flaw>) {
        run(&Apk, &[(INSTALLED, text.as_bytes())], &[], None)
    }

    #[test]
    fn a_record_without_a_name_and_a_line_that_is_no_field_cost_themselves() {
        let (all, flaws) = read("V:1\nA:x86_64\n\nP:a\nV:1\nnonsense\n\n\nP:b\nV:2\n");
        assert_eq!(all.packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(flaws.len(), 2);
        assert_eq!(read("\u{1}\u{2}").1.len(), 1);
        assert_eq!(read("").1, []);
    }

    #[test]
    fn a_database_that_was_cut_says_so() {
        let whole = "P:a\nV:1\nA:x86_64\n\nP:b\nV:22\nA:x86_64\n\n";
        assert_eq!(read(whole).1, []);
        // Within a line, and within the second record; a cut at its end can't be told.
        let second = whole.find("P:b").unwrap();
        for end in second + 1..whole.find("V:22").unwrap() + 4 {
            assert!(!read(&whole[..end]).1.is_empty(), "{end}");
        }
    }

    #[test]
    fn flaws_packages_and_paths_without_end_are_counted_and_not_kept() {
        let (_, flaws) = read(&format!("P:a\nV:1\n{}", "x\n".repeat(100_000)));
        assert!(flaws.len() <= distro::MAX_FLAWS + 1, "{}", flaws.len());
        let (all, flaws) = read(&"P:a\nV:1\n\n".repeat(MAX_PACKAGES + 5));
        assert_eq!((all.packages.len(), flaws.len()), (MAX_PACKAGES, 5));
        let (_, flaws) = read(&format!("P:a\nV:1\nF:{}\n{}", "f".repeat(60_000), "R:x\n".repeat(1_000)));
        assert_eq!(flaws.len(), 1);
    }

    #[test]
    fn a_checksum_that_is_none_is_a_flaw_and_no_property() {
        for sum in ["Q1", "Q1AAAA", "Q9aaaaaaaaaaaaaaaaaaaaaaaaaaa=", "Q1!", "é", ""] {
            let (all, flaws) = read(&format!("C:{sum}\nP:a\nV:1\n"));
            assert!(all.packages[0].properties.is_empty(), "{sum}");
            assert_eq!(flaws.len(), usize::from(!sum.is_empty()), "{sum}");
        }
    }

    #[test]
    fn a_conflict_is_no_need_and_nobody_needs_itself() {
        let (all, _) = read("P:a\nD:!b a so:liba.so\np:so:liba.so=1\n\nP:b\n");
        assert_eq!(edges(&all), [""; 0]);
    }

    #[test]
    fn a_package_has_its_fields_files_and_needs() {
        let text = concat!(
            "C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=\nP:libcrypto3\nV:3.1.4-r5\nA:x86_64\nS:1\nT:Crypto library\n",
            "U:https://www.openssl.org/\nL:Apache-2.0\no:openssl\nm:A Person <a@x.test>\nt:1700000000\nc:aa\n",
            "D:so:libc.musl-x86_64.so.1 /bin/sh none\np:so:libcrypto.so.3=3\nF:lib\nM:0:0:755\nR:libcrypto.so.3\n",
            "a:0:0:755\nZ:Q1x\nF:usr/lib\nR:gone\n\n",
            "P:musl\nV:1\np:so:libc.musl-x86_64.so.1=1\nL:MIT BSD-2-Clause GPL-2.0-or-later\n\n",
            "P:busybox\nV:1\np:cmd:ls=1\nF:bin\nR:sh\nL:GPL2\n\n",
            "P:tool\nV:1\nD:cmd:ls musl>=1.2 busybox~1\no:tool\n",
        );
        let (all, flaws) =
            run(&Apk, &[(INSTALLED, text.as_bytes())], &["lib/", "lib/libcrypto.so.3", "usr/bin/sh"], Some(&os("alpine", "3.18.4")));
        assert_eq!(flaws, []);
        let first = &all.packages[0];
        assert_eq!(first.purl.to_string(), "pkg:apk/alpine/libcrypto3@3.1.4-r5?arch=x86_64&distro=alpine-3.18.4&upstream=openssl");
        assert_eq!(first.licences, [Licence::Expression("Apache-2.0".into())]);
        assert_eq!(first.files.iter().map(String::as_str).collect::<Vec<_>>(), ["lib/libcrypto.so.3"]);
        assert_eq!(first.properties["layerproof:apk:control-checksum"], "sha1:a8a719fa3db7c6cb005e681086438ef1d1e76d6c");
        assert_eq!(first.properties["layerproof:apk:origin"], "openssl");
        assert_eq!(all.packages[1].licences, [Licence::Expression("MIT AND BSD-2-Clause AND GPL-2.0-or-later".into())]);
        assert_eq!(all.packages[2].licences, [Licence::Expression("GPL-2.0-only".into())]);
        assert_eq!(all.packages[2].files.iter().map(String::as_str).collect::<Vec<_>>(), ["usr/bin/sh"]);
        assert_eq!(edges(&all), ["libcrypto3 > busybox", "libcrypto3 > musl", "tool > busybox", "tool > musl"]);
        assert!(!all.packages[3].purl.qualifiers.contains_key("upstream"));
    }

    #[test]
    fn the_database_of_newer_tools_is_wanted_and_others_are_not() {
        let wants = |path: &str| Apk.wants(&FileFacts::new(path, 1, None)).is_some();
        assert!(wants(INSTALLED) && wants("usr/lib/apk/db/installed"));
        assert!(!wants("lib/apk/db/scripts.tar") && !wants("opt/lib/apk/db/installed"));
    }
}
