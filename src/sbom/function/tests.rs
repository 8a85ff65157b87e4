use super::*;
use crate::model::gap::GapReason;
use crate::sbom::SubjectKind;

fn python(name: &str, version: &str) -> Package {
    let metadata = format!("python/{name}.dist-info/METADATA");
    let mut package = Package::new(Purl::new("pypi", name, Some(version)), Basis::Installed, Evidence::metadata(&*metadata, "python"));
    package.files.extend([metadata, format!("python/{name}/__init__.py")]);
    package
}

fn catalog(packages: Vec<Package>) -> Catalog {
    Catalog { packages, ..Catalog::default() }
}

fn subject(name: &str) -> BomSubject {
    BomSubject {
        kind: SubjectKind::Zip,
        name: name.into(),
        version: None,
        arn: None,
        digest: None,
        size: None,
        signatures: Vec::new(),
        properties: BTreeMap::new(),
    }
}

fn layers<'a>(all: &'a [(Catalog, FileTree)]) -> Vec<Mounted<'a>> {
    all.iter().map(|(catalog, tree)| Mounted { subject: subject("layer"), at: "opt", contents: Ok((catalog, tree)) }).collect()
}

fn versions(bom: &Bom) -> Vec<String> {
    bom.catalog.packages.iter().map(|package| package.purl.to_string()).collect()
}

#[test]
fn a_package_whose_metadata_a_later_layer_overwrites_is_gone_from_the_effective_view_and_stays_in_the_merged_one() {
    let paths = ["python/a.dist-info/METADATA", "python/a/__init__.py"];
    let all =
        [(catalog(vec![python("a", "1")]), FileTree::of_files(&paths)), (catalog(vec![python("a", "2")]), FileTree::of_files(&paths))];
    let effective = function(subject("f"), None, layers(&all), View::Effective);
    assert_eq!(versions(&effective), ["pkg:pypi/a@2"]);
    let merged = function(subject("f"), None, layers(&all), View::Merged);
    assert_eq!(versions(&merged), ["pkg:pypi/a@1", "pkg:pypi/a@2"]);
    let from: Vec<&[usize]> = merged.parts.iter().map(|part| &*part.packages).collect();
    assert_eq!(from, [[0], [1]]);
}

#[test]
fn a_package_of_which_only_code_is_overwritten_says_how_many_files() {
    let whole = FileTree::of_files(&["python/a.dist-info/METADATA", "python/a/__init__.py"]);
    let patch = FileTree::of_files(&["python/a/__init__.py"]);
    let all = [(catalog(vec![python("a", "1")]), whole), (catalog(Vec::new()), patch)];
    let effective = function(subject("f"), None, layers(&all), View::Effective);
    let [package] = effective.catalog.packages.as_slice() else { panic!("{:?}", effective.catalog.packages) };
    assert_eq!(package.properties.get(OVERWRITTEN).map(String::as_str), Some("1"));
    assert_eq!(package.files.iter().collect::<Vec<_>>(), ["opt/python/a.dist-info/METADATA"]);
}

#[test]
fn a_package_in_the_functions_own_folder_is_found_before_that_of_a_layer() {
    let layer = (catalog(vec![python("a", "1")]), FileTree::of_files(&["python/a.dist-info/METADATA", "python/a/__init__.py"]));
    let mut own = python("a", "2");
    own.evidence = [Evidence::metadata("a.dist-info/METADATA", "python")].into();
    own.files = ["a.dist-info/METADATA".to_owned()].into();
    let code = (catalog(vec![own]), FileTree::of_files(&["a.dist-info/METADATA"]));
    let mut parts = layers(std::slice::from_ref(&layer));
    parts.push(Mounted { subject: subject("code"), at: "var/task", contents: Ok((&code.0, &code.1)) });
    let bom = function(subject("f"), Some("python3.12"), parts, View::Effective);
    let shadowed = |version: &str| {
        let package = bom.catalog.packages.iter().find(|package| package.purl.to_string() == format!("pkg:pypi/a@{version}")).unwrap();
        package.properties.get(SHADOWED_BY).cloned()
    };
    assert_eq!((shadowed("1"), shadowed("2")), (Some("pkg:pypi/a@2".into()), None));
    assert!(versions(&bom).contains(&"pkg:generic/aws-lambda-runtime@python3.12".to_owned()), "{:?}", versions(&bom));
}

#[test]
fn a_layer_that_could_not_be_had_is_told_and_the_whole_is_incomplete() {
    let gap = Gap {
        subject: "arn:aws:lambda:eu-west-1:111122223333:layer:gone:1".into(),
        wanted: "the bytes".into(),
        reason: GapReason::Deleted,
        detail: String::new(),
        next_step: String::new(),
    };
    let parts = vec![Mounted { subject: subject("gone"), at: "opt", contents: Err(&gap) }];
    let bom = function(subject("f"), None, parts, View::Effective);
    assert_eq!(bom.catalog.gaps.first().map(|gap| (&*gap.path, &gap.reason)), Some((&*gap.subject, &GapReason::Deleted)));
    assert!(bom.catalog.compositions.iter().any(|c| c.of == "artifact" && c.aggregate == Aggregate::Incomplete));
}

#[test]
fn edges_lead_to_what_is_left() {
    let mut first = catalog(vec![python("a", "1"), python("b", "1")]);
    first.edges.push(Edge { from: 0, relation: crate::catalog::Relation::DependsOn, to: 1 });
    let paths = ["python/a.dist-info/METADATA", "python/b.dist-info/METADATA"];
    let all =
        [(first, FileTree::of_files(&paths)), (catalog(vec![python("b", "2")]), FileTree::of_files(&["python/b.dist-info/METADATA"]))];
    let bom = function(subject("f"), None, layers(&all), View::Effective);
    assert_eq!(versions(&bom), ["pkg:pypi/a@1", "pkg:pypi/b@2"]);
    assert_eq!(bom.catalog.edges, [], "b@1 is gone, and that a@1 needs b@2 no metadata said");
}
