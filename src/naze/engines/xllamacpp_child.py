"""Settings go in on the command line; a llama.cpp server runs in this process until its starter is gone.

The package `xllamacpp` runs the server inside a Python process, opens a port there and installs signal
handlers. So it gets a process of its own: `python -m naze.engines.xllamacpp_child --model … --port …`. Its
arguments are called as those of `llama-server`; the key comes in the environment.
"""

import argparse
import os
import sys


def main(arguments: list[str]) -> None:
    """Run the server until standard input ends."""
    settings = _read(arguments)
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings.model
    parameters.hostnames = [settings.host]
    parameters.port = settings.port
    parameters.n_ctx = settings.ctx_size
    parameters.n_parallel = settings.parallel
    parameters.kv_unified = settings.kv_unified
    parameters.cache_ram_mib = settings.cache_ram
    parameters.ui = False
    if settings.batch_size is not None:
        parameters.n_batch = settings.batch_size
    if settings.ubatch_size is not None:
        parameters.n_ubatch = settings.ubatch_size
    if settings.threads is not None:
        parameters.cpuparams.n_threads = settings.threads
        parameters.cpuparams_batch.n_threads = settings.threads
    if key := os.environ.get("LLAMA_API_KEY"):
        parameters.api_keys = [key]
    server = xllamacpp.Server(parameters)  # returns when the model is loaded; raises when it cannot be
    while os.read(0, 4096):
        pass
    del server
    os._exit(0)


def _read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ctx-size", type=int, required=True)
    parser.add_argument("--parallel", type=int, required=True)
    parser.add_argument("--kv-unified", action="store_true")
    parser.add_argument("--cache-ram", type=int, default=0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--ubatch-size", type=int)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
