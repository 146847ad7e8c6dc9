"""python -m sr, run as a user runs it or through its main(); and what all commands share."""

import errno
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from sr import __main__ as command
from sr.batch import places, processes, work
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


# Folders


@pytest.fixture
def folder(macaw, tmp_path, monkeypatch) -> Path:
    """Photos that differ in folder, ending or case, and one that is none."""
    monkeypatch.chdir(tmp_path)
    whole = Image.open(macaw).convert("RGB")
    for number, name in enumerate(("a/x.jpg", "a/x.png", "b/x.jpg", "A/X.JPG")):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        whole.crop((40, 30 + number, 64, 50 + number)).save(path, quality=95)
    Path("in/b/bad.png").write_text("?")
    return Path("in")


RESULTS = ["A/X_x4.png", "a/x-2_x4.png", "a/x-3_x4.png", "b/x_x4.png"]


def made(out: str = "out") -> dict[str, bytes]:
    paths = sorted(Path(out).rglob("*.png"))
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in paths}


def lines(out: str = "out") -> list[dict]:
    return [json.loads(text) for text in Path(out, "manifest.jsonl").open(encoding="utf-8")]


RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
FAST = ["--model", "fsrcnn", "--device", "cpu"]


def test_a_folder_keeps_its_tree_and_no_photo_is_lost(folder, capsys):
    assert command.main([str(folder), "--out", "out", *FAST]) == 1
    found = capsys.readouterr()
    assert sorted(made()) == RESULTS and len(set(made().values())) == 4
    assert "b/bad.png" not in found.out and "“bad.png” is not a photo" in found.err
    assert "5 photos: 4 written, 1 failed; 0.0 megapixels" in found.err
    job, *photos = lines()
    assert job["job"]["photos"] == [str(Path("in").absolute())] and len(photos) == 5
    one = next(line for line in photos if line["source"] == str(Path("in/b/x.jpg").absolute()))
    data = Path("in/b/x.jpg").read_bytes()
    assert one["sha256"] == hashlib.sha256(data).hexdigest() and one["size"] == len(data)
    assert (one["pixels"], one["result_size"]) == ([24, 20], [96, 80])
    assert one["bytes"] == len(made()["b/x_x4.png"]) and one["model"] == "fsrcnn"
    assert one["weights"] == "sr/weights/fsrcnn.safetensors" and one["error"] is None


def test_the_same_command_again_does_what_is_left(folder, capsys, monkeypatch):
    command.main([str(folder), "--out", "out", *FAST])
    before = made()
    Path("out/b/x_x4.png").unlink()
    shutil.copy("in/b/x.jpg", "in/b/bad.png")
    done = []
    real = work.do
    monkeypatch.setattr(work, "do", lambda task, *r: done.append(task.result) or real(task, *r))
    capsys.readouterr()
    assert command.main([str(folder), "--out", "out", *FAST]) == 0
    assert done == ["b/bad_x4.png", "b/x_x4.png"]
    assert "5 photos: 2 written, 3 were done before;" in capsys.readouterr().err
    assert made() == before | {"b/bad_x4.png": before["b/x_x4.png"]}
    assert len(lines()) == 6 and not any(line["error"] for line in lines()[1:])
    done.clear()
    assert command.main(["--resume", "--out", "out"]) == 0  # what was asked for is there
    assert done == []
    assert command.main(["--resume", "--out", "out", "--model", "span"]) == 0
    assert done == []  # as it was asked for
    monkeypatch.chdir("in")
    assert command.main([".", "--out", "../out", *FAST]) == 0
    assert command.main(["--resume", "--out", "../out"]) == 0
    assert done == []
    monkeypatch.chdir("..")
    assert command.main([str(folder), "--out", "out", *FAST, "--overwrite"]) == 0
    assert len(done) == 5 and len(lines()) == 6


def test_processes_do_the_same(folder, capsys):
    command.main([str(folder), "--out", "out", *FAST])
    assert command.main([str(folder), "--out", "two", *FAST, "--jobs", "2"]) == 1
    assert made("two") == made("out")
    assert "5 photos: 4 written, 1 failed" in capsys.readouterr().err


