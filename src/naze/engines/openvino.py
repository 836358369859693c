"""The embedded default on a CPU: OpenVINO GenAI, kept in a child process.

The child holds the model; its crash, or the system taking its memory back, is an `EngineCrashError` here
and never the end of the run.
"""

from collections.abc import Iterable, Iterator

from naze.engines.child import ChildEngine
from naze.records import Answer, Prompt


class OpenVinoEngine(ChildEngine):
    """Answers prompts with OpenVINO GenAI on this machine's CPU, and reads hidden states with OpenVINO itself."""

    worker = "naze.engines.openvino_pipeline:OpenVinoPipeline"

    def read_states(self, prompts: Iterable[Prompt]) -> Iterator[tuple[Prompt, Answer]]:
        """Answer prompts with choices, with the model's hidden states. See `StateReader.read_states`."""
        return self._stream(prompts, "read_states")
