"""Every bot that comes with the project passes the suite that users run on their own."""

from __future__ import annotations

import pytest

from actors.testing.check_strategy import CARDS, check_strategy
from strategies.builtin import BUILTIN


@pytest.mark.parametrize("name", BUILTIN)
def test_contract(name: str) -> None:
    assert len(check_strategy(BUILTIN[name], duration="5m")) == len(CARDS)
