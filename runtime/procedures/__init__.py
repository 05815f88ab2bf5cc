"""One file per procedure: what a host does to carry out an order, told as a story."""
