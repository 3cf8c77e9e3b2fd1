"""Tables of a run's catalogue.

What is read for single matches has columns; what only leaderboards read, always for many matches at once, is
one blob per match (`matches.figures`, rows of `analytics.match_table.FIGURES` in the order of `line_up`): a
hundred thousand matches are ranked from it in about a second.
"""

from __future__ import annotations

from typing import Final

SCHEMA_VERSION: Final = 3
"""Raised with every change of a table."""

_MATCHES: Final = (
    ("match_id", "TEXT PRIMARY KEY"),
    ("position", "INTEGER NOT NULL"),
    ("round", "INTEGER NOT NULL"),
    ("format", "TEXT NOT NULL"),
    ("contest", "TEXT NOT NULL"),
    ("block", "TEXT NOT NULL"),
    ("subject", "TEXT NOT NULL"),
    ("trial", "INTEGER NOT NULL"),
    ("seed", "INTEGER NOT NULL"),
    ("market", "TEXT NOT NULL"),  # its kind
    ("spec_digest", "TEXT NOT NULL"),
    ("status", "TEXT NOT NULL CHECK (status IN ('done', 'failed'))"),
    ("error", "TEXT NOT NULL"),
    ("detail", "TEXT NOT NULL"),
    ("digest", "TEXT NOT NULL"),
    ("market_digest", "TEXT NOT NULL"),
    ("instruments", "TEXT NOT NULL"),  # JSON
    ("start_ns", "INTEGER NOT NULL"),
    ("end_ns", "INTEGER NOT NULL"),
    ("requests", "INTEGER NOT NULL"),
    ("line_up", "TEXT NOT NULL"),  # JSON, the bots' names in account order
    ("figures", "BLOB NOT NULL"),
)

_BOTS: Final = (
    ("match_id", "TEXT NOT NULL"),
    ("seat", "INTEGER NOT NULL"),  # account order
    ("name", "TEXT NOT NULL"),
    ("strategy", "TEXT NOT NULL"),
    ("start_equity", "REAL"),
    ("final_equity", "REAL"),
    ("total_return", "REAL"),
    ("fees", "REAL"),
    ("volume", "REAL"),
    ("maker_volume", "REAL"),
    ("fills", "INTEGER"),
    ("orders", "INTEGER"),
    ("denied", "INTEGER"),
    ("rejected", "INTEGER"),
    ("canceled", "INTEGER"),
    ("funding", "REAL"),
    ("liquidations", "INTEGER"),
    ("deleveraged", "INTEGER"),
    ("insurance", "REAL"),
    ("disqualified", "TEXT NOT NULL"),
    ("max_drawdown", "REAL"),
)


def _table(name: str, columns: tuple[tuple[str, str], ...], key: str = "") -> str:
    """Return the statement that makes a table; one with a composite key is stored in the order of its key."""
    text = ", ".join(f"{column} {kind}" for column, kind in columns)
    return (
        f"CREATE TABLE {name} ({text}, PRIMARY KEY ({key})) WITHOUT ROWID"
        if key
        else (f"CREATE TABLE {name} ({text})")
    )


SCHEMA: Final = (
    """CREATE TABLE run (
        kind TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, code TEXT NOT NULL, spec TEXT NOT NULL
    )""",
    _table("matches", _MATCHES),
    "CREATE INDEX matches_position ON matches (position)",
    "CREATE INDEX matches_status ON matches (status, format)",
    "CREATE INDEX matches_trial ON matches (trial) WHERE trial >= 0",
    _table("bots", _BOTS, "match_id, seat"),
    "CREATE INDEX bots_return ON bots (name, total_return)",
    "CREATE INDEX bots_best ON bots (total_return)",
    "CREATE INDEX bots_out ON bots (match_id) WHERE disqualified != ''",
    """CREATE TABLE markets (
        match_id TEXT NOT NULL, position INTEGER NOT NULL, instrument TEXT NOT NULL, first REAL, last REAL,
        volume REAL, trades INTEGER NOT NULL, mean_spread_bps REAL, PRIMARY KEY (match_id, position)
    ) WITHOUT ROWID""",
    """CREATE TABLE series (
        match_id TEXT NOT NULL, kind TEXT NOT NULL, path TEXT NOT NULL, at INTEGER NOT NULL,
        size INTEGER NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (match_id, kind)
    ) WITHOUT ROWID""",
    """CREATE TABLE trials (
        number INTEGER PRIMARY KEY, params TEXT NOT NULL, value REAL, seed_values TEXT NOT NULL,
        error TEXT NOT NULL
    )""",
    """CREATE TABLE timings (
        match_id TEXT PRIMARY KEY, cpu_s REAL, wall_s REAL, memory_mb REAL
    ) WITHOUT ROWID""",
)

LASTING: Final = {
    "run": "*",
    "matches": "*",
    "bots": "*",
    "markets": "*",
    "series": "match_id, kind, size, digest",
    "trials": "*",
}
"""Columns whose content depends on the run's specification alone, by table."""

WIDTHS: Final = {"matches": len(_MATCHES), "bots": len(_BOTS), "markets": 8, "series": 6, "timings": 4}
"""Values of a row, by table that has rows of matches."""
