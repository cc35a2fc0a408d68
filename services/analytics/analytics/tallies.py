"""Sums of what a batch adds to and takes from counters, by key, before any counter is touched."""

from collections import defaultdict
from collections.abc import Hashable, Iterator
from decimal import Decimal
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
Amount = int | Decimal


class Tally(Generic[K]):
    """For each key, what is to be added to which of its counters."""

    def __init__(self) -> None:
        self._amounts: defaultdict[K, defaultdict[str, Amount]] = defaultdict(lambda: defaultdict(int))

    def add(self, key: K, /, **amounts: Amount) -> None:
        """Add to this key's counters; naming a key with no amounts marks it as touched."""
        counters = self._amounts[key]
        for name, amount in amounts.items():
            counters[name] += amount

    def __iter__(self) -> Iterator[K]:
        return iter(self._amounts)

    def apply(self, key: K, state: Any) -> None:
        """Add what was tallied for this key to the counters of the same names."""
        for name, amount in self._amounts.get(key, {}).items():
            setattr(state, name, getattr(state, name) + amount)
