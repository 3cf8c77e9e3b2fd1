"""The soak finds a defect, names it by a seed, and its command shows it again."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys

import pytest

from tests import soak
from tests.engine.seeded_streams import fails, named, pair_for
from tests.engine.twin import Pair
from tests.engine.venues import VENUES, VenueTerms
from tests.reference.exchange import Command


def with_other_notional(terms: VenueTerms) -> Pair:
    """Return a pair whose twin has another smallest value of an order: the defect to be found."""
    pair = pair_for(terms)
    pair.twin.books[0].minimum_notional = 10**10
    return pair


def run(arguments: list[str], make: soak.PairMaker) -> tuple[int, str]:
    out = io.StringIO()
    return soak.main(arguments, make, out), out.getvalue()


def test_a_defect_is_found_and_its_command_shows_it_again() -> None:
    code, said = run(["--seed", "3", "--seconds", "60", "--commands", "2000"], with_other_notional)
    assert code == 1
    assert "BELOW_MINIMUM" in said or "code=12" in said
    found = re.search(r"DIFFERENCE: seed \d+, venue '\w+', command \d+", said)
    again = re.search(r"python -m tests\.soak (.+)", said)
    assert found
    assert again
    code, second = run(shlex.split(again[1]), with_other_notional)
    assert code == 1
    assert found[0] in second


def test_a_failing_stream_is_made_small_and_printed_as_code() -> None:
    _, said = run(["--seed", "3", "--streams", "1", "--commands", "2000"], with_other_notional)
    small = [eval(line) for line in re.findall(r"^  (Command\(.*\))$", said, re.MULTILINE)]  # noqa: S307 - our own output
    assert all(isinstance(command, Command) for command in small)
    assert len(small) <= 10
    terms = VENUES[named(3)[0]]
    assert fails(terms, small, with_other_notional) is not None
    assert fails(terms, small) is None


def test_an_interrupt_ends_with_a_summary() -> None:
    def interrupted(terms: VenueTerms) -> Pair:
        pair = pair_for(terms)
        apply, left = pair.apply, [1_500]

        def stop_after(command: Command) -> list[object]:
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt
            return list(apply(command))

        pair.apply = stop_after  # type: ignore[method-assign, assignment]
        return pair

    code, said = run(["--seed", "5", "--seconds", "600"], interrupted)
    assert code == 0
    assert "No difference in 1,000 commands, 0 whole streams" in said


def test_a_refused_number_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        soak.main(["--seconds", "-1"])
    assert "--seconds: expected 0 or more, was -1.0" in capsys.readouterr().err


def test_the_module_runs_for_as_long_as_asked() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", "--seconds", "0", "--seed", "7"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "No difference in 0 commands" in done.stdout
