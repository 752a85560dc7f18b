"""Workloads and runners whose results are ratios; see README.md."""
