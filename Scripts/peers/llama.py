"""llama.cpp as a peer to be timed: through its library in llama-cpp-python, or through the program llama-bench."""
import contextlib
import ctypes
import json
import os
import shutil
import subprocess
import sys
import time

try:
    import llama_cpp
except ImportError:
    llama_cpp = None

BENCH = os.environ.get("LLAMA_BENCH") or shutil.which("llama-bench")
TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "q8_0": 8}


def has_library():
    return llama_cpp is not None


def require():
    if llama_cpp is None and not BENCH:
        raise SystemExit(
            "llama.cpp is needed beside orrery: run this script with a Python that has llama-cpp-python "
            "(python3 -m pip install llama-cpp-python), or have llama-bench on the PATH or in LLAMA_BENCH")


def describe():
    if llama_cpp:
        return f"llama.cpp of llama-cpp-python {llama_cpp.__version__}"
    return f"llama.cpp by {BENCH}"


@contextlib.contextmanager
def open_peer(path, tests, kv, threads):
    if llama_cpp:
        context = max(tokens + depth for _, tokens, depth in tests) + 1
        peer = Library(path, context, kv, threads)
        peer.warm(tests)
        try:
            yield peer
        finally:
            peer.close()
    else:
        yield Program(path, kv, threads)


class Program:
    """llama-bench, one process a test; what it reports leaves loading out."""

    def __init__(self, path, kv, threads):
        self.arguments = [BENCH, "-m", path, "-t", str(threads), "-fa", "1", "-ctk", kv, "-ctv", kv, "-r", "1", "-o", "json"]

    def rate(self, kind, tokens, depth):
        sizes = ["-p", str(tokens), "-n", "0"] if kind == "prefill" else ["-p", "0", "-n", str(tokens)]
        text = subprocess.run(self.arguments + sizes + ["-d", str(depth)], stdout=subprocess.PIPE, check=True).stdout
        return json.loads(text)[0]["avg_ts"]


class Library:
    """The library, with a model loaded; settings as llama-bench has them."""

    def __init__(self, path, context, kv="f16", threads=2, sequences=1):
        silence()
        llama_cpp.llama_backend_init()
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
        if not self.model:
            raise SystemExit(f"llama.cpp does not load {path}")
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = context, 2048, 512
        params.n_threads = params.n_threads_batch = threads
        params.n_seq_max = sequences
        if hasattr(params, "flash_attn_type"):
            params.flash_attn_type = 1
        else:
            params.flash_attn = True
        params.type_k = params.type_v = TYPES[kv]
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        if not self.context:
            raise SystemExit(f"llama.cpp makes no context of {context} for {path}")
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.size = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))
        self.held = 0

    def close(self):
        llama_cpp.llama_free(self.context)
        llama_cpp.llama_model_free(self.model)

    def tokens(self, count):
        state, all = 1, []
        for _ in range(count):
            state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
            all.append((state >> 33) % self.size)
        return all

    def decode(self, ids):
        """Appends tokens to the one sequence, with the logits of the last."""
        array = (ctypes.c_int32 * len(ids))(*ids)
        if llama_cpp.llama_decode(self.context, llama_cpp.llama_batch_get_one(array, len(ids))) != 0:
            raise SystemExit("llama.cpp fails to decode")
        llama_cpp.llama_synchronize(self.context)
        self.held += len(ids)

    def hold(self, depth):
        """Makes the sequence hold `depth` tokens."""
        if depth == 0 or self.held < depth:
            llama_cpp.llama_memory_clear(self.memory, False)
            self.held = 0
        elif not llama_cpp.llama_memory_seq_rm(self.memory, 0, depth, -1):
            llama_cpp.llama_memory_clear(self.memory, False)
            self.held = 0
        else:
            self.held = depth
        ids = self.tokens(depth)
        while self.held < depth:
            self.decode(ids[self.held:self.held + 2048])

    def rate(self, kind, tokens, depth):
        self.hold(depth)
        ids = self.tokens(depth + tokens)[depth:]
        parts = [ids[i:i + 2048] for i in range(0, tokens, 2048)] if kind == "prefill" else [[i] for i in ids]
        start = time.perf_counter()
        for part in parts:
            self.decode(part)
        return tokens / (time.perf_counter() - start)

    def warm(self, tests):
        for kind, tokens, depth in tests:
            self.rate(kind, tokens if kind == "prefill" else min(tokens, 8), depth)


def batched(path, users, prompt, new, threads):
    """Several sequences at once: new tokens a second in all, in the decode phase, and seconds to the last first token."""
    peer = Library(path, users * (prompt + new), threads=threads, sequences=users)
    batch = llama_cpp.llama_batch_init(512, 0, 1)

    def run(rows):
        """Rows of (token, position, sequence, whether logits are wanted)."""
        batch.n_tokens = len(rows)
        for index, (token, position, sequence, wanted) in enumerate(rows):
            batch.token[index], batch.pos[index], batch.logits[index] = token, position, wanted
            batch.n_seq_id[index], batch.seq_id[index][0] = 1, sequence
        if llama_cpp.llama_decode(peer.context, batch) != 0:
            raise SystemExit("llama.cpp fails to decode")
        llama_cpp.llama_synchronize(peer.context)

    ids = peer.tokens(users * (prompt + new))
    rows = [(ids[user * prompt + position], position, user, position == prompt - 1)
            for user in range(users) for position in range(prompt)]
    run(rows[:512])
    llama_cpp.llama_memory_clear(peer.memory, False)
    start = time.perf_counter()
    for first in range(0, len(rows), 512):
        run(rows[first:first + 512])
    middle = time.perf_counter()
    for step in range(new - 1):
        run([(ids[users * prompt + user * new + step], prompt + step, user, True) for user in range(users)])
    end = time.perf_counter()
    llama_cpp.llama_batch_free(batch)
    peer.close()
    return users * new / (end - start), users * (new - 1) / (end - middle), middle - start


def seconds(arguments):
    """The wall time of a process."""
    start = time.perf_counter()
    subprocess.run(arguments, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def start_seconds(path, threads):
    """Loading and a prompt of 127 tokens in a process of its own, without the start of Python."""
    text = subprocess.run([sys.executable, __file__, path, str(threads)], stdout=subprocess.PIPE, check=True).stdout
    return float(text)


_kept = []


def silence():
    """No messages while a model is loaded."""
    if not _kept:
        _kept.append(llama_cpp.llama_log_callback(lambda level, text, data: None))
        llama_cpp.llama_log_set(_kept[0], None)


if __name__ == "__main__":
    begin = time.perf_counter()
    peer = Library(sys.argv[1], 2048, threads=int(sys.argv[2]))
    peer.decode(peer.tokens(127))
    print(time.perf_counter() - begin)
