#!/usr/bin/env python3
"""Makes tiny OCI layouts, pushes layouts to a registry, and takes them back out with every signature that stands beside the image.

usage:
  layout.py image DIR TEXT               an image of one layer with one file that says TEXT; tag `latest`
  layout.py index DIR TEXT               an index of two images (linux/amd64, linux/arm64)
  layout.py push DIR HOST/REPOSITORY     everything in the layout
  layout.py pull HOST/REPOSITORY DIR     all tags, what they name, and the referrers of all of that
  layout.py digest DIR [TAG]             the digest that a tag (`latest`) names
  layout.py child DIR ARCHITECTURE       the digest of one image of the index at `latest`
  layout.py mutate FROM DIR WHAT [MORE]  a copy with one thing changed, and the digests above it made to agree (see MUTATIONS)
  layout.py downgrade BUNDLE FILE        a copy of a bundle, made one of version 0.1 without the proof of inclusion
  layout.py zip FILE                     a small zip, the same each time
"""
import base64
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import urllib.error
import urllib.request
import zipfile

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
REF_NAME = "org.opencontainers.image.ref.name"
# What one answer of a registry may hold. Ours are of a few kilobytes.
MAX_BYTES = 1 << 20


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


class Layout:
    """Blobs by digest, and the entries of index.json."""

    def __init__(self):
        self.blobs = {}
        self.entries = []

    @staticmethod
    def read(path):
        layout = Layout()
        with open(os.path.join(path, "index.json"), "rb") as file:
            layout.entries = json.load(file)["manifests"]
        folder = os.path.join(path, "blobs", "sha256")
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as file:
                layout.blobs["sha256:" + name] = file.read()
        return layout

    def write(self, path):
        folder = os.path.join(path, "blobs", "sha256")
        os.makedirs(folder)
        for digest, data in self.blobs.items():
            with open(os.path.join(folder, digest.removeprefix("sha256:")), "wb") as file:
                file.write(data)
        with open(os.path.join(path, "oci-layout"), "w", encoding="utf-8") as file:
            file.write('{"imageLayoutVersion":"1.0.0"}\n')
        entries = sorted(self.entries, key=lambda e: (e.get("annotations", {}).get(REF_NAME, "~"), e["digest"]))
        with open(os.path.join(path, "index.json"), "w", encoding="utf-8") as file:
            json.dump({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}, file, indent=1)
            file.write("\n")

    def add(self, data):
        digest = sha256(data)
        self.blobs[digest] = data
        return digest

    def descriptor(self, data, media_type, **more):
        return {"mediaType": media_type, "digest": self.add(data), "size": len(data), **more}

    def tagged(self, tag):
        for entry in self.entries:
            if entry.get("annotations", {}).get(REF_NAME) == tag:
                return entry
        raise SystemExit(f"no tag {tag}")

    def document(self, digest):
        return json.loads(self.blobs[digest])


def an_image(layout, text, architecture):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        body = (text + "\n").encode()
        info = tarfile.TarInfo("opt/hello.txt")
        info.size = len(body)
        archive.addfile(info, io.BytesIO(body))
    plain = tar.getvalue()
    packed = gzip.compress(plain, 9, mtime=0)
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [sha256(plain)]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": layout.descriptor(compact(config), "application/vnd.oci.image.config.v1+json"),
        "layers": [layout.descriptor(packed, "application/vnd.oci.image.layer.v1.tar+gzip")],
    }
    return layout.descriptor(compact(manifest), MANIFEST)


def image(path, text):
    layout = Layout()
    entry = an_image(layout, text, "amd64")
    layout.entries.append({**entry, "annotations": {REF_NAME: "latest"}})
    layout.write(path)


def index(path, text):
    layout = Layout()
    manifests = [
        {**an_image(layout, f"{text} for {architecture}", architecture), "platform": {"architecture": architecture, "os": "linux"}}
        for architecture in ("amd64", "arm64")
    ]
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
    layout.entries.append({**layout.descriptor(compact(document), INDEX), "annotations": {REF_NAME: "latest"}})
    layout.write(path)


