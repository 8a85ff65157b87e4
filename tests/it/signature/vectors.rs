//! The vectors of `testdata/signer`: each file is made by the forge, byte for byte, and each has one outcome.
//!
//! `LAYERPROOF_REGENERATE=1 cargo test` writes the files again.

use crate::forge::cms::{Attribute, SignerInfo};
use crate::forge::der::{self, oids};
use crate::forge::signer::{DIRECTORY, SIGNATURE_FILE};
use crate::forge::zip::{self, Entry};
use crate::forge::{SignerOptions, TestCa, ca, sign_entries, sign_zip};

/// What the scheme must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    Valid,
    Absent,
    /// Invalid, with the `why` of the rejection in JSON.
    Invalid(&'static str),
    /// Inconclusive, and whether chain and identity were verified.
    Inconclusive(bool),
}

/// One vector.
pub struct Vector {
    pub name: &'static str,
    pub expect: Expect,
    pub zip: Vec<u8>,
}

use Expect::{Absent, Inconclusive, Invalid, Valid};

/// The unsigned entries that every vector starts from.
pub fn entries() -> Vec<Entry> {
    vec![
        Entry::file("app", ".py\nprint('one')\n"),
        Entry::file("handler.py", "import app\n"),
        Entry::directory("lib/"),
        Entry::file("lib/tool", "#!/bin/sh\necho tool\n").with_mode(0o100_755).deflated(),
    ]
}

/// Every vector.
pub fn all() -> Vec<Vector> {
    let mut all = archives();
    all.extend(signatures());
    all.extend(attributes());
    all.extend(certificates());
    all
}

fn vector(name: &'static str, expect: Expect, zip: Vec<u8>) -> Vector {
    Vector { name, expect, zip }
}

