//! ELF files, honest and hostile.

pub mod build;

use build::Build;

use super::*;

fn classes() -> Vec<Build> {
    [(true, false), (true, true), (false, false), (false, true)]
        .map(|(is_64, is_big_endian)| Build { is_64, is_big_endian, ..Build::new() })
        .to_vec()
}

#[test]
fn either_class_and_byte_order_says_the_same() {
    for build in classes() {
        let build = build
            .note(".note.gnu.build-id", b"GNU\0", 3, &[0xab, 0xcd, 0xef])
            .part(".interp", 1, 2, 0x700, "/lib/ld.so\0", Some((3, 4)))
            .dynamic(Some("libx.so.1"), &["libc.so.6", "libz.so.1"])
            .rodata("text");
        let bytes = build.bytes();
        let elf = Elf::read(&bytes).expect("a file");
        assert_eq!(elf.flaw, None);
        assert_eq!(elf.notes(), [Note { owner: b"GNU", kind: 3, text: &[0xab, 0xcd, 0xef] }]);
        assert_eq!(elf.interpreter().as_deref(), Some("/lib/ld.so"));
        let dynamic = Dynamic { soname: Some("libx.so.1".into()), needed: vec!["libc.so.6".into(), "libz.so.1".into()] };
        assert_eq!(elf.dynamic(), dynamic);
        assert_eq!(elf.machine(), "x86_64");
        assert_eq!(elf.section(".rodata").map(|section| section.data), Some(b"text".as_slice()));
        assert_eq!(elf.at_address(0x1_0001, 2), Some(b"ex".as_slice()));
    }
}

#[test]
fn without_sections_the_segments_say_it() {
    for build in classes() {
        let build = Build { has_sections: false, ..build.note("", b"GNU\0", 3, &[1, 2]).rodata("constant").code("code") };
        let bytes = build.bytes();
        let elf = Elf::read(&bytes).expect("a file");
        assert!(!elf.has_sections());
        assert_eq!(elf.notes().len(), 1);
        assert_eq!(elf.constants(), [b"constant".as_slice()]);
    }
}

#[test]
fn code_is_not_searched_for_text() {
    let bytes = Build::new().code("OpenSSL").rodata("text").bytes();
    assert_eq!(Elf::read(&bytes).expect("a file").constants(), [b"text".as_slice()]);
}

#[test]
fn sections_that_overlap_are_searched_once() {
    let build = Build::new().rodata(vec![7; 1_000]);
    let mut bytes = build.bytes();
    // All further sections are copies of the one.
    let shoff = usize::try_from(u64::from_le_bytes(bytes[40..48].try_into().unwrap())).unwrap();
    let rodata = bytes[shoff + 64..shoff + 128].to_vec();
    for _ in 0..3_000 {
        bytes.extend(&rodata);
    }
    bytes[60..62].copy_from_slice(&3_003u16.to_le_bytes());
    let elf = Elf::read(&bytes).expect("a file");
    assert_eq!(elf.constants().iter().map(|part| part.len()).sum::<usize>(), 1_000);
}

#[test]
fn more_sections_than_are_read_are_told() {
    let mut bytes = Build::new().rodata("x").bytes();
    let shoff = usize::try_from(u64::from_le_bytes(bytes[40..48].try_into().unwrap())).unwrap();
    bytes.resize(shoff + 64 * 5_000, 0);
    bytes[60..62].copy_from_slice(&5_000u16.to_le_bytes());
    assert!(Elf::read(&bytes).expect("a file").flaw.expect("a flaw").starts_with("5000 sections"));
}

#[test]
fn names_that_run_on_are_cut() {
    let build = Build::new().part(".rodata", 1, 2, 0, "x", None);
    let mut bytes = build.bytes();
    // The table of names has no end any more.
    let at = bytes.windows(9).position(|window| window == b".shstrtab").unwrap();
    let shoff = usize::try_from(u64::from_le_bytes(bytes[40..48].try_into().unwrap())).unwrap();
    let strings = shoff + 2 * 64;
    bytes[at..shoff].fill(b'n');
    bytes.resize(bytes.len() + (1 << 20), b'n');
    let size = (bytes.len() - at) as u64;
    bytes[strings + 24..strings + 32].copy_from_slice(&(at as u64).to_le_bytes());
    bytes[strings + 32..strings + 40].copy_from_slice(&size.to_le_bytes());
    let elf = Elf::read(&bytes).expect("a file");
    assert!(elf.sections.iter().all(|section| section.name.len() <= MAX_TEXT));
}

#[test]
fn a_file_that_ends_anywhere_or_lies_anywhere_is_no_panic() {
    let whole =
        Build::new().note(".note.gnu.build-id", b"GNU\0", 3, &[1, 2, 3]).dynamic(Some("libx.so.1"), &["libc.so.6"]).rodata("text").bytes();
    let look = |bytes: &[u8]| {
        if let Some(elf) = Elf::read(bytes) {
            let _ = (elf.notes(), elf.dynamic(), elf.constants(), elf.interpreter(), elf.symbols(["a"]), elf.from_address(u64::MAX));
            assert!(elf.constants().iter().map(|part| part.len()).sum::<usize>() <= bytes.len());
        }
    };
    for end in 0..whole.len() {
        look(&whole[..end]);
    }
    for at in 0..whole.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            look(&bytes);
        }
    }
}

#[test]
fn a_note_of_the_size_of_the_address_space_is_none() {
    let mut bytes = Build::new().note(".note.x", b"FDO\0", 1, b"text").bytes();
    let at = bytes.windows(4).position(|window| window == b"FDO\0").unwrap();
    bytes[at - 12..at - 4].fill(0xff);
    assert!(Elf::read(&bytes).expect("a file").notes().is_empty());
}

#[test]
fn writable_segments_that_overlap_are_not_searched_again_and_again() {
    let mut build = Build { has_sections: false, ..Build::new() }.part("", 1, 3, 0x1000, vec![7; 100_000], Some((1, 6)));
    for _ in 0..500 {
        build = build.part("", 1, 3, 0x1000, "", Some((1, 6)));
    }
    let mut bytes = build.bytes();
    let first = bytes[64..120].to_vec();
    for place in 1..501 {
        bytes[64 + 56 * place..120 + 56 * place].copy_from_slice(&first);
    }
    let elf = Elf::read(&bytes).expect("a file");
    assert!(elf.writable().map(|(_, data)| data.len()).sum::<usize>() <= bytes.len());
}
