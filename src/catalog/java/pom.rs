//! What Maven leaves in a jar: `META-INF/maven/GROUP/ARTIFACT/pom.properties` and `pom.xml`.
//! Formats: Apache Maven Archiver reference, `addMavenDescriptor`; Maven POM 4.0.0; `java.util.Properties.load`.

use std::collections::BTreeMap;

use super::xml;
use crate::catalog::Flaw;

/// Bytes of one file. The largest of Maven Central's poms that are known have some 300 KB.
pub(super) const MAX_BYTES: u64 = 1 << 20;
/// Lines of `pom.properties`. Real ones have five.
const MAX_LINES: usize = 256;
/// Dependencies, licences and properties each, of one `pom.xml`. Real ones reach some hundred.
const MAX_ITEMS: usize = 2_000;
/// Bytes of a group, artifact or version: what is longer is none.
const MAX_COORDINATE: usize = 512;

/// What one folder below `META-INF/maven/` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pom {
    /// Path of the file that says so, within its archive.
    pub(super) path: String,
    /// What stands before `META-INF/maven/`.
    pub(super) prefix: String,
    pub(super) group: Option<String>,
    pub(super) artifact: String,
    pub(super) version: Option<String>,
    pub(super) description: Option<String>,
    pub(super) url: Option<String>,
    pub(super) vcs: Option<String>,
    pub(super) licences: Vec<String>,
    pub(super) needs: Vec<Need>,
}

/// A dependency that is needed to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: String,
    pub(super) is_optional: bool,
}

/// Where a path within an archive is `PREFIX/META-INF/maven/GROUP/ARTIFACT/FILE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) prefix: &'a str,
    pub(super) group: &'a str,
    pub(super) artifact: &'a str,
}

impl<'a> Place<'a> {
    /// Takes a path apart; `file` is `pom.properties` or `pom.xml`.
    pub(super) fn of(path: &'a str, file: &str) -> Option<Self> {
        let folder = path.strip_suffix(file)?.strip_suffix('/')?;
        let (rest, artifact) = folder.rsplit_once('/')?;
        let (rest, group) = rest.rsplit_once('/')?;
        let prefix = rest.strip_suffix("META-INF/maven")?;
        let is_whole = prefix.is_empty() || prefix.ends_with('/');
        (is_whole && !group.is_empty() && !artifact.is_empty()).then_some(Self { prefix, group, artifact })
    }
}

impl Pom {
    /// Both files of one folder, at least one of them. The properties were written when the jar was built, and win.
    pub(super) fn read(place: Place<'_>, path: &str, properties: Option<&[u8]>, xml: Option<&[u8]>) -> (Self, Option<Flaw>) {
        let mut pom = Self { path: path.to_owned(), prefix: place.prefix.to_owned(), ..Self::default() };
        let mut flaw = None;
        if let Some(bytes) = xml {
            flaw = pom.read_xml(&String::from_utf8_lossy(bytes)).err();
        }
        if let Some(bytes) = properties {
            for (key, value) in read_properties(&String::from_utf8_lossy(bytes)) {
                match key.as_str() {
                    "groupId" => pom.group = Some(value),
                    "artifactId" => pom.artifact = value,
                    "version" => pom.version = Some(value),
                    _ => {}
                }
            }
        }
        pom.group.get_or_insert_with(|| place.group.to_owned());
        if pom.artifact.is_empty() {
            pom.artifact = place.artifact.to_owned();
        }
        (pom, flaw)
    }

