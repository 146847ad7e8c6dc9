"""Whatever people paste as a list of species is read, or refused with a sentence, and soon.

A long run, with its figures:

    FUZZ_EXAMPLES=20000 python -m pytest -s tests/classify/test_fuzz_names.py
"""

import os
import time
from collections import Counter

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from classify import kinds, loaders, taxonomy
from classify.kinds import LONGEST_LIST, ListError, read_list
from classify.taxonomy import words

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))
IMAGENET = list(loaders.imagenet_birds().values())
SPECIES = taxonomy.species()
LONGEST_SENTENCE = 2000  # characters: ten names of each sort, cut, and their frame

fuzzed = trying(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=EXAMPLES <= 1000,  # the short run is the same each time
    suppress_health_check=list(HealthCheck),
)

# Lists as they are pasted: names, eBird's exports, and what breaks them.
species = st.sampled_from(SPECIES).map(lambda t: (t.english, t.scientific, t.code))
name = st.one_of(
    species.flatmap(st.sampled_from),
    st.sampled_from(IMAGENET).map(lambda t: t.english),
    st.sampled_from(
        ["Scarlet Macaw", "macaw", "Mallard", "grgowl", "gull sp.", "species", "Row #"]
    ),
    st.sampled_from(["Common Name", "Scientific Name", "\ufeffSpecies", "#", "1", "2024-01-02"]),
    st.text(max_size=12),
)
mark = st.sampled_from(
    [*",;\t()\"'#-–— ", " - ", "", '","', "\0", "\x1b[31m", "\u202e", "\ud800", "\xa0", "\ufeff"]
)
line = st.lists(st.one_of(name, mark), max_size=8).map("".join)
ending = st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\x0b", "\x0c", "\x85", "\u2028", ""])
pasted = st.lists(st.tuples(line, ending), max_size=12).map(lambda got: "".join(map("".join, got)))


def outcome(text: str) -> str:
    try:
        listed = read_list(text, IMAGENET)
    except ListError as error:
        said = str(error)
        assert said.startswith("The list of species ") and said.endswith(".")
    else:
        said = listed.sentence
        assert listed.kinds and listed.kinds <= set(range(len(IMAGENET)))
        assert set(listed.missing) <= {t.english for t in SPECIES}
    assert said.isprintable() and len(said) <= LONGEST_SENTENCE
    return "refused" if said.startswith("The list") else "told" if said else "read"


def test_lists_are_read_or_refused():
    counts, start = Counter(), time.perf_counter()

    @fuzzed
    @given(pasted)
    def run(text):
        counts[outcome(text)] += 1

    run()
    print(f"\n{dict(counts)}, {time.perf_counter() - start:.0f} s")
    assert counts["read"] and counts["told"] and counts["refused"]


def test_a_species_is_found_among_whatever_is_pasted():
    @fuzzed
    @given(pasted, st.integers(0, len(IMAGENET) - 1), pasted)
    def run(before, kind, after):
        text = f"{before}\n{IMAGENET[kind].english}\n{after}"
        assert kind in read_list(text, IMAGENET).kinds

    run()


def test_names_are_compared_by_their_words():
    @fuzzed
    @given(st.one_of(name, line))
    def run(text):
        spelt = words(text)
        assert words(" ".join(spelt)) == spelt and all(spelt)
        assert taxonomy.find([text]) == taxonomy.find(["", "_".join(spelt)])

    run()


def test_any_text_is_a_group_or_none():
    groups = {group for t in SPECIES for group in (t.family, t.order)}

    @fuzzed
    @given(st.one_of(name, st.sampled_from(sorted(groups)), line))
    def run(group):
        if group in groups:
            assert taxonomy.called(group).split(" ")[0] in ("a", "an", "one")
        else:
            with pytest.raises(ValueError):
                taxonomy.called(group)

    run()


HUGE = {
    "lines": "a\n",
    "words": "a ",
    "names": "Mallard\n",
    "a line of names": "Mallard ",
    "columns": "a,",
    "commas": ",",
    "quotes": "'",
    "dashes": " - ",
    "brackets": "(",
    "letters": "a",
    "capitals": "İ",
    "zeros": "\0",
    "ends": "\n",
    "headings": "Species,Common Name\n",
}


@pytest.mark.parametrize("unit", HUGE)
def test_a_list_of_a_million_characters_takes_seconds(unit):
    text = (HUGE[unit] * LONGEST_LIST)[:LONGEST_LIST]
    read_list("Mallard", IMAGENET)  # the tables are made once
    start = time.process_time()
    outcome(text)
    assert time.process_time() - start < 10


def test_a_list_of_different_lines_takes_seconds():
    text = "\n".join(map(str, range(160_000)))
    start = time.process_time()
    assert outcome(text) == "refused" and len(text) > 0.9 * LONGEST_LIST
    assert time.process_time() - start < 10


@pytest.mark.parametrize("unit", ["a ", "a,", "Mallard ", " - ", "(a"])
def test_twice_the_text_takes_about_twice_the_time(unit):
    def seconds(size: int) -> float:
        kinds._read_list.cache_clear()
        start = time.process_time()
        outcome((unit * size)[:size])
        return time.process_time() - start

    seconds(1000)
    assert seconds(200_000) < 6 * seconds(100_000) + 0.5
