"""What the commands share: their errors, and the checks before long work."""

import argparse
import importlib.util
import io
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tqdm import tqdm

from sr.image import PhotoError
from sr.inference import EngineError
from sr.models import catalog
from sr.settings import SettingError

ERRORS = (SettingError, PhotoError, EngineError, *catalog.ERRORS)
PRECISION_HELP = "of the convolutions; auto takes what is native; SR_PRECISION if left out"
DEVICE_HELP = "cpu, cuda or mps; the best there is if left out"


def run(work: Callable[[], int | None], *errors: type[Exception]) -> int:
    """The exit code of a command: what `work` gives, 0 for None.

    1 after an `OSError` or one of `ERRORS` or `errors`, whose sentence goes to the standard error,
    and quietly where whoever read the output went away; 130 after Ctrl-C. Characters that the
    output's encoding lacks are printed as escapes.
    """
    _open_streams()
    try:
        code = work() or 0
        sys.stdout.flush()  # what can't be printed is known here, not when Python ends
        return code
    except BrokenPipeError:
        return 1
    except OSError as error:
        file = f"{shown(error.filename)}: " if error.filename else ""
        tell(f"{file}{error.strerror}." if error.strerror else error)
        return 1
    except (*ERRORS, *errors) as error:
        tell(error)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        _flush()


def tell(sentence: object) -> None:
    """Print on the standard error, above a progress bar; if nobody reads it the work goes on."""
    with suppress(OSError):
        tqdm.write(str(sentence), file=sys.stderr)


def shown(path: str | Path) -> str:
    """A path on one line: control characters, which a terminal would obey, as escapes."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda found: ascii(found[0])[1:-1], str(path))


def _open_streams() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed before the start, as by >&-
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _flush() -> None:
    """Print what is left; what nobody takes is dropped, or Python would complain at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def check_outputs(
    parser: argparse.ArgumentParser, *files: Path | None, plot: Path | None = None
) -> None:
    """End with a sentence if a file can't be written for want of its folder, or a plot drawn.

    That is better learned before the work than after it.
    """
    for file in filter(None, (*files, plot)):
        if not file.parent.is_dir():
            parser.error(f"there is no folder {file.parent} to write {file.name} to")
    if plot and not importlib.util.find_spec("matplotlib"):
        parser.error("drawing needs matplotlib: pip install -r tools/requirements.txt")


def positive(text: str) -> int:
    """A whole number from 1 on, of the command line."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
