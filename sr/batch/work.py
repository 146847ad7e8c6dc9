"""What is done with one photo: read, named if asked, restored, written; and its line."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import classify
from classify import catalog as classifiers
from classify.certainty import LIKELY, POSSIBLY
from sr.batch import Job, Line, Task, places
from sr.image import Photo, PhotoError, crop, is_disk_full
from sr.inference import Cancelled, EngineError, auto, restore
from sr.inference.engine import Step
from sr.models import catalog

ERRORS = (PhotoError, EngineError, *catalog.ERRORS, *classifiers.ERRORS)
LOST = "The process that worked on it ended, perhaps for want of memory: try --jobs 1."


def do(task: Task, job: Job, progress: Callable[[Step], None] = lambda step: None) -> Line:
    """The line of a photo that is done, or failed: then its "error" says why.

    Raises `Cancelled` where `progress` does, which is called after each strip.
    """
    start, line = time.perf_counter(), begun(task, job)
    try:
        data = places.read(task.source.address)
        line |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        made = _restored(data, task, job, line, progress)
        try:
            places.write(job.out, task.result, [made])
        except OSError as error:
            line |= {"error": why_not(places.join(job.out, task.result), error)}
            return line | {"full": is_disk_full(error)}
    except Cancelled:
        raise
    except ERRORS as error:
        return line | {"error": str(error)}
    except Exception as error:  # of any file system or machine: the other photos go on
        what = f"{type(error).__name__}: {error}".rstrip(".")
        return line | {"error": f"{task.source.address} failed: {what}."}
    return line | {"bytes": len(made), "seconds": round(time.perf_counter() - start, 3)}


def begun(task: Task, job: Job) -> Line:
    """A photo's line as far as it is known before the work."""
    source = task.source
    line = {"source": source.address, "size": source.size, "modified": source.modified}
    return line | {"result": task.result, "settings": job.settings, "error": None}


def _restored(
    data: bytes, task: Task, job: Job, line: Line, progress: Callable[[Step], None]
) -> bytes:
    """The result's file; what is known of it goes into the line."""

    def keywords(photo: Photo) -> list[str]:
        if not (job.name or job.tag):
            return []
        answer = bird(photo, job.engine.get("device"))
        line["bird"] = _bird_fields(answer)
        sure = job.tag and not answer.group and answer.tier in (LIKELY, POSSIBLY)
        first = answer.species[0] if sure else None
        return [name for name in (first.name, first.scientific) if name] if first else []

    options = restore.Options(job.model, job.keep_colours, job.keep_metadata, job.engine)
    name = Path(task.source.address).name
    made, facts = restore.restore(data, name, options, keywords=keywords, progress=progress)
    known = asdict(facts) | {"seconds_of_network": round(facts.seconds, 3)}
    line |= {key: known[key] for key in known if key not in ("size", "seconds")}
    line |= {"pixels": facts.size}
    return made


def bird(
    photo: Photo,
    device: str | None = None,
    *,
    classifier: str | None = None,
    only: str = "",
    box: classify.Box | None = None,
) -> classify.Answer:
    """The bird in a photo, enlarged as Auto does where it is small.

    classifier, only, box: as in `classify.identify`, whose errors it raises.
    """

    def enlarged(part: classify.Box | None) -> Any:
        return auto.upscale(crop(photo, part) if part else photo, device).pixels

    options = {"classifier": classifier, "only": only, "box": box, "device": device}
    return classify.identify(photo.pixels, enlarge=enlarged, **options)


def _bird_fields(answer: classify.Answer) -> dict[str, Any]:
    """A bird's name for the manifest."""
    first = answer.species[0] if answer.species else None
    told = {"name": first.name if first else None, "tier": answer.tier}
    told |= {"scientific": first.scientific if first else None, "family": answer.family}
    told |= {"probability": round(first.probability, 4) if first else None}
    told |= {"group": answer.group.name if answer.group else None}
    return told | {"box": [round(edge, 4) for edge in answer.box] if answer.box else None}


def why_not(what: str, error: OSError) -> str:
    """A sentence about a file or a folder that can't be written."""
    return f"{what} {_rest(error)}"


def _rest(error: OSError) -> str:
    if is_disk_full(error):
        return "can't be written, the disk is full: free some space."
    if isinstance(error, IsADirectoryError):
        return "can't be written, a folder has that name: rename it, or choose another --out."
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return "is no folder and can't become one: choose another --out."
    return f"can't be written ({error.strerror or error}): choose another --out."
