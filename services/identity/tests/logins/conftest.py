"""Two ways to tell two series of times apart, neither of which is fooled by a busy machine.

Times are taken in rounds: in each, every kind once, in an order that chance gives. What slows the machine down slows
all kinds of a round alike.
"""

import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest

SLACK = 1.1
"""A kind may take this much longer than another one: nobody counts on a database to the microsecond."""
ROUNDS_AT_MOST = 0.6
"""In more of the rounds than these it does not take longer than that by chance: of 300 rounds between equals, half at
most, give or take 9 for one standard deviation; a kind that takes 30 % longer does in 7 of 10, though single
times scatter by 20 %."""
DISTANCE_AT_MOST = 0.3
"""And so far its distribution does not lie above the other one's (one-sided Kolmogorov and Smirnov): between equals
of 300 times that happens once in 10^11; one try in three that is answered at once is farther."""


@dataclass(frozen=True, slots=True)
class Gap:
    """How much longer one kind takes than another, beyond the slack: in which share of the rounds, and how far apart
    the distributions lie."""

    slower: str
    quicker: str
    rounds: float
    distance: float

    @property
    def tells(self) -> bool:
        return self.rounds > ROUNDS_AT_MOST or self.distance > DISTANCE_AT_MOST


def gaps(times: Mapping[str, Sequence[float]]) -> list[Gap]:
    """Every pair of kinds, both ways; the n-th times are those of the n-th round."""
    return [
        Gap(slower, quicker, _rounds(times[slower], times[quicker]), _distance(times[slower], times[quicker]))
        for slower in times
        for quicker in times
        if slower != quicker
    ]


def _rounds(slower: Sequence[float], quicker: Sequence[float]) -> float:
    longer = sum(one > other * SLACK for one, other in zip(slower, quicker, strict=True))
    return longer / len(slower)


def _distance(slower: Sequence[float], quicker: Sequence[float]) -> float:
    """The greatest share by which more of the quicker kind has been answered at any time than, with the slack, of the
    slower one."""
    ordered = sorted(slower)
    met = sorted(quicker)
    return max(
        (answered + 1) / len(met) - bisect.bisect_right(ordered, time * SLACK) / len(ordered)
        for answered, time in enumerate(met)
    )


@pytest.fixture
def gaps_in() -> Callable[[Mapping[str, Sequence[float]]], list[Gap]]:
    return gaps
