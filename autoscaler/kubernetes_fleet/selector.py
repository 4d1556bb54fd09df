"""
Which pods a Deployment means: its label selector; pure.
"""

from collections.abc import Callable, Mapping, Sequence

from autoscaler.kubernetes_fleet.api import Json

OPERATORS: Mapping[str, Callable[[str | None, Sequence[str]], bool]] = {
    "In": lambda value, values: value in values,
    "NotIn": lambda value, values: value not in values,
    "Exists": lambda value, values: value is not None,
    "DoesNotExist": lambda value, values: value is None,
}


def selects(selector: Json, labels: Mapping[str, str]) -> bool:
    """
    Whether *selector* means what has these *labels*.

    >>> selects({"matchLabels": {"app": "worker"}}, {"app": "worker", "version": "2"})
    True
    """
    equal = selector.get("matchLabels", {}).items() <= labels.items()
    return equal and all(
        OPERATORS[one["operator"]](labels.get(one["key"]), one.get("values", ()))
        for one in selector.get("matchExpressions", ())
    )
