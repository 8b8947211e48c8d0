"""The folder of a study before its runs are launched."""

import pytest

from ablate.study.prepare import check_letters
from ablate.terminal.errors import InputError


def test_levels_that_differ_in_case_need_a_file_system_that_does(tmp_path):
    folders = {"model=Net/seed=0", "model=net/seed=0", "baseline/seed=0"}
    (tmp_path / "study.json").touch()
    check_letters(tmp_path, folders)
    (tmp_path / "STUDY.JSON").symlink_to("study.json")  # as the file has both names on macOS and Windows
    check_letters(tmp_path, folders - {"model=Net/seed=0"})
    with pytest.raises(InputError, match="model=Net/seed=0 and model=net/seed=0 are the same folder"):
        check_letters(tmp_path, folders)
