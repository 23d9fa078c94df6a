"""The web page on which people look at a run and vet it: `clumpscope vet`."""
