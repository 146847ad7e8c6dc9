"""A list of networks: an entry is found by name, loaded once, and may have a fallback."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

from hub.locks import Locks
from hub.sources import WeightsUnavailable


class Entry(Protocol):
    """What a catalog needs to know of an entry, which is a frozen dataclass.

    fallback: name of the entry that answers when this one is the default and can't be had.
    """

    @property
    def name(self) -> str: ...
    @property
    def fallback(self) -> str | None: ...


E = TypeVar("E", bound=Entry)
L = TypeVar("L")


class Catalog(Generic[E, L]):
    """Entries by name, and what is loaded from them.

    kind: what an entry is called in a sentence, such as "model".
    published: the entries that everybody has, the default first.
    load: makes an entry ready; gives a frozen dataclass with a field `note`.
    own: gives the owner's own entry, which is then the default, or None. It is called whenever
        the catalog is used, so it must not raise: what is wrong with the entry is for `load`
        to tell. It must give equal entries while the environment stays as it is, because
        what is loaded is kept by the entry's value.
    unknown: the error for a name that is not in the catalog.
    kept: so many loaded ones are kept; the least recently used goes.
    """

    def __init__(
        self,
        kind: str,
        published: Sequence[E],
        load: Callable[..., L],
        *,
        own: Callable[[], E | None],
        unknown: type[ValueError],
        kept: int = 4,
    ) -> None:
        self._kind = kind
        self._published = tuple(published)
        self._own = own
        self._unknown = unknown
        self._load: Callable[..., L] = lru_cache(maxsize=kept)(load)
        self._loading = Locks()

    def entries(self) -> dict[str, E]:
        """All entries by name, the default first."""
        own = self._own()
        entries = self._published if own is None else (own, *self._published)
        return {entry.name: entry for entry in entries}

    def names(self) -> list[str]:
        """The names of all entries, the default's first."""
        return list(self.entries())

    def find(self, name: str | None = None) -> E:
        """The entry called `name`; the default where it is None or "". Raises `unknown`."""
        entries = self.entries()
        if not name:
            return next(iter(entries.values()))
        if name not in entries:
            raise self._unknown(
                f"There is no {self._kind} called “{name}”. Choose one of: {', '.join(entries)}."
            )
        return entries[name]

    def load(self, name: str | None = None, *given: Hashable) -> L:
        """The entry called `name`, or the default, ready to run; `load` is also told `given`.

        The first call loads it and later ones share it; so do two at once. Where the default
        can't be had its fallback is returned, with a `note` that says so; an entry that is
        asked for by name never falls back.
        Raises `unknown` and `WeightsUnavailable`.
        """
        entry = self.find(name)
        try:
            return self._shared(entry, *given)
        except WeightsUnavailable as error:
            if name or entry.fallback is None:
                raise
            note = f"This is the fallback: the weights of {entry.name} could not be had. {error}"
        return replace(self._shared(self.find(entry.fallback), *given), note=note)

    def _shared(self, entry: E, *given: Hashable) -> L:
        with self._loading[entry, given]:
            return self._load(entry, *given)
