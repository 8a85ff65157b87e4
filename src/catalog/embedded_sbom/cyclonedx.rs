//! CycloneDX JSON, 1.2 to 1.7 (ECMA-424). Components may nest; what they hold is read into one list, so that depth costs nothing.

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::Text;
use super::draft::{Draft, MAX_WORDS, Said, StatedBom, StatedFormat, What, cpe, hash, link};
use super::lenient::{Each, Elements, Fields, Fill, Lenient, List, Object, Walk, value};
use crate::catalog::{Flaw, Licence, LinkKind, PackageKind, Relation, Scope};

/// Dependencies of one component.
const MAX_DEPENDENCIES: usize = 50_000;

pub(super) fn read(text: Text<'_>, version: &str) -> Result<StatedBom, Flaw> {
    let mut document = Document { draft: Draft::new(StatedFormat::CycloneDx, version), all: Vec::new() };
    text.parse(Fill(&mut document))?;
    let Document { mut draft, all } = document;
    // A component's parent stands before it.
    let mut places: Vec<Option<usize>> = Vec::with_capacity(all.len());
    for Component { said, parent } in all {
        let parent = parent.and_then(|parent| places.get(parent).copied().flatten());
        places.push(draft.add(said, parent));
    }
    Ok(draft.finish())
}

struct Document {
    draft: Draft,
    all: Vec<Component>,
}

struct Component {
    said: Said,
    parent: Option<usize>,
}

impl<'de> Fields<'de> for Document {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "metadata" => map.next_value_seed(Fill(&mut Metadata(self)))?,
            "components" => map.next_value_seed(Walk(&mut Components { document: self, parent: None }))?,
            "dependencies" => {
                let draft = &mut self.draft;
                map.next_value_seed(Walk(&mut Each::of(|dependency: Dependency| dependency.put_into(draft))))?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

struct Metadata<'a>(&'a mut Document);

impl<'de> Fields<'de> for Metadata<'_> {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        if key == "properties" {
            let draft = &mut self.0.draft;
            map.next_value_seed(Walk(&mut Each::of(|property: Property| draft.mark(property.name.0.as_deref().unwrap_or_default()))))?;
            return Ok(true);
        }
        if key != "component" || !self.0.draft.takes_one_more() {
            return Ok(false);
        }
        let number = self.0.begin(None, true);
        map.next_value_seed(Fill(&mut OneComponent { document: self.0, number }))?;
        Ok(true)
    }
}

impl Document {
    /// A place for a component that is about to be read.
    fn begin(&mut self, parent: Option<usize>, is_subject: bool) -> usize {
        self.all.push(Component { said: Said { is_subject, ..Said::default() }, parent });
        self.all.len().saturating_sub(1)
    }
}

struct Components<'a> {
    document: &'a mut Document,
    parent: Option<usize>,
}

impl<'de> Elements<'de> for Components<'_> {
    fn element<A: SeqAccess<'de>>(&mut self, seq: &mut A) -> Result<bool, A::Error> {
        if !self.document.draft.takes_one_more() {
            return seq.next_element::<IgnoredAny>().map(|element| element.is_some());
        }
        let number = self.document.begin(self.parent, false);
        let read = seq.next_element_seed(Fill(&mut OneComponent { document: self.document, number }))?.is_some();
        if !read {
            self.document.all.truncate(number);
        }
        Ok(read)
    }
}

struct OneComponent<'a> {
    document: &'a mut Document,
    number: usize,
}

