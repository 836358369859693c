"""The durable run: plan, store, resume, progress, export. Rows in equal rows out."""

from naze.generations.budget import Account, Budget, Spent, read_budget, spent_in
from naze.generations.estimate import Estimate, estimate
from naze.generations.export import export_run
from naze.generations.manifest import Manifest, installed_versions, now
from naze.generations.prices import Cost, Price, PriceTable, costs_of, given_price, read_prices
from naze.generations.progress import BarProgress, JsonProgress, Progress, choose_progress, span
from naze.generations.retrying import Again, SetAside, anything_open, set_failures_aside
from naze.generations.run import FAILURES, Run, Source, Summary, WritableRun, open_run, write_run
from naze.generations.store import Planned, Row

__all__ = [
    "FAILURES",
    "Account",
    "Again",
    "BarProgress",
    "Budget",
    "Cost",
    "Estimate",
    "JsonProgress",
    "Manifest",
    "Planned",
    "Price",
    "PriceTable",
    "Progress",
    "Row",
    "Run",
    "SetAside",
    "Source",
    "Spent",
    "Summary",
    "WritableRun",
    "anything_open",
    "choose_progress",
    "costs_of",
    "estimate",
    "export_run",
    "given_price",
    "installed_versions",
    "now",
    "open_run",
    "read_budget",
    "read_prices",
    "set_failures_aside",
    "span",
    "spent_in",
    "write_run",
]
