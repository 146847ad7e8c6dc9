"""A teacher's pictures of harmed crops; the teacher here is a quick one."""

import numpy as np
import pytest

from sr.image import Photo, shrink
from sr.inference import engine, upscaler
from sr.settings import SCALE
from sr.train import crops
from sr.train.library import gather

COUNT, SEED, CROP = 3, 5, 96


@pytest.fixture
def library(large_photos, tmp_path, monkeypatch):
    monkeypatch.setattr(crops, "TEACHER", "span")
    return gather(large_photos, tmp_path / "cache", without=[])


@pytest.fixture
def made(library):
    crops.make_lessons(library, COUNT, SEED)
    return crops.taught(crops.Crops(library, CROP, "any", SEED), COUNT)


def pictures(crop):
    return [tensor.numpy().transpose(1, 2, 0) for tensor in crop]


def test_every_second_crop_is_a_lesson(made):
    for number in range(8):
        wanted = made.lessons if number % 2 else made.crops
        assert all(map(np.array_equal, made[number], wanted[number // 2]))
    assert made.crops.degrade == "shrunk"


def test_a_lesson_is_of_what_the_pupil_sees(made):
    for number in range(8):
        small, large = pictures(made.lessons[number])
        assert small.shape == (CROP // SCALE, CROP // SCALE, 3) and large.shape == (CROP, CROP, 3)
        error = np.abs(shrink(np.ascontiguousarray(large), SCALE) - small.astype(float))
        assert error.mean() < 8, "not of the same place, or not turned alike"


def test_a_lesson_is_what_the_teacher_makes_of_it_in_the_photos_colours(made):
    record = np.frombuffer(made.lessons.file.read_bytes()[: crops.RECORD], np.uint8)
    small, large = np.split(record, [crops.SMALL**2 * 3])
    photo = Photo(small.reshape(crops.SMALL, crops.SMALL, 3))
    wanted = engine.upscale(photo, upscaler.load("span"), keep_colours=True).pixels
    assert np.array_equal(large.reshape(wanted.shape), wanted)


def test_making_them_goes_on_where_it_was_broken_off(made, library):
    file = made.lessons.file
    whole = file.read_bytes()
    assert len(whole) == COUNT * crops.RECORD
    file.write_bytes(whole[: crops.RECORD + 7])
    crops.make_lessons(library, COUNT, SEED)
    assert file.read_bytes() == whole
    crops.make_lessons(library, COUNT - 1, SEED)
    assert file.read_bytes() == whole, "fewer were asked than there are"
