//! Archives within archives, made here.

use super::*;
use crate::catalog::{Basis, PackageKind};
use crate::unpack::FileTree;

/// A zip of stored entries.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (name, bytes) in entries {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let offset = out.len() as u32;
        let mut fields = Vec::new();
        fields.extend(20_u16.to_le_bytes());
        fields.extend([0; 8]);
        fields.extend(crc.sum().to_le_bytes());
        fields.extend((bytes.len() as u32).to_le_bytes());
        fields.extend((bytes.len() as u32).to_le_bytes());
        fields.extend((name.len() as u16).to_le_bytes());
        fields.extend(0_u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&fields);
        out.extend(name.as_bytes());
        out.extend(*bytes);
        directory.extend(b"PK\x01\x02");
        directory.extend(20_u16.to_le_bytes());
        directory.extend(&fields);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// A jar with `pom.properties`.
fn jar(group: &str, artifact: &str, version: &str) -> Vec<u8> {
    let properties = format!("groupId={group}\nartifactId={artifact}\nversion={version}\n");
    zip(&[(&format!("META-INF/maven/{group}/{artifact}/pom.properties"), properties.as_bytes()), ("A.class", b"x")])
}

fn parsed(path: &str, bytes: Vec<u8>) -> Result<Facts, Flaw> {
    let bytes = Arc::new(bytes);
    let facts = FileFacts::new(path, bytes.len() as u64, None);
    assert!(Jars.wants(&facts).is_some(), "{path}");
    Jars.parse(&File::new(facts, &bytes))
}

fn assembled(files: &[(&str, Vec<u8>)]) -> Assembled {
    let tree = FileTree::of_files(&files.iter().map(|(path, _)| *path).collect::<Vec<_>>());
    let seen = files.iter().map(|(path, bytes)| Seen { path: (*path).into(), facts: parsed(path, bytes.clone()).unwrap() }).collect();
    Jars.assemble(seen, &View::new(tree.entries.iter(), None))
}

fn listed(all: &Assembled) -> Vec<String> {
    all.packages.iter().map(|p| format!("{} {} {}", p.purl, p.basis.id(), p.evidence.first().unwrap().path)).collect()
}

fn edges(all: &Assembled) -> Vec<String> {
    all.edges.iter().map(|e| format!("{} {:?} {}", all.packages[e.from].purl.name, e.relation, all.packages[e.to].purl.name)).collect()
}

#[test]
fn a_file_that_is_no_zip_is_a_flaw_and_not_the_end() {
    for bytes in [b"".to_vec(), b"PK\x03\x04".to_vec(), b"version https://git-lfs".to_vec(), zip(&[])[..10].to_vec()] {
        assert!(parsed("lib/x-1.jar", bytes).is_err());
    }
    let facts = parsed("lib/x-1.jar", zip(&[("y-2.jar", b"not a zip"), ("META-INF/MANIFEST.MF", b"Implementation-Title: x\n")])).unwrap();
    assert_eq!((facts.packages.len(), facts.flaws.len()), (1, 1));
    assert!(facts.flaws[0].detail.starts_with("lib/x-1.jar!/y-2.jar: "), "{:?}", facts.flaws);
}

#[test]
fn archives_within_archives_end_at_a_depth() {
    let mut bytes = jar("g", "deep", "1");
    for _ in 0..40 {
        bytes = zip(&[("lib/deep-1.jar", &bytes)]);
    }
    let facts = parsed("deep-1.jar", bytes).unwrap();
    assert_eq!((facts.packages.len(), facts.flaws.len()), (5, 1));
    assert!(format!("{:?}", facts.flaws[0]).contains("java::MAX_DEPTH"));
}

#[test]
fn many_broken_archives_cost_a_few_lines() {
    let names: Vec<String> = (0..5_000).map(|n| format!("{n}.jar")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    let facts = parsed("x-1.jar", zip(&entries)).unwrap();
    assert_eq!(facts.flaws.len(), 33);
}

#[test]
fn archives_that_multiply_end_at_their_number() {
    let mut bytes = zip(&[]);
    for _ in 0..3 {
        let names: Vec<String> = (0..30).map(|n| format!("lib/a-{n}.jar")).collect();
        let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), bytes.as_slice())).collect();
        bytes = zip(&entries);
    }
    let facts = parsed("x-1.jar", bytes).unwrap();
    assert!(facts.packages.len() <= 4_097);
    assert!(facts.flaws.iter().any(|flaw| format!("{flaw:?}").contains("java::MAX_ARCHIVES")));
}

#[test]
fn two_manifests_and_a_name_beyond_all_paths_are_flaws() {
    let long = format!("{}.jar", "a".repeat(60_000));
    let facts = parsed("x-1.jar", zip(&[("META-INF/MANIFEST.MF", b""), ("meta-inf/manifest.mf", b""), (&long, b"")])).unwrap();
    assert_eq!(facts.flaws.len(), 2);
    assert!(facts.flaws.iter().any(|flaw| format!("{flaw:?}").contains("java::MAX_NAME")));
}

