"""The record of a run on disk: what is written, in which order, and how it is read back."""
