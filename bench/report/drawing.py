"""The one door to matplotlib: fetched when it is first needed, and set so that the same results draw the same file."""

import subprocess
import sys

from system import ROOT, say

PACKAGES = ROOT / ".dev" / "bench" / "python"
REQUIREMENTS = ROOT / "bench" / "requirements.txt"
FOLDER = ROOT / "docs" / "benchmark"

OURS, GRAY = "#0b6e99", "#8a8f98"
PEERS = ("#5a6b7b", "#8b9bab", "#b0761f", "#d8a657")
PARTS = {"service": "#0b6e99", "broker": "#b0761f", "redis": "#a33b3b"}
SETTINGS = {
    "svg.fonttype": "none", "svg.hashsalt": "huiyuan", "font.family": "sans-serif", "font.size": 10, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.color": "#e4e6e9", "axes.axisbelow": True, "figure.facecolor": "white", "figure.constrained_layout.use": True,
}


def fetched():
    done = PACKAGES / ".requirements"
    wanted = REQUIREMENTS.read_text()
    if done.exists() and done.read_text() == wanted:
        return
    say(f"installing what draws the plots into {PACKAGES.relative_to(ROOT)}")
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade",
                    "--target", PACKAGES, "-r", REQUIREMENTS], check=True)
    done.write_text(wanted)


def pyplot():
    fetched()
    if str(PACKAGES) not in sys.path:
        sys.path.append(str(PACKAGES))
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update(SETTINGS)
    import matplotlib.pyplot

    return matplotlib.pyplot


def save(figure, name):
    """The file of docs/benchmark; the same drawing gives the same bytes."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{name}.svg"
    figure.savefig(file, metadata={"Date": None, "Creator": None})
    text = file.read_text()
    file.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n")
    return file


def colour_of(system, systems):
    return OURS if system == "accrual" else PEERS[[one for one in systems if one != "accrual"].index(system) % len(PEERS)]


def legend_above(figure, axes):
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False, fontsize=8)
