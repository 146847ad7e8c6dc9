"""What the commands share: their errors, and the checks before long work."""

import argparse
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

from sr.image import PhotoError
from sr.inference import EngineError
from sr.models import catalog
from sr.settings import SettingError

ERRORS = (SettingError, PhotoError, EngineError, *catalog.ERRORS)
PRECISION_HELP = "of the convolutions; auto takes what is native; SR_PRECISION if left out"
DEVICE_HELP = "cpu, cuda or mps; the best there is if left out"


def run(work: Callable[[], int | None], *errors: type[Exception]) -> int:
    """The exit code of a command: what `work` gives, 0 for None.

    1 after an `OSError` or one of `ERRORS` or `errors`, whose sentence goes to the standard error;
    130 after Ctrl-C.
    """
    try:
        return work() or 0
    except OSError as error:
        known = error.filename and error.strerror
        print(f"{error.filename}: {error.strerror}." if known else error, file=sys.stderr)
        return 1
    except (*ERRORS, *errors) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


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
