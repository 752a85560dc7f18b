"""The whole present graph in memory, as arrays of numbers: who is reached from where, and over how many edges."""