def test_a_dry_run_tells_how_much_there_is_and_writes_nothing(folder, capsys):
    assert command.main([str(folder), "--out", "out", *FAST, "--dry-run"]) == 1
    told = capsys.readouterr()
    assert told.out.startswith("4 photos of 0.0 megapixels, about ")
    assert told.out.endswith(" 1 more can't be read.\n") and "“bad.png” is not" in told.err
    assert not Path("out").exists()


def test_results_below_the_photos_are_no_photos(folder):
    command.main([str(folder), "--out", "in/out", *FAST])
    assert sorted(made("in/out")) == RESULTS
    command.main([str(folder), "--out", "in/out", *FAST])
    assert sorted(made("in/out")) == RESULTS


def test_the_folder_of_photos_is_not_that_of_results(folder, capsys):
    assert command.main([str(folder), "--out", "in/../in", *FAST]) == 1
    assert (
        "in can't be the folder of results, too: choose another --out." in capsys.readouterr().err
    )
    assert not list(folder.rglob("*_x4.png"))


def test_a_folder_without_photos_and_no_photos_are_told(small, capsys):
    Path("empty").mkdir()
    assert command.main(["empty", "--out", "out", *FAST]) == 1
    assert "The folder empty has no photos in it" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        command.main(["--out", "out"])
    assert ended.value.code == 2
    assert "which photos? Give files or folders, or --resume" in capsys.readouterr().err
    assert command.main(["--out", "new", "--resume"]) == 1
    assert "There is no manifest in new: leave --resume out." in capsys.readouterr().err


def test_many_photos_are_done_by_a_process_for_each_core(monkeypatch):
    monkeypatch.setattr(processes, "cores", lambda: 8)
    assert command._jobs("cpu", 64_000, 50) == 8
    assert command._jobs("cpu", 64_000, 49) == 1
    assert command._jobs("cpu", 3000, 50) == 2 and command._jobs("cpu", 300, 50) == 1
    assert command._jobs("cuda", 64_000, 50) == 1


def test_birds_are_named_in_the_manifest_and_if_asked_in_the_result(macaw, tmp_path, capsys):
    out = tmp_path / "out"
    assert command.main([str(macaw), "--out", str(out), *FAST, "--tag"]) == 0
    assert "macaw." in capsys.readouterr().out
    bird = lines(out)[1]["bird"]
    assert (bird["name"], bird["tier"]) == ("macaw", "possibly") and bird["probability"] > 0.3
    with Image.open(out / "scarlet_macaw_x4.png") as image:
        packet = ElementTree.fromstring(image.info["xmp"])
    assert [item.text for item in packet.iter(f"{RDF}li")] == ["macaw"]
    assert command.main([str(macaw), "--out", str(out), *FAST, "--name"]) == 0
    with Image.open(out / "scarlet_macaw_x4.png") as image:
        assert "xmp" not in image.info


def test_a_disk_that_stays_full_ends_the_work(small, capsys, monkeypatch):
    def write(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    for number in range(12):
        shutil.copy(small, f"{number:02}.png")
    small.unlink()
    written = places._write_here
    monkeypatch.setattr(places, "_write_here", write)
    assert command.main([".", "--out", "out", *FAST]) == 1
    told = capsys.readouterr().err
    assert told.count("can't be written, the disk is full: free some space.") == 8
    assert "The disk is full: free some space, then run the same command again." in told
    assert "12 photos: 0 written, 8 failed, 4 are left" in told
    assert not list(Path("out").rglob("*.png"))
    monkeypatch.setattr(places, "_write_here", written)
    assert command.main(["--resume", "--out", "out"]) == 0
    assert len(made()) == 12 and len(lines()) == 13


def test_ctrl_c_finishes_the_strip_and_leaves_all_well(folder):
    Image.linear_gradient("L").resize((1200, 1200)).save("in/A/large.png")
    arguments = [sys.executable, "-m", "sr", "in", "--out", "out", "--device", "cpu"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*arguments, "--model", "srgan-swift"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        assert process.stdout.readline().startswith("out/A/X_x4.png")
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Finishing what is begun; Ctrl-C once more ends it at once." in told
    assert "6 photos: 1 written, 5 are left" in told
    assert [p.name for p in sorted(Path("out").iterdir())] == ["A", "manifest.jsonl"]
    assert list(made()) == ["A/X_x4.png"] and len(lines()) == 2


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
