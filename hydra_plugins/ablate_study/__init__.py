"""Hydra plugins: the sweepers and launchers of ablate.

Hydra's scan executes this module at every start and skips those whose names start with an underscore. They import what
costs time where it is used.
"""

from hydra.core.config_store import ConfigStore

from hydra_plugins.ablate_study._app import LAUNCHER, SWEEPER, AppFlags, AppSweeper
from hydra_plugins.ablate_study._launchers import LocalLauncher, RayLauncher, SlurmLauncher
from hydra_plugins.ablate_study._sweepers import OptunaSweeper, PlanSweeper, StudySweeper

_SWEEPERS = (StudySweeper, OptunaSweeper, PlanSweeper, AppSweeper)
# Hydra looks up a `_target_`, in conf/ or in a record, by the module and the name of the class.
for plugin in (*_SWEEPERS, LocalLauncher, SlurmLauncher, RayLauncher, AppFlags):
    plugin.__module__ = __name__

store = ConfigStore.instance().store
store("ablate", {"_target_": f"{__name__}.AppSweeper", **SWEEPER}, group="hydra/sweeper", provider="ablate")
store("ablate_local", {"_target_": f"{__name__}.LocalLauncher", **LAUNCHER}, group="hydra/launcher", provider="ablate")
