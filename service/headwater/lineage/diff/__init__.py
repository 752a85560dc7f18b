"""What differs between two times, two versions or two runs."""
