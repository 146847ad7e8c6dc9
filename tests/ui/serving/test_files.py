"""Nothing stays in the app's folder for longer than is said."""

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
from gradio_client import Client, handle_file

from tests.conftest import EXAMPLES, ROOT, running_app
from ui import results
from ui.serving import files
from ui.serving.files import sweep


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def fill(folder: Path, which: str) -> None:
    """All that the app and Gradio leave: results, uploads, parts of uploads, empty folders."""
    (folder / which / "deep").mkdir(parents=True)
    (folder / which / "empty").mkdir()
    for name in (f"{which}.part", f"{which}/a_x4.png", f"{which}/deep/.hidden"):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (0, 0))  # as a copy that keeps its times


def test_what_is_old_goes_and_the_rest_stays(tmp_path):
    fill(tmp_path, "old")
    time.sleep(0.6)
    fill(tmp_path, "new")
    sweep(tmp_path, 0.5)
    left = {"new", "new/deep", "new/empty", "new.part", "new/a_x4.png", "new/deep/.hidden"}
    assert everything(tmp_path) == left
    sweep(tmp_path, 0)
    assert tmp_path.is_dir() and not everything(tmp_path)


def test_an_old_folder_stays_while_there_is_something_new_in_it(tmp_path):
    (tmp_path / "old").mkdir()
    time.sleep(0.3)
    (tmp_path / "old" / "new.png").write_bytes(b"x")
    sweep(tmp_path, 0.2)
    assert everything(tmp_path) == {"old", "old/new.png"}


def test_a_folder_goes_with_the_last_file_in_it(tmp_path):
    """Deleting a file makes its folder look new."""
    (tmp_path / "request").mkdir()
    (tmp_path / "request" / "a.png").write_bytes(b"x")
    time.sleep(0.3)
    (tmp_path / "request" / "b.png").write_bytes(b"x")
    sweep(tmp_path, 0.2)
    assert everything(tmp_path) == {"request", "request/b.png"}
    time.sleep(0.3)
    sweep(tmp_path, 0.2)
    assert not everything(tmp_path)


def test_what_a_request_uses_stays_however_long_it_waits(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    photo = tmp_path / "upload.png"
    photo.write_bytes(b"x")
    with results.using(photo), results.using(photo), results.request_folder() as folder:
        (folder / "a_bicubic.png").write_bytes(b"x")
        time.sleep(0.1)
        with results.using(photo):
            pass
        sweep(tmp_path, 0, results.in_use())
        assert everything(tmp_path) == {photo.name, folder.name, f"{folder.name}/a_bicubic.png"}
    sweep(tmp_path, 0, results.in_use())
    assert not everything(tmp_path) and not results.in_use()


def test_a_link_is_deleted_and_not_what_it_leads_to(tmp_path):
    kept, folder = tmp_path / "kept", tmp_path / "folder"
    kept.mkdir()
    (kept / "file").write_bytes(b"x")
    folder.mkdir()
    (folder / "link").symlink_to(kept)
    sweep(folder, 0)
    assert everything(kept) == {"file"} and not everything(folder)


def test_folders_that_go_meanwhile_are_no_error(tmp_path):
    """Requests that end, and the Compare tab, delete their own; an error would end the sweeping."""
    end, done = time.monotonic() + 2, threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            for i in range(20):
                (tmp_path / str(i) / "deep").mkdir(parents=True)
            for i in range(20):
                shutil.rmtree(tmp_path / str(i), ignore_errors=True)

    others = threading.Thread(target=come_and_go)
    others.start()
    try:
        while time.monotonic() < end:
            sweep(tmp_path, 3600)
    finally:
        done.set()
        others.join()


def test_a_folder_that_is_not_there_is_no_error(tmp_path):
    sweep(tmp_path / "none", 0)


def test_the_app_has_a_folder_of_its_own_unless_one_is_given(monkeypatch, tmp_path):
    """Gradio's default is shared by all apps of a machine: sweeping that would be theft."""
    monkeypatch.delenv(files.VARIABLE, raising=False)
    code = (
        "import app, gradio.mcp, gradio.utils; from ui.serving import files; "
        "print(gradio.utils.get_upload_folder(), gradio.mcp.DEFAULT_TEMP_DIR, files.folder())"
    )
    run = [sys.executable, "-c", code]
    options = {"cwd": ROOT, "capture_output": True, "text": True, "check": True}
    folders = set(subprocess.run(run, **options).stdout.split())
    assert len(folders) == 1 and folders.pop().endswith("/sharper-birds")
    for given in (str(tmp_path), os.path.relpath(tmp_path, ROOT)):
        monkeypatch.setenv(files.VARIABLE, given)
        assert set(subprocess.run(run, **options).stdout.split()) == {str(tmp_path)}


# The app, but that it keeps files for eight seconds.
HASTY = "from sr import settings; settings.KEPT_SECONDS = 8; import app; app.main()"


def test_the_running_app_deletes_all_but_its_own_pictures(tmp_path, macaw):
    """Uploads, results, data addresses, and what was there when it was started."""
    folder = tmp_path / "gradio"
    fill(tmp_path, "gradio")  # as a run that was killed leaves it
    with running_app(tmp_path, command=(sys.executable, "-c", HASTY)) as app:
        client = Client(app.url, verbose=False, download_files=tmp_path / "mine")
        client.predict(handle_file(macaw), "fsrcnn", api_name="/upscale")
        files = {"files": ("late.png", macaw.read_bytes())}
        late = Path(httpx.post(f"{app.url}/gradio_api/upload", files=files).json()[0])
        assert late.exists()
        own = {path.name for path in EXAMPLES.glob("*.png")}
        end = time.monotonic() + 60
        while {path.name for path in folder.rglob("*") if path.is_file()} != own:
            assert time.monotonic() < end, list(folder.rglob("*"))
            time.sleep(0.2)
        shown = next(folder.rglob("owl.png"))
        assert httpx.get(f"{app.url}/gradio_api/file={shown}").status_code == 200
