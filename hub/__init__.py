"""Weights files, verified, from wherever this machine can get them; and uploads to the Hub.

Only this package knows where weights come from: the cache, then the Hugging
Face Hub, then a package on this machine. A caller names a source and gets a
path whose SHA-256 has been checked where one is known, or one
`WeightsUnavailable` that says what was tried and why it failed.
"""

# ruff: noqa: F401 - the imports are what the package offers

from hub.catalog import Catalog
from hub.checkpoints import (
    BadWeights,
    brief,
    check_numbers,
    check_tensors,
    no_larger_than,
    read_checkpoint,
    read_json,
    reading,
    same_order,
)
from hub.connection import reachable
from hub.download import at_hand, check_place, fetch, fetch_first, progress, sha256
from hub.sources import HubFile, LocalFile, PackageFile, Source, WeightsUnavailable, beside, parse
from hub.upload import Commit, NotPublished, check_name, publish
