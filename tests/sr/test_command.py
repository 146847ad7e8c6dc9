"""python -m sr, run as a user runs it or through its main(); and what all commands share."""

import errno
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from sr import __main__ as command
from sr.batch import places
from tests.conftest import ROOT


def test_photos_are_written_and_bad_ones_reported(tmp_path, macaw):
    small = tmp_path / "klein, süß.png"
    Image.open(macaw).crop((40, 30, 64, 50)).save(small)
    bad = tmp_path / "bad.png"
    bad.write_text("?")
    done = subprocess.run(
        [sys.executable, "-m", "sr", bad, small, "--out", tmp_path / "out", "--device", "cpu"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 1
    first, last = done.stderr.splitlines()
    assert first.startswith("“bad.png” is not a photo")
    assert last.startswith("2 photos: 1 written, 1 failed; 0.0 megapixels of photos in ")
    assert last.endswith(f"What became of each is in {tmp_path / 'out' / 'manifest.jsonl'}.")
    assert "klein, süß_x4.png (96 x 80, sr/weights/srgan-swift" in done.stdout
    assert names(tmp_path / "out") == ["klein, süß_x4.png"]
    assert Image.open(tmp_path / "out" / "klein, süß_x4.png").size == (96, 80)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--model", "superman"], "There is no model called “superman”"),
        (["--device", "abacus"], "There is no device “abacus” here"),
        (["--memory-mb", "1"], "1 MB may be used"),
    ],
)
def test_wrong_choices_are_sentences(tmp_path, macaw, capsys, arguments, sentence):
    assert command.main([str(macaw), "--out", str(tmp_path), *arguments]) == 1
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.glob("*.png"))


def test_each_photo_gets_the_network_that_suits_it(tmp_path, macaw, capsys):
    clean, saved = tmp_path / "clean.png", tmp_path / "saved.jpg"
    part = Image.open(macaw).convert("RGB").crop((40, 30, 104, 94))
    part.save(clean)
    part.save(saved, quality=60)
    assert command.main([str(clean), str(saved), "--out", str(tmp_path / "out")]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "Auto took srgan-swift: the photo shows no harm" in first
    assert "Auto took real-esrgan: it is a JPEG of quality 60" in second
    plain = [str(clean), "--out", str(tmp_path / "plain"), "--no-keep-colours"]
    assert command.main([*plain, "--model", "srgan-div2k"]) == 0
    assert "Auto" not in capsys.readouterr().out
    kept, own = (Image.open(tmp_path / d / "clean_x4.png") for d in ("out", "plain"))
    assert kept.tobytes() != own.tobytes()


# Files


@pytest.fixture
def small(macaw, tmp_path, monkeypatch):
    """A photo of 24 x 20 pixels, small.png, in the folder in which the command runs."""
    monkeypatch.chdir(tmp_path)
    Image.open(macaw).convert("RGB").crop((40, 30, 64, 50)).save("small.png")
    return Path("small.png")


def names(folder: str | Path) -> list[str]:
    """The results in a folder, and nothing but the manifest may be beside them."""
    found = sorted(path.name for path in Path(folder).iterdir())
    assert "manifest.jsonl" in found
    return [name for name in found if name != "manifest.jsonl"]


def test_photos_of_one_name_are_both_written_and_told_apart(small, capsys):
    Path("b").mkdir()
    Image.open(small).rotate(180).save("b/small.png")
    assert command.main([str(small), "b/small.png", "--out", "out"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("out/small_x4.png (96 x 80, ") and "another's" not in first
    assert second.startswith("out/small-2_x4.png (96 x 80, ")
    assert "It is b/small.png: small_x4.png is another's name." in second
    one, other = (Image.open(f"out/{name}_x4.png").tobytes() for name in ("small", "small-2"))
    assert one != other


def test_what_cannot_be_written_is_told_and_the_others_go_on(small, macaw, capsys):
    Path("out/scarlet_macaw_x4.png").mkdir(parents=True)
    assert command.main([str(macaw), str(small), "--out", "out"]) == 1
    assert capsys.readouterr().err.startswith(
        "out/scarlet_macaw_x4.png can't be written, a folder has that name: rename it, or choose "
        "another --out.\n"
    )
    assert names("out") == ["scarlet_macaw_x4.png", "small_x4.png"]


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.ENOSPC, ", the disk is full: free some space."),
        (errno.EDQUOT, ", the disk is full: free some space."),
        (errno.EACCES, " (Permission denied): choose another --out."),
    ],
)
def test_a_full_disk_is_told(small, macaw, capsys, monkeypatch, number, why):
    def write(folder, path, pieces):
        if len(pieces[0]) > 100_000:
            raise OSError(number, os.strerror(number), "out/tmpx")
        return written(folder, path, pieces)

    written = places._write_here
    monkeypatch.setattr(places, "_write_here", write)
    assert command.main([str(macaw), str(small), "--out", "out"]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"out/scarlet_macaw_x4.png can't be written{why}\n2 photos: 1 written")
    assert names("out") == ["small_x4.png"]


