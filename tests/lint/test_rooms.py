"""A folder is a room: whoever opens the door reads what lives here."""
import pathlib

from tree import ROOT, tree_files

CODE = ["*.c", "*.h", "*.proto", "*.py", "*.sh", "*.cmake"]


def folders_with_code():
    return sorted({pathlib.PurePath(name).parent for name in tree_files(*CODE)})


def test_every_folder_with_code_has_a_readme():
    missing = [str(folder) for folder in folders_with_code() if not (ROOT / folder / "README.md").is_file()]
    assert not missing, "no README.md in: " + ", ".join(missing)
