"""headwater: an OpenLineage-compatible lineage metadata service."""

__version__ = "0.1.0"
