//! Zips as real writers make them: nothing may be invented about them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::build_zip::{Entry, crc32, deflate, deflated, folder, zip};
use layerproof::model::digest::Digest;
use layerproof::unpack::{AnomalyKind, EntryKind, EntryVisitor, Limits, WantDigests, ZipEntry, ZipIndex, analyse};

#[derive(Default)]
struct Collect(Vec<(String, Vec<u8>)>);

impl EntryVisitor for Collect {
    fn begin(&mut self, entry: &ZipEntry) {
        self.0.push((entry.path_lossless(), Vec::new()));
    }
    fn data(&mut self, bytes: &[u8]) {
        self.0.last_mut().unwrap().1.extend_from_slice(bytes);
    }
    fn end(&mut self, _: &ZipEntry) {}
}

/// Opens and streams; every anomaly fails the test.
fn assert_clean(path: &Path) -> Vec<(String, Vec<u8>)> {
    let limits = Limits::default();
    let index = ZipIndex::open(path, &limits).unwrap();
    assert_eq!(index.anomalies, [], "{}", path.display());
    let mut collect = Collect::default();
    let report = index.stream(&limits, &mut [&mut collect]).unwrap();
    assert_eq!(report.anomalies, [], "{}", path.display());
    assert!(report.complete && index.complete);
    for (entry, (_, body)) in index.entries.iter().zip(&collect.0) {
        assert_eq!(&index.read(entry, 1 << 30).unwrap(), body);
    }
    let contents = analyse(path, &limits, &WantDigests::All).unwrap();
    assert_eq!(contents.anomalies, [], "{}", path.display());
    assert!(contents.complete);
    for entry in contents.tree.entries.iter().filter(|e| e.kind == EntryKind::File) {
        let (_, body) = &collect.0[entry.origin as usize];
        assert_eq!(entry.digest, Some(Digest::of(body)), "{}", entry.path);
    }
    collect.0
}

/// Runs a program of this machine; `false`, said aloud, where it is not installed.
#[expect(clippy::print_stdout, reason = "a skipped check must be seen")]
fn ran(program: &str, args: &[&str], dir: &Path) -> bool {
    match Command::new(program).args(args).current_dir(dir).stdout(Stdio::null()).status() {
        Ok(status) => {
            assert!(status.success(), "{program} {args:?}");
            true
        }
        Err(_) => {
            println!("SKIPPED: {program} is not installed");
            false
        }
    }
}

