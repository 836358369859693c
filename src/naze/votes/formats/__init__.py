"""Vote formats: how a published or exported file lays out votes. One file per format, one registry."""

from naze.votes.formats.notes import Notes
from naze.votes.formats.registry import FORMATS, Unfolding, VoteFormat, find_format, recognise

__all__ = ["FORMATS", "Notes", "Unfolding", "VoteFormat", "find_format", "recognise"]
