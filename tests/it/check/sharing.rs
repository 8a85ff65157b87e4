//! SHR001 and SHR007.

use layerproof::finding::{Confidence, Severity};
use layerproof::model::artifact::S3Object;
use layerproof::model::function::FunctionCode;
use layerproof::model::gap::GapReason;
use layerproof::model::observed::Observed;

use super::fleet::*;

fn severity_of_layer_with(users: usize) -> Option<Severity> {
    let mut fleet = Fleet::new();
    let arn = layer("deps", 1);
    fleet.layer(&arn, b"layer");
    fleet.users(users, &arn);
    fleet.of("SHR001").first().map(|finding| finding.severity)
}

#[test]
fn shr001_severity_grows_with_the_number_of_functions() {
    let expected = [
        (1, None),
        (2, Some(Severity::Info)),
        (5, Some(Severity::Low)),
        (9, Some(Severity::Low)),
        (10, Some(Severity::Medium)),
        (50, Some(Severity::High)),
    ];
    for (users, severity) in expected {
        assert_eq!(severity_of_layer_with(users), severity, "{users}");
    }
}

#[test]
fn shr001_many_versions_of_one_function_are_one_function() {
    let mut fleet = Fleet::new();
    let arn = layer("deps", 1);
    let versions = ["$LATEST", "1", "2"].map(|number| {
        let mut version = zip("app", number, b"one");
        version.layers.push(uses(&arn));
        version
    });
    fleet.function("app", versions.to_vec());
    fleet.none("SHR001");
}

#[test]
fn shr001_counts_functions_versions_and_aliases_and_ranks() {
    let mut fleet = Fleet::new();
    let (wide, narrow) = (layer("wide", 1), layer("narrow", 1));
    for (name, layers) in [("a", vec![&wide, &narrow]), ("b", vec![&wide, &narrow]), ("c", vec![&wide])] {
        let versions = ["$LATEST", "1"].map(|number| {
            let mut version = zip(name, number, b"one");
            version.layers = layers.iter().map(|layer| uses(layer)).collect();
            version
        });
        fleet.function(name, versions.to_vec()).aliases = Observed::Present(vec![alias("live", "1")]);
    }
    fleet.evidence.inventory.functions[2].aliases = Observed::Unknown(gap("c", GapReason::Throttled));
    let found = fleet.of("SHR001");
    assert!(found.iter().any(|f| f.message.contains("3 functions, 6 versions and 2 aliases in 1 account: rank 1 of 2")), "{found:#?}");
    assert!(found.iter().any(|f| f.message.contains("layer:narrow:1") && f.message.contains("rank 2 of 2")));
    let wide = found.iter().find(|f| f.subject.contains("wide")).unwrap();
    assert!(wide.details[0].contains("could not be listed"), "{:?}", wide.details);
}

fn tag_shared_by(number: usize, setting: Option<&str>) -> Vec<layerproof::finding::Finding> {
    let mut fleet = Fleet::new();
    if let Some(setting) = setting {
        fleet.repository(mutability(setting, &[]), Observed::Absent);
    }
    for i in 0..number {
        let name = format!("app{i:02}");
        fleet.function(&name, vec![image(&name, "$LATEST", ":v7", b"m")]);
    }
    fleet.of("SHR007")
}

#[test]
fn shr007_shared_tag_grows_with_the_number_of_functions() {
    assert_eq!(tag_shared_by(1, Some("MUTABLE")), []);
    assert_eq!(tag_shared_by(2, Some("MUTABLE"))[0].severity, Severity::Medium);
    assert_eq!(tag_shared_by(9, Some("MUTABLE"))[0].severity, Severity::Medium);
    assert_eq!(tag_shared_by(10, Some("MUTABLE"))[0].severity, Severity::High);
}

#[test]
fn shr007_immutable_tag_is_one_step_lower_and_unknown_mutability_is_not_called_mutable() {
    let held = &tag_shared_by(2, Some("IMMUTABLE"))[0];
    assert_eq!((held.severity, held.confidence), (Severity::Low, Confidence::High));
    let unknown = &tag_shared_by(2, None)[0];
    assert_eq!((unknown.severity, unknown.confidence), (Severity::Medium, Confidence::Medium));
    assert!(unknown.details[0].contains("could not be learned"));
}

#[test]
fn shr007_shared_object_layer_from_object_and_alias_name_are_references_too() {
    let object = S3Object { bucket: "code".into(), key: "app.zip".into(), version: None };
    let mut fleet = Fleet::new();
    let arn = layer("deps", 1);
    fleet.layer(&arn, b"layer");
    let Observed::Present(content) = &mut fleet.evidence.inventory.layers.get_mut(&arn).unwrap().content else { unreachable!() };
    content.s3_reference = Some(object.clone());
    for name in ["a", "b", "c"] {
        let mut version = zip(name, "$LATEST", b"one");
        let FunctionCode::Zip { s3_reference, .. } = &mut version.code else { unreachable!() };
        *s3_reference = (name != "c").then(|| object.clone());
        version.layers.push(uses(&arn));
        fleet.function(name, vec![version]).aliases = Observed::Present(if name == "a" { vec![] } else { vec![alias("live", "$LATEST")] });
    }
    let found = fleet.of("SHR007");
    let ranked = |part: &str, rank: &str| found.iter().any(|f| f.message.contains(part) && f.message.ends_with(rank));
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(ranked("3 functions share the layer", "rank 1 of 3 shared mutable references"), "{found:#?}");
    assert!(ranked("2 functions share the S3 object s3://code/app.zip", "of 3 shared mutable references"));
    assert!(ranked("2 functions share the alias name `live`", "of 3 shared mutable references"));
}

#[test]
fn shr007_pinned_object_and_published_version_are_left_alone() {
    let mut fleet = Fleet::new();
    for name in ["a", "b"] {
        let mut version = zip(name, "$LATEST", b"one");
        let FunctionCode::Zip { s3_reference, .. } = &mut version.code else { unreachable!() };
        *s3_reference = Some(S3Object { bucket: "code".into(), key: "app.zip".into(), version: Some("3".into()) });
        fleet.function(name, vec![version, zip(name, "1", b"one")]).aliases = Observed::Present(vec![alias("live", "1")]);
    }
    fleet.none("SHR007");
}
