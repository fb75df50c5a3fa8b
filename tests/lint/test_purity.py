"""The pure core does no I/O, reads no clock, no environment and no randomness. Proof: the symbols that its libraries link.

A pure library may use what it defines itself, what the libraries below it define, and the functions in its allow-list.
Anything else fails, also a library that was not built: a proof that did not run is none.
"""
import fnmatch
import os
import pathlib
import re
import subprocess

import pytest

from tree import ROOT

# Shell patterns of symbols, by where they come from.
LIBC = """
    mem* str* __mem*_chk __str*_chk malloc calloc realloc reallocarray free aligned_alloc posix_memalign
    snprintf vsnprintf __snprintf_chk __vsnprintf_chk qsort qsort_r bsearch abs labs llabs div ldiv lldiv
    __isoc23_strto* __ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc tolower toupper is*
    abort __assert_fail __errno_location explicit_bzero
""".split()
MATH = "ceil floor round trunc rint l*round l*rint fmod fma fabs sqrt cbrt pow exp* log log2 log10 log1p erf erfc".split()
COMPILER = """
    __stack_chk_fail _GLOBAL_OFFSET_TABLE_ __udivti3 __umodti3 __udivmodti4 __divti3 __modti3 __multi3 __muloti4 __popcountdi2
    __asan_* __ubsan_* __sanitizer_* __tls_get_addr
""".split()
HASHES = """
    SHA256
    crypto_generichash* crypto_hash_sha256* crypto_shorthash* crypto_auth* sodium_memcmp sodium_memzero
    sodium_bin2hex sodium_hex2bin sodium_bin2base64 sodium_base642bin
""".split()
PROTOBUF = ["protobuf_c_*"]
JSON = ["json_*"]
YAML = ["yaml_*"]
PURE = LIBC + MATH + COMPILER + HASHES + PROTOBUF

# library -> libraries below it, functions from outside that it may use
LIBRARIES = {
    # When memory runs out it says so on stderr and aborts: its only words.
    "hy_base": ([], PURE + ["fwrite", "stderr"]),
    "hy_contract": (["hy_base", "hy_proto"], PURE + JSON),
    "hy_program": (["hy_base", "hy_proto", "hy_contract"], PURE + JSON + YAML),
    "hy_campaign": (["hy_base", "hy_proto", "hy_contract", "hy_program"], PURE + JSON + YAML),
    "hy_stage_command": (["hy_base", "hy_proto", "hy_contract"], PURE),
    "hy_campaign_core": (["hy_base", "hy_proto", "hy_contract", "hy_program", "hy_campaign", "hy_stage_command"], PURE + JSON + ["hy_brain_pack"]),
    "hy_accrual": (["hy_base", "hy_proto", "hy_contract", "hy_program", "hy_campaign"], PURE + JSON),
    "hy_member": (["hy_base", "hy_proto", "hy_contract", "hy_stage_command"], PURE + ["hy_brain_pack"]),
    "hy_notification": (["hy_base", "hy_proto", "hy_contract", "hy_program"], PURE + JSON + ["hy_brain_pack"]),
    "hy_mail": (["hy_base"], PURE),
    "hy_tier": (["hy_base", "hy_proto", "hy_contract", "hy_program"], PURE + JSON + ["hy_brain_pack"]),
    "hy_stage_rules": (["hy_base", "hy_proto"], PURE),
    # The stage drives the world, but only through the seams: bus, store, clock, log and the like, whoever implements them.
    "hy_stage": (["hy_base", "hy_proto", "hy_stage_rules", "hy_contract", "hy_program", "hy_topics"],
                 PURE + "hy_bus_* hy_store_* hy_clock_* hy_log* hy_metric*".split()),
}

# Never, even where a pattern above lets it through.
FORBIDDEN = """
    strftime* memfd_create json_load_file json_loadf json_loadfd json_load_callback json_dump_file json_dumpf json_dumpfd
    yaml_parser_set_input_file yaml_emitter_set_output_file isatty random rand
""".split()


BUILD = pathlib.Path(os.environ.get("HY_BUILD_DIR", ROOT / "build" / "release"))


def symbols(archive):
    """(defined, undefined) of a static library. What one member of the archive defines for another is defined."""
    defined, undefined = set(), {}
    listing = subprocess.run(["nm", "-A", "-P", archive], capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        place, name, kind = line.split()[:3]
        if kind.upper() == "U" or kind in "wv":
            undefined.setdefault(name, re.search(r"\[(.*)\]", place)[1])
        else:
            defined.add(name)
    return defined, {name: place for name, place in undefined.items() if name not in defined}


def allowed(name, patterns):
    def matches(some):
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in some)
    return matches(patterns) and not matches(FORBIDDEN)


def archive_of(library):
    archive = BUILD / "lib" / f"lib{library}.a"
    assert archive.exists(), f"{archive} was not built, so nothing is known about its purity: ./dev build release"
    return archive


@pytest.mark.parametrize("library", LIBRARIES)
def test_library_links_only_what_is_pure(library):
    below, patterns = LIBRARIES[library]
    own = set()
    for lower in below:
        own |= symbols(archive_of(lower))[0]
    defined, undefined = symbols(archive_of(library))
    assert defined, f"{library} defines nothing"
    impure = {name: place for name, place in undefined.items() if name not in own and not allowed(name, patterns)}
    assert not impure, f"{library} links what it may not: " + ", ".join(f"{n} ({p})" for n, p in sorted(impure.items()))


@pytest.mark.parametrize("name", "open read write fopen printf puts socket time clock_gettime gettimeofday getenv rand "
                                 "json_load_file strftime hy_bus_produce hy_store_call".split())
def test_the_lists_stop_the_world_outside(name):
    assert not allowed(name, LIBRARIES["hy_accrual"][1])
