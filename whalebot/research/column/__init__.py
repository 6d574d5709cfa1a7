"""The column tier: decisions of whole histories in arrays, then one compiled pass over the path of prices."""
