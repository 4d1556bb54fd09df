"""
Scenarios made here, each of which takes a minute or two: what a store's cameras might bring.

Each is a rate over time, at which groups of arrivals come at random. The same seed gives
the same scenario.
"""

from collections.abc import Callable, Sequence

import numpy as np

from autoscaler.observation import ServiceTime
from autoscaler.simulation.cold_start_law import ColdStartLaw
from autoscaler.simulation.columns import Numbers
from autoscaler.simulation.workload import Workload
from benchmarks.policies.retail import hourly_counts
from frames.errors import ConfigError

SEED = 2026
HOUR_S = 3600.0
COLD_START = ColdStartLaw((0.0, 0.5, 0.9, 1.0), (10.0, 30.0, 50.0, 90.0))
"""Mean 33 s: about what loading a model of some GiB takes; invented, as the rest here."""
PARTITIONS = 24

Rate = Callable[[Numbers], Numbers]
"""Records per second at each of some instants."""


def made_scenarios(say: Callable[[str], None], seed: int = SEED) -> dict[str, Workload]:
    """Make every scenario; *say* is told when the one that needs a package is left out."""
    rng = np.random.default_rng(seed)
    scenarios = {
        "bursts": workload(bursts(rng)),
        "sparse_nights": workload(sparse_nights(rng), slo_s=120.0),
        "steady_day": workload(steady_day(rng)),
        "sale": workload(sale(rng)),
    }
    try:
        scenarios["retail"] = workload(retail(hourly_counts(), rng))
    except ConfigError as error:
        say(f"without retail: {error}")
    return scenarios


def workload(arrivals: Numbers, slo_s: float = 60.0) -> Workload:
    """*arrivals* with workers of 1.8 records a second, one for each partition at most."""
    return Workload(
        arrivals - arrivals[0],
        slo_s,
        ServiceTime(0.5, 0.5),
        max_batch=8,
        cv=0.1,
        partitions=PARTITIONS,
        cold_start=COLD_START,
        rebalance_s=3.0,
        min_replicas=0,
        max_replicas=PARTITIONS,
    )


def bursts(rng: np.random.Generator) -> Numbers:
    """Two hours with ten bursts of up to three minutes at up to six a second, over almost nothing."""
    parts = [poisson(constant(0.01), 2 * HOUR_S, rng)]
    for begin in rng.uniform(0.0, 2 * HOUR_S, 10):
        parts.append(begin + poisson(constant(rng.uniform(1.0, 6.0)), rng.uniform(30.0, 180.0), rng))
    return np.sort(np.concatenate(parts))


def sparse_nights(rng: np.random.Generator) -> Numbers:
    """Two nights of ten hours in which somebody passes a camera about every six minutes."""
    return grouped(poisson(constant(1 / 360), 20 * HOUR_S, rng), mean_size=3.0, spread_s=20.0, rng=rng)


def steady_day(rng: np.random.Generator) -> Numbers:
    """Four hours at three a second, give or take a tenth over the hour."""
    return poisson(lambda at: 3.0 + 0.3 * np.sin(2 * np.pi * at / HOUR_S), 4 * HOUR_S, rng)


def sale(rng: np.random.Generator) -> Numbers:
    """Doors open after twenty quiet minutes: from 0.1 to seven a second in a minute, then falling off."""

    def rate(at: Numbers) -> Numbers:
        open_s = np.maximum(at - HOUR_S / 3, 0.0)
        return 0.1 + 7.0 * np.minimum(open_s / 60.0, 1.0) * np.exp(-open_s / (HOUR_S / 3))

    return poisson(rate, 1.5 * HOUR_S, rng)


def retail(people: Sequence[float], rng: np.random.Generator) -> Numbers:
    """*people* of each hour, in groups of 2.5; between the middles of the hours the rate is linear."""
    middles = (np.arange(len(people)) + 0.5) * HOUR_S
    groups_per_s = np.array(people) / 2.5 / HOUR_S
    groups = poisson(lambda at: np.interp(at, middles, groups_per_s), len(people) * HOUR_S, rng)
    return grouped(groups, mean_size=2.5, spread_s=5.0, rng=rng)


def constant(rate: float) -> Rate:
    """The same at every instant."""
    return lambda at: np.full_like(at, rate)


def poisson(rate: Rate, length_s: float, rng: np.random.Generator) -> Numbers:
    """
    Instants of a Poisson process with *rate*, ascending, by thinning a faster one.

    Source: Lewis and Shedler, Simulation of nonhomogeneous Poisson processes by thinning (1979).
    """
    highest = float(rate(np.arange(0.0, length_s, 1.0)).max()) * 1.01
    candidates = np.sort(rng.uniform(0.0, length_s, rng.poisson(highest * length_s)))
    kept: Numbers = candidates[rng.uniform(0.0, highest, len(candidates)) < rate(candidates)]
    return kept


def grouped(begins: Numbers, mean_size: float, spread_s: float, rng: np.random.Generator) -> Numbers:
    """Where one came, several come within *spread_s*; their number is geometric."""
    each = np.repeat(begins, rng.geometric(1 / mean_size, len(begins)))
    instants: Numbers = np.sort(each + rng.uniform(0.0, spread_s, len(each)))
    return instants
