"""`hydra/launcher=ray`: run each job as a task of a Ray cluster, by default a local one."""

from contextlib import AbstractContextManager, chdir, nullcontext
from typing import Any

from hydra.core.utils import JobReturn

from ablate.runs import provenance
from ablate.study.launcher import Job, Jobs, Results, failed
from ablate.terminal.errors import InputError

REFRESH_SECONDS = 1.0


def launch(jobs: Jobs, init: dict[str, Any], remote: dict[str, Any]) -> Results:
    """Yield (index, result) of each job as it ends, and None once per second.

    Args:
        jobs: the jobs.
        init: keyword arguments of `ray.init`.
        remote: keyword arguments of `ray.remote`.

    Raises:
        InputError: Ray is not installed, or the cluster cannot be reached.
    """
    try:
        import ray
    except ModuleNotFoundError:
        raise InputError("hydra/launcher=ray needs Ray: pip install 'hydra-ablate[cluster]'.") from None
    # Ray adds the current folder to its workers' search path, unless a runtime environment replaces it.
    place: AbstractContextManager[None] = nullcontext() if "runtime_env" in init else chdir(provenance.ROOT)
    try:
        with place:
            ray.init(**init)
    except ConnectionError as error:
        raise InputError(f"The Ray cluster {init.get('address')} cannot be reached: {error}.") from None
    call = ray.remote(max_retries=0, **remote)(_call)  # failed runs are retried by running the command again
    try:
        waiting: dict[Any, int] = {}
        while True:
            while (index := jobs.take()) is not None:
                waiting[call.remote(jobs[index])] = index
            if not waiting:
                return
            done, _ = ray.wait(list(waiting), timeout=REFRESH_SECONDS)
            yield None
            for handle in done:
                try:
                    result = ray.get(handle)
                except ray.exceptions.RayError as error:
                    result = failed(RuntimeError(f"Ray: {str(error).strip().splitlines()[0]}"))
                yield waiting.pop(handle), result
    finally:
        ray.shutdown()


def _call(job: Job) -> JobReturn:
    return job()
