"""Questions about every row of a table: what is asked, the run, what came of it, and a bigger model where one is unsure."""

from naze.jobs.mapping.calling import map, map_to_file, mapped_table
from naze.jobs.mapping.cascade import Cascade, Taken
from naze.jobs.mapping.job import MapJob, MapSettings, TableOptions, checked_target, map_job, target_of
from naze.jobs.mapping.kept import read_mapped
from naze.jobs.mapping.result import Mapped, write_mapped
from naze.jobs.mapping.running import TASK, check_job, run_map

__all__ = [
    "TASK",
    "Cascade",
    "MapJob",
    "MapSettings",
    "Mapped",
    "TableOptions",
    "Taken",
    "check_job",
    "checked_target",
    "map",
    "map_job",
    "map_to_file",
    "mapped_table",
    "read_mapped",
    "run_map",
    "target_of",
    "write_mapped",
]
