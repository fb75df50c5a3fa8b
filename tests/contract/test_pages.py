"""The pages that others read: those that are made from tables are as made, and their links lead somewhere."""

import re
import subprocess

import pytest

from schema_lock import ROOT


def markdown():
    listed = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


@pytest.mark.parametrize("page", ["configuration", "contract", "errors"])
def test_a_page_is_what_the_programs_print(page):
    made = subprocess.run([ROOT / "docs" / "make", page], capture_output=True, text=True, check=True).stdout
    assert made == (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"), "docs/make writes it anew"


def test_every_link_leads_somewhere():
    links = [(page, link) for page in markdown() for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))]
    assert len(links) > 10
    missing = [f"{page.relative_to(ROOT)}: {link}" for page, link in links if not (page.parent / link).exists()]
    assert not missing, "no such file: " + ", ".join(missing)
