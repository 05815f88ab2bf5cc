"""The execution plane: what runs on a worker host beside a container engine."""
