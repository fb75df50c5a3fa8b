#!/usr/bin/env python3
"""The contract as it was promised: every message, field, enum value and topic that was ever published.

    schema_lock.py            says how proto/ differs from schema.lock.json; exit status 1 when a promise is broken
    schema_lock.py --update   adds what is new to schema.lock.json; refuses when a promise is broken

Fields and values are never removed, renamed, renumbered, or given another type: old messages stay in the logs for ever.
"""

import json
import pathlib
import re
import sys
import tempfile

from google.protobuf import descriptor_pb2
from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCK = pathlib.Path(__file__).with_name("schema.lock.json")
FIELD = descriptor_pb2.FieldDescriptorProto


def descriptors(root):
    sources = sorted((root / "proto").glob("*.proto"))
    with tempfile.NamedTemporaryFile(suffix=".pb") as out:
        status = protoc.main(["protoc", f"-I{root}", f"--descriptor_set_out={out.name}", *map(str, sources)])
        if status != 0:
            raise SystemExit("protoc refuses the files of proto/")
        return descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())


def describe_field(field, message):
    words = [
        FIELD.Label.Name(field.label)[6:].lower(),
        field.type_name.lstrip(".") or FIELD.Type.Name(field.type)[5:].lower(),
        field.name,
    ]
    if field.HasField("oneof_index"):
        words.append(f"in {message.oneof_decl[field.oneof_index].name}")
    return " ".join(words)


def describe(prefix, messages, enums, promises):
    """promises: "huiyuan.v1.Purchase" → {"1": "optional string purchase_id"}; enums alike."""
    for enum in enums:
        promises[f"{prefix}.{enum.name}"] = {str(value.number): value.name for value in enum.value}
    for message in messages:
        name = f"{prefix}.{message.name}"
        promises[name] = {str(field.number): describe_field(field, message) for field in message.field}
        describe(name, message.nested_type, message.enum_type, promises)


def topics(root):
    """name → what stands in its row of the one table, but for who writes it."""
    rows = re.findall(
        r'^    \{"([^"]+)", "([^"]+)", "[^"]*", (\w+), (\w+), (\w+)\},$',
        (root / "proto" / "topics.c").read_text(),
        re.MULTILINE,
    )
    names = ("message", "cleanup", "keyed_by_member", "is_log")
    return {row[0]: " ".join(f"{name}={value}" for name, value in zip(names, row[1:])) for row in rows}


def schema(root=ROOT):
    promises = {}
    for file in descriptors(root).file:
        describe(file.package, file.message_type, file.enum_type, promises)
    return {"messages": promises, "topics": topics(root)}


def broken(lock, now):
    """One line for each promise of the lock that does not hold any more."""
    lines = []
    for name, promised in lock["messages"].items():
        if name not in now["messages"]:
            lines.append(f"{name} was removed")
            continue
        found = now["messages"][name]
        for number, was in promised.items():
            if number not in found:
                lines.append(f"{name}: {number} ({was}) was removed")
            elif found[number] != was:
                lines.append(f"{name}: {number} was '{was}' and is now '{found[number]}'")
    for topic, was in lock["topics"].items():
        if now["topics"].get(topic) != was:
            lines.append(f"topic {topic}: was '{was}' and is now '{now['topics'].get(topic, 'not there')}'")
    return lines


def added(lock, now):
    lines = [
        f"{name}: {number} ({what})"
        for name, fields in now["messages"].items()
        for number, what in fields.items()
        if number not in lock["messages"].get(name, {})
    ]
    return lines + [f"topic {topic}" for topic in now["topics"] if topic not in lock["topics"]]


def read_lock():
    return json.loads(LOCK.read_text()) if LOCK.exists() else {"messages": {}, "topics": {}}


def main():
    lock, now = read_lock(), schema()
    faults, news = broken(lock, now), added(lock, now)
    for line in faults:
        print(f"broken: {line}", file=sys.stderr)
    for line in news:
        print(f"new: {line}")
    if faults:
        return 1
    if "--update" in sys.argv[1:]:
        LOCK.write_text(json.dumps(now, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    elif news:
        print("not in the lock yet: tests/contract/schema_lock.py --update")
    return 0


if __name__ == "__main__":
    sys.exit(main())
