"""Reading weights files and judging what is in them."""

from __future__ import annotations

import pickle

import pytest
import torch
from safetensors.torch import save_file

import hub

TENSORS = {"a.weight": torch.ones(2, 3), "a.bias": torch.zeros(2)}


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
