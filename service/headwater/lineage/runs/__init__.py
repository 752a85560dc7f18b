"""From run to run, by the versions that they really read and wrote."""
