"""The error tree: drawn as it is, and each branch with the exit code that was promised."""

import importlib.util
import inspect
import re
from collections.abc import Iterator

import pytest

from edge_runtime import errors
from edge_runtime.console import EXIT_CODES
from edge_runtime.errors import MelanomaError

PACKAGES = ("edge_runtime", "trainer", "converter", "benchmarks")
PROMISED = {
    "ContractError": 3,
    "InputError": 4,
    "DatasetError": 4,
    "DeviceError": 5,
    "MissingDependencyError": 5,
    "OutputExistsError": 2,
    "ConversionError": 6,
    "BenchmarkError": 7,
}


def error_classes() -> Iterator[type[MelanomaError]]:
    names = [f"{package}.errors" for package in PACKAGES]
    for name in filter(importlib.util.find_spec, names):
        for _, error in inspect.getmembers(importlib.import_module(name), inspect.isclass):
            if issubclass(error, MelanomaError) and error.__module__ == name:
                yield error


def drawn() -> dict[str, int]:
    """Depth of each class of this module in the tree of its docstring."""
    lines = re.findall(r"^([│├└─ ]*)(\w+Error)\b(?! \[)", errors.__doc__ or "", re.MULTILINE)
    return {name: len(indent) // 3 for indent, name in lines}


def test_every_error_of_the_edge_is_drawn_at_its_place() -> None:
    tree = drawn()
    for error in error_classes():
        if error.__module__ == errors.__name__:
            assert tree[error.__name__] == len(error.__mro__) - len(MelanomaError.__mro__)


def test_everything_drawn_exists() -> None:
    assert set(drawn()) == {name for name in vars(errors) if name.endswith("Error")}


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_a_branch_ends_a_command_with_its_exit_code(name: str) -> None:
    branch = [error for error in error_classes() if name in {e.__name__ for e in error.__mro__}]
    assert branch
    assert {error.exit_code for error in branch} == {PROMISED[name]}


def test_every_exit_code_is_explained_in_the_help() -> None:
    explained = set(map(int, re.findall(r"\b(\d+) [a-z]", EXIT_CODES)))
    assert {0, *(error.exit_code for error in error_classes())} <= explained
