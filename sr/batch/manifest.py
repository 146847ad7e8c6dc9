"""What is done and what failed, a line of JSON each, in the folder of results.

A result's line follows the result itself. So a run that is killed at any moment leaves at most
results without a line, which are made again, and one line that is cut off, which isn't read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from sr.batch import BatchError, Job, Line, Task, places
from sr.image import is_disk_full

NAME, LOCK, COLUMNS = "manifest.jsonl", ".manifest.lock", "manifest.parquet"
BESIDE = "manifest-parts"  # where files can't be appended to, lines come in files of their own
LINES, SECONDS = 100, 10.0  # that such a file holds at most, and is late


@dataclass(frozen=True)
class Done:
    """What a line says of a photo's result, as far as it matters later."""

    size: int | None
    modified: str | None
    sha256: str | None
    result: str
    bytes: int | None
    settings: str


class Manifest:
    """The manifest of a folder of results, one run's at a time.

    done: what has a result, by the photo's address.
    job: what the first line says was asked for, or None.
    """

    def __init__(self, out: str) -> None:
        """Read what there is. Raises `BatchError` while another run writes there."""
        self.out, self.done, self.job = out, {}, None
        self._here = Path(out, NAME) if places.is_local(out) else None
        self._seen: set[str] = set()
        self._waiting: list[str] = []
        self._flushed = time.monotonic()
        self._part = f"{time.time_ns()}"
        self._number = 0
        self._lock = filelock.FileLock(Path(out, LOCK)) if self._here else None
        self._superfluous = False
        self._take()
        for line in self._lines():
            self._read(line)
        places.remove_parts(out)

    def _take(self) -> None:
        if not self._lock:
            return
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            raise BatchError(
                f"Another run is writing to {self.out}: wait for its end, or choose another --out."
            ) from None

    def _read(self, line: Line) -> None:
        if "job" in line:
            self._superfluous |= self.job is not None
            self.job = line["job"]
            return
        self._superfluous |= line["source"] in self._seen
        self._seen.add(line["source"])
        if line.get("error"):
            self.done.pop(line["source"], None)
            return
        told = [line.get(name) for name in ("size", "modified", "sha256", "result", "bytes")]
        self.done[line["source"]] = Done(*told, json.dumps(line.get("settings"), sort_keys=True))

    def _lines(self) -> Iterator[Line]:
        for address in self._files():
            for text in self._text(address):
                try:
                    line = json.loads(text)
                except ValueError:  # cut off, when the run was killed
                    self._superfluous = True
                    continue
                if isinstance(line, dict) and ("job" in line or "source" in line):
                    yield line

    def _files(self) -> list[str]:
        """The manifest and, where it has some, its parts, oldest first."""
        if self._here:
            return [str(self._here)] if self._here.exists() else []
        folder = places.join(self.out, BESIDE)
        parts = sorted(places.listed(folder))
        self._superfluous = bool(parts)
        whole = places.join(self.out, NAME)
        return [whole, *parts] if places.facts(whole) else parts

    def _text(self, address: str) -> Iterator[str]:
        if self._here:
            with self._here.open(encoding="utf-8", errors="replace") as file:
                for text in file:
                    if not text.endswith("\n"):
                        self._superfluous = True
                    yield text
        else:
            yield from places.content(address).decode().splitlines()

    def is_done(self, task: Task, job: Job) -> bool:
        """Whether a photo has a result by these settings that is still there, nor has it changed.

        One that was only touched or copied, which its size and its hash tell, hasn't.
        """
        done, source = self.done.get(task.source.address), task.source
        if not done or done.settings != json.dumps(job.settings, sort_keys=True):
            return False
        if done.result != task.result or source.size != done.size:
            return False
        there = places.facts(places.join(self.out, done.result))
        if not there or there["size"] != done.bytes:
            return False
        return source.modified == done.modified or places.sha256(source.address) == done.sha256

    def begin(self, job: dict[str, Any]) -> None:
        """Write what is asked for, and nothing that is no longer so."""
        if self._superfluous:
            self.tidy()
        if job != self.job:
            self._superfluous = self.job is not None
            self._append(_text({"job": job}))

    def add(self, line: Line) -> None:
        """Write a photo's line. Raises `OSError`; then nothing of it is written."""
        self._superfluous |= line["source"] in self._seen
        self._append(_text(line))

    def _append(self, text: str) -> None:
        if self._here:
            append_whole(self._here, text)
            return
        self._waiting.append(text)
        if len(self._waiting) >= LINES or time.monotonic() - self._flushed > SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the lines that wait, where they come in files of their own."""
        if self._waiting:
            self._number += 1
            name = f"{BESIDE}/{self._part}-{self._number:06}.jsonl"
            places.write(self.out, name, ["".join(self._waiting).encode()])
            self._waiting, self._superfluous = [], True
        self._flushed = time.monotonic()

    def tidy(self) -> None:
        """Put the last line of each photo, and of the job, into one file."""
        files, last = self._files(), {}
        for number, line in enumerate(self._lines()):
            last[line.get("source", "")] = number
        kept = set(last.values())
        lines = (line for number, line in enumerate(self._lines()) if number in kept)
        places.write(self.out, NAME, (_text(line).encode() for line in lines))
        places.remove([file for file in files if not file.endswith(f"/{NAME}")])
        self._superfluous = False

    def close(self, columns: bool = False) -> None:
        """End it, one line for each photo. columns: as a Parquet file, too."""
        try:
            self.flush()
            if self._superfluous:
                self.tidy()
            if columns:
                places.write(self.out, COLUMNS, [_as_parquet(self._lines())])
        finally:
            places.remove_parts(self.out)
            self.release()

    def release(self) -> None:
        """Let other runs write there."""
        if self._lock:
            self._lock.release()
            with suppress(OSError):
                Path(self.out, LOCK).unlink()


def _text(line: Line) -> str:
    text = json.dumps(line, ensure_ascii=False) + "\n"
    return text.encode(errors="backslashreplace").decode()  # names that are no text


def append_whole(path: Path, text: str) -> None:
    """Append to a file, all of it or nothing. Raises `OSError`."""
    with path.open("ab", buffering=0) as file:
        end = file.seek(0, 2)
        data = text.encode()
        try:
            if file.write(data) != len(data):
                raise OSError(28, "No space left on device")
        except OSError as error:
            if is_disk_full(error):
                file.truncate(end)
            raise


def _as_parquet(lines: Iterator[Line]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    rows = [
        {**line, "settings": json.dumps(line.get("settings"), sort_keys=True)}
        for line in lines
        if "source" in line
    ]
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
    return sink.getvalue().to_pybytes()
