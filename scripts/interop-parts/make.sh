# What is signed, and how. Sourced by scripts/interop.
#
# Each layout under testdata/signatures/layouts/ is what stood in one repository of a real registry after the commands that its function
# here shows. They begin with the tool: `c2` cosign v2, `c3` cosign v3, `nt` Notation; `x` is a copy of another with one thing changed.

layouts=$out/layouts
blobs=$out/blobs

layout() { python3 "$parts/layout.py" "$@"; }

# fresh NAME [KIND] [HOST] [TEXT]: an unsigned image or index in the repository NAME; $image is then its reference by digest.
fresh() {
    local name=$1 kind=${2:-image} host=${3:-$with_api} text=${4:-hello}
    local plain=$work/plain/$kind-$text
    [ -d "$plain" ] || layout "$kind" "$plain" "$text"
    layout push "$plain" "$host/$name"
    image=$host/$name@$(layout digest "$plain")
    repository=$host/$name
}

# taken NAME: what now stands in that repository, as a layout.
taken() {
    rm -rf "${layouts:?}/$1"
    mkdir -p "$layouts"
    layout pull "$repository" "$layouts/$1"
}

# mutant NAME FROM WHAT [MORE]
mutant() {
    local name=$1 from=$2
    shift 2
    rm -rf "${layouts:?}/$name"
    layout mutate "$layouts/$from" "$layouts/$name" "$@"
}

quietly() {
    if ! "$@" >"$work/last.log" 2>&1; then
        echo "failed: $*" >&2
        tail -n 15 "$work/last.log" >&2
        return 1
    fi
}

# --- cosign ---------------------------------------------------------------------------------------------------------------------------

c2() { (cd "$work" && quietly "$bin/cosign-v2" "$@"); }
c3() { (cd "$work" && quietly "$bin/cosign-v3" "$@"); }
c2_sign() { c2 sign --yes --tlog-upload=false "$@"; }
c3_sign() { c3 sign --yes --use-signing-config=false --tlog-upload=false "$@"; }
c2_attest() { c2 attest --yes --tlog-upload=false "$@"; }
c3_attest() { c3 attest --yes --use-signing-config=false --tlog-upload=false "$@"; }

import_keys() {
    local name
    for name in p256 p384 p521 ed25519 rsa2048 rsa4096 second other; do
        [ -f "$keys/cosign-$name.key" ] || c2 import-key-pair --yes --key "$keys/key-$name.pem" --output-key-prefix "$keys/cosign-$name"
    done
    [ -f "$keys/cosign-identity.key" ] || c2 import-key-pair --yes --key "$keys/identity.pem" --output-key-prefix "$keys/cosign-identity"
    openssl x509 -in "$keys/identity.crt" >"$trust/identity.pem"
    cat >"$work/predicate.json" <<'END'
{"buildDefinition":{"buildType":"https://example.test/build/v1","externalParameters":{"ref":"refs/heads/main"}},"runDetails":{"builder":{"id":"https://example.test/builder"}}}
END
}

# A certificate that has ended by the time that anybody verifies, and the signatures that it made while it held.
identity_soon() {
    rm -f "$keys/identity-soon."*
    cp "$keys/identity.pem" "$keys/identity-soon.pem"
    certificate identity-soon "/O=Layerproof Test" identity intermediate "$(soon 30)"
    openssl x509 -in "$keys/identity-soon.crt" >"$work/identity-soon.pem"
}

