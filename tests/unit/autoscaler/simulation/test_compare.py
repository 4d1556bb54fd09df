import io

import numpy as np
import pytest
from rich.console import Console

from autoscaler.simulation.compare import compare
from autoscaler.simulation.picture import draw
from autoscaler.simulation.run import run
from detectscale.simulate import as_json, table
from tests.unit.autoscaler.simulation.worlds import Script, workload

RUSH = workload(np.repeat(np.arange(60) * 2.0, 3), slo_s=40.0)
"""1.5 records a second for two minutes; a worker finishes two."""


def test_hindsight_takes_the_cheapest_that_is_on_time_enough():
    (row,) = compare(RUSH, ["always-on"], seeds=2).rows

    assert row.candidate.settings == "1 workers"
    assert row.figures.attainment == row.worst_attainment == 1


def test_hindsight_takes_the_most_punctual_where_none_is_on_time_enough():
    (row,) = compare(workload(np.zeros(2000), slo_s=40.0), ["always-on"], seeds=1).rows

    assert row.candidate.settings == "4 workers"


def test_the_report_has_a_row_for_each_policy_in_the_order_asked_for():
    comparison = compare(RUSH, ["keda-rule", "deadline-drain"], seeds=2)

    report = as_json(comparison)

    assert report["bound_gpu_seconds"] == comparison.bound_gpu_seconds
    assert [row["policy"] for row in report["rows"]] == ["keda-rule", "deadline-drain"]
    assert report["rows"][0].keys() >= {
        "policy",
        "gpu_seconds",
        "times_bound",
        "attainment",
        "p50_s",
        "p99_s",
        "cold_starts",
        "max_replicas",
    }


def test_what_is_infinite_is_null_in_the_report():
    comparison = compare(workload(np.zeros(9000), slo_s=40.0), ["keda-default"], seeds=1)

    report = as_json(comparison)

    assert (
        report["bound_gpu_seconds"] is report["rows"][0]["times_bound"] is report["rows"][0]["p99_s"] is None
    )


def test_the_table_fits_80_columns_and_names_what_hindsight_chose():
    comparison = compare(RUSH, ["deadline-drain", "always-on"], seeds=1)
    console = Console(width=80, file=io.StringIO())

    console.print(table(RUSH, comparison, seeds=1))

    printed = console.file.getvalue()
    assert "deadline-drain" in printed
    assert "always-on, best in hindsight: 1 workers" in printed
    assert "…" not in printed


def test_a_picture_has_a_column_for_each_run(tmp_path):
    pytest.importorskip("matplotlib")
    runs = {name: run(RUSH, Script([(0.0, n)]), seed=0) for n, name in enumerate(("one", "two"), start=1)}

    draw(runs, slo_s=40.0, path=tmp_path / "runs.png")

    assert (tmp_path / "runs.png").read_bytes().startswith(b"\x89PNG")
