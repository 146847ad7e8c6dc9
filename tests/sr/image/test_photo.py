import io
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from sr import image as images
from sr import settings
from tests.conftest import ROOT
from tests.sr.image import pictures


@pytest.fixture
def save(tmp_path):
    def save(image: Image.Image, name: str, **options):
        path = tmp_path / name
        image.save(path, **options)
        return path

    pillow_heif.register_heif_opener()  # to write HEIC
    save.folder = tmp_path
    return save


def gradient(mode: str = "RGB") -> Image.Image:
    red = np.linspace(0, 255, 30 * 20).reshape(20, 30)
    values = np.stack([red, 255 - red, red * 0 + 100], 2).round().astype(np.uint8)
    return Image.fromarray(values).convert(mode)


def test_a_photo_is_read_as_it_is(save):
    read = images.read(save(gradient(), "Blaue Meise, 2.png"))
    assert read.name == "Blaue Meise, 2"
    assert read.size == (30, 20)
    assert read.alpha is None and read.notes == ()
    np.testing.assert_array_equal(read.pixels, np.asarray(gradient()))


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK"])
def test_modes_become_rgb(save, mode):
    name = "a.tiff" if mode == "CMYK" else "a.png"
    read = images.read(save(gradient(mode), name))
    assert read.pixels.shape == (20, 30, 3) and read.pixels.dtype == np.uint8
    np.testing.assert_allclose(read.pixels, np.asarray(gradient(mode).convert("RGB")), atol=1)


@pytest.mark.parametrize("mode", ["LA", "RGBA", "PA"])
def test_alpha_is_kept_apart(save, mode):
    image = gradient("RGBA")
    alpha = np.tile(np.arange(30, dtype=np.uint8) * 8, (20, 1))
    image.putalpha(Image.fromarray(alpha))
    if mode == "PA":
        image = image.quantize(64)
    elif mode == "LA":
        image = image.convert("LA")
    read = images.read(save(image, "a.png"))
    assert read.pixels.shape == (20, 30, 3)
    np.testing.assert_allclose(read.alpha, alpha, atol=32 if mode == "PA" else 0)


def test_colours_go_through_the_icc_profile(save):
    """Linear-light grey 55/255 is about 128 in sRGB."""
    srgb = ImageCms.createProfile("sRGB")
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    broken = Image.new("RGB", (4, 4), (1, 2, 3))
    assert images.read(save(broken, "b.png", icc_profile=b"broken")).pixels[0, 0].tolist() == [
        1,
        2,
        3,
    ]
    same = save(broken, "s.png", icc_profile=ImageCms.ImageCmsProfile(srgb).tobytes())
    np.testing.assert_allclose(images.read(same).pixels[0, 0], [1, 2, 3], atol=1)
    wrong_space = save(broken, "l.png", icc_profile=lab.tobytes())
    assert images.read(wrong_space).pixels[0, 0].tolist() == [1, 2, 3]


class TestRefusals:
    def refused(self, path, **options) -> str:
        with pytest.raises(images.PhotoError) as caught:
            images.read(path, **options)
        return str(caught.value)

    def test_missing(self, tmp_path):
        assert "There is no file “x.png”" in self.refused(tmp_path / "x.png")

    def test_too_large_is_refused_before_decoding(self, save, monkeypatch):
        path = save(Image.new("L", (3000, 2000)), "big.png")
        monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("decoded"))
        assert "3000 x 2000 pixels (6.0 megapixels); the limit here is 4" in self.refused(path)

    def test_a_bomb(self, save, monkeypatch):
        path = save(Image.new("L", (3000, 2000)), "bomb.png")
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
        assert "far more pixels" in self.refused(path)

    def test_a_large_file_is_refused_unread(self, tmp_path, monkeypatch):
        path = tmp_path / "large.jpg"
        with path.open("wb") as file:
            file.truncate(settings.MAX_BYTES + 1)
        monkeypatch.setattr(type(path), "read_bytes", lambda _: pytest.fail("read"))
        assert "the limit here is 32 MB" in self.refused(path)

    def test_a_folder(self, tmp_path):
        assert "There is no file" in self.refused(tmp_path)

    def test_a_file_that_may_not_be_read(self, save, monkeypatch):
        path = save(gradient(), "a.png")
        monkeypatch.setattr(type(path), "read_bytes", lambda _: (_ for _ in ()).throw(OSError))
        assert "“a.png” can't be opened" in self.refused(path)

    @pytest.mark.parametrize(
        ("error", "words"),
        [(MemoryError, "needs more memory"), (RecursionError, "is damaged or cut off")],
    )
    def test_whatever_pillow_raises(self, save, monkeypatch, error, words):
        path = save(gradient(), "a.png")
        monkeypatch.setattr(Image.Image, "load", lambda *_: (_ for _ in ()).throw(error))
        assert words in self.refused(path)

    def test_but_an_interrupt_passes(self, save, monkeypatch):
        path = save(gradient(), "a.png")
        interrupt = KeyboardInterrupt()
        monkeypatch.setattr(Image.Image, "load", lambda *_: (_ for _ in ()).throw(interrupt))
        with pytest.raises(KeyboardInterrupt):
            images.read(path)

    def test_the_uploaded_name_is_used(self, tmp_path):
        path = tmp_path / "abc123"
        path.write_text("?")
        assert "“Möwe.png”" in self.refused(path, name="Möwe.png")


