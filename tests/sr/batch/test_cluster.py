"""The same job by Ray, on a cluster begun on this machine."""

import re
import sys
import threading
from pathlib import Path

import psutil
import pytest
from PIL import Image

from sr.batch import BatchError, Job, Task, cluster, places, processes

COUNT = 12


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


def actors() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "MapWorker" in " ".join(child.cmdline())]


def test_a_lost_actor_costs_no_photo(tmp_path):
    (tmp_path / "in").mkdir()
    for i in range(COUNT):
        image = Image.linear_gradient("L").rotate(20 * i).resize((24, 20))
        image.save(tmp_path / "in" / f"{i:02}.png")
    (tmp_path / "in" / "bad.png").write_bytes(b"?")
    found = places.sources(str(tmp_path / "in"), "out")
    tasks = [Task(source, f"{Path(source.address).stem}_x4.png") for source in found]
    here, there = (
        Job(str(tmp_path / name), model="fsrcnn", name=True, engine={"device": "cpu"})
        for name in ("here", "there")
    )
    alone = list(processes.here(tasks, here, threading.Event(), lambda step: None))
    lines, killed = [], []
    for line in cluster.lines(tasks, there, "", 1, threading.Event()):
        lines.append(line)
        if not killed:
            killed = actors()
            killed[0].kill()
    results = sorted(line["result"] for line in lines)
    assert results == sorted(line["result"] for line in alone) and len(results) == COUNT + 1
    errors = {line["result"]: line["error"] for line in alone}
    assert {line["result"]: line["error"] for line in lines} == errors
    assert files(Path(there.out)) == files(Path(here.out))
    birds = {line["result"]: line.get("bird") for line in alone}
    assert {line["result"]: line.get("bird") for line in lines} == birds


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1"])
def test_a_cluster_that_is_not_there_is_a_sentence(address):
    with pytest.raises(BatchError, match=f"There is no cluster at {re.escape(address)}: "):
        next(cluster.lines([], Job("out"), address, 1, threading.Event()))


def test_without_ray_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BatchError, match="pip install -r tools/cluster-requirements"):
        next(cluster.lines([], Job("out"), "", 1, threading.Event()))
