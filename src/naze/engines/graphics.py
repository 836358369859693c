"""Nothing enters but programs of drivers; the graphics cards of this machine leave, and what makes use of them.

Four ways lead to a card: NVIDIA's `nvidia-smi` (CUDA), `vulkaninfo` (Vulkan, any maker), macOS itself (Metal), and OpenVINO's
list of devices (Intel). None of them is waited for longer than some seconds. Which cards a llama.cpp server can use, it
says itself.
"""

import json
import platform
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from naze.engines.machine import memory_bytes
from naze.engines.probing import output_of

__all__ = [
    "GraphicsCard",
    "OpenVinoDevice",
    "graphics_cards",
    "openvino_devices",
    "server_cards",
    "server_to_get",
    "total_memory",
]

PROBE_SECONDS = 5.0
"""For a program of a driver."""
OPENVINO_SECONDS = 20.0
"""It has to load first, from a slow disk perhaps."""
METAL_SHARE = 0.75
"""Of a Mac's memory, that macOS lets its graphics use."""
_MEBIBYTE = 1 << 20
_NVIDIA_QUERY = ("--query-gpu=name,memory.total", "--format=csv,noheader,nounits")
_ASK_OPENVINO = """
import json
import openvino
core = openvino.Core()
told = []
for name in core.available_devices:
    memory = None
    if name.startswith("GPU"):
        try:
            memory = int(core.get_property(name, "GPU_DEVICE_TOTAL_MEM_SIZE"))
        except Exception:
            pass
    told.append({"name": name, "title": core.get_property(name, "FULL_DEVICE_NAME"), "memory_bytes": memory})
print(json.dumps(told))
"""
_SERVER_DEVICE = re.compile(
    r"^\s+(?P<backend>[A-Za-z]+)\d*: (?P<name>.+) \((?P<total>\d+) MiB, (?P<free>\d+) MiB free\)"
)
_BACKENDS = {"MTL": "Metal"}
_RELEASES = "https://github.com/ggml-org/llama.cpp/releases"
_TO_GET = {
    ("Windows", "CUDA"): (
        f"from {_RELEASES} the two files llama-*-bin-win-cuda-*-x64.zip and cudart-llama-bin-win-cuda-*-x64.zip of one "
        "version, unpacked into one folder"
    ),
    ("Windows", "Vulkan"): "winget install llama.cpp",
    ("Linux", "CUDA"): (
        "conda install -c conda-forge llama-cpp, or build llama.cpp: cmake -B build -DGGML_CUDA=ON && cmake --build build "
        "--target llama-server"
    ),
    ("Linux", "Vulkan"): f"llama-*-bin-ubuntu-vulkan-x64.tar.gz from {_RELEASES}, unpacked",
    ("Darwin", "Metal"): "brew install llama.cpp",
    ("Darwin", "Vulkan"): "brew install llama.cpp",
}
"""System and kind of card -> where its `llama-server` comes from."""


@dataclass(frozen=True, slots=True)
class GraphicsCard:
    """A graphics card, and how programs compute on it."""

    kind: str
    """`CUDA`, `Vulkan`, `Metal` or `OpenVINO`; of a llama.cpp server what that calls it."""
    name: str
    memory_bytes: int | None
    """None: it does not say."""


@dataclass(frozen=True, slots=True)
class OpenVinoDevice:
    """What OpenVINO can compute on."""

    name: str
    """E.g. `CPU` or `GPU.0`."""
    title: str
    memory_bytes: int | None = None


@lru_cache(maxsize=1)
def graphics_cards() -> tuple[GraphicsCard, ...]:
    """Find the graphics cards of this machine, each once, in the way that serves llama.cpp best."""
    with ThreadPoolExecutor(4) as pool:
        ways = list(
            pool.map(lambda find: list(find()), (_cuda_cards, _metal_cards, _vulkan_cards, _intel_cards))
        )
    cards: list[GraphicsCard] = []
    for way in ways:
        known = [
            _plain_name(card) for card in cards
        ]  # two equal cards are two, the same one in two ways is one
        cards += [card for card in way if _plain_name(card) not in known]
    return tuple(cards)


@lru_cache(maxsize=1)
def openvino_devices() -> tuple[OpenVinoDevice, ...]:
    """Ask OpenVINO, in a process of its own, what it can compute on; empty where it is not installed or does not say."""
    if find_spec("openvino") is None:
        return ()
    written = output_of([sys.executable, "-c", _ASK_OPENVINO], OPENVINO_SECONDS)
    try:
        return tuple(OpenVinoDevice(**device) for device in json.loads(written))
    except (ValueError, TypeError):
        return ()


