"""QuantConnect Lean's data layout: folders by security type, zips by day or symbol, CSV rows inside.

Layout, units and file names: Lean's ``Common/Util/LeanData.cs`` and its ``Data/`` folder's readme files (Apache-2.0).
"""
