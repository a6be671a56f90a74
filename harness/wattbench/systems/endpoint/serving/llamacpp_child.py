"""Run one llama.cpp server on loopback as a program, until standard input closes.

Reads one line of JSON (`model_path`, `name`, `slots`, `context`, `threads`, `gpu_layers`) and writes one:
`address`, and `device`. Everything else, llama.cpp's log included, goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any


def parameters(xllamacpp: Any, order: dict[str, Any]) -> Any:
    """Return the server's parameters, as llama.cpp names them."""
    params = xllamacpp.CommonParams()
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # it takes a free one and says which
    params.ui = False
    params.model.path = order["model_path"]
    params.model_alias = {order["name"]}
    params.n_parallel = order["slots"]
    params.n_ctx = order["context"] * order["slots"]
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = order["threads"]
    if order["gpu_layers"] is not None:
        params.n_gpu_layers = order["gpu_layers"]
    # Each request pays for its own prompt: a prefix kept from the request before would make the worked
    # examples of a task free, and the joules of an item depend on its neighbours.
    params.cache_prompt = False
    params.cache_ram_mib = 0
    params.cache_idle_slots = False
    # The text as the model wrote it, its thoughts included, as the other engines return it.
    params.reasoning_format = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE
    return params


def device(xllamacpp: Any, gpu_layers: int | None) -> str:
    """Return the name of the accelerator that llama.cpp would use; else `cpu`."""
    kinds = xllamacpp.ggml_backend_dev_type
    gpus = (kinds.GGML_BACKEND_DEVICE_TYPE_GPU, kinds.GGML_BACKEND_DEVICE_TYPE_IGPU)
    accelerators = [each["name"] for each in xllamacpp.get_device_info() if each["type"] in gpus]
    return str(accelerators[0]) if accelerators and gpu_layers != 0 else "cpu"


def end_with_parent() -> None:
    """Wait until standard input closes, and end at once: there is nothing to save."""
    while os.read(0, 1 << 12):
        pass
    os._exit(0)


def main() -> None:
    """Run the server."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever native code prints is log, not answer
    order = json.loads(_first_line())
    threading.Thread(target=end_with_parent, daemon=True).start()
    import xllamacpp

    try:
        server = xllamacpp.Server(parameters(xllamacpp, order))
    except RuntimeError as error:
        sys.exit(f"llama.cpp: {error}")
    answer = {"address": server.listening_address, "device": device(xllamacpp, order["gpu_layers"])}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
    threading.Event().wait()


def _first_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(0, 1)
        if not piece:
            os._exit(0)
        line += piece
    return line


if __name__ == "__main__":
    main()
