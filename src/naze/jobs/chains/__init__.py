"""Chains: steps that feed one another, each keyed by what it was made from, each row to be followed."""

from naze.jobs.chains.chain import as_flow, chain, chain_target, write_chained
from naze.jobs.chains.drawing import as_mermaid, as_svg, as_text
from naze.jobs.chains.estimating import ChainEstimate, StepEstimate, estimate_chain
from naze.jobs.chains.flow import Flow, read_flow
from naze.jobs.chains.paths import Stop, read_chain, row_path
from naze.jobs.chains.running import CHAIN_NAME, Chained, ChainSettings, StepTold, run_chain

__all__ = [
    "CHAIN_NAME",
    "ChainEstimate",
    "ChainSettings",
    "Chained",
    "Flow",
    "StepEstimate",
    "StepTold",
    "Stop",
    "as_flow",
    "as_mermaid",
    "as_svg",
    "as_text",
    "chain",
    "chain_target",
    "estimate_chain",
    "read_chain",
    "read_flow",
    "row_path",
    "run_chain",
    "write_chained",
]
