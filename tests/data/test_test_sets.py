"""Other test sets: every layout, the images that are read, and what is refused."""

import pickle
import shutil

import numpy as np
import pytest
from PIL import Image

from ablate.data import corruptions
from ablate.data.corruptions import corrupt
from ablate.data.test_sets import Format, condition, corrupted, find
from ablate.terminal.errors import InputError

CLASSES = ("cat", "dog", "eel")
FORMAT = Format(CLASSES, 3, 8, "memory_limit: 1")
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (15, 8, 8, 3), dtype=np.uint8)
LABELS = np.arange(15) % 3


@pytest.fixture
def class_folders(tmp_path):
    """Makes class folders with the first images of `PIXELS`, two of each class."""

    def make(name, classes=CLASSES, number=2):
        for place, label in enumerate(classes):
            folder = tmp_path / name / label
            folder.mkdir(parents=True)
            for one in range(number):
                Image.fromarray(PIXELS[number * place + one]).save(folder / f"{one}.png")
        return tmp_path / name

    return make


def test_class_folders_with_and_without_test_above_them(class_folders):
    for folder in (class_folders("new"), class_folders("set/test").parent):
        (condition,) = find(folder, CLASSES)
        images = condition.load(FORMAT)
        assert (condition.name, condition.severity) == ("", None)
        assert images.labels.tolist() == [0, 0, 1, 1, 2, 2] and images.classes == CLASSES
        assert (images.images.numpy() == PIXELS[:6].transpose(0, 3, 1, 2)).all()


def test_a_class_may_be_missing(class_folders):
    assert find(class_folders("new", ("dog",)), CLASSES)[0].load(FORMAT).labels.tolist() == [1, 1]


def test_conditions_with_and_without_severities(class_folders):
    class_folders("sets/fog/1")
    class_folders("sets/fog/5")
    folder = class_folders("sets/night").parent
    assert [(one.name, one.severity) for one in find(folder, CLASSES)] == [("fog", 1), ("fog", 5), ("night", None)]
    assert find(folder, CLASSES)[1].load(FORMAT).labels.tolist() == [0, 0, 1, 1, 2, 2]


def test_severities_are_told_from_classes_that_are_numbers(class_folders):
    digits = tuple("0123456789")
    folder = class_folders("digits", digits, 1)
    assert [(one.name, one.severity) for one in find(folder, digits)] == [("", None)]
    for severity in "12345":
        class_folders(f"sets/fog/{severity}", ("1", "2"), 1)
    assert [one.severity for one in find(folder.parent / "sets", digits)] == [1, 2, 3, 4, 5]


def test_images_have_the_size_and_channels_of_the_networks(class_folders, tmp_path):
    """Pillow resizes and converts the same pixels."""
    np.save(tmp_path / "a_data.npy", PIXELS[:6])
    np.save(tmp_path / "a_labels.npy", LABELS[:6])
    for source in (class_folders("new"), tmp_path / "a_data.npy"):
        images = find(source, CLASSES)[0].load(Format(CLASSES, 1, 5, "{}")).images
        assert tuple(images.shape) == (6, 1, 5, 5)
        for pixels, image in zip(PIXELS, images, strict=False):
            expected = Image.fromarray(pixels).resize((5, 5), Image.Resampling.BILINEAR).convert("L")
            assert (np.asarray(expected) == image[0].numpy()).all()


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_arrays_of_cifar_10_1(tmp_path, dtype):
    np.save(tmp_path / "x_v6_data.npy", PIXELS)
    np.save(tmp_path / "x_v6_labels.npy", LABELS.astype(dtype))
    (condition,) = find(tmp_path, CLASSES)
    images = condition.load(FORMAT)
    assert condition.name == "" and images.labels.tolist() == LABELS.tolist()
    assert (images.images.numpy() == PIXELS.transpose(0, 3, 1, 2)).all()
    np.save(tmp_path / "x_v4_data.npy", PIXELS[:2])
    np.save(tmp_path / "x_v4_labels.npy", LABELS[:2])
    assert [one.name for one in find(tmp_path, CLASSES)] == ["x_v4", "x_v6"]


def test_arrays_of_cifar_10_c(tmp_path):
    for name in ("fog", "noise"):
        np.save(tmp_path / f"{name}.npy", PIXELS)
    np.save(tmp_path / "labels.npy", np.tile([2, 0, 1], 5))
    conditions = find(tmp_path, CLASSES)
    assert [(one.name, one.severity) for one in conditions] == [(n, s) for n in ("fog", "noise") for s in range(1, 6)]
    images = conditions[6].load(FORMAT)  # severity 2 of noise
    assert (images.images.numpy() == PIXELS[3:6].transpose(0, 3, 1, 2)).all() and images.labels.tolist() == [2, 0, 1]
    np.save(tmp_path / "labels.npy", np.array([2, 0, 1] * 4 + [2, 1, 0]))  # no repetition
    assert [(one.name, one.severity) for one in find(tmp_path, CLASSES)] == [("fog", None), ("noise", None)]


def test_gray_arrays_for_networks_in_color(tmp_path):
    np.save(tmp_path / "fog.npy", PIXELS[..., 0])
    np.save(tmp_path / "labels.npy", LABELS)
    images = find(tmp_path, CLASSES)[0].load(FORMAT).images
    assert (images.numpy() == PIXELS[:3, None, :, :, 0]).all()  # severity 1


