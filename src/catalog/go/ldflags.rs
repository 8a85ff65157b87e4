//! The version that a build gave its program by the linker's `-X importpath.name=value`: `cmd/link`.

/// Bytes of `-ldflags` that are read.
const MAX_BYTES: usize = 64 << 10;
/// Names that hold a program's own version.
const NAMES: [&str; 8] =
    ["version", "gitversion", "buildversion", "appversion", "releaseversion", "semver", "programversion", "cliversion"];
/// Packages of others that hold the version of the program that they are linked into.
const HOLDERS: [&str; 3] = ["k8s.io/component-base/version", "github.com/prometheus/common/version", "k8s.io/client-go/pkg/version"];

/// The version of the main module, with Go's `v`; `None` where flags say none, or several.
pub(super) fn version(flags: &str, module: &str) -> Option<String> {
    let flags = flags.get(..flags.floor_char_boundary(MAX_BYTES)).unwrap_or_default();
    // The surest first: the main package, the module's own packages, known holders.
    let mut found: [Vec<&str>; 3] = Default::default();
    let words = words(flags);
    let mut last = "";
    for word in &words {
        let assignment = if last == "-X" || last == "--X" { Some(word.as_str()) } else { word.strip_prefix("-X=") };
        last = word;
        let Some((variable, value)) = assignment.and_then(|assignment| assignment.split_once('=')) else { continue };
        let Some((package, name)) = variable.rsplit_once('.') else { continue };
        if !NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)) || !is_version(value) {
            continue;
        }
        let class = if package == "main" {
            0
        } else if is_within(package, module) {
            1
        } else if HOLDERS.contains(&package) {
            2
        } else {
            continue;
        };
        if let Some(class) = found.get_mut(class) {
            class.push(value);
        }
    }
    let surest = found.into_iter().find(|values| !values.is_empty())?;
    let bare: Vec<&str> = surest.iter().map(|value| value.strip_prefix('v').unwrap_or(value)).collect();
    let first = bare.first()?;
    bare.iter().all(|other| other == first).then(|| format!("v{first}"))
}

/// Whether a package lies in a module, or in another module of its repository: `v4` and its like differ.
fn is_within(package: &str, module: &str) -> bool {
    let root: Vec<&str> = module.split('/').take(3).collect();
    let root = root.join("/");
    !module.is_empty() && package.strip_prefix(root.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `1.2`, `v1.2.3`, `1.2.3-rc.1+build`: no word, no number alone, no date.
fn is_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (numbers, rest) = text.split_at_checked(text.find(['-', '+']).unwrap_or(text.len())).unwrap_or((text, ""));
    let numbers: Vec<&str> = numbers.split('.').collect();
    let is_number = |number: &&str| !number.is_empty() && number.len() <= 9 && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_rest = rest.len() <= 128 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-+._~".contains(&byte));
    (2..=4).contains(&numbers.len()) && numbers.iter().all(is_number) && is_rest
}

/// Words as `go build` splits them: by spaces, but for those between quotes.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => quote = Some(c),
            (None, c) if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            (None, c) => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn the_version_of_another_package_is_not_the_programs() {
        assert_eq!(version("-X github.com/other/lib.Version=v1.2.3", "github.com/acme/tool"), None);
        assert_eq!(version("-X github.com/acme/toolbox-other/x.Version=v1.2.3", "github.com/acme/tool"), None);
    }

    #[test]
    fn what_is_no_version_is_none() {
        for value in [
            "dev",
            "20240101",
            "",
            "abc1234",
            "v1",
            "1.2.3 beta",
            "1..2",
            "2024-01-01T00:00:00Z",
            "latest-1.2",
            "1.2.3-be ta",
            "1.2.3-$(date)",
        ] {
            assert_eq!(version(&format!("-X 'main.version={value}'"), "github.com/acme/tool"), None, "{value}");
        }
    }

    #[test]
    fn names_that_only_look_alike_are_passed_over() {
        for name in ["main.goVersion", "main.minVersion", "main.apiVersion", "main.commit", "main.schemaversion"] {
            assert_eq!(version(&format!("-X {name}=1.2.3"), "github.com/acme/tool"), None, "{name}");
        }
    }

    #[test]
    fn versions_that_contradict_each_other_are_none() {
        assert_eq!(version("-X main.version=1.2.3 -X main.buildVersion=1.2.4", "m"), None);
        assert_eq!(version("-X main.version=1.2.3 -X main.Version=v1.2.3", "m").as_deref(), Some("v1.2.3"));
    }

    #[test]
    fn a_program_is_told_its_version() {
        let cases = [
            ("-s -w -X main.version=1.2.3", "github.com/acme/tool", "v1.2.3"),
            ("-X 'main.Version=v1.2.3-rc.1+x' -s", "github.com/acme/tool", "v1.2.3-rc.1+x"),
            ("-X=github.com/acme/tool/internal/version.version=v0.5", "github.com/acme/tool/v4", "v0.5"),
            (
                "-X k8s.io/component-base/version.gitVersion=v1.33.9 -X k8s.io/client-go/pkg/version.gitVersion=v1.33.9",
                "k8s.io/kubernetes",
                "v1.33.9",
            ),
            // The program's own word counts for more than a holder's.
            ("-X github.com/prometheus/common/version.Version=9.9.9 -X main.version=1.0.0", "m", "v1.0.0"),
        ];
        for (flags, module, expected) in cases {
            assert_eq!(version(flags, module).as_deref(), Some(expected), "{flags}");
        }
    }

    #[test]
    fn flags_without_end_are_cut() {
        let flags = format!("{} -X main.version=1.2.3", "x ".repeat(1 << 20));
        assert_eq!(version(&flags, "m"), None);
    }
}
