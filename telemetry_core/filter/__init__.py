"""Finds personal values in texts and keys; usable with no Sentry at all.

`pii.PIIFilter` is what users meet; `detectors` is the table of what is found, `text` reads texts
with it, `known` takes out what a request is known to hold, `keys` says which keys may leave.
"""
