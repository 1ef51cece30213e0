"""What telemetry adds to a request: make bench-requests, or python -m benchmarks.requests."""
