"""Files of weights: what is read, and one sentence for each kind that is not."""

import pickle
import zipfile

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ablate.files import tensors
from ablate.files.weights import read
from ablate.terminal.errors import InputError

LIMIT = tensors.Limit(100, 2**20)


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


STATE = network().state_dict()
KINDS = {
    "state_dict": lambda path: torch.save(STATE, path),
    "parameters": lambda path: torch.save(dict(network().named_parameters()) | dict(network().named_buffers()), path),
    "before PyTorch 1.6": lambda path: torch.save(STATE, path, _use_new_zipfile_serialization=False),
    "checkpoint": lambda path: torch.save({"epoch": 3, "state_dict": STATE, "rate": 0.1}, path),
    "wrapped": lambda path: torch.save({"model": {f"module.{name}": value for name, value in STATE.items()}}, path),
    "safetensors": lambda path: save_file(STATE, path.with_suffix(".safetensors")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_read_from_each_kind_of_file(tmp_path, kind):
    KINDS[kind](tmp_path / "weights.pth")
    (path,) = tmp_path.iterdir()
    weights = read(path, LIMIT)
    assert weights.keys() == STATE.keys()
    assert all(torch.equal(weights[name], value) for name, value in STATE.items())


class Harmful:
    def __reduce__(self):
        return print, ("code of the file ran",)


def archive(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("text.txt", "no weights")


OTHERS = {
    "a pickled network": (lambda path: torch.save(network(), path), "weights.pt", "pickled"),
    "a pickled network of old": (
        lambda path: torch.save(network(), path, _use_new_zipfile_serialization=False),
        "weights.pt",
        "pickled",
    ),
    "a pickle that runs code": (
        lambda path: path.write_bytes(pickle.dumps(Harmful())),
        "weights.pt",
        "weights.pt is not",
    ),
    "a checkpoint that runs code": (lambda path: torch.save({"model": Harmful()}, path), "weights.pt", "pickled"),
    "another zip": (archive, "weights.pt", "damaged"),
    "no weights in it": (lambda path: torch.save({"epoch": 3, "rate": 0.5}, path), "weights.pt", "no state_dict"),
    "an empty file": (lambda path: path.write_bytes(b""), "weights.pt", "weights.pt is not"),
    "text": (lambda path: path.write_text("hello"), "weights.safetensors", "damaged"),
    "too many numbers": (lambda path: torch.save({"w": torch.zeros(2**20)}, path), "weights.pt", "more than"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_holds_no_weights_is_refused_in_a_sentence(tmp_path, kind, capfd):
    make, name, message = OTHERS[kind]
    make(tmp_path / name)
    with pytest.raises(InputError) as error:
        read(tmp_path / name, LIMIT)
    assert message in str(error.value) and "\n" not in str(error.value)
    assert "code of the file ran" not in capfd.readouterr().out


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.3, 0.97])
def test_truncated_files_are_refused(tmp_path, kind, share):
    KINDS[kind](tmp_path / "weights.pth")
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match="it is damaged or truncated. Get a fresh copy"):
        read(path, LIMIT)
