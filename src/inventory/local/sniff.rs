//! What a path holds, told from its content.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::oci_layout;
use super::{ImageChoice, Target, TargetError, metadata};
use crate::inventory::template::{MAX_TEMPLATE_BYTES, is_template};

/// Bytes read from the start of a file: enough for the magic of a zip and for a tar header block.
const HEAD_BYTES: u64 = 512;
/// Bytes read from the end of a file: a zip's end record (22 bytes) and the longest comment behind it (APPNOTE.TXT 4.3.16).
const TAIL_BYTES: u64 = 22 + 65_535;

/// Local file header, empty archive, spanned archive (APPNOTE.TXT 4.3.7, 4.3.16, 8.5.3).
const ZIP_HEADS: [&[u8]; 3] = [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"];
const ZIP_END: &[u8] = b"PK\x05\x06";

/// Turns a bare path into the target that its content makes it.
pub(super) fn sniff(path: PathBuf) -> Result<Target, TargetError> {
    if metadata(&path)?.is_dir() {
        return Ok(if is_oci_layout(&path)? { Target::OciLayout(path, ImageChoice::Only) } else { Target::Directory(path) });
    }
    let unreadable = |source| TargetError::Unreadable { path: path.clone(), source };
    let mut file = File::open(&path).map_err(unreadable)?;
    let mut head = Vec::new();
    (&mut file).take(HEAD_BYTES).read_to_end(&mut head).map_err(unreadable)?;
    if ZIP_HEADS.iter().any(|magic| head.starts_with(magic)) {
        return Ok(Target::Zip(path));
    }
    // POSIX and GNU tar alike carry `ustar` at offset 257 of the first header.
    if head.get(257..262) == Some(b"ustar") && oci_layout::is_archive(&path)? {
        return Ok(Target::OciArchive(path, ImageChoice::Only));
    }
    // Bytes before the first entry (a self-extracting archive, or an attack) do not make it something else: readers of zips start at
    // the end.
    let length = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES))).map_err(unreadable)?;
    let mut tail = Vec::new();
    (&mut file).take(TAIL_BYTES).read_to_end(&mut tail).map_err(unreadable)?;
    if tail.windows(ZIP_END.len()).any(|window| window == ZIP_END) {
        return Ok(Target::Zip(path));
    }
    // A template is text, and a small file: what is larger than one may be is not read to find out.
    if length <= u64::try_from(MAX_TEMPLATE_BYTES).unwrap_or(u64::MAX) && !tail.contains(&0) {
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let mut whole = Vec::new();
        (&mut file).take(length).read_to_end(&mut whole).map_err(unreadable)?;
        if is_template(&whole) {
            return Ok(Target::Template(path));
        }
    }
    Ok(Target::Unrecognised(path))
}

/// True where the folder holds a file `oci-layout` (OCI image layout specification).
pub(super) fn is_oci_layout(folder: &Path) -> Result<bool, TargetError> {
    // Listing the folder, so that one that cannot be read is told from one that lacks the file.
    std::fs::read_dir(folder).map_err(|source| TargetError::Unreadable { path: folder.into(), source })?;
    Ok(folder.join("oci-layout").is_file())
}
