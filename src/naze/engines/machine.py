"""What this machine is good at, as far as the choice of an engine goes. Nothing enters; facts leave."""

import hashlib
import platform
import shutil
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import psutil

__all__ = [
    "accelerator",
    "llama_program",
    "memory_bytes",
    "openvino_runs_here",
    "processor",
    "slow_llama_build",
]

_BEYOND_AVX2 = ("avx512f", "avx_vnni")
"""Instructions, by their names in Linux, that a llama.cpp built on this machine makes use of."""


@lru_cache(maxsize=1)
def accelerator() -> str | None:
    """Return the name of what makes llama.cpp the better engine here: `Metal`, `CUDA`, or None."""
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return "Metal"
    if Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi"):
        return "CUDA"
    return None


@lru_cache(maxsize=1)
def openvino_runs_here() -> bool:
    """Tell whether OpenVINO GenAI is installed (there are wheels for Linux, Windows and macOS)."""
    return find_spec("openvino_genai") is not None


@lru_cache(maxsize=1)
def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Name the processor such that another one, or the same with other instructions, has another name.

    Args:
        cpuinfo: what Linux says of the processor; elsewhere there is no such file.
    """
    told = [platform.system(), platform.machine(), platform.processor(), str(psutil.cpu_count(logical=False))]
    try:
        lines = cpuinfo.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    told += sorted(
        {line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))}
    )
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def memory_bytes() -> int:
    """Return the machine's whole memory."""
    return int(psutil.virtual_memory().total)


def llama_program(configured: Path | None = None) -> Path | None:
    """Return the llama.cpp server that the machine itself has: as configured, else on PATH."""
    if configured is not None:
        return configured if configured.is_file() else None
    found = shutil.which("llama-server")
    return Path(found) if found else None


def slow_llama_build(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Tell whether the prebuilt llama.cpp of `xllamacpp` is slow here: for Linux x86 it knows AVX2 only.

    Args:
        cpuinfo: what the system says of the processor; one that knows AVX2 only loses nothing.
    """
    if platform.system() != "Linux" or platform.machine() not in ("x86_64", "AMD64"):
        return False
    try:
        told = cpuinfo.read_text("utf-8")
    except OSError:
        return False
    return any(name in told.split() for name in _BEYOND_AVX2)