#[test]
fn a_spring_boot_jar_contains_the_jars_in_it() {
    let manifest = b"Manifest-Version: 1.0\r\nImplementation-Title: orders-fn\r\nImplementation-Version: 3.1.4\r\nStart-Class: a.B\r\n\r\n";
    let core = jar("com.f", "core", "2.14");
    let all =
        assembled(&[("java/lib/orders-fn-3.1.4.jar", zip(&[("META-INF/MANIFEST.MF", manifest), ("BOOT-INF/lib/core-2.14.jar", &core)]))]);
    assert_eq!(
        listed(&all),
        [
            "pkg:maven/orders-fn@3.1.4 installed java/lib/orders-fn-3.1.4.jar",
            "pkg:maven/com.f/core@2.14 installed java/lib/orders-fn-3.1.4.jar!/BOOT-INF/lib/core-2.14.jar!/META-INF/maven/com.f/core/pom.properties",
        ]
    );
    assert_eq!(edges(&all), ["orders-fn Contains core"]);
    assert_eq!((all.packages[0].kind, all.packages[1].kind), (PackageKind::Application, PackageKind::Library));
    assert_eq!(all.packages[0].files.len(), 1);
    assert!(all.packages[1].files.is_empty());
}

#[test]
fn a_shaded_jar_contains_what_was_copied_into_it() {
    let pom = |a: &str| (format!("META-INF/maven/g/{a}/pom.properties"), format!("groupId=g\nartifactId={a}\nversion=2\n"));
    let (one, two) = (pom("one"), pom("two"));
    let bytes = zip(&[(&one.0, one.1.as_bytes()), (&two.0, two.1.as_bytes())]);
    let all = assembled(&[("shaded-fn-1.0.0.jar", bytes.clone())]);
    assert_eq!(listed(&all)[0], "pkg:maven/shaded-fn@1.0.0 heuristic shaded-fn-1.0.0.jar");
    assert_eq!(edges(&all), ["shaded-fn Contains one", "shaded-fn Contains two"]);
    assert_eq!(edges(&assembled(&[("two-2.jar", bytes)])), ["two Contains one"]);
}

#[test]
fn classes_that_no_metadata_names_keep_the_list_from_being_called_complete() {
    let with = |classes: &[&str], pom: (&str, &str)| {
        let (group, artifact) = pom;
        let path = format!("META-INF/maven/{group}/{artifact}/pom.properties");
        let properties = format!("groupId={group}\nartifactId={artifact}\nversion=1\n");
        let mut entries: Vec<(&str, &[u8])> = vec![(&path, properties.as_bytes())];
        entries.extend(classes.iter().map(|class| (*class, b"x".as_slice())));
        assembled(&[("one-1.jar", zip(&entries))]).unsure.into_iter().collect::<Vec<_>>()
    };
    let shaded = with(&["com/acme/One.class", "org/apache/commons/io/IOUtils.class"], ("com.acme", "one"));
    assert_eq!(shaded, ["classes that no metadata names: `org/apache/commons` in one-1.jar"]);
    for hidden in
        [&["com/acme/One.class", "com/acme/shaded/com/google/gson/Gson.class"][..], &["com/acme/One.class", "inst/datadog/Agent.classdata"]]
    {
        assert_eq!(with(hidden, ("com.acme", "one")).len(), 1, "{hidden:?}");
    }
    let log4j = &["org/apache/commons/io/IOUtils.class", "org/apache/logging/log4j/core/Core.class"];
    assert_eq!(with(log4j, ("org.apache.commons", "commons-io")).len(), 1);
    assert_eq!(with(&["com/acme/One.class", "com/evil/Two.class"], ("com", "one")).len(), 1, "a group that says nothing");
    let web = with(&["BOOT-INF/classes/com/acme/One.class", "org/springframework/boot/loader/Launcher.class"], ("com.acme", "one"));
    assert_eq!(web.len(), 1);
    // What is called otherwise than its group, what is for another release of Java, and what lies at the root.
    for own in [
        &["org/apache/commons/io/IOUtils.class", "One.class"][..],
        &["com/acme/a/A.class", "META-INF/versions/11/com/acme/a/A.class", "com/acme/b/B.class"],
        &[],
    ] {
        assert_eq!(with(own, ("com.acme", "one")), Vec::<String>::new(), "{own:?}");
    }
    assert_eq!(with(&["junit/framework/Test.class", "junit/runner/Run.class"], ("junit", "junit")), Vec::<String>::new());
}

