"""Settings of a study of another app, checked before anything starts."""

import re

import msgspec
import pytest

from ablate.study.app.settings import LocalLauncher, Settings, check_launcher, read
from ablate.terminal.errors import InputError
from hydra_plugins.ablate_study._app import LAUNCHER, SWEEPER
from tests.docs.pages import ROOT
from tests.study.app.conftest import SWEEP


def test_the_page_describes_every_setting():
    page = (ROOT / "docs/how-to/your-hydra-app.md").read_text(encoding="utf-8")
    table = re.search(r"^\| key under `hydra.sweeper` .*?\n\n", page, re.M | re.S)
    assert table is not None
    described = [name for row in table[0].splitlines() for name in re.findall(r"`(\w+)`", row.split(" | ")[0])]
    assert sorted(described) == sorted(Settings.__struct_fields__)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": [1]}, r"hydra.sweeper.name: expected text or null, got a list"),
        ({"name": "x" * 300 + "/"}, r"must be a folder name"),
        ({"metric": {"name": "acc", "scale": -1}}, r"the scale of the metric is -1"),
        ({"metric": {"name": "a\x1b[2J"}}, r"is not printable text"),
        ({"margin": float("inf")}, r"the margin is inf"),
        ({"desing": "random"}, r"hydra.sweeper.desing: no such key. Did you mean design"),
    ],
)
def test_a_setting_that_cannot_be_is_named(values, message):
    with pytest.raises(InputError, match=message):
        read(values)


@pytest.mark.parametrize("key", ["jobs_at_once", "jobs_per_gpu"])
@pytest.mark.parametrize("value", [0, -1, "x", 1.5])
def test_a_setting_of_the_launcher_that_cannot_be_is_named(key, value):
    check_launcher({"_target_": "x", key: 2})
    with pytest.raises(InputError, match=f"hydra.launcher.{key}: expected a"):
        check_launcher({"_target_": "x", key: value})


@pytest.mark.parametrize(("options", "settings"), [(SWEEPER, Settings), (LAUNCHER, LocalLauncher)])
def test_hydras_options_are_the_settings_with_their_defaults(options, settings):
    assert options == msgspec.structs.asdict(settings())


@pytest.mark.parametrize(
    ("metric", "stated"),
    [
        ("acc", 'higher values of acc are better. To state the direction, set "hydra.sweeper.metric={name: acc, dir'),
        ("nested/loss", "lower values of nested/loss are better"),
        ("{name: acc, direction: max}", None),
    ],
)
def test_an_assumed_direction_is_printed(app, tmp_path, metric, stated):
    ended = app(tmp_path, *SWEEP, "hydra.sweeper.dry_run=true", f"hydra.sweeper.metric={metric}", "seed=0,1")
    assert ended.returncode == 0, ended.stderr
    assert (stated in ended.stdout) if stated else ("Assumed" not in ended.stdout)
