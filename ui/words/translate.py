"""What is made while the app works, in Korean: the rooms' English sentences, and birds' names.

The rooms know no languages. So `sentences.yaml` lists what they say, with {slots} where they put
values, and a text is translated by finding its sentences there. What isn't found stays English.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from ui.words import ENGLISH, FOLDER, Words

SLOT = re.compile(r"\{(\w+)\}")
DEEPEST = 5  # parts within parts that are translated; a text made to have more stays English there


@dataclass(frozen=True)
class Entry:
    """A sentence of the list.

    pieces: its English text before, between and after the slots.
    slots: their names, one fewer.
    korean: the Korean text, with the same slots in braces.
    """

    pieces: tuple[str, ...]
    slots: tuple[str, ...]
    korean: str

    @property
    def is_sentence(self) -> bool:
        """Whether other sentences may stand beside it; a title or a part is all of its text."""
        return self.pieces[-1].endswith(".")


@dataclass(frozen=True)
class Table:
    """The list.

    sentences: those beside which others may stand.
    titles: those that are all of a text.
    parts: slot -> what may stand in a slot of that name.
    """

    sentences: tuple[Entry, ...]
    titles: tuple[Entry, ...]
    parts: dict[str, list[Entry]]


def translated(text: str, words: Words) -> str:
    """One or more sentences with a space between them, in the language of `words`."""
    if words is ENGLISH:
        return text
    table = _table()
    return _whole(table.titles, text) or "".join(_each(table.sentences, text))


def bird(name: str, words: Words) -> str:
    """What people call a kind or a group of birds that English calls `name`."""
    return name if words is ENGLISH else _birds().get(name, name)


def _each(entries: Sequence[Entry], text: str) -> Iterator[str]:
    """The text, sentence by sentence, with the spaces between them."""
    at = 0
    while at < len(text):
        if text[at] == " ":
            korean, end = " ", at + 1
        else:
            end = text.find(". ", at) + 1 or len(text)
            korean, end = _first(entries, text, at, end) or (text[at:end], end)
        yield korean
        at = end


def _first(entries: Sequence[Entry], text: str, start: int, stop: int) -> tuple[str, int] | None:
    """(the sentence at `start` in Korean, where it ends), or None.

    Of several that fit, one that begins with words of its own is surer than one that begins with a
    slot; then the shorter one is. A value at the beginning ends before the next sentence, which may
    be a known one: at `stop`.
    """
    fits, head = [], text[start:stop]
    for entry in entries:
        begins = entry.pieces[0]
        match = _match(entry, text, start) if begins or entry.pieces[1] in head else None
        if match:
            values, end = match
            fits.append((not begins, end, -len("".join(entry.pieces)), entry, values))
    if not fits:
        return None
    _, end, _, entry, values = min(fits, key=lambda fit: fit[:3])
    return _filled(entry, values), end


def _whole(entries: Sequence[Entry], text: str, depth: int = 0) -> str | None:
    """The text in Korean if all of it is one of the entries; the first that fits counts."""
    for entry in entries:
        match = _match(entry, text, 0, whole=True)
        if match:
            return _filled(entry, match[0], depth)
    return None


def _filled(entry: Entry, values: Sequence[str], depth: int = 0) -> str:
    """The Korean sentence with its values; those that are parts of the list are in Korean too."""
    parts, filled = _table().parts, {}
    for slot, value in zip(entry.slots, values, strict=True):
        known = parts.get(slot, ()) if depth < DEEPEST else ()
        filled[slot] = _whole(known, value, depth + 1) or value
    return entry.korean.format_map(filled)


def _match(
    entry: Entry, text: str, start: int, whole: bool = False
) -> tuple[list[str], int] | None:
    """(the slots' values, where the sentence ends) if the entry stands at `start`.

    whole: whether it must end with the text; else a space may follow.
    Each piece is taken where it is first found, so that a text is read once however it is made. A
    regular expression would try all combinations of places, which takes hours for some file names.
    """
    first, *others = entry.pieces
    if not text.startswith(first, start):
        return None
    at, values = start + len(first), []
    for number, piece in enumerate(others, 1):
        is_last = number == len(others)
        found = _last(text, piece, at, whole) if is_last else text.find(piece, at)
        if found < 0:
            return None
        values.append(text[at:found])
        at = found + len(piece)
    ended = at == len(text) or (text[at] == " " and not whole)
    return (values, at) if ended else None


def _last(text: str, piece: str, start: int, whole: bool) -> int:
    """Where an entry's last piece stands, with a space or the text's end behind it; or -1."""
    found = -1 if whole else text.find(f"{piece} ", start)
    if found < 0 and text.endswith(piece) and len(text) - len(piece) >= start:
        found = len(text) - len(piece)
    return found


@lru_cache(maxsize=1)
def _table() -> Table:
    parts: dict[str, list[Entry]] = defaultdict(list)
    others = []
    for facts in _read("sentences"):
        pieces = SLOT.split(facts["en"])
        entry = Entry(tuple(pieces[::2]), tuple(pieces[1::2]), facts["ko"])
        (parts[facts["part"]] if "part" in facts else others).append(entry)
    return Table(
        tuple(entry for entry in others if entry.is_sentence),
        tuple(entry for entry in others if not entry.is_sentence),
        dict(parts),
    )


@lru_cache(maxsize=1)
def _birds() -> dict[str, str]:
    return _read("birds")


def _read(name: str) -> Any:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
