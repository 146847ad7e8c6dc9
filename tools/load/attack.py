"""python -m tools.load.attack [NAME...]: what stops or fills a server, tried against this one.

Each attack meets an app of its own. The table tells what came of it, how long that took, the most
memory that the app held meanwhile beyond what it held before, and what of it is kept ten seconds
later. Exit code 1 if an answer isn't the expected one.
"""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from tests.conftest import EXAMPLES, App, running_app
from tools.load.run import memory_mb

WAIT = 600.0  # seconds
DATA = {"meta": {"_type": "gradio.FileData"}}


@dataclass
class Client:
    """What speaks HTTP with the app, as curl does."""

    app: App
    folder: Path

    def post(self, path: str, **content) -> httpx.Response:
        """A request to the app; 0 is the status of one that it hung up on."""
        try:
            return httpx.post(f"{self.app.url}/gradio_api/{path}", timeout=WAIT, **content)
        except httpx.TransportError:
            return httpx.Response(0, text="")

    def upload(self, *photos: bytes) -> httpx.Response:
        files = [("files", ("photo.bin", photo)) for photo in photos]
        return self.post("upload", files=files)

    def photo(self, data: bytes) -> dict:
        """An uploaded photo, as endpoints take it."""
        return {"path": self.upload(data).json()[0], **DATA}

    def call(self, endpoint: str, *data) -> str:
        """The last event of a call: what it answered, or why not."""
        answer = self.post(f"call/{endpoint}", json={"data": list(data)})
        if answer.status_code != 200:
            return f"{answer.status_code} {answer.text}"
        address = f"{self.app.url}/gradio_api/call/{endpoint}/{answer.json()['event_id']}"
        last = ""
        with httpx.stream("GET", address, timeout=WAIT) as events:
            for line in events.iter_lines():
                last = line if line.startswith("event:") else f"{last} {line}" if line else last
        return last

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()


def encoded(photo: Image.Image, kind: str, **options) -> bytes:
    """A photo as a file of a kind."""
    file = io.BytesIO()
    photo.save(file, kind, **options)
    return file.getvalue()


def flat_png(side: int) -> bytes:
    """A photo of one colour, small as a file."""
    return encoded(Image.new("L", (side, side), 128), "PNG")


def large_jpeg(megapixels: int) -> bytes:
    """A photo of noise enlarged, as large as those of good cameras."""
    small = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    large = Image.fromarray(small).resize((height * 4 // 3, height), Image.Resampling.BICUBIC)
    return encoded(large, "JPEG", quality=90)


def gif_of_comments(count: int) -> bytes:
    """A GIF with so many comments of 255 bytes before its picture."""
    gif = encoded(Image.new("L", (8, 8)), "GIF")
    at = 13 + 3 * 2 ** ((gif[10] & 7) + 1)
    return gif[:at] + (b"!\xfe\xff" + b"a" * 255 + b"\0") * count + gif[at:]


def uri(data: bytes) -> dict:
    """A photo in the place of an uploaded one's address."""
    return {"url": "data:image/png;base64," + base64.b64encode(data).decode(), **DATA}


def data_uris(client: Client) -> list[str]:
    """Four photos of 177 megapixels at once, in 0.7 MB of text each."""
    photo = uri(flat_png(13_300))
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda _: client.call("identify", photo, None, None), range(4)))


def odd_data_uris(client: Client) -> list[str]:
    """A CMYK photo and text that is no photo."""
    cmyk = encoded(Image.open(EXAMPLES / "owl.png").convert("CMYK"), "JPEG")
    return [client.call("identify", uri(data), None, None) for data in (cmyk, b"no photo")]


def waiting_names(client: Client) -> list[str]:
    """50 requests to name photos of 60 megapixels, at once: 17 are taken and 33 refused."""
    photo = client.photo(large_jpeg(60))
    with ThreadPoolExecutor(50) as pool:
        return list(pool.map(lambda _: client.call("identify", photo, None, None), range(50)))


def comments(client: Client) -> list[str]:
    """A GIF of 20 MB that is nothing but comments, and a good photo meanwhile."""
    bad = client.photo(gif_of_comments(80_000))
    good = client.photo((EXAMPLES / "owl.png").read_bytes())
    with ThreadPoolExecutor(2) as pool:
        work = pool.map(lambda photo: client.call("identify", photo, None, None), (bad, good))
        return list(work)


def long_body(client: Client) -> list[str]:
    """300 MB of JSON."""
    body = b'{"data": ["' + b"a" * 300_000_000 + b'"]}'
    headers = {"Content-Type": "application/json"}
    answer = client.post("call/identify", content=body, headers=headers)
    return [f"{answer.status_code} {answer.text[:200]}"]


def long_upload(client: Client) -> list[str]:
    """20 files of 20 MB in one upload."""
    answer = client.upload(*[bytes(20_000_000)] * 20)
    return [f"{answer.status_code} {answer.text[:200]}"]


def many_methods(client: Client) -> list[str]:
    """One method, 200 times."""
    photo = client.photo((EXAMPLES / "owl.png").read_bytes())
    answer = client.call("compare", photo, ["fsrcnn"] * 200, "clean")
    return [f"{answer.count('psnr_y')} rows"]


