"""The status of a run in the words of other tools."""

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.sources.columns import statuses
from ablate.analysis.sources.trackers import with_status


@pytest.mark.parametrize("column", ["status", "Status", "State", "state"])
def test_the_column_is_found_by_the_names_that_tools_give_it(column):
    rows = with_status(pd.DataFrame({column: ["finished", "crashed", "RUNNING"], "acc": [0.5, 0.6, 0.7]}))
    assert statuses(rows, rows["acc"]).tolist() == ["completed", "failed", "interrupted"]


def test_a_setting_that_is_called_state_is_not_a_status():
    rows = with_status(pd.DataFrame({"state": ["ohio", "texas"], "acc": [0.5, np.nan]}))
    assert "state" in rows and statuses(rows, rows["acc"]).tolist() == ["completed", "failed"]
