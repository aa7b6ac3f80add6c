from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person who signs in: trader, operator or viewer. Ours from the first migration on."""