def wrong_calls(client: Client) -> list[str]:
    """Callers' mistakes: each is told in words, and none leaves a traceback in the log."""
    photo = client.photo((EXAMPLES / "owl.png").read_bytes())
    answers = [
        client.call("upscale_image", photo, ["fsrcnn"], True),
        client.call("upscale_image", photo, {"a": 1}, True),
        client.call("upscale_image", photo),
        client.call("upscale_image"),
        client.call("upscale_image", "owl.png", None, True),
        client.call("upscale_image", 5, None, True),
        client.call("upscale_image", {"path": 5, **DATA}, None, True),
        client.call("compare", photo, None, "clean"),
        client.call("compare", photo, "fsrcnn", "clean"),
        client.call("compare", photo, [["fsrcnn"]], "clean"),
        client.call("compare", photo, [], ["clean"]),
        client.call("identify", photo, 5, None),
        client.call("identify", photo, None, {"left": 0}),
        client.call("identify", photo, ["owl"], [0, 0, 1, 1]),
    ]
    return [*answers, f"{client.log.count('Traceback')} tracebacks"]


def foreign(client: Client) -> list[str]:
    """Another site's page, in the browser of somebody who runs the app."""
    files = {"files": ("photo.png", flat_png(64))}
    sites = ("cross-site", "same-site", "same-origin")
    answers = [
        client.post("upload", files=files, headers={"Sec-Fetch-Site": site}) for site in sites
    ]
    summary = httpx.get(f"{client.app.url}/monitoring/summary")
    return [f"{answer.status_code} {answer.text[:80]}" for answer in (*answers, summary)]


def full_disk(client: Client) -> list[str]:
    """A disk of 80 MB that fills up between the upload and the result, and has room again."""
    disk = client.folder / "gradio"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", disk], check=True)
    try:
        photo = client.photo((EXAMPLES / "owl.png").read_bytes())
        before, filler = everything(disk), disk / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(1 << 20)):
                pass
        answers = [client.call("upscale", photo, "fsrcnn", True, True, None)]
        answers += [client.upload(b"a").text, client.call("identify", uri(b"a"), None, None)]
        left = everything(disk) - before - {filler}
        filler.unlink()
        answers += [client.call("upscale", photo, "fsrcnn", True, True, None)]
        return [*answers, f"{len(left)} left", f"{client.log.count('Traceback')} tracebacks"]
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def refused(answers: list[str], words: str = "") -> bool:
    """Whether each is an error with a sentence."""
    told = all("error" in one and '"error": null' not in one for one in answers)
    return told and all(words in one for one in answers)


ATTACKS: dict[str, tuple[Callable[[Client], list[str]], Callable[[list[str]], bool]]] = {
    "data URIs of 177 megapixels": (data_uris, lambda a: refused(a, "megapixels")),
    "odd data URIs": (odd_data_uris, lambda a: "complete" in a[0] and refused(a[1:])),
    "50 x 60 megapixels to name": (
        waiting_names,
        lambda a: (
            sum("complete" in one for one in a) == 17
            and refused([one for one in a if "complete" not in one], "Busy")
        ),
    ),
    "GIF of 80,000 comments": (comments, lambda a: "complete" in a[1]),
    "JSON of 300 MB": (long_body, lambda a: a[0].startswith(("413", "0"))),
    "upload of 400 MB": (long_upload, lambda a: a[0].startswith(("413", "0"))),
    "a method 200 times": (many_methods, lambda a: a == ["1 rows"]),
    "callers' mistakes": (
        wrong_calls,
        lambda a: not any('"error": null' in one for one in a) and a[-1] == "0 tracebacks",
    ),
    "a full disk": (
        full_disk,
        lambda a: (
            "disk here is full" in a[0]
            and "no room" in a[1]
            and "disk here is full" in a[2]
            and "complete" in a[3]
            and a[4:] == ["0 left", "0 tracebacks"]
        ),
    ),
    "foreign origins": (foreign, lambda a: [one[:3] for one in a] == ["403", "200", "200", "403"]),
}


def attack(name: str) -> bool:
    """Run one, print its line; whether the answers are the expected ones."""
    act, expected = ATTACKS[name]
    folder = Path(tempfile.mkdtemp(prefix="attack-"))
    with running_app(folder) as app:
        client = Client(app, folder)
        client.call("identify", client.photo((EXAMPLES / "owl.png").read_bytes()), None, None)
        before = memory_mb(app.pid, "VmRSS")
        Path(f"/proc/{app.pid}/clear_refs").write_text("5")  # the peak begins anew
        start = time.monotonic()
        answers = act(client)
        seconds, peak = time.monotonic() - start, memory_mb(app.pid, "VmHWM") - before
        time.sleep(10)
        held = memory_mb(app.pid, "VmRSS") - before
    good = expected(answers)
    for answer in dict.fromkeys(answers):
        print(f"    {answers.count(answer)} x {answer[:300]}", file=sys.stderr)
    print(f"| {name} | {'yes' if good else 'NO'} | {seconds:.1f} | {peak:.0f} | {held:.0f} |")
    return good


def main(names: list[str]) -> int:
    print("| attack | as expected | seconds | MB at most | MB kept |")
    print("| --- | --- | ---: | ---: | ---: |")
    done = [attack(name) for name in names or ATTACKS]  # all of them, whatever the first does
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
