"""A host's two processes: the Celery worker carries out orders, the agent tells what runs and what it says."""
