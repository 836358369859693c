"""Votes: known formats go in, `Vote` records come out; checked, split by prompt, written back."""

from naze.votes.check import VotesReport, check
from naze.votes.formats import FORMATS, VoteFormat
from naze.votes.language import detect_language, detect_languages
from naze.votes.read import read_votes
from naze.votes.sides import swap_sides
from naze.votes.split import folds, split
from naze.votes.votes import Votes
from naze.votes.write import write_votes

__all__ = [
    "FORMATS",
    "VoteFormat",
    "Votes",
    "VotesReport",
    "check",
    "detect_language",
    "detect_languages",
    "folds",
    "read_votes",
    "split",
    "swap_sides",
    "write_votes",
]
