"""Which kind a folder or file name means, in the layouts that bird photos come in."""

import pytest
from PIL import Image

from classify import kinds, loaders, taxonomy
from classify.evaluate import labels

IMAGENET = list(loaders.imagenet_birds().values())
NAMES = [
    name for taxon in IMAGENET for name in (taxon.english, taxon.scientific) if name is not None
]


def kind(label: str, taxa: list = IMAGENET) -> int | None:
    return kinds.finder(taxa)(labels.names(label))


def name_of(label: str) -> str | None:
    found = kind(label)
    return None if found is None else IMAGENET[found].english


@pytest.mark.parametrize(
    "write",
    [
        lambda name: name,
        lambda name: name.upper(),
        lambda name: name.replace(" ", "_").replace("-", "_"),
        lambda name: name.replace(" ", "-"),
        lambda name: f"012.{name.replace(' ', '_')}",
        lambda name: f"{name.replace(' ', '_')}_0046_796111",
        lambda name: f"{name} (Female/juvenile)",
        lambda name: f"n01514859_{name.replace(' ', '_')}",
    ],
)
def test_every_kind_is_found_however_its_name_is_written(write):
    for name in NAMES:
        found = kind(write(name))
        assert name in (IMAGENET[found].english, IMAGENET[found].scientific)


def test_the_ranks_of_inaturalist_lead_to_the_species():
    for taxon in IMAGENET:
        if taxon.scientific:
            rank = f"03111_Animalia_Chordata_Aves_X_Y_{taxon.scientific.replace(' ', '_')}"
            assert name_of(rank) == taxon.english


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("001.Black_footed_Albatross", "albatross"),
        ("Dark-eyed Junco (Oregon)", "junco"),
        ("scarlet_macaw", "macaw"),
        ("Greater Prairie-Chicken", "prairie chicken"),
        ("robin", "American Robin"),  # ImageNet's own name
        ("n01518878", "Common Ostrich"),  # and its number
        ("great grey owl", "Great Gray Owl"),
        ("European Robin", None),  # the kind is one species, and not this one
        ("American_Goldfinch", None),
        ("Seahawk", None),
        ("mackaw", None),
        ("macaw cage", None),
        ("046.", None),
        ("", None),
    ],
)
def test_wider_kinds_imagenets_names_and_what_is_none(label, kind):
    assert name_of(label) == kind


def test_a_possessive_without_its_s_is_understood():
    taxa = [taxonomy.find(["Euphagus cyanocephalus"]), taxonomy.find(["Spizella breweri"])]
    assert kind("009.Brewer_Blackbird", taxa) == 0
    assert kind("Brewer's Sparrow", taxa) == 1
    assert kind("Brewer Warbler", taxa) is None


def photo(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (9, 9)).save(path)


def found(data, table=None) -> dict[str, tuple]:
    return {
        p.file: (p.label, None if p.kind is None else IMAGENET[p.kind].english)
        for p in labels.labelled(data, IMAGENET, table or {})
    }


def test_a_folder_names_its_photos_and_a_photo_itself(tmp_path):
    for name in ("094.Toucan/a_hen_0001.png", "hen.JPG", "more/jay.png", ".thumbs/jay.png"):
        photo(tmp_path / name)
    (tmp_path / "hen.txt").write_text("no photo")
    assert found(tmp_path) == {
        "094.Toucan/a_hen_0001.png": ("094.Toucan", "toucan"),
        "hen.JPG": ("hen", "hen"),
        "more/jay.png": ("jay", "jay"),  # the folder means nothing
    }


def test_numbered_folders_are_looked_up_in_classes_txt(tmp_path):
    """As NABirds has them: classes.txt beside the folder of folders."""
    photo(tmp_path / "images" / "0817" / "0a1b.jpg")
    photo(tmp_path / "images" / "0900" / "0a1c.jpg")
    (tmp_path / "classes.txt").write_text("0 Birds\n817 Brown Pelican (Adult)\n900 Oldsquaw\n\n")
    assert found(tmp_path / "images") == {
        "0817/0a1b.jpg": ("Brown Pelican (Adult)", "pelican"),
        "0900/0a1c.jpg": ("Oldsquaw", None),
    }
    assert found(tmp_path)["images/0817/0a1b.jpg"][1] == "pelican"


def test_a_table_goes_before_names(tmp_path):
    for name in ("jay/1.png", "chicken.png", "kite.png"):
        photo(tmp_path / name)
    file = tmp_path / "labels.csv"
    file.write_text("file,label\nchicken.png, hen \njay/1.png,magpie\nkite.png,\n", "utf-8")
    assert found(tmp_path, labels.read_csv(file)) == {
        "jay/1.png": ("magpie", "magpie"),
        "chicken.png": ("hen", "hen"),
        "kite.png": ("", None),
    }


def test_what_is_wrong_is_a_sentence(tmp_path):
    with pytest.raises(labels.LabelError, match="There is no folder"):
        labels.photos(tmp_path / "nowhere")
    with pytest.raises(labels.LabelError, match="has no photos in it"):
        labels.photos(tmp_path)
    photo(tmp_path / "hen.png")
    with pytest.raises(labels.LabelError, match=r"has no photo cock.png: mend the labels"):
        labels.labelled(tmp_path, IMAGENET, {"cock.png": "cock"})
    with pytest.raises(labels.LabelError, match="can't be read"):
        labels.read_csv(tmp_path / "labels.csv")
    for text in ("photo,kind\na.png,hen\n", "file,label\na.png\n"):
        (tmp_path / "labels.csv").write_text(text)
        with pytest.raises(labels.LabelError, match="needs a first line “file,label”"):
            labels.read_csv(tmp_path / "labels.csv")


def test_a_limit_draws_the_same_photos_in_their_order():
    photos = [labels.Labelled(f"{i:03}.png", "hen", 1) for i in range(100)]
    some = labels.drawn(photos, 10)
    assert len(set(some)) == 10 and some == sorted(some, key=lambda p: p.file)
    assert some == labels.drawn(photos, 10) != photos[:10]
    assert labels.drawn(photos, None) == labels.drawn(photos, 100) == photos


@pytest.mark.parametrize(
    ("label", "family"),
    [
        ("Tawny_Owl", "Strigidae"),
        ("owl", "Strigidae"),
        ("001.Black_footed_Albatross", "Diomedeidae"),
        ("cage", None),
        ("", None),
    ],
)
def test_a_label_has_the_family_of_what_it_means(label, family):
    taxon = labels.taxon(label)
    assert (taxon.family if taxon else None) == family
