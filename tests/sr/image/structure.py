"""Files taken apart into their formats' units, one changed, and put together again soundly."""

import re
import struct
from collections.abc import Callable
from itertools import pairwise

from tests.sr.image import pictures

Unit = tuple[bytes, bytes]  # its kind and its content
NESTED = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"iinf": 6, b"jp2h": 0}  # ISO: bytes before boxes
ACTIONS = ("double", "drop", "swap", "cut", "grow", "field")


def restructured(data: bytes, which: float, action: str, where: float, value: bytes) -> bytes:
    """A file, one of whose units is doubled, left out, moved, resized or has another number."""
    try:
        units, joined = taken_apart(data)
        return joined(changed(units, which, action, where, value))
    except (IndexError, struct.error):  # an earlier mutation broke it, or it has no units
        return data


def changed(units: list[Unit], which: float, action: str, where: float, value: bytes) -> list[Unit]:
    index, other = int(which * len(units)), int(where * len(units))
    kind, content = units[index]
    at = int(where * len(content)) // len(value) * len(value)
    if kind in NESTED and action != "drop":
        start, inner = NESTED[kind], which * len(units) - index
        boxes = changed(walked(content[start:], 0, ">I4s"), inner, action, where, value)
        units[index] = kind, content[:start] + joined_by(box, boxes)
    elif action == "double":
        units.insert(other, (kind, content))
    elif action == "drop":
        del units[index]
    elif action == "swap":
        units[index], units[other] = units[other], units[index]
    elif action == "cut":
        units[index] = kind, content[:at]
    elif action == "grow":
        units[index] = kind, content[:at] + value * 16 + content[at:]
    else:
        units[index] = kind, content[:at] + value + content[at + len(value) :]
    return units


def taken_apart(data: bytes) -> tuple[list[Unit], Callable[[list[Unit]], bytes]]:
    """A file's units, and what joins such to a file with sound lengths and checksums."""
    if data[:4] == b"\x89PNG":
        units = walked(data, 8, ">I4s", 4)
        return units, lambda units: data[:8] + joined_by(pictures.chunk, units)
    if data[:4] == b"RIFF":
        units = walked(data, 12, "<4sI", -1)
        return units, lambda us: pictures.riff(b"RIFF", b"WEBP" + joined_by(pictures.riff, us))
    if data[4:8] in (b"ftyp", b"jP  "):
        return walked(data, 0, ">I4s"), lambda units: joined_by(box, units)
    if data[:2] in (b"II", b"MM"):  # a directory's entries; a new one goes behind the rest
        order = "<" if data[:1] == b"I" else ">"
        at = struct.unpack_from(f"{order}I", data, 4)[0]
        count = struct.unpack_from(f"{order}H", data, at)[0]
        entries = [(b"", data[at + 2 + 12 * i :][:12]) for i in range(count)]
        start = data[:4] + struct.pack(f"{order}I", len(data)) + data[8:]
        return (
            entries,
            lambda us: (
                start + struct.pack(f"{order}H", len(us)) + joined_by(bytes.__add__, us) + bytes(4)
            ),
        )
    bounds = [0, *segment_starts(data), len(data)]
    units = [(b"", data[first:last]) for first, last in pairwise(bounds)]
    return units, lambda units: b"".join(map(with_length, units))


def segment_starts(data: bytes) -> list[int]:
    """Where GIF's blocks begin, about; or JPEG's and JPEG 2000's segments before the pixels."""
    if data[:3] == b"GIF":
        return [found.start() for found in re.finditer(rb"[!,](?=[\xf9\xfe\xff\0])", data)]
    starts = [2]
    while data[starts[-1]] == 255 and data[starts[-1] + 1] not in (0xDA, 0x90):
        starts.append(starts[-1] + 2 + int.from_bytes(data[starts[-1] + 2 :][:2], "big"))
    return starts


def walked(data: bytes, at: int, head: str, tail: int = 0) -> list[Unit]:
    """Units behind a length and a kind. tail: bytes behind each; -1 for RIFF's padding to even."""
    units = []
    while at + 8 <= len(data):
        size, kind = sorted(struct.unpack_from(head, data, at), key=lambda v: isinstance(v, bytes))
        size -= 8 * (head == ">I4s" and not tail)  # a box's length is with its head
        units.append((kind, data[at + 8 : at + 8 + max(size, 0)]))
        at += 8 + max(size, 0) + (size % 2 if tail < 0 else tail)
    return units


def with_length(unit: Unit) -> bytes:
    """A GIF's block as it is; a JPEG's or JPEG 2000's segment with its length, if it has one."""
    content = unit[1]
    if content[:1] != b"\xff" or content[1:2] in b"\xd8\xda\x4f\x90":
        return content
    return content[:2] + struct.pack(">H", (len(content) - 2) & 65535) + content[4:]


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def joined_by(join: Callable[[bytes, bytes], bytes], units: list[Unit]) -> bytes:
    return b"".join(join(*unit) for unit in units)