def test_a_file_that_is_cut_off_is_taken_away(small, macaw, capsys):
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, old[1]))
    try:
        assert command.main([str(macaw), str(small), "--out", "out"]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert "scarlet_macaw_x4.png can't be written (File too large)" in capsys.readouterr().err
    assert names("out") == ["small_x4.png"]


@pytest.mark.parametrize("out", ["small.png", "small.png/deep", "loop", "/dev/null"])
def test_an_out_that_is_no_folder_is_told_before_the_work(small, capsys, out):
    Path("loop").symlink_to("loop")
    assert command.main([str(small), "--out", out]) == 2
    assert capsys.readouterr().err == (
        f"{out} is no folder and can't become one: choose another --out.\n"
    )


def test_links_pipes_and_devices_are_no_photos_and_nothing_waits_for_them(small, capsys):
    Path("loop.png").symlink_to("loop.png")
    Path("nowhere.png").symlink_to("nothing")
    os.mkfifo("pipe.png")
    odd = ["loop.png", "nowhere.png", "pipe.png", "/dev/zero", ""]
    assert command.main([*odd, str(small), "--out", "out"]) == 1
    assert capsys.readouterr().err.count("There is no file “") == len(odd)
    assert names("out") == ["small_x4.png"]


def test_a_name_cannot_command_the_terminal(small, capsys):
    Path("b").mkdir()
    odd = shutil.copy(small, "b/x\n\x1b[31m.png")
    (other := Path("a\r")).mkdir()
    assert command.main([shutil.copy(odd, other), odd, "--out", str(other)]) == 0
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 2 and r"b/x\n\x1b[31m.png" in printed
    assert printed.replace("\n", "").isprintable()


# Streams


def run(code: str, **options) -> subprocess.CompletedProcess:
    """A command whose work is `code`, in a process of its own."""
    script = f"import sys; from sr import commands; sys.exit(commands.run(lambda: {code}))"
    return subprocess.run([sys.executable, "-c", script], cwd=ROOT, text=True, **options)


@pytest.fixture
def unread():
    """The end of a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


@pytest.mark.parametrize("work", ["print('a')", "print('a' * 100_000)"])
def test_a_reader_that_goes_away_ends_a_command_quietly(unread, work):
    done = run(work, stdout=unread, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (1, "")


def test_help_that_nobody_reads_is_no_error(unread):
    done = subprocess.run(
        [sys.executable, "-m", "sr", "--help"], cwd=ROOT, stdout=unread, stderr=subprocess.PIPE
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_sentences_that_nobody_reads_do_not_end_the_work(unread):
    done = run("commands.tell('x') or print('done')", stdout=subprocess.PIPE, stderr=unread)
    assert (done.returncode, done.stdout) == (0, "done\n")


def test_an_output_that_cannot_be_written_is_a_sentence():
    with Path("/dev/full").open("w") as full:
        done = run("print('a')", stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (1, "No space left on device.\n")


def test_a_command_runs_without_streams():
    work = "commands.tell('x') or print('a') or sys.stdout.write('b') and 7"
    for closed in ("stdout", "stderr"):
        start = f"sys.{closed} = None"  # as Python has it for >&- and 2>&-
        script = f"import sys; {start}; from sr import commands; "
        script += f"sys.exit(commands.run(lambda: {work}))"
        done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True)
        told, printed = (b"x\n", b"") if closed == "stdout" else (b"", b"a\nb")
        assert (done.returncode, done.stderr, done.stdout) == (7, told, printed)


def test_a_name_that_the_output_cannot_spell_is_printed_in_escapes(small):
    shutil.copy(small, "鸟.png")
    done = subprocess.run(
        [sys.executable, "-m", "sr", "鸟.png", "--out", "out"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")  # of one photo there is no summary
    assert done.stdout.startswith(rb"out/\u9e1f_x4.png (96 x 80, ")
    assert names("out") == ["鸟_x4.png"]
