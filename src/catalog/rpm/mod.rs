//! RPM packages, from any of the three databases that rpm has had (SQLite, its own "ndb", Berkeley DB), and from the manifest of images
//! without one. All are read from bytes: no library of any database, no temporary file. A record that is damaged costs itself.

mod bdb;
mod header;
mod manifest;
mod ndb;
mod order;
mod package;
mod sqlite;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use self::header::Header;
use super::distro::{self, Flaws, Meeting, Paths};
use super::{Assembled, Cataloger, Facts, File, FileFacts, Flaw, Requirement, Seen, View, Want};

/// Bytes of one database. A server's has 30 MB, a desktop's 200 MB.
const MAX_BYTES: u64 = 256 << 20;
/// Bytes of a journal that are read: none is needed, its length tells all.
const MAX_JOURNAL: u64 = 1 << 20;
/// Packages of one database. A desktop has 4,000.
const MAX_PACKAGES: usize = 50_000;
/// Needs and provisions that all packages of one database state. A desktop has 200,000.
const MAX_NEEDS: usize = 2_000_000;
/// The name of what stands for a signing key in the database.
const KEY: &str = "gpg-pubkey";
/// Where databases lie: everywhere up to 2020; SUSE, Fedora from 36 on; rpm-ostree.
const FOLDERS: [&str; 3] = ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"];
/// Where the manifest lies.
const MANIFEST: &str = "var/lib/rpmmanifest/container-manifest-2";

/// See the module.
pub(super) struct Rpm;

/// What a path is to rpm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Sqlite,
    Ndb,
    Bdb,
    /// Changes that an SQLite database does not have yet, or is to lose again.
    Journal,
    Manifest,
}

impl Place {
    fn of(path: &str) -> Option<Self> {
        if path == MANIFEST {
            return Some(Self::Manifest);
        }
        let (folder, name) = path.rsplit_once('/')?;
        if !FOLDERS.contains(&folder) {
            return None;
        }
        match name {
            "rpmdb.sqlite" => Some(Self::Sqlite),
            "Packages.db" => Some(Self::Ndb),
            "Packages" => Some(Self::Bdb),
            "rpmdb.sqlite-wal" | "rpmdb.sqlite-journal" => Some(Self::Journal),
            _ => None,
        }
    }
}

