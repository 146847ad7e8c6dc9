"""Reading weights files: the tensors, and whether they are those that a network has."""

import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from threading import get_ident
from typing import Any

MOST_JSON = 8 << 20  # bytes of a config.json; 20,000 labels with descriptions take about 2 MB
LEAST_BYTES = 50  # that a tensor takes in a file, with its name and shape
LONGEST_NAME = 80  # characters of a tensor's name in a sentence


class BadWeights(ValueError):
    """A weights file was fetched and is not laid out as its source says."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Make a `BadWeights` of whatever is raised while a file is read: damage raises anything."""
    try:
        yield
    except BadWeights:
        raise
    except Exception as error:
        raise BadWeights(
            f"{path.name} is no weights file that can be read safely ({type(error).__name__})"
        ) from None


def read_checkpoint(path: Path) -> Any:
    """What a .safetensors or PyTorch file holds, on the CPU; nothing in it is run.

    Raises `BadWeights`.
    """
    import torch
    from safetensors.torch import load_file

    with reading(path):
        if path.suffix == ".safetensors":
            found = load_file(path)
            return {n: t.float() if t.is_floating_point() else t for n, t in found.items()}
        _check_unpacked(path)
        return torch.load(path, map_location="cpu", weights_only=True)


def _check_unpacked(path: Path) -> None:
    """Refuse a PyTorch file that takes more memory than its own size. Raises `ValueError`."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > path.stat().st_size:
                raise ValueError("compressed, which PyTorch never writes")
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        if data.find(b"\nbytearray\n") >= 0:  # the one type whose call fills memory of any size
            raise ValueError("bytearray, which is no tensor")


def read_json(path: Path) -> dict:
    """The JSON object in a file of at most `MOST_JSON` bytes. Raises `BadWeights`."""
    try:
        with path.open("rb") as file:
            text = file.read(MOST_JSON + 1)
        facts = json.loads(text) if len(text) <= MOST_JSON else None
    except (OSError, ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict):
        raise BadWeights(f"{path.name} is no JSON object of at most {MOST_JSON >> 20} MB")
    return facts


@contextmanager
def no_larger_than(path: Path) -> Iterator[None]:
    """Stop a network that is made here once it has more parameters than a file has room for.

    One of any size takes no memory before it is written to, and it is stopped at before that.
    Raises `BadWeights`.
    """
    from torch.nn.modules.module import register_module_parameter_registration_hook

    thread, room = get_ident(), path.stat().st_size

    def count(module: Any, name: str, parameter: Any) -> None:
        nonlocal room
        if parameter is not None and get_ident() == thread:  # others make networks too
            room -= max(parameter.numel(), LEAST_BYTES)
            if room < 0:
                raise BadWeights(f"{path.name} is smaller than its network")

    hook = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        hook.remove()


def check_tensors(path: Path, found: Mapping, expected: Mapping) -> None:
    """That the tensors in `found` have the names and shapes of those in `expected`.

    Both map names to tensors. Raises `BadWeights` naming the keys that don't fit.
    """
    complaints = {
        "lacks": sorted(set(expected) - set(found)),
        "has the unknown": sorted(brief(name) for name in set(found) - set(expected)),
        "has a wrong shape in": [
            f"{name}, which is {tuple(found[name].shape)}, not {tuple(tensor.shape)}"
            for name, tensor in expected.items()
            if name in found and found[name].shape != tensor.shape
        ],
    }
    for what, names in complaints.items():
        if names:
            raise BadWeights(f"{path.name} {what} {', '.join(names[:3])}{_more(names)}")


def check_numbers(path: Path, found: Mapping, expected: Mapping) -> None:
    """That the tensors in `found` have finite fractions where those in `expected` have fractions.

    Raises `BadWeights` naming those that don't.
    """
    wanted = [name for name, tensor in expected.items() if tensor.is_floating_point()]
    if broken := [brief(name) for name in wanted if not _is_finite(found[name])]:
        names = f"{', '.join(broken[:3])}{_more(broken)}"
        raise BadWeights(f"{path.name} has NaN, infinity or other than fractions in {names}")


def _is_finite(tensor: Any) -> bool:
    import torch

    plain = tensor.layout == torch.strided and not tensor.is_quantized
    if not plain or tensor.device.type == "meta" or not tensor.is_floating_point():
        return False
    # The sum tells in a tenth of the time, but for numbers that are too large for one.
    numbers = tensor.float()
    return bool(numbers.sum().isfinite()) or bool(numbers.isfinite().all())


def _more(names: list[str]) -> str:
    return f" and {len(names) - 3} more" if len(names) > 3 else ""


def brief(name: object) -> str:
    """A name that a file gives, on one line and not long."""
    text = "".join(c if c.isprintable() else "?" for c in str(name)[: LONGEST_NAME + 1])
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…"


def same_order(state: dict, keys: list[str], path: Path) -> dict:
    """`state` under the names `keys`; each pair must agree in the last part of its name.

    Raises `BadWeights`.
    """
    if len(state) != len(keys):
        raise BadWeights(f"{path.name} has {len(state)} tensors, not {len(keys)}")
    for theirs, ours in zip(state, keys, strict=True):
        if theirs.rsplit(".", 1)[-1] != ours.rsplit(".", 1)[-1]:
            raise BadWeights(f"{path.name} has {brief(theirs)} where {ours} belongs")
    return dict(zip(keys, state.values(), strict=True))
