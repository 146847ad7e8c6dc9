"""What a photo has suffered, by its file's tables and its pixels."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sr import image as images
from sr.image import Photo, as_jpeg, condition
from sr.image.condition import jpeg_quality
from tests.conftest import EXAMPLES
from tests.sr.image import pictures


def noisy(pixels: np.ndarray, sigma: float) -> np.ndarray:
    """With the same noise in each channel, so that luma's is as strong."""
    noise = np.random.default_rng(0).normal(0, sigma, (*pixels.shape[:2], 1))
    return (pixels + noise).round().clip(0, 255).astype(np.uint8)


def gradient(height: int, width: int) -> np.ndarray:
    """(height, width, 3) uint8 from 60 to 180, as smooth as a sky."""
    rows, columns = np.mgrid[:height, :width]
    grey = 60 + 60 * rows / height + 60 * columns / width
    return np.stack([grey] * 3, axis=-1).round().astype(np.uint8)


@given(st.integers(30, 95))
def test_quality_is_that_of_the_file(quality):
    file = io.BytesIO(pictures.encoded(pictures.marked(), "JPEG", quality=quality))
    assert abs(jpeg_quality(Image.open(file).quantization) - quality) <= 2


@given(st.integers(30, 95), st.floats(0.8, 1.25))
def test_tables_of_a_camera_are_near_those_of_libjpeg(quality, other):
    """As strong, but of another shape: steps for high frequencies longer or shorter."""
    file = io.BytesIO(pictures.encoded(pictures.marked(), "JPEG", quality=quality))
    table = np.array(Image.open(file).quantization[0], float)
    tilted = table * np.linspace(1 / other, other, 64)
    tables = {0: (tilted * table.mean() / tilted.mean()).round().clip(1, 255).astype(int)}
    assert abs(jpeg_quality(tables) - quality) <= 2


@pytest.mark.parametrize(
    ("kind", "options", "quality"),
    [
        ("JPEG", {"quality": 40}, 40),
        ("JPEG", {"quality": 85, "progressive": True, "subsampling": 0}, 85),
        ("JPEG", {"quality": 100}, 100),
        ("MPO", {"quality": 70}, 70),
        ("PNG", {}, None),
        ("WEBP", {"quality": 40}, None),
        ("TIFF", {}, None),
    ],
)
def test_a_photo_knows_the_quality_it_was_read_with(tmp_path, kind, options, quality):
    path = tmp_path / "photo"
    path.write_bytes(pictures.encoded(pictures.marked(), kind, **options))
    photo = images.read(path)
    assert photo.jpeg_quality == condition(photo).quality == quality
    assert images.crop(photo, (0, 0, 0.5, 0.5)).jpeg_quality == quality


def test_grey_and_cmyk_have_a_quality_too(tmp_path):
    for mode in ("L", "CMYK"):
        path = tmp_path / f"{mode}.jpg"
        path.write_bytes(pictures.encoded(pictures.marked(mode), "JPEG", quality=60))
        assert images.read(path).jpeg_quality == 60


def test_blocks_are_found_in_pixels_alone_the_stronger_the_more(landscape):
    found = [condition(Photo(as_jpeg(landscape, quality))) for quality in (95, 80, 60, 40, 20)]
    blockiness = [each.blockiness for each in found]
    assert blockiness == sorted(blockiness)
    assert [each.damaged for each in found[1:]] == [True] * 4
    assert condition(Photo(landscape)).blockiness < 1.02


@pytest.mark.parametrize(("top", "left"), [(0, 0), (3, 5), (7, 1), (4, 4)])
def test_blocks_are_found_off_the_grid(landscape, top, left):
    compressed = as_jpeg(landscape, 60)
    part = condition(Photo(compressed[top:-2, left:-3]))
    assert part.blockiness == pytest.approx(condition(Photo(compressed)).blockiness, rel=0.03)


@pytest.mark.parametrize("times", [2, 3, 4, 8, 16])
def test_enlarged_pixels_are_no_blocks(landscape, times):
    enlarged = landscape.repeat(times, axis=0).repeat(times, axis=1)
    assert not condition(Photo(enlarged)).damaged


@pytest.mark.parametrize("name", ["scarlet_macaw", "kingfisher", "owl"])
def test_the_examples_are_sound_and_compressed_are_not(name):
    photo = images.read(EXAMPLES / f"{name}.png")
    assert not condition(photo).damaged
    assert condition(Photo(as_jpeg(photo.pixels, 70))).damaged
    assert condition(Photo(noisy(photo.pixels, 10))).damaged


@pytest.mark.parametrize("quality", [89, 94, 95])
def test_the_file_alone_can_say_it(quality):
    assert condition(Photo(gradient(64, 64), jpeg_quality=quality)).damaged == (quality < 95)


@given(st.floats(4, 12))
def test_noise_is_measured_on_a_smooth_photo(sigma):
    assert condition(Photo(noisy(gradient(200, 240), sigma))).noise == pytest.approx(sigma, rel=0.3)


def test_noise_rises_on_a_real_photo(landscape):
    measured = [condition(Photo(noisy(landscape, sigma))).noise for sigma in (0, 2, 4, 8, 16)]
    assert measured == sorted(measured)
    assert measured[0] < 1


def test_a_white_background_does_not_hide_noise():
    rows, columns = np.mgrid[:200, :200] - 100
    inside = (rows**2 + columns**2 < 70**2)[:, :, None]
    pixels = np.where(inside, noisy(gradient(200, 200), 8), 255).astype(np.uint8)
    assert condition(Photo(pixels)).noise == pytest.approx(8, rel=0.3)


@pytest.mark.parametrize("name", ["scarlet_macaw", "kingfisher", "owl"])
def test_a_clean_cut_out_is_sound(tmp_path, name):
    """What is hidden is filled when the file is read, and that isn't the photo's."""
    cut = Image.open(EXAMPLES / f"{name}.png").convert("RGBA")
    rows, columns = np.mgrid[: cut.height, : cut.width]
    inside = ((rows / cut.height - 0.5) ** 2 + (columns / cut.width - 0.5) ** 2) < 0.16
    cut.putalpha(Image.fromarray((inside * 255).astype(np.uint8)))
    cut.save(tmp_path / "cut.png")
    assert not condition(images.read(tmp_path / "cut.png")).damaged


@pytest.mark.parametrize("side", [8, 12, 16, 48])
def test_tiny_photos_are_not_noisy(landscape, side):
    assert not condition(Photo(images.shrink_to(landscape, side))).damaged


def test_of_a_large_photo_the_middle_counts(landscape):
    pixels = np.zeros((1300, 1400, 3), np.uint8)
    part = as_jpeg(landscape[:208, :296], 50)  # whole blocks
    pixels[138:-138, 188:-188] = np.tile(part, (5, 4, 1))[:1024, :1024]
    assert condition(Photo(pixels)).damaged


@given(st.integers(1, 60), st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_no_size_fails(height, width, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    for photo in (Photo(pixels), Photo(pixels // 255 * 255), Photo(pixels * 0 + 90)):
        found = condition(photo)
        assert found.blockiness >= 1 and np.isfinite([found.blockiness, found.noise]).all()


@pytest.mark.parametrize("size", [(8, 8), (8, 200), (47, 300), (300, 300)])
def test_flat_photos_are_sound(size):
    found = condition(Photo(np.full((*size, 3), 255, np.uint8)))
    assert (found.blockiness, found.noise, found.damaged) == (1, 0, False)
