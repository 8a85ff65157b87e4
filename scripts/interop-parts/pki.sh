# Keys and certificates for the test signatures, all by openssl. Sourced by scripts/interop; needs $keys (private, never committed) and
# $trust (public, committed). Nothing that is there already is made again: remove $keys to renew.

# a_key NAME KIND
a_key() {
    local file=$keys/$1.pem
    [ ! -f "$file" ] || return 0
    case $2 in
    p256) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$file" ;;
    p384) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$file" ;;
    p521) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out "$file" ;;
    rsa*) openssl genpkey -quiet -algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa}" -out "$file" ;;
    ed25519) openssl genpkey -algorithm ed25519 -out "$file" ;;
    esac
}

far=20991231235959Z
past=20240101000000Z

# certificate NAME SUBJECT SECTION ISSUER [END]: $keys/NAME.crt of the key NAME; ISSUER is `self` or the name of a CA.
certificate() {
    local name=$1 subject=$2 section=$3 issuer=$4 end=${5:-$far}
    [ ! -f "$keys/$name.crt" ] || return 0
    local by=(-keyfile "$keys/$issuer.pem" -cert "$keys/$issuer.crt")
    [ "$issuer" != self ] || by=(-selfsign -keyfile "$keys/$name.pem")
    openssl req -new -config "$keys/ca.cnf" -key "$keys/$name.pem" -subj "$subject" -out "$keys/$name.csr"
    openssl ca -batch -notext -config "$keys/ca.cnf" -extensions "$section" -startdate "$past" -enddate "$end" \
        "${by[@]}" -in "$keys/$name.csr" -out "$keys/$name.crt" 2>"$keys/$name.log" || { cat "$keys/$name.log" >&2; return 1; }
}

# When a certificate ends that is to have ended before anybody verifies: SECONDS from now.
soon() {
    date -d "+$1 seconds" +%s >"$work/ends"
    date -u -d "+$1 seconds" +%Y%m%d%H%M%SZ
}

hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }

people="/C=DE/ST=Berlin/O=Layerproof Test"

