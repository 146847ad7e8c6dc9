"""Photos of another size."""

import numpy as np
import pytest
from PIL import Image

from sr import image


@pytest.mark.parametrize(("short", "width"), [(16, 22), (33, 46), (64, 90), (211, 300)])
def test_the_short_side_is_what_was_asked_for(landscape, short, width):
    small = image.shrink_to(landscape, short)
    theirs = Image.fromarray(landscape).resize((width, short), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(small, theirs)