    fn read_xml(&mut self, text: &str) -> Result<(), Flaw> {
        let mut raw = Raw::default();
        let result = xml::walk(text, &mut |path, text| raw.take(path, text));
        let known = |value: &str| raw.filled(value);
        let coordinate = |value: &str| raw.filled(value).filter(|value| value.len() <= MAX_COORDINATE);
        self.group = raw.group.as_deref().or(raw.parent_group.as_deref()).and_then(coordinate);
        self.version = raw.version.as_deref().or(raw.parent_version.as_deref()).and_then(coordinate);
        self.artifact = raw.artifact.as_deref().and_then(coordinate).unwrap_or_default();
        self.description = raw.description.as_deref().and_then(known);
        self.url = raw.url.as_deref().and_then(known);
        self.vcs = raw.vcs.as_deref().and_then(known);
        self.licences = raw.licences.iter().filter_map(|licence| known(licence)).collect();
        for (need, scope) in &raw.needs {
            if matches!(scope.as_str(), "test" | "provided" | "system" | "import") {
                continue;
            }
            let (Some(group), Some(artifact)) = (coordinate(&need.group), coordinate(&need.artifact)) else { continue };
            let version = coordinate(&need.version).unwrap_or_default();
            self.needs.push(Need { group, artifact, version, is_optional: need.is_optional });
        }
        result
    }
}

/// A `pom.xml` before its `${…}` are filled in.
#[derive(Default)]
struct Raw {
    group: Option<String>,
    artifact: Option<String>,
    version: Option<String>,
    parent_group: Option<String>,
    parent_version: Option<String>,
    description: Option<String>,
    url: Option<String>,
    vcs: Option<String>,
    licences: Vec<String>,
    licence_url: Option<String>,
    licence_name: Option<String>,
    properties: BTreeMap<String, String>,
    needs: Vec<(Need, String)>,
    need: Need,
    scope: String,
}

impl Raw {
    /// An element has ended, with this text directly in it.
    fn take(&mut self, path: &[&str], text: &str) {
        let some = || (!text.is_empty()).then(|| text.to_owned());
        match path {
            ["project", "groupId"] => self.group = some(),
            ["project", "artifactId"] => self.artifact = some(),
            ["project", "version"] => self.version = some(),
            ["project", "parent", "groupId"] => self.parent_group = some(),
            ["project", "parent", "version"] => self.parent_version = some(),
            ["project", "description"] => self.description = some(),
            ["project", "url"] => self.url = some(),
            ["project", "scm", "url"] => self.vcs = some(),
            ["project", "licenses", "license", "name"] => self.licence_name = some(),
            ["project", "licenses", "license", "url"] => self.licence_url = some(),
            ["project", "licenses", "license"] => {
                let (name, url) = (self.licence_name.take(), self.licence_url.take());
                if self.licences.len() < MAX_ITEMS {
                    self.licences.extend(name.or(url));
                }
            }
            ["project", "properties", name] if self.properties.len() < MAX_ITEMS => {
                self.properties.insert((*name).to_owned(), text.to_owned());
            }
            ["project", "dependencies", "dependency", field] => match *field {
                "groupId" => text.clone_into(&mut self.need.group),
                "artifactId" => text.clone_into(&mut self.need.artifact),
                "version" => text.clone_into(&mut self.need.version),
                "optional" => self.need.is_optional = text == "true",
                "scope" => text.clone_into(&mut self.scope),
                _ => {}
            },
            ["project", "dependencies", "dependency"] => {
                let need = (std::mem::take(&mut self.need), std::mem::take(&mut self.scope));
                if self.needs.len() < MAX_ITEMS {
                    self.needs.push(need);
                }
            }
            _ => {}
        }
    }

    /// A value with one `${…}` filled in, once: a value that still holds one is not known.
    fn filled(&self, value: &str) -> Option<String> {
        let Some((before, rest)) = value.split_once("${") else { return (!value.is_empty()).then(|| value.to_owned()) };
        let (name, after) = rest.split_once('}')?;
        let bare = name.strip_prefix("project.").or_else(|| name.strip_prefix("pom.")).unwrap_or(name);
        let replaced = match bare {
            "groupId" => self.group.as_deref().or(self.parent_group.as_deref()),
            "artifactId" => self.artifact.as_deref(),
            "version" => self.version.as_deref().or(self.parent_version.as_deref()),
            "parent.groupId" => self.parent_group.as_deref(),
            "parent.version" => self.parent_version.as_deref(),
            _ => self.properties.get(name).map(String::as_str),
        }?;
        let whole = format!("{before}{replaced}{after}");
        (!whole.contains("${") && !whole.is_empty()).then_some(whole)
    }
}

