"""Contract suites that are shipped: for users' own strategies and for venues."""

from actors.testing.cards import CheckError
from actors.testing.check_strategy import check_strategy
from actors.testing.check_venue import check_venue

__all__ = ["CheckError", "check_strategy", "check_venue"]
