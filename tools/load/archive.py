"""python -m tools.load.archive PHOTOS WHAT: python -m sr on many.

PHOTOS is a folder of photos, from which small ones are cut. Each prints what docs/scale.md tells.
`cluster` and `s3` need tools/cluster-requirements.txt; `s3` also s3fs, and npm for its server.
"""

import argparse
import io
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from PIL import Image
from tqdm import tqdm

from sr.image import photos_in

MODEL, SIDE = "srgan-swift", 64
ENGINE = """
import sys, time
from pathlib import Path
from sr import image
from sr.inference import engine, upscaler
photos = [image.read(path) for path in sorted(Path(sys.argv[1]).iterdir())]
loaded = upscaler.load(sys.argv[2])
engine.upscale(photos[0], loaded, keep_colours=True)
start = time.perf_counter()
for photo in photos:
    engine.upscale(photo, loaded, keep_colours=True)
print(len(photos) / (time.perf_counter() - start))
"""


def cut(photos: Path, folder: Path, count: int) -> Path:
    """A folder of `count` small photos, half of them JPEGs."""
    folder.mkdir(parents=True)
    sources, chance = photos_in(photos), random.Random(0)
    opened = [Image.open(path).convert("RGB") for path in sources[:40]]
    for i in range(count):
        whole = chance.choice(opened)
        left, top = (chance.randrange(max(1, side - SIDE)) for side in whole.size)
        part = whole.crop((left, top, left + SIDE, top + SIDE))
        name = folder / f"{i:05}"
        part.save(f"{name}.png") if i % 2 else part.save(f"{name}.jpg", quality=80)
    return folder


def command(photos: Path | str, out: Path | str, *more: str) -> list[str]:
    """`python -m sr` with one network for all photos."""
    start = [sys.executable, "-m", "sr", str(photos), "--out", str(out), "--model", MODEL]
    return [*start, *more]


