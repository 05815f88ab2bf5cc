"""The edge of a host: the proxy through which requests reach the replicas that run here."""
