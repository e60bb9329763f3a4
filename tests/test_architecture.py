"""The house rules that a machine can check."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "danceit"
SHARED = {
    "errors", "files", "counts", "provenance", "npz", "data", "dance_file", "plugins", "progress",
    "movement", "media", "checkpoints", "duck", "skeleton", "clips", "closing", "clock",
    "limits", "makers",
}  # fmt: skip
MAY_IMPORT = {
    "errors": set(),
    "files": {"errors"},
    "counts": {"errors"},
    "provenance": {"errors"},
    "npz": {"errors"},
    # `Dance.save`, `Dance.load` and a notebook's picture hand over when they are called.
    "skeleton": set(),
    "clips": {"skeleton"},
    "closing": set(),
    "data": {
        "errors",
        "files",
        "counts",
        "provenance",
        "dance_file",
        "render",
        "skeleton",
        "clips",
    },
    "dance_file": {"errors", "files", "npz", "provenance", "data"},
    "plugins": {"errors"},
    "progress": set(),
    "movement": {"counts", "data"},
    "media": {"errors"},
    "checkpoints": {"errors", "files"},
    "duck": set(),
    "clock": {"errors"},
    "limits": {"errors", "plugins"},
    "makers": {"errors", "files", "media"},
    "audio": SHARED,
    "testing": SHARED | {"audio", "index", "align", "render"},
    "index": SHARED | {"audio"},
    "align": SHARED | {"audio"},
    "render": SHARED | {"audio"},
    "retrieval": SHARED | {"audio", "index", "align", "render"},
    "generate": SHARED | {"audio", "index", "align", "render", "retrieval"},
    "bench": SHARED | {"audio", "index", "align", "render", "retrieval", "generate"},
    "workflow": SHARED | {"audio", "index", "align", "render", "retrieval", "generate", "bench"},
    "studio": SHARED | {"audio", "index", "align", "render", "retrieval", "bench", "workflow"},
    "cli": SHARED
    | {"audio", "index", "align", "render", "retrieval", "generate", "bench", "workflow", "studio"},
    "__init__": set(),
}
MAY_PRINT = {"audio/counts/learning/training.py"}
"""Beside the command line: it is run by hand, for the weights that are shipped."""
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
COMMAND_WITH_FLAG = re.compile(r"\b(danceit|pip|ray) [^;]*--[a-z]")
MOST_MODULES = 20
"""Of one folder, its `__init__` not counted."""
MOST_LINES = 400
"""Of one module."""
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(module: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = node.module.split(".")
            if parts[0] == "danceit":
                rooms |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                if parts[0] == "danceit" and len(parts) > 1:
                    rooms.add(parts[1])
    return rooms - {"__version__", "make_callable"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(module: Path) -> None:
    room = room_of(module)
    assert imported_rooms(module) <= MAY_IMPORT[room] | {room}


def test_no_folder_is_two_rooms() -> None:
    sizes = {folder: len(list(folder.glob("*.py"))) for folder in {m.parent for m in MODULES}}
    assert {str(folder): n for folder, n in sizes.items() if n > MOST_MODULES + 1} == {}


def test_no_module_is_too_long_to_read() -> None:
    lengths = {module: module.read_text(encoding="utf-8").count("\n") for module in MODULES}
    assert {str(module): n for module, n in lengths.items() if n > MOST_LINES} == {}


def test_every_folder_says_what_its_files_are_for() -> None:
    unnamed = {}
    for room in sorted(PACKAGE.rglob("__init__.py")):
        said = ast.get_docstring(ast.parse(room.read_text(encoding="utf-8"))) or ""
        modules = {module.stem for module in room.parent.glob("*.py")} - {"__init__", "__main__"}
        if left := modules - set(re.findall(r"\w+", said)):
            unnamed[str(room)] = left
    del unnamed[str(PACKAGE / "__init__.py")]  # the face; CONTRIBUTING's map begins with these
    assert unnamed == {}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_command_line_prints_and_knows_of_flags(module: Path) -> None:
    """Elsewhere a message names an option as Python does, or a whole command to be copied."""
    if room_of(module) == "cli" or module.name == "__main__.py":
        return
    tree = ast.parse(module.read_text(encoding="utf-8"))
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    pieces = {part for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for part in n.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert "click" not in {alias.name for alias in node.names}, module
        elif isinstance(node, ast.ImportFrom):
            assert node.module != "click", module
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            may = str(module.relative_to(PACKAGE)) in MAY_PRINT
            assert may or node.func.id != "print", f"{module}:{node.lineno}"
        elif isinstance(node, ast.Constant | ast.JoinedStr) and node not in docstrings | pieces:
            text = said_by(node)
            style = "var(--" in text
            flags = FLAG.search(text) and not COMMAND_WITH_FLAG.search(text)
            assert style or not flags, f"{module}:{node.lineno}: {text}"


def said_by(node: ast.Constant | ast.JoinedStr) -> str:
    """The text of a string, `{}` for what is put into it."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(
        part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "{}"
        for part in node.values
    )


def test_all_work_tells_how_far_it_is_in_one_way() -> None:
    for module in MODULES:
        told = re.search(r"Callable\[\[int\b.*\], None\]", module.read_text("utf-8"))
        assert told is None, f"{module}: {told} is a `danceit.progress.Progress`"


def test_engines_share_what_they_have_alike() -> None:
    """No run of more than ten lines of one engine stands in the other."""
    local, lance = (PACKAGE / "index" / "store" / name for name in ("local", "lance"))
    shared = runs_of(local, 11) & runs_of(lance, 11)
    assert shared == set()


def runs_of(folder: Path, length: int) -> set[tuple[str, ...]]:
    """All runs of so many lines in a folder's modules, but blank ones and imports."""
    runs = set()
    for module in folder.glob("*.py"):
        stripped = [line.strip() for line in module.read_text(encoding="utf-8").splitlines()]
        lines = [line for line in stripped if line and not line.startswith(("import", "from"))]
        runs |= {tuple(lines[i : i + length]) for i in range(len(lines) - length + 1)}
    return runs


def test_help_loads_nothing_heavy() -> None:
    probe = (
        "import sys\n"
        "from danceit.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'faiss', 'librosa', 'matplotlib', 'numpy', 'scipy'} & set(sys.modules)\n"
        "sys.exit(' '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "danceit demo" in done.stdout
