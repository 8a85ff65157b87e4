#!/usr/bin/env python3
"""Writes an OCI layout with one image of 8 gzip layers, about 516 MB, the same bytes on every run: make_image.py DIR

Three quarters of each file do not compress, as in real layers, whose files are mostly compressed or binary already.
"""

import gzip
import hashlib
import io
import json
import os
import random
import sys
import tarfile

# MB of files in each layer: one large, as a runtime or a model is, and small ones above it.
LAYERS = [190, 130, 97, 86, 64, 54, 43, 22]
FILE = 1_000_000
TEXT = b"def handler(event, context):\n    return {'statusCode': 200, 'body': event['body']}\n"


def main(folder):
    random_bytes = random.Random("layerproof bench")
    os.makedirs(f"{folder}/blobs/sha256")
    layers, diff_ids = [], []
    for number, size in enumerate(LAYERS):
        tar = layer(number, size, random_bytes)
        diff_ids.append("sha256:" + hashlib.sha256(tar).hexdigest())
        # No name and no time: the bytes depend on nothing but this file and Python's zlib.
        layers.append(blob(folder, "application/vnd.oci.image.layer.v1.tar+gzip", gzip.compress(tar, 1, mtime=0)))
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    config = blob(folder, "application/vnd.oci.image.config.v1+json", json.dumps(config).encode())
    media_type = "application/vnd.oci.image.manifest.v1+json"
    manifest = {"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers}
    listed = blob(folder, media_type, json.dumps(manifest).encode())
    listed["annotations"] = {"org.opencontainers.image.ref.name": "bench"}
    write(f"{folder}/index.json", json.dumps({"schemaVersion": 2, "manifests": [listed]}).encode())
    write(f"{folder}/oci-layout", b'{"imageLayoutVersion":"1.0.0"}')


def layer(number, size, random_bytes):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for index in range(size):
            member = tarfile.TarInfo(f"opt/layer{number}/file{index:03}.bin")
            member.size = FILE
            noise = random_bytes.randbytes(FILE * 3 // 4)
            tar.addfile(member, io.BytesIO((noise + TEXT * (FILE // len(TEXT)))[:FILE]))
    return out.getvalue()


def blob(folder, media_type, content):
    digest = hashlib.sha256(content).hexdigest()
    write(f"{folder}/blobs/sha256/{digest}", content)
    return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(content)}


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


main(sys.argv[1])
