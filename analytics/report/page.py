"""The parts of a page, and the one file they become: no network, no other files, no third party."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import jinja2
import msgspec
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from analytics.report.content import Provenance


@dataclass(frozen=True, slots=True)
class Cell:
    """Text of a table cell, what to sort it by (None: the text) and its tone: good, bad, quiet or none."""

    text: str
    order: float | None = None
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """Heading of a table column; `hint` explains it. Numbers align right."""

    label: str
    hint: str = ""
    number: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A table that sorts by a click on a heading. Its first column stays in view when it scrolls."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    kind: ClassVar[str] = "table"


@dataclass(frozen=True, slots=True)
class Figure:
    """A plotly figure as plain data. Strings that begin with `@` are colours of the page's theme.

    `label` tells in words what it shows, for readers who cannot see it. `height` in CSS pixels.
    """

    label: str
    data: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]
    height: int
    kind: ClassVar[str] = "figure"


@dataclass(frozen=True, slots=True)
class Gallery:
    """Small named figures side by side, as many in a row as fit."""

    figures: Sequence[tuple[str, Figure]]
    kind: ClassVar[str] = "gallery"


@dataclass(frozen=True, slots=True)
class Text:
    """Paragraphs."""

    paragraphs: Sequence[str]
    kind: ClassVar[str] = "text"


@dataclass(frozen=True, slots=True)
class Listing:
    """Text that keeps its lines, such as a configuration."""

    text: str
    kind: ClassVar[str] = "listing"


Block = Table | Figure | Gallery | Text | Listing


@dataclass(frozen=True, slots=True)
class Section:
    """A headed part of the page. A `folded` one opens on a click."""

    title: str
    blocks: Sequence[Block]
    caption: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """A headline figure."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole report. `kind` is the word above the title."""

    kind: str
    title: str
    subtitle: str
    tiles: Sequence[Tile]
    sections: Sequence[Section]
    provenance: Provenance
    remarks: Sequence[str] = ()


def render(page: Page) -> str:
    """Return the page as one self-contained HTML document; the same page gives the same bytes."""
    figures: list[Figure] = []
    for section in page.sections:
        for block in section.blocks:
            if isinstance(block, Gallery):
                figures += [figure for _, figure in block.figures]
            elif isinstance(block, Figure):
                figures.append(block)
    numbers = {id(figure): number for number, figure in enumerate(figures)}
    payload = msgspec.json.encode([{"data": figure.data, "layout": figure.layout} for figure in figures])
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("analytics.report", "assets"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    assets = Path(__file__).parent / "assets"
    return environment.get_template("report.html").render(
        page=page,
        number_of=lambda figure: numbers[id(figure)],
        style=Markup((assets / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        script=Markup((assets / "report.js").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        plotly=Markup(get_plotlyjs()) if figures else "",  # noqa: S704 - the library's own bundle
        # no text of a bot or file can end the script element that carries the data
        figures=Markup(payload.decode().replace("<", "\\u003c")),  # noqa: S704 - escaped just here
    )


def write(page: Page, path: Path) -> Path:
    """Write the page to `path`, complete or not at all, and return `path`.

    Raises
    ------
    OSError
        The folder cannot be written or the disk is full; what `path` held before is kept.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.write_text(render(page), encoding="utf-8")
        os.replace(unfinished, path)  # noqa: PTH105 - one call that replaces atomically on every platform
    finally:
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()
    return path