def request(method, url, data=None, headers=None, missing_is_none=False):
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, data=data, method=method, headers=headers or {}), timeout=20
        ) as answer:
            body = answer.read(MAX_BYTES + 1)
            if len(body) > MAX_BYTES:
                raise SystemExit(f"{url}: too long")
            return answer, body
    except urllib.error.HTTPError as error:
        if missing_is_none and error.code == 404:
            return None, b""
        raise SystemExit(f"{method} {url}: {error.code} {error.read(500)!r}") from error


class Repository:
    def __init__(self, name):
        self.host, self.path = name.split("/", 1)
        self.base = f"http://{self.host}/v2/{self.path}"

    def put_blob(self, digest, data):
        answer, _ = request("POST", f"{self.base}/blobs/uploads/", b"")
        where = answer.headers["Location"]
        if where.startswith("/"):
            where = f"http://{self.host}{where}"
        where += ("&" if "?" in where else "?") + "digest=" + digest
        request("PUT", where, data, {"Content-Type": "application/octet-stream"})

    def put_manifest(self, reference, data, media_type):
        request("PUT", f"{self.base}/manifests/{reference}", data, {"Content-Type": media_type})

    def manifest(self, reference):
        answer, body = request("GET", f"{self.base}/manifests/{reference}", headers={"Accept": f"{MANIFEST}, {INDEX}"})
        return answer.headers["Content-Type"].split(";")[0], body

    def blob(self, digest):
        return request("GET", f"{self.base}/blobs/{digest}")[1]

    def tags(self):
        return sorted(json.loads(request("GET", f"{self.base}/tags/list")[1])["tags"] or [])

    def referrers(self, digest):
        """None where the registry has no such API."""
        answer, body = request("GET", f"{self.base}/referrers/{digest}", missing_is_none=True)
        return json.loads(body)["manifests"] if answer else None


def push(path, name):
    layout, repository = Layout.read(path), Repository(name)
    done = set()

    def put(descriptor):
        digest = descriptor["digest"]
        if digest in done:
            return
        done.add(digest)
        data = layout.blobs[digest]
        document = json.loads(data)
        for child in document.get("manifests", []):
            # An index may list what was never copied.
            if child["digest"] in layout.blobs:
                put(child)
        for part in [document[key] for key in ("config",) if key in document] + document.get("layers", []):
            if part["digest"] not in done and part["digest"] in layout.blobs:
                done.add(part["digest"])
                repository.put_blob(part["digest"], layout.blobs[part["digest"]])
        repository.put_manifest(digest, data, document.get("mediaType", descriptor["mediaType"]))

    # The image before what speaks of it.
    for entry in sorted(layout.entries, key=lambda e: "subject" in layout.document(e["digest"])):
        put(entry)
        tag = entry.get("annotations", {}).get(REF_NAME)
        if tag:
            document = layout.document(entry["digest"])
            repository.put_manifest(tag, layout.blobs[entry["digest"]], document.get("mediaType", entry["mediaType"]))


def pull(name, path):
    layout, repository = Layout(), Repository(name)
    seen = set()

    def take(media_type, data, listed=None):
        digest = layout.add(data)
        if digest in seen:
            return
        seen.add(digest)
        document = json.loads(data)
        for child in document.get("manifests", []):
            take(*repository.manifest(child["digest"]))
        for part in [document[key] for key in ("config",) if key in document] + document.get("layers", []):
            if part["digest"] not in layout.blobs:
                got = layout.add(repository.blob(part["digest"]))
                if got != part["digest"]:
                    raise SystemExit(f"the registry gave {got} for {part['digest']}")
        for referrer in repository.referrers(digest) or []:
            if not any(entry["digest"] == referrer["digest"] for entry in layout.entries):
                layout.entries.append(referrer)
            take(*repository.manifest(referrer["digest"]))

    for tag in repository.tags():
        media_type, data = repository.manifest(tag)
        take(media_type, data)
        layout.entries.append(
            {"mediaType": media_type, "digest": sha256(data), "size": len(data), "annotations": {REF_NAME: tag}}
        )
    layout.write(path)


def flip(data, at):
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


