"""The shape of the tree: who may import whom, where each engine lives, what is never written."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted([*ROOT.glob("audit/**/*.py"), *ROOT.glob("train/**/*.py")])
HEAVY = ("numpy", "pandas", "sklearn", "torch", "cleanlab", "great_expectations")
LATE = ("commands", "cli.py", "__init__.py", "pytest_plugin.py")
"""Where our own modules may be imported inside a function: what the command line, or pytest, reaches before it knows its
work."""


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(p): p for p in FILES}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [a.name for a in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        return [f"{node.module}.{a.name}" for a in node.names]
    return []


def typing_only(module: ast.Module) -> set[ast.AST]:
    """Every node under `if TYPE_CHECKING:`, which is never executed."""
    guards = [n for n in ast.walk(module) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test)]
    return {inner for guard in guards for inner in ast.walk(guard)}


def executed_imports(path: Path) -> list[str]:
    module = tree(path)
    skipped = typing_only(module)
    return [name for node in ast.walk(module) if node not in skipped for name in imported(node)]


def own(name: str) -> str | None:
    """The module of ours that an imported name lies in."""
    while name:
        if name in MODULES:
            return name
        name = name.rpartition(".")[0]
    return None


@pytest.mark.parametrize("path", [p for p in FILES if p.parts[len(ROOT.parts)] == "audit"], ids=name_of)
def test_audit_never_imports_train(path):
    assert not [n for n in executed_imports(path) if n.split(".")[0] == "train"]


@pytest.mark.parametrize(("engine", "home"), [("great_expectations", "audit.gx"), ("cleanlab", "audit.confident")])
def test_an_engine_has_one_home(engine, home):
    users = {m for m, p in MODULES.items() if engine in {n.split(".")[0] for n in executed_imports(p)}}

    assert users
    assert {m for m in users if m != home and not m.startswith(f"{home}.")} == set()


def test_nothing_imports_in_a_circle():
    graph = {m: {o for n in executed_imports(p) if (o := own(n)) and o != m} for m, p in MODULES.items()}
    # a package that only gathers names (audit, audit.checks, ...) is a table of contents, not a step in a chain
    state: dict[str, str] = {}

    def walk(module: str, path: tuple[str, ...]) -> None:
        state[module] = "open"
        for other in sorted(graph[module]):
            assert state.get(other) != "open", " → ".join([*path, module, other])
            if other not in state:
                walk(other, (*path, module))
        state[module] = "done"

    for module in graph:
        if module not in state:
            walk(module, ())


@pytest.mark.parametrize("path", [p for p in FILES if not set(LATE) & set(p.parts)], ids=name_of)
def test_our_own_modules_are_imported_at_the_top(path):
    top = set(tree(path).body)
    skipped = typing_only(tree(path))
    late = [
        name
        for node in ast.walk(tree(path))
        if node not in top and node not in skipped
        for name in imported(node)
        if own(name)
    ]

    assert late == []


def test_help_imports_nothing_heavy():
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "audit.cli", "--help"], capture_output=True, text=True, check=True
    )
    loaded = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in ran.stderr.splitlines() if "|" in line}

    assert "compare" in ran.stdout
    assert loaded & set(HEAVY) == set()
    assert "click" in loaded


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_is_swallowed(path):
    broad = {
        ast.unparse(h.type) if h.type else "bare"
        for h in ast.walk(tree(path))
        if isinstance(h, ast.ExceptHandler)
        and (h.type is None or ast.unparse(h.type) in ("Exception", "BaseException"))
    }

    # run.py turns whatever breaks inside a check into the status `error`, which no gate passes, and cli.py whatever
    # breaks in a command into exit code 3, its traceback printed
    assert broad == ({"Exception"} if name_of(path) in ("audit.run", "audit.cli") else set())


@pytest.mark.parametrize("path", [p for p in FILES if "commands" not in p.parts and p.name != "cli.py"], ids=name_of)
def test_only_commands_print(path):
    calls = [n for n in ast.walk(tree(path)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]

    assert not [c.lineno for c in calls if c.func.id in ("print", "eval", "exec")]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_public_names_say_what_they_are(path):
    public = [
        n for n in tree(path).body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and not n.name.startswith("_")
    ]

    assert [n.name for n in public if not ast.get_docstring(n)] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_are_short_enough_to_read(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 420


NAMED = re.compile(r"(?<![\w/.-])(?:audit|train|tests)/[\w/]+\.py\b|python -m (tests[\w.]*\w)")


@pytest.mark.parametrize(
    "path", [*FILES, *ROOT.glob("docs/*.md"), *ROOT.glob("tests/**/*.py")], ids=lambda p: str(p.relative_to(ROOT))
)
def test_paths_that_are_named_are_there(path):
    found = NAMED.finditer(path.read_text(encoding="utf-8"))
    named = {m[1].replace(".", "/") if m[1] else m[0] for m in found}

    assert [n for n in named if not any((ROOT / f"{n}{end}").exists() for end in ("", ".py"))] == []


def test_every_check_is_listed_and_tested():
    from audit.checks import CHECKS

    files = {p.stem for p in (ROOT / "audit/checks").glob("*.py")} - {"__init__", "findings"}

    assert files == set(CHECKS)
    assert [c for c in CHECKS if not (ROOT / f"tests/audit/checks/test_{c}.py").exists()] == []


def test_the_public_list_is_sorted_and_true():
    import audit

    assert audit.__all__ == sorted(audit.__all__)
    assert set(audit.HOMES) == set(audit.__all__)
    assert all(getattr(audit, name) is not None for name in audit.__all__)


def test_the_top_level_is_what_it_should_be():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    top = {f.split("/")[0] for f in tracked.stdout.split() if not f.startswith(".")}
    folders = {"audit", "train", "suites", "tests", "examples", "docs"}
    files = {"pyproject.toml", "README.md", "Makefile", "LICENSE", "CHANGELOG.md", "constraints.txt"}

    assert top == folders | files