configure_openssl() {
    mkdir -p "$keys"
    if [ ! -f "$keys/index.txt" ]; then
        : >"$keys/index.txt"
        echo "unique_subject = no" >"$keys/index.txt.attr"
        echo 1001 >"$keys/serial"
        echo 01 >"$keys/ts-serial"
    fi
    cat >"$keys/ca.cnf" <<END
[req]
distinguished_name = dn
[dn]
[ca]
default_ca = ca_default
[ca_default]
database = $keys/index.txt
new_certs_dir = $keys
serial = $keys/serial
default_md = sha384
policy = any
unique_subject = no
preserve = yes
[any]
countryName = optional
stateOrProvinceName = optional
localityName = optional
organizationName = optional
organizationalUnitName = optional
commonName = optional
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[signing]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[stamping]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[identity]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = critical, email:release@example.test
1.3.6.1.4.1.57264.1.1 = DER:$(hex https://issuer.example.test)
1.3.6.1.4.1.57264.1.8 = ASN1:UTF8String:https://issuer.example.test
[ci]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = critical, URI:https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main
1.3.6.1.4.1.57264.1.1 = DER:$(hex https://token.actions.githubusercontent.com)
1.3.6.1.4.1.57264.1.2 = DER:$(hex push)
1.3.6.1.4.1.57264.1.3 = DER:$(hex 5e1c309dae7f45e0f39b1bf3ac3cd9db12e7d689)
1.3.6.1.4.1.57264.1.4 = DER:$(hex release)
1.3.6.1.4.1.57264.1.5 = DER:$(hex acme/app)
1.3.6.1.4.1.57264.1.6 = DER:$(hex refs/heads/main)
1.3.6.1.4.1.57264.1.8 = ASN1:UTF8String:https://token.actions.githubusercontent.com
1.3.6.1.4.1.57264.1.9 = ASN1:UTF8String:https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main
1.3.6.1.4.1.57264.1.10 = ASN1:UTF8String:5e1c309dae7f45e0f39b1bf3ac3cd9db12e7d689
1.3.6.1.4.1.57264.1.11 = ASN1:UTF8String:github-hosted
1.3.6.1.4.1.57264.1.12 = ASN1:UTF8String:https://github.com/acme/app
1.3.6.1.4.1.57264.1.13 = ASN1:UTF8String:5e1c309dae7f45e0f39b1bf3ac3cd9db12e7d689
1.3.6.1.4.1.57264.1.14 = ASN1:UTF8String:refs/heads/main
1.3.6.1.4.1.57264.1.15 = ASN1:UTF8String:1234567
1.3.6.1.4.1.57264.1.16 = ASN1:UTF8String:https://github.com/acme
1.3.6.1.4.1.57264.1.17 = ASN1:UTF8String:7654321
1.3.6.1.4.1.57264.1.18 = ASN1:UTF8String:https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main
1.3.6.1.4.1.57264.1.19 = ASN1:UTF8String:5e1c309dae7f45e0f39b1bf3ac3cd9db12e7d689
1.3.6.1.4.1.57264.1.20 = ASN1:UTF8String:push
1.3.6.1.4.1.57264.1.21 = ASN1:UTF8String:https://github.com/acme/app/actions/runs/42/attempts/1
1.3.6.1.4.1.57264.1.22 = ASN1:UTF8String:public
END
    # Two authorities that stamp time; only the first is in the trust stores.
    local which
    for which in tsa other-tsa; do
        cat >"$keys/$which.cnf" <<END
[tsa]
serial = $keys/ts-serial
crypto_device = builtin
signer_cert = $keys/$which.crt
certs = $keys/$which-root.crt
signer_key = $keys/$which.pem
signer_digest = sha256
default_policy = 1.3.6.1.4.1.55555.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
END
    done
}

make_pki() {
    configure_openssl
    local name
    # Keys alone, as cosign and a KMS use them.
    for name in p256 p384 p521 ed25519 rsa2048 rsa4096; do a_key "key-$name" "$name"; done
    a_key key-second p256
    a_key key-other p256

    a_key root p384 && certificate root "$people/CN=Test Root" root self
    a_key intermediate p384 && certificate intermediate "$people/CN=Test Intermediate" intermediate root
    a_key other-root p256 && certificate other-root "$people/CN=Other Root" root self
    # Of the very same name as the true root, with another key.
    a_key namesake-root p384 && certificate namesake-root "$people/CN=Test Root" root self

    a_key tsa-root p256 && certificate tsa-root "$people/CN=Test TSA Root" root self
    a_key tsa rsa3072 && certificate tsa "$people/CN=Test TSA" stamping tsa-root
    a_key other-tsa-root p256 && certificate other-tsa-root "$people/CN=Other TSA Root" root self
    a_key other-tsa rsa3072 && certificate other-tsa "$people/CN=Other TSA" stamping other-tsa-root

    # Notation: one signer for each of the six algorithms.
    for name in rsa2048 rsa3072 rsa4096 p256 p384 p521; do
        a_key "notation-$name" "$name"
        certificate "notation-$name" "$people/OU=$name/CN=signer" signing intermediate
    done
    # A chain without an intermediate, and one that is its own root.
    a_key notation-direct p256 && certificate notation-direct "$people/CN=direct" signing root
    a_key notation-self p256 && certificate notation-self "$people/CN=self" signing self

    # cosign: a certificate with an identity.
    a_key identity p256 && certificate identity "/O=Layerproof Test" identity intermediate

    # The log that signs what it is told, and another.
    a_key rekor p256
    a_key other-rekor p256

    mkdir -p "$trust"
    for name in rekor other-rekor; do openssl pkey -in "$keys/$name.pem" -pubout -out "$trust/$name.pub"; done
    for name in p256 p384 p521 ed25519 rsa2048 rsa4096 second other; do
        openssl pkey -in "$keys/key-$name.pem" -pubout -out "$trust/key-$name.pub"
    done
    for name in root intermediate other-root namesake-root tsa-root tsa other-tsa-root notation-self; do
        openssl x509 -in "$keys/$name.crt" -out "$trust/$name.pem"
    done
    cat "$trust/intermediate.pem" "$trust/root.pem" >"$trust/ca-chain.pem"
    cat "$trust/tsa.pem" "$trust/tsa-root.pem" >"$trust/tsa-chain.pem"
    openssl x509 -in "$keys/other-tsa.crt" | cat - "$trust/other-tsa-root.pem" >"$trust/other-tsa-chain.pem"
    chain_of notation-direct root
    cat "$keys/notation-self.crt" >"$keys/notation-self.chain.pem"
    for name in rsa2048 rsa3072 rsa4096 p256 p384 p521; do chain_of "notation-$name" intermediate root; done
}

# chain_of NAME CA…: NAME.chain.pem, leaf first
chain_of() {
    local name=$1 ca
    shift
    openssl x509 -in "$keys/$name.crt" >"$keys/$name.chain.pem"
    for ca in "$@"; do openssl x509 -in "$keys/$ca.crt" >>"$keys/$name.chain.pem"; done
}
