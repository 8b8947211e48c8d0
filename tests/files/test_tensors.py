"""Files of `torch.save`: what is read equals what was saved, and a file that states other sizes is refused."""

import hashlib
import zipfile
from collections import Counter
from pathlib import Path

import pytest
import torch

from ablate.files import tensors
from ablate.files.tensors import Limit
from ablate.terminal.errors import InputError

LIMIT = Limit(tensors=10, size=10_000)


def saved(folder: Path, content: object) -> Path:
    torch.save(content, folder / "x.pt")
    return folder / "x.pt"


def test_the_tensors_that_were_saved_are_read(tmp_path):
    shared = torch.arange(20, dtype=torch.float64)
    network = torch.nn.BatchNorm1d(3).state_dict()
    content = {
        "whole": shared, "part": shared.view(5, 4)[1:, ::2].T, "half": torch.ones(3, dtype=torch.bfloat16),
        "empty": torch.empty(0, 7), "number": torch.tensor(5), "rest": [1, (2.5, None)], "steps": Counter({4: 2}),
        "network": network,
    }  # fmt: skip
    path = saved(tmp_path, content)
    with tensors.opened(path, LIMIT) as file:
        read = file.tensors(file.content)
        assert file.sha256() == hashlib.sha256(path.read_bytes()).hexdigest()
    for name in ("whole", "part", "half", "empty", "number"):
        assert torch.equal(read[name], content[name]) and read[name].dtype is content[name].dtype
    assert read["rest"] == [1, (2.5, None)] and read["steps"] == content["steps"]
    assert type(read["steps"]) is Counter
    assert read["network"].keys() == network.keys() and read["network"]._metadata[""] == {"version": 2}


def test_tensors_may_have_the_total_size_of_the_limit_and_no_more(tmp_path):
    path = saved(tmp_path, [torch.zeros(10), torch.zeros(15)])
    with tensors.opened(path, Limit(2, 100)) as file:
        assert [stored.shape for stored in file.content] == [(10,), (15,)]
    with pytest.raises(ValueError, match="more than 99 bytes"), tensors.opened(path, Limit(2, 99)):
        pass


def test_a_file_larger_than_the_limit_is_refused_before_it_is_read(tmp_path):
    path = saved(tmp_path, torch.zeros(10_000_000))
    with pytest.raises(InputError, match="x.pt"), tensors.opened(path, LIMIT):
        pass


@pytest.mark.parametrize("value", [{1.5: 2}, {(1, 2): 3}, {None: 1}])
def test_keys_are_text_or_numbers(tmp_path, value):
    with (
        pytest.raises(ValueError, match="a key is neither text nor a number"),
        tensors.opened(saved(tmp_path, value), LIMIT),
    ):
        pass


def test_a_storage_of_another_size_or_byte_order_is_refused(tmp_path):
    path = saved(tmp_path, torch.zeros(8))
    for member, content, message in (("data/0", bytes(31), "another size"), ("byteorder", b"big", "byte order")):
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "changed.pt", "w") as new:
            for name in old.namelist():
                new.writestr(name, content if name.endswith("/" + member) else old.read(name))
        with pytest.raises(ValueError, match=message), tensors.opened(tmp_path / "changed.pt", LIMIT):
            pass


def test_lists_that_contain_the_same_list_many_times_are_refused(tmp_path):
    value: list = []
    for _ in range(40):
        value = [value, value]
    with pytest.raises(ValueError, match="values"), tensors.opened(saved(tmp_path, value), LIMIT):
        pass


def test_shapes_are_compared_key_by_key(tmp_path):
    state = {"w": torch.zeros(2, 3), "steps": 4, "rate": 0.1, "nested": {"b": torch.zeros(1)}, "none": None}
    with tensors.opened(saved(tmp_path, state), LIMIT) as file:
        content = file.content
    assert tensors.same_shapes(content, state)
    assert tensors.same_shapes(content, state | {"steps": 9.5, "none": 3, "w": torch.ones(2, 3)})
    for other in (
        {"w": torch.zeros(3, 2)}, {"steps": "4"}, {"nested": {"b": torch.zeros(2)}}, {"nested": {}}, {"more": 1},
        {"steps": torch.tensor(4)}, {"rate": {"a": 1}},
    ):  # fmt: skip
        assert not tensors.same_shapes(content, state | other), other
    assert not tensors.same_shapes(content["w"], state)
