import threading

import numpy as np
import pytest
import torch
from torch import nn

from sr import bench
from sr.image import Photo, bicubic
from sr.image.luma import luma, with_luma
from sr.inference import Cancelled, EngineError, device, engine, memory
from sr.inference.bands import Band
from sr.inference.planes import Plane
from sr.inference.rewrite import fuse
from sr.inference.upscaler import Upscaler, load
from sr.models import catalog
from sr.models.rrdbnet import RRDBNet
from sr.models.srresnet import SRResNet
from sr.models.srvgg import SRVGG


@pytest.fixture(scope="module")
def upscaler() -> Upscaler:
    return load("srgan-div2k")


def small(network: nn.Sequential | None = None) -> Upscaler:
    """A small random generator, quick to run."""
    torch.manual_seed(0)
    network = network or SRResNet(8, 1, tanh=True)
    stages = tuple(fuse(stage) for stage in network)
    return Upscaler(catalog.find("srgan"), stages, "random")


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture(scope="module")
def part(landscape) -> np.ndarray:
    """(112, 160, 3) uint8, wider than each of the tiles."""
    return landscape[60:172, 70:230]


@pytest.fixture(scope="module")
def whole(part) -> np.ndarray:
    return by_the_paper("srgan-div2k", part)


def by_the_paper(name: str, part: np.ndarray) -> np.ndarray:
    """The paper's network over the whole photo at once, as uint8."""
    network = catalog.build(catalog.find(name)).network
    with torch.inference_mode():
        x = torch.tensor(part).permute(2, 0, 1)[None].float() / 255
        return (network(x)[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()


@pytest.mark.parametrize("tile", [None, 16, 61, 150])
def test_tiles_equal_the_whole_photo(upscaler, part, whole, tile):
    result = engine.upscale(Photo(part), upscaler, device="cpu", tile=tile).pixels
    apart = np.abs(result.astype(int) - whole)
    assert apart.max() <= 1
    assert (apart > 0).mean() < 0.001


@pytest.mark.parametrize("tile", [None, 40])
def test_attention_is_exact_too(part, tile):
    """SPAN joins rows of different depths, and multiplies them."""
    result = engine.upscale(Photo(part), load("span"), device="cpu", tile=tile).pixels
    apart = np.abs(result.astype(int) - by_the_paper("span", part))
    assert apart.max() <= 1 and (apart > 0).mean() < 0.001


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (9, 1), (3, 200), (50, 2)])
def test_any_size(height, width):
    model = small()
    photo = Photo(noise(height, width))
    result = engine.upscale(photo, model, device="cpu").pixels
    assert result.shape == (4 * height, 4 * width, 3)
    tiled = engine.upscale(photo, model, device="cpu", tile=2).pixels
    assert np.abs(result.astype(int) - tiled).max() <= 1


def test_the_same_photo_gives_the_same_bits(upscaler, part):
    photo = Photo(part)
    first = engine.upscale(photo, upscaler, device="cpu").pixels
    for _ in range(3):
        np.testing.assert_array_equal(engine.upscale(photo, upscaler, device="cpu").pixels, first)


def test_name_notes_and_alpha_are_kept(landscape):
    alpha = np.zeros((20, 30), np.uint8)
    alpha[5:15, 5:25] = 255
    photo = Photo(landscape[:20, :30], alpha, "owl", ("A note.",))
    result = engine.upscale(photo, load("srresnet-div2k"), device="cpu")
    assert (result.name, result.notes) == ("owl", ("A note.",))
    assert result.alpha.shape == (80, 120)
    assert result.alpha[40, 60] > 250 and result.alpha[2, 2] < 5


def test_progress_grows_to_the_end():
    seen = []
    engine.upscale(
        Photo(noise(30, 20)),
        small(),
        device="cpu",
        tile=7,
        progress=lambda done, total: seen.append((done, total)),
    )
    done = [d for d, _ in seen]
    assert done == sorted(done) and len(done) > 4
    assert seen[-1] == (600, 600)