/// Key and value pairs. Escapes other than of the next character are not met in these files.
fn read_properties(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for line in text.lines().take(MAX_LINES) {
        let line = line.trim();
        if line.starts_with(['#', '!']) {
            continue;
        }
        let Some((key, value)) = line.split_once(['=', ':']) else { continue };
        let value = value.trim().replace('\\', "");
        if !value.is_empty() && value.len() <= MAX_COORDINATE && !value.contains("${") {
            pairs.push((key.trim().to_owned(), value));
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(properties: Option<&str>, xml: Option<&str>) -> Pom {
        let place = Place { prefix: "", group: "g.folder", artifact: "a-folder" };
        Pom::read(place, "p", properties.map(str::as_bytes), xml.map(str::as_bytes)).0
    }

    #[test]
    fn only_a_folder_of_a_group_and_an_artifact_is_maven_s() {
        let place = Place::of("inst/META-INF/maven/org.a/b/pom.properties", "pom.properties").unwrap();
        assert_eq!((place.prefix, place.group, place.artifact), ("inst/", "org.a", "b"));
        for path in [
            "META-INF/maven/b/pom.properties",
            "XMETA-INF/maven/g/a/pom.properties",
            "pom.properties",
            "META-INF/maven/g/a/xpom.properties",
        ] {
            assert_eq!(Place::of(path, "pom.properties"), None, "{path}");
        }
    }

    #[test]
    fn properties_win_over_the_xml_and_the_folder_is_the_last_resort() {
        let xml = "<project><parent><groupId>p.g</groupId><version>9</version></parent><artifactId>x</artifactId></project>";
        let pom = read(Some("version=1.2\\:3\r\n#artifactId=no\r\n"), Some(xml));
        assert_eq!((pom.group.as_deref(), pom.artifact.as_str(), pom.version.as_deref()), (Some("p.g"), "x", Some("1.2:3")));
        let pom = read(Some("x"), None);
        assert_eq!((pom.group.as_deref(), pom.artifact.as_str(), pom.version), (Some("g.folder"), "a-folder", None));
    }

    #[test]
    fn a_placeholder_that_nothing_fills_is_not_a_version() {
        assert_eq!(read(Some("version=${revision}"), None).version, None);
        assert_eq!(read(None, Some("<project><version>${revision}</version></project>")).version, None);
        let xml = "<project><properties><revision>4.5</revision></properties><version>${revision}-x</version></project>";
        assert_eq!(read(None, Some(xml)).version.as_deref(), Some("4.5-x"));
        let cyclic = "<project><properties><a>${b}</a><b>${a}</b></properties><version>${a}</version></project>";
        assert_eq!(read(None, Some(cyclic)).version, None);
    }

    #[test]
    fn what_is_managed_tested_or_provided_is_no_need() {
        let dep = |artifact: &str, more: &str| {
            format!("<dependency><groupId>${{project.groupId}}</groupId><artifactId>{artifact}</artifactId>{more}</dependency>")
        };
        let xml = format!(
            "<project><groupId>g</groupId><dependencyManagement><dependencies>{}</dependencies></dependencyManagement><dependencies>{}{}{}</dependencies></project>",
            dep("managed", ""),
            dep("tested", "<scope>test</scope>"),
            dep("needed", ""),
            dep("wished", "<optional>true</optional>")
        );
        let needs: Vec<(String, bool)> =
            read(None, Some(&xml)).needs.into_iter().map(|n| (format!("{}:{}", n.group, n.artifact), n.is_optional)).collect();
        assert_eq!(needs, [("g:needed".to_owned(), false), ("g:wished".to_owned(), true)]);
    }
}
