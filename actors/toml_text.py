"""Write configuration structs as TOML that reads back as the same structs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(value: Mapping[str, Any]) -> str:
    """Return a TOML document: plain values first, then tables, then lists of tables.

    Structs are written without the fields that have their defaults; fields that are None are left out.
    """
    return "\n".join(_table("", _plain(value))).strip("\n") + "\n"


def _plain(value: Any) -> Any:
    """Return `value` made of dicts, lists and what TOML has a notation for."""
    if isinstance(value, msgspec.Struct):
        return _fields(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return format(value, "f")
    return value


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    config = struct.__struct_config__
    given: dict[str, Any] = {config.tag_field: config.tag} if config.tag_field is not None else {}
    for field in msgspec.structs.fields(struct):
        value = getattr(struct, field.name)
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        if value is not None and value != default:
            given[field.encode_name] = _plain(value)
    return given


def _table(path: str, table: Mapping[str, Any]) -> list[str]:
    lines = [f"{_key(name)} = {_inline(value)}" for name, value in table.items() if not _is_nested(value)]
    for name, value in table.items():
        below = f"{path}.{_key(name)}" if path else _key(name)
        if isinstance(value, Mapping):
            lines += ["", f"[{below}]", *_table(below, value)]
        elif _is_nested(value):
            for entry in value:
                lines += ["", f"[[{below}]]", *_table(below, entry)]
    return lines


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list) and bool(value) and all(isinstance(entry, Mapping) for entry in value)
    )


def _inline(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(_inline(entry) for entry in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(name)} = {_inline(entry)}' for name, entry in value.items())}}}"
    raise TypeError(f"value: expected what TOML can hold, was {type(value).__name__}")


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's, but JSON leaves the delete character as it is
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
