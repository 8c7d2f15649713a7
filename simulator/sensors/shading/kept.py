"""Things that take long to make and depend on an array that lives long: kept while they are used."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Kept"]

_Made = TypeVar("_Made")


class Kept(Generic[_Made]):
    """The last few results of a pure function of a large object, told apart by its identity, and of a small key.

    Cameras that are drawn side by side wait for the first one that makes it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._by_key: OrderedDict[tuple[int, Hashable], tuple[object, _Made]] = OrderedDict()

    def get(self, owner: object, key: Hashable, make: Callable[[], _Made]) -> _Made:
        full_key = (id(owner), key)
        with self._lock:
            found = self._by_key.get(full_key)
            if found is None:
                found = (owner, make())  # holds the owner, so that nothing else gets its identity
                self._by_key[full_key] = found
                while len(self._by_key) > self._most:
                    self._by_key.popitem(last=False)
            else:
                self._by_key.move_to_end(full_key)
            return found[1]
