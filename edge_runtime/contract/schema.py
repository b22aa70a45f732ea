"""Frozen dataclasses to JSON and back, strictly: unknown, missing or ill-typed keys are refused."""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from edge_runtime.errors import CardSchemaError

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """The value as plain JSON types: dataclasses become objects, tuples become arrays."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    return value


def from_json(cls: type[T], data: Any, where: str = "card") -> T:
    """Build the dataclass ``cls`` from parsed JSON.

    Args:
        cls: A dataclass whose annotations are str, int, float, bool, None, dataclasses,
            ``tuple[X, ...]``, ``tuple[X, Y]``, ``dict[str, X]`` and unions with None.
        data: What ``json.loads`` returned.
        where: Path of ``data`` in the document, for messages.

    Raises:
        CardSchemaError: If a key is unknown or missing, or a value has the wrong type.
    """
    if not isinstance(data, Mapping):
        raise CardSchemaError(f"{where} must be an object. Received: {where}={data!r:.80}")
    hints = typing.get_type_hints(cls)
    unknown = sorted(set(data) - set(hints))
    missing = sorted(set(hints) - set(data))
    if unknown or missing:
        raise CardSchemaError(
            f"{where} must have exactly the keys {sorted(hints)}. "
            f"Received: unknown={unknown}, missing={missing}. "
            "Use the release of melanoma-edge that wrote this file."
        )
    return cls(
        **{name: _parse(hint, data[name], f"{where}.{name}") for name, hint in hints.items()}
    )


def _parse(hint: Any, value: Any, where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in args:
            return None
        return _parse(next(arg for arg in args if arg is not type(None)), value, where)
    if origin is tuple:
        return _parse_tuple(args, value, where)
    if origin is dict and isinstance(value, Mapping):
        return {str(key): _parse(args[1], item, f"{where}.{key}") for key, item in value.items()}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_json(hint, value, where)
    return _parse_scalar(hint, value, where)


def _parse_tuple(args: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise CardSchemaError(f"{where} must be an array. Received: {where}={value!r:.80}")
    item_hints = [args[0]] * len(value) if args[-1] is Ellipsis else list(args)
    if len(item_hints) != len(value):
        raise CardSchemaError(
            f"{where} must have {len(item_hints)} items. Received: {where}={value!r:.80}"
        )
    return tuple(
        _parse(hint, item, f"{where}[{i}]")
        for i, (hint, item) in enumerate(zip(item_hints, value, strict=True))
    )


def _parse_scalar(hint: Any, value: Any, where: str) -> Any:
    if hint is float and type(value) is int:
        try:
            value = float(value)
        except OverflowError:
            value = math.inf
    if type(value) is not hint or (hint is float and not math.isfinite(value)):
        expected = "finite float" if hint is float else getattr(hint, "__name__", str(hint))
        raise CardSchemaError(f"{where} must be a {expected}. Received: {where}={value!r:.80}")
    return value
