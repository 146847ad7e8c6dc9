"""What the app does at its edges: hostile paths and names, cancelled and lost requests, a kill."""

from __future__ import annotations

import http.server
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from gradio_client import Client, handle_file
from PIL import Image

from tests.conftest import EXAMPLES, ROOT

SECRETS = ["/etc/passwd", "../../../../etc/passwd", str(ROOT / "app.py"), "C:\\Windows\\win.ini"]


def call(app_url: str, endpoint: str, *data) -> str:
    """POST as curl does, with paths as the server would see them; the stream's last event."""
    return list(events(app_url, endpoint, *data))[-1]


def events(app_url: str, endpoint: str, *data):
    request = urllib.request.Request(
        f"{app_url}/gradio_api/call/{endpoint}",
        json.dumps({"data": data}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{app_url}/gradio_api/call/{endpoint}/{event}") as stream:
        kind = b""
        for line in stream:
            kind = line if line.startswith(b"event:") else kind
            if line.startswith(b"data:"):
                yield (kind + line).decode()


def upload(app_url: str, path: Path, name: str = "photo.png") -> dict:
    """Upload a photo as the page does, under any name; its place on the server."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="'
        + name.encode()
        + b'"\r\nContent-Type: image/png\r\n\r\n'
        + path.read_bytes()
        + b"\r\n--x--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    request = urllib.request.Request(f"{app_url}/gradio_api/upload", body, headers)
    with urllib.request.urlopen(request) as answer:
        return {"path": json.load(answer)[0], "meta": {"_type": "gradio.FileData"}}


def break_off_an_upload(app_url: str, sent: int, meanwhile: Callable[[], object] = bool) -> None:
    """Begin to upload 9 MB and hang up after `sent` bytes, once `meanwhile` has returned."""
    where = urlsplit(app_url)
    head = (
        "POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
        'Content-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    )
    with socket.create_connection((where.hostname, where.port)) as connection:
        connection.sendall(head.encode() + bytes(sent))
        meanwhile()


@pytest.mark.parametrize("path", SECRETS)
def test_a_path_outside_the_uploads_is_refused(app_url, path):
    answer = call(
        app_url, "identify", {"path": path, "meta": {"_type": "gradio.FileData"}}, None, None
    )
    assert answer.startswith("event: error")
    assert "root:" not in answer and "Traceback" not in answer and str(ROOT) not in answer


@pytest.mark.parametrize("path", [*SECRETS[:3], str(EXAMPLES / "owl.png")])
def test_only_uploads_and_outputs_can_be_fetched(app_url, path):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{app_url}/gradio_api/file={urllib.request.quote(path)}")
    assert caught.value.code in (403, 404)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_an_address_on_this_machine_is_not_fetched(app_url, host):
    """Gradio downloads addresses for the caller, but only public ones."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://{host}:{server.server_address[1]}/owl.png"
        for where in ({"path": url}, {"path": "owl.png", "url": url}, {"path": None, "url": url}):
            answer = call(
                app_url, "identify", {**where, "meta": {"_type": "gradio.FileData"}}, None, None
            )
            assert answer.startswith("event: error")
    finally:
        server.shutdown()
        server.server_close()
    assert not asked


@pytest.mark.parametrize(
    "name", ["../../../evil.png", "..\\evil.png", "a/b/evil.png", "$(touch x);`id`.png", "-rf.png"]
)
def test_a_hostile_name_stays_a_name(app_url, tmp_path, name):
    photo = tmp_path / "p.png"
    Image.new("RGB", (8, 8)).save(photo)
    hostile = upload(app_url, photo, name)
    answer = call(app_url, "upscale_image", hostile, None, True)
    assert answer.startswith("event: complete")
    result = Path(json.loads(answer.split("data: ", 1)[1])[0]["path"])
    assert result.name.endswith("_x4.png") and ".." not in result.parts
    assert Path(hostile["path"]).parents[1] == result.parents[1]  # both below the app's own folder


@pytest.fixture
def large(tmp_path) -> Path:
    """A photo that takes a minute."""
    path = tmp_path / "large.png"
    Image.linear_gradient("L").resize((1400, 1400)).save(path)
    return path


def seconds_for_a_small_photo(app_url: str, macaw: Path) -> float:
    client, start = Client(app_url, verbose=False), time.monotonic()
    client.predict(handle_file(macaw), api_name="/upscale_image")
    return time.monotonic() - start


def test_a_cancelled_request_frees_the_worker(app_url, large, macaw):
    job = Client(app_url, verbose=False).submit(handle_file(large), api_name="/upscale")
    while not job.outputs():
        time.sleep(0.05)
    job.cancel()
    assert seconds_for_a_small_photo(app_url, macaw) < 15


def test_a_lost_client_frees_the_worker(app_url, large, macaw):
    stream = events(app_url, "upscale", upload(app_url, large), None, True, True, None)
    next(stream)
    next(stream)
    stream.close()  # hangs up without a word
    assert seconds_for_a_small_photo(app_url, macaw) < 15


def test_waiting_is_told_and_a_busy_app_says_when_to_come_back(app_url, large, macaw):
    clients = [Client(app_url, verbose=False) for _ in range(2)]
    first = clients[0].submit(handle_file(large), api_name="/upscale")
    while not first.outputs():
        time.sleep(0.05)
    second, told = clients[1].submit(handle_file(macaw), api_name="/upscale"), ""
    while "1 before this photo, about" not in told:
        units = second.status().progress_data or ()
        told = " ".join(unit.desc or "" for unit in units)
        assert not second.done()
    first.cancel()
    second.result(60)


def test_a_kill_in_the_middle_of_writing_leaves_no_half_file(tmp_path):
    """SIGKILL can't be caught: only a file that appears whole is safe."""
    program = (
        "import sys, numpy as np\nfrom pathlib import Path\nfrom sr import image\n"
        "pixels = np.random.default_rng(0).integers(0, 256, (4000, 4000, 3), np.uint8)\n"
        "print('writing', flush=True)\nimage.write(pixels, Path(sys.argv[1]))\n"
    )
    target = tmp_path / "result.png"
    target.write_bytes(b"the old file")
    for pause in (0.05, 0.2, 0.4):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(target)], cwd=ROOT, stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if target.read_bytes() != b"the old file":
            assert Image.open(target).load() is not None  # it was quicker: then it is whole
