"""Pages of WHAT: images and builds."""