make_cosign_v2() {
    local name
    for name in p256 p384 p521 ed25519 rsa2048 rsa4096; do
        fresh "c2-$name"
        c2_sign --key "$keys/cosign-$name.key" "$image"
        taken "c2-$name"
    done

    fresh c2-annotated
    c2_sign --key "$keys/cosign-p256.key" -a env=prod -a team=blue "$image"
    taken c2-annotated

    fresh c2-several
    c2_sign --key "$keys/cosign-p256.key" "$image"
    c2_sign --key "$keys/cosign-second.key" "$image"
    taken c2-several

    fresh c2-index index
    c2_sign --key "$keys/cosign-p256.key" "$image"
    taken c2-index
    fresh c2-index-recursive index
    c2_sign --key "$keys/cosign-p256.key" --recursive "$image"
    taken c2-index-recursive

    fresh c2-attested
    c2_attest --key "$keys/cosign-p256.key" --type slsaprovenance1 --predicate "$work/predicate.json" "$image"
    taken c2-attested

    # The signature in another repository; two layouts.
    fresh c2-elsewhere
    COSIGN_REPOSITORY=$with_api/c2-elsewhere-signatures c2_sign --key "$keys/cosign-p256.key" "$image"
    taken c2-elsewhere
    repository=$with_api/c2-elsewhere-signatures
    taken c2-elsewhere-signatures

    # A certificate of a private authority; with and without a time stamp; alive and ended.
    fresh c2-certificate
    c2_sign --key "$keys/cosign-identity.key" --certificate "$trust/identity.pem" --certificate-chain "$trust/ca-chain.pem" "$image"
    taken c2-certificate
    fresh c2-certificate-stamped
    c2_sign --key "$keys/cosign-identity.key" --certificate "$trust/identity.pem" --certificate-chain "$trust/ca-chain.pem" \
        --timestamp-server-url "http://127.0.0.1:$tsa_port/" "$image"
    taken c2-certificate-stamped
    identity_soon
    fresh c2-ended
    c2_sign --key "$keys/cosign-identity.key" --certificate "$work/identity-soon.pem" --certificate-chain "$trust/ca-chain.pem" "$image"
    taken c2-ended
    fresh c2-ended-stamped
    c2_sign --key "$keys/cosign-identity.key" --certificate "$work/identity-soon.pem" --certificate-chain "$trust/ca-chain.pem" \
        --timestamp-server-url "http://127.0.0.1:$tsa_port/" "$image"
    taken c2-ended-stamped

    # Beside a registry without the referrers API the tags are the same.
    fresh c2-without-api image "$without_api"
    c2_sign --key "$keys/cosign-p256.key" "$image"
    taken c2-without-api

    # Rightly signed, and saying something else than cosign by itself would say.
    local digest=${image#*@}
    payload() { printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"%s"},"optional":%s}' "$@"; }
    while IFS='|' read -r name reference said type optional; do
        fresh "c2-says-$name"
        payload "$reference" "$said" "$type" "$optional" >"$work/payload.json"
        c2_sign --key "$keys/cosign-p256.key" --payload "$work/payload.json" "$image"
        taken "c2-says-$name"
    done <<END
other-reference|registry.example.test/other/image|$digest|cosign container image signature|null
other-type|$with_api/c2-says-other-type|$digest|something else|null
atomic-type|$with_api/c2-says-atomic-type|$digest|atomic container signature|null
other-digest|$with_api/c2-says-other-digest|sha256:5555555555555555555555555555555555555555555555555555555555555555|cosign container image signature|null
no-digest|$with_api/c2-says-no-digest||cosign container image signature|null
number|$with_api/c2-says-number|$digest|cosign container image signature|{"build":42}
END

    fresh c2-other image "$with_api" "something else"
    c2_sign --key "$keys/cosign-p256.key" "$image"
    taken c2-other
    fresh unsigned
    taken unsigned
    mutant x-c2-payload c2-p256 legacy-payload
    mutant x-c2-signature c2-p256 legacy-signature
    mutant x-c2-several-first-broken c2-several legacy-first-signature
    mutant x-c2-moved unsigned legacy-moved "$layouts/c2-other"
    mutant x-c2-attestation-flipped c2-attested legacy-dsse
}

