"""The settings files in `docs/settings` say what they promise."""

from pathlib import Path

import pytest

from detectscale.settings import load_settings
from workers.freshness import Freshness

FOLDER = Path(__file__).parents[3] / "docs" / "settings"


@pytest.mark.parametrize(
    ("name", "source", "max_age_s", "newest"),
    [
        ("medical", "/hospitals/3/ct", None, False),
        ("shop", "/stores/12/cameras/till-3", 30, False),
        ("shop", "/stores/12/cameras/door", 10, False),
        ("driving", "/cars/7/front", 1, True),
    ],
)
def test_an_example_drops_what_its_users_do_not_want(name, source, max_age_s, newest):
    settings = load_settings(FOLDER / f"{name}.yaml", environment={}).worker

    rule = Freshness(settings.freshness, settings.max_age_s).rule(source)

    assert (rule.max_age_s, rule.newest) == (max_age_s, newest)


def test_every_example_is_tested():
    assert {file.stem for file in FOLDER.iterdir()} == {"medical", "shop", "driving"}
