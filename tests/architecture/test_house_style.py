"""Rules of the house that no linter checks: sizes, docstrings, words."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("edge_runtime", "trainer", "converter", "benchmarks")
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40  # without the docstring
# A score is no finding, and no file may sound as if it were.
FORBIDDEN_WORDS = re.compile(r"\bdiagnos|\bhealthy\b", re.IGNORECASE)
# Names that say nothing of what is inside.
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "misc", "base"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def source_files(*folders: str) -> tuple[Path, ...]:
    found = tuple(sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")))
    assert found
    return found


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, Function):
            yield node


def lines_of_code(function: Function) -> int:
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def name_of(path: Path, node: Function | ast.ClassDef | None = None) -> str:
    name = path.relative_to(ROOT).as_posix()
    return name if node is None else f"{name}:{node.lineno} {node.name}"


def test_files_are_short() -> None:
    counted = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in source_files(*PACKAGES, "tests")
    }
    assert {name: lines for name, lines in counted.items() if lines > MAX_FILE_LINES} == {}


def test_functions_are_short() -> None:
    long = [
        f"{name_of(path, function)}: {lines_of_code(function)} lines"
        for path in source_files(*PACKAGES, "tests")
        for function in functions(path)
        if lines_of_code(function) > MAX_FUNCTION_LINES
    ]
    assert long == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        name_of(path)
        for path in source_files(*PACKAGES)
        if ast.get_docstring(tree_of(path)) is None
    ]
    assert silent == []


def public(body: list[ast.stmt]) -> Iterator[Function | ast.ClassDef]:
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


def test_everything_public_says_what_its_caller_gets() -> None:
    silent = [
        name_of(path, node)
        for path in source_files(*PACKAGES)
        for node in public(tree_of(path).body)
        if ast.get_docstring(node) is None
    ]
    assert silent == []


def test_the_packages_neither_print_nor_assert() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in source_files(*PACKAGES)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Assert)
        or (isinstance(node, ast.Call) and getattr(node.func, "id", None) == "print")
    ]
    assert found == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_word_promises_what_a_score_cannot(package: str) -> None:
    texts = [
        path for path in (ROOT / package).rglob("*") if path.suffix in {".py", ".html", ".json"}
    ]
    found = [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in texts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if FORBIDDEN_WORDS.search(line)
    ]
    assert found == []


def test_file_names_say_what_is_inside() -> None:
    vague = [name_of(path) for path in source_files(*PACKAGES) if path.stem in VAGUE_NAMES]
    assert vague == []
