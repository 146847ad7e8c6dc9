"""What a request may bring: length, room, whose page it is from."""

import shutil
import time
from collections import namedtuple
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from sr import settings
from tests.test_edges import break_off_an_upload
from ui.serving import bounds
from ui.serving.bounds import Bounds

Usage = namedtuple("Usage", "total used free")


async def read(request: Request) -> PlainTextResponse:
    """An endpoint that reads what it is sent."""
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
def client(monkeypatch, tmp_path) -> TestClient:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    routes = [Route("/call/x", read, methods=["GET", "POST"])]
    app = Starlette(routes=routes, middleware=[Middleware(Bounds)])
    return TestClient(app, "http://127.0.0.1:7860")


def chunks(length: int):
    """A body that doesn't say how long it is."""
    for _ in range(length >> 20):
        yield bytes(1 << 20)


def test_a_photo_in_base64_fits(client):
    length = settings.MAX_BYTES * 4 // 3
    assert client.post("/call/x", content=bytes(length)).text == str(length)


@pytest.mark.parametrize("told", [True, False])
def test_a_longer_body_is_refused(client, told):
    length = 64 << 20
    answer = client.post("/call/x", content=bytes(length) if told else chunks(length))
    assert answer.status_code == 413 and "maximum allowed size of 43 MB" in answer.text


@pytest.mark.parametrize(
    ("site", "host", "status"),
    [
        ("cross-site", "127.0.0.1:7860", 403),
        ("cross-site", "localhost:7860", 403),
        ("cross-site", "[::1]:7860", 403),
        ("cross-site", "192.168.1.7:7860", 403),
        ("cross-site", "owner-birds.hf.space", 200),  # a Space is for all
        ("same-origin", "127.0.0.1:7860", 200),
        ("same-site", "localhost:7860", 200),
        ("none", "127.0.0.1:7860", 200),
        (None, "127.0.0.1:7860", 200),  # a program
    ],
)
def test_another_sites_page_cannot_use_an_app_on_ones_own_machine(client, site, host, status):
    headers = {"Host": host} | ({"Sec-Fetch-Site": site} if site else {})
    assert client.post("/call/x", content=b"{}", headers=headers).status_code == status


def test_looking_is_free(client):
    assert client.get("/call/x", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.fixture
def uploads(app_url: str) -> Path:
    """The running app's folder."""
    answer = httpx.post(f"{app_url}/gradio_api/upload", files={"files": ("a.txt", b"a")})
    return Path(answer.json()[0]).parents[1]


def parts(folder: Path) -> list[Path]:
    """What Gradio has of uploads that are under way."""
    return [path for path in folder.iterdir() if path.is_file()]


def test_files_of_one_upload_are_bounded_together(app_url, uploads):
    files = [("files", (f"{i}.bin", bytes(20 << 20))) for i in range(2)]
    answer = httpx.post(f"{app_url}/gradio_api/upload", files=files)
    assert answer.status_code == 413 and not parts(uploads)


def test_an_upload_that_breaks_off_leaves_nothing(app_url, uploads):
    end = time.monotonic() + 10

    def until(begun: bool) -> None:
        while bool(parts(uploads)) != begun:
            assert time.monotonic() < end
            time.sleep(0.02)

    break_off_an_upload(app_url, 3_000_000, lambda: until(begun=True))
    until(begun=False)


def test_what_there_is_no_room_for_is_refused(monkeypatch, client):
    app = Starlette(
        routes=[Route("/upload", read, methods=["POST"])], middleware=[Middleware(Bounds)]
    )
    small = Usage(1 << 30, 0, bounds.RESERVE + 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: small)
    client = TestClient(app)
    assert client.post("/upload", content=bytes(1000)).status_code == 200
    answer = client.post("/upload", content=bytes(1001))
    assert answer.status_code == 507 and answer.text == bounds.NO_ROOM


def test_monitoring_is_closed(app_url):
    assert httpx.get(f"{app_url}/monitoring/summary").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "pwa_icon/513",
        "pwa_icon/100000/",
        "pwa_icon/-1",
        "gradio_api/deep_link",
        "gradio_api/vibe-code",
    ],
)
def test_routes_that_no_page_needs_are_closed(app_url, path):
    """An icon of 100,000 x 100,000 pixels ended the app."""
    assert httpx.get(f"{app_url}/{path}").status_code == 404
    assert httpx.post(f"{app_url}/gradio_api/process_recording").status_code == 404


def test_the_icons_of_the_manifest_are_there(app_url):
    for icon in httpx.get(f"{app_url}/manifest.json").json()["icons"]:
        assert httpx.get(app_url + icon["src"]).headers["content-type"] == "image/png"


@pytest.mark.parametrize("path", ["call/nothing", "call/v2/identify", "reset"])
def test_a_request_that_cannot_be_read_is_told(app_url, path):
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{app_url}/gradio_api/{path}", content=b'{"data": [NaN]}', headers=headers)
    assert answer.status_code == 400 and "This request can't be read" in answer.text