class Mutation:
    """A layout, of which blobs are replaced; whatever names a replaced blob by digest is made to agree, up to index.json."""

    def __init__(self, path):
        self.layout = Layout.read(path)
        self.image = self.layout.tagged("latest")["digest"]

    def replace(self, digest, data):
        layout = self.layout
        new = {"digest": layout.add(data), "size": len(data)}
        if new["digest"] == digest:
            raise SystemExit("nothing changed")
        for holder in list(layout.blobs):
            if holder not in layout.blobs or holder == new["digest"] or not layout.blobs[holder].startswith(b"{"):
                continue
            try:
                document = layout.document(holder)
            except ValueError:
                continue
            parts = [document.get("config", {})] + document.get("layers", []) + document.get("manifests", [])
            hit = [part for part in parts if part.get("digest") == digest]
            for part in hit:
                part.update(new)
            if hit:
                self.replace(holder, compact(document))
        for entry in layout.entries:
            if entry["digest"] == digest:
                entry.update(new)
        del layout.blobs[digest]

    def signature_manifests(self, tag_suffix=None):
        """Digests of the legacy manifest under `sha256-HEX.SUFFIX`, or else of the image's referrers."""
        if tag_suffix:
            return [self.layout.tagged(self.image.replace(":", "-") + "." + tag_suffix)["digest"]]
        found = []
        for digest, data in self.layout.blobs.items():
            if data.startswith(b"{") and b'"subject"' in data:
                document = json.loads(data)
                if document.get("subject", {}).get("digest") == self.image:
                    found.append(digest)
        return sorted(found)

    def only_layer(self, manifest):
        (layer,) = self.layout.document(manifest)["layers"]
        return layer["digest"]


def legacy_payload(mutation, suffix="sig"):
    """One letter within the simple-signing payload (in `type`), in a byte that leaves it JSON."""
    (manifest,) = mutation.signature_manifests(suffix)
    layer = mutation.only_layer(manifest)
    data = mutation.layout.blobs[layer]
    mutation.replace(layer, flip(data, data.index(b'"optional"') - 20))


def legacy_signature(mutation, suffix="sig"):
    """One bit of the signature in the annotation."""
    (manifest,) = mutation.signature_manifests(suffix)
    document = mutation.layout.document(manifest)
    annotations = document["layers"][0]["annotations"]
    signature = base64.b64decode(annotations["dev.cosignproject.cosign/signature"])
    annotations["dev.cosignproject.cosign/signature"] = base64.b64encode(flip(signature, len(signature) - 1)).decode()
    mutation.replace(manifest, compact(document))


def legacy_dsse(mutation, suffix="att"):
    """One letter of the predicate type within the payload of a legacy attestation."""
    (manifest,) = mutation.signature_manifests(suffix)
    layer = mutation.only_layer(manifest)
    envelope = json.loads(mutation.layout.blobs[layer])
    payload = base64.b64decode(envelope["payload"])
    envelope["payload"] = base64.b64encode(flip(payload, payload.index(b"example.test"))).decode()
    mutation.replace(layer, compact(envelope))


def legacy_moved(mutation, other):
    """The `.sig` (and `.att`) of another image under this image's tag."""
    donor = Mutation(other)
    for suffix in ("sig", "att"):
        try:
            entry = donor.layout.tagged(donor.image.replace(":", "-") + "." + suffix)
        except SystemExit:
            continue
        document = donor.layout.document(entry["digest"])
        for digest in [entry["digest"], document["config"]["digest"]] + [layer["digest"] for layer in document["layers"]]:
            mutation.layout.blobs[digest] = donor.layout.blobs[digest]
        tag = mutation.image.replace(":", "-") + "." + suffix
        mutation.layout.entries.append({**entry, "annotations": {REF_NAME: tag}})


def changed_bundle(mutation, change, public_key=None):
    """Of the only bundle, or of the one by that key where there are several."""
    hint = None
    if public_key:
        with open(public_key, encoding="ascii") as file:
            der = base64.b64decode("".join(line for line in file if not line.startswith("-")))
        hint = base64.b64encode(hashlib.sha256(der).digest()).decode()
    for manifest in mutation.signature_manifests():
        layer = mutation.only_layer(manifest)
        bundle = json.loads(mutation.layout.blobs[layer])
        if hint in (None, bundle["verificationMaterial"].get("publicKey", {}).get("hint")):
            change(bundle)
            mutation.replace(layer, compact(bundle))
            return
    raise SystemExit("no such bundle")


