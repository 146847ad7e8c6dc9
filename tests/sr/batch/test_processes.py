"""Processes that share the work, end with it, and may be killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from PIL import Image

from sr.batch import Job, Task, places, processes, work
from tests.conftest import ROOT

COUNT = 12


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for i in range(COUNT):
        Image.linear_gradient("L").rotate(20 * i).resize((24, 20)).save(folder / f"{i:02}.png")
    return folder


def tasks(photos: Path) -> list[Task]:
    found = places.sources(str(photos), "out")
    return [Task(source, f"{Path(source.address).stem}_x4.png") for source in found]


def job(folder: Path) -> Job:
    return Job(str(folder), model="fsrcnn", engine={"device": "cpu"})


@pytest.fixture(scope="module")
def expected(photos, tmp_path_factory) -> dict[str, bytes]:
    """What the photos become, done one after the other in this process."""
    out = tmp_path_factory.mktemp("here")
    lines = list(processes.here(tasks(photos), job(out), threading.Event(), lambda step: None))
    assert [line["error"] for line in lines] == [None] * COUNT
    assert [line["result"] for line in lines] == [f"{i:02}_x4.png" for i in range(COUNT)]
    return files(out)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


def workers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def test_a_killed_worker_costs_no_photo(photos, expected, tmp_path):
    killed, lines = [], []
    for line in processes.side_by_side(tasks(photos), job(tmp_path), 2, threading.Event()):
        lines.append(line)
        if not killed:
            killed = workers()
            killed[0].send_signal(signal.SIGKILL)
    assert sorted(line["result"] for line in lines) == sorted(expected)
    assert [line["error"] for line in lines] == [None] * COUNT
    assert files(tmp_path) == expected
    assert workers() == []


def test_a_photo_that_ends_its_process_is_told_and_the_others_go_on(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a", "b", "c"):
        Image.linear_gradient("L").resize((24, 20)).save(tmp_path / "in" / f"{name}.png")
    alone = replace(job(tmp_path / "out"), model="fsrcnn")
    found = tasks(tmp_path / "in")
    found[1] = replace(found[1], source=replace(found[1].source, address=DEADLY))
    lines = list(processes.side_by_side(found, alone, 2, threading.Event()))
    errors = {line["source"]: line["error"] for line in lines}
    assert errors.pop(DEADLY) == work.LOST
    assert list(errors.values()) == [None, None]


# A file system that ends the process which reads from it.
DEADLY = "deadly://x.png"


@pytest.fixture(autouse=True)
def deadly(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(
        "import os, fsspec\n"
        "class Deadly(fsspec.AbstractFileSystem):\n"
        "    def info(self, path, **options):\n"
        "        os._exit(9)\n"
        "fsspec.register_implementation('deadly', Deadly)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)


def test_asked_to_stop_processes_end_after_what_is_begun(photos, expected, tmp_path):
    stop, lines = threading.Event(), []
    for line in processes.side_by_side(tasks(photos), job(tmp_path), 2, stop):
        lines.append(line)
        stop.set()
    assert 1 <= len(lines) < COUNT
    assert files(tmp_path) == {line["result"]: expected[line["result"]] for line in lines}
    assert workers() == []


@pytest.mark.parametrize(("size", "done"), [((24, 20), 1), ((24, 2000), 0)])
def test_one_process_stops_after_a_strip(tmp_path, size, done):
    Image.linear_gradient("L").resize(size).save(tmp_path / "x.png")
    stop, found = threading.Event(), tasks(tmp_path) * 2
    here = job(tmp_path / "out")
    lines = list(processes.here(found, here, stop, lambda step: stop.set()))
    assert len(lines) == done and len(files(tmp_path / "out")) == done


def test_what_nobody_foresaw_fails_one_photo_only(photos, tmp_path, monkeypatch):
    def restored(data, task, *rest):
        if task.result == "01_x4.png":
            raise ZeroDivisionError("by nothing")
        return data

    monkeypatch.setattr(work, "_restored", restored)
    lines = list(processes.here(tasks(photos), job(tmp_path), threading.Event(), print))
    assert [line["result"] for line in lines if line["error"]] == ["01_x4.png"]
    assert lines[1]["error"] == f"{lines[1]['source']} failed: ZeroDivisionError: by nothing."


def test_workers_end_with_the_process_that_began_them(photos, tmp_path):
    code = (
        "import sys, threading, time\n"
        "from sr.batch import processes, Job\n"
        "from tests.sr.batch.test_processes import tasks, job\n"
        "from pathlib import Path\n"
        "if __name__ == '__main__':\n"
        f"    work = tasks(Path({str(photos)!r})) * 50\n"
        f"    for line in processes.side_by_side(work, job(Path({str(tmp_path)!r})), 2,\n"
        "            threading.Event()):\n"
        "        print('one', flush=True)\n"
    )
    (script := tmp_path / "script.py").write_text(code)
    path = f"{ROOT}{os.pathsep}{os.environ['PYTHONPATH']}"
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, env=environment, cwd=ROOT
    ) as process:
        assert process.stdout.readline() == b"one\n"
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    end = time.monotonic() + 20
    while any(child.is_running() for child in children) and time.monotonic() < end:
        time.sleep(0.1)
    assert [child for child in children if child.is_running()] == []
