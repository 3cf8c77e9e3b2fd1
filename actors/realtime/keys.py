"""Keys of outside accounts: from the environment, else drawn; never in a file or a log."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping, Sequence

KEY_BYTES_MINIMUM = 16


class AccountKeyError(ValueError):
    """A key that was given cannot be used; the text names its variable, never the key."""


class KeyRing:
    """The keys of the accounts of one market.

    Parameters
    ----------
    accounts
        Their names.
    environment
        Variables in which keys may be given, see `variable_of`.

    Attributes
    ----------
    drawn
        Keys that were not given, by account: to be told once to the person who started the market.

    Raises
    ------
    AccountKeyError
        A key is too short, or two accounts have the same variable.
    """

    def __init__(self, accounts: Sequence[str], environment: Mapping[str, str]) -> None:
        self._keys: dict[str, bytes] = {}
        self.drawn: dict[str, str] = {}
        variables: dict[str, str] = {}
        for account in accounts:
            variable = variable_of(account)
            if variable in variables:
                raise AccountKeyError(
                    f"{variable}: expected to name one account, was {variables[variable]!r} and {account!r}"
                )
            variables[variable] = account
            key = environment.get(variable, "")
            if not key:
                key = self.drawn[account] = secrets.token_urlsafe(24)
            elif len(key.encode()) < KEY_BYTES_MINIMUM:
                raise AccountKeyError(
                    f"{variable}: expected {KEY_BYTES_MINIMUM} bytes or more, was {len(key.encode())}"
                )
            self._keys[account] = key.encode()

    def __contains__(self, account: str) -> bool:
        return account in self._keys

    def fits(self, account: str, key: str) -> bool:
        """Return whether it is the account's key, in a time that tells nothing about it."""
        return hmac.compare_digest(self._keys[account], key.encode())

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"


def variable_of(account: str) -> str:
    """Return the environment variable with an account's key: `ARENA_KEY_MM_3` for `mm-3`."""
    return "ARENA_KEY_" + re.sub(r"[^A-Za-z0-9]", "_", account).upper()
