"""One door per library: only the named files may include a library's headers. Whoever needs the library asks at the door."""
import re

import pytest

from tree import ROOT, tree_files

# header of a library -> the files that may include it (a regular expression over the path)
DOORS = [
    (r"librdkafka/", r"(common|tests/integration)/io/[^/]+\.[ch]"),
    (r"hiredis/", r"common/io/[^/]+\.[ch]"),
    (r"microhttpd\.h", r"(common/io/[^/]+|bench/bare_http)\.[ch]"),
    (r"mimalloc", r"common/io/heap\.c"),
    (r"xxhash\.h|openssl/", r"common/base/hash\.c"),
    (r"curl/", r"common/io/[^/]+\.[ch]"),
    (r"glib(\.h|/|-object\.h)|gio/", r"common/io/zone\.c"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def includes():
    for name in tree_files("*.c", "*.h"):
        for header in INCLUDE.findall((ROOT / name).read_text(encoding="utf-8")):
            yield name, header


@pytest.mark.parametrize(("header", "door"), DOORS, ids=[header for header, _ in DOORS])
def test_library_is_included_only_at_its_door(header, door):
    strangers = [f"{name} includes {found}" for name, found in includes()
                 if re.match(header, found) and not re.fullmatch(door, name)]
    assert not strangers, f"only {door} may do that: " + ", ".join(strangers)


def test_no_header_carries_a_library_out_of_its_door():
    private = {name for name, found in includes()
               if name.endswith(".h") and any(re.match(header, found) for header, _ in DOORS)}
    strangers = [f"{name} includes {found}" for name, found in includes()
                 if found in private and not name.startswith("common/io/")]
    assert not strangers, "these headers are private to common/io: " + ", ".join(strangers)