make_cosign_v3() {
    local name
    for name in p256 p384 p521 ed25519 rsa2048 rsa4096; do
        fresh "c3-$name"
        c3_sign --key "$keys/cosign-$name.key" "$image"
        taken "c3-$name"
    done
    fresh c3-annotated
    c3_sign --key "$keys/cosign-p256.key" -a env=prod -a team=blue "$image"
    taken c3-annotated

    fresh c3-several
    c3_sign --key "$keys/cosign-p256.key" "$image"
    c3_sign --key "$keys/cosign-second.key" "$image"
    taken c3-several

    fresh c3-index index
    c3_sign --key "$keys/cosign-p256.key" "$image"
    taken c3-index
    fresh c3-index-recursive index
    c3_sign --key "$keys/cosign-p256.key" --recursive "$image"
    taken c3-index-recursive

    fresh c3-attested
    c3_attest --key "$keys/cosign-p256.key" --type slsaprovenance1 --predicate "$work/predicate.json" "$image"
    taken c3-attested
    fresh c3-signed-and-attested
    c3_sign --key "$keys/cosign-p256.key" "$image"
    c3_attest --key "$keys/cosign-second.key" --type slsaprovenance1 --predicate "$work/predicate.json" "$image"
    taken c3-signed-and-attested

    fresh c3-certificate
    c3_sign --key "$keys/cosign-identity.key" --certificate "$trust/identity.pem" --certificate-chain "$trust/ca-chain.pem" "$image"
    taken c3-certificate
    fresh c3-certificate-stamped
    c3_sign --key "$keys/cosign-identity.key" --certificate "$trust/identity.pem" --certificate-chain "$trust/ca-chain.pem" \
        --timestamp-server-url "http://127.0.0.1:$tsa_port/" "$image"
    taken c3-certificate-stamped
    fresh c3-key-stamped
    c3_sign --key "$keys/cosign-p256.key" --timestamp-server-url "http://127.0.0.1:$tsa_port/" "$image"
    taken c3-key-stamped
    # The leaf alone: what goes above it is the verifier's matter.
    fresh c3-leaf-stamped
    c3_sign --key "$keys/cosign-identity.key" --certificate "$trust/identity.pem" --timestamp-server-url "http://127.0.0.1:$tsa_port/" "$image"
    taken c3-leaf-stamped
    identity_soon
    fresh c3-ended-leaf
    c3_sign --key "$keys/cosign-identity.key" --certificate "$work/identity-soon.pem" "$image"
    taken c3-ended-leaf
    fresh c3-ended-leaf-stamped
    c3_sign --key "$keys/cosign-identity.key" --certificate "$work/identity-soon.pem" \
        --timestamp-server-url "http://127.0.0.1:$tsa_port/" "$image"
    taken c3-ended-leaf-stamped
    identity_soon
    fresh c3-ended
    c3_sign --key "$keys/cosign-identity.key" --certificate "$work/identity-soon.pem" --certificate-chain "$trust/ca-chain.pem" "$image"
    taken c3-ended
    fresh c3-ended-stamped
    c3_sign --key "$keys/cosign-identity.key" --certificate "$work/identity-soon.pem" --certificate-chain "$trust/ca-chain.pem" \
        --timestamp-server-url "http://127.0.0.1:$tsa_port/" "$image"
    taken c3-ended-stamped

    fresh c3-without-api image "$without_api"
    c3_sign --key "$keys/cosign-p256.key" "$image"
    taken c3-without-api

    # The form of v2, made by v3.
    fresh c3-legacy
    c3_sign --new-bundle-format=false --key "$keys/cosign-p256.key" "$image"
    taken c3-legacy

    fresh c3-other image "$with_api" "something else"
    c3_sign --key "$keys/cosign-p256.key" "$image"
    taken c3-other
    mutant x-c3-payload c3-p256 bundle-payload
    mutant x-c3-signature c3-p256 bundle-signature
    mutant x-c3-several-one-broken c3-several bundle-signature "$trust/key-p256.pub"
    mutant x-c3-wrong-subject-without-api c3-without-api wrong-subject
    mutant x-c3-moved unsigned moved-referrer "$layouts/c3-other"
    mutant x-c3-stamp-dropped c3-certificate-stamped bundle-without-time-stamp
    mutant x-c3-ended-stamp-dropped c3-ended-stamped bundle-without-time-stamp
}

