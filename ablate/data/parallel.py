"""The same function over many files, in processes.

Decoding holds the interpreter's lock for much of its time: for small files threads are slower than one alone.
"""

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import current_process
from typing import Any

from ablate.terminal.errors import InputError

_CHUNK = 64  # files a process takes at a time; for fewer in all, none is started
_NAMED = 5  # files an error names; the others it counts


def each(function: Callable[[str], Any], files: list[str], doing: str) -> Iterator[Any]:
    """The function's result for each file, in order, with a progress bar called `doing` on a terminal.

    Once it has failed for a file, nothing more is returned, but all files are tried: then InputError is raised,
    naming the first few and how many there are.
    """
    from rich.console import Console
    from rich.progress import track

    failures = []
    shown = track(
        attempts(function, files),
        doing,
        total=len(files),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    for file, (result, reason) in zip(files, shown, strict=True):
        if reason:
            failures.append(f"{file} ({reason})")
        elif not failures:
            yield result
    if failures:
        named = "; ".join(failures[:_NAMED]) + ("; ..." if len(failures) > _NAMED else "")
        count = f"{len(failures)} of {len(files)} files"
        raise InputError(f"{count} cannot be read as images: {named}. Replace or remove them.")


def attempts(function: Callable[[str], Any], files: list[str]) -> Iterator[tuple[Any, str]]:
    """(result, "") or (None, why not) for each file, in order. The processes wait for a caller that is slower."""
    chunks = [files[start : start + _CHUNK] for start in range(0, len(files), _CHUNK)]
    attempt = partial(_attempt, function)
    # A daemonic process may not start others.
    if len(chunks) < 2 or current_process().daemon:
        for chunk in chunks:
            yield from attempt(chunk)
        return
    # An interrupt reaches the whole process group; the parent alone answers it.
    pool = ProcessPoolExecutor(_processors(), initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN))
    given: deque[Future[list[tuple[Any, str]]]] = deque()
    try:
        for chunk in chunks:
            # One to do and one done for each process: all at once could fill the memory.
            if len(given) >= 2 * _processors():
                yield from given.popleft().result()
            given.append(pool.submit(attempt, chunk))
        while given:
            yield from given.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _attempt(function: Callable[[str], Any], files: list[str]) -> list[tuple[Any, str]]:
    """(result, "") or (None, why not) for each file."""
    attempts = []
    for file in files:
        try:
            attempts.append((function(file), ""))
        except Exception as error:  # PIL raises nearly every kind on damaged files; each is reported by name
            attempts.append((None, str(error) or type(error).__name__))
    return attempts


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