def test_corruptions_of_a_test_set(class_folders):
    conditions = corrupted(find(class_folders("new"), CLASSES), ["contrast"])
    assert [(one.name, one.severity) for one in conditions] == [("clean", None)] + [
        ("contrast", s) for s in range(1, 6)
    ]
    images = conditions[4].load(FORMAT)
    clean = conditions[0].load(FORMAT)
    assert (images.images.numpy() == corrupt(clean.images.numpy(), "contrast", 4)).all()
    assert (images.labels == clean.labels).all()
    folder = class_folders("two/a").parent
    shutil.copytree(folder / "a", folder / "b")
    with pytest.raises(InputError, match=r"2 conditions \(a, b\)"):
        corrupted(find(folder, CLASSES), ["contrast"])


def test_large_images_are_corrupted_a_few_at_a_time(class_folders, monkeypatch):
    conditions = corrupted(find(class_folders("new"), CLASSES), ["gaussian_noise"])
    whole, sizes = conditions[1].load(FORMAT).images, []
    monkeypatch.setattr(condition, "CHUNK", 4 * 3 * 8 * 8)
    monkeypatch.setattr(
        corruptions, "corrupt", lambda images, *rest: sizes.append(len(images)) or corrupt(images, *rest)
    )
    assert (conditions[1].load(FORMAT).images == whole).all() and sizes == [4, 2]


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (
            ("cats", "dogs"),
            r"has folders \(cats, dogs\), but no class of the runs \(cat, dog, eel\). Did you mean cat\?",
        ),
        (("cat", "fox"), "no class of the runs: fox."),
        (("zebra",), r"has folders \(zebra\), but no class"),
    ],
)
def test_other_classes_are_refused(class_folders, classes, message):
    with pytest.raises(InputError, match=message):
        find(class_folders("new", classes), CLASSES)


def test_folders_without_images_are_refused(class_folders, tmp_path):
    (tmp_path / "empty").mkdir()
    for path, message in ((tmp_path / "no", "does not exist"), (tmp_path / "empty", "has no images")):
        with pytest.raises(InputError, match=message):
            find(path, CLASSES)
    (tmp_path / "text.txt").write_text("")
    with pytest.raises(InputError, match="neither a folder nor"):
        find(tmp_path / "text.txt", CLASSES)
    folder = class_folders("sets/fog").parent
    (folder / "notes/old").mkdir(parents=True)
    with pytest.raises(InputError, match="notes has no folder of a class"):
        find(folder, CLASSES)
    with pytest.raises(InputError, match="has train/ but no test/"):
        find(class_folders("data/train").parent, CLASSES)
    with pytest.raises(InputError, match="cat has no images"):
        find(class_folders("new", number=0), CLASSES)[0].load(FORMAT)


def saved(array, **settings):
    return lambda path: np.save(path, array, **settings)


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("labels", saved(LABELS[:-1]), r"15 images, but .* 14 labels"),
        ("labels", saved(LABELS + 1), r"labels from 1 to 3, but the runs have 3 classes"),
        ("labels", saved(LABELS - 1), r"labels from -1 to 1"),
        ("labels", saved(LABELS.astype(float)), "does not hold labels"),
        ("labels", saved(np.array(["cat"] * 15)), "does not hold labels"),
        ("labels", saved(LABELS.astype(object), allow_pickle=True), "does not hold labels"),
        ("labels", saved(LABELS[:0]), "does not hold labels"),
        ("labels", lambda path: path.write_bytes(pickle.dumps(LABELS)), "does not hold labels"),
        ("fog", lambda path: path.write_bytes(path.read_bytes()[:-1]), "does not hold images"),
        ("fog", lambda path: path.write_bytes(path.read_bytes() + b"\0"), "does not hold images"),
        ("fog", lambda path: path.write_bytes(b""), "does not hold images"),
        ("fog", saved(PIXELS.astype(np.float32)), "does not hold images"),
        ("fog", saved(PIXELS.astype(np.uint16)), "pixels of type uint16|does not hold images"),
        ("fog", saved(PIXELS.transpose(0, 3, 1, 2)), "does not hold images"),
        ("fog", saved(PIXELS[:, :, :, :2]), "does not hold images"),
        ("fog", lambda path: path.unlink(), "labels but no images"),
    ],
)
def test_damaged_arrays_are_refused(tmp_path, name, write, message):
    np.save(tmp_path / "fog.npy", PIXELS)
    np.save(tmp_path / "labels.npy", LABELS)
    write(tmp_path / f"{name}.npy")
    with pytest.raises(InputError, match=message):
        find(tmp_path, CLASSES)


def test_images_that_take_too_much_memory_are_refused(class_folders, tmp_path):
    """100 bytes are allowed, and 3 images of 192 needed."""
    little = Format(CLASSES, 3, 8, f"memory_limit: {100 / 2**30}")
    np.save(tmp_path / "fog.npy", PIXELS)
    np.save(tmp_path / "labels.npy", LABELS)
    with pytest.raises(InputError, match=r"Images of .*fog.npy would take .* more than the runs' data.memory_limit"):
        find(tmp_path, CLASSES)[0].load(little)
    conditions = corrupted(find(class_folders("new"), CLASSES), ["contrast"])
    assert len(conditions[0].load(little)) == 6  # streamed
    with pytest.raises(InputError, match="Corrupted images would take"):
        conditions[1].load(little)


def test_an_array_without_labels_is_refused(tmp_path):
    np.save(tmp_path / "fog.npy", PIXELS)
    with pytest.raises(InputError, match=r"has no labels: neither fog_labels.npy nor labels.npy exists"):
        find(tmp_path, CLASSES)
