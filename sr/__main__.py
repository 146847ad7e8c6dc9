"""python -m sr PHOTO... --out DIR: each photo four times as large, as DIR/<stem>_x4.png.

PHOTO may be a folder: its tree is kept below DIR, where manifest.jsonl tells what became of each
photo. The same command again goes on with what isn't done, and --resume alone does, too.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sr import commands, settings
from sr.batch import BatchError, Job, Task, naming, places, processes, progress, work
from sr.batch.estimate import estimate
from sr.batch.manifest import NAME, Manifest
from sr.commands import positive, shown, tell
from sr.inference import upscaler
from sr.inference.device import choose_device, choose_precision
from sr.inference.memory import available_bytes
from sr.models import catalog
from sr.settings import PRECISIONS

AUTO = "left out, the one that suits each photo"
MANY, PROCESS_MB = 50, 1024  # photos from which a process for each core pays; what one may take
FULL = 8  # results in a row for which there is no room end the work


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 if every photo was written, 1 if some were not, 2 for a wrong command."""
    parser = _parser()
    return commands.run(lambda: _run(parser, parser.parse_args(argv)), BatchError)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sr", description=__doc__)
    parser.add_argument("photos", nargs="*", metavar="PHOTO", help="a photo or a folder of them")
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder of results")
    parser.add_argument("--model", help=f"one of {', '.join(catalog.names())}; {AUTO}")
    parser.add_argument("--device", help=commands.DEVICE_HELP)
    parser.add_argument("--precision", choices=PRECISIONS, help=commands.PRECISION_HELP)
    parser.add_argument("--tile", type=positive, metavar="N", help="input pixels at a time")
    parser.add_argument("--memory-mb", type=positive, metavar="N", help="memory for the work")
    parser.add_argument(
        "--keep-colours",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="give the result the photo's brightness and colours",
    )
    parser.add_argument(
        "--keep-metadata", action="store_true", help="copy camera, date and place into the result"
    )
    parser.add_argument("--name", action="store_true", help="name the bird, in the manifest")
    parser.add_argument("--tag", action="store_true", help="its name as a keyword of the result")
    many = parser.add_argument_group("many photos")
    many.add_argument("--jobs", type=positive, metavar="N", help="processes that share the cores")
    many.add_argument("--dry-run", action="store_true", help="say how many, and about how long")
    again = many.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on with what DIR's manifest asks")
    again.add_argument("--overwrite", action="store_true", help="do again what is done")
    many.add_argument("--parquet", action="store_true", help="the manifest as Parquet, too")
    many.add_argument(
        "--cluster",
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="on Ray, such as ray://host:10001, or a cluster begun here; --jobs is of its actors",
    )
    return parser


def _run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    if not (args.photos or args.resume):
        parser.error("which photos? Give files or folders, or --resume")
    job = _job(args)
    if args.dry_run and not args.resume:
        return _dry_run(args.photos, job)
    upscaler.load(args.model)  # one that can't be had is better known before the first photo
    choose_precision(choose_device(args.device), args.precision)
    if sentence := _cannot_write(args.out):
        tell(sentence)
        return 2
    manifest = Manifest(args.out)
    try:
        photos, job = _resumed(manifest, job) if args.resume else (args.photos, job)
        if args.dry_run:
            return _dry_run(photos, job)
        job = replace(job, weights=_own_weights(job.model))
        tasks = _tasks(photos, job, manifest)
        left = [t for t in tasks if args.overwrite or not manifest.is_done(t, job)]
        manifest.begin({"photos": [places.absolute(given) for given in photos]} | _asked(job))
        return _work(left, len(tasks) - len(left), job, manifest, args)
    finally:
        manifest.release()


def _job(args: argparse.Namespace) -> Job:
    names = ("out", "model", "keep_colours", "keep_metadata", "tag")
    engine = {name: getattr(args, name) for name in ("device", "tile", "memory_mb", "precision")}
    options = {name: getattr(args, name) for name in names}
    return Job(**options, name=args.name or args.tag, engine=engine)


def _asked(job: Job) -> dict:
    """What a manifest keeps of a job."""
    kept = ("model", "keep_colours", "keep_metadata", "name", "tag", "engine")
    return {name: getattr(job, name) for name in kept}