# With a log, the way that everybody signs: by a certificate of minutes, which the log's time saves.
c2_logged() { SIGSTORE_REKOR_PUBLIC_KEY=$trust/rekor.pub c2 "$@"; }
c2_sign_logged() { c2_logged sign --yes --rekor-url "http://127.0.0.1:$rekor_port" "$@"; }
c3_logged() { c3 "$1" --yes --use-signing-config=false --rekor-url "http://127.0.0.1:$rekor_port" "${@:2}"; }

# A certificate as Fulcio gives it to a workflow on GitHub.
ci_soon() {
    rm -f "$keys/ci-soon."*
    cp "$keys/identity.pem" "$keys/ci-soon.pem"
    certificate ci-soon "/O=Layerproof Test" ci intermediate "$(soon 30)"
    openssl x509 -in "$keys/ci-soon.crt" >"$work/ci-soon.pem"
}

make_logged() {
    fresh c2-logged
    c2_sign_logged --key "$keys/cosign-p256.key" "$image"
    taken c2-logged
    fresh c2-logged-rsa
    c2_sign_logged --key "$keys/cosign-rsa2048.key" "$image"
    taken c2-logged-rsa
    fresh c2-logged-attested
    c2_logged attest --yes --rekor-url "http://127.0.0.1:$rekor_port" --key "$keys/cosign-p256.key" --type slsaprovenance1 \
        --predicate "$work/predicate.json" "$image"
    taken c2-logged-attested
    ci_soon
    fresh c2-logged-ci
    c2_sign_logged --key "$keys/cosign-identity.key" --certificate "$work/ci-soon.pem" --certificate-chain "$trust/ca-chain.pem" "$image"
    taken c2-logged-ci

    fresh c3-logged
    c3_logged sign --key "$keys/cosign-p256.key" "$image"
    taken c3-logged
    fresh c3-logged-attested
    c3_logged attest --key "$keys/cosign-p256.key" --type slsaprovenance1 --predicate "$work/predicate.json" "$image"
    taken c3-logged-attested
    ci_soon
    fresh c3-logged-ci
    c3_logged sign --key "$keys/cosign-identity.key" --certificate "$work/ci-soon.pem" "$image"
    taken c3-logged-ci
    fresh c3-logged-stamped-ci
    c3_logged sign --key "$keys/cosign-identity.key" --certificate "$work/ci-soon.pem" \
        --timestamp-server-url "http://127.0.0.1:$tsa_port/" "$image"
    taken c3-logged-stamped-ci
    c3_logged sign-blob --key "$keys/cosign-identity.key" --certificate "$work/ci-soon.pem" \
        --bundle "$blobs/hello.zip.c3-logged-ci.sigstore.json" "$blobs/hello.zip"
    c3_logged sign-blob --key "$keys/cosign-p256.key" --bundle "$blobs/hello.zip.c3-logged.sigstore.json" "$blobs/hello.zip"
    layout downgrade "$blobs/hello.zip.c3-logged.sigstore.json" "$blobs/hello.zip.x-c3-downgraded.sigstore.json"

    mutant x-c2-log-promise c2-logged legacy-log promise
    mutant x-c2-log-time c2-logged-ci legacy-log time
    mutant x-c2-log-index c2-logged legacy-log index
    mutant x-c2-log-dropped c2-logged legacy-log dropped
    mutant x-c2-log-of-another c2-logged legacy-log-of "$layouts/c2-logged-rsa"
    mutant x-c3-log-promise c3-logged bundle-log promise
    mutant x-c3-log-time c3-logged-ci bundle-log time
    mutant x-c3-log-dropped c3-logged bundle-log dropped
    mutant x-c3-log-proof c3-logged bundle-log proof
    mutant x-c3-log-promise-dropped c3-logged bundle-log promise-dropped
    mutant x-c3-log-promise-dropped-ci c3-logged-ci bundle-log promise-dropped
    mutant x-c3-log-downgraded c3-logged bundle-log downgraded
    mutant x-c3-log-checkpoint c3-logged bundle-log checkpoint
    mutant x-c3-log-of-another c3-logged bundle-log-of "$layouts/c3-logged-attested"
}

