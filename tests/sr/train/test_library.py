"""What is read of a folder, what is left out, and that it is read once."""

import numpy as np
import pytest
from PIL import Image

from sr import image
from sr.train import library
from sr.train.library import gather


def test_photos_are_read_at_their_sizes_and_the_others_counted(photos, tmp_path):
    found = gather(photos, tmp_path, without=[])
    assert found.photos == 3
    assert sorted(found.sizes) == [[128, 148], [140, 128], [160, 172], [260, 300]]
    assert sum(found.skipped.values()) == 3 and len(found.skipped) == 3
    expected = library.whole(np.asarray(Image.open(photos / "a.png")))
    assert any(np.array_equal(found[i], expected) for i in range(len(found)))


def test_a_large_photo_is_kept_smaller():
    pixels = np.zeros((1300, 1200, 3), np.uint8)
    found = [picture.shape[:2] for picture in library.sizes(pixels)]
    assert found == [(648, 600), (432, 400), (324, 300), (276, 256)]


def test_the_photos_are_decoded_once(photos, tmp_path, monkeypatch):
    first = gather(photos, tmp_path, without=[])
    monkeypatch.setattr(library, "read", lambda *_, **__: pytest.fail("decoded again"))
    assert gather(photos, tmp_path, without=[]) == first


def test_a_changed_folder_is_read_again(photos, tmp_path):
    before = gather(photos, tmp_path / "cache", without=[])
    more = tmp_path / "photos"
    more.mkdir()
    for path in photos.glob("*.png"):
        more.joinpath(path.name).write_bytes(path.read_bytes())
    assert gather(more, tmp_path / "cache", without=[]).sizes != before.sizes


def test_a_cache_cut_short_is_made_anew(photos, tmp_path):
    whole = gather(photos, tmp_path, without=[])
    whole.file.write_bytes(whole.file.read_bytes()[:-1])
    again = gather(photos, tmp_path, without=[])
    assert again.file.stat().st_size == again.starts[-1]


def test_photos_of_another_folder_are_known_by_their_pixels(photos, tmp_path):
    """Under another name and in another format."""
    held = tmp_path / "held"
    held.mkdir()
    Image.open(photos / "c.png").save(held / "other.webp", lossless=True)
    found = gather(photos, tmp_path / "cache", without=[held])
    assert found.photos == 2 and [260, 300] not in found.sizes and found.held == []


def test_photos_held_out_are_not_taken_from_a_cache_that_has_them(photos, tmp_path):
    """All photos first; then the same files, some to learn from and some to validate on."""
    both = tmp_path / "both"
    (both / "learn").mkdir(parents=True)
    (both / "validate").mkdir()
    Image.open(photos / "a.png").save(both / "learn" / "a.png")
    Image.open(photos / "c.png").save(both / "validate" / "c.png")
    assert gather(both, tmp_path / "cache", without=[]).photos == 2
    apart = gather(both / "learn", tmp_path / "cache", without=[both / "validate"])
    assert apart.photos == 1 and [260, 300] not in apart.sizes


def test_one_photo_in_twenty_is_held_out_where_no_folder_is_given(photos, tmp_path):
    found = gather(photos, tmp_path)
    assert found.photos == 2 and len(found.held) == 1


def test_a_folder_without_photos_is_a_sentence(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(image.PhotoError, match="too few photos to learn from"):
        gather(tmp_path / "a", tmp_path / "cache")
