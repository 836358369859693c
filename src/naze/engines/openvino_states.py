"""Token ids of a prompt go in; what the model has in mind at its last token comes out: hidden states and log probabilities.

The network is the one that the pipeline runs, read from the same files, computed in the same precision. Only its end is
another: of the last token alone, the residual stream at some depths leaves beside the logits, which OpenVINO GenAI does
not give. Prompts are read one after another; what a prompt has in common with the one before is not read again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

from naze.engines.states import DEPTHS
from naze.errors import ModelFileError

__all__ = ["StateNetwork", "States"]

Floats = NDArray[np.float32]

_TOKENS_AT_ONCE = 512
_PAST_AXIS = 2
"""Of keys and values: (batch, heads, tokens, size)."""


@dataclass(frozen=True)
class States:
    """What the model has in mind after a prompt."""

    depths: Floats
    """(depths, width): the residual stream."""
    log_probabilities: Floats
    """(vocabulary,): natural logarithms of the next token's probabilities."""
    cached_tokens: int
    """Leading tokens that were taken over from the prompt before."""


class StateNetwork:
    """The network of a prepared model, such that it tells its hidden states.

    Args:
        folder: holds `openvino_model.xml`.
        properties: for OpenVINO's CPU plugin, e.g. the precision.

    Raises:
        ModelFileError: OpenVINO cannot load the network, or its residual stream is not found.
    """

    def __init__(self, folder: Path, properties: Mapping[str, Any]) -> None:
        core = ov.Core()
        try:
            model = core.read_model(folder / "openvino_model.xml")
            _tell_states(model, folder)
            compiled = core.compile_model(model, "CPU", {**properties, "KV_CACHE_PRECISION": "f32"})
        except RuntimeError as error:
            raise ModelFileError(
                f"{folder}: OpenVINO cannot load this model to read its hidden states: {error}. "
                "Remove the folder to prepare it anew, or do without --probe."
            ) from error
        self._request = compiled.create_infer_request()
        self._names = {port.get_any_name() for port in model.inputs}
        self._before: NDArray[np.int64] = np.empty(0, np.int64)
        """Tokens whose keys and values the network remembers."""

    def read(self, ids: NDArray[np.int64]) -> States:
        """Read a prompt.

        Args:
            ids: its tokens, (tokens,); at least one.
        """
        start = self._keep_common(ids)
        logits, depths = np.empty(0, np.float32), np.empty((0, 0), np.float32)
        for first in range(start, len(ids), _TOKENS_AT_ONCE):
            logits, depths = self._step(ids, first, min(first + _TOKENS_AT_ONCE, len(ids)))
        self._before = ids.copy()
        whole = float(np.logaddexp.reduce(logits.astype(np.float64)))
        return States(depths, np.asarray(logits - whole, np.float32), start)

    def _step(self, ids: NDArray[np.int64], first: int, end: int) -> tuple[Floats, Floats]:
        inputs = {
            "input_ids": ids[None, first:end],
            "attention_mask": np.ones((1, end), np.int64),
            "position_ids": np.arange(first, end, dtype=np.int64)[None],
            "beam_idx": np.zeros(1, np.int32),
        }
        found = self._request.infer({name: value for name, value in inputs.items() if name in self._names})
        return np.array(found[0]).reshape(-1), np.array(found[1])

    def _keep_common(self, ids: NDArray[np.int64]) -> int:
        """Let the network remember just the beginning that this prompt shares with the one before; return its tokens."""
        most = min(len(ids) - 1, len(self._before))
        differ = np.flatnonzero(ids[:most] != self._before[:most])
        common = int(differ[0]) if len(differ) else most
        if common == 0:
            self._request.reset_state()
        elif common < len(self._before):
            for state in self._request.query_state():
                kept = np.take(state.state.data, np.arange(common), axis=_PAST_AXIS)
                state.state = ov.Tensor(np.ascontiguousarray(kept))
        return common


def _tell_states(model: ov.Model, folder: Path) -> None:
    """Replace the network's result by the last token's logits and states."""
    result = model.get_results()[0]
    head = result.input_value(0).get_node()
    while head.get_type_name() != "MatMul":  # what comes after the head, e.g. a cap on logits
        if not head.get_input_size():
            raise _unknown(folder)
        head = head.input_value(0).get_node()
    stream = _residual_stream(head)
    if len(stream) < len(DEPTHS):
        raise _unknown(folder)
    taken = [stream[max(1, round(depth * len(stream) / 2)) * 2 - 1] for depth in DEPTHS]
    states = ops.concat([_last_token(node.output(0)) for node in taken], 1)
    states = ops.squeeze(states, ops.constant([0], ov.Type.i64))
    last = _last_token(head.input_value(0))
    head.input(0).replace_source_output(last.output(0))
    model.add_results([ops.result(states)])


def _residual_stream(head: Any) -> list[Any]:  # noqa: ANN401 - a type without stubs
    """Return the sums that run through the network, the earliest first: two for each layer."""
    node = head.input_value(0).get_node()
    while node.get_type_name() != "Add":  # the last norm
        if not node.get_input_size():
            return []
        node = node.input_value(0).get_node()
    stream = []
    while node.get_type_name() == "Add":
        stream.append(node)
        node = node.input_value(0).get_node()
    return stream[::-1]


def _last_token(output: Any) -> Any:  # noqa: ANN401 - a type without stubs
    """Keep the last of (batch, tokens, width): (batch, 1, width)."""
    return ops.gather(output, ops.constant([-1], ov.Type.i64), ops.constant(1, ov.Type.i64))


def _unknown(folder: Path) -> ModelFileError:
    return ModelFileError(
        f"{folder}: the network's residual stream was not found; expected a decoder whose layers add to it. "
        "Hidden states cannot be read of this model: do without --probe, or name another."
    )