def _own_weights(model: str | None) -> str:
    """A hash of the owner's own weights, which may change at their place; "" without such."""
    if model or not settings.own_weights():
        return ""
    return upscaler.load().digest()


def _resumed(manifest: Manifest, job: Job) -> tuple[list[str], Job]:
    """The photos and the job of a manifest. Raises `BatchError`."""
    if not manifest.job:
        raise BatchError(f"There is no manifest in {shown(job.out)}: leave --resume out.")
    asked = dict(manifest.job)
    return asked.pop("photos"), replace(job, **asked)


def _cannot_write(out: str) -> str | None:
    """Why nothing can be written to a folder, in a sentence; None if it can."""
    if not places.is_local(out):
        return None
    try:
        Path(out).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            return None
    except OSError as error:
        return work.why_not(shown(out), error)


def _tasks(photos: list[str], job: Job, manifest: Manifest) -> list[Task]:
    """What there is to do; what isn't in the folders is told. Raises `BatchError`."""
    found = []
    for given in photos:
        if places.is_folder(given) and places.same(given, job.out):
            raise BatchError(
                f"{shown(given)} can't be the folder of results, too: choose another --out."
            )
        inside = list(places.sources(given, job.out))
        if not inside:
            tell(f"The folder {shown(given)} has no photos in it or in the folders below.")
        found += inside
    known = {address: done.result for address, done in manifest.done.items()}
    return naming.tasks(found, job.out, known)


def _dry_run(photos: list[str], job: Job) -> int:
    known = estimate([s for given in photos for s in places.sources(given, job.out)], job)
    for failure in known.failures:
        tell(failure)
    print(known.sentence)
    return 1 if known.failures else 0


def _work(
    tasks: list[Task], before: int, job: Job, manifest: Manifest, args: argparse.Namespace
) -> int:
    """Do the tasks, write their lines, and print a summary; returns the exit code."""
    with progress.stopping() as stop, progress.Report(len(tasks), before, job.out) as report:
        for line in _lines(tasks, job, args, stop, report):
            full = line.pop("full", False)
            if not full:
                full = _add(line, manifest, report)
            report.tell(line)
            report.full = report.full + 1 if full else 0
            if report.full == FULL:
                tell("The disk is full: free some space, then run the same command again.")
                break
        stopped = stop.is_set()
    _close(manifest, args.parquet)
    if len(tasks) + before > 1:
        tell(report.summary)
    if stopped:
        raise KeyboardInterrupt
    return 1 if report.failed or report.full or not len(tasks) + before else 0


def _add(line: dict, manifest: Manifest, report: progress.Report) -> bool:
    """Write a photo's line; returns whether there was no room for it."""
    try:
        manifest.add(line)
    except OSError as error:
        line["error"] = work.why_not(places.join(manifest.out, NAME), error)
        return True
    return False


def _close(manifest: Manifest, columns: bool) -> None:
    try:
        manifest.close(columns)
    except OSError as error:
        tell(work.why_not(places.join(manifest.out, NAME), error))


def _lines(
    tasks: list[Task], job: Job, args: argparse.Namespace, stop, report: progress.Report
) -> Iterator[dict]:
    """The tasks' lines as they are done, wherever that is."""
    if args.cluster is not None:
        from sr.batch import cluster

        return cluster.lines(tasks, job, args.cluster, args.jobs, stop)
    device = choose_device(job.engine["device"])
    free = available_bytes(device) >> 20
    jobs = min(args.jobs or _jobs(device.type, free, len(tasks)), len(tasks))
    if jobs < 2:
        return processes.here(tasks, job, stop, report.strip)
    memory = job.engine["memory_mb"] or max(1, free // jobs)
    job = replace(job, engine=job.engine | {"memory_mb": memory})
    return processes.side_by_side(tasks, job, jobs, stop)


def _jobs(device: str, free: int, photos: int) -> int:
    """How many processes are begun unless it is said: one for each core, where that pays.

    free: MB that the work may take.
    """
    if device != "cpu" or photos < MANY:
        return 1
    return max(1, min(processes.cores(), free // PROCESS_MB))


if __name__ == "__main__":
    sys.exit(main())
