"""A match as a trainable of Ray Tune, for its schedulers and searchers in place of `arena search`.

    pip install 'bot-arena[tune]'
    python examples/ray_tune.py

Tune handles 6 to 11 trials a second (0.4 without `reuse_actors`), `arena search` hundreds, and it says how
far its best may be luck. The objective is the contest file's: both agree on what a configuration is worth.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ray import tune

from actors.config import SearchSpec
from actors.config_files import load_search
from actors.match import run_match
from actors.objective import objective_value
from actors.record import record_of
from actors.search import trial_jobs, with_params


def trainable(spec: SearchSpec) -> Any:
    """Return what Tune calls with a trial's parameters: it plays the matches of `spec` and reports."""

    def trial(params: dict[str, Any]) -> None:
        bot = with_params(spec.bot, params)
        jobs = trial_jobs(spec, 0, bot)
        played = [row for job in jobs for row in record_of(job, run_match(job.match)).rows]
        rows = [row for row in played if row.bot == bot.name]
        tune.report({"objective": objective_value(spec.search.objective, rows)})

    return trial


SPACE = {
    "half_spread": tune.loguniform(0.0002, 0.002),
    "skew_weight": tune.quniform(0.0, 1.0, 0.25),
    "requote": tune.choice(["500ms", "1s", "2s"]),
}


def search(spec: SearchSpec, samples: int, storage: Path | None = None) -> tune.ResultGrid:
    """Try `samples` configurations of the bot and return how they did."""
    tuner = tune.Tuner(
        trainable(spec),
        param_space=SPACE,
        tune_config=tune.TuneConfig(metric="objective", mode="max", num_samples=samples, reuse_actors=True),
        run_config=tune.RunConfig(storage_path=str(storage) if storage else None, verbose=0),
    )
    return tuner.fit()


if __name__ == "__main__":
    best = search(load_search(Path(__file__).with_name("search.toml")), samples=12).get_best_result()
    sys.stdout.write(f"{best.config}: {best.metrics['objective']:+.4%}\n")
