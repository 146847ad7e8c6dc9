"""Convolutions in bfloat16: chosen where it is native, near float32, exact for all tiles."""

import numpy as np
import pytest
import torch

from sr.compare.metrics import psnr
from sr.image import Photo
from sr.inference import EngineError, device, engine
from sr.inference.upscaler import load
from tools.pictures import EMBEDDED

CPU = torch.device("cpu")
LEAST_DB = 45


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_network_in_bfloat16_is_near_float32(name, landscape):
    """real-esrgan is slow where bfloat16 is imitated, so its part is small."""
    side = 10 if name == "real-esrgan" else 40
    photo, upscaler = Photo(landscape[60 : 60 + side, 90 : 90 + side].copy()), load(name)

    def run(precision: str, tile: int | None = None) -> np.ndarray:
        options = {"device": "cpu", "precision": precision, "tile": tile}
        return engine.upscale(photo, upscaler, **options).pixels

    whole, exact = run("bfloat16"), run("float32")
    assert (whole != exact).any() and psnr(whole, exact) >= LEAST_DB
    if upscaler.model.overlap is None:
        assert np.abs(whole.astype(int) - run("bfloat16", 13)).max() <= 1


def test_each_step_says_where_it_is_computed():
    photo, upscaler = Photo(np.zeros((4, 5, 3), np.uint8)), load("fsrcnn")
    for precision in ("float32", "bfloat16"):
        step = next(engine.steps(photo, upscaler, device="cpu", precision=precision))
        assert step.where == f"cpu, {precision}"


def test_the_float32_stages_are_left_as_they_were():
    upscaler = load("fsrcnn")
    upscaler.in_precision(torch.bfloat16)
    kinds = {p.dtype for stage in upscaler.stages for p in stage.parameters()}
    assert kinds == {torch.float32}


def test_a_precision_is_chosen_by_name_by_the_environment_or_by_the_device(monkeypatch):
    monkeypatch.setattr(device, "has_bfloat16", lambda device: True)
    monkeypatch.setattr(device, "_faster_in_bfloat16", lambda: True)
    monkeypatch.delenv("SR_PRECISION", raising=False)
    assert device.choose_precision(CPU) == torch.bfloat16
    assert device.choose_precision(CPU, "float32") == torch.float32
    monkeypatch.setenv("SR_PRECISION", "float32")
    assert device.choose_precision(CPU) == torch.float32
    assert device.choose_precision(CPU, "auto") == torch.bfloat16
    monkeypatch.setattr(device, "has_bfloat16", lambda device: False)
    assert device.choose_precision(CPU, "auto") == torch.float32
    with pytest.raises(EngineError, match=r"no precision “half”\. Choose one of: auto, float32"):
        device.choose_precision(CPU, "half")


@pytest.mark.parametrize(("half", "chosen"), [(0.5, torch.bfloat16), (1.7, torch.float32)])
def test_bfloat16_is_not_chosen_where_it_is_slower(monkeypatch, half, chosen):
    """As on Intel's processors whose AMX is hidden; there is no such trial for a GPU."""

    def seconds(product) -> float:
        return half if product.operands[0].dtype == torch.bfloat16 else 1.0

    monkeypatch.setattr(device.MatrixProduct, "seconds", seconds)
    monkeypatch.setattr(device, "has_bfloat16", lambda device: True)
    device._faster_in_bfloat16.cache_clear()
    assert device.choose_precision(CPU, "auto") == chosen
    assert device.choose_precision(torch.device("cuda"), "auto") == torch.bfloat16
    device._faster_in_bfloat16.cache_clear()


def test_bfloat16_is_native_where_there_are_instructions_for_it(monkeypatch):
    for amx, avx in ((False, False), (True, False), (False, True)):
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda amx=amx: amx)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda avx=avx: avx)
        assert device.has_bfloat16(CPU) == (amx or avx)
    for capability, native in (((7, 5), False), ((8, 0), True), ((9, 0), True)):
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _, c=capability: c)
        assert device.has_bfloat16(torch.device("cuda")) == native
    assert not device.has_bfloat16(torch.device("mps"))
