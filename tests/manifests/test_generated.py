import yaml

from detectscale.manifests_lint.scaled_object import generate
from detectscale.settings import Settings
from tests.manifests.custom_resources import complaints


def test_keda_accepts_what_is_generated():
    bodies = list(yaml.safe_load_all(generate(Settings(), "worker", "shop", None)))

    assert bodies
    assert not [complaint for body in bodies for complaint in complaints(body)]
