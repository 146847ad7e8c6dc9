"""python -m tools.load.soak [MINUTES]: good, bad, hostile and cancelled requests, mixed, for long.

Eight clients; 30 minutes unless told. Files are kept for two minutes here, so that they go
meanwhile. Prints the app's memory and its files each minute. Exit code 1 unless each good answer
equals the one given alone, each other one is as expected, the memory stays flat after the first
five minutes (or the first sixth), and nothing is left at the end.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
from gradio_client import Client, handle_file

from tests.conftest import EXAMPLES, App, running_app
from tests.test_edges import break_off_an_upload
from tools.load import attack
from tools.load.run import digest, files, make_photos, memory_mb

CLIENTS, KEPT = 8, 120  # seconds
FLAT = 1.15  # memory afterwards, for what it is after the first minutes
PROGRAM = (
    "from sr import settings\n"
    f"settings.KEPT_SECONDS = {KEPT}\n"
    "import sys, app\n"
    "sys.exit(app.main())\n"
)


class Mix:
    """The requests, by kind; each says in a word or two what came of it."""

    def __init__(self, app: App, folder: Path) -> None:
        self.app, self.folder = app, folder
        self.http = attack.Client(app, folder)
        self.photos = make_photos(folder)
        self.comments, self.bomb = attack.gif_of_comments(8_000), attack.uri(attack.flat_png(9_000))
        self.expected = {photo: self._upscaled(photo) for photo in self.photos}
        self.kinds: list[Callable[[], str]] = [self.good] * 6 + [self.cancelled] * 3
        self.kinds += [self.bad, self.hostile_file, self.hostile_uri, self.long, self.broken_off]

    def _client(self) -> Client:
        return Client(self.app.url, verbose=False, download_files=self.folder / "downloads")

    def _upscaled(self, photo: Path) -> str:
        result = self._client().predict(handle_file(photo), api_name="/upscale")[2]
        try:
            return digest(result)
        finally:
            Path(result).unlink()

    def good(self) -> str:
        photo = random.choice(self.photos)
        try:
            return "right" if self._upscaled(photo) == self.expected[photo] else "WRONG"
        except Exception as error:
            return "busy" if "Busy" in str(error) else f"FAILED {error}"

    def cancelled(self) -> str:
        job = self._client().submit(handle_file(self.photos[-1]), api_name="/upscale")
        time.sleep(random.uniform(0, 1.5))
        job.cancel()
        return "done"

    def bad(self) -> str:
        return self._told(self.http.photo(b"no photo"))

    def hostile_file(self) -> str:
        return self._told(self.http.photo(self.comments))

    def hostile_uri(self) -> str:
        return self._told(self.bomb)

    def _told(self, photo: dict) -> str:
        answer = self.http.call("identify", photo, None, None)
        return "refused" if attack.refused([answer]) or "complete" in answer else answer[:200]

    def long(self) -> str:
        answer = self.http.post("call/identify", content=bytes(60 << 20))
        return "refused" if answer.status_code in (0, 413) else f"LET IN {answer.status_code}"

    def broken_off(self) -> str:
        break_off_an_upload(self.app.url, 1_000_000)
        return "done"


def work(mix: Mix, end: float, counts: Counter, lock: threading.Lock) -> None:
    """One client's requests until the end."""
    while time.monotonic() < end:
        kind = random.choice(mix.kinds)
        try:
            came = kind()
        except (httpx.HTTPError, OSError) as error:
            came = f"FAILED {type(error).__name__}"
        with lock:
            counts[kind.__name__, came] += 1


def watched(app: App, folder: Path, end: float) -> list[float]:
    """The app's memory in MB, each minute, printed with its files."""
    memory = []
    while time.monotonic() < end:
        time.sleep(60)
        memory.append(memory_mb(app.pid, "VmRSS"))
        there = files(folder)
        megabytes = sum(path.stat().st_size for path in there if path.exists()) / 2**20
        print(f"{len(memory)} min: {memory[-1]:.0f} MB, {len(there)} files of {megabytes:.0f} MB")
        sys.stdout.flush()
    return memory


def main(minutes: float) -> int:
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    (folder / "downloads").mkdir()
    counts, lock = Counter(), threading.Lock()
    with running_app(folder, command=(sys.executable, "-c", PROGRAM)) as app:
        mix = Mix(app, folder)
        end = time.monotonic() + 60 * minutes
        clients = [
            threading.Thread(target=work, args=(mix, end, counts, lock)) for _ in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        memory = watched(app, folder, end)
        for client in clients:
            client.join()
        time.sleep(KEPT * 1.3)
        examples = {path.name for path in EXAMPLES.iterdir()}  # which the page shows
        left = [path for path in files(folder) if path.name not in examples]
        tracebacks = mix.http.log.count("Traceback")
    for (kind, came), count in sorted(counts.items()):
        print(f"{count:5} {kind}: {came}")
    first = memory[: max(1, min(5, len(memory) // 6))]
    growth = max(memory) / max(first)
    print(f"memory at most {growth:.2f} times that of the first minutes")
    for path in left[:5]:
        print(path)
    print(f"{len(left)} files left, {tracebacks} tracebacks in the log")
    good = not left and not tracebacks and growth <= FLAT
    words = {"right", "busy", "done", "refused"}
    return 0 if good and {came for _, came in counts} <= words else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30))
