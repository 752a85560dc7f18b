"""The jobs and datasets around a node, as Marquez shows them. What was read is remembered, and proven fresh by each query."""