def server_cards(program: Path) -> tuple[GraphicsCard, ...]:
    """Ask a llama.cpp server which cards it can use, with the memory that is free on them; empty: none, or an old one."""
    written = output_of([str(program), "--list-devices"], PROBE_SECONDS, errors_too=True)
    found = filter(None, map(_SERVER_DEVICE.match, written.splitlines()))
    return tuple(
        GraphicsCard(
            _BACKENDS.get(device["backend"], device["backend"]),
            device["name"],
            int(device["free"]) * _MEBIBYTE,
        )
        for device in found
        if device["backend"] not in ("BLAS", "CPU")
    )


def server_to_get(cards: Sequence[GraphicsCard], system: str | None = None) -> str:
    """Say in a line where the `llama-server` comes from that makes use of the first card.

    Args:
        cards: of this machine.
        system: as `platform.system()` names it; None: this one.

    Example:
        >>> server_to_get([GraphicsCard("Metal", "Apple M3", None)], "Darwin")
        'brew install llama.cpp'
    """
    if not cards:
        return ""
    kind = "Vulkan" if cards[0].kind == "OpenVINO" else cards[0].kind  # an Intel card: by its driver's Vulkan
    return _TO_GET.get((system or platform.system(), kind), f"a build with {kind}: {_RELEASES}")


def _cuda_cards() -> Iterator[GraphicsCard]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return
    for line in output_of([program, *_NVIDIA_QUERY], PROBE_SECONDS).splitlines():
        name, comma, memory = line.rpartition(",")
        if comma:
            mebibytes = memory.strip()
            yield GraphicsCard(
                "CUDA", name.strip(), int(mebibytes) * _MEBIBYTE if mebibytes.isdecimal() else None
            )


def _metal_cards() -> Iterator[GraphicsCard]:
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        name = output_of(["sysctl", "-n", "machdep.cpu.brand_string"], PROBE_SECONDS).strip()
        yield GraphicsCard("Metal", name or "Apple silicon", int(memory_bytes() * METAL_SHARE))


def _vulkan_cards() -> Iterator[GraphicsCard]:
    program = shutil.which("vulkaninfo")
    if program is None:
        return
    yield from _read_vulkan(output_of([program], PROBE_SECONDS))


def _read_vulkan(written: str) -> Iterator[GraphicsCard]:
    """Read what `vulkaninfo` writes: a part for each device, with its kind, its name and its heaps of memory."""
    for part in re.split(r"^GPU\d+:\s*$", written, flags=re.MULTILINE)[1:]:
        name = re.search(r"^\s*deviceName\s*= (.+)$", part, flags=re.MULTILINE)
        kind = re.search(r"^\s*deviceType\s*= (\S+)$", part, flags=re.MULTILINE)
        if name is None or kind is None or not kind[1].endswith(("DISCRETE_GPU", "INTEGRATED_GPU")):
            continue  # the processor itself can be one: llvmpipe
        yield GraphicsCard("Vulkan", name[1].strip(), max(_local_heaps(part), default=None))


def _local_heaps(part: str) -> Iterator[int]:
    """Yield the bytes of each heap of memory that is the card's own."""
    for heap in re.split(r"^\s*memoryHeaps\[\d+\]:", part.partition("memoryTypes:")[0], flags=re.MULTILINE)[
        1:
    ]:
        size = re.search(r"^\s*size\s*= (\d+)", heap, flags=re.MULTILINE)
        if size is not None and "MEMORY_HEAP_DEVICE_LOCAL_BIT" in heap:
            yield int(size[1])


def _intel_cards() -> Iterator[GraphicsCard]:
    for device in openvino_devices():
        if device.name.startswith("GPU"):
            yield GraphicsCard("OpenVINO", device.title, device.memory_bytes)


def _plain_name(card: GraphicsCard) -> str:
    """Take away in what the ways differ when they name the same card: brackets and what stands in them, and case."""
    return " ".join(re.sub(r"\([^)]*\)", " ", card.name).lower().removeprefix("nvidia").split())


def total_memory(cards: Iterable[GraphicsCard]) -> int | None:
    """Add the memory of cards up; None where none of them says."""
    known = [card.memory_bytes for card in cards if card.memory_bytes is not None]
    return sum(known) if known else None
