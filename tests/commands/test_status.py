"""`ablate status` of a finished study, and of a folder that is none."""

import pytest

from ablate.commands.status import main
from ablate.terminal.errors import InputError
from tests.study.test_status_table import make


def test_a_folder_that_is_not_a_study_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no study\.json"):
        main([str(tmp_path)])


def test_a_finished_study_has_nothing_to_do(tmp_path, capsys):
    make(tmp_path, {("baseline", 0): ("completed", 10.0)})
    assert main([str(tmp_path)]) == 0
    assert "1 run of 1 variant: all done." in " ".join(capsys.readouterr().out.split())
