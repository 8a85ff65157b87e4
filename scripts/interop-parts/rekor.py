#!/usr/bin/env python3
"""A transparency log on loopback that speaks as much of Rekor's API (v1) as signing needs. It believes whatever it is told; for tests.

usage: rekor.py PORT PRIVATE-KEY    (PRIVATE-KEY: P-256, PEM)

What it gives back is real: a growing Merkle tree (RFC 6962), inclusion proofs, signed checkpoints and signed entry time stamps. Kinds:
hashedrekord 0.0.1 and dsse 0.0.1.
"""
import base64
import hashlib
import http.server
import json
import subprocess
import sys
import tempfile
import threading
import time

ORIGIN = "rekor.example.test"
TREE = 1
KEY = sys.argv[2]


def canonical(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


def sign(data):
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", KEY, file.name], capture_output=True, check=True).stdout


SPKI = subprocess.run(["openssl", "pkey", "-in", KEY, "-pubout", "-outform", "DER"], capture_output=True, check=True).stdout
LOG_ID = hashlib.sha256(SPKI).digest()


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(size):
    """The largest power of two that is smaller."""
    return 1 << (size - 1).bit_length() - 1


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    at = split(len(leaves))
    return node(root(leaves[:at]), root(leaves[at:]))


def path(index, leaves):
    if len(leaves) == 1:
        return []
    at = split(len(leaves))
    if index < at:
        return path(index, leaves[:at]) + [root(leaves[at:])]
    return path(index - at, leaves[at:]) + [root(leaves[:at])]


def entry_body(proposed):
    kind, version, spec = proposed["kind"], proposed["apiVersion"], proposed["spec"]
    if (kind, version) == ("dsse", "0.0.1"):
        content = spec["proposedContent"]
        envelope = json.loads(content["envelope"])
        (verifier,) = content["verifiers"]
        spec = {
            "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(content["envelope"].encode()).hexdigest()},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(base64.b64decode(envelope["payload"])).hexdigest()},
            "signatures": [{"signature": signature["sig"], "verifier": verifier} for signature in envelope["signatures"]],
        }
    elif (kind, version) != ("hashedrekord", "0.0.1"):
        raise ValueError(f"{kind} {version} is not spoken here")
    return canonical({"apiVersion": version, "kind": kind, "spec": spec})


leaves = []
lock = threading.Lock()


def add(proposed):
    body = entry_body(proposed)
    leaf = hashlib.sha256(b"\x00" + body).digest()
    with lock:
        leaves.append(leaf)
        index, size, top, proof = len(leaves) - 1, len(leaves), root(leaves), path(len(leaves) - 1, leaves)
    note = f"{ORIGIN} - {TREE}\n{size}\n{base64.b64encode(top).decode()}\n"
    stamp = base64.b64encode(LOG_ID[:4] + sign(note.encode())).decode()
    entry = {"body": base64.b64encode(body).decode(), "integratedTime": int(time.time()), "logID": LOG_ID.hex(), "logIndex": index}
    signed = sign(canonical(entry))
    entry["verification"] = {
        "inclusionProof": {
            "checkpoint": f"{note}\n\u2014 {ORIGIN} {stamp}\n",
            "hashes": [hash.hex() for hash in proof],
            "logIndex": index,
            "rootHash": top.hex(),
            "treeSize": size,
        },
        "signedEntryTimestamp": base64.b64encode(signed).decode(),
    }
    return {f"{TREE:016x}{leaf.hex()}": entry}


class Rekor(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body, uuid=None):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if uuid:
            # cosign v3 looks the entry up by this, and crashes without.
            self.send_header("ETag", uuid)
            self.send_header("Location", f"/api/v1/log/entries/{uuid}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        asked = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path != "/api/v1/log/entries":
            sys.stderr.write(f"not spoken here: POST {self.path}\n")
            return self.answer(404, b"{}")
        try:
            made = add(json.loads(asked))
            return self.answer(201, json.dumps(made).encode(), *made)
        except (KeyError, ValueError) as error:
            sys.stderr.write(f"{error!r}: {asked!r}\n")
            return self.answer(400, json.dumps({"code": 400, "message": repr(error)}).encode())

    def do_GET(self):
        sys.stderr.write(f"not spoken here: GET {self.path}\n")
        self.answer(404, b"{}")

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Rekor).serve_forever()
