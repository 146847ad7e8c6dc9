"""Lists of species that people bring, in the forms in which they have them."""

import pytest

from classify import kinds, loaders
from classify.kinds import ListError, read_list

IMAGENET = list(loaders.imagenet_birds().values())


def named(text: str) -> set[str]:
    return {IMAGENET[i].english for i in read_list(text, IMAGENET).kinds}


@pytest.mark.parametrize(
    "line",
    [
        "Great Gray Owl",
        "great grey owl",
        "Strix nebulosa",
        "grgowl",
        "  Great Gray Owl\t",
        "Great Gray Owl - Strix nebulosa",
        "Great Gray Owl (Strix nebulosa)",
        "Strix nebulosa,Great Gray Owl",
        '"Great Gray Owl","Strix nebulosa"',
        "Strigiformes;Strix nebulosa;12",
    ],
)
def test_a_line_means_a_species_however_it_is_written(line):
    assert named(line) == {"Great Gray Owl"}


def test_a_species_allows_the_wider_kind_that_it_belongs_to():
    assert named("Scarlet Macaw\nmacaw\ncanvas") == {"macaw"}


@pytest.mark.parametrize(
    ("species", "kind"),
    [("Mallard", "drake"), ("Great Egret", "American egret"), ("Indian Peafowl", "peacock")],
)
def test_a_species_allows_the_kind_that_imagenet_calls_otherwise(species, kind):
    assert named(species) == {kind}


def test_headings_comments_and_empty_lines_are_no_species():
    listed = read_list("\ufeffCommon Name,Scientific Name\n\n# mine\r\nDunlin\r\n", IMAGENET)
    assert len(listed.kinds) == 1 and listed.sentence == ""


@pytest.mark.parametrize(
    "line",
    [
        '"Common Name","Scientific Name"',
        "Row #,Taxon Order,Category,Common Name,Scientific Name,Count,Location",
        "SPECIES CODE\tCommon name",
        ",,,",
        '""',
    ],
)
def test_headings_as_ebird_exports_them_are_no_species(line):
    listed = read_list(f"{line}\n1,8432,species,Dunlin,Calidris alpina,3,Mallard Lake\n", IMAGENET)
    assert len(listed.kinds) == 1 and listed.sentence == ""


def test_a_line_is_said_once_and_cannot_command_a_terminal_or_a_page():
    listed = read_list("Dunlin\na\x1b[2J\u202eb\n" + "Common Kingfisher\n" * 3, IMAGENET)
    assert listed.sentence == (
        "No species is called “a [2J b”. The classifier doesn't know “Common Kingfisher”."
    )


def test_what_cannot_be_used_is_said():
    listed = read_list("Dunlin\nSnallygaster\nCommon Kingfisher\n", IMAGENET)
    assert (listed.unknown, listed.missing) == (("Snallygaster",), ("Common Kingfisher",))
    assert listed.sentence == (
        "No species is called “Snallygaster”. The classifier doesn't know “Common Kingfisher”."
    )


def test_long_reports_are_cut():
    listed = read_list("Dunlin\n" + "\n".join(f"bird {i}" for i in range(50)), IMAGENET)
    assert listed.sentence.endswith("“bird 9” and 40 more.")


@pytest.mark.parametrize("text", ["Snallygaster", "Common Kingfisher", "# nothing"])
def test_a_list_without_a_kind_is_refused(text):
    with pytest.raises(ListError, match="has none that the classifier knows"):
        read_list(text, IMAGENET)


def test_a_list_of_everything_is_read_and_a_longer_one_refused():
    text = "\n".join(t.english for t in kinds.taxonomy.species())
    assert len(read_list(text, IMAGENET).kinds) > 50
    with pytest.raises(ListError, match="longer than 1,000,000 characters"):
        read_list("x" * 1_000_001, IMAGENET)


def test_what_a_list_lacks():
    lacks = kinds.lacking(IMAGENET)
    assert {"a gull or tern", "a woodpecker", "a kingfisher", "a nuthatch"} <= set(lacks)
    assert "an owl" not in lacks and kinds.lacking(kinds.taxonomy.species()) == ()
