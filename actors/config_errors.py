"""Turn a decoder's complaint into one line: the field's path, the value, and what was expected."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")

_WHERE = re.compile(r"^(?P<text>.*?)(?: - at `\$(?P<where>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+|\.\.\.)\]")
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>[^`]*)`")
_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]*)`")
_EXPECTED = re.compile(r"^Expected (?P<expected>.*?)(?:, got (?P<got>`.*`))?$")
_OWN = re.compile(r"^(?P<field>[A-Za-z_][\w.\[\]]*): (?P<rest>.*)$", re.DOTALL)


class ConfigError(ValueError):
    """A configuration that cannot be used.

    Attributes
    ----------
    source
        File, or what else the configuration came from.
    path
        The field, like `bots[1].config.fast`; empty for the whole file.
    problem
        The value and what was expected.
    """

    def __init__(self, source: str | Path, path: str, problem: str) -> None:
        self.source = str(source)
        self.path = path
        self.problem = problem
        super().__init__(f"{self.source}: {path}: {problem}" if path else f"{self.source}: {problem}")

    def __reduce__(self) -> tuple[type[ConfigError], tuple[str, str, str]]:
        return type(self), (self.source, self.path, self.problem)


def convert(raw: object, kind: type[T], *, source: str | Path, at: str = "") -> T:
    """Return `raw` (plain dicts, lists and numbers) as a `kind`, or say which field is wrong.

    Parameters
    ----------
    source
        Named at the start of the error.
    at
        Path of `raw` inside the source, put before the path of the field.

    Raises
    ------
    ConfigError
        A field is unknown, missing, of another type or out of range.
    """
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        path, problem = explain(str(error), raw, kind)
        raise ConfigError(source, _join(at, path), problem) from None


def explain(message: str, raw: object, kind: Any) -> tuple[str, str]:
    """Return the path of the wrong field and the problem, from the decoder's message about `raw`."""
    matched = _WHERE.match(message)
    text, where = (matched["text"], matched["where"] or "") if matched else (message, "")
    path, value, info = _walk(where, raw, inspect.type_info(kind))
    if found := _UNKNOWN.match(text):
        return _join(path, found["name"]), _unknown_field(found["name"], value, info)
    if found := _MISSING.match(text):
        return _join(path, found["name"]), _missing_field(found["name"], info)
    if found := _OWN.match(text):
        return _join(path, found["field"]), found["rest"]
    return path, f"{_expectation(text, info)}, was {_shown(value)}"


def _expectation(text: str, info: inspect.Type) -> str:
    """Return the decoder's complaint about one value as `expected ...`."""
    if text.startswith(("Invalid value", "Invalid enum value")):
        return f"expected {_choices(info)}"
    if text.startswith("Invalid decimal"):
        return "expected a decimal number"
    if found := _EXPECTED.match(text):
        return f"expected {_described(info) or found['expected'].replace('`', '')}"
    return text


def _walk(where: str, value: object, info: inspect.Type) -> tuple[str, object, inspect.Type]:
    """Follow the decoder's path through the raw value and its type at once."""
    path = ""
    for step in _STEP.finditer(where):
        info = _alternative(info, value)
        if step["name"] is not None:
            name = step["name"]
            path = _join(path, name)
            value = value.get(name) if isinstance(value, Mapping) else None
            info = _field(info, name)
        elif step["index"] == "..." and isinstance(value, Mapping):
            name, value, info = _wrong_entry(value, info)
            path = _join(path, name)
        elif isinstance(value, list | tuple) and step["index"].isdecimal():
            path = f"{path}[{step['index']}]"
            value = value[int(step["index"])]
            info = getattr(info, "item_type", info)
    return path, value, _alternative(info, value)


def _alternative(info: inspect.Type, value: object) -> inspect.Type:
    """Return the member of a union that `value` was meant to be, without its annotations."""
    if isinstance(info, inspect.Metadata) and not isinstance(info.type, inspect.StrType):
        return _alternative(info.type, value)
    if not isinstance(info, inspect.UnionType):
        return info
    if isinstance(value, list | tuple):
        arrays = [member for member in info.types if hasattr(_bare(member), "item_type")]
        return _bare(arrays[0]) if arrays else info
    if isinstance(value, Mapping):
        members = [member for member in map(_bare, info.types) if isinstance(member, inspect.StructType)]
        for member in members:
            if member.tag_field and value.get(member.tag_field) == member.tag:
                return member
        if len(members) == 1:
            return members[0]
    return info


def _bare(info: inspect.Type) -> inspect.Type:
    return info.type if isinstance(info, inspect.Metadata) else info


def _field(info: inspect.Type, name: str) -> inspect.Type:
    if isinstance(info, inspect.StructType):
        for field in info.fields:
            if field.encode_name == name:
                return field.type
    return info


def _wrong_entry(value: Mapping[str, object], info: inspect.Type) -> tuple[str, object, inspect.Type]:
    """Return the first entry of a table that does not fit: the decoder does not name it."""
    member = info.value_type if isinstance(info, inspect.DictType) else info
    bare = _bare(member)
    if isinstance(bare, inspect.StructType):
        for name, entry in value.items():
            try:
                msgspec.convert(entry, bare.cls)
            except msgspec.ValidationError:
                return name, entry, member
    return "*", value, member


def _unknown_field(name: str, value: object, info: inspect.Type) -> str:
    known = [field.encode_name for field in info.fields] if isinstance(info, inspect.StructType) else []
    given = value.get(name) if isinstance(value, Mapping) else None
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown field (was {_shown(given)}); {hint}expected one of {', '.join(known)}"


def _missing_field(name: str, info: inspect.Type) -> str:
    if isinstance(info, inspect.UnionType):
        return f"expected {_choices(info)}, was missing"
    field = _field(info, name)
    described = _described(field)
    return f"expected {described}, was missing" if described else "expected a value, was missing"


def _choices(info: inspect.Type) -> str:
    """Return what a tag or an enumeration may be."""
    values: list[object] = []
    if isinstance(info, inspect.UnionType):
        values = [member.tag for member in map(_bare, info.types) if isinstance(member, inspect.StructType)]
    elif isinstance(info, inspect.StructType):
        values = [info.tag]
    elif isinstance(info, inspect.LiteralType):
        values = list(info.values)
    elif isinstance(info, inspect.EnumType):
        values = [member.value for member in info.cls]
    return " or ".join(repr(value) for value in values) if values else "another value"


def _described(info: inspect.Type) -> str:
    """Return the description in a field's annotation, where there is one."""
    if isinstance(info, inspect.Metadata) and info.extra_json_schema:
        return str(info.extra_json_schema.get("description", ""))
    return ""


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _join(path: str, name: str) -> str:
    if not path or not name:
        return path or name
    return f"{path}{name}" if name.startswith("[") else f"{path}.{name}"
