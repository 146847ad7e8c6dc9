"""python -m tools.load.run: many clients at once against the app, over loopback.

16 clients send 64 requests of mixed sizes; a third are cancelled midway, one in eight is a bad
file. Every good answer must equal the one computed alone, and nothing may be left behind. The run
is bounded by its requests and by `SECONDS`, prints its figures and exits 1 if one is not met.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from tests.conftest import EXAMPLES, App, running_app

CLIENTS, REQUESTS, SECONDS = 16, 64, 900
SIZES = (48, 96, 160, 256)


def kind(i: int) -> str:
    if i % 8 == 7:
        return "bad"
    return "cancelled" if i % 3 == 1 else "good"


def make_photos(folder: Path) -> list[Path]:
    """A photo a size, and a file that is none."""
    source = Image.open(EXAMPLES / "kingfisher.png").convert("RGB")
    photos = []
    for size in SIZES:
        photos.append(folder / f"photo {size}.png")
        source.resize((size, size)).save(photos[-1])
    (folder / "bad.png").write_text("no photo")
    return photos


def digest(file: str) -> str:
    return hashlib.sha256(np.asarray(Image.open(file)).tobytes()).hexdigest()


def memory_mb(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise LookupError(field)


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "gradio").rglob("*") if path.is_file()]


def request(app: App, i: int, photos: list[Path], expected: dict[Path, str], lock) -> str:
    """Send request `i`; what came of it, in a word or two."""
    with lock:  # Client() reads the configuration; not what is measured
        client = Client(app.url, verbose=False, download_files=tempfile.mkdtemp())
    photo = photos[i % len(photos)]
    if kind(i) == "bad":
        try:
            client.predict(handle_file(photo.with_name("bad.png")), api_name="/upscale")
        except AppError as error:
            return "bad refused" if "is not a photo" in str(error) else f"wrong sentence: {error}"
        return "bad accepted"
    job = client.submit(handle_file(photo), api_name="/upscale")
    if kind(i) == "cancelled":
        end = time.monotonic() + 60
        while not job.outputs() and not job.done() and time.monotonic() < end:
            time.sleep(0.02)
        job.cancel()
        return "cancelled"
    return "good right" if digest(job.result(SECONDS)[2]) == expected[photo] else "good wrong"


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="load-"))
    photos = make_photos(folder)
    with running_app(folder) as app:
        serial = Client(app.url, verbose=False, download_files=tempfile.mkdtemp())
        expected = {
            photo: digest(serial.predict(handle_file(photo), api_name="/upscale")[2])
            for photo in photos
        }
        alone, before = memory_mb(app.pid, "VmHWM"), threads(app.pid)
        there, lock, start = len(files(folder)), threading.Lock(), time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            jobs = [pool.submit(request, app, i, photos, expected, lock) for i in range(REQUESTS)]
            results = [job.result(SECONDS) for job in jobs]
        seconds, peak = time.monotonic() - start, memory_mb(app.pid, "VmHWM")
        start = time.monotonic()
        serial.predict(handle_file(photos[0]), api_name="/upscale")
        free_after = time.monotonic() - start
        time.sleep(15)  # idle worker threads end after ten seconds, when another is asked for
        serial.predict(handle_file(photos[0]), api_name="/upscale")
        after = threads(app.pid)
        left = [path for path in files(folder) if path.suffix != ".png"]
        outputs = sum(path.stat().st_size for path in files(folder)) / 2**20
    for what in sorted(set(results)):
        print(f"{results.count(what):3} {what}")
    print(f"{seconds:.0f} s in all, next request answered in {free_after:.2f} s")
    print(
        f"peak memory {peak:.0f} MB, {peak / alone:.2f} times the {alone:.0f} MB of one at a time"
    )
    print(f"threads {before} before, {after} after; files {there} before, {len(left)} stray after")
    print(f"{outputs:.0f} MB of outputs and uploads, deleted after an hour")
    good = set(results) == {"good right", "bad refused", "cancelled"}
    return 0 if good and peak <= 1.3 * alone and not left and after <= before + 4 else 1


if __name__ == "__main__":
    sys.exit(main())
