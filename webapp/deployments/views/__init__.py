"""Pages of RUNNING: the board, services, deployments, replicas."""
