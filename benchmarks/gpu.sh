#!/usr/bin/env bash
# Explain real votes on a graphics card: llama.cpp built with CUDA, one after another and in naze's slots.
#
#   python benchmarks/gpu_slots.py prompts.json --write --votes VOTES     (where naze is installed)
#   benchmarks/gpu.sh LLAMA_CPP_SOURCES MODEL.gguf prompts.json                   (where the card is: nvcc, cmake, python3)
#
# Needs no network. Building takes some minutes, measuring one. The last lines are JSON.
set -euo pipefail

sources=$1 model=$2 prompts=$3
build=${BUILD:-/tmp/llama-cuda}
slots=${SLOTS:-"8 32 64"}
here=$(cd "$(dirname "$0")" && pwd)
card=$(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1)

cmake -S "$sources" -B "$build" -DGGML_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES="${CUDA_ARCHITECTURES:-native}" -DCMAKE_BUILD_TYPE=Release \
  -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF >/dev/null
cmake --build "$build" --target llama-server -j "$(nproc)" 2>&1 | tail -n 2

# A slot holds the longest of the prompts: letters that the model hardly knows take several tokens each.
for count in $slots; do
  "$build/bin/llama-server" -m "$model" --port 8123 -ngl 999 -fa on -np "$count" -c $((count * 8192)) >/tmp/llama-server.log 2>&1 &
  server=$!
  until python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8123/health')" 2>/dev/null; do
    kill -0 "$server" || { tail -n 20 /tmp/llama-server.log; exit 1; }
    sleep 0.5
  done
  python3 "$here/gpu_slots.py" "$prompts" --slots "$count" --card "$card"
  kill "$server"
  wait "$server" || true
done
