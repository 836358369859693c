"""Columns go in, odd and even; who wins and whether it is a tie come out, swapped correctly by construction."""
