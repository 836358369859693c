"""Files of the OpenAI Batch API's form, both ways: run them here, write them for a provider, read results back."""

from naze.jobs.batch.bodies import Defaults
from naze.jobs.batch.checking import BatchFile, check_batch
from naze.jobs.batch.contract import Endpoint, FileCode, FileProblem, RequestProblem
from naze.jobs.batch.reading import ReadBatch, read_batch
from naze.jobs.batch.running import BatchDone, BatchSettings, BatchTold, estimate_batch, run_batch
from naze.jobs.batch.status import failed_object
from naze.jobs.batch.writing import WriteSettings, WrittenBatch, write_batch

__all__ = [
    "BatchDone",
    "BatchFile",
    "BatchSettings",
    "BatchTold",
    "Defaults",
    "Endpoint",
    "FileCode",
    "FileProblem",
    "ReadBatch",
    "RequestProblem",
    "WriteSettings",
    "WrittenBatch",
    "check_batch",
    "estimate_batch",
    "failed_object",
    "read_batch",
    "run_batch",
    "write_batch",
]
