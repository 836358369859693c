"""A GGUF file goes in; an OpenVINO model of the same network, with int8 weights, comes out.

OpenVINO GenAI can read some GGUF files by itself, but it rounds the minimum of every 4-bit block to a
4-bit zero point, which loses accuracy, and keeps the blocks of 32, which costs speed. Here every tensor is
dequantised exactly and quantised once more to 8 bits with one scale for each output channel: the form whose
matrix product runs on the CPU's own int8 instructions.

The network is built as the paged-attention transformation of OpenVINO GenAI expects it: a stateful
decoder (key-value cache in ReadValue/Assign pairs, reordered by `beam_idx`) around
ScaledDotProductAttention.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from gguf import GGUFReader, dequantize
from openvino import opset13 as ops

from naze.engines.gguf_header import read_header
from naze.errors import ModelFileError

ARCHITECTURES = ("llama", "qwen2", "qwen3")
"""The values of `general.architecture` that are built here."""

Node = Any
Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a decoder, read from a GGUF file's metadata."""

    architecture: str
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    width: int
    epsilon: float
    rope_base: float

    @classmethod
    def read(cls, metadata: dict[str, Any]) -> "Shape":
        """Take the sizes out of the metadata.

        Raises:
            ModelFileError: a key that the network cannot be built without is missing.
        """
        architecture = str(metadata.get("general.architecture"))

        def value(key: str, default: Any = None) -> Any:  # noqa: ANN401 - GGUF values are of many types
            found = metadata.get(f"{architecture}.{key}", default)
            if found is None:
                raise ModelFileError(
                    f"GGUF metadata has no {architecture}.{key}; expected it in a complete file. "
                    "Pull the model again, or use --engine llamacpp."
                )
            return found

        heads = int(value("attention.head_count"))
        width = int(value("embedding_length"))
        return cls(
            architecture=architecture,
            layers=int(value("block_count")),
            heads=heads,
            kv_heads=int(value("attention.head_count_kv", heads)),
            head_size=int(value("attention.key_length", width // heads)),
            width=width,
            epsilon=float(value("attention.layer_norm_rms_epsilon")),
            rope_base=float(value("rope.freq_base", 10000.0)),
        )


def can_build(path: Path) -> tuple[bool, str]:
    """Tell whether the network in a GGUF file can be built here, and if not, why.

    Only the header is read.
    """
    header = read_header(path)
    architecture = header.metadata.get("general.architecture")
    if architecture not in ARCHITECTURES:
        return (
            False,
            f"its architecture is {architecture!r}; OpenVINO from GGUF knows {', '.join(ARCHITECTURES)}",
        )
    scaling = header.metadata.get(f"{architecture}.rope.scaling.type", "none")
    if scaling not in ("none", ""):
        return False, f"its rope scaling is {scaling!r}; OpenVINO from GGUF knows none"
    if header.metadata.get("tokenizer.ggml.model") != "gpt2":
        return (
            False,
            f"its tokenizer is {header.metadata.get('tokenizer.ggml.model')!r}; expected 'gpt2' (BPE)",
        )
    if any(name.endswith("_exps.weight") for name in header.tensors):
        return False, "it is a mixture of experts"
    return True, ""


def build_model(path: Path, *, progress: Callable[[int, int], None] | None = None) -> ov.Model:
    """Build the network of a GGUF file with int8 weights.

    Args:
        path: a GGUF file for which `can_build` says yes.
        progress: called with (layers done, layers in all).

    Returns:
        A stateful model: `input_ids`, `attention_mask`, `position_ids` (batch, tokens) int64 and
        `beam_idx` (batch,) int32 in; `logits` (batch, tokens, vocabulary) float32 out.

    Raises:
        ModelFileError: a tensor is missing or of a type that cannot be read.
    """
    header = read_header(path)
    return _Builder(GGUFReader(path), Shape.read(dict(header.metadata))).build(progress)


class _Builder:
    """Holds what the parts of one network share while it is built."""

    def __init__(self, reader: GGUFReader, shape: Shape) -> None:
        self.shape = shape
        self.tensors = {tensor.name: tensor for tensor in reader.tensors}
        self.sinks: list[Node] = []
        self.input_ids = _parameter("input_ids", ov.Type.i64, [-1, -1])
        self.attention_mask = _parameter("attention_mask", ov.Type.i64, [-1, -1])
        self.position_ids = _parameter("position_ids", ov.Type.i64, [-1, -1])
        self.beam_idx = _parameter("beam_idx", ov.Type.i32, [-1])
        self.batch = ops.gather(ops.shape_of(self.input_ids), _int([0]), _int(0))

    def build(self, progress: Callable[[int, int], None] | None) -> ov.Model:
        """Put embedding, layers and head together."""
        cos, sin = self._rotation()
        mask = self._mask()
        embedding = self._weight("token_embd.weight")
        hidden = ops.gather(embedding, ops.convert(self.input_ids, "i32"), ops.constant(0, ov.Type.i32))
        for index in range(self.shape.layers):
            hidden = self._layer(index, hidden, cos, sin, mask)
            if progress is not None:
                progress(index + 1, self.shape.layers)
        hidden = self._norm(hidden, "output_norm.weight")
        head = self._weight("output.weight") if "output.weight" in self.tensors else embedding
        logits = ops.matmul(hidden, head, False, True)
        logits.output(0).set_names({"logits"})
        result = ops.result(logits)
        parameters = [self.input_ids, self.attention_mask, self.position_ids, self.beam_idx]
        model = ov.Model([result], self.sinks, parameters, f"naze_{self.shape.architecture}")
        return model

    def _layer(self, index: int, hidden: Node, cos: Node, sin: Node, mask: Node) -> Node:
        name = f"blk.{index}"
        normed = self._norm(hidden, f"{name}.attn_norm.weight")
        hidden = ops.add(hidden, self._attention(index, normed, cos, sin, mask))
        normed = self._norm(hidden, f"{name}.ffn_norm.weight")
        gate = ops.swish(self._linear(normed, f"{name}.ffn_gate"))
        product = ops.multiply(gate, self._linear(normed, f"{name}.ffn_up"))
        return ops.add(hidden, self._linear(product, f"{name}.ffn_down"))

    def _attention(self, index: int, normed: Node, cos: Node, sin: Node, mask: Node) -> Node:
        shape, name = self.shape, f"blk.{index}"
        query = self._heads(self._linear(normed, f"{name}.attn_q", shape.heads), shape.heads)
        key = self._heads(self._linear(normed, f"{name}.attn_k", shape.kv_heads), shape.kv_heads)
        value = self._heads(self._linear(normed, f"{name}.attn_v"), shape.kv_heads)
        if f"{name}.attn_q_norm.weight" in self.tensors:
            query = self._norm(query, f"{name}.attn_q_norm.weight")
            key = self._norm(key, f"{name}.attn_k_norm.weight")
        query, key, value = (ops.transpose(part, _int([0, 2, 1, 3])) for part in (query, key, value))
        query, key = self._rotate(query, cos, sin), self._rotate(key, cos, sin)
        key = self._repeat(self._remember(f"past_key_values.{index}.keypresent.{index}.key", key))
        value = self._repeat(self._remember(f"past_key_values.{index}.valuepresent.{index}.key", value))
        attended = ops.scaled_dot_product_attention(query, key, value, mask)
        merged = ops.reshape(
            ops.transpose(attended, _int([0, 2, 1, 3])), _int([0, 0, shape.heads * shape.head_size]), True
        )
        return self._linear(merged, f"{name}.attn_output")

    def _heads(self, projected: Node, heads: int) -> Node:
        return ops.reshape(projected, _int([0, 0, heads, self.shape.head_size]), True)

    def _remember(self, variable: str, new: Node) -> Node:
        """Append the new keys or values to those of the tokens before, kept in a state."""
        shape = self.shape
        empty_shape = ops.concat([self.batch, _int([shape.kv_heads]), _int([0]), _int([shape.head_size])], 0)
        empty = ops.broadcast(ops.constant(0.0, ov.Type.f32), empty_shape)
        past = ops.read_value(
            empty, variable, ov.Type.f32, ov.PartialShape([-1, shape.kv_heads, -1, shape.head_size])
        )
        whole = ops.concat([ops.gather(past, self.beam_idx, _int(0)), new], 2)
        self.sinks.append(ops.assign(whole, variable))
        return whole

    def _repeat(self, kept: Node) -> Node:
        """Give every query head its keys or values where several heads share them."""
        shape = self.shape
        groups = shape.heads // shape.kv_heads
        if groups == 1:
            return kept
        target = ops.concat(
            [self.batch, _int([shape.kv_heads]), _int([groups]), _int([0]), _int([shape.head_size])], 0
        )
        spread = ops.broadcast(ops.unsqueeze(kept, _int(2)), target, broadcast_spec="BIDIRECTIONAL")
        return ops.reshape(spread, _int([0, shape.heads, -1, shape.head_size]), True)

    def _rotation(self) -> tuple[Node, Node]:
        """Cosine and sine of the rotary position embedding, (batch, 1, tokens, head size).

        Source: Su et al. 2021, RoFormer, section 3.2; the halves are laid out as in GPT-NeoX.
        """
        half = np.arange(0, self.shape.head_size, 2, dtype=np.float64) / self.shape.head_size
        frequencies = self.shape.rope_base**-half
        if "rope_freqs.weight" in self.tensors:  # Llama 3: long wave lengths are stretched
            frequencies = frequencies / self._values("rope_freqs.weight")
        inverse = ops.constant(frequencies.astype(np.float32).reshape(1, -1, 1))
        target = ops.concat([self.batch, _int([1]), _int([1])], 0)
        spread = ops.broadcast(inverse, target, broadcast_spec="BIDIRECTIONAL")
        positions = ops.convert(ops.unsqueeze(self.position_ids, _int(1)), "f32")
        angles = ops.transpose(ops.matmul(spread, positions, False, False), _int([0, 2, 1]))
        doubled = ops.concat([angles, angles], -1)
        return ops.unsqueeze(ops.cos(doubled), _int(1)), ops.unsqueeze(ops.sin(doubled), _int(1))

    def _rotate(self, heads: Node, cos: Node, sin: Node) -> Node:
        half = self.shape.head_size // 2
        end, step, axis = _int([np.iinfo(np.int64).max]), _int([1]), _int([3])
        upper = ops.multiply(ops.slice(heads, _int([half]), end, step, axis), ops.constant(-1.0, ov.Type.f32))
        lower = ops.slice(heads, _int([0]), _int([half]), step, axis)
        return ops.add(ops.multiply(heads, cos), ops.multiply(ops.concat([upper, lower], -1), sin))

    def _mask(self) -> Node:
        """Zero where a token may look, very negative where it may not: (batch, 1, tokens, all tokens)."""
        length = ops.gather(ops.shape_of(self.attention_mask), _int(1), _int(0))
        places = ops.range(_int(0), length, _int(1), ov.Type.i64)
        rows = ops.unsqueeze(ops.unsqueeze(self.position_ids, _int(1)), _int(3))
        present = ops.unsqueeze(ops.unsqueeze(self.attention_mask, _int(1)), _int(1))
        allowed = ops.logical_and(ops.less_equal(places, rows), ops.not_equal(present, _int(0)))
        return ops.select(allowed, ops.constant(0.0, ov.Type.f32), ops.constant(-65504.0, ov.Type.f32))

    def _norm(self, hidden: Node, name: str) -> Node:
        """Root mean square normalisation. Source: Zhang and Sennrich 2019, equation 4."""
        square = ops.reduce_mean(ops.power(hidden, ops.constant(2.0, ov.Type.f32)), _int([-1]), True)
        root = ops.sqrt(ops.add(square, ops.constant(self.shape.epsilon, ov.Type.f32)))
        scaled = ops.multiply(hidden, ops.divide(ops.constant(1.0, ov.Type.f32), root))
        return ops.multiply(scaled, ops.constant(self._values(name).astype(np.float32)))

    def _linear(self, hidden: Node, name: str, rotated_heads: int = 0) -> Node:
        """Multiply by a weight and add its bias where there is one.

        `rotated_heads`: heads of a query or key projection, whose rows a "llama" file holds in pairs.
        """
        weight = self._weight(f"{name}.weight", rotated_heads)
        product = ops.matmul(hidden, weight, False, True)
        if f"{name}.bias" not in self.tensors:
            return product
        bias = self._values(f"{name}.bias").astype(np.float32)
        if rotated_heads:
            bias = self._unpair(bias, rotated_heads)
        return ops.add(product, ops.constant(bias))

    def _weight(self, name: str, rotated_heads: int = 0) -> Node:
        values = self._values(name)
        if rotated_heads:
            values = self._unpair(values, rotated_heads)
        return quantised_constant(values)

    def _unpair(self, values: Array, heads: int) -> Array:
        """Undo the order of rows in "llama" files: pairs side by side become two halves."""
        if self.shape.architecture != "llama":
            return values
        paired = values.reshape(heads, self.shape.head_size // 2, 2, *values.shape[1:])
        return np.ascontiguousarray(paired.swapaxes(1, 2)).reshape(values.shape)

    def _values(self, name: str) -> Array:
        if name not in self.tensors:
            raise ModelFileError(
                f"GGUF file has no tensor {name!r}; expected it in a {self.shape.architecture} model. "
                "Use --engine llamacpp, or pull the model again."
            )
        tensor = self.tensors[name]
        try:
            return np.asarray(dequantize(tensor.data, tensor.tensor_type))
        except NotImplementedError as error:
            raise ModelFileError(
                f"tensor {name!r} is of type {tensor.tensor_type.name}, which cannot be dequantised here. "
                "Use --engine llamacpp."
            ) from error


def quantised_constant(values: Array) -> Node:
    """Return a weight as int8 with one scale for each row, in the form that OpenVINO computes in int8.

    Args:
        values: float array (rows, columns).

    Source: symmetric weight quantisation, Jacob et al. 2018, section 2.1, with zero point 0.
    """
    rows = values.astype(np.float32, copy=False)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    scale = np.where(largest > 0, largest / 127.0, 1.0).astype(np.float32)
    whole = np.clip(np.rint(rows / scale), -127, 127).astype(np.int8)
    scaled = ops.multiply(ops.convert(ops.constant(whole), "f16"), ops.constant(scale.astype(np.float16)))
    return ops.convert(scaled, "f32")


def _parameter(name: str, kind: ov.Type, shape: list[int]) -> Node:
    parameter = ops.parameter(ov.PartialShape(shape), kind, name=name)
    parameter.output(0).set_names({name})
    return parameter


def _int(value: int | list[int]) -> Node:
    return ops.constant(value, ov.Type.i64)
