"""Explanations go in; named reasons come out, each with quotes, each tested on votes that were held out."""

from naze.factors.matrix import VERDICTS, VerdictMatrix

__all__ = ["VERDICTS", "VerdictMatrix"]