fn sample_files(dir: &Path) {
    fs::create_dir_all(dir.join("src/python/empty")).unwrap();
    fs::write(dir.join("src/python/a.py"), "print('a')\n".repeat(500)).unwrap();
    fs::write(dir.join("src/python/nothing"), "").unwrap();
    fs::write(dir.join("src/python/é ü.py"), "x").unwrap();
    fs::write(dir.join("src/big.bin"), (0..300_000_u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect::<Vec<_>>())
        .unwrap();
    std::os::unix::fs::symlink("a.py", dir.join("src/python/link.py")).unwrap();
}

#[test]
fn info_zip_in_all_its_modes() {
    let dir = tempfile::tempdir().unwrap();
    sample_files(dir.path());
    for (name, args) in [
        ("plain.zip", &["-r", "plain.zip", "src"][..]),
        ("no-dirs.zip", &["-r", "-D", "no-dirs.zip", "src"]),
        ("links.zip", &["-r", "-y", "links.zip", "src"]),
        ("stored.zip", &["-r", "-0", "stored.zip", "src"]),
        ("no-extra.zip", &["-r", "-X", "no-extra.zip", "src"]),
        ("zip64.zip", &["-r", "-fz", "zip64.zip", "src"]),
        ("descriptors.zip", &["-r", "-fd", "descriptors.zip", "src"]),
    ] {
        if !ran("zip", &[&["-q"], args].concat(), dir.path()) {
            return;
        }
        assert!(assert_clean(&dir.path().join(name)).len() >= 4, "{name}");
    }
    if ran("sh", &["-c", "zip -q -r - src | cat > piped.zip; cat src/big.bin | zip -q | cat > stdin.zip"], dir.path()) {
        assert_clean(&dir.path().join("piped.zip"));
        // From a pipe Info-ZIP writes one entry with the mode of the pipe: that is what the archive says, so that is what is told.
        let stdin = analyse(&dir.path().join("stdin.zip"), &Limits::default(), &WantDigests::None).unwrap();
        let kinds: Vec<AnomalyKind> = stdin.anomalies.iter().map(|a| a.kind).collect();
        assert_eq!(kinds, [AnomalyKind::SpecialFile]);
    }
}

#[test]
fn python_zipfile_seekable_streamed_and_zip64() {
    let dir = tempfile::tempdir().unwrap();
    sample_files(dir.path());
    let script = r#"
import io, os, zipfile
class Pipe(io.RawIOBase):
    def __init__(self, f): self.f = f
    def writable(self): return True
    def write(self, b): return self.f.write(b)
for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
    for streamed in (False, True):
        for z64 in (False, True):
            with open(f'py-{method}-{int(streamed)}-{int(z64)}.zip', 'wb') as f:
                with zipfile.ZipFile(Pipe(f) if streamed else f, 'w', method) as z:
                    z.writestr('dir/', '')
                    z.writestr('dir/\u00e9.txt', 'text')
                    z.writestr('dir/empty', '')
                    with z.open('dir/big', 'w', force_zip64=z64) as e:
                        e.write(b'0123456789' * 100000)
                    z.write('src/python/a.py')
with zipfile.ZipFile('many.zip', 'w') as z:
    for i in range(66000): z.writestr(f'f/{i}', b'')
with zipfile.ZipFile('empty.zip', 'w') as z: z.comment = b'nothing in here'
with zipfile.ZipFile('nested.zip', 'w') as z: z.write('py-8-0-0.zip')
"#;
    if !ran("python3", &["-c", script], dir.path()) {
        return;
    }
    for method in [0, 8] {
        for streamed in [0, 1] {
            for z64 in [0, 1] {
                assert_eq!(assert_clean(&dir.path().join(format!("py-{method}-{streamed}-{z64}.zip"))).len(), 5);
            }
        }
    }
    let limits = Limits::default();
    let many = ZipIndex::open(&dir.path().join("many.zip"), &limits).unwrap();
    assert_eq!((many.entries.len(), many.anomalies.as_slice()), (66_000, &[][..]));
    assert_eq!(assert_clean(&dir.path().join("empty.zip")), []);
    assert_eq!(assert_clean(&dir.path().join("nested.zip")).len(), 1);
}

#[test]
fn java_jar() {
    let dir = tempfile::tempdir().unwrap();
    sample_files(dir.path());
    if ran("jar", &["cf", "a.jar", "src"], dir.path()) {
        assert_clean(&dir.path().join("a.jar"));
    }
    if ran("jar", &["c0fM", "b.jar", "src"], dir.path()) {
        assert_clean(&dir.path().join("b.jar"));
    }
}

#[test]
fn go_archive_zip() {
    let dir = tempfile::tempdir().unwrap();
    let program = r##"package main
import ("archive/zip"; "os"; "strings")
func main() {
	f, _ := os.Create("go.zip")
	w := zip.NewWriter(f)
	w.Create("dir/")
	e, _ := w.Create("dir/a.txt"); e.Write([]byte(strings.Repeat("hello ", 1000)))
	w.Create("dir/empty")
	h := &zip.FileHeader{Name: "dir/x.sh", Method: zip.Store}; h.SetMode(0o755)
	e, _ = w.CreateHeader(h); e.Write([]byte("#!/bin/sh\n"))
	w.Close(); f.Close()
}
"##;
    fs::write(dir.path().join("main.go"), program).unwrap();
    if ran("go", &["run", "main.go"], dir.path()) {
        assert_eq!(assert_clean(&dir.path().join("go.zip")).len(), 4);
    }
}

/// Archive Utility of macOS writes from Unix, with data descriptors, `UX` extra fields that are shorter in the central directory, UTF-8
/// names in decomposed form without the UTF-8 flag, and resource forks in `__MACOSX`.
#[test]
fn as_archive_utility_of_macos_writes() {
    let times = [0_u8; 8];
    let made = |entry: Entry| {
        entry.with(|e| {
            e.local_extra = [b"UX\x0c\0".as_slice(), &times, &[0xf5, 1, 20, 0]].concat();
            e.extra = [b"UX\x08\0".as_slice(), &times].concat();
        })
    };
    let body = b"print()\n";
    let stored = deflate(body).len() as u32;
    let decomposed = "e\u{301}.py";
    let file = tempfile::NamedTempFile::new().unwrap();
    let archive = zip([
        made(folder("python/")),
        made(deflated(&format!("python/{decomposed}"), body)).streamed(crc32(body), stored, body.len() as u32),
        made(folder("__MACOSX/")),
        made(deflated(&format!("__MACOSX/python/._{decomposed}"), body)).streamed(crc32(body), stored, body.len() as u32),
    ]);
    fs::write(file.path(), archive.bytes()).unwrap();
    assert_eq!(assert_clean(file.path()).len(), 4);
}

/// Explorer of Windows writes from FAT or NTFS, with the DOS attributes alone and no directory entries.
#[test]
fn as_explorer_of_windows_writes() {
    for host in [0, 10, 11] {
        let file = tempfile::NamedTempFile::new().unwrap();
        let made = |entry: Entry| entry.with(|e| (e.host, e.external) = (host, 0x20));
        let archive = zip([made(deflated("python/a.py", b"print()")), made(deflated("python/lib/b.dll", &[1; 500]))]);
        fs::write(file.path(), archive.bytes()).unwrap();
        assert_clean(file.path());
        let contents = analyse(file.path(), &Limits::default(), &WantDigests::None).unwrap();
        assert!(contents.tree.entries.iter().all(|e| e.mode.is_none() && e.kind == EntryKind::File));
    }
}

/// Alignment tools pad extra fields with up to three zeros, and whole ones of no length.
#[test]
fn as_alignment_tools_pad() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let padded = |bytes: usize| deflated(&format!("f{bytes}"), b"x").with(|e| e.local_extra = vec![0; bytes]);
    fs::write(file.path(), zip((0..9).map(padded)).bytes()).unwrap();
    assert_clean(file.path());
}