#[test]
fn an_archive_without_a_version_is_named_and_the_list_is_not_complete() {
    let all = assembled(&[("lib/app.jar", zip(&[("A.class", b"x")]))]);
    assert_eq!(listed(&all), ["pkg:maven/app heuristic lib/app.jar"]);
    assert_eq!(all.incomplete.len(), 1);
}

#[test]
fn what_a_jar_needs_is_looked_for_nearby_first() {
    let xml = b"<project><groupId>g</groupId><artifactId>app</artifactId><version>1</version><dependencies><dependency><groupId>g</groupId><artifactId>lib</artifactId><version>${x}</version></dependency></dependencies></project>";
    let app = zip(&[("META-INF/maven/g/app/pom.xml", xml)]);
    let all = assembled(&[
        ("a/lib-9.jar", jar("g", "lib", "9")),
        ("b/app-1.jar", app.clone()),
        ("b/lib-2.jar", jar("g", "lib", "2")),
        ("c/all-1.war", zip(&[("WEB-INF/lib/app-1.jar", &app), ("WEB-INF/lib/lib-3.jar", &jar("g", "lib", "3"))])),
    ]);
    let needs: Vec<String> = all
        .edges
        .iter()
        .filter(|edge| edge.relation == Relation::DependsOn)
        .map(|edge| all.packages[edge.to].purl.version.clone().unwrap())
        .collect();
    assert_eq!(needs, ["2", "3"]);
}

#[test]
fn files_of_an_unpacked_jar_are_read_where_they_lie() {
    let properties = |a: &str| format!("groupId=com.acme\nartifactId={a}\nversion=1.2\n").into_bytes();
    let all = assembled(&[
        ("META-INF/MANIFEST.MF", b"Implementation-Title: orders\nImplementation-Version: 1.2\n".to_vec()),
        ("META-INF/maven/com.acme/orders/pom.properties", properties("orders")),
        ("META-INF/maven/com.acme/shaded/pom.properties", properties("shaded")),
        ("lib/core-2.jar", jar("g", "core", "2")),
    ]);
    let names: Vec<String> = all.packages.iter().map(|p| p.purl.to_string()).collect();
    assert_eq!(names, ["pkg:maven/g/core@2", "pkg:maven/com.acme/orders@1.2", "pkg:maven/com.acme/shaded@1.2"]);
    assert_eq!(edges(&all), ["orders Contains shaded"]);
    assert_eq!(all.packages[1].files.len(), 2);
    for path in ["x/pom.xml", "META-INF/x/MANIFEST.MF", "XMETA-INF/MANIFEST.MF", "jar", ".jar", "a.jarx"] {
        assert!(Jars.wants(&FileFacts::new(path, 1, None)).is_none(), "{path}");
    }
}

#[test]
fn a_jar_without_a_group_is_the_one_of_its_name_and_version_that_has_one() {
    let manifest: (&str, &[u8]) = ("META-INF/MANIFEST.MF", b"Implementation-Title: okio\nImplementation-Version: 1.17\n");
    let all = assembled(&[("a/okio-1.17.jar", zip(&[manifest])), ("b/okio-1.17.jar", jar("com.s", "okio", "1.17"))]);
    assert!(all.packages.iter().all(|package| package.purl.to_string() == "pkg:maven/com.s/okio@1.17"));
    let all = assembled(&[
        ("a/okio-1.17.jar", zip(&[manifest])),
        ("b/okio-1.17.jar", jar("com.s", "okio", "1.17")),
        ("c/okio-1.17.jar", jar("evil", "okio", "1.17")),
    ]);
    assert_eq!(all.packages[0].purl.namespace, None);
    assert_eq!(all.packages[0].basis, Basis::Installed);
}

#[test]
fn a_jar_without_a_group_has_that_of_the_only_pom_that_needs_it() {
    let manifest: (&str, &[u8]) = ("META-INF/MANIFEST.MF", b"Implementation-Title: spring-core\nImplementation-Version: 6.1\n");
    let needing = |group: &str| {
        let xml = format!(
            "<project><groupId>g</groupId><artifactId>app</artifactId><version>1</version><dependencies><dependency><groupId>{group}</groupId><artifactId>spring-core</artifactId></dependency></dependencies></project>"
        );
        zip(&[("META-INF/maven/g/app/pom.xml", xml.as_bytes())])
    };
    let spring = zip(&[manifest]);
    let all = assembled(&[("lib/app-1.jar", needing("org.springframework")), ("lib/spring-core-6.1.jar", spring.clone())]);
    assert_eq!(all.packages[1].purl.to_string(), "pkg:maven/org.springframework/spring-core@6.1");
    assert_eq!(edges(&all), ["app DependsOn spring-core"]);
    let all = assembled(&[
        ("a/app-1.jar", needing("org.springframework")),
        ("b/app-1.jar", needing("evil")),
        ("lib/spring-core-6.1.jar", spring),
    ]);
    assert_eq!(all.packages[2].purl.namespace, None);
}
