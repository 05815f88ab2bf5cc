"""The control plane: decides and remembers. It never opens an engine socket."""
