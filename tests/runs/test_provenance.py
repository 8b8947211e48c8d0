"""Where a number comes from is found out, and is the same wherever it is asked for."""

import json
import os
import shutil
import subprocess
import sys
from functools import partial

from ablate.runs import provenance


def test_the_code_hash_is_the_same_in_another_process():
    command = [sys.executable, "-c", "from ablate.runs import provenance; print(provenance.code_sha256())"]
    other = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": os.getcwd()}
    )
    assert other.stdout.strip() == provenance.code_sha256()


def test_the_environment_names_what_a_number_depends_on_and_nobody():
    environment = provenance.environment("cpu", "fp32")
    assert environment.torch and environment.threads >= 1 and environment.precision == "fp32"
    assert os.path.expanduser("~") not in json.dumps(environment.as_dict())


def test_a_changed_checkout_is_recorded_as_a_patch_that_applies(tmp_path):
    """In a repository of its own, with a change that is not UTF-8, a new file, and a user who likes other diffs."""
    code = tmp_path / "code"
    shutil.copytree(provenance.PACKAGE, code / "ablate", ignore=shutil.ignore_patterns("__pycache__"))
    run = partial(subprocess.run, cwd=code, check=True, capture_output=True)
    run(["git", "init", "-q"])
    run(["git", "add", "."])
    run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"])
    ask = "import sys; from ablate.runs import provenance; print(provenance.git().dirty); sys.stdout.flush();"
    ask = [sys.executable, "-c", ask + "sys.stdout.buffer.write(provenance.patch())"]
    environment = {**os.environ, "PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": "1"}
    assert run(ask, env=environment).stdout == b"False\n"
    changed = code / "ablate" / "loss.py"
    changed.write_bytes(changed.read_bytes() + b"# caf\xe9\n")
    new = code / "ablate" / "new.py"
    new.write_text("NEW = 1\n")
    for name, value in {"diff.noprefix": "true", "color.ui": "always", "diff.external": "false"}.items():
        run(["git", "config", name, value])
    dirty, patch = run(ask, env=environment).stdout.split(b"\n", 1)
    assert dirty == b"True" and b"caf\xe9" in patch
    run(["git", "stash", "-q", "--include-untracked"])
    assert not new.exists()
    (tmp_path / "code.patch").write_bytes(patch)
    run(["git", "apply", tmp_path / "code.patch"])
    assert changed.read_bytes().endswith(b"# caf\xe9\n")
    assert new.read_text() == "NEW = 1\n"
    run(["git", "checkout", "-q", "."])
    assert run(ask, env=environment).stdout.startswith(b"True\n")  # a new file alone is a change too
