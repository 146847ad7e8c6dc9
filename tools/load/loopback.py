"""python -m tools.load.loopback: what a photo costs through the API, against the engine alone.

The ways take turns; medians. Over one kept connection, and with gradio_client,
which opens a connection for each file.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

import httpx
from gradio_client import Client, handle_file
from PIL import Image

from sr import bench
from tests.conftest import running_app

SIZE, ROUNDS = 256, 9


def over_http(connection: httpx.Client, photo: Path) -> None:
    """Upload, /upscale with the bird's name, and the three files it answers with."""
    files = {"files": (photo.name, photo.read_bytes())}
    path = connection.post("/gradio_api/upload", files=files).json()[0]
    image = {"path": path, "meta": {"_type": "gradio.FileData"}}
    data = {"data": [image, None, True, True, None]}
    call = connection.post("/gradio_api/call/upscale", json=data).json()
    answer = connection.get(f"/gradio_api/call/upscale/{call['event_id']}").text
    pair, _, file, *_ = json.loads(answer.split("event: complete\ndata: ")[1])
    for picture in (*pair, file):
        connection.get(picture["url"]).raise_for_status()


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    pixels, photo = bench.photo_of(SIZE), folder / "photo.png"
    Image.fromarray(pixels).save(photo)
    engine = bench.this_engine("srgan-div2k")
    with running_app(folder) as app, httpx.Client(base_url=app.url, timeout=60) as connection:
        client = Client(app.url, verbose=False, download_files=folder)
        ways = {
            "engine": lambda: engine(pixels),
            "over HTTP": lambda: over_http(connection, photo),
            "gradio_client": lambda: client.predict(handle_file(photo), api_name="/upscale"),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(1 + ROUNDS):
            for name, way in ways.items():
                start = time.perf_counter()
                way()
                seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values[1:]) for name, values in seconds.items()}
    for name, median in medians.items():
        print(f"{name}: {median:.2f} s, {median / medians['engine']:.2f} times the engine")


if __name__ == "__main__":
    main()
