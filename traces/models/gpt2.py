#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""GPT-2 (Radford et al. 2019, "Language models are unsupervised multitask learners").

A decoder-only transformer with layer norm before attention and before the two-layer network.
Parameters are named as in Hugging Face's files, so that their weights load.
"""

import re

import torch
from torch import nn
from torch.nn import functional


class Conv1D(nn.Module):
    """A linear layer whose weight is stored [in, out], as in the published files."""

    def __init__(self, features_in, features):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(features_in, features))
        self.bias = nn.Parameter(torch.empty(features))

    def forward(self, x):
        return x @ self.weight + self.bias


class Attention(nn.Module):
    """Causal self-attention: [N, T, width] -> [N, T, width]."""

    def __init__(self, width, heads):
        super().__init__()
        self.c_attn = Conv1D(width, 3 * width)
        self.c_proj = Conv1D(width, width)
        self.shape = (3, heads, width // heads)
        self.scale = (width // heads) ** -0.5

    def forward(self, x):
        # No size is read from a tensor, so that a trace holds for any number of tokens; and the mask
        # is made here, so that it is alive at no cut between blocks.
        qkv = self.c_attn(x).unflatten(2, self.shape).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]  # each [N, heads, T, width / heads]
        scores = q @ k.transpose(2, 3) * self.scale
        later = torch.ones_like(scores, dtype=torch.bool).triu(1)
        mixed = functional.softmax(scores.masked_fill(later, float("-inf")), dim=3) @ v
        return self.c_proj(mixed.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    """Two linear layers, four times as wide between them, with GELU (its tanh form)."""

    def __init__(self, width):
        super().__init__()
        self.c_fc = Conv1D(width, 4 * width)
        self.c_proj = Conv1D(4 * width, width)

    def forward(self, x):
        return self.c_proj(functional.gelu(self.c_fc(x), approximate="tanh"))


class Block(nn.Module):
    """Attention and the two-layer network, each with its norm before and its shortcut."""

    def __init__(self, width, heads):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = Mlp(width)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT2(nn.Module):
    """Prefill of a prompt: tokens [N, T] int64 -> logits of the next token [N, vocabulary].

    Only the last position goes through the head (38.6 MMAC for GPT-2 small, once and not T times):
    the next token needs no other. T is any number up to the context, also in a trace, so that the
    model can generate. The defaults are GPT-2 small, 124 M parameters; between two blocks one tensor
    is alive, [N, T, 768].
    """

    def __init__(self, layers=12, width=768, heads=12, vocabulary=50257, context=1024):
        super().__init__()
        self.wte = nn.Embedding(vocabulary, width)
        self.wpe = nn.Embedding(context, width)
        # Called as one, so that the scopes of a trace read h.0.attn, not 0.attn.
        self.h = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.ln_f = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, vocabulary, bias=False)
        self.lm_head.weight = self.wte.weight  # tied: one tensor, also in the file

    def forward(self, tokens):
        positions = torch.ones_like(tokens).cumsum(1) - 1
        x = self.h(self.wte(tokens) + self.wpe(positions))
        return self.lm_head(self.ln_f(x.select(1, -1)))

    def initialise(self, generator):
        """Random weights as GPT-2 begins its training: normal 0.02, biases 0."""
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1:
                parameter.data.normal_(0.0, 0.02, generator=generator)
            else:
                parameter.data.fill_(float(re.search(r"ln_\w\.weight$", name) is not None))

    def adapt(self, state):
        """A published state_dict in our names: without `transformer.`, mask buffers, the head."""
        state = {re.sub(r"^transformer\.", "", name): tensor for name, tensor in state.items()}
        state = {k: v for k, v in state.items() if not re.search(r"\.attn\.(masked_)?bias$", k)}
        head, embedding = state.get("lm_head.weight"), state.get("wte.weight")
        if embedding is not None:
            if head is not None and not torch.equal(head, embedding):
                raise ValueError("lm_head.weight differs from wte.weight; in GPT-2 they are one")
            state["lm_head.weight"] = embedding
        return state
