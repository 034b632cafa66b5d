"""Pieces that every screen is put together from. They look; they decide nothing."""
