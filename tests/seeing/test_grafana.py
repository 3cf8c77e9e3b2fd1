"""The dashboard file shows every metric, and nothing that nobody exports; the page lists the same."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from actors.metrics.definitions import METRICS, MetricKind

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "bot-arena.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
NAMES = {each.name: each for each in METRICS}


def queries(panel: dict[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


def test_every_metric_is_shown_and_every_query_finds_one() -> None:
    shown = set()
    for query in itertools.chain.from_iterable(map(queries, PANELS)):
        # with and without the prefix that Ray puts before a name
        selected = re.findall(r'__name__=~"\(ray_\)\?([a-z_]+)",run=~"\$run"(,bot=~"\$bot")?}', query)
        assert query.count("{") == len(selected) > 0
        for name, by_bot in selected:
            metric = NAMES[name]
            assert bool(by_bot) == ("bot" in metric.labels)
            assert ("rate(" in query) <= (metric.kind is MetricKind.COUNTER)
            shown.add(name)
    assert shown == NAMES.keys()


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert len(panel["description"]) > 20
    assert panel["fieldConfig"]["defaults"]["unit"]
    places = [panel, *panel["targets"]]
    assert {place["datasource"]["uid"] for place in places} == {"${datasource}"}


def test_the_panels_stand_side_by_side_the_alarming_ones_first() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
    first = [panel["title"] for panel in PANELS[:4]]
    assert first == ["Failed matches", "Bots taken out", "Lag of realtime markets", "Worst drawdown"]
    variables = {each["name"]: each["type"] for each in DASHBOARD["templating"]["list"]}
    assert variables == {"datasource": "datasource", "run": "query", "bot": "query"}


def test_the_page_lists_every_metric() -> None:
    lines = (ROOT / "docs" / "watching.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| `arena_")]
    expected = [
        (f"`{each.name}`", each.kind, each.unit, ", ".join(each.labels), each.help.removesuffix("."))
        for each in METRICS
    ]
    assert rows == [f"| {' | '.join(cells)} |" for cells in expected]
