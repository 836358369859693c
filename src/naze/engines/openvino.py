"""The embedded default on a CPU: OpenVINO GenAI, kept in a child process.

The child holds the model; its crash, or the system taking its memory back, is an `EngineCrashError` here
and never the end of the run.
"""

from naze.engines.child import ChildEngine


class OpenVinoEngine(ChildEngine):
    """Answers prompts with OpenVINO GenAI on this machine's CPU."""

    worker = "naze.engines.openvino_pipeline:OpenVinoPipeline"
