"""Download the pretrained weights of a library, or state in a sentence which file to fetch."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import Request, urlopen

import torch

from ablate.terminal.errors import InputError

SECONDS = 15  # to wait for a server
SHA256_START = re.compile(r"-([0-9a-f]{8,})\.")  # in the names of PyTorch's files


def download(name: str, url: str, fetch: Callable[[], str]) -> Path:
    """Call `fetch`, which downloads the weights of network `name` from `url`, and return the path of the file.

    Raises:
        InputError: there is no network, or no such file; the message states what to fetch and how to pass it.
    """
    try:
        with urlopen(Request(url, method="HEAD"), timeout=SECONDS):  # else some clients try again for half a minute
            pass
        return Path(fetch())
    except Exception as error:  # clients raise many kinds
        reason = str(getattr(error, "reason", error)).partition("\n")[0].rstrip(".")
        raise InputError(
            f"model.weights=default: the weights of {name} cannot be downloaded ({reason}). Download {url} on a"
            " computer with a network, and pass the file as model.weights=FILE."
        ) from None


def cached_by_pytorch(name: str, url: str) -> Path:
    """The file at `url` in the cache of `torch.hub`, where it is downloaded to if it is missing."""
    path = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(url).path).name)
    if path.exists():
        return path

    def fetch() -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        start = SHA256_START.search(path.name)
        torch.hub.download_url_to_file(url, str(path), start[1] if start else None, progress=False)
        return str(path)

    return download(name, url, fetch)
