"""Unpickle what `torch.save` has pickled: plain values, with stand-ins for tensors. Nothing in it can be called."""

import math
import pickle
import pickletools
from collections import Counter, OrderedDict
from collections.abc import Callable
from io import BytesIO
from typing import Any, NamedTuple

import torch

# The operations that `torch.save` writes for plain values and tensors. None of them allocates more than its own size.
OPERATIONS = frozenset({
    "PROTO", "STOP", "MARK", "GLOBAL", "REDUCE", "BUILD", "BINPERSID", "BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET",
    "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "EMPTY_TUPLE",
    "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "APPEND", "APPENDS", "EMPTY_DICT", "SETITEM", "SETITEMS",
})  # fmt: skip
DTYPES = {
    "DoubleStorage": torch.float64, "FloatStorage": torch.float32, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8, "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64, "ComplexDoubleStorage": torch.complex128,
    "bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32,  # settings of an optimizer
}  # fmt: skip
DIMENSIONS = 16  # of a tensor
COUNTED = 1000  # epochs at which a schedule changes the learning rate
WIDTH = 4  # bytes per number that a tensor counts for at least, since an optimizer may convert it to float32


class Stored(NamedTuple):
    """A tensor in a file: key and number of elements of its storage, dtype, and its place in the storage."""

    key: str
    elements: int
    dtype: torch.dtype
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Size in memory, in bytes, after a conversion to float32 where that is larger."""
        return math.prod(self.shape) * max(self.dtype.itemsize, WIDTH)

    def check(self) -> None:
        """Raise ValueError unless each element has its own place in the storage."""
        numbers = (self.elements, self.offset, *self.shape, *self.stride)
        valid = all(type(number) is int and 0 <= number < 2**48 for number in numbers)
        if not valid or not len(self.shape) == len(self.stride) <= DIMENSIONS:
            raise ValueError("a tensor has no valid shape")
        reach = 0
        for stride, length in sorted(zip(self.stride, self.shape, strict=True)):
            if length > 1 and stride <= reach:
                raise ValueError("elements of a tensor share their memory")
            reach += (length - 1) * stride if length > 1 else 0
        if math.prod(self.shape) and self.offset + reach >= self.elements:
            raise ValueError("a tensor is larger than its storage")


def unpickled(content: bytes, most: int) -> Any:
    """The plain values in a pickle, with a `Stored` for each tensor and a `StateDict` for each OrderedDict.

    Args:
        content: the pickle.
        most: largest number of operations.

    Raises:
        Exception: of any kind, if the pickle is damaged, has more operations, or contains anything else.
    """
    for number, (operation, argument, _) in enumerate(pickletools.genops(content)):
        if operation.name not in OPERATIONS:
            raise ValueError(f"it uses {operation.name}, which is not supported")
        # An index beyond the number of operations would allocate the values before it.
        if number >= most or (operation.name == "LONG_BINPUT" and int(argument or 0) > number):
            raise ValueError(f"it has more than {most:,} operations")
    return _Unpickler(BytesIO(content)).load()


class StateDict(OrderedDict[str, Any]):
    """A state_dict: its attribute `_metadata` has the versions of the modules, for `load_state_dict`."""

    _metadata: Any = None

    def __setstate__(self, state: Any) -> None:
        """Keep the versions of the modules, and nothing else."""
        versions = {str(name): of["version"] for name, of in state["_metadata"].items() if of}
        self._metadata = OrderedDict((name, {"version": version}) for name, version in versions.items())

    def with_values(self, function: Callable[[Any], Any]) -> "StateDict":
        """A copy with a function applied to each value."""
        result = StateDict((name, function(value)) for name, value in self.items())
        result._metadata = self._metadata
        return result


class _Counter(Counter[int]):
    def __setstate__(self, state: Any) -> None:
        raise ValueError("a Counter has attributes")


class _Call(NamedTuple):
    """A function that the pickle may call; unlike the function itself, it has no attributes to set."""

    function: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)


class _Unpickler(pickle.Unpickler):
    """Builds stand-ins for tensors; nothing else can be called."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        if (module, name) not in CALLED:
            raise ValueError(f"it contains {module}.{name}, which is not supported")
        return _Call(CALLED[module, name])

    def persistent_load(self, identity: Any) -> Any:
        _, dtype, key, _, elements = identity
        if not isinstance(dtype, torch.dtype) or type(key) is not str:
            raise ValueError("a storage is not valid")
        return key, elements, dtype


def _ordered() -> StateDict:
    return StateDict()


def _counter(counts: dict[int, int]) -> Counter[int]:
    if len(counts) > COUNTED:
        raise ValueError(f"a Counter has more than {COUNTED:,} entries")
    return _Counter(counts)


def _parameter(tensor: Stored, *_: Any) -> Stored:
    return tensor


def _stored(storage: tuple[str, int, torch.dtype], offset: int, shape: Any, stride: Any, *_: Any) -> Stored:
    return Stored(*storage, offset, shape, stride)


CALLED: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): _ordered,
    ("collections", "Counter"): _counter,
    ("torch._utils", "_rebuild_tensor_v2"): _stored,
    ("torch._utils", "_rebuild_parameter"): _parameter,
}
