"""One lock for each key, so that two callers who want the same thing share the work."""

import threading
from collections.abc import Hashable


class Locks:
    """Locks by key, each made when it is first asked for and then kept."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()

    def __getitem__(self, key: Hashable) -> threading.Lock:
        with self._guard:  # hashing and comparing a key let other threads run
            return self._locks.setdefault(key, threading.Lock())