impl Cataloger for Rpm {
    fn name(&self) -> &'static str {
        "rpm"
    }

    fn describe(&self) -> &'static str {
        "rpm's databases (SQLite, ndb, Berkeley DB): packages of Amazon Linux, Fedora, Red Hat, SUSE and their like, with their files"
    }

    fn wants(&self, file: &FileFacts<'_>) -> Option<Want> {
        match Place::of(file.path)? {
            Place::Journal => (file.size > 0).then_some(Want::whole(MAX_JOURNAL, "rpm::MAX_JOURNAL")),
            Place::Sqlite | Place::Ndb | Place::Bdb | Place::Manifest => Some(Want::whole(MAX_BYTES, "rpm::MAX_BYTES")),
        }
    }

    fn parse(&self, file: &File<'_>) -> Result<Facts, Flaw> {
        let mut records = Records { path: file.path(), facts: Facts::default(), paths: Paths::new(), flaws: Flaws::default(), seen: 0 };
        match Place::of(file.path()) {
            // Made when a database is made, and filled later.
            _ if file.bytes.is_empty() => {}
            Some(Place::Sqlite) => sqlite::blobs(file.bytes, "Packages", &mut records)?,
            Some(Place::Ndb) => ndb::blobs(file.bytes, &mut records)?,
            Some(Place::Bdb) => bdb::blobs(file.bytes, &mut records)?,
            Some(Place::Journal) => {
                let detail = format!("{} bytes of changes to the database were not applied", file.bytes.len());
                return Err(Flaw::malformed(detail));
            }
            Some(Place::Manifest) => return Ok(manifest::read(&String::from_utf8_lossy(file.bytes), file.path(), self.name())),
            None => {}
        }
        Ok(records.facts())
    }

    fn assemble(&self, seen: Vec<Seen>, view: &View<'_>) -> Assembled {
        let mut all = Assembled::default();
        let mut needs: Vec<(usize, Requirement)> = Vec::new();
        let mut provides: Vec<(usize, String)> = Vec::new();
        let mut databases = Vec::new();
        for Seen { path, facts } in seen {
            let from = all.packages.len();
            if !facts.packages.is_empty() {
                databases.push(path);
            }
            needs.extend(facts.requires.into_iter().map(|(place, need)| (place.saturating_add(from), need)));
            provides.extend(facts.provides.into_iter().map(|(place, name)| (place.saturating_add(from), name)));
            all.packages.extend(facts.packages);
        }
        if let [first, others @ ..] = databases.as_slice() {
            // Which of them rpm would ask is a matter of its configuration: what either lists is listed.
            let stale = |other: &String| (other.clone(), Flaw::malformed(format!("one more list of packages beside `{first}`")));
            all.flaws.extend(others.iter().map(stale));
        }
        let mut meeting = Meeting::default();
        for (place, name) in &provides {
            meeting.add(name, *place);
        }
        for (place, package) in all.packages.iter().enumerate() {
            meeting.add(&package.name, place);
        }
        // A need of a path is met by the package that has the file, where no provision names it.
        let paths = needs.iter().flat_map(|(_, need)| need.name.split('|')).filter_map(|name| name.strip_prefix('/'));
        let mut owners: HashMap<&str, Option<usize>> = paths.map(|path| (path, None)).collect();
        for (place, package) in all.packages.iter_mut().enumerate() {
            for path in &package.files {
                if let Some(owner) = owners.get_mut(path.as_str()) {
                    owner.get_or_insert(place);
                }
            }
            package.files = distro::at_home(package.files.iter().map(String::as_str), view);
        }
        for (path, owner) in owners {
            if let Some(place) = owner {
                meeting.add(&format!("/{path}"), place);
            }
        }
        let packages = &all.packages;
        let met = |(from, need): &(usize, Requirement)| need.name.split('|').find_map(|name| meeting.edge(*from, name, packages)).flatten();
        all.edges = needs.iter().filter_map(met).collect();
        for package in &mut all.packages {
            distro::name(package, view.os);
        }
        all
    }
}

/// Where the readers of databases hand over what they find.
struct Records<'p> {
    path: &'p str,
    facts: Facts,
    paths: Paths,
    flaws: Flaws,
    seen: usize,
}

impl Records<'_> {
    /// One record, as `what` names it: a header.
    fn record(&mut self, what: &str, blob: &[u8]) {
        self.seen = self.seen.saturating_add(1);
        if self.seen > MAX_PACKAGES {
            return;
        }
        if let Err(why) = Header::read(blob).and_then(|header| package::add(&header, self)) {
            self.flaw(Flaw::malformed(format!("{what}: {why}")));
        }
    }

    /// Something that could not be understood.
    fn flaw(&mut self, flaw: Flaw) {
        self.flaws.add(flaw);
    }

    /// All that was found.
    fn facts(self) -> Facts {
        let mut facts = self.facts;
        facts.flaws = self.flaws.all();
        facts.flaws.extend(self.paths.flaw());
        if self.seen > MAX_PACKAGES {
            facts.flaws.push(Flaw::too_large("rpm::MAX_PACKAGES", format!("{} packages, {MAX_PACKAGES} are read", self.seen)));
        }
        if facts.requires.len().saturating_add(facts.provides.len()) >= MAX_NEEDS {
            facts.flaws.push(Flaw::too_large("rpm::MAX_NEEDS", format!("more than {MAX_NEEDS} needs and provisions")));
        }
        facts
    }
}
