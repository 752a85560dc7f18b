"""What a change touches, or would: of nodes, of columns, and of what somebody supposes."""
