"""What the panels show, without Qt: numbers at the precision of the screen, the words and the looks of cells."""
