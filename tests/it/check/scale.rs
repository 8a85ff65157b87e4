//! Checks stay linear in the size of a fleet.

use layerproof::model::observed::Observed;

use super::fleet::*;

/// Ten thousand functions that share one layer and one tag: a check that is quadratic in functions would take minutes here, in a debug
/// build; all of them together take seconds. No clock is read: a test that hangs is noticed.
#[test]
fn fleet_of_ten_thousand_functions_is_told_in_few_findings() {
    let mut fleet = Fleet::new();
    let arn = layer("deps", 1);
    fleet.layer(&arn, b"layer").contents = contents((0..2_000).map(|i| file(&format!("python/{i}.py"), 0o666)).collect(), vec![]);
    fleet.repository(mutability("MUTABLE", &[]), Observed::Absent);
    fleet.users(5_000, &arn);
    for i in 0..5_000 {
        let name = format!("app{i:04}");
        fleet.function(&name, vec![image(&name, "$LATEST", ":v7", b"m")]).code_signing = Observed::Absent;
    }
    let found = fleet.run();
    let of = |rule: &str| found.iter().filter(|finding| finding.rule == rule).collect::<Vec<_>>();
    assert_eq!(of("SHR001").len(), 1);
    assert_eq!(of("SHR007").len(), 1);
    assert_eq!(of("SIG002").len(), 1, "they all share one zip");
    assert_eq!(of("LYR007")[0].affects.len(), 5_000);
    assert_eq!(of("PIN003").len(), 1);
}
