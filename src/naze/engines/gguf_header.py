"""A GGUF file goes in; its metadata and the places of its tensors come out, without reading the weights.

Reading stops after the header, so that even a file of many gigabytes takes some tens of milliseconds, and
a file that was cut short is recognised before anything is loaded.

Source: the GGUF specification, version 3 (ggml-org/ggml, docs/gguf.md).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from naze.errors import ModelFileError

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a GGUF file says about itself."""

    metadata: Mapping[str, Any]
    """Key -> value; arrays are lists."""
    tensors: Mapping[str, int]
    """Tensor name -> its offset in bytes after the header."""
    expected_bytes: int
    """The least size of a complete file: to the end of the last tensor."""
    parameters: int
    """Numbers in all tensors together."""


def read_header(path: Path) -> GgufHeader:
    """Read a GGUF file's header and check that the file is whole.

    Raises:
        ModelFileError: not there, not GGUF, or cut short; says the bytes found and expected.
    """
    try:
        stat = path.stat()
    except FileNotFoundError as error:
        raise ModelFileError(
            f"{path}: there is no such model file. Check the path, or `naze models`."
        ) from error
    return _read(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: Path, size: int, _changed: int) -> GgufHeader:
    with path.open("rb") as file:
        magic = file.read(4)
        if magic != b"GGUF":
            raise ModelFileError(
                f"{path}: begins with {magic!r}; expected b'GGUF'. This is no GGUF file: pull it again."
            )
        try:
            header = _parse(file)
        except (struct.error, UnicodeDecodeError) as error:
            raise ModelFileError(
                f"{path}: the header ends after {size:,} bytes ({error}); the file is cut short. Pull it again."
            ) from error
    if size < header.expected_bytes:
        raise ModelFileError(
            f"{path}: {size:,} bytes found; expected {header.expected_bytes:,}. The file is cut short: pull it again."
        )
    return header


def _parse(file: BinaryIO) -> GgufHeader:
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    _version, tensor_count, pair_count = struct.unpack("<IQQ", file.read(20))
    metadata = {}
    for _ in range(pair_count):
        key = _string(file)
        metadata[key] = _value(file, _number(file, "I"))
    tensors, end, parameters = {}, 0, 0
    for _ in range(tensor_count):
        name = _string(file)
        dimensions = [_number(file, "Q") for _ in range(_number(file, "I"))]
        block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(_number(file, "I"))]
        offset = _number(file, "Q")
        elements = 1
        for dimension in dimensions:
            elements *= dimension
        tensors[name] = offset
        parameters += elements
        end = max(end, offset + elements // block * block_bytes)
    alignment = int(metadata.get("general.alignment", 32))
    start = -(-file.tell() // alignment) * alignment
    return GgufHeader(metadata, tensors, start + end, parameters)


def _number(file: BinaryIO, code: str) -> Any:  # noqa: ANN401 - the code says the type
    return struct.unpack(f"<{code}", file.read(struct.calcsize(f"<{code}")))[0]


def _string(file: BinaryIO) -> str:
    return _strings(file, 1)[0]


def _strings(file: BinaryIO, count: int) -> list[str]:
    # A vocabulary has some hundred thousand: what happens for each of them counts.
    length_of, read, found = struct.Struct("<Q").unpack, file.read, []
    for _ in range(count):
        (length,) = length_of(read(8))
        raw = read(length)
        if len(raw) < length:
            raise struct.error(f"a text of {length:,} bytes is expected, {len(raw):,} are there")
        found.append(raw.decode("utf-8", "surrogateescape"))
    return found


def _value(file: BinaryIO, kind: int) -> Any:  # noqa: ANN401 - GGUF values are of many types
    if kind == _STRING:
        return _string(file)
    if kind != _ARRAY:
        return _number(file, _SCALARS[kind])
    inner, count = struct.unpack("<IQ", file.read(12))
    if inner in _SCALARS:
        code = _SCALARS[inner]
        size = struct.calcsize(f"<{code}") * count
        return list(struct.unpack(f"<{count}{code}", file.read(size)))
    if inner == _STRING:
        return _strings(file, count)
    return [_value(file, inner) for _ in range(count)]
