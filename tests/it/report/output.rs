use std::fs;
use std::io::{self, Write};
use std::path::Path;

use layerproof::cli::output::{Output, Target, append_step_summary, validate, write_all};
use layerproof::cli::{Exit, Failure};

use super::{plain, samples, verbose};

fn output(text: &str) -> Output {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn to(format: &str, path: &Path) -> Output {
    output(&format!("{format}={}", path.display()))
}

fn write(outputs: &[Output], out: &mut dyn Write) -> Result<(), Failure> {
    write_all(outputs, &samples::clean(), &plain(), out)
}

#[test]
fn formats_and_files_are_parsed() {
    assert_eq!((output("text").format(), output("text").target().clone()), ("text", Target::Stdout));
    assert_eq!(output("json=-").target(), &Target::Stdout);
    assert_eq!(output("sarif=a=b.sarif").target(), &Target::File("a=b.sarif".into()));
    assert!("json=".parse::<Output>().is_err());
}

#[test]
fn an_unknown_format_names_the_known_ones_and_the_near_one() {
    for (wrong, near) in [("jsno", "json"), ("JSON", "json"), ("junitt", "junit"), ("sarfi=x", "sarif")] {
        let message = wrong.parse::<Output>().unwrap_err();
        assert!(message.contains(&format!("did you mean `{near}`?")) && message.contains("text, json, sarif, junit, github"), "{message}");
    }
    for wrong in ["", "x", "html", "\u{1b}[2J", &"j".repeat(10_000)] {
        let message = wrong.parse::<Output>().unwrap_err();
        assert!(!message.contains("did you mean") && !message.contains('\u{1b}'), "{message}");
    }
}

#[test]
fn two_outputs_to_one_place_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (path, same) = (folder.path().join("r.json"), folder.path().join(".").join("r.json"));
    for pair in [[output("text"), output("json")], [output("text"), output("json=-")], [to("json", &path), to("sarif", &same)]] {
        let failure = write(&pair, &mut Vec::new()).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(!failure.hints.is_empty());
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(validate(&[output("text"), to("json", &path)]).is_ok());
}

#[cfg(unix)]
#[test]
fn a_link_to_a_file_is_the_same_file_and_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("r.json"), folder.path().join("latest.json"));
    fs::write(&path, "old").unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(validate(&[to("json", &path), to("sarif", &link)]).is_err());
    write(&[to("json", &link)], &mut Vec::new()).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&path).unwrap().starts_with('{'));
}

#[test]
fn every_output_is_whole_and_no_temporary_file_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let outputs = [output("text"), to("json", &folder.path().join("r.json")), to("sarif", &folder.path().join("r.sarif"))];
    let mut out = Vec::new();
    write_all(&outputs, &samples::everything(), &verbose(), &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().starts_with("layerproof "));
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["r.json", "r.sarif"]);
    let json = fs::read_to_string(folder.path().join("r.json")).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
}

#[test]
fn a_file_that_cannot_be_written_is_named_and_the_others_are_written_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, good) = (folder.path().join("no/such/r.json"), folder.path().join("r.xml"));
    let mut out = Vec::new();
    let failure = write(&[to("json", &missing), to("junit", &good), output("text")], &mut out).unwrap_err();
    assert_eq!(failure.exit, Exit::Internal);
    assert!(failure.message.starts_with("cannot write json to ") && failure.message.contains("no/such/r.json"), "{}", failure.message);
    assert!(good.is_file() && !out.is_empty());
    let failure = write(&[to("json", folder.path())], &mut Vec::new()).unwrap_err();
    assert!(failure.message.contains("it is a folder"), "{}", failure.message);
}

#[cfg(unix)]
#[test]
fn a_device_is_written_to_not_renamed_over_and_a_new_file_is_readable_as_any_other() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    write(&[output("json=/dev/null")], &mut Vec::new()).unwrap();
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    let folder = tempfile::tempdir().unwrap();
    let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
    write(&[to("json", &ours)], &mut Vec::new()).unwrap();
    fs::write(&plain, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&ours), mode(&plain));
}

/// Takes `left` bytes, then fails.
struct Failing {
    left: usize,
    kind: io::ErrorKind,
}

impl Write for Failing {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(self.kind.into());
        }
        let n = buf.len().min(self.left);
        self.left -= n;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_has_gone_is_no_failure_and_a_full_disk_is() {
    for left in [0, 10, 500] {
        assert_eq!(write(&[output("json")], &mut Failing { left, kind: io::ErrorKind::BrokenPipe }), Ok(()));
        let failure = write(&[output("json")], &mut Failing { left, kind: io::ErrorKind::StorageFull }).unwrap_err();
        assert!(failure.exit == Exit::Internal && failure.message.contains("standard output"), "{}", failure.message);
    }
}

#[test]
fn the_step_summary_is_appended_to_what_other_steps_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("summary.md");
    fs::write(&path, "before\n").unwrap();
    append_step_summary(&path, &samples::clean()).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("before\n## layerproof scan: exit 0\n"));
    assert!(append_step_summary(folder.path(), &samples::clean()).is_err());
}