def test_cancel_stops_after_the_strip():
    seen, cancelled = [], threading.Event()

    def progress(done, total):
        seen.append(done)
        cancelled.set()

    with pytest.raises(Cancelled):
        engine.upscale(
            Photo(noise(90, 20)),
            small(),
            device="cpu",
            tile=9,
            progress=progress,
            cancelled=cancelled,
        )
    assert len(seen) == 1


def test_a_small_budget_narrows_the_bands_and_a_tiny_one_is_refused(upscaler):
    stages = upscaler.stages
    roomy = engine.make_plan(4000, 4000, stages, 4 << 30)
    tight = engine.make_plan(4000, 4000, stages, 80 << 20)
    assert len(roomy.bands) == 1 and len(tight.bands) > 1
    with pytest.raises(EngineError, match=r"needs .* MB of memory and 5 MB may be used"):
        engine.make_plan(4000, 4000, stages, 5 << 20)


def test_an_explicit_tile_is_kept_or_refused(upscaler):
    plan = engine.make_plan(4000, 4000, upscaler.stages, 4 << 30, tile=100)
    assert max(band.stop - band.start for band in plan.bands) <= 100
    assert plan.rows[0] == 100
    with pytest.raises(EngineError, match="smaller tile"):
        engine.make_plan(4000, 4000, upscaler.stages, 20 << 20, tile=2000)


def test_gpu_out_of_memory_halves_the_strip_and_goes_on(monkeypatch):
    model, photo = small(), Photo(noise(40, 20))
    expected = engine.upscale(photo, model, device="cpu").pixels
    push, refused = engine.Stream.push, []

    def short_of_memory(stream, rows, last):
        if rows.shape[2] > 5:
            refused.append(rows.shape[2])
            raise torch.OutOfMemoryError
        return push(stream, rows, last)

    monkeypatch.setattr(engine.Stream, "push", short_of_memory)
    result = engine.upscale(photo, model, device="cpu").pixels
    assert refused[:4] == [40, 20, 10, 7] or refused[:3] == [40, 20, 10]
    assert np.abs(result.astype(int) - expected).max() <= 1


def test_gpu_out_of_memory_at_one_row_is_a_sentence(monkeypatch):
    def no_memory(*_):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(engine.Stream, "push", no_memory)
    with pytest.raises(EngineError, match="no memory left even for the smallest"):
        engine.upscale(Photo(noise(9, 9)), small(), device="cpu")


def test_a_result_that_is_not_finite_is_never_a_black_picture():
    network = SRResNet(4, 1)
    nn.init.constant_(network.trunk.conv1.weight, float("nan"))
    with pytest.raises(EngineError, match="not a picture"):
        engine.upscale(Photo(noise(9, 9)), small(network), device="cpu")


@pytest.mark.parametrize("shape", [(20, 30), (5, 1), (1, 1)])
@pytest.mark.parametrize("scale", [1, 2, 3, 8])
def test_a_network_of_another_scale_is_a_sentence(scale, shape):
    with pytest.raises(EngineError, match="a picture of another size: try another model"):
        engine.upscale(Photo(noise(*shape)), small(SRVGG(8, 2, scale)), device="cpu")


def test_rows_that_were_never_written_are_a_sentence(monkeypatch):
    run = engine._run
    monkeypatch.setattr(engine, "_run", lambda *given: list(run(*given))[:-1])
    with pytest.raises(EngineError, match="a picture of another size"):
        engine.upscale(Photo(noise(40, 20)), small(), device="cpu", tile=7)


def test_nothing_is_seen_where_nothing_is_written_yet():
    """New memory may hold another's photo, so it is filled with one first."""
    for _ in range(3):
        np.full((160, 80, 3), 123, np.uint8)  # what the next such array would begin with
        photo = Photo(noise(40, 20), np.full((40, 20), 255, np.uint8))
        step = next(engine.steps(photo, small(), device="cpu", tile=4))
        assert step.canvas[:4].any() and not step.canvas[40:].any()


def test_the_result_and_what_is_free_bound_the_budget(monkeypatch):
    cpu = torch.device("cpu")
    monkeypatch.setattr(memory, "_host_free", lambda: 4000)
    monkeypatch.setattr(memory, "_container_free", lambda: 3000)
    assert memory.available_bytes(cpu) == 1500
    assert memory.available_bytes(cpu, result=2000) == 500
    assert memory.available_bytes(cpu, result=5000) == 0


