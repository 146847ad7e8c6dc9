"""No two photos share a result, and no photo is written over."""

from pathlib import Path

import pytest

from sr.batch import Source, naming


def results(photos: list[str], folders: list[str] | None = None, known=None) -> list[str]:
    """What photos become in the folder out."""
    sources = map(Source, photos, folders or [""] * len(photos))
    return [task.result for task in naming.tasks(sources, "out", known)]


@pytest.mark.parametrize(
    ("photos", "stems"),
    [
        ("a/x.jpg b/x.jpg", "x x-2"),
        ("x.jpg x.png x.webp", "x x-2 x-3"),
        ("X.JPG x.png", "X x-2"),
        ("e\u0301.png é.png", "e\u0301 é-2"),  # one name on a Mac
        ("a/x.png b/x.png x-2.png", "x x-3 x-2"),
        ("x-2.png a/x.png b/x.png", "x-2 x x-3"),
        ("a/x.png b/x.png a/x-2.png b/x-2.png", "x x-3 x-2 x-2-2"),
        ("x.png x_x4.png", "x x_x4"),  # to another folder
        ("x.png out/x_x4.png", "x-2 x_x4"),  # a photo that is given isn't written over
        ("x.png out/../out/X_X4.PNG", "x-2 X_X4"),
        ("x.png y.png x.png", "x y"),  # given twice
        (f"{'n' * 240}1.png {'n' * 240}2.png", f"{'n' * 200} {'n' * 200}-2"),
        ("s3://b/a/x.png s3://b/c/x.png", "x x-2"),
    ],
)
def test_no_two_photos_share_a_result(photos, stems):
    assert results(photos.split()) == [f"{stem}_x4.png" for stem in stems.split()]


def test_ten_thousand_photos_of_one_name_have_a_result_each():
    found = results([f"{i}/x.png" for i in range(10_000)])
    assert len(set(found)) == 10_000
    assert found[-1] == "x-10000_x4.png"


def test_a_tree_is_kept_also_where_case_does_not_matter():
    photos = ["in/a/x.jpg", "in/a/x.png", "in/b/x.jpg", "in/A/X.JPG"]
    found = results(photos, ["a", "a", "b", "A"])
    assert found == ["a/x_x4.png", "a/x-2_x4.png", "b/x_x4.png", "A/X-3_x4.png"]
    assert len({name.lower() for name in found}) == 4


def test_a_result_has_not_the_name_of_a_folder():
    found = results(["in/x.png", "in/x_x4.png/y.png"], ["", "x_x4.png"])
    assert found == ["x-2_x4.png", "x_x4.png/y_x4.png"]


def test_results_keep_their_names_when_photos_come_between():
    before = dict(zip(["a/x.png", "b/x.png"], results(["a/x.png", "b/x.png"]), strict=True))
    assert results(["a/x.png", "a/x.jpg", "b/x.png"], known=before) == [
        "x_x4.png",
        "x-3_x4.png",
        "x-2_x4.png",
    ]


def test_a_photo_behind_a_link_to_the_folder_of_results_is_not_written_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    Path("link").symlink_to("out")
    assert results(["x.png", "link/x_x4.png"]) == ["x-2_x4.png", "x_x4_x4.png"]
