import numpy as np
import pytest
from PIL import Image, ImageCms

from sr import photo


@pytest.fixture
def save(tmp_path):
    def save(image: Image.Image, name: str, **options):
        path = tmp_path / name
        image.save(path, **options)
        return path

    return save


def gradient(mode: str = "RGB") -> Image.Image:
    red = np.linspace(0, 255, 30 * 20).reshape(20, 30)
    values = np.stack([red, 255 - red, red * 0 + 100], 2).round().astype(np.uint8)
    return Image.fromarray(values).convert(mode)


def test_a_photo_is_read_as_it_is(save):
    read = photo.open(save(gradient(), "Blaue Meise, 2.png"))
    assert read.name == "Blaue Meise, 2"
    assert read.size == (30, 20)
    assert read.alpha is None and read.notes == ()
    np.testing.assert_array_equal(read.pixels, np.asarray(gradient()))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_upright(save, orientation):
    corner = np.zeros((20, 30, 3), np.uint8)
    corner[:10, :15] = 255  # upright: the top left quarter is white
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # FLIP_LEFT_RIGHT = 0 ... TRANSVERSE = 6
    image = Image.fromarray(corner)
    if orientation > 1:
        image = image.transpose(undo[orientation])
    exif = Image.Exif()
    exif[274] = orientation
    read = photo.open(save(image, "a.png", exif=exif))
    np.testing.assert_array_equal(read.pixels, corner)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK"])
def test_modes_become_rgb(save, mode):
    name = "a.tiff" if mode == "CMYK" else "a.png"
    read = photo.open(save(gradient(mode), name))
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
    read = photo.open(save(image, "a.png"))
    assert read.pixels.shape == (20, 30, 3)
    np.testing.assert_allclose(read.alpha, alpha, atol=32 if mode == "PA" else 0)


def test_constant_full_alpha_is_no_alpha(save):
    assert photo.open(save(gradient("RGBA"), "a.png")).alpha is None


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (np.full((4, 4), 32896, np.uint16), "sixteen.png"),
        (np.full((4, 4), 32896, np.uint16), "sixteen.tiff"),
        (np.full((4, 4), 128 / 255, np.float32), "float.tiff"),
        (np.full((4, 4), 128, np.float32), "float255.tiff"),
    ],
)
def test_deep_grey_is_rescaled(save, values, name):
    assert (photo.open(save(Image.fromarray(values), name)).pixels == 128).all()


def test_colours_go_through_the_icc_profile(save):
    """Linear-light grey 55/255 is about 128 in sRGB."""
    srgb = ImageCms.createProfile("sRGB")
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    broken = Image.new("RGB", (4, 4), (1, 2, 3))
    assert photo.open(save(broken, "b.png", icc_profile=b"broken")).pixels[0, 0].tolist() == [
        1,
        2,
        3,
    ]
    same = save(broken, "s.png", icc_profile=ImageCms.ImageCmsProfile(srgb).tobytes())
    np.testing.assert_allclose(photo.open(same).pixels[0, 0], [1, 2, 3], atol=1)
    wrong_space = save(broken, "l.png", icc_profile=lab.tobytes())
    assert photo.open(wrong_space).pixels[0, 0].tolist() == [1, 2, 3]


def test_an_animation_gives_its_first_frame_and_says_so(save):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    path = save(frames[0], "a.gif", save_all=True, append_images=frames[1:])
    read = photo.open(path)
    assert read.pixels[0, 0].tolist() == [255, 0, 0]
    assert read.notes == ("The file holds 3 pictures; this is the first.",)


class TestRefusals:
    def refused(self, path, **options) -> str:
        with pytest.raises(photo.PhotoError) as caught:
            photo.open(path, **options)
        return str(caught.value)

    def test_text(self, tmp_path):
        path = tmp_path / "note.png"
        path.write_text("not a photo")
        assert self.refused(path).startswith("“note.png” is not a photo this app can read")

    def test_empty(self, tmp_path):
        path = tmp_path / "nothing.jpg"
        path.touch()
        assert "is empty (0 bytes)" in self.refused(path)

    def test_missing(self, tmp_path):
        assert "There is no file “x.png”" in self.refused(tmp_path / "x.png")

    def test_truncated(self, save):
        path = save(gradient().resize((300, 200)), "cut.jpg")
        path.write_bytes(path.read_bytes()[:2000])
        assert "“cut.jpg” is damaged or cut off" in self.refused(path)

    def test_too_large_is_refused_before_decoding(self, save, monkeypatch):
        path = save(Image.new("L", (3000, 2000)), "big.png")
        monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("decoded"))
        assert "3000 x 2000 pixels (6.0 megapixels); the limit here is 4" in self.refused(path)

    def test_a_bomb(self, save, monkeypatch):
        path = save(Image.new("L", (3000, 2000)), "bomb.png")
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
        assert "far more pixels" in self.refused(path)

    def test_the_uploaded_name_is_used(self, tmp_path):
        path = tmp_path / "abc123"
        path.write_text("?")
        assert "“Möwe.png”" in self.refused(path, name="Möwe.png")


def test_bicubic_is_four_times_the_size():
    assert photo.bicubic(np.zeros((3, 5, 3), np.uint8)).shape == (12, 20, 3)
    assert photo.bicubic(np.zeros((3, 5), np.uint8)).shape == (12, 20)


def test_saving_is_lossless_with_alpha(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)
    alpha = np.random.default_rng(1).integers(0, 256, (8, 9), np.uint8)
    path = photo.save(pixels, tmp_path / "a.png", alpha)
    read = photo.open(path)
    np.testing.assert_array_equal(read.pixels, pixels)
    np.testing.assert_array_equal(read.alpha, alpha)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = photo.save(np.zeros((2, 2, 3), np.uint8), tmp_path / "a.png")
    before = path.read_bytes()

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        photo.save(np.ones((2, 2, 3), np.uint8), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
