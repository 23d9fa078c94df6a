"""The selection function: how complete a catalogue is, and what follows for numbers of clumps."""