def bundle_payload(mutation):
    """One letter of the predicate type within the DSSE payload."""

    def change(bundle):
        payload = base64.b64decode(bundle["dsseEnvelope"]["payload"])
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(flip(payload, payload.index(b"predicateType") + 20)).decode()

    changed_bundle(mutation, change)


def bundle_signature(mutation, public_key=None):
    """One bit of the DSSE signature."""

    def change(bundle):
        entry = bundle["dsseEnvelope"]["signatures"][0]
        signature = base64.b64decode(entry["sig"])
        entry["sig"] = base64.b64encode(flip(signature, len(signature) - 1)).decode()

    changed_bundle(mutation, change, public_key)


def bundle_without_time_stamp(mutation):
    """The time stamp taken out of the bundle."""
    changed_bundle(mutation, lambda bundle: bundle["verificationMaterial"].pop("timestampVerificationData"))


def moved_referrer(mutation, other):
    """The referrers of another image, with `subject` made this image."""
    donor = Mutation(other)
    subject = mutation.layout.tagged("latest")
    for digest in donor.signature_manifests():
        document = donor.layout.document(digest)
        document["subject"] = {key: subject[key] for key in ("mediaType", "digest", "size")}
        for part in [document["config"]] + document["layers"]:
            mutation.layout.blobs[part["digest"]] = donor.layout.blobs[part["digest"]]
        more = {"artifactType": document.get("artifactType", document["config"]["mediaType"])}
        if "annotations" in document:
            more["annotations"] = document["annotations"]
        mutation.layout.entries.append(mutation.layout.descriptor(compact(document), MANIFEST, **more))


def jws(mutation, change):
    (manifest,) = mutation.signature_manifests()
    layer = mutation.only_layer(manifest)
    envelope = json.loads(mutation.layout.blobs[layer])
    change(envelope)
    mutation.replace(layer, compact(envelope))


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def repadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jws_payload(mutation):
    """One digit of the digest within the payload."""

    def change(envelope):
        payload = unpadded(envelope["payload"])
        envelope["payload"] = repadded(flip(payload, payload.index(b"sha256:") + 10))

    jws(mutation, change)


def jws_signature(mutation):
    """One bit of the signature."""

    def change(envelope):
        signature = unpadded(envelope["signature"])
        envelope["signature"] = repadded(flip(signature, 5))

    jws(mutation, change)


def jws_expiry_dropped(mutation):
    """The protected header without its expiry."""

    def change(envelope):
        protected = json.loads(unpadded(envelope["protected"]))
        del protected["io.cncf.notary.expiry"]
        protected["crit"].remove("io.cncf.notary.expiry")
        envelope["protected"] = repadded(compact(protected))

    jws(mutation, change)


def jws_time_stamp_dropped(mutation):
    """The unprotected header without its time stamp."""
    jws(mutation, lambda envelope: envelope["header"].pop("io.cncf.notary.timestampSignature"))


def jws_time_stamp_of(mutation, other):
    """The time stamp of another signature."""
    donor = Mutation(other)
    (manifest,) = donor.signature_manifests()
    foreign = json.loads(donor.layout.blobs[donor.only_layer(manifest)])["header"]["io.cncf.notary.timestampSignature"]
    jws(mutation, lambda envelope: envelope["header"].update({"io.cncf.notary.timestampSignature": foreign}))


def jws_agent(mutation):
    """The signing agent in the unprotected header: nothing signs it."""
    jws(mutation, lambda envelope: envelope["header"].update({"io.cncf.notary.signingAgent": "someone-else/1.0"}))


def jws_unknown_member(mutation):
    """A member that no specification names at the top of the envelope."""
    jws(mutation, lambda envelope: envelope.update({"extra": "1"}))


def cose_payload(mutation):
    """One digit of the digest within the payload."""
    (manifest,) = mutation.signature_manifests()
    layer = mutation.only_layer(manifest)
    data = mutation.layout.blobs[layer]
    mutation.replace(layer, flip(data, data.index(b'"sha256:') + 10))


def cose_signature(mutation):
    """One bit of the signature, which ends the envelope."""
    (manifest,) = mutation.signature_manifests()
    layer = mutation.only_layer(manifest)
    data = mutation.layout.blobs[layer]
    mutation.replace(layer, flip(data, len(data) - 3))


