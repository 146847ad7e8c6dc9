"""What each photo's result is called: no two photos share one, and no photo is written over."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from sr.batch import Source, Task
from sr.batch.places import is_local, plain_name


def tasks(sources: Iterable[Source], out: str, known: dict[str, str] | None = None) -> list[Task]:
    """Each photo, once, with its result's place below `out`, which no other photo has.

    A folder's tree is kept. The first photo of a name gets <stem>_x4.png, unless that is one of the
    photos itself; the next get the first free of <stem>-2_x4.png, <stem>-3_x4.png and so on.
    known: results of an earlier run, by the photos' addresses, which they keep.
    """
    once = list({source.address: source for source in sources}.values())
    kept, made = known or {}, {}
    plain = {s.address: _join(s.folder, plain_name(s.address)) for s in once}
    wanted = {_same(path) for path in plain.values()}
    taken = {_same(path) for path in kept.values()} | _photos_in(once, out)
    taken |= {_same(folder) for source in once for folder in _folders(source.folder)}
    numbers: dict[str, count] = defaultdict(lambda: count(1))
    for source in once:
        made[source.address] = path = kept.get(source.address) or _free(
            plain[source.address], numbers, taken, wanted
        )
        taken.add(_same(path))
    return [Task(source, made[source.address]) for source in once]


def _free(plain: str, numbers: dict[str, count], taken: set[str], wanted: set[str]) -> str:
    """The first name for a photo's result that is nobody's."""
    for number in numbers[plain]:
        path = plain if number == 1 else f"{plain.removesuffix('_x4.png')}-{number}_x4.png"
        if _same(path) not in taken and (number == 1 or _same(path) not in wanted):
            return path
    raise AssertionError("numbers don't end")


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _folders(folder: str) -> list[str]:
    """A folder and all that it is in; a result can't have the name of one."""
    parts = folder.split("/") if folder else []
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def _same(path: str) -> str:
    """The same text for paths that are one file where case or the way of accents doesn't matter."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _photos_in(sources: list[Source], out: str) -> set[str]:
    """The photos that are in the folder of results, as `_same` has them."""
    root = _same(f"{Path(out).resolve()}/" if is_local(out) else f"{out.rstrip('/')}/")
    addresses = (_same(_resolved(source.address)) for source in sources)
    return {address.removeprefix(root) for address in addresses if address.startswith(root)}


def _resolved(address: str) -> str:
    """A path whose folder is no link; another address as it is."""
    path = Path(address)
    return f"{path.parent.resolve()}/{path.name}" if is_local(address) else address
