"""One set of tokens for Qt, the style sheet, pyqtgraph and the GL scenes."""
