"""Has independent judges read SBOM documents: `judge.py CDXRS FILE…`. Prints a line for each file and exits 1 where one is refused.

What the schemas can't say is checked here: that references are unique and lead somewhere.
"""

import json
import re
import subprocess
import sys
import tempfile

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from packageurl import PackageURL
from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

CDXRS_READS = {"1.6", "1.7"}


class Twice(ValueError):
    pass


def once(pairs):
    """No key twice in one object: readers differ in which they take."""
    made = {}
    for key, value in pairs:
        if key in made:
            raise Twice(f"the key {key!r} stands twice in one object")
        made[key] = value
    return made


def no_number(text):
    raise ValueError(f"{text} is no JSON")


def walk(value):
    yield value
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from walk(below)


def purl(text):
    try:
        PackageURL.from_string(text)
    except ValueError as error:
        yield f"packageurl: {text[:200]!r}: {error}"


def cyclonedx(document, cdxrs):
    version = str(document.get("specVersion"))
    try:
        validator = JsonStrictValidator(SchemaVersion.from_version(version))
    except Exception as error:
        yield f"cyclonedx-python-lib: no schema for version {version}: {error!r}"
        return
    text = json.dumps(document)
    for error in validator.validate_str(text, all_errors=True) or []:
        place = "/".join(map(str, error.data.absolute_path))
        yield f"cyclonedx-python-lib: /{place}: {error.data.message[:300]}"
    yield from references(document)
    for part in walk(document):
        if isinstance(part, dict) and isinstance(part.get("purl"), str):
            yield from purl(part["purl"])
    if version in CDXRS_READS:
        yield from by_cdxrs(text, cdxrs)


def references(document):
    """`bom-ref` is unique, and every reference leads to one."""
    known = [part["bom-ref"] for part in walk(document) if isinstance(part, dict) and isinstance(part.get("bom-ref"), str)]
    if len(known) != len(set(known)):
        yield f"references: not unique: {sorted({r for r in known if known.count(r) > 1})[:5]}"
    known = set(known)
    said = set()
    for dependency in document.get("dependencies", []):
        if dependency["ref"] in said:
            yield f"references: {dependency['ref']!r} has dependencies twice"
        said.add(dependency["ref"])
        for reference in [dependency["ref"], *dependency.get("dependsOn", []), *dependency.get("provides", [])]:
            if reference not in known:
                yield f"references: a dependency leads nowhere: {reference!r}"
    for composition in document.get("compositions", []):
        for reference in [*composition.get("assemblies", []), *composition.get("dependencies", [])]:
            if reference not in known:
                yield f"references: a composition leads nowhere: {reference!r}"


def by_cdxrs(text, cdxrs):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(text)
        file.flush()
        run = subprocess.run([cdxrs, "validate", "--compact", "-i", file.name], capture_output=True, text=True)
    try:
        verdict = json.loads(run.stdout)
    except ValueError:
        yield f"cdxrs: exit {run.returncode}: {run.stderr[:300]}"
        return
    for finding in verdict["findings"]:
        if finding["severity"] == "error":
            yield f"cdxrs: {finding['path']}: {finding['message'][:300]}"
    if verdict["valid"] is not True and not any(finding["severity"] == "error" for finding in verdict["findings"]):
        yield "cdxrs: not valid"


def spdx(document, _cdxrs):
    if not {"creationInfo", "documentNamespace", "packages", "relationships"} <= document.keys():
        yield "spdx: a part is missing"
    try:
        parsed = JsonLikeDictParser().parse(document)
    except SPDXParsingError as error:
        yield from (f"spdx-tools: {message[:300]}" for message in error.get_messages())
        return
    for message in validate_full_spdx_document(parsed):
        yield f"spdx-tools: {message.validation_message[:300]} [{message.context.spdx_id or message.context.parent_id}]"
    for package in document.get("packages", []):
        for reference in package.get("externalRefs", []):
            if reference.get("referenceType") == "purl":
                yield from purl(reference["referenceLocator"])


def statement(document, cdxrs):
    try:
        Statement.copy_from_pb(json_format.ParseDict(document, statement_pb2.Statement())).validate()
    except (ValueError, json_format.ParseError) as error:
        yield f"in-toto-attestation: {error}"
        return
    # It looks at no value of a digest.
    for subject in document["subject"]:
        if not re.fullmatch("[0-9a-f]{64}", subject["digest"].get("sha256", "")):
            yield f"statement: no SHA-256 of a subject: {subject['digest']}"
    kinds = {"https://cyclonedx.org/bom": "bomFormat", "https://spdx.dev/Document/v2.3": "spdxVersion"}
    kind = kinds.get(document["predicateType"])
    if kind is None or kind not in document["predicate"]:
        yield f"statement: the predicate is not what its type {document['predicateType']!r} says"
    yield from judged(document["predicate"], cdxrs)


def judged(document, cdxrs):
    if document.get("bomFormat") == "CycloneDX":
        yield from cyclonedx(document, cdxrs)
    elif "spdxVersion" in document:
        yield from spdx(document, cdxrs)
    elif "_type" in document:
        yield from statement(document, cdxrs)
    else:
        yield "neither CycloneDX nor SPDX nor an in-toto statement"


def main(cdxrs, files):
    refused = 0
    for name in files:
        try:
            with open(name, encoding="utf-8", newline="") as file:
                document = json.load(file, object_pairs_hook=once, parse_constant=no_number)
            found = list(judged(document, cdxrs))
        # Whatever a judge trips over is no acceptance.
        except Exception as error:
            found = [f"{type(error).__name__}: {str(error)[:300]}"]
        refused += bool(found)
        print(f"{name}: {'refused' if found else 'accepted'}")
        for what in found[:20]:
            print(f"    {what}")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
