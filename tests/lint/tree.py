"""The tree: its root, and the files that belong to it."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tree_files(*patterns):
    """Files that git knows or would take in, so that build folders and downloads stay out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return sorted({name for name in listed if name and (ROOT / name).exists()})
