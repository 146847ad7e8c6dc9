"""The benchmark's bookkeeping; its times are never tested."""

import json

import numpy as np
import pytest

from sr import bench

FIELDS = [
    "way", "size", "seconds", "seconds_per_mp", "ratio_to_eager", "peak_mb", "max_diff",
    "share_differing", "db", "gflops", "share_of_matmul",
]  # fmt: skip


@pytest.fixture
def without_processes(monkeypatch):
    """Peak memory takes a process for each way; it is measured in `test_memory_budget`."""
    monkeypatch.setattr(bench, "peak_mb", lambda name, size, *arguments: 1.0)


def test_it_writes_a_row_for_each_way(tmp_path, capsys, without_processes):
    file = tmp_path / "bench.json"
    arguments = ["--size", "24", "--ways", "usual-tiles,engine", "--rounds", "1"]
    assert bench.main([*arguments, "--json", str(file)]) == 0
    rows = json.loads(file.read_text())
    assert [row["way"] for row in rows] == ["eager", "usual-tiles", "engine"]
    assert all(list(row) == FIELDS for row in rows)
    assert rows[0]["ratio_to_eager"] == 1 and rows[0]["max_diff"] == 0
    assert rows[2]["max_diff"] <= 1
    assert "|24|engine|" in capsys.readouterr().out.replace(" ", "")


def test_whole_photo_ways_are_left_out_of_large_sizes_unless_asked_for(monkeypatch):
    monkeypatch.setattr(bench, "has_bfloat16", lambda device: False)
    assert bench.ways_for(bench.LARGEST_WHOLE + 1, None) == ["usual-tiles", "engine"]
    assert bench.ways_for(1024, ["eager"]) == ["eager"]
    assert bench.ways_for(64, ["engine"]) == ["eager", "engine"]
    monkeypatch.setattr(bench, "has_bfloat16", lambda device: True)
    assert bench.ways_for(1024, None) == ["usual-tiles", "engine", "engine-bfloat16"]


def test_without_eager_there_is_no_ratio_and_no_difference(monkeypatch, capsys, without_processes):
    monkeypatch.setattr(bench, "LARGEST_WHOLE", 20)
    arguments = ["--size", "24", "--ways", "engine", "--rounds", "1", "--profile"]
    assert bench.main([*arguments, "--memory-mb", "300"]) == 0
    table = capsys.readouterr().out.replace(" ", "")
    assert "|24|engine|" in table and "|-|" in table
    assert "convolution|" in table


def test_operations_are_those_of_the_paper():
    """Multiplications a pixel of input: convolutions at their own resolution."""
    trunk = 3 * 64 * 81 + 33 * 64 * 64 * 9
    tail = 64 * 256 * 9 * (1 + 4) + 64 * 3 * 81 * 16
    assert bench.operations("srgan-div2k", 10) == 2 * (trunk + tail) * 100


def test_usual_tiles_cover_the_photo_but_are_not_exact():
    pixels = bench.photo_of(230)
    tiles = bench.usual_tiles("srgan-div2k")(pixels).astype(int)
    engine = bench.this_engine("srgan-div2k")(pixels)
    apart = np.abs(tiles - engine)
    assert tiles.shape == (920, 920, 3)
    assert 1 < apart.max() < 60 and apart.mean() < 0.5


def test_an_unknown_way_is_refused(capsys):
    with pytest.raises(SystemExit):
        bench.main(["--ways", "magic"])
    assert "no such way: magic" in capsys.readouterr().err
