"""What is done is told by lines that bear a kill at any byte."""

import json
import os
import resource
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from sr.batch import BatchError, Job, Source, Task, manifest, places
from sr.batch.manifest import Manifest

DATA = b"result"


@pytest.fixture
def job(tmp_path) -> Job:
    return Job(str(tmp_path / "out"))


def photo(job: Job, number: int) -> Task:
    """A photo that is there."""
    file = Path(job.out).parent / f"{number}.png"
    file.write_bytes(b"photo" * (number + 1))
    return Task(next(places.sources(str(file), job.out)), f"{number}_x4.png")


def done(task: Task, job: Job, **more) -> dict:
    """The line of a photo whose result is written."""
    places.write(job.out, task.result, [DATA])
    line = {"source": task.source.address, "size": task.source.size, "result": task.result}
    line |= {"modified": task.source.modified, "sha256": places.sha256(task.source.address)}
    return line | {"bytes": len(DATA), "settings": job.settings, "error": None, **more}


def opened(job: Job) -> Manifest:
    Path(job.out).mkdir(exist_ok=True)
    return Manifest(job.out)


def lines(job: Job) -> list[dict]:
    return [json.loads(text) for text in Path(job.out, manifest.NAME).open()]


@pytest.fixture
def written(job) -> tuple[Job, Task]:
    """A job of which a photo is done."""
    task = photo(job, 0)
    kept = opened(job)
    kept.begin({"photos": ["x"]})
    kept.add(done(task, job))
    kept.close()
    return job, task


def is_done(job: Job, task: Task) -> bool:
    kept = opened(job)
    try:
        return kept.is_done(task, job)
    finally:
        kept.release()


def test_what_has_a_line_and_a_result_is_done(written):
    job, task = written
    assert is_done(job, task)
    assert sorted(path.name for path in Path(job.out).iterdir()) == ["0_x4.png", "manifest.jsonl"]


def test_a_photo_that_was_only_touched_is_done(written):
    job, task = written
    os.utime(task.source.address, (1, 1))
    assert is_done(job, replace(task, source=next(places.sources(task.source.address, job.out))))


def changed_photo(job, task):
    Path(task.source.address).write_bytes(b"PHOTO")
    os.utime(task.source.address, (1, 1))
    return job, replace(task, source=next(places.sources(task.source.address, job.out)))


def cut_result(job, task):
    Path(job.out, task.result).write_bytes(b"r")
    return job, task


def no_result(job, task):
    Path(job.out, task.result).unlink()
    return job, task


CHANGES = {
    "another photo of that size": changed_photo,
    "a result cut off": cut_result,
    "no result": no_result,
    "another model": lambda job, task: (replace(job, model="span"), task),
    "named": lambda job, task: (replace(job, name=True), task),
    "other precision": lambda job, task: (replace(job, engine={"precision": "bfloat16"}), task),
    "another result": lambda job, task: (job, replace(task, result="0-2_x4.png")),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_has_changed_is_done_again(written, what):
    assert is_done(*written)
    assert not is_done(*CHANGES[what](*written))


def test_what_failed_is_tried_again_and_has_one_line(written):
    job, task = written
    for error in ("no", None):
        kept = opened(job)
        kept.begin({"photos": ["x"]})
        kept.add(done(task, job, error=error))
        kept.close()
        assert is_done(job, task) == (error is None)
        assert [line["error"] for line in lines(job)[1:]] == [error]


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 2000))
def test_a_manifest_cut_anywhere_gives_whole_lines(tmp_path_factory, cut):
    folder = tmp_path_factory.mktemp("cut")
    job = Job(str(folder / "out"))
    kept = opened(job)
    kept.begin({"photos": ["鸟"]})
    tasks = [photo(job, number) for number in range(4)]
    for task in tasks:
        kept.add(done(task, job))
    kept.close()
    file = Path(job.out, manifest.NAME)
    whole = file.read_bytes()
    cut = min(cut, len(whole))
    file.write_bytes(whole[:cut])
    complete = whole[:cut].count(b"\n") + (cut < len(whole) and whole[cut : cut + 1] == b"\n")
    again = opened(job)
    assert len(again.done) == max(0, complete - 1)
    again.begin({"photos": ["鸟"]})
    for task in tasks:
        if not again.is_done(task, job):
            again.add(done(task, job))
    again.close()
    assert sorted(file.read_bytes().splitlines()) == sorted(whole.splitlines())


def test_two_runs_do_not_write_to_one_folder(job):
    first = opened(job)
    with pytest.raises(BatchError, match="Another run is writing to"):
        opened(job)
    first.release()
    opened(job).release()


def test_a_line_that_has_no_room_is_not_there_in_part(job):
    kept = opened(job)
    kept.begin({"photos": ["x"]})
    file = Path(job.out, manifest.NAME)
    before, task = file.read_bytes(), photo(job, 0)
    line = done(task, job, notes=["x" * 5000])
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, old[1]))
    try:
        with pytest.raises(OSError):
            kept.add(line)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert file.read_bytes() == before
    kept.add(line)
    kept.close()
    assert is_done(job, task)


def test_a_name_that_is_no_text_has_a_line(job):
    Path(job.out).mkdir()
    task = Task(Source(os.fsdecode(b"\xff.png")), "x_x4.png")
    kept = opened(job)
    kept.add(done(task, job))
    kept.close()
    assert "\\udcff.png" in Path(job.out, manifest.NAME).read_text()


def test_it_is_a_table_too(written):
    job, task = written
    kept = opened(job)
    kept.close(columns=True)
    rows = parquet.read_table(Path(job.out, manifest.COLUMNS)).to_pylist()
    assert [row["source"] for row in rows] == [task.source.address]
