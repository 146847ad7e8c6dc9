"""Photos and results on an S3-compatible server, which may be away for a while."""

import json
import threading
import time
import urllib.request

import pytest
import s3fs
from moto.server import ThreadedMotoServer
from PIL import Image

from sr import __main__ as command
from sr.batch import manifest, places
from tests.conftest import free_port

FAST = ["--model", "fsrcnn", "--device", "cpu"]
COUNT = 6


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server with photos in s3://archive/in."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=(port := free_port()), verbose=False)
    server.start()
    url = f"http://127.0.0.1:{port}"
    urllib.request.urlopen(f"{url}/moto-api/reset", data=b"").close()  # servers share their state
    monkeypatch.setattr(places, "PATIENCE", 30)
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    places._file_system.cache_clear()
    system = s3fs.S3FileSystem()
    system.mkdir("archive")
    for number in range(COUNT):
        Image.linear_gradient("L").rotate(20 * number).resize((24, 20)).save(tmp_path / "x.png")
        system.put_file(str(tmp_path / "x.png"), f"archive/in/{number % 2}/{number}.png")
    system.pipe_file("archive/in/bad.png", b"?")
    yield server
    server.stop()
    places._file_system.cache_clear()
    s3fs.S3FileSystem.clear_instance_cache()


def keys(folder: str) -> list[str]:
    return sorted(places._file_system("s3").find(folder))


def lines() -> list[dict]:
    text = places.content("s3://archive/out/manifest.jsonl").decode()
    return [json.loads(line) for line in text.splitlines()]


RESULTS = [f"archive/out/{n % 2}/{n}_x4.png" for n in (0, 2, 4, 1, 3, 5)]


def test_from_a_bucket_to_a_bucket(server, capsys):
    arguments = ["s3://archive/in", "--out", "s3://archive/out", *FAST]
    assert command.main(arguments) == 1
    told = capsys.readouterr()
    assert "s3://archive/out/0/2_x4.png (96 x 80, " in told.out
    assert "“bad.png” is not a photo" in told.err
    assert keys("archive/out") == [*RESULTS, "archive/out/manifest.jsonl"]
    photos = lines()[1:]
    assert len(photos) == COUNT + 1 and {line["size"] for line in photos} > {1}
    assert photos[0]["source"].startswith("s3://archive/in/")
    assert places.content(f"s3://{RESULTS[0]}").startswith(b"\x89PNG")
    assert command.main(["--resume", "--out", "s3://archive/out"]) == 1
    assert f"{COUNT + 1} photos: 0 written, {COUNT} were done before, 1 failed" in (
        capsys.readouterr().err
    )
    assert len(lines()) == COUNT + 2


def test_a_server_that_is_away_for_a_while_costs_nothing(server, monkeypatch):
    written = places.write

    def write(folder, name, pieces):
        if name.endswith("2_x4.png"):
            server.stop()
            threading.Thread(target=back).start()
        return written(folder, name, pieces)

    def back():
        time.sleep(2)
        server.start()

    monkeypatch.setattr(places, "write", write)
    assert command.main(["s3://archive/in", "--out", "s3://archive/out", *FAST]) == 1
    assert keys("archive/out") == [*RESULTS, "archive/out/manifest.jsonl"]


def test_a_run_that_was_killed_goes_on_from_its_lines(server, capsys):
    arguments = ["s3://archive/in/0", "--out", "s3://archive/out", *FAST]
    with pytest.MonkeyPatch.context() as killed:
        killed.setattr(manifest, "LINES", 1)
        killed.setattr(manifest.Manifest, "close", lambda *_: None)
        command.main(arguments)
    parts = [key for key in keys("archive/out") if manifest.BESIDE in key]
    assert len(parts) == 4 and not places.facts("s3://archive/out/manifest.jsonl")
    capsys.readouterr()
    assert command.main(arguments) == 0
    assert "3 photos: 0 written, 3 were done before;" in capsys.readouterr().err
    assert len(lines()) == 4 and not [key for key in keys("archive/out") if "parts" in key]
