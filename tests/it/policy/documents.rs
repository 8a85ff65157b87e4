//! What a policy file must not say. Rules 1, 2, 4 and 9 have a part here: the mistake is refused before anything is judged.

use layerproof::model::digest::Digest;
use layerproof::model::printable::printable;
use layerproof::policy::render_problems;

use super::{SIGNED, parse, problems, refused, statement};
use crate::forge::SigningKey;
use crate::forge::sigstore::Sigstore;

const AUTHORITY: &str =
    "{aws_signer: {root: aws-signer-lambda-unconfirmed, profiles: [\"arn:aws:signer:us-east-1:111122223333:/signing-profiles/release\"]}}";

fn with_scope(scope: &str, rest: &str) -> String {
    let rest: String = rest.lines().map(|line| format!("    {line}\n")).collect();
    format!("version: 1\nstatements:\n  - name: ours\n    scope: {scope}\n{rest}")
}

#[test]
fn the_model_statement_is_accepted() {
    assert_eq!(problems(&statement(SIGNED)), Vec::<String>::new());
}

#[test]
fn every_problem_is_reported_at_once_with_line_and_column() {
    let text =
        "version: 2\nstatement: []\nstatements:\n  - name: Bad Name\n    scope: {kind: layers}\n    level: strikt\n    signature: {}\n";
    let found = problems(text);
    let expected = [
        "1:10 `version` must be 1",
        "2:1 unknown key `statement` in a policy",
        "4:11 the name `Bad Name` is not made of `a-z`, `0-9` and `-`, 64 at most",
        "5:19 `kind` cannot be `layers`",
        "6:12 `level` cannot be `strikt`",
        "7:5 unknown key `signature` in a statement",
    ];
    assert_eq!(found, expected);
    let rendered = render_problems(&parse(text).unwrap_err(), "policy.yaml", text, false);
    assert!(rendered.contains("policy.yaml:6:12") && rendered.contains("did you mean `strict`?"), "{rendered}");
    assert!(rendered.contains("did you mean `signatures`?") && rendered.ends_with("policy.yaml: 6 problems"), "{rendered}");
    assert!(!rendered.contains('\u{1b}'));
    assert!(render_problems(&parse(text).unwrap_err(), "policy.yaml", text, true).contains('\u{1b}'));
}

#[test]
fn text_of_a_policy_cannot_drive_the_terminal() {
    let text = "version: 1\n\"\\e[2J\": 1\nstatements: []\n";
    let rendered = render_problems(&parse(text).unwrap_err(), "a\u{1b}[2Jb.yaml", text, false);
    assert!(!rendered.contains('\u{1b}'), "{rendered}");
    // The line is quoted with the mark under it: C0, the one-character CSI and the line end of C1, a reversal, what hides text.
    for hostile in ["\u{1b}[2J", "\u{9b}2J", "\u{85}", "\u{202e}", "\u{2028}", "\u{200b}", "\u{feff}", "\u{e0041}"] {
        let text = format!("version: 1\nx{hostile}y: 1\n");
        let problems = parse(&text).unwrap_err();
        let rendered = render_problems(&problems, "p.yaml", &text, false);
        assert!(!rendered.contains(hostile) && rendered.contains("y: 1"), "{rendered:?}");
        assert!(rendered.lines().all(|line| printable(line) == line), "{rendered:?}");
        assert!(!render_problems(&problems, "p.yaml", &text, true).contains(hostile), "in colour: {rendered:?}");
    }
}

#[test]
fn rule_01_skip_or_audit_on_any_kind_or_any_account_is_refused() {
    for level in ["level: skip", &format!("level: audit\nsignatures: {{any: [{AUTHORITY}]}}")] {
        let rest = format!("{level}\nreason: because");
        for scope in [
            "{kind: any}",
            "{kind: any, arn: \"arn:aws:lambda:*:111122223333:layer:*\"}",
            "{kind: layer}",
            "{kind: function}",
            "{kind: image}",
            "{kind: layer, arn: \"arn:aws:lambda:*:*:layer:*\"}",
            "{kind: layer, arn: \"arn:aws:lambda:*:11112222333*:layer:*\"}",
            "{kind: image, repository: \"*/app\"}",
            "{kind: image, repository: \"*.dkr.ecr.eu-west-1.amazonaws.com/app\"}",
            "{kind: image, repository: \"111122223333.dkr.ecr.*/app\"}",
        ] {
            refused(&with_scope(scope, &rest), "open to any account");
        }
        for scope in [
            "{kind: layer, arn: \"arn:aws:lambda:*:111122223333:layer:*\"}",
            "{kind: image, repository: \"111122223333.dkr.ecr.*.amazonaws.com/*\"}",
            "{kind: image, repository: \"ghcr.io/acme/*\"}",
        ] {
            assert_eq!(problems(&with_scope(scope, &rest)), Vec::<String>::new(), "{scope}");
        }
    }
}