def test_hidden_colour_stays_out_of_the_visible_edge(save):
    """Green under the transparent half of a red disc on an odd-sized photo."""
    rows, columns = np.ogrid[:37, :51]
    disc = (rows - 18) ** 2 + (columns - 30) ** 2 < 150
    pixels = np.where(disc[:, :, None], [255, 0, 0], [0, 255, 0]).astype(np.uint8)
    path = images.write(pixels, save.folder / "disc.png", disc.astype(np.uint8) * 255)
    read = images.read(path)
    np.testing.assert_array_equal(read.alpha, disc * 255)
    assert (read.pixels == [255, 0, 0]).all()  # so nothing green is left to bleed


def test_hidden_colour_comes_from_near_and_visible_colour_stays(save):
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, :16], pixels[:, 16:48], pixels[:, 48:] = (250, 10, 0), (0, 255, 0), (0, 10, 250)
    alpha = np.full((64, 64), 1, np.uint8)
    alpha[:, 16:48] = 0
    read = images.read(images.write(pixels, save.folder / "two.png", alpha))
    np.testing.assert_array_equal(read.pixels[alpha > 0], pixels[alpha > 0])
    assert (read.pixels[:, 16:24] == [250, 10, 0]).all()
    assert (read.pixels[:, 40:48] == [0, 10, 250]).all()
    assert read.pixels[:, :, 1].max() == 10


@pytest.mark.parametrize("kind", ["jpeg", "mpo", "png", "webp", "avif", "heic", "tiff"])
def test_camera_date_and_place_are_copied_when_asked(save, kind):
    exif = Image.Exif()
    exif[0x010F], exif[0x0112], exif[0x0131] = "Nikon", 6, "an editor"
    exif[0x8769] = {0x9003: "2024:05:06 07:08:09", 0x927C: b"maker note", 0xA002: 30}
    exif[0x8825] = {1: "N", 2: (59.0, 54.0, 30.0)}
    options = {"save_all": True, "append_images": [gradient()]} if kind == "mpo" else {}
    read = images.read(save(gradient(), f"a.{kind}", exif=exif.tobytes(), **options))
    assert read.size == (20, 30)
    copied = Image.open(images.write(read.pixels, save.folder / "b.png", exif=read.exif)).getexif()
    assert dict(copied)[0x010F] == "Nikon" and copied[0x0112] == 1 and 0x0131 not in copied
    assert dict(copied.get_ifd(0x8769)) == {0x9003: "2024:05:06 07:08:09"}
    assert copied.get_ifd(0x8825) == {1: "N", 2: (59.0, 54.0, 30.0)}
    assert not copied.get_ifd(1)  # the thumbnail's directory
    plain = images.write(read.pixels, save.folder / "c.png")
    assert not Image.open(plain).getexif()


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0broken", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"Exif\0\0"]
)
def test_broken_metadata_is_no_reason_to_refuse(save, exif):
    for kind in ("jpg", "png", "webp", "heic"):
        read = images.read(save(gradient(), f"a.{kind}", exif=exif))
        assert read.size == (30, 20) and read.exif is None