/// Entries changed after signing.
fn archives() -> Vec<Vector> {
    let options = SignerOptions::default();
    let signed = sign_entries(&entries(), &options);
    let changed = |edit: &dyn Fn(&mut Vec<Entry>)| {
        let mut entries = signed.clone();
        edit(&mut entries);
        zip::write(&entries)
    };
    let signed_as = |name: &'static str| {
        changed(&|e| {
            let last = e.pop().unwrap();
            e.push(last.renamed(name));
        })
    };
    let extra = || Entry::file("extra.py", "print('extra')\n");
    let whole = || zip::write(&signed);
    vec![
        vector("valid", Valid, whole()),
        vector("valid-deflated-and-retimed", Valid, {
            changed(&|e| {
                e.iter_mut().for_each(|entry| {
                    entry.method = if entry.method == zip::Method::Stored { zip::Method::Deflate } else { zip::Method::Stored };
                    entry.modified = 0x5d21_6a00;
                })
            })
        }),
        vector("unsigned", Absent, zip::write(&entries())),
        vector("stripped", Absent, changed(&|e| drop(e.pop()))),
        vector("tampered-body", Invalid("content-digest"), changed(&|e| e[1] = e[1].clone().with_body("import bad\n"))),
        vector("tampered-name", Invalid("content-digest"), changed(&|e| e[1] = e[1].clone().renamed("Handler.py"))),
        vector("reordered", Invalid("content-digest"), changed(&|e| e.swap(0, 1))),
        vector("entry-added-before-signature", Invalid("content-digest"), changed(&|e| e.insert(e.len() - 1, extra()))),
        vector("entry-added-after-signature", Invalid("entry-after-signature"), changed(&|e| e.push(extra()))),
        vector("empty-directory-after-signature", Invalid("entry-after-signature"), changed(&|e| e.push(Entry::directory("z/")))),
        vector("signature-of-another-zip", Invalid("content-digest"), {
            let other = sign_entries(&[extra()], &options).pop().unwrap();
            changed(&|e| *e.last_mut().unwrap() = other.clone())
        }),
        vector("two-signature-files", Invalid("several-signatures"), changed(&|e| e.push(e.last().unwrap().clone()))),
        vector("two-signature-files-by-case", Invalid("several-signatures"), {
            changed(&|e| e.insert(0, e.last().unwrap().clone().renamed("meta_inf/AWS_signer_signature_v1.0.sf")))
        }),
        vector("second-signature-file-in-meta-dash-inf", Invalid("several-signatures"), {
            changed(&|e| e.insert(0, e.last().unwrap().clone().renamed("META-INF/aws_signer_signature_v1.0.SF")))
        }),
        vector("signature-in-meta-dash-inf", Inconclusive(true), {
            let mut entries = entries();
            entries.push(Entry::directory("META-INF/"));
            let file = crate::forge::signature_file(&crate::forge::signer::inner_digest(&entries), &options);
            entries.push(Entry::file("META-INF/aws_signer_signature_v1.0.SF", file));
            zip::write(&entries)
        }),
        vector("signature-in-meta-dash-inf-tampered", Inconclusive(false), {
            changed(&|e| {
                e[1] = e[1].clone().with_body("import bad\n");
                let last = e.pop().unwrap();
                e.push(last.renamed("META-INF/aws_signer_signature_v1.0.SF"));
            })
        }),
        vector("signature-of-version-2", Inconclusive(true), signed_as("META_INF/aws_signer_signature_v2.0.SF")),
        vector("signature-by-case", Inconclusive(true), signed_as("meta_inf/AWS_SIGNER_SIGNATURE_V1.0.sf")),
        vector("signature-behind-backslash", Inconclusive(true), signed_as("META_INF\\aws_signer_signature_v1.0.SF")),
        // The digest has no framing and covers neither modes nor links: these hold by design of the format.
        vector("valid-name-body-shift", Valid, changed(&|e| e[0] = e[0].clone().renamed("app.py").with_body("\nprint('one')\n"))),
        vector("valid-entries-merged", Valid, {
            changed(&|e| {
                let gone = e.remove(1);
                let body = [e[0].body.clone(), gone.name, gone.body].concat();
                e[0] = e[0].clone().with_body(body);
            })
        }),
        vector("valid-entry-split", Valid, {
            changed(&|e| {
                e[0] = e[0].clone().with_body("");
                e.insert(1, Entry::file(".py", "\nprint('one')\n"));
            })
        }),
        vector("valid-file-made-a-link", Valid, {
            let mut entries = entries();
            entries.insert(2, Entry::file("latest", "handler.py"));
            let mut entries = sign_entries(&entries, &options);
            entries[2] = entries[2].clone().with_mode(0o120_777);
            zip::write(&entries)
        }),
        vector("valid-made-setuid", Valid, changed(&|e| e[3] = e[3].clone().with_mode(0o104_755))),
        vector("valid-made-executable", Valid, changed(&|e| e[1] = e[1].clone().with_mode(0o100_777))),
        // Two readers could see different content.
        vector("duplicate-names", Invalid("ambiguous-archive"), {
            sign_zip(&[entries(), vec![Entry::file("handler.py", "import bad\n")]].concat(), &options)
        }),
        vector("name-not-utf8", Invalid("ambiguous-archive"), {
            sign_zip(&[entries(), vec![Entry::file("x", "").renamed(b"caf\xe9.py")]].concat(), &options)
        }),
        vector("name-climbs-out", Invalid("ambiguous-archive"), {
            sign_zip(&[entries(), vec![Entry::file("../../etc/passwd", "root\n")]].concat(), &options)
        }),
        vector("bytes-before", Invalid("ambiguous-archive"), zip::write_after(b"#!/bin/sh\nexit 0\n", &signed, true)),
        vector("bytes-before-unadjusted", Invalid("ambiguous-archive"), zip::write_after(b"#!/bin/sh\nexit 0\n", &signed, false)),
        vector("bytes-after", Invalid("ambiguous-archive"), [whole(), b"more".to_vec()].concat()),
        vector("body-fails-its-checksum", Invalid("ambiguous-archive"), {
            let mut zip = whole();
            let at = zip.windows(5).position(|w| w == b"print").unwrap();
            zip[at] = b'P';
            zip
        }),
        vector("signature-file-fails-its-checksum", Invalid("ambiguous-archive"), {
            let mut zip = whole();
            let at = zip.windows(5).position(|w| w == b"PKCS7").unwrap();
            zip[at] = b'Q';
            zip
        }),
    ]
}

