"""Folders on this machine and on any file system of fsspec's: listing, reading, writing whole.

On this machine a result is written beside its place and then renamed. What other file systems are
told to write appears whole or not at all; while they don't answer they are asked again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import fsspec

from sr import image
from sr.batch import BatchError, Source
from sr.image import PhotoError

T = TypeVar("T")

PARTS = ".sr-parts"  # the folder of what is being written
PATIENCE, LONGEST_PAUSE = 600, 30  # seconds that a file system may be away; between two tries
FINAL = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
FINAL += (PhotoError, BatchError)


def is_local(address: str) -> bool:
    """Whether an address is a path on this machine."""
    return "://" not in address


@cache
def _file_system(protocol: str) -> fsspec.AbstractFileSystem:
    # What is listed isn't remembered: others write there, too.
    return fsspec.filesystem(protocol, use_listings_cache=False)


def _there(address: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """The file system of an address, and the path on it. Raises `BatchError`."""
    try:
        system = _file_system(address.partition("://")[0])
    except (ImportError, ValueError) as error:  # a package that it needs, or no such kind
        raise BatchError(f"{address} can't be reached: {error}") from None
    return system, system._strip_protocol(address)


def persistently(ask: Callable[[], T]) -> T:
    """What a file system answers. One that doesn't is asked again, for `PATIENCE` seconds."""
    end, pause = time.monotonic() + PATIENCE, 0.5
    while True:
        try:
            return ask()
        except FINAL:
            raise
        except Exception:  # each file system has its own kinds of trouble
            if time.monotonic() > end:
                raise
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def join(folder: str, name: str) -> str:
    """The address of what is called `name` in a folder."""
    return str(Path(folder, name)) if is_local(folder) else f"{folder.rstrip('/')}/{name}"


def sources(given: str, out: str) -> Iterator[Source]:
    """The photos in a folder and those below, sorted, but for what is in `out`; or the one given.

    Hidden files and folders are left out, and links to folders are not followed.
    """
    if not is_local(given):
        yield from _remote_sources(given, out)
    elif not given or not Path(given).is_dir():
        yield _local_source(given)
    else:
        skipped = Path(out).resolve() if is_local(out) else None
        for path in image.photos_in(Path(given)):
            if skipped is None or skipped not in path.resolve().parents:
                yield _local_source(str(path), path.relative_to(given).parent.as_posix())


def _local_source(path: str, folder: str = "") -> Source:
    path = absolute(path)  # the same wherever the program is begun
    try:
        facts = Path(path).stat()
    except (OSError, ValueError):  # told when it is read
        return Source(path, folder)
    return Source(path, "" if folder == "." else folder, facts.st_size, str(facts.st_mtime_ns))


def _remote_sources(given: str, out: str) -> Iterator[Source]:
    system, root = _there(given)
    found = persistently(lambda: system.find(root, detail=True)) or {root: {}}
    skipped = None if is_local(out) else _there(out)[1].rstrip("/") + "/"
    for path, facts in sorted(found.items()):
        inside = path[len(root) :].lstrip("/")
        hidden = "/." in f"/{inside}" or (skipped and path.startswith(skipped))
        if inside and (hidden or not image.is_photo(Path(inside))):
            continue
        folder, _, _ = inside.rpartition("/")
        when = facts.get("LastModified") or facts.get("mtime") or facts.get("updated")
        when = None if when is None else str(when)
        yield Source(system.unstrip_protocol(path), folder, facts.get("size"), when)


def same(one: str, other: str) -> bool:
    """Whether two addresses are one folder."""
    if is_local(one) and is_local(other):
        return Path(one).resolve() == Path(other).resolve()
    return one.rstrip("/") == other.rstrip("/")


def plain_name(address: str) -> str:
    """What the result of a photo is called if no other's is called so."""
    return f"{image.stem(Path(address).name)}_x4.png"


def absolute(address: str) -> str:
    """An address that doesn't hang on the working folder; "" stays so."""
    here = address and is_local(address)
    return os.path.abspath(address) if here else address  # noqa: PTH100 - links are kept


def as_given(address: str) -> str:
    """An address for people: a path from here on where it is below the working folder."""
    here = f"{Path.cwd()}{os.sep}"
    return address.removeprefix(here) if is_local(address) else address


def is_folder(address: str) -> bool:
    """Whether there is a folder at an address."""
    if is_local(address):
        return bool(address) and Path(address).is_dir()
    system, path = _there(address)
    return persistently(lambda: system.isdir(path))


def read(address: str) -> bytes:
    """What is in a photo's file. Raises `PhotoError`, and what a file system raises."""
    if is_local(address):
        return image.contents(address)
    system, path = _there(address)
    name = Path(path).name
    try:
        image.check_bytes(persistently(lambda: system.size(path)) or 0, name)
        return persistently(lambda: system.cat_file(path))
    except FileNotFoundError:
        raise PhotoError(f"There is no file “{name}”: check its name.") from None


def write(folder: str, name: str, pieces: Iterable[bytes]) -> str:
    """Write a file below a folder, whole or not at all, and return its address.

    Raises `OSError`, and what other file systems raise.
    """
    address = join(folder, name)
    if is_local(folder):
        _write_here(Path(folder), Path(address), pieces)
    else:
        (system, path), data = _there(address), b"".join(pieces)
        persistently(lambda: system.pipe_file(path, data))
    return address


def _write_here(folder: Path, path: Path, pieces: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = folder / PARTS
    parts.mkdir(exist_ok=True)
    with image.whole(path, parts) as file:
        file.writelines(pieces)


def remove_parts(folder: str) -> None:
    """Delete what was being written when a run was ended."""
    if is_local(folder):
        shutil.rmtree(Path(folder, PARTS), ignore_errors=True)


def facts(address: str) -> dict[str, Any] | None:
    """What a file system tells of a file, its "size" among it; None if it isn't there."""
    if is_local(address):
        path = Path(address)
        return {"size": path.stat().st_size} if path.is_file() else None
    system, path = _there(address)
    try:
        return persistently(lambda: system.info(path))
    except FileNotFoundError:
        return None


def listed(folder: str) -> list[str]:
    """The addresses of the files in a folder on another file system; none if there is none."""
    system, path = _there(folder)
    return [system.unstrip_protocol(file) for file in persistently(lambda: system.find(path))]


def content(address: str) -> bytes:
    """What is in a file on another file system."""
    system, path = _there(address)
    return persistently(lambda: system.cat_file(path))


def remove(addresses: list[str]) -> None:
    """Delete files on another file system."""
    for address in addresses:
        system, path = _there(address)
        persistently(lambda: system.rm_file(path))  # noqa: B023 - it is asked at once


def sha256(address: str) -> str | None:
    """The hash of a photo's file, or None if it can't be read."""
    try:
        return hashlib.sha256(read(address)).hexdigest()
    except PhotoError:
        return None
