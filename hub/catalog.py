"""A list of networks: an entry is found by name, loaded once, and may have a fallback."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Generic, TypeVar

from hub.locks import Locks
from hub.sources import WeightsUnavailable

E = TypeVar("E")
L = TypeVar("L")


class Catalog(Generic[E, L]):
    """Entries by name, and what is loaded from them.

    An entry is a frozen dataclass with a `name` and a `fallback`: the name of the entry that
    answers when this one is the default and can't be had, or None.

    kind: what an entry is called in a sentence, such as "model".
    published: the entries that everybody has, the default first.
    load: makes an entry ready; gives a frozen dataclass with a field `note`.
    own: gives the owner's own entry, which is then the default, or None. It must not raise, and
        its entries be equal while the environment is: what is loaded is kept by them.
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
        self._published = published
        self._own = own
        self._unknown = unknown
        self._load = lru_cache(maxsize=kept)(load)
        self._loading = Locks()

    def entries(self) -> dict[str, E]:
        """All entries by name, the default first."""
        own = self._own()
        return {entry.name: entry for entry in ([own] if own else []) + [*self._published]}

    def names(self) -> list[str]:
        """The names of all entries, the default's first."""
        return list(self.entries())

    def find(self, name: str | None = None) -> E:
        """The entry called `name`; the default where it is None or "". Raises `unknown`."""
        entries = self.entries()
        name = name or next(iter(entries))
        if name not in [*entries]:  # which may also be asked for what has no hash
            raise self._unknown(
                f"There is no {self._kind} called “{name}”. Choose one of: {', '.join(entries)}."
            )
        return entries[name]

    def load(self, name: str | None = None, *given: Hashable) -> L:
        """The entry called `name`, or the default, ready to run; `load` is also told `given`.

        The first call loads it and later ones share it; so do two at once. Where the default
        can't be had its fallback is returned, with a `note` that says so; an entry that is
        asked for by name never falls back. Raises `unknown` and `WeightsUnavailable`.
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
