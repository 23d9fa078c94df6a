"""The only reader and writer of artefacts: samples, runs, tables, manifests; all atomic."""
