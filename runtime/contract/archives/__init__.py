"""What an archive may hold that becomes a build context, and how it is read: the same at the door and on the host."""