def test_no_metadata_is_none(save):
    assert images.read(save(gradient(), "a.jpg")).exif is None
    assert images.read(save(gradient(), "a.tiff")).exif is None


def test_an_avif_is_cropped_as_it_says(tmp_path):
    data = pictures.avif_with_window()
    if not hasattr(pillow_heif.HeifFile(io.BytesIO(data))[0]._c_image, "transformations"):
        pytest.skip("an older pillow-heif does not tell")
    path = tmp_path / "a.avif"
    path.write_bytes(data)
    read = images.read(path)
    assert read.size == (pictures.WIDTH, pictures.HEIGHT)
    np.testing.assert_allclose(read.pixels, np.asarray(pictures.marked()), atol=12)


def test_an_avif_keeps_what_a_window_outside_it_would_leave(tmp_path):
    data = pictures.avif_with_window()
    at = data.index(b"clap") + 20  # how far its middle is to the right of the picture's
    (tmp_path / "a.avif").write_bytes(data[:at] + struct.pack(">i", 400) + data[at + 4 :])
    assert images.read(tmp_path / "a.avif").size == (pictures.WIDTH + 8, pictures.HEIGHT)


def test_a_picture_larger_than_its_canvas_is_opaque(tmp_path):
    data = pictures.frames("WEBP", lossless=True)
    wide = data.index(b"ANMF") + 14  # the width less one, three bytes, of the first picture
    for width in (pictures.WIDTH - 1, pictures.WIDTH + 9):
        (tmp_path / "a.webp").write_bytes(data[:wide] + bytes([width]) + data[wide + 1 :])
        assert images.read(tmp_path / "a.webp").alpha is None


def test_photos_are_opened_in_many_threads(save):
    paths = [save(gradient(), f"a.{kind}") for kind in ("jpg", "png", "webp", "heic", "tiff")] * 8
    alone = [images.read(path).pixels for path in paths]
    with ThreadPoolExecutor(8) as pool:
        for read, expected in zip(pool.map(images.read, paths), alone, strict=True):
            np.testing.assert_array_equal(read.pixels, expected)


def test_a_long_animation_is_not_counted(tmp_path):
    """400,000 frames; Pillow's n_frames reads them all, for half a minute."""
    file = io.BytesIO()
    gradient().convert("L").save(file, "GIF")
    data = file.getvalue()
    frame = b"," + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\2\2D\1\0"
    path = tmp_path / "long.gif"
    path.write_bytes(data[:-1] + frame * 400_000 + b";")
    start = time.perf_counter()
    assert images.read(path).notes
    assert time.perf_counter() - start < 2


def test_importing_changes_and_loads_little(tmp_path):
    code = """
import sys
from PIL import Image, ImageFile
before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, dict(Image.OPEN)
import sr.image
assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, dict(Image.OPEN))
assert not {"torch", "pillow_heif", "gradio"} & set(sys.modules)
try:
    sr.image.read(sys.argv[1])  # the first file may be one that fails before Pillow sees it
except sr.image.PhotoError as error:
    assert "damaged" in str(error)
"""
    (tmp_path / "cut.tiff").write_bytes(b"II*\0")
    command = [sys.executable, "-c", code, tmp_path / "cut.tiff"]
    subprocess.run(command, check=True, cwd=ROOT)


def test_bicubic_is_four_times_the_size():
    assert images.bicubic(np.zeros((3, 5, 3), np.uint8)).shape == (12, 20, 3)
    assert images.bicubic(np.zeros((3, 5), np.uint8)).shape == (12, 20)


def test_saving_is_lossless_with_alpha(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)
    alpha = np.random.default_rng(1).integers(1, 256, (8, 9), np.uint8)
    path = images.write(pixels, tmp_path / "a.png", alpha)
    read = images.read(path)
    np.testing.assert_array_equal(read.pixels, pixels)
    np.testing.assert_array_equal(read.alpha, alpha)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = images.write(np.zeros((2, 2, 3), np.uint8), tmp_path / "a.png")
    before = path.read_bytes()

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        images.write(np.ones((2, 2, 3), np.uint8), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
