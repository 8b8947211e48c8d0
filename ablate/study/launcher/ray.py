"""`hydra/launcher=ray`: each run a task of a Ray cluster, or of one that is started here for the study."""

from collections.abc import Sequence
from typing import Any

from hydra.core.utils import JobReturn

from ablate.study.launcher import Ends, Job, failed
from ablate.terminal.errors import InputError

REFRESH = 1.0  # seconds


def launch(jobs: Sequence[Job], init: dict[str, Any], remote: dict[str, Any]) -> Ends:
    """Yield (position, return) of each job as it ends. `init` goes to ray.init, `remote` to ray.remote.

    Raises:
        InputError: Ray is not installed, or the cluster cannot be reached.
    """
    try:
        import ray
    except ModuleNotFoundError:
        raise InputError("hydra/launcher=ray needs Ray: pip install 'hydra-ablate[cluster]'.") from None
    try:
        ray.init(**init)
    except ConnectionError as error:
        raise InputError(f"The Ray cluster {init.get('address')} cannot be reached: {error}.") from None
    call = ray.remote(max_retries=0, **remote)(_call)  # what is tried again is the user's to say, by the same command
    try:
        waiting = {call.remote(job): number for number, job in enumerate(jobs)}
        while waiting:
            done, _ = ray.wait(list(waiting), timeout=REFRESH)
            yield None
            for handle in done:
                try:
                    returned = ray.get(handle)
                except ray.exceptions.RayError as error:
                    returned = failed(RuntimeError(f"Ray: {str(error).strip().splitlines()[0]}"))
                yield waiting.pop(handle), returned
    finally:
        ray.shutdown()


def _call(job: Job) -> JobReturn:
    return job()