def envelope_type(mutation, media_type):
    """The layer declared as another kind of envelope."""
    (manifest,) = mutation.signature_manifests()
    document = mutation.layout.document(manifest)
    document["layers"][0]["mediaType"] = media_type
    mutation.replace(manifest, compact(document))


def legacy_log(mutation, what):
    """One thing in the answer of the log that stands beside a legacy signature; or none of it."""
    (manifest,) = mutation.signature_manifests("sig")
    document = mutation.layout.document(manifest)
    annotations = document["layers"][0]["annotations"]
    name = "dev.sigstore.cosign/bundle"
    bundle = json.loads(annotations.pop(name))
    if what == "promise":
        promise = base64.b64decode(bundle["SignedEntryTimestamp"])
        bundle["SignedEntryTimestamp"] = base64.b64encode(flip(promise, len(promise) - 1)).decode()
    elif what == "time":
        bundle["Payload"]["integratedTime"] += 1
    elif what == "index":
        bundle["Payload"]["logIndex"] += 1
    if what != "dropped":
        annotations[name] = compact(bundle).decode()
    mutation.replace(manifest, compact(document))


def legacy_log_of(mutation, other):
    """The answer of the log about another signature on the same image."""
    donor = Mutation(other)
    name = "dev.sigstore.cosign/bundle"
    (foreign,) = donor.signature_manifests("sig")
    (manifest,) = mutation.signature_manifests("sig")
    document = mutation.layout.document(manifest)
    document["layers"][0]["annotations"][name] = donor.layout.document(foreign)["layers"][0]["annotations"][name]
    mutation.replace(manifest, compact(document))


