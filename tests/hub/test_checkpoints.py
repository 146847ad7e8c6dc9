"""Reading weights files and judging what is in them."""

from __future__ import annotations

import io
import json
import pickle
import threading
import zipfile

import pytest
import torch
from safetensors.torch import save_file

import hub

TENSORS = {"a.weight": torch.ones(2, 3), "a.bias": torch.zeros(2)}


NAN, INFINITY = float("nan"), float("inf")


class Payload:
    """A pickle that makes a file when it is read by a careless reader."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_both_kinds_of_file_give_their_tensors(tmp_path):
    halves = {name: tensor.half() for name, tensor in TENSORS.items()}
    save_file(halves, tmp_path / "w.safetensors")
    torch.save({"state_dict": TENSORS}, tmp_path / "w.pth")
    read = hub.read_checkpoint(tmp_path / "w.safetensors")
    assert all(tensor.dtype == torch.float32 for tensor in read.values())
    for found in (read, hub.read_checkpoint(tmp_path / "w.pth")["state_dict"]):
        assert found.keys() == TENSORS.keys()
        assert all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_a_damaged_file_is_a_sentence(tmp_path, name):
    (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(hub.BadWeights, match=f"^{name} is no weights file that can be read safely"):
        hub.read_checkpoint(tmp_path / name)


def test_nothing_in_a_file_is_run(tmp_path):
    (tmp_path / "w.pth").write_bytes(pickle.dumps(Payload(tmp_path / "made"), protocol=2))
    with pytest.raises(hub.BadWeights, match="can be read safely"):
        hub.read_checkpoint(tmp_path / "w.pth")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        ({"a.weight": torch.ones(2, 3)}, "w.pth lacks a.bias"),
        ({**TENSORS, "x": torch.ones(1)}, "w.pth has the unknown x"),
        (
            {**TENSORS, "a.bias": torch.ones(3)},
            "w.pth has a wrong shape in a.bias, which is (3,), not (2,)",
        ),
        (
            {**TENSORS, **{f"x{n}": torch.ones(1) for n in range(5)}},
            "w.pth has the unknown x0, x1, x2 and 2 more",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_named(tmp_path, found, complaint):
    hub.check_tensors(tmp_path / "w.pth", TENSORS, TENSORS)
    with pytest.raises(hub.BadWeights) as caught:
        hub.check_tensors(tmp_path / "w.pth", found, TENSORS)
    assert str(caught.value) == complaint


def test_tensors_in_the_same_order_take_other_names(tmp_path):
    path = tmp_path / "w.pth"
    assert list(hub.same_order(TENSORS, ["b.weight", "b.bias"], path)) == ["b.weight", "b.bias"]
    with pytest.raises(hub.BadWeights, match=r"^w\.pth has a\.weight where b\.bias belongs"):
        hub.same_order(TENSORS, ["b.bias", "b.weight"], path)
    with pytest.raises(hub.BadWeights, match=r"^w\.pth has 2 tensors, not 1"):
        hub.same_order(TENSORS, ["b.weight"], path)


def bias(tensor: torch.Tensor) -> dict[str, torch.Tensor]:
    return {**TENSORS, "a.bias": tensor}


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor([0.0, NAN]),
        torch.tensor([INFINITY, 0.0]),
        torch.tensor([INFINITY, -INFINITY]),
        torch.tensor([1e300, 0.0], dtype=torch.float64),
        torch.tensor([1, 2]),
        torch.tensor([1j, 2]),
        torch.zeros(2).to_sparse(),
        torch.zeros(2, device="meta"),
    ],
)
def test_weights_that_are_no_finite_numbers_are_named(tmp_path, tensor):
    with pytest.raises(hub.BadWeights, match=r"NaN, infinity or other than fractions in a\.bias$"):
        hub.check_numbers(tmp_path / "w.pth", bias(tensor), TENSORS)


def test_large_finite_numbers_and_whole_ones_where_they_belong_are_fine(tmp_path):
    hub.check_numbers(tmp_path / "w.pth", bias(torch.full((2,), 3e38)), TENSORS)
    counted = {"seen": torch.tensor(3)}
    hub.check_numbers(tmp_path / "w.pth", counted, {"seen": torch.tensor(0)})


def deflated(data: bytes) -> bytes:
    """A zip archive with the same files, compressed."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
    return target.getvalue()


class Filled:
    """A pickle of a few bytes that fills a gigabyte of memory when it is read."""

    def __reduce__(self):
        return bytearray, (1 << 30,)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("bomb", ["compressed", "filled"])
def test_a_file_that_takes_far_more_memory_than_its_size_is_refused(tmp_path, bomb, zipped):
    content = {"a": torch.zeros(10**6) if bomb == "compressed" else Filled()}
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=zipped or bomb == "compressed")
    data = deflated(buffer.getvalue()) if bomb == "compressed" else buffer.getvalue()
    (tmp_path / "w.pth").write_bytes(data)
    assert len(data) < 10_000
    with pytest.raises(hub.BadWeights, match=r"read safely \(ValueError\)"):
        hub.read_checkpoint(tmp_path / "w.pth")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[1]",
        b'"text"',
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "' + b"x" * (8 << 20) + b'"}',
    ],
    ids=lambda text: repr(text[:8]),
)
def test_what_is_no_json_object_or_a_huge_one_is_a_sentence(tmp_path, text):
    (tmp_path / "config.json").write_bytes(text)
    with pytest.raises(hub.BadWeights, match=r"^config\.json is no JSON object of at most 8 MB$"):
        hub.read_json(tmp_path / "config.json")


def test_a_json_object_is_read(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"Weißstorch": [1.5, None]}))
    assert hub.read_json(tmp_path / "config.json") == {"Weißstorch": [1.5, None]}


def test_names_out_of_a_file_are_short_and_on_one_line(tmp_path):
    hostile = {**TENSORS, "x" * 100_000: torch.zeros(1), "a\n\x1b[2J": torch.zeros(1)}
    with pytest.raises(hub.BadWeights) as caught:
        hub.check_tensors(tmp_path / "w.pth", hostile, TENSORS)
    assert str(caught.value) == f"w.pth has the unknown a??[2J, {'x' * 80}…"


def test_a_network_larger_than_its_file_is_stopped_before_it_takes_memory(tmp_path):
    (tmp_path / "w.pth").write_bytes(bytes(10_000))
    made = []
    with (
        pytest.raises(hub.BadWeights, match=r"^w\.pth is smaller than its network$"),
        hub.no_larger_than(tmp_path / "w.pth"),
    ):
        for _ in range(1_000_000):
            made.append(torch.nn.PReLU())
    assert len(made) == 200  # of 50 bytes at least
    with (
        pytest.raises(hub.BadWeights),
        hub.no_larger_than(tmp_path / "w.pth"),
        torch.device("meta"),
    ):
        torch.nn.Linear(10**5, 10**6)
    torch.nn.Linear(200, 200)  # which nothing counts any more


def test_networks_of_other_threads_are_not_counted(tmp_path):
    (tmp_path / "w.pth").write_bytes(bytes(1000))
    made = []
    with hub.no_larger_than(tmp_path / "w.pth"):
        thread = threading.Thread(target=lambda: made.append(torch.nn.Linear(100, 100)))
        thread.start()
        thread.join()
        torch.nn.Linear(10, 10)
    assert made
