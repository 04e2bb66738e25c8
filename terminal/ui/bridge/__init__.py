"""Between the threads and the widgets: the frame clock, lossless wake-ups, the stall watchdog."""
