"""Photos by their address: bounded as uploads are, and never from this machine's network."""

import asyncio
import base64
import errno
import http.server
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sr.image import PhotoError
from ui.serving import fetch


class Site(http.server.BaseHTTPRequestHandler):
    """A site with a photo, redirects to it and away, an endless answer and a slow one."""

    def do_GET(self):
        where = {
            "/there": "/photos/bird%20one.png",
            "/round": "/round",
            "/inside": "http://10.0.0.1/",
        }
        if self.path in where:
            self.send_response(302)
            self.send_header("Location", where[self.path])
            self.end_headers()
        elif self.path == "/photos/bird%20one.png":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"a photo")
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(1 << 20))
            except OSError:
                pass
        elif self.path == "/slow":
            self.server.patience.wait(5)
            self.send_error(404)
        else:
            self.send_error(404)

    def log_message(self, *_):
        pass


@pytest.fixture
def site(monkeypatch, tmp_path) -> Iterator[str]:
    """The address of that site, under a name that is taken for a public one."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.patience = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    validate = fetch.async_validate_url

    async def number(host: str) -> str:
        return "127.0.0.1" if host == "birds.example" else await validate(host)

    monkeypatch.setattr(fetch, "async_validate_url", number)
    yield f"http://birds.example:{server.server_address[1]}"
    server.patience.set()
    server.shutdown()
    server.server_close()


def get(address: str) -> Path:
    """In a thread of its own: a browser's tests leave a running loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return Path(pool.submit(asyncio.run, fetch.fetched(address)).result())


def test_a_photo_is_fetched_under_its_name(site):
    for path in ("/photos/bird%20one.png", "/there"):
        file = get(site + path)
        assert file.name == "bird one.png" and file.read_bytes() == b"a photo"


@pytest.mark.parametrize("path", ["/none", "/endless", "/round", "/inside"])
def test_what_is_no_photo_of_a_fair_size_is_refused(site, tmp_path, path):
    with pytest.raises(PhotoError, match="No photo could be had"):
        get(site + path)
    assert not list(tmp_path.iterdir())


def test_a_slow_site_is_left(site, monkeypatch):
    monkeypatch.setattr(fetch, "SECONDS", 0.5)
    with pytest.raises(PhotoError):
        get(f"{site}/slow")


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/", "http:///", "http://"],
)
def test_this_network_is_none(address):
    with pytest.raises(PhotoError):
        get(address)


def test_a_data_address_becomes_a_file_as_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    data = b"\x89PNG no photo"
    file = Path(fetch.decoded("data:image/png;base64," + base64.b64encode(data).decode()))
    assert file.name == "photo.png" and file.read_bytes() == data


@pytest.mark.parametrize(
    "address",
    ["data:", "data:image/png;base64,", "data:image/png;base64,a", "data:image/svg+xml,<svg>"],
)
def test_a_data_address_without_bytes_is_told(address):
    with pytest.raises(PhotoError, match="data: address can't be read"):
        fetch.decoded(address)


def test_a_full_disk_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))

    def full(path, data):
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError):
        fetch.written(b"a photo", "a.png")
    assert not list(tmp_path.iterdir())
