"""Pickles of `torch.save`: plain values and tensors are read, anything else is refused before it is called."""

import io
import os
import pickle
import zipfile
from collections import Counter

import pytest
import torch

from ablate.files.restricted_pickle import Stored, unpickled


def pickled(value: object) -> bytes:
    """The pickle in a file of `torch.save`."""
    file = io.BytesIO()
    torch.save(value, file)
    with zipfile.ZipFile(file) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith("/data.pkl")))


class Call:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_a_tensor_is_described_and_the_rest_of_a_checkpoint_is_read():
    saved = {
        "step": 7, "large": 2**40, "rate": 0.5, "done": [True, None], "name": "é", "dtype": torch.bfloat16,
        "weights": torch.zeros(5, 4)[1:, ::2], "milestones": Counter({3: 1}),
    }  # fmt: skip
    content = unpickled(pickled(saved), 1000)
    assert {key: content[key] for key in ("step", "large", "rate", "done", "name", "dtype")} == {
        key: saved[key] for key in ("step", "large", "rate", "done", "name", "dtype")
    }
    assert content["weights"] == Stored("0", 20, torch.float32, 4, (4, 2), (4, 2))
    assert content["weights"].nbytes == 4 * 2 * 4 and dict(content["milestones"]) == {3: 1}


@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.bfloat16, torch.int64, torch.uint8, torch.bool, torch.complex64]
)
def test_the_dtype_is_kept_and_small_ones_count_as_float32(dtype):
    stored = unpickled(pickled(torch.zeros(6, dtype=dtype)), 1000)
    assert stored.dtype is dtype and stored.nbytes == 6 * max(dtype.itemsize, 4)


def test_a_state_dict_keeps_the_versions_of_its_modules_only():
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    state = unpickled(pickled(network.state_dict()), 1000)
    assert list(state) == list(network.state_dict())
    assert state._metadata["1"] == {"version": 2} == network.state_dict()._metadata["1"]
    assert {name: value.shape for name, value in state.with_values(lambda stored: stored).items()} == {
        name: tuple(value.shape) for name, value in network.state_dict().items()
    }


def test_no_function_is_called(tmp_path):
    for call in (
        Call(os.mkdir, str(tmp_path / "made")),
        Call(eval, "1/0"),
        Call(torch.load, "x"),
        Call(pickle.loads, b""),
    ):
        with pytest.raises(ValueError, match="not supported"):
            unpickled(pickle.dumps({"a": call}, protocol=2), 1000)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, 1j, bytearray(1), torch.nn.Linear(1, 1), torch.Size([1]), Call])
def test_other_objects_are_refused(value):
    with pytest.raises(ValueError, match="not supported"):
        unpickled(pickle.dumps(value, protocol=2), 1000)


def test_the_number_of_operations_is_limited():
    content = pickle.dumps(list(range(50)), protocol=2)  # PROTO EMPTY_LIST BINPUT MARK, 50 numbers, APPENDS STOP
    assert unpickled(content, 56) == list(range(50))
    with pytest.raises(ValueError, match="more than 55 operations"):
        unpickled(content, 55)


def test_an_index_that_would_allocate_is_refused():
    with pytest.raises(ValueError, match="more than"):
        unpickled(b"\x80\x02]r\xff\xff\xff\x7f.", 1000)  # stores a list at index 2**31 - 1 of the memo
    assert unpickled(b"\x80\x02]r\x01\x00\x00\x00.", 1000) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"stride": (0,)}, "share their memory"),
        ({"shape": (2, 2), "stride": (1, 1)}, "share their memory"),
        ({"shape": (2, 2), "stride": (2, 1)}, None),
        ({"shape": (5,)}, "larger than its storage"),
        ({"offset": 1}, "larger than its storage"),
        ({"offset": 1, "shape": (3,)}, None),
        ({"shape": (0, 9), "stride": (9, 1), "offset": 9}, None),
        ({"shape": (1,), "stride": (0,)}, None),
        ({"shape": (-1,)}, "no valid shape"),
        ({"shape": (True,)}, "no valid shape"),
        ({"shape": (4.0,)}, "no valid shape"),
        ({"shape": (2, 2)}, "no valid shape"),
        ({"elements": 2**48}, "no valid shape"),
        ({"shape": (1,) * 16, "stride": (1,) * 16}, None),
        ({"shape": (1,) * 17, "stride": (1,) * 17}, "no valid shape"),
    ],
)
def test_each_element_has_its_own_place(fields, message):
    stored = Stored("0", 4, torch.float32, 0, (4,), (1,))._replace(**fields)
    if message:
        with pytest.raises(ValueError, match=message):
            stored.check()
    else:
        stored.check()
        torch.zeros(4).as_strided(stored.shape, stored.stride, 0)


def test_a_counter_has_at_most_1000_entries():
    assert len(unpickled(pickled(Counter(range(1000))), 5000)) == 1000
    with pytest.raises(ValueError, match="more than 1,000 entries"):
        unpickled(pickled(Counter(range(1001))), 5000)
