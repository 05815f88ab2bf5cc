"""Slipway's own registry: the distribution's docker-registry beside the web server, which says who may do what in it.

It holds `PREFIX/PROJECT/IMAGE`, where PREFIX is its team's and no other's. A host signs in with a password that is
good for one attempt at one job: it pulls what its team has, and pushes what the job's order names. People pull with
an API token. Nobody else is let in. Slipway alone deletes, by exact digest, what retention let go of.
"""
