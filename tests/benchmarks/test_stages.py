"""`benchmarks/stages.py`, with few studies: the goals for the number of runs, decisions and false claims."""

import re
import subprocess
import sys

import pytest

from tests.processes import ENVIRONMENT, ROOT


@pytest.mark.integration
def test_the_goals_are_reached(tmp_path):
    command = [sys.executable, ROOT / "benchmarks/stages.py", "--studies", "2000", "--adastop-studies", "0"]
    printed = subprocess.run(command, env=ENVIRONMENT, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    runs = re.findall(r"pocock: [\d.]+ runs of 200 \((\d+) %", printed)
    decisions = re.findall(r"decisions: ([\d.]+) %", printed)
    rates = re.findall(r"(?:pocock|obrien_fleming) +[\d.]+ +([\d.]+) +([\d.]+) +([\d.]+)$", printed, re.MULTILINE)
    assert len(runs) == 1 and int(runs[0]) <= 50
    assert len(decisions) == 2 and min(map(float, decisions)) >= 95
    assert len(rates) == 16  # two truths, two spending functions, four SDs
    assert max(float(rate) for row in rates for rate in row) < 5 + 3 * 0.49  # standard error with 2000 studies
