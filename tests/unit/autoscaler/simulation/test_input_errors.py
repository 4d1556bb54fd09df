import gzip

import numpy as np
import pytest

from autoscaler.observation import ServiceTime
from autoscaler.simulation.arrivals_file import read_arrivals
from autoscaler.simulation.cold_start_law import ColdStartLaw
from detectscale.simulate import simulate
from frames.errors import ConfigError
from tests.unit.autoscaler.simulation.worlds import workload


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "is empty", id="nothing at all"),
        pytest.param("at\n", "is empty", id="no row"),
        pytest.param("at\n1\n3\n2\n", "at must ascend, but 2 comes after 3", id="unsorted"),
        pytest.param("at\n-1\n3\n", "at must be 0 or later, got -1", id="negative"),
        pytest.param("at\n1\nnoon\n", ":3: 'noon' is not a number", id="a word"),
        pytest.param("at\n1\nnan\n", ":3: 'nan' is not a number", id="not a number by name"),
        pytest.param("at\n1\ninf\n", ":3: 'inf' is not a number", id="infinite"),
        pytest.param("at,camera\n1,a\n,b\n", ":3: '' is not a number", id="a gap"),
        pytest.param("1\n2\n", "needs a header line with at, got ['1']", id="no header"),
    ],
)
def test_a_trace_that_cannot_be_used_is_one_clear_line(tmp_path, text, message):
    trace = tmp_path / "trace.csv"
    trace.write_text(text)

    with pytest.raises(ConfigError) as raised:
        read_arrivals(trace)

    assert message in str(raised.value)
    assert str(raised.value).startswith(str(trace))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["missing.csv", "not-zipped.csv.gz", "latin.csv"])
def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path, name):
    (tmp_path / "not-zipped.csv.gz").write_text("at\n1\n")
    (tmp_path / "latin.csv").write_bytes(b"at\n\xff\n")

    with pytest.raises(ConfigError, match=f"{name}: cannot be read as CSV"):
        read_arrivals(tmp_path / name)


def test_a_trace_counts_from_its_first_arrival(tmp_path):
    plain, zipped = tmp_path / "trace.csv", tmp_path / "trace.csv.gz"
    plain.write_text("camera,at\na,100\nb,100.5\nc,103\n")
    zipped.write_bytes(gzip.compress(plain.read_bytes()))

    assert read_arrivals(plain).tolist() == read_arrivals(zipped).tolist() == [0, 0.5, 3]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"service": ServiceTime(0, 0)}, "service time of one frame: must be above 0 s", id="no time"
        ),
        pytest.param(
            {"service": ServiceTime(-1, 2)}, "overhead: must be 0 s or longer, got -1", id="negative time"
        ),
        pytest.param(
            {"service": ServiceTime(0, np.nan)}, "per frame: must be 0 s or longer, got nan", id="no number"
        ),
        pytest.param(
            {"min_replicas": 5}, "max: must be at least 1 and min, which is 5, got 4", id="max < min"
        ),
        pytest.param({"max_replicas": 0}, "max: must be at least 1", id="nobody"),
        pytest.param({"slo_s": 0}, "slo: must be above 0 s, got 0", id="no goal"),
        pytest.param({"max_batch": 0}, "max batch: must be at least 1, got 0", id="empty batches"),
        pytest.param({"partitions": 0}, "partitions: must be at least 1, got 0", id="no partition"),
        pytest.param({"cv": -0.1}, "cv: must be at least 0, got -0.1", id="negative spread"),
    ],
)
def test_an_impossible_workload_is_refused(changes, message):
    with pytest.raises(ConfigError) as raised:
        workload([0.0], **changes)

    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("quantile,seconds\n0.5,3\n0.9,2\n1,4\n", "seconds must", id="falling seconds"),
        pytest.param("quantile,seconds\n0.5,3\n0.4,4\n1,4\n", "quantiles must", id="falling quantiles"),
        pytest.param("quantile,seconds\n0.5,3\n", "quantiles must", id="no last quantile"),
        pytest.param("seconds\n3\n", "needs a header line with quantile, seconds", id="a column is missing"),
    ],
)
def test_a_cold_start_law_that_is_none_is_refused(tmp_path, text, message):
    law = tmp_path / "law.csv"
    law.write_text(text)

    with pytest.raises(ConfigError, match=message):
        ColdStartLaw.parse(str(law))


@pytest.mark.parametrize("text", ["-1", "nan", "inf"])
def test_a_cold_start_takes_a_number_of_seconds(text):
    with pytest.raises(ConfigError, match=f"cold start: {text}: must be 0 s or longer"):
        ColdStartLaw.parse(text)


def test_a_law_starts_with_two_seconds_at_quantile_0(tmp_path):
    law = tmp_path / "law.csv"
    law.write_text("quantile,seconds\n0.5,10\n1,20\n")

    assert ColdStartLaw.parse(str(law)) == ColdStartLaw((0.0, 0.5, 1.0), (2.0, 10.0, 20.0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"policies": ["keda-rule", "magic"]}, "policy: must be of .*, got magic", id="unknown policy"
        ),
        pytest.param({"policies": []}, "policy: must be of .*, got none", id="no policy"),
        pytest.param({"seeds": 0}, "seeds: must be at least 1, got 0", id="no seed"),
        pytest.param(
            {"report": "nowhere/report.json"}, "nowhere.report.json: the folder", id="no such folder"
        ),
    ],
)
def test_wrong_arguments_are_refused_before_anything_runs(tmp_path, changes, message):
    usual = {
        "arrivals": tmp_path / "missing.csv",
        "slo_s": 60.0,
        "overhead_s": 0.5,
        "per_frame_s": 0.5,
        "max_batch": 8,
        "cv": 0.1,
        "partitions": 12,
        "cold_start": "35",
        "rebalance_s": 3.0,
        "min_replicas": 0,
        "max_replicas": None,
        "seeds": 3,
        "policies": ["keda-rule"],
        "report": None,
        "plot": None,
    }
    if "report" in changes:
        changes = {"report": tmp_path / changes["report"]}

    with pytest.raises(ConfigError, match=message):
        simulate(**(usual | changes))
