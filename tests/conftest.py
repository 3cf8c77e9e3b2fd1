"""One Ray cluster for the whole session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.cluster import Cluster, connected
from actors.run_options import ClusterSettings

CPUS = 5
SHARED_MB = 200


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[Cluster]:
    """A cluster on loopback with more CPUs on paper than the machine has: its workers mostly wait."""
    with connected(ClusterSettings(workers=CPUS, object_store_mb=SHARED_MB)) as cluster:
        yield cluster