# What cosign v3 takes as trust for bundles: a private authority and its time stamps, and the same of others.
make_trusted_roots() {
    c3 trusted-root create --fulcio "url=https://ca.example.test,certificate-chain=$trust/ca-chain.pem" \
        --tsa "url=https://tsa.example.test,certificate-chain=$trust/tsa-chain.pem" --out "$trust/trusted-root.json"
    c3 trusted-root create --fulcio "url=https://ca.example.test,certificate-chain=$trust/other-root.pem" \
        --tsa "url=https://tsa.example.test,certificate-chain=$trust/tsa-chain.pem" --out "$trust/trusted-root-other-ca.json"
    c3 trusted-root create --fulcio "url=https://ca.example.test,certificate-chain=$trust/ca-chain.pem" \
        --tsa "url=https://tsa.example.test,certificate-chain=$trust/other-tsa-chain.pem" --out "$trust/trusted-root-other-tsa.json"
    local name chain log
    while read -r name chain log; do
        c3 trusted-root create --fulcio "url=https://ca.example.test,certificate-chain=$trust/$chain.pem" \
            --tsa "url=https://tsa.example.test,certificate-chain=$trust/tsa-chain.pem" \
            --rekor "url=http://127.0.0.1:$rekor_port,public-key=$trust/$log.pub,start-time=2024-01-01T00:00:00Z" \
            --out "$trust/trusted-root-$name.json"
    done <<END
rekor ca-chain rekor
other-rekor ca-chain other-rekor
rekor-other-ca other-root rekor
END
}

make_blobs() {
    mkdir -p "$blobs"
    layout zip "$blobs/hello.zip"
    { cat "$blobs/hello.zip"; printf x; } >"$blobs/hello-longer.zip"
    local name
    # No Ed25519: `cosign sign-blob` of v2 panics on an imported key of that kind.
    for name in p256 rsa2048; do
        c2 sign-blob --yes --tlog-upload=false --key "$keys/cosign-$name.key" --output-signature "$blobs/hello.zip.c2-$name.sig" "$blobs/hello.zip"
    done
    c2 sign-blob --yes --tlog-upload=false --key "$keys/cosign-p256.key" --bundle "$blobs/hello.zip.c2-legacy-bundle.json" "$blobs/hello.zip"
    c2 sign-blob --yes --tlog-upload=false --new-bundle-format --key "$keys/cosign-p256.key" \
        --bundle "$blobs/hello.zip.c2-p256.sigstore.json" "$blobs/hello.zip"
    for name in p256 p384 rsa2048 ed25519; do
        c3 sign-blob --yes --use-signing-config=false --tlog-upload=false --key "$keys/cosign-$name.key" \
            --bundle "$blobs/hello.zip.c3-$name.sigstore.json" "$blobs/hello.zip"
    done
    c3 sign-blob --yes --use-signing-config=false --tlog-upload=false --key "$keys/cosign-p256.key" \
        --timestamp-server-url "http://127.0.0.1:$tsa_port/" --bundle "$blobs/hello.zip.c3-stamped.sigstore.json" "$blobs/hello.zip"
    c3 attest-blob --yes --use-signing-config=false --tlog-upload=false --key "$keys/cosign-p256.key" --type slsaprovenance1 \
        --predicate "$work/predicate.json" --bundle "$blobs/hello.zip.c3-attestation.sigstore.json" "$blobs/hello.zip"
}

