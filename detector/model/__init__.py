"""The vocabulary: frozen values and enums. Standard library and numpy only."""
