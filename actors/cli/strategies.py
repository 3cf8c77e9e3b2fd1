"""`arena strategies`: what there is, and how it is configured."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actors.cli import options
from actors.cli.console import out, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from strategies.api import Strategy

_WORDS = {
    "int": "whole number",
    "float": "number",
    "decimal": "number",
    "str": "text",
    "bool": "true or false",
    "none": "nothing",
    "list": "list",
    "vartuple": "list",
    "dict": "table",
}
_BOUNDS = (("ge", ">="), ("gt", ">"), ("le", "<="), ("lt", "<"))
_DEFINITION = "A name, `module:Class` or `path/to/file.py:Class`."


def strategies(
    name: Annotated[
        str | None,
        typer.Argument(help=f"Show the configuration of this one. {_DEFINITION}", show_default=False),
    ] = None,
    json: options.Json = False,
) -> None:
    """List the strategies, or show one with the fields of its configuration.

    Examples: `arena strategies`, `arena strategies market_maker`
    """
    from strategies.plugins import load_strategy, strategy_names

    if name is not None:
        document = strategy_document(name, load_strategy(name))
        if json:
            print_json(document)
        else:
            console = out()
            console.print(f"{name}: {document['summary']}", markup=False)
            console.print(_fields_table(document))
        return
    documents = [strategy_document(each, load_strategy(each)) for each in strategy_names()]
    if json:
        print_json({"strategies": documents})
        return
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Strategy", no_wrap=True)
    table.add_column("What it does")
    for document in documents:
        table.add_row(document["name"], document["summary"])
    out().print(table)


def strategy_document(name: str, strategy: type[Strategy[Any]]) -> dict[str, Any]:
    """Return a strategy's name, first line and fields."""
    import msgspec

    fields = []
    for field in msgspec.structs.fields(strategy.Config):
        default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
        fields.append(
            {
                "field": field.encode_name,
                "type": _type_text(field.type),
                "default": None if default is msgspec.NODEFAULT else msgspec.to_builtins(default),
                "required": field.required,
            }
        )
    return {"name": name, "summary": _summary(strategy), "fields": fields}


def _summary(strategy: type[Strategy[Any]]) -> str:
    text = inspect.cleandoc(strategy.__doc__ or "")
    return " ".join(text.split("\n\n", maxsplit=1)[0].split())


def _type_text(annotation: Any) -> str:
    """Return a field's type in words, with its bounds."""
    import msgspec

    info = msgspec.inspect.type_info(annotation)
    if isinstance(info, msgspec.inspect.Metadata):
        description = (info.extra_json_schema or {}).get("description")
        return str(description) if description else _type_text_of(info.type)
    return _type_text_of(info)


def _type_text_of(info: Any) -> str:
    from msgspec import inspect as types

    if isinstance(info, types.Metadata):
        return _type_text_of(info.type)
    if isinstance(info, types.UnionType):
        return " or ".join(_type_text_of(member) for member in info.types)
    if isinstance(info, types.LiteralType):
        return " or ".join(repr(value) for value in info.values)
    if isinstance(info, types.EnumType):
        return " or ".join(repr(member.value) for member in info.cls)
    kind = type(info).__name__.removesuffix("Type").lower()
    text = _WORDS.get(kind, kind)
    bounds = [
        f"{sign} {getattr(info, name):g}" for name, sign in _BOUNDS if getattr(info, name, None) is not None
    ]
    return f"{text} {', '.join(bounds)}" if bounds else text


def _fields_table(document: dict[str, Any]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Field", "Default", "Expected"):
        table.add_column(heading, overflow="fold")
    for field in document["fields"]:
        default = "(required)" if field["required"] else _default_text(field["default"])
        table.add_row(field["field"], default, field["type"])
    return table


def _default_text(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)
