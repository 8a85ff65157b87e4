// Signs and verifies files with the library of Notation, as `notation blob` does: the pinned version of the command has no such
// subcommand yet. The descriptor that is signed is that of `notation blob sign` (media type application/octet-stream; the digest by the
// hash that belongs to the key); signing, and all of the verification but the digest, is the library's.
//
//	notation-blob sign KEY CHAIN jws|cose FILE SIGNATURE
//	notation-blob verify FILE SIGNATURE     with the trust policy and store under $XDG_CONFIG_HOME/notation
package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/notaryproject/notation-core-go/signature"
	_ "github.com/notaryproject/notation-core-go/signature/cose"
	_ "github.com/notaryproject/notation-core-go/signature/jws"
	"github.com/notaryproject/notation-core-go/x509"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var mediaTypes = map[string]string{"jws": "application/jose+json", "cose": "application/cose"}

func describe(file string, hash crypto.Hash) (ocispec.Descriptor, error) {
	algorithms := map[crypto.Hash]digest.Algorithm{crypto.SHA256: digest.SHA256, crypto.SHA384: digest.SHA384, crypto.SHA512: digest.SHA512}
	content, err := os.ReadFile(file)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return ocispec.Descriptor{
		MediaType: "application/octet-stream",
		Digest:    algorithms[hash].FromBytes(content),
		Size:      int64(len(content)),
	}, nil
}

func sign(key, chain, format, file, out string) error {
	certificates, err := x509.ReadCertificateFile(chain)
	if err != nil {
		return err
	}
	spec, err := signature.ExtractKeySpec(certificates[0])
	if err != nil {
		return err
	}
	descriptor, err := describe(file, spec.SignatureAlgorithm().Hash())
	if err != nil {
		return err
	}
	by, err := signer.NewGenericSignerFromFiles(key, chain)
	if err != nil {
		return err
	}
	envelope, _, err := by.Sign(context.Background(), descriptor, notation.SignerSignOptions{SignatureMediaType: mediaTypes[format]})
	if err != nil {
		return err
	}
	return os.WriteFile(out, envelope, 0o644)
}

func verify(file, envelopeFile string) error {
	parts := strings.Split(envelopeFile, ".")
	format := mediaTypes[parts[len(parts)-2]]
	raw, err := os.ReadFile(envelopeFile)
	if err != nil {
		return err
	}
	envelope, err := signature.ParseEnvelope(format, raw)
	if err != nil {
		return err
	}
	content, err := envelope.Content()
	if err != nil {
		return err
	}
	descriptor, err := describe(file, content.SignerInfo.SignatureAlgorithm.Hash())
	if err != nil {
		return err
	}
	by, err := verifier.NewFromConfig()
	if err != nil {
		return err
	}
	_, err = by.Verify(context.Background(), descriptor, raw, notation.VerifierVerifyOptions{
		ArtifactReference:  "blob.test/blob@" + digest.SHA256.FromBytes(raw).String(),
		SignatureMediaType: format,
	})
	return err
}

func main() {
	err := errors.New("usage: notation-blob sign KEY CHAIN jws|cose FILE SIGNATURE | verify FILE SIGNATURE")
	switch {
	case len(os.Args) == 7 && os.Args[1] == "sign":
		err = sign(os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6])
	case len(os.Args) == 4 && os.Args[1] == "verify":
		err = verify(os.Args[2], os.Args[3])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
	fmt.Println("Successfully done")
}
