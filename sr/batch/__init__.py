"""Many photos: which there are, what each becomes, what is done, and who does the rest.

`python -m sr` is its program. A photo becomes a `Task`, a task that was done or failed a line of
the `Manifest`, and only what has no line is done again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class BatchError(RuntimeError):
    """The work can't begin or can't go on; the message says why and what to do."""


@dataclass(frozen=True)
class Source:
    """A photo that is to be restored.

    address: its path, or its address on a file system that fsspec knows.
    folder: where it is below the folder that was given; "" for a photo that was given itself.
    size, modified: bytes, and when it was changed, as its file system tells it; None if it doesn't.
    """

    address: str
    folder: str = ""
    size: int | None = None
    modified: str | None = None


@dataclass(frozen=True)
class Task:
    """source: the photo.  result: where it goes below the folder of results."""

    source: Source
    result: str


@dataclass(frozen=True)
class Job:
    """What is done with every photo; it is sent to whoever does it.

    out: the folder of results, a path or an address.
    model, keep_colours, keep_metadata, engine: as `restore.Options` has them.
    name: whether the bird is named in the manifest.
    tag: whether its name is written into the result, too.
    weights: which the owner's own are, by a hash, where they are used; else "".
    """

    out: str
    model: str | None = None
    keep_colours: bool = True
    keep_metadata: bool = False
    name: bool = False
    tag: bool = False
    weights: str = ""
    engine: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Any]:
        """What a result hangs on, besides its photo: those of another job are done again."""
        from sr import settings

        chosen = ("model", "keep_colours", "keep_metadata", "name", "tag")
        kept = {name: getattr(self, name) for name in chosen}
        precision = self.engine.get("precision") or settings.precision()
        return kept | {"precision": precision, "own_weights": self.weights}


Line = dict[str, Any]  # of the manifest; docs/scale.md has its fields
