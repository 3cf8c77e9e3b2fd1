"""`arena cluster`: look at a cluster's description before machines are started."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actors.cli import options
from actors.cli.console import out, print_json

app = typer.Typer(no_args_is_help=True, help="Ray clusters: check the file that describes one.")


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="File for `ray up`, or a KubeRay manifest.")],
    json: options.Json = False,
) -> None:
    """Check a cluster file without a cluster.

    Misspelt keys, missing values, node types that can hold no match process, and clusters that would take
    jobs without a token are one line each.

    Examples: `arena cluster check cluster.yaml`, `arena cluster check deploy/kuberay/raycluster.yaml`
    """
    import msgspec
    from rich import box
    from rich.table import Table

    from actors.cluster_file import check_cluster_file

    plan = check_cluster_file(file)
    if json:
        print_json({**msgspec.to_builtins(plan), "places": plan.places})
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Node", "CPUs", "Memory GB", "Nodes", "Matches at once"):
        table.add_column(heading, justify="left" if heading == "Node" else "right")
    for node in plan.nodes:
        span = str(node.most) if node.least == node.most else f"{node.least} to {node.most}"
        table.add_row(
            node.name,
            "-" if node.cpus is None else f"{node.cpus:g}",
            "-" if node.memory_bytes is None else f"{node.memory_bytes / 1e9:.1f}",
            span,
            "-" if node.cpus is None else str(node.places * node.most),
        )
    console = out()
    console.print(f"{plan.file}: {plan.kind}, nothing wrong found", markup=False)
    console.print(table)