#[test]
fn rule_01_logged_authenticity_is_an_exemption_too() {
    refused(&statement(&format!("{SIGNED}\naspects: {{authenticity: log}}")), "has no `reason`");
    refused(
        &with_scope("{kind: any}", &format!("level: strict\naspects: {{authenticity: log}}\nreason: x\nsignatures: {AUTHORITY}")),
        "open to any account",
    );
    let policy = parse(&statement(&format!("{SIGNED}\naspects: {{authenticity: log}}\nreason: x"))).unwrap();
    assert_eq!(policy.statements[0].exempts(), Some("x"));
}

#[test]
fn rule_01_an_exemption_without_a_reason_is_refused() {
    refused(&statement("level: skip"), "has no `reason`");
    refused(&statement("level: skip\nreason: \"\""), "`reason` is empty");
    refused(&statement(&format!("level: audit\nsignatures: {AUTHORITY}")), "has no `reason`");
}

#[test]
fn rule_01_a_carve_out_names_what_is_there_and_does_not_turn_in_circles() {
    let two = |a: &str, b: &str| {
        let one = statement(&format!("{SIGNED}\n{a}"));
        let other = statement(&format!("{SIGNED}\n{b}")).replace("version: 1\nstatements:\n", "").replace("name: ours", "name: others");
        format!("{one}{other}")
    };
    refused(&two("overrides: otters", ""), "overrides `otters`, which is not there");
    refused(&two("overrides: ours", ""), "overrides itself");
    let found = problems(&two("overrides: others", "overrides: ours"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(problems(&two("overrides: others", "")), Vec::<String>::new());
    refused(&two("", "").replace("name: others", "name: ours"), "two statements are named `ours`");
    // A mistake inside the target is one problem, not two.
    assert_eq!(problems(&two("overrides: others", "aspects: {expiry: skip}")).len(), 1);
}

#[test]
fn rule_02_what_asks_for_nothing_is_refused() {
    refused("version: 1\nstatements: []\n", "`statements` is empty");
    refused("version: 1\n", "has no `statements`");
    refused("version: 1\nstatements:\n", "must be a list");
    refused(&statement("level: strict"), "names no authority");
    refused(&statement("level: audit\nreason: x"), "names no authority");
    refused(&statement("level: strict\nsignatures: {}"), "names no authority");
    refused(&statement("level: strict\nattestations: []"), "`attestations` is empty");
    for form in ["any", "all"] {
        refused(&statement(&format!("level: strict\nsignatures: {{{form}: []}}")), &format!("`{form}` is empty"));
    }
    refused(&statement("level: strict\nsignatures: {at_least: 1, of: []}"), "`of` is empty");
    refused(
        &statement("level: strict\nsignatures: {aws_signer: {root: aws-signer-lambda-unconfirmed, profiles: []}}"),
        "`profiles` is empty",
    );
    refused(&statement("level: strict\nsignatures: {any: [{}]}"), "an authority is empty");
    let merged = AUTHORITY.replacen('{', "{sigstore: {issuer: i, identity: me}, ", 1);
    refused(&statement(&format!("level: strict\nsignatures: {{any: [{merged}]}}")), "one entry names several authorities");
    refused(&statement("level: strict\nsignatures: {notary: {trust_store: \"ca:x\", identities: []}}"), "`identities` is empty");
}

#[test]
fn rule_02_a_threshold_that_nothing_or_nobody_can_meet_is_refused() {
    for n in ["0", "-1", "3", "99999999999999999999"] {
        let text = statement(&format!(
            "level: strict\nsignatures: {{at_least: {n}, of: [{AUTHORITY}, {{sigstore: {{issuer: i, identity: me}}}}]}}"
        ));
        assert_eq!(problems(&text).len(), 1, "{n}");
    }
    refused(&statement(&format!("level: strict\nsignatures: {{at_least: \"1\", of: [{AUTHORITY}]}}")), "whole number");
    refused(&statement("level: strict\nsignatures: {at_least: 1}"), "has no `of`");
    refused(&statement(&format!("level: strict\nsignatures: {{any: [{AUTHORITY}], of: [{AUTHORITY}]}}")), "`of` goes with `at_least` only");
    refused(&statement(&format!("level: strict\nsignatures: {{any: [{AUTHORITY}], all: [{AUTHORITY}]}}")), "several forms");
    refused(&statement(&format!("level: strict\nsignatures: {{all: [{AUTHORITY}, {AUTHORITY}]}}")), "same authority twice");
    assert_eq!(problems(&statement(&format!("level: strict\nsignatures: {{at_least: 1, of: [{AUTHORITY}]}}"))), Vec::<String>::new());
}

#[test]
fn rule_02_skip_that_names_authorities_is_refused() {
    refused(&statement(&format!("level: skip\nreason: x\nsignatures: {AUTHORITY}")), "`skip` asks for nothing");
    refused(&statement("level: skip\nreason: x\naspects: {expiry: log}"), "`skip` looks at nothing");
}

#[test]
fn rule_03_an_attestation_that_nobody_in_particular_signed_is_refused() {
    refused(&statement(&format!("{SIGNED}\nattestations: [{{predicate_type: \"https://slsa.dev/provenance/v1\"}}]")), "has no `signed_by`");
    refused(&statement(&format!("{SIGNED}\nattestations: [{{predicate_type: x, signed_by: {{any: []}}}}]")), "`any` is empty");
    refused(&statement(&format!("{SIGNED}\nattestations: [{{predicate_type: x, signed_by: {AUTHORITY}}}]")), "signs no attestations");
    let good = "{predicate_type: x, where: \"predicate.a == 'b'\", signed_by: {sigstore: {issuer: i, identity: me}}}";
    assert_eq!(problems(&statement(&format!("{SIGNED}\nattestations: [{good}]"))), Vec::<String>::new());
}

#[test]
fn rule_04_an_account_placeholder_on_an_open_scope_is_refused() {
    for placeholder in ["{account}", "{layer_account}"] {
        let signed = format!(
            "level: strict\nsignatures: {{aws_signer: {{root: aws-signer-lambda-unconfirmed, profiles: [\"arn:aws:signer:{{region}}:{placeholder}:/signing-profiles/release\"]}}}}"
        );
        for scope in ["{kind: layer}", "{kind: layer, arn: \"arn:aws:lambda:*:*:layer:*\"}", "{kind: any}"] {
            refused(&with_scope(scope, &signed), "account placeholder");
        }
        assert_eq!(problems(&statement(&signed)), Vec::<String>::new());
    }
}

#[test]
fn rule_04_wildcards_unknown_placeholders_and_other_arns_as_profiles_are_refused() {
    for profile in [
        "arn:aws:signer:*:111122223333:/signing-profiles/release",
        "arn:aws:signer:us-east-1:111122223333:/signing-profiles/rel*",
        "arn:aws:signer:{regoin}:111122223333:/signing-profiles/release",
        "arn:aws:signer:us-east-1:111122223333:/signing-jobs/release",
        "*",
    ] {
        let text = statement(&format!("level: strict\nsignatures: {{aws_service: {{profiles: [\"{profile}\"]}}}}"));
        assert_eq!(problems(&text).len(), 1, "{profile}");
    }
}

#[test]
fn rule_06_integrity_cannot_be_overridden() {
    refused(&statement(&format!("{SIGNED}\naspects: {{integrity: log}}")), "integrity cannot be overridden");
    refused(&statement(&format!("{SIGNED}\naspects: {{expiry: skip}}")), "`expiry` cannot be `skip`");
    assert_eq!(problems(&statement(&format!("{SIGNED}\naspects: {{revocation: skip}}"))), Vec::<String>::new());
}

#[test]
fn rule_09_a_root_that_nobody_ships_or_pins_is_refused_with_the_known_names() {
    let text = statement(SIGNED).replace("root: aws-signer-lambda-unconfirmed", "root: aws-signer");
    let found = parse(&text).unwrap_err();
    assert!(found[0].message.contains("the root `aws-signer` is not known"));
    assert!(found[0].help.as_deref().unwrap().contains("aws-signer-lambda-unconfirmed"));
}

#[test]
fn rule_09_a_pinned_root_needs_its_typed_fingerprint_and_literal_accounts() {
    let zeros = "0".repeat(64);
    let with_root = |root: &str| format!("{}roots:\n  - {root}\n", statement(SIGNED));
    refused(&with_root("{name: mine, file: r.pem, accounts: [\"111122223333\"]}"), "has no `sha256`");
    refused(
        &with_root(&format!("{{name: mine, file: r.pem, sha256: {}, accounts: [\"111122223333\"]}}", "A".repeat(64))),
        "not 64 lower-case",
    );
    refused(&with_root(&format!("{{name: mine, file: r.pem, sha256: \"{zeros}\"}}")), "has no `accounts`");
    refused(&with_root(&format!("{{name: mine, file: r.pem, sha256: \"{zeros}\", accounts: []}}")), "`accounts` is empty");
    refused(&with_root(&format!("{{name: mine, file: r.pem, sha256: \"{zeros}\", accounts: [\"*\"]}}")), "not an account");
    refused(&with_root(&format!("{{name: mine, file: r.pem, sha256: \"{zeros}\", accounts: [111122223333]}}")), "must be a text");
    refused(
        &with_root(&format!("{{name: aws-signer-lambda-unconfirmed, file: r.pem, sha256: \"{zeros}\", accounts: [\"111122223333\"]}}")),
        "ships with layerproof",
    );
    refused(&with_root(&format!("{{name: mine, file: r.pem, sha256: \"{zeros}\", accounts: [\"111122223333\"]}}")), "there is no `r.pem`");
    for file in ["/etc/passwd", "C:\\\\x.pem", "https://example.com/x.pem"] {
        let root = format!("{{name: mine, file: \"{file}\", sha256: \"{zeros}\", accounts: [\"111122223333\"]}}");
        refused(&with_root(&root), "relative to the policy file");
    }
}

#[test]
fn scopes_that_contradict_themselves_are_refused() {
    for (scope, part) in [
        ("{kind: layer, arn: \"arn:aws:lambda:*:111122223333:function:*\"}", "about something else"),
        ("{kind: function, arn: \"arn:aws:lambda:*:111122223333:*:*\"}", "about something else"),
        ("{kind: image, arn: \"arn:aws:lambda:*:111122223333:*:*\"}", "images have no `arn`"),
        ("{kind: image, arn: \"registry.example.com/team/*\"}", "images have no `arn`"),
        ("{kind: layer, repository: ghcr.io/a}", "`repository` is for images"),
        ("{kind: any, arn: \"arn:aws:lambda:*:111122223333:*:*\", repository: ghcr.io/a}", "exclude each other"),
        ("{kind: layer, arn: \"arn:aws:lambda:*\"}", "is not a pattern"),
        ("{kind: layer, arn: []}", "must be a text"),
        ("{}", "has no `kind`"),
        ("layer", "must be a mapping"),
    ] {
        refused(&with_scope(scope, SIGNED), part);
    }
}

#[test]
fn sigstore_identities_that_anybody_has_are_refused() {
    for (inner, part) in [
        ("{issuer: i}", "names no identity"),
        ("{identity: me}", "names no issuer"),
        ("{issuer: i, identity: me, identity_regexp: me}", "exclude each other"),
        ("{issuer: i, identity: \"https://github.com/*\"}", "no wildcard"),
        ("{issuer: i, identity_regexp: \"(\"}", "no regular expression"),
        ("{issuer: i, identity_regexp: \".*\"}", "empty text"),
        ("{issuer: i, identity_regexp: \"me|\"}", "empty text"),
        ("{issuer: i, identity_regexp: \"a)|(?:b\"}", "no regular expression"),
        ("{issuer: i, key: k.pem}", "does not go with `key`"),
        ("{issuer: i, issuer_regexp: i, identity: me}", "exclude each other"),
        ("{issuer_regexp: \".*\", identity: me}", "empty text"),
        ("{issuer: \"https://*\", identity: me}", "no wildcard"),
        ("{issuer: i, identity: me, identiy_regexp: me}", "unknown key"),
        ("{root: sigstore, issuer: i, identity: me}", "the trusted root `sigstore` is not known"),
        // Beside another mistake in the same authority as well: every mistake is said in one go.
        ("{root: sigstore, issuer: i, identity: me, transparency: maybe}", "the trusted root `sigstore` is not known"),
        ("{issuer: i, identity: me, claims: {}}", "`claims` is empty"),
        ("{issuer: i, identity: me, claims: {source_repository: x}}", "unknown claim `source_repository`"),
        ("{issuer: i, identity: me, claims: {issuer: x}}", "unknown claim `issuer`"),
        ("{issuer: i, identity: me, claims: {build_trigger: 1}}", "must be a text"),
        ("{issuer: i, identity: me, claims: {build_trigger: \"pu*\"}}", "no wildcard"),
        ("{issuer: i, identity: me, claims: {build_trigger: {regexp: \"push|\"}}}", "empty text"),
        ("{issuer: i, identity: me, claims: {build_trigger: {regex: push}}}", "unknown key `regex`"),
        ("{issuer: i, identity: me, annotations: {}}", "`annotations` is empty"),
        ("{issuer: i, identity: me, annotations: {a: 1}}", "must be a text"),
        ("{issuer: i, identity: me, valid_until: \"2026-01-01T00:00:00Z\"}", "goes with `key` only"),
        ("{issuer: i, identity: me, transparency: maybe}", "`transparency` cannot be `maybe`"),
        ("{issuer: i, identity: me, timestamp: none}", "`timestamp` cannot be `none`"),
        ("{issuer: i, identity: me, transparency: none}", "nobody states when"),
    ] {
        refused(&statement(&format!("level: strict\nsignatures: {{sigstore: {inner}}}")), part);
    }
}

#[test]
fn notary_identities_that_anybody_in_the_store_has_are_refused() {
    for (inner, part) in [
        ("{trust_store: \"ca:x\", identities: [\"*\"]}", "the trust store `ca:x` is not known"),
        ("{trust_store: \"ca:x\", identities: [\"*\", \"x509.subject: C=US, ST=WA, O=Acme\"]}", "`*` stands alone"),
        ("{trust_store: \"signingAuthority:aws-signer-ts\", identities: [\"*\"]}", "whoever is a customer of AWS Signer"),
        (
            "{trust_store: \"signingAuthority:aws-signer-ts\", identities: [\"x509.subject: C=US, ST=WA, O=Amazon\"]}",
            "for all of its customers",
        ),
        (
            "{trust_store: \"ca:x\", identities: [\"arn:aws:signer:us-east-1:111122223333:/signing-profiles/p\"]}",
            "of type `signingAuthority`",
        ),
        (
            "{trust_store: \"signingAuthority:aws-signer-ts\", identities: [\"arn:aws:signer:*:111122223333:/signing-profiles/p\"]}",
            "wildcards",
        ),
        ("{trust_store: \"ca:x\", identities: [\"CN=me\"]}", "is no identity"),
        ("{trust_store: \"ca:x\", identities: [\"x509.subject: O=Acme\"]}", "is missing"),
        (
            "{trust_store: \"ca:x\", identities: [\"x509.subject: C=US, ST=WA, O=Acme\", \"x509.subject: C=US, ST=WA, O=Acme, OU=x\"]}",
            "overlaps",
        ),
        ("{trust_store: \"ca:x\", tsa: \"ca:x\", identities: [\"*\"]}", "`tsa` is `tsa:NAME`"),
        ("{trust_store: \"ca:x\", verify_timestamp: always, identities: [\"*\"]}", "needs `tsa`"),
        ("{trust_store: \"ca:x\", tsa: \"tsa:x\", verify_timestamp: never, identities: [\"*\"]}", "cannot be `never`"),
        (
            "{trust_store: \"signingAuthority:aws-signer-ts\", tsa: \"tsa:x\", identities: [\"arn:aws:signer:us-east-1:111122223333:/signing-profiles/p\"]}",
            "goes with a trust store of type `ca`",
        ),
        ("{trust_store: \"ca:x\", identities: [\"*\"], annotations: {}}", "`annotations` is empty"),
        ("{trust_store: \"ca:x\", identities: [\"*\"], annotations: {build: 42}}", "the annotation `build`"),
        ("{trust_store: \"x\", identities: [\"x509.subject: C=US\"]}", "`trust_store` is"),
        ("{trust_store: \"tsa:x\", identities: [\"x509.subject: C=US\"]}", "`trust_store` is"),
    ] {
        refused(&statement(&format!("level: strict\nsignatures: {{notary: {inner}}}")), part);
    }
}

#[test]
fn a_key_whose_window_nobody_could_check_is_refused() {
    for (inner, part) in [
        ("{key: missing.pem}", "there is no `missing.pem`"),
        ("{key: /etc/key.pem}", "relative to the policy file"),
        ("{key: k.pem, sct: none}", "does not go with `key`"),
        ("{key: k.pem, claims: {build_trigger: push}}", "does not go with `key`"),
        ("{key: k.pem, transparency: none, valid_from: \"2026-01-01T00:00:00Z\"}", "`valid_from` cannot be checked"),
        ("{key: k.pem, transparency: none, valid_until: \"2026-01-01T00:00:00Z\"}", "`valid_until` cannot be checked"),
        ("{key: k.pem, valid_from: \"2026-01-01\"}", "is no moment"),
        ("{key: k.pem, valid_from: \"2026-02-01T00:00:00Z\", valid_until: \"2026-02-01T00:00:00Z\"}", "is not after"),
    ] {
        refused(&statement(&format!("level: strict\nsignatures: {{sigstore: {inner}}}")), part);
    }
}

#[test]
fn conditions_that_ask_for_nothing_or_cannot_be_read_are_refused_where_they_stand() {
    for (condition, part) in [
        ("predicate.a ==", "`where` cannot be read"),
        ("true", "asks for nothing"),
        ("predicte.a == 1", "`predicte` is unknown"),
        ("predicate.a.matches('acme')", "looks anywhere"),
        ("predicate.map(x, x) == []", "not read here"),
    ] {
        let attestation = format!("{{predicate_type: x, signed_by: {{sigstore: {{issuer: i, identity: me}}}}, where: \"{condition}\"}}");
        refused(&statement(&format!("{SIGNED}\nattestations: [{attestation}]")), part);
    }
    let bad = "level: strict\nattestations:\n- predicate_type: x\n  where: \"true\"\n  signed_by: {sigstore: {issuer: i, identity: me}}";
    assert!(problems(&statement(bad))[0].starts_with("8:"), "{:?}", problems(&statement(bad)));
}

#[test]
fn declared_trust_material_must_be_what_it_says() {
    let with = |more: &str| format!("{}{more}\n", statement(SIGNED));
    for (more, part) in [
        ("sigstore_roots: []", "`sigstore_roots` is empty"),
        ("sigstore_roots: [{name: sigstore-public-good, file: r.json}]", "ships with layerproof"),
        ("sigstore_roots: [{name: mine, file: r.json}]", "there is no `r.json`"),
        ("sigstore_roots: [{name: mine, file: /r.json}]", "relative to the policy file"),
        ("sigstore_roots: [{name: mine, file: r.json, sha256: abc}]", "not 64 lower-case"),
        ("sigstore_roots: [{name: mine, file: r.json}, {name: mine, file: r.json}]", "stands here twice"),
        ("trust_stores: [{name: \"ca:x\", files: []}]", "`files` is empty"),
        ("trust_stores: [{name: x, files: [c.pem]}]", "the name of a trust store is"),
        ("trust_stores: [{name: \"other:x\", files: [c.pem]}]", "the name of a trust store is"),
        ("trust_stores: [{name: \"signingAuthority:aws-signer-ts\", files: [c.pem]}]", "ships with layerproof"),
        ("trust_stores: [{name: \"ca:x\", files: [c.pem]}]", "there is no `c.pem`"),
    ] {
        refused(&with(more), part);
    }
    let read = |bytes: &'static [u8]| move |_: &str| Ok(bytes.to_vec());
    let root = with("sigstore_roots: [{name: mine, file: r.json}]");
    assert!(layerproof::policy::Policy::parse("p", &root, &mut read(b"{}")).is_err(), "an empty trusted root");
    let store = with("trust_stores: [{name: \"ca:x\", files: [c.pem]}]");
    assert!(layerproof::policy::Policy::parse("p", &store, &mut read(b"nothing")).is_err(), "no certificate");
    let key = statement("level: strict\nsignatures: {sigstore: {key: k.pem}}");
    assert!(layerproof::policy::Policy::parse("p", &key, &mut read(b"nothing")).is_err(), "no key");
}

#[test]
fn a_trusted_root_that_is_not_the_one_whose_digest_was_typed_is_refused() {
    let root = Sigstore::new().trusted_root().to_json().to_string().into_bytes();
    let with = |sha256: &str| {
        let text = format!(
            "{}sigstore_roots: [{{name: mine, file: r.json, sha256: {sha256}}}]\n",
            statement("level: strict\nsignatures: {sigstore: {root: mine, issuer: i, identity: me}}")
        );
        layerproof::policy::Policy::parse("p", &text, &mut |_: &str| Ok(root.clone()))
    };
    let typed = Digest::of(&root).hex();
    assert!(with(&typed).is_ok(), "{:?}", with(&typed).err());
    let other = Digest::of(b"another root").hex();
    let error = format!("{:?}", with(&other).unwrap_err());
    assert!(error.contains(&format!("has the SHA-256 {typed}")), "{error}");
}

#[test]
fn every_root_that_is_named_is_in_force_and_each_once() {
    let of = |root: &str| format!("{{sigstore: {{root: {root}, issuer: i, identity: me}}}}");
    let [good, github] = ["sigstore-public-good", "sigstore-github"].map(of);
    let policy =
        parse(&statement(&format!("level: strict\nsignatures: {{any: [{good}, {github}, {}]}}", github.replace("me", "you")))).unwrap();
    let names: Vec<&str> = policy.anchors().sigstore_roots.iter().map(|root| root.name.as_str()).collect();
    assert_eq!(names, ["sigstore-github", "sigstore-public-good"]);
    let unnamed = statement(&format!("level: strict\nsignatures: {{any: [{good}, {}]}}", of("sigstore-nobody")));
    refused(&unnamed, "sigstore-nobody");
}

#[test]
fn only_material_that_a_statement_names_is_in_force() {
    let policy = parse(&statement("level: strict\nsignatures: {sigstore: {issuer: i, identity: me}}")).unwrap();
    let anchors = policy.anchors();
    assert_eq!(anchors.sigstore_roots.iter().map(|root| root.name.as_str()).collect::<Vec<_>>(), ["sigstore-public-good"]);
    assert!(anchors.anchors.is_empty() && anchors.keys.is_empty() && anchors.trust_stores.is_empty());
    // A key rests on a root only where a log or a time stamp of it is asked for, or where one is named.
    let key = SigningKey::p256("k").spki_pem();
    let roots = |more: &str| {
        let text = statement(&format!("level: strict\nsignatures: {{sigstore: {{key: k.pem{more}}}}}"));
        let policy = layerproof::policy::Policy::parse("p", &text, &mut |_: &str| Ok(key.clone().into_bytes())).unwrap();
        policy.anchors().sigstore_roots.iter().map(|root| root.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(roots(", transparency: none"), Vec::<String>::new());
    for asked in
        ["", ", transparency: promise", ", transparency: none, timestamp: required", ", transparency: none, root: sigstore-public-good"]
    {
        assert_eq!(roots(asked), ["sigstore-public-good"], "{asked}");
    }
}

#[test]
fn values_of_another_kind_are_refused() {
    refused(&statement(SIGNED).replace("name: ours", "name: 123"), "must be a text, not a number");
    refused(&statement(SIGNED).replace("name: ours", "name: true"), "must be a text, not a boolean");
    refused(&statement(SIGNED).replace("name: ours", "name: ~"), "is empty");
    refused(&statement(SIGNED).replace("version: 1", "version: \"1\""), "must be a whole number");
    refused(&statement(SIGNED).replace("version: 1\n", ""), "has no `version`");
    refused("[]", "must be a mapping");
    refused("just text", "must be a mapping");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 512, ..proptest::prelude::ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in "[-?:,\\[\\]{}#&*!|>'\"%@` \t\n\\\\a0é~=.]{0,60}") {
        if let Err(problems) = parse(&text) {
            proptest::prop_assert!(!problems.is_empty());
            render_problems(&problems, "p.yaml", &text, true);
        }
    }

    #[test]
    fn no_damage_to_a_policy_makes_the_validator_panic(at in 0_usize..400, length in 0_usize..20, with in "[-?:,\\[\\]{}\"a1 \n*]{0,6}") {
        let text = statement(SIGNED);
        let (start, end) = (at.min(text.len()), (at + length).min(text.len()));
        let damaged = format!("{}{with}{}", &text[..start], &text[end..]);
        if let Err(problems) = parse(&damaged) {
            proptest::prop_assert!(!problems.is_empty());
            render_problems(&problems, "p.yaml", &damaged, false);
        }
    }
}