# --- Notation -------------------------------------------------------------------------------------------------------------------------

signer=$work/notation-signer
nt() { (cd "$work" && XDG_CONFIG_HOME=$signer XDG_CACHE_HOME=$work/cache quietly "$bin/notation" "$@"); }
# nt_sign KEY [OPTIONS] IMAGE
nt_sign() {
    local key=$1
    shift
    nt sign --insecure-registry --force-referrers-tag=false --key "$key" "$@"
}

configure_notation() {
    mkdir -p "$signer/notation"
    local name entries=()
    for name in rsa2048 rsa3072 rsa4096 p256 p384 p521 direct self soon; do
        entries+=("{\"name\":\"$name\",\"keyPath\":\"$keys/notation-$name.pem\",\"certPath\":\"$keys/notation-$name.chain.pem\"}")
    done
    (
        IFS=,
        echo "{\"keys\":[${entries[*]}]}"
    ) >"$signer/notation/signingkeys.json"
}

notation_soon() {
    rm -f "$keys/notation-soon."*
    cp "$keys/notation-p256.pem" "$keys/notation-soon.pem"
    certificate notation-soon "$people/OU=p256/CN=signer" signing intermediate "$(soon 30)"
    chain_of notation-soon intermediate root
}

make_notation() {
    configure_notation
    local format name stamp=(--timestamp-url "http://127.0.0.1:$tsa_port/" --timestamp-root-cert "$trust/tsa-root.pem")
    local other_stamp=(--timestamp-url "http://127.0.0.1:$other_tsa_port/" --timestamp-root-cert "$trust/other-tsa-root.pem")
    for format in jws cose; do
        for name in rsa2048 rsa3072 rsa4096 p256 p384 p521; do
            fresh "nt-$format-$name"
            nt_sign "$name" --signature-format "$format" "$image"
            taken "nt-$format-$name"
        done

        fresh "nt-$format-stamped"
        nt_sign p256 --signature-format "$format" "${stamp[@]}" "$image"
        taken "nt-$format-stamped"
        fresh "nt-$format-expiring"
        nt_sign p256 --signature-format "$format" --expiry 876000h "$image"
        taken "nt-$format-expiring"
        fresh "nt-$format-expired"
        nt_sign p256 --signature-format "$format" --expiry 1s "$image"
        taken "nt-$format-expired"
        fresh "nt-$format-metadata"
        nt_sign p256 --signature-format "$format" -m build=42 -m commit=abc "$image"
        taken "nt-$format-metadata"

        notation_soon
        fresh "nt-$format-ended"
        nt_sign soon --signature-format "$format" "$image"
        taken "nt-$format-ended"
        fresh "nt-$format-ended-stamped"
        nt_sign soon --signature-format "$format" "${stamp[@]}" "$image"
        taken "nt-$format-ended-stamped"

        fresh "nt-$format-without-api" image "$without_api"
        nt_sign p256 --signature-format "$format" "$image"
        taken "nt-$format-without-api"
    done

    fresh nt-direct
    nt_sign direct "$image"
    taken nt-direct
    fresh nt-self
    nt_sign self "$image"
    taken nt-self
    fresh nt-several
    nt_sign self "$image"
    nt_sign p384 --signature-format cose "$image"
    taken nt-several
    fresh nt-other-stamp
    nt_sign p256 "${other_stamp[@]}" "$image"
    taken nt-other-stamp
    # As the tool does by itself: it writes the tag even where the registry has the API.
    fresh nt-by-tag
    nt sign --insecure-registry --key p256 "$image"
    taken nt-by-tag
    fresh nt-index index
    nt_sign p256 "$image"
    taken nt-index

    fresh nt-other image "$with_api" "something else"
    nt_sign p256 "$image"
    taken nt-other
    fresh nt-other-without-api image "$without_api" "something else"
    nt_sign p256 "$image"
    taken nt-other-without-api
    mutant x-nt-jws-payload nt-jws-p256 jws-payload
    mutant x-nt-jws-signature nt-jws-p256 jws-signature
    mutant x-nt-jws-expiry-dropped nt-jws-expired jws-expiry-dropped
    mutant x-nt-jws-stamp-dropped nt-jws-ended-stamped jws-time-stamp-dropped
    mutant x-nt-jws-stamp-of-another nt-jws-ended-stamped jws-time-stamp-of "$layouts/nt-jws-stamped"
    mutant x-nt-jws-agent nt-jws-p256 jws-agent
    mutant x-nt-jws-unknown-member nt-jws-p256 jws-unknown-member
    mutant x-nt-jws-thumbprints nt-jws-p256 thumbprints
    mutant x-nt-jws-called-cose nt-jws-p256 envelope-type application/cose
    mutant x-nt-cose-payload nt-cose-p256 cose-payload
    mutant x-nt-cose-signature nt-cose-p256 cose-signature
    mutant x-nt-jws-no-thumbprints nt-jws-p256 no-thumbprints
    mutant x-nt-jws-new-manifest nt-jws-p256 new-manifest
    mutant x-nt-jws-two-layers nt-jws-p256 two-layers
    mutant x-nt-wrong-subject-without-api nt-jws-without-api wrong-subject
    mutant x-nt-foreign-by-tag-without-api unsigned foreign-referrer-by-tag "$layouts/nt-other-without-api"
    mutant x-nt-moved unsigned moved-referrer "$layouts/nt-other"
}

