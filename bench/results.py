"""What was measured: one file for each part, so that a part can be measured again without the others."""

import json

from system import ROOT

FOLDER = ROOT / "bench" / "results"


def load(name):
    """None: it was never measured."""
    file = FOLDER / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else None


def save(name, results):
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{name}.json"
    file.write_text(json.dumps(results, indent=1) + "\n")
    return file


def keep(folder, name, results):
    """What there is so far, for somebody to look at when a long run breaks off."""
    (folder / f"{name}-so-far.json").write_text(json.dumps(results, indent=1) + "\n")
