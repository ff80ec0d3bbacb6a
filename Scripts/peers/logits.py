"""The logits of llama.cpp beside those of others, and where its tiny models are not to be compared."""
import json
import pathlib

try:
    import llama_cpp
except ImportError:
    llama_cpp = None
import numpy

# Where llama.cpp cannot compute what these models say, which are smaller than any published one.
UNLIKE = {
    "gpt-oss": "it rounds YaRN's limits to whole pairs, which heads of 16 elements feel",
    "olmoe": "it loads only as many key-value heads as query heads",
}


def open_model(path, context):
    """A model of llama.cpp that keeps the logits of every position, on one thread with a float32 cache."""
    batch = max(context, 32)
    return llama_cpp.Llama(
        model_path=str(path), n_ctx=batch, n_batch=batch, n_ubatch=batch, n_threads=1, logits_all=True, verbose=False,
        type_k=0, type_v=0, swa_full=True)


def logits(model, tokens):
    """float32 logits [T, vocabulary] of every position, in one batch."""
    model.reset()
    model.eval(list(map(int, tokens)))
    return numpy.array(model.scores[: len(tokens)])


def comparable(folder):
    """How many positions llama.cpp computes as the model says; None for all.

    It runs Mistral as a Llama without a window, and gives Llama 4's chunks 8192 positions whatever the file says.
    """
    config = json.loads((pathlib.Path(folder) / "config.json").read_text())
    return {
        "mistral": config.get("sliding_window"), "llama4_text": config.get("attention_chunk_size"),
    }.get(config["model_type"])