# Files, by Notation's library: the pinned command has no `notation blob` yet.
make_notation_blobs() {
    local format name
    for format in jws cose; do
        for name in rsa2048 rsa3072 rsa4096 p256 p384 p521; do
            quietly "$bin/notation-blob" sign "$keys/notation-$name.pem" "$keys/notation-$name.chain.pem" "$format" "$blobs/hello.zip" \
                "$blobs/hello.zip.nt-$name.$format.sig"
        done
    done
}

# The certificates that are to have ended have.
wait_until_ended() {
    local left=$(($(cat "$work/ends") - $(date +%s) + 2))
    [ "$left" -le 0 ] || sleep "$left"
}

# policy NAME SCOPES SETTING STORES IDENTITIES [STORE=CERTIFICATE…]: trust/notation/NAME/notation/{trustpolicy.json,truststore/}
policy() {
    local folder=$trust/notation/$1/notation pair
    rm -rf "$folder"
    mkdir -p "$folder"
    cat >"$folder/trustpolicy.json" <<END
{
  "version": "1.0",
  "trustPolicies": [
    {
      "name": "$1",
      "registryScopes": [$2],
      "signatureVerification": {$3},
      "trustStores": [$4],
      "trustedIdentities": [$5]
    }
  ]
}
END
    shift 5
    for pair in "$@"; do
        mkdir -p "$folder/truststore/x509/${pair%%=*}"
        cp "$trust/${pair#*=}" "$folder/truststore/x509/${pair%%=*}/"
    done
}

