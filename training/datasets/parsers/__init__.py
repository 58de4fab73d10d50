"""Parsers of the files that data sets come in: MATLAB, pickles, tables."""
