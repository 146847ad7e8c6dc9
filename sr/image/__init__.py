"""Photos: from files to pixels, at other sizes, and to files. Only this room knows Pillow."""

# ruff: noqa: F401 - the imports are what the package offers

from sr.image.condition import Condition, condition
from sr.image.photo import Photo, PhotoError, crop
from sr.image.read import (
    check_bytes,
    check_size,
    contents,
    is_photo,
    photos_in,
    read,
    read_size,
    stem,
)
from sr.image.resize import bicubic, blur, resize, shrink, shrink_to, thumbnail
from sr.image.write import as_jpeg, encode, is_disk_full, jpeg, png, whole, write