make_notation_policies() {
    local us='"x509.subject: C=DE, ST=Berlin, O=Layerproof Test"' level='"level": "strict"'
    policy strict '"*"' "$level" '"ca:test"' "$us" ca/test=root.pem
    policy any-identity '"*"' "$level" '"ca:test"' '"*"' ca/test=root.pem
    policy exact '"*"' "$level" '"ca:test"' '"x509.subject: C=DE, ST=Berlin, O=Layerproof Test, OU=p256, CN=signer"' ca/test=root.pem
    policy other-identity '"*"' "$level" '"ca:test"' '"x509.subject: C=DE, ST=Berlin, O=Somebody Else"' ca/test=root.pem
    policy other-root '"*"' "$level" '"ca:test"' "$us" ca/test=other-root.pem
    policy namesake-root '"*"' "$level" '"ca:test"' "$us" ca/test=namesake-root.pem
    policy intermediate '"*"' "$level" '"ca:test"' "$us" ca/test=intermediate.pem
    policy self '"*"' "$level" '"ca:test"' "$us" ca/test=notation-self.pem
    policy two-stores '"*"' "$level" '"ca:other", "ca:test"' "$us" ca/other=other-root.pem ca/test=root.pem
    policy store-missing '"*"' "$level" '"ca:absent"' "$us" ca/test=root.pem
    policy signing-authority '"*"' "$level" '"signingAuthority:test"' "$us" signingAuthority/test=root.pem
    policy scoped "\"$with_api/nt-jws-p256\"" "$level" '"ca:test"' "$us" ca/test=root.pem
    policy scoped-elsewhere "\"$with_api/somewhere-else\"" "$level" '"ca:test"' "$us" ca/test=root.pem
    policy permissive '"*"' '"level": "permissive"' '"ca:test"' "$us" ca/test=root.pem
    policy permissive-other-root '"*"' '"level": "permissive"' '"ca:test"' "$us" ca/test=other-root.pem
    policy audit-other-root '"*"' '"level": "audit"' '"ca:test"' "$us" ca/test=other-root.pem
    policy skip "\"$with_api/nt-jws-p256\"" '"level": "skip"' '' ''
    policy expiry-logged '"*"' '"level": "strict", "override": {"expiry": "log"}' '"ca:test"' "$us" ca/test=root.pem
    policy authenticity-logged '"*"' '"level": "strict", "override": {"authenticity": "log"}' '"ca:test"' "$us" ca/test=other-root.pem
    policy tsa '"*"' "$level" '"ca:test", "tsa:test"' "$us" ca/test=root.pem tsa/test=tsa-root.pem
    policy tsa-after-expiry '"*"' '"level": "strict", "verifyTimestamp": "afterCertExpiry"' '"ca:test", "tsa:test"' "$us" \
        ca/test=root.pem tsa/test=tsa-root.pem
    policy other-tsa '"*"' "$level" '"ca:test", "tsa:test"' "$us" ca/test=root.pem tsa/test=other-tsa-root.pem
    policy other-tsa-after-expiry '"*"' '"level": "strict", "verifyTimestamp": "afterCertExpiry"' '"ca:test", "tsa:test"' "$us" \
        ca/test=root.pem tsa/test=other-tsa-root.pem
    # Bad set-ups, which the tool refuses as a whole.
    policy override-integrity '"*"' '"level": "strict", "override": {"integrity": "log"}' '"ca:test"' "$us" ca/test=root.pem
    policy identity-without-state '"*"' "$level" '"ca:test"' '"x509.subject: C=DE, O=Layerproof Test"' ca/test=root.pem
    policy leaf-in-store '"*"' "$level" '"ca:test"' "$us" ca/test=notation-leaf.pem
}

make_all() {
    mkdir -p "$work"
    rm -rf "$work/plain" "$work/cache"
    # Some steps alone leave what the others made.
    [ -n "${INTEROP_STEPS:-}" ] || rm -rf "$layouts" "$blobs" "$trust"
    make_pki
    openssl x509 -in "$keys/notation-p256.crt" >"$trust/notation-leaf.pem"
    start_registries
    start_tsa
    start_rekor
    import_keys
    for step in ${INTEROP_STEPS:-make_cosign_v2 make_notation make_notation_policies make_cosign_v3 make_trusted_roots make_blobs make_notation_blobs make_logged wait_until_ended}; do
        echo "$step" >&2
        "$step"
    done
    chmod -R u=rwX,go=rX "$out"
    du -sh "$out" >&2
}
