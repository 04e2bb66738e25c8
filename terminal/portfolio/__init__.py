"""Positions, cash, marks and profit and loss."""
