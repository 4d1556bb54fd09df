from dataclasses import replace

import pytest

from autoscaler.demand import demand
from autoscaler.observation import Start
from autoscaler.release import fewest
from tests.unit.autoscaler.sights import BUSY, PARAMS

SIX = replace(BUSY, ready=6)


@pytest.mark.parametrize(
    ("seen", "few"),
    [
        pytest.param(replace(SIX, arrival_rate=0.5), 1, id="one is enough"),
        pytest.param(SIX, 2, id="two are enough"),
        pytest.param(replace(SIX, arrival_rate=12.5), 6, id="all are needed"),
        pytest.param(replace(SIX, oldest_age=11.0), 6, id="a backlog is worked off first"),
        pytest.param(replace(SIX, starting=(Start(3.0),)), 6, id="a young start may be cancelled first"),
        pytest.param(replace(SIX, starting=(Start(25.0), Start(3.0))), 7, id="an old one is seen through"),
    ],
)
def test_what_remains_lasts_for_several_cold_starts(seen, few):
    assert fewest(seen, demand(seen, PARAMS), PARAMS.slo_s, settled=True) == few