def test_a_photo_that_can_not_fit_is_refused_before_work_starts(monkeypatch):
    monkeypatch.setattr(memory, "_container_free", lambda: 1 << 20)
    monkeypatch.setattr(engine.Stream, "push", lambda *_: pytest.fail("work had started"))
    with pytest.raises(EngineError, match="MB may be used: close other programs"):
        engine.upscale(Photo(noise(500, 500)), small(SRResNet()), device="cpu")


def test_devices(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.delenv("SR_DEVICE", raising=False)
    assert device.choose_device().type == "cpu"
    with pytest.raises(EngineError, match=r"no device “cuda” here. Choose one of: cpu"):
        device.choose_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device.choose_device().type == "cuda"
    assert device.choose_device("cuda:1").index == 1
    monkeypatch.setenv("SR_DEVICE", "cpu")
    assert device.choose_device().type == "cpu"


def test_the_container_limit_is_read(tmp_path):
    assert memory._container_free(tmp_path) == float("inf")
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("100\n")
    assert memory._container_free(tmp_path) == float("inf")
    (tmp_path / "memory.max").write_text("1000\n")
    assert memory._container_free(tmp_path) == 900


def test_the_older_container_limit_is_read(tmp_path):
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("700")
    (tmp_path / "memory" / "memory.usage_in_bytes").write_text("800")
    assert memory._container_free(tmp_path) == 0


def test_a_model_with_an_overlap_is_blended_without_a_seam():
    """RRDB's receptive field is too wide for exact tiles; whole strips of it are still exact."""
    torch.manual_seed(0)
    network = RRDBNet(8, 2, 4).eval()
    stages = tuple(fuse(stage) for stage in network)
    upscaler = Upscaler(catalog.find("esrgan"), stages, "random")
    photo = Photo(noise(40, 120))
    whole = engine.upscale(photo, upscaler, device="cpu").pixels.astype(int)
    with torch.inference_mode():
        x = torch.tensor(photo.pixels).permute(2, 0, 1)[None].float() / 255
        eager = (network(x)[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    assert np.abs(whole - eager).max() <= 1
    tiled = engine.upscale(photo, upscaler, device="cpu", tile=30).pixels.astype(int)
    assert np.abs(whole - tiled).max() <= 2


def test_bands_are_mixed_from_one_to_the_other():
    canvas = np.zeros((1, 40, 3), np.uint8)
    left, right = Band(0, 5, 0, 7, 2), Band(5, 10, 3, 10, 2)
    plane = Plane(np.zeros((1, 10, 3), np.uint8), 3)
    plane.write(canvas, 0, left, np.full((1, 28, 3), 0, np.uint8), 4)
    plane.write(canvas, 0, right, np.full((1, 28, 3), 160, np.uint8), 4)
    row = canvas[0, :, 0].astype(int)
    assert (row[:12] == 0).all() and (row[28:] == 160).all()
    assert (np.diff(row[11:29]) > 0).all() and np.diff(row).max() <= 10


@pytest.mark.parametrize("tile", [None, 24])
@pytest.mark.parametrize("name", ["srcnn", "fsrcnn"])
def test_networks_of_luma_leave_colour_to_bicubic(name, tile):
    """As in their papers: Y by the network, Cb and Cr by bicubic; strips equal the whole."""
    pixels = bench.photo_of(61)
    network = catalog.build(catalog.find(name)).network
    seen = pixels if name == "fsrcnn" else bicubic(pixels)
    values = torch.from_numpy(luma(seen).round()).float()[None, None] / 255
    with torch.inference_mode():
        whole = network(values)[0, 0].clamp(0, 1).mul(255).round().numpy()
    alpha = np.full(pixels.shape[:2], 128, np.uint8)
    result = engine.upscale(Photo(pixels, alpha), load(name), device="cpu", tile=tile)
    apart = np.abs(result.pixels.astype(int) - with_luma(bicubic(pixels), whole))
    assert apart.max() <= 2 and (apart > 0).mean() < 1e-3
    assert result.alpha.shape == (244, 244) and abs(int(np.median(result.alpha)) - 128) <= 2