def run(arguments: list[str], **options: object) -> float:
    """Seconds that a command takes."""
    start = time.perf_counter()
    subprocess.run(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    return time.perf_counter() - start


def rate(out: Path) -> float:
    """Results a second, from the first to the last."""
    times = sorted(path.stat().st_mtime for path in out.rglob("*_x4.png"))
    return (len(times) - 1) / (times[-1] - times[0])


def speed(work: Path, photos: Path, before: Path | None) -> None:
    """Photos a second: the engine alone, and commands, in turn. before: an earlier checkout."""
    folder = cut(photos, work / "photos", 500)
    ways: dict[str, list[str]] = {"jobs 1": ["--jobs", "1"], "jobs 2": ["--jobs", "2"]}
    found: dict[str, list[float]] = {}
    for turn in tqdm(range(3)):
        arguments = [sys.executable, "-c", ENGINE, str(folder), MODEL]
        told = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
        found.setdefault("engine alone", []).append(float(told))
        for name, options in ways.items():
            out = work / f"{name} {turn}"
            seconds = run(command(folder, out, *options))
            found.setdefault(name, []).append(rate(out))
            found.setdefault(f"{name}, its start and end too", []).append(500 / seconds)
        if before:
            out = work / f"before {turn}"
            files = [str(path) for path in sorted(folder.iterdir())]
            run([sys.executable, "-m", "sr", *files, *command("", out)[4:]], cwd=before)
            found.setdefault("the command before", []).append(rate(out))
    for name, each in found.items():
        rates = ", ".join(f"{rate:.1f}" for rate in each)
        print(f"{name}: {statistics.median(each):.2f} photos a second ({rates})")


def memory(work: Path, photos: Path) -> None:
    """MB of all processes as 2,000 photos are done."""
    folder, out = cut(photos, work / "photos", 2000), work / "out"
    with subprocess.Popen(
        command(folder, out, "--jobs", "2"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        seen = {}
        while process.poll() is None:
            seen[done(out)] = held(process.pid)
            time.sleep(0.5)
    print(f"{rate(out):.2f} photos a second")
    for mark in (100, 500, 1000, 1500, 1950):
        number = min(seen, key=lambda n: abs(n - mark))
        print(f"after {number} photos: {seen[number]} MB")
    print(f"at most: {max(mb for number, mb in seen.items() if number >= 100)} MB after 100")


def done(out: Path) -> int:
    """Lines of the manifest so far."""
    file = out / "manifest.jsonl"
    return file.read_bytes().count(b"\n") - 1 if file.exists() else 0


def held(pid: int) -> int:
    """MB of a process and all those below."""
    total = 0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total >> 20


def kill(work: Path, photos: Path) -> None:
    """SIGKILL at 20 moments, of the main process and of its workers, and resumed each time."""
    folder = cut(photos, work / "photos", 2000)
    run(command(folder, work / "whole", "--jobs", "2"))
    out, chance, killed = work / "killed", random.Random(1), {"main": 0, "worker": 0}
    arguments = command(folder, out, "--jobs", "2")
    process = start(arguments)
    while sum(killed.values()) < 20 and process.poll() is None:
        time.sleep(chance.uniform(3, 8))
        workers = [
            child
            for child in psutil.Process(process.pid).children(recursive=True)
            if "spawn_main" in " ".join(child.cmdline())
        ]
        if chance.random() < 0.5 and workers:
            chance.choice(workers).kill()
            killed["worker"] += 1
            continue
        process.kill()
        process.wait()
        killed["main"] += 1
        process = start([*command("", out)[:3], "--resume", "--out", str(out), "--jobs", "2"])
    print(f"killed: {killed}; exit code {process.wait()}")
    compare(work / "whole", out)


def start(arguments: list[str], **options: object) -> subprocess.Popen:
    """A command that goes on."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(arguments, **quiet, **options)


def compare(whole: Path, out: Path) -> None:
    """Whether two runs gave the same, each photo once."""
    files = {p.relative_to(whole): p for p in whole.rglob("*") if p.suffix == ".png"}
    there = {p.relative_to(out) for p in out.rglob("*") if p.is_file()}
    equal = sum(
        (out / name).read_bytes() == path.read_bytes()
        for name, path in files.items()
        if name in there
    )
    lines = [json.loads(line) for line in (out / "manifest.jsonl").open()]
    sources = [line["source"] for line in lines if "source" in line]
    other = sorted(str(p) for p in there - set(files) if p.name != "manifest.jsonl")
    right = sum(
        (out / line["result"]).stat().st_size == line["bytes"]
        for line in lines
        if line.get("bytes")
    )
    print(
        f"{len(files)} results, {equal} equal byte for byte; {len(sources)} lines of "
        f"{len(set(sources))} photos, {right} agree with their file; other files: {other}"
    )


def broken(work: Path, photos: Path) -> None:
    """1,000 photos of which 100 are broken in ten ways."""
    folder, out = cut(photos, work / "photos", 1000), work / "out"
    files = sorted(folder.iterdir())
    for i, path in enumerate(files[:1000:10]):
        data = path.read_bytes()
        ways: list[Callable[[], bytes]] = [
            lambda: b"",
            lambda: b"hello",
            lambda data=data: data[: len(data) // 2],
            lambda data=data: data[:30],
            lambda data=data: bytes(len(data)),
            lambda data=data: data[:2] + data[12:],
            lambda data=data: data[-200:],
            lambda: b"GIF89a" + bytes(60),
            lambda: b"RIFF\x10\0\0\0WEBPVP8 " + bytes(40),
            lambda: b"\x89PNG\r\n\x1a\n" + bytes(50),
        ]
        path.write_bytes(ways[i % 10]())
    done = subprocess.run(command(folder, out, "--jobs", "2"), capture_output=True, text=True)
    lines = [json.loads(line) for line in (out / "manifest.jsonl").open()]
    errors = [line["error"] for line in lines if line.get("error")]
    kinds = {error.partition("” ")[2] for error in errors}
    print(f"{len(list(out.rglob('*.png')))} results, {len(errors)} sentences, {done.returncode}")
    print(done.stderr.splitlines()[-1], *sorted(kinds), sep="\n")


def cluster(work: Path, photos: Path) -> None:
    """A cluster of five actors on this machine, some of which are killed."""
    folder, out = cut(photos, work / "photos", 600), work / "out"
    run(command(folder, work / "whole", "--jobs", "2"))
    ray = [str(Path(sys.executable).parent / "ray")]
    run([*ray, "start", "--head", "--num-cpus", "10", "--port", "6399"])
    try:
        process = start(command(folder, out, "--cluster", "auto", "--jobs", "5"))
        chance, killed = random.Random(2), 0
        while process.poll() is None:
            time.sleep(chance.uniform(4, 10))
            actors = [p for p in psutil.process_iter() if "MapWorker" in " ".join(cmdline(p))]
            if actors and killed < 6 and done(out) > 20:
                chance.choice(actors).kill()
                killed += 1
        print(f"{killed} actors killed of 5 at a time; exit code {process.returncode}")
    finally:
        run([*ray, "stop", "--force"])
    compare(work / "whole", out)


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def s3(work: Path, photos: Path) -> None:
    """From an S3-compatible server to it, which is stopped for a while."""
    import s3fs

    folder = cut(photos, work / "photos", 300)
    run(command(folder, work / "whole", "--jobs", "2"))
    subprocess.run(["npm", "install", "--silent", "s3rver@3"], cwd=work, check=True)
    keys = {"AWS_ACCESS_KEY_ID": "S3RVER", "AWS_SECRET_ACCESS_KEY": "S3RVER"}
    os.environ |= {**keys, "AWS_ENDPOINT_URL": "http://127.0.0.1:4599"}
    os.environ |= {"AWS_DEFAULT_REGION": "us-east-1"}
    with serving(work) as server:
        system = s3fs.S3FileSystem()
        system.mkdir("archive")
        system.put(str(folder), "archive/photos", recursive=True)
        out = "s3://archive/out"
        process = start(command("s3://archive/photos", out, "--cluster", "--jobs", "1"))
        while process.poll() is None and len(system.find("archive/out")) < 100:
            time.sleep(1)
            system.invalidate_cache()
        server.stop()
        print(f"stopped after {len(list((work / 's3').rglob('*_x4.png*')))} files of results")
        time.sleep(30)
        server.start()
        print(f"exit code {process.wait()}")
        system.invalidate_cache()
        system.get("archive/out", str(work / "out"), recursive=True)
    compare(work / "whole", work / "out")


class serving:
    """An S3-compatible server whose files stay when it is stopped."""

    def __init__(self, work: Path) -> None:
        self.work = work

    def start(self) -> None:
        """Start it, and wait until it answers."""
        arguments = ["npx", "s3rver", "-d", "s3", "-p", "4599", "-a", "127.0.0.1"]
        self.process = start(arguments, cwd=self.work, start_new_session=True)
        time.sleep(3)

    def stop(self) -> None:
        """Stop it."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def __enter__(self) -> "serving":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def full(work: Path, photos: Path) -> None:
    """A disk that is full midway, and has room again."""
    folder, out = cut(photos, work / "photos", 200), work / "out"
    out.mkdir()
    run(command(folder, work / "whole", "--jobs", "2"))
    run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(out)])
    try:
        arguments = command(folder, out, "--jobs", "2")
        done = subprocess.run(arguments, capture_output=True, text=True)
        print(*done.stderr.splitlines()[-3:], f"exit code {done.returncode}", sep="\n")
        sizes = {p.stat().st_size for p in out.rglob("*") if p.is_file()}
        print(f"smallest file: {min(sizes)} bytes")
        run(["mount", "-o", "remount,size=64m", str(out)])
        resumed = [*command("", out)[:3], "--resume", "--out", str(out), "--jobs", "2"]
        print(f"exit code {subprocess.run(resumed, capture_output=True).returncode}")
        compare(work / "whole", out)
    finally:
        run(["umount", str(out)])


MODELS = ("fsrcnn", "srcnn", "span", "srgan-swift", "srgan-div2k", "real-esrgan")
PRICES = {"Hugging Face Jobs, CPU Basic": 0.01, "2 vCPUs of Sapphire Rapids": 0.067}  # $ an hour


def cost(work: Path, photos: Path) -> None:
    """Seconds a megapixel by model, where they go, and what a million photos cost."""
    from sr import image
    from sr.inference import restore
    from sr.inference.restore import Options

    source = max((Image.open(path) for path in photos_in(photos)[:40]), key=lambda i: i.width)
    source.convert("RGB").resize((500, 500)).save(file := work / "x.jpg", quality=85)
    data = file.read_bytes()
    print("| model | seconds a megapixel | reading | network | PNG |", *PRICES, sep=" | ")
    for model in MODELS:
        took = []
        for _ in range(1 if model == "real-esrgan" else 3):
            start = time.perf_counter()
            photo = image.read(data)
            read = time.perf_counter()
            made, facts = restore.restore(data, "x.jpg", Options(model))
            end = time.perf_counter()
            result = Image.open(io.BytesIO(made))
            result.load()
            again = time.perf_counter()
            image.encode(np.asarray(result), io.BytesIO())
            png = time.perf_counter() - again
            took.append((end - read, read - start, facts.seconds - png, png))
        whole, *parts = (statistics.median(column) for column in zip(*took, strict=True))
        each = whole / (photo.size[0] * photo.size[1]) * 1e6
        shares = (f"{part / whole:.0%}" for part in parts)
        dollars = (
            " / ".join(f"{price / 3600 * each * size * 1e6:,.0f}" for size in (0.25, 4))
            for price in PRICES.values()
        )
        print("|", " | ".join([f"`{model}`", f"{each:.2f}", *shares, *dollars]), "|", facts.where)


WAYS = {w.__name__: w for w in (speed, memory, kill, broken, cluster, s3, full, cost)}


def main() -> None:
    """Measure in a folder that is deleted."""
    parser = argparse.ArgumentParser(prog="python -m tools.load.archive", description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("what", choices=list(WAYS))
    parser.add_argument("--before", type=Path, help="an earlier checkout, for speed")
    args = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="archive-"))
    try:
        more = [args.before] if args.what == "speed" else []
        WAYS[args.what](work, args.photos, *more)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