fn forged(edit: impl Fn(&mut SignerOptions)) -> Vec<u8> {
    let mut options = SignerOptions::default();
    edit(&mut options);
    sign_zip(&entries(), &options)
}

/// The file around the CMS, and the CMS itself.
fn signatures() -> Vec<Vector> {
    let malformed = Invalid("malformed");
    vec![
        vector("valid-expired", Valid, forged(|o| o.expires_at = "2026-10-01T00:00:00Z".parse().unwrap())),
        vector("valid-other-profile", Valid, {
            forged(|o| o.profile_version = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/experiments/KlMnOpQrSt".into())
        }),
        vector("profile-of-a-foreign-account", Invalid("account-not-vouched"), {
            forged(|o| o.profile_version = "arn:aws:signer:eu-west-1:444455556666:/signing-profiles/release/AbCdEfGhIj".into())
        }),
        vector("foreign-root", Invalid("untrusted-root"), forged(|o| o.ca = TestCa::foreign())),
        vector("pem-of-another-label", malformed, forged(|o| o.edit_file = Some(|f| *f = f.replace("PKCS7", "CERTIFICATE")))),
        vector("pem-of-two-blocks", malformed, forged(|o| o.edit_file = Some(|f| *f = f.repeat(2)))),
        vector("pem-behind-text", malformed, forged(|o| o.edit_file = Some(|f| f.insert_str(0, "Signature:\n")))),
        vector("pem-without-end", malformed, forged(|o| o.edit_file = Some(|f| f.truncate(f.len() - 10)))),
        vector("empty-signature-file", malformed, forged(|o| o.edit_file = Some(String::clear))),
        vector("ber-garbage", malformed, forged(|o| o.edit_cms = Some(|c| *c = vec![0x30; 4096]))),
        vector("cms-truncated", malformed, forged(|o| o.edit_cms = Some(|c| c.truncate(c.len() - 4)))),
        vector("bytes-after-cms", malformed, forged(|o| o.edit_cms = Some(|c| c.push(0)))),
        vector("attached-content", malformed, forged(|o| o.edit_signed_data = Some(|d| d.content = Some(b"content".to_vec())))),
        vector("wrong-content-type", malformed, forged(|o| o.edit_signed_data = Some(|d| d.content_type = "1.2.840.113549.1.9.16.1.4"))),
        vector("signed-data-version-3", malformed, forged(|o| o.edit_signed_data = Some(|d| d.version = 3))),
        vector("digest-algorithm-sha256", Invalid("algorithm"), {
            forged(|o| o.edit_signed_data = Some(|d| d.digest_algorithms = vec![der::algorithm(oids::SHA256)]))
        }),
        vector("two-digest-algorithms", malformed, {
            forged(|o| o.edit_signed_data = Some(|d| d.digest_algorithms.push(der::algorithm(oids::SHA256))))
        }),
        vector("two-signers", malformed, forged(|o| o.edit_signed_data = Some(|d| d.signer_infos.extend(d.signer_infos.clone())))),
        vector("no-signer", malformed, forged(|o| o.edit_signed_data = Some(|d| d.signer_infos.clear()))),
        vector("signer-by-key-identifier", malformed, forged(|o| o.edit_signer_info = Some(|s| s.sid = der::tlv(0x80, &[7; 20])))),
        vector("signer-digest-sha256", Invalid("algorithm"), forged(|o| o.edit_signer_info = Some(|s| s.digest_algorithm = oids::SHA256))),
        vector("signature-algorithm-sha256", Invalid("algorithm"), {
            forged(|o| o.edit_signer_info = Some(|s| s.signature_algorithm = oids::ECDSA_SHA256))
        }),
        vector("unsigned-attributes", malformed, {
            forged(|o| {
                o.edit_signer_info = Some(|s| {
                    s.unsigned = vec![der::seq(&[der::oid("1.2.840.113549.1.9.16.2.14"), der::set_of(vec![der::octets(b"token")])])];
                });
            })
        }),
        vector("signature-by-another-key", Invalid("bad-signature"), {
            forged(|o| {
                o.edit_leaf = Some(|leaf| leaf.spki = ca::Key::of("another").spki());
            })
        }),
        vector("valid-ber-in-every-wrapper", Valid, forged(|o| o.edit_cms = Some(|cms| *cms = wrapped_indefinitely(cms)))),
    ]
}

/// ContentInfo, `[0]`, SignedData and certificates, all of indefinite length.
fn wrapped_indefinitely(cms: &[u8]) -> Vec<u8> {
    // 30 80 OID(11 bytes) a0 80 SignedData 00 00 00 00, as the forge writes it.
    let signed_data = &cms[15..cms.len() - 4];
    let fields = children(&signed_data[header_length(signed_data)..]);
    let wrapped: Vec<Vec<u8>> = fields
        .into_iter()
        .map(|field| if field[0] == 0xa0 { der::indefinite(0xa0, &field[header_length(&field)..]) } else { field })
        .collect();
    let signed_data = der::indefinite(0x30, &wrapped.concat());
    der::indefinite(0x30, &[der::oid(oids::SIGNED_DATA), der::indefinite(0xa0, &signed_data)].concat())
}

fn header_length(tlv: &[u8]) -> usize {
    if tlv[1] < 0x80 { 2 } else { 2 + usize::from(tlv[1] & 0x7f) }
}

fn children(mut content: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    while !content.is_empty() {
        let header = header_length(content);
        let length = if header == 2 { usize::from(content[1]) } else { content[2..header].iter().fold(0, |n, b| n << 8 | usize::from(*b)) };
        let (value, rest) = content.split_at(header + length);
        out.push(value.to_vec());
        content = rest;
    }
    out
}

/// The signed attributes, properly signed.
fn attributes() -> Vec<Vector> {
    let malformed = Invalid("malformed");
    let edited = |edit: fn(&mut Vec<Attribute>)| forged(|o| o.edit_attributes = Some(edit));
    let in_order = |edit: fn(&mut SignerInfo)| forged(|o| o.edit_signer_info = Some(edit));
    vec![
        vector("valid-without-algorithm-protection", Valid, edited(|a| a.retain(|x| x.oid != oids::ALGORITHM_PROTECTION))),
        vector("no-content-type", malformed, edited(|a| a.retain(|x| x.oid != oids::CONTENT_TYPE))),
        vector("no-message-digest", malformed, edited(|a| a.retain(|x| x.oid != oids::MESSAGE_DIGEST))),
        vector("no-signing-time", malformed, edited(|a| a.retain(|x| x.oid != oids::SIGNING_TIME))),
        vector("no-expiry", malformed, edited(|a| a.retain(|x| x.oid != oids::EXPIRY))),
        vector("no-profile", malformed, edited(|a| a.retain(|x| x.oid != oids::PROFILE_VERSION_ARN))),
        vector("no-job", malformed, edited(|a| a.retain(|x| x.oid != oids::JOB_ARN))),
        vector("attribute-twice", malformed, {
            edited(|a| {
                a.push(Attribute::one(oids::PROFILE_VERSION_ARN, der::utf8("arn:aws:signer:eu-west-1:444455556666:/signing-profiles/x/y")))
            })
        }),
        vector("attribute-of-two-values", malformed, {
            edited(|a| {
                let other = der::utf8("arn:aws:signer:eu-west-1:444455556666:/signing-profiles/x/y");
                a.iter_mut().filter(|x| x.oid == oids::PROFILE_VERSION_ARN).for_each(|x| x.values.push(other.clone()));
            })
        }),
        vector("attribute-without-value", malformed, {
            edited(|a| a.iter_mut().filter(|x| x.oid == oids::EXPIRY).for_each(|x| x.values.clear()))
        }),
        vector("attributes-not-in-der-order", malformed, in_order(|s| s.attributes.reverse())),
        vector("attribute-in-long-form", malformed, {
            in_order(|s| {
                // The same value with its length in two octets where one would do.
                let first = s.attributes[0].clone();
                s.attributes[0] = [&[first[0], 0x81, first[1]], &first[2..]].concat();
            })
        }),
        vector("algorithm-protection-disagrees", Invalid("algorithm"), {
            edited(|a| {
                let other = der::seq(&[der::algorithm(oids::SHA256), der::context(1, &der::oid(oids::ECDSA_SHA256))]);
                a.iter_mut().filter(|x| x.oid == oids::ALGORITHM_PROTECTION).for_each(|x| x.values = vec![other.clone()]);
            })
        }),
        vector("content-type-disagrees", malformed, {
            edited(|a| a.iter_mut().filter(|x| x.oid == oids::CONTENT_TYPE).for_each(|x| x.values = vec![der::oid(oids::SIGNED_DATA)]))
        }),
        vector("profile-without-version", malformed, {
            forged(|o| o.profile_version = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release".into())
        }),
        vector("profile-of-another-service", malformed, {
            forged(|o| o.profile_version = "arn:aws:s3:eu-west-1:111122223333:/signing-profiles/release/AbCdEfGhIj".into())
        }),
        vector("job-is-no-job", malformed, forged(|o| o.job = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/x".into())),
        vector("job-of-another-service", malformed, forged(|o| o.job = "arn:aws:lambda:eu-west-1:111122223333:/signing-jobs/1".into())),
        vector("job-of-no-region", malformed, forged(|o| o.job = "arn:aws:signer::111122223333:/signing-jobs/1".into())),
        vector("job-of-no-account", malformed, forged(|o| o.job = "arn:aws:signer:eu-west-1::/signing-jobs/1".into())),
        vector("job-of-no-id", malformed, forged(|o| o.job = "arn:aws:signer:eu-west-1:111122223333:/signing-jobs/".into())),
        vector("job-with-a-wildcard", malformed, forged(|o| o.job = "arn:aws:signer:eu-west-1:111122223333:/signing-jobs/*".into())),
        vector("signing-time-as-utc-time", malformed, {
            edited(|a| a.iter_mut().filter(|x| x.oid == oids::SIGNING_TIME).for_each(|x| x.values = vec![der::tlv(0x17, b"260901102030Z")]))
        }),
        vector("expires-before-it-is-signed", malformed, forged(|o| o.expires_at = "2026-01-01T00:00:00Z".parse().unwrap())),
        vector("signed-in-the-future", Invalid("from-the-future"), forged(|o| o.signed_at = "2027-01-01T00:00:00Z".parse().unwrap())),
        vector("unknown-attribute-of-signer", Inconclusive(true), {
            edited(|a| a.push(Attribute::one("1.3.187.137.1.9", der::utf8("only on Mondays"))))
        }),
        vector("valid-unknown-attribute-of-others", Valid, edited(|a| a.push(Attribute::one("1.3.6.1.4.1.32473.1", der::utf8("note"))))),
    ]
}

/// The chain.
fn certificates() -> Vec<Vector> {
    let chain = Invalid("chain");
    let validity = Invalid("certificate-validity");
    let leaf = |edit: fn(&mut ca::CertSpec)| forged(|o| o.edit_leaf = Some(edit));
    let ca = |edit: fn(&mut TestCa)| forged(|o| o.edit_ca = Some(edit));
    let set = |edit: fn(&mut Vec<Vec<u8>>)| {
        let options = SignerOptions::default();
        let mut entries = entries();
        entries.push(Entry::directory(DIRECTORY));
        let inner = crate::forge::signer::inner_digest(&entries);
        let mut data = crate::forge::signer::signed_data(&inner, &options);
        edit(&mut data.certificates);
        entries.push(Entry::file(SIGNATURE_FILE, ca::pem("PKCS7", &data.ber())));
        zip::write(&entries)
    };
    vec![
        vector("valid-certificates-in-another-order", Valid, set(|c| c.reverse())),
        vector("valid-root-left-out", Valid, set(|c| drop(c.remove(0)))),
        vector("intermediate-left-out", chain, set(|c| drop(c.remove(1)))),
        vector("leaf-left-out", chain, set(|c| drop(c.pop()))),
        vector("no-certificates", chain, set(Vec::clear)),
        vector("certificate-twice", chain, set(|c| c.push(c[0].clone()))),
        vector("certificate-of-no-use", chain, set(|c| c.push(TestCa::foreign().root_der()))),
        vector("too-many-certificates", Invalid("malformed"), {
            set(|c| c.extend((0..9).map(|n| TestCa::named(&format!("layerproof spare {n}")).root_der())))
        }),
        vector("certificate-not-der", Invalid("malformed"), set(|c| c[1].truncate(100))),
        vector("leaf-not-for-code-signing", chain, leaf(|l| l.eku = vec![oids::SERVER_AUTH])),
        vector("leaf-for-any-purpose", chain, leaf(|l| l.eku = vec!["2.5.29.37.0"])),
        vector("leaf-without-extended-key-usage", chain, leaf(|l| l.eku.clear())),
        vector("leaf-without-digital-signature", chain, leaf(|l| l.key_usage = Some(0x20))),
        vector("leaf-without-key-usage", chain, leaf(|l| l.key_usage = None)),
        vector("leaf-is-a-ca", chain, leaf(|l| l.ca = Some(true))),
        vector("leaf-may-sign-certificates", chain, leaf(|l| l.key_usage = Some(0x84))),
        vector("leaf-with-unknown-critical-extension", chain, leaf(|l| l.extra = vec![("1.3.6.1.4.1.32473.2", true, der::null())])),
        vector("valid-leaf-with-unknown-extension", Valid, leaf(|l| l.extra = vec![("1.3.6.1.4.1.32473.2", false, der::null())])),
        vector("leaf-on-p256", Invalid("algorithm"), leaf(|l| l.spki = ca::p256_spki())),
        vector("leaf-expired-when-it-signed", validity, leaf(|l| l.not_after = "20260901102029Z".into())),
        vector("leaf-not-yet-valid-when-it-signed", validity, leaf(|l| l.not_before = "20260901102031Z".into())),
        vector("valid-leaf-in-its-last-second", Valid, leaf(|l| l.not_after = "20260901102030Z".into())),
        vector("ca-expired-when-it-signed", validity, ca(|c| c.regional.not_after = "20260901000000Z".into())),
        vector("ca-without-the-ca-bit", chain, ca(|c| c.regional.ca = Some(false))),
        vector("ca-without-basic-constraints", chain, ca(|c| c.regional.ca = None)),
        vector("ca-without-key-cert-sign", chain, ca(|c| c.regional.key_usage = Some(0x80))),
        vector("ca-for-other-purposes", chain, ca(|c| c.regional.eku = vec![oids::SERVER_AUTH])),
        vector("valid-ca-for-code-signing", Valid, ca(|c| c.regional.eku = vec![oids::CODE_SIGNING])),
        vector("valid-ca-for-any-purpose", Valid, ca(|c| c.regional.eku = vec!["2.5.29.37.0"])),
        vector("path-length-violated", chain, ca(|c| c.intermediate.path_len = Some(0))),
        vector("valid-path-length-kept", Valid, ca(|c| c.intermediate.path_len = Some(1))),
        vector("ca-with-name-constraints", chain, ca(|c| c.regional.extra = vec![(oids::NAME_CONSTRAINTS, true, der::seq(&[]))])),
        vector("ca-signed-by-another-key", chain, ca(|c| c.keys[1] = ca::Key::of("another"))),
        vector("root-of-our-name-and-another-key", Invalid("untrusted-root"), {
            ca(|c| {
                c.keys[0] = ca::Key::of("another");
                c.root.spki = c.keys[0].spki();
            })
        }),
        vector("leaf-is-its-own-root", chain, {
            forged(|o| {
                o.edit_leaf = Some(|l| l.issuer = l.subject.clone());
            })
        }),
    ]
}
