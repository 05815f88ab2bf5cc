"""Who may do what with a volume: it holds what a container does, and taking it away is a change of what runs."""

from webapp.environments.models import Environment
from webapp.teams.policy import Action


def reading(environment: Environment) -> Action:
    """To back it up, and to fetch what is in it."""
    return Action.ENTER_PROTECTED if environment.protected else Action.ENTER


def changing(environment: Environment) -> Action:
    """To delete it or its backups."""
    return Action.DEPLOY_PROTECTED if environment.protected else Action.DEPLOY