impl<'de> Fields<'de> for OneComponent<'_> {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        if key == "components" {
            map.next_value_seed(Walk(&mut Components { document: self.document, parent: Some(self.number) }))?;
            return Ok(true);
        }
        let Some(Component { said, .. }) = self.document.all.get_mut(self.number) else { return Ok(false) };
        match key {
            "bom-ref" => said.reference = value(map)?,
            "type" => said.what = value(map)?.map_or(What::Unsaid, |kind: String| what(&kind)),
            "group" => said.group = value(map)?,
            "name" => said.name = value::<String, _>(map)?.unwrap_or_default().trim().to_owned(),
            "version" => said.version = value(map)?.filter(|version: &String| !version.trim().is_empty()),
            "purl" => said.purl = value(map)?,
            "cpe" => said.cpes.extend(value(map)?.and_then(cpe)),
            "scope" => said.scope = value(map)?.and_then(|scope: String| self::scope(&scope)),
            "description" => said.description = value(map)?,
            // The first of them that is given: who supplies it, rather than who wrote it.
            "supplier" | "manufacturer" => {
                let party: Option<Object<Party>> = value(map)?;
                said.supplier = party.and_then(|Object(party)| party.name.0).or(said.supplier.take());
            }
            "author" | "publisher" => {
                let name = value(map)?;
                said.supplier = said.supplier.take().or(name);
            }
            "licenses" => said.licences = objects::<LicenceChoice, _>(map)?.filter_map(LicenceChoice::licence).collect(),
            "hashes" => said.hashes = objects::<Hash, _>(map)?.filter_map(|h| hash(h.alg.0.as_deref()?, h.content.0.as_deref()?)).collect(),
            "externalReferences" => said.links = objects::<Reference, _>(map)?.filter_map(Reference::link).collect(),
            "evidence" => {
                let evidence: Option<Object<Evidence>> = value(map)?;
                let occurrences = evidence.and_then(|Object(evidence)| evidence.occurrences.0);
                said.files.extend(occurrences.into_iter().flat_map(|List(all)| all).filter_map(|o| o.0?.0.location.0));
            }
            "properties" => {
                let take = |property: Property| said.mark(&property.name.0.unwrap_or_default(), &property.value.0.unwrap_or_default());
                map.next_value_seed(Walk(&mut Each::of(take)))?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn what(kind: &str) -> What {
    match kind {
        "library" => What::Package(PackageKind::Library),
        "application" => What::Package(PackageKind::Application),
        "framework" | "platform" => What::Package(PackageKind::Framework),
        "operating-system" => What::Package(PackageKind::OperatingSystem),
        "file" => What::File,
        "container" | "device" | "device-driver" | "firmware" | "machine-learning-model" | "data" | "cryptographic-asset" => What::Other,
        _ => What::Unsaid,
    }
}

fn scope(scope: &str) -> Option<Scope> {
    match scope {
        "required" => Some(Scope::Required),
        "optional" => Some(Scope::Optional),
        "excluded" => Some(Scope::Excluded),
        _ => None,
    }
}

/// The objects of an array, as many as are kept.
fn objects<'de, T: Deserialize<'de>, A: MapAccess<'de>>(map: &mut A) -> Result<impl Iterator<Item = T>, A::Error> {
    let all: Option<List<Lenient<Object<T>>, MAX_WORDS>> = value(map)?;
    Ok(all.into_iter().flat_map(|List(all)| all).filter_map(|element| element.0.map(|Object(object)| object)))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Party {
    name: Lenient<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LicenceChoice {
    expression: Lenient<String>,
    license: Lenient<Object<NamedLicence>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NamedLicence {
    id: Lenient<String>,
    name: Lenient<String>,
}

impl LicenceChoice {
    fn licence(self) -> Option<Licence> {
        let named = self.license.0.and_then(|Object(licence)| licence.id.0.or(licence.name.0));
        Licence::read(&self.expression.0.or(named)?)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Hash {
    alg: Lenient<String>,
    content: Lenient<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference {
    #[serde(rename = "type")]
    kind: Lenient<String>,
    url: Lenient<String>,
}

impl Reference {
    fn link(self) -> Option<crate::catalog::Link> {
        let kind = match self.kind.0.as_deref()? {
            "website" => LinkKind::Website,
            "vcs" => LinkKind::Vcs,
            "distribution" => LinkKind::Distribution,
            "issue-tracker" => LinkKind::IssueTracker,
            _ => return None,
        };
        link(kind, self.url.0?)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Evidence {
    occurrences: Lenient<List<Lenient<Object<Occurrence>>, MAX_WORDS>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Occurrence {
    location: Lenient<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Property {
    name: Lenient<String>,
    value: Lenient<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Dependency {
    #[serde(rename = "ref")]
    reference: Lenient<String>,
    #[serde(rename = "dependsOn")]
    depends_on: Lenient<List<Lenient<String>, MAX_DEPENDENCIES>>,
}

impl Dependency {
    fn put_into(self, draft: &mut Draft) {
        let (Some(from), Some(List(all))) = (self.reference.0, self.depends_on.0) else { return };
        for to in all.into_iter().filter_map(|to| to.0) {
            draft.relate(&from, Relation::DependsOn, &to);
        }
    }
}
