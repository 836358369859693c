"""Graphics cards are found by what drivers' programs say, and a llama.cpp server is given as many slots as they hold."""

import os
import stat
import time

import pytest

from naze.engines import EngineOptions, graphics
from naze.engines.gguf_header import read_header
from naze.engines.graphics import (
    GraphicsCard,
    OpenVinoDevice,
    graphics_cards,
    openvino_devices,
    server_cards,
    server_to_get,
    total_memory,
)
from naze.engines.inventory import _card_advice
from naze.engines.probing import output_of
from naze.engines.slots import SLOTS_ON_CARD, cache_room_tokens, slots_on_card, token_bytes

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")
GIB = 1 << 30
VULKAN = """\
Devices:
GPU0:
VkPhysicalDeviceProperties:
\tdeviceType        = PHYSICAL_DEVICE_TYPE_DISCRETE_GPU
\tdeviceName        = AMD Radeon RX 7800 XT (RADV NAVI32)
VkPhysicalDeviceMemoryProperties:
\tmemoryHeaps[0]:
\t\tsize   = 17163091968 (0x3ff000000) (15.98 GiB)
\t\tflags: count = 1
\t\t\tMEMORY_HEAP_DEVICE_LOCAL_BIT
\tmemoryHeaps[1]:
\t\tsize   = 33000000000 (0x7aef00000)
\t\tflags:
\t\t\tNone
\tmemoryTypes: count = 2
GPU1:
VkPhysicalDeviceProperties:
\tdeviceType        = PHYSICAL_DEVICE_TYPE_CPU
\tdeviceName        = llvmpipe (LLVM 17.0.6, 256 bits)
"""


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """No program of a driver, and nothing remembered."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    graphics_cards.cache_clear()
    monkeypatch.setattr(graphics, "openvino_devices", lambda: ())
    yield tmp_path / "bin"
    graphics_cards.cache_clear()


def program(folder, name, text, *, status=0):
    path = folder / name
    path.write_text(f"#!/bin/sh\n/bin/cat <<'END'\n{text}\nEND\nexit {status}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return path


def test_a_machine_without_a_card_has_none():
    assert graphics_cards() == ()
    assert _card_advice((), ()) == server_to_get(()) == ""


def test_cards_of_nvidia_with_their_memory(bare):
    program(bare, "nvidia-smi", "NVIDIA GeForce RTX 4070, 12282\nNVIDIA GeForce RTX 4070, [N/A]")
    first, second = graphics_cards()
    assert first == GraphicsCard("CUDA", "NVIDIA GeForce RTX 4070", 12282 << 20)
    assert second.memory_bytes is None and total_memory((first, second)) == 12282 << 20


def test_cards_of_vulkan_without_the_processor(bare):
    program(bare, "vulkaninfo", VULKAN)
    assert graphics_cards() == (GraphicsCard("Vulkan", "AMD Radeon RX 7800 XT (RADV NAVI32)", 17163091968),)


def test_a_card_that_is_found_in_two_ways_is_one(bare, monkeypatch):
    program(bare, "nvidia-smi", "NVIDIA GeForce RTX 4070, 12282")
    program(
        bare, "vulkaninfo", VULKAN.replace("AMD Radeon RX 7800 XT (RADV NAVI32)", "NVIDIA GeForce RTX 4070")
    )
    assert [card.kind for card in graphics_cards()] == ["CUDA"]


def test_an_intel_card_is_found_by_openvino(monkeypatch):
    devices = (
        OpenVinoDevice("CPU", "Intel Core i7"),
        OpenVinoDevice("GPU", "Intel Arc A770 (dGPU)", 16 * GIB),
    )
    monkeypatch.setattr(graphics, "openvino_devices", lambda: devices)
    [card] = graphics_cards()
    assert (card.kind, card.name) == ("OpenVINO", "Intel Arc A770 (dGPU)")
    assert "vulkan" in server_to_get([card], "Linux").lower()


@pytest.mark.parametrize("status", [0, 9])
def test_a_driver_that_fails_or_babbles_is_no_card(bare, status):
    program(bare, "nvidia-smi", "Failed to initialize NVML: Driver/library version mismatch", status=status)
    program(bare, "vulkaninfo", "ERROR: no instance", status=status)
    assert graphics_cards() == ()


def test_a_driver_that_hangs_is_not_waited_for(bare):
    path = program(bare, "nvidia-smi", "")
    path.write_text("#!/bin/sh\n/bin/sleep 60\n")
    began = time.monotonic()
    assert output_of([str(path)], 0.2) == ""
    assert time.monotonic() - began < 5


def test_a_server_says_which_cards_it_can_use(bare):
    listed = (
        "ggml_cuda_init: found 1 CUDA devices\nAvailable devices:\n"
        "  CUDA0: NVIDIA GeForce RTX 4070 (12281 MiB, 11000 MiB free)\n  BLAS: OpenBLAS (0 MiB, 0 MiB free)"
    )
    path = program(bare, "llama-server", listed)
    assert server_cards(path) == (GraphicsCard("CUDA", "NVIDIA GeForce RTX 4070", 11000 << 20),)
    assert server_cards(bare / "nothing") == ()


@pytest.mark.parametrize("system", ["Windows", "Linux", "Darwin"])
@pytest.mark.parametrize("kind", ["CUDA", "Vulkan", "Metal", "OpenVINO", "SYCL"])
def test_for_every_system_a_line_says_what_to_get(system, kind):
    line = server_to_get([GraphicsCard(kind, "card", None)], system)
    assert line and "\n" not in line


def test_a_card_that_no_server_uses_comes_with_advice():
    card = GraphicsCard("CUDA", "card", 8 * GIB)
    assert "Get one: " in _card_advice((card,), ()) and "NAZE_LLAMA_SERVER" in _card_advice((card,), ())
    assert _card_advice((card,), (card,)) == ""


def test_slots_are_as_many_as_the_memory_holds(smollm2_path):
    of_one = token_bytes(read_header(smollm2_path).metadata)
    assert of_one == 2 * 30 * 3 * 64 * 2, "keys and values, layers, heads, width, bytes"
    counts = [slots_on_card(smollm2_path, memory) for memory in (GIB // 2, GIB, 2 * GIB, 80 * GIB)]
    assert counts[0] == 0 and counts == sorted(counts) and counts[-1] == SLOTS_ON_CARD and counts[1] >= 1


def test_the_cache_is_as_large_as_the_card_allows_unless_it_is_set(smollm2_path):
    metadata = read_header(smollm2_path).metadata
    small, large = (
        cache_room_tokens(smollm2_path, metadata, EngineOptions(), card) for card in (2 * GIB, 8 * GIB)
    )
    assert small < large
    set_to = cache_room_tokens(smollm2_path, metadata, EngineOptions(cache_gigabytes=1), 8 * GIB)
    assert set_to == int(1e9 / token_bytes(metadata))


def test_openvino_lists_its_devices_in_a_process_of_its_own(monkeypatch):
    monkeypatch.undo()
    openvino_devices.cache_clear()
    assert any(device.name == "CPU" for device in openvino_devices())
