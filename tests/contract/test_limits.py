"""docs/contract.md is made from the one table of limits, and nobody has changed only one of the two."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("HY_BIN", ROOT / "build" / "release" / "bin"))


def test_the_page_of_limits_is_what_the_table_says():
    made = subprocess.run([BIN / "contract-docs"], capture_output=True, text=True, check=True).stdout
    assert made == (ROOT / "docs" / "contract.md").read_text(), "contract-docs > docs/contract.md"