def downgraded(bundle):
    """As a version of the format that asks for no proof."""
    bundle["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1"
    (entry,) = bundle["verificationMaterial"]["tlogEntries"]
    del entry["inclusionProof"]


def bundle_log(mutation, what):
    """One thing in the log's entry within a bundle; or none of it."""

    def change(bundle):
        (entry,) = bundle["verificationMaterial"]["tlogEntries"]
        if what == "promise":
            promise = base64.b64decode(entry["inclusionPromise"]["signedEntryTimestamp"])
            entry["inclusionPromise"]["signedEntryTimestamp"] = base64.b64encode(flip(promise, len(promise) - 1)).decode()
        elif what == "promise-dropped":
            del entry["inclusionPromise"]
        elif what == "downgraded":
            downgraded(bundle)
        elif what == "time":
            entry["integratedTime"] = str(int(entry["integratedTime"]) + 1)
        elif what == "proof":
            first = base64.b64decode(entry["inclusionProof"]["hashes"][0])
            entry["inclusionProof"]["hashes"][0] = base64.b64encode(flip(first, 0)).decode()
        elif what == "checkpoint":
            note = entry["inclusionProof"]["checkpoint"]["envelope"]
            body, stamp = note.rstrip("\n").rsplit(" ", 1)
            raw = base64.b64decode(stamp)
            entry["inclusionProof"]["checkpoint"]["envelope"] = f"{body} {base64.b64encode(flip(raw, len(raw) - 1)).decode()}\n"
        else:
            del bundle["verificationMaterial"]["tlogEntries"]

    changed_bundle(mutation, change)


def bundle_log_of(mutation, other):
    """The log's entry about another signature by the same key."""
    donor = Mutation(other)
    (manifest,) = donor.signature_manifests()
    foreign = json.loads(donor.layout.blobs[donor.only_layer(manifest)])["verificationMaterial"]["tlogEntries"]
    changed_bundle(mutation, lambda bundle: bundle["verificationMaterial"].update(tlogEntries=foreign))


def wrong_subject(mutation):
    """The signature's manifest says that it is about another image; its envelope is still about this one."""
    (manifest,) = mutation.signature_manifests()
    document = mutation.layout.document(manifest)
    document["subject"]["digest"] = "sha256:" + "5" * 64
    mutation.replace(manifest, compact(document))


def foreign_referrer_by_tag(mutation, other):
    """The index under the image's own tag lists the signature of another image, as that was made."""
    donor = Mutation(other)
    (manifest,) = donor.signature_manifests()
    for digest in [manifest] + [part["digest"] for part in [donor.layout.document(manifest)["config"]] + donor.layout.document(manifest)["layers"]]:
        mutation.layout.blobs[digest] = donor.layout.blobs[digest]
    (entry,) = [entry for entry in donor.layout.entries if entry["mediaType"] == INDEX]
    index = donor.layout.document(entry["digest"])
    tag = mutation.image.replace(":", "-")
    mutation.layout.entries.append({**mutation.layout.descriptor(compact(index), INDEX), "annotations": {REF_NAME: tag}})
    # The other image, so that a registry takes the manifest.
    for digest, data in donor.layout.blobs.items():
        mutation.layout.blobs.setdefault(digest, data)


def new_manifest(mutation):
    """As the specification of 1.1 wants it: the type in artifactType, and the empty config. Notation 1.3 still writes the older form."""
    (manifest,) = mutation.signature_manifests()
    document = mutation.layout.document(manifest)
    document["artifactType"] = document["config"]["mediaType"]
    document["config"]["mediaType"] = "application/vnd.oci.empty.v1+json"
    mutation.replace(manifest, compact(document))


def two_layers(mutation):
    """The envelope twice in one manifest."""
    (manifest,) = mutation.signature_manifests()
    document = mutation.layout.document(manifest)
    document["layers"] *= 2
    mutation.replace(manifest, compact(document))


def no_thumbprints(mutation):
    """The manifest without the annotation that the specification asks for."""
    (manifest,) = mutation.signature_manifests()
    document = mutation.layout.document(manifest)
    del document["annotations"]["io.cncf.notary.x509chain.thumbprint#S256"]
    mutation.replace(manifest, compact(document))


def thumbprints(mutation):
    """The list of certificate thumbprints in the manifest, which nothing signs."""
    (manifest,) = mutation.signature_manifests()
    document = mutation.layout.document(manifest)
    document["annotations"]["io.cncf.notary.x509chain.thumbprint#S256"] = json.dumps(["0" * 64])
    mutation.replace(manifest, compact(document))


MUTATIONS = {
    "legacy-payload": legacy_payload,
    "legacy-signature": legacy_signature,
    # Of several it is the first that is changed.
    "legacy-first-signature": legacy_signature,
    "legacy-dsse": legacy_dsse,
    "legacy-moved": legacy_moved,
    "bundle-payload": bundle_payload,
    "bundle-signature": bundle_signature,
    "bundle-without-time-stamp": bundle_without_time_stamp,
    "moved-referrer": moved_referrer,
    "jws-payload": jws_payload,
    "jws-signature": jws_signature,
    "jws-expiry-dropped": jws_expiry_dropped,
    "jws-time-stamp-dropped": jws_time_stamp_dropped,
    "jws-time-stamp-of": jws_time_stamp_of,
    "jws-agent": jws_agent,
    "jws-unknown-member": jws_unknown_member,
    "cose-payload": cose_payload,
    "cose-signature": cose_signature,
    "envelope-type": envelope_type,
    "legacy-log": legacy_log,
    "legacy-log-of": legacy_log_of,
    "bundle-log": bundle_log,
    "bundle-log-of": bundle_log_of,
    "wrong-subject": wrong_subject,
    "foreign-referrer-by-tag": foreign_referrer_by_tag,
    "new-manifest": new_manifest,
    "two-layers": two_layers,
    "no-thumbprints": no_thumbprints,
    "thumbprints": thumbprints,
}


def mutate(source, path, what, *more):
    mutation = Mutation(source)
    MUTATIONS[what](mutation, *more)
    mutation.layout.write(path)


def digest_of(path, tag="latest"):
    print(Layout.read(path).tagged(tag)["digest"])


def child(path, architecture):
    layout = Layout.read(path)
    for entry in layout.document(layout.tagged("latest")["digest"])["manifests"]:
        if entry["platform"]["architecture"] == architecture:
            print(entry["digest"])


def downgrade(source, path):
    with open(source, "rb") as file:
        bundle = json.load(file)
    downgraded(bundle)
    with open(path, "wb") as file:
        file.write(compact(bundle))


def make_zip(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("nodejs/index.js", (2020, 1, 1, 0, 0, 0)), "exports.hello = () => 'hello'\n")


COMMANDS = {
    "image": image,
    "index": index,
    "push": push,
    "pull": pull,
    "digest": digest_of,
    "child": child,
    "mutate": mutate,
    "downgrade": downgrade,
    "zip": make_zip,
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
