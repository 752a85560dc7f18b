"""The whole graph, now or at another time: what of it a question reaches, what its nodes are, and what proves its edges."""
