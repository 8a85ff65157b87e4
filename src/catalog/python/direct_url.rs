//! `direct_url.json`: where a package came from that was not asked of an index by name. Specification: PEP 610, Direct URL Origin.

use serde_json::Value;

use super::installed::{DIRECT_URL, EDITABLE, HASH, VCS};
use crate::catalog::{Facts, Flaw};

/// Bytes of an address or hash that are kept.
const MAX_VALUE_BYTES: usize = 2_048;

/// Notes for [`super::installed`].
pub(super) fn read(bytes: &[u8]) -> Result<Facts, Flaw> {
    let value: Value = serde_json::from_slice(bytes).map_err(|e| Flaw::malformed(e.to_string()))?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| text.len() <= MAX_VALUE_BYTES).map(str::to_owned);
    let url = text(value.get("url")).ok_or_else(|| Flaw::malformed("`url` is no text"))?;
    let mut facts = Facts::default();
    let mut note = |name: &str, value: String| facts.notes.push((name.to_owned(), value));
    if let Some(vcs) = value.get("vcs_info") {
        let kind = text(vcs.get("vcs")).unwrap_or_default();
        let commit = text(vcs.get("commit_id")).unwrap_or_default();
        let address = if kind.is_empty() || url.starts_with(&format!("{kind}+")) { url } else { format!("{kind}+{url}") };
        note(VCS, if commit.is_empty() { address } else { format!("{address}@{commit}") });
        return Ok(facts);
    }
    if let Some(archive) = value.get("archive_info") {
        let old = text(archive.get("hash")).and_then(|hash| hash.split_once('=').map(|(name, hex)| (name.to_owned(), hex.to_owned())));
        let hashes = archive.get("hashes").and_then(Value::as_object).into_iter().flatten();
        let hashes = hashes.filter_map(|(name, hex)| Some((name.clone(), text(Some(hex))?)));
        for (name, hex) in hashes.chain(old).take(16) {
            note(HASH, format!("{name}={hex}"));
        }
    }
    if value.get("dir_info").and_then(|folder| folder.get("editable")).and_then(Value::as_bool) == Some(true) {
        note(EDITABLE, "true".into());
    }
    note(DIRECT_URL, url);
    Ok(facts)
}
