"""The house rules that a machine can check."""

import ast
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


def test_the_workflow_neither_prints_nor_knows_the_command_line() -> None:
    for module in (PACKAGE / "workflow").rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert "click" not in {alias.name for alias in node.names}, module
            elif isinstance(node, ast.ImportFrom):
                assert node.module != "click", module
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", f"{module}:{node.lineno}"


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
