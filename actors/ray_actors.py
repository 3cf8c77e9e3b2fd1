"""Asks a cluster's dashboard which actors are alive, without joining the cluster."""

from __future__ import annotations

# isort: off
from actors import ray_environment as _environment  # noqa: F401 - before Ray: see there

from ray.util.state import list_actors
from ray.util.state.exception import RayStateApiException
# isort: on

from actors.status import ActorRow

_LIMIT = 1_000
_TIMEOUT_S = 2


def living_actors(dashboard: str) -> tuple[ActorRow, ...]:
    """Return the actors that are alive, by name; none where the dashboard does not answer.

    The token of a cluster is taken from `RAY_AUTH_TOKEN`, or where Ray looks for it.
    """
    try:
        found = list_actors(
            address=dashboard,
            filters=[("state", "=", "ALIVE")],
            limit=_LIMIT,
            timeout=_TIMEOUT_S,
            detail=True,  # its own name for itself
            raise_on_missing_output=False,
        )
    except (RayStateApiException, ConnectionError, RuntimeError):
        return ()
    rows = [
        ActorRow(name=each.repr_name or each.class_name, pid=each.pid or 0, node=each.node_id or "")
        for each in found
    ]
    return tuple(sorted(rows, key=lambda row: (row.name, row.pid)))
