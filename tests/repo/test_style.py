"""House rules that no linter knows."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("actors", "analytics", "exchange_sim", "strategies")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LINES_MAX = 400
_UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
_IGNORE = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?P<codes>[^#]*)(?P<rest>.*)")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _comments(path: Path) -> list[tokenize.TokenInfo]:
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
    return [token for token in tokens if token.type == tokenize.COMMENT]


def test_a_file_holds_one_idea() -> None:
    long = {_name(path): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in long.items() if lines > LINES_MAX} == {}


def test_a_file_says_what_it_is_for() -> None:
    silent = [_name(path) for path in SOURCES if not path.read_text().startswith(('"""', "#!"))]
    assert [name for name in silent if not name.endswith("__init__.py")] == []


def test_nothing_is_left_unfinished() -> None:
    others = [path for path in [*SOURCES, *TESTS] if path != Path(__file__)]
    left = [(_name(path), token.string) for path in others for token in _comments(path)]
    assert [(name, text) for name, text in left if _UNFINISHED.search(text)] == []


def test_every_ignore_names_its_rule() -> None:
    comments = [(_name(path), token.string) for path in SOURCES for token in _comments(path)]
    bare = [
        (name, text)
        for name, text in comments
        if (found := _IGNORE.search(text)) and not re.search(r"[A-Za-z]", found["codes"])
    ]
    assert bare == []


def test_documents_and_configuration_name_no_place_of_a_machine() -> None:
    texts = [ROOT / name for name in ("pyproject.toml", "constraints.txt", "Makefile", "cluster.yaml")]
    texts += [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").iterdir()]
    for path in texts:
        if path.is_file():
            assert not re.search(
                r"(?<![\w./~-])/(?:home|root|Users|work|tmp)/|https?://[^\s)]*simple", path.read_text()
            ), path
